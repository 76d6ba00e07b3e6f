/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sql_odbc_dialect: what each kind of database is told in words of its own, since its
 * driver does not: that nothing is written, and how many rows and how much time there may
 * be. And what some of its own codes of faults mean. A database that is not here is asked
 * through attributes of ODBC only.
 */
#include <stdio.h>
#include <string.h>

#include "io/sql_odbc_work.h"

/* A limit on time that the database has for this user stays when it is lower. */
static void
write_mariadb(char *out, size_t room, unsigned long rows, unsigned long seconds)
{
	(void)snprintf(out, room,
		"set session sql_select_limit = %lu, max_statement_time = "
		"least(coalesce(nullif(@ketenpoort_time, 0), %lu), %lu)",
		rows, seconds, seconds);
}

static void
write_mysql(char *out, size_t room, unsigned long rows, unsigned long seconds)
{
	(void)snprintf(out, room,
		"set session sql_select_limit = %lu, max_execution_time = %lu000", rows,
		seconds);
}

/* Their SQLSTATEs are 42000, which a fault in a statement has too, and HY000. */
static const struct kp_odbc_code mysql_codes[] = {
	{1142, KP_E_DENIED},  /* this on this table */
	{1143, KP_E_DENIED},  /* this on this column */
	{1370, KP_E_DENIED},  /* this on this routine */
	{1205, KP_E_TIMEOUT}, /* waiting for a lock */
	{3024, KP_E_TIMEOUT}, /* MySQL: the time of a statement */
	{0, KP_OK},
};

static const struct kp_odbc_code sql_server_codes[] = {
	{229, KP_E_DENIED},   /* this on this object */
	{230, KP_E_DENIED},   /* this on this column */
	{1222, KP_E_TIMEOUT}, /* waiting for a lock */
	{0, KP_OK},
};

static const struct kp_odbc_code oracle_codes[] = {
	{1031, KP_E_DENIED}, /* ORA-01031: insufficient privileges */
	{0, KP_OK},
};

static const struct kp_odbc_dialect dialects[] = {
	{.name = "MariaDB",
		.session = "set session transaction read only",
		.remember = "set @ketenpoort_time = @@max_statement_time",
		.write_limits = write_mariadb,
		.codes = mysql_codes},
	{.name = "MySQL",
		.session = "set session transaction read only",
		.write_limits = write_mysql,
		.codes = mysql_codes},
	/* For a transaction, since others may use the session when a pool stands
	 * between. */
	{.name = "PostgreSQL", .transaction = "set transaction read only"},
	{.name = "Microsoft SQL Server", .codes = sql_server_codes},
	{.name = "Oracle", .codes = oracle_codes},
	{.name = ""},
};

const struct kp_odbc_dialect *
kp_odbc_dialect_find(SQLHDBC connection, bool wide)
{
	char name[KP_ODBC_NAME_BYTES];
	size_t at = 0;
	(void)kp_odbc_information(connection, wide, SQL_DBMS_NAME, name);
	while (at + 1 < KP_ARRAY_LEN(dialects) && strcmp(dialects[at].name, name) != 0) {
		at++;
	}
	return &dialects[at];
}

enum kp_status
kp_odbc_dialect_status(const struct kp_odbc_dialect *dialect, SQLINTEGER code)
{
	const struct kp_odbc_code *at = dialect == NULL ? NULL : dialect->codes;
	while (at != NULL && at->code != 0) {
		if (at->code == code) {
			return at->status;
		}
		at++;
	}
	return KP_OK;
}
