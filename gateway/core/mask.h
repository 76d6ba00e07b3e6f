/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * mask: finds what may be a burgerservicenummer in text, so that a log line or a record
 * never holds one by accident. A number of exactly nine digits that passes the
 * eleven-test (weights 9 8 7 6 5 4 3 2 -1, Besluit burgerservicenummer), also when dots,
 * spaces or dashes stand between its digits.
 */
#ifndef KP_CORE_MASK_H
#define KP_CORE_MASK_H

#include "core/slice.h"

/* Nine ASCII digits that pass the eleven-test? Not all zero. */
bool kp_bsn_valid(struct kp_slice digits);

/* Replaces every digit of such numbers in place by '*'. Returns how many there were. */
size_t kp_mask_bsn(char *text, size_t len);

/* Is there such a number in the text, as a whole or grouped? */
bool kp_bsn_within(struct kp_slice text);

#endif
