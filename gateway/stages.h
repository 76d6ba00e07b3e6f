/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stages: the steps of one query in one table, and the driver that runs them. A step is
 * one function in one file (stage_<name>.c). It answers NEXT, WAIT (it started something
 * that will wake the request) or FAIL (request->error says why). After FAIL only the
 * steps marked `also_after_failure` still run, so that a refusal is recorded and answered
 * like anything else.
 */
#ifndef KP_STAGES_H
#define KP_STAGES_H

#include <stdbool.h>

struct kp_request;

enum kp_stage_result {
	KP_STAGE_NEXT,
	KP_STAGE_WAIT,
	KP_STAGE_FAIL,
};

struct kp_stage {
	const char *name;
	enum kp_stage_result (*run)(struct kp_request *request);
	bool may_wait;
	bool also_after_failure;
};

extern const struct kp_stage kp_stages[];
extern const unsigned kp_stage_count;

enum kp_stage_result kp_stage_admit(struct kp_request *request);
enum kp_stage_result kp_stage_identify(struct kp_request *request);
enum kp_stage_result kp_stage_ration(struct kp_request *request);
enum kp_stage_result kp_stage_parse(struct kp_request *request);
enum kp_stage_result kp_stage_relate(struct kp_request *request);
enum kp_stage_result kp_stage_authorise(struct kp_request *request);
enum kp_stage_result kp_stage_plan(struct kp_request *request);
enum kp_stage_result kp_stage_budget(struct kp_request *request);
enum kp_stage_result kp_stage_commit(struct kp_request *request);
enum kp_stage_result kp_stage_fetch(struct kp_request *request);
enum kp_stage_result kp_stage_project(struct kp_request *request);
enum kp_stage_result kp_stage_merge(struct kp_request *request);
enum kp_stage_result kp_stage_answer(struct kp_request *request);
enum kp_stage_result kp_stage_settle(struct kp_request *request);

/* Runs steps until one waits or the last is done; then the request is gone. */
void kp_stages_run(struct kp_request *request);

#endif
