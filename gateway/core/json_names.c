/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* json_names: see json_names.h. */
#include "core/json_names.h"

#include "core/hash.h"

#define ENTRIES_FIRST ((size_t)32)
/* Up to here a look along the entries is cheaper than a table. */
#define SMALL_NAMES ((size_t)32)
#define TABLE_SLOTS_FIRST ((size_t)128)

__extension__ typedef unsigned __int128 wide;

/* Open addressing; a slot is 1 + the index of an entry within its scope, 0 when free. */
struct kp_json_table {
	struct kp_json_table *next_spare;
	size_t slot_count; /* a power of two, at least twice the names in it */
	uint32_t slots[];
};

void
kp_json_names_init(struct kp_json_names *names, struct kp_arena *arena)
{
	*names = (struct kp_json_names){.arena = arena, .keys = kp_hash_words()};
}

static inline uint64_t
load8(const char *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

static inline uint64_t
load4(const char *at)
{
	uint32_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

/* Two words that, with the length, tell any two texts of at most 16 bytes apart. */
static inline void
load_short(const char *at, size_t len, uint64_t *ret_a, uint64_t *ret_b)
{
	if (len >= 8) {
		*ret_a = load8(at);
		*ret_b = load8(at + len - 8);
	} else if (len >= 4) {
		*ret_a = load4(at);
		*ret_b = load4(at + len - 4);
	} else {
		*ret_a = 0;
		*ret_b = 0;
		for (size_t i = 0; i < len; i++) {
			*ret_a = *ret_a << 8 | (unsigned char)at[i];
		}
	}
}

static inline wide
product(uint64_t a, uint64_t b)
{
	return (wide)a * b;
}

static inline struct kp_json_fingerprint
take_fingerprint(const struct kp_json_names *names, struct kp_slice name)
{
	const uint64_t *keys = names->keys;
	uint64_t a;
	uint64_t b;
	wide sum = name.len;
	if (name.len <= 16) {
		load_short(name.data, name.len, &a, &b);
		sum += product(a + keys[0], b + keys[1]);
	} else if (name.len <= 32) {
		sum += product(
			load8(name.data) + keys[0], load8(name.data + 8) + keys[1]);
		const char *tail = name.data + name.len - 16;
		sum += product(load8(tail) + keys[2], load8(tail + 8) + keys[3]);
	} else {
		sum |= (wide)kp_hash(name.data, name.len) << 64;
	}
	return (struct kp_json_fingerprint){(uint64_t)sum, (uint64_t)(sum >> 64)};
}

static inline bool
same(struct kp_json_fingerprint a, struct kp_json_fingerprint b)
{
	return a.low == b.low && a.high == b.high;
}

/* The slot that holds `wanted`, or the free one where it belongs. */
static uint32_t *
find_slot(const struct kp_json_table *table, const struct kp_json_fingerprint *entries,
	struct kp_json_fingerprint wanted)
{
	size_t mask = table->slot_count - 1;
	size_t at = (size_t)kp_hash(&wanted, sizeof(wanted)) & mask;
	const uint32_t *slots = table->slots;
	while (slots[at] != 0 && !same(entries[slots[at] - 1], wanted)) {
		at = (at + 1) & mask;
	}
	return (uint32_t *)(uintptr_t)&slots[at];
}

static struct kp_json_table *
take_table(struct kp_json_names *names, size_t slot_count)
{
	for (struct kp_json_table **at = &names->spare; *at != NULL;
		at = &(*at)->next_spare) {
		struct kp_json_table *table = *at;
		if (table->slot_count >= slot_count &&
			table->slot_count <= 4 * slot_count) {
			*at = table->next_spare;
			memset(table->slots, 0,
				table->slot_count * sizeof(table->slots[0]));
			return table;
		}
	}
	struct kp_json_table *table = kp_arena_alloc(
		names->arena, sizeof(*table) + slot_count * sizeof(table->slots[0]));
	if (table != NULL) {
		table->slot_count = slot_count;
	}
	return table;
}

static void
give_table(struct kp_json_names *names, struct kp_json_scope *scope)
{
	if (scope->table != NULL) {
		scope->table->next_spare = names->spare;
		names->spare = scope->table;
		scope->table = NULL;
	}
}

/* Makes the table of a scope fit one more name than it has. */
static bool
fit_table(struct kp_json_names *names, struct kp_json_scope *scope)
{
	size_t count = kp_json_names_count(names, scope);
	size_t slot_count =
		scope->table == NULL ? TABLE_SLOTS_FIRST : scope->table->slot_count;
	if (scope->table != NULL && 2 * (count + 1) <= slot_count) {
		return true;
	}
	while (2 * (count + 1) > slot_count) {
		slot_count *= 2;
	}
	struct kp_json_table *table = take_table(names, slot_count);
	if (table == NULL) {
		return false;
	}
	const struct kp_json_fingerprint *entries = names->entries + scope->first;
	for (size_t i = 0; i < count; i++) {
		*find_slot(table, entries, entries[i]) = (uint32_t)i + 1;
	}
	give_table(names, scope);
	scope->table = table;
	return true;
}

static KP_APART bool
grow_entries(struct kp_json_names *names)
{
	struct kp_json_fingerprint *entries = kp_arena_fit(names->arena, names->entries,
		names->count, &names->capacity, ENTRIES_FIRST, sizeof(*entries));
	if (entries == NULL) {
		return false;
	}
	names->entries = entries;
	return true;
}

static KP_APART enum kp_status
add_to_table(struct kp_json_names *names, struct kp_json_scope *scope,
	struct kp_json_fingerprint wanted)
{
	if (!fit_table(names, scope)) {
		return KP_E_MEMORY;
	}
	uint32_t *slot = find_slot(scope->table, names->entries + scope->first, wanted);
	if (*slot != 0) {
		return KP_E_INVALID;
	}
	*slot = (uint32_t)kp_json_names_count(names, scope) + 1;
	names->entries[names->count++] = wanted;
	return KP_OK;
}

enum kp_status
kp_json_names_add(
	struct kp_json_names *names, struct kp_json_scope *scope, struct kp_slice name)
{
	struct kp_json_fingerprint wanted = take_fingerprint(names, name);
	size_t count = kp_json_names_count(names, scope);
	bool room = names->count < names->capacity || grow_entries(names);
	if (count >= UINT32_MAX || !room) {
		return KP_E_MEMORY;
	}
	if (count >= SMALL_NAMES) {
		return add_to_table(names, scope, wanted);
	}
	const struct kp_json_fingerprint *entries = names->entries + scope->first;
	for (size_t i = 0; i < count; i++) {
		if (same(entries[i], wanted)) {
			return KP_E_INVALID;
		}
	}
	names->entries[names->count++] = wanted;
	return KP_OK;
}

void
kp_json_names_close(struct kp_json_names *names, struct kp_json_scope *scope)
{
	names->count = scope->first;
	give_table(names, scope);
}
