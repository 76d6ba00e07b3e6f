/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * each: a partner that is asked once for each item of a list that earlier waves found:
 * the vehicle of each plate, the owner of each parcel. One call, one request after
 * another (KP_NEXT); what `{bekend:section.field}` gives is of the item whose turn it is.
 * Items without a value that the request needs are passed over.
 */
#ifndef KP_CONNECTORS_EACH_H
#define KP_CONNECTORS_EACH_H

#include "connectors/template.h"
#include "core/attr.h"

#define KP_EACH_PATHS_MAX ((size_t)16)

/* Immutable after compiling; lives in the instance. */
struct kp_each_plan {
	struct kp_slice section;                  /* empty: asked once, as usual */
	struct kp_slice paths[KP_EACH_PATHS_MAX]; /* of its fields in the request */
	size_t path_count;
};

/* Of one call that is asked so; in memory of the host. */
struct kp_each {
	struct kp_need need; /* as templates and readings see it */
	const struct kp_need *outer;
	const struct kp_each_plan *plan;
	uint32_t item;
	uint32_t first_page; /* the outer number of this item's first page */
	bool found;          /* one of the items so far was */
	bool nothing;
};

/* Reads request/each; then _add sees each template that must be filled for a request,
 * whatever page it asks, and _check says what is still wrong. Findings go to host. */
void kp_each_compile(const struct kp_manifest *manifest, const struct kp_host *host,
	struct kp_each_plan *ret_plan);
void kp_each_add(struct kp_each_plan *plan, const struct kp_template *compiled);
void kp_each_check(const struct kp_each_plan *plan, const struct kp_manifest *manifest,
	const struct kp_host *host);

/* Before every request: *each is NULL at first and stays so for a call that is asked
 * once; otherwise *need, the call's own, becomes that of the item whose turn it is.
 * KP_DONE, KP_SKIP when no item can be asked for, or KP_FAIL without memory. `plan` and
 * the need outlive the call. */
int kp_each_begin(struct kp_each **each, const struct kp_each_plan *plan,
	const struct kp_call_host *host, const struct kp_need **need);

/* The last page of an item was read with this outcome. KP_NEXT: there is another item;
 * KP_DONE: *outcome is that of all of them. An outcome that is neither found nor nothing
 * ends it at once, for all. `each` may be NULL. */
int kp_each_end(struct kp_each *each, enum kp_outcome *outcome);

#endif
