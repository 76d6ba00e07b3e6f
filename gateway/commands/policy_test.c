/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_test: `ketenpoort policy test` runs the officer's own tests, says which rules no
 * test exercises, and on request takes out one rule at a time to see whether any test
 * notices.
 */
#include "policies/policy_test.h"

#include <stdlib.h>
#include <string.h>

#include "commands/policy_commands.h"
#include "commands/policy_load.h"
#include "commands/policy_options.h"
#include "commands/policy_test_explain.h"
#include "commands/policy_view.h"
#include "core/bits.h"
#include "crypto/crypto.h"
#include "io/file.h"

#define FILES_MAX ((size_t)64)
#define FILE_BYTES_MAX ((size_t)16 << 20)

static const char usage[] =
	"gebruik: ketenpoort policy test [KEUZE…] [--json] [--en] MAP [BESTAND…]\n"
	"\n"
	"Voert de proeven bij de regels uit (proeven.json, of de genoemde bestanden):\n"
	"wie, waarvoor, met welke feiten, en wat dan wel en niet te zien moet zijn.\n"
	"Noemt de proeven die niet uitkomen, met de reden, en de regels die geen proef\n"
	"raakt.\n"
	"\n"
	"  --streng   een regel die geen proef raakt telt als fout\n"
	"  --zonder   neem ook elke regel een keer weg: merkt geen proef dat, dan is\n"
	"             het een fout, tenzij het verbod nu niets verandert\n"
	"  --json     één JSON-object in plaats van regels\n"
	"\n"
	"Uitkomst: 0 alles komt uit, 1 niet, 2 verkeerd gebruikt.\n";
static const char usage_en[] =
	"usage: ketenpoort policy test [CHOICE…] [--json] [--en] DIR [FILE…]\n"
	"\n"
	"Runs the tests beside the rules (proeven.json, or the files named): who, for\n"
	"what, with which facts, and what must and must not be seen then. Names the\n"
	"tests that fail, with the reason, and the rules that no test exercises.\n"
	"\n"
	"  --streng   a rule that no test exercises counts as a fault\n"
	"  --zonder   also take each rule out once: it is a fault when no test\n"
	"             notices, unless the prohibition changes nothing now\n"
	"  --json     one JSON object in place of lines\n"
	"\n"
	"Exit codes: 0 all pass, 1 not so, 2 wrong use.\n";

/* Lifetime: the subcommand. */
struct testing {
	struct kp_policy_set set;
	struct kp_policy_file files[FILES_MAX]; /* tests */
	size_t file_count;
	struct kp_findings findings;
	json_t *results;   /* [{"proef", "geslaagd"}] */
	json_t *uncovered; /* ids of rules */
	json_t *nets;      /* ids of rules that change nothing now */
	json_t *unnoticed; /* ids of rules that may go; NULL: not asked */
	size_t tests;
	size_t failed;
	int64_t now_ms;
	bool english;
	bool strict;
	bool sound; /* every file could be read and run */
};

static bool
add_test_file(struct testing *testing, const char *path)
{
	struct kp_policy_file *file = &testing->files[testing->file_count];
	struct kp_error err = {0};
	file->name = path;
	if (kp_file_read_all(path, &testing->set.arena, FILE_BYTES_MAX, &file->text,
		    &err) != KP_OK) {
		kp_error_at(&err, path, 0, 0, NULL);
		kp_findings_add(&testing->findings, &err);
		return false;
	}
	testing->file_count++;
	return true;
}

/* Without files named, those of the set. */
static bool
find_tests(struct testing *testing, char **paths, size_t count)
{
	bool found = true;
	for (size_t i = 0; i < count; i++) {
		found = add_test_file(testing, paths[i]) && found;
	}
	const struct kp_policy_file *own =
		kp_policy_set_file(&testing->set, KP_FILE_TESTS);
	if (count == 0 && own != NULL) {
		testing->files[testing->file_count++] = *own;
	} else if (count == 0) {
		struct kp_error err;
		(void)kp_error_set(&err, KP_E_NOT_FOUND, "%s",
			KP_SAY(testing->english, "ontbreekt: er zijn geen proeven",
				"is missing: there are no tests"));
		kp_error_at(&err, KP_FILE_TESTS, 0, 0, NULL);
		kp_findings_add(&testing->findings, &err);
		found = false;
	}
	return found;
}

static void
keep_results(struct testing *testing, const struct kp_policy_test_run *run)
{
	for (uint32_t i = 0; i < run->count; i++) {
		(void)json_array_append_new(testing->results,
			json_pack("{s:o, s:b}", "proef",
				kp_policy_json_text(run->results[i].name), "geslaagd",
				run->results[i].passed));
	}
	testing->tests += run->count;
	testing->failed += run->failed;
}

/* All files of tests against the set; which rules none of them touched. */
static void
run_tests(struct testing *testing)
{
	struct kp_bundle *bundle = testing->set.bundle;
	size_t words = kp_bits_words(bundle->rules.count);
	uint64_t *covered = KP_ARENA_ARRAY(&testing->set.arena, uint64_t, words);
	for (size_t i = 0; i < testing->file_count; i++) {
		struct kp_policy_test_run run = {0};
		if (covered == NULL ||
			kp_policy_test_run(&testing->set.arena, testing->files[i].name,
				testing->files[i].text, bundle, &testing->findings,
				&run) != KP_OK) {
			testing->sound = false;
			return;
		}
		keep_results(testing, &run);
		for (size_t word = 0; word < words; word++) {
			covered[word] |= run.covered[word];
		}
	}
	for (uint32_t i = 0; i < bundle->rules.count; i++) {
		if (!kp_bits_has(covered, i)) {
			(void)json_array_append_new(testing->uncovered,
				kp_policy_json_text(bundle->rules.rules[i].id));
		}
	}
}

/* The rule's text with its card replaced by spaces, so that all other places stay. */
static bool
blank_rule(
	struct kp_arena *arena, const struct kp_rule *rule, struct kp_policy_file *file)
{
	const struct kp_cedar_policy *policy = rule->policy;
	size_t start = policy->pos.offset;
	for (size_t i = 0; i < policy->annotation_count; i++) {
		size_t offset = policy->annotations[i].pos.offset;
		start = offset < start ? offset : start;
	}
	size_t end = (size_t)policy->pos.offset + policy->pos.len;
	struct kp_slice copy = kp_arena_copy(arena, file->text);
	if (copy.data == NULL || end > copy.len || start > end) {
		return false;
	}
	char *text = kp_arena_bytes(arena, copy.len + 1);
	if (text == NULL) {
		return false;
	}
	memcpy(text, copy.data, copy.len);
	memset(text + start, ' ', end - start);
	file->text = (struct kp_slice){text, copy.len};
	return true;
}

/* Does any test fail on this bundle? */
static bool
any_fails(struct testing *testing, const struct kp_bundle *bundle)
{
	bool fails = false;
	for (size_t i = 0; !fails && i < testing->file_count; i++) {
		struct kp_policy_test_run run = {0};
		struct kp_arena arena;
		struct kp_findings findings;
		kp_arena_init(&arena, KP_POLICY_LOAD_BYTES_MAX, NULL);
		kp_findings_init(&findings, 1);
		fails = kp_policy_test_run(&arena, testing->files[i].name,
				testing->files[i].text, bundle, &findings,
				&run) != KP_OK ||
			run.failed > 0;
		kp_findings_deinit(&findings);
		kp_arena_deinit(&arena);
	}
	return fails;
}

/* A set that does not load without the rule is noticed, too. */
static bool
noticed_without(struct testing *testing, const struct kp_rule *rule)
{
	struct kp_arena arena;
	struct kp_findings findings;
	struct kp_bundle *bundle = NULL;
	bool noticed = true;
	kp_arena_init(&arena, KP_POLICY_LOAD_BYTES_MAX, NULL);
	kp_findings_init(&findings, 1);
	size_t count = testing->set.file_count;
	struct kp_policy_file *files =
		KP_ARENA_ARRAY(&arena, struct kp_policy_file, count + 1);
	bool made = files != NULL;
	for (size_t i = 0; made && i < count; i++) {
		files[i] = testing->set.files[i];
		if (strcmp(files[i].name, rule->policy->file) == 0) {
			made = blank_rule(&arena, rule, &files[i]);
		}
	}
	const struct kp_bundle_options options = {
		.digest = kp_sha256, .now_ms = testing->now_ms};
	testing->sound = testing->sound && made;
	if (made &&
		kp_bundle_create(files, count, &options, &findings, &bundle) == KP_OK) {
		noticed = any_fails(testing, bundle);
	}
	kp_bundle_unref(&bundle);
	kp_findings_deinit(&findings);
	kp_arena_deinit(&arena);
	return noticed;
}

static void
take_out_each(struct testing *testing)
{
	const struct kp_rule_set *rules = &testing->set.bundle->rules;
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct kp_rule *rule = &rules->rules[i];
		if (!noticed_without(testing, rule)) {
			(void)json_array_append_new(
				kp_policy_rule_is_net(testing->set.bundle, rule)
					? testing->nets
					: testing->unnoticed,
				kp_policy_json_text(rule->id));
		}
	}
}

static bool
in_order(const struct testing *testing)
{
	return testing->sound && testing->failed == 0 &&
		!kp_findings_any(&testing->findings) &&
		!(testing->strict && json_array_size(testing->uncovered) > 0) &&
		json_array_size(testing->unnoticed) == 0;
}

static void
print_ids(const char *what, const json_t *ids)
{
	size_t index;
	json_t *id;
	if (json_array_size(ids) == 0) {
		return;
	}
	(void)printf("%s:\n", what);
	json_array_foreach((json_t *)(uintptr_t)ids, index, id)
	{
		(void)printf("  %s\n", json_string_value(id));
	}
}

/* Each with the explanation, when it is an expectation that was not met. */
static void
print_findings(const struct testing *testing)
{
	for (size_t i = 0; i < testing->findings.count; i++) {
		const struct kp_error *err = &testing->findings.items[i];
		char text[700];
		(void)printf("%s\n", kp_error_text(err, text, sizeof(text)));
		for (size_t j = 0; j < testing->file_count; j++) {
			if (testing->file_count == 1 ||
				strcmp(testing->files[j].name, err->file) == 0) {
				kp_policy_test_explain(testing->set.bundle,
					testing->files[j].text, err->place,
					testing->english);
				break;
			}
		}
	}
	const struct kp_findings dropped = {.dropped = testing->findings.dropped};
	kp_policy_print_findings(&dropped, stdout, testing->english);
}

static void
print_lines(const struct testing *testing)
{
	size_t rules = testing->set.bundle->rules.count;
	print_findings(testing);
	print_ids(KP_SAY(testing->english, "Regels die geen proef raakt",
			  "Rules that no test exercises"),
		testing->uncovered);
	print_ids(KP_SAY(testing->english,
			  "Regels die weg kunnen zonder dat een proef het merkt",
			  "Rules that can go without any test noticing"),
		testing->unnoticed);
	print_ids(
		KP_SAY(testing->english,
			"Verboden die nu niets veranderen (een vangnet: niemand mag wat "
			"zij verbieden)",
			"Prohibitions that change nothing now (a safety net: nobody may "
			"see what they forbid)"),
		testing->nets);
	if (!testing->sound) {
		(void)puts(KP_SAY(testing->english,
			"de proeven konden niet worden uitgevoerd",
			"the tests could not be run"));
		return;
	}
	(void)printf(KP_SAY(testing->english,
			     "%zu proeven, %zu mislukt; %zu van %zu regels geraakt\n",
			     "%zu tests, %zu failed; %zu of %zu rules exercised\n"),
		testing->tests, testing->failed,
		rules - json_array_size(testing->uncovered), rules);
}

static bool
print_json(struct testing *testing)
{
	json_t *answer = json_pack("{s:b, s:I, s:I, s:O, s:o, s:I, s:O}", "ok",
		in_order(testing), "tests", (json_int_t)testing->tests, "failed",
		(json_int_t)testing->failed, "results", testing->results, "findings",
		kp_policy_findings_json(&testing->findings), "rules",
		(json_int_t)testing->set.bundle->rules.count, "uncovered",
		testing->uncovered);
	if (testing->unnoticed != NULL) {
		(void)json_object_set(answer, "unnoticed", testing->unnoticed);
		(void)json_object_set(answer, "nets", testing->nets);
	}
	return kp_policy_print_json(answer);
}

static int
run(struct testing *testing, size_t operands, char **argv, bool json)
{
	if (!kp_policy_set_load(
		    &testing->set, argv[0], testing->now_ms, testing->english)) {
		return KP_POLICY_FOUND;
	}
	testing->sound = find_tests(testing, argv + 1, operands - 1);
	if (testing->sound) {
		run_tests(testing);
	}
	if (testing->unnoticed != NULL && in_order(testing)) {
		take_out_each(testing);
	}
	bool printed = true;
	if (json) {
		printed = print_json(testing);
	} else {
		print_lines(testing);
	}
	return in_order(testing) && printed ? KP_POLICY_GOOD : KP_POLICY_FOUND;
}

int
kp_policy_test(int argc, char **argv)
{
	struct testing *testing = calloc(1, sizeof(*testing));
	bool json = false;
	bool without = false;
	bool strict = false;
	bool english = false;
	size_t operands = 0;
	int exit_code = KP_POLICY_FOUND;
	const struct kp_option items[] = {{"--streng", .flag = &strict},
		{"--zonder", .flag = &without}, {"--json", .flag = &json}};
	const struct kp_options options = {.command = "test",
		.usage = usage,
		.usage_en = usage_en,
		.items = items,
		.count = KP_ARRAY_LEN(items),
		.operands_min = 1,
		.operands_max = 1 + FILES_MAX};
	if (testing != NULL &&
		kp_options_read(&options, argc, argv, &english, &operands, &exit_code)) {
		kp_policy_set_begin(&testing->set);
		kp_findings_init(&testing->findings, KP_POLICY_FINDINGS_MAX);
		testing->english = english;
		testing->strict = strict;
		testing->now_ms = kp_policy_now_ms();
		testing->results = json_array();
		testing->uncovered = json_array();
		testing->nets = json_array();
		testing->unnoticed = without ? json_array() : NULL;
		exit_code = run(testing, operands, argv + 1, json);
		json_decref(testing->results);
		json_decref(testing->uncovered);
		json_decref(testing->nets);
		json_decref(testing->unnoticed);
		kp_findings_deinit(&testing->findings);
		kp_policy_set_end(&testing->set);
	}
	free(testing);
	return exit_code;
}
