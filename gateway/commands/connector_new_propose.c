/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new_propose: which leaf is which field. Names and labels are compared in
 * words; the likest pairs are taken first, each leaf and each field once. A section that
 * is a list takes its fields from one array.
 */
#include <stdlib.h>
#include <string.h>

#include "commands/connector_new.h"

#define PERCENT_MIN 66u
#define PAIRS_MAX ((size_t)100000)
#define SCRATCH_BYTES_MAX ((size_t)64 << 20)

struct pair {
	uint32_t leaf;
	uint32_t field;
	unsigned percent;
	const char *basis;
};

/* A name in the words of its last part, of its last two, and of all. */
struct named {
	struct kp_new_words last;
	struct kp_new_words own; /* of its last part, without those of the parts before:
				    Vordering/CdStatusVordering */
	struct kp_new_words last_two;
	struct kp_new_words all;
	struct kp_new_words section; /* of a field */
	bool code;                   /* its last part says that it is one */
	struct kp_new_words label;
	struct kp_new_words label_en;
};

/* Names that say nothing of what they hold: the part before them counts. */
static const char *const generic[] = {"code", "omschrijving", "waarde", "value",
	"description", "datum", "naam", "name", "type", "soort", "nummer", "bedrag"};

static bool
is_generic(struct kp_slice name)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(generic); i++) {
		if (kp_slice_is(name, generic[i])) {
			return true;
		}
	}
	return false;
}

/* Parts from the end. */
static struct kp_slice
take_last(struct kp_slice *path, char separator)
{
	size_t at = path->len;
	while (at > 0 && path->data[at - 1] != separator) {
		at--;
	}
	struct kp_slice last = {path->data + at, path->len - at};
	path->len = at > 0 ? at - 1 : 0;
	return last;
}

/* What the message is called says nothing of what is in it. */
static struct kp_slice
below_first(struct kp_slice path)
{
	const char *slash = memchr(path.data, '/', path.len);
	size_t len = slash == NULL ? 0 : (size_t)(slash + 1 - path.data);
	return (struct kp_slice){path.data + len, path.len - len};
}

/* An amount is often an element of its own with the value in it. */
static struct kp_slice
without_wrapper(struct kp_slice path, char separator)
{
	struct kp_slice rest = path;
	return separator != 0 && kp_slice_is(take_last(&rest, separator), "WaardeBedr") &&
			rest.len > 0
		? rest
		: path;
}

/* What the last part says that those before it do not: of Vordering/CdStatusVordering the
 * status. When that is nothing, what the one before it says: SzWet/CdSzWet. */
static void
own_words(struct kp_arena *arena, struct kp_slice path, char separator,
	struct kp_new_words *ret_own)
{
	struct kp_slice rest = without_wrapper(path, separator);
	bool repeated = rest.len < path.len;
	while (separator != 0 && ret_own->count == 0 && rest.len > 0) {
		struct kp_new_words words = {0};
		struct kp_new_words around = {0};
		kp_new_split(arena, take_last(&rest, separator), &words);
		kp_new_split(arena, rest, &around);
		kp_new_words_left(&words, &around, ret_own);
		if (ret_own->count == words.count && !repeated) {
			*ret_own = (struct kp_new_words){0};
			return; /* it is the same as the last part */
		}
		repeated = true;
	}
}

static void
name_words(struct kp_arena *arena, struct kp_slice path, char separator,
	struct named *ret_named)
{
	struct kp_slice rest = path;
	struct kp_slice last = separator == 0 ? path : take_last(&rest, separator);
	kp_new_split(arena, last, &ret_named->last);
	kp_new_split(arena, last, &ret_named->last_two);
	kp_new_split(arena, separator == '/' ? below_first(path) : path, &ret_named->all);
	if (separator != 0 && rest.len > 0) {
		struct kp_slice before = take_last(&rest, separator);
		kp_new_split(arena, before, &ret_named->last_two);
		if (is_generic(last)) {
			ret_named->last = ret_named->last_two;
		}
	}
	own_words(arena, path, separator, &ret_named->own);
	ret_named->code = kp_new_has_word(&ret_named->last, "code");
}

static unsigned
max_of(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static bool
types_fit(enum kp_field_type wanted, enum kp_new_type has)
{
	switch (has) {
	case KP_NEW_BOOLEAN:
		return wanted == KP_FIELD_BOOLEAN;
	case KP_NEW_DATE:
	case KP_NEW_DATE_OBJECT:
		return wanted == KP_FIELD_DATE;
	case KP_NEW_NUMBER:
		return wanted != KP_FIELD_BOOLEAN;
	case KP_NEW_TEXT:
		break;
	}
	return true;
}

/* By what the partner says of it, when that is a few words. */
static unsigned
described(const struct named *leaf, const struct named *field)
{
	return leaf->label.count == 0 || leaf->label.count > 6
		? 0
		: max_of(kp_new_alike(&leaf->label, &field->label),
			  kp_new_alike(&leaf->label, &field->label_en)) *
			95 / 100;
}

static unsigned
judge(const struct named *leaf, const struct named *field, const char **ret_basis)
{
	unsigned tail = max_of(kp_new_alike(&leaf->last, &field->last),
		max_of(kp_new_alike(&leaf->last, &field->last_two),
			kp_new_alike(&leaf->last_two, &field->last_two)));
	unsigned dutch = kp_new_alike(&leaf->last, &field->label);
	/* A little less sure; and only where the section is spoken of. */
	if (kp_new_share_word(&leaf->all, &field->section)) {
		tail = max_of(tail, kp_new_alike(&leaf->own, &field->last) * 97 / 100);
		dutch = max_of(dutch, kp_new_alike(&leaf->own, &field->label) * 97 / 100);
	}
	unsigned english = kp_new_alike(&leaf->last, &field->label_en);
	unsigned best =
		max_of(max_of(tail, dutch), max_of(english, described(leaf, field)));
	*ret_basis = best == tail ? "the name"
		: best == dutch   ? "the name, against the Dutch label"
		: best == english ? "the name, against the English label"
				  : "its description, against the label";
	return best;
}

static unsigned
score(const struct kp_new_leaf *leaf, const struct named *leaf_named,
	const struct kp_field *field, const struct named *field_named, bool list,
	const char **ret_basis)
{
	unsigned best = judge(leaf_named, field_named, ret_basis);
	unsigned around = kp_new_alike(&leaf_named->all, &field_named->all);
	unsigned percent = (best * 65 + around * 35) / 100;
	/* A description can be right where the name is a number or a code. */
	percent = max_of(percent, described(leaf_named, field_named) * 80 / 100);
	if (!types_fit(field->type, leaf->type)) {
		percent /= 2;
	}
	if (!kp_new_same_role(&leaf_named->all, &field_named->all)) {
		percent = percent * 60 / 100;
	}
	bool in_array = memmem(leaf->path.data, leaf->path.len, "[]", 2) != NULL;
	if (in_array && !list) {
		percent = percent * 97 / 100;
	}
	/* Of a code and its words, the words are for people. */
	if (leaf_named->code && !field_named->code) {
		percent = percent * 98 / 100;
	}
	/* A list is rarely there without being called what it is. */
	if (list && !kp_new_share_word(&leaf_named->all, &field_named->section)) {
		percent = percent * 93 / 100;
	}
	return percent;
}

/* The part of a path that ends with the last array; empty: none. */
static struct kp_slice
array_of(struct kp_slice path)
{
	size_t len = path.len;
	while (len >= 2 && memcmp(path.data + len - 2, "[]", 2) != 0) {
		len--;
	}
	return (struct kp_slice){path.data, len >= 2 ? len : 0};
}

static int
by_percent(const void *a, const void *b)
{
	const struct pair *one = a;
	const struct pair *other = b;
	if (one->percent != other->percent) {
		return one->percent > other->percent ? -1 : 1;
	}
	if (one->field != other->field) {
		return one->field < other->field ? -1 : 1;
	}
	return (one->leaf > other->leaf) - (one->leaf < other->leaf);
}

/* The subject and the root. */

static size_t
depth_of(const struct kp_new *new, struct kp_slice path)
{
	size_t depth = 0;
	for (size_t i = 0; i < path.len && new->separator != 0; i++) {
		depth += path.data[i] == new->separator ? 1 : 0;
	}
	return depth;
}

/* Somebody in a small part of an answer is not whom it is about. */
static bool
is_main(const struct kp_new *new, const struct kp_new_leaf *leaf)
{
	struct kp_slice array = array_of(leaf->path);
	size_t inside = 0;
	for (size_t i = 0; i < new->leaf_count; i++) {
		inside += kp_slice_starts(new->leaves[i].path, array) ? 1 : 0;
	}
	return !new->arrays_known || inside * 2 >= new->leaf_count;
}

static void
find_subject(struct kp_new *new, const struct named *leaves)
{
	static const struct kp_new_words nobody = {0};
	const struct kp_new_leaf *best = NULL;
	for (size_t i = 0; i < new->leaf_count; i++) {
		const struct kp_new_leaf *leaf = &new->leaves[i];
		bool named = kp_new_has_word(&leaves[i].last, "burgerservicenummer") &&
			leaves[i].last.count == 1 &&
			kp_new_same_role(&leaves[i].all, &nobody);
		bool better = best == NULL ||
			depth_of(new, leaf->path) < depth_of(new, best->path);
		if ((named || leaf->bsn) && better && is_main(new, leaf)) {
			best = leaf;
		}
	}
	new->subject = best;
	if (best != NULL && new->arrays_known) {
		new->root = array_of(best->path);
	}
}

/* Lists. */

/* What of its array a leaf is in, as a list's `items` may say it: below the root. */
static bool
below_root(const struct kp_new *new, struct kp_slice *path)
{
	if (!kp_slice_starts(*path, new->root)) {
		return false;
	}
	path->data += new->root.len;
	path->len -= new->root.len;
	if (new->root.len > 0 && path->len > 0 && path->data[0] == new->separator) {
		path->data++;
		path->len--;
	}
	return true;
}

struct totals {
	struct kp_slice array;
	unsigned sum;
};

/* The array whose leaves are the likest to the fields of a section, together. */
static void
choose_arrays(struct kp_new *new, const struct pair *pairs, size_t count)
{
	const struct kp_catalogue *catalogue = new->catalogue;
	for (uint32_t section = 0; section < catalogue->section_count; section++) {
		struct totals best = {0};
		for (size_t i = 0; catalogue->sections[section].list && i < count; i++) {
			if (catalogue->fields[pairs[i].field].section != section) {
				continue;
			}
			struct totals own = {
				.array = array_of(new->leaves[pairs[i].leaf].path)};
			uint64_t seen[16] = {0};
			for (size_t j = i; j < count; j++) {
				uint32_t field = pairs[j].field;
				uint32_t at =
					field - catalogue->sections[section].first_field;
				if (catalogue->fields[field].section == section &&
					at < 1024 &&
					(seen[at / 64] >> (at % 64) & 1) == 0 &&
					kp_slice_equal(own.array,
						array_of(new->leaves[pairs[j].leaf]
								 .path))) {
					seen[at / 64] |= (uint64_t)1 << (at % 64);
					own.sum += pairs[j].percent;
				}
			}
			best = own.sum > best.sum ? own : best;
		}
		new->repeated[section] = best.sum > 0
			? (struct kp_slice){best.array.len == 0 ? "" : best.array.data,
				  best.array.len}
			: (struct kp_slice){0};
	}
}

/* Pairs. */

static bool
supplies(const struct kp_new *new, const struct kp_field *field)
{
	return kp_catalogue_find_cell(new->catalogue, field->id, new->source) != KP_NO_ID;
}

static size_t
pair_up(const struct kp_new *new, const struct named *leaves, struct kp_arena *scratch,
	struct pair *pairs)
{
	const struct kp_catalogue *catalogue = new->catalogue;
	size_t count = 0;
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		const struct kp_field *field = &catalogue->fields[i];
		const struct kp_section *section = &catalogue->sections[field->section];
		struct named named = {0};
		if (!supplies(new, field)) {
			continue;
		}
		name_words(scratch, field->path, '.', &named);
		kp_new_split(scratch, section->name, &named.section);
		kp_new_split(scratch, field->label, &named.label);
		kp_new_split(scratch, field->label_en, &named.label_en);
		for (uint32_t j = 0; j < new->leaf_count &&count < PAIRS_MAX; j++) {
			struct pair pair = {.leaf = j, .field = i};
			struct kp_slice path = new->leaves[j].path;
			pair.percent = score(&new->leaves[j], &leaves[j], field, &named,
				section->list, &pair.basis);
			if (pair.percent >= PERCENT_MIN && below_root(new, &path)) {
				pairs[count++] = pair;
			}
		}
	}
	qsort(pairs, count, sizeof(*pairs), by_percent);
	return count;
}

static void
take_pairs(struct kp_new *new, const struct pair *pairs, size_t count, uint64_t *taken)
{
	const struct kp_catalogue *catalogue = new->catalogue;
	for (size_t i = 0; i < count; i++) {
		struct kp_new_leaf *leaf = &new->leaves[pairs[i].leaf];
		uint32_t field = pairs[i].field;
		uint32_t section = catalogue->fields[field].section;
		bool fits = !catalogue->sections[section].list ||
			(new->repeated[section].data !=
				NULL &&kp_slice_equal(
					new->repeated[section], array_of(leaf->path)));
		if (leaf->field == KP_NO_ID && fits &&
			(taken[field / 64] >> (field % 64) & 1) == 0) {
			taken[field / 64] |= (uint64_t)1 << (field % 64);
			leaf->field = field;
			leaf->percent = pairs[i].percent;
			leaf->basis = pairs[i].basis;
			new->proposed++;
		}
	}
}

static bool
propose_with(struct kp_new *new, struct kp_arena *scratch)
{
	struct named *leaves = KP_ARENA_ARRAY(scratch, struct named, new->leaf_count + 1);
	struct pair *pairs = KP_ARENA_ARRAY(scratch, struct pair, PAIRS_MAX);
	uint64_t *taken =
		KP_ARENA_ARRAY(scratch, uint64_t, new->catalogue->field_words + 1);
	if (leaves == NULL || pairs == NULL || taken == NULL) {
		return false;
	}
	new->proposed = 0;
	for (size_t i = 0; i < new->leaf_count; i++) {
		new->leaves[i].field = KP_NO_ID;
		name_words(scratch, new->leaves[i].path, new->separator, &leaves[i]);
		kp_new_split(scratch, new->leaves[i].label, &leaves[i].label);
	}
	find_subject(new, leaves);
	size_t count = pair_up(new, leaves, scratch, pairs);
	choose_arrays(new, pairs, count);
	take_pairs(new, pairs, count, taken);
	return !scratch->failed;
}

bool
kp_new_propose(struct kp_new *new)
{
	struct kp_arena scratch;
	if (kp_new_failed(new)) {
		return false;
	}
	new->repeated = KP_ARENA_ARRAY(
		new->arena, struct kp_slice, new->catalogue->section_count + 1);
	kp_arena_init(&scratch, SCRATCH_BYTES_MAX, NULL);
	bool fine = new->repeated != NULL &&propose_with(new, &scratch);
	kp_arena_deinit(&scratch);
	new->arena->failed = new->arena->failed || !fine;
	return fine;
}
