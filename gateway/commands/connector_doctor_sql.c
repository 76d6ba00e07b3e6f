/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_doctor_sql: a partner's database, as the gateway would log in there: each
 * statement of the manifest, and the columns it gives. */
#include "commands/connector_doctor_sql.h"

#include <string.h>

#include "commands/connector_ask.h"
#include "connectors/text.h"
#include "core/nearest.h"
#include "source/source_private.h"

/* Statements. */

/* What an earlier source would have found. It is never sent. */
static const char stand_in[] = "0";

static struct kp_text
stand_in_known(const struct kp_need *need, struct kp_text path)
{
	(void)need;
	(void)path;
	return (struct kp_text){stand_in, sizeof(stand_in) - 1};
}

static bool
take_query(void *context, struct kp_text name, struct kp_text statement,
	const struct kp_text *parameters, uint32_t count)
{
	struct kp_doctor_looking *looking = context;
	struct kp_arena *arena = &looking->doctor->load.arena;
	if (looking->count == KP_DOCTOR_STATEMENTS_MAX) {
		return false;
	}
	struct kp_doctor_statement *own = &looking->statements[looking->count++];
	own->name = (struct kp_slice){name.data, name.len};
	own->text = kp_arena_copy(arena, kp_text_slice(statement)).data;
	own->parameters = KP_ARENA_ARRAY(arena, struct kp_slice, count + 1);
	own->parameter_count = count;
	for (uint32_t i = 0; own->parameters != NULL && i < count; i++) {
		if (parameters[i].data != stand_in && parameters[i].data != NULL) {
			own->parameters[i] =
				kp_arena_copy(arena, kp_text_slice(parameters[i]));
		}
	}
	return own->text != NULL && own->parameters != NULL;
}

/* What the connector would ask about nobody. */
static bool
gather(struct kp_doctor_looking *looking, struct kp_fault *fault)
{
	struct kp_doctor *doctor = looking->doctor;
	const struct kp_source_private *private = doctor->source->private;
	struct kp_need need = {.size = sizeof(need),
		.bsn = {"000000000", 9},
		.purpose = kp_text_from(kp_slice_from(doctor->purpose)),
		.case_id = kp_text_from(kp_slice_from(doctor->case_id)),
		.employee = kp_text_from(kp_slice_from(doctor->employee)),
		.organisation = kp_text_from(kp_slice_from(doctor->organisation)),
		.known = stand_in_known,
		.cells = doctor->source->offers,
		.cell_words = doctor->load.cells->cell_words};
	struct kp_request_writer writer = kp_connector_ignoring_writer();
	writer.context = looking;
	writer.query = take_query;
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
remedy_of(const char *message, enum kp_status status)
{
	return strncmp(message, "42501", 5) == 0 || status == KP_E_DENIED
		? "ask the partner to grant select on it to this user"
		: strncmp(message, "42P01", 5) == 0 ||
			strncmp(message, "42703", 5) == 0 ||
			strncmp(message, "42S02", 5) == 0 ||
			strncmp(message, "42S22", 5) == 0
		? "compare the statement with the partner's tables as they are now"
		: strncmp(message, "57014", 5) == 0 || status == KP_E_TIMEOUT
		? "ask the partner what keeps its tables: a lock, or more work than it "
		  "can do"
		: "mend the statement in 'sql.queries'";
}

void
kp_doctor_say_statement(struct kp_doctor *doctor, struct kp_doctor_statement *statement,
	const char *words)
{
	statement->seen = true;
	if (!statement->good) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "sql.statement",
			remedy_of(words, statement->status), "query '%.*s': %s",
			KP_SLICE_ARG(statement->name), words);
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

void
kp_doctor_warn_writable(
	struct kp_doctor *doctor, struct kp_slice tables, const char *guard)
{
	kp_doctor_say(doctor, KP_DOCTOR_WARN, "sql.rights",
		"ask the partner for a user that may only read what the statements need",
		"this user may write in %.*s; %s, but its password can do more",
		KP_SLICE_ARG(tables), guard);
}

/* Columns. */

static struct kp_doctor_statement *
find_statement(struct kp_doctor_looking *looking, struct kp_slice name)
{
	for (size_t i = 0; i < looking->count; i++) {
		if (kp_slice_equal(looking->statements[i].name, name)) {
			return &looking->statements[i];
		}
	}
	return NULL;
}

static const struct kp_probe_column *
find_column(const struct kp_doctor_statement *statement, struct kp_slice name)
{
	for (size_t i = 0; i < statement->column_count; i++) {
		if (kp_slice_equal(statement->columns[i].name, name)) {
			return &statement->columns[i];
		}
	}
	return NULL;
}

static void
say_no_column(struct kp_doctor *doctor, const struct kp_doctor_statement *statement,
	struct kp_slice name)
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
			!is_type(column, "text") && !is_type(column, "char") &&
			!is_type(column, "varchar")
		? "a date: cast it to date, or say 'date' for its pattern"
		: type == KP_FIELD_BOOLEAN ? "yes or no: say form yes_no"
		: is_type(column, "byte")  ? "text: bytes come as digits"
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
judge_column(struct kp_doctor_looking *looking, struct kp_slice query,
	struct kp_slice name, const struct kp_manifest_field *field)
{
	struct kp_doctor_statement *statement = find_statement(looking, query);
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
judge_columns(struct kp_doctor_looking *looking)
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

/* Those that it did not come to. */
static void
say_unseen(const struct kp_doctor_looking *looking)
{
	struct kp_doctor *doctor = looking->doctor;
	const char *names = "";
	for (size_t i = 0; i < looking->count; i++) {
		const struct kp_doctor_statement *one = &looking->statements[i];
		names = one->seen
			? names
			: kp_doctor_text(doctor, "%s%s'%.*s'", names,
				  names[0] == '\0' ? "" : ", ", KP_SLICE_ARG(one->name));
	}
	if (names[0] != '\0') {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "sql.statement",
			"mend the above first", "not looked at: queries %s", names);
	}
}

bool
kp_doctor_database(struct kp_doctor *doctor)
{
	struct kp_doctor_looking looking = {.doctor = doctor};
	struct kp_fault fault = {0};
	unsigned fails = doctor->counts[KP_DOCTOR_FAIL];
	const struct kp_source_private *private = doctor->source->private;
	if (private->connector->transport != KP_TRANSPORT_SQL) {
		return true;
	}
	if (!gather(&looking, &fault)) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "sql.statement",
			"'ketenpoort connector try' shows what would be asked",
			"the statements were not looked at, since the connector makes no "
			"question: %s",
			fault.message[0] == '\0' ? "memory ran out" : fault.message);
		looking.count = 0;
	}
	if (private->sql.engine == KP_SQL_POSTGRES) {
		kp_doctor_look_postgres(&looking);
	} else {
		kp_doctor_look_odbc(&looking);
	}
	say_unseen(&looking);
	judge_columns(&looking);
	return doctor->counts[KP_DOCTOR_FAIL] == fails;
}
