/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* reading_take: what becomes of one scalar: conversions, captures, guides. See
 * reading.h. */
#include "connectors/reading.h"

#include "connectors/text.h"
#include "core/json_write.h"

#define BSN_DIGITS 9
#define QUOTED_BYTES_MAX ((size_t)16 << 20)

bool
kp_reading_remark(struct kp_reading *reading, const char *code, struct kp_slice text)
{
	return kp_reading_go_on(reading,
		reading->sink->note(reading->sink->context,
			(struct kp_text){code, strlen(code)},
			(struct kp_text){text.data, text.len}));
}

static bool
unreadable(struct kp_reading *reading, const struct kp_leaf *leaf)
{
	return kp_reading_remark(reading, "onleesbaar", leaf->unreadable);
}

static bool
translate(const struct kp_reading *reading, const struct kp_manifest_table *table,
	struct kp_slice text, struct kp_slice *ret_value)
{
	const struct kp_call_host *host = reading->host;
	struct kp_text value = {0};
	if (table->fetch != NULL) {
		bool known = host != NULL && KP_HOST_HAS(host, code) &&
			host->code(host->context, kp_text_from(table->name),
				kp_text_from(text), &value);
		*ret_value = (struct kp_slice){value.data, value.len};
		return known;
	}
	const struct kp_manifest_row *row = kp_manifest_table_find(table, text);
	if (row != NULL) {
		*ret_value = row->value;
	}
	return row != NULL;
}

static bool
keep_translated(
	struct kp_reading *reading, const struct kp_leaf *leaf, struct kp_slice text)
{
	struct kp_slice value = {0};
	return translate(reading, leaf->field->table, text, &value)
		? kp_reading_keep(reading, leaf, "", value)
		: kp_reading_remark(reading, "onbekendeCode", leaf->unreadable);
}

bool
kp_reading_keep_date(struct kp_reading *reading, const struct kp_leaf *leaf,
	enum kp_value_result result, const char *date, size_t len)
{
	if (result == KP_VALUE_WRONG) {
		return unreadable(reading, leaf);
	}
	return result == KP_VALUE_ABSENT ||
		kp_reading_keep(reading, leaf, "", (struct kp_slice){date, len});
}

static bool
keep_yes_no(struct kp_reading *reading, const struct kp_leaf *leaf, struct kp_slice text)
{
	bool yes = false;
	switch (kp_value_yes_no(text, &yes)) {
	case KP_VALUE_MADE:
		return kp_reading_keep(
			reading, leaf, "", yes ? KP_SLICE("true") : KP_SLICE("false"));
	case KP_VALUE_WRONG:
		return unreadable(reading, leaf);
	case KP_VALUE_ABSENT:
		break;
	}
	return true;
}

static bool
keep_number(struct kp_reading *reading, const struct kp_leaf *leaf, struct kp_slice text,
	bool negative)
{
	char number[KP_VALUE_NUMBER_BYTES];
	size_t len = 0;
	bool cents = leaf->field->form == KP_FORM_CENTS;
	switch (kp_value_number(text, cents, negative, number, &len)) {
	case KP_VALUE_MADE:
		return kp_reading_keep(reading, leaf, "", (struct kp_slice){number, len});
	case KP_VALUE_WRONG:
		return unreadable(reading, leaf);
	case KP_VALUE_ABSENT:
		break;
	}
	return true;
}

/* Text that has no JSON form of its own yet. */
static bool
keep_text(struct kp_reading *reading, const struct kp_leaf *leaf, struct kp_slice text)
{
	bool plain = true;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		plain = plain && byte >= 0x20 && byte != '"' && byte != '\\';
	}
	if (plain) {
		return text.len == 0 || kp_reading_keep(reading, leaf, "\"", text);
	}
	struct kp_buffer quoted;
	struct kp_json_writer writer;
	kp_buffer_init(&quoted, reading->arena, QUOTED_BYTES_MAX);
	kp_json_writer_init(&writer, &quoted);
	kp_json_write_string(&writer, text);
	if (quoted.failed) {
		return kp_reading_out_of_memory(reading);
	}
	return kp_reading_keep(reading, leaf, "", kp_buffer_slice(&quoted));
}

static bool
take_field(struct kp_reading *reading, const struct kp_leaf *leaf, struct kp_slice text,
	struct kp_slice raw, bool negative)
{
	char date[KP_VALUE_DATE_BYTES];
	size_t len = 0;
	enum kp_value_result result;
	if (!kp_reading_wants(reading, leaf->cell)) {
		return true;
	}
	if (leaf->field->table != NULL) {
		return keep_translated(reading, leaf, text);
	}
	switch (leaf->field->form) {
	case KP_FORM_AS_IS:
		return raw.len > 0 ? kp_reading_keep(reading, leaf, "", raw)
				   : keep_text(reading, leaf, text);
	case KP_FORM_DATE:
		result = kp_value_date(leaf->field->date_pattern, text, date, &len);
		return kp_reading_keep_date(reading, leaf, result, date, len);
	case KP_FORM_DATE_OBJECT:
		result = kp_value_date(KP_SLICE("yyyy-mm-dd"), text, date, &len);
		return kp_reading_keep_date(reading, leaf, result, date, len);
	case KP_FORM_YES_NO:
		return keep_yes_no(reading, leaf, text);
	case KP_FORM_PRESENT:
		return kp_reading_keep(reading, leaf, "", KP_SLICE("true"));
	case KP_FORM_NUMBER:
	case KP_FORM_CENTS:
		return keep_number(reading, leaf, text, negative);
	}
	return true;
}

/* Zeros in front of a number get lost on the way through spreadsheets and databases. */
static struct kp_slice
whole_bsn(struct kp_slice text, char out[BSN_DIGITS])
{
	unsigned number;
	if (text.len != BSN_DIGITS - 1 || !kp_value_digits(text, &number)) {
		return text;
	}
	out[0] = '0';
	memcpy(out + 1, text.data, text.len);
	return (struct kp_slice){out, BSN_DIGITS};
}

static bool
take_subject(struct kp_reading *reading, struct kp_slice text)
{
	char digits[BSN_DIGITS];
	text = whole_bsn(text, digits);
	reading->subject_seen = true;
	return kp_reading_go_on(reading,
		reading->sink->subject(
			reading->sink->context, (struct kp_text){text.data, text.len}));
}

static void
take_outcome(struct kp_reading *reading, struct kp_slice text)
{
	const struct kp_manifest_response *response =
		&reading->mapping->manifest->response;
	for (size_t i = 0; i < response->outcome_count && !reading->code_known; i++) {
		if (kp_slice_equal(response->outcomes[i].code, text)) {
			reading->code_known = true;
			reading->code_outcome = response->outcomes[i].outcome;
		}
	}
}

static bool
take_note(struct kp_reading *reading, struct kp_slice text)
{
	const struct kp_manifest_response *response =
		&reading->mapping->manifest->response;
	for (size_t i = 0; i < response->note_count; i++) {
		struct kp_slice code = response->notes[i].code;
		if (kp_slice_equal(code, text)) {
			return kp_reading_go_on(reading,
				reading->sink->note(reading->sink->context,
					(struct kp_text){code.data, code.len},
					(struct kp_text){response->notes[i].text.data,
						response->notes[i].text.len}));
		}
	}
	return kp_reading_remark(reading, "opmerking",
		KP_SLICE("de bron maakt een opmerking die hier niet bekend is"));
}

/* A date to go with the value or the answer: as text, in `text`. */
static bool
take_valid_on(
	struct kp_reading *reading, const struct kp_leaf *leaf, struct kp_slice text)
{
	uint32_t at = (uint32_t)reading->text.len;
	kp_buffer_add_slice(&reading->text, text);
	uint32_t len = (uint32_t)reading->text.len - at;
	if (leaf->role == KP_LEAF_VALID_ON) {
		reading->root_valid_at = at;
		reading->root_valid_len = len;
	} else {
		reading->lists[leaf->list].valid_at = at;
		reading->lists[leaf->list].valid_len = len;
	}
	return !reading->text.failed || kp_reading_out_of_memory(reading);
}

bool
kp_reading_take(struct kp_reading *reading, const struct kp_leaf *leaf,
	struct kp_slice text, struct kp_slice raw)
{
	switch (leaf->role) {
	case KP_LEAF_FIELD:
		return take_field(reading, leaf, text, raw, false);
	case KP_LEAF_SUBJECT:
		return take_subject(reading, text);
	case KP_LEAF_VALID_ON:
	case KP_LEAF_ITEM_VALID_ON:
		return take_valid_on(reading, leaf, text);
	case KP_LEAF_OUTCOME:
		take_outcome(reading, text);
		return true;
	case KP_LEAF_NOTE:
		return take_note(reading, text);
	case KP_LEAF_NEXT:
		reading->next = kp_arena_copy(reading->arena, text);
		return reading->next.data != NULL || kp_reading_out_of_memory(reading);
	case KP_LEAF_MORE:
		return text.len == 0 ||
			kp_reading_fail(reading, leaf->node,
				"there is a next page, and 'response.paging' does not "
				"say how it is asked");
	case KP_LEAF_PAGES:
		return kp_value_digits(text, &reading->pages) ||
			kp_reading_fail(reading, leaf->node,
				"not a number, where the number of pages was agreed");
	case KP_LEAF_TOTAL:
		return kp_value_digits(text, &reading->total) ||
			kp_reading_fail(reading, leaf->node,
				"not a number, where the number of rows was agreed");
	case KP_LEAF_PRESENT:
		if (!reading->present_known) {
			reading->present_known = true;
			reading->present_outcome = leaf->outcome;
		}
		return true;
	}
	return true;
}

/* Values with company. */

bool
kp_reading_capture(struct kp_reading *reading, const struct kp_node *node,
	struct kp_slice text, bool bare)
{
	struct kp_reading_capture *capture = &reading->captures[node->capture - 1];
	if (capture->set) {
		return true;
	}
	capture->set = true;
	capture->bare = bare;
	capture->len = text.len;
	if (text.len <= sizeof(capture->small)) {
		if (text.len > 0) {
			memcpy(capture->small, text.data, text.len);
		}
		capture->big = NULL;
		return true;
	}
	capture->big = kp_arena_copy(reading->arena, text).data;
	return capture->big != NULL || kp_reading_out_of_memory(reading);
}

static struct kp_slice
captured(const struct kp_reading *reading, const struct kp_node *node, bool *ret_set)
{
	*ret_set = false;
	if (node == NULL) {
		return (struct kp_slice){0};
	}
	const struct kp_reading_capture *capture = &reading->captures[node->capture - 1];
	*ret_set = capture->set;
	return (struct kp_slice){
		capture->big == NULL ? capture->small : capture->big, capture->len};
}

/* StUF's indOnvolledigeDatum: D the day, M the month too, J everything is made up. */
static struct kp_slice
cut_date(struct kp_slice date, struct kp_slice incomplete, char out[8])
{
	char which = incomplete.len == 1 ? incomplete.data[0] : 'V';
	if (which == 'J') {
		return (struct kp_slice){0};
	}
	if (date.len != 8 || (which != 'D' && which != 'M')) {
		return date;
	}
	memcpy(out, date.data, 8);
	memcpy(out + 6, "00", 2);
	if (which == 'M') {
		memcpy(out + 4, "00", 2);
	}
	return (struct kp_slice){out, 8};
}

static bool
close_leaf(struct kp_reading *reading, const struct kp_leaf *leaf)
{
	bool set;
	bool other;
	char date[8];
	struct kp_slice label = captured(reading, leaf->label_node, &set);
	if (leaf->label_node != NULL && (!set || !kp_slice_equal(label, leaf->label))) {
		return true;
	}
	struct kp_slice text = captured(reading, leaf->node, &set);
	struct kp_slice sign = captured(reading, leaf->sign, &other);
	struct kp_slice incomplete = captured(reading, leaf->incomplete, &other);
	if (!set) {
		return true;
	}
	bool bare = reading->captures[leaf->node->capture - 1].bare;
	struct kp_slice raw = bare ? text : (struct kp_slice){0};
	if (leaf->role != KP_LEAF_FIELD) {
		return kp_reading_take(reading, leaf, text, raw);
	}
	if (leaf->incomplete != NULL) {
		text = cut_date(text, incomplete, date);
	}
	return take_field(reading, leaf, text, raw, kp_slice_is(sign, "-"));
}

static void
forget(struct kp_reading *reading, const struct kp_node *node)
{
	if (node != NULL) {
		reading->captures[node->capture - 1].set = false;
	}
}

bool
kp_reading_close_container(struct kp_reading *reading, const struct kp_node *node)
{
	bool fine = true;
	for (const struct kp_leaf *leaf = node->closing; fine && leaf != NULL;
		leaf = leaf->next_closing) {
		fine = close_leaf(reading, leaf);
	}
	for (const struct kp_leaf *leaf = node->closing; leaf != NULL;
		leaf = leaf->next_closing) {
		forget(reading, leaf->node);
		forget(reading, leaf->sign);
		forget(reading, leaf->incomplete);
		forget(reading, leaf->label_node);
	}
	return fine;
}
