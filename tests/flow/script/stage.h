/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage: what a script acts on. Two exist: the virtual one (tests/flow/player: clock,
 * network and disk in memory) and the real one (a started program, real sockets, real
 * time). A script does not know which it has.
 */
#ifndef KP_FLOW_STAGE_H
#define KP_FLOW_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

struct stage_answer {
	enum {
		PARTNER_ANSWERS,
		PARTNER_BREAKS, /* after `cut_at` bytes of the body */
		PARTNER_REFUSES,
		PARTNER_SILENT,
	} kind;
	bool always; /* for every question from now on that has no answer of its own */
	unsigned status;
	struct kp_slice headers; /* "Name: value\n" each */
	struct kp_slice body;
	size_t piece; /* 0: all at once */
	size_t cut_at;
	uint64_t after_ms;
};

/* A question a partner got. The text lives until the next call. */
struct stage_question {
	struct kp_slice method;
	struct kp_slice target;
	struct kp_slice headers;
	struct kp_slice body;
};

struct stage {
	const char *name;
	/* What "{dir}", "{port}" and "{partner}" in files stand for. NULL: not a name of
	 * the stage. */
	const char *(*value)(const char *name);
	void (*write_file)(const char *path, struct kp_slice text);
	void (*add_partner)(const char *name);
	/* Runs the gateway; `rest` is called while it runs. False when it did not start.
	 */
	bool (*start)(const char *config, void (*rest)(void *context), void *context);
	/* Everything the gateway wrote to its log and to the terminal. */
	struct kp_slice (*log)(void);

	void (*advance)(uint64_t ms);
	int64_t (*now_s)(void); /* UTC, as the gateway sees it */
	/* Before its first bytes: the certificate a client shows, the protocol it agrees
	 * on. False or NULL: not on this stage. */
	bool (*certificate)(
		const char *client, const char *oin, const char *organisation);
	bool (*protocol)(const char *client, const char *protocol);
	void (*send)(const char *client, struct kp_slice bytes);
	void (*hang_up)(const char *client);
	void (*read)(const char *client, bool on);
	/* What the client has received and not yet taken. The text lives until the next
	 * call. */
	struct kp_slice (*received)(const char *client);
	/* Waits until that is more than `seen` bytes, for as long as makes sense here
	 * (virtual: not at all), or until the connection is closed. False when neither
	 * came. */
	bool (*wait_for_more)(const char *client, size_t seen);
	void (*take)(const char *client, size_t len);
	/* As of the last of these calls: looking does not let anything arrive. */
	bool (*closed)(const char *client);

	void (*answer)(const char *partner, const struct stage_answer *answer);
	/* The oldest question not yet taken. False when there is none; `expected` ones
	 * are waited for, where waiting makes sense. */
	bool (*question)(
		const char *partner, bool expected, struct stage_question *ret_question);
	/* Lets a moment pass for what happens beside the answers; false where nothing
	 * can. */
	bool (*pause)(void);

	/* "good", "full", "broken"; false when this stage cannot do that. */
	bool (*disk)(const char *state);
	/* From now on the nth allocation of the gateway fails, with the n of
	 * KP_FLOW_FAIL_AT in the environment (none: none fails). NULL: this stage cannot.
	 */
	void (*fail_allocation)(void);
	void (*mend_allocation)(void);      /* none fails any more */
	bool (*signal)(const char *signal); /* "stop", "reload" */
	bool (*stopped)(void);
	/* The journal as the file seam sees it. */
	const char *(*journal)(void);
};

extern const struct stage stage;

#endif
