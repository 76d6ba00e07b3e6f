/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* table_log: logs what happens to code tables that are fetched from partners. */
#ifndef KP_TABLE_LOG_H
#define KP_TABLE_LOG_H

#include "core/log.h"
#include "source/table.h"

/* A kp_table_fn; `context` is a kp_logger, or NULL. */
void kp_table_log(void *context, const struct kp_table_event *event);

#endif
