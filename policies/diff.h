/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * diff: does NEW permit anything that OLD did not? For every action, organisation,
 * purpose and cell both sets' permit formula (fail-closed: an erring forbid denies) is a
 * decision diagram over the roles held, the true-or-false facts, the moment, and whatever
 * conditions are left. What two rules both read is one variable, so "not wider" is a
 * proof. "Wider" is certain when a person was found for whom both sets, asked in
 * earnest, decide differently; else it may be a false alarm, and the change says so.
 *
 * Pure; one thread; lives in the arena given.
 */
#ifndef KP_POLICIES_DIFF_H
#define KP_POLICIES_DIFF_H

#include "policies/bundle.h"

#define KP_DIFF_CHANGES_MAX 65536u

enum kp_diff_verdict {
	KP_DIFF_SAME,
	KP_DIFF_NARROWER,
	KP_DIFF_WIDER,
	KP_DIFF_CHANGED, /* wider for some requests, narrower for others */
};

/* What exists in either set, by name; an index is KP_NO_ID where a set lacks it. */
struct kp_diff_names {
	struct kp_slice *names;
	uint32_t *in_old;
	uint32_t *in_new;
	uint32_t count;
};

/* Somebody for whom the sets differ. */
struct kp_diff_witness {
	bool found;
	/* Both sets were asked and decided as said; else it is a guess that they did not
	 * bear out. */
	bool confirmed;
	struct kp_facts facts; /* its slices live with the diff */
	uint32_t cell;         /* in diff->cells */
};

/* Something that is permitted differently for all of `cells` in the same way. */
struct kp_diff_change {
	enum kp_diff_verdict verdict;
	enum kp_action action;
	uint32_t purpose; /* in diff->purposes */
	uint32_t role;    /* in diff->roles; KP_NO_ID: only for several roles together */
	const uint64_t *organisations; /* in diff->organisations */
	uint32_t in_name_of; /* by mandate, in diff->organisations; KP_NO_ID: their own */
	const uint64_t *cells; /* in diff->cells */
	/* Combinations of facts (enum kp_fact) in which something is gained: always, and
	 * at some moments or under further conditions; and lost. */
	uint64_t gained_always;
	uint64_t gained_ever;
	uint64_t lost_always;
	uint64_t lost_ever;
	/* Combinations that are refused whatever the field are not in this. */
	uint64_t admitted;
	struct kp_slice
		conditions; /* the conditions left, as rules have them; or empty */
	int64_t until_ms;   /* what is gained ends then; INT64_MAX: it does not */
	struct kp_diff_witness gained;
	struct kp_diff_witness lost;
};

/* Lifetime: its arena, and both bundles. */
struct kp_diff {
	const struct kp_bundle *old_bundle;
	const struct kp_bundle *new_bundle;
	struct kp_diff_names roles;
	struct kp_diff_names organisations;
	struct kp_diff_names purposes;
	struct kp_diff_names cells; /* "persoon.naam@brp" */
	struct kp_diff_change *changes;
	uint32_t change_count;
	enum kp_diff_verdict verdict; /* of all together */
	/* Cells (action, organisation, purpose, field from a source), by verdict over all
	 * roles. */
	uint64_t counts[4];
	uint32_t wider;     /* changes that gain something */
	uint32_t uncertain; /* of which no such person was found */
	bool solved;        /* a solver for arithmetic took part */
};

struct kp_diff_options {
	int64_t now_ms; /* what was permitted before this moment does not count */
	/* Leave the solver for arithmetic out, when there is one (diff_solver.h). */
	bool without_solver;
};

/* Compares. KP_E_MEMORY; KP_E_LIMIT when it needs more than KP_BDD_NODES_MAX or
 * KP_DIFF_CHANGES_MAX: then nothing is proved. */
enum kp_status kp_diff_create(struct kp_arena *arena, const struct kp_bundle *old_bundle,
	const struct kp_bundle *new_bundle, const struct kp_diff_options *options,
	struct kp_diff *ret_diff) KP_MUST_USE;

/* "same", "narrower", "wider", "changed". */
const char *kp_diff_verdict_name(enum kp_diff_verdict verdict);

#endif
