/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sql_odbc_work: runs a job with unixODBC (ODBC 3, ISO/IEC 9075-3). Everything here
 * blocks and is called from the session's own thread. Texts go in and out as UTF-16,
 * which no driver converts by its locale.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/heap.h"
#include "io/sql_odbc_work.h"

#define PIECE_UNITS 2048
#define COLUMN_NAME_BYTES 256
#define ANSWER_FIRST ((size_t)16 * 1024)

struct kp_odbc_session {
	char *dsn;
	SQLHENV environment;
	SQLHDBC connection;
	bool connected;
	bool manual;          /* nothing is committed of itself, as the driver has it */
	pthread_mutex_t lock; /* of `statement` */
	SQLHSTMT statement;   /* while one runs */
};

/* The first line of the driver's words, after its SQLSTATE. */
static void
keep_words(struct kp_odbc_job *job, SQLSMALLINT kind, SQLHANDLE handle)
{
	SQLCHAR state[6] = "HY000";
	char words[sizeof(job->words) - 8] = "";
	(void)SQLGetDiagRec(kind, handle, 1, state, NULL, (SQLCHAR *)words,
		(SQLSMALLINT)sizeof(words), NULL);
	words[strcspn(words, "\r\n")] = '\0';
	(void)snprintf(job->words, sizeof(job->words), "%.5s: %s", (char *)state, words);
}

void
kp_odbc_fail(struct kp_odbc_job *job, SQLSMALLINT kind, SQLHANDLE handle)
{
	SQLCHAR state[6] = "HY000";
	if (job->status != KP_OK) {
		return;
	}
	job->status = KP_E_SOURCE;
	if (job->describe) {
		keep_words(job, kind, handle);
	}
	/* Otherwise the text of the message is not asked for: it may hold values. */
	(void)SQLGetDiagRec(kind, handle, 1, state, NULL, NULL, 0, NULL);
	memcpy(job->sqlstate, state, 5);
	job->sqlstate[5] = '\0';
}

/* Texts. */

static size_t
to_utf16(const char *text, SQLWCHAR *out)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len = 0;
	while (*at != '\0') {
		uint32_t code = *at++;
		unsigned more = code >= 0xf0 ? 3
			: code >= 0xe0       ? 2
			: code >= 0xc0       ? 1
					     : 0;
		code &= more == 0 ? 0x7fu : 0x3fu >> more;
		for (; more > 0 && (*at & 0xc0) == 0x80; more--) {
			code = code << 6 | (*at++ & 0x3fu);
		}
		if (code >= 0x10000) {
			out[len++] = (SQLWCHAR)(0xd800 + ((code - 0x10000) >> 10));
			out[len++] = (SQLWCHAR)(0xdc00 + ((code - 0x10000) & 0x3ff));
		} else {
			out[len++] = (SQLWCHAR)code;
		}
	}
	return len;
}

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

/* One code point as UTF-8; half a surrogate pair becomes U+FFFD. */
static bool
add_code(struct kp_odbc_job *job, uint32_t code)
{
	char bytes[4];
	size_t len = 0;
	if (code >= 0xd800 && code < 0xe000) {
		code = 0xfffd;
	}
	if (code < 0x80) {
		bytes[len++] = (char)code;
	} else if (code < 0x800) {
		bytes[len++] = (char)(0xc0 | code >> 6);
		bytes[len++] = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		bytes[len++] = (char)(0xe0 | code >> 12);
		bytes[len++] = (char)(0x80 | (code >> 6 & 0x3f));
		bytes[len++] = (char)(0x80 | (code & 0x3f));
	} else {
		bytes[len++] = (char)(0xf0 | code >> 18);
		bytes[len++] = (char)(0x80 | (code >> 12 & 0x3f));
		bytes[len++] = (char)(0x80 | (code >> 6 & 0x3f));
		bytes[len++] = (char)(0x80 | (code & 0x3f));
	}
	return kp_odbc_add(job, bytes, len);
}

/* Pieces of one value may part a pair: the first half is carried. */
static bool
add_utf16(struct kp_odbc_job *job, const SQLWCHAR *units, size_t count, uint32_t *carry)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t unit = units[i];
		bool low = unit >= 0xdc00 && unit < 0xe000;
		if (*carry != 0) {
			uint32_t code = low
				? 0x10000 + ((*carry - 0xd800) << 10) + (unit - 0xdc00)
				: 0xfffd;
			*carry = 0;
			if (!add_code(job, code)) {
				return false;
			}
			if (low) {
				continue;
			}
		}
		if (unit >= 0xd800 && unit < 0xdc00) {
			*carry = unit;
		} else if (!add_code(job, unit)) {
			return false;
		}
	}
	return true;
}

/* Rows. */

static bool
over_limit(struct kp_odbc_job *job)
{
	/* Every value also has its length here: generous by four bytes each. */
	if (job->status == KP_OK &&
		(job->rows > job->rows_max || job->answer_len / 2 > job->bytes_max)) {
		job->status = KP_E_LIMIT;
	}
	return job->status != KP_OK;
}

static bool
take_value(SQLHSTMT statement, struct kp_odbc_job *job, SQLUSMALLINT column)
{
	SQLWCHAR piece[PIECE_UNITS];
	uint32_t carry = 0;
	size_t at = job->answer_len;
	uint32_t len = UINT32_MAX;
	SQLRETURN code = SQL_SUCCESS;
	bool more = kp_odbc_add_number(job, 0);
	for (bool first = true; more && !over_limit(job); first = false) {
		SQLLEN indicator = 0;
		code = SQLGetData(
			statement, column, SQL_C_WCHAR, piece, sizeof(piece), &indicator);
		if (code == SQL_NO_DATA || !kp_odbc_fine(code)) {
			break;
		}
		if (indicator == SQL_NULL_DATA) {
			memcpy(job->answer + at, &len, sizeof(len));
			return true;
		}
		bool cut = code == SQL_SUCCESS_WITH_INFO &&
			(indicator == SQL_NO_TOTAL ||
				indicator >
					(SQLLEN)sizeof(piece) - (SQLLEN)sizeof(*piece));
		size_t units = cut ? PIECE_UNITS - 1 : (size_t)indicator / sizeof(*piece);
		more = add_utf16(job, piece, units, &carry) && cut;
		(void)first;
	}
	kp_wipe(piece, sizeof(piece));
	if (!kp_odbc_fine(code) && code != SQL_NO_DATA) {
		kp_odbc_fail(job, SQL_HANDLE_STMT, statement);
	}
	if (carry != 0) {
		(void)add_code(job, 0xfffd);
	}
	if (job->status == KP_OK) {
		len = (uint32_t)(job->answer_len - at - sizeof(len));
		memcpy(job->answer + at, &len, sizeof(len));
	}
	return job->status == KP_OK;
}

static bool
take_columns(
	SQLHSTMT statement, struct kp_odbc_job *job, uint32_t query, SQLSMALLINT count)
{
	if (count <= 0 || count > KP_SQL_COLUMNS_MAX) {
		job->status = KP_E_LIMIT;
		return false;
	}
	bool more = kp_odbc_add_number(job, query) &&
		kp_odbc_add_number(job, (uint32_t)count);
	for (SQLSMALLINT i = 1; more && i <= count; i++) {
		SQLCHAR name[COLUMN_NAME_BYTES];
		SQLSMALLINT len = 0;
		if (!kp_odbc_fine(SQLDescribeCol(statement, (SQLUSMALLINT)i, name,
			    sizeof(name), &len, NULL, NULL, NULL, NULL))) {
			kp_odbc_fail(job, SQL_HANDLE_STMT, statement);
			return false;
		}
		size_t size = len < 0                      ? 0
			: len >= (SQLSMALLINT)sizeof(name) ? sizeof(name) - 1
							   : (size_t)len;
		more = kp_odbc_add_number(job, (uint32_t)size) &&
			kp_odbc_add(job, name, size);
	}
	return more;
}

static void
take_rows(SQLHSTMT statement, struct kp_odbc_job *job, uint32_t query)
{
	SQLSMALLINT count = 0;
	if (!kp_odbc_fine(SQLNumResultCols(statement, &count))) {
		kp_odbc_fail(job, SQL_HANDLE_STMT, statement);
		return;
	}
	bool more = take_columns(statement, job, query, count);
	while (more && !over_limit(job)) {
		SQLRETURN code = SQLFetch(statement);
		if (code == SQL_NO_DATA) {
			return;
		}
		if (!kp_odbc_fine(code)) {
			kp_odbc_fail(job, SQL_HANDLE_STMT, statement);
			return;
		}
		job->rows++;
		more = !over_limit(job) && kp_odbc_add_number(job, query) &&
			kp_odbc_add_number(job, (uint32_t)count);
		for (SQLSMALLINT i = 1; more && i <= count; i++) {
			more = take_value(statement, job, (SQLUSMALLINT)i);
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
		size_t len = value == NULL ? 0 : to_utf16(value, at);
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

static void
run_query(struct kp_odbc_session *session, struct kp_odbc_job *job, uint32_t query)
{
	SQLHSTMT statement = SQL_NULL_HSTMT;
	struct binding binding = {0};
	if (!kp_odbc_fine(
		    SQLAllocHandle(SQL_HANDLE_STMT, session->connection, &statement))) {
		kp_odbc_fail(job, SQL_HANDLE_DBC, session->connection);
		return;
	}
	(void)pthread_mutex_lock(&session->lock);
	session->statement = statement;
	(void)pthread_mutex_unlock(&session->lock);
	SQLULEN seconds = (job->timeout_ms + 999) / 1000;
	(void)SQLSetStmtAttr(
		statement, SQL_ATTR_QUERY_TIMEOUT, (SQLPOINTER)(uintptr_t)seconds, 0);
	/* One more than may come, so that the cap is seen. */
	(void)SQLSetStmtAttr(statement, SQL_ATTR_MAX_ROWS,
		(SQLPOINTER)(uintptr_t)(job->rows_max + 1ul), 0);
	(void)SQLSetStmtAttr(
		statement, SQL_ATTR_NOSCAN, (SQLPOINTER)(uintptr_t)SQL_NOSCAN_ON, 0);
	SQLCHAR *text = (SQLCHAR *)job->statements[query];
	bool ready = kp_odbc_fine(SQLPrepare(statement, text, SQL_NTS));
	if (!ready) {
		kp_odbc_fail(job, SQL_HANDLE_STMT, statement);
	} else if ((!job->describe || kp_odbc_check_parameters(statement, job, query)) &&
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
	(void)pthread_mutex_lock(&session->lock);
	session->statement = SQL_NULL_HSTMT;
	(void)pthread_mutex_unlock(&session->lock);
	(void)SQLFreeHandle(SQL_HANDLE_STMT, statement);
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
	if (!kp_odbc_fine(
		    SQLDriverConnect(session->connection, NULL, (SQLCHAR *)session->dsn,
			    SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT))) {
		kp_odbc_fail(job, SQL_HANDLE_DBC, session->connection);
		/* Whatever else a driver says when nobody could be reached. */
		if (job->status == KP_E_SOURCE && strncmp(job->sqlstate, "28", 2) != 0) {
			memcpy(job->sqlstate, "08001", 6);
		}
		return false;
	}
	session->connected = true;
	session->manual = kp_odbc_fine(SQLSetConnectAttr(session->connection,
		SQL_ATTR_AUTOCOMMIT, (SQLPOINTER)(uintptr_t)SQL_AUTOCOMMIT_OFF, 0));
	return true;
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
	for (uint32_t i = 0; i < job->query_count && job->status == KP_OK; i++) {
		if (job->describe && job->statements[i][0] == '\0') {
			kp_odbc_describe_connection(
				session->connection, job, i, session->manual);
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
