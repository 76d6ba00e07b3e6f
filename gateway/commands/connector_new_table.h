/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new_table: what the two ways to a table share, libpq (connector_new_table.c)
 * and ODBC (connector_new_odbc.c). */
#ifndef KP_COMMANDS_CONNECTOR_NEW_TABLE_H
#define KP_COMMANDS_CONNECTOR_NEW_TABLE_H

#include "commands/connector_new.h"
#include "core/buffer.h"
#include "io/probe_postgres.h"

/* In the arena. */
struct kp_new_table {
	const char *schema; /* empty: none is named */
	const char *table;
	const char *quote; /* on both sides of a name; in it twice */
	bool casts;        /* numbers are not compared with texts; then it has bigint */
	struct kp_probe_column *columns;
	size_t column_count;
};

/* "[schema.]table"; names the query too. NULL without memory. */
struct kp_new_table *kp_new_table_of(
	struct kp_new *new, const char *name, const char *schema);
/* The text is in the buffer, quoted. */
void kp_new_add_table_name(struct kp_buffer *text, const struct kp_new_table *table);
/* What the manifest of any database begins with. Takes the reference on `endpoint`. */
void kp_new_set_database(struct kp_new *new, json_t *endpoint, const char *access_kind);
/* Its columns are known: they become the shape, and the statement follows from what is
 * proposed. */
void kp_new_use_table(struct kp_new *new, struct kp_new_table *table);

#endif
