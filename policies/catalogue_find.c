/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* catalogue_find: the lookups of catalogue.h. */
#include "core/bits.h"
#include "core/nearest.h"
#include "policies/catalogue.h"
#include "policies/name_index.h"

uint32_t
kp_catalogue_find_source(const struct kp_catalogue *catalogue, struct kp_slice name)
{
	return kp_name_index_find(&catalogue->index->sources, name);
}

uint32_t
kp_catalogue_find_section(const struct kp_catalogue *catalogue, struct kp_slice name)
{
	return kp_name_index_find(&catalogue->index->sections, name);
}

uint32_t
kp_catalogue_find_field(const struct kp_catalogue *catalogue, struct kp_slice path)
{
	return kp_name_index_find(&catalogue->index->fields, path);
}

uint32_t
kp_catalogue_find_cell(
	const struct kp_catalogue *catalogue, uint32_t field, uint32_t source)
{
	if (field >= catalogue->field_count) {
		return KP_NO_ID;
	}
	const struct kp_field *found = &catalogue->fields[field];
	for (uint32_t i = 0; i < found->cell_count; i++) {
		if (catalogue->cells[found->first_cell + i].source == source) {
			return found->first_cell + i;
		}
	}
	return KP_NO_ID;
}

/* Is `path` the field's path, or does it end at one of the field's dots? */
static bool
is_above(struct kp_slice path, struct kp_slice field_path)
{
	return kp_slice_starts(field_path, path) &&
		(field_path.len == path.len || field_path.data[path.len] == '.');
}

bool
kp_catalogue_select(
	const struct kp_catalogue *catalogue, struct kp_slice path, uint64_t *fields)
{
	struct kp_slice rest = path;
	uint32_t id = kp_catalogue_find_section(catalogue, kp_slice_cut(&rest, '.'));
	if (id == KP_NO_ID) {
		return false;
	}
	const struct kp_section *section = &catalogue->sections[id];
	bool any = false;
	for (uint32_t i = 0; i < section->field_count; i++) {
		const struct kp_field *field =
			&catalogue->fields[section->first_field + i];
		if (is_above(path, field->path)) {
			kp_bits_set(fields, field->id);
			any = true;
		}
	}
	return any;
}

struct kp_slice
kp_catalogue_nearest(const struct kp_catalogue *catalogue, struct kp_slice path)
{
	struct kp_nearest nearest;
	kp_nearest_begin(&nearest, path);
	for (uint32_t i = 0; i < catalogue->section_count; i++) {
		kp_nearest_offer(&nearest, catalogue->sections[i].name);
	}
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		struct kp_slice field = catalogue->fields[i].path;
		for (size_t len = 0; len < field.len; len++) {
			if (field.data[len] == '.') {
				kp_nearest_offer(
					&nearest, (struct kp_slice){field.data, len});
			}
		}
		kp_nearest_offer(&nearest, field);
	}
	return nearest.best;
}
