/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sql: what both engines share: the queue, deadlines, caps and the one completion. See
 * sql.h. */
#include "io/sql.h"

#include <string.h>

#include "core/heap.h"
#include "io/sql_private.h"

static const struct kp_sql_engine *const engines[] = {
	[KP_SQL_POSTGRES] = &kp_sql_postgres,
	[KP_SQL_ODBC] = &kp_sql_odbc,
};

/* Targets. */

static bool
copy_text(char **ret_text, struct kp_slice text)
{
	*ret_text = kp_heap_alloc(text.len + 1);
	if (*ret_text != NULL) {
		if (text.len > 0) {
			memcpy(*ret_text, text.data, text.len);
		}
		(*ret_text)[text.len] = '\0';
	}
	return *ret_text != NULL;
}

static bool
copy_texts(struct kp_sql_texts *texts, const struct kp_sql_target_options *options)
{
	return copy_text(&texts->name, options->name) &&
		copy_text(&texts->host, options->host) &&
		copy_text(&texts->database, options->database) &&
		copy_text(&texts->user, options->user) &&
		copy_text(&texts->password, options->password) &&
		copy_text(&texts->anchor_file, options->anchor_file) &&
		copy_text(&texts->certificate_file, options->certificate_file) &&
		copy_text(&texts->key_file, options->key_file) &&
		copy_text(&texts->dsn, options->dsn);
}

static void
free_target(struct kp_sql_target *target)
{
	struct kp_sql_texts *texts = &target->texts;
	char *all[] = {texts->name, texts->host, texts->database, texts->user,
		texts->password, texts->anchor_file, texts->certificate_file,
		texts->key_file, texts->dsn};
	for (size_t i = 0; i < KP_ARRAY_LEN(all); i++) {
		kp_heap_free(all[i]);
	}
	kp_heap_free(target);
}

enum kp_status
kp_sql_target_open(struct kp_loop *loop, const struct kp_sql_target_options *options,
	struct kp_sql_target **ret_target, struct kp_error *err)
{
	struct kp_sql_target *target = kp_heap_calloc(1, sizeof(*target));
	if (target == NULL || !copy_texts(&target->texts, options)) {
		if (target != NULL) {
			free_target(target);
		}
		return kp_error_set(err, KP_E_MEMORY, "no memory for a database");
	}
	target->loop = loop;
	target->engine = engines[options->engine];
	target->options.connections_max = options->connections_max;
	target->options.waiting_max = options->waiting_max;
	target->options.connect_timeout_ms = options->connect_timeout_ms;
	target->options.idle_ms = options->idle_ms;
	target->options.port = options->port;
	target->refs = 1;
	*ret_target = target;
	return KP_OK;
}

void
kp_sql_target_leave(struct kp_sql_target *target)
{
	KP_REQUIRE(target->refs > 0);
	if (--target->refs == 0) {
		free_target(target);
	}
}

void
kp_sql_target_close(struct kp_sql_target **target_at)
{
	struct kp_sql_target *target = *target_at;
	if (target == NULL) {
		return;
	}
	*target_at = NULL;
	target->closing = true;
	while (target->waiting != NULL) {
		kp_sql_call_done(kp_sql_target_next(target), KP_E_STOPPING);
	}
	target->engine->close(target);
	kp_sql_target_leave(target);
}

/* The queue. */

static void
unqueue(struct kp_sql_call *call)
{
	struct kp_sql_target *target = call->target;
	*(call->prev == NULL ? &target->waiting : &call->prev->next) = call->next;
	*(call->next == NULL ? &target->waiting_last : &call->next->prev) = call->prev;
	call->next = NULL;
	call->prev = NULL;
	call->queued = false;
	target->waiting_count--;
}

struct kp_sql_call *
kp_sql_target_next(struct kp_sql_target *target)
{
	struct kp_sql_call *call = target->waiting;
	if (call != NULL) {
		unqueue(call);
	}
	return call;
}

void
kp_sql_target_serve(struct kp_sql_target *target)
{
	while (!target->closing && target->waiting != NULL &&
		target->connection_count < target->options.connections_max) {
		struct kp_sql_call *call = kp_sql_target_next(target);
		if (!target->engine->run(target, call)) {
			kp_sql_call_done(call, KP_E_MEMORY);
		}
	}
}

static void
enqueue(struct kp_sql_call *call)
{
	struct kp_sql_target *target = call->target;
	call->prev = target->waiting_last;
	*(call->prev == NULL ? &target->waiting : &call->prev->next) = call;
	target->waiting_last = call;
	call->queued = true;
	target->waiting_count++;
}

/* Calls. */

static void
on_task(struct kp_task *task)
{
	struct kp_sql_call *call = KP_CONTAINER_OF(task, struct kp_sql_call, task);
	struct kp_sql_target *target = call->target;
	struct kp_loop *loop = target->loop;
	call->handler->on_done(
		call->owner, call->status, call->status == KP_OK ? NULL : &call->err);
	kp_heap_free(call);
	kp_sql_target_leave(target);
	kp_loop_unhold(loop);
}

void
kp_sql_call_done(struct kp_sql_call *call, enum kp_status status)
{
	call->connection = NULL;
	if (call->done) {
		return;
	}
	call->done = true;
	call->status = status;
	if (status != KP_OK && call->err.status != status) {
		(void)kp_error_set(&call->err, status, "the database: %s",
			kp_status_info(status)->title);
	}
	if (call->queued) {
		unqueue(call);
	}
	kp_timer_stop(call->target->loop, &call->timer);
	call->task.run = on_task;
	kp_loop_defer(call->target->loop, &call->task);
}

/* What a SQLSTATE means for the question. */
static enum kp_status
status_of(const char *sqlstate)
{
	static const struct {
		const char *prefix;
		enum kp_status status;
	} rows[] = {
		{"57014", KP_E_TIMEOUT},          /* query canceled: statement timeout */
		{"70100", KP_E_TIMEOUT},          /* the same of MariaDB and MySQL */
		{"HYT", KP_E_TIMEOUT},            /* ODBC: timeout expired */
		{"HY008", KP_E_TIMEOUT},          /* ODBC: operation canceled */
		{"55P03", KP_E_TIMEOUT},          /* lock not available */
		{"25P03", KP_E_TIMEOUT},          /* idle in transaction */
		{"28", KP_E_DENIED},              /* invalid authorization */
		{"42501", KP_E_DENIED},           /* insufficient privilege */
		{"08", KP_E_SOURCE_UNREACHABLE},  /* connection exception */
		{"53", KP_E_SOURCE_UNREACHABLE},  /* insufficient resources */
		{"57P", KP_E_SOURCE_UNREACHABLE}, /* operator intervention */
		{"58", KP_E_SOURCE_UNREACHABLE},  /* system error */
		{"3D", KP_E_SOURCE_UNREACHABLE},  /* no such database */
		{"IM", KP_E_SOURCE_UNREACHABLE},  /* ODBC: no driver */
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		if (strncmp(sqlstate, rows[i].prefix, strlen(rows[i].prefix)) == 0) {
			return rows[i].status;
		}
	}
	return KP_E_SOURCE;
}

void
kp_sql_call_failed(struct kp_sql_call *call, const char *sqlstate, enum kp_status meant)
{
	char code[6] = "";
	for (size_t i = 0; sqlstate != NULL && i < 5 && sqlstate[i] != '\0'; i++) {
		bool fine = (sqlstate[i] >= '0' && sqlstate[i] <= '9') ||
			(sqlstate[i] >= 'A' && sqlstate[i] <= 'Z');
		code[i] = fine ? sqlstate[i] : '?';
	}
	enum kp_status status = meant != KP_OK ? meant
		: code[0] == '\0'
		? (call->answered ? KP_E_SOURCE : KP_E_SOURCE_UNREACHABLE)
		: status_of(code);
	if (!call->done) {
		(void)kp_error_set(&call->err, status,
			code[0] == '\0' ? "the connection to the database broke%s"
					: "the database answered SQLSTATE %s",
			code);
	}
	kp_sql_call_done(call, status);
}

uint32_t
kp_sql_call_left_ms(const struct kp_sql_call *call)
{
	uint64_t now = kp_loop_now_us(call->target->loop);
	return call->due_us <= now + 1000 ? 1 : (uint32_t)((call->due_us - now) / 1000);
}

static enum kp_status
handed_over(struct kp_sql_call *call, enum kp_status status)
{
	call->answered = true;
	kp_loop_touched(call->target->loop);
	/* The owner may have cancelled the call meanwhile. */
	return call->done && status == KP_OK ? KP_E_CANCELLED : status;
}

enum kp_status
kp_sql_call_columns(struct kp_sql_call *call, uint32_t query,
	const struct kp_slice *names, uint32_t count)
{
	return handed_over(
		call, call->handler->on_columns(call->owner, query, names, count));
}

enum kp_status
kp_sql_call_row(struct kp_sql_call *call, uint32_t query, const struct kp_slice *values,
	uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		call->bytes += values[i].len;
	}
	if (call->rows == call->request.rows_max) {
		return kp_error_set(&call->err, KP_E_LIMIT,
			"the answer has more than %u rows", call->request.rows_max);
	}
	call->rows++;
	if (call->bytes > call->request.bytes_max) {
		return kp_error_set(&call->err, KP_E_LIMIT,
			"the answer has more than %llu bytes",
			(unsigned long long)call->request.bytes_max);
	}
	return handed_over(
		call, call->handler->on_row(call->owner, query, values, count));
}

static void
end_early(struct kp_sql_call *call, enum kp_status status)
{
	if (call->done) {
		return;
	}
	if (call->connection != NULL) {
		call->target->engine->abandon(call);
	}
	kp_sql_call_done(call, status);
}

static void
on_time(struct kp_timer *timer)
{
	end_early(KP_CONTAINER_OF(timer, struct kp_sql_call, timer), KP_E_TIMEOUT);
}

void
kp_sql_cancel(struct kp_sql_call *call)
{
	end_early(call, KP_E_CANCELLED);
}

enum kp_status
kp_sql_start(struct kp_sql_target *target, const struct kp_sql_request *request,
	const struct kp_sql_handler *handler, void *owner, struct kp_sql_call **ret_call)
{
	KP_REQUIRE(
		request->query_count > 0 && request->query_count <= KP_SQL_QUERIES_MAX);
	if (target->closing) {
		return KP_E_STOPPING;
	}
	struct kp_sql_call *call = kp_heap_calloc(1, sizeof(*call));
	if (call == NULL) {
		return KP_E_MEMORY;
	}
	call->target = target;
	call->request = *request;
	call->handler = handler;
	call->owner = owner;
	call->due_us =
		kp_loop_now_us(target->loop) + (uint64_t)request->timeout_ms * 1000;
	if (!target->engine->run(target, call)) {
		if (target->connection_count == 0) {
			kp_heap_free(call);
			return KP_E_MEMORY;
		}
		if (target->waiting_count >= target->options.waiting_max) {
			kp_heap_free(call);
			return KP_E_BUSY;
		}
		enqueue(call);
	}
	target->refs++;
	kp_loop_hold(target->loop);
	call->timer.fire = on_time;
	kp_timer_start(target->loop, &call->timer, (uint64_t)request->timeout_ms * 1000);
	*ret_call = call;
	return KP_OK;
}
