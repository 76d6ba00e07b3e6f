/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new_openapi: what the files that read OpenAPI share. */
#ifndef KP_COMMANDS_CONNECTOR_NEW_OPENAPI_H
#define KP_COMMANDS_CONNECTOR_NEW_OPENAPI_H

#include "commands/connector_new_schema.h"

/* One operation of a document; all borrowed from it. */
struct kp_new_operation {
	json_t *document;
	const char *path;
	const char *method; /* small letters */
	json_t *item;       /* of the path */
	json_t *object;
};

/* Is what is read of a document an object or an array where it must be? KP_E_INVALID with
 * a JSON pointer. */
enum kp_status kp_new_openapi_check(json_t *document, struct kp_error *err) KP_MUST_USE;
/* KP_E_INVALID with the JSON pointer of a part of the document. */
enum kp_status kp_new_openapi_say_wrong(json_t *document, const json_t *wrong,
	const char *path, struct kp_error *err) KP_MUST_USE;
/* Can a manifest have a request bear this header (RFC 9110, 5.1)? */
bool kp_new_is_header(const char *name);
/* Writes access of the manifest, where the description wants any. */
void kp_new_openapi_access(struct kp_new *new, const struct kp_new_operation *operation);
/* Writes endpoint, access and request of the manifest. KP_E_LIMIT. */
enum kp_status kp_new_openapi_question(struct kp_new *new,
	const struct kp_new_operation *operation, struct kp_error *err) KP_MUST_USE;

/* A YAML 1.1 text as the JSON document it stands for: plain scalars of JSON's kinds, no
 * aliases, bounded depth. KP_E_INVALID with file, line and column. The caller
 * decrefs. */
enum kp_status kp_new_yaml_read(const char *path, struct kp_slice text,
	json_t **ret_document, struct kp_error *err) KP_MUST_USE;

#endif
