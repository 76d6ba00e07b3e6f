/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* json_place: see json_place.h. */
#include "core/json_place.h"

#include <stdio.h>

#define SAVED_NAMES_BYTES ((size_t)128) /* as many as kp_error.place can show */

/* One byte more than fits is ours, so that an empty name behind a full store is known as
 * saved. */
static bool
is_saved(const struct kp_json_reader *reader, const char *name)
{
	uintptr_t first = (uintptr_t)reader->saved_names;
	return first != 0 && (uintptr_t)name >= first &&
		(uintptr_t)name <= first + SAVED_NAMES_BYTES;
}

bool
kp_json_place_save(struct kp_json_reader *reader)
{
	size_t used = 0;
	for (unsigned i = 0; i < reader->depth; i++) {
		struct kp_slice *name = &reader->frames[i].name;
		if (name->data == NULL) {
			continue;
		}
		if (reader->saved_names == NULL) {
			reader->saved_names =
				kp_arena_bytes(reader->arena, SAVED_NAMES_BYTES + 1);
			if (reader->saved_names == NULL) {
				return false;
			}
		}
		char *room = reader->saved_names + used;
		if (!is_saved(reader, name->data)) {
			size_t left = SAVED_NAMES_BYTES - used;
			name->len = name->len < left ? name->len : left;
			memcpy(room, name->data, name->len);
			name->data = room;
		}
		used += name->len;
	}
	return true;
}

/* Appends one reference token of RFC 6901; `~` and `/` are escaped. */
static size_t
put_reference(char *out, size_t size, size_t used, struct kp_slice name)
{
	static const char tilde[] = "~0";
	static const char slash[] = "~1";
	if (used + 1 < size) {
		out[used++] = '/';
	}
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.data[i];
		const char *text = byte == '~' ? tilde : byte == '/' ? slash : &byte;
		size_t len = text == &byte ? 1 : 2;
		if (used + len >= size) {
			break;
		}
		memcpy(out + used, text, len);
		used += len;
	}
	return used;
}

static void
write_pointer(const struct kp_json_reader *reader, char *out, size_t size)
{
	size_t used = 0;
	for (unsigned i = 0; i < reader->depth; i++) {
		const struct kp_json_frame *frame = &reader->frames[i];
		char number[24];
		struct kp_slice part = frame->name;
		if (!frame->is_object) {
			int len = snprintf(number, sizeof(number), "%llu",
				(unsigned long long)frame->index);
			part = (struct kp_slice){number, (size_t)len};
		} else if (part.data == NULL) {
			break;
		}
		used = put_reference(out, size, used, part);
	}
	/* A cut must not leave half a character. */
	while (used > 0 && used + 2 >= size &&
		((unsigned char)out[used - 1] & 0x80) != 0) {
		used--;
	}
	out[used] = '\0';
}

enum kp_status
kp_json_place_error(const struct kp_json_reader *reader, struct kp_error *err)
{
	if (err == NULL) {
		return reader->status;
	}
	unsigned long long offset = reader->fault_offset;
	if (reader->status == KP_E_LIMIT) {
		(void)kp_error_set(err, reader->status, "%s is %llu, passed at byte %llu",
			reader->fault, (unsigned long long)reader->fault_limit, offset);
	} else {
		(void)kp_error_set(
			err, reader->status, "%s, at byte %llu", reader->fault, offset);
	}
	char place[sizeof(err->place)];
	write_pointer(reader, place, sizeof(place));
	kp_error_at(err, NULL, reader->line,
		(unsigned)(reader->fault_offset - reader->line_start) + 1, place);
	return reader->status;
}

void
kp_json_place_forget(struct kp_json_reader *reader)
{
	for (unsigned i = 0; i < reader->depth; i++) {
		struct kp_slice *name = &reader->frames[i].name;
		if (!is_saved(reader, name->data)) {
			*name = (struct kp_slice){NULL, 0};
		}
	}
}
