/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * rows: how the rows of a table become fields. Shared by the connectors whose partners
 * answer in rows (file, sql): the manifest names columns, a row of one table fills single
 * sections once and list sections each time. Pure.
 */
#ifndef KP_CONNECTORS_ROWS_H
#define KP_CONNECTORS_ROWS_H

#include "connectors/manifest.h"

#define KP_ROW_NO_COLUMN SIZE_MAX

/* A column of the manifest and what is done with it. */
struct kp_row_field {
	const struct kp_manifest_field *field;
	uint32_t cell;
	struct kp_slice column;     /* empty with a constant */
	struct kp_slice unreadable; /* remark for the reader */
};

/* The fields that one row fills: of all single sections, or of one list section. */
struct kp_row_group {
	uint32_t section;         /* UINT32_MAX: single sections */
	struct kp_slice table;    /* query the rows come from; empty for files */
	struct kp_slice valid_on; /* column; may be empty */
	struct kp_row_field *fields;
	size_t field_count;
};

struct kp_row_groups {
	struct kp_row_group *items;
	size_t count;
};

/*
 * The groups of a manifest's response, in `arena`; what is wrong goes to the host. With
 * `by_table` a single field's path is "table.column" and a list's `items` names its
 * table. False without memory.
 */
bool kp_row_groups_build(struct kp_arena *arena, const struct kp_host *host,
	const struct kp_manifest *manifest, bool by_table,
	struct kp_row_groups *groups) KP_MUST_USE;

/* Adds every cell of the groups. */
void kp_row_groups_offer(
	const struct kp_row_groups *groups, uint64_t *cells, uint32_t cell_words);

/* Where a group's columns stand in a table. */
struct kp_row_columns {
	size_t *fields; /* KP_ROW_NO_COLUMN for constants */
	size_t valid_on;
};

/* The place of a column by its name (white space around names does not count); an empty
 * name is KP_ROW_NO_COLUMN. False with the fault when there is none. */
bool kp_row_column_find(const struct kp_slice *names, size_t count, struct kp_slice name,
	const char *place, size_t *ret_column, struct kp_fault *fault) KP_MUST_USE;
bool kp_row_columns_find(struct kp_arena *arena, const struct kp_row_group *group,
	const struct kp_slice *names, size_t count, const char *place,
	struct kp_row_columns *columns, struct kp_fault *fault) KP_MUST_USE;

/* One value of a row. */
struct kp_row_value {
	struct kp_slice text; /* empty: there is none */
	bool json;            /* a number, true or false, as the source wrote it */
	bool unreadable;      /* the source has something there, but no value */
};

/* Is any cell of the group wanted? */
bool kp_row_group_wanted(const struct kp_row_group *group, const struct kp_need *need);

/*
 * Hands the wanted values of a row to the sink; a list section gets an item when the row
 * holds anything wanted. `first`: it is the table's first row about the person. False
 * when the sink says stop.
 */
bool kp_row_send(const struct kp_row_group *group, const struct kp_row_columns *columns,
	const struct kp_row_value *values, size_t count, bool first,
	const struct kp_need *need, const struct kp_sink *sink) KP_MUST_USE;

/* A bsn as nine digits, leading zeros put back; empty when it is none. */
#define KP_BSN_DIGITS 9
struct kp_slice kp_bsn_normal(struct kp_slice text, char out[KP_BSN_DIGITS]);

#endif
