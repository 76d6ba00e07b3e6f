/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * Schemas in either syntax (JSON begins with a brace): what is accepted as text comes out
 * as JSON that means the same.
 */
#include "core/attr.h"
#include "policies/cedar/schema.h"

#define BYTES_MAX ((size_t)64 << 20)

struct world {
	struct kp_arena arena;
	struct kp_cedar_names names;
	struct kp_findings findings;
	struct kp_cedar_schema_source source;
};

static void
open_world(struct world *world)
{
	kp_arena_init(&world->arena, BYTES_MAX, NULL);
	kp_cedar_names_init(&world->names, &world->arena, NULL);
	kp_findings_init(&world->findings, 10);
	kp_cedar_schema_source_init(&world->source, &world->arena, &world->names);
}

static void
close_world(struct world *world)
{
	kp_findings_deinit(&world->findings);
	kp_arena_deinit(&world->arena);
}

static enum kp_status
read(struct world *world, struct kp_slice text, const struct kp_cedar_schema **ret_schema)
{
	enum kp_status status = text.len > 0 && text.data[0] == '{'
		? kp_cedar_schema_read_json(&world->source, NULL, text, &world->findings)
		: kp_cedar_schema_read_text(&world->source, NULL, text, &world->findings);
	if (status == KP_OK) {
		status = kp_cedar_schema_make(
			&world->source, &world->findings, NULL, ret_schema);
	}
	FUZZ_CHECK((status == KP_OK) == !kp_findings_any(&world->findings));
	return status;
}

static void
check_same(const struct kp_cedar_schema *one, const struct kp_cedar_schema *two)
{
	char left[KP_CEDAR_TYPE_TEXT_MAX];
	char right[KP_CEDAR_TYPE_TEXT_MAX];
	FUZZ_CHECK(one->entity_count == two->entity_count);
	FUZZ_CHECK(one->action_count == two->action_count);
	for (size_t i = 0; i < one->entity_count; i++) {
		const struct kp_cedar_schema_entity *a = one->entities[i];
		const struct kp_cedar_schema_entity *b = two->entities[i];
		FUZZ_CHECK(kp_slice_equal(a->name->text, b->name->text));
		FUZZ_CHECK(a->ancestor_count == b->ancestor_count);
		FUZZ_CHECK(a->attrs->attr_count == b->attrs->attr_count);
		if (a->tags != NULL && a->tags->kind != KP_CEDAR_TYPE_RECORD) {
			FUZZ_CHECK(strcmp(kp_cedar_type_text(a->tags, left),
					   kp_cedar_type_text(b->tags, right)) == 0 ||
				a->tags->kind == KP_CEDAR_TYPE_SET);
		}
	}
	for (size_t i = 0; i < one->action_count; i++) {
		FUZZ_CHECK(one->actions[i]->ancestor_count ==
			two->actions[i]->ancestor_count);
		FUZZ_CHECK(one->actions[i]->principal_count ==
			two->actions[i]->principal_count);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct world first;
	const struct kp_cedar_schema *schema = NULL;
	open_world(&first);
	enum kp_status status =
		read(&first, (struct kp_slice){(const char *)bytes, len}, &schema);
	struct kp_buffer json;
	kp_buffer_init(&json, &first.arena, BYTES_MAX);
	if (status == KP_OK) {
		kp_cedar_schema_write_json(&json, &first.source);
	}
	if (status == KP_OK && !json.failed) {
		struct world second;
		const struct kp_cedar_schema *again = NULL;
		open_world(&second);
		status = read(&second, kp_buffer_slice(&json), &again);
		FUZZ_CHECK(
			status == KP_OK || status == KP_E_MEMORY || status == KP_E_LIMIT);
		if (status == KP_OK) {
			check_same(schema, again);
		}
		close_world(&second);
	}
	close_world(&first);
	return 0;
}
