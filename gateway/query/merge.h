/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * merge: many sources' values into one dossier. The catalogue's order of authority picks
 * the value shown; values that differ are kept as conflicts; items of a list are one item
 * when their key field is equal. Nothing is copied: the result points at what the
 * collectors kept.
 */
#ifndef KP_QUERY_MERGE_H
#define KP_QUERY_MERGE_H

#include "query/collect.h"
#include "query/shape.h"

struct kp_merged_item {
	struct kp_found **values; /* by field of the section; `other` leads to the rest */
	uint32_t same_key;        /* private: 1 + index of the next one; 0: none */
};

struct kp_merged_section {
	struct kp_merged_item *items; /* one in a single section */
	uint32_t item_count;
	size_t item_capacity;
};

struct kp_conflict {
	uint32_t section;
	uint32_t item;
	uint32_t field;
	const struct kp_found *values; /* by `other`, most authoritative first */
};

/* Lifetime: the arena of the request. */
struct kp_merged {
	struct kp_merged_section *sections; /* by section id */
	struct kp_conflict *conflicts;
	uint32_t conflict_count;
	size_t conflict_capacity;
	uint32_t value_count; /* shown */
	uint64_t value_bytes; /* of all values, for sizing the answer */
};

/* KP_E_MEMORY. Collectors with nothing in them are passed over. */
enum kp_status kp_merge(const struct kp_catalogue *catalogue,
	const struct kp_collect *const *collects, size_t count, struct kp_arena *arena,
	struct kp_merged *ret_merged) KP_MUST_USE;

#endif
