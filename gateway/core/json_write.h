/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_write: JSON (RFC 8259) straight onto a buffer, without white space. Commas come by
 * themselves. That begins and ends match, and that every member has a name, is the
 * caller's to get right. Running out of room marks the buffer as failed: check
 * `buffer->failed` once, at the end.
 */
#ifndef KP_CORE_JSON_WRITE_H
#define KP_CORE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"

/* Lifetime: the caller's. Several writers may follow each other on one buffer. One
 * thread. */
struct kp_json_writer {
	struct kp_buffer *buffer; /* borrowed */
	bool comma;               /* the next name or value needs one before it */
	unsigned depth;           /* open objects and arrays */
	size_t replaced;          /* wrong UTF-8 sequences written as U+FFFD */
};

/* Writes behind what is in the buffer, which is borrowed; whether all fitted, it says. */
void kp_json_writer_init(struct kp_json_writer *writer, struct kp_buffer *buffer);

/* The name of the next member. Escaped as a string is. */
void kp_json_write_name(struct kp_json_writer *writer, struct kp_slice name);
/* A name that needs no escaping, such as a literal of ours or one raw from the reader. */
void kp_json_write_name_raw(struct kp_json_writer *writer, struct kp_slice raw_name);

/* A string from text: quotes, escapes; each wrong UTF-8 sequence becomes U+FFFD and is
 * counted. */
void kp_json_write_string(struct kp_json_writer *writer, struct kp_slice text);
/* A string from a raw string of the reader: quotes are put around it, nothing else
 * happens. */
void kp_json_write_string_raw(struct kp_json_writer *writer, struct kp_slice raw_string);
/* A complete JSON value, verbatim: a number as its source wrote it, a subtree. */
void kp_json_write_raw(struct kp_json_writer *writer, struct kp_slice raw_value);
void kp_json_write_int(struct kp_json_writer *writer, int64_t number);
void kp_json_write_uint(struct kp_json_writer *writer, uint64_t number);
void kp_json_write_bool(struct kp_json_writer *writer, bool value);
void kp_json_write_null(struct kp_json_writer *writer);

static inline void
kp_json_write_comma(struct kp_json_writer *writer)
{
	if (writer->comma) {
		kp_buffer_add_char(writer->buffer, ',');
	}
	writer->comma = true;
}

static inline void
kp_json_write_object_begin(struct kp_json_writer *writer)
{
	kp_json_write_comma(writer);
	kp_buffer_add_char(writer->buffer, '{');
	writer->comma = false;
	writer->depth++;
}

static inline void
kp_json_write_object_end(struct kp_json_writer *writer)
{
	kp_buffer_add_char(writer->buffer, '}');
	writer->comma = true;
	writer->depth--;
}

static inline void
kp_json_write_array_begin(struct kp_json_writer *writer)
{
	kp_json_write_comma(writer);
	kp_buffer_add_char(writer->buffer, '[');
	writer->comma = false;
	writer->depth++;
}

static inline void
kp_json_write_array_end(struct kp_json_writer *writer)
{
	kp_buffer_add_char(writer->buffer, ']');
	writer->comma = true;
	writer->depth--;
}

/* Name and value in one, for members of our own. `name` is a string literal that needs no
 * escapes. */
#define KP_JSON_WRITE_NAME(writer, name) kp_json_write_name_raw((writer), KP_SLICE(name))

/* Does text hold only well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates)? */
bool kp_utf8_valid(struct kp_slice text) KP_MUST_USE;

#endif
