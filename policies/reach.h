/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * reach: grants that can never apply to a question that the gateway puts. Such a rule is
 * valid and does nothing: whoever wrote it believes that something is permitted.
 */
#ifndef KP_POLICIES_REACH_H
#define KP_POLICIES_REACH_H

#include "policies/bundle.h"

enum kp_reach {
	KP_REACH_SOMEBODY, /* or it cannot be told */
	/* Reading outside the caseload, for purposes that do not ask for the caseload. */
	KP_REACH_NEVER_OUTSIDE,
	/* Its conditions contradict what holds whenever rules are asked: the client is in
	 * the caseload when the purpose says so and not outside it; nobody objected. */
	KP_REACH_NEVER_MET,
	/* No organisation that it is about can give one of its roles, or ask by mandate
	 * of one that can. */
	KP_REACH_NOBODY,
};

/* Of a permit, by its number in bundle->rules. */
enum kp_reach kp_rule_reach(const struct kp_bundle *bundle, uint32_t rule);

#endif
