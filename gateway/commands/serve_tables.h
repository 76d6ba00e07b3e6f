/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* serve_tables: how the code tables that are fetched from partners stand, for /metrics.
 */
#ifndef KP_COMMANDS_SERVE_TABLES_H
#define KP_COMMANDS_SERVE_TABLES_H

#include "core/buffer.h"
#include "source/source.h"

/* Only of sources that have such tables. */
void kp_serve_tables_write(
	const struct kp_source_set *sources, int64_t now_ms, struct kp_buffer *buffer);

#endif
