/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_doctor_shape: has the partner's answer drifted from the manifest? Fields that
 * no longer come, fields nobody mapped, values of another type, codes in no table. Values
 * are looked at and not kept; only names are told.
 */
#include <stdio.h>
#include <string.h>

#include "commands/connector_ask.h"
#include "commands/connector_doctor.h"
#include "connectors/text.h"
#include "connectors/value.h"
#include "core/bits.h"
#include "core/nearest.h"
#include "source/source_private.h"

#define TEXTS_MAX 100
/* Of a longer list the rest is counted. */
#define NAMES_TOLD_MAX 12

static const char *const type_words[] = {
	"text", "a number", "an amount", "yes or no", "a date", "a code"};

static const struct kp_field *
field_of(const struct kp_doctor *doctor, uint32_t cell)
{
	const struct kp_catalogue *catalogue = doctor->load.cells;
	return &catalogue->fields[catalogue->cells[cell].field];
}

static bool
take_item(void *context, uint32_t section, uint32_t *ret_item)
{
	struct kp_doctor_shape *shape = context;
	(void)section;
	*ret_item = shape->items++;
	return true;
}

/* "2023", "2023-09" or "2023-09-30" */
static bool
is_date(struct kp_slice text)
{
	static const char pattern[] = "dddd-dd-dd";
	if (text.len != 4 && text.len != 7 && text.len != 10) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		bool digit = text.data[i] >= '0' && text.data[i] <= '9';
		if (pattern[i] == 'd' ? !digit : text.data[i] != pattern[i]) {
			return false;
		}
	}
	return true;
}

/* Databases and files write numbers as text. */
static bool
is_number_text(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (strchr("0123456789.,-", text.data[i]) == NULL) {
			return false;
		}
	}
	return text.len > 0;
}

/* Is one text, as a database or a file has it, what the catalogue says? What is empty is
 * no value, and blanks around it, as a char(n) has, are none of it. */
static bool
text_fits(enum kp_field_type type, struct kp_slice padded)
{
	struct kp_slice text = kp_value_trim(padded);
	bool number = type == KP_FIELD_NUMBER || type == KP_FIELD_AMOUNT;
	return text.len == 0 ||
		(number                                 ? is_number_text(text)
				: type == KP_FIELD_DATE ? is_date(text)
							: true);
}

/* Is one JSON scalar what the catalogue says the field is? */
static bool
fits(enum kp_field_type type, struct kp_slice json)
{
	char first = json.len == 0 ? '\0' : json.data[0];
	bool text = first == '"';
	bool number = first == '-' || (first >= '0' && first <= '9');
	struct kp_slice inner = text && json.len >= 2
		? (struct kp_slice){json.data + 1, json.len - 2}
		: (struct kp_slice){0};
	switch (type) {
	case KP_FIELD_TEXT:
	case KP_FIELD_CODE:
		return text;
	case KP_FIELD_NUMBER:
		return number || is_number_text(inner);
	case KP_FIELD_AMOUNT:
		return number || text;
	case KP_FIELD_BOOLEAN:
		return first == 't' || first == 'f';
	case KP_FIELD_DATE:
		return is_date(inner);
	}
	return true;
}

static const char *
kind_of(struct kp_slice json)
{
	char first = json.len == 0 ? '\0' : json.data[0];
	return first == '"'                    ? "text"
		: first == 't' || first == 'f' ? "true or false"
		: first == 'n'                 ? "null"
					       : "a number";
}

static bool
take_value(void *context, const struct kp_value *value)
{
	struct kp_doctor_shape *shape = context;
	struct kp_doctor *doctor = shape->doctor;
	const struct kp_field *field = field_of(doctor, value->cell);
	struct kp_slice json = {value->bytes.data, value->bytes.len};
	bool first = !kp_bits_has(shape->seen, value->cell);
	kp_bits_set(shape->seen, value->cell);
	bool whole = value->form == KP_VALUE_JSON;
	bool good = whole
		? json.len == 0 || json.data[0] == 'n' || fits(field->type, json)
		: text_fits(field->type, json);
	if (first && !good) {
		bool text = field->type == KP_FIELD_TEXT || field->type == KP_FIELD_CODE;
		kp_doctor_say(doctor, text ? KP_DOCTOR_WARN : KP_DOCTOR_FAIL,
			"shape.type",
			"say in the manifest how it becomes that ('date', 'form' or "
			"'table'), or ask the partner since when it differs",
			"'%.*s' must be %s, and %s in another form came",
			KP_SLICE_ARG(field->path), type_words[field->type],
			whole ? kind_of(json) : "text");
	}
	return true;
}

/* Adds a text to a list; false when it was there, or the list is full. */
static bool
is_new(struct kp_doctor_shape *shape, struct kp_slice *texts, size_t *count,
	struct kp_slice text)
{
	for (size_t i = 0; i < *count; i++) {
		if (kp_slice_equal(texts[i], text)) {
			return false;
		}
	}
	if (*count == TEXTS_MAX) {
		return false;
	}
	struct kp_slice copy = kp_arena_copy(&shape->doctor->load.arena, text);
	if (copy.data == NULL) {
		shape->doctor->cut = true;
		return false;
	}
	texts[(*count)++] = copy;
	return true;
}

static bool
take_note(void *context, struct kp_text code, struct kp_text text)
{
	struct kp_doctor_shape *shape = context;
	struct kp_slice kind = {code.data, code.len};
	/* Each row of a list may have it. */
	if (!is_new(shape, shape->told, &shape->told_count, kp_text_slice(text))) {
		return true;
	}
	if (kp_slice_is(kind, "onbekendeCode")) {
		kp_doctor_say(shape->doctor, KP_DOCTOR_WARN, "shape.code",
			"ask the partner for its present list of codes and add the row "
			"to "
			"'tables'",
			"a code is in no table: %.*s", (int)text.len, text.data);
	} else if (kp_slice_is(kind, "onleesbaar")) {
		kp_doctor_say(shape->doctor, KP_DOCTOR_FAIL, "shape.type",
			"compare 'date', 'form' and the partner's present description of "
			"the field",
			"a value could not be read as agreed: %.*s", (int)text.len,
			text.data);
	}
	return true;
}

static bool
take_unmapped(void *context, struct kp_text path)
{
	struct kp_doctor_shape *shape = context;
	(void)is_new(shape, shape->unmapped, &shape->unmapped_count, kp_text_slice(path));
	return true;
}

static bool
take_doubt(void *context, const struct kp_fault *doubt)
{
	struct kp_doctor_shape *shape = context;
	shape->doubt = *doubt;
	return true;
}

bool
kp_doctor_shape_init(struct kp_doctor_shape *shape, struct kp_doctor *doctor)
{
	struct kp_arena *arena = &doctor->load.arena;
	*shape = (struct kp_doctor_shape){.doctor = doctor,
		.seen = KP_ARENA_ARRAY(
			arena, uint64_t, doctor->load.cells->cell_words + 1),
		.unmapped = KP_ARENA_ARRAY(arena, struct kp_slice, TEXTS_MAX),
		.told = KP_ARENA_ARRAY(arena, struct kp_slice, TEXTS_MAX)};
	return shape->seen != NULL && shape->unmapped != NULL && shape->told != NULL;
}

struct kp_sink
kp_doctor_shape_sink(struct kp_doctor_shape *shape)
{
	return (struct kp_sink){
		.size = sizeof(struct kp_sink),
		.context = shape,
		.subject = kp_connector_ignore_text,
		.item = take_item,
		.value = take_value,
		.note = take_note,
		.unmapped = take_unmapped,
		.valid_on = kp_connector_ignore_text,
		.doubt = take_doubt,
	};
}

/* What did not come. */

static struct kp_slice
last_part(struct kp_slice path)
{
	size_t at = path.len;
	while (at > 0 && strchr("./[]", path.data[at - 1]) == NULL) {
		at--;
	}
	return (struct kp_slice){path.data + at, path.len - at};
}

/* An unmapped name so near to a missing one that it was probably renamed. */
static struct kp_slice
renamed_to(const struct kp_doctor_shape *shape, struct kp_slice path)
{
	struct kp_nearest nearest;
	kp_nearest_begin(&nearest, last_part(path));
	for (size_t i = 0; i < shape->unmapped_count; i++) {
		kp_nearest_offer(&nearest, last_part(shape->unmapped[i]));
	}
	for (size_t i = 0; nearest.best.data != NULL && i < shape->unmapped_count; i++) {
		if (last_part(shape->unmapped[i]).data == nearest.best.data) {
			return shape->unmapped[i];
		}
	}
	return (struct kp_slice){0};
}

struct missing {
	const struct kp_doctor_shape *shape;
	size_t count;
	const char *names;
};

static void
look_for(struct missing *missing, const struct kp_manifest_field *field)
{
	struct kp_doctor *doctor = missing->shape->doctor;
	const struct kp_catalogue *catalogue = doctor->load.cells;
	uint32_t id = kp_catalogue_find_field(catalogue, field->field);
	uint32_t cell = id == KP_NO_ID
		? KP_NO_ID
		: kp_catalogue_find_cell(catalogue, id, doctor->source->id);
	if (cell == KP_NO_ID || field->path.len == 0 ||
		kp_bits_has(missing->shape->seen, cell)) {
		return;
	}
	struct kp_slice other = renamed_to(missing->shape, field->path);
	if (other.len > 0) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "shape.renamed",
			"ask the partner, and put the new path in the manifest",
			"'%.*s' (%.*s) did not come, and '%.*s', which no path names, "
			"did",
			KP_SLICE_ARG(field->path), KP_SLICE_ARG(field->field),
			KP_SLICE_ARG(other));
		return;
	}
	if (missing->count++ < NAMES_TOLD_MAX) {
		missing->names = kp_doctor_text(doctor, "%s%s%.*s (%.*s)", missing->names,
			missing->names[0] == '\0' ? "" : ", ", KP_SLICE_ARG(field->field),
			KP_SLICE_ARG(field->path));
	}
}

static const char *
and_more(struct kp_doctor *doctor, size_t count)
{
	return count <= NAMES_TOLD_MAX
		? ""
		: kp_doctor_text(doctor, ", and %zu more", count - NAMES_TOLD_MAX);
}

static void
judge_missing(const struct kp_doctor_shape *shape)
{
	struct kp_doctor *doctor = shape->doctor;
	const struct kp_manifest_response *response = &doctor->manifest->response;
	struct missing missing = {.shape = shape, .names = ""};
	for (size_t i = 0; i < response->field_count; i++) {
		look_for(&missing, &response->fields[i]);
	}
	for (size_t i = 0; i < response->list_count; i++) {
		for (size_t j = 0; j < response->lists[i].field_count; j++) {
			look_for(&missing, &response->lists[i].fields[j]);
		}
	}
	if (missing.count > 0) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "shape.missing",
			"try a test client that has them; when they never come, ask the "
			"partner since when",
			"%zu mapped field%s did not come for this client: %s%s",
			missing.count, missing.count == 1 ? "" : "s", missing.names,
			and_more(doctor, missing.count));
	}
}

static void
judge_unmapped(const struct kp_doctor_shape *shape)
{
	const char *names = "";
	for (size_t i = 0; i < shape->unmapped_count && i < NAMES_TOLD_MAX; i++) {
		names = kp_doctor_text(shape->doctor, "%s%s%.*s", names,
			i > 0 ? ", " : "", KP_SLICE_ARG(shape->unmapped[i]));
	}
	if (shape->unmapped_count > 0) {
		kp_doctor_say(shape->doctor, KP_DOCTOR_WARN, "shape.unmapped",
			"map what is needed; ask the partner not to send the rest, or "
			"name it in 'response.ignored' when that cannot be",
			"%zu field%s came that no path names%s: %s%s",
			shape->unmapped_count, shape->unmapped_count == 1 ? "" : "s",
			shape->unmapped_count == TEXTS_MAX ? " (or more)" : "", names,
			and_more(shape->doctor, shape->unmapped_count));
	}
}

/* An unmapped name at the top, near to the first one of a path. */
static struct kp_slice
near_first(const struct kp_doctor_shape *shape, struct kp_slice path)
{
	struct kp_nearest nearest;
	struct kp_slice name = {path.data, 0};
	while (name.len < path.len && strchr(".[", path.data[name.len]) == NULL) {
		name.len++;
	}
	kp_nearest_begin(&nearest, name);
	for (size_t i = 0; i < shape->unmapped_count; i++) {
		struct kp_slice other = shape->unmapped[i];
		if (last_part(other).len == other.len) {
			kp_nearest_offer(&nearest, other);
		}
	}
	return nearest.best;
}

/* A warning only where something came that may well be what was looked for: many partners
 * leave the link out of their last page. */
static void
judge_paging(const struct kp_doctor_shape *shape)
{
	struct kp_doctor *doctor = shape->doctor;
	if (shape->doubt.message[0] == '\0') {
		return;
	}
	struct kp_slice other = near_first(shape, doctor->manifest->response.paging.path);
	if (other.len > 0) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "shape.paging",
			"ask the partner, and put the right path in the manifest",
			"%s: nothing led to a further page, and '%.*s', which no path "
			"names, came",
			shape->doubt.place, KP_SLICE_ARG(other));
		return;
	}
	kp_doctor_say(doctor, KP_DOCTOR_OK, "shape.paging", NULL, "%s: %s",
		shape->doubt.place, shape->doubt.message);
}

void
kp_doctor_judge_shape(struct kp_doctor_shape *shape)
{
	struct kp_doctor *doctor = shape->doctor;
	size_t words = doctor->load.cells->cell_words;
	judge_missing(shape);
	judge_unmapped(shape);
	judge_paging(shape);
	kp_doctor_say(doctor, KP_DOCTOR_OK, "shape", NULL,
		"%zu of %zu mapped fields came, in %u items",
		kp_bits_count(shape->seen, words),
		kp_bits_count(doctor->source->offers, words), shape->items);
}
