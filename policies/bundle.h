/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bundle: what policy.h keeps closed, for those inside policies/ and for the officer's
 * tools, which look into a bundle rather than decide with it.
 */
#ifndef KP_POLICIES_BUNDLE_H
#define KP_POLICIES_BUNDLE_H

#include <stdatomic.h>

#include "policies/compile.h"
#include "policies/policy.h"

/* Names of the files of a set, relative to its folder. Rules: regels/NAME.cedar; partner
 * rules: partners/BRON.cedar. */
#define KP_FILE_CATALOGUE "catalogus.json"
#define KP_FILE_PURPOSES "doelen.json"
#define KP_FILE_ORGANISATIONS "organisaties.json"
#define KP_FILE_ROLES "rollen.json"
#define KP_FILE_PROFILES "profielen.json"
#define KP_FILE_SCHEMA "schema.cedarschema"
#define KP_FILE_TESTS "proeven.json"

/* Can a file of this name be part of a set? */
bool kp_bundle_has_part(const char *name);

struct kp_bundle_counters {
	atomic_uint refs;
	atomic_uint_fast64_t decisions;
	atomic_uint_fast64_t checked;
	atomic_uint_fast64_t different;
};

struct kp_bundle {
	struct kp_arena arena; /* owns all below, and the bundle itself is on the heap */
	const struct kp_catalogue *catalogue;
	struct kp_registers registers;
	const struct kp_cedar_schema_source *schema_source;
	const struct kp_cedar_schema *schema;
	struct kp_model model;
	struct kp_rule_set rules;
	struct kp_compiled compiled;
	struct kp_slice version;
	uint32_t shadow_every;
	uint32_t overdue_at_load;
	struct kp_bundle_counters *counters;
};

/* What a decision was about, kept with it so that it can be explained. Lifetime: the
 * arena of the decision. */
struct kp_decision_detail {
	enum kp_action action;
	uint32_t purpose;
	uint32_t organisation;
	uint64_t roles[KP_ROLES_MAX / 64];
	unsigned facts;
	int64_t now_ms;
	struct kp_slice employee;
	uint64_t *touched; /* cells that some rule of these rows is about */
	bool disagreed;    /* the general evaluator said something else */
};

/*
 * The request as the general evaluator wants it; made when it is first needed. Lifetime:
 * the caller's, with `arena`.
 */
struct kp_asking {
	const struct kp_bundle *bundle;
	const struct kp_decision_detail *detail;
	struct kp_arena *arena;
	bool ready;
	/* The same but for who asks, which costs most to make; for conditions that do not
	 * read it. */
	bool impersonal_ready;
	struct kp_cedar_request impersonal;
	struct kp_cedar_names names;
	struct kp_cedar_entities entities;
	struct kp_cedar_request request;
	struct kp_cedar_eval eval;
	uint8_t *remembered; /* 1 + enum kp_truth for each condition asked before */
};

/* Nothing is made yet. Cannot fail. */
void kp_asking_init(struct kp_asking *asking, const struct kp_bundle *bundle,
	const struct kp_decision_detail *detail, struct kp_arena *arena);
/* One of the bundle's conditions. Lack of memory is an error, which never permits. */
enum kp_truth kp_asking_condition(struct kp_asking *asking, uint32_t condition);
/* One rule about one cell, by the general evaluator alone. */
enum kp_truth kp_asking_rule(
	struct kp_asking *asking, const struct kp_rule *rule, uint32_t cell);
/* The decision about one cell, by the general evaluator alone: every rule in turn, in the
 * fail-closed profile; a permit past its review date does not count. */
bool kp_asking_permits(struct kp_asking *asking, uint32_t cell);

/*
 * What holds before any rule is asked: purpose, organisation, roles, opt-out, caseload.
 * Fills `detail`; KP_REFUSAL_NONE when the rules may be asked.
 */
enum kp_refusal kp_bundle_admit(const struct kp_bundle *bundle,
	const struct kp_facts *facts, struct kp_decision_detail *detail);

/* The canonical content of a set, of which the version is the digest: what people may
 * write in more than one way (spaces, order of members, comments) does not count. */
enum kp_status kp_bundle_canonical(struct kp_arena *arena, const struct kp_bundle *bundle,
	const struct kp_policy_file *files, size_t count,
	struct kp_slice *ret_text) KP_MUST_USE;

#endif
