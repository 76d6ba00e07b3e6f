/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_load: a policy set from a folder, for the officer's subcommands. */
#ifndef KP_COMMANDS_POLICY_LOAD_H
#define KP_COMMANDS_POLICY_LOAD_H

#include <stdio.h>

#include <jansson.h>

#include "core/arena.h"
#include "core/error.h"
#include "policies/bundle.h"

#define KP_POLICY_LOAD_BYTES_MAX ((size_t)256 << 20)
#define KP_POLICY_FINDINGS_MAX ((size_t)1000)

/* Lifetime: the subcommand; begin, use, end. */
struct kp_policy_set {
	struct kp_arena arena; /* files, and whatever the subcommand makes */
	struct kp_findings findings;
	struct kp_policy_file *files; /* in order of name */
	size_t file_count;
	struct kp_bundle *bundle; /* NULL when it does not check */
};

/* Nothing is read yet. */
void kp_policy_set_begin(struct kp_policy_set *set);
void kp_policy_set_end(struct kp_policy_set *set);

/* Reads the files of the folder. Faults go to set->findings; KP_E_CONFIG, KP_E_MEMORY. */
enum kp_status kp_policy_set_read(
	struct kp_policy_set *set, const char *folder) KP_MUST_USE;
/* Makes the bundle of the files read. As above. */
enum kp_status kp_policy_set_check(struct kp_policy_set *set, int64_t now_ms) KP_MUST_USE;
/* Both, and prints the findings to standard error; false when there is no bundle. For
 * subcommands that want a sound set and nothing else. */
bool kp_policy_set_load(
	struct kp_policy_set *set, const char *folder, int64_t now_ms, bool english);
/* The file of that name; NULL when the set has none. */
const struct kp_policy_file *kp_policy_set_file(
	const struct kp_policy_set *set, const char *name);

/* UTC, of the system's clock. */
int64_t kp_policy_now_ms(void);
/*
 * The moment that --datum names ("2027-06-01", its first moment in UTC); now when `text`
 * is NULL. False, said on standard error, when it is not a day.
 */
bool kp_policy_moment(
	const char *command, const char *text, bool english, int64_t *ret_now_ms);

/* One line each: file:line:column: place: what. */
void kp_policy_print_findings(
	const struct kp_findings *findings, FILE *out, bool english);
/* [{"file", "line", "column", "place", "message"}]; NULL when memory runs out. */
json_t *kp_policy_findings_json(const struct kp_findings *findings);
/* Prints and releases; false when that failed, or `value` is NULL. */
bool kp_policy_print_json(json_t *value);
/* A JSON string of a slice. */
json_t *kp_policy_json_text(struct kp_slice text);

#endif
