/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source_inherit: what of a source outlives a reload. See source.h. */
#include <string.h>

#include "source/source_private.h"

static bool
same_source(const struct kp_source_private *a, const struct kp_source_private *b)
{
	return a->store != NULL && b->store != NULL && a->connector == b->connector &&
		kp_slice_equal(a->text, b->text) && strcmp(a->path, b->path) == 0 &&
		kp_slice_equal(a->delivery_anchors, b->delivery_anchors);
}

void
kp_source_set_inherit(struct kp_source_set *set, const struct kp_source_set *before)
{
	for (size_t i = 0; i < set->count; i++) {
		for (size_t j = 0; j < before->count; j++) {
			struct kp_source_private *own = set->sources[i].private;
			const struct kp_source_private *old = before->sources[j].private;
			if (same_source(own, old)) {
				kp_file_store_inherit(own->store, old->store);
			}
			if (kp_slice_equal(
				    set->sources[i].name, before->sources[j].name)) {
				kp_source_tables_inherit(own, old);
			}
		}
	}
}
