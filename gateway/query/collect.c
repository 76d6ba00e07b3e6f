/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* collect: see collect.h. */
#include "query/collect.h"

#include "core/attr.h"
#include "core/bits.h"
#include "core/json_read.h"

#define ITEMS_FIRST 16u

static struct kp_slice
slice_from(struct kp_text text)
{
	return (struct kp_slice){text.data, text.len};
}

/* Ends the call; what was wrong first is what counts. */
static bool
stop(struct kp_collect *collect, enum kp_status status)
{
	if (collect->status == KP_OK) {
		collect->status = status;
	}
	return false;
}

static bool
on_subject(void *context, struct kp_text bsn)
{
	struct kp_collect *collect = context;
	collect->subject_seen = true;
	if (!kp_slice_equal(slice_from(bsn), collect->options.bsn)) {
		collect->other_person = true;
		kp_collect_discard(collect);
		return stop(collect, KP_E_OTHER_PERSON);
	}
	return collect->status == KP_OK;
}

static bool
on_item(void *context, uint32_t section, uint32_t *ret_item)
{
	struct kp_collect *collect = context;
	const struct kp_catalogue *catalogue = collect->options.catalogue;
	if (collect->status != KP_OK) {
		return false;
	}
	if (section >= catalogue->section_count || !catalogue->sections[section].list) {
		return stop(collect, KP_E_SOURCE);
	}
	if (collect->item_count == collect->options.items_max) {
		return stop(collect, KP_E_LIMIT);
	}
	struct kp_found_item *items =
		kp_arena_fit(collect->options.arena, collect->items, collect->item_count,
			&collect->item_capacity, ITEMS_FIRST, sizeof(*items));
	if (items == NULL) {
		return stop(collect, KP_E_MEMORY);
	}
	collect->items = items;
	collect->items[collect->item_count] = (struct kp_found_item){.section = section};
	*ret_item = collect->item_count++;
	return true;
}

/* One scalar, and nothing that could get out of its place in our answer. Text is escaped
 * when it is written. */
static bool
value_holds(const struct kp_value *value)
{
	return value->form == KP_VALUE_TEXT ||
		kp_json_scalar_valid(slice_from(value->bytes));
}

static bool
date_holds(struct kp_slice date)
{
	return date.len <= KP_COLLECT_DATE_BYTES_MAX;
}

/* Where a permitted value goes; NULL when it is not for the dossier. */
static struct kp_found_item *
find_place(struct kp_collect *collect, const struct kp_value *value, uint32_t section)
{
	if (!collect->options.catalogue->sections[section].list) {
		if (kp_bits_has(collect->seen, value->cell)) {
			collect->repeated++;
			return NULL;
		}
		kp_bits_set(collect->seen, value->cell);
		return &collect->single;
	}
	if (value->item >= collect->item_count ||
		collect->items[value->item].section != section) {
		(void)stop(collect, KP_E_SOURCE);
		return NULL;
	}
	return &collect->items[value->item];
}

static bool
keep(struct kp_collect *collect, struct kp_found_item *item, const struct kp_value *value)
{
	struct kp_arena *arena = collect->options.arena;
	struct kp_found *found = KP_ARENA_NEW(arena, struct kp_found);
	char *bytes = kp_arena_bytes(arena, value->bytes.len + value->valid_on.len);
	if (found == NULL || bytes == NULL) {
		return stop(collect, KP_E_MEMORY);
	}
	if (value->bytes.len > 0) {
		memcpy(bytes, value->bytes.data, value->bytes.len);
	}
	if (value->valid_on.len > 0) {
		memcpy(bytes + value->bytes.len, value->valid_on.data,
			value->valid_on.len);
	}
	found->cell = value->cell;
	found->form = value->form;
	found->bytes = (struct kp_slice){bytes, value->bytes.len};
	found->valid_on =
		(struct kp_slice){bytes + value->bytes.len, value->valid_on.len};
	found->in_investigation = value->in_investigation;
	if (item->last == NULL) {
		item->first = found;
	} else {
		item->last->next = found;
	}
	item->last = found;
	collect->kept++;
	collect->bytes += value->bytes.len;
	return true;
}

/* Only what was permitted, whatever the connector thinks it may deliver. */
static bool
permitted(const struct kp_collect *collect, uint32_t cell)
{
	const struct kp_catalogue *catalogue = collect->options.catalogue;
	return cell < catalogue->cell_count &&
		catalogue->cells[cell].source == collect->options.source &&
		kp_bits_has(collect->options.cells, cell);
}

static bool
on_value(void *context, const struct kp_value *value)
{
	struct kp_collect *collect = context;
	const struct kp_catalogue *catalogue = collect->options.catalogue;
	if (collect->status != KP_OK) {
		return false;
	}
	if (!permitted(collect, value->cell)) {
		collect->not_permitted++;
		return true;
	}
	/* JSON's null says that there is no value. */
	if (value->form == KP_VALUE_JSON &&
		kp_slice_is(slice_from(value->bytes), "null")) {
		return true;
	}
	if (value->bytes.len > collect->options.value_bytes_max ||
		collect->kept == collect->options.values_max) {
		return stop(collect, KP_E_LIMIT);
	}
	if (!value_holds(value) || !date_holds(slice_from(value->valid_on))) {
		return stop(collect, KP_E_SOURCE);
	}
	uint32_t section = catalogue->fields[catalogue->cells[value->cell].field].section;
	struct kp_found_item *item = find_place(collect, value, section);
	if (item == NULL) {
		return collect->status == KP_OK;
	}
	return keep(collect, item, value);
}

/* Stands in the last place when there is no room for all. */
static const struct kp_collect_note more_notes = {.code = KP_SLICE_INIT("meerMeldingen"),
	.text = KP_SLICE_INIT(
		"de bron geeft aanleiding tot meer opmerkingen dan hier staan")};

static bool
on_note(void *context, struct kp_text code, struct kp_text text)
{
	struct kp_collect *collect = context;
	if (collect->status != KP_OK) {
		return false;
	}
	if (collect->note_count == KP_COLLECT_NOTES_MAX) {
		collect->notes[KP_COLLECT_NOTES_MAX - 1] = more_notes;
		return true;
	}
	if (collect->notes == NULL) {
		collect->notes = KP_ARENA_ARRAY(collect->options.arena,
			struct kp_collect_note, KP_COLLECT_NOTES_MAX);
		if (collect->notes == NULL) {
			return stop(collect, KP_E_MEMORY);
		}
	}
	struct kp_collect_note note = {
		kp_arena_copy(collect->options.arena, slice_from(code)),
		kp_arena_copy(collect->options.arena, slice_from(text)),
	};
	if (note.code.data == NULL || note.text.data == NULL) {
		return stop(collect, KP_E_MEMORY);
	}
	collect->notes[collect->note_count++] = note;
	return true;
}

static bool
on_valid_on(void *context, struct kp_text date)
{
	struct kp_collect *collect = context;
	if (collect->status != KP_OK) {
		return false;
	}
	if (!date_holds(slice_from(date))) {
		return stop(collect, KP_E_SOURCE);
	}
	collect->valid_on = kp_arena_copy(collect->options.arena, slice_from(date));
	return collect->valid_on.data != NULL || stop(collect, KP_E_MEMORY);
}

enum kp_status
kp_collect_init(struct kp_collect *collect, const struct kp_collect_options *options)
{
	uint64_t *seen =
		KP_ARENA_ARRAY(options->arena, uint64_t, options->catalogue->cell_words);
	if (seen == NULL) {
		return KP_E_MEMORY;
	}
	*collect = (struct kp_collect){
		.options = *options,
		.sink = {.size = sizeof(collect->sink),
			.context = collect,
			.subject = on_subject,
			.item = on_item,
			.value = on_value,
			.note = on_note,
			.valid_on = on_valid_on},
		.single = {.section = KP_NO_ID},
		.seen = seen,
	};
	return KP_OK;
}

void
kp_collect_discard(struct kp_collect *collect)
{
	collect->single = (struct kp_found_item){.section = KP_NO_ID};
	collect->item_count = 0;
	collect->kept = 0;
	collect->bytes = 0;
	collect->valid_on = (struct kp_slice){NULL, 0};
}

const struct kp_found *
kp_found_in(const struct kp_catalogue *catalogue, const struct kp_found_item *item,
	uint32_t field)
{
	const struct kp_found *found = item->first;
	while (found != NULL && catalogue->cells[found->cell].field != field) {
		found = found->next;
	}
	return found;
}

const struct kp_found *
kp_collect_find(const struct kp_collect *collect, uint32_t field)
{
	const struct kp_found *found =
		kp_found_in(collect->options.catalogue, &collect->single, field);
	for (uint32_t i = 0; found == NULL && i < collect->item_count; i++) {
		found = kp_found_in(
			collect->options.catalogue, &collect->items[i], field);
	}
	return found;
}

static bool
is_json_string(const struct kp_found *found)
{
	return found->form == KP_VALUE_JSON && found->bytes.data[0] == '"';
}

/* Without the quotes, escapes as they are. */
static struct kp_slice
inner(const struct kp_found *found)
{
	if (!is_json_string(found)) {
		return found->bytes;
	}
	return (struct kp_slice){found->bytes.data + 1, found->bytes.len - 2};
}

enum kp_status
kp_found_text(
	const struct kp_found *found, struct kp_arena *arena, struct kp_slice *ret_text)
{
	if (is_json_string(found)) {
		return kp_json_unescape(inner(found), arena, ret_text);
	}
	*ret_text = found->bytes;
	return KP_OK;
}

/* Text against a raw JSON string with escapes. */
static bool
equal_decoded(struct kp_slice text, struct kp_slice raw)
{
	struct kp_arena scratch;
	struct kp_slice decoded;
	kp_arena_init(&scratch, raw.len + 64, NULL);
	bool equal = kp_json_unescape(raw, &scratch, &decoded) == KP_OK &&
		kp_slice_equal(text, decoded);
	kp_arena_deinit(&scratch);
	return equal;
}

bool
kp_found_equal(const struct kp_found *a, const struct kp_found *b)
{
	struct kp_slice text_a = inner(a);
	struct kp_slice text_b = inner(b);
	if (is_json_string(a) == is_json_string(b)) {
		return is_json_string(a) ? kp_json_text_equal(text_a, text_b)
					 : kp_slice_equal(text_a, text_b);
	}
	if (kp_slice_equal(text_a, text_b)) {
		return memchr(text_a.data, '\\', text_a.len) == NULL;
	}
	return is_json_string(a) ? equal_decoded(text_b, text_a)
				 : equal_decoded(text_a, text_b);
}
