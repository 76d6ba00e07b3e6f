/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * schema_differential: reads the lines of generate_schema.js or corpus_lines.js from
 * standard input and says where our schemas, validation, entity checks, policy JSON and
 * layout differ from Cedar's. Ends with one line of counts; exit status 1 when anything
 * differs.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "policies/cedar/check.h"
#include "policies/cedar/check_data.h"
#include "policies/cedar/format.h"
#include "policies/cedar/json_tree.h"
#include "policies/cedar/parse.h"
#include "policies/cedar/policy_json.h"

#define BYTES_MAX ((size_t)256 << 20)

/* A schema and what is held against it. Lifetime: until the next schema line. */
struct world {
	struct kp_arena arena;
	struct kp_cedar_names names;
	struct kp_findings findings;
	struct kp_cedar_schema_source source;
	const struct kp_cedar_schema *schema; /* NULL: refused */
};

struct totals {
	size_t schemas;
	size_t accepted;
	size_t verdicts;
	size_t valid;
	size_t forms;
	size_t data;
	size_t data_accepted;
	size_t different;
};

static struct kp_slice
text_of(json_t *object, const char *name)
{
	json_t *member = json_object_get(object, name);
	return (struct kp_slice){json_string_value(member), json_string_length(member)};
}

static void
differs(struct totals *totals, const char *what, struct kp_slice text, const char *theirs,
	const struct kp_findings *findings)
{
	char ours[600] = "accepted";
	totals->different++;
	if (findings->count > 0) {
		(void)kp_error_text(&findings->items[0], ours, sizeof(ours));
	}
	(void)printf("%s differs: %.*s\n  Cedar: %s\n  ours:  %s\n", what,
		KP_SLICE_ARG(text), theirs, ours);
}

static void
open_world(struct world *world)
{
	*world = (struct world){0};
	kp_arena_init(&world->arena, BYTES_MAX, NULL);
	kp_cedar_names_init(&world->names, &world->arena, NULL);
	kp_findings_init(&world->findings, 4);
	kp_cedar_schema_source_init(&world->source, &world->arena, &world->names);
}

static void
close_world(struct world *world)
{
	kp_findings_deinit(&world->findings);
	kp_arena_deinit(&world->arena);
}

static void
clear_findings(struct world *world)
{
	kp_findings_deinit(&world->findings);
	kp_findings_init(&world->findings, 4);
}

/* Cedar takes a name twice in a record and keeps the last; we refuse it, on purpose. */
static bool
meant_to_differ(const struct world *world)
{
	return world->findings.count > 0 &&
		strstr(world->findings.items[0].message, "the attribute `") != NULL &&
		strstr(world->findings.items[0].message, "is declared twice") != NULL;
}

/* Integers beyond 2^53 came here through a JavaScript number. */
static bool
same_number(struct kp_slice ours, struct kp_slice theirs)
{
	char left[64];
	char right[64];
	(void)snprintf(left, sizeof(left), "%.*s", KP_SLICE_ARG(ours));
	(void)snprintf(right, sizeof(right), "%.*s", KP_SLICE_ARG(theirs));
	double number = strtod(left, NULL);
	bool exact = number < 9007199254740992.0 && number > -9007199254740992.0;
	return exact ? kp_slice_equal(ours, theirs)
		     : fabs(number - strtod(right, NULL)) <= fabs(number) * 1e-15;
}

static bool
same_node(const struct kp_cedar_json *ours, const struct kp_cedar_json *theirs)
{
	if (ours->kind != theirs->kind || ours->count != theirs->count) {
		return false;
	}
	if (ours->kind == KP_CEDAR_JSON_NUMBER) {
		return same_number(ours->text, theirs->text);
	}
	if (ours->kind == KP_CEDAR_JSON_STRING) {
		return kp_slice_equal(ours->text, theirs->text);
	}
	const struct kp_cedar_json *at = theirs->first;
	for (const struct kp_cedar_json *one = ours->first; one != NULL;
		one = one->next) {
		if (ours->kind == KP_CEDAR_JSON_OBJECT) {
			at = theirs->first;
			while (at != NULL && !kp_slice_equal(at->name, one->name)) {
				at = at->next;
			}
		}
		if (at == NULL || !same_node(one, at)) {
			return false;
		}
		at = at->next;
	}
	return true;
}

/* With the engine's own reader: jansson takes no NUL in a name. */
static bool
same_json(struct world *world, struct kp_buffer *ours, struct kp_slice theirs)
{
	struct kp_cedar_json_text left = {
		.text = kp_buffer_slice(ours), .findings = &world->findings};
	struct kp_cedar_json_text right = {.text = theirs, .findings = &world->findings};
	const struct kp_cedar_json *one;
	const struct kp_cedar_json *other;
	bool same = kp_cedar_json_parse(&world->arena, &left, &one) == KP_OK &&
		kp_cedar_json_parse(&world->arena, &right, &other) == KP_OK &&
		same_node(one, other);
	if (!same) {
		(void)printf("ours: %.*s\n", KP_SLICE_ARG(left.text));
	}
	return same;
}

static void
judge_schema(struct world *world, json_t *line, struct totals *totals)
{
	struct kp_slice text = text_of(line, "schema");
	bool wanted = json_boolean_value(json_object_get(line, "accepted"));
	totals->schemas++;
	totals->accepted += wanted;
	enum kp_status status =
		kp_cedar_schema_read_text(&world->source, "s", text, &world->findings);
	if (status == KP_OK) {
		status = kp_cedar_schema_make(
			&world->source, &world->findings, NULL, &world->schema);
	}
	if ((status == KP_OK) != wanted && !meant_to_differ(world)) {
		differs(totals, "schema", text, wanted ? "accepted" : "refused",
			&world->findings);
	}
	if (status == KP_OK && wanted) {
		struct kp_buffer json;
		kp_buffer_init(&json, &world->arena, BYTES_MAX);
		kp_cedar_schema_write_json(&json, &world->source);
		if (json.failed || !same_json(world, &json, text_of(line, "json"))) {
			differs(totals, "JSON of schema", text,
				text_of(line, "json").data, &world->findings);
		}
	} else {
		world->schema = NULL;
	}
	clear_findings(world);
}

static void
judge_layout(struct world *world, json_t *one, struct totals *totals)
{
	struct kp_buffer out;
	kp_buffer_init(&out, &world->arena, BYTES_MAX);
	struct kp_slice text = text_of(one, "text");
	enum kp_status status =
		kp_cedar_format(&world->arena, "p", text, &out, &world->findings);
	if (status != KP_OK ||
		!kp_slice_equal(kp_buffer_slice(&out), text_of(one, "formatted"))) {
		differs(totals, "layout", text, text_of(one, "formatted").data,
			&world->findings);
	}
}

static void
judge_policy(struct world *world, json_t *one, struct totals *totals)
{
	/* The engine compared with is 4.13, which made this finding a warning. */
	const struct kp_cedar_check_options options = {.inapplicable_is_warning = true};
	struct kp_slice text = text_of(one, "text");
	struct kp_cedar_policy_set set;
	kp_cedar_policy_set_init(&set, &world->arena);
	bool wanted = json_boolean_value(json_object_get(one, "valid"));
	totals->verdicts++;
	totals->valid += wanted;
	enum kp_status status =
		kp_cedar_parse_policies(&set, &world->names, "p", text, &world->findings);
	if (status == KP_OK) {
		struct kp_buffer json;
		kp_buffer_init(&json, &world->arena, BYTES_MAX);
		kp_cedar_policy_write_json(&json, set.policies.items[0]);
		totals->forms++;
		if (json.failed || !same_json(world, &json, text_of(one, "json"))) {
			differs(totals, "JSON of policy", text, text_of(one, "json").data,
				&world->findings);
		}
		judge_layout(world, one, totals);
		status = kp_cedar_check_policies(
			world->schema, &set, &options, &world->findings, NULL);
	}
	if ((status == KP_OK) != wanted) {
		differs(totals, "verdict", text,
			wanted ? "valid" : json_string_value(json_object_get(one, "why")),
			&world->findings);
	}
	clear_findings(world);
}

static void
judge_entities(struct world *world, json_t *line, struct totals *totals)
{
	struct kp_error err = {0};
	struct kp_cedar_json_guide guide;
	struct kp_cedar_entities entities;
	struct kp_slice text = text_of(line, "entities");
	bool wanted = json_boolean_value(json_object_get(line, "accepted"));
	totals->data++;
	totals->data_accepted += wanted;
	kp_cedar_schema_guide(world->schema, &guide);
	kp_cedar_entities_init(&entities, &world->arena, NULL);
	enum kp_status status =
		kp_cedar_entities_parse(&entities, &world->names, text, &guide, &err);
	if (status == KP_OK) {
		status = kp_cedar_schema_add_actions(world->schema, &entities, &err);
	}
	if (status == KP_OK) {
		status = kp_cedar_entities_close(&entities, &err);
	}
	const char *why =
		wanted ? "accepted" : json_string_value(json_object_get(line, "why"));
	if (status != KP_OK) {
		kp_findings_add(&world->findings, &err);
	}
	/* Cedar takes an action's declared parents only beside the parents themselves;
	 * here the schema's stand for them, and the store comes out the same. */
	bool meant = status == KP_OK && strstr(why, "definition of action") != NULL;
	if ((status == KP_OK) != wanted && !meant) {
		differs(totals, "entities", text, why, &world->findings);
	}
	clear_findings(world);
}

static void
judge_line(struct world *world, json_t *line, struct totals *totals)
{
	if (json_object_get(line, "schema") != NULL) {
		close_world(world);
		open_world(world);
		judge_schema(world, line, totals);
	} else if (world->schema != NULL && json_object_get(line, "entities") != NULL) {
		judge_entities(world, line, totals);
	} else if (world->schema != NULL) {
		json_t *one;
		size_t index;
		json_array_foreach(json_object_get(line, "policies"), index, one)
		{
			judge_policy(world, one, totals);
		}
	}
}

int
main(void)
{
	struct world world;
	struct totals totals = {0};
	char *text = NULL;
	size_t size = 0;
	open_world(&world);
	for (ssize_t len = getline(&text, &size, stdin); len > 0;
		len = getline(&text, &size, stdin)) {
		json_t *line = json_loadb(text, (size_t)len, JSON_ALLOW_NUL, NULL);
		if (line == NULL) {
			(void)printf("a line is not JSON\n");
			totals.different++;
			continue;
		}
		judge_line(&world, line, &totals);
		json_decref(line);
	}
	close_world(&world);
	free(text);
	(void)printf(
		"%zu schemas (%zu accepted), %zu verdicts (%zu valid), %zu policy forms, "
		"%zu entities (%zu accepted), %zu different\n",
		totals.schemas, totals.accepted, totals.verdicts, totals.valid,
		totals.forms, totals.data, totals.data_accepted, totals.different);
	return totals.different == 0 && totals.schemas > 0 ? 0 : 1;
}
