/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bdd: truth functions of many variables as reduced ordered binary decision diagrams
 * (Bryant 1986): two functions are equal when and only when they are the same node, so
 * "this permits nothing that did not" is a comparison of numbers. Variables are numbered
 * in order of use, lower ones nearer the top. One thread.
 */
#ifndef KP_POLICIES_BDD_H
#define KP_POLICIES_BDD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"

#define KP_BDD_NODES_MAX ((uint32_t)1 << 22)
/* The first variables of every diagram can be written as one word: see kp_bdd_table. */
#define KP_BDD_TABLE_VARIABLES 6u

enum { KP_BDD_FALSE = 0, KP_BDD_TRUE = 1 };

struct kp_bdd_node {
	uint32_t variable; /* UINT32_MAX in the two constants */
	uint32_t low;      /* when it is false */
	uint32_t high;
	uint32_t next; /* in its bucket */
};

struct kp_bdd_cached {
	uint32_t operands[3];
	uint32_t result;
};

/* Lifetime: its arena. */
struct kp_bdd {
	struct kp_arena *arena;
	struct kp_bdd_node *nodes;
	uint32_t count;
	uint32_t capacity;
	uint32_t nodes_max;
	uint32_t *buckets;
	uint32_t bucket_count; /* a power of two */
	struct kp_bdd_cached *cache;
	/* Memory or KP_BDD_NODES_MAX ran out: answers since then mean nothing. */
	bool failed;
};

/* `nodes_max` 0: KP_BDD_NODES_MAX. KP_E_MEMORY. */
enum kp_status kp_bdd_init(
	struct kp_bdd *bdd, struct kp_arena *arena, uint32_t nodes_max) KP_MUST_USE;

/* The function that is true when the variable is. */
uint32_t kp_bdd_variable(struct kp_bdd *bdd, uint32_t variable);
/* if-then-else: every function of two operands is one of these. */
uint32_t kp_bdd_ite(struct kp_bdd *bdd, uint32_t test, uint32_t then, uint32_t otherwise);
uint32_t kp_bdd_and(struct kp_bdd *bdd, uint32_t a, uint32_t b);
uint32_t kp_bdd_or(struct kp_bdd *bdd, uint32_t a, uint32_t b);
uint32_t kp_bdd_not(struct kp_bdd *bdd, uint32_t a);

/* The function of the first six variables that has this truth table: bit i is its value
 * when variable v is bit v of i. */
uint32_t kp_bdd_from_table(struct kp_bdd *bdd, uint64_t table);
/* And back. What depends on later variables counts as true when it can be (`ever`), or
 * only when it always is. */
uint64_t kp_bdd_table(const struct kp_bdd *bdd, uint32_t function, bool ever);

/* Variables `first` to `first + count` fixed: `chosen` is true (none when it is outside
 * them), the others false. */
uint32_t kp_bdd_choose(struct kp_bdd *bdd, uint32_t function, uint32_t first,
	uint32_t count, uint32_t chosen);

/* Values that make a function true, -1 where it does not matter; false for the function
 * that never is. `count` variables. */
bool kp_bdd_pick(
	const struct kp_bdd *bdd, uint32_t function, int8_t *ret_values, uint32_t count);
/* Its value for these; a bit for each variable. */
bool kp_bdd_value(const struct kp_bdd *bdd, uint32_t function, const uint64_t *values);
/* Sets the bit of every variable that it depends on; `seen` has a bit for each node. */
void kp_bdd_support(
	const struct kp_bdd *bdd, uint32_t function, uint64_t *seen, uint64_t *variables);

#endif
