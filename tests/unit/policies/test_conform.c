/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * Cases in the public corpus format: our own always; the corpus of Cedar 4.10 (7,809
 * cases, 62,472 decisions) and the hand-written cases when the shared data is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "policies/cedar/parse.h"
#include "policies/conform_schema.h"

#define FILE_MAX ((size_t)64 << 20)

/* ---- our own cases ---- */

static const char *const own_policies =
	"@id(\"read\") permit(principal in Team::\"intake\", action == Action::\"read\", "
	"resource) when { context.purpose == \"bijstand\" };\n"
	"permit(principal, action, resource) when { resource.owner == principal };\n"
	"forbid(principal, action, resource) unless { resource.level <= principal.level "
	"};\n"
	"permit(principal is User in Team::\"all\", action in [Action::\"list\"], "
	"resource);\n"
	"forbid(principal, action, resource) when { "
	"context.from.isInRange(ip(\"10.0.0.0/8\")) "
	"&& !(resource has owner) };";

static const char *const own_entities =
	"[{\"uid\":{\"type\":\"User\",\"id\":\"an\"},\"attrs\":{\"level\":2},"
	"\"parents\":[{\"type\":\"Team\",\"id\":\"intake\"}]},"
	"{\"uid\":{\"type\":\"User\",\"id\":\"bo\"},\"attrs\":{\"level\":"
	"9223372036854775807},"
	"\"parents\":[]},"
	"{\"uid\":{\"type\":\"Team\",\"id\":\"intake\"},\"attrs\":{},"
	"\"parents\":[{\"type\":\"Team\",\"id\":\"all\"}]},"
	"{\"uid\":{\"type\":\"Doc\",\"id\":\"1\"},\"attrs\":{\"level\":2,"
	"\"owner\":{\"__entity\":{\"type\":\"User\",\"id\":\"bo\"}}},\"parents\":[]},"
	"{\"uid\":{\"type\":\"Doc\",\"id\":\"2\"},\"attrs\":{\"level\":3,\"\\u0000\":1},"
	"\"parents\":[]}]";

/* One request of the case below. */
#define REQUEST(who, what, which, context, decision, reasons, errors)                    \
	"{\"description\":\"\",\"principal\":{\"type\":\"User\",\"id\":\"" who "\"},"    \
	"\"action\":{\"type\":\"Action\",\"id\":\"" what "\"},"                          \
	"\"resource\":{\"type\":\"Doc\",\"id\":\"" which "\"},\"context\":" context ","  \
	"\"decision\":\"" decision "\",\"reason\":" reasons ",\"errors\":" errors "}"
#define FROM10                                                                           \
	"{\"purpose\":\"bijstand\",\"from\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"10.1."  \
	"2.3\"}}}"
#define FROM11                                                                           \
	"{\"purpose\":\"bijstand\",\"from\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"11.1."  \
	"2.3\"}}}"

static const char *const own_case =
	"{\"policies\":\"p\",\"entities\":\"e\",\"schema\":\"s\",\"shouldValidate\":true,"
	"\"requests\":[" REQUEST("an", "read", "1", FROM11, "allow", "[\"policy0\"]",
		"[]") "," REQUEST("an", "list", "1", FROM11, "allow", "[\"policy3\"]",
		"[]") "," REQUEST("an", "read", "1", "{}", "deny", "[]",
		"[\"policy4\",\"policy0\"]") "," REQUEST("bo", "read", "1", FROM10,
		"allow", "[\"policy1\"]", "[]") "," REQUEST("an", "read", "2", FROM10,
		"deny", "[\"policy4\",\"policy2\"]", "[\"policy1\"]") "," REQUEST("an",
		"write", "1", FROM11, "deny", "[]", "[]") "," REQUEST("no", "write", "1",
		FROM11, "deny", "[]", "[\"policy2\"]") "," REQUEST("bo", "write", "none",
		FROM11, "deny", "[]", "[\"policy1\",\"policy2\"]") "]}";

static enum kp_status
read_own(void *ctx, const char *path, struct kp_arena *arena, struct kp_slice *ret_text,
	struct kp_error *err)
{
	(void)ctx;
	(void)arena;
	(void)err;
	const char *text = path[0] == 'p' ? own_policies
		: path[0] == 'e'          ? own_entities
					  : "";
	*ret_text = kp_slice_from(text);
	return KP_OK;
}

static void
keep_text(void *ctx, const char *text)
{
	(void)snprintf(ctx, 500, "%s", text);
}

static void
own_cases_agree(void **state)
{
	(void)state;
	char seen[500] = "";
	const struct kp_conform_host host = {
		.ctx = seen, .read = read_own, .difference = keep_text};
	struct kp_conform_counts counts = {0};
	struct kp_error err = {0};
	assert_int_equal(
		kp_conform_run(&host, "own", kp_slice_from(own_case), &counts, &err),
		KP_OK);
	assert_string_equal(seen, "");
	assert_int_equal(counts.cases, 1);
	assert_int_equal(counts.decisions, 8);
	assert_int_equal(counts.different, 0);
}

/* Every way in which a decision can differ is seen. */
static void
differences_are_counted_and_named(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		REQUEST("an", "read", "1", FROM11, "deny", "[\"policy0\"]", "[]"),
		REQUEST("an", "read", "1", FROM11, "allow", "[\"policy1\"]", "[]"),
		REQUEST("an", "read", "1", FROM11, "allow", "[]", "[]"),
		REQUEST("an", "read", "1", FROM11, "allow", "[\"policy0\"]",
			"[\"policy2\"]"),
		REQUEST("an", "read", "1", "{}", "deny", "[]", "[\"policy4\"]"),
		REQUEST("an", "read", "1", "{\"a\":null}", "deny", "[]", "[]"),
		REQUEST("an", "read", "1", "{\"a\":1,\"a\":2}", "deny", "[]", "[]"),
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		char text[2000];
		char seen[500] = "";
		const struct kp_conform_host host = {
			.ctx = seen, .read = read_own, .difference = keep_text};
		struct kp_conform_counts counts = {0};
		struct kp_error err = {0};
		(void)snprintf(text, sizeof(text),
			"{\"policies\":\"p\",\"entities\":\"e\",\"schema\":\"s\","
			"\"shouldValidate\":true,\"requests\":[%s]}",
			wrong[i]);
		enum kp_status status = kp_conform_run(
			&host, "wrong", kp_slice_from(text), &counts, &err);
		if (status == KP_OK) {
			assert_int_equal(counts.different, 1);
			assert_non_null(strstr(seen, "wrong: request 0"));
		} else {
			/* A name twice is not JSON that we take, anywhere in the file. */
			assert_int_equal(status, KP_E_INVALID);
			assert_int_equal(i, KP_ARRAY_LEN(wrong) - 1);
		}
	}
}

#define SCHEMA_CASE                                                                      \
	"{\"policies\":\"p\",\"entities\":\"e\",\"schema\":\"s\",\"shouldValidate\":%s," \
	"\"requests\":[{\"principal\":{\"type\":\"%s\",\"id\":\"a\"},\"action\":{"       \
	"\"type\":"                                                                      \
	"\"Action\",\"id\":\"read\"},\"resource\":{\"type\":\"Doc\",\"id\":\"d\"},"      \
	"\"context\":{\"from\":\"10.0.0.1\"},\"validateRequest\":%s,\"decision\":\"%"    \
	"s\","                                                                           \
	"\"reason\":[%s],\"errors\":[]}]}"

static enum kp_status
read_with_schema(void *ctx, const char *path, struct kp_arena *arena,
	struct kp_slice *ret_text, struct kp_error *err)
{
	(void)ctx;
	(void)arena;
	(void)err;
	const char *text = path[0] == 'p'
		? "permit(principal is User, action in Action::\"all\", resource) when { "
		  "context.from.isLoopback() == false };"
		: path[0] == 'e'
		? "[]"
		: "entity User, Bot, Doc; action all; action read in [all] "
		  "appliesTo {principal: User, resource: Doc, context: {from: "
		  "ipaddr}};";
	*ret_text = kp_slice_from(text);
	return KP_OK;
}

struct schema_run {
	const char *should_validate;
	const char *principal;
	const char *validate_request;
	const char *decision;
	const char *reasons;
	const char *difference; /* NULL: none */
};

/* Bare extension values, actions from the schema, requests and verdicts checked by it. */
static void
a_schema_is_used(void **state)
{
	(void)state;
	static const struct schema_run runs[] = {
		{"true", "User", "true", "allow", "\"policy0\"", NULL},
		{"false", "User", "true", "allow", "\"policy0\"",
			"expected that it does not validate, found that it validates"},
		{"true", "Bot", "true", "deny", "",
			"the action does not apply to a principal of type `Bot`"},
		{"true", "Bot", "false", "deny", "", NULL},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(runs); i++) {
		char text[1000];
		char seen[500] = "";
		struct kp_conform_host host = {
			.ctx = seen, .read = read_with_schema, .difference = keep_text};
		kp_conform_use_schema(&host);
		struct kp_conform_counts counts = {0};
		struct kp_error err = {0};
		(void)snprintf(text, sizeof(text), SCHEMA_CASE, runs[i].should_validate,
			runs[i].principal, runs[i].validate_request, runs[i].decision,
			runs[i].reasons);
		assert_int_equal(kp_conform_run(&host, "schema", kp_slice_from(text),
					 &counts, &err),
			KP_OK);
		assert_int_equal(counts.different, runs[i].difference == NULL ? 0 : 1);
		assert_non_null(strstr(
			seen, runs[i].difference == NULL ? "" : runs[i].difference));
	}
}

static void
a_description_that_is_none_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"[]",
		"{}",
		"{\"policies\":1}",
		"{\"policies\":\"p\",\"entities\":\"e\",\"schema\":\"s\",\"requests\":{}"
		"}",
		"{\"policies\":\"p\",\"entities\":\"e\",\"schema\":\"s\",\"requests\":[{}"
		"]}",
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		const struct kp_conform_host host = {.read = read_own};
		struct kp_conform_counts counts = {0};
		struct kp_error err = {0};
		enum kp_status status = kp_conform_run(
			&host, "none", kp_slice_from(texts[i]), &counts, &err);
		assert_true(status == KP_E_INVALID || status == KP_E_SYNTAX);
		assert_int_not_equal(err.message[0], '\0');
	}
}

/* ---- the public cases ---- */

struct corpus {
	const char *root;
	size_t shown;
};

static enum kp_status
read_path(const char *path, struct kp_arena *arena, struct kp_slice *ret_text,
	struct kp_error *err)
{
	FILE *file = fopen(path, "rb");
	struct stat about;
	if (file == NULL || fstat(fileno(file), &about) != 0) {
		if (file != NULL) {
			(void)fclose(file);
		}
		return kp_error_set(err, KP_E_IO, "cannot open %s", path);
	}
	size_t size = (size_t)about.st_size;
	char *bytes = kp_arena_bytes(arena, size + 1);
	size_t got = bytes == NULL ? 0 : fread(bytes, 1, size, file);
	(void)fclose(file);
	*ret_text = (struct kp_slice){bytes, got};
	return bytes != NULL && got == size
		? KP_OK
		: kp_error_set(err, KP_E_IO, "cannot read %s", path);
}

static enum kp_status
read_corpus(void *ctx, const char *path, struct kp_arena *arena,
	struct kp_slice *ret_text, struct kp_error *err)
{
	const struct corpus *corpus = ctx;
	char whole[1000];
	(void)snprintf(whole, sizeof(whole), "%s/%s", corpus->root, path);
	return read_path(whole, arena, ret_text, err);
}

static void
print_difference(void *ctx, const char *text)
{
	struct corpus *corpus = ctx;
	if (corpus->shown++ < 20) {
		print_message("%s\n", text);
	}
}

/* Unpacks once, into the folder where tests run. False (and said aloud) without shared
 * data. */
static bool
unpack(const char *archive, const char *folder)
{
	struct stat about;
	char path[600];
	(void)snprintf(path, sizeof(path), "%s/cedar/%s", KP_SHARED_DATA, archive);
	if (stat(path, &about) != 0) {
		print_message("SKIPPED: no %s\n", path);
		return false;
	}
	if (stat(folder, &about) == 0) {
		return true;
	}
	char partial[200];
	(void)snprintf(partial, sizeof(partial), "%s.%ld", folder, (long)getpid());
	assert_int_equal(mkdir(partial, 0755), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)execlp("tar", "tar", "xzf", path, "-C", partial, (char *)NULL);
		_exit(127);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	/* Another run may have been faster; its folder is as good. */
	return rename(partial, folder) == 0 || stat(folder, &about) == 0;
}

static bool
is_case(const char *name)
{
	size_t len = strlen(name);
	return len > 5 && strcmp(name + len - 5, ".json") == 0 &&
		strstr(name, ".entities.json") == NULL;
}

static void
run_folder(const struct kp_conform_host *host, const char *folder,
	struct kp_conform_counts *counts)
{
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (!is_case(entry->d_name)) {
			continue;
		}
		char path[1000];
		struct kp_arena arena;
		struct kp_slice text;
		struct kp_error err = {0};
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		kp_arena_init(&arena, FILE_MAX, NULL);
		enum kp_status status = read_path(path, &arena, &text, &err);
		status = status == KP_OK
			? kp_conform_run(host, entry->d_name, text, counts, &err)
			: status;
		if (status != KP_OK) {
			fail_msg("%s: %s", path, err.message);
		}
		kp_arena_deinit(&arena);
	}
	(void)closedir(dir);
}

static void
the_corpus_agrees(void **state)
{
	(void)state;
	if (!unpack("corpus-tests.tar.gz", "cedar-corpus")) {
		return;
	}
	struct corpus corpus = {.root = "cedar-corpus"};
	struct kp_conform_host host = {
		.ctx = &corpus, .read = read_corpus, .difference = print_difference};
	kp_conform_use_schema(&host);
	struct kp_conform_counts counts = {0};
	run_folder(&host, "cedar-corpus/corpus-tests", &counts);
	print_message("corpus: %zu cases, %zu verdicts, %zu decisions, %zu different\n",
		counts.cases, counts.verdicts, counts.decisions, counts.different);
	assert_int_equal(counts.cases, 7809);
	assert_int_equal(counts.verdicts, 7809);
	assert_int_equal(counts.decisions, 62472);
	assert_int_equal(counts.different, 0);
}

static void
the_hand_written_cases_agree(void **state)
{
	(void)state;
	static const char *const folders[] = {
		"decimal", "example_use_cases", "ip", "multi"};
	if (!unpack("hand-written-tests.tar.gz", "cedar-hand-written")) {
		return;
	}
	struct corpus corpus = {.root = "cedar-hand-written"};
	struct kp_conform_host host = {
		.ctx = &corpus, .read = read_corpus, .difference = print_difference};
	kp_conform_use_schema(&host);
	struct kp_conform_counts counts = {0};
	for (size_t i = 0; i < KP_ARRAY_LEN(folders); i++) {
		char path[200];
		(void)snprintf(
			path, sizeof(path), "cedar-hand-written/tests/%s", folders[i]);
		run_folder(&host, path, &counts);
	}
	print_message("hand-written: %zu cases, %zu decisions, %zu different\n",
		counts.cases, counts.decisions, counts.different);
	assert_int_equal(counts.cases, 22);
	assert_int_equal(counts.verdicts, 22);
	assert_int_equal(counts.decisions, 74);
	assert_int_equal(counts.different, 0);
}

/* Parses, prints, parses again; the trees must be equal. */
static void
assert_prints_back(const char *path)
{
	struct kp_arena arena;
	struct kp_cedar_names names;
	struct kp_cedar_policy_set set;
	struct kp_cedar_policy_set again;
	struct kp_findings findings;
	struct kp_slice text;
	struct kp_buffer out;
	kp_arena_init(&arena, FILE_MAX, NULL);
	kp_cedar_names_init(&names, &arena, NULL);
	kp_cedar_policy_set_init(&set, &arena);
	kp_cedar_policy_set_init(&again, &arena);
	kp_findings_init(&findings, 1);
	kp_buffer_init(&out, &arena, FILE_MAX);
	assert_int_equal(read_path(path, &arena, &text, NULL), KP_OK);
	assert_int_equal(
		kp_cedar_parse_policies(&set, &names, path, text, &findings), KP_OK);
	for (size_t i = 0; i < set.policies.count; i++) {
		kp_cedar_policy_write(&out, set.policies.items[i]);
	}
	assert_int_equal(kp_cedar_parse_policies(
				 &again, &names, path, kp_buffer_slice(&out), &findings),
		KP_OK);
	assert_int_equal(again.policies.count, set.policies.count);
	for (size_t i = 0; i < set.policies.count; i++) {
		if (!kp_cedar_policy_equal(
			    set.policies.items[i], again.policies.items[i])) {
			fail_msg("%s prints as %.*s", path, (int)out.len, out.data);
		}
	}
	kp_findings_deinit(&findings);
	kp_arena_deinit(&arena);
}

static void
corpus_policies_print_back(void **state)
{
	(void)state;
	if (!unpack("corpus-tests.tar.gz", "cedar-corpus")) {
		return;
	}
	size_t count = 0;
	DIR *dir = opendir("cedar-corpus/corpus-tests");
	assert_non_null(dir);
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		size_t len = strlen(entry->d_name);
		if (len > 6 && strcmp(entry->d_name + len - 6, ".cedar") == 0) {
			char path[600];
			(void)snprintf(path, sizeof(path), "cedar-corpus/corpus-tests/%s",
				entry->d_name);
			assert_prints_back(path);
			count++;
		}
	}
	(void)closedir(dir);
	assert_int_equal(count, 7809);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_cases_agree),
		cmocka_unit_test(differences_are_counted_and_named),
		cmocka_unit_test(a_schema_is_used),
		cmocka_unit_test(a_description_that_is_none_is_refused),
		cmocka_unit_test(the_corpus_agrees),
		cmocka_unit_test(the_hand_written_cases_agree),
		cmocka_unit_test(corpus_policies_print_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
