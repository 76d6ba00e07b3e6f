/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * compile: rules to a table of sets of cells. For each action, role, class of
 * organisations and purpose there is a row; a row holds sets of cells that are permitted
 * or forbidden, each with the condition under which. Rules with the same condition and
 * review date share one set, so a decision costs as much as there are distinct
 * conditions, however many rules there are.
 *
 * The table must say exactly what the general evaluator says in its fail-closed profile;
 * tests/unit/policies/test_differential.c holds them against each other.
 */
#ifndef KP_POLICIES_COMPILE_H
#define KP_POLICIES_COMPILE_H

#include "policies/atoms.h"
#include "policies/rules.h"

/* Rows of the table; action × role × class of organisations × purpose. */
#define KP_ROWS_MAX ((size_t)1 << 24)

/* What must hold when no truth table can say it: atoms in order, asked per request. */
struct kp_condition {
	const struct kp_atom *const *atoms;
	uint32_t atom_count;
	uint32_t cell; /* stands for all cells that it is asked about */
	bool reads_principal;
	/* Facts and the moment say it all, and it cannot fail: no need to evaluate. */
	bool timed;
	uint64_t holds; /* combinations of facts */
	int64_t from_ms;
	int64_t until_ms; /* not any more at this moment */
};

/* One rule, or as much of it as is about cells that it cannot tell apart. */
struct kp_part {
	const struct kp_rule *rule;
	const uint64_t *cells;
	uint64_t holds;     /* combinations of facts under which it applies */
	uint64_t errs;      /* and under which evaluating it fails */
	uint32_t condition; /* KP_NO_ID: the two words above say it all */
	/* Where it applies. */
	uint8_t actions; /* one bit each */
	bool any_role;   /* else `roles` */
	const uint64_t *roles;
	const uint64_t *organisations;
	const uint64_t *purposes;
};

/* Parts of one row with the same effect, condition and review date. */
struct kp_entry {
	const uint64_t *cells; /* of all parts together */
	uint64_t applies;      /* holds, and for a forbid errs too: fail closed */
	int64_t review_ms;     /* a permit ends then; INT64_MAX for a forbid */
	uint32_t condition;
	uint32_t first_part; /* in part_refs */
	uint32_t part_count;
};

struct kp_row {
	const struct kp_entry *entries; /* permits first */
	uint32_t permit_count;
	uint32_t forbid_count;
};

/* Lifetime: the bundle. */
struct kp_compiled {
	const struct kp_part *parts; /* in order of the rules */
	uint32_t part_count;
	const struct kp_condition *conditions;
	uint32_t condition_count;
	const uint32_t *organisation_class; /* for each organisation */
	uint32_t class_count;
	uint32_t role_rows; /* roles + 1: the last is for rules that name none */
	uint32_t purpose_count;
	const uint32_t *row_at; /* index into rows; 0 is the empty row */
	const struct kp_row *rows;
	uint32_t row_count;
	uint32_t entry_count;
	const uint32_t *part_refs;
};

/*
 * Compiles, and reports what no card should say: a permit without purpose, without role
 * or organisation, for every field or for none; purposes on the card that differ from
 * those in the condition; a partner's rule about another's data. KP_E_CONFIG,
 * KP_E_MEMORY.
 */
enum kp_status kp_compile(struct kp_arena *arena, const struct kp_model *model,
	const struct kp_rule_set *rules, struct kp_findings *findings,
	struct kp_compiled *ret_compiled) KP_MUST_USE;

/* The row for these; `role` may be role_rows - 1. */
static inline const struct kp_row *
kp_compiled_row(const struct kp_compiled *compiled, enum kp_action action, uint32_t role,
	uint32_t organisation, uint32_t purpose)
{
	size_t at = (size_t)action * compiled->role_rows + role;
	at = at * compiled->class_count + compiled->organisation_class[organisation];
	at = at * compiled->purpose_count + purpose;
	return &compiled->rows[compiled->row_at[at]];
}

#endif
