/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_conform: `ketenpoort policy conform` holds the rule language against cases in
 * the format of the public Cedar corpora, with any policies, schema and entities: so that
 * anybody can hold us against corpora of their own.
 */
#include <stdlib.h>
#include <string.h>

#include "commands/policy_commands.h"
#include "commands/policy_load.h"
#include "commands/policy_options.h"
#include "io/file.h"
#include "policies/conform_schema.h"

#define FILES_MAX ((size_t)1000000)
#define FILE_BYTES_MAX ((size_t)64 << 20)
#define LIST_BYTES_MAX ((size_t)512 << 20)
#define OPERANDS_MAX ((size_t)100000)
/* Folders above a case that are tried as the root of its paths. */
#define LEVELS_MAX 16u

static const char usage[] =
	"gebruik: ketenpoort policy conform [--root MAP] [--json] [--en] BESTAND|MAP…\n"
	"\n"
	"Voert gevallen uit in het formaat van de openbare Cedar-corpora: regels, "
	"schema\n"
	"en entiteiten in bestanden, en per vraag de verwachte uitkomst met redenen en\n"
	"fouten. Van een map worden alle gevallen genomen. Noemt elk verschil.\n"
	"\n"
	"  --root MAP   waar de paden in de gevallen beginnen; anders wordt dat gezocht\n"
	"               in de mappen boven het geval\n"
	"  --json       één JSON-object in plaats van regels\n"
	"\n"
	"Uitkomst: 0 geen verschil, 1 wel, 2 verkeerd gebruikt.\n";
static const char usage_en[] =
	"usage: ketenpoort policy conform [--root DIR] [--json] [--en] FILE|DIR…\n"
	"\n"
	"Runs cases in the format of the public Cedar corpora: policies, a schema and\n"
	"entities in files, and for each request the decision, reasons and errors that\n"
	"are expected. Of a folder all cases are taken. Names each difference.\n"
	"\n"
	"  --root DIR   where paths in the cases start; searched in the folders above\n"
	"               the case when not given\n"
	"  --json       one JSON object in place of lines\n"
	"\n"
	"Exit codes: 0 no difference, 1 some, 2 wrong use.\n";

/* Lifetime: the subcommand. */
struct run {
	const char *root;
	bool english;
	json_t *differences; /* NULL: print each */
	struct kp_conform_host host;
	struct kp_conform_counts counts;
	const char *path; /* of the case under way */
	size_t level;     /* that found a file last */
};

/* The folder `level` steps above the case; NULL when there is none. */
static char *
folder_above(struct kp_arena *arena, const char *path, size_t level)
{
	struct kp_slice folder = kp_slice_from(path);
	for (size_t i = 0; i <= level; i++) {
		while (folder.len > 0 && folder.data[folder.len - 1] != '/') {
			folder.len--;
		}
		if (folder.len == 0) {
			return i == level ? kp_arena_strdup(arena, ".") : NULL;
		}
		while (folder.len > 1 && folder.data[folder.len - 1] == '/') {
			folder.len--;
		}
		if (folder.len == 1 && folder.data[0] == '/') {
			return i == level ? kp_arena_strdup(arena, "/") : NULL;
		}
	}
	return kp_arena_copy(arena, folder).data == NULL
		? NULL
		: kp_arena_printf(arena, "%.*s", KP_SLICE_ARG(folder));
}

/* A path is relative to the root of the corpus, which is a folder at or above the case.
 */
static enum kp_status
read_named(void *ctx, const char *path, struct kp_arena *arena, struct kp_slice *ret_text,
	struct kp_error *err)
{
	struct run *run = ctx;
	const char *found = NULL;
	if (run->root != NULL || path[0] == '/') {
		found = path[0] == '/' ? path
				       : kp_arena_printf(arena, "%s/%s", run->root, path);
		return found == NULL
			? kp_error_set(err, KP_E_MEMORY, "out of memory")
			: kp_file_read_all(found, arena, FILE_BYTES_MAX, ret_text, err);
	}
	for (size_t i = 0; i < LEVELS_MAX; i++) {
		size_t level = (run->level + i) % LEVELS_MAX;
		const char *folder = folder_above(arena, run->path, level);
		const char *candidate = folder == NULL
			? NULL
			: kp_arena_printf(arena, "%s/%s", folder, path);
		struct kp_file_stamp stamp;
		if (candidate != NULL && kp_file_stamp_of(candidate, &stamp) == KP_OK) {
			run->level = level;
			return kp_file_read_all(
				candidate, arena, FILE_BYTES_MAX, ret_text, err);
		}
	}
	return kp_error_set(err, KP_E_NOT_FOUND,
		"'%s' is not in the case's folder nor in one above it (see --root)",
		path);
}

static void
report(void *ctx, const char *text)
{
	struct run *run = ctx;
	if (run->differences != NULL) {
		(void)json_array_append_new(run->differences, json_string(text));
	} else {
		(void)printf("%s\n", text);
	}
}

static void
report_error(struct run *run, const struct kp_error *err)
{
	char text[700];
	char line[1200];
	(void)snprintf(line, sizeof(line), "%s: %s", run->path,
		kp_error_text(err, text, sizeof(text)));
	report(run, line);
	run->counts.different++;
}

static void
run_text(struct run *run, struct kp_slice text)
{
	struct kp_error err = {0};
	if (kp_conform_run(&run->host, run->path, text, &run->counts, &err) != KP_OK) {
		report_error(run, &err);
	}
}

/* A corpus keeps policies, schemas and entities beside its cases. */
static bool
could_be_case(struct kp_slice name)
{
	static const char *const others[] = {
		".entities.json", ".cedarschema.json", ".validation.json"};
	struct kp_slice end = KP_SLICE(".json");
	if (name.len < end.len ||
		memcmp(name.data + name.len - end.len, end.data, end.len) != 0) {
		return false;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(others); i++) {
		size_t len = strlen(others[i]);
		if (name.len >= len &&
			memcmp(name.data + name.len - len, others[i], len) == 0) {
			return false;
		}
	}
	return true;
}

/* `certain`: it was named on the command line, so it must be a case. */
static void
run_file(struct run *run, const char *path, bool certain)
{
	struct kp_arena arena;
	struct kp_slice text;
	struct kp_error err = {0};
	kp_arena_init(&arena, 2 * FILE_BYTES_MAX, NULL);
	run->path = path;
	if (kp_file_read_all(path, &arena, FILE_BYTES_MAX, &text, &err) != KP_OK) {
		report_error(run, &err);
	} else if (certain ||
		(text.len > 0 &&
			memmem(text.data, text.len, "\"requests\"",
				strlen("\"requests\"")) != NULL)) {
		run_text(run, text);
	}
	kp_arena_deinit(&arena);
}

static void
run_folder(struct run *run, struct kp_arena *arena, const char *folder)
{
	struct kp_slice *names = NULL;
	size_t count = 0;
	struct kp_error err = {0};
	if (kp_file_list(folder, arena, FILES_MAX, &names, &count, &err) != KP_OK) {
		run->path = folder;
		report_error(run, &err);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (!could_be_case(names[i])) {
			continue;
		}
		char *path =
			kp_arena_printf(arena, "%s/%.*s", folder, KP_SLICE_ARG(names[i]));
		if (path == NULL) {
			(void)kp_error_set(&err, KP_E_MEMORY, "out of memory");
			run->path = folder;
			report_error(run, &err);
			return;
		}
		run_file(run, path, false);
	}
}

static void
run_operand(struct run *run, const char *path)
{
	struct kp_arena arena;
	struct kp_slice *names = NULL;
	size_t count = 0;
	kp_arena_init(&arena, LIST_BYTES_MAX, NULL);
	/* One name is enough to know that it is a folder; more is the limit's fault. */
	enum kp_status status = kp_file_list(path, &arena, 0, &names, &count, NULL);
	if (status == KP_OK || status == KP_E_LIMIT) {
		run_folder(run, &arena, path);
	} else {
		run_file(run, path, true);
	}
	kp_arena_deinit(&arena);
}

static bool
print_counts(struct run *run)
{
	const struct kp_conform_counts *counts = &run->counts;
	if (run->differences == NULL) {
		return printf(KP_SAY(run->english,
				      "%zu gevallen, %zu beslissingen, %zu "
				      "verschillend\n",
				      "%zu cases, %zu decisions, %zu different\n"),
			       counts->cases, counts->decisions, counts->different) > 0;
	}
	return kp_policy_print_json(json_pack("{s:I, s:I, s:I, s:I, s:o}", "cases",
		(json_int_t)counts->cases, "decisions", (json_int_t)counts->decisions,
		"verdicts", (json_int_t)counts->verdicts, "different",
		(json_int_t)counts->different, "differences", run->differences));
}

int
kp_policy_conform(int argc, char **argv)
{
	struct run run = {0};
	bool json = false;
	size_t operands = 0;
	int exit_code = KP_POLICY_GOOD;
	const struct kp_option items[] = {
		{"--root", .text = &run.root}, {"--json", .flag = &json}};
	const struct kp_options options = {.command = "conform",
		.usage = usage,
		.usage_en = usage_en,
		.items = items,
		.count = KP_ARRAY_LEN(items),
		.operands_min = 1,
		.operands_max = OPERANDS_MAX};
	if (!kp_options_read(&options, argc, argv, &run.english, &operands, &exit_code)) {
		return exit_code;
	}
	run.host = (struct kp_conform_host){
		.ctx = &run, .read = read_named, .difference = report};
	kp_conform_use_schema(&run.host);
	run.differences = json ? json_array() : NULL;
	for (size_t i = 0; i < operands; i++) {
		run_operand(&run, argv[1 + i]);
	}
	if (run.counts.cases == 0 && run.counts.different == 0) {
		(void)fprintf(stderr, "ketenpoort policy conform: %s\n",
			KP_SAY(run.english, "geen gevallen gevonden", "no cases found"));
		run.counts.different++;
	}
	bool printed = print_counts(&run);
	return printed && run.counts.different == 0 ? KP_POLICY_GOOD : KP_POLICY_FOUND;
}
