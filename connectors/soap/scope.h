/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * scope: the part of a request that names what is asked (the scope of StUF 3.01, section
 * 5.2): elements as the answer has them. Of its empty elements only those are sent from
 * which something wanted comes, and of the others only those around them. Whose the
 * answer is and what decides its outcome is always wanted; a date of validity only where
 * an element stands for it alone, and that of a list only with one of the list's fields.
 */
#ifndef KP_SOAP_SCOPE_H
#define KP_SOAP_SCOPE_H

#include "connectors/mapping.h"

struct kp_scope_element {
	struct kp_slice open; /* "<a:b c="d">" */
	struct kp_slice close;
	size_t end;                 /* index of what comes after all inside */
	const struct kp_node *node; /* of the mapping; NULL: nothing comes from it */
};

/* A date of validity or a remark: wanted for what it is said of. */
struct kp_scope_aside {
	struct kp_scope_aside *next;
	const struct kp_leaf *leaf;
};

/* Immutable after compiling; lives in the arena of the instance. */
struct kp_scope {
	const struct kp_mapping *mapping;
	struct kp_scope_element *elements; /* in the order of the text, the root first */
	size_t count;                      /* 0: the request has none */
	unsigned char *always; /* by node id: wanted, or something below it is */
	struct kp_scope_aside *asides;
};

/*
 * Finds the element at `path` (local names with / between, from the first element inside
 * the body) in canonical XML. *ret_before and *ret_after are what stands around it; what
 * is wrong goes to host->finding. Errors: KP_E_MEMORY.
 */
enum kp_status kp_scope_compile(struct kp_arena *arena, struct kp_slice xml,
	struct kp_slice path, const struct kp_mapping *mapping,
	const struct kp_host *host, const struct kp_manifest_place *place,
	struct kp_scope *ret_scope, struct kp_slice *ret_before,
	struct kp_slice *ret_after) KP_MUST_USE;

/* Writes what is wanted; the root always. */
void kp_scope_write(const struct kp_scope *scope, const struct kp_need *need,
	struct kp_buffer *buffer);

#endif
