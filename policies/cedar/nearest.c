/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* nearest: the known word an author probably meant. */
#include "core/nearest.h"

#include "names.h"

const char *
kp_cedar_nearest(struct kp_slice word, const char *const *known, size_t known_count)
{
	return kp_nearest_of(word, known, known_count).data;
}
