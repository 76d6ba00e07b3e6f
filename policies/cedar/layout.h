/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * layout: text that knows where it may be broken, set within a width. After Wadler, "A
 * prettier printer" (2003): a group is written on one line when it fits, else each of its
 * own breaks becomes a new line.
 */
#ifndef KP_CEDAR_LAYOUT_H
#define KP_CEDAR_LAYOUT_H

#include "core/arena.h"
#include "core/buffer.h"

/* Makes nodes. Lifetime: as its arena. */
struct kp_cedar_layout {
	struct kp_arena *arena;
	size_t node_count;
	bool failed; /* no memory left; every later node is NULL */
};

struct kp_cedar_block; /* NULL is the empty one */

/* The text as it is; borrowed. */
const struct kp_cedar_block *kp_cedar_layout_text(
	struct kp_cedar_layout *layout, struct kp_slice text);
/* A new line; on one line a space, or nothing. */
const struct kp_cedar_block *kp_cedar_layout_line(struct kp_cedar_layout *layout);
const struct kp_cedar_block *kp_cedar_layout_softline(struct kp_cedar_layout *layout);
/* Always a new line; a group with one in it is never on one line. */
const struct kp_cedar_block *kp_cedar_layout_hardline(struct kp_cedar_layout *layout);
const struct kp_cedar_block *kp_cedar_layout_join(struct kp_cedar_layout *layout,
	const struct kp_cedar_block *first, const struct kp_cedar_block *second);
const struct kp_cedar_block *kp_cedar_layout_nest(struct kp_cedar_layout *layout,
	unsigned indent, const struct kp_cedar_block *block);
const struct kp_cedar_block *kp_cedar_layout_group(
	struct kp_cedar_layout *layout, const struct kp_cedar_block *block);

/* Sets the block within `width` columns. Sets layout->failed when memory runs out. */
void kp_cedar_layout_write(struct kp_cedar_layout *layout, size_t width,
	const struct kp_cedar_block *block, struct kp_buffer *out);

#endif
