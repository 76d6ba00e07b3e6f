/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * cedar_differential: reads the lines of generate.js from standard input and says where
 * our engine differs from Cedar's. Ends with one line of counts; exit status 1 when
 * anything differs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/cedar/json_value.h"
#include "policies/cedar/parse.h"
#include "policies/conform.h"

#define LINE_BYTES_MAX ((size_t)256 << 20)

/* Lifetime: one line. */
struct line {
	size_t number;
	struct kp_slice policies;
	struct kp_slice entities;
};

struct totals {
	struct kp_conform_counts cases;
	size_t evaluations; /* policies times requests */
	size_t parses;
	size_t data;
	size_t different;
};

static enum kp_status
read_member(void *ctx, const char *path, struct kp_arena *arena,
	struct kp_slice *ret_text, struct kp_error *err)
{
	const struct line *line = ctx;
	(void)arena;
	(void)err;
	*ret_text = path[0] == 'p' ? line->policies
		: path[0] == 'e'   ? line->entities
				   : KP_SLICE("");
	return KP_OK;
}

static void
say_difference(void *ctx, const char *text)
{
	const struct line *line = ctx;
	(void)printf("line %zu: %s\n", line->number, text);
}

static struct kp_slice
text_of(const struct kp_cedar_json *root, const char *name)
{
	const struct kp_cedar_json *member = kp_cedar_json_member(root, name);
	return member == NULL ? (struct kp_slice){NULL, 0} : member->text;
}

static size_t
count_policies(struct kp_slice text)
{
	size_t count = 0;
	for (size_t i = 0; i + 7 < text.len; i++) {
		count += memcmp(text.data + i, "permit(", 7) == 0;
	}
	return count;
}

static void
run_case(struct totals *totals, struct line *line, struct kp_slice text)
{
	const struct kp_conform_host host = {
		.ctx = line, .read = read_member, .difference = say_difference};
	struct kp_error err = {0};
	size_t before = totals->cases.decisions;
	if (kp_conform_run(&host, "case", text, &totals->cases, &err) != KP_OK) {
		(void)printf("line %zu: %s\n", line->number, err.message);
		totals->different++;
	}
	totals->evaluations +=
		(totals->cases.decisions - before) * count_policies(line->policies);
}

/* What we accept must print as text that parses to the same tree. */
static bool
prints_back(struct kp_arena *arena, struct kp_cedar_names *names,
	const struct kp_cedar_policy_list *list, struct kp_findings *findings)
{
	for (size_t i = 0; i < list->count; i++) {
		struct kp_buffer out;
		struct kp_cedar_policy_set again;
		kp_buffer_init(&out, arena, LINE_BYTES_MAX);
		kp_cedar_policy_write(&out, list->items[i]);
		kp_cedar_policy_set_init(&again, arena);
		if (kp_cedar_parse_policies(&again, names, NULL, kp_buffer_slice(&out),
			    findings) != KP_OK) {
			return false;
		}
		const struct kp_cedar_policy_list *made =
			again.policies.count > 0 ? &again.policies : &again.templates;
		if (made->count != 1 ||
			!kp_cedar_policy_equal(made->items[0], list->items[i])) {
			return false;
		}
	}
	return true;
}

static void
run_parse(struct totals *totals, const struct line *line, struct kp_slice text,
	bool accepted, struct kp_arena *arena)
{
	struct kp_cedar_names names;
	struct kp_cedar_policy_set set;
	struct kp_findings findings;
	kp_cedar_names_init(&names, arena, NULL);
	kp_cedar_policy_set_init(&set, arena);
	kp_findings_init(&findings, 1);
	totals->parses++;
	bool ours = kp_cedar_parse_policies(&set, &names, NULL, text, &findings) == KP_OK;
	if (ours != accepted) {
		totals->different++;
		(void)printf("line %zu: %s by Cedar, %s: %.*s\n", line->number,
			accepted ? "accepted" : "refused",
			ours ? "we accept" : findings.items[0].message,
			KP_SLICE_ARG(text));
	} else if (ours &&
		!(prints_back(arena, &names, &set.policies, &findings) &&
			prints_back(arena, &names, &set.templates, &findings))) {
		totals->different++;
		(void)printf("line %zu: does not print back: %.*s\n", line->number,
			KP_SLICE_ARG(text));
	}
	kp_findings_deinit(&findings);
}

static void
run_data(struct totals *totals, const struct line *line, bool accepted,
	struct kp_arena *arena)
{
	struct kp_cedar_names names;
	struct kp_cedar_entities entities;
	struct kp_error err = {0};
	kp_cedar_names_init(&names, arena, NULL);
	kp_cedar_entities_init(&entities, arena, NULL);
	totals->data++;
	bool ours = kp_cedar_entities_parse(
			    &entities, &names, line->entities, NULL, &err) == KP_OK &&
		kp_cedar_entities_close(&entities, &err) == KP_OK;
	if (ours != accepted) {
		totals->different++;
		char message[500];
		(void)printf("line %zu: data %s by Cedar, %s: %.*s\n", line->number,
			accepted ? "accepted" : "refused",
			ours ? "we accept"
			     : kp_error_text(&err, message, sizeof(message)),
			KP_SLICE_ARG(line->entities));
	}
}

static void
run_line(struct totals *totals, size_t number, struct kp_slice text)
{
	struct kp_arena arena;
	struct kp_error err = {0};
	const struct kp_cedar_json *root = NULL;
	kp_arena_init(&arena, LINE_BYTES_MAX, NULL);
	struct kp_cedar_json_reader reader = {.arena = &arena, .text = {.text = text}};
	if (kp_cedar_json_open(&reader, &arena, &root, &err) != KP_OK) {
		(void)printf("line %zu is not JSON: %s\n", number, err.message);
		totals->different++;
		kp_arena_deinit(&arena);
		return;
	}
	struct line line = {number, text_of(root, "policies"), text_of(root, "entities")};
	const struct kp_cedar_json *accepted = kp_cedar_json_member(root, "accepted");
	bool yes = accepted != NULL && accepted->kind == KP_CEDAR_JSON_TRUE;
	if (kp_cedar_json_member(root, "case") != NULL) {
		run_case(totals, &line, text_of(root, "case"));
	} else if (kp_cedar_json_member(root, "parse") != NULL) {
		run_parse(totals, &line, text_of(root, "parse"), yes, &arena);
	} else {
		run_data(totals, &line, yes, &arena);
	}
	kp_arena_deinit(&arena);
}

int
main(void)
{
	struct totals totals = {0};
	char *text = NULL;
	size_t room = 0;
	size_t number = 0;
	ssize_t len;
	while ((len = getline(&text, &room, stdin)) > 0) {
		run_line(&totals, ++number, (struct kp_slice){text, (size_t)len});
	}
	free(text);
	totals.different += totals.cases.different;
	(void)printf("%zu evaluations, %zu decisions, %zu policy texts, %zu entity data, "
		     "%zu different\n",
		totals.evaluations, totals.cases.decisions, totals.parses, totals.data,
		totals.different);
	return totals.different == 0 ? 0 : 1;
}
