/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_doctor_sql: a partner's PostgreSQL, as the gateway would log in there: login,
 * rights, each statement of the manifest, and the columns it gives. */
#include <stdio.h>
#include <string.h>

#include "commands/connector_ask.h"
#include "commands/connector_doctor.h"
#include "core/nearest.h"
#include "io/probe_postgres.h"
#include "source/source_private.h"

#define STATEMENTS_MAX 32

/* A statement as the connector asks it. */
struct statement {
	struct kp_slice name;
	const char *text;
	uint32_t parameter_count;
	struct kp_probe_column *columns;
	size_t column_count;
	bool good;
};

struct looking {
	struct kp_doctor *doctor;
	struct kp_probe_postgres *probe;
	struct statement statements[STATEMENTS_MAX];
	size_t count;
};

/* Login. */

static const struct {
	const char *words;
	const char *remedy;
} login_faults[] = {
	{"password authentication failed",
		"compare user and password in the secret with what the partner gave out"},
	{"pg_hba.conf",
		"ask the partner to let this user in from this machine's address over "
		"TLS "
		"(pg_hba.conf)"},
	{"does not exist", "compare database and user with what the partner gave out"},
	{"certificate verify failed",
		"put the certificate of the authority that issued the database's in "
		"'access.anchor_file'"},
	{"does not match host name",
		"put the name the database's certificate is for in 'endpoint'"},
	{"does not support SSL", "ask the partner to turn TLS on (ssl = on)"},
	{"too many",
		"ask the partner how many connections this user may have, and lower "
		"'limits.concurrent'"},
};

static bool
log_in(struct looking *looking)
{
	struct kp_doctor *doctor = looking->doctor;
	struct kp_error err = {0};
	const char *remedy = "show the partner these words of its database";
	if (kp_probe_postgres_open(&doctor->source->private->sql, NULL, &looking->probe,
		    &err) == KP_OK) {
		int version = kp_probe_postgres_version(looking->probe);
		kp_doctor_say(doctor, KP_DOCTOR_OK, "sql.login", NULL,
			"PostgreSQL %d.%d, %s, as '%.*s'", version / 10000,
			version % 10000, kp_probe_postgres_tls_version(looking->probe),
			KP_SLICE_ARG(doctor->source->private->sql.user));
		return true;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(login_faults); i++) {
		if (strstr(err.message, login_faults[i].words) != NULL) {
			remedy = login_faults[i].remedy;
			break;
		}
	}
	kp_doctor_say(
		doctor, KP_DOCTOR_FAIL, "sql.login", remedy, "no login: %s", err.message);
	return false;
}

/* Rights. */

static void
judge_rights(struct looking *looking)
{
	static const char super[] =
		"select case when rolsuper then 'superuser' end from pg_roles where "
		"rolname = current_user";
	static const char writable[] =
		"select string_agg(name, ', ') from (select format('%I.%I', n.nspname, "
		"c.relname) as name from pg_class c join pg_namespace n on n.oid = "
		"c.relnamespace where c.relkind in ('r', 'p', 'v', 'f') and n.nspname "
		"not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_' and "
		"has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, "
		"'INSERT, UPDATE, DELETE, TRUNCATE') order by 1 limit 5) as t";
	struct kp_doctor *doctor = looking->doctor;
	struct kp_slice names = {0};
	struct kp_error err = {0};
	enum kp_status status = kp_probe_postgres_ask(
		looking->probe, super, &doctor->load.arena, &names, &err);
	if (status == KP_OK && names.len == 0) {
		status = kp_probe_postgres_ask(
			looking->probe, writable, &doctor->load.arena, &names, &err);
	} else if (status == KP_OK) {
		names = KP_SLICE("everything: it is a superuser");
	}
	if (status != KP_OK) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "sql.rights", NULL,
			"what this user may do could not be seen: %s", err.message);
	} else if (names.len > 0) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "sql.rights",
			"ask the partner for a user that may only read what the "
			"statements need",
			"this user may write in %.*s; the gateway's transactions are "
			"read-only, but its password can do more",
			KP_SLICE_ARG(names));
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "sql.rights", NULL,
			"this user may write nowhere");
	}
}

/* Statements. */

static bool
take_query(void *context, struct kp_text name, struct kp_text statement,
	const struct kp_text *parameters, uint32_t count)
{
	struct looking *looking = context;
	(void)parameters;
	if (looking->count == STATEMENTS_MAX) {
		return false;
	}
	struct statement *own = &looking->statements[looking->count++];
	own->name = (struct kp_slice){name.data, name.len};
	own->text = "";
	char *copy = kp_arena_bytes(&looking->doctor->load.arena, statement.len + 1);
	if (copy != NULL) {
		memcpy(copy, statement.data, statement.len);
		copy[statement.len] = '\0';
		own->text = copy;
	}
	own->parameter_count = count;
	return copy != NULL;
}

/* What an earlier source would have found. It is never sent. */
static const char stand_in[] = "0";

static struct kp_text
stand_in_known(const struct kp_need *need, struct kp_text path)
{
	(void)need;
	(void)path;
	return (struct kp_text){stand_in, sizeof(stand_in) - 1};
}

/* What the connector would ask about nobody. */
static bool
gather(struct looking *looking, struct kp_fault *fault)
{
	struct kp_doctor *doctor = looking->doctor;
	const struct kp_source_private *private = doctor->source->private;
	struct kp_need need = {.size = sizeof(need),
		.bsn = {"000000000", 9},
		.known = stand_in_known,
		.cells = doctor->source->offers,
		.cell_words = doctor->load.cells->cell_words};
	struct kp_request_writer writer = {.size = sizeof(writer),
		.context = looking,
		.method = kp_connector_ignore_text,
		.target = kp_connector_ignore_text,
		.header = kp_connector_ignore_header,
		.body = kp_connector_ignore_text,
		.key = kp_connector_ignore_text,
		.query = take_query};
	struct kp_source_services services = {
		.private = private, .arena = &doctor->load.arena};
	struct kp_call_host host = kp_source_services_host(&services);
	void *memory =
		kp_arena_alloc(&doctor->load.arena, private->connector->call_size + 1);
	if (memory == NULL) {
		return false;
	}
	int verdict = private->connector->prepare(
		private->instance, memory, &host, &need, &writer, fault);
	private->connector->end(private->instance, memory);
	return verdict == KP_DONE;
}

static const char *
remedy_of(const char *message)
{
	return strncmp(message, "42501", 5) == 0
		? "ask the partner to grant select on it to this user"
		: strncmp(message, "42P01", 5) == 0 || strncmp(message, "42703", 5) == 0
		? "compare the statement with the partner's tables as they are now"
		: "mend the statement in 'sql.queries'";
}

static void
describe(struct looking *looking, struct statement *statement)
{
	struct kp_doctor *doctor = looking->doctor;
	struct kp_error err = {0};
	enum kp_status status = kp_probe_postgres_describe(looking->probe,
		statement->text, statement->parameter_count, &doctor->load.arena,
		&statement->columns, &statement->column_count, &err);
	statement->good = status == KP_OK;
	if (!statement->good) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "sql.statement",
			remedy_of(err.message), "query '%.*s': %s",
			KP_SLICE_ARG(statement->name), err.message);
		return;
	}
	const char *names = "";
	for (size_t i = 0; i < statement->column_count; i++) {
		names = kp_doctor_text(doctor, "%s%s%.*s %.*s", names, i > 0 ? ", " : "",
			KP_SLICE_ARG(statement->columns[i].name),
			KP_SLICE_ARG(statement->columns[i].type));
	}
	kp_doctor_say(doctor, KP_DOCTOR_OK, "sql.statement", NULL, "query '%.*s': %s",
		KP_SLICE_ARG(statement->name), names);
}

/* Columns. */

static struct statement *
find_statement(struct looking *looking, struct kp_slice name)
{
	for (size_t i = 0; i < looking->count; i++) {
		if (kp_slice_equal(looking->statements[i].name, name)) {
			return &looking->statements[i];
		}
	}
	return NULL;
}

static const struct kp_probe_column *
find_column(const struct statement *statement, struct kp_slice name)
{
	for (size_t i = 0; i < statement->column_count; i++) {
		if (kp_slice_equal(statement->columns[i].name, name)) {
			return &statement->columns[i];
		}
	}
	return NULL;
}

static void
say_no_column(
	struct kp_doctor *doctor, const struct statement *statement, struct kp_slice name)
{
	struct kp_nearest nearest;
	kp_nearest_begin(&nearest, name);
	for (size_t i = 0; i < statement->column_count; i++) {
		kp_nearest_offer(&nearest, statement->columns[i].name);
	}
	kp_doctor_say(doctor, KP_DOCTOR_FAIL, "sql.columns",
		"name the column in the statement (… as name), or mend the path",
		"query '%.*s' gives no column '%.*s'%s%.*s",
		KP_SLICE_ARG(statement->name), KP_SLICE_ARG(name),
		nearest.best.len > 0 ? "; nearest is " : "", (int)nearest.best.len,
		nearest.best.data == NULL ? "" : nearest.best.data);
}

static bool
is_type(const struct kp_probe_column *column, const char *word)
{
	return kp_slice_starts(column->type, kp_slice_from(word));
}

/* Types whose text is not what the catalogue's type looks like. */
static void
judge_type(struct kp_doctor *doctor, const struct kp_probe_column *column,
	const struct kp_manifest_field *field)
{
	uint32_t id = kp_catalogue_find_field(doctor->load.cells, field->field);
	if (id == KP_NO_ID || field->form != KP_FORM_AS_IS || field->table != NULL) {
		return;
	}
	enum kp_field_type type = doctor->load.cells->fields[id].type;
	const char *wants = type == KP_FIELD_DATE && !is_type(column, "date") &&
			!is_type(column, "text") && !is_type(column, "char")
		? "a date: cast it to date, or say 'date' for its pattern"
		: type == KP_FIELD_BOOLEAN ? "yes or no: say form yes_no"
		: is_type(column, "bytea") ? "text: bytes cannot be shown"
					   : NULL;
	if (wants != NULL) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "sql.types",
			"look at the value with 'ketenpoort connector try'",
			"column '%.*s' is %.*s, and '%.*s' must be %s",
			KP_SLICE_ARG(column->name), KP_SLICE_ARG(column->type),
			KP_SLICE_ARG(field->field), wants);
	}
}

static void
judge_column(struct looking *looking, struct kp_slice query, struct kp_slice name,
	const struct kp_manifest_field *field)
{
	struct statement *statement = find_statement(looking, query);
	if (statement == NULL || !statement->good) {
		return;
	}
	const struct kp_probe_column *column = find_column(statement, name);
	if (column == NULL) {
		say_no_column(looking->doctor, statement, name);
	} else if (field != NULL) {
		judge_type(looking->doctor, column, field);
	}
}

static void
judge_columns(struct looking *looking)
{
	const struct kp_manifest_response *response =
		&looking->doctor->manifest->response;
	for (size_t i = 0; i < looking->count && !response->subject_none; i++) {
		judge_column(
			looking, looking->statements[i].name, response->subject, NULL);
	}
	for (size_t i = 0; i < response->field_count; i++) {
		const struct kp_manifest_field *field = &response->fields[i];
		const char *dot = field->path.len == 0
			? NULL
			: memchr(field->path.data, '.', field->path.len);
		if (dot != NULL) {
			size_t at = (size_t)(dot - field->path.data);
			judge_column(looking, (struct kp_slice){field->path.data, at},
				(struct kp_slice){dot + 1, field->path.len - at - 1},
				field);
		}
	}
	for (size_t i = 0; i < response->list_count; i++) {
		const struct kp_manifest_list *list = &response->lists[i];
		for (size_t j = 0; j < list->field_count; j++) {
			if (list->fields[j].path.len > 0) {
				judge_column(looking, list->items, list->fields[j].path,
					&list->fields[j]);
			}
		}
	}
}

static void
judge_statements(struct looking *looking)
{
	struct kp_fault fault = {0};
	if (!gather(looking, &fault)) {
		kp_doctor_say(looking->doctor, KP_DOCTOR_FAIL, "sql.statement",
			"'ketenpoort connector try' shows what would be asked",
			"the statements were not looked at, since the connector makes no "
			"question: %s",
			fault.message[0] == '\0' ? "memory ran out" : fault.message);
		return;
	}
	for (size_t i = 0; i < looking->count; i++) {
		describe(looking, &looking->statements[i]);
	}
	judge_columns(looking);
}

bool
kp_doctor_database(struct kp_doctor *doctor)
{
	struct looking looking = {.doctor = doctor};
	unsigned fails = doctor->counts[KP_DOCTOR_FAIL];
	const struct kp_source_private *private = doctor->source->private;
	if (private->connector->transport != KP_TRANSPORT_SQL ||
		private->sql.engine != KP_SQL_POSTGRES) {
		return true;
	}
	if (log_in(&looking)) {
		judge_rights(&looking);
		judge_statements(&looking);
	}
	kp_probe_postgres_close(&looking.probe);
	return doctor->counts[KP_DOCTOR_FAIL] == fails;
}
