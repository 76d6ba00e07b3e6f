/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_state: see delivery_state.h and delivery.h. */
#include "source/delivery_state.h"

#include <stdio.h>
#include <string.h>

#include "source/source_private.h"

/* Of smaller ones only the end is worth a line. */
#define TELL_BYTES_MIN ((uint64_t)64 << 20)
#define TELL_PARTS 10

static const struct {
	const char *name;
	const char *reason;
} refusals[] = {
	{"", ""},
#define KP_DELIVERY_REFUSAL(code, name, reason) {name, reason},
#include "source/delivery_refusal.def"
#undef KP_DELIVERY_REFUSAL
};

const char *
kp_delivery_refusal_name(enum kp_delivery_refusal refusal)
{
	return refusals[refusal].name;
}

const char *
kp_delivery_refusal_reason(enum kp_delivery_refusal refusal)
{
	return refusals[refusal].reason;
}

static void
tell(const struct kp_delivery_state *state, const char *path,
	struct kp_delivery_event *event)
{
	const struct kp_source_set *set = state->source->private->set;
	const char *slash = strrchr(path, '/');
	if (set->tell != NULL) {
		event->source = state->source->name;
		event->file = kp_slice_from(slash == NULL ? path : slash + 1);
		set->tell(set->tell_context, event);
	}
}

void
kp_delivery_state_begin(struct kp_delivery_state *state, uint64_t bytes_total)
{
	atomic_store(&state->reading_rows, 0);
	atomic_store(&state->reading_bytes, 0);
	atomic_store(&state->reading_total, bytes_total);
	atomic_store(&state->reading, true);
}

void
kp_delivery_state_read(
	struct kp_delivery_state *state, const char *path, uint64_t bytes, uint64_t rows)
{
	uint64_t before = atomic_load(&state->reading_bytes);
	uint64_t total = atomic_load(&state->reading_total);
	atomic_store(&state->reading_bytes, bytes);
	atomic_store(&state->reading_rows, rows);
	if (total < TELL_BYTES_MIN || bytes >= total ||
		bytes / (total / TELL_PARTS) == before / (total / TELL_PARTS)) {
		return;
	}
	struct kp_delivery_event event = {
		.kind = KP_DELIVERY_PROGRESS,
		.fault = "",
		.rows = rows,
		.bytes = bytes,
		.percent = (unsigned)(bytes * 100 / total),
	};
	tell(state, path, &event);
}

void
kp_delivery_state_end(struct kp_delivery_state *state)
{
	atomic_store(&state->reading, false);
}

void
kp_delivery_state_taken(
	struct kp_delivery_state *state, const struct kp_delivery_taken *taken)
{
	atomic_store(&state->swapped_ms, taken->now_ms);
	atomic_store(&state->dated_ms, taken->dated_ms);
	atomic_store(&state->rows, taken->rows);
	atomic_store(&state->bytes, taken->bytes);
	atomic_store(&state->change_files, taken->change_files);
	atomic_store(&state->in_force, true);
	struct kp_delivery_event event = {
		.kind = KP_DELIVERY_TAKEN,
		.fault = "",
		.rows = taken->rows,
		.bytes = taken->bytes,
		.change_files = taken->change_files,
		.change_rows = taken->change_rows,
		.percent = 100,
	};
	tell(state, taken->path, &event);
}

void
kp_delivery_state_refused(struct kp_delivery_state *state, const char *path,
	enum kp_delivery_refusal refusal, const struct kp_fault *fault)
{
	char text[sizeof(fault->place) + sizeof(fault->message) + 2];
	(void)atomic_fetch_add(&state->refused[refusal], 1);
	(void)snprintf(text, sizeof(text), "%s%s%s", fault->place,
		fault->place[0] == '\0' ? "" : ": ", fault->message);
	struct kp_delivery_event event = {
		.kind = KP_DELIVERY_REFUSED,
		.refusal = refusal,
		.fault = text,
	};
	tell(state, path, &event);
}

void
kp_delivery_state_dropped(struct kp_delivery_state *state, const char *path)
{
	struct kp_delivery_event event = {.kind = KP_DELIVERY_DROPPED,
		.fault = "",
		.bytes = atomic_load(&state->bytes)};
	atomic_store(&state->in_force, false);
	tell(state, path, &event);
}

void
kp_delivery_state_inherit(
	struct kp_delivery_state *state, struct kp_delivery_state *before)
{
	atomic_store(&state->swapped_ms, atomic_load(&before->swapped_ms));
	atomic_store(&state->dated_ms, atomic_load(&before->dated_ms));
	atomic_store(&state->rows, atomic_load(&before->rows));
	atomic_store(&state->bytes, atomic_load(&before->bytes));
	atomic_store(&state->change_files, atomic_load(&before->change_files));
	atomic_store(&state->in_force, atomic_load(&before->in_force));
	for (size_t i = 0; i < KP_DELIVERY_REFUSAL_COUNT; i++) {
		atomic_store(&state->refused[i], atomic_load(&before->refused[i]));
	}
}

bool
kp_source_delivery(const struct kp_source *source, struct kp_delivery_view *ret_view)
{
	struct kp_delivery_state *state = kp_file_store_state(source->private->store);
	if (state == NULL) {
		return false;
	}
	*ret_view = (struct kp_delivery_view){
		.in_force = atomic_load(&state->in_force),
		.swapped_ms = atomic_load(&state->swapped_ms),
		.dated_ms = atomic_load(&state->dated_ms),
		.rows = atomic_load(&state->rows),
		.bytes = atomic_load(&state->bytes),
		.change_files = atomic_load(&state->change_files),
		.reading = atomic_load(&state->reading),
		.reading_rows = atomic_load(&state->reading_rows),
		.reading_bytes = atomic_load(&state->reading_bytes),
		.reading_bytes_total = atomic_load(&state->reading_total),
	};
	for (size_t i = 0; i < KP_DELIVERY_REFUSAL_COUNT; i++) {
		ret_view->refused[i] = atomic_load(&state->refused[i]);
	}
	return true;
}
