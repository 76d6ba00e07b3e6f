/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sql_odbc_work: what the files share that call the driver manager (sql_odbc_work.c,
 * sql_odbc_text.c, sql_odbc_value.c, sql_odbc_dialect.c, sql_odbc_describe.c). Everything
 * is of the session's thread. */
#ifndef KP_IO_SQL_ODBC_WORK_H
#define KP_IO_SQL_ODBC_WORK_H

#include <sql.h>
#include <sqlext.h>

#include "io/sql_odbc.h"

static inline bool
kp_odbc_fine(SQLRETURN code)
{
	return code == SQL_SUCCESS || code == SQL_SUCCESS_WITH_INFO;
}

/* The first failure of a job counts. */
void kp_odbc_fail(struct kp_odbc_job *job, SQLSMALLINT kind, SQLHANDLE handle);

/* To the end of the answer; false and KP_E_MEMORY when it cannot be. */
bool kp_odbc_add(struct kp_odbc_job *job, const void *bytes, size_t len);
bool kp_odbc_add_number(struct kp_odbc_job *job, uint32_t number);

/* More rows or bytes than a job may have; or it failed already. */
bool kp_odbc_over_limit(struct kp_odbc_job *job);

/* A value of a row (sql_odbc_value.c), by what its column is. */
enum kp_odbc_kind {
	KP_ODBC_TEXT,
	KP_ODBC_BIT,
	KP_ODBC_BYTES,
};

struct kp_odbc_place {
	SQLHSTMT statement;
	SQLUSMALLINT column; /* from 1 */
	enum kp_odbc_kind kind;
};

enum kp_odbc_kind kp_odbc_kind_of(SQLSMALLINT type);
/* Adds it with its length; false when the job failed. */
bool kp_odbc_take_value(const struct kp_odbc_place *place, struct kp_odbc_job *job);

/* The whole seconds that a job has, at least 1. */
static inline unsigned long
kp_odbc_seconds(const struct kp_odbc_job *job)
{
	return (job->timeout_ms + 999ul) / 1000;
}

/* Texts (sql_odbc_text.c). `out` has room for a unit of each byte; the number of them. */
size_t kp_odbc_to_utf16(const char *text, SQLWCHAR *out);
/* On the heap, with a 0 behind it; NULL without memory. */
SQLWCHAR *kp_odbc_copy_utf16(const char *text);
/* Adds units as UTF-8. Pieces of one text may part a pair: `carry`, 0 at first, has the
 * first half, and at the end of the text what is left of one is added. */
bool kp_odbc_add_utf16(
	struct kp_odbc_job *job, const SQLWCHAR *units, size_t count, uint32_t *carry);
bool kp_odbc_end_utf16(struct kp_odbc_job *job, uint32_t *carry);
/* Up to a 0 or `room` units, as whole code points, with a NUL. */
void kp_odbc_to_utf8(const SQLWCHAR *units, size_t room, char *out, size_t size);

/* Does the driver take UTF-16? What is `wide` below. */
bool kp_odbc_is_wide(SQLHDBC connection);
SQLRETURN kp_odbc_prepare(SQLHSTMT statement, bool wide, char *text);

#define KP_ODBC_NAME_UNITS 256
#define KP_ODBC_NAME_BYTES (4 * KP_ODBC_NAME_UNITS)

struct kp_odbc_column {
	char name[KP_ODBC_NAME_BYTES];
	SQLSMALLINT type;
	SQLSMALLINT digits;
	SQLULEN size;
};

SQLRETURN kp_odbc_column(SQLHSTMT statement, bool wide, SQLUSMALLINT number,
	struct kp_odbc_column *column);
bool kp_odbc_information(
	SQLHDBC connection, bool wide, SQLUSMALLINT what, char out[KP_ODBC_NAME_BYTES]);

/* What a kind of database is told (sql_odbc_dialect.c); NULL: nothing. One that does not
 * take it is asked all the same. */
struct kp_odbc_dialect {
	const char *name; /* SQL_DBMS_NAME; empty: any other */
	/* That nothing is written: once for each connection, or first in each
	 * transaction. */
	const char *session;
	const char *transaction;
	/* Once for each connection, before the first limits. */
	const char *remember;
	/* How many rows and seconds there may be, in place of SQL_ATTR_MAX_ROWS, which
	 * MariaDB's driver writes behind the statement, also when that has a limit. */
	void (*write_limits)(
		char *out, size_t room, unsigned long rows, unsigned long seconds);
	/* What its own codes mean, where a SQLSTATE is of several things; up to a 0. */
	const struct kp_odbc_code *codes;
};

struct kp_odbc_code {
	SQLINTEGER code;
	enum kp_status status;
};

/* KP_OK: nothing is known of it. Accepts a NULL dialect. */
enum kp_status kp_odbc_dialect_status(
	const struct kp_odbc_dialect *dialect, SQLINTEGER code);

/* Of a connection that is open. Static. */
const struct kp_odbc_dialect *kp_odbc_dialect_find(SQLHDBC connection, bool wide);

/* What is known of a connection beside what its driver says. */
struct kp_odbc_terms {
	bool wide;       /* its driver takes UTF-16 */
	bool manual;     /* nothing is committed of itself, as the driver has it */
	bool reads_only; /* the database took it that nothing is written */
	bool timed;      /* and how much time there is */
};

/* What kp_sql_request.describe wants of a statement that was prepared, of one that was
 * executed, and of the connection. */
bool kp_odbc_check_parameters(
	SQLHSTMT statement, struct kp_odbc_job *job, uint32_t query);
void kp_odbc_describe_columns(
	SQLHSTMT statement, struct kp_odbc_job *job, uint32_t query);
void kp_odbc_describe_connection(SQLHDBC connection, struct kp_odbc_job *job,
	uint32_t query, const struct kp_odbc_terms *terms);

#endif
