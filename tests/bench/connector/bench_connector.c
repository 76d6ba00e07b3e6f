/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bench_connector: CPU and memory of one answer, from bytes to fields, by a connector and
 * by a library that makes a tree of it (soap: libxml2; rest, sql: jansson), at sizes from
 * 1 kB to 5 MB. Each is measured in a process of its own. run.py puts others beside them.
 *
 *     bench_connector soap|rest|sql|file SOURCE [WRITE_ANSWERS_TO]
 *     bench_connector ask SOURCE
 *
 * The second is CPU of one question, from what may be seen to a request, through shipped
 * manifests of `rest` that name it in the partner's words.
 *
 * Prints; judges nothing.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/connector/kinds.h"
#include "connectors/registry.h"
#include "core/slice.h"

#define BENCH_NS 400000000LL
#define RUNS 5
#define CELL_WORDS 4
#define PIECE_BYTES ((size_t)16384)

static const size_t sizes[] = {1000, 10000, 100000, 700000, 5000000};

static const struct kp_bench_kind *const kinds[] = {
	&kp_bench_soap, &kp_bench_rest, &kp_bench_sql, &kp_bench_file};

/* {velden} in a body; with {ingesloten} in a query; and {velden|tabel}. */
static const struct kp_bench_kind questions[] = {
	{.name = "rest", .manifest = "connectors/rest/manifests/haal-centraal-brp.json"},
	{.name = "rest",
		.manifest = "connectors/rest/manifests/haal-centraal-brp-1.3.json"},
	{.name = "rest", .manifest = "connectors/rest/manifests/zgw-zaken.json"},
};

static long long
cpu_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A host that knows every field, and a sink that counts. */

static uint32_t
find_cell(void *context, struct kp_text path)
{
	struct kp_bench *bench = context;
	(void)path;
	return bench->cells++;
}

static uint32_t
find_section(void *context, struct kp_text name)
{
	static const char *const single[] = {
		"persoon", "adres", "registratie", "verblijf", "partner"};
	(void)context;
	for (size_t i = 0; i < KP_ARRAY_LEN(single); i++) {
		if (kp_slice_is((struct kp_slice){name.data, name.len}, single[i])) {
			return 1;
		}
	}
	return 0;
}

static bool
is_list(void *context, uint32_t section)
{
	(void)context;
	return section == 0;
}

static struct kp_text
same(void *context, struct kp_text path)
{
	(void)context;
	return path;
}

static void
on_finding(void *context, const struct kp_fault *fault)
{
	(void)context;
	fprintf(stderr, "%s: %s\n", fault->place, fault->message);
}

static void *
give(void *context, size_t size)
{
	return kp_arena_alloc(context, size);
}

static void *
give_instance(void *context, size_t size)
{
	struct kp_bench *bench = context;
	return kp_arena_alloc(&bench->arena, size);
}

static bool
take_text(void *context, struct kp_text text)
{
	(void)context;
	(void)text;
	return true;
}

static bool
take_header(void *context, struct kp_text name, struct kp_text value)
{
	(void)context;
	(void)name;
	(void)value;
	return true;
}

static bool
take_query(void *context, struct kp_text name, struct kp_text statement,
	const struct kp_text *parameters, uint32_t count)
{
	(void)context;
	(void)name;
	(void)statement;
	(void)parameters;
	(void)count;
	return true;
}

static bool
take_item(void *context, uint32_t section, uint32_t *ret_item)
{
	struct kp_bench *bench = context;
	(void)section;
	*ret_item = bench->items++;
	return true;
}

static bool
take_value(void *context, const struct kp_value *value)
{
	struct kp_bench *bench = context;
	bench->values += value->bytes.len > 0 ? 1 : 0;
	return true;
}

static struct kp_slice
read_file(struct kp_arena *arena, const char *path)
{
	FILE *file = fopen(path, "rb");
	KP_REQUIRE(file != NULL);
	char *text = kp_arena_bytes(arena, 65536);
	size_t len = fread(text, 1, 65536, file);
	(void)fclose(file);
	return (struct kp_slice){text, len};
}

static void
open_connector(struct kp_bench *bench, const char *source)
{
	static struct kp_registry registry;
	struct kp_fault fault = {0};
	struct kp_host host = {.abi_major = KP_CONNECTOR_ABI_MAJOR,
		.abi_minor = KP_CONNECTOR_ABI_MINOR,
		.size = sizeof(host),
		.context = bench,
		.find_cell = find_cell,
		.find_section = find_section,
		.nearest = same,
		.section_is_list = is_list,
		.finding = on_finding,
		.alloc = give_instance};
	kp_arena_init(&bench->arena, KP_BENCH_BYTES_MAX, NULL);
	const char *path =
		kp_arena_printf(&bench->arena, "%s/%s", source, bench->kind->manifest);
	struct kp_slice manifest = read_file(&bench->arena, path);
	kp_registry_init(&registry);
	bench->connector = kp_registry_find(&registry, kp_slice_from(bench->kind->name));
	int verdict = bench->connector->open(&host,
		(struct kp_text){manifest.data, manifest.len}, &bench->instance, &fault);
	KP_REQUIRE(verdict == KP_DONE);
	bench->memory = calloc(1, bench->connector->call_size);
	KP_REQUIRE(bench->memory != NULL);
}

/* One call, prepared. */
static int
begin_call(struct kp_bench *bench, uint64_t *cells, struct kp_need *need,
	struct kp_call_host *host)
{
	struct kp_fault fault = {0};
	memset(cells, 0xff, CELL_WORDS * sizeof(*cells));
	*need = (struct kp_need){.size = sizeof(*need),
		.bsn = {KP_BENCH_BSN, 9},
		.purpose = {"bijstand", 8},
		.case_id = {"Z-2026-1", 8},
		.now = {"2026-11-27T00:00:00Z", 20},
		.cells = cells,
		.cell_words = CELL_WORDS};
	*host = (struct kp_call_host){
		.size = sizeof(*host), .context = &bench->call_arena, .alloc = give};
	struct kp_request_writer writer = {.size = sizeof(writer),
		.method = take_text,
		.target = take_text,
		.header = take_header,
		.body = take_text,
		.key = take_text,
		.query = take_query};
	memset(bench->memory, 0, bench->connector->call_size);
	kp_arena_init(&bench->call_arena, KP_BENCH_BYTES_MAX, NULL);
	return bench->connector->prepare(
		bench->instance, bench->memory, host, need, &writer, &fault);
}

static void
by_question(struct kp_bench *bench)
{
	uint64_t cells[CELL_WORDS];
	struct kp_need need;
	struct kp_call_host host;
	KP_REQUIRE(begin_call(bench, cells, &need, &host) == KP_DONE);
	bench->connector->end(bench->instance, bench->memory);
	kp_arena_deinit(&bench->call_arena);
}

static void
by_connector(struct kp_bench *bench)
{
	const struct kp_connector *connector = bench->connector;
	struct kp_fault fault = {0};
	uint64_t cells[CELL_WORDS];
	enum kp_outcome outcome = KP_ERROR;
	struct kp_need need;
	struct kp_call_host host;
	struct kp_sink sink = {.size = sizeof(sink),
		.context = bench,
		.subject = take_text,
		.item = take_item,
		.value = take_value,
		.note = take_header,
		.valid_on = take_text};
	struct kp_head head = {.size = sizeof(head),
		.status = 200,
		.content_type = {bench->kind->type, strlen(bench->kind->type)}};
	int verdict = begin_call(bench, cells, &need, &host);
	verdict |= connector->head(bench->instance, bench->memory, &head, &sink, &fault);
	for (size_t at = 0; at < bench->answer.len && verdict == KP_DONE;
		at += PIECE_BYTES) {
		size_t left = bench->answer.len - at;
		struct kp_text piece = {
			bench->answer.data + at, left < PIECE_BYTES ? left : PIECE_BYTES};
		verdict = connector->consume(
			bench->instance, bench->memory, piece, &sink, &fault);
	}
	verdict |= connector->finish(
		bench->instance, bench->memory, &sink, &outcome, &fault);
	connector->end(bench->instance, bench->memory);
	kp_arena_deinit(&bench->call_arena);
	KP_REQUIRE(verdict == KP_DONE && outcome == KP_FOUND);
}

/* Measuring. */

struct result {
	double us;
	long memory_kb;
	size_t values;
};

/* One job in a process of its own, so that its memory is its own. */
static struct result
measure(struct kp_bench *bench, void (*job)(struct kp_bench *))
{
	int ends[2];
	struct result result = {0};
	KP_REQUIRE(pipe(ends) == 0);
	pid_t child = fork();
	if (child == 0) {
		struct rusage before;
		struct rusage after;
		(void)malloc_trim(0);
		(void)getrusage(RUSAGE_SELF, &before);
		job(bench);
		(void)getrusage(RUSAGE_SELF, &after);
		result.memory_kb = after.ru_maxrss - before.ru_maxrss;
		result.values = bench->values;
		long long from = cpu_ns();
		long count = 0;
		do {
			job(bench);
			count++;
		} while (cpu_ns() - from < BENCH_NS);
		result.us = (double)(cpu_ns() - from) / 1000 / (double)count;
		ssize_t written = write(ends[1], &result, sizeof(result));
		_exit(written == (ssize_t)sizeof(result) ? 0 : 1);
	}
	ssize_t got = read(ends[0], &result, sizeof(result));
	KP_REQUIRE(got == (ssize_t)sizeof(result));
	(void)waitpid(child, NULL, 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return result;
}

static int
by_time(const void *a, const void *b)
{
	const struct result *left = a;
	const struct result *right = b;
	return left->us < right->us ? -1 : left->us > right->us ? 1 : 0;
}

static struct result
median_of(struct result *results)
{
	qsort(results, RUNS, sizeof(results[0]), by_time);
	return results[RUNS / 2];
}

static struct result
median(struct kp_bench *bench, void (*job)(struct kp_bench *))
{
	struct result results[RUNS];
	for (size_t i = 0; i < RUNS; i++) {
		results[i] = measure(bench, job);
	}
	return median_of(results);
}

/* By turns, so that both see the same neighbours. */
static void
compare(struct kp_bench *bench)
{
	struct result ours[RUNS];
	struct result trees[RUNS];
	for (size_t i = 0; i < RUNS; i++) {
		ours[i] = measure(bench, by_connector);
		if (bench->kind->by_tree != NULL) {
			trees[i] = measure(bench, bench->kind->by_tree);
		}
	}
	struct result our = median_of(ours);
	if (bench->kind->by_tree == NULL) {
		printf("%9zu  %8.0f us %6ld kB %6zu v\n", bench->answer.len, our.us,
			our.memory_kb, our.values);
		(void)fflush(stdout);
		return;
	}
	struct result tree = median_of(trees);
	printf("%9zu  %8.0f us %6ld kB %6zu v  %8.0f us %6ld kB %6zu v  %.2f\n",
		bench->answer.len, our.us, our.memory_kb, our.values, tree.us,
		tree.memory_kb, tree.values, tree.us / our.us);
	(void)fflush(stdout);
}

static void
write_answer(const char *folder, struct kp_slice answer)
{
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/answer-%zu", folder, answer.len);
	FILE *file = fopen(path, "wb");
	KP_REQUIRE(file != NULL);
	(void)fwrite(answer.data, 1, answer.len, file);
	(void)fclose(file);
}

static void
ask(const char *source)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(questions); i++) {
		struct kp_bench bench = {.kind = &questions[i]};
		open_connector(&bench, source);
		struct result result = median(&bench, by_question);
		printf("%-52s %8.2f us\n", questions[i].manifest, result.us);
		free(bench.memory);
		kp_arena_deinit(&bench.arena);
	}
}

int
main(int argc, char **argv)
{
	static struct kp_bench bench;
	struct kp_arena arena;
	for (size_t i = 0; argc > 2 && i < KP_ARRAY_LEN(kinds); i++) {
		bench.kind = strcmp(kinds[i]->name, argv[1]) == 0 ? kinds[i] : bench.kind;
	}
	if (argc == 3 && strcmp(argv[1], "ask") == 0) {
		ask(argv[2]);
		return 0;
	}
	if (bench.kind == NULL) {
		fprintf(stderr,
			"usage: bench_connector soap|rest|sql|file SOURCE "
			"[WRITE_ANSWERS_TO]\n"
			"       bench_connector ask SOURCE\n");
		return 2;
	}
	open_connector(&bench, argv[2]);
	printf("%9s  %20s connector", "bytes", bench.kind->name);
	if (bench.kind->library != NULL) {
		printf("  %21s tree  tree / connector", bench.kind->library);
	}
	(void)putchar('\n');
	for (size_t i = 0; i < KP_ARRAY_LEN(sizes); i++) {
		kp_arena_init(&arena, KP_BENCH_BYTES_MAX, NULL);
		bench.answer = bench.kind->make_answer(&arena, sizes[i]);
		if (argc > 3) {
			write_answer(argv[3], bench.answer);
		}
		compare(&bench);
		kp_arena_deinit(&arena);
	}
	return 0;
}
