/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* dossier_write: see dossier_write.h. */
#include "query/dossier_write.h"

#include "core/attr.h"
#include "core/bits.h"
#include "core/json_write.h"

/* For sizing an answer; one that needs more grows where it lies. */
#define PROVENANCE_BYTES 128u /* of one entry */
#define ITEM_BYTES 40u

static void
write_two(char *out, unsigned number)
{
	out[0] = (char)('0' + number / 10 % 10);
	out[1] = (char)('0' + number % 10);
}

/* Days since 1970 to year, month, day (proleptic Gregorian, by eras of 400 years). */
static void
civil_from_days(int64_t days, unsigned *ret_year, unsigned *ret_month, unsigned *ret_day)
{
	int64_t shifted = days + 719468;
	int64_t era = shifted / 146097;
	unsigned of_era = (unsigned)(shifted - era * 146097);
	unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * of_year + 2) / 153;
	*ret_day = of_year - (153 * month + 2) / 5 + 1;
	*ret_month = month < 10 ? month + 3 : month - 9;
	*ret_year = year + (unsigned)era * 400 + (*ret_month <= 2 ? 1 : 0);
}

void
kp_instant_write(int64_t unix_ms, char out[KP_INSTANT_LEN])
{
	static const char form[KP_INSTANT_LEN + 1] = "0000-00-00T00:00:00.000Z";
	const int64_t last_ms = (int64_t)253402300799999;
	int64_t ms = unix_ms < 0 ? 0 : unix_ms > last_ms ? last_ms : unix_ms;
	unsigned of_day = (unsigned)(ms % 86400000);
	unsigned year;
	unsigned month;
	unsigned day;
	civil_from_days(ms / 86400000, &year, &month, &day);
	memcpy(out, form, KP_INSTANT_LEN);
	write_two(out, year / 100);
	write_two(out + 2, year % 100);
	write_two(out + 5, month);
	write_two(out + 8, day);
	write_two(out + 11, of_day / 3600000);
	write_two(out + 14, of_day / 60000 % 60);
	write_two(out + 17, of_day / 1000 % 60);
	out[20] = (char)('0' + of_day / 100 % 10);
	write_two(out + 21, of_day % 100);
}

void
kp_write_text(struct kp_buffer *buffer, struct kp_slice text)
{
	struct kp_json_writer writer;
	kp_json_writer_init(&writer, buffer);
	kp_json_write_string(&writer, text);
}

static void
write_value(struct kp_buffer *buffer, const struct kp_found *found)
{
	if (found->form == KP_VALUE_JSON) {
		kp_buffer_add_slice(buffer, found->bytes);
	} else {
		kp_write_text(buffer, found->bytes);
	}
}

size_t
kp_write_dossier_size(const struct kp_shape *shape, const struct kp_merged *merged)
{
	size_t items = 0;
	for (uint32_t i = 0; i < shape->catalogue->section_count; i++) {
		items += merged->sections[i].item_count;
	}
	return (size_t)merged->value_bytes + merged->value_bytes / 8 +
		merged->value_count * (size_t)(PROVENANCE_BYTES + ITEM_BYTES) +
		items * ITEM_BYTES + 4096;
}

/* The objects that are open inside an item: a stack of groups, root first. */
struct nest {
	uint32_t open[KP_SHAPE_DEPTH_MAX];
	uint32_t depth;
	bool comma;
};

static void
put_comma(struct kp_buffer *buffer, struct nest *nest)
{
	if (nest->comma) {
		kp_buffer_add_char(buffer, ',');
	}
	nest->comma = true;
}

static void
close_to(struct kp_buffer *buffer, struct nest *nest, uint32_t depth)
{
	while (nest->depth > depth) {
		nest->depth--;
		kp_buffer_add_char(buffer, '}');
		nest->comma = true;
	}
}

/* Closes what the group is not in, opens what it is in. */
static void
enter_group(struct kp_buffer *buffer, const struct kp_shape *shape, struct nest *nest,
	uint32_t group)
{
	uint32_t chain[KP_SHAPE_DEPTH_MAX] KP_UNINITIALIZED;
	uint32_t depth = shape->groups[group].depth;
	if (nest->depth == depth + 1 && nest->open[depth] == group) {
		return;
	}
	for (uint32_t i = depth + 1; i > 0; i--) {
		chain[i - 1] = group;
		group = shape->groups[group].parent;
	}
	uint32_t common = 0;
	while (common < nest->depth && common <= depth &&
		nest->open[common] == chain[common]) {
		common++;
	}
	close_to(buffer, nest, common);
	for (uint32_t i = common; i <= depth; i++) {
		put_comma(buffer, nest);
		if (i == 0) {
			kp_buffer_add_char(buffer, '{');
		} else {
			kp_buffer_add_slice(buffer, shape->groups[chain[i]].opening);
		}
		nest->open[nest->depth++] = chain[i];
		nest->comma = false;
	}
}

static void
write_item(struct kp_buffer *buffer, const struct kp_shape *shape,
	const struct kp_section *section, const struct kp_merged_item *item)
{
	const struct kp_shape_group *root =
		&shape->groups[shape->sections[section->id].root];
	struct nest nest = {.depth = 0};
	for (uint32_t i = root->begin; i < root->end; i++) {
		uint32_t field = shape->order[i];
		const struct kp_found *found = item->values[field - section->first_field];
		if (found == NULL) {
			continue;
		}
		enter_group(buffer, shape, &nest, shape->fields[field].group);
		put_comma(buffer, &nest);
		kp_buffer_add_slice(buffer, shape->fields[field].member);
		write_value(buffer, found);
	}
	close_to(buffer, &nest, 0);
}

void
kp_write_dossier(struct kp_buffer *buffer, const struct kp_shape *shape,
	const struct kp_merged *merged)
{
	const struct kp_catalogue *catalogue = shape->catalogue;
	bool comma = false;
	kp_buffer_add_char(buffer, '{');
	for (uint32_t i = 0; i < catalogue->section_count; i++) {
		const struct kp_section *section = &catalogue->sections[i];
		const struct kp_merged_section *found = &merged->sections[i];
		if (found->item_count == 0) {
			continue;
		}
		if (comma) {
			kp_buffer_add_char(buffer, ',');
		}
		comma = true;
		kp_buffer_add_slice(buffer, shape->sections[i].member);
		if (!section->list) {
			write_item(buffer, shape, section, &found->items[0]);
			continue;
		}
		kp_buffer_add_char(buffer, '[');
		for (uint32_t j = 0; j < found->item_count; j++) {
			if (j > 0) {
				kp_buffer_add_char(buffer, ',');
			}
			write_item(buffer, shape, section, &found->items[j]);
		}
		kp_buffer_add_char(buffer, ']');
	}
	kp_buffer_add_char(buffer, '}');
}

/* How an entry ends, from the time of retrieval on. */
static void
write_ending(struct kp_buffer *buffer, const struct kp_source_state *state,
	struct kp_slice valid_on, bool in_investigation)
{
	kp_buffer_add(buffer, state->retrieved, KP_INSTANT_LEN);
	if (valid_on.len == 0 && state->collect != NULL) {
		valid_on = state->collect->valid_on;
	}
	if (valid_on.len > 0) {
		KP_BUFFER_ADD(buffer, "\",\"geldigOp\":");
		kp_write_text(buffer, valid_on);
	} else {
		kp_buffer_add_char(buffer, '"');
	}
	if (in_investigation) {
		KP_BUFFER_ADD(buffer, ",\"inOnderzoek\":true}");
	} else {
		KP_BUFFER_ADD(buffer, ",\"inOnderzoek\":false}");
	}
}

/* Where the usual ending of entries was written first, to copy it from there: most
 * entries of a source, and most for one reason, end alike. */
struct ending {
	size_t at;
	size_t len;
};

static void
write_again(struct kp_buffer *buffer, struct ending ending)
{
	if (kp_buffer_reserve(buffer, ending.len)) {
		memcpy(buffer->data + buffer->len, buffer->data + ending.at, ending.len);
		buffer->len += ending.len;
	}
}

static void
write_origin(struct kp_buffer *buffer, const struct kp_found *found,
	const struct kp_source_state *state, struct ending *ending)
{
	bool usual = found->valid_on.len == 0 && !found->in_investigation;
	if (usual && ending->len > 0) {
		write_again(buffer, *ending);
		return;
	}
	size_t at = buffer->len;
	write_ending(buffer, state, found->valid_on, found->in_investigation);
	if (usual && !buffer->failed) {
		*ending = (struct ending){.at = at, .len = buffer->len - at};
	}
}

/* The entries of one item, or of a single section. */
static void
write_origins(struct kp_buffer *buffer, const struct kp_shape *shape, uint32_t section,
	const struct kp_merged_item *item, uint32_t number,
	const struct kp_source_state *const *states, struct ending *endings)
{
	const struct kp_catalogue *catalogue = shape->catalogue;
	const struct kp_section *described = &catalogue->sections[section];
	const struct kp_shape_group *root = &shape->groups[shape->sections[section].root];
	for (uint32_t i = root->begin; i < root->end; i++) {
		const struct kp_found *found =
			item->values[shape->order[i] - described->first_field];
		if (found == NULL) {
			continue;
		}
		const struct kp_shape_cell *cell = &shape->cells[found->cell];
		uint32_t source = catalogue->cells[found->cell].source;
		kp_buffer_add_slice(buffer, cell->head);
		if (described->list) {
			kp_buffer_add_uint(buffer, number);
			kp_buffer_add_slice(buffer, cell->tail);
		}
		write_origin(buffer, found, states[source], &endings[source]);
		kp_buffer_add_char(buffer, ',');
	}
}

void
kp_write_provenance(struct kp_buffer *buffer, const struct kp_shape *shape,
	const struct kp_merged *merged, const struct kp_source_state *const *states)
{
	const struct kp_catalogue *catalogue = shape->catalogue;
	struct ending *endings =
		KP_ARENA_ARRAY(buffer->arena, struct ending, catalogue->source_count);
	if (endings == NULL) {
		buffer->failed = true;
		return;
	}
	kp_buffer_add_char(buffer, '[');
	size_t first = buffer->len;
	for (uint32_t i = 0; i < catalogue->section_count; i++) {
		for (uint32_t j = 0; j < merged->sections[i].item_count; j++) {
			write_origins(buffer, shape, i, &merged->sections[i].items[j], j,
				states, endings);
		}
	}
	/* The comma behind the last one. */
	if (buffer->len > first) {
		buffer->len--;
	}
	kp_buffer_add_char(buffer, ']');
}

/* What the reader must know of all of it: nobody could check whose it is. */
static bool
names_nobody(const struct kp_collect *collect)
{
	return collect != NULL && collect->kept > 0 && !collect->subject_seen;
}

static void
write_notes(struct kp_buffer *buffer, const struct kp_collect *collect)
{
	KP_BUFFER_ADD(buffer, ",\"meldingen\":[");
	if (names_nobody(collect)) {
		KP_BUFFER_ADD(buffer,
			"{\"code\":\"noemtNiemand\",\"tekst\":\"het antwoord van "
			"deze bron noemt geen burgerservicenummer: of het over "
			"deze persoon gaat is niet na te gaan\"}");
	}
	for (uint32_t i = 0; collect != NULL && i < collect->note_count; i++) {
		if (i > 0 || names_nobody(collect)) {
			kp_buffer_add_char(buffer, ',');
		}
		KP_BUFFER_ADD(buffer, "{\"code\":");
		kp_write_text(buffer, collect->notes[i].code);
		KP_BUFFER_ADD(buffer, ",\"tekst\":");
		kp_write_text(buffer, collect->notes[i].text);
		kp_buffer_add_char(buffer, '}');
	}
	KP_BUFFER_ADD(buffer, "]}");
}

void
kp_write_source(struct kp_buffer *buffer, const struct kp_shape *shape,
	const struct kp_source_state *state)
{
	kp_buffer_add_slice(buffer, shape->sources[state->source].entry);
	kp_buffer_add_slice(buffer, kp_outcome_name(state->outcome));
	kp_buffer_add_char(buffer, '"');
	if (state->reason.len > 0) {
		KP_BUFFER_ADD(buffer, ",\"reden\":");
		kp_write_text(buffer, state->reason);
	}
	if (state->asked) {
		KP_BUFFER_ADD(buffer, ",\"duurMs\":");
		kp_buffer_add_uint(buffer, (state->duration_us + 500) / 1000);
	}
	write_notes(buffer, state->collect);
}

void
kp_write_conflicts(struct kp_buffer *buffer, const struct kp_shape *shape,
	const struct kp_merged *merged)
{
	const struct kp_catalogue *catalogue = shape->catalogue;
	kp_buffer_add_char(buffer, '[');
	for (uint32_t i = 0; i < merged->conflict_count; i++) {
		const struct kp_conflict *conflict = &merged->conflicts[i];
		if (i > 0) {
			kp_buffer_add_char(buffer, ',');
		}
		KP_BUFFER_ADD(buffer, "{\"pad\":\"");
		if (catalogue->sections[conflict->section].list) {
			kp_buffer_add_slice(
				buffer, shape->sections[conflict->section].list_head);
			kp_buffer_add_uint(buffer, conflict->item);
		}
		kp_buffer_add_slice(buffer, shape->cells[conflict->values->cell].pointer);
		KP_BUFFER_ADD(buffer, "\",\"waarden\":[");
		for (const struct kp_found *found = conflict->values; found != NULL;
			found = found->other) {
			uint32_t source = catalogue->cells[found->cell].source;
			if (found != conflict->values) {
				kp_buffer_add_char(buffer, ',');
			}
			kp_buffer_add_slice(buffer, shape->sources[source].value);
			write_value(buffer, found);
			kp_buffer_add_char(buffer, '}');
		}
		KP_BUFFER_ADD(buffer, "]}");
	}
	kp_buffer_add_char(buffer, ']');
}

/* How an entry ends, from its reason on. */
static void
write_reason(struct kp_buffer *buffer, const struct kp_reason *reason)
{
	KP_BUFFER_ADD(buffer, ",\"reden\":");
	kp_write_text(buffer, reason->text);
	if (reason->rule.len > 0) {
		KP_BUFFER_ADD(buffer, ",\"regel\":");
		kp_write_text(buffer, reason->rule);
	}
	kp_buffer_add_char(buffer, '}');
}

void
kp_write_withheld(struct kp_buffer *buffer, const struct kp_withheld *withheld)
{
	const struct kp_reason *reason = NULL;
	struct ending ending = {0};
	kp_buffer_add_char(buffer, '[');
	for (uint32_t i = 0; i < withheld->count; i++) {
		const struct kp_withheld_entry *entry = &withheld->entries[i];
		if (i > 0) {
			kp_buffer_add_char(buffer, ',');
		}
		KP_BUFFER_ADD(buffer, "{\"veld\":");
		kp_buffer_add_slice(buffer, entry->quoted);
		if (entry->reason == reason && ending.len > 0) {
			write_again(buffer, ending);
			continue;
		}
		reason = entry->reason;
		ending.at = buffer->len;
		write_reason(buffer, reason);
		ending.len = buffer->failed ? 0 : buffer->len - ending.at;
	}
	kp_buffer_add_char(buffer, ']');
}

void
kp_write_fields(
	struct kp_buffer *buffer, const struct kp_shape *shape, const uint64_t *cells)
{
	const struct kp_catalogue *catalogue = shape->catalogue;
	bool comma = false;
	kp_buffer_add_char(buffer, '[');
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		const struct kp_field *field = &catalogue->fields[i];
		bool any = false;
		for (uint32_t j = 0; j < field->cell_count; j++) {
			any = any || kp_bits_has(cells, field->first_cell + j);
		}
		if (!any) {
			continue;
		}
		if (comma) {
			kp_buffer_add_char(buffer, ',');
		}
		comma = true;
		kp_buffer_add_slice(buffer, shape->fields[i].quoted);
	}
	kp_buffer_add_char(buffer, ']');
}
