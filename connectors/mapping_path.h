/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* mapping_path: the paths of a manifest, walked while the tree of names is made. What
 * mapping.c and mapping_path.c share. */
#ifndef KP_CONNECTORS_MAPPING_PATH_H
#define KP_CONNECTORS_MAPPING_PATH_H

#include "connectors/mapping.h"

struct kp_mapping_compiler {
	struct kp_arena *arena;
	const struct kp_host *host;
	struct kp_mapping *mapping;
	uint32_t field_capacity;
	bool memory;
};

/* A path, as it is walked. */
struct kp_mapping_path {
	struct kp_node *node;
	struct kp_node *labelled; /* the element with [label=text] */
	struct kp_node *label_node;
	struct kp_slice label;
	struct kp_node *up; /* XML: where "../" led */
	unsigned depth;
};

/* NULL when no memory is left, or no more nodes may be made. */
struct kp_node *kp_mapping_node(struct kp_mapping_compiler *compiler,
	struct kp_node *parent, struct kp_slice name);

/* Walks the path from `from`, making what is not there; NULL when the path is wrong. */
struct kp_node *kp_mapping_walk(struct kp_mapping_compiler *compiler,
	struct kp_node *from, struct kp_slice path,
	const struct kp_manifest_place *place);
/* The same for the path of a field, which may have [label=text] or ../ in it: fills `at`;
 * at->node is NULL when the path is wrong. */
void kp_mapping_walk_field(struct kp_mapping_compiler *compiler, struct kp_node *from,
	struct kp_slice path, const struct kp_manifest_place *place,
	struct kp_mapping_path *at);

/* The node's text is to be captured. Accepts NULL. */
void kp_mapping_capture(struct kp_mapping_compiler *compiler, struct kp_node *node);

#endif
