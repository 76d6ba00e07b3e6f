/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * Validation and entities by a schema. The input is up to three texts with a line of `%`
 * between them: schema, policies, entities. What passes one level passes every higher
 * one, and what Cedar 4.12 accepts 4.13 does as well.
 */
#include "policies/cedar/check.h"
#include "policies/cedar/check_data.h"
#include "policies/cedar/parse.h"

#define BYTES_MAX ((size_t)64 << 20)

static struct kp_slice
take_part(struct kp_slice *rest)
{
	struct kp_slice mark = KP_SLICE("\n%\n");
	for (size_t i = 0; i + mark.len <= rest->len; i++) {
		if (memcmp(rest->data + i, mark.data, mark.len) == 0) {
			struct kp_slice part = {rest->data, i};
			rest->data += i + mark.len;
			rest->len -= i + mark.len;
			return part;
		}
	}
	struct kp_slice part = *rest;
	rest->len = 0;
	return part;
}

static bool
check(const struct kp_cedar_schema *schema, const struct kp_cedar_policy_set *set,
	const struct kp_cedar_check_options *options)
{
	struct kp_findings errors;
	kp_findings_init(&errors, 10);
	enum kp_status status =
		kp_cedar_check_policies(schema, set, options, &errors, NULL);
	FUZZ_CHECK((status == KP_OK) == !kp_findings_any(&errors));
	kp_findings_deinit(&errors);
	return status == KP_OK;
}

static void
check_policies(
	const struct kp_cedar_schema *schema, const struct kp_cedar_policy_set *set)
{
	struct kp_cedar_check_options options = {0};
	bool sound = check(schema, set, &options);
	options.inapplicable_is_warning = true;
	FUZZ_CHECK(!sound || check(schema, set, &options));
	options = (struct kp_cedar_check_options){.level_checked = true};
	bool below = false;
	for (unsigned level = 0; level < 3; level++) {
		options.level_max = level;
		bool passes = check(schema, set, &options);
		FUZZ_CHECK(!passes || sound);
		FUZZ_CHECK(!below || passes);
		below = passes;
	}
}

static void
check_entities(const struct kp_cedar_schema *schema, struct kp_arena *arena,
	struct kp_cedar_names *names, struct kp_slice text)
{
	struct kp_error err;
	struct kp_cedar_json_guide guide;
	struct kp_cedar_entities entities;
	kp_cedar_schema_guide(schema, &guide);
	kp_cedar_entities_init(&entities, arena, NULL);
	enum kp_status status =
		kp_cedar_entities_parse(&entities, names, text, &guide, &err);
	if (status == KP_OK) {
		for (size_t i = 0; i < entities.count; i++) {
			FUZZ_CHECK(kp_cedar_check_entity(
					   schema, entities.items[i], &err) == KP_OK);
		}
		status = kp_cedar_schema_add_actions(schema, &entities, &err);
	}
	if (status == KP_OK) {
		status = kp_cedar_entities_close(&entities, &err);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kp_arena arena;
	struct kp_cedar_names names;
	struct kp_findings findings;
	struct kp_cedar_schema_source source;
	struct kp_cedar_policy_set set;
	const struct kp_cedar_schema *schema = NULL;
	struct kp_slice rest = {(const char *)bytes, len};
	struct kp_slice schema_text = take_part(&rest);
	struct kp_slice policies_text = take_part(&rest);
	kp_arena_init(&arena, BYTES_MAX, NULL);
	kp_cedar_names_init(&names, &arena, NULL);
	kp_findings_init(&findings, 10);
	kp_cedar_schema_source_init(&source, &arena, &names);
	kp_cedar_policy_set_init(&set, &arena);
	enum kp_status status =
		kp_cedar_schema_read_text(&source, NULL, schema_text, &findings);
	if (status == KP_OK) {
		status = kp_cedar_schema_make(&source, &findings, NULL, &schema);
	}
	if (status == KP_OK) {
		check_entities(schema, &arena, &names, rest);
		status = kp_cedar_parse_policies(
			&set, &names, NULL, policies_text, &findings);
	}
	if (status == KP_OK) {
		check_policies(schema, &set);
	}
	kp_findings_deinit(&findings);
	kp_arena_deinit(&arena);
	return 0;
}
