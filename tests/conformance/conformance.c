/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * conformance: what every connector must do with every answer, fed from memory. The
 * connector and its folder of fixtures are the arguments:
 *
 *     conformance rest tests/conformance/rest [connector.so]
 *
 * The suite plays the host as connector.h describes it and breaks the answer in every way
 * real partners have been seen to. To put a connector under it: a folder with
 * manifest.json, good.txt, other.txt, nothing.txt and expected.txt, and a row in
 * CMakeLists.txt.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "connectors/registry.h"
#include "core/arena.h"
#include "core/bits.h"
#include "core/buffer.h"
#include "core/json_write.h"
#include "policies/catalogue.h"

#define BSN "999993653"
#define TEXT_BYTES_MAX ((size_t)32 << 20)

static const char *folder;
static const char *connector_name;
static const char *plugin;

/* The suite as host: one instance of the connector. */
struct bench {
	struct kp_arena arena;
	struct kp_registry registry;
	const struct kp_connector *connector;
	struct kp_catalogue *catalogue;
	struct kp_findings findings;
	struct kp_host host;
	void *instance;
	size_t reported;
	long alloc_left; /* allocations that still succeed; -1: all */
	uint64_t cells[16];
	struct kp_slice good;
	struct kp_slice other;
	struct kp_slice nothing;
	struct kp_slice expected;
};

/* What one call delivered. */
struct trial {
	struct bench *bench;
	struct kp_buffer values;
	struct kp_need need;
	uint32_t items;
	bool subject_said;
	bool subject_right;
	bool after_stop; /* the sink was used after it said stop */
	bool stopped;
	long calls_left; /* of the sink before it says stop; -1: never */
	bool ended;
	enum kp_outcome outcome;
	int verdict;
	struct kp_fault fault;
};

static struct kp_slice
read_file(struct kp_arena *arena, const char *name)
{
	char path[1024];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	char *bytes = kp_arena_bytes(arena, 1 << 20);
	assert_non_null(bytes);
	size_t len = fread(bytes, 1, 1 << 20, file);
	(void)fclose(file);
	return (struct kp_slice){bytes, len};
}

/* The host's side of open. */

static uint32_t
find_cell(void *context, struct kp_text path)
{
	const struct bench *bench = context;
	uint32_t field = kp_catalogue_find_field(
		bench->catalogue, (struct kp_slice){path.data, path.len});
	return field == KP_NO_ID ? UINT32_MAX
				 : kp_catalogue_find_cell(bench->catalogue, field, 0);
}

static uint32_t
find_section(void *context, struct kp_text name)
{
	const struct bench *bench = context;
	return kp_catalogue_find_section(
		bench->catalogue, (struct kp_slice){name.data, name.len});
}

static struct kp_text
cell_path(void *context, uint32_t cell)
{
	const struct bench *bench = context;
	struct kp_slice path =
		bench->catalogue->fields[bench->catalogue->cells[cell].field].path;
	return (struct kp_text){path.data, path.len};
}

static struct kp_text
nearest(void *context, struct kp_text path)
{
	(void)context;
	(void)path;
	return (struct kp_text){"persoon.naam", 12};
}

static bool
section_is_list(void *context, uint32_t section)
{
	const struct bench *bench = context;
	return bench->catalogue->sections[section].list;
}

static void
finding(void *context, const struct kp_fault *fault)
{
	struct bench *bench = context;
	assert_true(fault->message[0] != '\0');
	bench->reported++;
}

static void *
bench_alloc(void *context, size_t size)
{
	struct bench *bench = context;
	if (bench->alloc_left == 0) {
		return NULL;
	}
	bench->alloc_left -= bench->alloc_left > 0 ? 1 : 0;
	return kp_arena_alloc(&bench->arena, size);
}

static int
open_manifest(struct bench *bench, struct kp_slice text, void **ret_instance)
{
	struct kp_fault fault = {0};
	return bench->connector->open(&bench->host, (struct kp_text){text.data, text.len},
		ret_instance, &fault);
}

static int
set_up(void **state)
{
	struct kp_error err;
	struct bench *bench = calloc(1, sizeof(*bench));
	assert_non_null(bench);
	kp_arena_init(&bench->arena, (size_t)1 << 30, NULL);
	kp_findings_init(&bench->findings, 10);
	kp_registry_init(&bench->registry);
	if (plugin != NULL) {
		/* The linked one of the same name makes room. */
		bench->registry.count = 0;
		assert_int_equal(kp_registry_load(&bench->registry, plugin, &err), KP_OK);
	}
	bench->connector =
		kp_registry_find(&bench->registry, kp_slice_from(connector_name));
	assert_non_null(bench->connector);
	assert_null(kp_registry_fault(bench->connector));
	bench->good = read_file(&bench->arena, "good.txt");
	bench->other = read_file(&bench->arena, "other.txt");
	bench->nothing = read_file(&bench->arena, "nothing.txt");
	bench->expected = read_file(&bench->arena, "expected.txt");
	assert_int_equal(kp_catalogue_load(&bench->arena, "catalogus.json",
				 read_file(&bench->arena, "../catalogus.json"),
				 &bench->findings, &bench->catalogue),
		KP_OK);
	bench->alloc_left = -1;
	bench->host = (struct kp_host){
		.abi_major = KP_CONNECTOR_ABI_MAJOR,
		.abi_minor = KP_CONNECTOR_ABI_MINOR,
		.size = sizeof(bench->host),
		.context = bench,
		.find_cell = find_cell,
		.find_section = find_section,
		.cell_path = cell_path,
		.nearest = nearest,
		.section_is_list = section_is_list,
		.finding = finding,
		.alloc = bench_alloc,
	};
	assert_int_equal(open_manifest(bench, read_file(&bench->arena, "manifest.json"),
				 &bench->instance),
		KP_DONE);
	assert_int_equal(bench->reported, 0);
	bench->connector->offers(
		bench->instance, bench->cells, bench->catalogue->cell_words);
	*state = bench;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *bench = *state;
	bench->connector->close(bench->instance);
	kp_registry_deinit(&bench->registry);
	kp_findings_deinit(&bench->findings);
	kp_arena_deinit(&bench->arena);
	free(bench);
	return 0;
}

/* The sink. */

static bool
goes_on(struct trial *trial)
{
	trial->after_stop = trial->after_stop || trial->stopped;
	if (trial->calls_left == 0) {
		trial->stopped = true;
		return false;
	}
	trial->calls_left -= trial->calls_left > 0 ? 1 : 0;
	return !trial->stopped;
}

static bool
on_subject(void *context, struct kp_text bsn)
{
	struct trial *trial = context;
	trial->subject_said = true;
	trial->subject_right = bsn.len == 9 && memcmp(bsn.data, BSN, 9) == 0;
	bool more = goes_on(trial);
	trial->stopped = trial->stopped || !trial->subject_right;
	return more && trial->subject_right;
}

static bool
on_item(void *context, uint32_t section, uint32_t *ret_item)
{
	struct trial *trial = context;
	assert_true(section < trial->bench->catalogue->section_count);
	assert_true(trial->bench->catalogue->sections[section].list);
	*ret_item = trial->items++;
	return goes_on(trial);
}

static bool
on_value(void *context, const struct kp_value *value)
{
	struct trial *trial = context;
	const struct kp_catalogue *catalogue = trial->bench->catalogue;
	/* Whatever the answer: about the person, in a cell of this source, well formed.
	 */
	assert_true(trial->subject_right);
	assert_true(value->cell < catalogue->cell_count);
	assert_int_equal(catalogue->cells[value->cell].source, 0);
	const struct kp_field *field =
		&catalogue->fields[catalogue->cells[value->cell].field];
	bool list = catalogue->sections[field->section].list;
	assert_true(!list || value->item < trial->items);
	struct kp_slice bytes = {value->bytes.data, value->bytes.len};
	if (!kp_utf8_valid(bytes)) {
		/* As the real host does. */
		trial->stopped = true;
		return false;
	}
	if (!kp_bits_has(trial->need.cells, value->cell)) {
		return goes_on(trial);
	}
	kp_buffer_printf(&trial->values, "%.*s", KP_SLICE_ARG(field->path));
	if (list) {
		kp_buffer_printf(&trial->values, "[%u]", value->item);
	}
	kp_buffer_add_char(&trial->values, '=');
	struct kp_json_writer writer;
	kp_json_writer_init(&writer, &trial->values);
	if (value->form == KP_VALUE_JSON) {
		kp_json_write_raw(&writer, bytes);
	} else {
		kp_json_write_string(&writer, bytes);
	}
	kp_buffer_printf(
		&trial->values, "%s\n", value->in_investigation ? " (in onderzoek)" : "");
	return goes_on(trial);
}

static bool
on_note(void *context, struct kp_text code, struct kp_text text)
{
	assert_true(code.len > 0 && text.len > 0);
	return goes_on(context);
}

static bool
on_text(void *context, struct kp_text text)
{
	(void)text;
	return goes_on(context);
}

static bool
on_header(void *context, struct kp_text name, struct kp_text value)
{
	(void)context;
	for (size_t i = 0; i < value.len; i++) {
		assert_true((unsigned char)value.data[i] >= 0x20);
	}
	return name.len > 0;
}

static bool
on_target(void *context, struct kp_text target)
{
	(void)context;
	assert_null(memmem(target.data, target.len, BSN, 9));
	return true;
}

static bool
on_piece(void *context, struct kp_text text)
{
	(void)context;
	(void)text;
	return true;
}

static bool
on_query(void *context, struct kp_text name, struct kp_text statement,
	const struct kp_text *parameters, uint32_t count)
{
	(void)context;
	assert_true(name.len > 0 && statement.data[statement.len] == '\0');
	/* Bound, never spliced. */
	assert_null(memmem(statement.data, statement.len, BSN, 9));
	return count == 0 || parameters != NULL;
}

static const struct kp_request_writer writer_of_suite = {
	.size = sizeof(writer_of_suite),
	.method = on_piece,
	.target = on_target,
	.header = on_header,
	.body = on_piece,
	.key = on_piece,
	.query = on_query,
};

static struct kp_text
no_header(const struct kp_head *head, struct kp_text name)
{
	(void)head;
	(void)name;
	return (struct kp_text){0};
}

/* How an answer is fed. */
struct feeding {
	struct kp_slice bytes;
	size_t piece;          /* bytes at a time; 0: all at once */
	const char *type;      /* NULL: the good one */
	uint32_t status;       /* 0: 200 */
	unsigned steps;        /* stop after so many calls of the connector; 0: never */
	long sink_calls;       /* the sink says stop after so many; -1: never */
	const uint64_t *cells; /* NULL: all that are offered */
};

static const struct feeding plain = {.sink_calls = -1};

static bool
is_file(const struct bench *bench)
{
	return bench->connector->transport == KP_TRANSPORT_FILE;
}

static const char *
good_type(const struct bench *bench)
{
	if (strcmp(bench->connector->name, "soap") == 0) {
		return "text/xml; charset=utf-8";
	}
	return strcmp(bench->connector->name, "example") == 0
		? "text/plain; charset=utf-8"
		: "application/json";
}

static struct kp_sink
make_sink(struct trial *trial)
{
	return (struct kp_sink){
		.size = sizeof(struct kp_sink),
		.context = trial,
		.subject = on_subject,
		.item = on_item,
		.value = on_value,
		.note = on_note,
		.unmapped = on_text,
		.valid_on = on_text,
	};
}

static bool
step(struct trial *trial, unsigned *left)
{
	if (trial->verdict != KP_DONE || *left == 1) {
		return false;
	}
	*left -= *left > 0 ? 1 : 0;
	return true;
}

static void
feed_bytes(struct trial *trial, const struct feeding *feeding, void *memory,
	const struct kp_sink *sink, unsigned *left)
{
	const struct bench *bench = trial->bench;
	size_t piece = feeding->piece == 0 ? feeding->bytes.len : feeding->piece;
	size_t at = 0;
	while (at < feeding->bytes.len && step(trial, left)) {
		size_t len =
			feeding->bytes.len - at < piece ? feeding->bytes.len - at : piece;
		/* A copy of its own, so that reading past it is seen. */
		char *copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, feeding->bytes.data + at, len);
		trial->verdict = bench->connector->consume(bench->instance, memory,
			(struct kp_text){copy, len}, sink, &trial->fault);
		memset(copy, 'X', len);
		free(copy);
		at += len;
	}
}

/* A whole call, or as much of it as `feeding` says. `end` comes always. */
static void
run_call(struct bench *bench, const struct feeding *feeding, struct trial *trial)
{
	memset(trial, 0, sizeof(*trial));
	trial->bench = bench;
	trial->calls_left = feeding->sink_calls;
	kp_buffer_init(&trial->values, &bench->arena, TEXT_BYTES_MAX);
	const char *type = feeding->type == NULL ? good_type(bench) : feeding->type;
	struct kp_sink sink = make_sink(trial);
	struct kp_call_host host = {
		.size = sizeof(host), .context = bench, .alloc = bench_alloc};
	struct kp_head head = {
		.size = sizeof(head),
		.status = feeding->status == 0 ? 200 : feeding->status,
		.content_type = {type, strlen(type)},
		.header = no_header,
	};
	trial->need = (struct kp_need){
		.size = sizeof(trial->need),
		.bsn = {BSN, 9},
		.purpose = {"een\"doel", 8},
		.now = {"2026-01-01T00:00:00Z", 20},
		.cells = feeding->cells == NULL ? bench->cells : feeding->cells,
		.cell_words = bench->catalogue->cell_words,
	};
	void *memory = calloc(1, bench->connector->call_size + 1);
	assert_non_null(memory);
	unsigned left = feeding->steps;
	trial->verdict = bench->connector->prepare(bench->instance, memory, &host,
		&trial->need, &writer_of_suite, &trial->fault);
	if (step(trial, &left)) {
		trial->verdict = bench->connector->head(
			bench->instance, memory, &head, &sink, &trial->fault);
	}
	feed_bytes(trial, feeding, memory, &sink, &left);
	trial->outcome = KP_ERROR;
	if (step(trial, &left)) {
		trial->verdict = bench->connector->finish(
			bench->instance, memory, &sink, &trial->outcome, &trial->fault);
		trial->ended = trial->verdict != KP_FAIL;
	}
	bench->connector->end(bench->instance, memory);
	free(memory);
	assert_false(trial->after_stop);
	if (trial->verdict == KP_FAIL) {
		assert_true(trial->fault.message[0] != '\0');
		assert_null(strstr(trial->fault.message, BSN));
	}
}

static bool
was_found(const struct trial *trial)
{
	return trial->ended && trial->outcome == KP_FOUND;
}

/* The cases. */

static void
good_answer_gives_the_expected_values(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	feeding.bytes = bench->good;
	size_t pieces[] = {0, 1, 2, 7, 64};
	for (size_t i = 0; i < KP_ARRAY_LEN(pieces); i++) {
		feeding.piece = pieces[i];
		run_call(bench, &feeding, &trial);
		assert_true(was_found(&trial));
		kp_buffer_add_char(&trial.values, '\0');
		assert_int_equal(trial.values.len - 1, bench->expected.len);
		assert_memory_equal(
			trial.values.data, bench->expected.data, bench->expected.len);
	}
}

static void
only_wanted_cells_are_delivered(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	uint64_t none[16] = {0};
	struct feeding feeding = plain;
	feeding.bytes = bench->good;
	feeding.cells = none;
	run_call(bench, &feeding, &trial);
	assert_int_equal(trial.values.len, 0);
	for (uint32_t cell = 0; cell < bench->catalogue->cell_count; cell++) {
		uint64_t one[16] = {0};
		if (!kp_bits_has(bench->cells, cell)) {
			continue;
		}
		kp_bits_set(one, cell);
		feeding.cells = one;
		run_call(bench, &feeding, &trial);
		assert_true(was_found(&trial));
	}
}

static void
other_persons_answer_passes_nothing(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	feeding.bytes = bench->other;
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	assert_int_equal(trial.values.len, 0);
}

static void
nothing_found_is_said(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	feeding.bytes = bench->nothing;
	run_call(bench, &feeding, &trial);
	assert_true(trial.ended);
	assert_int_equal(trial.outcome, KP_NOTHING_FOUND);
	assert_int_equal(trial.values.len, 0);
}

static void
empty_answer_is_not_a_finding(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	run_call(bench, &plain, &trial);
	assert_false(was_found(&trial));
	/* A file without the person's rows says so; an empty HTTP answer says nothing. */
	assert_true(is_file(bench) || trial.verdict == KP_FAIL);
}

static void
answer_cut_anywhere_is_not_a_finding(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	for (size_t len = 0; len < bench->good.len; len++) {
		feeding.bytes = (struct kp_slice){bench->good.data, len};
		run_call(bench, &feeding, &trial);
		/* White space behind the end may be missing. */
		bool rest = strspn(bench->good.data + len, " \n") < bench->good.len - len;
		assert_true(is_file(bench) || !rest || !was_found(&trial));
	}
}

static void
call_cancelled_anywhere_lets_go(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	feeding.bytes = bench->good;
	feeding.piece = 5;
	for (unsigned steps = 1; steps < bench->good.len / 5 + 4; steps++) {
		feeding.steps = steps;
		run_call(bench, &feeding, &trial);
		assert_false(trial.ended);
	}
}

static void
sink_that_stops_is_left_alone(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	feeding.bytes = bench->good;
	for (long calls = 0; calls < 200; calls++) {
		feeding.sink_calls = calls;
		run_call(bench, &feeding, &trial);
		if (!trial.stopped) {
			assert_true(was_found(&trial));
			return;
		}
		assert_false(was_found(&trial));
	}
	fail();
}

static void
wrong_type_and_status_are_no_finding(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	uint32_t statuses[] = {204, 301, 302, 304, 400, 401, 403, 404, 418, 429, 500, 502,
		503, 504, 599};
	struct feeding feeding = plain;
	if (bench->connector->transport != KP_TRANSPORT_HTTP) {
		return;
	}
	feeding.bytes = bench->good;
	feeding.type = "text/html";
	run_call(bench, &feeding, &trial);
	assert_int_equal(trial.verdict, KP_FAIL);
	feeding.type = "";
	run_call(bench, &feeding, &trial);
	assert_int_equal(trial.verdict, KP_FAIL);
	feeding.type = NULL;
	for (size_t i = 0; i < KP_ARRAY_LEN(statuses); i++) {
		feeding.status = statuses[i];
		run_call(bench, &feeding, &trial);
		assert_false(was_found(&trial));
		bool nothing = trial.ended && trial.outcome == KP_NOTHING_FOUND;
		assert_true(!nothing || statuses[i] == 204);
		assert_int_equal(trial.values.len, 0);
	}
}

/* Each byte of a good answer replaced, one at a time: nothing may crash, and the checks
 * in the sink hold. */
static void
changed_bytes_do_no_harm(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	static const unsigned char bytes[] = {
		0x00, 0xff, 0xc3, '"', '{', '[', ']', '}', '\\', '9', '\n', ';', '-'};
	char *copy = kp_arena_bytes(&bench->arena, bench->good.len);
	assert_non_null(copy);
	struct feeding feeding = plain;
	feeding.bytes = (struct kp_slice){copy, bench->good.len};
	for (size_t i = 0; i < bench->good.len; i++) {
		for (size_t j = 0; j < sizeof(bytes); j++) {
			memcpy(copy, bench->good.data, bench->good.len);
			copy[i] = (char)bytes[j];
			run_call(bench, &feeding, &trial);
		}
	}
}

#define SOAP(body)                                                                       \
	"<s:Envelope "                                                                   \
	"xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>" body            \
	"</s:Body></s:Envelope>"
#define PERSON(inside)                                                                   \
	SOAP("<d:PersoonInfoResponse xmlns:d=\"urn:proef:dienst\">" inside               \
	     "</d:PersoonInfoResponse>")
#define OURS "<Client><Burgerservicenr>999993653</Burgerservicenr></Client>"

/* Text that every connector for JSON or XML must refuse; for the others it is just
 * rubbish. */
static void
hostile_answers_are_no_finding(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	static const char *const answers[] = {
		"{\"personen\":[{\"bsn\":\"999993653\",\"bsn\":\"999993653\"}]}",
		"{\"personen\":[{\"bsn\":\"999993653\",\"naam\":{\"voluit\":\"\xc3\x28\"}"
		"}]}",
		"{\"personen\":[{\"bsn\":\"999993653\",\"naam\":\"\\ud800\"}]}",
		"{\"personen\":{\"bsn\":\"999993653\"}}",
		"{\"personen\":\"999993653\"}",
		"{\"personen\":[\"999993653\"]}",
		"{\"personen\":[[{\"bsn\":\"999993653\"}]]}",
		"{\"personen\":[{\"bsn\":{\"nummer\":\"999993653\"}}]}",
		"{\"personen\":[{\"bsn\":[\"999993653\"]}]}",
		"{\"personen\":[{\"bsn\":null}]}",
		"{\"personen\":[{\"bsn\":true}]}",
		"{\"personen\":[{\"bsn\":\"999993653\",\"uitkeringen\":{}}]}",
		"{\"personen\":[{\"bsn\":\"999993653\",\"uitkeringen\":[1]}]}",
		"{\"personen\":[{\"bsn\":\"999993653\"},{\"bsn\":\"999990019\"}]}",
		"{\"personen\":[{\"naam\":{\"voluit\":\"Zonder Nummer\"}}]}",
		"{\"personen\":[{\"bsn\":\"999993653\"}]} {}",
		"[{\"bsn\":\"999993653\"}]",
		"\"999993653\"",
		"<html><body>Inloggen</body></html>",
		"\xef\xbb\xbf{\"personen\":[]}",
		"<!DOCTYPE a [<!ENTITY e \"999993653\">]>" PERSON(
			"<Client><Burgerservicenr>&e;</Burgerservicenr></Client>"),
		"<?xml version=\"1.0\"?><!DOCTYPE a SYSTEM "
		"\"file:///etc/passwd\">" PERSON(OURS),
		"<?xml version=\"1.0\"?><?php echo 1?>" PERSON(OURS),
		"\xff\xfe<\0?\0",
		PERSON("<Client><Burgerservicenr>&e;</Burgerservicenr></Client>"),
		PERSON("<Client><Naam>Zonder Nummer</Naam></Client>"),
		PERSON("<Client><Burgerservicenr><n>999993653</n></Burgerservicenr></"
		       "Client>"),
		PERSON(OURS
			"<Client><Burgerservicenr>999990019</Burgerservicenr></Client>"),
		PERSON("<Client/>"),
		PERSON("<Ander>" OURS "</Ander>"),
		PERSON(OURS) "<a/>",
		PERSON(OURS "\xc3\x28"),
		SOAP(PERSON(OURS)),
		SOAP(OURS),
		SOAP(""),
		OURS,
		SOAP("<PersoonInfoResponse xmlns=\"urn:ander\">" OURS
		     "</PersoonInfoResponse>"),
		PERSON("<Client><Burgerservicenr xmlns:x=\"http://www.w3.org/2001/"
		       "XMLSchema-instance\" x:nil=\"true\">999993653</Burgerservicenr>"
		       "</Client>"),
		SOAP("<s:Fault><faultcode>s:Server</faultcode><faultstring>Policy "
		     "Falsified</faultstring></s:Fault>"),
	};
	struct feeding feeding = plain;
	for (size_t i = 0; i < KP_ARRAY_LEN(answers); i++) {
		feeding.bytes = kp_slice_from(answers[i]);
		for (feeding.piece = 0; feeding.piece < 3; feeding.piece++) {
			run_call(bench, &feeding, &trial);
			assert_false(was_found(&trial));
		}
	}
}

static struct kp_slice
repeated(struct bench *bench, const char *head, const char *part, size_t count,
	const char *tail)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &bench->arena, TEXT_BYTES_MAX);
	kp_buffer_add(&buffer, head, strlen(head));
	for (size_t i = 0; i < count; i++) {
		kp_buffer_add(&buffer, part, strlen(part));
	}
	kp_buffer_add(&buffer, tail, strlen(tail));
	assert_false(buffer.failed);
	return kp_buffer_slice(&buffer);
}

static void
deep_and_huge_answers_end(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	feeding.piece = 16384;
	feeding.bytes = repeated(bench, "", "[", 100000, "");
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	feeding.bytes = repeated(bench, "{\"x\":", "{\"x\":", 100000, "1");
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	feeding.bytes = repeated(bench, "{\"personen\":[{\"bsn\":\"999993653\",\"x\":\"",
		"aaaaaaaaaa", 400000, "\"}]}");
	run_call(bench, &feeding, &trial);
	feeding.bytes = repeated(bench,
		"{\"personen\":[{\"bsn\":\"999993653\",\"uitkeringen\":[{}",
		",{\"wet\":\"PW\"}", 100000, "]}]}");
	run_call(bench, &feeding, &trial);
	feeding.bytes = repeated(bench, "", "<a>", 100000, "");
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	feeding.bytes = repeated(bench, "<a x=\"", "aaaaaaaaaa", 400000, "\"/>");
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	feeding.bytes = repeated(bench, "<!--", "aaaaaaaaaa", 400000, "-->" PERSON(OURS));
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	feeding.bytes = repeated(bench,
		"<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/"
		"envelope/\"><s:Body><d:PersoonInfoResponse "
		"xmlns:d=\"urn:proef:dienst\"><Client>"
		"<Naam>",
		"aaaaaaaaaa", 400000,
		"</Naam></Client></d:PersoonInfoResponse></s:Body>"
		"</s:Envelope>");
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	feeding.bytes = repeated(bench, "", "999993653;", 100000, "\n");
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
}

static void
missing_memory_is_a_fault(void **state)
{
	struct bench *bench = *state;
	struct kp_slice manifest = read_file(&bench->arena, "manifest.json");
	struct trial trial;
	struct feeding feeding = plain;
	feeding.bytes = bench->good;
	for (long left = 0; left < 20; left++) {
		void *instance = NULL;
		bench->alloc_left = left;
		if (open_manifest(bench, manifest, &instance) == KP_DONE) {
			bench->connector->close(instance);
			break;
		}
	}
	for (long left = 0; left < 5; left++) {
		bench->alloc_left = left;
		run_call(bench, &feeding, &trial);
	}
	bench->alloc_left = -1;
}

static void
broken_manifests_are_refused(void **state)
{
	struct bench *bench = *state;
	struct kp_slice manifest = read_file(&bench->arena, "manifest.json");
	if (strcmp(bench->connector->name, "example") == 0) {
		return; /* reads nothing of it */
	}
	for (size_t len = 0; len + 2 < manifest.len; len += 3) {
		void *instance = NULL;
		assert_int_equal(
			open_manifest(
				bench, (struct kp_slice){manifest.data, len}, &instance),
			KP_FAIL);
		assert_null(instance);
	}
	static const char *const places[] = {
		"naam", "persoon", "uitkeringen", "geslacht"};
	for (size_t i = 0; i < KP_ARRAY_LEN(places); i++) {
		/* Each name once wrong: found, or harmless; never a crash. */
		char *copy = kp_arena_strdup(&bench->arena, manifest.data);
		char *at = strstr(copy, places[i]);
		void *instance = NULL;
		if (at != NULL) {
			*at = 'Q';
			if (open_manifest(bench, kp_slice_from(copy), &instance) ==
				KP_DONE) {
				bench->connector->close(instance);
			}
		}
	}
}

static void
calls_share_nothing(void **state)
{
	struct bench *bench = *state;
	struct trial first;
	struct trial second;
	struct feeding good = plain;
	struct feeding other = plain;
	good.bytes = bench->good;
	other.bytes = bench->other;
	run_call(bench, &other, &second);
	run_call(bench, &good, &first);
	assert_true(was_found(&first));
	run_call(bench, &other, &second);
	assert_int_equal(second.values.len, 0);
}

/* Files only. */

struct rows {
	struct kp_buffer text;
	size_t count;
	size_t preambles;
	uint64_t end;
};

static bool
on_row(void *context, struct kp_text key, uint64_t offset, uint64_t len)
{
	struct rows *rows = context;
	assert_true(offset >= rows->end);
	rows->end = offset + len;
	rows->count += key.len > 0 ? 1 : 0;
	rows->preambles += key.len == 0 ? 1 : 0;
	kp_buffer_printf(&rows->text, "%.*s@%llu+%llu\n", (int)key.len,
		key.data == NULL ? "" : key.data, (unsigned long long)offset,
		(unsigned long long)len);
	return true;
}

/* Of a delivery that change files follow. */
static bool
on_entry(void *context, const struct kp_index_entry *entry)
{
	assert_false(entry->removed);
	/* A row that was cut may have lost what tells it apart. */
	assert_true(entry->identity.len == 0 ||
		entry->identity.data[entry->identity.len - 1] == ',');
	return entry->key.len == 0 ||
		on_row(context, entry->key, entry->offset, entry->len);
}

static int
scan_pieces(struct bench *bench, struct kp_slice text, size_t piece, struct rows *rows)
{
	const struct kp_index_writer writer = {.size = sizeof(writer),
		.context = rows,
		.row = on_row,
		.entry = on_entry};
	struct kp_fault fault = {0};
	void *memory = calloc(1, bench->connector->scan_size + 1);
	int verdict = KP_DONE;
	assert_non_null(memory);
	memset(rows, 0, sizeof(*rows));
	kp_buffer_init(&rows->text, &bench->arena, TEXT_BYTES_MAX);
	for (size_t at = 0; verdict == KP_DONE && at <= text.len; at += piece) {
		size_t len = text.len - at < piece ? text.len - at : piece;
		bool last = at + piece > text.len;
		verdict = bench->connector->scan(bench->instance, memory,
			(struct kp_text){text.data + at, len}, last, &writer, &fault);
	}
	free(memory);
	return verdict;
}

static void
scan_finds_the_same_rows_however_cut(void **state)
{
	struct bench *bench = *state;
	struct rows whole;
	struct rows cut;
	if (!is_file(bench)) {
		return;
	}
	assert_int_equal(
		scan_pieces(bench, bench->good, bench->good.len + 1, &whole), KP_DONE);
	assert_int_equal(whole.count, 5);
	/* Objects bring their names themselves. */
	assert_int_equal(whole.preambles, bench->good.data[0] == '{' ? 0 : 1);
	size_t pieces[] = {1, 2, 7, 100};
	for (size_t i = 0; i < KP_ARRAY_LEN(pieces); i++) {
		assert_int_equal(
			scan_pieces(bench, bench->good, pieces[i], &cut), KP_DONE);
		assert_int_equal(cut.text.len, whole.text.len);
		assert_memory_equal(cut.text.data, whole.text.data, whole.text.len);
	}
	for (size_t len = 0; len < bench->good.len; len++) {
		(void)scan_pieces(
			bench, (struct kp_slice){bench->good.data, len}, 64, &cut);
	}
	assert_int_equal(scan_pieces(bench, KP_SLICE("A;B\n1;2\n"), 64, &cut), KP_FAIL);
	assert_int_equal(scan_pieces(bench, KP_SLICE(""), 64, &cut), KP_FAIL);
}

int
main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: conformance CONNECTOR FOLDER [FILE.so]\n");
		return 2;
	}
	connector_name = argv[1];
	folder = argv[2];
	plugin = argc > 3 ? argv[3] : NULL;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_answer_gives_the_expected_values),
		cmocka_unit_test(only_wanted_cells_are_delivered),
		cmocka_unit_test(other_persons_answer_passes_nothing),
		cmocka_unit_test(nothing_found_is_said),
		cmocka_unit_test(empty_answer_is_not_a_finding),
		cmocka_unit_test(answer_cut_anywhere_is_not_a_finding),
		cmocka_unit_test(call_cancelled_anywhere_lets_go),
		cmocka_unit_test(sink_that_stops_is_left_alone),
		cmocka_unit_test(wrong_type_and_status_are_no_finding),
		cmocka_unit_test(changed_bytes_do_no_harm),
		cmocka_unit_test(hostile_answers_are_no_finding),
		cmocka_unit_test(deep_and_huge_answers_end),
		cmocka_unit_test(missing_memory_is_a_fault),
		cmocka_unit_test(broken_manifests_are_refused),
		cmocka_unit_test(calls_share_nothing),
		cmocka_unit_test(scan_finds_the_same_rows_however_cut),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
