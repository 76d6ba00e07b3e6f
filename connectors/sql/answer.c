/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* answer: see answer.h. */
#include "connectors/sql/answer.h"

#include <stdio.h>

#include "connectors/fault.h"
#include "connectors/text.h"

#define ROW_BYTES_MAX ((size_t)16 << 20)

static enum kp_json_verdict
fail(struct kp_sql_answer *answer, const char *message)
{
	char place[64];
	struct kp_slice name = answer->query < answer->plan->query_count
		? answer->plan->queries[answer->query].name
		: (struct kp_slice){0};
	(void)snprintf(place, sizeof(place), "query '%.*s'",
		name.len > 40 ? 40 : (int)name.len, name.data);
	answer->failed = true;
	(void)kp_fault_set(answer->fault, name.len == 0 ? "" : place, "%s", message);
	return KP_JSON_STOP;
}

static enum kp_json_verdict
stop(struct kp_sql_answer *answer)
{
	answer->stopped = true;
	return KP_JSON_STOP;
}

static bool
of_query(const struct kp_sql_answer *answer, const struct kp_row_group *group)
{
	return kp_slice_equal(group->table, answer->plan->queries[answer->query].name);
}

static bool
tell_unmapped(struct kp_sql_answer *answer)
{
	for (size_t i = 0; answer->sink->unmapped != NULL && i < answer->column_count;
		i++) {
		bool mapped = i == answer->subject || i == answer->valid_on;
		for (size_t j = 0; j < answer->plan->groups.count; j++) {
			const struct kp_row_group *group = &answer->plan->groups.items[j];
			const struct kp_row_columns *columns = &answer->columns[j];
			if (!of_query(answer, group)) {
				continue;
			}
			mapped = mapped || columns->valid_on == i;
			for (size_t k = 0; k < group->field_count; k++) {
				mapped = mapped || columns->fields[k] == i;
			}
		}
		if (!mapped &&
			!answer->sink->unmapped(
				answer->sink->context, kp_text_from(answer->names[i]))) {
			return false;
		}
	}
	return true;
}

/* "query.column" when it is of this query; empty otherwise. */
static struct kp_slice
own_column(const struct kp_sql_answer *answer, struct kp_slice path)
{
	struct kp_slice name = answer->plan->queries[answer->query].name;
	if (path.len > name.len + 1 && kp_slice_starts(path, name) &&
		path.data[name.len] == '.') {
		return (struct kp_slice){
			path.data + name.len + 1, path.len - name.len - 1};
	}
	return (struct kp_slice){0};
}

/* The head of a query is complete: where are the columns of the manifest? */
static enum kp_json_verdict
take_head(struct kp_sql_answer *answer)
{
	const struct kp_sql_plan *plan = answer->plan;
	const struct kp_manifest_response *response = &plan->manifest->response;
	if (answer->query == plan->query_count) {
		return fail(answer, "rows of a query that the manifest does not have");
	}
	char place[64];
	struct kp_slice name = plan->queries[answer->query].name;
	(void)snprintf(place, sizeof(place), "query '%.*s'",
		name.len > 40 ? 40 : (int)name.len, name.data);
	answer->answered[answer->query] = true;
	bool fine = kp_row_column_find(answer->names, answer->column_count,
			    response->subject, place, &answer->subject, answer->fault) &&
		kp_row_column_find(answer->names, answer->column_count,
			own_column(answer, response->valid_on), place, &answer->valid_on,
			answer->fault);
	for (size_t i = 0; fine && i < plan->groups.count; i++) {
		const struct kp_row_group *group = &plan->groups.items[i];
		fine = !of_query(answer, group) ||
			kp_row_columns_find(answer->arena, group, answer->names,
				answer->column_count, place, &answer->columns[i],
				answer->fault);
	}
	if (!fine) {
		answer->failed = true;
		return KP_JSON_STOP;
	}
	return tell_unmapped(answer) ? KP_JSON_GO : stop(answer);
}

static struct kp_row_value
row_value(const struct kp_sql_answer *answer, size_t at)
{
	size_t start = at == 0 ? 0 : answer->ends[at - 1];
	return (struct kp_row_value){
		.text = {answer->text.data + start, answer->ends[at] - start},
		.json = answer->json[at]};
}

/* Says whose row it is. */
static bool
tell_subject(struct kp_sql_answer *answer, bool *ret_failed)
{
	char digits[KP_BSN_DIGITS];
	*ret_failed = false;
	if (answer->subject == KP_ROW_NO_COLUMN) {
		return true;
	}
	struct kp_slice bsn =
		kp_bsn_normal(row_value(answer, answer->subject).text, digits);
	*ret_failed = bsn.len == 0;
	return bsn.len > 0 &&
		answer->sink->subject(answer->sink->context, kp_text_from(bsn));
}

static enum kp_json_verdict
take_row(struct kp_sql_answer *answer)
{
	struct kp_row_value values[KP_SQL_COLUMNS_MAX] KP_UNINITIALIZED;
	bool failed = false;
	if (answer->query == answer->plan->query_count || answer->names == NULL) {
		return fail(answer, "a row before its query");
	}
	if (answer->value_count != answer->column_count) {
		return fail(answer, "a row with more or fewer values than columns");
	}
	for (size_t i = 0; i < answer->value_count; i++) {
		values[i] = row_value(answer, i);
	}
	if (!tell_subject(answer, &failed)) {
		return failed ? fail(answer, "the subject column holds no bsn")
			      : stop(answer);
	}
	bool first = answer->rows[answer->query]++ == 0;
	if (first && answer->valid_on != KP_ROW_NO_COLUMN &&
		values[answer->valid_on].text.len > 0 &&
		!answer->sink->valid_on(answer->sink->context,
			kp_text_from(values[answer->valid_on].text))) {
		return stop(answer);
	}
	for (size_t i = 0; i < answer->plan->groups.count; i++) {
		const struct kp_row_group *group = &answer->plan->groups.items[i];
		if (of_query(answer, group) &&
			!kp_row_send(group, &answer->columns[i], values,
				answer->value_count, first, answer->need, answer->sink)) {
			return stop(answer);
		}
	}
	return KP_JSON_GO;
}

/* The text of a string token, unescaped; in the answer's arena when it had escapes. */
static bool
plain_text(struct kp_sql_answer *answer, const struct kp_json_token *token,
	struct kp_slice *ret_text)
{
	*ret_text = token->raw;
	return !token->escaped ||
		kp_json_unescape(token->raw, answer->arena, ret_text) == KP_OK;
}

static enum kp_json_verdict
take_value(struct kp_sql_answer *answer, const struct kp_json_token *token)
{
	struct kp_slice text = {0};
	if (answer->value_count == KP_SQL_COLUMNS_MAX) {
		return fail(answer, "more columns than allowed");
	}
	bool string = token->event == KP_JSON_STRING;
	if (string && !plain_text(answer, token, &text)) {
		return fail(answer, "no memory is left");
	}
	if (!string && token->event != KP_JSON_NULL) {
		text = token->raw;
	}
	kp_buffer_add_slice(&answer->text, text);
	if (answer->text.failed) {
		return fail(answer, "a row is larger than allowed");
	}
	answer->json[answer->value_count] = !string;
	answer->ends[answer->value_count++] = answer->text.len;
	return KP_JSON_GO;
}

static enum kp_json_verdict
take_name(struct kp_sql_answer *answer, const struct kp_json_token *token)
{
	struct kp_slice text;
	struct kp_slice copy = {0};
	if (answer->column_count == KP_SQL_COLUMNS_MAX) {
		return fail(answer, "more columns than allowed");
	}
	if (plain_text(answer, token, &text)) {
		copy = kp_arena_copy(answer->arena, text);
	}
	if (copy.data == NULL) {
		return fail(answer, "no memory is left");
	}
	answer->names[answer->column_count++] = copy;
	return KP_JSON_GO;
}

static enum kp_json_verdict
begin_head(struct kp_sql_answer *answer)
{
	answer->place = KP_SQL_HEAD;
	answer->query = answer->plan->query_count;
	answer->column_count = 0;
	answer->names =
		KP_ARENA_ARRAY(answer->arena, struct kp_slice, KP_SQL_COLUMNS_MAX);
	return answer->names == NULL ? fail(answer, "no memory is left") : KP_JSON_GO;
}

static enum kp_json_verdict
in_answer(struct kp_sql_answer *answer, const struct kp_json_token *token)
{
	if (token->event == KP_JSON_OBJECT_BEGIN) {
		return begin_head(answer);
	}
	if (token->event == KP_JSON_ARRAY_BEGIN) {
		answer->place = KP_SQL_ROW;
		answer->text.len = 0;
		answer->value_count = 0;
		return KP_JSON_GO;
	}
	if (token->event == KP_JSON_ARRAY_END) {
		answer->place = KP_SQL_END;
		return KP_JSON_GO;
	}
	return fail(answer, "the answer is an array of queries and rows");
}

static enum kp_json_verdict
in_head(struct kp_sql_answer *answer, const struct kp_json_token *token)
{
	struct kp_slice text;
	if (token->event == KP_JSON_NAME) {
		answer->member = kp_slice_is(token->raw, "query") ? KP_SLICE("query")
			: kp_slice_is(token->raw, "columns")      ? KP_SLICE("columns")
								  : KP_SLICE("");
		return answer->member.len > 0
			? KP_JSON_GO
			: fail(answer, "a query has query and columns");
	}
	if (token->event == KP_JSON_OBJECT_END) {
		answer->place = KP_SQL_ANSWER;
		return take_head(answer);
	}
	if (token->event == KP_JSON_ARRAY_BEGIN &&
		kp_slice_is(answer->member, "columns")) {
		answer->place = KP_SQL_COLUMNS;
		return KP_JSON_GO;
	}
	if (token->event != KP_JSON_STRING || !kp_slice_is(answer->member, "query")) {
		return fail(answer, "a query has query and columns");
	}
	if (!plain_text(answer, token, &text)) {
		return fail(answer, "no memory is left");
	}
	answer->query = kp_sql_plan_find(answer->plan, text);
	return KP_JSON_GO;
}

static enum kp_json_verdict
on_event(void *ctx, const struct kp_json_token *token)
{
	struct kp_sql_answer *answer = ctx;
	bool end = token->event == KP_JSON_ARRAY_END;
	bool scalar = token->event >= KP_JSON_STRING;
	switch (answer->place) {
	case KP_SQL_TOP:
		answer->place = KP_SQL_ANSWER;
		return token->event == KP_JSON_ARRAY_BEGIN
			? KP_JSON_GO
			: fail(answer, "the answer is an array of queries and rows");
	case KP_SQL_ANSWER:
		return in_answer(answer, token);
	case KP_SQL_HEAD:
		return in_head(answer, token);
	case KP_SQL_COLUMNS:
		answer->place = end ? KP_SQL_HEAD : KP_SQL_COLUMNS;
		return end ? KP_JSON_GO
			: token->event == KP_JSON_STRING
			? take_name(answer, token)
			: fail(answer, "names of columns are texts");
	case KP_SQL_ROW:
		answer->place = end ? KP_SQL_ANSWER : KP_SQL_ROW;
		return end       ? take_row(answer)
			: scalar ? take_value(answer, token)
				 : fail(answer, "values are texts or null");
	case KP_SQL_END:
		break;
	}
	return KP_JSON_GO;
}

enum kp_status
kp_sql_answer_init(struct kp_sql_answer *answer, const struct kp_sql_plan *plan,
	const struct kp_need *need, struct kp_arena *arena)
{
	const struct kp_json_limits limits = {
		.depth_max = 8, .token_bytes_max = ROW_BYTES_MAX};
	memset(answer, 0, sizeof(*answer));
	answer->plan = plan;
	answer->need = need;
	answer->arena = arena;
	answer->query = plan->query_count;
	kp_buffer_init(&answer->text, arena, ROW_BYTES_MAX);
	answer->columns =
		KP_ARENA_ARRAY(arena, struct kp_row_columns, plan->groups.count + 1);
	kp_json_reader_init(&answer->reader, &limits, arena, on_event, answer);
	return answer->columns == NULL ? KP_E_MEMORY : KP_OK;
}

static int
close_step(
	struct kp_sql_answer *answer, enum kp_status status, const struct kp_error *err)
{
	struct kp_fault *fault = answer->fault;
	answer->sink = NULL;
	answer->fault = NULL;
	if (status == KP_OK) {
		return KP_DONE;
	}
	if (answer->failed) {
		return KP_FAIL;
	}
	if (answer->stopped) {
		return kp_fault_set(fault, "", "the gateway stopped reading");
	}
	/* The pointer of the place could hold a name of the answer. */
	(void)kp_fault_set(fault, "", "%.180s", err->message);
	fault->line = err->line;
	fault->column = err->column;
	return KP_FAIL;
}

int
kp_sql_answer_push(struct kp_sql_answer *answer, struct kp_slice bytes,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	struct kp_error err = {0};
	answer->sink = sink;
	answer->fault = fault;
	return close_step(
		answer, kp_json_reader_push(&answer->reader, bytes, &err), &err);
}

/* Was every query that was asked answered, and do rows say that the person is known? */
static int
judge(const struct kp_sql_answer *answer, bool *ret_known, struct kp_fault *fault)
{
	const struct kp_sql_plan *plan = answer->plan;
	*ret_known = false;
	for (size_t i = 0; i < plan->query_count; i++) {
		bool counts = plan->known_by == plan->query_count || plan->known_by == i;
		*ret_known = *ret_known || (counts && answer->rows[i] > 0);
		if (kp_sql_plan_wants(plan, i, answer->need) && !answer->answered[i]) {
			return kp_fault_set(fault, "", "a query was not answered");
		}
	}
	return KP_DONE;
}

int
kp_sql_answer_finish(struct kp_sql_answer *answer, const struct kp_sink *sink,
	bool *ret_known, struct kp_fault *fault)
{
	struct kp_error err = {0};
	answer->sink = sink;
	answer->fault = fault;
	int verdict =
		close_step(answer, kp_json_reader_finish(&answer->reader, &err), &err);
	return verdict == KP_DONE ? judge(answer, ret_known, fault) : verdict;
}
