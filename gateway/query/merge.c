/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * merge: see merge.h. Every value is visited once; items of a list find each other by a
 * hash of their key's text. Linear in values and items.
 */
#include "query/merge.h"

#include "core/hash.h"

struct merger {
	const struct kp_catalogue *catalogue;
	struct kp_arena *arena;
	struct kp_merged *merged;
};

/*
 * The items with one key. A source that gives a key twice means two items: its nth item
 * with the key joins the nth item that is there, so `cursor` walks on with each.
 */
struct key_slot {
	uint64_t hash;
	uint32_t section;
	uint32_t first; /* 1 + index of the item; 0: the slot is free */
	uint32_t last;
	uint32_t cursor;        /* last one this source joined; 0: none yet */
	uint32_t cursor_source; /* 1 + source */
};

/* All keys of the dossier: open addressing, a power of two in size. */
struct key_table {
	struct key_slot *slots;
	size_t mask;
};

static struct kp_merged_item *
add_item(struct merger *merger, uint32_t section)
{
	struct kp_merged_section *merged = &merger->merged->sections[section];
	struct kp_merged_item *items = kp_arena_fit(merger->arena, merged->items,
		merged->item_count, &merged->item_capacity, 1, sizeof(*items));
	if (items == NULL) {
		return NULL;
	}
	merged->items = items;
	struct kp_merged_item *item = &merged->items[merged->item_count];
	item->values = KP_ARENA_ARRAY(merger->arena, struct kp_found *,
		merger->catalogue->sections[section].field_count);
	if (item->values == NULL) {
		return NULL;
	}
	merged->item_count++;
	return item;
}

/* Cells of a field are in order of authority, so the lowest cell is shown. */
static void
add_value(struct merger *merger, struct kp_merged_item *item, struct kp_found *found)
{
	const struct kp_catalogue *catalogue = merger->catalogue;
	const struct kp_field *field =
		&catalogue->fields[catalogue->cells[found->cell].field];
	const struct kp_section *section = &catalogue->sections[field->section];
	struct kp_found **place = &item->values[field->id - section->first_field];
	while (*place != NULL && (*place)->cell < found->cell) {
		place = &(*place)->other;
	}
	if (*place != NULL && (*place)->cell == found->cell) {
		return; /* a source says a thing once */
	}
	found->other = *place;
	*place = found;
}

static enum kp_status
merge_singles(struct merger *merger, const struct kp_collect *collect)
{
	const struct kp_catalogue *catalogue = merger->catalogue;
	for (struct kp_found *found = collect->single.first; found != NULL;
		found = found->next) {
		uint32_t section =
			catalogue->fields[catalogue->cells[found->cell].field].section;
		struct kp_merged_section *merged = &merger->merged->sections[section];
		if (merged->item_count == 0 && add_item(merger, section) == NULL) {
			return KP_E_MEMORY;
		}
		add_value(merger, &merged->items[0], found);
	}
	return KP_OK;
}

/* The key of a delivered item; NULL when it has none. */
static const struct kp_found *
find_key(const struct merger *merger, const struct kp_found_item *item)
{
	uint32_t key_field = merger->catalogue->sections[item->section].key_field;
	const struct kp_found *found = key_field == KP_NO_ID ? NULL : item->first;
	while (found != NULL &&
		merger->catalogue->cells[found->cell].field != key_field) {
		found = found->next;
	}
	return found;
}

/* The slot of a key, or the free one where it belongs. */
static struct key_slot *
find_slot(const struct merger *merger, const struct key_table *table, uint32_t section,
	const struct kp_found *key, uint64_t hash)
{
	const struct kp_section *described = &merger->catalogue->sections[section];
	uint32_t at = described->key_field - described->first_field;
	const struct kp_merged_section *merged = &merger->merged->sections[section];
	size_t i = hash & table->mask;
	for (; table->slots[i].first != 0; i = (i + 1) & table->mask) {
		const struct key_slot *slot = &table->slots[i];
		if (slot->hash == hash && slot->section == section &&
			kp_found_equal(merged->items[slot->first - 1].values[at], key)) {
			break;
		}
	}
	return &table->slots[i];
}

/* The item with this key that the source has not joined yet; a new one otherwise. */
static struct kp_merged_item *
join_item(struct merger *merger, struct key_slot *slot, uint32_t section, uint64_t hash,
	uint32_t source)
{
	struct kp_merged_section *merged = &merger->merged->sections[section];
	if (slot->cursor_source != source + 1) {
		slot->cursor_source = source + 1;
		slot->cursor = 0;
	}
	uint32_t next = slot->cursor == 0 ? slot->first
					  : merged->items[slot->cursor - 1].same_key;
	if (next != 0) {
		slot->cursor = next;
		return &merged->items[next - 1];
	}
	struct kp_merged_item *item = add_item(merger, section);
	if (item == NULL) {
		return NULL;
	}
	uint32_t number = merged->item_count;
	if (slot->first == 0) {
		slot->hash = hash;
		slot->section = section;
		slot->first = number;
	} else {
		merged->items[slot->last - 1].same_key = number;
	}
	slot->last = number;
	slot->cursor = number;
	return item;
}

static enum kp_status
merge_item(struct merger *merger, const struct key_table *table,
	const struct kp_found_item *delivered, uint32_t source)
{
	uint32_t section = delivered->section;
	const struct kp_found *key = find_key(merger, delivered);
	struct kp_merged_item *item;
	if (key == NULL) {
		item = add_item(merger, section);
	} else {
		struct kp_slice text;
		if (kp_found_text(key, merger->arena, &text) != KP_OK) {
			return KP_E_MEMORY;
		}
		uint64_t hash = kp_hash(text.data, text.len) + section;
		struct key_slot *slot = find_slot(merger, table, section, key, hash);
		item = join_item(merger, slot, section, hash, source);
	}
	if (item == NULL) {
		return KP_E_MEMORY;
	}
	for (struct kp_found *found = delivered->first; found != NULL;
		found = found->next) {
		add_value(merger, item, found);
	}
	return KP_OK;
}

static enum kp_status
merge_lists(struct merger *merger, const struct kp_collect *const *collects, size_t count)
{
	size_t items = 0;
	for (size_t i = 0; i < count; i++) {
		items += collects[i]->item_count;
	}
	if (items == 0) {
		return KP_OK;
	}
	size_t size = 16;
	while (size < items * 2) {
		size *= 2;
	}
	struct key_table table = {
		.slots = KP_ARENA_ARRAY(merger->arena, struct key_slot, size),
		.mask = size - 1,
	};
	if (table.slots == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		for (uint32_t j = 0; j < collects[i]->item_count; j++) {
			const struct kp_found_item *item = &collects[i]->items[j];
			if (item->first == NULL) {
				continue; /* nothing of it was permitted */
			}
			enum kp_status status = merge_item(
				merger, &table, item, collects[i]->options.source);
			if (status != KP_OK) {
				return status;
			}
		}
	}
	return KP_OK;
}

static enum kp_status
add_conflict(struct merger *merger, const struct kp_conflict *conflict)
{
	struct kp_merged *merged = merger->merged;
	struct kp_conflict *conflicts =
		kp_arena_fit(merger->arena, merged->conflicts, merged->conflict_count,
			&merged->conflict_capacity, 8, sizeof(*conflicts));
	if (conflicts == NULL) {
		return KP_E_MEMORY;
	}
	merged->conflicts = conflicts;
	merged->conflicts[merged->conflict_count++] = *conflict;
	return KP_OK;
}

/* Counts a field's values and keeps them as a conflict when they differ. */
static enum kp_status
compare(struct merger *merger, const struct kp_conflict *place)
{
	const struct kp_found *shown = place->values;
	bool differ = false;
	merger->merged->value_count++;
	merger->merged->value_bytes += shown->bytes.len + shown->valid_on.len;
	for (const struct kp_found *found = shown->other; found != NULL;
		found = found->other) {
		merger->merged->value_bytes += found->bytes.len;
		differ = differ || !kp_found_equal(shown, found);
	}
	return differ ? add_conflict(merger, place) : KP_OK;
}

static enum kp_status
compare_section(struct merger *merger, const struct kp_section *section)
{
	const struct kp_merged_section *merged = &merger->merged->sections[section->id];
	for (uint32_t i = 0; i < merged->item_count; i++) {
		for (uint32_t j = 0; j < section->field_count; j++) {
			const struct kp_conflict place = {
				.section = section->id,
				.item = i,
				.field = section->first_field + j,
				.values = merged->items[i].values[j],
			};
			enum kp_status status =
				place.values == NULL ? KP_OK : compare(merger, &place);
			if (status != KP_OK) {
				return status;
			}
		}
	}
	return KP_OK;
}

enum kp_status
kp_merge(const struct kp_catalogue *catalogue, const struct kp_collect *const *collects,
	size_t count, struct kp_arena *arena, struct kp_merged *ret_merged)
{
	struct kp_merged merged = {
		.sections = KP_ARENA_ARRAY(
			arena, struct kp_merged_section, catalogue->section_count),
	};
	struct merger merger = {catalogue, arena, &merged};
	enum kp_status status = merged.sections == NULL ? KP_E_MEMORY : KP_OK;
	for (size_t i = 0; status == KP_OK && i < count; i++) {
		status = merge_singles(&merger, collects[i]);
	}
	if (status == KP_OK) {
		status = merge_lists(&merger, collects, count);
	}
	for (uint32_t i = 0; status == KP_OK && i < catalogue->section_count; i++) {
		status = compare_section(&merger, &catalogue->sections[i]);
	}
	if (status == KP_OK) {
		*ret_merged = merged;
	}
	return status;
}
