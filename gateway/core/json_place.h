/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_place: where a reader is, as a JSON pointer (RFC 6901), for its errors. Part of
 * json_read. The pointer is put together from the open objects and arrays only when it is
 * asked for.
 */
#ifndef KP_CORE_JSON_PLACE_H
#define KP_CORE_JSON_PLACE_H

#include <stdbool.h>

#include "core/json_read.h"

/* An open object or array. */
struct kp_json_frame {
	bool is_object;
	struct kp_json_scope scope;
	struct kp_slice name; /* object: of the current member, raw; lies in the chunk or
				 saved_names */
	uint64_t index;       /* array: of the current element */
};

/*
 * Copies the names of open members out of the chunk that is about to go. Names beyond
 * what a pointer can show are let go. False when there is no memory.
 */
bool kp_json_place_save(struct kp_json_reader *reader);

/* Writes the reader's fault and its place to `err` (may be NULL). Returns the reader's
 * status. */
enum kp_status kp_json_place_error(
	const struct kp_json_reader *reader, struct kp_error *err);

/* After a fault: lets go of names in bytes that go when the call ends. */
void kp_json_place_forget(struct kp_json_reader *reader);

#endif
