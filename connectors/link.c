/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* link: see link.h. */
#include "connectors/link.h"

#include <string.h>
#include <strings.h>

#include "connectors/dots.h"

/* An absolute address: "https", "host:443", "/path?query". */
struct address {
	struct kp_slice scheme;
	struct kp_slice host; /* an IPv6 address with its brackets */
	struct kp_slice port; /* digits; empty: the scheme's own */
	struct kp_slice rest;
};

static size_t
find(struct kp_slice text, const char *bytes)
{
	size_t at = 0;
	while (at < text.len && memchr(bytes, text.data[at], strlen(bytes)) == NULL) {
		at++;
	}
	return at;
}

static struct kp_slice
head_of(struct kp_slice text, size_t len)
{
	return (struct kp_slice){text.data, len};
}

static struct kp_slice
tail_of(struct kp_slice text, size_t at)
{
	return (struct kp_slice){text.data + at, text.len - at};
}

static bool
same_word(struct kp_slice a, struct kp_slice b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.data, b.data, a.len) == 0);
}

/* RFC 3986, section 3.1. */
static size_t
scheme_len(struct kp_slice text)
{
	size_t len = find(text, ":/?#");
	for (size_t i = 0; i < len; i++) {
		char byte = text.data[i];
		bool letter =
			(byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
		bool later = (byte >= '0' && byte <= '9') || byte == '+' || byte == '-' ||
			byte == '.';
		if (!letter && (i == 0 || !later)) {
			return 0;
		}
	}
	return len < text.len && text.data[len] == ':' ? len : 0;
}

static bool
split_authority(struct kp_slice authority, struct address *ret)
{
	size_t name = 0;
	if (authority.len > 0 && authority.data[0] == '[') {
		name = find(authority, "]");
	}
	size_t colon = name + find(tail_of(authority, name), ":");
	ret->host = head_of(authority, colon);
	ret->port = tail_of(authority, colon);
	if (ret->port.len > 0) {
		ret->port = tail_of(ret->port, 1);
	}
	return ret->host.len > 0 && find(authority, "@") == authority.len;
}

/* "//host:port/rest" behind a scheme. */
static bool
split(struct kp_slice scheme, struct kp_slice text, struct address *ret)
{
	if (!kp_slice_starts(text, KP_SLICE("//"))) {
		return false;
	}
	struct kp_slice after = tail_of(text, 2);
	size_t len = find(after, "/?");
	ret->scheme = scheme;
	ret->rest = tail_of(after, len);
	return split_authority(head_of(after, len), ret);
}

static bool
split_absolute(struct kp_slice text, struct address *ret)
{
	size_t len = scheme_len(text);
	return len > 0 && split(head_of(text, len), tail_of(text, len + 1), ret);
}

static struct kp_slice
port_of(const struct address *address)
{
	return address->port.len > 0                            ? address->port
		: same_word(address->scheme, KP_SLICE("https")) ? KP_SLICE("443")
								: KP_SLICE("80");
}

static bool
same_origin(const struct address *a, const struct address *b)
{
	return same_word(a->scheme, b->scheme) && same_word(a->host, b->host) &&
		kp_slice_equal(port_of(a), port_of(b));
}

static bool
uri_bytes(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte <= 0x20 || byte >= 0x7f ||
			memchr("\\\"<>^`{|}", (char)byte, 9) != NULL) {
			return false;
		}
	}
	return text.len > 0;
}

/* Adds what of a path stands below the path of a base. */
static bool
add_below(struct kp_slice path, struct kp_slice base, struct kp_buffer *out)
{
	while (base.len > 0 && base.data[base.len - 1] == '/') {
		base.len--;
	}
	if (!kp_slice_starts(path, base) || path.len == base.len) {
		return false;
	}
	struct kp_slice target = tail_of(path, base.len);
	if ((target.data[0] != '/' && target.data[0] != '?') || kp_dots_found(target)) {
		return false;
	}
	kp_buffer_add_slice(out, target);
	return !out->failed;
}

static bool
add_absolute(struct kp_slice base, const struct address *link, struct kp_buffer *out)
{
	struct address own;
	return split_absolute(base, &own) && same_origin(&own, link) &&
		add_below(link->rest, own.rest, out);
}

static bool
add_path(struct kp_slice base, struct kp_slice path, struct kp_buffer *out)
{
	struct address own;
	return split_absolute(base, &own) && add_below(path, own.rest, out);
}

/* "?page=2" or "volgende?x" beside the page under way. */
static bool
add_relative(struct kp_slice target, struct kp_slice link, struct kp_buffer *out)
{
	size_t len = find(target, "?");
	while (link.data[0] != '?' && len > 0 && target.data[len - 1] != '/') {
		len--;
	}
	if (len == 0 && link.data[0] != '?') {
		/* The page is the endpoint itself: its last segment is not ours. */
		return false;
	}
	kp_buffer_add_slice(out, head_of(target, len));
	kp_buffer_add_slice(out, link);
	return !out->failed && !kp_dots_found(kp_buffer_slice(out));
}

bool
kp_link_resolve(
	const struct kp_link_base *base, struct kp_slice link, struct kp_buffer *out)
{
	struct address address;
	link.len = link.len == 0 ? 0 : find(link, "#");
	if (!uri_bytes(link)) {
		return false;
	}
	bool absolute = split_absolute(link, &address);
	if (!absolute && kp_slice_starts(link, KP_SLICE("//"))) {
		struct address own;
		absolute = split_absolute(base->endpoint, &own) &&
			split(own.scheme, link, &address);
		if (!absolute) {
			return false;
		}
	}
	if (absolute) {
		return add_absolute(base->endpoint, &address, out) ||
			(base->alias.len > 0 && add_absolute(base->alias, &address, out));
	}
	if (link.data[0] == '/') {
		return add_path(base->endpoint, link, out) ||
			(base->alias.len > 0 && add_path(base->alias, link, out));
	}
	return scheme_len(link) == 0 && add_relative(base->target, link, out);
}
