/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* tls_stream: the TLS half of a stream, for tls_stream.c and tls_handshake.c alone. */
#ifndef KP_IO_TLS_STREAM_H
#define KP_IO_TLS_STREAM_H

#include "io/stream_private.h"
#include "io/tls_private.h"

enum kp_tls_state {
	KP_TLS_HANDSHAKE,
	KP_TLS_OPEN,
	KP_TLS_REFUSED, /* the alert is out; what still comes is thrown away */
	KP_TLS_BROKEN,  /* no more SSL_*; closing follows */
};

struct kp_tls_bytes {
	char *data; /* heap */
	size_t len;
	size_t capacity;
};

/* Lifetime: its stream's. */
struct kp_tls_stream {
	enum kp_tls_state state;
	SSL *ssl;
	struct kp_stream *stream;
	struct kp_tls_peer peer;
	/* In: what OpenSSL may read now; it is `kept`, or the loop's buffer for the
	 * length of a callback. */
	struct kp_slice input;
	struct kp_tls_bytes kept;
	struct kp_task more; /* reading goes on, or the end is told */
	bool read_over;      /* the other side said goodbye, or was cut off */
	enum kp_status end_status;
	/* Out: what the kernel has not taken. `sending` is libuv's meanwhile. */
	struct kp_tls_bytes waiting;
	struct kp_tls_bytes sending;
	bool send_busy;
	bool spill_failed;
	/* The owner's write. */
	struct kp_slice parts[KP_STREAM_PARTS_MAX];
	size_t part_count;
	size_t part_at;
	size_t plain_left;
	struct kp_task write_more;
	/* The handshake. */
	struct kp_timer timer;
	struct kp_stream *next;
	struct kp_stream *prev;
	bool listed;
	bool ready; /* has input for a step */
	size_t thrown_away;
};

/* What OpenSSL wrote goes to the kernel, or waits for it. */
void kp_tls_flush(struct kp_stream *stream);
/* Takes a copy of what is left of the input. False without memory. */
bool kp_tls_keep_input(struct kp_tls_stream *tls);

#endif
