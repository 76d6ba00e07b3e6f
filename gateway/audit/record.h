/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * record: what goes into the journal, as JSON with sorted names and no white space, so
 * that the same facts always give the same bytes. A record holds who asked what about
 * whom (a keyed pseudonym) for which purpose, and how it ended: action, object, result,
 * origin, actor and time (BIO2 8.15.01). Never a value of the client's, never a
 * burgerservicenummer: free text (case, reason) is masked and cut.
 *
 * Plain structs in, bytes out; nothing is kept. All slices may be empty, which leaves the
 * member out. Any thread.
 */
#ifndef KP_AUDIT_RECORD_H
#define KP_AUDIT_RECORD_H

#include <stdint.h>

#include "core/buffer.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_RECORD_VERSION 1
#define KP_RECORD_BYTES_MAX ((size_t)16 * 1024)
#define KP_RECORD_TEXT_BYTES_MAX ((size_t)512) /* each text; longer ones are cut */
#define KP_RECORD_ROLES_MAX ((size_t)32)
#define KP_RECORD_SOURCES_MAX ((size_t)96)
#define KP_RECORD_DECISIONS_MAX ((size_t)1000)
#define KP_RECORD_DECISIONS_NAMED_MAX ((size_t)16) /* the first ones, with names */
#define KP_RECORD_NAME_BYTES_MAX ((size_t)128)     /* each of those names */

/* When and through what. Every record has one. */
struct kp_record_origin {
	int64_t wall_ms; /* UTC */
	uint64_t monotonic_us;
	struct kp_slice trace_id;   /* 32 hexadecimal digits */
	struct kp_slice request_id; /* our own */
	struct kp_slice peer;       /* address of the connected system */
	struct kp_slice
		transaction; /* Fsc-Transaction-Id, when it came through an Inway */
};

/* Who asks, as identify found it. */
struct kp_record_actor {
	struct kp_slice organisation; /* OIN */
	struct kp_slice on_behalf_of; /* OIN in whose name it asks; empty: its own */
	struct kp_slice employee;     /* id in the organisation */
	const struct kp_slice *roles;
	size_t role_count;
};

/* Whose caseload the client is in. */
enum kp_record_relation {
	KP_RECORD_RELATION_UNKNOWN, /* not looked at, or could not be found out */
	KP_RECORD_RELATION_INSIDE,  /* in the asking organisation's caseload */
	KP_RECORD_RELATION_OUTSIDE,
};

/* What the register of objections said. */
enum kp_record_objection {
	KP_RECORD_OBJECTION_NOT_ASKED, /* nobody can object to the purpose, or it was
					  refused before */
	KP_RECORD_OBJECTION_NONE,
	KP_RECORD_OBJECTION_MADE,
	KP_RECORD_OBJECTION_UNKNOWN, /* it could not be found out: refused */
};

/* The question. */
struct kp_record_question {
	struct kp_slice action;  /* "raadplegen" */
	struct kp_slice purpose; /* doel */
	struct kp_slice activity_uri;
	struct kp_slice case_id; /* zaakkenmerk */
	struct kp_slice reason;  /* reden, when outside the own caseload */
	struct kp_slice profile;
	struct kp_slice pseudonym;     /* of the client; kp_pseudonymise */
	struct kp_slice pseudonym_key; /* id of the key */
	struct kp_slice policy_version;
	enum kp_record_relation relation;
	enum kp_record_objection objection;
	bool dry_run;
};

/* One planned call. */
struct kp_record_plan {
	struct kp_slice source;
	uint32_t fields; /* permitted and asked */
	uint32_t wave;
	bool consult; /* the partner's own decision point is asked first */
};

/* KP_RECORD_INTENT: before any partner is asked. */
struct kp_record_intent {
	struct kp_record_origin origin;
	struct kp_record_actor actor;
	struct kp_record_question question;
	const uint64_t *cells; /* permitted cells, written as hexadecimal words */
	size_t cell_words;
	uint32_t fields_refused; /* asked for and withheld by the rules */
	const struct kp_record_plan *plan;
	size_t plan_count;
	uint32_t budget_ms;
};

/* What a partner's decision point decided. */
struct kp_record_consult {
	struct kp_slice
		code; /* why it gave no answer: "KP_E_TIMEOUT"; empty when it did */
	uint64_t duration_us;
	uint32_t http_status;
	uint32_t permitted; /* fields */
	uint32_t refused;
};

/* How one call ended. */
struct kp_record_call {
	struct kp_slice source;
	struct kp_slice status; /* "gevonden", … */
	struct kp_slice code;   /* of the error: "KP_E_TIMEOUT"; empty when none */
	uint64_t duration_us;
	uint64_t bytes;
	uint32_t http_status;
	uint32_t fields;                         /* that reached the dossier */
	const struct kp_record_consult *consult; /* NULL when there is none */
};

/* KP_RECORD_OUTCOME: counts and states, never values. */
struct kp_record_outcome {
	struct kp_record_origin origin;
	uint64_t intent_index; /* the intent record's index */
	bool has_intent;
	struct kp_slice code; /* "KP_OK" or what ended the request */
	uint32_t http_status;
	uint64_t duration_us;
	bool complete;       /* every planned source answered */
	bool client_gone;    /* the client left before the end */
	uint32_t values;     /* in the dossier */
	uint32_t conflicts;  /* afwijkingen */
	uint32_t withheld;   /* ingehouden */
	uint64_t bytes_sent; /* of the answer */
	const struct kp_record_call *calls;
	size_t call_count;
};

/* KP_RECORD_REFUSAL: a question that got no plan. What is not known stays empty. */
struct kp_record_refusal {
	struct kp_record_origin origin;
	struct kp_record_actor actor;
	struct kp_record_question question;
	struct kp_slice stage;   /* the step that refused: "identify", "relate", … */
	struct kp_slice code;    /* "KP_E_DENIED" */
	struct kp_slice refusal; /* kp_refusal in words: "purpose-unknown"; empty */
	struct kp_slice rule;    /* @id of the deciding rule */
	uint32_t http_status;
};

/* One decision: who may do what with what. */
struct kp_record_decided {
	struct kp_slice subject_type;
	struct kp_slice subject;
	struct kp_slice action;
	struct kp_slice resource_type;
	struct kp_slice resource;
	bool permit;
};

/* KP_RECORD_DECISION: the rules were asked by another system. */
struct kp_record_decision {
	struct kp_record_origin origin;
	struct kp_record_actor actor;
	struct kp_record_question question;
	struct kp_slice api;       /* "evaluations", "search/resource", … */
	struct kp_slice caller_id; /* X-Request-ID, as the caller gave it */
	uint32_t http_status;
	const struct kp_record_decided *decided;
	size_t decided_count;
};

/* KP_RECORD_START: the process started, reloaded or stopped. */
struct kp_record_start {
	struct kp_record_origin origin;
	struct kp_slice event;   /* "start", "reload", "reload-refused", "stop" */
	struct kp_slice version; /* of the program */
	struct kp_slice policy_version;
	struct kp_slice configuration; /* "sha256:…" of gateway.json */
	struct kp_slice pseudonym_key;
	uint32_t pid;
	uint32_t sources;
	bool development_identity;
};

/*
 * Append the JSON to `out`, whose arena owns the bytes. KP_E_MEMORY when `out` failed,
 * KP_E_LIMIT past KP_RECORD_BYTES_MAX or one of the counts above; then the caller refuses
 * the request.
 */
enum kp_status kp_record_write_intent(
	struct kp_buffer *out, const struct kp_record_intent *record) KP_MUST_USE;
enum kp_status kp_record_write_outcome(
	struct kp_buffer *out, const struct kp_record_outcome *record) KP_MUST_USE;
enum kp_status kp_record_write_refusal(
	struct kp_buffer *out, const struct kp_record_refusal *record) KP_MUST_USE;
enum kp_status kp_record_write_decision(
	struct kp_buffer *out, const struct kp_record_decision *record) KP_MUST_USE;
enum kp_status kp_record_write_start(
	struct kp_buffer *out, const struct kp_record_start *record) KP_MUST_USE;

#endif
