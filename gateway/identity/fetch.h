/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * fetch: one small document from an issuer: its metadata, its keys, its word about a
 * token. The answer is collected in wiped memory, up to a bound. One loop thread.
 */
#ifndef KP_IDENTITY_FETCH_H
#define KP_IDENTITY_FETCH_H

#include "core/buffer.h"
#include "io/upstream.h"
#include "token/issuer.h"

#define KP_FETCH_BYTES_MAX ((size_t)128 * 1024)

/* Where an issuer is reached. All zero: nowhere yet. */
struct kp_outlet {
	struct kp_upstream_target *target;
	char endpoint[512]; /* of the target */
};

/* Opens a target for the address, unless it is open for that already. `client`: what we
 * show there and whom we believe; NULL for plain http. `secret`: "client:secret" for
 * basic authentication, or empty. KP_E_CONFIG, KP_E_MEMORY. */
enum kp_status kp_outlet_open(struct kp_outlet *outlet, struct kp_upstream *upstream,
	struct kp_slice name, struct kp_tls_client *client, struct kp_slice url,
	struct kp_slice secret, struct kp_slice *ret_target,
	struct kp_error *err) KP_MUST_USE;
void kp_outlet_close(struct kp_outlet *outlet);

/* Embedded in its owner; all zero when unused. */
struct kp_fetch {
	/* Exactly once per start. KP_OK: status 200 and the whole body, which stays until
	 * kp_fetch_clear. */
	void (*on_done)(struct kp_fetch *fetch, enum kp_status status,
		const struct kp_error *err);
	bool running;
	/* Set before a start: what a refusal says is kept too, with KP_E_SOURCE. */
	bool keep_refusal;
	struct kp_slice body; /* of the answer */
	uint32_t http_status; /* 0 when there was no answer */

	struct kp_upstream_call *call;      /* private */
	struct kp_upstream_request request; /* private */
	struct kp_upstream_header headers[2];
	struct kp_arena arena;
	struct kp_buffer buffer;
};

/* GET, or POST of a form when `form` is not empty. Both are copied. KP_E_BUSY,
 * KP_E_INVALID and KP_E_MEMORY come at once, and on_done does not. */
enum kp_status kp_fetch_start(struct kp_fetch *fetch, struct kp_outlet *outlet,
	struct kp_slice target, struct kp_slice form, uint32_t timeout_ms) KP_MUST_USE;
/* on_done follows. Idempotent. */
void kp_fetch_cancel(struct kp_fetch *fetch);
/* Wipes the answer. */
void kp_fetch_clear(struct kp_fetch *fetch);

#endif
