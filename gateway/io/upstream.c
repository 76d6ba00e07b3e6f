/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * upstream: calls to partners, from start to on_done. See upstream.h for the contract and
 * upstream_private.h for how the work is divided.
 *
 * A call waits in its target's queue, runs on a transfer, and is finished: by libcurl, a
 * timer, a cancel or a refusing handler. Whatever finished it, one task, run by the loop
 * outside every callback, takes the handle back from libcurl and tells on_done.
 */
#include "io/upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/heap.h"
#include "io/upstream_private.h"

#define HEAD_BYTES_FIRST ((size_t)2048)
#define LINE_BYTES_MAX ((size_t)32768)
/* Larger bodies make libcurl ask "Expect: 100-continue", which costs a round trip. */
#define EXPECT_BODY_BYTES ((size_t)1024 * 1024)

/* Lists of calls. */

static void
push(struct kp_call_list *list, struct kp_upstream_call *call)
{
	call->next = NULL;
	call->prev = list->last;
	*(list->last == NULL ? &list->first : &list->last->next) = call;
	list->last = call;
	list->count++;
}

static void
unlink_call(struct kp_call_list *list, struct kp_upstream_call *call)
{
	*(call->prev == NULL ? &list->first : &call->prev->next) = call->next;
	*(call->next == NULL ? &list->last : &call->next->prev) = call->prev;
	list->count--;
}

void
kp_upstream_wake(struct kp_upstream *upstream)
{
	kp_loop_defer(upstream->loop, &upstream->task);
}

void
kp_upstream_target_ready(struct kp_upstream_target *target)
{
	if (!target->ready && target->waiting.first != NULL) {
		struct kp_upstream *upstream = target->upstream;
		target->ready = true;
		target->next_ready = upstream->ready;
		upstream->ready = target;
		kp_upstream_wake(upstream);
	}
}

/* The end of a call. */

void
kp_upstream_call_finish(struct kp_upstream_call *call, enum kp_status status, int cause,
	const char *reason)
{
	struct kp_upstream_target *target = call->target;
	if (call->state == KP_CALL_FINISHED) {
		return;
	}
	unlink_call(call->state == KP_CALL_WAITING ? &target->waiting : &target->running,
		call);
	call->state = KP_CALL_FINISHED;
	call->status = status;
	call->cause = cause;
	call->reason = reason;
	push(&target->upstream->finished, call);
	kp_upstream_wake(target->upstream);
}

/*
 * libcurl asks again, on a new connection, when a kept one turns out to be dead, but
 * counts these retries over the life of the handle and gives up at five
 * (github.com/curl/curl/pull/19066). A handle that opened connections is not kept long.
 */
#define OPENED_MAX 2

static void
recycle_transfer(struct kp_upstream_transfer *transfer)
{
	struct kp_upstream_target *target = transfer->target;
	if (transfer->opened >= OPENED_MAX) {
		kp_upstream_transfer_destroy(transfer);
		return;
	}
	kp_wipe(transfer->head, transfer->head_len);
	kp_wipe(transfer->lines, transfer->lines_used);
	transfer->head_len = 0;
	transfer->lines_used = 0;
	transfer->next_free = target->free_transfers;
	target->free_transfers = transfer;
}

/* What was sent and received is client data: nothing of it stays for the next call. */
static void
release_transfer(struct kp_upstream_call *call)
{
	struct kp_upstream_transfer *transfer = call->transfer;
	struct kp_upstream_target *target = call->target;
	if (transfer == NULL) {
		return;
	}
	call->transfer = NULL;
	transfer->call = NULL;
	(void)curl_multi_remove_handle(transfer->shard->multi, transfer->easy);
	transfer->shard->active--;
	if (call->status != KP_OK) {
		/* Perhaps it never came to use the addresses it was given. */
		transfer->shard->resolve_round = 0;
	}
	transfer->shard->used_us = kp_loop_now_us(target->upstream->loop);
	transfer->shard = NULL;
	transfer->opened += call->opened;
	recycle_transfer(transfer);
}

static void
tell_done(struct kp_upstream_call *call)
{
	struct kp_upstream_target *target = call->target;
	struct kp_error err = {0};
	uint64_t now_us = kp_loop_now_us(target->upstream->loop);
	call->timing.total_us = now_us - call->started_us;
	call->timing.reused = call->first_seen && !call->opened;
	if (call->status != KP_OK) {
		(void)kp_error_set(&err, call->status, "%s",
			call->reason != NULL ? call->reason
					     : "the answer was not accepted");
		err.cause = call->cause;
		kp_error_at(&err, target->name, 0, 0, NULL);
	}
	call->handler->on_done(call->owner, call->status, &call->timing, &err);
}

static void
settle(struct kp_upstream_call *call)
{
	struct kp_upstream_target *target = call->target;
	struct kp_upstream *upstream = target->upstream;
	KP_REQUIRE(call->magic == KP_UPSTREAM_CALL_MAGIC &&
		call->state == KP_CALL_FINISHED && !upstream->inside_start);
	unlink_call(&upstream->finished, call);
	release_transfer(call);
	kp_timer_stop(upstream->loop, &call->timer);
	kp_upstream_target_ready(target);
	tell_done(call);
	*call = (struct kp_upstream_call){.next = upstream->spare};
	upstream->spare = call;
	target->calls--;
	if (--upstream->calls == 0) {
		kp_loop_unhold(upstream->loop);
	}
	if (target->closed && target->calls == 0) {
		upstream->closing = true;
		kp_upstream_wake(upstream);
	}
}

/* libcurl's outcomes as ours. */
static enum kp_status
curl_status(CURLcode code)
{
	if (code == CURLE_OK) {
		return KP_OK;
	}
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
		code == CURLE_SSL_CONNECT_ERROR ||
		code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
		code == CURLE_SSL_CIPHER) {
		return KP_E_SOURCE_UNREACHABLE;
	}
	if (code == CURLE_OPERATION_TIMEDOUT) {
		return KP_E_TIMEOUT;
	}
	return code == CURLE_OUT_OF_MEMORY ? KP_E_MEMORY : KP_E_SOURCE;
}

static void
finish_by_curl(struct kp_upstream_call *call, CURLcode code)
{
	if (call->state == KP_CALL_FINISHED) {
		return;
	}
	if (call->status != KP_OK) {
		/* A handler or a cap said no; libcurl only reports that it was told. */
		kp_upstream_call_finish(call, call->status, 0, call->reason);
		return;
	}
	enum kp_status status = curl_status(code);
	if (status == KP_OK && !call->head_done) {
		status = KP_E_SOURCE;
	}
	const char *reason = call->reason;
	if (status != KP_OK && reason == NULL) {
		reason = curl_easy_strerror(code);
	}
	kp_upstream_call_finish(call, status, (int)code, reason);
}

void
kp_upstream_reap(struct kp_upstream_shard *shard)
{
	int left = 0;
	CURLMsg *message = NULL;
	while ((message = curl_multi_info_read(shard->multi, &left)) != NULL) {
		char *private = NULL;
		CURLcode code = message->data.result;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		struct kp_upstream_transfer *transfer =
			(struct kp_upstream_transfer *)(void *)private;
		if (transfer->call != NULL) {
			finish_by_curl(transfer->call, code);
		}
	}
}

static void
on_deadline(struct kp_timer *timer)
{
	struct kp_upstream_call *call =
		KP_CONTAINER_OF(timer, struct kp_upstream_call, timer);
	struct kp_loop *loop = call->target->upstream->loop;
	uint64_t now_us = kp_loop_now_us(loop);
	if (now_us >= call->deadline_us) {
		kp_upstream_call_finish(call, KP_E_TIMEOUT, 0,
			call->state == KP_CALL_WAITING
				? "no connection became free in time"
				: "no complete answer came in time");
		return;
	}
	curl_off_t connected_us = 0;
	if (call->transfer != NULL) {
		(void)curl_easy_getinfo(
			call->transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
	}
	if (connected_us > 0) {
		kp_timer_start(loop, timer, call->deadline_us - now_us);
	} else {
		kp_upstream_call_finish(call, KP_E_SOURCE_UNREACHABLE, 0,
			"no connection came about in time");
	}
}

/* The answer. These run inside libcurl: they note and hand on, and never call it. */

static size_t
refuse(struct kp_upstream_call *call, enum kp_status status, const char *reason)
{
	if (call->status == KP_OK) {
		call->status = status;
		call->reason = reason;
	}
	return 0;
}

static bool
keep_head(struct kp_upstream_transfer *transfer, const char *bytes, size_t len)
{
	size_t needed = transfer->head_len + len;
	if (needed > transfer->head_capacity) {
		size_t capacity = transfer->head_capacity == 0 ? HEAD_BYTES_FIRST
							       : transfer->head_capacity;
		while (capacity < needed) {
			capacity *= 2;
		}
		char *head = kp_heap_realloc(transfer->head, capacity);
		if (head == NULL) {
			return false;
		}
		transfer->head = head;
		transfer->head_capacity = capacity;
	}
	memcpy(transfer->head + transfer->head_len, bytes, len);
	transfer->head_len = needed;
	return true;
}

static struct kp_slice
trim(struct kp_slice text)
{
	while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]) != NULL) {
		text.len--;
	}
	return text;
}

/* Cuts the head, after its status line, into fields. False: too many. */
static bool
split_head(struct kp_slice head, struct kp_upstream_header *headers, size_t *ret_count)
{
	size_t count = 0;
	bool first = true;
	while (head.len > 0) {
		const char *end = memchr(head.data, '\n', head.len);
		size_t len = end == NULL ? head.len : (size_t)(end - head.data) + 1;
		struct kp_slice line = {head.data, len};
		head.data += len;
		head.len -= len;
		const char *colon = first ? NULL : memchr(line.data, ':', line.len);
		first = false;
		if (colon == NULL) {
			continue;
		}
		if (count == KP_UPSTREAM_HEADERS_MAX) {
			return false;
		}
		size_t name_len = (size_t)(colon - line.data);
		headers[count].name = (struct kp_slice){line.data, name_len};
		headers[count].value =
			trim((struct kp_slice){colon + 1, line.len - name_len - 1});
		count++;
	}
	*ret_count = count;
	return true;
}

static bool
name_is(const struct kp_upstream_header *header, const char *name)
{
	return header->name.len == strlen(name) &&
		strncasecmp(header->name.data, name, header->name.len) == 0;
}

/* Where the answer ends must be said once: libcurl takes the last of two lengths, and the
 * rest would be the next question's answer (RFC 9112, section 6.3). */
static bool
framing_clear(const struct kp_upstream_header *headers, size_t count)
{
	unsigned lengths = 0;
	unsigned codings = 0;
	for (size_t i = 0; i < count; i++) {
		lengths += name_is(&headers[i], "content-length") ? 1 : 0;
		codings += name_is(&headers[i], "transfer-encoding") ? 1 : 0;
	}
	return lengths + codings <= 1;
}

static size_t
tell_head(struct kp_upstream_transfer *transfer, size_t taken)
{
	struct kp_upstream_call *call = transfer->call;
	long code = 0;
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &code);
	if (code < 200) {
		transfer->head_len = 0; /* an interim answer; the real one follows */
		return taken;
	}
	struct kp_upstream_header headers[KP_UPSTREAM_HEADERS_MAX];
	size_t count = 0;
	struct kp_slice head = {transfer->head, transfer->head_len};
	if (!split_head(head, headers, &count)) {
		return refuse(call, KP_E_SOURCE, "the answer has too many header fields");
	}
	if (!framing_clear(headers, count)) {
		return refuse(call, KP_E_SOURCE,
			"the answer says more than once where it ends");
	}
	call->head_done = true;
	enum kp_status status =
		call->handler->on_head(call->owner, (uint32_t)code, headers, count);
	return status == KP_OK ? taken : refuse(call, status, NULL);
}

size_t
kp_upstream_on_header(char *bytes, size_t size, size_t count, void *data)
{
	struct kp_upstream_transfer *transfer = data;
	struct kp_upstream_call *call = transfer->call;
	size_t len = size * count;
	if (call == NULL || call->state != KP_CALL_RUNNING) {
		return 0;
	}
	if (!call->first_seen) {
		call->first_seen = true;
		call->timing.first_us =
			kp_loop_now_us(call->target->upstream->loop) - call->started_us;
	}
	/* Interim answers and trailers count as well, or they could come without end. */
	if (len > call->target->head_bytes_max - call->head_bytes) {
		return refuse(call, KP_E_SOURCE,
			"the answer's header fields are larger than head_bytes_max");
	}
	call->head_bytes += len;
	if (call->head_done) {
		return len; /* a trailer, of no use to us */
	}
	if (!keep_head(transfer, bytes, len)) {
		return refuse(call, KP_E_MEMORY, "no memory for the answer's head");
	}
	bool end = len <= 2 && (bytes[0] == '\r' || bytes[0] == '\n');
	return end ? tell_head(transfer, len) : len;
}

size_t
kp_upstream_on_body(char *bytes, size_t size, size_t count, void *data)
{
	struct kp_upstream_transfer *transfer = data;
	struct kp_upstream_call *call = transfer->call;
	size_t len = size * count;
	if (call == NULL || call->state != KP_CALL_RUNNING || !call->head_done) {
		return 0;
	}
	if (len > call->request->body_bytes_max - call->timing.bytes) {
		return refuse(call, KP_E_SOURCE, "the answer is larger than allowed");
	}
	call->timing.bytes += len;
	enum kp_status status =
		call->handler->on_body(call->owner, (struct kp_slice){bytes, len});
	return status == KP_OK ? len : refuse(call, status, NULL);
}

/* The question. */

static bool
token_byte(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= '0' && byte <= '9') ||
		(byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static bool
token_valid(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!token_byte((unsigned char)text.data[i])) {
			return false;
		}
	}
	return text.len > 0;
}

/* What a connector made of a template must not become a second header field. */
static bool
line_valid(struct kp_slice text, unsigned char lowest)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if ((byte < lowest && byte != '\t') || byte == 0x7f ||
			(byte == '\t' && lowest > ' ')) {
			return false;
		}
	}
	return text.len <= LINE_BYTES_MAX;
}

static bool
request_valid(const struct kp_upstream_request *request)
{
	if (!token_valid(request->method) || !line_valid(request->target, '!') ||
		request->header_count > KP_UPSTREAM_HEADERS_MAX) {
		return false;
	}
	if (request->target.len > 0 && request->target.data[0] != '/' &&
		request->target.data[0] != '?') {
		return false;
	}
	for (size_t i = 0; i < request->header_count; i++) {
		if (!token_valid(request->headers[i].name) ||
			!line_valid(request->headers[i].value, ' ')) {
			return false;
		}
	}
	return true;
}

static size_t
lines_needed(const struct kp_upstream_transfer *transfer,
	const struct kp_upstream_request *request)
{
	size_t needed = strlen(transfer->target->base) + request->target.len + 2;
	needed += request->method.len + 1;
	for (size_t i = 0; i < request->header_count; i++) {
		needed +=
			request->headers[i].name.len + request->headers[i].value.len + 3;
	}
	return needed;
}

static bool
make_room(
	struct kp_upstream_transfer *transfer, const struct kp_upstream_request *request)
{
	size_t needed = lines_needed(transfer, request);
	if (needed > transfer->lines_capacity) {
		char *lines = kp_heap_alloc(needed * 2);
		if (lines == NULL) {
			return false;
		}
		kp_heap_free(transfer->lines);
		transfer->lines = lines;
		transfer->lines_capacity = needed * 2;
	}
	size_t nodes_needed = request->header_count + 1;
	if (nodes_needed > transfer->nodes_capacity) {
		struct curl_slist *nodes =
			kp_heap_calloc(nodes_needed * 2, sizeof(*nodes));
		if (nodes == NULL) {
			return false;
		}
		kp_heap_free(transfer->nodes);
		transfer->nodes = nodes;
		transfer->nodes_capacity = nodes_needed * 2;
	}
	return true;
}

static void
put(struct kp_upstream_transfer *transfer, struct kp_slice text)
{
	if (text.len > 0) {
		memcpy(transfer->lines + transfer->lines_used, text.data, text.len);
		transfer->lines_used += text.len;
	}
}

static char *
put_request_target(struct kp_upstream_transfer *transfer, struct kp_slice rest)
{
	char *at = transfer->lines + transfer->lines_used;
	struct kp_slice base = kp_slice_from(transfer->target->base);
	put(transfer, base);
	if (base.len == 0 && (rest.len == 0 || rest.data[0] == '?')) {
		put(transfer, KP_SLICE("/"));
	}
	put(transfer, rest);
	put(transfer, (struct kp_slice){"", 1});
	return at;
}

/* The list libcurl walks is made in place: nothing is allocated per field. */
static struct curl_slist *
put_headers(
	struct kp_upstream_transfer *transfer, const struct kp_upstream_request *request)
{
	struct curl_slist *next = transfer->target->fixed;
	static char no_expect[] = "Expect:";
	if (request->body.len > EXPECT_BODY_BYTES) {
		transfer->nodes[request->header_count] =
			(struct curl_slist){no_expect, next};
		next = &transfer->nodes[request->header_count];
	}
	for (size_t i = request->header_count; i-- > 0;) {
		const struct kp_upstream_header *header = &request->headers[i];
		transfer->nodes[i].data = transfer->lines + transfer->lines_used;
		transfer->nodes[i].next = next;
		next = &transfer->nodes[i];
		put(transfer, header->name);
		/* "Name:" would take a field away, "Name;" sends it empty. */
		put(transfer, header->value.len > 0 ? KP_SLICE(": ") : KP_SLICE(";"));
		put(transfer, header->value);
		put(transfer, (struct kp_slice){"", 1});
	}
	return next;
}

static CURLcode
set_method(
	struct kp_upstream_transfer *transfer, const struct kp_upstream_request *request)
{
	CURL *easy = transfer->easy;
	bool post = kp_slice_is(request->method, "POST");
	bool custom = !post && !kp_slice_is(request->method, "GET") &&
		!kp_slice_is(request->method, "HEAD");
	CURLcode code = CURLE_OK;
	if (custom || transfer->method_custom) {
		char *name = transfer->lines + transfer->lines_used;
		put(transfer, request->method);
		put(transfer, (struct kp_slice){"", 1});
		code = curl_easy_setopt(
			easy, CURLOPT_CUSTOMREQUEST, custom ? name : NULL);
		transfer->method_custom = custom;
	}
	if (code == CURLE_OK && (post || request->body.len > 0)) {
		code = curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
		const char *body = request->body.len > 0 ? request->body.data : "";
		if (code == CURLE_OK) {
			code = curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
		}
	} else if (code == CURLE_OK && kp_slice_is(request->method, "HEAD")) {
		code = curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	} else if (code == CURLE_OK) {
		code = curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	}
	return code;
}

static bool
prepare(struct kp_upstream_transfer *transfer, const struct kp_upstream_request *request)
{
	CURL *easy = transfer->easy;
	if (!make_room(transfer, request)) {
		return false;
	}
	char *target = put_request_target(transfer, request->target);
	struct curl_slist *headers = put_headers(transfer, request);
	return curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, target) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
		set_method(transfer, request) == CURLE_OK;
}

static struct kp_upstream_transfer *
take_transfer(struct kp_upstream_target *target)
{
	struct kp_upstream_transfer *transfer = target->free_transfers;
	if (transfer == NULL) {
		return kp_upstream_transfer_create(target);
	}
	target->free_transfers = transfer->next_free;
	transfer->next_free = NULL;
	return transfer;
}

/* Addresses go into the multi's own cache, with the first transfer that knows them. */
static bool
give_addresses(struct kp_upstream_shard *shard, struct kp_upstream_transfer *transfer)
{
	struct kp_upstream_target *target = shard->target;
	if (target->literal || shard->resolve_round == target->resolve_round) {
		return true;
	}
	if (curl_easy_setopt(transfer->easy, CURLOPT_RESOLVE, &target->resolved) !=
		CURLE_OK) {
		return false;
	}
	shard->resolve_round = target->resolve_round;
	return true;
}

static bool
add(struct kp_upstream_call *call, struct kp_upstream_transfer *transfer)
{
	struct kp_upstream_shard *shard = kp_upstream_shard_pick(call->target);
	if (shard == NULL || !prepare(transfer, call->request) ||
		!give_addresses(shard, transfer)) {
		return false;
	}
	transfer->call = call;
	transfer->shard = shard;
	call->transfer = transfer;
	call->state = KP_CALL_RUNNING;
	shard->active++;
	unlink_call(&call->target->waiting, call);
	push(&call->target->running, call);
	if (curl_multi_add_handle(shard->multi, transfer->easy) != CURLM_OK) {
		kp_upstream_call_finish(call, KP_E_MEMORY, 0, "no memory for a call");
	}
	return true;
}

static void
run_call(struct kp_upstream_call *call)
{
	struct kp_upstream_target *target = call->target;
	call->timing.waited_us =
		kp_loop_now_us(target->upstream->loop) - call->started_us;
	if (!target->literal && target->resolved_text == NULL) {
		kp_upstream_call_finish(call, KP_E_SOURCE_UNREACHABLE, 0,
			"the partner's name has no address");
		return;
	}
	struct kp_upstream_transfer *transfer = take_transfer(target);
	if (transfer == NULL || !add(call, transfer)) {
		if (transfer != NULL) {
			kp_upstream_transfer_destroy(transfer);
		}
		kp_upstream_call_finish(call, KP_E_MEMORY, 0, "no memory for a call");
	}
}

/* The task: everything that may not happen inside a callback. */

static bool
has_room(const struct kp_upstream_target *target)
{
	return target->calls - target->waiting.count < target->connections_max;
}

static void
run_ready(struct kp_upstream *upstream)
{
	while (upstream->ready != NULL) {
		struct kp_upstream_target *target = upstream->ready;
		upstream->ready = target->next_ready;
		target->next_ready = NULL;
		target->ready = false;
		if (target->waiting.first == NULL ||
			!kp_upstream_target_resolved(target)) {
			continue;
		}
		while (target->waiting.first != NULL && has_room(target)) {
			run_call(target->waiting.first);
		}
	}
}

static void
run_kicks(struct kp_upstream *upstream)
{
	struct kp_upstream_shard *kicks = upstream->kicks;
	upstream->kicks = NULL;
	while (kicks != NULL) {
		struct kp_upstream_shard *shard = kicks;
		kicks = shard->next_kick;
		shard->next_kick = NULL;
		shard->kick = false;
		kp_upstream_shard_kick(shard);
	}
}

static void
close_if_unused(struct kp_upstream *upstream)
{
	struct kp_upstream_target *next = NULL;
	upstream->closing = false;
	for (struct kp_upstream_target *target = upstream->targets; target != NULL;
		target = next) {
		next = target->next;
		if (target->closed && target->calls == 0) {
			kp_upstream_target_free(target);
		}
	}
}

/* Only what was finished when the round began: what on_done starts comes later. */
static void
run_finished(struct kp_upstream *upstream)
{
	for (uint32_t left = upstream->finished.count; left > 0; left--) {
		settle(upstream->finished.first);
	}
}

static void
run_task(struct kp_task *task)
{
	struct kp_upstream *upstream = KP_CONTAINER_OF(task, struct kp_upstream, task);
	run_finished(upstream);
	run_ready(upstream);
	run_kicks(upstream);
	if (upstream->closing) {
		close_if_unused(upstream);
		kp_upstream_release(upstream);
	}
}

/* Start and cancel. */

static struct kp_upstream_call *
take_call(struct kp_upstream *upstream)
{
	struct kp_upstream_call *call = upstream->spare;
	if (call == NULL) {
		return kp_heap_calloc(1, sizeof(*call));
	}
	upstream->spare = call->next;
	call->next = NULL;
	return call;
}

enum kp_status
kp_upstream_start(struct kp_upstream_target *target,
	const struct kp_upstream_request *request,
	const struct kp_upstream_handler *handler, void *owner,
	struct kp_upstream_call **ret_call)
{
	struct kp_upstream *upstream = target->upstream;
	KP_REQUIRE(!target->closed);
	if (!request_valid(request)) {
		return KP_E_INVALID;
	}
	if (target->calls >= (uint64_t)target->connections_max + target->waiting_max) {
		return KP_E_BUSY;
	}
	struct kp_upstream_call *call = take_call(upstream);
	if (call == NULL) {
		return KP_E_MEMORY;
	}
	uint64_t now_us = kp_loop_now_us(upstream->loop);
	*call = (struct kp_upstream_call){
		.target = target,
		.request = request,
		.handler = handler,
		.owner = owner,
		.started_us = now_us,
		.deadline_us = now_us + (uint64_t)request->timeout_ms * 1000,
		.timer.fire = on_deadline,
	};
	upstream->inside_start = true;
	push(&target->waiting, call);
	target->calls++;
	target->started++;
	if (upstream->calls++ == 0) {
		kp_loop_hold(upstream->loop);
	}
	kp_timer_start(
		upstream->loop, &call->timer, (uint64_t)request->timeout_ms * 1000);
	kp_upstream_target_ready(target);
	call->magic = KP_UPSTREAM_CALL_MAGIC;
	upstream->inside_start = false;
	*ret_call = call;
	return KP_OK;
}

void
kp_upstream_cancel(struct kp_upstream_call *call)
{
	KP_REQUIRE(call->magic == KP_UPSTREAM_CALL_MAGIC);
	kp_upstream_call_finish(call, KP_E_CANCELLED, 0, "the call was cancelled");
}

void
kp_upstream_target_counts(
	const struct kp_upstream_target *target, struct kp_upstream_counts *ret_counts)
{
	*ret_counts = (struct kp_upstream_counts){
		.started = target->started,
		.connections_opened = target->connections_opened,
		.active = target->running.count,
		.waiting = target->waiting.count,
	};
}

/* Life. */

void
kp_upstream_target_close(struct kp_upstream_target **target_at)
{
	struct kp_upstream_target *target = *target_at;
	if (target == NULL) {
		return;
	}
	*target_at = NULL;
	target->closed = true;
	target->upstream->closing = true;
	kp_upstream_wake(target->upstream);
}

enum kp_status
kp_upstream_create(
	struct kp_loop *loop, struct kp_upstream **ret_upstream, struct kp_error *err)
{
	struct kp_upstream *upstream = kp_heap_calloc(1, sizeof(*upstream));
	if (upstream == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for partner calls");
	}
	upstream->loop = loop;
	upstream->task.run = run_task;
	*ret_upstream = upstream;
	return KP_OK;
}

void
kp_upstream_release(struct kp_upstream *upstream)
{
	if (!upstream->destroyed || upstream->targets != NULL ||
		upstream->sockets_open > 0) {
		return;
	}
	kp_loop_undefer(upstream->loop, &upstream->task);
	while (upstream->spare != NULL) {
		struct kp_upstream_call *call = upstream->spare;
		upstream->spare = call->next;
		kp_heap_free(call);
	}
	kp_heap_free(upstream->sockets);
	kp_heap_free(upstream);
}

static void
cancel_all(struct kp_call_list *list)
{
	while (list->first != NULL) {
		kp_upstream_cancel(list->first);
	}
}

void
kp_upstream_destroy(struct kp_upstream **upstream_at)
{
	struct kp_upstream *upstream = *upstream_at;
	if (upstream == NULL) {
		return;
	}
	*upstream_at = NULL;
	upstream->destroyed = true;
	upstream->closing = true;
	for (struct kp_upstream_target *target = upstream->targets; target != NULL;
		target = target->next) {
		target->closed = true;
		cancel_all(&target->waiting);
		cancel_all(&target->running);
	}
	kp_upstream_wake(upstream);
}
