/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_diff: what the parts of `policy diff` share. */
#ifndef KP_COMMANDS_POLICY_DIFF_H
#define KP_COMMANDS_POLICY_DIFF_H

#include "commands/policy_load.h"
#include "commands/policy_table.h"
#include "policies/diff.h"

#define KP_DIFF_TALLIES_MAX 1024u

/* Replayed questions of one role, organisation and purpose. */
struct kp_diff_tally {
	struct kp_slice role;
	struct kp_slice organisation;
	struct kp_slice purpose;
	uint64_t questions;
	uint64_t more; /* that would see something new */
	uint64_t less;
};

/* Lifetime: the subcommand. */
struct kp_diff_view {
	struct kp_arena arena;
	struct kp_policy_set sets[2]; /* old, new */
	struct kp_diff diff;
	bool english;
	bool replayed;
	struct kp_diff_tally *tallies;
	uint32_t tally_count;
	uint64_t tallies_dropped; /* questions past KP_DIFF_TALLIES_MAX */
};

/* Purposes, roles and organisations that came, went or changed: register, id, old, new.
 */
void kp_diff_registers(struct kp_diff_view *view, struct kp_table *ret_table);

/*
 * Decides the questions of a journal with both sets. A record does not say whether there
 * was an open case: both are tried, and a question counts when either differs. False when
 * the journal cannot be read, said on standard error.
 */
bool kp_diff_replay(struct kp_diff_view *view, const char *path);
/* Nothing when nothing was replayed. */
void kp_diff_replay_print(struct kp_diff_view *view);
json_t *kp_diff_replay_json(const struct kp_diff_view *view);

#endif
