/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* probe_postgres: see probe_postgres.h. */
#include "io/probe_postgres.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/heap.h"

#define PARAMETERS_MAX 64
/* Planning is all that is asked: what keeps it longer is a lock, or a server in trouble.
 */
#define STATEMENT_MS_MIN 3000u

struct kp_probe_postgres {
	PGconn *pg;
	bool prepared; /* a statement has the name below */
};

static const char statement_name[] = "kp_doctor";

/* libpq's words are several lines; the first says it. */
static enum kp_status
say(struct kp_error *err, enum kp_status status, const char *state, const char *text)
{
	size_t len = text == NULL ? 0 : strcspn(text, "\n");
	return kp_error_set(err, status, "%s%s%.*s", state == NULL ? "" : state,
		state == NULL ? "" : ": ", (int)len, text == NULL ? "" : text);
}

static enum kp_status
fail_result(struct kp_probe_postgres *probe, PGresult *result, struct kp_error *err)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	enum kp_status status = say(
		err, KP_E_SOURCE, state, text == NULL ? PQerrorMessage(probe->pg) : text);
	PQclear(result);
	return status;
}

static PGconn *
connect_as(const struct kp_sql_target_options *options)
{
	char texts[7][512];
	const struct kp_slice slices[] = {options->host, options->database, options->user,
		options->password, options->anchor_file, options->certificate_file,
		options->key_file};
	char port[8];
	char seconds[16];
	char settings[96];
	for (size_t i = 0; i < KP_ARRAY_LEN(slices); i++) {
		(void)snprintf(
			texts[i], sizeof(texts[i]), "%.*s", KP_SLICE_ARG(slices[i]));
	}
	(void)snprintf(port, sizeof(port), "%u", (unsigned)options->port);
	(void)snprintf(seconds, sizeof(seconds), "%u",
		(unsigned)(options->connect_timeout_ms / 1000 + 2));
	(void)snprintf(settings, sizeof(settings),
		"-c default_transaction_read_only=on -c statement_timeout=%u",
		options->connect_timeout_ms > STATEMENT_MS_MIN
			? (unsigned)options->connect_timeout_ms
			: STATEMENT_MS_MIN);
	const char *const names[] = {"host", "port", "dbname", "user", "password",
		"sslmode", "sslrootcert", "sslcert", "sslkey", "gssencmode", "passfile",
		"client_encoding", "application_name", "options", "connect_timeout",
		NULL};
	const char *const values[] = {texts[0], port, texts[1], texts[2], texts[3],
		texts[4][0] == '\0' ? "disable" : "verify-full", texts[4], texts[5],
		texts[6], "disable", "/dev/null", "UTF8", "ketenpoort-doctor", settings,
		seconds, NULL};
	PGconn *pg = PQconnectdbParams(names, values, 0);
	kp_wipe(texts, sizeof(texts));
	return pg;
}

static void
ignore_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result;
}

enum kp_status
kp_probe_postgres_open(const struct kp_sql_target_options *options, const char *conninfo,
	struct kp_probe_postgres **ret_probe, struct kp_error *err)
{
	struct kp_probe_postgres *probe = kp_heap_calloc(1, sizeof(*probe));
	if (probe == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory is left");
	}
	probe->pg = conninfo != NULL ? PQconnectdb(conninfo) : connect_as(options);
	if (PQstatus(probe->pg) != CONNECTION_OK) {
		enum kp_status status = say(
			err, KP_E_SOURCE_UNREACHABLE, NULL, PQerrorMessage(probe->pg));
		kp_probe_postgres_close(&probe);
		return status;
	}
	(void)PQsetNoticeReceiver(probe->pg, ignore_notice, NULL);
	*ret_probe = probe;
	return KP_OK;
}

void
kp_probe_postgres_close(struct kp_probe_postgres **probe_at)
{
	struct kp_probe_postgres *probe = *probe_at;
	*probe_at = NULL;
	if (probe != NULL) {
		PQfinish(probe->pg);
		kp_heap_free(probe);
	}
}

const char *
kp_probe_postgres_tls_version(struct kp_probe_postgres *probe)
{
	return PQsslInUse(probe->pg) ? PQsslAttribute(probe->pg, "protocol") : "no TLS";
}

int
kp_probe_postgres_version(struct kp_probe_postgres *probe)
{
	return PQserverVersion(probe->pg);
}

static struct kp_slice
cell(const PGresult *result, int row, int column, struct kp_arena *arena)
{
	return PQgetisnull(result, row, column)
		? (struct kp_slice){0}
		: kp_arena_copy(arena, kp_slice_from(PQgetvalue(result, row, column)));
}

enum kp_status
kp_probe_postgres_ask(struct kp_probe_postgres *probe, const char *query,
	struct kp_arena *arena, struct kp_slice *ret_text, struct kp_error *err)
{
	PGresult *result = PQexec(probe->pg, query);
	if (PQresultStatus(result) != PGRES_TUPLES_OK) {
		return fail_result(probe, result, err);
	}
	*ret_text =
		PQntuples(result) > 0 ? cell(result, 0, 0, arena) : (struct kp_slice){0};
	PQclear(result);
	return KP_OK;
}

/* Statements. */

static enum kp_status
run(struct kp_probe_postgres *probe, const char *text, struct kp_error *err)
{
	PGresult *result = PQexec(probe->pg, text);
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
		return fail_result(probe, result, err);
	}
	PQclear(result);
	return KP_OK;
}

/* Planning looks at the rights that executing would need (PostgreSQL: ExecutorStart). */
static enum kp_status
explain(struct kp_probe_postgres *probe, uint32_t parameter_count, struct kp_error *err)
{
	char text[64 + PARAMETERS_MAX * 6];
	int len = snprintf(text, sizeof(text), "explain execute %s", statement_name);
	for (uint32_t i = 0; i < parameter_count; i++) {
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%snull",
			i == 0 ? "(" : ",");
	}
	(void)snprintf(text + len, sizeof(text) - (size_t)len, "%s",
		parameter_count > 0 ? ")" : "");
	return run(probe, text, err);
}

static struct kp_slice
type_name(struct kp_probe_postgres *probe, Oid type, int modifier, struct kp_arena *arena)
{
	char query[80];
	struct kp_slice name = {0};
	struct kp_error ignored = {0};
	(void)snprintf(
		query, sizeof(query), "select format_type(%u, %d)", type, modifier);
	(void)!kp_probe_postgres_ask(probe, query, arena, &name, &ignored);
	return name;
}

enum kp_status
kp_probe_postgres_describe(struct kp_probe_postgres *probe, const char *statement,
	uint32_t parameter_count, struct kp_arena *arena,
	struct kp_probe_column **ret_columns, size_t *ret_count, struct kp_error *err)
{
	enum kp_status status = KP_OK;
	if (parameter_count > PARAMETERS_MAX) {
		return kp_error_set(
			err, KP_E_LIMIT, "more than %d parameters", PARAMETERS_MAX);
	}
	if (probe->prepared) {
		status = run(probe, "deallocate kp_doctor", err);
	}
	if (status != KP_OK) {
		return status;
	}
	PGresult *result = PQprepare(probe->pg, statement_name, statement, 0, NULL);
	probe->prepared = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (!probe->prepared) {
		return fail_result(probe, result, err);
	}
	PQclear(result);
	result = PQdescribePrepared(probe->pg, statement_name);
	if (PQresultStatus(result) != PGRES_COMMAND_OK) {
		return fail_result(probe, result, err);
	}
	*ret_count = (size_t)PQnfields(result);
	*ret_columns = KP_ARENA_ARRAY(arena, struct kp_probe_column, *ret_count + 1);
	for (int i = 0; *ret_columns != NULL && (size_t)i < *ret_count; i++) {
		(*ret_columns)[i].name =
			kp_arena_copy(arena, kp_slice_from(PQfname(result, i)));
		(*ret_columns)[i].type =
			type_name(probe, PQftype(result, i), PQfmod(result, i), arena);
	}
	PQclear(result);
	return *ret_columns == NULL ? KP_E_MEMORY : explain(probe, parameter_count, err);
}

enum kp_status
kp_probe_postgres_table(struct kp_probe_postgres *probe, const char *schema,
	const char *table, struct kp_arena *arena, struct kp_probe_column **ret_columns,
	size_t *ret_count, struct kp_error *err)
{
	static const char query[] =
		"select column_name, case when data_type = 'character varying' then "
		"'varchar(' || coalesce(cast(character_maximum_length as text), '') || "
		"')' "
		"else data_type end, coalesce(col_description(cast(quote_ident("
		"table_schema) || '.' || quote_ident(table_name) as regclass), "
		"cast(ordinal_position as int)), '') from information_schema.columns "
		"where table_schema = $1 and table_name = $2 order by ordinal_position";
	const char *const values[] = {schema, table};
	PGresult *result = PQexecParams(probe->pg, query, 2, NULL, values, NULL, NULL, 0);
	if (PQresultStatus(result) != PGRES_TUPLES_OK) {
		return fail_result(probe, result, err);
	}
	*ret_count = (size_t)PQntuples(result);
	*ret_columns = KP_ARENA_ARRAY(arena, struct kp_probe_column, *ret_count + 1);
	for (int i = 0; *ret_columns != NULL && (size_t)i < *ret_count; i++) {
		(*ret_columns)[i] =
			(struct kp_probe_column){.name = cell(result, i, 0, arena),
				.type = cell(result, i, 1, arena),
				.comment = cell(result, i, 2, arena)};
	}
	PQclear(result);
	if (*ret_columns == NULL) {
		return KP_E_MEMORY;
	}
	return *ret_count > 0
		? KP_OK
		: kp_error_set(err, KP_E_NOT_FOUND,
			  "this user sees no table or view %s.%s", schema, table);
}
