/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* stages: the steps of one query, in order, and the driver. See stages.h. */
#include "stages.h"

#include "core/attr.h"
#include "request.h"

/* clang-format off */
const struct kp_stage kp_stages[] = {
	/* name         function             may wait  also after failure */
	{ "admit",      kp_stage_admit,      false,    false },
	{ "identify",   kp_stage_identify,   true,     false },
	{ "ration",     kp_stage_ration,     false,    false },
	{ "parse",      kp_stage_parse,      false,    false },
	{ "relate",     kp_stage_relate,     true,     false },
	{ "authorise",  kp_stage_authorise,  false,    false },
	{ "plan",       kp_stage_plan,       false,    false },
	{ "budget",     kp_stage_budget,     false,    false },
	{ "commit",     kp_stage_commit,     true,     true  },
	{ "fetch",      kp_stage_fetch,      true,     false },
	{ "project",    kp_stage_project,    false,    false },
	{ "merge",      kp_stage_merge,      false,    false },
	{ "answer",     kp_stage_answer,     true,     true  },
	{ "settle",     kp_stage_settle,     false,    true  },
};
/* clang-format on */
const unsigned kp_stage_count = KP_ARRAY_LEN(kp_stages);

/* What callbacks left behind since the last run. */
static void
take_notice(struct kp_request *request)
{
	bool answering = kp_stages[request->stage].run == kp_stage_answer;
	if (request->gone && !request->failed && !answering) {
		(void)kp_request_fail(request, KP_E_CANCELLED, "the client went away",
			(struct kp_slice){NULL, 0});
	}
	if (request->expired || request->gone || request->failed) {
		kp_request_cancel_calls(request);
	}
}

/* The step to run now; false while the request cannot go on. */
static bool
find_stage(struct kp_request *request)
{
	if (!request->failed || kp_stages[request->stage].also_after_failure) {
		return true;
	}
	if (request->outstanding > 0) {
		return false;
	}
	while (!kp_stages[request->stage].also_after_failure) {
		request->stage++;
	}
	return true;
}

void
kp_stages_run(struct kp_request *request)
{
	KP_REQUIRE(request->magic == KP_REQUEST_MAGIC);
	KP_REQUIRE(kp_loop_is_current(request->view->loop));
	while (request->stage < kp_stage_count) {
		take_notice(request);
		if (!find_stage(request)) {
			return;
		}
		const struct kp_stage *stage = &kp_stages[request->stage];
		enum kp_stage_result result = stage->run(request);
		switch (result) {
		case KP_STAGE_NEXT:
			KP_REQUIRE(request->outstanding == 0 ||
				request->answer.sending == KP_ONCE_RUNNING);
			request->stage++;
			break;
		case KP_STAGE_WAIT:
			KP_REQUIRE(stage->may_wait && request->outstanding > 0);
			return;
		case KP_STAGE_FAIL:
			KP_REQUIRE(request->failed);
			/* A step that also runs after failure has had its turn. */
			request->stage += stage->also_after_failure ? 1 : 0;
			break;
		}
	}
	kp_request_end(request);
}
