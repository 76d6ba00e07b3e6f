/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stream: bytes to and from one client, and the listeners that accept them. A stream
 * belongs to the loop that accepted it.
 */
#ifndef KP_IO_STREAM_H
#define KP_IO_STREAM_H

#include "core/slice.h"
#include "io/loop.h"

struct kp_stream;
struct kp_listener;
struct kp_tls_server; /* io/tls.h */

/*
 * Who shows itself with a client certificate: only one that was verified (chain, dates,
 * usage, revocation) is ever given out.
 */
struct kp_peer_certificate {
	struct kp_slice oin;          /* Subject.serialNumber, 20 digits; may be empty */
	struct kp_slice organisation; /* Subject.organizationName, UTF-8; may be empty */
	unsigned char sha256[32];     /* of the DER; the x5t#S256 of RFC 8705 */
};

/* Parts of one write. */
#define KP_STREAM_PARTS_MAX ((size_t)64)

/* What the owner of a stream wants to hear. Loop thread. */
struct kp_stream_handler {
	/* Bytes arrived; borrowed for the call. Comes only while reading is on. */
	void (*on_read)(void *owner, struct kp_slice bytes);
	/* The peer closed its sending side, or the connection broke. No more on_read. */
	void (*on_end)(void *owner, enum kp_status status);
	/* The last kp_stream_write is with the kernel (KP_OK) or will never be. Never
	 * comes inside kp_stream_write. */
	void (*on_written)(void *owner, enum kp_status status);
	/* Closed; the stream is gone when this returns. */
	void (*on_closed)(void *owner);
};

/* Borrowed for the call; for our own log, and never for the other side. */
struct kp_listener_refusal {
	uint16_t port; /* it came to */
	const char *peer;
	const char *reason;
	/* In the certificate it showed, which was not believed; empty: none, or not
	 * clear. */
	struct kp_slice claimed_oin;
};

struct kp_listener_options {
	const char *host; /* numeric address, "127.0.0.1" or "::1" */
	uint16_t port;    /* 0: any; kp_listener_port tells which */
	/* A socket bound to that address already, of kp_listener_bind or a service
	 * manager; the listener takes it over, whatever comes of it. NULL: it opens its
	 * own. */
	const int *socket;
	uint32_t tag; /* the owner's; kp_stream_tag */
	int backlog;
	uint32_t accepts_per_turn; /* of the loop; the others wait in the backlog */
	uint32_t streams_max;      /* open streams of this listener on this loop; more are
				      closed at once */
	struct kp_tls_server *tls; /* the listener takes a reference; NULL: plain */
	uint32_t handshakes_max;   /* under way; over it the oldest is closed */
	uint32_t handshake_timeout_ms;
	uint32_t handshake_steps_max; /* in one turn of the loop */
	/* A client that was not let in. May be NULL. */
	void (*on_refused)(void *context, const struct kp_listener_refusal *refusal);
	void *refused_context;
	/* A new stream, after the handshake when the listener has one: returns its owner,
	 * or NULL to have it closed. Reading is off. */
	void *(*on_accept)(void *context, struct kp_stream *stream,
		const struct kp_stream_handler **ret_handler);
	void *context;
};

/* Listens with SO_REUSEPORT, so that every loop has its own listener on the same address.
 */
enum kp_status kp_listener_open(struct kp_loop *loop,
	const struct kp_listener_options *options, struct kp_listener **ret_listener,
	struct kp_error *err) KP_MUST_USE;
/* Takes an address without listening yet, for a process that gives up the right to do so
 * before it has loops. *ret_port is the port, also where `port` is 0. */
enum kp_status kp_listener_bind(const char *host, uint16_t port, int *ret_socket,
	uint16_t *ret_port, struct kp_error *err) KP_MUST_USE;
uint16_t kp_listener_port(const struct kp_listener *listener);
/* For streams accepted from now on. Takes a reference. A plain listener stays plain. */
void kp_listener_set_tls(struct kp_listener *listener, struct kp_tls_server *tls);
/* Stops accepting; streams go on, but not those whose handshake is not over. The listener
 * is gone when this returns. */
void kp_listener_close(struct kp_listener **listener);

/* Whether bytes are taken from the client, and given to the handler; off at first. */
void kp_stream_read(struct kp_stream *stream, bool on);
/*
 * Sends the parts in order: tries at once, keeps what the kernel does not take. The bytes
 * are borrowed until on_written, which comes exactly once per write, from the loop; the
 * array of parts only for the call. One write at a time, of at most KP_STREAM_PARTS_MAX
 * parts.
 */
void kp_stream_write(
	struct kp_stream *stream, const struct kp_slice *parts, size_t count);
/* Bytes of the write under way that the kernel has not taken yet. */
size_t kp_stream_unsent(const struct kp_stream *stream);
/* Starts closing; on_written (if a write is under way) and then on_closed follow.
 * Idempotent. */
void kp_stream_close(struct kp_stream *stream);
/* The tag of the listener it came in by. */
uint32_t kp_stream_tag(const struct kp_stream *stream);
/* "127.0.0.1:40112"; lives as long as the stream. */
const char *kp_stream_peer(const struct kp_stream *stream);
/* The verified client certificate; lives as long as the stream. NULL when none was shown
 * and on a plain connection. */
const struct kp_peer_certificate *kp_stream_certificate(const struct kp_stream *stream);
/* The protocol agreed upon (ALPN, RFC 7301): "http/1.1", "h2", or empty when none was. */
struct kp_slice kp_stream_protocol(const struct kp_stream *stream);

#endif
