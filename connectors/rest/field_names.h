/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * field_names: what a partner calls what is wanted and permitted, so that nothing else is
 * asked: {velden}, {ingesloten} and {velden|tabel} of a template. Each name comes once.
 */
#ifndef KP_CONNECTORS_REST_FIELD_NAMES_H
#define KP_CONNECTORS_REST_FIELD_NAMES_H

#include "connectors/mapping.h"
#include "connectors/template.h"

/* Context of the functions below; lives as long as one prepare. */
struct kp_field_names {
	const struct kp_mapping *mapping;
	const struct kp_need *need;
	bool embeds; /* what HAL embeds is asked apart, as {ingesloten} */
};

/* The names of kp_template_fields: `next` gives the subject first. */
bool kp_field_names_next(void *context, size_t *position, struct kp_slice *ret_name);
bool kp_field_names_embedded(void *context, size_t *position, struct kp_slice *ret_name);
/* What the table says for each wanted field of the catalogue, comma by comma; a field
 * without a row has no name. */
bool kp_field_names_translated(void *context, const struct kp_manifest_table *table,
	size_t *position, struct kp_slice *ret_name);

/* A row of such a table for a field that the manifest does not supply is a finding at
 * `where`. */
void kp_field_names_check(const struct kp_mapping *mapping,
	const struct kp_template *compiled, const struct kp_host *host,
	const struct kp_manifest_place *where);

#endif
