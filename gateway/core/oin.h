/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* oin: the organisatie-identificatienummer, by which government organisations name each
 * other. */
#ifndef KP_CORE_OIN_H
#define KP_CORE_OIN_H

#include "core/slice.h"

#define KP_OIN_LEN ((size_t)20)

/* KP_OIN_LEN ASCII digits? */
static inline bool
kp_is_oin(struct kp_slice text)
{
	size_t digits = 0;
	while (digits < text.len && text.data[digits] >= '0' &&
		text.data[digits] <= '9') {
		digits++;
	}
	return text.len == KP_OIN_LEN && digits == KP_OIN_LEN;
}

#endif
