/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * plan: permitted cells and configured sources into calls, in waves. A source with
 * nothing permitted is not called; what is not called is in the plan too, with the
 * reason, so that "not asked" never looks like "nothing known".
 */
#ifndef KP_QUERY_PLAN_H
#define KP_QUERY_PLAN_H

#include "connectors/connector.h"
#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"
#include "policies/catalogue.h"

/* A configured source, as far as planning goes. */
struct kp_plan_offer {
	uint32_t source;        /* id in the catalogue */
	const uint64_t *offers; /* cells */
	const uint32_t *needs;  /* fields that must be known first */
	size_t need_count;
};

struct kp_plan_entry {
	uint32_t source;
	uint32_t offer; /* index of the offer; KP_NO_ID: the source is not connected */
	bool call;
	uint32_t wave;
	const uint64_t *cells; /* to ask for; NULL when not called */
	uint32_t cell_count;
	enum kp_outcome outcome; /* when not called */
	struct kp_slice reason;  /* Dutch; when not called */
};

struct kp_plan {
	struct kp_plan_entry *entries; /* in the catalogue's order of sources */
	uint32_t entry_count;
	uint32_t call_count;
	uint32_t wave_count;
	uint32_t fields_without_source; /* permitted, but no connected source has them */
};

struct kp_plan_options {
	const struct kp_catalogue *catalogue;
	const struct kp_plan_offer *offers;
	size_t offer_count;
	const uint64_t *asked;     /* cells the query is about */
	const uint64_t *permitted; /* cells; a subset of asked */
	uint32_t waves_max;
};

/* KP_E_MEMORY. */
enum kp_status kp_plan_make(const struct kp_plan_options *options, struct kp_arena *arena,
	struct kp_plan *ret_plan) KP_MUST_USE;

#endif
