/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* authzen_set_private: what a set holds, for the file that reads it and the one that
 * decides with it. */
#ifndef KP_POLICIES_AUTHZEN_SET_PRIVATE_H
#define KP_POLICIES_AUTHZEN_SET_PRIVATE_H

#include "policies/authzen_set.h"
#include "policies/cedar/ast.h"
#include "policies/cedar/schema.h"

struct kp_authzen_type {
	struct kp_slice from; /* as requests say it: a URI, or anything */
	struct kp_slice to;   /* Cedar type */
};

struct kp_authzen_set {
	struct kp_arena arena; /* owns all below; the set itself is on the heap */
	struct kp_cedar_names names;
	struct kp_cedar_policy_set policies;
	struct kp_cedar_entities entities;    /* closed */
	const struct kp_cedar_schema *schema; /* NULL: none */
	struct kp_cedar_json_guide guide;     /* with a schema */
	const struct kp_authzen_type *types;
	size_t type_count;
	/* What an action search looks through: declared by the schema, named in a scope,
	 * or an entity of type Action. */
	const struct kp_cedar_uid **actions;
	size_t action_count;
	/* Types of which the entities know some: who is not among them is unknown. */
	const struct kp_cedar_name **known_types;
	size_t known_type_count;
	const struct kp_cedar_name *context_action; /* "action": context.action */
	struct kp_slice version;
};

/* Do the entities know some of this type? */
static inline bool
kp_authzen_set_knows(const struct kp_authzen_set *set, const struct kp_cedar_name *type)
{
	for (size_t i = 0; i < set->known_type_count; i++) {
		if (set->known_types[i] == type) {
			return true;
		}
	}
	return false;
}

#endif
