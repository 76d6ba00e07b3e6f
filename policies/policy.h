/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy: the rules as the gateway uses them. A bundle is everything one version of the
 * rules consists of (Cedar policies, schema, purposes, catalogue, organisations, roles),
 * checked and compiled; immutable; its version is the SHA-256 of its canonical content.
 * Deciding reads it from any number of threads.
 *
 * No I/O here: the caller reads the files and supplies the digest.
 */
#ifndef KP_POLICIES_POLICY_H
#define KP_POLICIES_POLICY_H

#include "core/arena.h"
#include "core/bits.h"
#include "core/error.h"
#include "core/slice.h"
#include "policies/catalogue.h"

struct kp_bundle;

struct kp_policy_file {
	const char *name;     /* relative to the policy folder, '/' between parts */
	struct kp_slice text; /* borrowed for the call */
};

/* SHA-256 over the parts in order. */
typedef void (*kp_digest_fn)(
	const struct kp_slice *parts, size_t count, unsigned char ret_digest[32]);

#define KP_SHADOW_EVERY 1024u
#define KP_BUNDLE_BYTES_MAX ((size_t)2 << 30)

struct kp_bundle_options {
	kp_digest_fn digest;
	int64_t now_ms; /* UTC: to say which reviews are overdue at load */
	/* Every how many decisions one is also made by the general evaluator; 0: the
	 * default, KP_SHADOW_EVERY. */
	uint32_t shadow_every;
	/* All that the bundle may take; 0: the default, KP_BUNDLE_BYTES_MAX. */
	size_t bytes_max;
};

/*
 * Checks and compiles. Every fault of every file is in `findings`; KP_E_CONFIG when there
 * was one and then there is no bundle. The result has one reference.
 */
enum kp_status kp_bundle_create(const struct kp_policy_file *files, size_t count,
	const struct kp_bundle_options *options, struct kp_findings *findings,
	struct kp_bundle **ret_bundle) KP_MUST_USE;
struct kp_bundle *kp_bundle_ref(struct kp_bundle *bundle);
void kp_bundle_unref(struct kp_bundle **bundle);

/* Borrowed from the bundle. */
const struct kp_catalogue *kp_bundle_catalogue(const struct kp_bundle *bundle);
/* "sha256:…" */
struct kp_slice kp_bundle_version(const struct kp_bundle *bundle);

/* Something with a review date that has passed: it does not work any more. */
struct kp_overdue {
	bool purpose; /* else a permit */
	struct kp_slice id;
	struct kp_slice owner; /* whom to tell */
	int64_t review_ms;
};
typedef void (*kp_overdue_fn)(void *ctx, const struct kp_overdue *overdue);
/* Calls `on_overdue` (may be NULL) for each purpose and permit that is overdue at
 * `now_ms`; answers how many there are. With a later moment: what will be. */
uint32_t kp_bundle_overdue(const struct kp_bundle *bundle, int64_t now_ms,
	kp_overdue_fn on_overdue, void *ctx);
/* How many there were at load. */
uint32_t kp_bundle_overdue_at_load(const struct kp_bundle *bundle);

/* One entry of the purpose register (doelen.json). Lives with the bundle. */
struct kp_purpose {
	struct kp_slice id;   /* "participatiewet-intake" */
	struct kp_slice name; /* Dutch */
	struct kp_slice name_en;
	struct kp_slice ground; /* legal ground, as text: "Participatiewet art. 53a" */
	struct kp_slice activity_uri; /* LDV: dpl.core.processing_activity_id */
	struct kp_slice parent;       /* id of the law or wider purpose; may be empty */
	bool opt_out;                 /* the client may object */
	bool confidential;            /* not shown to the client while it runs */
	bool machine_only;            /* no employee stands behind the question */
	bool caseload_required;       /* the relate step must find the client in the own
					 caseload */
	int32_t retention_days;       /* of the records about its use */
	int64_t review_ms;            /* UTC; after it the purpose no longer works */
	int64_t valid_from_ms;
};
/* NULL when unknown. An overdue purpose is found; deciding refuses it. */
const struct kp_purpose *kp_bundle_find_purpose(
	const struct kp_bundle *bundle, struct kp_slice id);

/* A named selection of fields (profiel): cells are ANDed with what the rules permit. */
bool kp_bundle_find_profile(
	const struct kp_bundle *bundle, struct kp_slice id, const uint64_t **ret_fields);

enum kp_action {
	KP_ACTION_READ,         /* raadplegen */
	KP_ACTION_READ_OUTSIDE, /* raadplegenBuitenWerkvoorraad */
	KP_ACTION_CORRECT,      /* corrigeren */
	KP_ACTION_DOCUMENT,     /* document */
	KP_ACTION_COUNT
};

/* What the gateway knows when it decides. All borrowed for the call. */
struct kp_facts {
	enum kp_action action;
	struct kp_slice employee; /* pseudonymous or real id, as the token gives it; empty
				     when no person asks: for machine-only purposes */
	struct kp_slice organisation; /* OIN */
	/* OIN in whose name it asks, by mandate; empty: in its own. The rules are then
	 * asked about that one; the roles stay those that the asking one may give. */
	struct kp_slice on_behalf_of;
	const struct kp_slice *roles; /* role ids */
	size_t role_count;
	struct kp_slice purpose;
	struct kp_slice case_id; /* zaakkenmerk; empty when none */
	bool in_caseload;        /* what relate found */
	bool has_case; /* an open case ties the client to the employee's organisation */
	bool reason_given; /* reden */
	bool opted_out;    /* the client objected to this purpose */
	bool self;         /* the citizen asks about himself */
	int64_t now_ms;    /* UTC */
};

/* May `organisation` ask in the name of `on_behalf_of` (empty: its own)? Whoever is not
 * in the register may not. Deciding says the same; this is for what comes before. */
bool kp_bundle_has_mandate(const struct kp_bundle *bundle, struct kp_slice organisation,
	struct kp_slice on_behalf_of);

enum kp_refusal {
	KP_REFUSAL_NONE,
	KP_REFUSAL_NO_RULE,   /* no rule grants this field to these roles for this purpose
			       */
	KP_REFUSAL_CONDITION, /* a rule would, but one of its conditions is not met */
	KP_REFUSAL_FORBIDDEN, /* a rule forbids it */
	KP_REFUSAL_PARTNER,   /* the source's own rule forbids it */
	KP_REFUSAL_ERROR,     /* a forbidding rule could not be evaluated: closed */
	KP_REFUSAL_PURPOSE_UNKNOWN,
	KP_REFUSAL_PURPOSE_OVERDUE, /* its review date has passed, or it is not yet valid
				     */
	KP_REFUSAL_GRANT_OVERDUE,   /* the rule's review date has passed */
	KP_REFUSAL_ROLE_UNKNOWN,
	KP_REFUSAL_ORGANISATION_UNKNOWN,
	KP_REFUSAL_OPTED_OUT,
	KP_REFUSAL_OUTSIDE_CASELOAD, /* the purpose asks for the own caseload, and reading
					outside it was not what was asked */
	KP_REFUSAL_ROLE_ORGANISATION, /* this kind of organisation cannot give these roles
				       */
	KP_REFUSAL_ROLE_COMBINATION,  /* one of the roles must not be held with others */
	KP_REFUSAL_NO_EMPLOYEE,  /* nobody is named who asks, and the purpose is not for
				  machines */
	KP_REFUSAL_MACHINE_ONLY, /* somebody asks for what only a machine may ask */
	KP_REFUSAL_NO_MANDATE,   /* the organisation has no mandate of the one in whose
				  name it asks */
};

struct kp_decision {
	const uint64_t *cells; /* permitted cells; cell_words words, in the arena */
	bool any;              /* at least one cell */
	enum kp_refusal
		refusal; /* set when nothing can be permitted whatever the field */
	bool checked;    /* this one was also compared with the general evaluator */
	void *detail;    /* private: rows used, for kp_bundle_explain */
};

/*
 * Decides for the whole dossier at once. Fails only for lack of memory (then nothing is
 * permitted). Thread-safe. The decision lives in `arena`.
 */
enum kp_status kp_bundle_decide(const struct kp_bundle *bundle,
	const struct kp_facts *facts, struct kp_arena *arena,
	struct kp_decision *ret_decision) KP_MUST_USE;

/* Why one cell was refused: a code, a Dutch sentence, and the rule's @id when one
 * decided. */
struct kp_reason {
	enum kp_refusal code;
	struct kp_slice text; /* "doel staat dit niet toe" */
	struct kp_slice text_en;
	struct kp_slice rule; /* "forbid-geheim-adres"; may be empty */
};
void kp_bundle_reason(const struct kp_bundle *bundle, const struct kp_decision *decision,
	uint32_t cell, struct kp_reason *ret_reason);

/* More different reasons than anybody will read: the last one stands for the rest. */
#define KP_REASONS_MAX 250u

/* Each reason once. Lifetime: an arena. All zero is an empty list. */
struct kp_reasons {
	struct kp_reason *list;
	uint32_t count;
	size_t capacity;
	uint8_t *of_cell; /* index in the list, for the cells that were asked about */
};
/* The same for a set of cells that were refused, in one search. KP_E_MEMORY. */
enum kp_status kp_bundle_reasons(const struct kp_bundle *bundle,
	const struct kp_decision *decision, const uint64_t *cells, struct kp_arena *arena,
	struct kp_reasons *ret_reasons) KP_MUST_USE;
/* Where a reason stands in the list, to which it is added when it is new.
 * KP_E_MEMORY. */
enum kp_status kp_reasons_number(struct kp_reasons *reasons,
	const struct kp_reason *reason, struct kp_arena *arena,
	uint8_t *ret_number) KP_MUST_USE;

/* Counters since creation, for /metrics: sampled comparisons and the differences found
 * (must be 0). */
void kp_bundle_shadow_counts(
	const struct kp_bundle *bundle, uint64_t *ret_checked, uint64_t *ret_different);

#endif
