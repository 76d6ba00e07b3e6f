/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * atoms: the conditions of rules taken apart into what must all hold, each distinct one
 * once. What an atom depends on decides when it can be answered: on the cell, the
 * purpose, the organisation or the role alone, at load, for all of them; on the true-or-
 * false facts alone, at load, as a truth table; on anything else, once per request.
 *
 * Every answer at load is given by the general evaluator itself, so that the compiled
 * path cannot have opinions of its own.
 */
#ifndef KP_POLICIES_ATOMS_H
#define KP_POLICIES_ATOMS_H

#include "policies/model.h"

/* What evaluating a condition can come to. */
enum kp_truth {
	KP_TRUTH_FALSE,
	KP_TRUTH_TRUE,
	KP_TRUTH_ERROR, /* also: something else than true or false */
};

/* What an expression reads; a set of bits. */
enum kp_depends {
	KP_DEPENDS_CELL = 1,         /* resource */
	KP_DEPENDS_PURPOSE = 2,      /* context.doel */
	KP_DEPENDS_FACTS = 4,        /* context.inWerkvoorraad … */
	KP_DEPENDS_ORGANISATION = 8, /* principal.organisatie */
	KP_DEPENDS_OTHER = 16,       /* principal itself, action, context.nu, … */
};

enum kp_atom_kind {
	KP_ATOM_CONSTANT,      /* `table` is all ones or zero; or it errs */
	KP_ATOM_CELLS,         /* `members`: cells for which it holds */
	KP_ATOM_PURPOSES,      /* `members`: purposes */
	KP_ATOM_ORGANISATIONS, /* `members`: organisations */
	KP_ATOM_ROLES,         /* `members`: roles of which the principal must have one */
	KP_ATOM_FACTS,   /* `holds` and `errs`, a bit for each combination of facts */
	KP_ATOM_GENERAL, /* evaluated per request, perhaps per class of cells */
};

/* Lifetime: the bundle. */
struct kp_atom {
	const struct kp_cedar_expr *expr;
	bool negated;   /* it holds when the expression is false */
	bool safe;      /* cannot err, whatever the request */
	bool errs_some; /* it erred for at least one of its members */
	unsigned depends;
	enum kp_atom_kind kind;
	uint32_t index;
	uint64_t hash;
	uint64_t *members;
	uint64_t holds;
	uint64_t errs;
	struct kp_atom *next; /* in its bucket */
};

/* Everything that the compiler asks with. Lifetime: the compilation. */
struct kp_atoms {
	struct kp_arena *arena;   /* of the bundle: atoms stay */
	struct kp_arena *scratch; /* what an evaluation makes */
	const struct kp_model *model;
	struct kp_atom **buckets;
	uint32_t bucket_count; /* a power of two */
	uint32_t count;
	/* To ask with: a request per purpose, per organisation, per combination of facts.
	 */
	struct kp_cedar_names names;
	struct kp_cedar_entities entities;
	const struct kp_cedar_uid **principals;
	const struct kp_cedar_record **purpose_contexts;
	const struct kp_cedar_record *fact_contexts[KP_FACT_COMBINATIONS];
};

/* KP_E_MEMORY. */
enum kp_status kp_atoms_init(struct kp_atoms *atoms, struct kp_arena *arena,
	struct kp_arena *scratch, const struct kp_model *model) KP_MUST_USE;

/*
 * Takes the conditions of a policy apart, in order of evaluation. The list is in the
 * scratch arena. Taking !(a || b) for !a && !b and the like keeps both the outcome and
 * which error comes first. KP_E_MEMORY.
 */
enum kp_status kp_atoms_of_policy(struct kp_atoms *atoms,
	const struct kp_cedar_policy *policy, struct kp_atom ***ret_atoms,
	size_t *ret_count) KP_MUST_USE;

/* What the expression reads: a set of enum kp_depends. */
unsigned kp_expr_depends(const struct kp_model *model, const struct kp_cedar_expr *expr);

/* Is it true exactly from one moment until another, whatever the rest of the request?
 * `context.nu < datetime("…")` and its like, either way round. */
bool kp_atom_window(const struct kp_model *model, const struct kp_atom *atom,
	int64_t *ret_from_ms, int64_t *ret_until_ms);
/* Evaluates one atom for a request. */
enum kp_truth kp_atom_eval(struct kp_cedar_eval *eval, const struct kp_atom *atom);
/* Truth table of an atom that depends on the cell and facts only, for one cell. */
void kp_atom_table(struct kp_atoms *atoms, const struct kp_atom *atom, uint32_t cell,
	uint64_t *ret_holds, uint64_t *ret_errs);

/*
 * Numbers for each cell in `cells` such that all these atoms behave the same for cells
 * with the same number, whatever the rest of the request: equal numbers where every part
 * of the atoms that reads nothing but the cell has equal values. `ret_classes` has room
 * for all cells. Answers the number of classes; 0 when memory ran out.
 */
uint32_t kp_atoms_classify(struct kp_atoms *atoms, struct kp_atom *const *list,
	size_t count, const uint64_t *cells, uint32_t *ret_classes);

/* Set of roles that are `uid` or in it; false when uid is not about roles. */
bool kp_atoms_roles_in(
	const struct kp_model *model, const struct kp_cedar_uid *uid, uint64_t *roles);

#endif
