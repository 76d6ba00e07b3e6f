/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_relations: the relationships of a part (ECMA-376 part 2, 6.5): which other parts
 * it leads to. What leads out of the package is not there. */
#ifndef KP_SHEET_SHEET_RELATIONS_H
#define KP_SHEET_SHEET_RELATIONS_H

#include "core/arena.h"
#include "sheet/sheet_archive.h"

#define KP_SHEET_RELATIONS_MAX 1024u

struct kp_sheet_relation {
	struct kp_slice id;
	struct kp_slice type;
	struct kp_slice part; /* name in the archive */
};

struct kp_sheet_relations {
	struct kp_sheet_relation *items;
	unsigned count;
};

/* Of the part `source`, or of the package when that is empty; all in `arena`. */
enum kp_status kp_sheet_relations_read(struct kp_sheet_archive *archive,
	struct kp_slice source, struct kp_arena *arena,
	struct kp_sheet_relations *ret_relations, struct kp_error *err) KP_MUST_USE;

/* The first whose type ends with `kind` ("/worksheet"), and with that id unless it is
 * empty; NULL when there is none. */
const struct kp_sheet_relation *kp_sheet_relations_find(
	const struct kp_sheet_relations *relations, const char *kind, struct kp_slice id);

#endif
