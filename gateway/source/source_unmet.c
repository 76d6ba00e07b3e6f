/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source_unmet: sources that wait for what nobody else can tell; see source.h. */
#include "core/bits.h"
#include "source/source_private.h"

static bool
another_gives(const struct kp_source_set *set, const struct kp_source *waiting,
	const struct kp_field *field)
{
	for (size_t i = 0; i < kp_source_set_count(set); i++) {
		const struct kp_source *source = kp_source_set_get(set, i);
		for (uint32_t j = 0; source != waiting && j < field->cell_count; j++) {
			if (kp_bits_has(source->offers, field->first_cell + j)) {
				return true;
			}
		}
	}
	return false;
}

static void
find_unmet(const struct kp_source_set *set, const struct kp_source *source,
	struct kp_findings *findings)
{
	const struct kp_source_private *private = source->private;
	for (size_t i = 0; i < source->need_count; i++) {
		const struct kp_field *field =
			&private->catalogue->fields[source->needs[i]];
		if (another_gives(set, source, field)) {
			continue;
		}
		struct kp_error err = {0};
		(void)kp_error_set(&err, KP_OK,
			"'%.*s' is never asked: it waits for '%.*s', which no other "
			"source here supplies",
			KP_SLICE_ARG(source->name), KP_SLICE_ARG(field->path));
		const struct kp_manifest_place *place = private->need_places[i];
		kp_error_at(
			&err, private->file, place->line, place->column, place->pointer);
		kp_findings_add(findings, &err);
	}
}

void
kp_source_set_find_unmet(const struct kp_source_set *set, struct kp_findings *findings)
{
	for (size_t i = 0; i < kp_source_set_count(set); i++) {
		find_unmet(set, kp_source_set_get(set, i), findings);
	}
}
