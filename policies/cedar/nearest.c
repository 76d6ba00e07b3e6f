/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* nearest: the known word an author probably meant. */
#include <string.h>

#include "names.h"

/* Longer words are not worth a suggestion. */
#define WORD_MAX 64

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;
	return least < c ? least : c;
}

/* Lower and upper case of one letter are as good as equal. */
static bool
same_letter(char a, char b)
{
	bool letters = ((a | 0x20) >= 'a') && ((a | 0x20) <= 'z');
	return a == b || (letters && (a | 0x20) == (b | 0x20));
}

/* Levenshtein distance; both at most WORD_MAX long. */
static size_t
edit_distance(struct kp_slice a, struct kp_slice b)
{
	size_t row[WORD_MAX + 1];
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

const char *
kp_cedar_nearest(struct kp_slice word, const char *const *known, size_t known_count)
{
	if (word.len > WORD_MAX) {
		return NULL;
	}
	const char *best = NULL;
	size_t best_distance = 1 + word.len / 3;
	for (size_t i = 0; i < known_count; i++) {
		struct kp_slice candidate = kp_slice_from(known[i]);
		if (candidate.len > WORD_MAX) {
			continue;
		}
		size_t distance = edit_distance(word, candidate);
		if (distance < best_distance ||
			(best == NULL && distance <= best_distance)) {
			best = known[i];
			best_distance = distance;
		}
	}
	return best;
}
