/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_state: how a source's deliveries stand; see delivery.h. Lives as long as its
 * store. One worker at a time writes, any thread reads. */
#ifndef KP_SOURCE_DELIVERY_STATE_H
#define KP_SOURCE_DELIVERY_STATE_H

#include <stdatomic.h>

#include "connectors/connector.h"
#include "source/delivery.h"

struct kp_delivery_state {
	const struct kp_source *source;
	atomic_bool in_force;
	atomic_llong swapped_ms;
	atomic_llong dated_ms;
	atomic_ullong rows;
	atomic_ullong bytes;
	atomic_ullong change_files;
	atomic_bool reading;
	atomic_ullong reading_rows;
	atomic_ullong reading_bytes;
	atomic_ullong reading_total;
	atomic_ullong refused[KP_DELIVERY_REFUSAL_COUNT];
};

/* A file is about to be read from its beginning. */
void kp_delivery_state_begin(struct kp_delivery_state *state, uint64_t bytes_total);
/* So much of it was read; tells of large ones. */
void kp_delivery_state_read(
	struct kp_delivery_state *state, const char *path, uint64_t bytes, uint64_t rows);
/* Nothing is read any more. */
void kp_delivery_state_end(struct kp_delivery_state *state);

struct kp_delivery_taken {
	const char *path;
	int64_t now_ms;
	int64_t dated_ms;
	uint64_t rows;
	uint64_t bytes;
	uint64_t change_files;
	uint64_t change_rows;
};

/* That delivery is in force now; and that one was not taken, with the reason. */
void kp_delivery_state_taken(
	struct kp_delivery_state *state, const struct kp_delivery_taken *taken);
void kp_delivery_state_refused(struct kp_delivery_state *state, const char *path,
	enum kp_delivery_refusal refusal, const struct kp_fault *fault);
/* What was in force is so no more, and nothing is in its place. */
void kp_delivery_state_dropped(struct kp_delivery_state *state, const char *path);

/* What there is to tell comes along. Nobody else writes `state` yet. */
void kp_delivery_state_inherit(
	struct kp_delivery_state *state, struct kp_delivery_state *before);

#endif
