/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* bdd: see bdd.h. */
#include "policies/bdd.h"

#include <string.h>

#include "core/bits.h"

#define NODES_FIRST 1024u
#define CACHE_COUNT 65536u
#define CONSTANT_LEVEL UINT32_MAX
/* Marks a cached kp_bdd_choose; no node has this number. */
#define CHOOSE_MARK UINT32_MAX

static uint32_t
mix(uint32_t a, uint32_t b, uint32_t c)
{
	uint64_t hash = a * (uint64_t)0x9e3779b97f4a7c15u;
	hash = (hash ^ b) * (uint64_t)0xbf58476d1ce4e5b9u;
	hash = (hash ^ (hash >> 29) ^ c) * (uint64_t)0x94d049bb133111ebu;
	return (uint32_t)(hash >> 32);
}

static void
place(struct kp_bdd *bdd, uint32_t node)
{
	struct kp_bdd_node *placed = &bdd->nodes[node];
	uint32_t bucket = mix(placed->variable, placed->low, placed->high) &
		(bdd->bucket_count - 1);
	placed->next = bdd->buckets[bucket];
	bdd->buckets[bucket] = node;
}

static bool
grow(struct kp_bdd *bdd)
{
	uint32_t capacity = bdd->capacity == 0 ? NODES_FIRST : bdd->capacity * 2;
	struct kp_bdd_node *nodes = NULL;
	uint32_t *buckets = NULL;
	if (capacity <= bdd->nodes_max) {
		nodes = KP_ARENA_ARRAY(bdd->arena, struct kp_bdd_node, capacity);
		buckets = KP_ARENA_ARRAY(bdd->arena, uint32_t, (size_t)capacity * 2);
	}
	if (nodes == NULL || buckets == NULL) {
		bdd->failed = true;
		return false;
	}
	if (bdd->count > 0) {
		memcpy(nodes, bdd->nodes, bdd->count * sizeof(*nodes));
	}
	bdd->nodes = nodes;
	bdd->capacity = capacity;
	bdd->buckets = buckets;
	bdd->bucket_count = capacity * 2;
	for (uint32_t i = 2; i < bdd->count; i++) {
		place(bdd, i);
	}
	return true;
}

enum kp_status
kp_bdd_init(struct kp_bdd *bdd, struct kp_arena *arena, uint32_t nodes_max)
{
	*bdd = (struct kp_bdd){.arena = arena,
		.nodes_max = nodes_max == 0 ? KP_BDD_NODES_MAX : nodes_max};
	bdd->cache = KP_ARENA_ARRAY(arena, struct kp_bdd_cached, CACHE_COUNT);
	if (bdd->cache == NULL || !grow(bdd)) {
		return KP_E_MEMORY;
	}
	bdd->nodes[KP_BDD_FALSE].variable = CONSTANT_LEVEL;
	bdd->nodes[KP_BDD_TRUE].variable = CONSTANT_LEVEL;
	bdd->count = 2;
	return KP_OK;
}

/* The one node for this; 0 is never in a bucket, so it ends one. */
static uint32_t
make(struct kp_bdd *bdd, uint32_t variable, uint32_t low, uint32_t high)
{
	if (low == high) {
		return low;
	}
	uint32_t hash = mix(variable, low, high);
	uint32_t at = bdd->buckets[hash & (bdd->bucket_count - 1)];
	for (; at != 0; at = bdd->nodes[at].next) {
		const struct kp_bdd_node *node = &bdd->nodes[at];
		if (node->variable == variable && node->low == low &&
			node->high == high) {
			return at;
		}
	}
	if (bdd->count == bdd->capacity && !grow(bdd)) {
		return KP_BDD_FALSE;
	}
	bdd->nodes[bdd->count] =
		(struct kp_bdd_node){.variable = variable, .low = low, .high = high};
	place(bdd, bdd->count);
	return bdd->count++;
}

uint32_t
kp_bdd_variable(struct kp_bdd *bdd, uint32_t variable)
{
	return make(bdd, variable, KP_BDD_FALSE, KP_BDD_TRUE);
}

static struct kp_bdd_cached *
cache_for(const struct kp_bdd *bdd, uint32_t a, uint32_t b, uint32_t c)
{
	return &bdd->cache[mix(a, b, c) & (CACHE_COUNT - 1)];
}

static bool
is_cached(const struct kp_bdd_cached *cached, uint32_t a, uint32_t b, uint32_t c)
{
	return cached->operands[0] == a && cached->operands[1] == b &&
		cached->operands[2] == c;
}

static uint32_t
branch(const struct kp_bdd *bdd, uint32_t function, uint32_t variable, bool high)
{
	const struct kp_bdd_node *node = &bdd->nodes[function];
	if (node->variable != variable) {
		return function;
	}
	return high ? node->high : node->low;
}

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* As deep as there are variables. */
uint32_t
kp_bdd_ite(struct kp_bdd *bdd, uint32_t test, uint32_t then, uint32_t otherwise)
{
	if (test <= KP_BDD_TRUE || then == otherwise) {
		return test == KP_BDD_FALSE ? otherwise : then;
	}
	if (then == KP_BDD_TRUE && otherwise == KP_BDD_FALSE) {
		return test;
	}
	struct kp_bdd_cached *cached = cache_for(bdd, test, then, otherwise);
	if (is_cached(cached, test, then, otherwise)) {
		return cached->result;
	}
	uint32_t variable = least(bdd->nodes[test].variable,
		least(bdd->nodes[then].variable, bdd->nodes[otherwise].variable));
	uint32_t low = kp_bdd_ite(bdd, branch(bdd, test, variable, false),
		branch(bdd, then, variable, false),
		branch(bdd, otherwise, variable, false));
	uint32_t high = kp_bdd_ite(bdd, branch(bdd, test, variable, true),
		branch(bdd, then, variable, true),
		branch(bdd, otherwise, variable, true));
	uint32_t result = make(bdd, variable, low, high);
	*cached = (struct kp_bdd_cached){{test, then, otherwise}, result};
	return result;
}

uint32_t
kp_bdd_and(struct kp_bdd *bdd, uint32_t a, uint32_t b)
{
	return kp_bdd_ite(bdd, a, b, KP_BDD_FALSE);
}

uint32_t
kp_bdd_or(struct kp_bdd *bdd, uint32_t a, uint32_t b)
{
	return kp_bdd_ite(bdd, a, KP_BDD_TRUE, b);
}

uint32_t
kp_bdd_not(struct kp_bdd *bdd, uint32_t a)
{
	return kp_bdd_ite(bdd, a, KP_BDD_FALSE, KP_BDD_TRUE);
}

static uint32_t
from_table(struct kp_bdd *bdd, uint64_t table, unsigned variable, unsigned index)
{
	if (variable == KP_BDD_TABLE_VARIABLES) {
		return (table >> index & 1) != 0 ? KP_BDD_TRUE : KP_BDD_FALSE;
	}
	uint32_t low = from_table(bdd, table, variable + 1, index);
	uint32_t high = from_table(bdd, table, variable + 1, index | 1u << variable);
	return make(bdd, variable, low, high);
}

uint32_t
kp_bdd_from_table(struct kp_bdd *bdd, uint64_t table)
{
	if (table == 0 || table == UINT64_MAX) {
		return table == 0 ? KP_BDD_FALSE : KP_BDD_TRUE;
	}
	return from_table(bdd, table, 0, 0);
}

uint64_t
kp_bdd_table(const struct kp_bdd *bdd, uint32_t function, bool ever)
{
	uint64_t table = 0;
	for (unsigned i = 0; i < 64; i++) {
		uint32_t at = function;
		while (bdd->nodes[at].variable < KP_BDD_TABLE_VARIABLES) {
			const struct kp_bdd_node *node = &bdd->nodes[at];
			at = (i >> node->variable & 1) != 0 ? node->high : node->low;
		}
		/* Reduced: every node but FALSE can be true. */
		bool holds = ever ? at != KP_BDD_FALSE : at == KP_BDD_TRUE;
		table |= (uint64_t)holds << i;
	}
	return table;
}

uint32_t
kp_bdd_choose(struct kp_bdd *bdd, uint32_t function, uint32_t first, uint32_t count,
	uint32_t chosen)
{
	struct kp_bdd_node node = bdd->nodes[function];
	if (node.variable >= first + count) {
		return function;
	}
	if (node.variable >= first) {
		uint32_t next = node.variable == chosen ? node.high : node.low;
		return kp_bdd_choose(bdd, next, first, count, chosen);
	}
	uint32_t mark = chosen + 2;
	struct kp_bdd_cached *cached = cache_for(bdd, CHOOSE_MARK, function, mark);
	if (is_cached(cached, CHOOSE_MARK, function, mark)) {
		return cached->result;
	}
	uint32_t low = kp_bdd_choose(bdd, node.low, first, count, chosen);
	uint32_t high = kp_bdd_choose(bdd, node.high, first, count, chosen);
	uint32_t result = make(bdd, node.variable, low, high);
	*cached = (struct kp_bdd_cached){{CHOOSE_MARK, function, mark}, result};
	return result;
}

bool
kp_bdd_pick(
	const struct kp_bdd *bdd, uint32_t function, int8_t *ret_values, uint32_t count)
{
	memset(ret_values, -1, count);
	while (function > KP_BDD_TRUE) {
		const struct kp_bdd_node *node = &bdd->nodes[function];
		bool high = node->low == KP_BDD_FALSE;
		if (node->variable < count) {
			ret_values[node->variable] = high ? 1 : 0;
		}
		function = high ? node->high : node->low;
	}
	return function == KP_BDD_TRUE;
}

bool
kp_bdd_value(const struct kp_bdd *bdd, uint32_t function, const uint64_t *values)
{
	while (function > KP_BDD_TRUE) {
		const struct kp_bdd_node *node = &bdd->nodes[function];
		function = kp_bits_has(values, node->variable) ? node->high : node->low;
	}
	return function == KP_BDD_TRUE;
}

void
kp_bdd_support(
	const struct kp_bdd *bdd, uint32_t function, uint64_t *seen, uint64_t *variables)
{
	if (function <= KP_BDD_TRUE || kp_bits_has(seen, function)) {
		return;
	}
	kp_bits_set(seen, function);
	kp_bits_set(variables, bdd->nodes[function].variable);
	kp_bdd_support(bdd, bdd->nodes[function].low, seen, variables);
	kp_bdd_support(bdd, bdd->nodes[function].high, seen, variables);
}
