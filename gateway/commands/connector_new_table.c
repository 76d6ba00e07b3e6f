/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new_table: a table or view of a PostgreSQL as a shape, and the statement that
 * asks what was proposed of it. */
#include <stdio.h>
#include <string.h>

#include "commands/connector_new.h"
#include "core/buffer.h"
#include "io/probe_postgres.h"

#define STATEMENT_BYTES 16384

struct origin {
	const char *schema;
	const char *table;
	struct kp_probe_column *columns;
	size_t column_count;
};

static bool
type_is(struct kp_slice type, const char *word)
{
	return kp_slice_starts(type, kp_slice_from(word));
}

static bool
is_number(struct kp_slice type)
{
	return type_is(type, "integer") || type_is(type, "bigint") ||
		type_is(type, "smallint") || type_is(type, "numeric") ||
		type_is(type, "double") || type_is(type, "real");
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
	} else if (date && (is_number(type) || type_is(type, "varchar(8)"))) {
		leaf->type = KP_NEW_DATE;
		leaf->date = KP_SLICE("yyyymmdd");
	} else if (is_number(type)) {
		leaf->type = KP_NEW_NUMBER;
	}
}

/* Plain names need no quotes. */
static const char *
quoted(struct kp_new *new, struct kp_slice name)
{
	bool plain = name.len > 0 && (name.data[0] < '0' || name.data[0] > '9');
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.data[i];
		plain = plain &&
			((byte >= 'a' && byte <= 'z') || byte == '_' ||
				(byte >= '0' && byte <= '9'));
	}
	const char *text = kp_arena_printf(
		new->arena, plain ? "%.*s" : "\"%.*s\"", KP_SLICE_ARG(name));
	return text == NULL ? "" : text;
}

static const struct kp_probe_column *
column_of(const struct origin *origin, struct kp_slice name)
{
	for (size_t i = 0; i < origin->column_count; i++) {
		if (kp_slice_equal(origin->columns[i].name, name)) {
			return &origin->columns[i];
		}
	}
	return NULL;
}

static bool
write_statement(struct kp_new *new)
{
	const struct origin *origin = new->origin;
	struct kp_buffer text;
	kp_buffer_init(&text, new->arena, STATEMENT_BYTES);
	kp_buffer_printf(&text, "select %s",
		new->subject == NULL ? "null as bsn" : quoted(new, new->subject->path));
	for (size_t i = 0; i < new->leaf_count; i++) {
		const struct kp_new_leaf *leaf = &new->leaves[i];
		if (leaf->field != KP_NO_ID && leaf != new->subject) {
			kp_buffer_printf(&text, ", %s", quoted(new, leaf->path));
		}
	}
	kp_buffer_printf(&text, " from %s.%s where ",
		quoted(new, kp_slice_from(origin->schema)),
		quoted(new, kp_slice_from(origin->table)));
	if (new->subject == NULL) {
		kp_buffer_printf(&text, "false and cast(:bsn as text) is null");
		kp_new_todo(new,
			"sql.queries: no column looks like a client number; join the "
			"table that has it, name it bsn and ask for :bsn");
	} else {
		const struct kp_probe_column *column =
			column_of(origin, new->subject->path);
		kp_buffer_printf(&text,
			column != NULL && is_number(column->type) ? "%s = cast(:bsn as "
								    "bigint)"
								  : "%s = :bsn",
			quoted(new, new->subject->path));
	}
	json_t *queries = json_object();
	json_t *sql = json_object();
	(void)json_object_setn_new(queries, new->query.data, new->query.len,
		json_stringn(text.data, text.len));
	(void)json_object_set_new(sql, "queries", queries);
	(void)json_object_set_new(new->manifest, "sql", sql);
	return !text.failed;
}

static void
describe_partner(struct kp_new *new, struct kp_slice database)
{
	json_t *access = json_object();
	(void)json_object_set_new(new->manifest, "connector", json_string("sql"));
	(void)json_object_set_new(new->manifest, "endpoint",
		json_sprintf("postgresql://127.0.0.1:5432/%.*s", KP_SLICE_ARG(database)));
	(void)json_object_set_new(access, "kind", json_string("basic"));
	(void)json_object_set_new(access, "secret",
		json_sprintf(
			"%.*s", KP_SLICE_ARG(new->catalogue->sources[new->source].name)));
	(void)json_object_set_new(new->manifest, "access", access);
	(void)json_object_set_new(new->manifest, "idempotent", json_true());
	kp_new_todo(new,
		"endpoint: the host of the database; elsewhere than on this "
		"machine with 'access.anchor_file'");
	kp_new_todo(new,
		"access.secret: a secret user:password of a user that may only "
		"read");
}

static void
add_columns(struct kp_new *new, const struct origin *origin)
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

static bool
split_name(struct kp_new *new, const char *name, struct origin *origin)
{
	const char *dot = strchr(name, '.');
	origin->schema = dot == NULL
		? "public"
		: kp_arena_printf(new->arena, "%.*s", (int)(dot - name), name);
	origin->table = dot == NULL ? name : dot + 1;
	/* A path is query.column, so a query has no dots. */
	char *query = kp_arena_strdup(new->arena, origin->table);
	for (char *at = query; at != NULL && *at != '\0'; at++) {
		*at = *at == '.' ? '_' : *at;
	}
	new->query = kp_slice_from(query);
	return origin->schema != NULL && query != NULL;
}

enum kp_status
kp_new_read_table(
	struct kp_new *new, const char *conninfo, const char *table, struct kp_error *err)
{
	struct kp_probe_postgres *probe = NULL;
	struct kp_slice database = {0};
	struct origin *origin = KP_ARENA_NEW(new->arena, struct origin);
	if (origin == NULL || !split_name(new, table, origin)) {
		return kp_error_set(err, KP_E_MEMORY, "no memory is left");
	}
	enum kp_status status = kp_probe_postgres_open(NULL, conninfo, &probe, err);
	if (status == KP_OK) {
		status = kp_probe_postgres_table(probe, origin->schema, origin->table,
			new->arena, &origin->columns, &origin->column_count, err);
	}
	if (status == KP_OK) {
		status = kp_probe_postgres_ask(
			probe, "select current_database()", new->arena, &database, err);
	}
	kp_probe_postgres_close(&probe);
	if (status == KP_OK) {
		describe_partner(new, database);
		add_columns(new, origin);
		new->origin = origin;
		new->finish = write_statement;
	}
	return status;
}
