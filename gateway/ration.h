/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * ration: what the steps ration and budget, and the decision point beside them, share:
 * from a request and the bounds in force to claims on quota.h, and back to the fields of
 * an answer. Loop thread.
 */
#ifndef KP_RATION_H
#define KP_RATION_H

#include "core/buffer.h"
#include "quota.h"
#include "stages.h"

struct kp_request;

/* Every policy but the address and what is at the same time. */
#define KP_RATION_CLAIMS_MAX 6u

/* What was claimed for a request so far, and how those buckets stood afterwards. */
struct kp_ration {
	struct kp_quota_claim claims[KP_RATION_CLAIMS_MAX];
	struct kp_quota_state states[KP_RATION_CLAIMS_MAX];
	size_t count;
	struct kp_slice refused_by; /* name of the policy that refused; empty: none */
	uint32_t retry_s;           /* then */
	uint64_t work_key;          /* of the place taken among the dossiers in work */
	bool in_work;
};

/* The bounds for the asking organisation. */
const struct kp_quota_limits *kp_ration_limits(const struct kp_request *request);

/* Adds a claim that kp_ration_take will take; nothing when `count` is 0, no bound. */
void kp_ration_claim(struct kp_ration *ration, enum kp_quota_policy policy, uint64_t key,
	uint32_t count, uint32_t window_s, uint32_t burst, uint32_t cost);
/* Takes the claims from number `first` on. When one is refused the request fails as
 * `spent`, with that and the time to wait as detail. */
enum kp_stage_result kp_ration_take(
	struct kp_request *request, size_t first, enum kp_status spent);

/* Before it is known who asks: KP_STAGE_FAIL when too many questions from the client's
 * address did not say so. */
enum kp_stage_result kp_ration_address(struct kp_request *request);
/* Who asks: the organisation and, for a dossier, the employee. KP_E_RATE. */
enum kp_stage_result kp_ration_asker(struct kp_request *request, bool employee);
/* When the request ends: leaves that place, and counts a question that did not say who
 * asks. */
void kp_ration_end(struct kp_request *request);

/* The values of RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10);
 * nothing when nothing is bounded. */
void kp_ration_write_policies(struct kp_buffer *buffer, const struct kp_ration *ration);
void kp_ration_write_standing(struct kp_buffer *buffer, const struct kp_ration *ration);

#endif
