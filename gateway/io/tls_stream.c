/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * tls_stream: bytes of a stream through TLS. OpenSSL never sees the socket: it reads what
 * libuv brought and writes into a buffer of the listener, which is given to the kernel
 * before anybody else runs. What the kernel does not take becomes the stream's; until
 * that is gone nothing more is encrypted, so a slow reader costs one buffer. Both
 * directions do a bounded amount of work per turn.
 */
#include "io/tls_stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>

#include "core/heap.h"

#define RECORD_BYTES ((size_t)16384)
/* A record's head, padding and tag; more than any suite of ours adds. */
#define RECORD_EXTRA ((size_t)256)
#define FLUSH_BYTES ((size_t)3 * (RECORD_BYTES + RECORD_EXTRA))
#define SCRATCH_BYTES (FLUSH_BYTES + RECORD_BYTES + RECORD_EXTRA)
#define READS_PER_TURN 32
#define FLUSHES_PER_TURN 6
#define REPLIES_MAX ((size_t)64 * 1024)

static bool
bytes_add(struct kp_tls_bytes *bytes, const char *data, size_t len)
{
	if (bytes->len + len > bytes->capacity) {
		size_t capacity = (bytes->len + len) + (bytes->len + len) / 2;
		char *more = kp_heap_realloc(bytes->data, capacity);
		if (more == NULL) {
			return false;
		}
		bytes->data = more;
		bytes->capacity = capacity;
	}
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
	return true;
}

static void
bytes_free(struct kp_tls_bytes *bytes)
{
	kp_heap_free(bytes->data);
	*bytes = (struct kp_tls_bytes){0};
}

/* The BIO: OpenSSL's way to the stream. */

static int
bio_read(BIO *bio, char *out, int size)
{
	struct kp_tls_stream *tls = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	size_t len = tls->input.len < (size_t)size ? tls->input.len : (size_t)size;
	/* Whoever floods us with messages gets no further one read. */
	if (size <= 0 || len == 0 || tls->peer.abused) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(out, tls->input.data, len);
	tls->input.data += len;
	tls->input.len -= len;
	return (int)len;
}

static int
bio_write(BIO *bio, const char *data, int size)
{
	struct kp_tls_stream *tls = BIO_get_data(bio);
	struct kp_listener *listener = tls->stream->listener;
	BIO_clear_retry_flags(bio);
	if (size <= 0) {
		return 0;
	}
	if (listener->scratch_len + (size_t)size <= SCRATCH_BYTES) {
		memcpy(listener->scratch + listener->scratch_len, data, (size_t)size);
		listener->scratch_len += (size_t)size;
		return size;
	}
	/* More than a flight should have; it is kept in order all the same. */
	if (!bytes_add(&tls->waiting, listener->scratch, listener->scratch_len) ||
		!bytes_add(&tls->waiting, data, (size_t)size)) {
		tls->spill_failed = true;
		return -1;
	}
	listener->scratch_len = 0;
	return size;
}

static long
bio_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

bool
kp_tls_bio_create(BIO_METHOD **ret_bio)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "stream");
	if (method == NULL || BIO_meth_set_read(method, bio_read) != 1 ||
		BIO_meth_set_write(method, bio_write) != 1 ||
		BIO_meth_set_ctrl(method, bio_control) != 1) {
		BIO_meth_free(method);
		return false;
	}
	*ret_bio = method;
	return true;
}

/* Out. */

static void continue_write(struct kp_stream *stream);
static void settle_reading(struct kp_stream *stream);

static void
break_off(struct kp_stream *stream, enum kp_status status)
{
	struct kp_tls_stream *tls = stream->tls;
	tls->state = KP_TLS_BROKEN;
	tls->plain_left = 0;
	if (stream->writing && !tls->send_busy) {
		stream->write_status = status;
		kp_loop_defer(stream->loop, &stream->written);
	}
}

static void
on_sent(uv_write_t *request, int code)
{
	struct kp_stream *stream = request->data;
	struct kp_tls_stream *tls = stream->tls;
	tls->send_busy = false;
	tls->sending.len = 0;
	if (code != 0 || tls->state == KP_TLS_BROKEN) {
		tls->state = KP_TLS_BROKEN;
		tls->plain_left = 0;
		tls->waiting.len = 0;
		if (stream->writing) {
			stream->write_status =
				code == UV_ECANCELED ? KP_E_CANCELLED : KP_E_IO;
			kp_stream_finish_write(stream);
		}
		return;
	}
	kp_tls_flush(stream);
	if (!tls->send_busy) {
		bytes_free(&tls->sending);
		bytes_free(&tls->waiting);
		continue_write(stream);
		settle_reading(stream);
	}
}

/* libuv has one write at a time from us. */
static void
send_waiting(struct kp_stream *stream)
{
	struct kp_tls_stream *tls = stream->tls;
	struct kp_tls_bytes empty = tls->sending;
	tls->sending = tls->waiting;
	tls->waiting = empty;
	tls->waiting.len = 0;
	uv_buf_t buffer = {.base = tls->sending.data, .len = tls->sending.len};
	stream->write.data = stream;
	tls->send_busy = true;
	int code = uv_write(
		&stream->write, (uv_stream_t *)&stream->tcp, &buffer, 1, on_sent);
	if (code != 0) {
		tls->send_busy = false;
		tls->sending.len = 0;
		break_off(stream, kp_stream_status(code));
	}
}

void
kp_tls_flush(struct kp_stream *stream)
{
	struct kp_tls_stream *tls = stream->tls;
	struct kp_listener *listener = stream->listener;
	uv_buf_t buffer = {.base = listener->scratch, .len = listener->scratch_len};
	listener->scratch_len = 0;
	if (tls->state == KP_TLS_BROKEN || stream->closing) {
		return;
	}
	if (buffer.len > 0 && !tls->send_busy && tls->waiting.len == 0) {
		int taken = uv_try_write((uv_stream_t *)&stream->tcp, &buffer, 1);
		if (taken < 0 && taken != UV_EAGAIN) {
			break_off(stream, kp_stream_status(taken));
			return;
		}
		buffer.base += taken < 0 ? 0 : taken;
		buffer.len -= taken < 0 ? 0 : (size_t)taken;
	}
	if (buffer.len > 0 && !bytes_add(&tls->waiting, buffer.base, buffer.len)) {
		break_off(stream, KP_E_MEMORY);
		return;
	}
	if (tls->waiting.len > 0 && !tls->send_busy) {
		send_waiting(stream);
	}
}

/* The next bytes to encrypt: a whole part where it is large, else several together, so
 * that small parts share a record. */
static struct kp_slice
next_plain(struct kp_tls_stream *tls, char *staging, size_t *ret_staged)
{
	*ret_staged = 0;
	while (tls->parts[tls->part_at].len == 0) {
		tls->part_at++;
	}
	struct kp_slice *part = &tls->parts[tls->part_at];
	if (part->len >= RECORD_BYTES) {
		struct kp_slice plain = {part->data, RECORD_BYTES};
		*part = (struct kp_slice){
			part->data + RECORD_BYTES, part->len - RECORD_BYTES};
		return plain;
	}
	size_t len = 0;
	while (tls->part_at < tls->part_count && len < RECORD_BYTES) {
		part = &tls->parts[tls->part_at];
		size_t room = RECORD_BYTES - len;
		size_t taken = part->len < room ? part->len : room;
		if (taken > 0) {
			memcpy(staging + len, part->data, taken);
		}
		*part = (struct kp_slice){part->data + taken, part->len - taken};
		len += taken;
		tls->part_at += part->len == 0 ? 1 : 0;
	}
	*ret_staged = len;
	return (struct kp_slice){staging, len};
}

static bool
encrypt_next(struct kp_stream *stream)
{
	char staging[RECORD_BYTES];
	struct kp_tls_stream *tls = stream->tls;
	size_t staged = 0;
	size_t written = 0;
	struct kp_slice plain = next_plain(tls, staging, &staged);
	tls->plain_left -= plain.len;
	ERR_clear_error();
	bool good = SSL_write_ex(tls->ssl, plain.data, plain.len, &written) == 1 &&
		written == plain.len;
	kp_wipe(staging, staged);
	return good;
}

/* Encrypts and sends for as long as the kernel takes it, for at most one turn's share. */
static void
continue_write(struct kp_stream *stream)
{
	struct kp_tls_stream *tls = stream->tls;
	unsigned flushes = 0;
	if (!stream->writing || stream->closing || tls->state == KP_TLS_BROKEN) {
		return;
	}
	while (tls->plain_left > 0 && !tls->send_busy) {
		if (flushes == FLUSHES_PER_TURN) {
			kp_loop_defer(stream->loop, &tls->write_more);
			return;
		}
		if (!encrypt_next(stream)) {
			stream->listener->scratch_len = 0;
			break_off(stream, KP_E_IO);
			return;
		}
		if (stream->listener->scratch_len >= FLUSH_BYTES ||
			tls->plain_left == 0) {
			kp_tls_flush(stream);
			flushes++;
			if (tls->state == KP_TLS_BROKEN) {
				return;
			}
		}
	}
	if (!tls->send_busy) {
		stream->write_status = KP_OK;
		kp_loop_defer(stream->loop, &stream->written);
	}
}

static void
on_write_more(struct kp_task *task)
{
	struct kp_tls_stream *tls =
		KP_CONTAINER_OF(task, struct kp_tls_stream, write_more);
	continue_write(tls->stream);
}

void
kp_tls_stream_write(struct kp_stream *stream, const struct kp_slice *parts, size_t count)
{
	struct kp_tls_stream *tls = stream->tls;
	tls->part_count = count;
	tls->part_at = 0;
	tls->plain_left = 0;
	for (size_t i = 0; i < count; i++) {
		tls->parts[i] = parts[i];
		tls->plain_left += parts[i].len;
	}
	if (tls->state != KP_TLS_OPEN) {
		tls->plain_left = 0;
		stream->write_status = KP_E_IO;
		kp_loop_defer(stream->loop, &stream->written);
	} else {
		continue_write(stream);
	}
}

size_t
kp_tls_stream_unsent(const struct kp_stream *stream)
{
	const struct kp_tls_stream *tls = stream->tls;
	return tls->plain_left + tls->waiting.len +
		uv_stream_get_write_queue_size((const uv_stream_t *)&stream->tcp);
}

/* In. */

bool
kp_tls_keep_input(struct kp_tls_stream *tls)
{
	struct kp_slice rest = tls->input;
	bool own = tls->kept.data != NULL && rest.data >= tls->kept.data &&
		rest.data <= tls->kept.data + tls->kept.len;
	if (rest.len == 0) {
		bytes_free(&tls->kept);
	} else if (own) {
		memmove(tls->kept.data, rest.data, rest.len);
		tls->kept.len = rest.len;
	} else if (!bytes_add(&tls->kept, rest.data, rest.len)) {
		return false;
	}
	tls->input = (struct kp_slice){tls->kept.data, tls->kept.len};
	return true;
}

static void
tell_end(struct kp_stream *stream, enum kp_status status)
{
	kp_stream_read_socket(stream, false);
	if (!stream->ended && !stream->closing && stream->handler != NULL) {
		stream->ended = true;
		stream->reading = false;
		stream->handler->on_end(stream->owner, status);
	}
}

/* SSL_read gave nothing: why not? */
static void
judge_read(struct kp_stream *stream, int result)
{
	struct kp_tls_stream *tls = stream->tls;
	int code = SSL_get_error(tls->ssl, result);
	if (tls->peer.abused) {
		tls->state = KP_TLS_BROKEN;
		tell_end(stream, KP_E_LIMIT);
	} else if (code == SSL_ERROR_ZERO_RETURN) {
		/* A goodbye; what we have to say may still be read. */
		tls->read_over = true;
		tell_end(stream, KP_OK);
	} else if (code != SSL_ERROR_WANT_READ) {
		break_off(stream, KP_E_IO);
		tell_end(stream, KP_E_IO);
	}
}

/* Decrypts and hands on what there is, for at most one turn's share. */
static void
take_in(struct kp_stream *stream)
{
	char plain[RECORD_BYTES];
	struct kp_tls_stream *tls = stream->tls;
	for (unsigned n = 0; n < READS_PER_TURN; n++) {
		size_t got = 0;
		if (stream->closing || !stream->reading || tls->state != KP_TLS_OPEN) {
			return;
		}
		ERR_clear_error();
		int result = SSL_read_ex(tls->ssl, plain, sizeof(plain), &got);
		if (stream->listener->scratch_len > 0) {
			kp_tls_flush(stream);
		}
		if (result != 1) {
			judge_read(stream, result);
			return;
		}
		stream->handler->on_read(stream->owner, (struct kp_slice){plain, got});
		kp_wipe(plain, got);
	}
}

/* Reads on while the owner wants it, and only when what is here has been read. */
static void
settle_reading(struct kp_stream *stream)
{
	struct kp_tls_stream *tls = stream->tls;
	if (stream->closing || tls->state != KP_TLS_OPEN) {
		return;
	}
	if (!kp_tls_keep_input(tls)) {
		break_off(stream, KP_E_MEMORY);
		tell_end(stream, KP_E_MEMORY);
		return;
	}
	bool here = tls->input.len > 0 || SSL_pending(tls->ssl) > 0;
	bool wanted = stream->reading && !tls->read_over;
	/* Answers to messages that nobody reads would pile up. */
	bool stuffed = tls->waiting.len > REPLIES_MAX;
	if (wanted && here) {
		kp_loop_defer(stream->loop, &tls->more);
	}
	kp_stream_read_socket(stream, wanted && !here && !stuffed);
}

static void
on_more(struct kp_task *task)
{
	struct kp_tls_stream *tls = KP_CONTAINER_OF(task, struct kp_tls_stream, more);
	take_in(tls->stream);
	settle_reading(tls->stream);
}

void
kp_tls_stream_on_read(struct kp_stream *stream, struct kp_slice bytes)
{
	struct kp_tls_stream *tls = stream->tls;
	if (tls->state == KP_TLS_OPEN) {
		/* The socket is read only when nothing is kept. */
		tls->input = bytes;
		take_in(stream);
		settle_reading(stream);
		return;
	}
	if (tls->state == KP_TLS_HANDSHAKE) {
		kp_stream_read_socket(stream, false);
		tls->input = bytes;
		if (!kp_tls_keep_input(tls)) {
			kp_stream_close(stream);
			return;
		}
		kp_tls_handshake_ready(stream);
		return;
	}
	tls->thrown_away += bytes.len;
	if (tls->thrown_away > REPLIES_MAX) {
		kp_stream_close(stream);
	}
}

/* The socket ended. Without a goodbye of TLS before it, somebody may have cut it off. */
void
kp_tls_stream_on_end(struct kp_stream *stream, ssize_t code)
{
	struct kp_tls_stream *tls = stream->tls;
	if (tls->state != KP_TLS_OPEN) {
		kp_stream_close(stream);
		return;
	}
	tell_end(stream, code == UV_EOF ? KP_E_IO : kp_stream_status(code));
}

/* The owner turned reading on or off. */
void
kp_tls_stream_read(struct kp_stream *stream)
{
	settle_reading(stream);
}

/* Who is on the other side. */

const struct kp_peer_certificate *
kp_tls_stream_certificate(const struct kp_stream *stream)
{
	const struct kp_tls_peer *peer = &stream->tls->peer;
	return peer->certified ? &peer->certificate : NULL;
}

struct kp_slice
kp_tls_stream_protocol(const struct kp_stream *stream)
{
	const unsigned char *name = NULL;
	unsigned len = 0;
	SSL_get0_alpn_selected(stream->tls->ssl, &name, &len);
	return (struct kp_slice){(const char *)name, len};
}

/* Life. */

enum kp_status
kp_tls_stream_open(struct kp_stream *stream, struct kp_tls_server *server)
{
	struct kp_listener *listener = stream->listener;
	struct kp_tls_stream *tls = kp_heap_calloc(1, sizeof(*tls));
	if (tls == NULL) {
		return KP_E_MEMORY;
	}
	stream->tls = tls;
	tls->stream = stream;
	tls->more.run = on_more;
	tls->write_more.run = on_write_more;
	tls->peer.server = kp_tls_server_ref(server);
	if (listener->scratch == NULL) {
		listener->scratch = kp_heap_alloc(SCRATCH_BYTES);
	}
	BIO *bio = BIO_new(server->bio);
	if (listener->scratch == NULL || bio == NULL) {
		BIO_free(bio);
		return KP_E_MEMORY;
	}
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	tls->ssl = kp_tls_server_begin(server, kp_loop_index(stream->loop), &tls->peer);
	if (tls->ssl == NULL) {
		BIO_free(bio);
		return KP_E_MEMORY;
	}
	SSL_set_bio(tls->ssl, bio, bio);
	kp_tls_handshake_add(stream);
	kp_stream_read_socket(stream, true);
	return KP_OK;
}

void
kp_tls_stream_close(struct kp_stream *stream)
{
	struct kp_tls_stream *tls = stream->tls;
	kp_tls_handshake_remove(stream);
	if (tls->state == KP_TLS_OPEN && tls->plain_left == 0 && !tls->send_busy) {
		ERR_clear_error();
		(void)SSL_shutdown(tls->ssl);
		kp_tls_flush(stream);
	}
}

void
kp_tls_stream_free(struct kp_stream *stream)
{
	struct kp_tls_stream *tls = stream->tls;
	if (tls == NULL) {
		return;
	}
	kp_loop_undefer(stream->loop, &tls->more);
	kp_loop_undefer(stream->loop, &tls->write_more);
	kp_tls_handshake_remove(stream);
	SSL_free(tls->ssl);
	bytes_free(&tls->kept);
	bytes_free(&tls->waiting);
	bytes_free(&tls->sending);
	kp_tls_server_unref(&tls->peer.server);
	stream->tls = NULL;
	kp_heap_free(tls);
}
