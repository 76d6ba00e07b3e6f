/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new_odbc: a table or view of a database with an ODBC driver as a shape. What
 * is looked at is what a statement that gives no rows would give. */
#include <string.h>

#include "commands/connector_doctor_sql.h"
#include "commands/connector_new_table.h"
#include "io/file.h"
#include "io/probe_odbc.h"

#define DSN_BYTES_MAX ((size_t)64 * 1024)
#define STATEMENT_BYTES ((size_t)4096)
#define TIMEOUT_MS 10000
#define BYTES_MAX ((uint64_t)1 << 20)

struct reading {
	struct kp_new *new;
	struct kp_new_table *table;
	bool postgres;
};

static enum kp_status
pass_columns(void *owner, uint32_t query, const struct kp_slice *names, uint32_t count)
{
	(void)owner;
	(void)query;
	(void)names;
	(void)count;
	return KP_OK;
}

/* What the driver says of the connection: (what, value). */
static enum kp_status
take_said(void *owner, uint32_t query, const struct kp_slice *values, uint32_t count)
{
	struct reading *reading = owner;
	(void)query;
	if (count == 2 && kp_slice_is(values[0], "dbms")) {
		reading->postgres = kp_slice_is(values[1], "PostgreSQL");
	}
	/* A blank: names are not quoted (ODBC, SQLGetInfo). */
	if (count == 2 && kp_slice_is(values[0], "quote")) {
		reading->table->quote =
			kp_arena_copy(reading->new->arena, kp_slice_trim(values[1])).data;
	}
	return reading->table->quote == NULL ? KP_E_MEMORY : KP_OK;
}

static enum kp_status
take_column(void *owner, uint32_t query, const struct kp_slice *values, uint32_t count)
{
	struct reading *reading = owner;
	struct kp_new_table *table = reading->table;
	struct kp_arena *arena = reading->new->arena;
	(void)query;
	if (count != 2 || table->column_count == KP_SQL_COLUMNS_MAX) {
		return KP_E_LIMIT;
	}
	struct kp_probe_column column = {.name = kp_arena_copy(arena, values[0]),
		.type = kp_arena_copy(arena, values[1])};
	table->columns[table->column_count++] = column;
	return column.name.data == NULL || column.type.data == NULL ? KP_E_MEMORY : KP_OK;
}

/* The connection string: a file's only line. */
static enum kp_status
read_dsn(struct kp_new *new, const char *path, struct kp_slice *ret_dsn,
	struct kp_error *err)
{
	struct kp_slice text = {0};
	enum kp_status status =
		kp_file_read_all(path, new->arena, DSN_BYTES_MAX, &text, err);
	while (status == KP_OK && text.len > 0 &&
		(text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) {
		text.len--;
	}
	*ret_dsn = text;
	return status != KP_OK ? kp_error_wrap(err, "'%s'", path) : KP_OK;
}

static enum kp_status
ask(struct reading *reading, struct kp_slice dsn, const char *statement,
	enum kp_status (*on_row)(void *, uint32_t, const struct kp_slice *, uint32_t),
	struct kp_error *err)
{
	const struct kp_sql_target_options options = {.engine = KP_SQL_ODBC,
		.dsn = dsn,
		.connections_max = 1,
		.waiting_max = 1,
		.connect_timeout_ms = TIMEOUT_MS,
		.idle_ms = 1000};
	const struct kp_sql_query query = {.statement = kp_slice_from(statement)};
	const struct kp_sql_request request = {.queries = &query,
		.query_count = 1,
		.timeout_ms = TIMEOUT_MS,
		.bytes_max = BYTES_MAX,
		.rows_max = KP_SQL_COLUMNS_MAX,
		.describe = true};
	const struct kp_sql_handler handler = {
		.on_columns = pass_columns, .on_row = on_row};
	enum kp_status status = kp_probe_odbc(&options, &request, &handler, reading, err);
	if (status != KP_OK) {
		const char *words =
			kp_doctor_hide_passwords(reading->new->arena, dsn, err->message);
		return kp_error_set(err, status, "%s", words);
	}
	return KP_OK;
}

static enum kp_status
ask_columns(struct reading *reading, struct kp_slice dsn, struct kp_error *err)
{
	struct kp_buffer text;
	kp_buffer_init(&text, reading->new->arena, STATEMENT_BYTES);
	KP_BUFFER_ADD(&text, "select * from ");
	kp_new_add_table_name(&text, reading->table);
	KP_BUFFER_ADD(&text, " where 1 = 0");
	kp_buffer_add_char(&text, '\0');
	return text.failed ? kp_error_set(err, KP_E_LIMIT, "the name is too long")
			   : ask(reading, dsn, text.data, take_column, err);
}

static void
describe_partner(struct kp_new *new)
{
	kp_new_set_database(new, json_string("odbc:"), "dsn");
	kp_new_todo(new,
		"access.secret: a secret that is the whole connection string, of a user "
		"that may only read, over TLS");
}

enum kp_status
kp_new_read_odbc(
	struct kp_new *new, const char *path, const char *name, struct kp_error *err)
{
	struct kp_slice dsn = {0};
	struct reading reading = {.new = new, .table = kp_new_table_of(new, name, "")};
	if (reading.table != NULL) {
		reading.table->columns = KP_ARENA_ARRAY(
			new->arena, struct kp_probe_column, KP_SQL_COLUMNS_MAX);
	}
	if (reading.table == NULL || reading.table->columns == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory is left");
	}
	enum kp_status status = read_dsn(new, path, &dsn, err);
	if (status == KP_OK) {
		status = ask(&reading, dsn, "", take_said, err);
	}
	if (status == KP_OK) {
		reading.table->casts = reading.postgres;
		status = ask_columns(&reading, dsn, err);
	}
	if (status == KP_OK) {
		describe_partner(new);
		kp_new_use_table(new, reading.table);
	}
	return status;
}
