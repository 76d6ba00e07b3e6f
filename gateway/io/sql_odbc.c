/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sql_odbc: the threads of the ODBC engine. Drivers block, and some hang. Each connection
 * is therefore a thread of its own, made when it is needed; there are never more than the
 * manifest's `concurrent`, hung ones included. A call that is late or cancelled leaves
 * its thread behind: that thread is told to stop (SQLCancel) and ends by itself, and
 * neither the loop nor the end of the process waits for it.
 */
#include "io/sql_odbc.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/heap.h"
#include "io/detached.h"

/* A driver keeps what came last in memory of its own until its connection closes; while
 * questions keep coming the next one overwrites it. */
#define IDLE_MS_MAX 250

struct kp_sql_connection {
	/* Of the loop. */
	struct kp_sql_target *target;
	struct kp_sql_connection *next;
	struct kp_sql_connection *prev;
	struct kp_sql_call *call; /* NULL: idle, or nobody waits for what was posted */
	bool busy;
	struct kp_task task;

	/* Of both, under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct kp_odbc_job *job;
	bool posted;    /* the loop will run `task` */
	bool abandoned; /* the loop has forgotten it: the thread frees everything */
	bool stop;
	struct kp_odbc_session *session; /* set and cleared by the thread */
	unsigned cancels;                /* threads inside kp_odbc_cancel */

	/* Of the thread. */
	struct kp_loop *loop;
	struct kp_sql_gauge *gauge;
	uint32_t idle_ms;
	char *dsn;
};

/* Jobs. */

static void
free_job(struct kp_odbc_job *job)
{
	if (job == NULL) {
		return;
	}
	for (uint32_t i = 0; i < job->query_count; i++) {
		for (uint32_t j = 0;
			job->parameters[i] != NULL && j < job->parameter_counts[i]; j++) {
			kp_heap_free(job->parameters[i][j]);
		}
		kp_heap_free(job->parameters[i]);
		kp_heap_free(job->statements[i]);
	}
	kp_heap_free(job->answer);
	kp_heap_free(job);
}

static char *
copy_slice(struct kp_slice text)
{
	char *copy = kp_heap_alloc(text.len + 1);
	if (copy != NULL) {
		memcpy(copy, text.data, text.len);
		copy[text.len] = '\0';
	}
	return copy;
}

static bool
copy_query(struct kp_odbc_job *job, uint32_t at, const struct kp_sql_query *query)
{
	job->statements[at] = copy_slice(query->statement);
	job->parameters[at] =
		kp_heap_calloc(query->parameter_count + 1ul, sizeof(char *));
	if (job->statements[at] == NULL || job->parameters[at] == NULL) {
		return false;
	}
	job->parameter_counts[at] = query->parameter_count;
	for (uint32_t i = 0; i < query->parameter_count; i++) {
		if (query->parameters[i].data != NULL) {
			job->parameters[at][i] = copy_slice(query->parameters[i]);
			if (job->parameters[at][i] == NULL) {
				return false;
			}
		}
	}
	return true;
}

static struct kp_odbc_job *
make_job(const struct kp_sql_call *call)
{
	struct kp_odbc_job *job = kp_heap_calloc(1, sizeof(*job));
	if (job == NULL) {
		return NULL;
	}
	job->query_count = call->request.query_count;
	job->timeout_ms = kp_sql_call_left_ms(call);
	job->connect_timeout_ms = call->target->options.connect_timeout_ms;
	job->bytes_max = call->request.bytes_max;
	job->rows_max = call->request.rows_max;
	job->describe = call->request.describe;
	for (uint32_t i = 0; i < job->query_count; i++) {
		if (!copy_query(job, i, &call->request.queries[i])) {
			free_job(job);
			return NULL;
		}
	}
	return job;
}

/* The thread. */

static void
free_connection(struct kp_sql_connection *connection)
{
	struct kp_sql_gauge *gauge = connection->gauge;
	bool abandoned = connection->abandoned;
	free_job(connection->job);
	(void)pthread_mutex_destroy(&connection->lock);
	(void)pthread_cond_destroy(&connection->wake);
	kp_heap_free(connection->dsn);
	kp_heap_free(connection);
	kp_sql_gauge_leave(gauge, abandoned);
}

/* A session is closed when nobody is cancelling it; the lock is held and given back
 * meanwhile. */
static void
drop_session(struct kp_sql_connection *connection)
{
	struct kp_odbc_session *session = connection->session;
	connection->session = NULL;
	while (connection->cancels > 0) {
		(void)pthread_cond_wait(&connection->wake, &connection->lock);
	}
	(void)pthread_mutex_unlock(&connection->lock);
	kp_odbc_close(session);
	kp_wipe_stack();
	(void)pthread_mutex_lock(&connection->lock);
}

/* Waits for a job; gives the database back when none comes for a while. */
static void
await_job(struct kp_sql_connection *connection)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += connection->idle_ms / 1000;
	until.tv_nsec += (long)(connection->idle_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (!connection->stop && (connection->job == NULL || connection->posted)) {
		if (connection->session == NULL) {
			(void)pthread_cond_wait(&connection->wake, &connection->lock);
		} else if (pthread_cond_timedwait(&connection->wake, &connection->lock,
				   &until) == ETIMEDOUT) {
			drop_session(connection);
		}
	}
}

static void
do_job(struct kp_sql_connection *connection)
{
	struct kp_odbc_job *job = connection->job;
	if (connection->session == NULL) {
		(void)pthread_mutex_unlock(&connection->lock);
		struct kp_odbc_session *session = kp_odbc_open(connection->dsn);
		(void)pthread_mutex_lock(&connection->lock);
		connection->session = session;
	}
	struct kp_odbc_session *session = connection->session;
	(void)pthread_mutex_unlock(&connection->lock);
	bool good = false;
	if (session == NULL) {
		job->status = KP_E_MEMORY;
	} else {
		good = kp_odbc_run(session, job);
	}
	kp_wipe_stack();
	(void)pthread_mutex_lock(&connection->lock);
	if (!good && session != NULL) {
		drop_session(connection);
	}
}

static void *
thread_body(void *argument)
{
	struct kp_sql_connection *connection = argument;
	(void)pthread_mutex_lock(&connection->lock);
	while (!connection->stop && !connection->abandoned) {
		await_job(connection);
		if (connection->stop) {
			break;
		}
		do_job(connection);
		if (!connection->abandoned) {
			connection->posted = true;
			kp_loop_post(connection->loop, &connection->task);
		}
	}
	if (connection->session != NULL) {
		drop_session(connection);
	}
	while (connection->cancels > 0) {
		(void)pthread_cond_wait(&connection->wake, &connection->lock);
	}
	(void)pthread_mutex_unlock(&connection->lock);
	free_connection(connection);
	return NULL;
}

static void *
cancel_body(void *argument)
{
	struct kp_sql_connection *connection = argument;
	(void)pthread_mutex_lock(&connection->lock);
	struct kp_odbc_session *session = connection->session;
	(void)pthread_mutex_unlock(&connection->lock);
	if (session != NULL) {
		kp_odbc_cancel(session);
	}
	(void)pthread_mutex_lock(&connection->lock);
	connection->cancels--;
	(void)pthread_cond_broadcast(&connection->wake);
	(void)pthread_mutex_unlock(&connection->lock);
	return NULL;
}

/* The loop's side. */

static void
unlink_connection(struct kp_sql_connection *connection)
{
	struct kp_sql_target *target = connection->target;
	*(connection->prev == NULL ? &target->connections : &connection->prev->next) =
		connection->next;
	if (connection->next != NULL) {
		connection->next->prev = connection->prev;
	}
	kp_sql_target_leave(target);
}

/* Lets an idle one end. */
static void
stop_connection(struct kp_sql_connection *connection)
{
	unlink_connection(connection);
	(void)pthread_mutex_lock(&connection->lock);
	connection->stop = true;
	(void)pthread_cond_broadcast(&connection->wake);
	(void)pthread_mutex_unlock(&connection->lock);
}

static bool
give_job(struct kp_sql_connection *connection, struct kp_sql_call *call)
{
	struct kp_odbc_job *job = make_job(call);
	if (job == NULL) {
		return false;
	}
	connection->call = call;
	connection->busy = true;
	call->connection = connection;
	kp_loop_hold(connection->loop);
	(void)pthread_mutex_lock(&connection->lock);
	connection->job = job;
	(void)pthread_cond_broadcast(&connection->wake);
	(void)pthread_mutex_unlock(&connection->lock);
	return true;
}

/* One head or row of an answer, moving on; KP_E_SOURCE at the end of what is there. */
static enum kp_status
deliver_one(
	struct kp_sql_call *call, const struct kp_odbc_job *job, size_t *at, bool *heads)
{
	struct kp_slice values[KP_SQL_COLUMNS_MAX] KP_UNINITIALIZED;
	uint32_t query = 0;
	uint32_t count = 0;
	memcpy(&query, job->answer + *at, sizeof(query));
	memcpy(&count, job->answer + *at + sizeof(query), sizeof(count));
	*at += sizeof(query) + sizeof(count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t len = 0;
		memcpy(&len, job->answer + *at, sizeof(len));
		*at += sizeof(len);
		bool null = len == UINT32_MAX;
		values[i] = (struct kp_slice){
			null ? NULL : job->answer + *at, null ? 0 : len};
		*at += null ? 0 : len;
	}
	if (!heads[query]) {
		heads[query] = true;
		return kp_sql_call_columns(call, query, values, count);
	}
	return kp_sql_call_row(call, query, values, count);
}

static void
deliver(struct kp_sql_call *call, const struct kp_odbc_job *job)
{
	bool heads[KP_SQL_QUERIES_MAX] = {false};
	enum kp_status status = job->status;
	if (status == KP_E_SOURCE) {
		kp_sql_call_failed(call, job->sqlstate, job->meant);
		if (job->describe) {
			(void)kp_error_set(
				&call->err, call->err.status, "%s", job->words);
		}
		return;
	}
	for (size_t at = 0; status == KP_OK && at < job->answer_len && !call->done;) {
		status = deliver_one(call, job, &at, heads);
	}
	kp_sql_call_done(call, status);
}

static void
on_posted(struct kp_task *task)
{
	struct kp_sql_connection *connection =
		KP_CONTAINER_OF(task, struct kp_sql_connection, task);
	struct kp_sql_target *target = connection->target;
	struct kp_loop *loop = connection->loop;
	(void)pthread_mutex_lock(&connection->lock);
	struct kp_odbc_job *job = connection->job;
	connection->job = NULL;
	connection->posted = false;
	(void)pthread_mutex_unlock(&connection->lock);
	if (connection->call != NULL) {
		deliver(connection->call, job);
		connection->call = NULL;
	}
	free_job(job);
	connection->busy = false;
	if (target->closing) {
		stop_connection(connection);
	} else {
		struct kp_sql_call *call = kp_sql_target_next(target);
		if (call != NULL && !give_job(connection, call)) {
			kp_sql_call_done(call, KP_E_MEMORY);
		}
	}
	kp_loop_unhold(loop);
}

static struct kp_sql_connection *
new_connection(struct kp_sql_target *target)
{
	if (target->gauge == NULL) {
		target->gauge = kp_sql_gauge_create(target);
	}
	struct kp_sql_connection *connection =
		target->gauge == NULL ? NULL : kp_heap_calloc(1, sizeof(*connection));
	if (connection == NULL) {
		return NULL;
	}
	(void)pthread_mutex_init(&connection->lock, NULL);
	(void)pthread_cond_init(&connection->wake, NULL);
	kp_sql_gauge_enter(target->gauge);
	connection->gauge = target->gauge;
	connection->target = target;
	connection->loop = target->loop;
	connection->idle_ms = target->options.idle_ms < IDLE_MS_MAX
		? target->options.idle_ms
		: IDLE_MS_MAX;
	connection->task.run = on_posted;
	connection->dsn = kp_heap_strdup(target->texts.dsn);
	if (connection->dsn == NULL || !kp_detached_start(thread_body, connection)) {
		free_connection(connection);
		return NULL;
	}
	connection->next = target->connections;
	if (connection->next != NULL) {
		connection->next->prev = connection;
	}
	target->connections = connection;
	target->refs++;
	return connection;
}

static bool
run(struct kp_sql_target *target, struct kp_sql_call *call)
{
	struct kp_sql_connection *connection = target->connections;
	/* Hung ones, which nobody remembers otherwise, count. */
	target->connection_count = kp_sql_gauge_threads(target->gauge);
	while (connection != NULL && connection->busy) {
		connection = connection->next;
	}
	if (connection == NULL &&
		target->connection_count < target->options.connections_max) {
		connection = new_connection(target);
		target->connection_count += connection != NULL ? 1 : 0;
	}
	return connection != NULL && give_job(connection, call);
}

static void
abandon(struct kp_sql_call *call)
{
	struct kp_sql_connection *connection = call->connection;
	struct kp_loop *loop = connection->loop;
	connection->call = NULL;
	(void)pthread_mutex_lock(&connection->lock);
	bool posted = connection->posted;
	connection->abandoned = !posted;
	connection->cancels += posted ? 0 : 1;
	(void)pthread_mutex_unlock(&connection->lock);
	if (posted) {
		return; /* on_posted comes and finds nobody waiting */
	}
	unlink_connection(connection);
	/* While `cancels` counts, the thread does not free the connection. */
	if (!kp_detached_start(cancel_body, connection)) {
		(void)pthread_mutex_lock(&connection->lock);
		connection->cancels--;
		(void)pthread_cond_broadcast(&connection->wake);
		(void)pthread_mutex_unlock(&connection->lock);
	}
	kp_loop_unhold(loop);
}

static void
close_all(struct kp_sql_target *target)
{
	struct kp_sql_connection *connection = target->connections;
	while (connection != NULL) {
		struct kp_sql_connection *next = connection->next;
		struct kp_sql_call *call = connection->call;
		if (call != NULL) {
			abandon(call);
			kp_sql_call_done(call, KP_E_STOPPING);
		} else if (!connection->busy) {
			stop_connection(connection);
		}
		connection = next;
	}
	kp_sql_gauge_close(&target->gauge);
}

const struct kp_sql_engine kp_sql_odbc = {
	.run = run,
	.abandon = abandon,
	.close = close_all,
};
