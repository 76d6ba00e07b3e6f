/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * field_names: what a partner calls what is wanted and permitted, so that nothing else is
 * asked: {velden}, {ingesloten} and {velden|tabel} of a template. Each name comes once.
 * Names are made when the manifest loads; a question only looks which are wanted.
 */
#ifndef KP_CONNECTORS_REST_FIELD_NAMES_H
#define KP_CONNECTORS_REST_FIELD_NAMES_H

#include "connectors/mapping.h"
#include "connectors/template.h"

/* Names in one row of a table. */
#define KP_FIELD_NAMES_ROW_MAX ((size_t)64)

/* A name and a field that it is for. Those of one name stand together. */
struct kp_field_name {
	struct kp_slice text;
	uint32_t cell; /* of the field; UINT32_MAX: asked always */
	uint32_t end;  /* index behind the last one of this name */
};

struct kp_field_name_list {
	const struct kp_field_name *names;
	size_t count;
};

/* Immutable after compiling; lives in the arena of the instance. */
struct kp_field_names {
	const struct kp_mapping *mapping;
	struct kp_field_name_list plain;    /* {velden}, the subject first */
	struct kp_field_name_list embedded; /* {ingesloten} */
	/* By table of the manifest; only of those that a template names with {velden|…}.
	 */
	struct kp_field_name_list *translated;
};

/* Makes the lists but those of tables. `embeds`: what HAL embeds is asked apart from
 * {velden}. Errors: KP_E_MEMORY. */
enum kp_status kp_field_names_compile(struct kp_arena *arena,
	const struct kp_mapping *mapping, bool embeds,
	struct kp_field_names *ret_names) KP_MUST_USE;

/* Adds the tables that a template names, comma by comma; what is wrong with them is a
 * finding, at `where` or at the table. Errors: KP_E_MEMORY. */
enum kp_status kp_field_names_add(struct kp_arena *arena, struct kp_field_names *names,
	const struct kp_template *compiled, const struct kp_host *host,
	const struct kp_manifest_place *where) KP_MUST_USE;

/* Of one question: context of the function below. */
struct kp_field_names_asked {
	const struct kp_field_names *names;
	const struct kp_need *need;
};

/* kp_template_fields.next. */
bool kp_field_names_next(void *context, const struct kp_template_part *part,
	size_t *position, struct kp_slice *ret_name);

#endif
