/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * claims: one small JSON object (claims, a header, a key, an issuer's answer) as a tree
 * in an arena, read as strictly as everything else here: RFC 8259, UTF-8 only, no name
 * twice, bounded in depth and bytes, nothing after it, and no NUL in a text. One thread.
 */
#ifndef KP_TOKEN_CLAIMS_H
#define KP_TOKEN_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/attr.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_CLAIMS_DEPTH_MAX 8u
#define KP_CLAIMS_BYTES_MAX ((size_t)1 << 20)

enum kp_claim_kind {
	KP_CLAIM_OBJECT,
	KP_CLAIM_ARRAY,
	KP_CLAIM_TEXT,
	KP_CLAIM_NUMBER,
	KP_CLAIM_TRUE,
	KP_CLAIM_FALSE,
	KP_CLAIM_NULL,
};

/* Lifetime: as the arena and the text it was read from. Read-only. */
struct kp_claim {
	enum kp_claim_kind kind;
	const struct kp_claim *next;  /* member or item after it */
	const struct kp_claim *first; /* of an object or array */
	struct kp_slice name;         /* of a member; escapes taken out */
	struct kp_slice text;         /* a text without escapes; a number as written */
};

/* KP_E_SYNTAX (also when it is no object), KP_E_INVALID (a name twice), KP_E_LIMIT,
 * KP_E_MEMORY. `text` stays borrowed. */
enum kp_status kp_claims_read(struct kp_slice text, struct kp_arena *arena,
	const struct kp_claim **ret_object) KP_MUST_USE;

/* NULL when there is none, or `object` is NULL or no object. */
const struct kp_claim *kp_claim_member(
	const struct kp_claim *object, struct kp_slice name);
/* "realm_access.roles": the member of that whole name, else by the parts between dots. */
const struct kp_claim *kp_claim_at(const struct kp_claim *object, struct kp_slice path);

/* What a getter found. Only with GOOD is *ret set. */
enum kp_claim_found {
	KP_CLAIM_ABSENT,
	KP_CLAIM_GOOD,
	KP_CLAIM_WRONG, /* another kind, or empty */
};

/* A text that is not empty; borrowed from the tree. */
enum kp_claim_found kp_claim_text(
	const struct kp_claim *object, struct kp_slice name, struct kp_slice *ret_text);
/* A NumericDate (RFC 7519, section 2) in whole seconds since 1970, rounded down. WRONG
 * for a negative number, an exponent and anything after the year 9999. */
enum kp_claim_found kp_claim_instant(
	const struct kp_claim *object, struct kp_slice name, int64_t *ret_seconds);
/* Is `text` the claim, when that is a text, or one of the texts in it, when it is an
 * array of texts? False also for an array with anything else in it. */
bool kp_claim_holds(const struct kp_claim *claim, struct kp_slice text);

#endif
