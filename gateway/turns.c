/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* turns: see turns.h. */
#include "turns.h"

#include <stddef.h>

#include "core/attr.h"

/* Lists. */

static void
append_turn(struct kp_turn_list *list, struct kp_turn *turn)
{
	turn->next = NULL;
	turn->prev = list->last;
	*(list->last == NULL ? &list->first : &list->last->next) = turn;
	list->last = turn;
}

static void
unlink_turn(struct kp_turn_list *list, struct kp_turn *turn)
{
	*(turn->prev == NULL ? &list->first : &turn->prev->next) = turn->next;
	*(turn->next == NULL ? &list->last : &turn->next->prev) = turn->prev;
}

static struct kp_turns_lines *
lines_at(struct kp_turns *turns, enum kp_turns_place place)
{
	return place == KP_TURNS_DUE ? &turns->due : &turns->resting;
}

static void
move_line(struct kp_turns *turns, struct kp_turns_line *line, enum kp_turns_place place)
{
	if (line->place != KP_TURNS_NOWHERE) {
		struct kp_turns_lines *from = lines_at(turns, line->place);
		*(line->prev == NULL ? &from->first : &line->prev->next) = line->next;
		*(line->next == NULL ? &from->last : &line->next->prev) = line->prev;
	}
	if (place != KP_TURNS_NOWHERE) {
		struct kp_turns_lines *to = lines_at(turns, place);
		line->next = NULL;
		line->prev = to->last;
		*(to->last == NULL ? &to->first : &to->last->next) = line;
		to->last = line;
	}
	line->place = place;
}

/* Parts. */

static uint32_t
part_of_each(const struct kp_turns *turns)
{
	const struct kp_turns_limits *limits = &turns->limits;
	uint32_t part = turns->active <= 1 ? limits->work_max
					   : limits->work_shared / turns->active;
	part = part < limits->work_min ? limits->work_min : part;
	return part > limits->work_max ? limits->work_max : part;
}

static void
place(struct kp_turns *turns, struct kp_turns_line *line)
{
	enum kp_turns_place there = line->waiting.first == NULL ? KP_TURNS_NOWHERE
		: line->in_work < turns->part                   ? KP_TURNS_DUE
								: KP_TURNS_RESTING;
	if (there != line->place) {
		move_line(turns, line, there);
	}
}

/* After a change of the line. A part that has become smaller is noticed when it is the
 * line's turn. */
static void
settle(struct kp_turns *turns, struct kp_turns_line *line)
{
	bool active = line->waiting.first != NULL || line->in_work > 0;
	uint32_t part = turns->part;
	turns->active += active && !line->active ? 1u : 0u;
	turns->active -= line->active && !active ? 1u : 0u;
	line->active = active;
	turns->part = part_of_each(turns);
	place(turns, line);
	if (turns->part > part) {
		struct kp_turns_line *at = turns->resting.first;
		while (at != NULL) {
			struct kp_turns_line *next = at->next;
			place(turns, at);
			at = next;
		}
	}
}

static void
stop_counting(struct kp_turns *turns, struct kp_turn *turn)
{
	turn->counted = false;
	unlink_turn(&turns->begun, turn);
	turn->line->in_work--;
}

/* What has become slow counts no more. */
static void
look_at_clock(struct kp_turns *turns, uint64_t now_us)
{
	struct kp_turn *oldest = turns->begun.first;
	while (oldest != NULL && now_us - oldest->begun_us >= turns->limits.slow_us) {
		stop_counting(turns, oldest);
		settle(turns, oldest->line);
		oldest = turns->begun.first;
	}
}

/* Public. */

void
kp_turns_init(struct kp_turns *turns, const struct kp_turns_limits *limits)
{
	*turns = (struct kp_turns){.limits = *limits};
	turns->part = part_of_each(turns);
}

void
kp_turns_wait(struct kp_turns *turns, struct kp_turns_line *line, struct kp_turn *turn)
{
	KP_REQUIRE(turn->line == NULL);
	*turn = (struct kp_turn){.line = line, .waiting = true};
	append_turn(&line->waiting, turn);
	settle(turns, line);
}

struct kp_turn *
kp_turns_next(struct kp_turns *turns, uint64_t now_us)
{
	look_at_clock(turns, now_us);
	while (turns->due.first != NULL && turns->due.first->in_work >= turns->part) {
		place(turns, turns->due.first);
	}
	struct kp_turns_line *line = turns->due.first;
	if (line == NULL) {
		return NULL;
	}
	struct kp_turn *turn = line->waiting.first;
	unlink_turn(&line->waiting, turn);
	turn->waiting = false;
	turn->counted = true;
	turn->begun_us = now_us;
	append_turn(&turns->begun, turn);
	line->in_work++;
	move_line(turns, line, KP_TURNS_NOWHERE);
	settle(turns, line);
	return turn;
}

void
kp_turns_leave(struct kp_turns *turns, struct kp_turn *turn)
{
	struct kp_turns_line *line = turn->line;
	KP_REQUIRE(line != NULL);
	if (turn->waiting) {
		unlink_turn(&line->waiting, turn);
	} else if (turn->counted) {
		stop_counting(turns, turn);
	}
	turn->waiting = false;
	turn->line = NULL;
	settle(turns, line);
}

bool
kp_turns_any(const struct kp_turns *turns)
{
	return turns->due.first != NULL;
}

uint64_t
kp_turns_at_us(const struct kp_turns *turns)
{
	return turns->resting.first == NULL || turns->begun.first == NULL
		? UINT64_MAX
		: turns->begun.first->begun_us + turns->limits.slow_us;
}
