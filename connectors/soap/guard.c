/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* guard: see guard.h. */
#include "connectors/soap/guard.h"

#include <string.h>

static const char too_long[] = "a tag, comment or declaration is longer than allowed";
static const char no_doctype[] =
	"a document type declaration (or another declaration) is not allowed";

/* A byte order mark of UTF-8 may stand in front; any other start but '<' or white space
 * is another encoding, or no XML. */
static const char *
on_start(struct kp_guard *guard, char byte)
{
	static const char mark[] = "\xef\xbb\xbf";
	if (guard->at < 3 && byte == mark[guard->at]) {
		return NULL;
	}
	guard->state = KP_GUARD_TEXT;
	if (byte == '<') {
		guard->state = KP_GUARD_OPEN;
		return NULL;
	}
	bool space = byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
	return space ? NULL : "the answer does not begin like XML in UTF-8";
}

static const char *
on_open(struct kp_guard *guard, char byte)
{
	guard->length = 0;
	memset(guard->last, 0, sizeof(guard->last));
	if (byte == '!') {
		guard->state = KP_GUARD_BANG;
	} else if (byte == '?') {
		guard->state = KP_GUARD_DECLARATION;
	} else if (byte == 0) {
		return "the answer is in an encoding that is not allowed";
	} else {
		guard->state = byte == '>' ? KP_GUARD_TEXT : KP_GUARD_TAG;
	}
	return NULL;
}

static const char *
on_bang(struct kp_guard *guard, char byte)
{
	guard->length = 0;
	if (byte == '-') {
		guard->state = KP_GUARD_COMMENT;
	} else if (byte == '[') {
		guard->state = KP_GUARD_CDATA;
	} else {
		return no_doctype;
	}
	return NULL;
}

static const char *
on_declaration(struct kp_guard *guard, char byte)
{
	static const char name[] = "xml";
	if (guard->length < 3 && byte != name[guard->length]) {
		return "a processing instruction is not allowed";
	}
	if (guard->length == 3 && byte != ' ' && byte != '\t' && byte != '\r' &&
		byte != '\n') {
		return "a processing instruction is not allowed";
	}
	guard->length++;
	if (byte == '>') {
		guard->state = KP_GUARD_TEXT;
	}
	return guard->length > KP_GUARD_TAG_BYTES_MAX ? too_long : NULL;
}

static const char *
on_tag(struct kp_guard *guard, char byte)
{
	if (guard->state == KP_GUARD_QUOTED) {
		guard->state = byte == guard->quote ? KP_GUARD_TAG : KP_GUARD_QUOTED;
	} else if (byte == '"' || byte == '\'') {
		guard->quote = byte;
		guard->state = KP_GUARD_QUOTED;
	} else if (byte == '>') {
		guard->state = KP_GUARD_TEXT;
	}
	return ++guard->length > KP_GUARD_TAG_BYTES_MAX ? too_long : NULL;
}

/* A comment or a CDATA section: until "-->" or "]]>". */
static const char *
on_section(struct kp_guard *guard, char byte)
{
	char closing = guard->state == KP_GUARD_COMMENT ? '-' : ']';
	bool ends = byte == '>' && guard->last[0] == closing && guard->last[1] == closing;
	guard->last[1] = guard->last[0];
	guard->last[0] = byte;
	guard->length++;
	bool comment = guard->state == KP_GUARD_COMMENT;
	/* The dash of "<!--" that is still to come is no end: "<!-->" stays open. */
	if (ends && guard->length > (comment ? 3 : 1)) {
		guard->state = KP_GUARD_TEXT;
	}
	return comment && guard->length > KP_GUARD_COMMENT_BYTES_MAX ? too_long : NULL;
}

static const char *
on_byte(struct kp_guard *guard, char byte)
{
	switch (guard->state) {
	case KP_GUARD_START:
		return on_start(guard, byte);
	case KP_GUARD_TEXT:
		break;
	case KP_GUARD_OPEN:
		return on_open(guard, byte);
	case KP_GUARD_TAG:
	case KP_GUARD_QUOTED:
		return on_tag(guard, byte);
	case KP_GUARD_BANG:
		return on_bang(guard, byte);
	case KP_GUARD_COMMENT:
	case KP_GUARD_CDATA:
		return on_section(guard, byte);
	case KP_GUARD_DECLARATION:
		return on_declaration(guard, byte);
	}
	guard->state = byte == '<' ? KP_GUARD_OPEN : KP_GUARD_TEXT;
	return NULL;
}

/* How many bytes from `at` on change nothing: most of an answer is text, names and
 * values. */
static size_t
plain_bytes(const struct kp_guard *guard, const char *at, size_t len)
{
	const char *end = at + len;
	const char *found = at;
	if (guard->state == KP_GUARD_TEXT) {
		found = memchr(at, '<', len);
	} else if (guard->state == KP_GUARD_QUOTED) {
		found = memchr(at, guard->quote, len);
	} else if (guard->state == KP_GUARD_TAG) {
		while (found < end && *found != '>' && *found != '"' && *found != '\'') {
			found++;
		}
	}
	return found == NULL ? len : (size_t)(found - at);
}

const char *
kp_guard_push(struct kp_guard *guard, struct kp_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		size_t plain = plain_bytes(guard, bytes.data + i, bytes.len - i);
		if (plain > 0) {
			bool tag = guard->state != KP_GUARD_TEXT;
			guard->length += tag ? plain : 0;
			guard->at += plain;
			i += plain;
			if (tag && guard->length > KP_GUARD_TAG_BYTES_MAX) {
				return too_long;
			}
			if (i == bytes.len) {
				break;
			}
		}
		const char *fault = on_byte(guard, bytes.data[i]);
		if (fault != NULL) {
			return fault;
		}
		guard->at++;
	}
	return NULL;
}
