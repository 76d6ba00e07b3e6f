/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bench_soap: CPU and memory of one SOAP answer, from bytes to fields, by the soap
 * connector and by libxml2's tree, at sizes from 1 kB to 5 MB. Each is measured in a
 * process of its own. run.py puts python3-zeep beside them on the same answers.
 *
 *     bench_soap SOURCE [WRITE_ANSWERS_TO]
 *
 * Prints; judges nothing.
 */
#include <libxml/parser.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "connectors/registry.h"
#include "core/arena.h"
#include "core/bits.h"
#include "core/buffer.h"

#define ARENA_BYTES_MAX ((size_t)64 << 20)
#define BENCH_NS 400000000LL
#define RUNS 5
#define PIECE_BYTES ((size_t)16384)
#define BSN "999910061"

static const size_t sizes[] = {1000, 10000, 100000, 700000, 5000000};

struct bench {
	struct kp_arena arena; /* of the instance */
	struct kp_arena call_arena;
	const struct kp_connector *connector;
	void *instance;
	void *memory;
	struct kp_slice answer;
	size_t values;
	uint32_t items;
	uint32_t cells;
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
	struct bench *bench = context;
	(void)path;
	return bench->cells++;
}

static uint32_t
find_section(void *context, struct kp_text name)
{
	(void)context;
	(void)name;
	return 0;
}

static bool
is_list(void *context, uint32_t section)
{
	(void)context;
	(void)section;
	return true;
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
	struct bench *bench = context;
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
take_item(void *context, uint32_t section, uint32_t *ret_item)
{
	struct bench *bench = context;
	(void)section;
	*ret_item = bench->items++;
	return true;
}

static bool
take_value(void *context, const struct kp_value *value)
{
	struct bench *bench = context;
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
open_connector(struct bench *bench, const char *source)
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
	kp_arena_init(&bench->arena, ARENA_BYTES_MAX, NULL);
	const char *path = kp_arena_printf(&bench->arena,
		"%s/connectors/soap/manifests/suwinet-uwv-inkomsten.json", source);
	struct kp_slice manifest = read_file(&bench->arena, path);
	kp_registry_init(&registry);
	bench->connector = kp_registry_find(&registry, KP_SLICE("soap"));
	int verdict = bench->connector->open(&host,
		(struct kp_text){manifest.data, manifest.len}, &bench->instance, &fault);
	KP_REQUIRE(verdict == KP_DONE);
	bench->memory = calloc(1, bench->connector->call_size);
	KP_REQUIRE(bench->memory != NULL);
}

static void
by_connector(struct bench *bench)
{
	const struct kp_connector *soap = bench->connector;
	struct kp_fault fault = {0};
	uint64_t cells[4];
	enum kp_outcome outcome = KP_ERROR;
	memset(cells, 0xff, sizeof(cells));
	struct kp_need need = {.size = sizeof(need),
		.bsn = {BSN, 9},
		.now = {"2026-11-27T00:00:00Z", 20},
		.cells = cells,
		.cell_words = 4};
	struct kp_call_host host = {
		.size = sizeof(host), .context = &bench->call_arena, .alloc = give};
	struct kp_sink sink = {.size = sizeof(sink),
		.context = bench,
		.subject = take_text,
		.item = take_item,
		.value = take_value,
		.note = take_header,
		.valid_on = take_text};
	struct kp_request_writer writer = {.size = sizeof(writer),
		.method = take_text,
		.target = take_text,
		.header = take_header,
		.body = take_text,
		.key = take_text};
	struct kp_head head = {
		.size = sizeof(head), .status = 200, .content_type = {"text/xml", 8}};
	memset(bench->memory, 0, soap->call_size);
	kp_arena_init(&bench->call_arena, ARENA_BYTES_MAX, NULL);
	int verdict = soap->prepare(
		bench->instance, bench->memory, &host, &need, &writer, &fault);
	verdict |= soap->head(bench->instance, bench->memory, &head, &sink, &fault);
	for (size_t at = 0; at < bench->answer.len && verdict == KP_DONE;
		at += PIECE_BYTES) {
		size_t left = bench->answer.len - at;
		struct kp_text piece = {
			bench->answer.data + at, left < PIECE_BYTES ? left : PIECE_BYTES};
		verdict = soap->consume(
			bench->instance, bench->memory, piece, &sink, &fault);
	}
	verdict |= soap->finish(bench->instance, bench->memory, &sink, &outcome, &fault);
	soap->end(bench->instance, bench->memory);
	kp_arena_deinit(&bench->call_arena);
	KP_REQUIRE(verdict == KP_DONE && outcome == KP_FOUND);
}

/* The same fields by walking a tree: as a program that knows the message would. */

static xmlNodePtr
child_of(xmlNodePtr node, const char *name)
{
	for (xmlNodePtr child = node == NULL ? NULL : node->children; child != NULL;
		child = child->next) {
		if (child->type == XML_ELEMENT_NODE &&
			strcmp((const char *)child->name, name) == 0) {
			return child;
		}
	}
	return NULL;
}

static void
take_node(struct bench *bench, xmlNodePtr node)
{
	xmlChar *text = node == NULL ? NULL : xmlNodeGetContent(node);
	bench->values += text != NULL && text[0] != 0 ? 1 : 0;
	xmlFree(text);
}

static void
take_statement(struct bench *bench, xmlNodePtr node, xmlNodePtr employer)
{
	static const char *const names[] = {"DatBIko", "DatEIko", "AantVerloondeUrenIko"};
	static const char *const amounts[] = {"BedrBrutoloonSv",
		"BedrIngehoudenLbPremieVolksverz", "BedrVakantietoeslag"};
	take_node(bench, employer);
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		take_node(bench, child_of(node, names[i]));
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(amounts); i++) {
		take_node(bench, child_of(child_of(node, amounts[i]), "WaardeBedr"));
	}
}

static void
by_tree(struct bench *bench)
{
	xmlDocPtr document = xmlReadMemory(bench->answer.data, (int)bench->answer.len,
		NULL, NULL, XML_PARSE_NONET | XML_PARSE_HUGE);
	KP_REQUIRE(document != NULL);
	xmlNodePtr client =
		child_of(child_of(child_of(xmlDocGetRootElement(document), "Body"),
				 "UWVPersoonsIkvInfoResponse"),
			"ClientSuwi");
	KP_REQUIRE(client != NULL);
	for (xmlNodePtr ikv = client->children; ikv != NULL; ikv = ikv->next) {
		if (child_of(ikv, "DatBIkv") == NULL) {
			continue;
		}
		xmlNodePtr employer = child_of(ikv, "AdministratieveEenheid");
		take_node(bench, child_of(ikv, "DatBIkv"));
		take_node(bench, child_of(employer, "Loonheffingennr"));
		for (xmlNodePtr at = ikv->children; at != NULL; at = at->next) {
			if (strcmp((const char *)at->name, "Inkomstenopgave") == 0) {
				take_statement(bench, at,
					child_of(employer, "NaamAdministratieveEenheid"));
			}
		}
	}
	xmlFreeDoc(document);
}

/* Answers. */

static void
add_amount(struct kp_buffer *buffer, const char *name, unsigned value)
{
	kp_buffer_printf(buffer,
		"<%s><CdMunteenheid>EUR</CdMunteenheid><CdPositiefNegatief>+</"
		"CdPositiefNegatief><WaardeBedr>%u</WaardeBedr></%s>",
		name, value, name);
}

static void
add_statement(struct kp_buffer *buffer, unsigned i)
{
	kp_buffer_printf(buffer,
		"<Inkomstenopgave><DatBIko>20%02u%02u01</DatBIko><DatEIko>20%02u%02u28</"
		"DatEIko><AantSvDagenIko>21</AantSvDagenIko><AantVerloondeUrenIko>160</"
		"AantVerloondeUrenIko>",
		i / 12 % 100, i % 12 + 1, i / 12 % 100, i % 12 + 1);
	add_amount(buffer, "BedrBrutoloonSv", 149940 + i);
	add_amount(buffer, "BedrLoonLbPremieVolksverz", 142800 + i);
	add_amount(buffer, "BedrIngehoudenLbPremieVolksverz", 24500);
	add_amount(buffer, "BedrVakantietoeslag", 11500);
	KP_BUFFER_ADD(buffer, "</Inkomstenopgave>");
}

static struct kp_slice
make_answer(struct kp_arena *arena, size_t bytes)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, arena, ARENA_BYTES_MAX);
	KP_BUFFER_ADD(&buffer,
		"<e:Envelope "
		"xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>"
		"<w:UWVPersoonsIkvInfoResponse "
		"xmlns:w=\"http://bkwi.nl/SuwiML/Diensten/UWVDossierInkomstenGSD/v0200\">"
		"<ClientSuwi><Burgerservicenr>" BSN "</Burgerservicenr>");
	unsigned i = 0;
	do {
		KP_BUFFER_ADD(&buffer,
			"<Inkomstenverhouding><DatBIkv>20000101</DatBIkv>"
			"<AdministratieveEenheid><NaamAdministratieveEenheid>Bakkerij De "
			"Proef</"
			"NaamAdministratieveEenheid><Loonheffingennr>001234567L01</"
			"Loonheffingennr></AdministratieveEenheid>");
		do {
			add_statement(&buffer, i++);
		} while (i % 24 != 0 && buffer.len < bytes);
		KP_BUFFER_ADD(&buffer, "</Inkomstenverhouding>");
	} while (buffer.len < bytes);
	KP_BUFFER_ADD(&buffer,
		"</ClientSuwi></w:UWVPersoonsIkvInfoResponse></e:Body></e:Envelope>");
	KP_REQUIRE(!buffer.failed);
	return kp_buffer_slice(&buffer);
}

/* Measuring. */

struct result {
	double us;
	long memory_kb;
	size_t values;
};

/* One job in a process of its own, so that its memory is its own. */
static struct result
measure(struct bench *bench, void (*job)(struct bench *))
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
median(struct bench *bench, void (*job)(struct bench *))
{
	struct result results[RUNS];
	for (size_t i = 0; i < RUNS; i++) {
		results[i] = measure(bench, job);
	}
	qsort(results, RUNS, sizeof(results[0]), by_time);
	return results[RUNS / 2];
}

static void
write_answer(const char *folder, struct kp_slice answer)
{
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/answer-%zu.xml", folder, answer.len);
	FILE *file = fopen(path, "wb");
	KP_REQUIRE(file != NULL);
	(void)fwrite(answer.data, 1, answer.len, file);
	(void)fclose(file);
}

int
main(int argc, char **argv)
{
	static struct bench bench;
	struct kp_arena arena;
	if (argc < 2) {
		fprintf(stderr, "usage: bench_soap SOURCE [WRITE_ANSWERS_TO]\n");
		return 2;
	}
	xmlInitParser();
	open_connector(&bench, argv[1]);
	printf("%9s  %26s  %26s  %s\n", "bytes", "soap connector", "libxml2 tree",
		"tree / connector");
	for (size_t i = 0; i < KP_ARRAY_LEN(sizes); i++) {
		kp_arena_init(&arena, ARENA_BYTES_MAX, NULL);
		bench.answer = make_answer(&arena, sizes[i]);
		if (argc > 2) {
			write_answer(argv[2], bench.answer);
		}
		struct result ours = median(&bench, by_connector);
		struct result tree = median(&bench, by_tree);
		printf("%9zu  %8.0f us %6ld kB %5zu v  %8.0f us %6ld kB %5zu v  %.2f\n",
			bench.answer.len, ours.us, ours.memory_kb, ours.values, tree.us,
			tree.memory_kb, tree.values, tree.us / ours.us);
		(void)fflush(stdout);
		kp_arena_deinit(&arena);
	}
	return 0;
}
