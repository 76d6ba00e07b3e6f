/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * check_data: entities, contexts and requests against a schema (cedar-spec,
 * Cedar/Validation/RequestEntityValidator). What passes here cannot make a validated
 * policy err, but for overflow and entities that are not in the store. Pure; any thread.
 */
#ifndef KP_CEDAR_CHECK_DATA_H
#define KP_CEDAR_CHECK_DATA_H

#include "entities.h"
#include "eval.h"
#include "schema.h"

/*
 * Fills in what kp_cedar_entities_parse needs to read entities as this schema means them:
 * implicit references and extension values, and the check below on each entity. The guide
 * borrows the schema. For a context: type is the action's context type, and
 * kp_cedar_check_request does the checking.
 */
void kp_cedar_schema_guide(
	const struct kp_cedar_schema *schema, struct kp_cedar_json_guide *ret_guide);

/*
 * One entity: declared type, id of an enum, attributes (all required ones, no others,
 * each of its type), tags, types of parents; an action must be as declared. KP_E_INVALID
 * with the entity and the attribute in the message.
 */
enum kp_status kp_cedar_check_entity(const struct kp_cedar_schema *schema,
	const struct kp_cedar_entity *entity, struct kp_error *err) KP_MUST_USE;

/* Adds the actions that the schema declares; call before the store is closed. Errors as
 * kp_cedar_entities_add, KP_E_MEMORY. */
enum kp_status kp_cedar_schema_add_actions(const struct kp_cedar_schema *schema,
	struct kp_cedar_entities *entities, struct kp_error *err) KP_MUST_USE;

/* One value against a type. KP_E_INVALID; `what` begins the message. */
enum kp_status kp_cedar_check_value(const struct kp_cedar_schema *schema,
	const struct kp_cedar_value *value, const struct kp_cedar_type *type,
	const char *what, struct kp_error *err) KP_MUST_USE;

/* A declared action, principal and resource of types it applies to, and a context of
 * exactly the declared type. KP_E_INVALID. */
enum kp_status kp_cedar_check_request(const struct kp_cedar_schema *schema,
	const struct kp_cedar_request *request, struct kp_error *err) KP_MUST_USE;

#endif
