/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* check: see check.h. */
#include "script/check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
contains(struct kp_slice text, struct kp_slice part)
{
	return part.len == 0 ||
		(text.len >= part.len &&
			memmem(text.data, text.len, part.data, part.len) != NULL);
}

static bool
fail(char *reason, size_t size, const char *what, const char *detail)
{
	(void)snprintf(
		reason, size, "%s%s%.900s", what, detail[0] != '\0' ? ": " : "", detail);
	return false;
}

/* --- header --- */

static bool
header_line_is(struct kp_slice line, const char *name, size_t name_len, const char *value)
{
	if (line.len <= name_len || strncasecmp(line.data, name, name_len) != 0 ||
		line.data[name_len] != ':') {
		return false;
	}
	struct kp_slice rest = {line.data + name_len + 1, line.len - name_len - 1};
	return contains(rest, kp_slice_from(value));
}

static bool
check_header(
	const struct check_subject *subject, const char *want, char *reason, size_t size)
{
	const char *colon = strchr(want, ':');
	if (colon == NULL) {
		return fail(reason, size, "a header check needs 'Name: value'", want);
	}
	const char *value = colon + 1 + strspn(colon + 1, " ");
	struct kp_slice left = subject->headers;
	while (left.len > 0) {
		const char *end = memchr(left.data, '\n', left.len);
		size_t len = end == NULL ? left.len : (size_t)(end - left.data);
		if (header_line_is((struct kp_slice){left.data, len}, want,
			    (size_t)(colon - want), value)) {
			return true;
		}
		size_t step = end == NULL ? len : len + 1;
		left = (struct kp_slice){left.data + step, left.len - step};
	}
	return fail(reason, size, "no such header", want);
}

/* --- json --- */

/* Numbers are read as reals, so that one of thirty digits is no error here. */
static json_t *
member(json_t *at, const char *name, size_t len)
{
	char key[256];
	(void)snprintf(key, sizeof(key), "%.*s", (int)len, name);
	if (json_is_array(at)) {
		return json_array_get(at, (size_t)strtoul(key, NULL, 10));
	}
	return json_object_get(at, key);
}

static json_t *
resolve(json_t *root, const char *pointer)
{
	json_t *at = root;
	while (at != NULL && *pointer == '/') {
		pointer++;
		size_t len = strcspn(pointer, "/");
		at = member(at, pointer, len);
		pointer += len;
	}
	return at;
}

static bool
equals(json_t *value, const char *want, char *reason, size_t size)
{
	json_t *expected =
		json_loads(want, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
	if (expected == NULL) {
		return fail(reason, size, "not a JSON value", want);
	}
	bool same = value != NULL && json_equal(value, expected);
	json_decref(expected);
	if (same) {
		return true;
	}
	char *have =
		value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	(void)fail(reason, size, "it is", have == NULL ? "missing" : have);
	free(have);
	return false;
}

static bool
has_count(json_t *value, const char *want, char *reason, size_t size)
{
	size_t count =
		json_is_object(value) ? json_object_size(value) : json_array_size(value);
	if (value != NULL && count == strtoul(want, NULL, 10)) {
		return true;
	}
	char have[32];
	(void)snprintf(have, sizeof(have), "%zu", count);
	return fail(reason, size, "it has", value == NULL ? "nothing: missing" : have);
}

static bool
text_contains(json_t *value, const char *want, char *reason, size_t size)
{
	json_t *part = json_loads(want, JSON_DECODE_ANY, NULL);
	char *have =
		value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	bool found = json_is_string(part) && have != NULL &&
		strstr(have, json_string_value(part)) != NULL;
	if (!found) {
		(void)fail(reason, size, "it is", have == NULL ? "missing" : have);
	}
	json_decref(part);
	free(have);
	return found;
}

static bool
compare(json_t *value, const char *how, char *reason, size_t size)
{
	if (strncmp(how, "= ", 2) == 0) {
		return equals(value, how + 2, reason, size);
	}
	if (strncmp(how, "has ", 4) == 0) {
		return has_count(value, how + 4, reason, size);
	}
	if (strncmp(how, "contains ", 9) == 0) {
		return text_contains(value, how + 9, reason, size);
	}
	if (strcmp(how, "missing") == 0) {
		return value == NULL || fail(reason, size, "it is there", "");
	}
	if (strcmp(how, "exists") == 0) {
		return value != NULL || fail(reason, size, "it is missing", "");
	}
	return fail(reason, size, "unknown comparison", how);
}

static bool
check_json(
	const struct check_subject *subject, const char *want, char *reason, size_t size)
{
	size_t len = strcspn(want, " ");
	char pointer[512];
	(void)snprintf(pointer, sizeof(pointer), "%.*s", (int)len, want);
	json_error_t error;
	json_t *root = json_loadb(subject->body.data, subject->body.len,
		JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL,
		&error);
	if (root == NULL) {
		return fail(reason, size, "the body is no JSON", error.text);
	}
	bool good = compare(resolve(root, pointer), want + len + strspn(want + len, " "),
		reason, size);
	json_decref(root);
	return good;
}

/* --- text --- */

static bool
check_text(const struct check_subject *subject, const char *quoted, bool wanted,
	char *reason, size_t size)
{
	json_t *text = json_loads(quoted, JSON_DECODE_ANY, NULL);
	if (!json_is_string(text)) {
		json_decref(text);
		return fail(reason, size, "a text check needs a quoted text", quoted);
	}
	struct kp_slice part = {json_string_value(text), json_string_length(text)};
	bool found = contains(subject->body, part) || contains(subject->headers, part);
	json_decref(text);
	return found == wanted ||
		fail(reason, size, wanted ? "not there" : "it is there", quoted);
}

bool
check_line(
	const struct check_subject *subject, const char *line, char *reason, size_t size)
{
	if (strncmp(line, "header ", 7) == 0) {
		return check_header(subject, line + 7, reason, size);
	}
	if (strncmp(line, "json ", 5) == 0) {
		return check_json(subject, line + 5, reason, size);
	}
	if (strncmp(line, "has ", 4) == 0) {
		return check_text(subject, line + 4, true, reason, size);
	}
	if (strncmp(line, "no ", 3) == 0) {
		return check_text(subject, line + 3, false, reason, size);
	}
	return fail(reason, size, "unknown check", line);
}
