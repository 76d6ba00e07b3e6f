/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sql_odbc_work: runs a job with unixODBC (ODBC 3, ISO/IEC 9075-3). Everything here
 * blocks and is called from the session's own thread. Texts go in and out as UTF-16
 * (sql_odbc_text.c).
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/heap.h"
#include "io/sql_odbc_work.h"

#define LIMITS_BYTES 192
#define ANSWER_FIRST ((size_t)16 * 1024)

struct kp_odbc_session {
	char *dsn;
	SQLHENV environment;
	SQLHDBC connection;
	bool connected;
	const struct kp_odbc_dialect *dialect; /* once connected */
	struct kp_odbc_terms terms;
	char limits[LIMITS_BYTES]; /* what the database was told last */
	pthread_mutex_t lock;      /* of `statement` */
	SQLHSTMT statement;        /* while one runs */
};

/* The first line of the driver's words, after its SQLSTATE. */
static void
keep_words(struct kp_odbc_job *job, SQLSMALLINT kind, SQLHANDLE handle)
{
	SQLWCHAR state[6];
	SQLWCHAR units[sizeof(job->words)] = {0};
	char words[sizeof(job->words) - sizeof("HY000: ")];
	(void)SQLGetDiagRecW(kind, handle, 1, state, NULL, units,
		(SQLSMALLINT)KP_ARRAY_LEN(units), NULL);
	kp_odbc_to_utf8(units, KP_ARRAY_LEN(units), words, sizeof(words));
	words[strcspn(words, "\r\n")] = '\0';
	(void)snprintf(job->words, sizeof(job->words), "%s: %s", job->sqlstate, words);
}

void
kp_odbc_fail(struct kp_odbc_job *job, SQLSMALLINT kind, SQLHANDLE handle)
{
	SQLWCHAR state[6];
	SQLINTEGER code = 0;
	if (job->status != KP_OK) {
		return;
	}
	job->status = KP_E_SOURCE;
	memcpy(job->sqlstate, "HY000", 6);
	if (kp_odbc_fine(SQLGetDiagRecW(kind, handle, 1, state, &code, NULL, 0, NULL))) {
		kp_odbc_to_utf8(
			state, KP_ARRAY_LEN(state), job->sqlstate, sizeof(job->sqlstate));
		job->meant = kp_odbc_dialect_status(job->dialect, code);
	}
	/* Otherwise the text of the message is not asked for: it may hold values. */
	if (job->describe) {
		keep_words(job, kind, handle);
	}
}

/* The answer. */

static bool
reserve(struct kp_odbc_job *job, size_t size)
{
	if (job->answer_len + size <= job->answer_capacity) {
		return true;
	}
	size_t capacity =
		job->answer_capacity == 0 ? ANSWER_FIRST : job->answer_capacity * 2;
	while (capacity < job->answer_len + size) {
		capacity *= 2;
	}
	char *answer = kp_heap_realloc(job->answer, capacity);
	if (answer == NULL) {
		job->status = KP_E_MEMORY;
		return false;
	}
	job->answer = answer;
	job->answer_capacity = capacity;
	return true;
}

bool
kp_odbc_add(struct kp_odbc_job *job, const void *bytes, size_t len)
{
	if (!reserve(job, len)) {
		return false;
	}
	memcpy(job->answer + job->answer_len, bytes, len);
	job->answer_len += len;
	return true;
}

bool
kp_odbc_add_number(struct kp_odbc_job *job, uint32_t number)
{
	return kp_odbc_add(job, &number, sizeof(number));
}

/* Rows. */

bool
kp_odbc_over_limit(struct kp_odbc_job *job)
{
	/* Every value also has its length here: generous by four bytes each. */
	if (job->status == KP_OK &&
		(job->rows > job->rows_max || job->answer_len / 2 > job->bytes_max)) {
		job->status = KP_E_LIMIT;
	}
	return job->status != KP_OK;
}

/* Learns the kinds too. */
static bool
take_columns(SQLHSTMT statement, struct kp_odbc_job *job, uint32_t query,
	SQLSMALLINT count, unsigned char kinds[KP_SQL_COLUMNS_MAX])
{
	if (count <= 0) {
		job->status = KP_E_SOURCE;
		memcpy(job->sqlstate, "07005", 6); /* it gives no rows */
		return false;
	}
	if (count > KP_SQL_COLUMNS_MAX) {
		job->status = KP_E_LIMIT;
		return false;
	}
	bool more = kp_odbc_add_number(job, query) &&
		kp_odbc_add_number(job, (uint32_t)count);
	for (SQLSMALLINT i = 1; more && i <= count; i++) {
		struct kp_odbc_column column = {.type = 0};
		if (!kp_odbc_fine(kp_odbc_column(
			    statement, job->wide, (SQLUSMALLINT)i, &column))) {
			kp_odbc_fail(job, SQL_HANDLE_STMT, statement);
			return false;
		}
		kinds[i - 1] = (unsigned char)kp_odbc_kind_of(column.type);
		more = kp_odbc_add_number(job, (uint32_t)strlen(column.name)) &&
			kp_odbc_add(job, column.name, strlen(column.name));
	}
	return more;
}

static void
take_rows(SQLHSTMT statement, struct kp_odbc_job *job, uint32_t query)
{
	unsigned char kinds[KP_SQL_COLUMNS_MAX];
	SQLSMALLINT count = 0;
	if (!kp_odbc_fine(SQLNumResultCols(statement, &count))) {
		kp_odbc_fail(job, SQL_HANDLE_STMT, statement);
		return;
	}
	bool more = take_columns(statement, job, query, count, kinds);
	while (more && !kp_odbc_over_limit(job)) {
		SQLRETURN code = SQLFetch(statement);
		if (code == SQL_NO_DATA) {
			return;
		}
		if (!kp_odbc_fine(code)) {
			kp_odbc_fail(job, SQL_HANDLE_STMT, statement);
			return;
		}
		job->rows++;
		more = !kp_odbc_over_limit(job) && kp_odbc_add_number(job, query) &&
			kp_odbc_add_number(job, (uint32_t)count);
		for (SQLSMALLINT i = 1; more && i <= count; i++) {
			const struct kp_odbc_place place = {statement, (SQLUSMALLINT)i,
				(enum kp_odbc_kind)kinds[i - 1]};
			more = kp_odbc_take_value(&place, job);
		}
	}
}

/* Queries. */

/* The bound texts live until the statement has been executed. */
struct binding {
	SQLWCHAR *units;
	SQLLEN indicators[UINT8_MAX];
};

static bool
bind_parameters(SQLHSTMT statement, struct kp_odbc_job *job, uint32_t query,
	struct binding *binding)
{
	size_t size = 1;
	uint32_t count = job->parameter_counts[query];
	for (uint32_t i = 0; i < count; i++) {
		const char *value = job->parameters[query][i];
		size += value == NULL ? 1 : strlen(value) + 1;
	}
	binding->units = kp_heap_calloc(size, sizeof(SQLWCHAR));
	if (binding->units == NULL) {
		job->status = KP_E_MEMORY;
		return false;
	}
	SQLWCHAR *at = binding->units;
	for (uint32_t i = 0; i < count; i++) {
		const char *value = job->parameters[query][i];
		size_t len = value == NULL ? 0 : kp_odbc_to_utf16(value, at);
		binding->indicators[i] =
			value == NULL ? SQL_NULL_DATA : (SQLLEN)(len * sizeof(SQLWCHAR));
		if (!kp_odbc_fine(SQLBindParameter(statement, (SQLUSMALLINT)(i + 1),
			    SQL_PARAM_INPUT, SQL_C_WCHAR, SQL_WVARCHAR,
			    len == 0 ? 1 : len, 0, at,
			    (SQLLEN)((len + 1) * sizeof(SQLWCHAR)),
			    &binding->indicators[i]))) {
			kp_odbc_fail(job, SQL_HANDLE_STMT, statement);
			return false;
		}
		at += len + 1;
	}
	return true;
}

/* One more than may come, so that the cap is seen. */
static unsigned long
rows_asked(const struct kp_odbc_job *job)
{
	return job->rows_max + 1ul;
}

static bool
prepare(SQLHSTMT statement, struct kp_odbc_job *job, char *text)
{
	bool ready = kp_odbc_fine(kp_odbc_prepare(statement, job->wide, text));
	if (!ready) {
		kp_odbc_fail(job, SQL_HANDLE_STMT, statement);
	}
	return ready;
}

static bool
enter_statement(
	struct kp_odbc_session *session, struct kp_odbc_job *job, SQLHSTMT *ret_statement)
{
	SQLHSTMT statement = SQL_NULL_HSTMT;
	if (!kp_odbc_fine(
		    SQLAllocHandle(SQL_HANDLE_STMT, session->connection, &statement))) {
		kp_odbc_fail(job, SQL_HANDLE_DBC, session->connection);
		return false;
	}
	(void)pthread_mutex_lock(&session->lock);
	session->statement = statement;
	(void)pthread_mutex_unlock(&session->lock);
	(void)SQLSetStmtAttr(statement, SQL_ATTR_QUERY_TIMEOUT,
		(SQLPOINTER)(uintptr_t)kp_odbc_seconds(job), 0);
	*ret_statement = statement;
	return true;
}

static void
leave_statement(struct kp_odbc_session *session, SQLHSTMT statement)
{
	(void)pthread_mutex_lock(&session->lock);
	session->statement = SQL_NULL_HSTMT;
	(void)pthread_mutex_unlock(&session->lock);
	(void)SQLFreeHandle(SQL_HANDLE_STMT, statement);
}

static void
run_query(struct kp_odbc_session *session, struct kp_odbc_job *job, uint32_t query)
{
	SQLHSTMT statement = SQL_NULL_HSTMT;
	struct binding binding = {0};
	if (!enter_statement(session, job, &statement)) {
		return;
	}
	if (session->dialect->write_limits == NULL) {
		(void)SQLSetStmtAttr(statement, SQL_ATTR_MAX_ROWS,
			(SQLPOINTER)(uintptr_t)rows_asked(job), 0);
	}
	(void)SQLSetStmtAttr(
		statement, SQL_ATTR_NOSCAN, (SQLPOINTER)(uintptr_t)SQL_NOSCAN_ON, 0);
	if (prepare(statement, job, job->statements[query]) &&
		(!job->describe || kp_odbc_check_parameters(statement, job, query)) &&
		bind_parameters(statement, job, query, &binding)) {
		SQLRETURN code = SQLExecute(statement);
		if (!kp_odbc_fine(code) && code != SQL_NO_DATA) {
			kp_odbc_fail(job, SQL_HANDLE_STMT, statement);
		} else if (job->describe) {
			kp_odbc_describe_columns(statement, job, query);
		} else {
			take_rows(statement, job, query);
		}
	}
	leave_statement(session, statement);
	kp_heap_free(binding.units);
}

/* Sessions. */

struct kp_odbc_session *
kp_odbc_open(const char *dsn)
{
	struct kp_odbc_session *session = kp_heap_calloc(1, sizeof(*session));
	if (session == NULL || pthread_mutex_init(&session->lock, NULL) != 0) {
		kp_heap_free(session);
		return NULL;
	}
	session->dsn = kp_heap_strdup(dsn);
	bool made = session->dsn != NULL &&
		kp_odbc_fine(SQLAllocHandle(
			SQL_HANDLE_ENV, SQL_NULL_HANDLE, &session->environment)) &&
		kp_odbc_fine(SQLSetEnvAttr(session->environment, SQL_ATTR_ODBC_VERSION,
			(SQLPOINTER)(uintptr_t)SQL_OV_ODBC3, 0)) &&
		kp_odbc_fine(SQLAllocHandle(
			SQL_HANDLE_DBC, session->environment, &session->connection));
	if (!made) {
		kp_odbc_close(session);
		return NULL;
	}
	return session;
}

void
kp_odbc_close(struct kp_odbc_session *session)
{
	if (session == NULL) {
		return;
	}
	if (session->connected) {
		(void)SQLDisconnect(session->connection);
	}
	if (session->connection != SQL_NULL_HDBC) {
		(void)SQLFreeHandle(SQL_HANDLE_DBC, session->connection);
	}
	if (session->environment != SQL_NULL_HENV) {
		(void)SQLFreeHandle(SQL_HANDLE_ENV, session->environment);
	}
	(void)pthread_mutex_destroy(&session->lock);
	kp_heap_free(session->dsn);
	kp_heap_free(session);
}

/* Did the database take it? */
static bool
tell(struct kp_odbc_session *session, struct kp_odbc_job *job, const char *words)
{
	SQLHSTMT statement = SQL_NULL_HSTMT;
	SQLWCHAR units[LIMITS_BYTES] = {0};
	if (words == NULL || !enter_statement(session, job, &statement)) {
		return false;
	}
	(void)kp_odbc_to_utf16(words, units);
	bool taken = kp_odbc_fine(SQLExecDirectW(statement, units, SQL_NTS));
	leave_statement(session, statement);
	return taken;
}

static bool
is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80) {
		text++;
	}
	return *text == '\0';
}

static bool
connect_wide(struct kp_odbc_session *session)
{
	SQLWCHAR *dsn = kp_odbc_copy_utf16(session->dsn);
	bool connected = dsn != NULL &&
		kp_odbc_fine(SQLDriverConnectW(session->connection, NULL, dsn, SQL_NTS,
			NULL, 0, NULL, SQL_DRIVER_NOPROMPT));
	kp_heap_free(dsn);
	session->terms.wide = connected && kp_odbc_is_wide(session->connection);
	return connected;
}

/* To a driver for bytes, words beyond ASCII would not be these: it could make a file of
 * another name. Which it is, shows only when it is connected, so those go as bytes first,
 * and what follows too. */
static bool
connect_driver(struct kp_odbc_session *session)
{
	session->terms.wide = false;
	bool connected = !is_ascii(session->dsn) &&
		kp_odbc_fine(SQLDriverConnect(session->connection, NULL,
			(SQLCHAR *)session->dsn, SQL_NTS, NULL, 0, NULL,
			SQL_DRIVER_NOPROMPT));
	return connected || connect_wide(session);
}

static bool
connect_session(struct kp_odbc_session *session, struct kp_odbc_job *job)
{
	if (session->connected) {
		return true;
	}
	SQLULEN seconds = (job->connect_timeout_ms + 999) / 1000;
	(void)SQLSetConnectAttr(session->connection, SQL_ATTR_LOGIN_TIMEOUT,
		(SQLPOINTER)(uintptr_t)seconds, 0);
	(void)SQLSetConnectAttr(session->connection, SQL_ATTR_ACCESS_MODE,
		(SQLPOINTER)(uintptr_t)SQL_MODE_READ_ONLY, 0);
	if (!connect_driver(session)) {
		kp_odbc_fail(job, SQL_HANDLE_DBC, session->connection);
		/* Whatever else a driver says when nobody could be reached. */
		if (job->status == KP_E_SOURCE && strncmp(job->sqlstate, "28", 2) != 0) {
			memcpy(job->sqlstate, "08001", 6);
		}
		return false;
	}
	session->connected = true;
	session->dialect = kp_odbc_dialect_find(session->connection, session->terms.wide);
	session->limits[0] = '\0';
	session->terms.reads_only = tell(session, job, session->dialect->session);
	(void)tell(session, job, session->dialect->remember);
	session->terms.manual = kp_odbc_fine(SQLSetConnectAttr(session->connection,
		SQL_ATTR_AUTOCOMMIT, (SQLPOINTER)(uintptr_t)SQL_AUTOCOMMIT_OFF, 0));
	return true;
}

/* What the database is told anew for each transaction. */
static void
tell_terms(struct kp_odbc_session *session, struct kp_odbc_job *job)
{
	const struct kp_odbc_dialect *dialect = session->dialect;
	char limits[LIMITS_BYTES];
	if (dialect->transaction != NULL) {
		session->terms.reads_only = tell(session, job, dialect->transaction);
	}
	if (dialect->write_limits == NULL) {
		return;
	}
	dialect->write_limits(
		limits, sizeof(limits), rows_asked(job), kp_odbc_seconds(job));
	if (strcmp(limits, session->limits) != 0) {
		session->terms.timed = tell(session, job, limits);
		memcpy(session->limits, limits, sizeof(limits));
	}
}

static bool
starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Not every driver says by its SQLSTATE that the connection is gone. */
static bool
is_lost(struct kp_odbc_session *session, struct kp_odbc_job *job)
{
	SQLINTEGER dead = SQL_CD_FALSE;
	if (job->status != KP_E_SOURCE) {
		return false;
	}
	if (starts(job->sqlstate, "08") || starts(job->sqlstate, "57P")) {
		return true;
	}
	if (!kp_odbc_fine(SQLGetConnectAttr(session->connection, SQL_ATTR_CONNECTION_DEAD,
		    &dead, sizeof(dead), NULL)) ||
		dead != SQL_CD_TRUE) {
		return false;
	}
	memcpy(job->sqlstate, "08S01", 6);
	return true;
}

/* Everything in one transaction. False: the session is of no more use. */
static bool
run_queries(struct kp_odbc_session *session, struct kp_odbc_job *job)
{
	if (!connect_session(session, job)) {
		return false;
	}
	job->dialect = session->dialect;
	job->wide = session->terms.wide;
	tell_terms(session, job);
	for (uint32_t i = 0; i < job->query_count && job->status == KP_OK; i++) {
		if (job->describe && job->statements[i][0] == '\0') {
			kp_odbc_describe_connection(
				session->connection, job, i, &session->terms);
		} else {
			run_query(session, job, i);
		}
	}
	bool lost = is_lost(session, job);
	/* Nothing was to be written, so there is nothing to keep. */
	bool ended = kp_odbc_fine(
		SQLEndTran(SQL_HANDLE_DBC, session->connection, SQL_ROLLBACK));
	return ended && !lost;
}

bool
kp_odbc_run(struct kp_odbc_session *session, struct kp_odbc_job *job)
{
	bool kept = session->connected;
	bool good = run_queries(session, job);
	if (good || !kept || !is_lost(session, job)) {
		return good;
	}
	/* It ended while nobody used it. */
	(void)SQLDisconnect(session->connection);
	session->connected = false;
	job->status = KP_OK;
	job->meant = KP_OK;
	job->answer_len = 0;
	job->rows = 0;
	return run_queries(session, job);
}

void
kp_odbc_cancel(struct kp_odbc_session *session)
{
	(void)pthread_mutex_lock(&session->lock);
	if (session->statement != SQL_NULL_HSTMT) {
		(void)SQLCancel(session->statement);
	}
	(void)pthread_mutex_unlock(&session->lock);
}
