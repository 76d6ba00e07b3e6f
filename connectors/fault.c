/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fault: see fault.h. */
#include "connectors/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
kp_fault_set(struct kp_fault *fault, const char *place, const char *format, ...)
{
	memset(fault, 0, sizeof(*fault));
	(void)snprintf(fault->place, sizeof(fault->place), "%s", place);
	va_list args;
	va_start(args, format);
	(void)vsnprintf(fault->message, sizeof(fault->message), format, args);
	va_end(args);
	return KP_FAIL;
}

static const char no_memory[] = "no memory is left";

int
kp_fault_memory(struct kp_fault *fault)
{
	return kp_fault_set(fault, "", "%s", no_memory);
}

bool
kp_fault_is_memory(const struct kp_fault *fault)
{
	return strcmp(fault->message, no_memory) == 0;
}
