/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* register_read: what reading the four registers has in common. */
#ifndef KP_POLICIES_REGISTER_READ_H
#define KP_POLICIES_REGISTER_READ_H

#include "core/json_document.h"
#include "policies/registers.h"
#include "policies/words.h"

/* One read. Lifetime: the call of the loader. */
struct kp_register_read {
	struct kp_arena *arena;
	struct kp_registers *registers;
	const struct kp_catalogue *catalogue; /* profiles only */
	struct kp_json_document document;
	size_t found_before;
};

/* Reads one entry of a list; false only when memory runs out. */
typedef bool (*kp_register_entry_fn)(
	struct kp_register_read *read, const struct kp_json_node *node);

/* Parses the text; KP_E_CONFIG, KP_E_MEMORY. */
enum kp_status kp_register_begin(struct kp_register_read *read, struct kp_arena *arena,
	const char *file, struct kp_slice text, struct kp_findings *findings,
	struct kp_registers *registers) KP_MUST_USE;
/* KP_E_CONFIG when this read added findings. */
enum kp_status kp_register_end(const struct kp_register_read *read) KP_MUST_USE;

/* The list `name` of the root: makes room for its entries in *ret_array (of `size` bytes
 * each) and in `index`. NULL when it is absent or too long (reported); `*ret_memory` is
 * false when memory ran out. */
const struct kp_json_node *kp_register_list(struct kp_register_read *read,
	const char *name, uint32_t count_max, size_t size, void **ret_array,
	struct kp_name_index *index, bool *ret_memory);
/* Calls `entry` for each item. False when memory runs out. */
bool kp_register_each(struct kp_register_read *read, const struct kp_json_node *list,
	kp_register_entry_fn entry);

/* Adds the name when it is new, else reports that it stands there twice. */
bool kp_register_add_name(struct kp_register_read *read, const struct kp_json_node *node,
	struct kp_name_index *index, struct kp_slice name, uint32_t id);
/* An entry of an id and its name in two languages, and no more. True when the id is new:
 * it then stands for `at`. */
bool kp_register_read_named(struct kp_register_read *read,
	const struct kp_json_node *node, struct kp_name_index *index, uint32_t at,
	struct kp_slice *ret_id, struct kp_slice *ret_name, struct kp_slice *ret_name_en);
/* The id of a name in an index; reports it with the nearest known one when it is not
 * there, and answers KP_NO_ID. */
uint32_t kp_register_resolve(struct kp_register_read *read,
	const struct kp_json_node *node, const struct kp_name_index *index,
	const char *what, struct kp_slice name);

#endif
