/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* nearest: the known word an author probably meant, for "did you mean". */
#ifndef KP_CORE_NEAREST_H
#define KP_CORE_NEAREST_H

#include <stddef.h>

#include "core/slice.h"

/* Longer words are not worth a suggestion. */
#define KP_NEAREST_WORD_MAX 64

/* State of one search. Lifetime: the caller's; what it points to is borrowed. */
struct kp_nearest {
	struct kp_slice word;
	struct kp_slice best; /* data is NULL while nothing is near enough */
	size_t best_distance;
};

/* Begins a search for the candidate nearest to `word`: edit distance, with a bound that
 * grows with the word's length; upper and lower case of a letter count as equal. */
void kp_nearest_begin(struct kp_nearest *nearest, struct kp_slice word);
/* Looks at one candidate; of equally near ones the first wins. */
void kp_nearest_offer(struct kp_nearest *nearest, struct kp_slice candidate);

/* Begin, offer all, best: a slice with NULL data when none is near enough. */
struct kp_slice kp_nearest_of(
	struct kp_slice word, const char *const *known, size_t known_count);

#endif
