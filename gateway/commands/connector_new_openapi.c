/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new_openapi: the operation of an OpenAPI document whose answer resembles the
 * catalogue most, as a shape and a question.
 */
#include "commands/connector_new_openapi.h"

#include <stdio.h>
#include <string.h>

static const char *const methods[] = {"post", "get"};

/* The JSON schema of a body or an answer. */
static json_t *
json_schema_of(json_t *document, json_t *holder)
{
	const char *type;
	json_t *media;
	holder = kp_new_schema_follow(document, holder);
	json_object_foreach(json_object_get(holder, "content"), type, media)
	{
		if (strstr(type, "json") != NULL) {
			return json_object_get(media, "schema");
		}
	}
	return NULL;
}

static json_t *
answer_schema(const struct kp_new_operation *operation)
{
	static const char *const statuses[] = {"200", "201", "2XX", "default"};
	json_t *responses = json_object_get(operation->object, "responses");
	for (size_t i = 0; i < KP_ARRAY_LEN(statuses); i++) {
		json_t *schema = json_schema_of(
			operation->document, json_object_get(responses, statuses[i]));
		if (schema != NULL) {
			return schema;
		}
	}
	return NULL;
}

static bool
is_called(const struct kp_new_operation *operation, const char *name)
{
	const char *id =
		json_string_value(json_object_get(operation->object, "operationId"));
	return name == NULL || strcmp(operation->path, name) == 0 ||
		(id != NULL && strcmp(id, name) == 0);
}

/* Reads the leaves of one operation and proposes; how many? */
static size_t
try_operation(struct kp_new *new, const struct kp_new_operation *operation)
{
	kp_new_begin_shape(new);
	kp_new_schema_leaves(new, operation->document, answer_schema(operation));
	return kp_new_propose(new) ? new->proposed : 0;
}

static bool
choose(struct kp_new *new, json_t *document, const char *wanted,
	struct kp_new_operation *ret_operation)
{
	const char *path;
	json_t *item;
	size_t best = 0;
	unsigned looked_at = 0;
	bool found = false;
	json_object_foreach(json_object_get(document, "paths"), path, item)
	{
		item = path[0] == '/' ? kp_new_schema_follow(document, item) : NULL;
		for (size_t i = 0; i < KP_ARRAY_LEN(methods); i++) {
			struct kp_new_operation one = {.document = document,
				.path = path,
				.item = item,
				.method = methods[i],
				.object = json_object_get(item, methods[i])};
			if (one.object == NULL || !is_called(&one, wanted) ||
				answer_schema(&one) == NULL) {
				continue;
			}
			if (looked_at++ >= KP_NEW_OPERATIONS_MAX) {
				new->operations_dropped = true;
				return found;
			}
			size_t proposed = try_operation(new, &one);
			if (!found || proposed > best) {
				best = proposed;
				*ret_operation = one;
				found = true;
			}
		}
	}
	return found;
}

static enum kp_status
read_document(const char *path, struct kp_slice text, json_t **ret_document,
	struct kp_error *err)
{
	json_error_t fault;
	size_t at = 0;
	while (at < text.len && strchr(" \t\r\n\xef\xbb\xbf", text.data[at]) != NULL) {
		at++;
	}
	if (at < text.len && text.data[at] != '{') {
		return kp_new_yaml_read(path, text, ret_document, err);
	}
	*ret_document =
		json_loadb(text.data + at, text.len - at, JSON_REJECT_DUPLICATES, &fault);
	if (*ret_document != NULL) {
		return KP_OK;
	}
	enum kp_status status = kp_error_set(err, KP_E_INVALID, "%s",
		fault.text[0] == '\0' ? "no memory is left" : fault.text);
	kp_error_at(err, path, (unsigned)fault.line, (unsigned)fault.column, NULL);
	return status;
}

enum kp_status
kp_new_read_openapi(struct kp_new *new, const char *path, struct kp_slice text,
	const char *wanted, struct kp_error *err)
{
	struct kp_new_operation operation = {0};
	json_t *document = NULL;
	enum kp_status status = read_document(path, text, &document, err);
	if (status != KP_OK) {
		return status;
	}
	new->separator = '.';
	new->arrays_known = true;
	const char *version = json_string_value(json_object_get(document, "openapi"));
	if (version == NULL || strncmp(version, "3.", 2) != 0) {
		status = kp_error_set(
			err, KP_E_INVALID, "is no OpenAPI 3.0 or 3.1 document");
	} else if (kp_new_openapi_check(document, err) != KP_OK) {
		status = KP_E_INVALID;
		kp_error_at(err, path, 0, 0, NULL);
	} else if (!choose(new, document, wanted, &operation)) {
		status = kp_error_set(err, KP_E_NOT_FOUND,
			"has no operation%s%s that answers with JSON",
			wanted == NULL ? "" : " ", wanted == NULL ? "" : wanted);
	} else {
		(void)try_operation(new, &operation);
		status = kp_new_openapi_question(new, &operation, err);
		if (status == KP_OK && new->wrong != NULL) {
			status =
				kp_new_openapi_say_wrong(document, new->wrong, path, err);
		}
	}
	json_decref(document);
	return status;
}
