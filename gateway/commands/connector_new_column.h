/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new_column: what the values of one column of an export are, from looking at
 * some of them. Values are not kept. */
#ifndef KP_COMMANDS_CONNECTOR_NEW_COLUMN_H
#define KP_COMMANDS_CONNECTOR_NEW_COLUMN_H

#include "commands/connector_new.h"

#define KP_NEW_COLUMNS_MAX 512
#define KP_NEW_PATTERNS 6

/* What all values so far could be; zero at the start. */
struct kp_new_column {
	struct kp_slice name;
	uint32_t filled;
	uint32_t dates[KP_NEW_PATTERNS];
	uint32_t numbers;
	uint32_t answers; /* yes or no */
	uint32_t persons;
};

/* Digits, with nothing but points, commas and dashes between? */
bool kp_new_is_number(struct kp_slice text);
/* One more value; an empty one says nothing. */
void kp_new_column_look(struct kp_new_column *column, struct kp_slice text);
/* Sets type, date and bsn of the leaf. */
void kp_new_column_judge(const struct kp_new_column *column, struct kp_new_leaf *leaf);

/* The file of the manifest, when it is known which column has the client number. `more`:
 * members beside path and form. */
void kp_new_describe_file(
	struct kp_new *new, const char *path, const char *form, json_t *more);

#endif
