/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * turns: whose request is begun next. Complete requests wait in a line per connection, in
 * the order in which they came; connections take turns, one request each. So whoever
 * asks a hundred things at once waits for itself, and a request on another connection
 * waits for one of each connection before it, not for all hundred.
 *
 * What is in work is shared as well, or everything would be begun and turns would mean
 * nothing: connections that ask at the same time each have an equal part of work_shared
 * in work, but work_min at least and work_max at most. A request that is in work for
 * longer than slow_us waits for somebody else, and is not counted any more.
 *
 * Pure; all structs are embedded in their owners, zeroed at first. One thread.
 */
#ifndef KP_TURNS_H
#define KP_TURNS_H

#include <stdbool.h>
#include <stdint.h>

struct kp_turns_line;

/* A request. */
struct kp_turn {
	struct kp_turns_line *line; /* while it waits or is in work */
	bool waiting;               /* may be read */
	bool counted;               /* private, as all below: in work, and not slow */
	uint64_t begun_us;
	struct kp_turn *next;
	struct kp_turn *prev;
};

struct kp_turn_list {
	struct kp_turn *first;
	struct kp_turn *last;
};

enum kp_turns_place {
	KP_TURNS_NOWHERE, /* nobody waits */
	KP_TURNS_DUE,
	KP_TURNS_RESTING, /* has its part in work */
};

/* The requests of one connection. Private. */
struct kp_turns_line {
	struct kp_turn_list waiting;
	uint32_t in_work; /* that count */
	bool active;
	enum kp_turns_place place;
	struct kp_turns_line *next;
	struct kp_turns_line *prev;
};

struct kp_turns_lines {
	struct kp_turns_line *first;
	struct kp_turns_line *last;
};

struct kp_turns_limits {
	uint32_t work_max; /* per line, also when no other asks; at least 1 */
	uint32_t work_min; /* per line, however many ask; at least 1 */
	uint32_t work_shared;
	uint64_t slow_us;
};

struct kp_turns {
	struct kp_turns_limits limits;
	struct kp_turns_lines due; /* private, as all below */
	struct kp_turns_lines resting;
	struct kp_turn_list begun; /* that count; oldest first */
	uint32_t active;           /* lines with requests that wait or count */
	uint32_t part;             /* of each of them */
};

/* Nobody waits. Copies the limits. */
void kp_turns_init(struct kp_turns *turns, const struct kp_turns_limits *limits);
/* The request waits, behind those of its line. */
void kp_turns_wait(
	struct kp_turns *turns, struct kp_turns_line *line, struct kp_turn *turn);
/* The request that is begun now: it is in work. NULL: nobody has a turn. */
struct kp_turn *kp_turns_next(struct kp_turns *turns, uint64_t now_us);
/* The request waits no longer, or is not in work any more. */
void kp_turns_leave(struct kp_turns *turns, struct kp_turn *turn);
/* Somebody may have a turn. */
bool kp_turns_any(const struct kp_turns *turns);
/* When somebody may have a turn though no request is finished; UINT64_MAX: never. */
uint64_t kp_turns_at_us(const struct kp_turns *turns);

#endif
