/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* identity_private: between the files of this room; see identity.h. */
#ifndef KP_IDENTITY_IDENTITY_PRIVATE_H
#define KP_IDENTITY_IDENTITY_PRIVATE_H

#include "identity/fetch.h"
#include "identity/identity.h"
#include "identity/proofs.h"
#include "identity/tokens.h"
#include "token/key_set.h"

/* Calls about tokens that may run at the same time, per issuer and loop. */
#define KP_INTROSPECTIONS_MAX 64u

enum kp_keys_step {
	KP_KEYS_IDLE,
	KP_KEYS_METADATA, /* the issuer's metadata are on their way */
	KP_KEYS_SET,      /* its keys are */
};

/* One call about one token; several questions may wait for it. */
struct kp_introspection {
	struct kp_identity_issuer *issuer; /* NULL: not in use */
	struct kp_fetch fetch;
	struct kp_identity_wait *waits;
	unsigned char digest[KP_SHA256_BYTES]; /* under which the answer is kept */
};

/* One issuer on this loop. */
struct kp_identity_issuer {
	struct kp_identifier *identifier;
	const struct kp_issuer *issuer;
	struct kp_tls_client *client; /* of the settings */
	struct kp_key_set *keys;      /* a reference; NULL: none yet */
	uint32_t generation;          /* counts up with every change of the keys */
	bool fixed;                   /* keys come from a file */
	uint64_t fetched_us;          /* when the keys last came */
	uint64_t tried_us;            /* when they were last asked for */
	unsigned failures;            /* since they last came */
	enum kp_keys_step step;
	struct kp_fetch fetch;
	struct kp_timer timer; /* for the next fetch */
	struct kp_identity_wait *waits;
	struct kp_outlet metadata;
	struct kp_outlet key_outlet;
	struct kp_outlet introspection;
	struct kp_introspection *calls; /* KP_INTROSPECTIONS_MAX; NULL: it has none */
};

struct kp_identifier {
	struct kp_identity_settings *settings; /* a reference */
	struct kp_loop *loop;
	struct kp_upstream *upstream;
	struct kp_workers *workers;
	struct kp_log log;
	struct kp_identity_issuer *issuers; /* as in settings */
	struct kp_tokens *tokens;
	struct kp_proofs *proofs; /* a reference */
	struct kp_identity_counts counts;
	struct kp_watch *watch; /* of the list of the revoked; NULL: no file */
	unsigned running; /* operations that have yet to complete, and 1 while open */
	bool closed;
};

/* identity.c */
void kp_identity_wait_in(struct kp_identity_wait *wait, struct kp_identity_wait **queue);
void kp_identity_wake_all(struct kp_identity_wait **queue);
/* An operation has completed; the last one of a closed identifier frees it. */
void kp_identifier_leave(struct kp_identifier *identifier);

/* issuer_keys.c */
void kp_issuer_keys_open(struct kp_identity_issuer *issuer);
void kp_issuer_keys_close(struct kp_identity_issuer *issuer);
/* The keys to verify with now; NULL when there are none, or they are too old. */
const struct kp_key_set *kp_issuer_keys_now(const struct kp_identity_issuer *issuer);
/* Are keys on their way, or can they be asked for now? Then they are. */
bool kp_issuer_keys_come(struct kp_identity_issuer *issuer);

/* introspect.c */
/*
 * Asks the issuer about a token, or joins who does. The answer is put in the store of
 * tokens under `digest` before the question wakes. False when it cannot be asked now.
 */
bool kp_introspect(struct kp_identity_issuer *issuer, struct kp_slice token,
	const unsigned char digest[KP_SHA256_BYTES], struct kp_identity_wait *wait);
void kp_introspect_close(struct kp_identity_issuer *issuer);
/* Under which an answer about a JWT is kept, apart from its own verdict. */
void kp_introspect_digest(const unsigned char digest[KP_SHA256_BYTES],
	unsigned char ret_digest[KP_SHA256_BYTES]);

/* watch.c */
/* Looks at the file of the revoked every revoked_check_ms. KP_E_MEMORY. */
enum kp_status kp_watch_open(
	struct kp_identifier *identifier, struct kp_watch **ret_watch) KP_MUST_USE;
/* Accepts NULL. */
void kp_watch_close(struct kp_watch **watch);
/* The list as it was last read. */
const struct kp_revoked *kp_watch_list(const struct kp_identifier *identifier);

#endif
