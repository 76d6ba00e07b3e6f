/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* field_names: see field_names.h. */
#include "connectors/rest/field_names.h"

#include <stdlib.h>
#include <string.h>

#include "connectors/finding.h"
#include "core/bits.h"

#define ALWAYS UINT32_MAX

/* Making lists. */

/* A name in the order of the manifest; `group` is the order of the first such name. */
struct pair {
	struct kp_slice text;
	uint32_t cell;
	uint32_t order;
	uint32_t group;
};

struct pairs {
	struct pair *at;
	size_t count;
};

static void
add_pair(struct pairs *pairs, struct kp_slice text, uint32_t cell)
{
	pairs->at[pairs->count] = (struct pair){
		.text = text, .cell = cell, .order = (uint32_t)pairs->count};
	pairs->count++;
}

static int
by_text(const void *a, const void *b)
{
	const struct pair *left = a;
	const struct pair *right = b;
	int order = kp_slice_compare(left->text, right->text);
	return order != 0 ? order : left->order < right->order ? -1 : 1;
}

static int
by_group(const void *a, const void *b)
{
	const struct pair *left = a;
	const struct pair *right = b;
	uint32_t one = left->group != right->group ? left->group : left->order;
	uint32_t other = left->group != right->group ? right->group : right->order;
	return one < other ? -1 : 1;
}

/* Puts those of one name together, in the order of the first of each. */
static enum kp_status
make_list(struct kp_arena *arena, struct pairs *pairs, struct kp_field_name_list *ret)
{
	struct kp_field_name *names =
		KP_ARENA_ARRAY(arena, struct kp_field_name, pairs->count + 1);
	if (names == NULL) {
		return KP_E_MEMORY;
	}
	qsort(pairs->at, pairs->count, sizeof(*pairs->at), by_text);
	for (size_t i = 0; i < pairs->count; i++) {
		bool same =
			i > 0 && kp_slice_equal(pairs->at[i].text, pairs->at[i - 1].text);
		pairs->at[i].group = same ? pairs->at[i - 1].group : pairs->at[i].order;
	}
	qsort(pairs->at, pairs->count, sizeof(*pairs->at), by_group);
	size_t end = pairs->count;
	for (size_t i = pairs->count; i-- > 0;) {
		if (i + 1 < pairs->count &&
			pairs->at[i].group != pairs->at[i + 1].group) {
			end = i + 1;
		}
		names[i] = (struct kp_field_name){.text = pairs->at[i].text,
			.cell = pairs->at[i].cell,
			.end = (uint32_t)end};
	}
	*ret = (struct kp_field_name_list){names, pairs->count};
	return KP_OK;
}

/* What HAL embeds goes to `embedded`, where the manifest has a place for it. */
static void
add_asked(struct pairs *plain, struct pairs *embedded, struct kp_slice ask, uint32_t cell)
{
	static const struct kp_slice prefix = KP_SLICE_INIT("_embedded.");
	if (embedded != NULL && kp_slice_starts(ask, prefix)) {
		add_pair(embedded,
			(struct kp_slice){ask.data + prefix.len, ask.len - prefix.len},
			cell);
	} else if (ask.len > 0) {
		add_pair(plain, ask, cell);
	}
}

enum kp_status
kp_field_names_compile(struct kp_arena *arena, const struct kp_mapping *mapping,
	bool embeds, struct kp_field_names *ret_names)
{
	size_t room = (size_t)mapping->field_count + 1;
	struct pairs plain = {.at = KP_ARENA_ARRAY(arena, struct pair, room)};
	struct pairs embedded = {.at = KP_ARENA_ARRAY(arena, struct pair, room)};
	*ret_names = (struct kp_field_names){.mapping = mapping,
		.translated = KP_ARENA_ARRAY(arena, struct kp_field_name_list,
			mapping->manifest->table_count + 1)};
	if (plain.at == NULL || embedded.at == NULL || ret_names->translated == NULL) {
		return KP_E_MEMORY;
	}
	struct pairs *apart = embeds ? &embedded : NULL;
	add_asked(&plain, apart, mapping->subject_ask, ALWAYS);
	for (uint32_t i = 0; i < mapping->field_count; i++) {
		add_asked(
			&plain, apart, mapping->fields[i]->ask, mapping->fields[i]->cell);
	}
	enum kp_status status = make_list(arena, &plain, &ret_names->plain);
	return status == KP_OK ? make_list(arena, &embedded, &ret_names->embedded)
			       : status;
}

/* Tables. */

/* Takes the text before the first comma off *rest, which is {NULL, 0} behind the last. */
static bool
take_name(struct kp_slice *rest, struct kp_slice *ret_name)
{
	if (rest->data == NULL) {
		return false;
	}
	const char *comma = rest->len == 0 ? NULL : memchr(rest->data, ',', rest->len);
	size_t len = comma == NULL ? rest->len : (size_t)(comma - rest->data);
	*ret_name = (struct kp_slice){rest->data, len};
	*rest = comma == NULL ? (struct kp_slice){0}
			      : (struct kp_slice){comma + 1, rest->len - len - 1};
	return true;
}

/* A row without any text says that nothing needs to be asked for its field. */
static struct kp_slice
names_of(const struct kp_manifest_row *row)
{
	return row == NULL || row->text.len == 0 ? (struct kp_slice){0} : row->text;
}

static bool
is_name(struct kp_slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char byte = (unsigned char)name.data[i];
		if (byte <= 0x20 || byte == 0x7f) {
			return false;
		}
	}
	return name.len > 0;
}

static void
check_row(const struct kp_manifest_table *table, const struct kp_manifest_row *row,
	const struct kp_host *host)
{
	struct kp_slice rest = names_of(row);
	struct kp_slice name;
	size_t count = 0;
	bool wrong = false;
	while (take_name(&rest, &name)) {
		wrong = wrong || !is_name(name);
		count++;
	}
	if (wrong) {
		kp_finding(host, &table->place,
			"row '%.*s' does not hold names with one comma between, without "
			"white space",
			KP_SLICE_ARG(row->key));
	}
	if (count > KP_FIELD_NAMES_ROW_MAX) {
		kp_finding(host, &table->place,
			"row '%.*s' holds %zu names; allowed are %zu",
			KP_SLICE_ARG(row->key), count, KP_FIELD_NAMES_ROW_MAX);
	}
}

static bool
supplied(const struct kp_mapping *mapping, struct kp_slice field)
{
	for (uint32_t i = 0; i < mapping->field_count; i++) {
		if (kp_slice_equal(mapping->fields[i]->field->field, field)) {
			return true;
		}
	}
	return false;
}

static void
check_table(const struct kp_mapping *mapping, const struct kp_manifest_table *table,
	const struct kp_host *host, const struct kp_manifest_place *where)
{
	for (size_t i = 0; i < table->row_count; i++) {
		struct kp_slice key = table->rows[i].key;
		check_row(table, &table->rows[i], host);
		if (!kp_slice_is(key, "*") && !supplied(mapping, key)) {
			kp_finding(host, where,
				"table '%.*s' has a row '%.*s', which is no field that "
				"this manifest supplies",
				KP_SLICE_ARG(table->name), KP_SLICE_ARG(key));
		}
	}
}

static enum kp_status
add_table(struct kp_arena *arena, const struct kp_mapping *mapping,
	const struct kp_manifest_table *table, struct kp_field_name_list *ret)
{
	struct kp_slice name;
	size_t count = 0;
	for (uint32_t i = 0; i < mapping->field_count; i++) {
		struct kp_slice rest = names_of(
			kp_manifest_table_find(table, mapping->fields[i]->field->field));
		while (take_name(&rest, &name)) {
			count++;
		}
	}
	struct pairs pairs = {.at = KP_ARENA_ARRAY(arena, struct pair, count + 1)};
	if (pairs.at == NULL) {
		return KP_E_MEMORY;
	}
	for (uint32_t i = 0; i < mapping->field_count; i++) {
		const struct kp_leaf *leaf = mapping->fields[i];
		struct kp_slice rest =
			names_of(kp_manifest_table_find(table, leaf->field->field));
		while (take_name(&rest, &name)) {
			add_pair(&pairs, name, leaf->cell);
		}
	}
	return make_list(arena, &pairs, ret);
}

enum kp_status
kp_field_names_add(struct kp_arena *arena, struct kp_field_names *names,
	const struct kp_template *compiled, const struct kp_host *host,
	const struct kp_manifest_place *where)
{
	const struct kp_mapping *mapping = names->mapping;
	enum kp_status status = KP_OK;
	for (size_t i = 0; i < compiled->part_count && status == KP_OK; i++) {
		const struct kp_template_part *part = &compiled->parts[i];
		if (part->name != KP_TEMPLATE_FIELDS || part->table == NULL) {
			continue;
		}
		struct kp_field_name_list *list =
			&names->translated[part->table - mapping->manifest->tables];
		if (list->names == NULL) {
			check_table(mapping, part->table, host, where);
			status = add_table(arena, mapping, part->table, list);
		}
	}
	return status;
}

/* Asking. */

static bool
wanted(const struct kp_need *need, uint32_t cell)
{
	return cell == ALWAYS ||
		(cell / 64 < need->cell_words && kp_bits_has(need->cells, cell));
}

bool
kp_field_names_next(void *context, const struct kp_template_part *part, size_t *position,
	struct kp_slice *ret_name)
{
	const struct kp_field_names_asked *asked = context;
	const struct kp_field_names *names = asked->names;
	const struct kp_field_name_list *list = part->table != NULL
		? &names->translated[part->table - names->mapping->manifest->tables]
		: part->name == KP_TEMPLATE_EMBEDDED ? &names->embedded
						     : &names->plain;
	while (*position < list->count) {
		const struct kp_field_name *name = &list->names[(*position)++];
		if (wanted(asked->need, name->cell)) {
			*position = name->end;
			*ret_name = name->text;
			return true;
		}
	}
	return false;
}
