/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* buffer: see buffer.h. */
#include "core/buffer.h"

#include <stdio.h>

#include "core/heap.h"

#define FIRST_BYTES ((size_t)128)

void
kp_buffer_init(struct kp_buffer *buffer, struct kp_arena *arena, size_t bytes_max)
{
	*buffer = (struct kp_buffer){.arena = arena, .bytes_max = bytes_max};
}

static size_t
next_capacity(const struct kp_buffer *buffer, size_t needed)
{
	size_t capacity = buffer->capacity == 0 ? FIRST_BYTES : buffer->capacity * 2;
	if (capacity < needed) {
		capacity = needed;
	}
	return capacity > buffer->bytes_max ? buffer->bytes_max : capacity;
}

static bool
move(struct kp_buffer *buffer, size_t capacity)
{
	char *data = kp_arena_bytes(buffer->arena, capacity);
	if (data == NULL) {
		return false;
	}
	if (buffer->data != NULL) {
		memcpy(data, buffer->data, buffer->len);
		kp_wipe(buffer->data, buffer->len);
	}
	buffer->data = data;
	return true;
}

/* A failed buffer has no room, so that the inline fast path also stops. */
static bool
fail(struct kp_buffer *buffer)
{
	buffer->failed = true;
	buffer->capacity = buffer->len;
	return false;
}

bool
kp_buffer_grow(struct kp_buffer *buffer, size_t size)
{
	if (buffer->failed) {
		return false;
	}
	if (size > buffer->bytes_max - buffer->len) {
		return fail(buffer);
	}
	size_t capacity = next_capacity(buffer, buffer->len + size);
	bool in_place = buffer->data != NULL &&
		kp_arena_resize_last(
			buffer->arena, buffer->data, buffer->capacity, capacity);
	if (!in_place && !move(buffer, capacity)) {
		return fail(buffer);
	}
	buffer->capacity = capacity;
	return true;
}

void
kp_buffer_add_uint(struct kp_buffer *buffer, uint64_t number)
{
	if (number < 10) {
		kp_buffer_add_char(buffer, (char)('0' + number));
		return;
	}
	size_t len = 2;
	for (uint64_t rest = number / 10; rest > 9; rest /= 10) {
		len++;
	}
	if (!kp_buffer_reserve(buffer, len)) {
		return;
	}
	buffer->len += len;
	char *at = buffer->data + buffer->len;
	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
}

void
kp_buffer_printf(struct kp_buffer *buffer, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int needed = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (needed < 0 || !kp_buffer_reserve(buffer, (size_t)needed + 1)) {
		(void)fail(buffer);
		return;
	}
	va_start(args, format);
	(void)vsnprintf(buffer->data + buffer->len, (size_t)needed + 1, format, args);
	va_end(args);
	buffer->len += (size_t)needed;
}
