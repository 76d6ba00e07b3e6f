/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_doctor_odbc: a partner's database over ODBC, on the transport and the threads
 * that the gateway uses (io/sql.h): what the driver says of the connection and of each
 * statement, executed for a number that nobody has.
 */
#include <stdlib.h>
#include <string.h>

#include "commands/connector_doctor_sql.h"
#include "source/source_private.h"

#define ROWS_MAX 10000
#define BYTES_MAX ((uint64_t)1 << 20)
#define WRITABLE_TOLD_MAX 5

/* In the order of their calls. */
enum look {
	LOOK_CONNECTION,
	LOOK_TLS,
	LOOK_RIGHTS,
	LOOK_STATEMENT, /* for each of them */
};

/* What is asked of a database that is known. */
struct known {
	const char *tls;    /* a row (word, version); empty: not encrypted. NULL: none */
	const char *rights; /* rows (schema, table); see take_writable */
	const char *none;   /* said when there are no rows; NULL: that proves nothing */
};

/* What the driver says of the connection. */
struct connection {
	struct kp_slice dbms;
	struct kp_slice version;
	struct kp_slice driver;
	struct kp_slice driver_version;
	struct kp_slice user;
	struct kp_slice read_only;
	struct kp_slice kept_to_reading;
	struct kp_slice rolls_back;
	struct kp_slice query_timeout;
};

/* Lifetime: one look. One call after the other, the connection's own first. */
struct odbc {
	struct kp_doctor_looking *looking;
	struct kp_loop *loop;
	struct kp_sql_target *target;
	struct kp_task task;
	struct kp_sql_query query;
	struct kp_sql_call *call;
	struct connection connection;
	const struct known *known;
	const char *tls_version;
	bool superuser;
	const char *roles;    /* with commas; their rights do not show */
	const char *writable; /* tables, with commas */
	unsigned writable_count;
	enum look look;
	struct kp_doctor_statement *statement; /* of the look */
	size_t next;                           /* statement */
};

/* Login. */

/* By what drivers and the driver manager have in common. */
static const struct {
	bool state; /* the words begin an SQLSTATE, which comes first */
	const char *words;
	const char *remedy;
} login_faults[] = {
	{false, "Can't open lib",
		"install the driver, or mend its name or path: 'odbcinst -q -d' names "
		"the drivers of this machine"},
	{true, "IM002",
		"name a driver or data source this machine has: 'odbcinst -q -d' and "
		"'odbcinst -q -s' name them"},
	{true, "IM003",
		"install what the driver needs: 'ldd' of its file says what lacks"},
	{true, "28",
		"compare user and password in the secret with what the partner gave out"},
	{false, "password",
		"compare user and password in the secret with what the partner gave out"},
	{true, "HYT",
		"ask the partner whether its database is up, and your network people "
		"whether a firewall lets this machine through"},
	{false, "to database",
		"compare database and user in the secret with what the partner gave out"},
	{false, "Unknown database",
		"compare database and user in the secret with what the partner gave out"},
	{false, "does not exist",
		"compare database and user in the secret with what the partner gave out"},
	{false, "translate host name",
		"check the server's name in the secret, and whether this machine asks "
		"the right name server (resolvectl query NAME)"},
	{false, "Unknown server host",
		"check the server's name in the secret, and whether this machine asks "
		"the right name server (resolvectl query NAME)"},
	{false, "Can't connect to",
		"check server and port in the secret, and whether the partner is up"},
	{false, "refused",
		"check server and port in the secret, and whether the partner is up"},
	{false, "certificate", "compare what the secret says of TLS with the partner"},
	{false, "SSL", "compare what the secret says of TLS with the partner"},
};

static void
say_no_login(struct kp_doctor *doctor, const char *words)
{
	const char *remedy =
		"check server, port and database in the secret, and show the partner "
		"these words of the driver";
	for (size_t i = 0; i < KP_ARRAY_LEN(login_faults); i++) {
		const char *at = strstr(words, login_faults[i].words);
		if (at != NULL && (!login_faults[i].state || at == words)) {
			remedy = login_faults[i].remedy;
			break;
		}
	}
	kp_doctor_say(doctor, KP_DOCTOR_FAIL, "sql.login", remedy, "no login: %s", words);
}

/* Not every driver keeps to what it is asked: what it does not do, others must. */
static void
judge_driver(struct kp_doctor *doctor, const struct connection *connection)
{
	char seconds[24] = "";
	if (connection->query_timeout.len < sizeof(seconds)) {
		memcpy(seconds, connection->query_timeout.data,
			connection->query_timeout.len);
	}
	if (strtoul(seconds, NULL, 10) == 0) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "sql.timeout",
			"ask the partner for a limit on the time of this user's "
			"statements",
			"neither driver nor database takes a time limit over, so a late "
			"statement may go on there after the gateway gave up");
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "sql.timeout", NULL,
			"the database ends a statement at the time limit: %s s", seconds);
	}
	if (kp_slice_is(connection->kept_to_reading, "Y")) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "sql.readonly", NULL,
			"the database keeps this connection to reading, whatever its "
			"user may");
	} else if (kp_slice_is(connection->read_only, "Y")) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "sql.readonly", NULL,
			"the driver keeps this connection to reading");
	} else if (kp_slice_is(connection->rolls_back, "Y")) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "sql.readonly", NULL,
			"the driver does not keep this connection to reading, though it "
			"was asked to; rows that a statement would write are rolled "
			"back");
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "sql.readonly",
			"ask the partner for a user that may only read",
			"the driver does not keep this connection to reading, and rolls "
			"nothing back: what a statement would write stays");
	}
}

static void
say_login(struct odbc *odbc)
{
	struct kp_doctor *doctor = odbc->looking->doctor;
	const struct connection *connection = &odbc->connection;
	kp_doctor_say(doctor, KP_DOCTOR_OK, "sql.login", NULL,
		"%.*s %.*s, by driver %.*s %.*s, as '%.*s'",
		KP_SLICE_ARG(connection->dbms), KP_SLICE_ARG(connection->version),
		KP_SLICE_ARG(connection->driver),
		KP_SLICE_ARG(connection->driver_version), KP_SLICE_ARG(connection->user));
	judge_driver(doctor, connection);
}

/* Databases. */

/* An empty schema first: a superuser. */
static const struct known postgres = {
	.tls = "select 'version', case when ssl then version else '' end from "
	       "pg_stat_ssl where pid = pg_backend_pid()",
	.rights = "select s, t from (select '' as s, '' as t from pg_roles where rolname "
		  "= current_user and rolsuper union all select n.nspname, "
		  "c.relname " KP_DOCTOR_FROM_WRITABLE ") as w order by 1, 2",
	.none = "this user may write nowhere",
};

/* Who a grant is of, in the information schema: 'user'@'host'. */
#define MYSQL_HOST "substring_index(current_user(), '@', -1)"
#define MYSQL_GRANTEE                                                                    \
	"concat('''', left(current_user(), char_length(current_user()) - "               \
	"char_length(" MYSQL_HOST ") - 1), '''@''', " MYSQL_HOST ", '''')"
#define MYSQL_WRITING "('INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER')"

/* Also MySQL. The information schema has no grants of the roles of who asks, and none to
 * PUBLIC. */
static const struct known mariadb = {
	.tls = "show session status like 'Ssl_version'",
	.rights =
		"select distinct s, t from (select '' as s, '' as t, grantee from "
		"information_schema.user_privileges where privilege_type in "
		"('INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'SUPER', "
		"'FILE', 'CREATE USER') union all select table_schema, '*', grantee from "
		"information_schema.schema_privileges where privilege_type in "
		"" MYSQL_WRITING " union all select table_schema, table_name, grantee "
		"from information_schema.table_privileges where privilege_type in "
		"" MYSQL_WRITING " union all select table_schema, table_name, grantee "
		"from information_schema.column_privileges where privilege_type in "
		"('INSERT', 'UPDATE')) as w where grantee = " MYSQL_GRANTEE " union "
		"select '', role_name from information_schema.applicable_roles order by "
		"1, 2",
	.none = "this user was given no right to write, and no role; what everybody may "
		"(PUBLIC) does not show",
};

/* ISO/IEC 9075-11, TABLE_PRIVILEGES: a driver's own SQLTablePrivileges is not always
 * right. What is not given by name is not in it. */
static const struct known other = {
	.rights = "select distinct table_schema, table_name from "
		  "information_schema.table_privileges where privilege_type in "
		  "('INSERT', 'UPDATE', 'DELETE') and (grantee = current_user or grantee "
		  "= 'PUBLIC') and table_schema not in ('information_schema', "
		  "'pg_catalog') order by 1, 2",
};

static const struct known *
known_of(struct kp_slice dbms)
{
	return kp_slice_is(dbms, "PostgreSQL")                               ? &postgres
		: kp_slice_is(dbms, "MariaDB") || kp_slice_is(dbms, "MySQL") ? &mariadb
									     : &other;
}

/* TLS. */

static void
say_tls(struct odbc *odbc, enum kp_status status)
{
	struct kp_doctor *doctor = odbc->looking->doctor;
	if (status != KP_OK || odbc->tls_version == NULL) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "sql.tls", NULL,
			"not looked at: over ODBC the driver encrypts or not, by what "
			"the secret says to it");
	} else if (odbc->tls_version[0] == '\0') {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "sql.tls",
			"unless the database is on this machine, let the secret tell the "
			"driver to use TLS and to check the certificate",
			"the connection is not encrypted");
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "sql.tls", NULL,
			"encrypted, %s; whether the driver checks whose certificate it "
			"is was not looked at: the secret says so",
			odbc->tls_version);
	}
}

/* Rights. */

static void
warn_writable(struct odbc *odbc)
{
	struct kp_doctor *doctor = odbc->looking->doctor;
	const char *names = odbc->superuser ? "everything: it is a superuser"
		: odbc->writable_count <= WRITABLE_TOLD_MAX
		? odbc->writable
		: kp_doctor_text(doctor, "%s, and %u more", odbc->writable,
			  odbc->writable_count - WRITABLE_TOLD_MAX);
	kp_doctor_warn_writable(doctor, kp_slice_from(names),
		kp_slice_is(odbc->connection.kept_to_reading, "Y")
			? "the gateway's connection is kept to reading"
			: kp_slice_is(odbc->connection.rolls_back, "Y")
			? "the gateway rolls everything back"
			: "the gateway writes nothing");
}

static void
say_rights(struct odbc *odbc, enum kp_status status, const char *words)
{
	struct kp_doctor *doctor = odbc->looking->doctor;
	if (status != KP_OK) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "sql.rights",
			"ask the partner whether this user may only read",
			"not looked at: where the database says it cannot be read (%s)",
			words);
		return;
	}
	if (odbc->superuser || odbc->writable_count > 0) {
		warn_writable(odbc);
	} else if (odbc->roles[0] != '\0') {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "sql.rights",
			"ask the partner whether these roles may only read",
			"this user was given no right to write, but roles, whose rights "
			"do not show: %s",
			odbc->roles);
	} else if (odbc->known->none != NULL) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "sql.rights", NULL, "%s",
			odbc->known->none);
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "sql.rights",
			"ask the partner whether this user may only read",
			"not seen: no right to write by name; ownership, a whole "
			"database, roles and administrators were not looked at");
	}
}

/* Without a schema: everything, or a role. */
static void
take_writable(struct odbc *odbc, struct kp_slice schema, struct kp_slice table)
{
	struct kp_doctor *doctor = odbc->looking->doctor;
	if (schema.len == 0 && table.len == 0) {
		odbc->superuser = true;
	} else if (schema.len == 0) {
		odbc->roles = kp_doctor_text(doctor, "%s%s%.*s", odbc->roles,
			odbc->roles[0] == '\0' ? "" : ", ", KP_SLICE_ARG(table));
	} else if (++odbc->writable_count <= WRITABLE_TOLD_MAX) {
		odbc->writable = kp_doctor_text(doctor, "%s%s%.*s.%.*s", odbc->writable,
			odbc->writable_count == 1 ? "" : ", ", KP_SLICE_ARG(schema),
			KP_SLICE_ARG(table));
	}
}

/* Rows. */

static enum kp_status
take_head(void *owner, uint32_t query, const struct kp_slice *names, uint32_t count)
{
	struct odbc *odbc = owner;
	(void)query;
	(void)names;
	(void)count;
	if (odbc->look != LOOK_STATEMENT) {
		return KP_OK;
	}
	odbc->statement->column_count = 0;
	odbc->statement->columns = KP_ARENA_ARRAY(&odbc->looking->doctor->load.arena,
		struct kp_probe_column, KP_SQL_COLUMNS_MAX);
	return odbc->statement->columns == NULL ? KP_E_MEMORY : KP_OK;
}

static void
take_said(struct odbc *odbc, struct kp_slice what, struct kp_slice value)
{
	struct connection *connection = &odbc->connection;
	const struct {
		const char *name;
		struct kp_slice *place;
	} rows[] = {
		{"dbms", &connection->dbms},
		{"version", &connection->version},
		{"driver", &connection->driver},
		{"driverVersion", &connection->driver_version},
		{"user", &connection->user},
		{"readOnly", &connection->read_only},
		{"keptToReading", &connection->kept_to_reading},
		{"rollsBack", &connection->rolls_back},
		{"queryTimeout", &connection->query_timeout},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		if (kp_slice_is(what, rows[i].name)) {
			*rows[i].place = value;
		}
	}
}

static enum kp_status
take_row(void *owner, uint32_t query, const struct kp_slice *values, uint32_t count)
{
	struct odbc *odbc = owner;
	struct kp_arena *arena = &odbc->looking->doctor->load.arena;
	(void)query;
	if (count != 2) {
		return KP_E_SOURCE;
	}
	struct kp_slice first = kp_arena_copy(arena, values[0]);
	struct kp_slice second = kp_arena_copy(arena, values[1]);
	if (first.data == NULL || second.data == NULL) {
		return KP_E_MEMORY;
	}
	if (odbc->look == LOOK_CONNECTION) {
		take_said(odbc, first, second);
	} else if (odbc->look == LOOK_TLS) {
		odbc->tls_version = kp_arena_printf(arena, "%.*s", KP_SLICE_ARG(second));
	} else if (odbc->look == LOOK_RIGHTS) {
		take_writable(odbc, first, second);
	} else if (odbc->statement->column_count < KP_SQL_COLUMNS_MAX) {
		odbc->statement->columns[odbc->statement->column_count++] =
			(struct kp_probe_column){.name = first, .type = second};
	}
	return KP_OK;
}

/* One after the other. */

static void
end_look(struct odbc *odbc)
{
	kp_sql_target_close(&odbc->target);
	kp_loop_stop(odbc->loop);
}

/* Can the next thing be looked at? */
static bool
judge(struct odbc *odbc, enum kp_status status, const char *words)
{
	struct kp_doctor *doctor = odbc->looking->doctor;
	bool answers = status == KP_OK || status == KP_E_SOURCE ||
		status == KP_E_DENIED || status == KP_E_LIMIT;
	switch (odbc->look) {
	case LOOK_CONNECTION:
		if (status == KP_OK) {
			say_login(odbc);
		} else {
			say_no_login(doctor, words);
		}
		odbc->known = known_of(odbc->connection.dbms);
		odbc->look = LOOK_TLS;
		return status == KP_OK;
	case LOOK_TLS:
		say_tls(odbc, status);
		odbc->look = LOOK_RIGHTS;
		return answers;
	case LOOK_RIGHTS:
		say_rights(odbc, status, words);
		odbc->look = LOOK_STATEMENT;
		return answers;
	case LOOK_STATEMENT:
		odbc->statement->good = status == KP_OK;
		odbc->statement->status = status;
		kp_doctor_say_statement(doctor, odbc->statement, words);
		return answers;
	}
	return false;
}

static void
on_done(void *owner, enum kp_status status, const struct kp_error *err)
{
	struct odbc *odbc = owner;
	const char *words = err != NULL && err->message[0] != '\0'
		? err->message
		: kp_status_info(status)->title;
	odbc->call = NULL;
	words = kp_doctor_hide_passwords(&odbc->looking->doctor->load.arena,
		odbc->looking->doctor->source->private->sql.dsn, words);
	if (judge(odbc, status, words)) {
		kp_loop_post(odbc->loop, &odbc->task);
	} else {
		end_look(odbc);
	}
}

static const struct kp_sql_handler handler = {
	.on_columns = take_head,
	.on_row = take_row,
	.on_done = on_done,
};

static void
ask_next(struct kp_task *task)
{
	struct odbc *odbc = KP_CONTAINER_OF(task, struct odbc, task);
	struct kp_doctor *doctor = odbc->looking->doctor;
	if (odbc->look == LOOK_STATEMENT && odbc->next == odbc->looking->count) {
		end_look(odbc);
		return;
	}
	if (odbc->look == LOOK_TLS && odbc->known->tls == NULL) {
		say_tls(odbc, KP_OK);
		odbc->look = LOOK_RIGHTS;
	}
	odbc->query = (struct kp_sql_query){0};
	odbc->query.statement = odbc->look == LOOK_TLS ? kp_slice_from(odbc->known->tls)
		: odbc->look == LOOK_RIGHTS ? kp_slice_from(odbc->known->rights)
					    : KP_SLICE("");
	if (odbc->look == LOOK_STATEMENT) {
		odbc->statement = &odbc->looking->statements[odbc->next++];
		odbc->query.statement = kp_slice_from(odbc->statement->text);
		odbc->query.parameters = odbc->statement->parameters;
		odbc->query.parameter_count = odbc->statement->parameter_count;
	}
	struct kp_sql_request request = {.queries = &odbc->query,
		.query_count = 1,
		.timeout_ms = doctor->source->timeout_ms,
		.bytes_max = BYTES_MAX,
		.rows_max = ROWS_MAX,
		.describe =
			odbc->look == LOOK_CONNECTION || odbc->look == LOOK_STATEMENT};
	enum kp_status status =
		kp_sql_start(odbc->target, &request, &handler, odbc, &odbc->call);
	if (status != KP_OK) {
		on_done(odbc, status, NULL);
	}
}

void
kp_doctor_look_odbc(struct kp_doctor_looking *looking)
{
	struct kp_error err = {0};
	struct odbc odbc = {
		.looking = looking, .task.run = ask_next, .roles = "", .writable = ""};
	enum kp_status status = kp_loop_create(0, &odbc.loop, &err);
	if (status == KP_OK) {
		status = kp_sql_target_open(odbc.loop,
			&looking->doctor->source->private->sql, &odbc.target, &err);
	}
	if (status == KP_OK) {
		kp_loop_post(odbc.loop, &odbc.task);
		kp_loop_run(odbc.loop);
	} else {
		say_no_login(looking->doctor, err.message);
	}
	kp_loop_destroy(&odbc.loop);
}
