/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_private: what the files of this room share. Sources and their set are read-only
 * after creation; a link and its calls belong to one loop; a file store is shared by all
 * loops and has its own lock.
 */
#ifndef KP_SOURCE_SOURCE_PRIVATE_H
#define KP_SOURCE_SOURCE_PRIVATE_H

#include <stdatomic.h>

#include "connectors/manifest.h"
#include "connectors/registry.h"
#include "crypto/certificate_trust.h"
#include "crypto/crypto.h"
#include "io/sql.h"
#include "io/tls.h"
#include "source/source.h"

#define KP_SOURCE_HEADERS_MAX 64
#define KP_SOURCE_HEADER_BYTES_MAX ((size_t)32 * 1024)
#define KP_SOURCE_TARGET_BYTES_MAX ((size_t)8192)
#define KP_SOURCE_BODY_BYTES_MAX ((size_t)512 * 1024)
/* Remarks of one answer that differ. */
#define KP_SOURCE_NOTES_MAX 32

struct kp_file_store;
struct kp_source_program;
struct kp_source_probe;
struct kp_source_opening;
struct kp_source_table;
struct kp_source_fetcher;
struct kp_code_table;

/* One way to carry questions; a row of source_transports.c. */
struct kp_transport_row {
	enum kp_transport transport;
	/* Part of `source`: what of the manifest concerns this transport; faults go to
	 * the opening's findings. KP_E_MEMORY only. NULL: nothing to look at. */
	enum kp_status (*check)(struct kp_source_opening *opening) KP_MUST_USE;
	/* The link's own part; on failure nothing is held. */
	enum kp_status (*open)(struct kp_source_link *link, struct kp_upstream *upstream,
		struct kp_error *err) KP_MUST_USE;
	/* The last call is done. */
	void (*close)(struct kp_source_link *link);
	/* Sends what prepare wrote; concludes the call later, never at once. */
	void (*send)(struct kp_source_call *call);
	/* True: the transport concludes the call by itself, soon. False: it has let go
	 * of the call, and whoever cancels concludes it. */
	bool (*cancel)(struct kp_source_call *call);
};

/* NULL when there is none. */
const struct kp_transport_row *kp_transport_find(enum kp_transport transport);

/* Credentials of a manifest, found. In the set's arena. */
struct kp_source_access {
	struct kp_slice secret;
	struct kp_slice certificate_file; /* full paths */
	struct kp_slice key_file;
	struct kp_slice anchor_file;
	struct kp_tls_client *tls; /* owned; NULL: plain */
};

struct kp_source_issuer;
struct kp_source_token;

/* Waits for a token of the source; see source_token.h. All zero when nobody does. */
struct kp_source_token_wait {
	/* The issuer was asked: take again. Once for each KP_SOURCE_TOKEN_WAIT, from the
	 * loop. */
	void (*on_asked)(struct kp_source_token_wait *wait);
	struct kp_source_token *token; /* private: NULL when it does not wait */
	struct kp_source_token_wait *next;
	struct kp_source_token_wait *prev;
};

struct kp_source_private {
	struct kp_source_set *set;
	const struct kp_catalogue *catalogue;
	const char *file; /* name of the manifest */
	struct kp_manifest *manifest;
	const struct kp_manifest_place **need_places; /* beside kp_source.needs */
	const struct kp_connector *connector;
	const struct kp_transport_row *transport;
	void *instance;
	bool subject_required;
	struct kp_source_access access;
	struct kp_source_access decision_access; /* of its decision point */
	struct kp_source_issuer *issuer;         /* NULL: no tokens are needed */
	const char *path;                        /* of a file source */
	const char *series_path; /* of the change files that follow; may be NULL */
	const char *index_path;  /* where its index is kept; may be NULL */
	struct kp_file_store *store;
	struct kp_slice text;              /* of the manifest; in the set's arena */
	struct kp_slice delivery_anchors;  /* PEM; in the set's arena */
	struct kp_trust *delivery_trust;   /* who may sign deliveries; NULL: nobody has to
					    */
	struct kp_source_program *program; /* NULL: there is none */
	atomic_int health; /* enum kp_source_health; written by the first loop */
	struct kp_source_security *security; /* NULL: nothing is signed or verified */
	struct kp_sql_target_options sql;    /* of a database; texts in the set's arena */
	struct kp_source_table *tables;      /* that are fetched */
	size_t table_count;
};

/* source_services.c: what the host does for a connector's call. */
struct kp_source_services {
	const struct kp_source_private *private;
	struct kp_arena *arena; /* of the call */
	struct kp_code_table *
		*tables; /* of the source, a reference to each that was looked into */
};

/* "user:password" in two; without a colon everything is the user. False when it is not.
 */
bool kp_source_split_secret(
	struct kp_slice secret, struct kp_slice *ret_user, struct kp_slice *ret_password);

/* For one call; KP_E_MEMORY. kp_source_tables_release ends it. */
enum kp_status kp_source_services_begin(const struct kp_source_private *private,
	struct kp_arena *arena, struct kp_source_services *ret_services) KP_MUST_USE;
/* `services` outlives the host. */
struct kp_call_host kp_source_services_host(struct kp_source_services *services);
/* Reads the keys and anchors that the manifest names; faults go to the opening's
 * findings. KP_E_MEMORY only. */
enum kp_status kp_source_services_open(struct kp_source_opening *opening) KP_MUST_USE;
void kp_source_services_close(struct kp_source_private *private);

struct kp_source_set {
	struct kp_arena arena;
	struct kp_registry registry;
	atomic_uint refs; /* one of the owner, one for each link */
	unsigned char index_secret[KP_SHA256_BYTES]; /* of the indexes of exports */
	kp_delivery_fn tell;                         /* of deliveries; NULL: nobody */
	kp_table_fn tell_table;                      /* of code tables; NULL: nobody */
	void *tell_context;
	struct kp_source *sources;
	size_t count;
};

void kp_source_set_ref(struct kp_source_set *set);
void kp_source_set_unref(struct kp_source_set *set);

struct kp_source_link {
	const struct kp_source *source;
	struct kp_loop *loop;
	struct kp_workers *workers;
	struct kp_upstream_target *target;          /* HTTP */
	struct kp_upstream_target *decision_target; /* NULL: it has none */
	struct kp_sql_target *database;             /* SQL */
	uint32_t active;                            /* calls and background work */
	uint32_t calls;                             /* under way */
	bool closing;
	uint64_t rate_tokens_milli;
	uint64_t rate_filled_us;
	uint32_t retry_tokens_tenth;       /* a retry costs ten; each call earns one */
	struct kp_source_probe *probe;     /* NULL: none runs here */
	struct kp_source_fetcher *fetcher; /* of code tables; NULL: none runs here */
	struct kp_source_token *token;     /* NULL: none is needed */
};

/* One call's worth of the rate; false when this second's are used up. */
bool kp_source_link_take_rate(struct kp_source_link *link) KP_MUST_USE;
/* Something of the link has ended; frees the link when it was the last. */
void kp_source_link_leave(struct kp_source_link *link);

struct kp_file_wait;
struct kp_file_job;

struct kp_source_call {
	struct kp_source_link *link;
	struct kp_source_call_options options;
	struct kp_need need; /* of the page under way */
	void *memory;        /* the connector's */
	struct kp_source_services services;
	struct kp_call_host host;
	struct kp_sink sink; /* stands between the connector and options.sink */
	struct kp_task task;
	void (*later)(struct kp_source_call *call);
	uint64_t started_us;
	bool end_due; /* prepare was called */
	bool cancelled;
	bool subject_seen;
	bool retried;
	bool head_seen;
	uint32_t items;
	uint32_t notes;
	uint64_t note_hashes[KP_SOURCE_NOTES_MAX]; /* `notes` are set */

	/* Set by the first thing that goes wrong; the call ends with it. */
	bool stopped;
	enum kp_outcome stop_outcome;
	enum kp_status stop_status;
	const char *stop_reason;
	struct kp_fault fault;

	uint64_t bytes;
	uint32_t http_status;
	uint32_t pages;

	/* The request as prepare writes it. */
	struct kp_slice method;
	struct kp_slice target;
	struct kp_buffer body;
	struct kp_upstream_header *headers; /* at most KP_SOURCE_HEADERS_MAX */
	size_t header_capacity;
	size_t header_count;
	size_t header_bytes;
	struct kp_slice key;
	struct kp_upstream_request request;
	struct kp_upstream_call *upstream;

	/* A token for the partner (source_token.h). */
	struct kp_source_token_wait token_wait;
	void (*token_send)(struct kp_source_call *call);
	uint64_t token_serial; /* of the one that was sent */
	bool token_final;      /* got for this call: refused, it is we who are */
	bool token_again;      /* refused: put the question again */

	/* SQL transport. */
	struct kp_slice *query_names; /* KP_SQL_QUERIES_MAX, from the first query on */
	struct kp_sql_query *queries;
	uint32_t query_count;
	struct kp_sql_call *sql;
	struct kp_buffer row; /* the row under way as JSON */

	/* File transport; and waiting for a token. */
	struct kp_timer timer;
	struct kp_file_wait *wait;
	uint32_t waits; /* for an index, so far */
	struct kp_file_job *job;
};

/* source_call.c */

/* Remembers why the call cannot go on; the first reason counts. */
void kp_source_call_stop(struct kp_source_call *call, enum kp_outcome outcome,
	enum kp_status status, const char *reason);
/* Ends the call from the loop: end, on_done, gone. */
void kp_source_call_conclude(struct kp_source_call *call, enum kp_outcome outcome);
/* The same, in a later callback. */
void kp_source_call_conclude_later(struct kp_source_call *call);
/* Runs `later` from the loop. */
void kp_source_call_defer(
	struct kp_source_call *call, void (*later)(struct kp_source_call *call));
/* prepare; false when the call has stopped. */
bool kp_source_call_prepare(struct kp_source_call *call);
bool kp_source_call_head(struct kp_source_call *call, const struct kp_head *head);
bool kp_source_call_consume(struct kp_source_call *call, struct kp_slice bytes);
/* finish, and conclude or go to the next page. */
void kp_source_call_finish(struct kp_source_call *call);
/* What is left of the time, in milliseconds; 0 when it is over. */
uint32_t kp_source_call_left_ms(const struct kp_source_call *call);

/* source_request.c: the checks on what prepare writes */
struct kp_request_writer kp_source_request_writer(struct kp_source_call *call);
/* A header field of the gateway's own, in place of one of that name; `name` is a literal.
 * False without memory. */
bool kp_source_request_own(
	struct kp_source_call *call, struct kp_slice name, struct kp_slice value);

/* source_consult.c: the partner's own decision point */
enum kp_status kp_source_consult_check(struct kp_source_opening *opening) KP_MUST_USE;
enum kp_status kp_source_consult_open(struct kp_source_link *link,
	struct kp_upstream *upstream, struct kp_error *err) KP_MUST_USE;
void kp_source_consult_close(struct kp_source_link *link);

/* source.c: for the checks of transports */

/* Reading one manifest: everything wrong goes to `findings`. */
struct kp_source_opening {
	struct kp_source_set *set;
	const struct kp_source_set_options *options;
	struct kp_findings *findings;
	size_t found_before; /* findings about other manifests */
	const char *file;
	struct kp_source *source;
	struct kp_source_private *private;
	uint32_t source_id;
};

void kp_source_finding(struct kp_source_opening *opening,
	const struct kp_manifest_place *place, const char *format, ...) KP_PRINTF(3, 4);
/* A file named by the manifest, from the folder of the configuration; in the set's arena,
 * NUL-terminated. */
struct kp_slice kp_source_path(struct kp_source_opening *opening, struct kp_slice name);
/* Finds the certificates and the secret that `access` names. */
void kp_source_check_access(struct kp_source_opening *opening,
	const struct kp_manifest_credentials *access,
	struct kp_source_access *ret_access);
/* source_http.c: is the address one that may be called, and with what it needs? */
void kp_source_check_endpoint(struct kp_source_opening *opening, struct kp_slice endpoint,
	const struct kp_manifest_place *place,
	const struct kp_manifest_credentials *access);
/* Certificates, keys and anchors for an https endpoint, or a database over TLS.
 * KP_E_MEMORY only. */
enum kp_status kp_source_read_tls(struct kp_source_opening *opening,
	struct kp_slice endpoint, const struct kp_manifest_credentials *credentials,
	struct kp_source_access *ret_access) KP_MUST_USE;
/* How to reach it: address and credentials; the caller adds the limits. */
struct kp_upstream_target_options kp_source_target(struct kp_slice name,
	struct kp_slice endpoint, const struct kp_manifest_credentials *credentials,
	const struct kp_source_access *access);

/* The same for an HTTP source and its limits, at this address; a partner's own program
 * is reached by its socket. */
struct kp_upstream_target_options kp_source_http_target(
	const struct kp_source *source, struct kp_slice endpoint);

/* The transports: one file each, one row each in source_transports.c. */
extern const struct kp_transport_row kp_source_http;
extern const struct kp_transport_row kp_source_file;
extern const struct kp_transport_row kp_source_sql;

/* source_program.c: a partner's own program. KP_E_MEMORY only. */
enum kp_status kp_source_program_check(struct kp_source_opening *opening) KP_MUST_USE;
/* When everything has checked; where the options have an attendant. KP_E_CONFIG. */
enum kp_status kp_source_programs_open(struct kp_source_set *set,
	const struct kp_source_set_options *options,
	struct kp_findings *findings) KP_MUST_USE;
void kp_source_program_close(struct kp_source_private *private);
/* Empty when there is none. */
struct kp_slice kp_source_program_socket(const struct kp_source_private *private);

/* source_health.c: starts probing where the manifest says how, on the first loop. */
enum kp_status kp_source_health_open(
	struct kp_source_link *link, struct kp_error *err) KP_MUST_USE;
/* When the link closes; what runs ends by itself. */
void kp_source_health_close(struct kp_source_link *link);

/* source_tables.c: code tables that are fetched. KP_E_MEMORY only. */
enum kp_status kp_source_tables_check(struct kp_source_opening *opening) KP_MUST_USE;
void kp_source_tables_close(struct kp_source_private *private);
/* Is there one without which the source may not be asked? */
bool kp_source_tables_missing(const struct kp_source_private *private);
/* kp_call_host.code; `context` is a kp_source_services. */
bool kp_source_tables_find(void *context, struct kp_text name, struct kp_text key,
	struct kp_text *ret_value);
/* When the call ends: what was found may not be used any more. `workers` may be NULL
 * where nobody waits. */
void kp_source_tables_release(
	struct kp_source_services *services, struct kp_workers *workers);
void kp_source_tables_inherit(
	struct kp_source_private *private, const struct kp_source_private *before);
/* table_fetch.c: fetches them from now on, on the first loop. */
enum kp_status kp_source_tables_open(struct kp_source_link *link,
	struct kp_upstream *upstream, struct kp_error *err) KP_MUST_USE;
/* When the link closes; what runs ends by itself. */
void kp_source_tables_stop(struct kp_source_link *link);

/* source_request.c: fields of a request that only the gateway writes; and conditions,
 * which it never does: it keeps no answer that "not modified" or a part could
 * complete. */
bool kp_source_header_is_ours(struct kp_text name);

/* source_file.c */
void kp_file_store_destroy(struct kp_file_store **store);
/* What is in force there is in force here too, unless something is already. */
void kp_file_store_inherit(struct kp_file_store *store, struct kp_file_store *before);
/* NULL without a store. */
struct kp_delivery_state;
struct kp_delivery_state *kp_file_store_state(struct kp_file_store *store);

#endif
