/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_doctor_sql: what the two ways of looking into a database share, libpq
 * (connector_doctor_postgres.c) and ODBC (connector_doctor_odbc.c). */
#ifndef KP_COMMANDS_CONNECTOR_DOCTOR_SQL_H
#define KP_COMMANDS_CONNECTOR_DOCTOR_SQL_H

#include "commands/connector_doctor.h"
#include "io/probe_postgres.h"

#define KP_DOCTOR_STATEMENTS_MAX KP_SQL_QUERIES_MAX

/* The tables of a PostgreSQL that this user may write in: pg_class c, pg_namespace n. */
#define KP_DOCTOR_FROM_WRITABLE                                                          \
	"from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind " \
	"in ('r', 'p', 'v', 'f') and n.nspname not in ('pg_catalog', "                   \
	"'information_schema') and n.nspname !~ '^pg_' and has_schema_privilege(n.oid, " \
	"'USAGE') and has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')"

/* A statement as the connector asks it about nobody. */
struct kp_doctor_statement {
	struct kp_slice name;
	const char *text;
	struct kp_slice *parameters; /* data NULL: NULL */
	uint32_t parameter_count;
	struct kp_probe_column *columns;
	size_t column_count;
	bool seen;             /* something was said about it */
	bool good;             /* its columns are known */
	enum kp_status status; /* when it says more than the words; else KP_OK */
};

/* Lifetime: one run. */
struct kp_doctor_looking {
	struct kp_doctor *doctor;
	struct kp_doctor_statement statements[KP_DOCTOR_STATEMENTS_MAX];
	size_t count;
};

/* Log in, say what this user may do, and learn the columns of every statement. */
void kp_doctor_look_postgres(struct kp_doctor_looking *looking);
void kp_doctor_look_odbc(struct kp_doctor_looking *looking);

/* `words` of a driver with *** for each password of its connection string, or for the
 * beginning of one at their end. In the arena; when memory is short it is a fixed text.
 */
const char *kp_doctor_hide_passwords(
	struct kp_arena *arena, struct kp_slice dsn, const char *words);

/* Says what a statement gives, or why it cannot be asked: words that begin with an
 * SQLSTATE. */
void kp_doctor_say_statement(struct kp_doctor *doctor,
	struct kp_doctor_statement *statement, const char *words);
/* Says that this user may write in these tables, and what the gateway does about it. */
void kp_doctor_warn_writable(
	struct kp_doctor *doctor, struct kp_slice tables, const char *guard);

#endif
