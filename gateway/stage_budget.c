/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_budget: may this employee see yet another client, and this much of what is
 * sensitive? Somebody who leafs through files does so one allowed question at a time;
 * this is what ends it. Before anybody is asked. Also the rate of one purpose.
 *
 * In:       identity, query, plan
 * Out:      ration
 * Waits:    no
 * Owns:     nothing
 * Fails as: KP_E_RATE, KP_E_BUDGET, KP_E_MEMORY
 * Never:    counts a client: only how many questions went out, and how wide
 */
#include "core/bits.h"
#include "request.h"

#define MINUTE_S 60u
#define HOUR_S (60u * MINUTE_S)
#define DAY_S (24u * HOUR_S)

/* The fields of that sensitivity that some source is going to be asked for. */
static uint32_t
count_sensitive(const struct kp_request *request, const uint64_t *cells)
{
	const struct kp_catalogue *catalogue = request->view->snapshot->catalogue;
	uint32_t from = kp_request_config(request)->quota_sensitive_from;
	uint32_t count = 0;
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		const struct kp_field *field = &catalogue->fields[i];
		bool asked = false;
		for (uint32_t j = 0; field->sensitivity >= from && j < field->cell_count;
			j++) {
			asked = asked || kp_bits_has(cells, field->first_cell + j);
		}
		count += asked ? 1 : 0;
	}
	return count;
}

static uint64_t *
cells_of_calls(struct kp_request *request)
{
	uint32_t words = request->view->snapshot->catalogue->cell_words;
	uint64_t *cells = KP_ARENA_ARRAY(&request->arena, uint64_t, words);
	for (uint32_t i = 0; cells != NULL && i < request->plan.entry_count; i++) {
		const struct kp_plan_entry *entry = &request->plan.entries[i];
		for (uint32_t j = 0; entry->call && j < words; j++) {
			cells[j] |= entry->cells[j];
		}
	}
	return cells;
}

static uint64_t
key_of(const struct kp_request *request, enum kp_quota_policy policy)
{
	const struct kp_identity *identity = &request->identity;
	return kp_quota_key(policy, identity->organisation,
		policy == KP_QUOTA_PURPOSE ? request->query.purpose : identity->employee);
}

/* A system without an employee is bounded by its organisation and its purpose. */
static enum kp_stage_result
claim_details(struct kp_request *request, const struct kp_quota_limits *limits)
{
	struct kp_ration *ration = &request->ration;
	uint32_t fields = 0;
	if (limits->sensitive_fields_per_day > 0) {
		const uint64_t *cells = cells_of_calls(request);
		if (cells == NULL) {
			return kp_request_fail(request, KP_E_MEMORY,
				"no memory to count fields", (struct kp_slice){NULL, 0});
		}
		fields = count_sensitive(request, cells);
	}
	kp_ration_claim(ration, KP_QUOTA_DOSSIERS_HOUR,
		key_of(request, KP_QUOTA_DOSSIERS_HOUR), limits->dossiers_per_hour,
		HOUR_S, limits->dossiers_per_hour, 1);
	kp_ration_claim(ration, KP_QUOTA_DOSSIERS_DAY,
		key_of(request, KP_QUOTA_DOSSIERS_DAY), limits->dossiers_per_day, DAY_S,
		limits->dossiers_per_day, 1);
	kp_ration_claim(ration, KP_QUOTA_FIELDS_DAY, key_of(request, KP_QUOTA_FIELDS_DAY),
		limits->sensitive_fields_per_day, DAY_S, limits->sensitive_fields_per_day,
		fields);
	return KP_STAGE_NEXT;
}

enum kp_stage_result
kp_stage_budget(struct kp_request *request)
{
	struct kp_ration *ration = &request->ration;
	if (request->view->snapshot->quota == NULL) {
		return KP_STAGE_NEXT;
	}
	const struct kp_quota_limits *limits = kp_ration_limits(request);
	size_t first = ration->count;
	kp_ration_claim(ration, KP_QUOTA_PURPOSE, key_of(request, KP_QUOTA_PURPOSE),
		limits->purpose_per_minute, MINUTE_S, limits->purpose_burst, 1);
	enum kp_stage_result result = kp_ration_take(request, first, KP_E_RATE);
	/* A dry run shows nothing of the client. */
	if (result != KP_STAGE_NEXT || request->dry_run ||
		request->identity.employee.len == 0) {
		return result;
	}
	first = ration->count;
	result = claim_details(request, limits);
	return result == KP_STAGE_NEXT ? kp_ration_take(request, first, KP_E_BUDGET)
				       : result;
}
