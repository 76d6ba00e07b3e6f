/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_tables: code tables that a source fetches, for who connects it: recorded ones
 * in their place, and what became of them. */
#ifndef KP_COMMANDS_CONNECTOR_TABLES_H
#define KP_COMMANDS_CONNECTOR_TABLES_H

#include "commands/connector_load.h"

#define KP_CONNECTOR_TABLES_MAX 16
/* With kp_table_view.next_absent. */
#define KP_CONNECTOR_NEXT_DOUBT                                                          \
	"the answer has no member with which that path begins, so it counts as the "     \
	"last page; when the partner does not leave it out there, it has another name"

/* "name=file", each a recorded answer of the partner. Faults are said on standard error.
 */
bool kp_connector_record_tables(struct kp_connector_load *load,
	const struct kp_source *source, const char *const *tables, size_t count);

/* One line for each table, or as JSON: how many rows it has, or why there are none. */
void kp_connector_write_tables(
	const struct kp_source *source, bool json, struct kp_buffer *buffer);

#endif
