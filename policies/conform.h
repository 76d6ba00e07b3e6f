/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * conform: holds us against a case in the format of the public Cedar corpora
 * (cedar-integration-tests): policies, entities, a schema, and requests with the
 * decision, reasons and errors that Cedar gave. No I/O: the host reads the files that a
 * case names.
 */
#ifndef KP_POLICIES_CONFORM_H
#define KP_POLICIES_CONFORM_H

#include "cedar/eval.h"

/* Everything made for one case. */
#define KP_CONFORM_CASE_BYTES_MAX ((size_t)512 << 20)

/* One case as read. Lifetime: the call that gets it. */
struct kp_conform_case {
	const char *name;
	struct kp_arena *arena;
	struct kp_cedar_names *names;
	const struct kp_cedar_policy_set *policies;
	struct kp_slice entities_text;
	struct kp_slice schema_text;
	const char *schema_file;
	bool should_validate;
};

/* What the host brings. Functions run on the caller's thread. */
struct kp_conform_host {
	void *ctx;
	/* A file that a case names, path as written there; into `arena`. Any error ends
	 * the run. */
	enum kp_status (*read)(void *ctx, const char *path, struct kp_arena *arena,
		struct kp_slice *ret_text, struct kp_error *err);
	/* May be NULL: entities and contexts are then read without a schema, so only with
	 * explicit escapes. The guide lives as long as the case. */
	enum kp_status (*guide)(void *ctx, const struct kp_conform_case *of,
		const struct kp_cedar_json_guide **ret_guide, struct kp_error *err);
	/* With `guide`: the type of an action's context, NULL when unknown. */
	const void *(*context_type)(const struct kp_cedar_json_guide *guide,
		const struct kp_cedar_uid *action);
	/* With `guide`; may be NULL. Adds what a schema knows, before the store is
	 * closed. */
	enum kp_status (*complete)(const struct kp_cedar_json_guide *guide,
		struct kp_cedar_entities *entities, struct kp_error *err);
	/* With `guide`; may be NULL. Asked for each request, unless the case says
	 * `validateRequest: false`; a refusal is a difference. */
	enum kp_status (*check_request)(const struct kp_cedar_json_guide *guide,
		const struct kp_cedar_request *request, struct kp_error *err);
	/* May be NULL: verdicts are then not compared. Does the set validate against the
	 * schema, strictly, errors only? */
	enum kp_status (*validate)(void *ctx, const struct kp_conform_case *of,
		bool *ret_valid, struct kp_error *err);
	/* May be NULL. Each difference as one line of text. */
	void (*difference)(void *ctx, const char *text);
};

struct kp_conform_counts {
	size_t cases;
	size_t decisions;
	size_t verdicts;
	size_t different; /* decisions and verdicts, and cases that could not be read */
};

/*
 * Runs one case: `text` is its description, `name` what messages call it. Adds to
 * `counts`. A decision counts as equal when outcome, reasons and errors (as sets of
 * policy ids) are. What is wrong with policies or entities is a difference; KP_E_INVALID
 * is for a description that is none, and the host's errors and KP_E_MEMORY come through.
 */
enum kp_status kp_conform_run(const struct kp_conform_host *host, const char *name,
	struct kp_slice text, struct kp_conform_counts *counts,
	struct kp_error *err) KP_MUST_USE;

#endif
