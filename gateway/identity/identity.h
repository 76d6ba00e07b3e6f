/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * identity: who asks, on one loop. It holds what a verdict needs beside the bytes of the
 * question: the issuers' keys, fetched and fetched again in the background; the tokens
 * that were verified before; the proofs that were shown before; the list of the revoked.
 *
 * A question whose answer is not known yet waits: for the first keys of an issuer, for
 * newer ones when a token names a key nobody has seen (at most once per refetch_s and
 * loop, whoever asks), or for an issuer's word about a token. Everything here belongs to
 * one loop thread; settings are immutable and shared.
 */
#ifndef KP_IDENTITY_IDENTITY_H
#define KP_IDENTITY_IDENTITY_H

#include "core/log.h"
#include "http/http_parse.h"
#include "identity/machines.h"
#include "io/stream.h"
#include "io/tls.h"
#include "io/upstream.h"
#include "io/worker.h"
#include "token/access.h"
#include "token/issuer.h"
#include "token/revoked.h"

#define KP_NONCE_LEN ((size_t)22)

/* Immutable once made, counted (atomically), shared by all loops. */
struct kp_proofs; /* identity/proofs.h */

struct kp_identity_settings {
	const struct kp_issuer *issuers;
	size_t issuer_count;
	struct kp_key_set **keys; /* by issuer, a reference each; NULL: they are fetched
				   */
	struct kp_tls_client **clients; /* by issuer, a reference each; NULL: no https */
	struct kp_machines machines;
	struct kp_slice public_url; /* empty: no DPoP token is taken */
	const char *revoked_file;   /* empty: none */
	struct kp_revoked *revoked; /* as the file was at the start; may be NULL */
	uint32_t revoked_check_ms;
	uint32_t token_bytes_max;
	uint32_t tokens_max; /* verified ones remembered */
	struct kp_proofs
		*proofs; /* of the process, a reference; NULL: for a check only */
	uint32_t proof_window_ms;
	bool proof_nonce;
	uint32_t roles_max;

	struct kp_arena arena; /* private */
	unsigned refs;         /* private, atomic */
};

/* What is in `from`, with texts copied, `machines` read from a text, and key sets,
 * clients and `revoked` taken over on success. One reference. KP_E_CONFIG: the machines.
 * KP_E_MEMORY.
 */
enum kp_status kp_identity_settings_create(const struct kp_identity_settings *from,
	struct kp_slice machines, struct kp_identity_settings **ret_settings,
	struct kp_error *err) KP_MUST_USE;
struct kp_identity_settings *kp_identity_settings_ref(
	struct kp_identity_settings *settings);
/* Accepts NULL. */
void kp_identity_settings_unref(struct kp_identity_settings **settings);

struct kp_identifier;

/* Starts fetching keys. Takes a reference of its own on `settings`; `log` is copied. */
enum kp_status kp_identifier_open(struct kp_identity_settings *settings,
	struct kp_loop *loop, struct kp_upstream *upstream, struct kp_workers *workers,
	const struct kp_log *log, struct kp_identifier **ret_identifier,
	struct kp_error *err) KP_MUST_USE;
/*
 * After a reload, on the same loop: takes over what need not be fetched anew (keys of
 * issuers that did not change). Verified tokens are not taken over.
 */
void kp_identifier_inherit(
	struct kp_identifier *identifier, const struct kp_identifier *before);
/* Nobody waits any more; what runs is cancelled and ends by itself. Accepts NULL. */
void kp_identifier_close(struct kp_identifier **identifier);

/* What a question shows. Data is NULL for a field that was not there. */
struct kp_identity_question {
	struct kp_slice authorization; /* Authorization */
	struct kp_slice fsc;           /* Fsc-Authorization */
	struct kp_slice proof;         /* DPoP */
	struct kp_slice method;
	struct kp_slice path;
	const struct kp_peer_certificate *certificate; /* verified; NULL: none */
	const char *peer;                              /* address, for "loopback" */
	int64_t now_ms;
};

/* Who asks. Lifetime: the arena of the question. */
struct kp_identified {
	struct kp_slice organisation; /* OIN */
	struct kp_slice on_behalf_of; /* OIN, claimed; the rules look at the mandate */
	struct kp_slice employee;     /* empty: a machine */
	const struct kp_slice *roles;
	size_t role_count;
	/* For the log, also when it is not clear who asks: the token's issuer. */
	const struct kp_issuer *issuer;
};

/* One question's place in a queue. Embedded in its owner, all zero when unused. */
struct kp_identity_wait {
	/* What was waited for has come, or will not; ask again. Never inside
	 * kp_identify. */
	void (*wake)(struct kp_identity_wait *wait);
	struct kp_identity_wait **queue; /* private; NULL: waits for nothing */
	struct kp_identity_wait *next;   /* private */
	unsigned tries;                  /* private */
	bool issuer_asked;               /* private */
};

/*
 * Who asks? False: it waits, and wait->wake comes once. True: *ret_fault says whether it
 * is clear, and *ret_who who it is.
 */
bool kp_identify(struct kp_identifier *identifier,
	const struct kp_identity_question *question, struct kp_arena *arena,
	struct kp_identity_wait *wait, enum kp_token_fault *ret_fault,
	struct kp_identified *ret_who) KP_MUST_USE;
/* Waits no longer. Idempotent; wake does not come. */
void kp_identity_wait_cancel(struct kp_identity_wait *wait);

/* The nonce that a DPoP proof has to bear now (RFC 9449, section 8). */
void kp_identifier_nonce(const struct kp_identifier *identifier, int64_t now_ms,
	char ret_nonce[KP_NONCE_LEN]);
/* What the loop holds, for /metrics. */
struct kp_identity_counts {
	uint64_t verified;   /* signatures checked */
	uint64_t remembered; /* tokens known from before */
	uint64_t fetches;    /* of keys */
	uint64_t fetches_failed;
	uint64_t introspections;
};
const struct kp_identity_counts *kp_identifier_counts(
	const struct kp_identifier *identifier);

#endif
