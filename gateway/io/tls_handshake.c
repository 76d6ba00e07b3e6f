/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * tls_handshake: the handshakes of one listener. They are what a stranger can make us
 * compute, so there is a bound on how many are under way (the oldest goes, which is the
 * slowest), on how long one takes, and on how many steps are worked on in one turn of the
 * loop: clients that are in wait for no more than that.
 */
#include <openssl/err.h>
#include <sys/socket.h>

#include "io/tls_stream.h"

/* For the alert to be read before the connection is reset. */
#define REFUSED_LINGER_US ((uint64_t)1000000)

static void
unlist(struct kp_stream *stream)
{
	struct kp_tls_stream *tls = stream->tls;
	struct kp_handshakes *all = &stream->listener->handshakes;
	if (!tls->listed) {
		return;
	}
	*(tls->prev == NULL ? &all->first : &tls->prev->tls->next) = tls->next;
	*(tls->next == NULL ? &all->last : &tls->next->tls->prev) = tls->prev;
	tls->listed = false;
	all->count--;
}

void
kp_tls_handshake_remove(struct kp_stream *stream)
{
	kp_timer_stop(stream->loop, &stream->tls->timer);
	unlist(stream);
}

static void
on_too_slow(struct kp_timer *timer)
{
	struct kp_tls_stream *tls = KP_CONTAINER_OF(timer, struct kp_tls_stream, timer);
	kp_stream_close(tls->stream);
}

static void on_steps(struct kp_task *task);

void
kp_tls_handshake_add(struct kp_stream *stream)
{
	struct kp_listener *listener = stream->listener;
	struct kp_handshakes *all = &listener->handshakes;
	struct kp_tls_stream *tls = stream->tls;
	while (all->count > 0 && all->count >= listener->options.handshakes_max) {
		kp_stream_close(all->first);
	}
	tls->prev = all->last;
	*(all->last == NULL ? &all->first : &all->last->tls->next) = stream;
	all->last = stream;
	tls->listed = true;
	all->count++;
	all->task.run = on_steps;
	tls->timer.fire = on_too_slow;
	kp_timer_start(stream->loop, &tls->timer,
		(uint64_t)listener->options.handshake_timeout_ms * 1000);
}

void
kp_tls_handshakes_close(struct kp_listener *listener)
{
	kp_loop_undefer(listener->loop, &listener->handshakes.task);
	while (listener->handshakes.first != NULL) {
		kp_stream_close(listener->handshakes.first);
	}
}

static void
refuse(struct kp_stream *stream, const char *reason)
{
	struct kp_listener *listener = stream->listener;
	struct kp_tls_stream *tls = stream->tls;
	int fd = -1;
	kp_tls_flush(stream); /* the alert */
	tls->state = KP_TLS_REFUSED;
	if (listener->options.on_refused != NULL) {
		const struct kp_listener_refusal refusal = {.port = listener->port,
			.peer = stream->peer,
			.reason = reason,
			.claimed_oin = tls->peer.claimed_oin};
		listener->options.on_refused(listener->options.refused_context, &refusal);
	}
	tls->kept.len = 0;
	tls->input = (struct kp_slice){NULL, 0};
	if (uv_fileno((uv_handle_t *)&stream->tcp, &fd) == 0 && !tls->send_busy) {
		(void)shutdown(fd, SHUT_WR);
	}
	kp_timer_start(stream->loop, &tls->timer, REFUSED_LINGER_US);
	kp_stream_read_socket(stream, true);
}

static void
complete(struct kp_stream *stream)
{
	struct kp_tls_stream *tls = stream->tls;
	if (!kp_tls_peer_identify(&tls->peer, tls->ssl)) {
		refuse(stream, tls->peer.refused);
		return;
	}
	kp_tls_handshake_remove(stream);
	tls->state = KP_TLS_OPEN;
	tls->peer.established = true;
	if (!kp_tls_keep_input(tls)) {
		kp_stream_close(stream);
		return;
	}
	kp_listener_offer(stream);
}

static const char *
failure(const struct kp_tls_peer *peer)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	return peer->refused != NULL ? peer->refused
		: reason != NULL     ? reason
				     : "handshake failed";
}

static void
step(struct kp_stream *stream)
{
	struct kp_tls_stream *tls = stream->tls;
	ERR_clear_error();
	int result = SSL_do_handshake(tls->ssl);
	int code = result == 1 ? SSL_ERROR_NONE : SSL_get_error(tls->ssl, result);
	if (result == 1) {
		kp_tls_flush(stream);
		complete(stream);
	} else if (code != SSL_ERROR_WANT_READ || tls->spill_failed) {
		refuse(stream, failure(&tls->peer));
	} else {
		kp_tls_flush(stream);
		if (!kp_tls_keep_input(tls)) {
			kp_stream_close(stream);
		} else {
			kp_stream_read_socket(stream, true);
		}
	}
	ERR_clear_error();
}

/* A few steps, oldest connections first; the rest in the next turn. */
static void
on_steps(struct kp_task *task)
{
	struct kp_handshakes *all = KP_CONTAINER_OF(task, struct kp_handshakes, task);
	struct kp_listener *listener =
		KP_CONTAINER_OF(all, struct kp_listener, handshakes);
	uint64_t now_us = kp_loop_now_us(listener->loop);
	if (all->turn_us != now_us) {
		all->turn_us = now_us;
		all->steps = 0;
	}
	struct kp_stream *stream = all->first;
	while (stream != NULL) {
		struct kp_stream *next = stream->tls->next;
		bool ready = stream->tls->ready;
		if (ready && all->steps == listener->options.handshake_steps_max) {
			kp_loop_defer(listener->loop, task);
			return;
		}
		if (ready) {
			stream->tls->ready = false;
			all->steps++;
			step(stream);
		}
		stream = next;
	}
}

void
kp_tls_handshake_ready(struct kp_stream *stream)
{
	struct kp_listener *listener = stream->listener;
	stream->tls->ready = true;
	kp_loop_defer(listener->loop, &listener->handshakes.task);
}
