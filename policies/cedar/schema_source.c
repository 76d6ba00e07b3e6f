/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* schema_source: see schema_source.h. */
#include "schema_source.h"

void
kp_cedar_schema_source_init(struct kp_cedar_schema_source *source, struct kp_arena *arena,
	struct kp_cedar_names *names)
{
	*source = (struct kp_cedar_schema_source){.arena = arena, .names = names};
	source->namespaces_end = &source->namespaces;
}

struct kp_cedar_namespace_decl *
kp_cedar_schema_source_namespace(struct kp_cedar_schema_source *source,
	const struct kp_cedar_name *name, bool *ret_new)
{
	*ret_new = false;
	for (struct kp_cedar_namespace_decl *space = source->namespaces; space != NULL;
		space = space->next) {
		if (space->name == name) {
			return space;
		}
	}
	struct kp_cedar_namespace_decl *space =
		KP_ARENA_NEW(source->arena, struct kp_cedar_namespace_decl);
	if (space == NULL) {
		return NULL;
	}
	space->name = name;
	space->commons_end = &space->commons;
	space->entities_end = &space->entities;
	space->actions_end = &space->actions;
	*source->namespaces_end = space;
	source->namespaces_end = &space->next;
	*ret_new = true;
	return space;
}

bool
kp_cedar_schema_reserved(struct kp_slice name)
{
	static const char *const words[] = {"Bool", "Boolean", "Entity", "Extension",
		"Long", "Record", "Set", "String"};
	for (size_t i = 0; i < KP_ARRAY_LEN(words); i++) {
		if (kp_slice_is(name, words[i])) {
			return true;
		}
	}
	return false;
}
