/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* nearest: see nearest.h. */
#include "core/nearest.h"

#include <stdbool.h>

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;
	return least < c ? least : c;
}

static bool
same_letter(char a, char b)
{
	bool letters = ((a | 0x20) >= 'a') && ((a | 0x20) <= 'z');
	return a == b || (letters && (a | 0x20) == (b | 0x20));
}

/* Levenshtein distance; both at most KP_NEAREST_WORD_MAX long. */
static size_t
edit_distance(struct kp_slice a, struct kp_slice b)
{
	size_t row[KP_NEAREST_WORD_MAX + 1];
	for (size_t j = 0; j <= b.len; j++) {
		row[j] = j;
	}
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t above = row[j];
			size_t cost = same_letter(a.data[i - 1], b.data[j - 1]) ? 0 : 1;
			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + cost);
			diagonal = above;
		}
	}
	return row[b.len];
}

void
kp_nearest_begin(struct kp_nearest *nearest, struct kp_slice word)
{
	*nearest = (struct kp_nearest){.word = word, .best_distance = 1 + word.len / 3};
}

void
kp_nearest_offer(struct kp_nearest *nearest, struct kp_slice candidate)
{
	if (nearest->word.len > KP_NEAREST_WORD_MAX ||
		candidate.len > KP_NEAREST_WORD_MAX || candidate.len == 0) {
		return;
	}
	size_t distance = edit_distance(nearest->word, candidate);
	if (distance < nearest->best_distance ||
		(nearest->best.data == NULL && distance <= nearest->best_distance)) {
		nearest->best = candidate;
		nearest->best_distance = distance;
	}
}

struct kp_slice
kp_nearest_of(struct kp_slice word, const char *const *known, size_t known_count)
{
	struct kp_nearest nearest;
	kp_nearest_begin(&nearest, word);
	for (size_t i = 0; i < known_count; i++) {
		kp_nearest_offer(&nearest, kp_slice_from(known[i]));
	}
	return nearest.best;
}
