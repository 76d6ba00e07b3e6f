/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fault: the small things every connector's open and calls say. */
#ifndef KP_CONNECTORS_FAULT_H
#define KP_CONNECTORS_FAULT_H

#include "connectors/manifest.h"

/* Sets a fault: the message by printf's rules. Returns KP_FAIL. */
int kp_fault_set(struct kp_fault *fault, const char *place, const char *format, ...)
	KP_PRINTF(3, 4);
/* "no memory is left". Returns KP_FAIL. */
int kp_fault_memory(struct kp_fault *fault);
bool kp_fault_is_memory(const struct kp_fault *fault);

#endif
