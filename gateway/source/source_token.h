/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_token: the access token we show to one partner (OAuth 2.0 client credentials,
 * RFC 6749, section 4.4). A kp_source_issuer is what its manifest says about the issuer,
 * read-only but for its counts. A kp_source_token is the token on one loop.
 *
 *                 take                    answer that is a token
 *     nothing ───────────→ asking issuer ───────────────────────→ good
 *        ↑                   │     ↑                                │
 *        └─ 401 of partner ──┼─────┼──── take, nearly over ─────────┤
 *                            │     └──── take, over ────────────────┘
 *                            └ failed: nobody asks before retry_us
 *
 * One question to the issuer at a time; all calls wait for it, each no longer than it has
 * itself. While a token is good it is used, whatever happens at the issuer.
 */
#ifndef KP_SOURCE_SOURCE_TOKEN_H
#define KP_SOURCE_SOURCE_TOKEN_H

#include <stdatomic.h>

#include "source/source_private.h"
#include "token/grant.h"

/* Any thread counts. */
struct kp_source_token_tally {
	atomic_ullong given;
	atomic_ullong failed;
	atomic_ullong refused;
};

/* In the set's arena, but for what crypto/ and io/ hold. */
struct kp_source_issuer {
	const struct kp_manifest_token *manifest;
	struct kp_source_access access; /* secret, and TLS to the issuer */
	struct kp_signing_key *key;     /* NULL: none signs */
	enum kp_signature_alg alg;
	struct kp_source_token_tally tally;
};

/* source_token_open.c: reads what `access` says of an issuer, when it does; faults go to
 * the opening's findings. KP_E_MEMORY only. */
enum kp_status kp_source_issuer_check(struct kp_source_opening *opening) KP_MUST_USE;
void kp_source_issuer_close(struct kp_source_private *private);
/* The form of a request for a token (RFC 6749, 4.4.2), without the assertion. */
void kp_source_issuer_form(const struct kp_source_issuer *issuer, struct kp_buffer *form);

/* Longest value of kp_source_token_take. */
#define KP_SOURCE_TOKEN_VALUE_MAX (KP_GRANT_TOKEN_BYTES_MAX + 8)

enum kp_source_token_state {
	KP_SOURCE_TOKEN_READY,
	KP_SOURCE_TOKEN_WAIT, /* on_asked follows, unless left */
	KP_SOURCE_TOKEN_NONE, /* there is none now: see kp_source_token_trouble */
	KP_SOURCE_TOKEN_FULL, /* more wait than the limits of the source allow */
};

/* Opens the way to the issuer; the link is the owner. KP_E_CONFIG, KP_E_MEMORY. */
enum kp_status kp_source_token_open(struct kp_source_link *link,
	struct kp_upstream *upstream, struct kp_source_token **ret_token,
	struct kp_error *err) KP_MUST_USE;
/* The link closes: what nobody waits for ends. Accepts NULL. */
void kp_source_token_stop(struct kp_source_token *token);
/* Wipes; nothing runs and nobody waits any more. Accepts NULL. */
void kp_source_token_close(struct kp_source_token **token);

/* READY: *ret_value ("Bearer …") lives until the loop's next callback, *ret_serial says
 * which token it is. */
enum kp_source_token_state kp_source_token_take(struct kp_source_token *token,
	struct kp_source_token_wait *wait, struct kp_slice *ret_value,
	uint64_t *ret_serial) KP_MUST_USE;
/* Waits no longer. Idempotent. */
void kp_source_token_leave(struct kp_source_token_wait *wait);
/* The partner refused this one (401): is it worth to take again? It is dropped, unless a
 * newer one took its place already, or one was dropped a moment ago and did not help. */
bool kp_source_token_refused(struct kp_source_token *token, uint64_t serial) KP_MUST_USE;
/* Why there is none: what the issuer's last answer came to, and for the operator. */
enum kp_status kp_source_token_trouble(
	const struct kp_source_token *token, char *ret_text, size_t size);

/* source_token_call.c: calls over HTTP whose partner wants a token. */

/* Does the partner want a JWT that we make ourselves (ZGW)? */
bool kp_source_wants_zgw(const struct kp_source_link *link);
/* Appends "Bearer …" for now, in the name of this employee where the manifest says so;
 * empty: nobody asks. KP_E_MEMORY, KP_E_INTERNAL. */
enum kp_status kp_source_zgw_write(const struct kp_source_link *link,
	struct kp_slice employee, struct kp_buffer *out) KP_MUST_USE;

/* What a request of our own shows, which no question is behind: of a health probe, or for
 * a code table. Its owner sets `link` and `wait.on_asked`. */
struct kp_source_credential {
	struct kp_source_link *link;
	struct kp_source_token_wait wait;
	struct kp_upstream_header header; /* name empty: the target has it already */
	uint64_t serial;
	char value[KP_SOURCE_TOKEN_VALUE_MAX];
};
/* READY: `header` is filled in. WAIT: on_asked follows; take again then. */
enum kp_source_token_state kp_source_credential_take(
	struct kp_source_credential *credential) KP_MUST_USE;
/* What the partner answered; a token that it refused (401) is not shown again. */
void kp_source_credential_refused(
	struct kp_source_credential *credential, uint32_t http_status);

/* The Authorization field is in its place, where there is one for each question. False:
 * the call waits, and `send` comes later, or it will be concluded. */
bool kp_source_token_put(
	struct kp_source_call *call, void (*send)(struct kp_source_call *call));
/* A head with status 401 came: is the question to be put again, with another token? */
bool kp_source_token_again(struct kp_source_call *call);

#endif
