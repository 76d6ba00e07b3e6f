/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_ask: one question to one partner, as the gateway asks it, on a loop of its
 * own that ends with it. */
#ifndef KP_COMMANDS_CONNECTOR_ASK_H
#define KP_COMMANDS_CONNECTOR_ASK_H

#include "source/source.h"

/* All zero but for the first part. Lifetime: the caller's. */
struct kp_connector_ask {
	const struct kp_source *source;
	const struct kp_need *need;
	const struct kp_sink *sink;
	struct kp_arena *arena;
	/* See heads and pieces of the answer as they come; may be NULL. */
	void (*on_head)(void *owner, const struct kp_head *head);
	void (*on_bytes)(void *owner, struct kp_slice bytes);
	void *owner;
	bool tables_only; /* its code tables are fetched, and nothing is asked */

	/* How it ended. */
	bool done; /* false: it could not be asked at all */
	enum kp_outcome outcome;
	struct kp_slice reason;
	struct kp_fault fault;
	uint32_t http_status;
	uint64_t duration_us;

	/* Its own. */
	struct kp_loop *loop;
	struct kp_upstream *upstream;
	struct kp_workers *workers;
	struct kp_source_link *link;
	struct kp_task start;
};

/* Blocks until there is an answer or the source's time is over. */
void kp_connector_ask_live(struct kp_connector_ask *ask);

/* For the members of a kp_sink that somebody does not need: true. */
bool kp_connector_ignore_text(void *context, struct kp_text text);
/* A writer that takes every question and keeps nothing. */
struct kp_request_writer kp_connector_ignoring_writer(void);

#endif
