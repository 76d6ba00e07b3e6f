/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sql_odbc_work: what the files share that call the driver manager (sql_odbc_work.c,
 * sql_odbc_describe.c). Everything is of the session's thread. */
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

/* What kp_sql_request.describe wants of a statement that was prepared, of one that was
 * executed, and of the connection. */
bool kp_odbc_check_parameters(
	SQLHSTMT statement, struct kp_odbc_job *job, uint32_t query);
void kp_odbc_describe_columns(
	SQLHSTMT statement, struct kp_odbc_job *job, uint32_t query);
/* `manual`: the driver took it that nothing is committed of itself. */
void kp_odbc_describe_connection(
	SQLHDBC connection, struct kp_odbc_job *job, uint32_t query, bool manual);

#endif
