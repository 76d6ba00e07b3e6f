/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * `connector new` over each kind of input while one allocation fails, the first, then the
 * second, and so on: ours, jansson's, libxml2's, libyaml's, libzip's. Each run says so
 * and leaves no file, or writes the manifest that it writes with memory. The allocator is
 * this program's own (glibc manual, "Replacing malloc"); a sanitizer brings its own, and
 * then each input is read once. The database is a stand-in.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "commands/connector_commands.h"
#include "core/attr.h"
#include "io/probe_postgres.h"

#define RUNS_MAX 100000u
#define BYTES_MAX ((size_t)256 << 10)
#define FIXTURES KP_SOURCE_DIR "/tests/commands/connector_new/"
#define WORKBOOK KP_SOURCE_DIR "/tests/fuzz/corpus/xlsx/archive"

static size_t fail_at; /* 0: none; else counts down to the one that fails */
static bool failed;

#ifdef KP_OWN_MALLOC
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

static bool
is_the_one(void)
{
	if (fail_at == 0 || --fail_at > 0) {
		return false;
	}
	failed = true;
	errno = ENOMEM;
	return true;
}

KP_EXPORT void *
malloc(size_t size)
{
	return is_the_one() ? NULL : __libc_malloc(size);
}

KP_EXPORT void *
calloc(size_t count, size_t size)
{
	return is_the_one() ? NULL : __libc_calloc(count, size);
}

KP_EXPORT void *
realloc(void *block, size_t size)
{
	return is_the_one() ? NULL : __libc_realloc(block, size);
}
#endif

/* The stand-in database. */

enum kp_status __wrap_kp_probe_postgres_open(const struct kp_sql_target_options *options,
	const char *conninfo, struct kp_probe_postgres **ret_probe, struct kp_error *err);
void __wrap_kp_probe_postgres_close(struct kp_probe_postgres **probe);
enum kp_status __wrap_kp_probe_postgres_ask(struct kp_probe_postgres *probe,
	const char *query, struct kp_arena *arena, struct kp_slice *ret_text,
	struct kp_error *err);
enum kp_status __wrap_kp_probe_postgres_table(struct kp_probe_postgres *probe,
	const char *schema, const char *table, struct kp_arena *arena,
	struct kp_probe_column **ret_columns, size_t *ret_count, struct kp_error *err);

enum kp_status
__wrap_kp_probe_postgres_open(const struct kp_sql_target_options *options,
	const char *conninfo, struct kp_probe_postgres **ret_probe, struct kp_error *err)
{
	(void)options;
	(void)conninfo;
	(void)err;
	*ret_probe = NULL;
	return KP_OK;
}

void
__wrap_kp_probe_postgres_close(struct kp_probe_postgres **probe)
{
	*probe = NULL;
}

enum kp_status
__wrap_kp_probe_postgres_ask(struct kp_probe_postgres *probe, const char *query,
	struct kp_arena *arena, struct kp_slice *ret_text, struct kp_error *err)
{
	(void)probe;
	(void)query;
	(void)arena;
	(void)err;
	*ret_text = KP_SLICE("register");
	return KP_OK;
}

enum kp_status
__wrap_kp_probe_postgres_table(struct kp_probe_postgres *probe, const char *schema,
	const char *table, struct kp_arena *arena, struct kp_probe_column **ret_columns,
	size_t *ret_count, struct kp_error *err)
{
	static struct kp_probe_column columns[] = {
		{.name = {"bsn", 3}, .type = {"bigint", 6}},
		{.name = {"soort \"wet\"", 11},
			.type = {"text", 4},
			.comment = {"Wet", 3}},
		{.name = {"bedrag", 6}, .type = {"numeric", 7}},
	};
	(void)probe;
	(void)schema;
	(void)table;
	(void)arena;
	(void)err;
	*ret_columns = columns;
	*ret_count = KP_ARRAY_LEN(columns);
	return KP_OK;
}

/* Runs. */

static char folder[] = "/tmp/kp_new_memory_XXXXXX";
static int said; /* standard error of a run */
static char wanted[BYTES_MAX];
static char got[BYTES_MAX];

static void
write_file(const char *name, const char *bytes, size_t len)
{
	FILE *file = fopen(name, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* 0 when it is not there. */
static size_t
read_whole(const char *path, char *bytes)
{
	FILE *file = fopen(path, "rb");
	size_t len = 0;
	if (file != NULL) {
		len = fread(bytes, 1, BYTES_MAX - 1, file);
		(void)fclose(file);
	}
	bytes[len] = '\0';
	return len;
}

/* With the nth allocation failing; what it says goes to a file. */
static int
run(size_t at, const char *kind, const char *from)
{
	const char *words[] = {"new", "-c", "catalogue.json", "--source", "a", "-o",
		"out.json", kind, from, "--table", "uitkering"};
	char texts[KP_ARRAY_LEN(words)][256];
	char *arguments[KP_ARRAY_LEN(words) + 1] = {NULL};
	int count = (int)KP_ARRAY_LEN(words) - (strcmp(kind, "--database") == 0 ? 0 : 2);
	for (int i = 0; i < count; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "%s", words[i]);
		arguments[i] = texts[i];
	}
	int before = dup(STDERR_FILENO);
	assert_true(before >= 0 && ftruncate(said, 0) == 0 &&
		lseek(said, 0, SEEK_SET) == 0 && dup2(said, STDERR_FILENO) >= 0);
	failed = false;
	fail_at = at;
	int code = kp_connector_new(count, arguments);
	fail_at = 0;
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	(void)close(before);
	return code;
}

static void
fail_each(const char *kind, const char *from)
{
	size_t round = 1;
	size_t survived = 0;
	assert_int_equal(run(0, kind, from), 0);
	assert_true(read_whole("out.json", wanted) > 0);
	assert_int_equal(unlink("out.json"), 0);
	for (; round < RUNS_MAX; round++) {
		int code = run(round, kind, from);
		size_t len = read_whole("out.json", got);
		(void)unlink("out.json");
		if (!failed) {
			break;
		}
		if (code == 0 ? strcmp(got, wanted) != 0 : len > 0) {
			(void)fprintf(stderr,
				"%s: allocation %zu: code %d, %zu bytes\n%s", kind, round,
				code, len, got);
			fail();
		}
		assert_true(lseek(said, 0, SEEK_END) > 0);
		survived += code == 0 ? 1 : 0;
	}
	assert_true(round < RUNS_MAX);
	printf("%s: %zu allocations, of %zu the failure did not matter\n", kind,
		round - 1, survived);
#ifdef KP_OWN_MALLOC
	assert_true(round > 50);
#endif
}

static void
every_allocation_may_fail(void **state)
{
	(void)state;
	static const char csv[] = "BSN;Wet;Bedrag;Datum\n999993653;Pw;10;31-01-2024\n";
	static const char ndjson[] = "{\"bsn\":\"999993653\",\"wet\":\"Pw\"}\n{\"bsn\":"
				     "\"999990019\",\"bedrag\":{\"bruto\":1}}\n";
	size_t len = read_whole(WORKBOOK, wanted);
	assert_true(len > 1);
	/* The seed has one byte in front that chooses. */
	write_file("export.xlsx", wanted + 1, len - 1);
	write_file("export.csv", csv, sizeof(csv) - 1);
	write_file("export.ndjson", ndjson, sizeof(ndjson) - 1);
	fail_each("--openapi", FIXTURES "schuldhulp.json");
	fail_each("--openapi", FIXTURES "schuldhulp.yaml");
	fail_each("--wsdl", FIXTURES "uitkering.wsdl");
	fail_each("--csv", "export.csv");
	fail_each("--ndjson", "export.ndjson");
	fail_each("--xlsx", "export.xlsx");
	fail_each("--database", "dbname=register");
}

static int
set_up(void **state)
{
	static const char catalogue[] =
		"{\"versie\":\"1\",\"bronnen\":[{\"naam\":\"a\",\"titel\":\"A\","
		"\"titelEn\":\"A\",\"oin\":\"00000000000000000001\"}],\"rubrieken\":"
		"[{\"naam\":\"persoon\",\"label\":\"Persoon\",\"labelEn\":\"Person\","
		"\"bronnen\":[\"a\"],\"velden\":[{\"pad\":\"geboorte.datum\",\"label\":"
		"\"Geboortedatum\",\"labelEn\":\"Date of birth\",\"soort\":\"datum\"}]},"
		"{\"naam\":\"uitkeringen\",\"label\":\"Uitkeringen\",\"labelEn\":"
		"\"Benefits\",\"meervoudig\":true,\"bronnen\":[\"a\"],\"velden\":[{"
		"\"pad\":\"wet\",\"label\":\"Wet\",\"labelEn\":\"Act\",\"soort\":"
		"\"tekst\"},{\"pad\":\"bedrag\",\"label\":\"Bedrag\",\"labelEn\":"
		"\"Amount\",\"soort\":\"bedrag\"}]}]}";
	(void)state;
	said = memfd_create("said", MFD_CLOEXEC);
	if (said < 0 || mkdtemp(folder) == NULL || chdir(folder) != 0) {
		return -1;
	}
	write_file("catalogue.json", catalogue, sizeof(catalogue) - 1);
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {
		"catalogue.json", "export.csv", "export.ndjson", "export.xlsx"};
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		(void)unlink(names[i]);
	}
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
