/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* link_header: the Link header field, RFC 8288. See link.h. */
#include <string.h>
#include <strings.h>

#include "connectors/link.h"

struct link {
	struct kp_slice target;
	struct kp_slice rel;
	bool has_rel;
	bool anchored;
};

static void
skip(struct kp_slice *text, size_t len)
{
	text->data += len;
	text->len -= len;
}

static void
skip_space(struct kp_slice *text)
{
	while (text->len > 0 && (text->data[0] == ' ' || text->data[0] == '\t')) {
		skip(text, 1);
	}
}

static bool
take(struct kp_slice *text, char byte)
{
	skip_space(text);
	if (text->len == 0 || text->data[0] != byte) {
		return false;
	}
	skip(text, 1);
	return true;
}

static struct kp_slice
take_until(struct kp_slice *text, const char *bytes)
{
	size_t len = 0;
	while (len < text->len && memchr(bytes, text->data[len], strlen(bytes)) == NULL) {
		len++;
	}
	struct kp_slice taken = {text->data, len};
	skip(text, len);
	return taken;
}

/* A quoted string without its quotes; its escapes stay, since no relation has any. */
static bool
take_quoted(struct kp_slice *text, struct kp_slice *ret_value)
{
	size_t len = 0;
	while (len < text->len && text->data[len] != '"') {
		len += text->data[len] == '\\' ? 2 : 1;
	}
	if (len >= text->len) {
		return false;
	}
	*ret_value = (struct kp_slice){text->data, len};
	skip(text, len + 1);
	return true;
}

static bool
is_word(struct kp_slice text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.data, word, text.len) == 0;
}

/* One parameter behind its semicolon. */
static bool
take_parameter(struct kp_slice *text, struct link *link)
{
	struct kp_slice value = {0};
	skip_space(text);
	struct kp_slice name = take_until(text, "=;, \t");
	if (take(text, '=')) {
		if (!take(text, '"')) {
			value = take_until(text, ";, \t");
		} else if (!take_quoted(text, &value)) {
			return false;
		}
	}
	if (is_word(name, "rel") && !link->has_rel) {
		link->has_rel = true;
		link->rel = value;
	}
	link->anchored = link->anchored || is_word(name, "anchor");
	return true;
}

static bool
take_link(struct kp_slice *text, struct link *ret_link)
{
	*ret_link = (struct link){0};
	if (!take(text, '<')) {
		return false;
	}
	ret_link->target = take_until(text, ">");
	if (!take(text, '>')) {
		return false;
	}
	while (take(text, ';')) {
		if (!take_parameter(text, ret_link)) {
			return false;
		}
	}
	skip_space(text);
	if (text->len > 0 && text->data[0] != ',') {
		return false;
	}
	while (take(text, ',')) {
		/* Empty elements of a list are allowed: RFC 9110, section 5.6.1. */
	}
	return true;
}

static bool
names_next(struct kp_slice rel)
{
	while (rel.len > 0) {
		skip_space(&rel);
		if (is_word(take_until(&rel, " \t"), "next")) {
			return true;
		}
	}
	return false;
}

enum kp_link_found
kp_link_next(struct kp_slice field, struct kp_slice *ret_target)
{
	struct link link;
	skip_space(&field);
	while (field.len > 0) {
		if (!take_link(&field, &link)) {
			return KP_LINK_WRONG;
		}
		if (!link.anchored && names_next(link.rel)) {
			*ret_target = link.target;
			return KP_LINK_NEXT;
		}
	}
	return KP_LINK_NONE;
}
