/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_ration: has this employee, or this organisation, asked too much lately, or does
 * the organisation have too much in work? Before the question is read, so that one that
 * is not well formed counts too.
 *
 * In:       identity, the bounds in force
 * Out:      ration
 * Waits:    no
 * Owns:     a place among the organisation's dossiers in work; settle leaves it
 * Fails as: KP_E_RATE, KP_E_CONCURRENT
 */
#include "request.h"

static enum kp_stage_result
enter(struct kp_request *request, uint32_t max)
{
	struct kp_ration *ration = &request->ration;
	ration->work_key = kp_quota_key(KP_QUOTA_CONCURRENT, (struct kp_slice){NULL, 0},
		request->identity.organisation);
	enum kp_quota_verdict verdict =
		kp_quota_enter(request->view->snapshot->quota, ration->work_key, max);
	if (verdict == KP_QUOTA_TAKEN) {
		ration->in_work = true;
		return KP_STAGE_NEXT;
	}
	ration->refused_by = kp_quota_policy_name(KP_QUOTA_CONCURRENT);
	ration->retry_s = 1;
	kp_metrics_add(request->view->metrics, KP_METRIC_QUOTA_CONCURRENT, 1);
	if (verdict == KP_QUOTA_FULL) {
		kp_metrics_add(request->view->metrics, KP_METRIC_QUOTA_NO_ROOM, 1);
	}
	return kp_request_fail(request, KP_E_CONCURRENT, "concurrent_max reached",
		KP_SLICE("De organisatie heeft al zo veel vragen tegelijk lopen als is "
			 "toegestaan. Probeer het zo opnieuw."));
}

enum kp_stage_result
kp_stage_ration(struct kp_request *request)
{
	enum kp_stage_result result = kp_ration_asker(request, true);
	if (result != KP_STAGE_NEXT || request->view->snapshot->quota == NULL) {
		return result;
	}
	uint32_t max = kp_ration_limits(request)->concurrent_max;
	return max == 0 ? KP_STAGE_NEXT : enter(request, max);
}
