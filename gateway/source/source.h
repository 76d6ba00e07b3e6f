/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source: a configured partner. A kp_source belongs to a configuration snapshot: the
 * manifest as read, the connector instance, what it offers, its limits. A kp_source_link
 * is the same source on one loop: its connection pool or its open file. A kp_source_call
 * is one question to it.
 *
 * This is the only place that runs connector code and the only user of io/upstream.h.
 */
#ifndef KP_SOURCE_SOURCE_H
#define KP_SOURCE_SOURCE_H

#include "connectors/connector.h"
#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"
#include "io/attendant.h"
#include "io/loop.h"
#include "io/tls.h"
#include "io/upstream.h"
#include "io/worker.h"
#include "policies/authzen_ask.h"
#include "policies/catalogue.h"
#include "source/delivery.h"
#include "source/table.h"

/* Read-only after creation; any thread. */
struct kp_source {
	uint32_t id;                  /* index in the catalogue's sources */
	struct kp_slice name;         /* bron: "brp" */
	struct kp_slice organisation; /* name of the partner, for people */
	struct kp_slice oin;
	struct kp_slice title;
	const uint64_t *offers; /* cells; catalogue->cell_words words */
	bool caseload; /* manifest: answers "do you know this client" (werkvoorraad) */
	struct kp_slice caseload_oin; /* of the organisation whose caseload it is */
	/* manifest: answers "did this client object" (bezwaarregister) to these purposes;
	 * none named: to all. */
	bool opt_out;
	const struct kp_slice *opt_out_purposes;
	size_t opt_out_purpose_count;
	/* It has a decision point of its own, which has to be asked first; and what that
	 * is told of the client. */
	bool decision_point;
	bool decision_bsn;
	bool decision_pseudonym;
	bool idempotent; /* asking twice is harmless */
	uint32_t timeout_ms;
	uint64_t answer_bytes_max;
	uint32_t concurrent_max; /* calls at the same time, per loop */
	uint32_t waiting_max;
	/* Fields whose values must be known before this source can be asked
	 * (kp_need.known); it is then asked in a later wave. Field ids of the catalogue.
	 */
	const uint32_t *needs;
	size_t need_count;
	struct kp_source_private *private;
	struct kp_slice health_target; /* path of a health probe; empty: none */
	uint32_t health_status;
	uint32_t health_every_s;
};

/* What the last probe of a source said (manifest: health). */
enum kp_source_health {
	KP_SOURCE_UNPROBED, /* no probe is described, or none has ended yet */
	KP_SOURCE_WELL,
	KP_SOURCE_UNWELL,
};

/* How our tokens for this source were got (manifest: access/token). */
struct kp_source_token_counts {
	bool used;        /* it wants one */
	uint64_t given;   /* by its issuer */
	uint64_t failed;  /* the issuer was asked in vain */
	uint64_t refused; /* dropped because the source refused it */
};
/* Any thread. */
void kp_source_token_counts(
	const struct kp_source *source, struct kp_source_token_counts *ret_counts);

/* How often the partner's own program was started; 0 when there is none. Any thread. */
uint64_t kp_source_program_starts(const struct kp_source *source);

struct kp_source_set; /* all sources of one snapshot */
struct kp_source_link;
struct kp_source_call;

struct kp_manifest_file {
	const char *name;     /* for error texts */
	struct kp_slice text; /* borrowed for the call */
};

/* Finds the value of a secret by its name in the configuration; empty when there is none.
 */
typedef struct kp_slice (*kp_secret_fn)(void *context, struct kp_slice name);

struct kp_source_set_options {
	const struct kp_catalogue *catalogue; /* outlives the set */
	const struct kp_manifest_file *files;
	size_t file_count;
	const char *folder; /* relative file names in manifests start here */
	const char *const *private_paths; /* no program may see them; NULL behind the
					     last; NULL: there are none */
	bool bsn_in_url;           /* manifests may ask with the bsn in an address */
	const char *socket_folder; /* of partners' own programs; NULL: they may not be */
	struct kp_attendant *attendant; /* starts them; NULL: they are only checked */
	bool show_errors;               /* what they write to standard error */
	kp_secret_fn secret;
	void *secret_context;
	struct kp_slice index_key; /* a secret of the gateway's, under which indexes of
				      exports are sealed; empty: they are kept nowhere */
	const struct kp_tls_token *token; /* where keys may be; NULL: in files only */
	const char *const *plugins;       /* shared objects to load; may be NULL */
	size_t plugin_count;
	kp_delivery_fn tell;    /* of partners' deliveries; NULL: nobody */
	kp_table_fn tell_table; /* of code tables that are fetched; NULL: nobody */
	void *tell_context;     /* outlives the set */
};

/*
 * Reads every manifest and opens every connector; all faults go to `findings`, and then
 * it is KP_E_CONFIG. The set lives until destroy and until its last link is gone.
 */
enum kp_status kp_source_set_create(const struct kp_source_set_options *options,
	struct kp_findings *findings, struct kp_source_set **ret_set) KP_MUST_USE;
void kp_source_set_destroy(struct kp_source_set **set);
/*
 * After a reload, before the first link of `set` opens on a loop; again does no harm:
 * deliveries that are in force for the same manifest, read by the same connector and
 * verified by the same anchors, stay in force without being read again; so do code tables
 * of the same address and form. Any thread.
 */
void kp_source_set_inherit(struct kp_source_set *set, const struct kp_source_set *before);
size_t kp_source_set_count(const struct kp_source_set *set);
const struct kp_source *kp_source_set_get(const struct kp_source_set *set, size_t index);
/* A finding for each value that a source waits for and no other source of the set gives:
 * it can never be asked. */
void kp_source_set_find_unmet(
	const struct kp_source_set *set, struct kp_findings *findings);

/* What the source is shown and whom we believe there, and the same of its decision point
 * and of the issuer of our tokens for it. Each may be NULL. */
const struct kp_tls_client *kp_source_tls(const struct kp_source *source);
const struct kp_tls_client *kp_source_decision_tls(const struct kp_source *source);
const struct kp_tls_client *kp_source_issuer_tls(const struct kp_source *source);

/* Any thread. */
enum kp_source_health kp_source_health(const struct kp_source *source);

/* One per source and loop. Opens connection pools; file sources start building their
 * index. */
enum kp_status kp_source_link_open(const struct kp_source *source, struct kp_loop *loop,
	struct kp_upstream *upstream, struct kp_workers *workers,
	struct kp_source_link **ret_link, struct kp_error *err) KP_MUST_USE;
/* New calls are refused; gone when its last call is done. */
void kp_source_link_close(struct kp_source_link **link);
/* True: the task runs on the loop once each code table of the source was asked for. It
 * runs no more when the link closes first. */
bool kp_source_tables_await(
	struct kp_source_link *link, struct kp_task *task) KP_MUST_USE;
/* In place of fetching: a recorded page of a table. KP_E_CONFIG when there is no table of
 * that name, KP_E_SOURCE when it is not in the agreed shape. */
enum kp_status kp_source_table_record(const struct kp_source *source,
	struct kp_slice name, struct kp_slice text, struct kp_error *err) KP_MUST_USE;

/*
 * How a call ended. The texts are fixed or from the manifest: safe to show. Unless the
 * outcome is KP_FOUND, what the sink received is not to be used.
 */
struct kp_source_result {
	enum kp_outcome outcome; /* KP_NOT_ASKED: the connector had no word for it */
	enum kp_status status;   /* KP_OK, or what made the outcome an error */
	struct kp_slice reason;  /* Dutch, for the reader; empty when found */
	struct kp_fault fault;   /* for the operator's log */
	uint64_t duration_us;
	uint64_t bytes;
	uint32_t http_status; /* 0 when there was no answer */
	uint32_t pages;
};

struct kp_source_call_options {
	const struct kp_need *need; /* lives until on_done */
	const struct kp_sink
		*sink; /* lives until on_done; only called between start and on_done */
	uint64_t deadline_us; /* on the loop's clock */
	/* Exactly once, from the loop. The result lives for the call only. */
	void (*on_done)(void *owner, const struct kp_source_result *result);
	void *owner;
	struct kp_arena *arena; /* of the request; outlives the call */
	/* See each head and each piece of an answer before the connector does; NULL:
	 * nobody looks. For who connects a partner. */
	void (*on_head)(void *owner, const struct kp_head *head);
	void (*on_bytes)(void *owner, struct kp_slice bytes);
	/* Fsc-Transaction-Id for the partner's log (FSC logging); empty: none. Lives
	 * until on_done. */
	struct kp_slice transaction;
};

/* Ends in on_done, later; unless it gives KP_E_STOPPING or KP_E_MEMORY: then there is no
 * call. */
enum kp_status kp_source_call_start(struct kp_source_link *link,
	const struct kp_source_call_options *options,
	struct kp_source_call **ret_call) KP_MUST_USE;
/* Idempotent; ends in on_done, later. */
void kp_source_call_cancel(struct kp_source_call *call);

struct kp_source_consult;

/* What a partner's decision point said. */
struct kp_source_consult_result {
	enum kp_status status; /* KP_OK, or why there is no answer: then all is refused */
	struct kp_slice reason;  /* Dutch, fixed, for the reader; when there is none */
	const uint64_t *granted; /* of the cells asked about; in the arena */
	uint32_t asked;
	uint32_t permitted;
	uint64_t duration_us;
	uint64_t bytes;
	uint32_t http_status; /* 0 when there was no answer */
};

struct kp_source_consult_options {
	const struct kp_authzen_ask *ask; /* borrowed for the start; its cells until
					     on_done */
	struct kp_slice request_id;       /* outlives the arena's use */
	uint64_t deadline_us;             /* on the loop's clock */
	/* Exactly once, from the loop, never inside start. */
	void (*on_done)(void *owner, const struct kp_source_consult_result *result);
	void *owner;
	struct kp_arena *arena; /* of the request; outlives the consultation */
};

/* One evaluations request to the decision point of a source that has one.
 * KP_E_STOPPING, KP_E_MEMORY: nothing was started. */
enum kp_status kp_source_consult_start(struct kp_source_link *link,
	const struct kp_source_consult_options *options,
	struct kp_source_consult **ret_consult) KP_MUST_USE;
/* Idempotent; on_done follows. */
void kp_source_consult_cancel(struct kp_source_consult *consult);

#endif
