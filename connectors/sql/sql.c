/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sql: the connector for databases. The manifest has the queries, with named parameters
 * that are bound and never spliced, and says which columns become which fields. Only the
 * queries that supply something permitted are asked. Every row names the person by the
 * subject column.
 *
 * In:     the rows as one JSON array (connector.h, kp_request_writer.query)   Out: fields
 * Fails:  rows about another person, without the columns of the manifest, or not asked
 */
#include <stdio.h>

#include "connectors/fault.h"
#include "connectors/finding.h"
#include "connectors/rows.h"
#include "connectors/sql/statement.h"
#include "core/json_read.h"

#define INSTANCE_BYTES_MAX ((size_t)16 << 20)
#define CALL_BYTES_MAX ((size_t)64 << 20)
#define ROW_BYTES_MAX ((size_t)16 << 20)
#define COLUMNS_MAX 512
#define QUERIES_MAX 32

struct sql_query {
	struct kp_slice name;
	struct kp_sql_statement statement;
};

struct sql_instance {
	struct kp_arena arena;
	struct kp_manifest *manifest;
	struct kp_row_groups groups;
	struct sql_query *queries;
	size_t query_count;
	size_t known_by; /* query_count: any row will do */
};

/* Where in the answer we are. */
enum place {
	PLACE_TOP,
	PLACE_ANSWER,
	PLACE_HEAD,
	PLACE_COLUMNS,
	PLACE_ROW,
	PLACE_END,
};

struct sql_call {
	struct kp_arena arena;
	bool arena_open;
	struct kp_json_reader reader;
	const struct sql_instance *instance;
	const struct kp_need *need;
	const struct kp_sink *sink; /* during consume and finish */
	struct kp_fault *fault;
	bool failed; /* `fault` is set */
	bool stopped;

	enum place place;
	struct kp_slice member;     /* of a head */
	size_t query;               /* whose rows come; query_count before the first */
	uint32_t rows[QUERIES_MAX]; /* of each query */
	bool answered[QUERIES_MAX];
	struct kp_slice *names; /* columns of the query */
	size_t column_count;
	size_t subject;
	size_t valid_on;
	struct kp_row_columns *columns; /* by group */

	/* The row under way: its texts one behind the other. */
	struct kp_buffer text;
	size_t ends[COLUMNS_MAX];
	bool json[COLUMNS_MAX];
	size_t value_count;
};

static struct kp_slice
slice_of(struct kp_text text)
{
	return (struct kp_slice){text.data, text.len};
}

static struct kp_text
text_of(struct kp_slice slice)
{
	return (struct kp_text){slice.data, slice.len};
}

/* Opening. */

static size_t
find_query(const struct sql_instance *instance, struct kp_slice name)
{
	size_t at = 0;
	while (at < instance->query_count &&
		!kp_slice_equal(instance->queries[at].name, name)) {
		at++;
	}
	return at;
}

static bool
make_queries(struct sql_instance *instance, const struct kp_host *host)
{
	const struct kp_manifest_sql *sql = &instance->manifest->sql;
	bool numbered =
		kp_slice_starts(instance->manifest->endpoint, KP_SLICE("postgresql://"));
	size_t count = sql->query_count > QUERIES_MAX ? QUERIES_MAX : sql->query_count;
	instance->queries = KP_ARENA_ARRAY(&instance->arena, struct sql_query, count + 1);
	if (instance->queries == NULL) {
		return false;
	}
	if (sql->query_count > QUERIES_MAX || sql->query_count == 0) {
		kp_finding(host, &sql->place, "%zu queries; allowed are 1 to %d",
			sql->query_count, QUERIES_MAX);
	}
	for (size_t i = 0; i < count; i++) {
		struct kp_error err = {0};
		struct sql_query *query = &instance->queries[i];
		query->name = sql->queries[i].name;
		enum kp_status status = kp_sql_statement_make(&instance->arena,
			sql->queries[i].text, numbered, &query->statement, &err);
		if (status == KP_E_MEMORY) {
			return false;
		}
		if (status != KP_OK) {
			kp_finding(host, &sql->queries[i].place, "%.180s", err.message);
		}
		instance->query_count++;
	}
	return true;
}

static void
check_tables(const struct sql_instance *instance, const struct kp_host *host)
{
	const struct kp_manifest *manifest = instance->manifest;
	for (size_t i = 0; i < instance->groups.count; i++) {
		const struct kp_row_group *group = &instance->groups.items[i];
		if (group->table.len > 0 &&
			find_query(instance, group->table) == instance->query_count) {
			kp_finding(host,
				group->field_count > 0 ? &group->fields[0].field->place
						       : &manifest->response.place,
				"'sql/queries' has no query '%.*s'",
				KP_SLICE_ARG(group->table));
		}
	}
	if (manifest->sql.known_by.len > 0 &&
		instance->known_by == instance->query_count) {
		kp_finding(host, &manifest->sql.place,
			"known_by: 'sql/queries' has no query '%.*s'",
			KP_SLICE_ARG(manifest->sql.known_by));
	}
	if (manifest->response.subject.len == 0 && !manifest->response.subject_none) {
		kp_finding(host, &manifest->response.place,
			"has no 'subject': the column of the bsn in every query, or null "
			"when rows do not name the person");
	}
}

static bool
build(struct sql_instance *instance, const struct kp_host *host)
{
	if (!make_queries(instance, host) ||
		!kp_row_groups_build(&instance->arena, host, instance->manifest, true,
			&instance->groups)) {
		return false;
	}
	struct kp_slice known_by = instance->manifest->sql.known_by;
	instance->known_by = known_by.len == 0 ? instance->query_count
					       : find_query(instance, known_by);
	check_tables(instance, host);
	return true;
}

static void
close_sql(void *opaque)
{
	struct sql_instance *instance = opaque;
	if (instance != NULL) {
		kp_arena_deinit(&instance->arena);
	}
}

static int
open_sql(const struct kp_host *host, struct kp_text manifest, void **ret_instance,
	struct kp_fault *fault)
{
	struct sql_instance *instance = host->alloc(host->context, sizeof(*instance));
	if (instance == NULL) {
		return kp_fault_memory(fault);
	}
	memset(instance, 0, sizeof(*instance));
	kp_arena_init(&instance->arena, INSTANCE_BYTES_MAX, NULL);
	struct kp_counting_host counting;
	kp_counting_host_init(&counting, host);
	int verdict = kp_manifest_read_again(
		&instance->arena, slice_of(manifest), &instance->manifest, fault);
	if (instance->manifest != NULL && !build(instance, &counting.host)) {
		verdict = kp_fault_memory(fault);
	}
	if (verdict == KP_DONE && counting.findings > 0) {
		verdict = kp_fault_set(fault, "", "the manifest does not check");
	}
	if (verdict != KP_DONE) {
		close_sql(instance);
		return KP_FAIL;
	}
	*ret_instance = instance;
	return KP_DONE;
}

static void
offers_sql(const void *opaque, uint64_t *cells, uint32_t cell_words)
{
	const struct sql_instance *instance = opaque;
	kp_row_groups_offer(&instance->groups, cells, cell_words);
}

/* Asking. */

static bool
query_wanted(
	const struct sql_instance *instance, size_t index, const struct kp_need *need)
{
	if (index == instance->known_by) {
		return true;
	}
	for (size_t i = 0; i < instance->groups.count; i++) {
		const struct kp_row_group *group = &instance->groups.items[i];
		if (kp_slice_equal(group->table, instance->queries[index].name) &&
			kp_row_group_wanted(group, need)) {
			return true;
		}
	}
	return false;
}

/* Empty is NULL to the database; data is NULL for it. */
static struct kp_text
value_of(const struct kp_need *need, const struct kp_sql_parameter *parameter)
{
	struct kp_text value = {0};
	switch (parameter->kind) {
	case KP_SQL_BSN:
		value = need->bsn;
		break;
	case KP_SQL_PURPOSE:
		value = need->purpose;
		break;
	case KP_SQL_ACTIVITY:
		value = need->activity_uri;
		break;
	case KP_SQL_CASE:
		value = need->case_id;
		break;
	case KP_SQL_EMPLOYEE:
		value = need->employee;
		break;
	case KP_SQL_ORGANISATION:
		value = need->organisation;
		break;
	case KP_SQL_TRACE:
		value = need->trace_id;
		break;
	case KP_SQL_NOW:
		value = need->now;
		break;
	case KP_SQL_KNOWN:
		value = need->known == NULL
			? (struct kp_text){0}
			: need->known(need, text_of(parameter->field));
		break;
	}
	return value.len == 0 ? (struct kp_text){0} : value;
}

static int
ask_query(const struct sql_query *query, const struct kp_need *need,
	const struct kp_request_writer *out, struct kp_fault *fault)
{
	struct kp_text values[KP_SQL_PARAMETERS_MAX];
	for (uint32_t i = 0; i < query->statement.parameter_count; i++) {
		const struct kp_sql_parameter *parameter =
			&query->statement.parameters[i];
		values[i] = value_of(need, parameter);
		if (parameter->kind == KP_SQL_KNOWN && values[i].len == 0) {
			return KP_SKIP;
		}
	}
	return out->query(out->context, text_of(query->name),
		       text_of(query->statement.text), values,
		       query->statement.parameter_count)
		? KP_DONE
		: kp_fault_set(fault, "", "a query of the manifest cannot be asked");
}

static int
prepare_sql(const void *opaque, void *memory, const struct kp_call_host *host,
	const struct kp_need *need, const struct kp_request_writer *out,
	struct kp_fault *fault)
{
	const struct sql_instance *instance = opaque;
	struct sql_call *call = memory;
	(void)host;
	call->instance = instance;
	call->need = need;
	size_t asked = 0;
	int verdict = KP_DONE;
	for (size_t i = 0; i < instance->query_count && verdict == KP_DONE; i++) {
		if (query_wanted(instance, i, need)) {
			verdict = ask_query(&instance->queries[i], need, out, fault);
			asked++;
		}
	}
	/* Nothing of it is wanted: whether the person is known may be. */
	return asked == 0 && verdict == KP_DONE
		? ask_query(&instance->queries[0], need, out, fault)
		: verdict;
}

/* The answer. */

static enum kp_json_verdict
fail(struct sql_call *call, const char *message)
{
	char place[64];
	struct kp_slice name = call->query < call->instance->query_count
		? call->instance->queries[call->query].name
		: (struct kp_slice){0};
	(void)snprintf(place, sizeof(place), "query '%.*s'",
		name.len > 40 ? 40 : (int)name.len, name.data);
	call->failed = true;
	(void)kp_fault_set(call->fault, name.len == 0 ? "" : place, "%s", message);
	return KP_JSON_STOP;
}

static enum kp_json_verdict
stop(struct sql_call *call)
{
	call->stopped = true;
	return KP_JSON_STOP;
}

static bool
of_query(const struct sql_call *call, const struct kp_row_group *group)
{
	return kp_slice_equal(group->table, call->instance->queries[call->query].name);
}

static bool
tell_unmapped(struct sql_call *call)
{
	for (size_t i = 0; call->sink->unmapped != NULL && i < call->column_count; i++) {
		bool mapped = i == call->subject || i == call->valid_on;
		for (size_t j = 0; j < call->instance->groups.count; j++) {
			const struct kp_row_group *group =
				&call->instance->groups.items[j];
			const struct kp_row_columns *columns = &call->columns[j];
			if (!of_query(call, group)) {
				continue;
			}
			mapped = mapped || columns->valid_on == i;
			for (size_t k = 0; k < group->field_count; k++) {
				mapped = mapped || columns->fields[k] == i;
			}
		}
		if (!mapped &&
			!call->sink->unmapped(
				call->sink->context, text_of(call->names[i]))) {
			return false;
		}
	}
	return true;
}

/* "query.column" when it is of this query; empty otherwise. */
static struct kp_slice
own_column(const struct sql_call *call, struct kp_slice path)
{
	struct kp_slice name = call->instance->queries[call->query].name;
	if (path.len > name.len + 1 && kp_slice_starts(path, name) &&
		path.data[name.len] == '.') {
		return (struct kp_slice){
			path.data + name.len + 1, path.len - name.len - 1};
	}
	return (struct kp_slice){0};
}

/* The head of a query is complete: where are the columns of the manifest? */
static enum kp_json_verdict
take_head(struct sql_call *call)
{
	const struct sql_instance *instance = call->instance;
	const struct kp_manifest_response *response = &instance->manifest->response;
	if (call->query == instance->query_count) {
		return fail(call, "rows of a query that the manifest does not have");
	}
	char place[64];
	struct kp_slice name = instance->queries[call->query].name;
	(void)snprintf(place, sizeof(place), "query '%.*s'",
		name.len > 40 ? 40 : (int)name.len, name.data);
	call->answered[call->query] = true;
	bool fine = kp_row_column_find(call->names, call->column_count, response->subject,
			    place, &call->subject, call->fault) &&
		kp_row_column_find(call->names, call->column_count,
			own_column(call, response->valid_on), place, &call->valid_on,
			call->fault);
	for (size_t i = 0; fine && i < instance->groups.count; i++) {
		const struct kp_row_group *group = &instance->groups.items[i];
		fine = !of_query(call, group) ||
			kp_row_columns_find(&call->arena, group, call->names,
				call->column_count, place, &call->columns[i],
				call->fault);
	}
	if (!fine) {
		call->failed = true;
		return KP_JSON_STOP;
	}
	return tell_unmapped(call) ? KP_JSON_GO : stop(call);
}

static struct kp_row_value
row_value(const struct sql_call *call, size_t at)
{
	size_t start = at == 0 ? 0 : call->ends[at - 1];
	return (struct kp_row_value){
		.text = {call->text.data + start, call->ends[at] - start},
		.json = call->json[at]};
}

/* Says whose row it is. */
static bool
tell_subject(struct sql_call *call, bool *ret_failed)
{
	char digits[KP_BSN_DIGITS];
	*ret_failed = false;
	if (call->subject == KP_ROW_NO_COLUMN) {
		return true;
	}
	struct kp_slice bsn = kp_bsn_normal(row_value(call, call->subject).text, digits);
	*ret_failed = bsn.len == 0;
	return bsn.len > 0 && call->sink->subject(call->sink->context, text_of(bsn));
}

static enum kp_json_verdict
take_row(struct sql_call *call)
{
	struct kp_row_value values[COLUMNS_MAX];
	bool failed = false;
	if (call->query == call->instance->query_count || call->names == NULL) {
		return fail(call, "a row before its query");
	}
	if (call->value_count != call->column_count) {
		return fail(call, "a row with more or fewer values than columns");
	}
	for (size_t i = 0; i < call->value_count; i++) {
		values[i] = row_value(call, i);
	}
	if (!tell_subject(call, &failed)) {
		return failed ? fail(call, "the subject column holds no bsn")
			      : stop(call);
	}
	bool first = call->rows[call->query]++ == 0;
	if (first && call->valid_on != KP_ROW_NO_COLUMN &&
		values[call->valid_on].text.len > 0 &&
		!call->sink->valid_on(
			call->sink->context, text_of(values[call->valid_on].text))) {
		return stop(call);
	}
	for (size_t i = 0; i < call->instance->groups.count; i++) {
		const struct kp_row_group *group = &call->instance->groups.items[i];
		if (of_query(call, group) &&
			!kp_row_send(group, &call->columns[i], values, call->value_count,
				first, call->need, call->sink)) {
			return stop(call);
		}
	}
	return KP_JSON_GO;
}

/* The text of a string token, unescaped; in the answer's arena when it had escapes. */
static bool
plain_text(struct sql_call *call, const struct kp_json_token *token,
	struct kp_slice *ret_text)
{
	*ret_text = token->raw;
	return !token->escaped ||
		kp_json_unescape(token->raw, &call->arena, ret_text) == KP_OK;
}

static enum kp_json_verdict
take_value(struct sql_call *call, const struct kp_json_token *token)
{
	struct kp_slice text = {0};
	if (call->value_count == COLUMNS_MAX) {
		return fail(call, "more columns than allowed");
	}
	bool string = token->event == KP_JSON_STRING;
	if (string && !plain_text(call, token, &text)) {
		return fail(call, "no memory is left");
	}
	if (!string && token->event != KP_JSON_NULL) {
		text = token->raw;
	}
	kp_buffer_add_slice(&call->text, text);
	if (call->text.failed) {
		return fail(call, "a row is larger than allowed");
	}
	call->json[call->value_count] = !string;
	call->ends[call->value_count++] = call->text.len;
	return KP_JSON_GO;
}

static enum kp_json_verdict
take_name(struct sql_call *call, const struct kp_json_token *token)
{
	struct kp_slice text;
	struct kp_slice copy = {0};
	if (call->column_count == COLUMNS_MAX) {
		return fail(call, "more columns than allowed");
	}
	if (plain_text(call, token, &text)) {
		copy = kp_arena_copy(&call->arena, text);
	}
	if (copy.data == NULL) {
		return fail(call, "no memory is left");
	}
	call->names[call->column_count++] = copy;
	return KP_JSON_GO;
}

static enum kp_json_verdict
begin_head(struct sql_call *call)
{
	call->place = PLACE_HEAD;
	call->query = call->instance->query_count;
	call->column_count = 0;
	call->names = KP_ARENA_ARRAY(&call->arena, struct kp_slice, COLUMNS_MAX);
	return call->names == NULL ? fail(call, "no memory is left") : KP_JSON_GO;
}

static enum kp_json_verdict
in_answer(struct sql_call *call, const struct kp_json_token *token)
{
	if (token->event == KP_JSON_OBJECT_BEGIN) {
		return begin_head(call);
	}
	if (token->event == KP_JSON_ARRAY_BEGIN) {
		call->place = PLACE_ROW;
		call->text.len = 0;
		call->value_count = 0;
		return KP_JSON_GO;
	}
	if (token->event == KP_JSON_ARRAY_END) {
		call->place = PLACE_END;
		return KP_JSON_GO;
	}
	return fail(call, "the answer is an array of queries and rows");
}

static enum kp_json_verdict
in_head(struct sql_call *call, const struct kp_json_token *token)
{
	struct kp_slice text;
	if (token->event == KP_JSON_NAME) {
		call->member = kp_slice_is(token->raw, "query") ? KP_SLICE("query")
			: kp_slice_is(token->raw, "columns")    ? KP_SLICE("columns")
								: KP_SLICE("");
		return call->member.len > 0 ? KP_JSON_GO
					    : fail(call, "a query has query and columns");
	}
	if (token->event == KP_JSON_OBJECT_END) {
		call->place = PLACE_ANSWER;
		return take_head(call);
	}
	if (token->event == KP_JSON_ARRAY_BEGIN && kp_slice_is(call->member, "columns")) {
		call->place = PLACE_COLUMNS;
		return KP_JSON_GO;
	}
	if (token->event != KP_JSON_STRING || !kp_slice_is(call->member, "query")) {
		return fail(call, "a query has query and columns");
	}
	if (!plain_text(call, token, &text)) {
		return fail(call, "no memory is left");
	}
	call->query = find_query(call->instance, text);
	return KP_JSON_GO;
}

static enum kp_json_verdict
on_event(void *ctx, const struct kp_json_token *token)
{
	struct sql_call *call = ctx;
	bool end = token->event == KP_JSON_ARRAY_END;
	bool scalar = token->event >= KP_JSON_STRING;
	switch (call->place) {
	case PLACE_TOP:
		call->place = PLACE_ANSWER;
		return token->event == KP_JSON_ARRAY_BEGIN
			? KP_JSON_GO
			: fail(call, "the answer is an array of queries and rows");
	case PLACE_ANSWER:
		return in_answer(call, token);
	case PLACE_HEAD:
		return in_head(call, token);
	case PLACE_COLUMNS:
		call->place = end ? PLACE_HEAD : PLACE_COLUMNS;
		return end ? KP_JSON_GO
			: token->event == KP_JSON_STRING
			? take_name(call, token)
			: fail(call, "names of columns are texts");
	case PLACE_ROW:
		call->place = end ? PLACE_ANSWER : PLACE_ROW;
		return end       ? take_row(call)
			: scalar ? take_value(call, token)
				 : fail(call, "values are texts or null");
	case PLACE_END:
		break;
	}
	return KP_JSON_GO;
}

static int
head_sql(const void *opaque, void *memory, const struct kp_head *head,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	const struct sql_instance *instance = opaque;
	struct sql_call *call = memory;
	const struct kp_json_limits limits = {
		.depth_max = 8, .token_bytes_max = ROW_BYTES_MAX};
	(void)sink;
	if (head->status != 200) {
		return kp_fault_set(fault, "", "the database gave no rows");
	}
	kp_arena_init(&call->arena, CALL_BYTES_MAX, NULL);
	call->arena_open = true;
	call->query = instance->query_count;
	kp_buffer_init(&call->text, &call->arena, ROW_BYTES_MAX);
	call->columns = KP_ARENA_ARRAY(
		&call->arena, struct kp_row_columns, instance->groups.count + 1);
	kp_json_reader_init(&call->reader, &limits, &call->arena, on_event, call);
	return call->columns == NULL ? kp_fault_memory(fault) : KP_DONE;
}

static int
close_step(struct sql_call *call, enum kp_status status, const struct kp_error *err)
{
	struct kp_fault *fault = call->fault;
	call->sink = NULL;
	call->fault = NULL;
	if (status == KP_OK) {
		return KP_DONE;
	}
	if (call->failed) {
		return KP_FAIL;
	}
	if (call->stopped) {
		return kp_fault_set(fault, "", "the gateway stopped reading");
	}
	/* The pointer of the place could hold a name of the answer. */
	(void)kp_fault_set(fault, "", "%.180s", err->message);
	fault->line = err->line;
	fault->column = err->column;
	return KP_FAIL;
}

static int
consume_sql(const void *opaque, void *memory, struct kp_text bytes,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	(void)opaque;
	struct sql_call *call = memory;
	struct kp_error err = {0};
	call->sink = sink;
	call->fault = fault;
	return close_step(
		call, kp_json_reader_push(&call->reader, slice_of(bytes), &err), &err);
}

static int
finish_sql(const void *opaque, void *memory, const struct kp_sink *sink,
	enum kp_outcome *ret_outcome, struct kp_fault *fault)
{
	const struct sql_instance *instance = opaque;
	struct sql_call *call = memory;
	struct kp_error err = {0};
	call->sink = sink;
	call->fault = fault;
	int verdict = close_step(call, kp_json_reader_finish(&call->reader, &err), &err);
	if (verdict != KP_DONE) {
		return verdict;
	}
	bool known = false;
	for (size_t i = 0; i < instance->query_count; i++) {
		bool counts = instance->known_by == instance->query_count ||
			instance->known_by == i;
		known = known || (counts && call->rows[i] > 0);
		if (query_wanted(instance, i, call->need) && !call->answered[i]) {
			return kp_fault_set(fault, "", "a query was not answered");
		}
	}
	*ret_outcome = known ? KP_FOUND : KP_NOTHING_FOUND;
	return KP_DONE;
}

static void
end_sql(const void *opaque, void *memory)
{
	(void)opaque;
	struct sql_call *call = memory;
	if (call->arena_open) {
		kp_arena_deinit(&call->arena);
		call->arena_open = false;
	}
}

extern KP_CONNECTOR_DEFINE;
KP_CONNECTOR_DEFINE = {
	.abi_major = KP_CONNECTOR_ABI_MAJOR,
	.abi_minor = KP_CONNECTOR_ABI_MINOR,
	.size = sizeof(struct kp_connector),
	.name = "sql",
	.summary = "queries to a database, PostgreSQL or over ODBC",
	.transport = KP_TRANSPORT_SQL,
	.call_size = sizeof(struct sql_call),
	.open = open_sql,
	.close = close_sql,
	.offers = offers_sql,
	.prepare = prepare_sql,
	.head = head_sql,
	.consume = consume_sql,
	.finish = finish_sql,
	.end = end_sql,
};
