/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_log: logs what happens to partners' deliveries. */
#ifndef KP_DELIVERY_LOG_H
#define KP_DELIVERY_LOG_H

#include "core/log.h"
#include "source/delivery.h"

/* A kp_delivery_fn; `context` is a kp_logger, or NULL. */
void kp_delivery_log(void *context, const struct kp_delivery_event *event);

#endif
