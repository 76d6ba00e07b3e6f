/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* diff_work: what the steps of one comparison share; see diff.h. */
#ifndef KP_POLICIES_DIFF_WORK_H
#define KP_POLICIES_DIFF_WORK_H

#include "policies/bdd.h"
#include "policies/diff.h"

/* Variables of the diagrams: the facts, the roles held, then what turns up. */
#define KP_DIFF_VARIABLES_MAX 4096u
#define KP_DIFF_ROLES_FIRST ((uint32_t)KP_FACT_COUNT)

_Static_assert((unsigned)KP_FACT_COUNT == KP_BDD_TABLE_VARIABLES,
	"the first variables are the facts");

enum kp_diff_variable_kind {
	KP_DIFF_FACT,
	KP_DIFF_ROLE,
	KP_DIFF_BEFORE, /* the moment of the question is before `moment_ms` */
	KP_DIFF_PERSON, /* an employee asks; only where the sets differ about that */
	KP_DIFF_OPAQUE, /* a condition of which only the text is known */
};

struct kp_diff_variable {
	enum kp_diff_variable_kind kind;
	int64_t moment_ms;
	struct kp_slice key; /* of an opaque one: equal keys mean the same */
	struct kp_slice text;
	const struct kp_cedar_expr *expr;
};

/* True for some requests, failing for others, false for the rest. */
struct kp_diff_formula {
	uint32_t holds;
	uint32_t errs;
};

/* One of the two sets. */
struct kp_diff_side {
	const struct kp_bundle *bundle;
	struct kp_cedar_names names;
	struct kp_cedar_entities entities;
	const struct kp_cedar_uid **principals; /* one for each organisation */
	uint32_t *role_variables;               /* of its own roles */
	/* The environment under work; KP_NO_ID where this set does not know it. */
	uint32_t purpose;
	uint32_t organisation; /* the rules are asked about it */
	uint32_t asking;       /* and this one gives the roles */
	enum kp_action action;
	const struct kp_cedar_record *contexts[KP_FACT_COMBINATIONS];
	uint32_t admitted; /* a function: rules are asked at all */
	uint32_t *held;    /* for each role, a function: it counts here */
	uint32_t *parts;   /* that can apply */
	uint32_t *formulas;
	uint32_t part_count;
};

struct kp_diff_solver;

/* Functions that the solver was asked about lately. */
#define KP_DIFF_ASKED 1024u

struct kp_diff_asked {
	uint32_t function; /* 0: none */
	bool possible;
};

/* Lifetime: kp_diff_create. */
struct kp_diff_work {
	struct kp_diff *diff;
	struct kp_arena *arena; /* the result's */
	struct kp_arena scratch;
	struct kp_bdd bdd;
	int64_t now_ms;
	struct kp_diff_solver *solver; /* NULL: there is none */
	struct kp_diff_asked asked[KP_DIFF_ASKED];
	struct kp_diff_side sides[2]; /* old, new */
	struct kp_diff_variable *variables;
	uint32_t variable_count;
	bool failed; /* memory, or KP_DIFF_VARIABLES_MAX */
	/* What all moments agree on: before one is before every later one. */
	uint32_t valid;
	uint32_t valid_for; /* so many variables */
	uint32_t changes_room;
};

/* Cells in the same parts of both sets have the same formulas. */
struct kp_diff_group {
	uint64_t *cells;
	uint32_t first;
};

/* Where formulas are compared. */
struct kp_diff_place {
	enum kp_action action;
	uint32_t purpose;
	const uint64_t *organisations;
	uint32_t in_name_of;
	uint32_t first_change; /* of this place */
};

/* The names in both sets. KP_E_MEMORY. */
enum kp_status kp_diff_names_make(
	struct kp_arena *arena, struct kp_diff *diff) KP_MUST_USE;

/* The moment is before this one: a variable, or a constant for the past and for ever. */
uint32_t kp_diff_before(struct kp_diff_work *work, int64_t moment_ms);
/* An employee asks: a function. */
uint32_t kp_diff_person(struct kp_diff_work *work);
/* What holds of the variables whatever the request. */
uint32_t kp_diff_valid(struct kp_diff_work *work);
/* An expression of this side's rules in its environment, about one cell. */
struct kp_diff_formula kp_diff_expr(struct kp_diff_work *work,
	const struct kp_diff_side *side, const struct kp_cedar_expr *expr, uint32_t cell);

/* Its value in this environment; false when that depends on the request, or it fails. */
bool kp_diff_known(struct kp_diff_work *work, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell,
	struct kp_cedar_value *ret_value);
/* The function, or the one that is never true when a solver proves that this one never
 * is. */
uint32_t kp_diff_possible(struct kp_diff_work *work, uint32_t function);

/* Looks for a request in `function` about which the two sets differ: permitted in NEW
 * only when `gained`, in OLD only otherwise. KP_E_MEMORY. */
enum kp_status kp_diff_find_witness(struct kp_diff_work *work, uint32_t function,
	const struct kp_diff_change *change, bool gained,
	struct kp_diff_witness *ret_witness) KP_MUST_USE;

/* By the diagrams of what is gained and what is lost. */
enum kp_diff_verdict kp_diff_verdict_of(uint32_t gained, uint32_t lost);
/* Adds the changes of a group of cells: for each role alone; and when no role alone gains
 * or loses it, for several together. KP_E_MEMORY, KP_E_LIMIT. */
enum kp_status kp_diff_record(struct kp_diff_work *work,
	const struct kp_diff_place *place, const struct kp_diff_group *group,
	uint32_t gained, uint32_t lost) KP_MUST_USE;
/* Gives each change a set of organisations of its own; then what is the same change for
 * others becomes one. KP_E_MEMORY. */
enum kp_status kp_diff_own_organisations(
	struct kp_arena *arena, struct kp_diff *diff) KP_MUST_USE;
void kp_diff_join(struct kp_diff *diff);

#endif
