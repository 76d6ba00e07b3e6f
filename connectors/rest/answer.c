/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* answer: see answer.h. */
#include "connectors/rest/answer.h"

#include "connectors/fault.h"

enum date_key { DATE_OTHER, DATE_DATE, DATE_YEAR, DATE_MONTH };

static enum kp_json_verdict on_event(void *ctx, const struct kp_json_token *token);

enum kp_status
kp_answer_init(struct kp_answer *answer, const struct kp_mapping *mapping,
	const struct kp_need *need, struct kp_arena *arena, bool codes_only)
{
	memset(answer, 0, offsetof(struct kp_answer, frames));
	enum kp_status status =
		kp_reading_init(&answer->reading, mapping, need, arena, codes_only);
	struct kp_json_limits limits = {.depth_max = KP_ANSWER_DEPTH_MAX};
	kp_json_reader_init(&answer->reader, &limits, arena, on_event, answer);
	answer->next = mapping->top;
	return status;
}

static enum kp_json_verdict
go(bool fine)
{
	return fine ? KP_JSON_GO : KP_JSON_STOP;
}

/* Past what comes, when that is fine. */
static enum kp_json_verdict
skip(bool fine)
{
	return fine ? KP_JSON_SKIP : KP_JSON_STOP;
}

/* Scalars, and names of members. */

/* Without escapes; data is NULL when there is no memory for that. */
static KP_APART struct kp_slice
decoded(const struct kp_answer *answer, struct kp_slice raw)
{
	struct kp_slice text;
	if (kp_json_unescape(raw, answer->reading.arena, &text) != KP_OK) {
		return (struct kp_slice){NULL, 0};
	}
	return text;
}

static inline struct kp_slice
text_of(const struct kp_answer *answer, const struct kp_json_token *token)
{
	return token->escaped ? decoded(answer, token->raw) : token->raw;
}

static bool
take_leaf(struct kp_reading *reading, const struct kp_leaf *leaf,
	const struct kp_json_token *token, struct kp_slice text)
{
	bool string = token->event == KP_JSON_STRING;
	if (string && leaf->field != NULL && leaf->field->table == NULL &&
		leaf->field->form == KP_FORM_AS_IS) {
		return kp_reading_keep(reading, leaf, "\"", token->raw);
	}
	return kp_reading_take(reading, leaf, text, token->raw);
}

/* Goes through the leaves of a node with one scalar. */
static enum kp_json_verdict
take_scalar(struct kp_answer *answer, const struct kp_node *node,
	const struct kp_json_token *token)
{
	struct kp_reading *reading = &answer->reading;
	reading->rows += node->rows ? 1 : 0;
	if (token->event == KP_JSON_NULL) {
		return KP_JSON_GO;
	}
	bool has_leaves = node->leaves != NULL;
	bool structure = node->children != NULL || node->element != NULL;
	if (node->root || (!has_leaves && structure)) {
		return go(kp_reading_fail(reading, node,
			node->element != NULL ? "a value where an array was agreed"
					      : "a value where an object was agreed"));
	}
	struct kp_slice text = text_of(answer, token);
	if (text.data == NULL) {
		return go(kp_reading_out_of_memory(reading));
	}
	bool fine = node->items == NULL || reading->codes_only ||
		kp_reading_begin_items(reading, node);
	for (const struct kp_leaf *leaf = node->leaves; fine && leaf != NULL;
		leaf = leaf->next) {
		bool guide = leaf->role == KP_LEAF_OUTCOME;
		if (!reading->codes_only || guide) {
			fine = take_leaf(reading, leaf, token, text);
		}
	}
	if (fine && node->capture != 0 && !reading->codes_only) {
		fine = kp_reading_capture(
			reading, node, text, token->event != KP_JSON_STRING);
	}
	if (fine && node->items != NULL && !reading->codes_only) {
		fine = kp_reading_end_items(reading, node);
	}
	return go(fine);
}

/* Objects that are one value: Haal Centraal's dates, and "is it there". */

static void
take_date_name(struct kp_answer *answer, struct kp_slice name)
{
	answer->date.key = kp_slice_is(name, "datum") ? DATE_DATE
		: kp_slice_is(name, "jaar")           ? DATE_YEAR
		: kp_slice_is(name, "maand")          ? DATE_MONTH
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

static KP_APART bool
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
	return kp_reading_keep_date(&answer->reading, date->leaf, result, out, len);
}

/* Events. */

/* HAL (draft-kelly-json-hal-08, section 4.1): `_links` lead to others, and are no data.
 */
static bool
is_link(const struct kp_node *node, struct kp_slice name)
{
	return kp_slice_is(name, "_links") || kp_slice_is(node->name, "_links");
}

/* Only a link to a further page is looked for there (mapping.c, watch_for_pages): what
 * is no object holds none, as the empty list that some make of an empty object. */
static bool
only_watched(const struct kp_node *node)
{
	const struct kp_node *next = node->children;
	return kp_slice_is(node->name, "_links") && node->leaves == NULL &&
		next != NULL && next->sibling == NULL && next->leaves == NULL &&
		next->children != NULL && next->children->leaves != NULL &&
		next->children->leaves->role == KP_LEAF_MORE;
}

/* The same: in `_embedded`, one resource may stand in place of an array of them. */
static const struct kp_node *
embedded_one(const struct kp_node *node)
{
	bool embedded = node->element != NULL && node->children == NULL &&
		node->parent != NULL && kp_slice_is(node->parent->name, "_embedded");
	return embedded ? node->element : node;
}

static enum kp_json_verdict
on_name(struct kp_answer *answer, const struct kp_json_token *token)
{
	const struct kp_answer_frame *frame = &answer->frames[answer->depth - 1];
	struct kp_slice investigation =
		answer->reading.mapping->manifest->response.in_investigation;
	struct kp_slice name = text_of(answer, token);
	answer->next_investigation = false;
	if (name.data == NULL) {
		return go(kp_reading_out_of_memory(&answer->reading));
	}
	if (frame->mode == KP_ANSWER_DATE) {
		take_date_name(answer, name);
		return answer->date.key == DATE_OTHER ? KP_JSON_SKIP : KP_JSON_GO;
	}
	const struct kp_node *child = kp_node_child(frame->node, name);
	answer->next = child;
	answer->met = answer->met || (child != NULL && child == answer->awaited);
	if (frame->mode == KP_ANSWER_INVESTIGATION) {
		return child == NULL ? KP_JSON_SKIP : KP_JSON_GO;
	}
	if (child == NULL && investigation.len > 0 && answer->reading.root_open &&
		kp_slice_equal(name, investigation)) {
		answer->next = frame->node;
		answer->next_investigation = true;
		return KP_JSON_GO;
	}
	if (child == NULL && is_link(frame->node, name)) {
		return KP_JSON_SKIP;
	}
	if (child == NULL) {
		return skip(
			kp_reading_unmapped(&answer->reading, frame->node, token->raw));
	}
	return answer->reading.wanted[child->id] != 0 ? KP_JSON_GO : KP_JSON_SKIP;
}

static void
push_frame(struct kp_answer *answer, const struct kp_node *node, enum kp_answer_mode mode)
{
	/* The reader's depth limit keeps this inside the array. */
	answer->frames[answer->depth++] =
		(struct kp_answer_frame){.node = node, .mode = (uint8_t)mode};
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
	struct kp_reading *reading = &answer->reading;
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
	node = embedded_one(node);
	reading->rows += node->rows ? 1 : 0;
	leaf = kp_reading_leaf_of_form(node, KP_FORM_PRESENT);
	if (leaf != NULL && !kp_reading_keep(reading, leaf, "", KP_SLICE("true"))) {
		return KP_JSON_STOP;
	}
	leaf = kp_reading_leaf_of_form(node, KP_FORM_DATE_OBJECT);
	if (leaf != NULL && node->children == NULL) {
		answer->date = (struct kp_answer_date){.leaf = leaf};
		push_frame(answer, node, KP_ANSWER_DATE);
		return KP_JSON_GO;
	}
	bool error_body = reading->codes_only && node->children != NULL;
	if (node->element != NULL && !error_body) {
		return go(kp_reading_fail(
			reading, node, "an object where an array was agreed"));
	}
	if (node->children == NULL && !node->root && node->items == NULL) {
		leaf = node->leaves;
		if (leaf != NULL && leaf->field == NULL && !reading->codes_only) {
			/* A link to the next page, a code, a number of rows: without it
			 * the rest would be read for what it is not. */
			return go(kp_reading_fail(
				reading, node, "an object where a value was agreed"));
		}
		bool noted = leaf == NULL || leaf->field == NULL ||
			leaf->field->form == KP_FORM_PRESENT ||
			kp_reading_remark(reading, "onleesbaar", leaf->unreadable);
		return skip(noted);
	}
	push_frame(answer, node, KP_ANSWER_OBJECT);
	if (answer->reading.codes_only) {
		return KP_JSON_GO;
	}
	return go((!node->root || kp_reading_begin_root(reading)) &&
		kp_reading_begin_items(reading, node));
}

static enum kp_json_verdict
on_object_end(struct kp_answer *answer)
{
	const struct kp_answer_frame frame = answer->frames[--answer->depth];
	if (frame.mode == KP_ANSWER_DATE) {
		return go(end_date(answer));
	}
	if (frame.mode == KP_ANSWER_INVESTIGATION || answer->reading.codes_only) {
		return KP_JSON_GO;
	}
	return go(kp_reading_close_container(&answer->reading, frame.node) &&
		kp_reading_end_items(&answer->reading, frame.node) &&
		(!frame.node->root || kp_reading_end_root(&answer->reading)));
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
		bool whole = node->root && !answer->reading.codes_only;
		return go(!whole || kp_reading_begin_root(&answer->reading));
	}
	const struct kp_leaf *leaf = kp_reading_leaf_of_form(node, KP_FORM_PRESENT);
	if (leaf != NULL) {
		return skip(
			kp_reading_keep(&answer->reading, leaf, "", KP_SLICE("true")));
	}
	if (node->leaves != NULL && node->leaves->field != NULL) {
		return skip(kp_reading_remark(
			&answer->reading, "onleesbaar", node->leaves->unreadable));
	}
	return only_watched(node) ? KP_JSON_SKIP
				  : go(kp_reading_fail(&answer->reading, node,
					    "an array where none was agreed"));
}

/* The array is the whole answer about the person: a list without anything around it. */
static enum kp_json_verdict
on_array_end(struct kp_answer *answer)
{
	const struct kp_node *node = answer->frames[--answer->depth].node;
	bool whole = node->root && !answer->reading.codes_only;
	return go(!whole || kp_reading_end_root(&answer->reading));
}

static enum kp_json_verdict
on_scalar(struct kp_answer *answer, const struct kp_json_token *token)
{
	const struct kp_node *node = value_node(answer);
	unsigned mode = answer->depth == 0 ? KP_ANSWER_OBJECT
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
			answer->reading.investigation[node->id] = 1;
		}
		return KP_JSON_GO;
	}
	return only_watched(node) ? KP_JSON_GO : take_scalar(answer, node, token);
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
			answer->reading.codes_only ||
			kp_reading_remark(&answer->reading, "meerWaarden",
				KP_SLICE("de bron gaf er meer dan een; alleen de eerste "
					 "is overgenomen"));
		return skip(told);
	}
	switch (token->event) {
	case KP_JSON_OBJECT_BEGIN:
		return on_object(answer, value_node(answer));
	case KP_JSON_OBJECT_END:
		return on_object_end(answer);
	case KP_JSON_ARRAY_BEGIN:
		return on_array(answer, value_node(answer));
	case KP_JSON_ARRAY_END:
		return on_array_end(answer);
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
close_step(const struct kp_answer *answer, enum kp_status status,
	const struct kp_error *err, struct kp_fault *fault)
{
	if (kp_reading_verdict(&answer->reading, fault) != KP_DONE) {
		return KP_FAIL;
	}
	if (status == KP_OK) {
		return KP_DONE;
	}
	/* The reader's place holds the partner's names, which may be data: left
	 * out. */
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
	answer->reading.sink = sink;
	enum kp_status status = kp_json_reader_push(&answer->reader, bytes, &err);
	answer->reading.sink = NULL;
	return close_step(answer, status, &err, fault);
}

int
kp_answer_finish(
	struct kp_answer *answer, const struct kp_sink *sink, struct kp_fault *fault)
{
	struct kp_error err = {0};
	answer->reading.sink = sink;
	enum kp_status status = kp_json_reader_finish(&answer->reader, &err);
	answer->reading.sink = NULL;
	if (status == KP_OK) {
		(void)kp_reading_end(&answer->reading);
	}
	return close_step(answer, status, &err, fault);
}
