/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* player_upstream: calls to partners that exist in the script only (io/upstream.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/heap.h"
#include "io/upstream.h"
#include "player/world.h"

struct kp_upstream {
	struct kp_loop *loop;
	struct kp_upstream_call *calls; /* all that are not done */
};

struct kp_upstream_target {
	struct kp_upstream *upstream;
	char endpoint[256];
	struct kp_upstream_target_options options;
	struct kp_upstream_counts counts;
	bool closing;
};

enum call_state {
	CALL_WAITING,   /* for a connection of the pool */
	CALL_ASKED,     /* the partner has the question */
	CALL_ANSWERING, /* pieces of the body are on their way */
	CALL_OVER,      /* on_done is on its way */
};

struct kp_upstream_call {
	struct kp_upstream_target *target;
	const struct kp_upstream_request *request;
	const struct kp_upstream_handler *handler;
	void *owner;
	enum call_state state;
	enum kp_status status;
	struct kp_error error;
	struct partner *partner;
	struct answer *answer;
	size_t body_at;
	uint64_t started_us;
	uint64_t body_bytes;
	struct kp_upstream_timing timing;
	struct kp_timer timeout;
	struct kp_timer delay;
	struct kp_task task;
	struct kp_upstream_call *next;
};

static struct partner *partners;
static struct kp_upstream *upstreams[WORLD_LOOPS_MAX];

/* --- partners --- */

struct partner *
world_add_partner(const char *name, const char *endpoint)
{
	struct partner *partner = calloc(1, sizeof(*partner));
	KP_REQUIRE(partner != NULL);
	(void)snprintf(partner->name, sizeof(partner->name), "%s", name);
	(void)snprintf(partner->endpoint, sizeof(partner->endpoint), "%s", endpoint);
	partner->next = partners;
	partners = partner;
	return partner;
}

struct partner *
world_find_partner(const char *name)
{
	struct partner *partner = partners;
	while (partner != NULL && strcmp(partner->name, name) != 0) {
		partner = partner->next;
	}
	return partner;
}

static struct partner *
partner_at(const char *endpoint)
{
	for (struct partner *at = partners; at != NULL; at = at->next) {
		if (strncmp(endpoint, at->endpoint, strlen(at->endpoint)) == 0) {
			return at;
		}
	}
	return NULL;
}

static void
add_text(struct bytes *bytes, const char *text)
{
	bytes_add(bytes, text, strlen(text));
}

static void
add_header(struct bytes *bytes, struct kp_slice name, struct kp_slice value)
{
	bytes_add(bytes, name.data, name.len);
	add_text(bytes, ": ");
	bytes_add(bytes, value.data, value.len);
	add_text(bytes, "\n");
}

static void
add_credential(struct bytes *bytes, const struct kp_upstream_target_options *options)
{
	switch (options->credential) {
	case KP_CREDENTIAL_NONE:
		break;
	case KP_CREDENTIAL_HEADER:
		add_header(bytes, options->credential_name, options->credential_value);
		break;
	case KP_CREDENTIAL_BEARER:
		add_text(bytes, "Authorization: Bearer ");
		bytes_add(bytes, options->credential_value.data,
			options->credential_value.len);
		add_text(bytes, "\n");
		break;
	case KP_CREDENTIAL_BASIC:
		add_text(bytes, "Authorization: Basic\n");
		break;
	}
}

static void
put_question(struct kp_upstream_call *call)
{
	struct question *question = calloc(1, sizeof(*question));
	KP_REQUIRE(question != NULL);
	const struct kp_upstream_request *request = call->request;
	/* The target as on the wire: the path of the endpoint, then what the call
	 * appends. */
	const char *authority = strstr(call->target->endpoint, "://");
	const char *path = authority == NULL ? NULL : strchr(authority + 3, '/');
	bytes_add(&question->method, request->method.data, request->method.len);
	add_text(&question->target, path == NULL ? "" : path);
	bytes_add(&question->target, request->target.data, request->target.len);
	for (size_t i = 0; i < request->header_count; i++) {
		add_header(&question->headers, request->headers[i].name,
			request->headers[i].value);
	}
	add_credential(&question->headers, &call->target->options);
	bytes_add(&question->body, request->body.data, request->body.len);
	struct question **at = &call->partner->questions;
	while (*at != NULL) {
		at = &(*at)->next;
	}
	*at = question;
	call->partner->asked++;
}

/* --- a call's life --- */

static void
schedule(struct kp_upstream_call *call)
{
	world_later(call->target->upstream->loop, &call->task);
}

static void
end_with(struct kp_upstream_call *call, enum kp_status status, const char *message)
{
	if (call->state == CALL_OVER) {
		return;
	}
	call->state = CALL_OVER;
	call->status = status;
	if (status != KP_OK) {
		(void)kp_error_set(&call->error, status, "%s", message);
	}
	kp_timer_stop(call->target->upstream->loop, &call->timeout);
	kp_timer_stop(call->target->upstream->loop, &call->delay);
	schedule(call);
}

static void
on_timeout(struct kp_timer *timer)
{
	end_with(KP_CONTAINER_OF(timer, struct kp_upstream_call, timeout), KP_E_TIMEOUT,
		"the partner did not answer in time");
}

static void
on_delay(struct kp_timer *timer)
{
	struct kp_upstream_call *call =
		KP_CONTAINER_OF(timer, struct kp_upstream_call, delay);
	call->state = CALL_ANSWERING;
	schedule(call);
}

static bool
take_answer(struct kp_upstream_call *call)
{
	struct partner *partner = call->partner;
	struct answer *answer =
		partner->answers != NULL ? partner->answers : partner->always;
	if (answer == NULL) {
		return false;
	}
	if (answer == partner->answers) {
		partner->answers = answer->next;
	}
	call->answer = answer;
	return true;
}

static void
receive_answer(struct kp_upstream_call *call)
{
	struct kp_loop *loop = call->target->upstream->loop;
	if (call->answer->kind == ANSWER_SILENT) {
		return;
	}
	if (call->answer->kind == ANSWER_REFUSED) {
		end_with(call, KP_E_SOURCE_UNREACHABLE,
			"nobody listens at the partner's address");
		return;
	}
	kp_timer_start(loop, &call->delay, call->answer->delay_us);
}

static void
ask(struct kp_upstream_call *call)
{
	call->partner = partner_at(call->target->endpoint);
	call->state = CALL_ASKED;
	if (call->partner == NULL) {
		end_with(call, KP_E_SOURCE_UNREACHABLE, "no such host");
		return;
	}
	put_question(call);
	if (take_answer(call)) {
		receive_answer(call);
	}
}

static enum kp_status
give_head(struct kp_upstream_call *call)
{
	struct kp_upstream_header headers[HEADERS_MAX];
	size_t bytes = 0;
	for (size_t i = 0; i < call->answer->header_count; i++) {
		headers[i].name = call->answer->header_names[i];
		headers[i].value = call->answer->header_values[i];
		bytes += headers[i].name.len + headers[i].value.len + 4;
	}
	call->timing.first_us = world_now_us() - call->started_us;
	if (bytes > call->target->options.head_bytes_max) {
		return KP_E_LIMIT;
	}
	return call->handler->on_head(
		call->owner, call->answer->status, headers, call->answer->header_count);
}

static enum kp_status
give_piece(struct kp_upstream_call *call, size_t end)
{
	size_t left = end - call->body_at;
	size_t piece = call->answer->piece == 0 || call->answer->piece > left
		? left
		: call->answer->piece;
	struct kp_slice bytes = {call->answer->body.data + call->body_at, piece};
	call->body_at += piece;
	call->body_bytes += piece;
	if (call->body_bytes > call->request->body_bytes_max) {
		return KP_E_LIMIT;
	}
	return call->handler->on_body(call->owner, bytes);
}

static void
go_on_answering(struct kp_upstream_call *call)
{
	bool broken = call->answer->kind == ANSWER_RESET;
	size_t end = call->answer->body.len;
	if (broken && call->answer->cut_at < end) {
		end = call->answer->cut_at;
	}
	enum kp_status status = KP_OK;
	if (call->timing.first_us == 0 && call->body_at == 0) {
		status = give_head(call);
		call->timing.first_us +=
			1; /* also when no time passed: the head was given */
	}
	if (status == KP_OK && call->state == CALL_ANSWERING && call->body_at < end) {
		status = give_piece(call, end);
	}
	if (status != KP_OK) {
		end_with(call, status, "the answer was not accepted");
	} else if (call->body_at < end) {
		schedule(call);
	} else {
		end_with(call, broken ? KP_E_SOURCE : KP_OK, "the answer broke off");
	}
}

static void
unlink_call(struct kp_upstream_call *call)
{
	struct kp_upstream_call **at = &call->target->upstream->calls;
	while (*at != call) {
		at = &(*at)->next;
	}
	*at = call->next;
}

static void
start_waiting(struct kp_upstream_target *target)
{
	/* Calls are kept newest first; the oldest that waits goes next. */
	struct kp_upstream_call *oldest = NULL;
	for (struct kp_upstream_call *at = target->upstream->calls; at != NULL;
		at = at->next) {
		if (at->target == target && at->state == CALL_WAITING) {
			oldest = at;
		}
	}
	if (oldest != NULL && target->counts.active < target->options.connections_max) {
		target->counts.waiting--;
		target->counts.active++;
		oldest->timing.waited_us = world_now_us() - oldest->started_us;
		ask(oldest);
	}
}

static void
finish(struct kp_upstream_call *call)
{
	struct kp_upstream_target *target = call->target;
	call->timing.total_us = world_now_us() - call->started_us;
	call->timing.bytes = call->body_bytes;
	unlink_call(call);
	/* Counted until it returns: on_done may close the target. */
	call->handler->on_done(call->owner, call->status, &call->timing,
		call->status == KP_OK ? NULL : &call->error);
	if (call->partner == NULL && call->status != KP_E_SOURCE_UNREACHABLE) {
		target->counts.waiting--;
	} else {
		target->counts.active--;
	}
	kp_heap_free(call);
	start_waiting(target);
	if (target->closing && target->counts.active + target->counts.waiting == 0) {
		kp_heap_free(target);
	}
}

static void
run_call(struct kp_task *task)
{
	struct kp_upstream_call *call =
		KP_CONTAINER_OF(task, struct kp_upstream_call, task);
	switch (call->state) {
	case CALL_WAITING:
		if (call->target->counts.active < call->target->options.connections_max) {
			call->target->counts.waiting--;
			call->target->counts.active++;
			ask(call);
		}
		break;
	case CALL_ASKED:
		if (call->answer == NULL && take_answer(call)) {
			receive_answer(call);
		}
		break;
	case CALL_ANSWERING:
		go_on_answering(call);
		break;
	case CALL_OVER:
		finish(call);
		break;
	}
}

/* Lets a question that waits for the script have the answer just given. */
void
world_answer_waiting(struct partner *partner)
{
	for (unsigned i = 0; i < WORLD_LOOPS_MAX; i++) {
		struct kp_upstream_call *oldest = NULL;
		struct kp_upstream *upstream = upstreams[i];
		for (struct kp_upstream_call *at = upstream == NULL ? NULL
								    : upstream->calls;
			at != NULL; at = at->next) {
			if (at->partner == partner && at->state == CALL_ASKED &&
				at->answer == NULL) {
				oldest = at;
			}
		}
		if (oldest != NULL) {
			schedule(oldest);
			return;
		}
	}
}

/* --- io/upstream.h --- */

enum kp_status
kp_upstream_create(
	struct kp_loop *loop, struct kp_upstream **ret_upstream, struct kp_error *err)
{
	struct kp_upstream *upstream = kp_heap_calloc(1, sizeof(*upstream));
	if (upstream == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for calls to partners");
	}
	upstream->loop = loop;
	upstreams[kp_loop_index(loop)] = upstream;
	*ret_upstream = upstream;
	return KP_OK;
}

void
kp_upstream_destroy(struct kp_upstream **upstream)
{
	if (*upstream == NULL) {
		return;
	}
	while ((*upstream)->calls != NULL) {
		kp_upstream_cancel((*upstream)->calls);
		world_settle();
	}
	upstreams[kp_loop_index((*upstream)->loop)] = NULL;
	kp_heap_free(*upstream);
	*upstream = NULL;
}

enum kp_status
kp_upstream_target_open(struct kp_upstream *upstream,
	const struct kp_upstream_target_options *options,
	struct kp_upstream_target **ret_target, struct kp_error *err)
{
	struct kp_upstream_target *target = kp_heap_calloc(1, sizeof(*target));
	if (target == NULL || options->endpoint.len >= sizeof(target->endpoint)) {
		kp_heap_free(target);
		return kp_error_set(err, KP_E_MEMORY, "no memory for a partner");
	}
	target->upstream = upstream;
	target->options = *options;
	if (options->head_bytes_max == 0) {
		target->options.head_bytes_max = 16384;
	}
	memcpy(target->endpoint, options->endpoint.data, options->endpoint.len);
	*ret_target = target;
	return KP_OK;
}

void
kp_upstream_target_close(struct kp_upstream_target **target)
{
	if (*target == NULL) {
		return;
	}
	(*target)->closing = true;
	if ((*target)->counts.active + (*target)->counts.waiting == 0) {
		kp_heap_free(*target);
	}
	*target = NULL;
}

enum kp_status
kp_upstream_start(struct kp_upstream_target *target,
	const struct kp_upstream_request *request,
	const struct kp_upstream_handler *handler, void *owner,
	struct kp_upstream_call **ret_call)
{
	if (target->counts.waiting >= target->options.waiting_max &&
		target->counts.active >= target->options.connections_max) {
		return KP_E_BUSY;
	}
	struct kp_upstream_call *call = kp_heap_calloc(1, sizeof(*call));
	if (call == NULL) {
		return KP_E_MEMORY;
	}
	call->target = target;
	call->request = request;
	call->handler = handler;
	call->owner = owner;
	call->started_us = world_now_us();
	call->task.run = run_call;
	call->timeout.fire = on_timeout;
	call->delay.fire = on_delay;
	call->next = target->upstream->calls;
	target->upstream->calls = call;
	target->counts.waiting++;
	target->counts.started++;
	kp_timer_start(target->upstream->loop, &call->timeout,
		(uint64_t)request->timeout_ms * 1000);
	schedule(call);
	*ret_call = call;
	return KP_OK;
}

void
kp_upstream_cancel(struct kp_upstream_call *call)
{
	end_with(call, KP_E_CANCELLED, "cancelled");
}

void
kp_upstream_target_counts(
	const struct kp_upstream_target *target, struct kp_upstream_counts *ret_counts)
{
	*ret_counts = target->counts;
}
