/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* ration: see ration.h. */
#include "ration.h"

#include <stdlib.h>

#include "query/dossier_write.h"
#include "request.h"

#define MINUTE_S 60u

static const struct kp_slice nothing = {NULL, 0};

static struct kp_quota *
quota_of(const struct kp_request *request)
{
	return request->view->snapshot->quota;
}

static int
compare_override(const void *key, const void *override_at)
{
	const struct kp_slice *organisation = key;
	const struct kp_quota_override *override = override_at;
	return kp_slice_compare(*organisation, override->organisation);
}

const struct kp_quota_limits *
kp_ration_limits(const struct kp_request *request)
{
	const struct kp_path_config *config = kp_request_config(request);
	const struct kp_quota_override *override = NULL;
	if (config->quota_override_count > 0) {
		override = bsearch(&request->identity.organisation,
			config->quota_overrides, config->quota_override_count,
			sizeof(*override), compare_override);
	}
	return override == NULL ? &config->quota : &override->limits;
}

void
kp_ration_claim(struct kp_ration *ration, enum kp_quota_policy policy, uint64_t key,
	uint32_t count, uint32_t window_s, uint32_t burst, uint32_t cost)
{
	if (count == 0) {
		return;
	}
	KP_REQUIRE(ration->count < KP_RATION_CLAIMS_MAX);
	ration->claims[ration->count++] = (struct kp_quota_claim){
		.policy = policy,
		.key = key,
		.count = count,
		.window_s = window_s,
		.burst = burst == 0 ? 1 : burst,
		.cost = cost,
	};
}

static enum kp_stage_result
refuse(struct kp_request *request, enum kp_quota_policy policy,
	enum kp_quota_verdict verdict, enum kp_status spent, uint32_t retry_s)
{
	struct kp_metrics_loop *metrics = request->view->metrics;
	request->ration.refused_by = kp_quota_policy_name(policy);
	request->ration.retry_s = retry_s;
	kp_metrics_add(metrics,
		(enum kp_metric)((unsigned)KP_METRIC_QUOTA_ADDRESS + (unsigned)policy),
		1);
	if (verdict == KP_QUOTA_FULL) {
		kp_metrics_add(metrics, KP_METRIC_QUOTA_NO_ROOM, 1);
	}
	const char *detail = kp_arena_printf(&request->arena,
		"De grens '%.*s' is bereikt. Probeer het over %u seconden opnieuw.",
		KP_SLICE_ARG(request->ration.refused_by), retry_s);
	return kp_request_fail(request, spent,
		verdict == KP_QUOTA_FULL ? "no room to count the asker"
					 : "more was asked than is allowed",
		kp_slice_from(detail));
}

enum kp_stage_result
kp_ration_take(struct kp_request *request, size_t first, enum kp_status spent)
{
	struct kp_ration *ration = &request->ration;
	size_t refused = 0;
	enum kp_quota_verdict verdict = kp_quota_take(quota_of(request),
		ration->claims + first, ration->count - first,
		kp_loop_now_us(request->view->loop), ration->states + first, &refused);
	if (verdict == KP_QUOTA_TAKEN) {
		return KP_STAGE_NEXT;
	}
	refused += first;
	ration->count = refused + 1;
	return refuse(request, ration->claims[refused].policy, verdict, spent,
		ration->states[refused].retry_s);
}

/* --- the address --- */

static struct kp_quota_claim
claim_of_address(const struct kp_request *request)
{
	uint32_t count = kp_request_config(request)->quota.refused_per_minute;
	return (struct kp_quota_claim){
		.policy = KP_QUOTA_ADDRESS,
		.key = kp_quota_address_key(kp_exchange_peer(request->exchange)),
		.count = count,
		.window_s = MINUTE_S,
		.burst = count,
		.cost = 1,
	};
}

static bool
counts_addresses(const struct kp_request *request)
{
	return quota_of(request) != NULL &&
		kp_request_config(request)->quota.refused_per_minute > 0;
}

enum kp_stage_result
kp_ration_address(struct kp_request *request)
{
	struct kp_quota_state state;
	if (!counts_addresses(request)) {
		return KP_STAGE_NEXT;
	}
	const struct kp_quota_claim claim = claim_of_address(request);
	if (kp_quota_has(quota_of(request), &claim, kp_loop_now_us(request->view->loop),
		    &state)) {
		return KP_STAGE_NEXT;
	}
	return refuse(
		request, KP_QUOTA_ADDRESS, KP_QUOTA_SPENT, KP_E_RATE, state.retry_s);
}

/* --- who asks --- */

enum kp_stage_result
kp_ration_asker(struct kp_request *request, bool employee)
{
	const struct kp_identity *identity = &request->identity;
	struct kp_ration *ration = &request->ration;
	if (quota_of(request) == NULL) {
		return KP_STAGE_NEXT;
	}
	const struct kp_quota_limits *limits = kp_ration_limits(request);
	if (employee && identity->employee.len > 0) {
		kp_ration_claim(ration, KP_QUOTA_EMPLOYEE,
			kp_quota_key(KP_QUOTA_EMPLOYEE, identity->organisation,
				identity->employee),
			limits->employee_per_minute, MINUTE_S, limits->employee_burst, 1);
	}
	kp_ration_claim(ration, KP_QUOTA_ORGANISATION,
		kp_quota_key(KP_QUOTA_ORGANISATION, nothing, identity->organisation),
		limits->organisation_per_minute, MINUTE_S, limits->organisation_burst, 1);
	return kp_ration_take(request, 0, KP_E_RATE);
}

void
kp_ration_end(struct kp_request *request)
{
	struct kp_ration *ration = &request->ration;
	if (ration->in_work) {
		ration->in_work = false;
		kp_quota_leave(quota_of(request), ration->work_key);
	}
	if (request->failed && request->error.status == KP_E_UNAUTHENTICATED &&
		counts_addresses(request)) {
		const struct kp_quota_claim claim = claim_of_address(request);
		struct kp_quota_state state;
		size_t refused;
		/* Without room for this address it is not slowed down; who asks without
		 * saying so gets nothing anyhow. */
		(void)!kp_quota_take(quota_of(request), &claim, 1,
			kp_loop_now_us(request->view->loop), &state, &refused);
	}
}

/* --- fields of the answer --- */

/* An item of a list of structured fields (RFC 9651): "naam" with parameters. */
static void
write_name(struct kp_buffer *buffer, const struct kp_ration *ration, size_t index)
{
	if (index > 0) {
		KP_BUFFER_ADD(buffer, ", ");
	}
	kp_buffer_add_char(buffer, '"');
	kp_buffer_add_slice(buffer, kp_quota_policy_name(ration->claims[index].policy));
	kp_buffer_add_char(buffer, '"');
}

void
kp_ration_write_policies(struct kp_buffer *buffer, const struct kp_ration *ration)
{
	for (size_t i = 0; i < ration->count; i++) {
		write_name(buffer, ration, i);
		KP_BUFFER_ADD(buffer, ";q=");
		kp_buffer_add_uint(buffer, ration->claims[i].count);
		KP_BUFFER_ADD(buffer, ";w=");
		kp_buffer_add_uint(buffer, ration->claims[i].window_s);
	}
}

void
kp_ration_write_standing(struct kp_buffer *buffer, const struct kp_ration *ration)
{
	for (size_t i = 0; i < ration->count; i++) {
		write_name(buffer, ration, i);
		KP_BUFFER_ADD(buffer, ";r=");
		kp_buffer_add_uint(buffer, ration->states[i].left);
		KP_BUFFER_ADD(buffer, ";t=");
		kp_buffer_add_uint(buffer, ration->states[i].reset_s);
	}
}
