/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * delivery_name: what the name of a file says of a delivery, by a pattern with yyyymmdd
 * for its day and {volgnummer} for its number in a series (1 to 9 digits). Pure.
 */
#ifndef KP_SOURCE_DELIVERY_NAME_H
#define KP_SOURCE_DELIVERY_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"

struct kp_delivery_name {
	bool dated;
	uint32_t day; /* yyyymmdd, one that there is; 0: not in the pattern */
	bool numbered;
	uint32_t number;
};

/* False when the name is not the pattern's. Each word counts once; the first. */
bool kp_delivery_name_read(
	struct kp_slice pattern, struct kp_slice name, struct kp_delivery_name *ret_name);

/* Earlier, the same or later: by number where both have one, else by day. */
int kp_delivery_name_compare(
	const struct kp_delivery_name *a, const struct kp_delivery_name *b);

#endif
