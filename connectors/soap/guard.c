/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* guard: see guard.h. */
#include "connectors/soap/guard.h"

#include <string.h>
#include <strings.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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
	if (guard->length < 3 && byte == mark[guard->length]) {
		guard->length++;
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
	memset(guard->last, 0, sizeof(guard->last));
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
	case KP_GUARD_OPEN:
		return on_open(guard, byte);
	case KP_GUARD_BANG:
		return on_bang(guard, byte);
	case KP_GUARD_COMMENT:
	case KP_GUARD_CDATA:
		return on_section(guard, byte);
	case KP_GUARD_DECLARATION:
		return on_declaration(guard, byte);
	case KP_GUARD_TEXT:
	case KP_GUARD_TAG:
	case KP_GUARD_QUOTED:
		break;
	}
	return NULL;
}

/* Most of an answer is text, names and values, of which nothing matters but where it
 * ends: these states are passed in one go. */

#ifdef __SSE2__
/* The bytes with which on_open() nearly always begins a tag. */
static bool
opens_tag(char byte)
{
	return byte == '/' || (byte >= 'a' && byte <= 'z') ||
		(byte >= 'A' && byte <= 'Z');
}

/* A bit for each byte that may mean something, the first byte lowest. */
static unsigned
turns_of_16(const char *at)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
	__m128i angles = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('<')),
		_mm_cmpeq_epi8(bytes, _mm_set1_epi8('>')));
	__m128i quotes = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
		_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\'')));
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(angles, quotes));
}

/* Text, and the tags in it that are whole and quote nothing, as far as they fill
 * sixteens. What is otherwise is left to the states, from its beginning. */
static const char *
pass_sixteens(struct kp_guard *guard, const char *at, const char *end)
{
	const char *tag = NULL; /* that is open: behind its first letter */
	for (; end - at >= 16; at += 16) {
		for (unsigned turns = turns_of_16(at); turns != 0; turns &= turns - 1) {
			const char *here = at + __builtin_ctz(turns);
			if (tag == NULL && *here == '<') {
				if (here + 1 == end || !opens_tag(here[1])) {
					guard->state = KP_GUARD_OPEN;
					return here + 1;
				}
				tag = here + 2;
			} else if (tag != NULL && *here != '<') {
				if (*here != '>' ||
					here - tag >= (ptrdiff_t)KP_GUARD_TAG_BYTES_MAX) {
					guard->state = KP_GUARD_TAG;
					return tag;
				}
				tag = NULL;
			}
		}
	}
	guard->state = tag == NULL ? KP_GUARD_TEXT : KP_GUARD_TAG;
	return tag == NULL ? at : tag;
}
#endif

static const char *
pass_text(struct kp_guard *guard, const char *at, const char *end)
{
	guard->length = 0;
#ifdef __SSE2__
	if (end - at >= 16) {
		return pass_sixteens(guard, at, end);
	}
#endif
	const char *found = memchr(at, '<', (size_t)(end - at));
	if (found == NULL) {
		return end;
	}
	guard->state = KP_GUARD_OPEN;
	return found + 1;
}

static const char *
pass_tag(struct kp_guard *guard, const char *at, const char *end)
{
	const char *found = at;
	while (found < end && *found != '>' && *found != '"' && *found != '\'') {
		found++;
	}
	guard->length += (size_t)(found - at);
	if (found == end) {
		return end;
	}
	guard->length++;
	guard->quote = *found;
	guard->state = *found == '>' ? KP_GUARD_TEXT : KP_GUARD_QUOTED;
	return found + 1;
}

static const char *
pass_quoted(struct kp_guard *guard, const char *at, const char *end)
{
	const char *found = memchr(at, guard->quote, (size_t)(end - at));
	const char *past = found == NULL ? end : found + 1;
	guard->length += (size_t)(past - at);
	guard->state = found == NULL ? KP_GUARD_QUOTED : KP_GUARD_TAG;
	return past;
}

const char *
kp_guard_push(struct kp_guard *guard, struct kp_slice bytes)
{
	const char *at = bytes.data;
	const char *end = at + bytes.len;
	const char *fault = NULL;
	while (at < end && fault == NULL) {
		if (guard->state == KP_GUARD_TEXT) {
			at = pass_text(guard, at, end);
		} else if (guard->state == KP_GUARD_TAG) {
			at = pass_tag(guard, at, end);
			fault = guard->length > KP_GUARD_TAG_BYTES_MAX ? too_long : NULL;
		} else if (guard->state == KP_GUARD_QUOTED) {
			at = pass_quoted(guard, at, end);
			fault = guard->length > KP_GUARD_TAG_BYTES_MAX ? too_long : NULL;
		} else {
			fault = on_byte(guard, *at++);
		}
	}
	return fault;
}
