/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_merge: the sources' values become one dossier (query/merge.h).
 *
 * In:       calls, projected
 * Out:      merged
 * Waits:    no
 * Owns:     nothing
 * Fails as: KP_E_MEMORY
 */
#include "request.h"

bool
kp_merge_all(struct kp_request *request)
{
	const struct kp_collect **collects = KP_ARENA_ARRAY(
		&request->arena, const struct kp_collect *, request->call_count);
	size_t count = 0;
	for (uint32_t i = 0; collects != NULL && i < request->call_count; i++) {
		const struct kp_request_call *call = &request->calls[i];
		if (call->state.asked && call->state.outcome == KP_FOUND) {
			collects[count++] = &call->collect;
		}
	}
	return collects != NULL &&
		kp_merge(request->view->snapshot->catalogue, collects, count,
			&request->arena, &request->merged) == KP_OK;
}

enum kp_stage_result
kp_stage_merge(struct kp_request *request)
{
	if (!kp_merge_all(request)) {
		return kp_request_fail(request, KP_E_MEMORY, "no memory to merge",
			(struct kp_slice){NULL, 0});
	}
	return KP_STAGE_NEXT;
}
