/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* serve_deliveries: the part of /metrics about partners' deliveries. */
#ifndef KP_SERVE_DELIVERIES_H
#define KP_SERVE_DELIVERIES_H

#include "core/buffer.h"
#include "source/source.h"

/* Any thread. */
void kp_serve_deliveries_write(
	const struct kp_source_set *sources, int64_t now_ms, struct kp_buffer *buffer);

#endif
