/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* field_names: see field_names.h. */
#include "connectors/rest/field_names.h"

#include <string.h>

#include "connectors/finding.h"
#include "core/bits.h"

/* Names in one row of a table. */
#define PARTS_MAX ((size_t)16)

static bool
asked(const struct kp_field_names *names, uint32_t index)
{
	const struct kp_leaf *leaf = names->mapping->fields[index];
	return leaf->ask.len > 0 && leaf->cell / 64 < names->need->cell_words &&
		kp_bits_has(names->need->cells, leaf->cell);
}

static bool
asked_before(const struct kp_field_names *names, uint32_t index)
{
	const struct kp_mapping *mapping = names->mapping;
	struct kp_slice ask = mapping->fields[index]->ask;
	if (kp_slice_equal(ask, mapping->subject_ask)) {
		return true;
	}
	for (uint32_t i = 0; i < index; i++) {
		if (kp_slice_equal(mapping->fields[i]->ask, ask) && asked(names, i)) {
			return true;
		}
	}
	return false;
}

/* What HAL embeds is asked apart, where the manifest has a place for it. */
static bool
take_name(const struct kp_field_names *names, uint32_t index, bool embedded,
	struct kp_slice *ret_name)
{
	struct kp_slice ask = names->mapping->fields[index]->ask;
	bool apart = names->embeds && kp_slice_starts(ask, KP_SLICE("_embedded."));
	if (apart != embedded || !asked(names, index) || asked_before(names, index)) {
		return false;
	}
	size_t skip = embedded ? sizeof("_embedded.") - 1 : 0;
	*ret_name = (struct kp_slice){ask.data + skip, ask.len - skip};
	return true;
}

/* The subject stands at 0, field i at i + 1. */
static bool
next_of(const struct kp_field_names *names, size_t *position, bool embedded,
	struct kp_slice *ret_name)
{
	const struct kp_mapping *mapping = names->mapping;
	while (*position <= mapping->field_count) {
		size_t at = (*position)++;
		if (at > 0 && take_name(names, (uint32_t)(at - 1), embedded, ret_name)) {
			return true;
		}
		if (at == 0 && !embedded && mapping->subject_ask.len > 0) {
			*ret_name = mapping->subject_ask;
			return true;
		}
	}
	return false;
}

bool
kp_field_names_next(void *context, size_t *position, struct kp_slice *ret_name)
{
	return next_of(context, position, false, ret_name);
}

bool
kp_field_names_embedded(void *context, size_t *position, struct kp_slice *ret_name)
{
	return next_of(context, position, true, ret_name);
}

/* Number `part` of the texts between commas; false when there are no more. */
static bool
part_of(struct kp_slice text, size_t part, struct kp_slice *ret_part)
{
	while (text.len > 0) {
		const char *comma = memchr(text.data, ',', text.len);
		size_t len = comma == NULL ? text.len : (size_t)(comma - text.data);
		if (part-- == 0) {
			*ret_part = (struct kp_slice){text.data, len};
			return true;
		}
		len += comma == NULL ? 0 : 1;
		text = (struct kp_slice){text.data + len, text.len - len};
	}
	return false;
}

static bool
wanted(const struct kp_field_names *names, uint32_t index)
{
	const struct kp_leaf *leaf = names->mapping->fields[index];
	return leaf->cell / 64 < names->need->cell_words &&
		kp_bits_has(names->need->cells, leaf->cell);
}

/* Part `position % PARTS_MAX` of what the table says for field `position / PARTS_MAX`. */
static bool
translation(const struct kp_field_names *names, const struct kp_manifest_table *table,
	size_t position, struct kp_slice *ret_part)
{
	uint32_t index = (uint32_t)(position / PARTS_MAX);
	const struct kp_manifest_row *row = wanted(names, index)
		? kp_manifest_table_find(
			  table, names->mapping->fields[index]->field->field)
		: NULL;
	return row != NULL && part_of(row->text, position % PARTS_MAX, ret_part);
}

bool
kp_field_names_translated(void *context, const struct kp_manifest_table *table,
	size_t *position, struct kp_slice *ret_name)
{
	const struct kp_field_names *names = context;
	size_t end = (size_t)names->mapping->field_count * PARTS_MAX;
	while (*position < end) {
		size_t at = (*position)++;
		struct kp_slice before;
		bool fresh = translation(names, table, at, ret_name);
		for (size_t i = 0; i < at && fresh; i++) {
			fresh = !translation(names, table, i, &before) ||
				!kp_slice_equal(before, *ret_name);
		}
		if (fresh) {
			return true;
		}
	}
	return false;
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

void
kp_field_names_check(const struct kp_mapping *mapping, const struct kp_template *compiled,
	const struct kp_host *host, const struct kp_manifest_place *where)
{
	for (size_t i = 0; i < compiled->part_count; i++) {
		const struct kp_template_part *part = &compiled->parts[i];
		const struct kp_manifest_table *table =
			part->name == KP_TEMPLATE_FIELDS ? part->table : NULL;
		for (size_t j = 0; table != NULL && j < table->row_count; j++) {
			struct kp_slice key = table->rows[j].key;
			if (!kp_slice_is(key, "*") && !supplied(mapping, key)) {
				kp_finding(host, where,
					"table '%.*s' has a row '%.*s', which is no "
					"field "
					"that this manifest supplies",
					KP_SLICE_ARG(table->name), KP_SLICE_ARG(key));
			}
		}
	}
}
