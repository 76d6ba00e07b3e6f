/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * table_path: where something stands in a code table that a partner publishes: names with
 * dots between; "[]" at the end, and nowhere else, is the array of the rows.
 */
#ifndef KP_CONNECTORS_TABLE_PATH_H
#define KP_CONNECTORS_TABLE_PATH_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/slice.h"

#define KP_TABLE_PATH_NAMES_MAX 8u

/* The names are parts of the text. */
struct kp_table_path {
	struct kp_slice names[KP_TABLE_PATH_NAMES_MAX];
	unsigned count; /* 0: the document itself, which only an array may be */
};

/* False when it is none, has more names, or has an array where none is meant. */
bool kp_table_path_read(
	struct kp_slice text, bool array, struct kp_table_path *ret_path) KP_MUST_USE;

#endif
