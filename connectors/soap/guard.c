/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* guard: see guard.h. */
#include "connectors/soap/guard.h"

#include <string.h>
#include <strings.h>

#include "core/attr.h"

static const char too_long[] = "a tag, comment or declaration is longer than allowed";
static const char no_doctype[] =
	"a document type declaration (or another declaration) is not allowed";
static const char no_declaration[] = "the XML declaration is not as XML has it";
static const char no_encoding[] = "the answer is in an encoding that is not allowed";

static bool
is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

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
	return is_space(byte) ? NULL : "the answer does not begin like XML in UTF-8";
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
		return no_encoding;
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

static struct kp_slice
without(struct kp_slice text, size_t len)
{
	return (struct kp_slice){text.data + len, text.len - len};
}

static struct kp_slice
skip_space(struct kp_slice text)
{
	while (text.len > 0 && is_space(text.data[0])) {
		text = without(text, 1);
	}
	return text;
}

/* Takes "name = 'value'" off, and space around it. False when something else is there. */
static bool
take_part(struct kp_slice *text, struct kp_slice *ret_name, struct kp_slice *ret_value)
{
	size_t len = 0;
	while (len < text->len && text->data[len] >= 'a' && text->data[len] <= 'z') {
		len++;
	}
	*ret_name = (struct kp_slice){text->data, len};
	*text = skip_space(without(*text, len));
	if (text->len == 0 || text->data[0] != '=') {
		return false;
	}
	*text = skip_space(without(*text, 1));
	if (text->len == 0 || (text->data[0] != '"' && text->data[0] != '\'')) {
		return false;
	}
	const char *end = memchr(text->data + 1, text->data[0], text->len - 1);
	if (end == NULL) {
		return false;
	}
	len = (size_t)(end - text->data);
	*ret_value = (struct kp_slice){text->data + 1, len - 1};
	*text = skip_space(without(*text, len + 1));
	return true;
}

/* Encodings in which every byte of ASCII is that character, and no other's part. */
static bool
is_plain_encoding(struct kp_slice name)
{
	static const char *const plain[] = {
		"utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"};
	for (size_t i = 0; i < KP_ARRAY_LEN(plain); i++) {
		if (name.len == strlen(plain[i]) &&
			strncasecmp(name.data, plain[i], name.len) == 0) {
			return true;
		}
	}
	return false;
}

/* The whole of it, from "xml" to '?': read strictly, so that the parser behind cannot
 * find an encoding in it that was not seen here. */
static const char *
check_declaration(struct kp_slice text)
{
	struct kp_slice name;
	struct kp_slice value;
	if (text.len < 4 || text.data[text.len - 1] != '?') {
		return no_declaration;
	}
	text.len--;
	text = skip_space(without(text, 3));
	while (text.len > 0) {
		if (!take_part(&text, &name, &value)) {
			return no_declaration;
		}
		if (kp_slice_is(name, "encoding")) {
			if (!is_plain_encoding(value)) {
				return no_encoding;
			}
		} else if (!kp_slice_is(name, "version") &&
			!kp_slice_is(name, "standalone")) {
			return no_declaration;
		}
	}
	return NULL;
}

static const char *
on_declaration(struct kp_guard *guard, char byte)
{
	static const char name[] = "xml";
	if ((guard->length < 3 && byte != name[guard->length]) ||
		(guard->length == 3 && !is_space(byte))) {
		return "a processing instruction is not allowed";
	}
	if (byte == '>') {
		guard->state = KP_GUARD_TEXT;
		return check_declaration(
			(struct kp_slice){guard->declaration, guard->length});
	}
	if (guard->length == sizeof(guard->declaration)) {
		return too_long;
	}
	guard->declaration[guard->length++] = byte;
	return NULL;
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
