/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * turns: whose request is begun next. Complete requests wait in a line per connection, in
 * the order in which they came; connections take turns, one request each. So whoever
 * asks a hundred things at once waits for itself, and a request on another connection
 * waits for one of each connection before it, not for all hundred.
 *
 * A connection with as many requests in work as work_max has no turn until one of them
 * is finished. Pure; all structs are embedded in their owners, zeroed at first. One
 * thread.
 */
#ifndef KP_TURNS_H
#define KP_TURNS_H

#include <stdbool.h>
#include <stdint.h>

struct kp_turns_line;

/* A request. */
struct kp_turn {
	struct kp_turns_line *line; /* while it waits or is in work */
	struct kp_turn *next;       /* private */
	struct kp_turn *prev;
	bool waiting; /* may be read */
};

/* The requests of one connection. */
struct kp_turns_line {
	struct kp_turn *first; /* private: those that wait */
	struct kp_turn *last;
	uint32_t in_work;
	bool queued; /* among the lines that have a turn to come */
	struct kp_turns_line *next;
	struct kp_turns_line *prev;
};

struct kp_turns {
	uint32_t work_max;           /* in work at the same time, per line; at least 1 */
	struct kp_turns_line *first; /* private: lines with a turn to come */
	struct kp_turns_line *last;
};

/* The request waits, behind those of its line. */
void kp_turns_wait(
	struct kp_turns *turns, struct kp_turns_line *line, struct kp_turn *turn);
/* The request that is begun now: it is in work. NULL: none has a turn. */
struct kp_turn *kp_turns_next(struct kp_turns *turns);
/* Somebody's turn is to come. */
bool kp_turns_any(const struct kp_turns *turns);
/* The request waits no longer, or is not in work any more. */
void kp_turns_leave(struct kp_turns *turns, struct kp_turn *turn);

#endif
