/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* authzen_work: what the files of authzen share: one request in work, how its parts are
 * read, and how it is refused. */
#ifndef KP_POLICIES_AUTHZEN_WORK_H
#define KP_POLICIES_AUTHZEN_WORK_H

#include "core/json_write.h"
#include "policies/authzen.h"

/* Lifetime: one request. */
struct kp_authzen_work {
	const struct kp_authzen_request *request;
	const struct kp_cedar_json *root;
	struct kp_authzen_answer *answer;
	struct kp_buffer out;
	struct kp_json_writer json;
	struct kp_authzen_line *lines; /* for the record */
	uint32_t line_max;
	bool explain; /* options.explain: reasons in the answer's context */
};

/* Which party a member holds; says how it is read. */
enum kp_authzen_use {
	KP_AUTHZEN_USE_WHOLE,
	KP_AUTHZEN_USE_TYPE_ONLY, /* what a search looks for: its id is ignored */
};

/*
 * Reads the member `name` of `object`, else of `defaults` (may be NULL). NULL when that
 * went well, else the message for the caller, in the arena or static.
 */
const char *kp_authzen_read_party(struct kp_authzen_work *work,
	const struct kp_cedar_json *object, const struct kp_cedar_json *defaults,
	const char *name, enum kp_authzen_use use, struct kp_authzen_party *ret_party);
/* The same for the context, which may be absent. */
const char *kp_authzen_read_context(const struct kp_cedar_json *object,
	const struct kp_cedar_json *defaults, const struct kp_cedar_json **ret_context);
/* Answers 400 with a message. */
enum kp_status kp_authzen_refuse(struct kp_authzen_work *work, const char *message);
/* Decides and keeps a line for the record. */
enum kp_status kp_authzen_decide(struct kp_authzen_work *work,
	const struct kp_authzen_question *question,
	struct kp_authzen_verdict *ret_verdict) KP_MUST_USE;
/* Room for so many lines. */
enum kp_status kp_authzen_reserve_lines(
	struct kp_authzen_work *work, uint32_t count) KP_MUST_USE;

/* A member that is there and is not null. */
const struct kp_cedar_json *kp_authzen_member(
	const struct kp_cedar_json *object, const char *name);

/* Reads a search and answers it. KP_E_MEMORY. */
enum kp_status kp_authzen_search(struct kp_authzen_work *work) KP_MUST_USE;

#endif
