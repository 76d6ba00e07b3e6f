/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* turns: see turns.h. */
#include "turns.h"

#include <stddef.h>

#include "core/attr.h"

/* Puts the line last among those that have a turn to come, or takes it out. */
static void
settle(struct kp_turns *turns, struct kp_turns_line *line)
{
	bool due = line->first != NULL && line->in_work < turns->work_max;
	if (due && !line->queued) {
		line->next = NULL;
		line->prev = turns->last;
		*(turns->last == NULL ? &turns->first : &turns->last->next) = line;
		turns->last = line;
	} else if (!due && line->queued) {
		*(line->prev == NULL ? &turns->first : &line->prev->next) = line->next;
		*(line->next == NULL ? &turns->last : &line->next->prev) = line->prev;
	}
	line->queued = due;
}

void
kp_turns_wait(struct kp_turns *turns, struct kp_turns_line *line, struct kp_turn *turn)
{
	KP_REQUIRE(turn->line == NULL);
	*turn = (struct kp_turn){.line = line, .prev = line->last, .waiting = true};
	*(line->last == NULL ? &line->first : &line->last->next) = turn;
	line->last = turn;
	settle(turns, line);
}

static void
unlink_turn(struct kp_turn *turn)
{
	struct kp_turns_line *line = turn->line;
	*(turn->prev == NULL ? &line->first : &turn->prev->next) = turn->next;
	*(turn->next == NULL ? &line->last : &turn->next->prev) = turn->prev;
	turn->waiting = false;
}

struct kp_turn *
kp_turns_next(struct kp_turns *turns)
{
	struct kp_turns_line *line = turns->first;
	if (line == NULL) {
		return NULL;
	}
	struct kp_turn *turn = line->first;
	turns->first = line->next;
	*(line->next == NULL ? &turns->last : &line->next->prev) = NULL;
	line->queued = false;
	unlink_turn(turn);
	line->in_work++;
	settle(turns, line);
	return turn;
}

bool
kp_turns_any(const struct kp_turns *turns)
{
	return turns->first != NULL;
}

void
kp_turns_leave(struct kp_turns *turns, struct kp_turn *turn)
{
	struct kp_turns_line *line = turn->line;
	KP_REQUIRE(line != NULL);
	if (turn->waiting) {
		unlink_turn(turn);
	} else {
		line->in_work--;
	}
	turn->line = NULL;
	settle(turns, line);
}
