/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * upstream: HTTP calls to partners. Everything of a partner stays on one loop;
 * connections are pooled per partner and credential. No redirects, proxies, cookies or
 * netrc, no name look-up on the loop.
 */
#ifndef KP_IO_UPSTREAM_H
#define KP_IO_UPSTREAM_H

#include "core/slice.h"
#include "io/loop.h"

struct kp_upstream;        /* one per loop */
struct kp_upstream_target; /* one per loop, partner and credential */
struct kp_upstream_call;
struct kp_tls_client; /* io/tls.h */

enum kp_credential_kind {
	KP_CREDENTIAL_NONE,
	KP_CREDENTIAL_HEADER, /* name: value, e.g. an API key */
	KP_CREDENTIAL_BEARER,
	KP_CREDENTIAL_BASIC, /* "user:password" */
};

/* How to reach one partner. Strings are copied at open; secrets go to wiped memory. */
struct kp_upstream_target_options {
	struct kp_slice name;     /* source, for logs */
	struct kp_slice endpoint; /* "https://host:port/base"; no query */
	struct kp_slice socket;   /* path of a Unix socket to connect to instead; the
				     endpoint must then be http on loopback */
	enum kp_credential_kind credential;
	struct kp_slice credential_name; /* header name with KP_CREDENTIAL_HEADER */
	struct kp_slice credential_value;
	/* What to show and whom to believe; gets a reference. NULL: the files below say
	 * it, and are read at open. */
	struct kp_tls_client *client;
	struct kp_slice
		certificate_file; /* own client certificate and key, PEM; empty: none */
	struct kp_slice key_file;
	struct kp_slice
		anchor_file;      /* trust anchor; empty: only plain http on loopback */
	uint32_t connections_max; /* at the same time, on this loop */
	uint32_t waiting_max;     /* calls waiting for a connection; more are refused with
				     KP_E_BUSY */
	uint32_t connect_timeout_ms;
	uint32_t idle_ms;        /* how long an idle connection is kept */
	uint32_t head_bytes_max; /* interim answers and trailers included; 0: 16 KiB */
};

struct kp_upstream_header {
	struct kp_slice name;
	struct kp_slice value;
};

/* What to send. Borrowed until the call completes. */
struct kp_upstream_request {
	struct kp_slice method;
	struct kp_slice target; /* appended to the endpoint */
	const struct kp_upstream_header *headers;
	size_t header_count;
	struct kp_slice body;
	bool once;               /* not sent a second time over another connection, once
				    a byte of it was (RFC 9110, section 9.2.2) */
	uint32_t timeout_ms;     /* for the whole call, waiting included */
	uint64_t body_bytes_max; /* of the answer, after decoding */
};

struct kp_upstream_timing {
	uint64_t waited_us; /* for a connection of the pool */
	uint64_t first_us;  /* until the first byte of the answer */
	uint64_t total_us;
	uint64_t bytes; /* of the answer's body */
	bool reused;    /* an open connection was used */
};

/* Called from the loop, never inside kp_upstream_start. */
struct kp_upstream_handler {
	/* The head is complete. Anything but KP_OK ends the call with that status. */
	enum kp_status (*on_head)(void *owner, uint32_t status,
		const struct kp_upstream_header *headers, size_t header_count);
	/* A piece of the body; borrowed. Anything but KP_OK ends the call with that
	 * status. */
	enum kp_status (*on_body)(void *owner, struct kp_slice bytes);
	/* Exactly once per start. KP_OK: the whole answer was seen. */
	void (*on_done)(void *owner, enum kp_status status,
		const struct kp_upstream_timing *timing, const struct kp_error *err);
};

/* One for a loop; opens nothing yet. KP_E_MEMORY. */
enum kp_status kp_upstream_create(struct kp_loop *loop, struct kp_upstream **ret_upstream,
	struct kp_error *err) KP_MUST_USE;
/* Cancels what still runs; accepts NULL. After the last on_done. */
void kp_upstream_destroy(struct kp_upstream **upstream);

/* Starts the name look-up in the background; calls before it is known wait for it. */
enum kp_status kp_upstream_target_open(struct kp_upstream *upstream,
	const struct kp_upstream_target_options *options,
	struct kp_upstream_target **ret_target, struct kp_error *err) KP_MUST_USE;
/* No new calls; gone when its last call is done. */
void kp_upstream_target_close(struct kp_upstream_target **target);

/*
 * KP_E_BUSY (connections and queue are full), KP_E_INVALID (a method, target or header
 * field that would not be one line of HTTP) and KP_E_MEMORY are returned at once: nothing
 * was started and on_done does not come.
 */
enum kp_status kp_upstream_start(struct kp_upstream_target *target,
	const struct kp_upstream_request *request,
	const struct kp_upstream_handler *handler, void *owner,
	struct kp_upstream_call **ret_call) KP_MUST_USE;
/* Idempotent; on_done follows with KP_E_CANCELLED unless it was already on its way. */
void kp_upstream_cancel(struct kp_upstream_call *call);

struct kp_upstream_counts {
	uint64_t started;
	uint64_t connections_opened;
	uint32_t active;
	uint32_t waiting;
};
/* The first two since it was opened, the others at this moment. */
void kp_upstream_target_counts(
	const struct kp_upstream_target *target, struct kp_upstream_counts *ret_counts);

#endif
