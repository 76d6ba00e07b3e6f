/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* code_table_private: what the makers of code tables share. One thread. */
#ifndef KP_SOURCE_CODE_TABLE_PRIVATE_H
#define KP_SOURCE_CODE_TABLE_PRIVATE_H

#include "connectors/table_path.h"
#include "core/json_read.h"
#include "source/code_table.h"

struct kp_code_row {
	struct kp_slice code;
	struct kp_slice value;
};

/* What the walk through one page looks for at the place where it is: two paths at once,
 * `level` names deep in them; `alive` says for each depth which of the two lead there. */
struct kp_code_walk {
	const struct kp_table_path *paths[2];
	unsigned level;
	unsigned alive[KP_TABLE_PATH_NAMES_MAX + 1];
	unsigned met; /* paths that the last name goes on */
};

struct kp_code_table_build {
	const struct kp_manifest_fetch *fetch;
	struct kp_slice endpoint;
	struct kp_code_table *before;
	struct kp_code_table *table; /* under way */
	size_t rows;                 /* so far, with those of pages that are kept */
	size_t page_capacity;
	uint64_t bytes;
	bool changed; /* a page is not as it was */

	struct kp_table_path items;
	struct kp_table_path next;
	struct kp_table_path code;
	struct kp_table_path value;

	/* The page under way. */
	struct kp_arena scratch;
	struct kp_json_reader reader;
	struct kp_code_page page;
	struct kp_code_walk top;
	struct kp_code_walk item;
	bool in_items;
	unsigned item_depth; /* of an item's own braces */
	bool items_seen;
	bool next_met; /* the member with which its path begins */
	struct kp_slice link;
	struct kp_code_row row;
	bool value_null;
	const char *fault; /* why the events were stopped; NULL: no memory */
};

/* code_table_read.c: takes the events of one page. */
enum kp_json_verdict kp_code_table_take(void *context, const struct kp_json_token *token);
/* code_table.c: where the texts of rows are put, so that they are there once. */
struct kp_arena *kp_code_table_arena(struct kp_code_table_build *build);
/* A row whose texts lie there. False when a limit is reached or without memory; see
 * `fault`. */
bool kp_code_table_add(struct kp_code_table_build *build, const struct kp_code_row *row);

#endif
