/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new_check: is each thing of an OpenAPI document (3.0, 3.1) that is read an
 * object or an array, as it must be? What is not is named by its JSON pointer (RFC 6901);
 * left alone it would be read as not being there.
 */
#include <stdio.h>
#include <string.h>

#include "commands/connector_new_openapi.h"

#define POINTER_BYTES 128u
#define SEARCH_DEPTH_MAX 64u

/* "*": every member or item, but not extensions ("x-…"). */
struct rule {
	const char *pattern;
	json_type type;
};

#define OPERATION_RULES(method)                                                          \
	{"/paths/*/" method, JSON_OBJECT},                                               \
		{"/paths/*/" method "/parameters", JSON_ARRAY},                          \
		{"/paths/*/" method "/parameters/*", JSON_OBJECT},                       \
		{"/paths/*/" method "/requestBody", JSON_OBJECT},                        \
		{"/paths/*/" method "/requestBody/content", JSON_OBJECT},                \
		{"/paths/*/" method "/requestBody/content/*", JSON_OBJECT},              \
		{"/paths/*/" method "/responses", JSON_OBJECT},                          \
		{"/paths/*/" method "/responses/*", JSON_OBJECT},                        \
		{"/paths/*/" method "/responses/*/content", JSON_OBJECT},                \
		{"/paths/*/" method "/responses/*/content/*", JSON_OBJECT},              \
		{"/paths/*/" method "/security", JSON_ARRAY},                            \
	{                                                                                \
		"/paths/*/" method "/security/*", JSON_OBJECT                            \
	}

static const struct rule rules[] = {
	{"/servers", JSON_ARRAY},
	{"/servers/*", JSON_OBJECT},
	{"/security", JSON_ARRAY},
	{"/security/*", JSON_OBJECT},
	{"/paths", JSON_OBJECT},
	{"/paths/*", JSON_OBJECT},
	{"/paths/*/parameters", JSON_ARRAY},
	{"/paths/*/parameters/*", JSON_OBJECT},
	OPERATION_RULES("get"),
	OPERATION_RULES("post"),
	{"/components", JSON_OBJECT},
	{"/components/*", JSON_OBJECT},
	{"/components/parameters/*", JSON_OBJECT},
	{"/components/requestBodies/*", JSON_OBJECT},
	{"/components/responses/*", JSON_OBJECT},
	{"/components/securitySchemes/*", JSON_OBJECT},
};

/* A pointer that is being made; too long a one ends with what fits. */
struct pointer {
	char text[POINTER_BYTES];
	size_t len;
};

static size_t
add_part(struct pointer *pointer, const char *name)
{
	size_t before = pointer->len;
	if (pointer->len + 1 < sizeof(pointer->text)) {
		pointer->text[pointer->len++] = '/';
	}
	for (; *name != '\0' && pointer->len + 3 < sizeof(pointer->text); name++) {
		if (*name == '~' || *name == '/') {
			pointer->text[pointer->len++] = '~';
			pointer->text[pointer->len++] = *name == '~' ? '0' : '1';
		} else {
			pointer->text[pointer->len++] = *name;
		}
	}
	pointer->text[pointer->len] = '\0';
	return before;
}

static void
cut(struct pointer *pointer, size_t len)
{
	pointer->len = len;
	pointer->text[len] = '\0';
}

static enum kp_status
refuse(const struct pointer *pointer, json_type type, struct kp_error *err)
{
	enum kp_status status = kp_error_set(err, KP_E_INVALID, "must be an %s",
		type == JSON_ARRAY ? "array" : "object");
	kp_error_at(err, NULL, 0, 0, pointer->text);
	return status;
}

static enum kp_status check_below(json_t *at, const char *pattern, json_type type,
	struct pointer *pointer, struct kp_error *err);

static enum kp_status
check_part(json_t *at, const char *name, const char *rest, json_type type,
	struct pointer *pointer, struct kp_error *err)
{
	size_t before = add_part(pointer, name);
	enum kp_status status = check_below(at, rest, type, pointer, err);
	cut(pointer, before);
	return status;
}

/* As deep as the pattern has parts. */
static enum kp_status
check_below(json_t *at, const char *pattern, json_type type, struct pointer *pointer,
	struct kp_error *err)
{
	enum kp_status status = KP_OK;
	const char *name;
	json_t *one;
	size_t i;
	if (*pattern == '\0') {
		return at == NULL || json_typeof(at) == type ? KP_OK
							     : refuse(pointer, type, err);
	}
	size_t len = strcspn(++pattern, "/");
	if (pattern[0] != '*') {
		char part[32];
		(void)snprintf(part, sizeof(part), "%.*s", (int)len, pattern);
		one = json_object_get(at, part);
		return one == NULL
			? KP_OK
			: check_part(one, part, pattern + len, type, pointer, err);
	}
	json_object_foreach(at, name, one)
	{
		if (status == KP_OK && strncmp(name, "x-", 2) != 0) {
			status = check_part(one, name, pattern + len, type, pointer, err);
		}
	}
	json_array_foreach(at, i, one)
	{
		char number[24];
		(void)snprintf(number, sizeof(number), "%zu", i);
		if (status == KP_OK) {
			status = check_part(
				one, number, pattern + len, type, pointer, err);
		}
	}
	return status;
}

/* A path begins with a slash (Paths Object). */
static enum kp_status
check_paths(json_t *paths, struct kp_error *err)
{
	const char *name;
	json_t *one;
	json_object_foreach(paths, name, one)
	{
		if (name[0] != '/' && strncmp(name, "x-", 2) != 0) {
			struct pointer pointer = {.len = 0};
			(void)add_part(&pointer, "paths");
			(void)add_part(&pointer, name);
			(void)kp_error_set(err, KP_E_INVALID, "a path must begin with /");
			kp_error_at(err, NULL, 0, 0, pointer.text);
			return KP_E_INVALID;
		}
	}
	return KP_OK;
}

enum kp_status
kp_new_openapi_check(json_t *document, struct kp_error *err)
{
	enum kp_status status = KP_OK;
	for (size_t i = 0; i < KP_ARRAY_LEN(rules) && status == KP_OK; i++) {
		struct pointer pointer = {.len = 0};
		status = check_below(
			document, rules[i].pattern, rules[i].type, &pointer, err);
	}
	return status == KP_OK ? check_paths(json_object_get(document, "paths"), err)
			       : status;
}

/* Schemas refer to each other, so a walk does not know where it is in the document. */

static bool
find(json_t *at, const json_t *wanted, unsigned depth, struct pointer *pointer)
{
	const char *name;
	json_t *one;
	size_t i;
	bool found = at == wanted;
	if (found || depth == SEARCH_DEPTH_MAX) {
		return found;
	}
	json_object_foreach(at, name, one)
	{
		size_t before = add_part(pointer, name);
		if (find(one, wanted, depth + 1, pointer)) {
			return true;
		}
		cut(pointer, before);
	}
	json_array_foreach(at, i, one)
	{
		char number[24];
		(void)snprintf(number, sizeof(number), "%zu", i);
		size_t before = add_part(pointer, number);
		if (find(one, wanted, depth + 1, pointer)) {
			return true;
		}
		cut(pointer, before);
	}
	return false;
}

enum kp_status
kp_new_openapi_say_wrong(
	json_t *document, const json_t *wrong, const char *path, struct kp_error *err)
{
	struct pointer pointer = {.len = 0};
	(void)find(document, wrong, 0, &pointer);
	enum kp_status status = kp_error_set(
		err, KP_E_INVALID, "is not of the type that a schema has there");
	kp_error_at(err, path, 0, 0, pointer.text);
	return status;
}
