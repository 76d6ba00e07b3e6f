/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * query: the body of POST /v1/dossiers/_zoek as a struct. Reading reports everything that
 * is wrong at once, never only the first thing, and never repeats a value.
 */
#ifndef KP_QUERY_QUERY_H
#define KP_QUERY_QUERY_H

#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"
#include "policies/policy.h"

#define KP_QUERY_TEXT_BYTES_MAX 200u   /* doel, profiel, zaakkenmerk, one of velden */
#define KP_QUERY_REASON_BYTES_MAX 500u /* reden */
#define KP_QUERY_FAULTS_MAX 32u

/* Lifetime: the request. All texts lie in its arena and are empty when not given. */
struct kp_query {
	struct kp_slice bsn; /* nine digits that pass the eleven-test; secret */
	struct kp_slice purpose;
	struct kp_slice case_id;
	struct kp_slice reason;
	struct kp_slice profile;
	const uint64_t *asked; /* fields: velden ∩ profiel; all when neither is given */
	bool narrowed;         /* velden or profiel was given */
	uint32_t budget_ms;
};

/* One entry of invalidParams[]. */
struct kp_query_fault {
	struct kp_slice name;    /* of the member or header */
	struct kp_slice code;    /* "required", "unknown", … */
	struct kp_slice reason;  /* Dutch; never holds what the client sent but names */
	struct kp_slice pointer; /* JSON pointer; empty for a header */
};

struct kp_query_faults {
	struct kp_query_fault items[KP_QUERY_FAULTS_MAX];
	uint32_t count;
	uint32_t dropped; /* found after the list was full */
};

struct kp_query_limits {
	size_t body_bytes_max;
	uint32_t fields_max; /* entries of velden */
	uint32_t budget_ms_min;
	uint32_t budget_ms_max;
	uint32_t budget_ms_default;
	uint32_t header_bytes_max;
};

/* Protocol headers that may stand in for members of the body. Empty: not given. */
struct kp_query_standins {
	struct kp_slice purpose_name; /* the header's name, for faults */
	struct kp_slice purpose;
	struct kp_slice case_name;
	struct kp_slice case_id;
};

/*
 * Reads and checks a body. KP_OK: `ret_query` is complete. KP_E_INVALID: `ret_faults`
 * says everything that is wrong. KP_E_SYNTAX (with `err`): not JSON. KP_E_BODY_LIMIT,
 * KP_E_MEMORY. The purpose is only checked for form; whether it exists is for the rules
 * to say.
 */
enum kp_status kp_query_parse(struct kp_slice body, const struct kp_bundle *bundle,
	const struct kp_query_limits *limits, const struct kp_query_standins *standins,
	struct kp_arena *arena, struct kp_query *ret_query,
	struct kp_query_faults *ret_faults, struct kp_error *err) KP_MUST_USE;

/* Adds a fault; counts it when the list is full. */
void kp_query_fault_add(struct kp_query_faults *faults, struct kp_slice name,
	struct kp_slice code, struct kp_slice reason, struct kp_slice pointer);

#endif
