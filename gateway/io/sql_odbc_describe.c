/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sql_odbc_describe: what a statement gives and what a connection may do, as far as the
 * driver says it. See kp_sql_request.describe. */
#include <stdio.h>
#include <string.h>

#include "io/sql_odbc_work.h"

/* A head or a row of two texts. */
static bool
add_pair(struct kp_odbc_job *job, uint32_t query, const char *first, const char *second)
{
	return kp_odbc_add_number(job, query) && kp_odbc_add_number(job, 2) &&
		kp_odbc_add_number(job, (uint32_t)strlen(first)) &&
		kp_odbc_add(job, first, strlen(first)) &&
		kp_odbc_add_number(job, (uint32_t)strlen(second)) &&
		kp_odbc_add(job, second, strlen(second));
}

/* Columns. */

static void
write_type(const struct kp_odbc_column *column, char *out, size_t room)
{
	static const struct {
		SQLSMALLINT type;
		const char *word;
		bool sized;
		bool exact;
	} rows[] = {
		{SQL_CHAR, "char", true, false},
		{SQL_WCHAR, "char", true, false},
		{SQL_VARCHAR, "varchar", true, false},
		{SQL_WVARCHAR, "varchar", true, false},
		{SQL_LONGVARCHAR, "text", false, false},
		{SQL_WLONGVARCHAR, "text", false, false},
		{SQL_NUMERIC, "numeric", true, true},
		{SQL_DECIMAL, "numeric", true, true},
		{SQL_BIT, "bit", false, false},
		{SQL_TINYINT, "tinyint", false, false},
		{SQL_SMALLINT, "smallint", false, false},
		{SQL_INTEGER, "integer", false, false},
		{SQL_BIGINT, "bigint", false, false},
		{SQL_REAL, "real", false, false},
		{SQL_FLOAT, "double", false, false},
		{SQL_DOUBLE, "double", false, false},
		{SQL_TYPE_DATE, "date", false, false},
		{SQL_TYPE_TIME, "time", false, false},
		{SQL_TYPE_TIMESTAMP, "timestamp", false, false},
		{SQL_BINARY, "bytes", false, false},
		{SQL_VARBINARY, "bytes", false, false},
		{SQL_LONGVARBINARY, "bytes", false, false},
		{SQL_GUID, "uuid", false, false},
	};
	(void)snprintf(out, room, "type %d", column->type);
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		if (rows[i].type != column->type) {
			continue;
		}
		(void)snprintf(out, room, "%s", rows[i].word);
		size_t len = strlen(out);
		if (rows[i].exact) {
			(void)snprintf(out + len, room - len, "(%lu,%d)",
				(unsigned long)column->size, column->digits);
		} else if (rows[i].sized && column->size > 0 &&
			column->size < UINT16_MAX) {
			(void)snprintf(out + len, room - len, "(%lu)",
				(unsigned long)column->size);
		}
		return;
	}
}

/* A statement that wants another number of values than it will be given fails when it is
 * executed, with words that say little. */
bool
kp_odbc_check_parameters(SQLHSTMT statement, struct kp_odbc_job *job, uint32_t query)
{
	SQLSMALLINT count = 0;
	if (!kp_odbc_fine(SQLNumParams(statement, &count)) ||
		(uint32_t)count == job->parameter_counts[query]) {
		return true;
	}
	job->status = KP_E_SOURCE;
	memcpy(job->sqlstate, "07001", 6);
	(void)snprintf(job->words, sizeof(job->words),
		"07001: the driver sees %d parameters, and the query names %u", count,
		(unsigned)job->parameter_counts[query]);
	return false;
}

void
kp_odbc_describe_columns(SQLHSTMT statement, struct kp_odbc_job *job, uint32_t query)
{
	SQLSMALLINT count = 0;
	if (!kp_odbc_fine(SQLNumResultCols(statement, &count))) {
		kp_odbc_fail(job, SQL_HANDLE_STMT, statement);
		return;
	}
	if (count > KP_SQL_COLUMNS_MAX) {
		job->status = KP_E_LIMIT;
		return;
	}
	bool more = add_pair(job, query, "name", "type");
	for (SQLSMALLINT i = 1; more && i <= count; i++) {
		struct kp_odbc_column column = {.type = 0};
		char type[64];
		if (!kp_odbc_fine(kp_odbc_column(
			    statement, job->wide, (SQLUSMALLINT)i, &column))) {
			kp_odbc_fail(job, SQL_HANDLE_STMT, statement);
			return;
		}
		write_type(&column, type, sizeof(type));
		more = add_pair(job, query, column.name, type);
	}
}

/* The connection. */

static void
add_information(struct kp_odbc_job *job, uint32_t query, SQLHDBC connection)
{
	static const struct {
		SQLUSMALLINT what;
		const char *name;
	} rows[] = {
		{SQL_DBMS_NAME, "dbms"},
		{SQL_DBMS_VER, "version"},
		{SQL_DRIVER_NAME, "driver"},
		{SQL_DRIVER_VER, "driverVersion"},
		{SQL_USER_NAME, "user"},
		{SQL_IDENTIFIER_QUOTE_CHAR, "quote"},
		{SQL_DATA_SOURCE_READ_ONLY, "readOnly"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		char text[KP_ODBC_NAME_BYTES];
		if (kp_odbc_information(connection, job->wide, rows[i].what, text)) {
			(void)add_pair(job, query, rows[i].name, text);
		}
	}
}

/* Not every database can undo, and not every driver lets it. */
static void
add_rollback(struct kp_odbc_job *job, uint32_t query, SQLHDBC connection, bool manual)
{
	SQLUSMALLINT capable = SQL_TC_NONE;
	if (!kp_odbc_fine(SQLGetInfo(connection, SQL_TXN_CAPABLE, &capable,
		    (SQLSMALLINT)sizeof(capable), NULL))) {
		capable = SQL_TC_NONE;
	}
	(void)add_pair(
		job, query, "rollsBack", manual && capable != SQL_TC_NONE ? "Y" : "N");
}

/* The time that the driver or the database takes over, since not every one does. */
static void
add_timeout(struct kp_odbc_job *job, uint32_t query, SQLHSTMT statement, bool timed)
{
	SQLULEN seconds = 0;
	char text[32];
	(void)SQLSetStmtAttr(statement, SQL_ATTR_QUERY_TIMEOUT,
		(SQLPOINTER)(uintptr_t)kp_odbc_seconds(job), 0);
	if (!kp_odbc_fine(SQLGetStmtAttr(statement, SQL_ATTR_QUERY_TIMEOUT, &seconds,
		    sizeof(seconds), NULL))) {
		seconds = 0;
	}
	if (timed) {
		seconds = kp_odbc_seconds(job);
	}
	(void)snprintf(text, sizeof(text), "%lu", (unsigned long)seconds);
	(void)add_pair(job, query, "queryTimeout", text);
}

void
kp_odbc_describe_connection(SQLHDBC connection, struct kp_odbc_job *job, uint32_t query,
	const struct kp_odbc_terms *terms)
{
	SQLHSTMT statement = SQL_NULL_HSTMT;
	if (!add_pair(job, query, "what", "value")) {
		return;
	}
	add_information(job, query, connection);
	add_rollback(job, query, connection, terms->manual);
	(void)add_pair(job, query, "keptToReading", terms->reads_only ? "Y" : "N");
	if (!kp_odbc_fine(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement))) {
		kp_odbc_fail(job, SQL_HANDLE_DBC, connection);
		return;
	}
	add_timeout(job, query, statement, terms->timed);
	(void)SQLFreeHandle(SQL_HANDLE_STMT, statement);
}
