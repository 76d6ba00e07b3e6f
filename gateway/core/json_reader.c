/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* json_reader: a reader's limits with their defaults, and a whole document at once; see
 * json_read.h. */
#include "core/json_read.h"

#define TOKEN_BYTES_CEILING (SIZE_MAX / 4) /* sums of lengths cannot wrap */

void
kp_json_reader_init(struct kp_json_reader *reader, const struct kp_json_limits *limits,
	struct kp_arena *arena, kp_json_event_fn on_event, void *ctx)
{
	*reader = (struct kp_json_reader){
		.arena = arena, .on_event = on_event, .ctx = ctx, .line = 1};
	if (limits != NULL) {
		reader->limits = *limits;
	}
	struct kp_json_limits *own = &reader->limits;
	if (own->depth_max == 0) {
		own->depth_max = KP_JSON_DEPTH_MAX;
	}
	if (own->token_bytes_max == 0) {
		own->token_bytes_max = KP_JSON_TOKEN_BYTES_MAX;
	}
	if (own->token_bytes_max > TOKEN_BYTES_CEILING) {
		own->token_bytes_max = TOKEN_BYTES_CEILING;
	}
	if (own->document_bytes_max == 0) {
		own->document_bytes_max = KP_JSON_DOCUMENT_BYTES_MAX;
	}
	if (own->names_per_object_max == 0) {
		own->names_per_object_max = KP_JSON_NAMES_PER_OBJECT_MAX;
	}
	kp_json_names_init(&reader->names, arena);
}

enum kp_status
kp_json_read(struct kp_slice document, const struct kp_json_limits *limits,
	struct kp_arena *arena, kp_json_event_fn on_event, void *ctx,
	struct kp_error *err)
{
	struct kp_json_reader reader;
	kp_json_reader_init(&reader, limits, arena, on_event, ctx);
	enum kp_status status = kp_json_reader_push(&reader, document, err);
	return status == KP_OK ? kp_json_reader_finish(&reader, err) : status;
}
