/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_ask: see connector_ask.h. */
#include "commands/connector_ask.h"

static void
on_head(void *owner, const struct kp_head *head)
{
	struct kp_connector_ask *ask = owner;
	if (ask->on_head != NULL) {
		ask->on_head(ask->owner, head);
	}
}

static void
on_bytes(void *owner, struct kp_slice bytes)
{
	struct kp_connector_ask *ask = owner;
	if (ask->on_bytes != NULL) {
		ask->on_bytes(ask->owner, bytes);
	}
}

static void
on_done(void *owner, const struct kp_source_result *result)
{
	struct kp_connector_ask *ask = owner;
	struct kp_slice reason = kp_arena_copy(ask->arena, result->reason);
	ask->outcome = result->outcome;
	ask->reason = reason;
	ask->fault = result->fault;
	ask->http_status = result->http_status;
	ask->duration_us = result->duration_us;
	ask->done = true;
	kp_source_link_close(&ask->link);
	kp_loop_stop(ask->loop);
}

static void
not_asked(struct kp_connector_ask *ask, const struct kp_error *err)
{
	ask->reason = KP_SLICE("de vraag kon niet worden gesteld");
	(void)kp_error_text(err, ask->fault.message, sizeof(ask->fault.message));
}

static void
give_up(struct kp_connector_ask *ask, const struct kp_error *err)
{
	not_asked(ask, err);
	kp_source_link_close(&ask->link);
	kp_loop_stop(ask->loop);
}

static void
start_call(struct kp_task *task)
{
	struct kp_connector_ask *ask =
		KP_CONTAINER_OF(task, struct kp_connector_ask, start);
	struct kp_source_call *call = NULL;
	struct kp_source_call_options options = {
		.need = ask->need,
		.sink = ask->sink,
		.deadline_us = kp_loop_now_us(ask->loop) +
			(uint64_t)ask->source->timeout_ms * 1000,
		.on_done = on_done,
		.on_head = on_head,
		.on_bytes = on_bytes,
		.owner = ask,
		.arena = ask->arena,
	};
	enum kp_status status = kp_source_call_start(ask->link, &options, &call);
	if (status != KP_OK) {
		struct kp_error err = {0};
		(void)kp_error_set(&err, status, "%s", kp_status_info(status)->title);
		give_up(ask, &err);
	}
}

static void
stop(struct kp_task *task)
{
	struct kp_connector_ask *ask =
		KP_CONTAINER_OF(task, struct kp_connector_ask, start);
	ask->done = true;
	kp_source_link_close(&ask->link);
	kp_loop_stop(ask->loop);
}

/* Code tables that are fetched come before the question. */
static void
open_link(struct kp_task *task)
{
	struct kp_connector_ask *ask =
		KP_CONTAINER_OF(task, struct kp_connector_ask, start);
	struct kp_error err = {0};
	if (kp_source_link_open(ask->source, ask->loop, ask->upstream, ask->workers,
		    &ask->link, &err) != KP_OK) {
		give_up(ask, &err);
		return;
	}
	ask->start.run = ask->tables_only ? stop : start_call;
	if (!kp_source_tables_await(ask->link, &ask->start)) {
		ask->start.run(task);
	}
}

void
kp_connector_ask_live(struct kp_connector_ask *ask)
{
	struct kp_error err = {0};
	ask->outcome = KP_ERROR;
	enum kp_status status = kp_loop_create(0, &ask->loop, &err);
	if (status == KP_OK) {
		status = kp_workers_create(2, &ask->workers, &err);
	}
	if (status == KP_OK) {
		status = kp_upstream_create(ask->loop, &ask->upstream, &err);
	}
	if (status == KP_OK) {
		ask->start.run = open_link;
		kp_loop_post(ask->loop, &ask->start);
		kp_loop_run(ask->loop);
	} else {
		not_asked(ask, &err);
	}
	kp_upstream_destroy(&ask->upstream);
	kp_workers_destroy(&ask->workers);
	kp_loop_destroy(&ask->loop);
}

bool
kp_connector_ignore_text(void *context, struct kp_text text)
{
	(void)context;
	(void)text;
	return true;
}

static bool
ignore_header(void *context, struct kp_text name, struct kp_text value)
{
	(void)context;
	(void)name;
	(void)value;
	return true;
}

static bool
ignore_query(void *context, struct kp_text name, struct kp_text statement,
	const struct kp_text *parameters, uint32_t count)
{
	(void)context;
	(void)name;
	(void)statement;
	(void)parameters;
	(void)count;
	return true;
}

struct kp_request_writer
kp_connector_ignoring_writer(void)
{
	return (struct kp_request_writer){.size = sizeof(struct kp_request_writer),
		.method = kp_connector_ignore_text,
		.target = kp_connector_ignore_text,
		.header = ignore_header,
		.body = kp_connector_ignore_text,
		.key = kp_connector_ignore_text,
		.query = ignore_query};
}
