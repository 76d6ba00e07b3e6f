/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Entities JSON: reads, closes, and every value prints as an expression that is that
 * value. */
#include <stdint.h>

#include "core/attr.h"
#include "policies/cedar/entities.h"
#include "policies/cedar/eval.h"
#include "policies/cedar/parse.h"

#define BYTES_MAX ((size_t)64 << 20)

static void
check_value(const struct kp_cedar_value *value, struct kp_arena *arena,
	struct kp_cedar_names *names)
{
	struct kp_buffer out;
	struct kp_error err;
	const struct kp_cedar_expr *expr = NULL;
	kp_buffer_init(&out, arena, BYTES_MAX);
	kp_cedar_value_write(&out, value);
	if (out.failed) {
		return;
	}
	enum kp_status status = kp_cedar_parse_expr(
		arena, names, NULL, kp_buffer_slice(&out), &expr, &err);
	if (status == KP_E_MEMORY) {
		return;
	}
	KP_REQUIRE(status == KP_OK);
	struct kp_cedar_request request = {0};
	struct kp_cedar_eval eval = {.request = &request, .arena = arena};
	struct kp_cedar_value again;
	enum kp_cedar_failure failure = kp_cedar_eval_expr(&eval, expr, &again);
	KP_REQUIRE(failure == KP_CEDAR_FAIL_MEMORY ||
		(failure == KP_CEDAR_FAIL_NONE && kp_cedar_value_equal(value, &again)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kp_arena arena;
	struct kp_cedar_names names;
	struct kp_cedar_entities entities;
	struct kp_error err;
	struct kp_slice text = {(const char *)data, size};
	kp_arena_init(&arena, BYTES_MAX, NULL);
	kp_cedar_names_init(&names, &arena, NULL);
	kp_cedar_entities_init(&entities, &arena, NULL);
	enum kp_status status =
		kp_cedar_entities_parse(&entities, &names, text, NULL, &err);
	status = status == KP_OK ? kp_cedar_entities_close(&entities, &err) : status;
	for (size_t i = 0; status == KP_OK && i < entities.count; i++) {
		const struct kp_cedar_entity *entity = entities.items[i];
		KP_REQUIRE(!kp_cedar_entity_in(entity, entity->uid));
		struct kp_cedar_value attrs = {
			.kind = KP_CEDAR_RECORD, .record = entity->attrs};
		check_value(&attrs, &arena, &names);
		for (size_t k = 0; k < entity->tag_count; k++) {
			check_value(&entity->tags[k].value, &arena, &names);
		}
	}
	kp_arena_deinit(&arena);
	return 0;
}
