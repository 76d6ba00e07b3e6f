/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* probe_odbc: see probe_odbc.h. */
#include "io/probe_odbc.h"

/* Lifetime: one request. */
struct probing {
	struct kp_loop *loop;
	struct kp_sql_target *target;
	struct kp_task task;
	const struct kp_sql_request *request;
	const struct kp_sql_handler *handler;
	void *owner;
	enum kp_status status;
	struct kp_error *err;
};

static enum kp_status
on_columns(void *owner, uint32_t query, const struct kp_slice *names, uint32_t count)
{
	struct probing *probing = owner;
	return probing->handler->on_columns(probing->owner, query, names, count);
}

static enum kp_status
on_row(void *owner, uint32_t query, const struct kp_slice *values, uint32_t count)
{
	struct probing *probing = owner;
	return probing->handler->on_row(probing->owner, query, values, count);
}

static void
end(struct probing *probing, enum kp_status status, const struct kp_error *err)
{
	probing->status = err == NULL
		? (status == KP_OK ? KP_OK
				   : kp_error_set(probing->err, status, "%s",
					     kp_status_info(status)->title))
		: kp_error_set(probing->err, status, "%s", err->message);
	kp_sql_target_close(&probing->target);
	kp_loop_stop(probing->loop);
}

static void
on_done(void *owner, enum kp_status status, const struct kp_error *err)
{
	end(owner, status, err);
}

static void
begin(struct kp_task *task)
{
	static const struct kp_sql_handler own = {
		.on_columns = on_columns, .on_row = on_row, .on_done = on_done};
	struct probing *probing = KP_CONTAINER_OF(task, struct probing, task);
	struct kp_sql_call *call = NULL;
	enum kp_status status =
		kp_sql_start(probing->target, probing->request, &own, probing, &call);
	if (status != KP_OK) {
		end(probing, status, NULL);
	}
}

enum kp_status
kp_probe_odbc(const struct kp_sql_target_options *options,
	const struct kp_sql_request *request, const struct kp_sql_handler *handler,
	void *owner, struct kp_error *err)
{
	struct probing probing = {.task.run = begin,
		.request = request,
		.handler = handler,
		.owner = owner,
		.err = err};
	enum kp_status status = kp_loop_create(0, &probing.loop, err);
	if (status == KP_OK) {
		status = kp_sql_target_open(probing.loop, options, &probing.target, err);
	}
	if (status == KP_OK) {
		kp_loop_post(probing.loop, &probing.task);
		kp_loop_run(probing.loop);
		status = probing.status;
	}
	kp_loop_destroy(&probing.loop);
	return status;
}
