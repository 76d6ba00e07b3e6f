/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http2_read: how much of a connection is read when. A turn of the loop takes some frames
 * of each connection; the rest waits for the next turn, and for a while when what came
 * brought no request further.
 */
#include <string.h>

#include "core/heap.h"
#include "http2_connection.h"

/* Who makes us say much and does not listen is not listened to; nor who has had its share
 * of this turn. */
void
kp_http2_settle_reading(struct kp_http2 *http2)
{
	bool stuffed = http2->writing && kp_http2_crowded(http2->session);
	kp_stream_read(http2->connection->stream, !http2->paused && !stuffed);
}

/* Whose frames bring no request further waits longer than until the next turn. */
static void
begin_turn(struct kp_http2 *http2)
{
	const struct kp_http2_limits *limits = &http2->connection->owner->options.http2;
	uint64_t turn = kp_loop_turn(http2->connection->owner->loop);
	if (http2->turn == turn) {
		return;
	}
	http2->turn = turn;
	if (kp_http2_begin_turn(http2->session, limits->frames_per_turn)) {
		kp_metrics_add(http2->connection->owner->options.metrics,
			KP_METRIC_READS_DELAYED, 1);
		http2->paused = true;
		kp_timer_start(http2->connection->owner->loop, &http2->read_timer,
			(uint64_t)limits->waste_pause_ms * 1000);
	}
}

/* Keeps the rest of what came for a later turn. */
static bool
keep_ahead(struct kp_http2 *http2, struct kp_slice rest)
{
	char *ahead = kp_heap_alloc(rest.len);
	if (ahead == NULL) {
		return false;
	}
	memcpy(ahead, rest.data, rest.len);
	http2->ahead = ahead;
	http2->ahead_len = rest.len;
	return true;
}

/* Takes as many frames as one turn has. */
static void
take(struct kp_http2 *http2, struct kp_slice bytes)
{
	size_t used = http2->paused
		? 0
		: kp_http2_receive(http2->session, bytes,
			  kp_loop_now_us(http2->connection->owner->loop));
	bytes = (struct kp_slice){bytes.data + used, bytes.len - used};
	if (bytes.len > 0 && !keep_ahead(http2, bytes)) {
		kp_connection_close(http2->connection);
		return;
	}
	if (bytes.len > 0 && !http2->paused) {
		http2->paused = true;
		kp_loop_next_turn(http2->connection->owner->loop, &http2->read_task);
	}
	kp_http2_flush(http2);
	if (!http2->connection->closed && !http2->connection->lingering) {
		kp_http2_settle_reading(http2);
	}
}

void
kp_http2_read(void *state, struct kp_slice bytes)
{
	struct kp_http2 *http2 = state;
	begin_turn(http2);
	take(http2, bytes);
}

static void
read_on(struct kp_http2 *http2)
{
	char *ahead = http2->ahead;
	struct kp_slice bytes = {ahead, http2->ahead_len};
	http2->ahead = NULL;
	http2->ahead_len = 0;
	http2->paused = false;
	begin_turn(http2);
	take(http2, bytes);
	kp_heap_free(ahead);
}

static void
on_read_task(struct kp_task *task)
{
	read_on(KP_CONTAINER_OF(task, struct kp_http2, read_task));
}

static void
on_read_timer(struct kp_timer *timer)
{
	read_on(KP_CONTAINER_OF(timer, struct kp_http2, read_timer));
}

void
kp_http2_init_reading(struct kp_http2 *http2)
{
	http2->read_task.run = on_read_task;
	http2->read_timer.fire = on_read_timer;
	http2->turn = UINT64_MAX;
}

void
kp_http2_stop_reading(struct kp_http2 *http2)
{
	struct kp_loop *loop = http2->connection->owner->loop;
	kp_timer_stop(loop, &http2->read_timer);
	kp_loop_undefer(loop, &http2->read_task);
	kp_heap_free(http2->ahead);
	http2->ahead = NULL;
	http2->ahead_len = 0;
}
