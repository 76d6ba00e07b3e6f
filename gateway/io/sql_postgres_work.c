/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sql_postgres_work: what goes over a connection to PostgreSQL. A call is one pipeline:
 * begin, the time that is left as the statement's limit, the statements that this
 * connection has not prepared yet, the queries, commit. One round trip, whatever the
 * number of queries; rows are handed over one at a time.
 */
#include "io/sql_postgres.h"

#include <stdio.h>
#include <string.h>

#include "core/heap.h"

/* What the protocol adds to a value, a row and a column, for the size of a scrub. */
#define VALUE_OVERHEAD 4
#define ROW_OVERHEAD 12
#define COLUMN_OVERHEAD 24
#define CALL_OVERHEAD 512

static const char begin_text[] = "BEGIN TRANSACTION READ ONLY";
static const char timeout_text[] = "SELECT set_config('statement_timeout', $1, true)";
static const char commit_text[] = "COMMIT";
static const char rollback_text[] = "ROLLBACK";
static const char scrub_text[] = "SELECT $1::text";
static const char set_up_text[] =
	"SELECT set_config('client_connection_check_interval', '500', false) "
	"WHERE current_setting('server_version_num')::int >= 140000";

static void
begin_steps(struct kp_sql_connection *connection, enum kp_pg_state state)
{
	connection->state = state;
	connection->step_count = 0;
	connection->step_at = 0;
	connection->head_given = false;
	kp_pg_account_begin(connection);
	connection->call_bytes = CALL_OVERHEAD;
}

static bool
add_step(struct kp_sql_connection *connection, int sent, struct kp_pg_step step)
{
	KP_REQUIRE(connection->step_count < KP_PG_STEPS_MAX);
	connection->steps[connection->step_count++] = step;
	return sent == 1;
}

static bool
send_command(struct kp_sql_connection *connection, const char *text,
	const char *const *values, int count)
{
	return add_step(connection,
		PQsendQueryParams(
			connection->pg, text, count, NULL, values, NULL, NULL, 0),
		(struct kp_pg_step){.kind = KP_PG_STEP_COMMAND});
}

/* After the last step of a pipeline. */
static bool
end_steps(struct kp_sql_connection *connection)
{
	if (PQpipelineSync(connection->pg) != 1) {
		return false;
	}
	(void)PQsetSingleRowMode(connection->pg);
	return true;
}

bool
kp_pg_set_up(struct kp_sql_connection *connection)
{
	begin_steps(connection, KP_PG_SETTING_UP);
	return send_command(connection, set_up_text, NULL, 0) && end_steps(connection);
}

bool
kp_pg_scrub(struct kp_sql_connection *connection)
{
	size_t size = (size_t)connection->most_bytes;
	char *dots = kp_heap_alloc(size + 1);
	if (dots == NULL) {
		return false;
	}
	memset(dots, '.', size);
	dots[size] = '\0';
	const char *const values[] = {dots};
	begin_steps(connection, KP_PG_SCRUBBING);
	connection->call_bytes += size;
	bool fine =
		send_command(connection, scrub_text, values, 1) && end_steps(connection);
	kp_heap_free(dots);
	return fine;
}

static bool
roll_back(struct kp_sql_connection *connection)
{
	begin_steps(connection, KP_PG_RESETTING);
	return send_command(connection, rollback_text, NULL, 0) && end_steps(connection);
}

/* A call. */

/* Its place among the prepared; prepared_count when it is not there yet. */
static size_t
find_prepared(const struct kp_sql_connection *connection, const char *statement)
{
	size_t at = 0;
	while (at < connection->prepared_count && connection->prepared[at] != statement) {
		at++;
	}
	return at;
}

/* libpq wants texts that end; they hold the client's number. NULL also when one of them
 * holds a NUL. */
static char *
copy_values(const struct kp_sql_query *query, const char **values)
{
	size_t size = 1;
	for (uint32_t i = 0; i < query->parameter_count; i++) {
		size += query->parameters[i].len + 1;
	}
	char *bytes = kp_heap_alloc(size);
	char *at = bytes;
	for (uint32_t i = 0; bytes != NULL && i < query->parameter_count; i++) {
		struct kp_slice value = query->parameters[i];
		values[i] = value.data == NULL ? NULL : at;
		if (value.len > 0) {
			memcpy(at, value.data, value.len);
			if (memchr(at, '\0', value.len) != NULL) {
				kp_heap_free(bytes);
				return NULL;
			}
		}
		at[value.len] = '\0';
		at += value.len + 1;
	}
	return bytes;
}

static bool
send_query(struct kp_sql_connection *connection, uint32_t index)
{
	const struct kp_sql_query *query = &connection->call->request.queries[index];
	const char *statement = query->statement.data;
	const char *values[UINT8_MAX];
	char name[16] = "";
	KP_REQUIRE(query->parameter_count <= KP_ARRAY_LEN(values));
	size_t at = find_prepared(connection, statement);
	/* Past the bound the statement is prepared anew each time, without a name. */
	bool named = at < KP_PG_PREPARED_MAX;
	if (named) {
		(void)snprintf(name, sizeof(name), "k%zu", at);
	}
	if (at == connection->prepared_count) {
		if (!add_step(connection,
			    PQsendPrepare(connection->pg, name, statement, 0, NULL),
			    (struct kp_pg_step){
				    .kind = KP_PG_STEP_PREPARE, .named = named})) {
			return false;
		}
		if (named) {
			connection->prepared[connection->prepared_count++] = statement;
		}
	}
	char *bytes = copy_values(query, values);
	if (bytes == NULL) {
		return false;
	}
	bool fine = add_step(connection,
		PQsendQueryPrepared(connection->pg, name, (int)query->parameter_count,
			values, NULL, NULL, 0),
		(struct kp_pg_step){.kind = KP_PG_STEP_QUERY, .query = index});
	kp_heap_free(bytes);
	for (uint32_t i = 0; i < query->parameter_count; i++) {
		connection->call_bytes += query->parameters[i].len + VALUE_OVERHEAD;
	}
	return fine;
}

bool
kp_pg_begin_call(struct kp_sql_connection *connection, struct kp_sql_call *call)
{
	char left[16];
	const char *const values[] = {left};
	connection->call = call;
	call->connection = connection;
	(void)snprintf(left, sizeof(left), "%u", kp_sql_call_left_ms(call));
	begin_steps(connection, KP_PG_BUSY);
	bool fine = send_command(connection, begin_text, NULL, 0) &&
		send_command(connection, timeout_text, values, 1);
	for (uint32_t i = 0; fine && i < call->request.query_count; i++) {
		fine = send_query(connection, i);
	}
	return fine && send_command(connection, commit_text, NULL, 0) &&
		end_steps(connection);
}

bool
kp_pg_flush(struct kp_sql_connection *connection, bool *ret_wants_write)
{
	int left = PQflush(connection->pg);
	*ret_wants_write = left == 1;
	return left >= 0;
}

/* Results. */

static enum kp_status
take_columns(struct kp_sql_connection *connection, uint32_t query, const PGresult *result)
{
	struct kp_slice names[KP_SQL_COLUMNS_MAX] KP_UNINITIALIZED;
	int count = PQnfields(result);
	connection->head_given = true;
	if (count > KP_SQL_COLUMNS_MAX) {
		return KP_E_LIMIT;
	}
	for (int i = 0; i < count; i++) {
		names[i] = kp_slice_from(PQfname(result, i));
		connection->call_bytes += names[i].len + COLUMN_OVERHEAD;
	}
	return kp_sql_call_columns(connection->call, query, names, (uint32_t)count);
}

static enum kp_status
take_row(struct kp_sql_connection *connection, uint32_t query, const PGresult *result)
{
	struct kp_slice values[KP_SQL_COLUMNS_MAX] KP_UNINITIALIZED;
	int count = PQnfields(result);
	if (count > KP_SQL_COLUMNS_MAX) {
		return KP_E_LIMIT;
	}
	uint64_t bytes = ROW_OVERHEAD + (uint64_t)count * VALUE_OVERHEAD;
	for (int i = 0; i < count; i++) {
		int len = PQgetlength(result, 0, i);
		bool null = len == 0 && PQgetisnull(result, 0, i) != 0;
		values[i] = (struct kp_slice){
			null ? NULL : PQgetvalue(result, 0, i), (size_t)len};
		bytes += values[i].len;
	}
	connection->call_bytes += bytes;
	return kp_sql_call_row(connection->call, query, values, (uint32_t)count);
}

/* The call has failed; what is left of the pipeline is read and forgotten. */
static void
fail_call(struct kp_sql_connection *connection, const char *sqlstate)
{
	struct kp_sql_call *call = connection->call;
	if (call != NULL) {
		connection->call = NULL;
		kp_sql_call_failed(call, sqlstate, KP_OK);
		kp_timer_start(
			connection->target->loop, &connection->timer, (uint64_t)2000000);
	}
}

/* Nothing was copied in or out, and libpq would wait in that for us for ever. */
static bool
is_asked_for(ExecStatusType kind)
{
	return kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK ||
		kind == PGRES_SINGLE_TUPLE || kind == PGRES_EMPTY_QUERY;
}

/* False: the call was ended in a way that leaves the connection full of answer. */
static bool
take_result(struct kp_sql_connection *connection, const PGresult *result)
{
	const struct kp_pg_step *step = &connection->steps[connection->step_at];
	ExecStatusType kind = PQresultStatus(result);
	enum kp_status status = KP_OK;
	if (kind == PGRES_FATAL_ERROR || kind == PGRES_BAD_RESPONSE) {
		const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
		/* Without one it is libpq that speaks: the connection has gone. */
		if (sqlstate == NULL) {
			return false;
		}
		fail_call(connection, sqlstate);
		return true;
	}
	if (kind == PGRES_PIPELINE_ABORTED) {
		return true;
	}
	if (!is_asked_for(kind)) {
		return false;
	}
	if (step->kind == KP_PG_STEP_PREPARE) {
		connection->prepared_sure += step->named ? 1 : 0;
		return true;
	}
	if (connection->call == NULL || step->kind == KP_PG_STEP_COMMAND) {
		return true;
	}
	if (!connection->head_given) {
		status = take_columns(connection, step->query, result);
	}
	if (status == KP_OK && kind == PGRES_SINGLE_TUPLE) {
		status = take_row(connection, step->query, result);
	}
	if (status == KP_OK || connection->doomed) {
		return true;
	}
	struct kp_sql_call *call = connection->call;
	connection->call = NULL;
	connection->doomed = true;
	kp_sql_call_done(call, status);
	return true;
}

/* The pipeline is over. */
static bool
finish(struct kp_sql_connection *connection)
{
	struct kp_sql_call *call = connection->call;
	bool answered = connection->state == KP_PG_BUSY;
	if (connection->state == KP_PG_SCRUBBING) {
		connection->most_bytes = 0;
	}
	if (connection->call_bytes > connection->most_bytes && answered) {
		connection->most_bytes = connection->call_bytes;
	}
	/* After an error the server has not seen what came behind it. */
	connection->prepared_count = connection->prepared_sure;
	if (PQtransactionStatus(connection->pg) != PQTRANS_IDLE) {
		fail_call(connection, "25000");
		return connection->state != KP_PG_RESETTING && roll_back(connection);
	}
	if (answered && call != NULL) {
		connection->used = true;
		connection->call = NULL;
		kp_sql_call_done(call, KP_OK);
	}
	kp_pg_free(connection);
	return true;
}

/* We listen to no channel, and what comes on one nobody would ever take. */
static bool
was_notified(const struct kp_sql_connection *connection)
{
	PGnotify *note = PQnotifies(connection->pg);
	PQfreemem(note);
	return note != NULL;
}

bool
kp_pg_pump(struct kp_sql_connection *connection)
{
	while (!connection->doomed && PQisBusy(connection->pg) == 0) {
		PGresult *result = PQgetResult(connection->pg);
		if (result == NULL) {
			if (connection->state == KP_PG_IDLE ||
				connection->step_at >= connection->step_count) {
				return PQstatus(connection->pg) == CONNECTION_OK;
			}
			connection->step_at++;
			connection->head_given = false;
			(void)PQsetSingleRowMode(connection->pg);
			continue;
		}
		bool over = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
		bool fine = over || connection->step_at < connection->step_count;
		if (fine && !over) {
			fine = take_result(connection, result);
		}
		PQclear(result);
		if (over) {
			fine = finish(connection);
		}
		if (!fine) {
			return false;
		}
	}
	return connection->doomed || !was_notified(connection);
}
