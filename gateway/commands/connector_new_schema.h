/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new_schema: schemas of OpenAPI 3.0 and 3.1 (JSON Schema 2020-12), as far as
 * they say what values an answer has. Any document does: cycles and depth are bounded. */
#ifndef KP_COMMANDS_CONNECTOR_NEW_SCHEMA_H
#define KP_COMMANDS_CONNECTOR_NEW_SCHEMA_H

#include "commands/connector_new.h"

/* What "#/a/b" refers to (RFC 6901); NULL when it is not there or not in this document.
 * Borrowed. */
json_t *kp_new_schema_find(json_t *document, const char *reference);
/* The same for the value of a discriminator's mapping, which may be the mere name of a
 * schema. */
json_t *kp_new_schema_mapped(json_t *document, const char *reference);
/* `schema`, or what it refers to in the end; NULL: nothing, or itself. Borrowed. */
json_t *kp_new_schema_follow(json_t *document, json_t *schema);
/* Is `type` its type, or among its types? */
bool kp_new_schema_is(json_t *schema, const char *type);
/* Adds the leaves of what the schema describes. */
void kp_new_schema_leaves(struct kp_new *new, json_t *document, json_t *schema);

#endif
