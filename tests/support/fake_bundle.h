/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * fake_bundle: policies/policy.h over a small catalogue and a table of grants, so that
 * tests of the request path say in one line what is permitted. The catalogue is read by
 * the real reader.
 */
#ifndef KP_TESTS_FAKE_BUNDLE_H
#define KP_TESTS_FAKE_BUNDLE_H

#include "policies/policy.h"

/* A grant: this role, for this purpose and action, may see these paths (sections, groups
 * or fields). */
struct kp_fake_grant {
	const char *purpose;
	const char *role;
	enum kp_action action;
	const char *paths; /* comma-separated */
	bool needs_reason; /* only when a reason was given */
};

/* Purposes: "intake" (caseload required), "vrij" (not required). Profile: "kort". */
struct kp_bundle *kp_fake_bundle_create(const struct kp_fake_grant *grants, size_t count);

#endif
