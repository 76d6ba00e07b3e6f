/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* mapping_guides: which nodes of a mapping an answer is looked at for: what every answer
 * is, and the way to one field. See mapping.h. */
#include "connectors/mapping.h"

struct marking {
	unsigned char *marks; /* by node id */
	bool codes_only;
};

static void
mark(unsigned char *marks, const struct kp_node *node)
{
	for (; node != NULL && marks[node->id] == 0; node = node->parent) {
		marks[node->id] = 1;
	}
}

void
kp_mapping_mark(unsigned char *marks, const struct kp_leaf *leaf)
{
	mark(marks, leaf->node);
	mark(marks, leaf->sign);
	mark(marks, leaf->incomplete);
	mark(marks, leaf->label_node);
	if (leaf->inherits_from != NULL) {
		mark(marks, leaf->item);
	}
}

/* Depth is bounded by kp_mapping_walk(). */
static void
mark_roles(const struct marking *marking, const struct kp_node *node)
{
	for (const struct kp_leaf *leaf = node->leaves; leaf != NULL; leaf = leaf->next) {
		bool code = leaf->role == KP_LEAF_OUTCOME;
		if (leaf->role != KP_LEAF_FIELD && (code || !marking->codes_only)) {
			mark(marking->marks, node);
		}
	}
	for (const struct kp_leaf *leaf = node->closing; leaf != NULL;
		leaf = leaf->next_closing) {
		if (leaf->role != KP_LEAF_FIELD) {
			kp_mapping_mark(marking->marks, leaf);
		}
	}
	for (const struct kp_node *at = node->children; at != NULL; at = at->sibling) {
		mark_roles(marking, at);
	}
	if (node->element != NULL) {
		mark_roles(marking, node->element);
	}
}

enum kp_status
kp_mapping_make_guides(struct kp_arena *arena, struct kp_mapping *mapping)
{
	struct marking all = {
		.marks = KP_ARENA_ARRAY(arena, unsigned char, mapping->node_count)};
	struct marking codes = {
		.marks = KP_ARENA_ARRAY(arena, unsigned char, mapping->node_count),
		.codes_only = true};
	if (all.marks == NULL || codes.marks == NULL) {
		return KP_E_MEMORY;
	}
	mark_roles(&all, mapping->top);
	mark(all.marks, mapping->root);
	mark(all.marks, mapping->rows);
	mark_roles(&codes, mapping->top);
	mapping->guides = all.marks;
	mapping->code_guides = codes.marks;
	return KP_OK;
}
