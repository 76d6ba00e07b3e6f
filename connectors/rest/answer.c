/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* answer: see answer.h. */
#include "connectors/rest/answer.h"

#include <stdio.h>

#include "connectors/fault.h"
#include "connectors/value.h"
#include "core/bits.h"

#define TEXT_BYTES_MAX ((size_t)64 << 20)
#define VALUES_FIRST 32

enum date_key { DATE_OTHER, DATE_DATE, DATE_YEAR, DATE_MONTH };

static void
mark_wanted(struct kp_answer *answer, const struct kp_node *node)
{
	for (; node != NULL && answer->wanted[node->id] == 0; node = node->parent) {
		answer->wanted[node->id] = 1;
	}
}

static bool
cell_wanted(const struct kp_need *need, uint32_t cell)
{
	return cell / 64 < need->cell_words && kp_bits_has(need->cells, cell);
}

static void
mark_roles(struct kp_answer *answer, const struct kp_node *node)
{
	for (const struct kp_leaf *leaf = node->leaves; leaf != NULL; leaf = leaf->next) {
		bool code = leaf->role == KP_LEAF_OUTCOME;
		if (leaf->role != KP_LEAF_FIELD && (code || !answer->codes_only)) {
			mark_wanted(answer, node);
		}
	}
	for (const struct kp_node *at = node->children; at != NULL; at = at->sibling) {
		mark_roles(answer, at);
	}
	if (node->element != NULL) {
		mark_roles(answer, node->element);
	}
}

/* What this question looks at: the way to every wanted field, and what guides. */
static void
mark_all(struct kp_answer *answer)
{
	const struct kp_mapping *mapping = answer->mapping;
	mark_roles(answer, mapping->top);
	if (answer->codes_only) {
		return;
	}
	mark_wanted(answer, mapping->root);
	for (uint32_t i = 0; i < mapping->field_count; i++) {
		const struct kp_leaf *leaf = mapping->fields[i];
		if (leaf->node != NULL && cell_wanted(answer->need, leaf->cell)) {
			mark_wanted(answer, leaf->node);
		}
	}
}

static enum kp_json_verdict on_event(void *ctx, const struct kp_json_token *token);

enum kp_status
kp_answer_init(struct kp_answer *answer, const struct kp_mapping *mapping,
	const struct kp_need *need, struct kp_arena *arena, bool codes_only)
{
	memset(answer, 0, sizeof(*answer));
	answer->mapping = mapping;
	answer->need = need;
	answer->arena = arena;
	answer->codes_only = codes_only;
	answer->wanted = KP_ARENA_ARRAY(arena, unsigned char, mapping->node_count);
	answer->investigation = KP_ARENA_ARRAY(arena, unsigned char, mapping->node_count);
	answer->seen = KP_ARENA_ARRAY(arena, uint32_t, mapping->field_count + 1);
	answer->lists =
		KP_ARENA_ARRAY(arena, struct kp_answer_list, mapping->list_count + 1);
	if (answer->wanted == NULL || answer->investigation == NULL ||
		answer->seen == NULL || answer->lists == NULL) {
		return KP_E_MEMORY;
	}
	kp_buffer_init(&answer->text, arena, TEXT_BYTES_MAX);
	struct kp_json_limits limits = {.depth_max = KP_ANSWER_DEPTH_MAX};
	kp_json_reader_init(&answer->reader, &limits, arena, on_event, answer);
	answer->next = mapping->top;
	mark_all(answer);
	return KP_OK;
}

/* Ends the reading with a fault at a node of the mapping. */
static enum kp_json_verdict
fail_at(struct kp_answer *answer, const struct kp_node *node, const char *message)
{
	char path[sizeof(answer->fault.place)];
	kp_node_path(node, path, sizeof(path));
	(void)kp_fault_set(&answer->fault, path, "%s", message);
	answer->failed = true;
	return KP_JSON_STOP;
}

static enum kp_json_verdict
stop(struct kp_answer *answer)
{
	answer->stopped = true;
	return KP_JSON_STOP;
}

static enum kp_json_verdict
out_of_memory(struct kp_answer *answer)
{
	return fail_at(answer, NULL, "no memory is left for this answer");
}

/* Values that wait. */

static bool
grow_values(struct kp_answer *answer)
{
	size_t capacity =
		answer->value_capacity == 0 ? VALUES_FIRST : answer->value_capacity * 2;
	struct kp_answer_value *values =
		KP_ARENA_ARRAY(answer->arena, struct kp_answer_value, capacity);
	if (values == NULL) {
		return false;
	}
	if (answer->value_count > 0) {
		memcpy(values, answer->values, answer->value_count * sizeof(*values));
	}
	answer->values = values;
	answer->value_capacity = capacity;
	return true;
}

static uint32_t
open_item(const struct kp_answer *answer, const struct kp_leaf *leaf)
{
	return leaf->list == KP_LEAF_SINGLE ? 0 : answer->lists[leaf->list].serial;
}

/* Keeps a value; in one item (or in the single sections) the first of a field counts. */
static bool
keep(struct kp_answer *answer, const struct kp_leaf *leaf, const char *quote,
	struct kp_slice bytes)
{
	uint32_t item = open_item(answer, leaf);
	uint32_t scope = leaf->list == KP_LEAF_SINGLE ? answer->roots : item;
	if (!cell_wanted(answer->need, leaf->cell) || answer->seen[leaf->id] == scope) {
		return true;
	}
	answer->seen[leaf->id] = scope;
	if (answer->value_count == answer->value_capacity && !grow_values(answer)) {
		return false;
	}
	struct kp_answer_value *value = &answer->values[answer->value_count];
	*value = (struct kp_answer_value){
		.leaf = leaf, .at = answer->text.len, .item = item};
	kp_buffer_add(&answer->text, quote, strlen(quote));
	kp_buffer_add_slice(&answer->text, bytes);
	kp_buffer_add(&answer->text, quote, strlen(quote));
	value->len = answer->text.len - value->at;
	answer->value_count++;
	answer->singles += leaf->list == KP_LEAF_SINGLE ? 1 : 0;
	return !answer->text.failed;
}

static bool
send_item(struct kp_answer *answer, const struct kp_answer_value *value)
{
	struct kp_answer_list *list = &answer->lists[value->leaf->list];
	if (list->sent == value->item) {
		return true;
	}
	list->sent = value->item;
	return answer->sink->item(answer->sink->context,
		answer->mapping->lists[value->leaf->list].section, &list->item);
}

static bool
send_value(struct kp_answer *answer, const struct kp_answer_value *value)
{
	const struct kp_leaf *leaf = value->leaf;
	struct kp_value out = {
		.size = sizeof(out),
		.cell = leaf->cell,
		.form = KP_VALUE_JSON,
		.bytes = {answer->text.data + value->at, value->len},
		.in_investigation = value->in_investigation,
	};
	if (value->valid_len > 0) {
		out.valid_on = (struct kp_text){
			answer->text.data + value->valid_at, value->valid_len};
	}
	if (leaf->list != KP_LEAF_SINGLE) {
		if (!send_item(answer, value)) {
			return false;
		}
		out.item = answer->lists[leaf->list].item;
	}
	return answer->sink->value(answer->sink->context, &out);
}

/* Sends the values from `first` on; their room is used again. */
static bool
send_values(struct kp_answer *answer, size_t first)
{
	for (size_t i = first; i < answer->value_count; i++) {
		if (!send_value(answer, &answer->values[i])) {
			return false;
		}
	}
	if (first < answer->value_count) {
		size_t cut = answer->values[first].at;
		answer->value_count = first;
		if (answer->root_valid_len == 0 || answer->root_valid_at < cut) {
			answer->text.len = cut;
		}
	}
	return true;
}

static bool
under_investigation(const struct kp_answer *answer, const struct kp_node *node)
{
	for (; node != NULL; node = node->parent) {
		if (answer->investigation[node->id] != 0) {
			return true;
		}
	}
	return false;
}

static void
settle_investigation(struct kp_answer *answer, size_t first)
{
	if (answer->mapping->manifest->response.in_investigation.len == 0) {
		return;
	}
	for (size_t i = first; i < answer->value_count; i++) {
		struct kp_answer_value *value = &answer->values[i];
		value->in_investigation = value->in_investigation ||
			under_investigation(answer, value->leaf->node);
	}
}

/* Items of list sections. */

static bool
add_constants(struct kp_answer *answer, const struct kp_leaf *leaf)
{
	for (; leaf != NULL; leaf = leaf->next) {
		if (!keep(answer, leaf, "", leaf->field->constant)) {
			return false;
		}
	}
	return true;
}

static bool
begin_items(struct kp_answer *answer, const struct kp_node *node)
{
	for (const struct kp_item_of *at = node->items; at != NULL; at = at->next) {
		struct kp_answer_list *list = &answer->lists[at->list];
		list->serial = ++answer->serial;
		list->first = answer->value_count;
		list->valid_len = 0;
		answer->items++;
		if (!add_constants(answer, answer->mapping->lists[at->list].constants)) {
			return false;
		}
	}
	return true;
}

static bool
end_items(struct kp_answer *answer, const struct kp_node *node)
{
	if (node->items == NULL) {
		return true;
	}
	size_t first = answer->value_count;
	for (const struct kp_item_of *at = node->items; at != NULL; at = at->next) {
		struct kp_answer_list *list = &answer->lists[at->list];
		first = list->first < first ? list->first : first;
		for (size_t i = list->first;
			list->valid_len > 0 && i < answer->value_count; i++) {
			answer->values[i].valid_at = list->valid_at;
			answer->values[i].valid_len = list->valid_len;
		}
	}
	settle_investigation(answer, first);
	memset(answer->investigation + node->id, 0, node->id_end - node->id);
	bool ready = answer->mapping->manifest->response.in_investigation.len == 0 &&
		(answer->subject_seen ||
			answer->mapping->manifest->response.subject_none);
	bool fine = !ready || send_values(answer, first);
	for (const struct kp_item_of *at = node->items; at != NULL; at = at->next) {
		answer->lists[at->list].serial = 0;
	}
	return fine;
}

/* The person. */

static bool
begin_root(struct kp_answer *answer)
{
	answer->roots++;
	answer->root_open = true;
	answer->subject_seen = false;
	return add_constants(answer, answer->mapping->constants);
}

static enum kp_json_verdict
end_root(struct kp_answer *answer)
{
	answer->root_open = false;
	const struct kp_manifest_response *response =
		&answer->mapping->manifest->response;
	if (!response->subject_none && !answer->subject_seen) {
		return fail_at(answer, answer->mapping->root,
			"the answer does not say whom it is about");
	}
	if (answer->root_valid_len > 0) {
		struct kp_text date = {answer->text.data + answer->root_valid_at,
			answer->root_valid_len};
		answer->root_valid_len = 0;
		if (!answer->sink->valid_on(answer->sink->context, date)) {
			return stop(answer);
		}
	}
	settle_investigation(answer, 0);
	memset(answer->investigation, 0, answer->mapping->node_count);
	return send_values(answer, 0) ? KP_JSON_GO : stop(answer);
}

/* Scalars. */

static struct kp_slice
scalar_text(struct kp_answer *answer, const struct kp_json_token *token, bool *ret_fine)
{
	struct kp_slice text = token->raw;
	*ret_fine = true;
	if (token->escaped &&
		kp_json_unescape(token->raw, answer->arena, &text) != KP_OK) {
		*ret_fine = false;
	}
	return text;
}

static bool
remark(struct kp_answer *answer, const char *code, struct kp_slice text)
{
	return answer->sink->note(answer->sink->context,
		(struct kp_text){code, strlen(code)},
		(struct kp_text){text.data, text.len});
}

static bool
keep_translated(
	struct kp_answer *answer, const struct kp_leaf *leaf, struct kp_slice text)
{
	const struct kp_manifest_row *row =
		kp_manifest_table_find(leaf->field->table, text);
	return row == NULL ? remark(answer, "onbekendeCode", leaf->unreadable)
			   : keep(answer, leaf, "", row->value);
}

static bool
keep_date(struct kp_answer *answer, const struct kp_leaf *leaf,
	enum kp_value_result result, const char *date, size_t len)
{
	if (result == KP_VALUE_WRONG) {
		return remark(answer, "onleesbaar", leaf->unreadable);
	}
	return result == KP_VALUE_ABSENT ||
		keep(answer, leaf, "", (struct kp_slice){date, len});
}

static bool
keep_yes_no(struct kp_answer *answer, const struct kp_leaf *leaf, struct kp_slice text)
{
	bool yes = false;
	switch (kp_value_yes_no(text, &yes)) {
	case KP_VALUE_MADE:
		return keep(answer, leaf, "", yes ? KP_SLICE("true") : KP_SLICE("false"));
	case KP_VALUE_WRONG:
		return remark(answer, "onleesbaar", leaf->unreadable);
	case KP_VALUE_ABSENT:
		break;
	}
	return true;
}

static bool
take_field(struct kp_answer *answer, const struct kp_leaf *leaf,
	const struct kp_json_token *token, struct kp_slice text)
{
	char date[KP_VALUE_DATE_BYTES];
	size_t len = 0;
	enum kp_value_result result;
	if (!cell_wanted(answer->need, leaf->cell)) {
		return true;
	}
	if (leaf->field->table != NULL) {
		return keep_translated(answer, leaf, text);
	}
	switch (leaf->field->form) {
	case KP_FORM_AS_IS:
		return keep(answer, leaf, token->event == KP_JSON_STRING ? "\"" : "",
			token->raw);
	case KP_FORM_DATE:
		result = kp_value_date(leaf->field->date_pattern, text, date, &len);
		return keep_date(answer, leaf, result, date, len);
	case KP_FORM_DATE_OBJECT:
		result = kp_value_date(KP_SLICE("yyyy-mm-dd"), text, date, &len);
		return keep_date(answer, leaf, result, date, len);
	case KP_FORM_YES_NO:
		return keep_yes_no(answer, leaf, text);
	case KP_FORM_PRESENT:
		return keep(answer, leaf, "", KP_SLICE("true"));
	}
	return true;
}

static bool
take_subject(struct kp_answer *answer, struct kp_slice text)
{
	answer->subject_seen = true;
	return answer->sink->subject(
		answer->sink->context, (struct kp_text){text.data, text.len});
}

static void
take_outcome(struct kp_answer *answer, struct kp_slice text)
{
	const struct kp_manifest_response *response =
		&answer->mapping->manifest->response;
	for (size_t i = 0; i < response->outcome_count && !answer->code_known; i++) {
		if (kp_slice_equal(response->outcomes[i].code, text)) {
			answer->code_known = true;
			answer->code_outcome = response->outcomes[i].outcome;
		}
	}
}

static bool
take_note(struct kp_answer *answer, struct kp_slice text)
{
	const struct kp_manifest_response *response =
		&answer->mapping->manifest->response;
	for (size_t i = 0; i < response->note_count; i++) {
		struct kp_slice code = response->notes[i].code;
		if (kp_slice_equal(code, text)) {
			return answer->sink->note(answer->sink->context,
				(struct kp_text){code.data, code.len},
				(struct kp_text){response->notes[i].text.data,
					response->notes[i].text.len});
		}
	}
	return remark(answer, "opmerking",
		KP_SLICE("de bron maakt een opmerking die hier niet bekend is"));
}

/* A date to go with the value or the answer: as text, in `text`. */
static void
take_valid_on(struct kp_answer *answer, const struct kp_leaf *leaf, struct kp_slice text)
{
	size_t at = answer->text.len;
	kp_buffer_add_slice(&answer->text, text);
	if (leaf->role == KP_LEAF_VALID_ON) {
		answer->root_valid_at = at;
		answer->root_valid_len = text.len;
	} else {
		answer->lists[leaf->list].valid_at = at;
		answer->lists[leaf->list].valid_len = text.len;
	}
}

static bool
take_leaf(struct kp_answer *answer, const struct kp_leaf *leaf,
	const struct kp_json_token *token, struct kp_slice text)
{
	switch (leaf->role) {
	case KP_LEAF_FIELD:
		return take_field(answer, leaf, token, text);
	case KP_LEAF_SUBJECT:
		return take_subject(answer, text);
	case KP_LEAF_VALID_ON:
	case KP_LEAF_ITEM_VALID_ON:
		take_valid_on(answer, leaf, text);
		return true;
	case KP_LEAF_OUTCOME:
		take_outcome(answer, text);
		return true;
	case KP_LEAF_NOTE:
		return take_note(answer, text);
	case KP_LEAF_NEXT:
		answer->next_link = kp_arena_copy(answer->arena, text);
		return answer->next_link.data != NULL;
	case KP_LEAF_PAGES:
		if (!kp_value_digits(text, &answer->pages)) {
			answer->pages = 0;
		}
		return true;
	}
	return true;
}

/* Goes through the leaves of a node with one scalar. */
static enum kp_json_verdict
take_scalar(struct kp_answer *answer, const struct kp_node *node,
	const struct kp_json_token *token)
{
	if (token->event == KP_JSON_NULL) {
		return KP_JSON_GO;
	}
	bool has_leaves = node->leaves != NULL;
	bool structure = node->children != NULL || node->element != NULL;
	if (node->root || (!has_leaves && structure)) {
		return fail_at(answer, node,
			node->element != NULL ? "a value where an array was agreed"
					      : "a value where an object was agreed");
	}
	bool fine;
	struct kp_slice text = scalar_text(answer, token, &fine);
	if (!fine) {
		return out_of_memory(answer);
	}
	fine = node->items == NULL || answer->codes_only || begin_items(answer, node);
	for (const struct kp_leaf *leaf = node->leaves; fine && leaf != NULL;
		leaf = leaf->next) {
		bool guide = leaf->role == KP_LEAF_OUTCOME;
		if (!answer->codes_only || guide) {
			fine = take_leaf(answer, leaf, token, text);
		}
	}
	if (fine && node->items != NULL && !answer->codes_only) {
		fine = end_items(answer, node);
	}
	if (answer->text.failed) {
		return out_of_memory(answer);
	}
	return fine ? KP_JSON_GO : stop(answer);
}

/* Objects that are one value: Haal Centraal's dates, and "is it there". */

static const struct kp_leaf *
leaf_of_form(const struct kp_node *node, enum kp_manifest_form form)
{
	for (const struct kp_leaf *leaf = node->leaves; leaf != NULL; leaf = leaf->next) {
		if (leaf->field != NULL && leaf->field->table == NULL &&
			leaf->field->form == form) {
			return leaf;
		}
	}
	return NULL;
}

static void
take_date_name(struct kp_answer *answer, const struct kp_json_token *token)
{
	answer->date.key = kp_slice_is(token->raw, "datum") ? DATE_DATE
		: kp_slice_is(token->raw, "jaar")           ? DATE_YEAR
		: kp_slice_is(token->raw, "maand")          ? DATE_MONTH
							    : DATE_OTHER;
}

static void
take_date_part(struct kp_answer *answer, const struct kp_json_token *token)
{
	struct kp_answer_date *date = &answer->date;
	struct kp_slice text = token->raw;
	switch ((enum date_key)date->key) {
	case DATE_DATE:
		date->wrong = date->wrong || text.len > sizeof(date->text);
		date->text_len =
			text.len > sizeof(date->text) ? sizeof(date->text) : text.len;
		memcpy(date->text, text.data, date->text_len);
		break;
	case DATE_YEAR:
		date->wrong = date->wrong || !kp_value_digits(text, &date->year);
		break;
	case DATE_MONTH:
		date->wrong = date->wrong || !kp_value_digits(text, &date->month);
		break;
	case DATE_OTHER:
		break;
	}
}

static bool
end_date(struct kp_answer *answer)
{
	const struct kp_answer_date *date = &answer->date;
	char out[KP_VALUE_DATE_BYTES];
	size_t len = 0;
	enum kp_value_result result;
	if (date->wrong) {
		result = KP_VALUE_WRONG;
	} else if (date->text_len > 0) {
		result = kp_value_date(KP_SLICE("yyyy-mm-dd"),
			(struct kp_slice){date->text, date->text_len}, out, &len);
	} else {
		/* JaarDatum, JaarMaandDatum; DatumOnbekend has none of the members. */
		result = kp_value_date_parts(date->year, date->month, 0, out, &len);
	}
	return keep_date(answer, date->leaf, result, out, len);
}

/* Events. */

static enum kp_json_verdict
unmapped(struct kp_answer *answer, const struct kp_node *node,
	const struct kp_json_token *name)
{
	if (answer->sink->unmapped == NULL || answer->codes_only) {
		return KP_JSON_SKIP;
	}
	char path[256];
	kp_node_path(node, path, sizeof(path));
	size_t at = strlen(path);
	int written = snprintf(path + at, sizeof(path) - at, "%s%.*s", at > 0 ? "." : "",
		KP_SLICE_ARG(name->raw));
	if (written > 0) {
		at += (size_t)written;
	}
	at = at < sizeof(path) ? at : sizeof(path) - 1;
	return answer->sink->unmapped(answer->sink->context, (struct kp_text){path, at})
		? KP_JSON_SKIP
		: stop(answer);
}

static const struct kp_node *
find_child(struct kp_answer *answer, const struct kp_node *node,
	const struct kp_json_token *name)
{
	struct kp_slice text = name->raw;
	if (name->escaped && kp_json_unescape(name->raw, answer->arena, &text) != KP_OK) {
		return NULL;
	}
	return kp_node_child(node, text);
}

static enum kp_json_verdict
on_name(struct kp_answer *answer, const struct kp_json_token *token)
{
	const struct kp_answer_frame *frame = &answer->frames[answer->depth - 1];
	struct kp_slice investigation =
		answer->mapping->manifest->response.in_investigation;
	answer->next_investigation = false;
	if (frame->mode == KP_ANSWER_DATE) {
		take_date_name(answer, token);
		return answer->date.key == DATE_OTHER ? KP_JSON_SKIP : KP_JSON_GO;
	}
	const struct kp_node *child = find_child(answer, frame->node, token);
	answer->next = child;
	if (frame->mode == KP_ANSWER_INVESTIGATION) {
		return child == NULL ? KP_JSON_SKIP : KP_JSON_GO;
	}
	if (child == NULL && investigation.len > 0 && answer->root_open &&
		kp_slice_equal(token->raw, investigation)) {
		answer->next = frame->node;
		answer->next_investigation = true;
		return KP_JSON_GO;
	}
	if (child == NULL) {
		return unmapped(answer, frame->node, token);
	}
	return answer->wanted[child->id] != 0 ? KP_JSON_GO : KP_JSON_SKIP;
}

static void
push_frame(struct kp_answer *answer, const struct kp_node *node, enum kp_answer_mode mode)
{
	/* The reader's depth limit keeps this inside the array. */
	answer->frames[answer->depth++] =
		(struct kp_answer_frame){.node = node, .mode = mode};
}

/* Where the value that comes now belongs. */
static const struct kp_node *
value_node(const struct kp_answer *answer)
{
	if (answer->depth > 0 &&
		answer->frames[answer->depth - 1].mode == KP_ANSWER_ARRAY) {
		return answer->frames[answer->depth - 1].node->element;
	}
	return answer->next;
}

static enum kp_json_verdict
on_object(struct kp_answer *answer, const struct kp_node *node)
{
	const struct kp_leaf *leaf;
	if (answer->next_investigation) {
		push_frame(answer, node, KP_ANSWER_INVESTIGATION);
		answer->next_investigation = false;
		return KP_JSON_GO;
	}
	if (answer->depth > 0 &&
		answer->frames[answer->depth - 1].mode >= KP_ANSWER_DATE) {
		/* Objects inside a date or an inOnderzoek say nothing to us. */
		return KP_JSON_SKIP;
	}
	leaf = leaf_of_form(node, KP_FORM_PRESENT);
	if (leaf != NULL && !keep(answer, leaf, "", KP_SLICE("true"))) {
		return out_of_memory(answer);
	}
	leaf = leaf_of_form(node, KP_FORM_DATE_OBJECT);
	if (leaf != NULL && node->children == NULL) {
		answer->date = (struct kp_answer_date){.leaf = leaf};
		push_frame(answer, node, KP_ANSWER_DATE);
		return KP_JSON_GO;
	}
	if (node->element != NULL) {
		return fail_at(answer, node, "an object where an array was agreed");
	}
	if (node->children == NULL && !node->root && node->items == NULL) {
		leaf = leaf != NULL ? leaf : node->leaves;
		bool noted = leaf == NULL || leaf->field == NULL ||
			leaf->field->form == KP_FORM_PRESENT ||
			remark(answer, "onleesbaar", leaf->unreadable);
		return noted ? KP_JSON_SKIP : stop(answer);
	}
	push_frame(answer, node, KP_ANSWER_OBJECT);
	if (answer->codes_only) {
		return KP_JSON_GO;
	}
	bool fine = (!node->root || begin_root(answer)) && begin_items(answer, node);
	return fine ? KP_JSON_GO : out_of_memory(answer);
}

static enum kp_json_verdict
on_object_end(struct kp_answer *answer)
{
	const struct kp_answer_frame frame = answer->frames[--answer->depth];
	if (frame.mode == KP_ANSWER_DATE) {
		return end_date(answer) ? KP_JSON_GO : stop(answer);
	}
	if (frame.mode == KP_ANSWER_INVESTIGATION || answer->codes_only) {
		return KP_JSON_GO;
	}
	if (!end_items(answer, frame.node)) {
		return stop(answer);
	}
	return frame.node->root ? end_root(answer) : KP_JSON_GO;
}

static enum kp_json_verdict
on_array(struct kp_answer *answer, const struct kp_node *node)
{
	bool inside = answer->depth > 0 &&
		answer->frames[answer->depth - 1].mode >= KP_ANSWER_DATE;
	if (inside || answer->next_investigation) {
		answer->next_investigation = false;
		return KP_JSON_SKIP;
	}
	if (node->element != NULL) {
		push_frame(answer, node, KP_ANSWER_ARRAY);
		return KP_JSON_GO;
	}
	const struct kp_leaf *leaf = leaf_of_form(node, KP_FORM_PRESENT);
	if (leaf != NULL) {
		return keep(answer, leaf, "", KP_SLICE("true")) ? KP_JSON_SKIP
								: out_of_memory(answer);
	}
	if (node->leaves != NULL && node->leaves->field != NULL) {
		return remark(answer, "onleesbaar", node->leaves->unreadable)
			? KP_JSON_SKIP
			: stop(answer);
	}
	return fail_at(answer, node, "an array where none was agreed");
}

static enum kp_json_verdict
on_scalar(struct kp_answer *answer, const struct kp_json_token *token)
{
	const struct kp_node *node = value_node(answer);
	enum kp_answer_mode mode = answer->depth == 0
		? KP_ANSWER_OBJECT
		: answer->frames[answer->depth - 1].mode;
	if (mode == KP_ANSWER_DATE) {
		if (token->event != KP_JSON_NULL) {
			take_date_part(answer, token);
		}
		return KP_JSON_GO;
	}
	if (mode == KP_ANSWER_INVESTIGATION || answer->next_investigation) {
		answer->next_investigation = false;
		if (token->event == KP_JSON_TRUE) {
			answer->investigation[node->id] = 1;
		}
		return KP_JSON_GO;
	}
	return take_scalar(answer, node, token);
}

/* Counts the elements of the array we are in; true for those that do not count. */
static bool
beyond_first(struct kp_answer *answer, const struct kp_json_token *token)
{
	bool ends = token->event == KP_JSON_OBJECT_END ||
		token->event == KP_JSON_ARRAY_END || token->event == KP_JSON_NAME;
	if (ends || answer->depth == 0) {
		return false;
	}
	struct kp_answer_frame *frame = &answer->frames[answer->depth - 1];
	if (frame->mode != KP_ANSWER_ARRAY || frame->node->element->many) {
		return false;
	}
	frame->count++;
	return frame->count > 1;
}

static enum kp_json_verdict
on_event(void *ctx, const struct kp_json_token *token)
{
	struct kp_answer *answer = ctx;
	if (beyond_first(answer, token)) {
		bool told = answer->frames[answer->depth - 1].count > 2 ||
			answer->codes_only ||
			remark(answer, "meerWaarden",
				KP_SLICE("de bron gaf er meer dan een; alleen de eerste "
					 "is overgenomen"));
		return told ? KP_JSON_SKIP : stop(answer);
	}
	switch (token->event) {
	case KP_JSON_OBJECT_BEGIN:
		return on_object(answer, value_node(answer));
	case KP_JSON_OBJECT_END:
		return on_object_end(answer);
	case KP_JSON_ARRAY_BEGIN:
		return on_array(answer, value_node(answer));
	case KP_JSON_ARRAY_END:
		answer->depth--;
		return KP_JSON_GO;
	case KP_JSON_NAME:
		return on_name(answer, token);
	case KP_JSON_STRING:
	case KP_JSON_NUMBER:
	case KP_JSON_TRUE:
	case KP_JSON_FALSE:
	case KP_JSON_NULL:
		break;
	}
	return on_scalar(answer, token);
}

static int
close_step(struct kp_answer *answer, enum kp_status status, const struct kp_error *err,
	struct kp_fault *fault)
{
	if (answer->failed) {
		*fault = answer->fault;
		return KP_FAIL;
	}
	if (answer->stopped) {
		return kp_fault_set(fault, "", "the gateway stopped reading");
	}
	if (status == KP_OK) {
		return KP_DONE;
	}
	/* The reader's place holds the partner's names, which may be data: left out. */
	(void)kp_fault_set(fault, "", "%.180s", err->message);
	fault->line = err->line;
	fault->column = err->column;
	return KP_FAIL;
}

int
kp_answer_push(struct kp_answer *answer, struct kp_slice bytes,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	struct kp_error err = {0};
	answer->sink = sink;
	enum kp_status status = kp_json_reader_push(&answer->reader, bytes, &err);
	answer->sink = NULL;
	return close_step(answer, status, &err, fault);
}

int
kp_answer_finish(
	struct kp_answer *answer, const struct kp_sink *sink, struct kp_fault *fault)
{
	struct kp_error err = {0};
	answer->sink = sink;
	enum kp_status status = kp_json_reader_finish(&answer->reader, &err);
	answer->sink = NULL;
	return close_step(answer, status, &err, fault);
}
