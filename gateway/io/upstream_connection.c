/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * upstream_connection: one connection to a partner, from opening to closing. libcurl
 * opens it; then questions go out and answers come in here, one at a time. A connection
 * whose answer ended as it should, and that allows it, is kept for the next call.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "core/heap.h"
#include "io/upstream_private.h"

/* Certificates, keys and addresses change; a connection does not live for ever. */
#define CONNECTION_LIFE_US ((uint64_t)1800 * 1000000)
/* While libcurl connects it needs next to nothing; then it is what curl_easy_recv gives
 * at a time, into our own buffer. */
#define OPENING_BUFFER_BYTES 1024L

/* Idle connections. */

static void
make_idle(struct kp_upstream_connection *connection)
{
	struct kp_upstream_target *target = connection->target;
	connection->call = NULL;
	connection->used = true;
	connection->used_us = kp_loop_now_us(target->upstream->loop);
	connection->prev = NULL;
	connection->next = target->idle;
	*(connection->next == NULL ? &target->idle_last : &connection->next->prev) =
		connection;
	target->idle = connection;
}

static void
leave_idle(struct kp_upstream_connection *connection)
{
	struct kp_upstream_target *target = connection->target;
	*(connection->prev == NULL ? &target->idle : &connection->prev->next) =
		connection->next;
	*(connection->next == NULL ? &target->idle_last : &connection->next->prev) =
		connection->prev;
	connection->next = NULL;
	connection->prev = NULL;
}

static void
close_one_idle(struct kp_upstream_connection *connection)
{
	leave_idle(connection);
	kp_upstream_connection_close(connection);
}

void
kp_upstream_close_idle(struct kp_upstream_target *target, uint64_t since_us)
{
	while (target->idle_last != NULL && target->idle_last->used_us <= since_us) {
		close_one_idle(target->idle_last);
	}
}

/* Opening. */

static void
set_options(struct kp_upstream_connection *connection)
{
	CURL *easy = connection->easy;
	(void)curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
	(void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, OPENING_BUFFER_BYTES);
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, connection);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, kp_upstream_open_socket);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, connection);
	(void)curl_easy_setopt(
		easy, CURLOPT_CLOSESOCKETFUNCTION, kp_upstream_close_socket);
	(void)curl_easy_setopt(
		easy, CURLOPT_CLOSESOCKETDATA, connection->target->upstream);
}

/* Addresses go into the multi's own cache, with the first handle that knows them. */
static bool
give_addresses(struct kp_upstream_connection *connection)
{
	struct kp_upstream_shard *shard = connection->shard;
	struct kp_upstream_target *target = connection->target;
	if (target->literal || shard->resolve_round == target->resolve_round) {
		return true;
	}
	if (curl_easy_setopt(connection->easy, CURLOPT_RESOLVE, &target->resolved) !=
		CURLE_OK) {
		return false;
	}
	shard->resolve_round = target->resolve_round;
	return true;
}

static bool
open_connection(struct kp_upstream_call *call)
{
	struct kp_upstream_target *target = call->target;
	struct kp_upstream_connection *connection =
		kp_heap_calloc(1, sizeof(*connection));
	if (connection == NULL) {
		return false;
	}
	connection->target = target;
	connection->easy = curl_easy_init();
	connection->shard = kp_upstream_shard_pick(target);
	bool fine = connection->easy != NULL && connection->shard != NULL &&
		kp_upstream_target_secure(target, connection->easy);
	if (fine) {
		set_options(connection);
		connection->call = call;
		fine = give_addresses(connection) &&
			curl_multi_add_handle(
				connection->shard->multi, connection->easy) == CURLM_OK;
	}
	if (!fine) {
		curl_easy_cleanup(connection->easy);
		kp_heap_free(connection);
		return false;
	}
	connection->shard->connections++;
	connection->opened_us = kp_loop_now_us(target->upstream->loop);
	call->connection = connection;
	return true;
}

void
kp_upstream_connection_close(struct kp_upstream_connection *connection)
{
	(void)curl_multi_remove_handle(connection->shard->multi, connection->easy);
	curl_easy_cleanup(connection->easy);
	connection->shard->connections--;
	kp_heap_free(connection->out.data);
	kp_heap_free(connection->head.data);
	kp_heap_free(connection);
}

/* The end of an answer, or of a connection. */

static bool
running(const struct kp_upstream_connection *connection)
{
	return connection->call != NULL && connection->call->state == KP_CALL_RUNNING;
}

/* A kept connection may have been closed while the question was on its way: then it was
 * most likely not taken, and unless that matters it is asked once more. */
static bool
may_go_again(const struct kp_upstream_connection *connection)
{
	const struct kp_upstream_call *call = connection->call;
	return connection->used && !call->first_seen && !call->fresh &&
		(!call->request->once || connection->out_sent == 0);
}

/* Nothing more will come. */
static void
break_off(struct kp_upstream_connection *connection, CURLcode code)
{
	struct kp_upstream_call *call = connection->call;
	connection->answer.keep_alive = false;
	if (!running(connection)) {
		return;
	}
	if (may_go_again(connection)) {
		kp_upstream_call_again(call);
		kp_upstream_connection_close(connection);
		return;
	}
	kp_upstream_call_finish(call, KP_E_SOURCE, (int)code,
		code == CURLE_PARTIAL_FILE ? "the answer broke off"
					   : curl_easy_strerror(code));
}

static void
end_of_stream(struct kp_upstream_connection *connection)
{
	struct kp_upstream_call *call = connection->call;
	bool whole = running(connection) && call->head_done &&
		connection->answer.framing == KP_HTTP_FRAMING_CLOSE;
	if (whole) {
		connection->answer.keep_alive = false;
		kp_upstream_call_finish(call, KP_OK, 0, NULL);
	} else {
		break_off(connection,
			running(connection) && call->first_seen ? CURLE_PARTIAL_FILE
								: CURLE_GOT_NOTHING);
	}
}

/* The answer may not be used. */
static void
refuse(struct kp_upstream_call *call, enum kp_status status, const char *reason)
{
	if (call->state == KP_CALL_RUNNING) {
		kp_upstream_call_finish(call, status, 0, reason);
	}
}

/* Sending. */

static struct kp_slice
left_to_send(const struct kp_upstream_connection *connection)
{
	size_t sent = connection->out_sent;
	if (sent < connection->out.len) {
		return (struct kp_slice){
			connection->out.data + sent, connection->out.len - sent};
	}
	sent -= connection->out.len;
	return sent == connection->out_body.len
		? (struct kp_slice){NULL, 0}
		: (struct kp_slice){connection->out_body.data + sent,
			  connection->out_body.len - sent};
}

/* curl_easy_send and curl_easy_recv search libcurl's connections each time; a plain
 * socket needs neither. */
static CURLcode
send_bytes(struct kp_upstream_connection *connection, struct kp_slice bytes,
	size_t *ret_sent)
{
	if (connection->target->tls) {
		return curl_easy_send(connection->easy, bytes.data, bytes.len, ret_sent);
	}
	ssize_t sent = send(kp_upstream_socket_fd(connection->socket), bytes.data,
		bytes.len, MSG_NOSIGNAL);
	if (sent < 0) {
		return errno == EAGAIN || errno == EINTR ? CURLE_AGAIN : CURLE_SEND_ERROR;
	}
	*ret_sent = (size_t)sent;
	return CURLE_OK;
}

static CURLcode
receive_bytes(struct kp_upstream_connection *connection, char *buffer, size_t *ret_got)
{
	if (connection->target->tls) {
		return curl_easy_recv(
			connection->easy, buffer, KP_LOOP_READ_BYTES, ret_got);
	}
	ssize_t got = recv(
		kp_upstream_socket_fd(connection->socket), buffer, KP_LOOP_READ_BYTES, 0);
	if (got < 0) {
		return errno == EAGAIN || errno == EINTR ? CURLE_AGAIN : CURLE_RECV_ERROR;
	}
	*ret_got = (size_t)got;
	return CURLE_OK;
}

static void
send_more(struct kp_upstream_connection *connection)
{
	struct kp_slice rest;
	while ((rest = left_to_send(connection)).len > 0) {
		size_t sent = 0;
		CURLcode code = send_bytes(connection, rest, &sent);
		if (code == CURLE_AGAIN) {
			kp_upstream_socket_watch(
				connection->socket, UV_READABLE | UV_WRITABLE);
			return;
		}
		if (code != CURLE_OK) {
			break_off(connection, code);
			return;
		}
		connection->out_sent += sent;
	}
	kp_upstream_socket_watch(connection->socket, UV_READABLE);
}

static void
begin(struct kp_upstream_connection *connection)
{
	struct kp_upstream_call *call = connection->call;
	connection->answer = (struct kp_http_answer){
		.head_request = kp_slice_is(call->request->method, "HEAD"),
		.trailer_bytes_max = connection->target->head_bytes_max,
	};
	if (!kp_upstream_request_write(connection, call->request)) {
		kp_upstream_call_finish(call, KP_E_MEMORY, 0, "no memory for a call");
		return;
	}
	send_more(connection);
}

/* Receiving. */

/* An interim answer is passed over, a final one told. */
static void
take_head(struct kp_upstream_connection *connection, struct kp_slice head)
{
	struct kp_upstream_call *call = connection->call;
	struct kp_upstream *upstream = connection->target->upstream;
	struct kp_http_answer *answer = &connection->answer;
	const char *fault = NULL;
	call->head_bytes += head.len;
	if (kp_http_answer_read_head(answer, head, upstream->fields,
		    KP_UPSTREAM_HEADERS_MAX, &fault) != KP_OK) {
		refuse(call, KP_E_SOURCE, fault);
		return;
	}
	if (answer->interim) {
		return;
	}
	answer->trailer_bytes_max = connection->target->head_bytes_max - call->head_bytes;
	for (size_t i = 0; i < answer->header_count; i++) {
		upstream->headers[i].name = upstream->fields[i].name;
		upstream->headers[i].value = upstream->fields[i].value;
	}
	call->head_done = true;
	enum kp_status status = call->handler->on_head(
		call->owner, answer->status, upstream->headers, answer->header_count);
	if (status != KP_OK) {
		refuse(call, status, NULL);
	}
}

/* Gathers a head that comes in pieces. Gives how many of `bytes` belong to it. */
static size_t
gather_head(struct kp_upstream_connection *connection, struct kp_slice bytes)
{
	struct kp_upstream_call *call = connection->call;
	struct kp_upstream_bytes *head = &connection->head;
	size_t before = head->len;
	size_t room = connection->target->head_bytes_max - call->head_bytes;
	/* One byte more than may be, to tell "as long as allowed" from "longer". */
	size_t len = room + 1 - before < bytes.len ? room + 1 - before : bytes.len;
	if (!kp_upstream_bytes_fit(head, len)) {
		refuse(call, KP_E_MEMORY, "no memory for the answer's head");
		return bytes.len;
	}
	memcpy(head->data + before, bytes.data, len);
	head->len += len;
	struct kp_slice text = {head->data, head->len};
	size_t whole = kp_http_answer_head_len(text, before);
	if (whole > room || (whole == 0 && head->len > room)) {
		refuse(call, KP_E_SOURCE,
			"the answer's header fields are larger than head_bytes_max");
		return bytes.len;
	}
	if (whole == 0) {
		if (!kp_http_answer_plausible(text)) {
			refuse(call, KP_E_SOURCE, "the answer has no status line");
		}
		return bytes.len;
	}
	take_head(connection, (struct kp_slice){head->data, whole});
	kp_upstream_bytes_clear(head);
	return whole - before;
}

static size_t
feed_head(struct kp_upstream_connection *connection, struct kp_slice bytes)
{
	size_t room = connection->target->head_bytes_max - connection->call->head_bytes;
	size_t whole = connection->head.len > 0 ? 0 : kp_http_answer_head_len(bytes, 0);
	if (whole == 0 || whole > room) {
		return gather_head(connection, bytes);
	}
	take_head(connection, (struct kp_slice){bytes.data, whole});
	return whole;
}

static void
give_piece(struct kp_upstream_call *call, struct kp_slice piece)
{
	if (piece.len > call->request->body_bytes_max - call->timing.bytes) {
		refuse(call, KP_E_SOURCE, "the answer is larger than allowed");
		return;
	}
	call->timing.bytes += piece.len;
	enum kp_status status = call->handler->on_body(call->owner, piece);
	if (status != KP_OK) {
		refuse(call, status, NULL);
	}
}

static void
feed_body(struct kp_upstream_connection *connection, struct kp_slice bytes, size_t *used)
{
	struct kp_upstream_call *call = connection->call;
	const char *fault = NULL;
	struct kp_slice piece;
	if (kp_http_answer_read_body(&connection->answer, bytes, used, &piece, &fault) !=
		KP_OK) {
		refuse(call, KP_E_SOURCE, fault);
	} else if (piece.data != NULL) {
		give_piece(call, piece);
	}
}

static void
feed(struct kp_upstream_connection *connection, struct kp_slice bytes)
{
	struct kp_upstream_call *call = connection->call;
	size_t used = 0;
	if (running(connection) && !call->first_seen) {
		call->first_seen = true;
		call->timing.first_us =
			kp_loop_now_us(call->target->upstream->loop) - call->started_us;
	}
	while (running(connection) && used < bytes.len && !connection->answer.ended) {
		if (call->head_done) {
			feed_body(connection, bytes, &used);
		} else {
			used += feed_head(connection,
				(struct kp_slice){bytes.data + used, bytes.len - used});
		}
	}
	if (running(connection) && connection->answer.ended) {
		kp_upstream_call_finish(call, KP_OK, 0, NULL);
	}
	connection->excess = connection->excess || used < bytes.len;
}

/* False: there is nothing more to read now. */
static bool
receive_once(struct kp_upstream_connection *connection)
{
	struct kp_loop *loop = connection->target->upstream->loop;
	char *buffer = kp_loop_read_buffer(loop);
	size_t got = 0;
	CURLcode code = receive_bytes(connection, buffer, &got);
	if (code == CURLE_AGAIN) {
		return false;
	}
	if (code != CURLE_OK) {
		break_off(connection, code);
		return false;
	}
	if (got == 0) {
		end_of_stream(connection);
		return false;
	}
	kp_loop_touched(loop);
	feed(connection, (struct kp_slice){buffer, got});
	kp_wipe(buffer, got);
	/* A plain socket tells when there is more; TLS may hold it back unseen. */
	return got == KP_LOOP_READ_BYTES || connection->target->tls ||
		connection->failing;
}

/* While idle: a partner that closes, or one that talks out of turn. */
static void
listen_idle(struct kp_upstream_connection *connection)
{
	char *buffer = kp_loop_read_buffer(connection->target->upstream->loop);
	size_t got = 0;
	CURLcode code = receive_bytes(connection, buffer, &got);
	if (code != CURLE_AGAIN || connection->failing) {
		kp_wipe(buffer, got);
		close_one_idle(connection);
	}
}

void
kp_upstream_connection_event(
	struct kp_upstream_connection *connection, int code, int events)
{
	/* With a code libuv has stopped watching: what the error is shows on reading. */
	connection->failing = connection->failing || code < 0;
	if (connection->call == NULL) {
		listen_idle(connection);
		return;
	}
	if (running(connection) && (events & UV_WRITABLE) != 0 && code == 0) {
		send_more(connection);
		return; /* what can be read will be told again */
	}
	while (running(connection) && receive_once(connection)) {
	}
}

/* Beginning and ending with a call. */

void
kp_upstream_connection_opened(struct kp_upstream_connection *connection, CURLcode code)
{
	struct kp_upstream_call *call = connection->call;
	curl_socket_t fd = CURL_SOCKET_BAD;
	if (!running(connection)) {
		return;
	}
	(void)curl_easy_getinfo(connection->easy, CURLINFO_ACTIVESOCKET, &fd);
	if (code == CURLE_OK && fd != CURL_SOCKET_BAD &&
		kp_upstream_socket_adopt(connection, fd)) {
		(void)curl_easy_setopt(
			connection->easy, CURLOPT_BUFFERSIZE, (long)KP_LOOP_READ_BYTES);
		begin(connection);
		return;
	}
	enum kp_status status = KP_E_SOURCE_UNREACHABLE;
	if (code == CURLE_OK || code == CURLE_OUT_OF_MEMORY) {
		status = KP_E_MEMORY;
	} else if (code == CURLE_OPERATION_TIMEDOUT) {
		status = KP_E_TIMEOUT;
	}
	kp_upstream_call_finish(call, status, (int)code,
		call->reason != NULL ? call->reason : curl_easy_strerror(code));
}

bool
kp_upstream_connection_take(struct kp_upstream_call *call)
{
	struct kp_upstream_target *target = call->target;
	uint64_t now_us = kp_loop_now_us(target->upstream->loop);
	uint64_t idle_us = (uint64_t)target->idle_ms * 1000;
	while (!call->fresh && target->idle != NULL) {
		struct kp_upstream_connection *connection = target->idle;
		if (now_us - connection->used_us >= idle_us ||
			now_us - connection->opened_us >= CONNECTION_LIFE_US) {
			close_one_idle(connection);
			continue;
		}
		leave_idle(connection);
		connection->call = call;
		call->connection = connection;
		begin(connection);
		return true;
	}
	return open_connection(call);
}

void
kp_upstream_connection_leave(struct kp_upstream_call *call)
{
	struct kp_upstream_connection *connection = call->connection;
	if (connection == NULL) {
		return;
	}
	call->connection = NULL;
	connection->call = NULL;
	if (connection->socket == NULL) {
		/* Perhaps it never came to use the addresses it was given. */
		connection->shard->resolve_round = 0;
	}
	bool whole = call->status == KP_OK && connection->answer.ended &&
		left_to_send(connection).len == 0;
	/* What was sent and received is client data: nothing stays for the next call. */
	kp_upstream_bytes_clear(&connection->out);
	kp_upstream_bytes_clear(&connection->head);
	if (whole && connection->answer.keep_alive && !connection->excess &&
		!connection->failing) {
		make_idle(connection);
	} else {
		kp_upstream_connection_close(connection);
	}
}
