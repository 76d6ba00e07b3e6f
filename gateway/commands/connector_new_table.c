/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new_table: a table or view of a PostgreSQL as a shape, and the statement that
 * asks what was proposed of it. */
#include <stdio.h>
#include <string.h>

#include "commands/connector_new_table.h"

/* Of as many columns as a table can have (1600), of names of 63 bytes. */
#define STATEMENT_BYTES ((size_t)256 * 1024)

static bool
type_is(struct kp_slice type, const char *word)
{
	return kp_slice_starts(type, kp_slice_from(word));
}

static bool
is_number(struct kp_slice type)
{
	return type_is(type, "integer") || type_is(type, "bigint") ||
		type_is(type, "smallint") || type_is(type, "tinyint") ||
		type_is(type, "numeric") || type_is(type, "double") ||
		type_is(type, "real");
}

/* A number or a short text called a date is one in eight digits, in the registers of this
 * country. */
static void
judge_type(struct kp_new *new, struct kp_slice type, struct kp_new_leaf *leaf)
{
	struct kp_new_words words = {0};
	kp_new_split(new->arena, leaf->path, &words);
	bool date = kp_new_has_word(&words, "datum");
	if (type_is(type, "date") || type_is(type, "timestamp")) {
		leaf->type = KP_NEW_DATE;
	} else if (type_is(type, "boolean")) {
		/* Its text is t or f. */
		leaf->type = KP_NEW_TEXT;
	} else if (date &&
		(is_number(type) || type_is(type, "varchar(8)") ||
			type_is(type, "char(8)"))) {
		leaf->type = KP_NEW_DATE;
		leaf->date = KP_SLICE("yyyymmdd");
	} else if (is_number(type)) {
		leaf->type = KP_NEW_NUMBER;
	}
}

/* As SQL has names; a quote in it comes twice. */
static void
add_name(struct kp_buffer *text, const char *quote, struct kp_slice name)
{
	kp_buffer_add_slice(text, kp_slice_from(quote));
	for (size_t i = 0; i < name.len; i++) {
		kp_buffer_add(text, &name.data[i], 1);
		if (name.data[i] == quote[0]) {
			kp_buffer_add_slice(text, kp_slice_from(quote));
		}
	}
	kp_buffer_add_slice(text, kp_slice_from(quote));
}

void
kp_new_add_table_name(struct kp_buffer *text, const struct kp_new_table *table)
{
	if (table->schema[0] != '\0') {
		add_name(text, table->quote, kp_slice_from(table->schema));
		KP_BUFFER_ADD(text, ".");
	}
	add_name(text, table->quote, kp_slice_from(table->table));
}

static const struct kp_probe_column *
column_of(const struct kp_new_table *origin, struct kp_slice name)
{
	for (size_t i = 0; i < origin->column_count; i++) {
		if (kp_slice_equal(origin->columns[i].name, name)) {
			return &origin->columns[i];
		}
	}
	return NULL;
}

static void
add_condition(struct kp_new *new, struct kp_buffer *text)
{
	if (new->subject == NULL) {
		KP_BUFFER_ADD(text, "1 = 0 and :bsn = 'x'");
		kp_new_todo(new,
			"sql.queries: no column looks like a client number; join the "
			"table that has it, name it bsn and ask for :bsn");
		return;
	}
	const struct kp_new_table *table = new->origin;
	const struct kp_probe_column *column = column_of(table, new->subject->path);
	add_name(text, table->quote, new->subject->path);
	if (table->casts && column != NULL && is_number(column->type)) {
		KP_BUFFER_ADD(text, " = cast(:bsn as bigint)");
	} else {
		KP_BUFFER_ADD(text, " = :bsn");
	}
}

static bool
write_statement(struct kp_new *new)
{
	const struct kp_new_table *table = new->origin;
	struct kp_buffer text;
	kp_buffer_init(&text, new->arena, STATEMENT_BYTES);
	KP_BUFFER_ADD(&text, "select ");
	if (new->subject == NULL) {
		KP_BUFFER_ADD(&text, "null as bsn");
	} else {
		add_name(&text, table->quote, new->subject->path);
	}
	for (size_t i = 0; i < new->leaf_count; i++) {
		const struct kp_new_leaf *leaf = &new->leaves[i];
		if (leaf->field != KP_NO_ID && leaf != new->subject) {
			KP_BUFFER_ADD(&text, ", ");
			add_name(&text, table->quote, leaf->path);
		}
	}
	KP_BUFFER_ADD(&text, " from ");
	kp_new_add_table_name(&text, table);
	KP_BUFFER_ADD(&text, " where ");
	add_condition(new, &text);
	json_t *queries = json_object();
	json_t *sql = json_object();
	kp_new_setn(new, queries, new->query, kp_new_text(kp_buffer_slice(&text)));
	kp_new_set(new, sql, "queries", queries);
	kp_new_set(new, new->manifest, "sql", sql);
	return !text.failed;
}

/* What an address has of a name without encoding it (RFC 3986, 2.3). */
static bool
is_unreserved(struct kp_slice name)
{
	static const char bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";
	for (size_t i = 0; i < name.len; i++) {
		if (memchr(bytes, name.data[i], sizeof(bytes) - 1) == NULL) {
			return false;
		}
	}
	return name.len > 0;
}

void
kp_new_set_database(struct kp_new *new, json_t *endpoint, const char *access_kind)
{
	json_t *access = json_object();
	kp_new_set(new, new->manifest, "connector", json_string("sql"));
	kp_new_set(new, new->manifest, "endpoint", endpoint);
	kp_new_set(new, access, "kind", json_string(access_kind));
	kp_new_set(new, access, "secret",
		kp_new_text(new->catalogue->sources[new->source].name));
	kp_new_set(new, new->manifest, "access", access);
	kp_new_set(new, new->manifest, "idempotent", json_true());
}

static void
describe_partner(struct kp_new *new, struct kp_slice database, struct kp_slice port)
{
	if (!is_unreserved(database)) {
		kp_new_todo(new,
			"endpoint: the database is called '%.*s', which an address does "
			"not take as it is; ask for one with a plain name",
			KP_SLICE_ARG(database));
		database = KP_SLICE("TO"
				    "DO");
	}
	kp_new_set_database(new,
		json_sprintf("postgresql://127.0.0.1:%.*s/%.*s", KP_SLICE_ARG(port),
			KP_SLICE_ARG(database)),
		"basic");
	kp_new_todo(new,
		"endpoint: the host of the database; elsewhere than on this "
		"machine with 'access.anchor_file'");
	kp_new_todo(new,
		"access.secret: a secret user:password of a user that may only "
		"read");
}

static void
add_columns(struct kp_new *new, const struct kp_new_table *origin)
{
	for (size_t i = 0; i < origin->column_count; i++) {
		struct kp_new_leaf leaf = {.path = origin->columns[i].name,
			.label = origin->columns[i].comment};
		judge_type(new, origin->columns[i].type, &leaf);
		if (!kp_new_add_leaf(new, &leaf)) {
			return;
		}
	}
}

struct kp_new_table *
kp_new_table_of(struct kp_new *new, const char *name, const char *schema)
{
	struct kp_new_table *table = KP_ARENA_NEW(new->arena, struct kp_new_table);
	const char *dot = strchr(name, '.');
	if (table == NULL) {
		return NULL;
	}
	table->quote = "\"";
	table->schema = dot == NULL
		? schema
		: kp_arena_printf(new->arena, "%.*s", (int)(dot - name), name);
	table->table = dot == NULL ? name : dot + 1;
	/* A path is query.column, so a query has no dots. */
	char *query = kp_arena_strdup(new->arena, table->table);
	for (char *at = query; at != NULL && *at != '\0'; at++) {
		*at = *at == '.' ? '_' : *at;
	}
	new->query = kp_slice_from(query);
	return table->schema != NULL && query != NULL ? table : NULL;
}

void
kp_new_use_table(struct kp_new *new, struct kp_new_table *table)
{
	add_columns(new, table);
	new->origin = table;
	new->finish = write_statement;
}

enum kp_status
kp_new_read_table(
	struct kp_new *new, const char *conninfo, const char *name, struct kp_error *err)
{
	struct kp_probe_postgres *probe = NULL;
	struct kp_slice database = {0};
	struct kp_slice port = {0};
	struct kp_new_table *table = kp_new_table_of(new, name, "public");
	if (table == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory is left");
	}
	table->casts = true;
	enum kp_status status = kp_probe_postgres_open(NULL, conninfo, &probe, err);
	if (status == KP_OK) {
		status = kp_probe_postgres_table(probe, table->schema, table->table,
			new->arena, &table->columns, &table->column_count, err);
	}
	if (status == KP_OK) {
		status = kp_probe_postgres_ask(
			probe, "select current_database()", new->arena, &database, err);
	}
	if (status == KP_OK) {
		/* Over a socket of Unix it has none. */
		status = kp_probe_postgres_ask(probe,
			"select coalesce(inet_server_port(), 5432)", new->arena, &port,
			err);
	}
	kp_probe_postgres_close(&probe);
	if (status == KP_OK) {
		describe_partner(new, database, port);
		kp_new_use_table(new, table);
	}
	return status;
}
