/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * buffer: text that grows at its end, in an arena. A write that does not fit marks the
 * buffer as failed and later writes do nothing, so a writer checks once, at the end. One
 * thread.
 */
#ifndef KP_CORE_BUFFER_H
#define KP_CORE_BUFFER_H

#include <stdint.h>

#include "core/arena.h"
#include "core/attr.h"
#include "core/slice.h"

struct kp_buffer {
	struct kp_arena *arena; /* owns data */
	char *data;
	size_t len;
	size_t capacity;
	size_t bytes_max; /* named limit of the owner */
	bool failed;
};

/* Empty; allocates nothing yet. Nothing is to be ended: its bytes go with the arena. */
void kp_buffer_init(struct kp_buffer *buffer, struct kp_arena *arena, size_t bytes_max);
/* What kp_buffer_reserve does when there is no room. */
bool kp_buffer_grow(struct kp_buffer *buffer, size_t size);
/* Room for `size` more bytes; false (and failed) when there is none. */
static inline bool
kp_buffer_reserve(struct kp_buffer *buffer, size_t size)
{
	return (size <= buffer->capacity - buffer->len && !buffer->failed) ||
		kp_buffer_grow(buffer, size);
}

/* In decimal digits. */
void kp_buffer_add_uint(struct kp_buffer *buffer, uint64_t number);
void kp_buffer_printf(struct kp_buffer *buffer, const char *format, ...) KP_PRINTF(2, 3);

static inline void
kp_buffer_add(struct kp_buffer *buffer, const char *bytes, size_t len)
{
	if (len > 0 &&
		(len <= buffer->capacity - buffer->len || kp_buffer_grow(buffer, len))) {
		memcpy(buffer->data + buffer->len, bytes, len);
		buffer->len += len;
	}
}

static inline void
kp_buffer_add_slice(struct kp_buffer *buffer, struct kp_slice slice)
{
	kp_buffer_add(buffer, slice.data, slice.len);
}

static inline void
kp_buffer_add_char(struct kp_buffer *buffer, char byte)
{
	if (buffer->len < buffer->capacity || kp_buffer_grow(buffer, 1)) {
		buffer->data[buffer->len++] = byte;
	}
}

#define KP_BUFFER_ADD(buffer, literal)                                                   \
	kp_buffer_add((buffer), "" literal, sizeof(literal) - 1)

static inline struct kp_slice
kp_buffer_slice(const struct kp_buffer *buffer)
{
	return (struct kp_slice){buffer->data, buffer->len};
}

#endif
