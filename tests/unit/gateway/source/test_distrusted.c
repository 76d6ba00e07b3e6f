/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * The host against a connector that does what it may not: a shared object of somebody
 * else's, or ours misled by an answer. What it writes does not leave, what it delivers
 * does not reach the dossier, and the call ends with a reason.
 */
#include "source_rig.h"
#include "source/source_private.h"

#define TEXT(literal) ((struct kp_text){literal, sizeof(literal) - 1})

#define MANIFEST(pages, bytes)                                                           \
	"{\"source\":\"proef\",\"organisation\":{\"oin\":\"00000000000000000001\","      \
	"\"name\":\"P\"},\"connector\":\"rest\",\"endpoint\":\"http://127.0.0.1:PORT/"   \
	"api\","                                                                         \
	"\"limits\":{\"items\":2,\"pages\":" pages ",\"answer_bytes\":" bytes            \
	"},\"request\":{\"method\":\"POST\",\"target\":\"/v\","                          \
	"\"body\":{\"bsn\":\"{bsn}\"}},\"response\":{\"root\":\"personen[]\","           \
	"\"subject\":"                                                                   \
	"\"bsn\",\"fields\":{\"persoon.naam\":\"naam.voluit\"},\"lists\":{"              \
	"\"uitkeringen\":{\"items\":\"uitkeringen[]\",\"fields\":{\"uitkeringen.wet\":"  \
	"\"wet\"}}}}}"

static const char *manifest = MANIFEST("2", "256");

/* What the connector does; the rest is as it should be. */
static struct {
	void (*write)(const struct kp_request_writer *out);
	void (*tell)(const struct kp_sink *sink);
	int further; /* what preparing another page comes to */
	int head;
	int finish;
	enum kp_outcome outcome;
} script;

static struct asker asker; /* how the call came out */
static unsigned pages;     /* that were finished */
static bool told;
static uint32_t name_cell;
static uint32_t hidden_cell; /* of this source, and not asked for */
static uint32_t law_cell;    /* of a list */

static int
prepare(const void *instance, void *call, const struct kp_call_host *host,
	const struct kp_need *need, const struct kp_request_writer *out,
	struct kp_fault *fault)
{
	(void)instance;
	(void)call;
	(void)host;
	(void)fault;
	told = false;
	if (need->page > 0 && script.further != KP_DONE) {
		return script.further;
	}
	if (script.write != NULL) {
		script.write(out);
		return KP_FAIL;
	}
	return out->target(out->context, TEXT("/v")) ? KP_DONE : KP_FAIL;
}

static int
head(const void *instance, void *call, const struct kp_head *got,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	(void)instance;
	(void)call;
	(void)got;
	(void)sink;
	(void)fault;
	return script.head;
}

static int
consume(const void *instance, void *call, struct kp_text bytes,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	(void)instance;
	(void)call;
	(void)bytes;
	(void)fault;
	if (!told && script.tell != NULL) {
		script.tell(sink);
	}
	told = true;
	return KP_DONE;
}

static int
finish(const void *instance, void *call, const struct kp_sink *sink,
	enum kp_outcome *ret_outcome, struct kp_fault *fault)
{
	(void)instance;
	(void)call;
	(void)sink;
	(void)fault;
	pages++;
	*ret_outcome = script.outcome;
	return script.finish;
}

static void
end(const void *instance, void *call)
{
	(void)instance;
	(void)call;
}

static uint32_t
cell_of(const struct stage *stage, const char *path)
{
	uint32_t field = kp_catalogue_find_field(stage->catalogue, kp_slice_from(path));
	uint32_t cell = kp_catalogue_find_cell(stage->catalogue, field, 0);
	assert_true(cell < stage->catalogue->cell_count);
	return cell;
}

static void
play(void)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	open_stage(stage, manifest);
	struct kp_source_private *private = kp_source_set_get(stage->set, 0)->private;
	const struct kp_connector *own = private->connector;
	struct kp_connector connector = *own;
	connector.prepare = prepare;
	connector.head = head;
	connector.consume = consume;
	connector.finish = finish;
	connector.end = end;
	private->connector = &connector;
	name_cell = cell_of(stage, "persoon.naam");
	hidden_cell = cell_of(stage, "persoon.geheim");
	law_cell = cell_of(stage, "uitkeringen.wet");
	pages = 0;
	run_stage(stage, ask);
	asker = stage->askers[0];
	free(stage);
	memset(&script, 0, sizeof(script));
}

static void
expect(enum kp_outcome outcome, const char *reason)
{
	play();
	assert_string_equal(asker.reason, reason);
	assert_int_equal(asker.outcome, outcome);
}

/* What is written. */

static void
write_methods(const struct kp_request_writer *out)
{
	void *to = out->context;
	assert_false(out->method(to, TEXT("")));
	assert_false(out->method(to, TEXT("get")));
	assert_false(out->method(to, TEXT("G T")));
	assert_false(out->method(to, TEXT("GET\r\nX")));
	assert_false(out->method(to, TEXT("ABCDEFGHIJKLMNOPQ")));
	assert_true(out->method(to, TEXT("ABCDEFGHIJKLMNOP")));
}

static void
write_targets(const struct kp_request_writer *out)
{
	static char text[KP_SOURCE_TARGET_BYTES_MAX + 1];
	void *to = out->context;
	assert_true(out->target(to, TEXT("")));
	assert_true(out->target(to, TEXT("?a=%3")));
	assert_false(out->target(to, TEXT("a")));
	assert_false(out->target(to, TEXT("@elders.example/")));
	assert_false(out->target(to, TEXT(":8080/")));
	assert_false(out->target(to, TEXT("/a b")));
	assert_false(out->target(to, TEXT("/a\r\nHost: b")));
	assert_false(out->target(to, TEXT("/a\x7f")));
	assert_false(out->target(to, TEXT("/\xc3\xa9")));
	assert_false(out->target(to, TEXT("/a#b")));
	assert_false(out->target(to, TEXT("/a\\b")));
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	assert_true(out->target(to, (struct kp_text){text, sizeof(text) - 1}));
	assert_false(out->target(to, (struct kp_text){text, sizeof(text)}));
}

static void
write_the_number(const struct kp_request_writer *out)
{
	void *to = out->context;
	assert_false(out->target(to, TEXT("/" BSN)));
	assert_false(out->target(to, TEXT("?q=1" BSN "2")));
	assert_false(out->target(to, TEXT("/%39%39%39%39%39%33%36%35%33")));
	assert_false(out->target(to, TEXT("/9%399993653/x")));
	assert_false(out->target(to, TEXT("/99999%33653")));
	assert_true(out->target(to, TEXT("/99999365")));
	assert_true(out->target(to, TEXT("/999993654")));
}

static void
write_headers(const struct kp_request_writer *out)
{
	static const char *const ours[] = {"host", "Content-Length", "TRANSFER-ENCODING",
		"Connection", "te", "Trailer", "upgrade", "keep-alive", "Expect",
		"accept-encoding", "Fsc-Transaction-Id", "if-match", "If-None-Match",
		"if-modified-since", "if-unmodified-since", "if-range", "Range"};
	void *to = out->context;
	for (size_t i = 0; i < KP_ARRAY_LEN(ours); i++) {
		assert_false(out->header(
			to, (struct kp_text){ours[i], strlen(ours[i])}, TEXT("1")));
	}
	assert_false(out->header(to, TEXT(""), TEXT("1")));
	assert_false(out->header(to, TEXT("a b"), TEXT("1")));
	assert_false(out->header(to, TEXT("a:"), TEXT("1")));
	assert_false(out->header(to, TEXT("a"), TEXT("1\r\nb: 2")));
	assert_false(out->header(to, TEXT("a"), TEXT("1\n")));
	for (unsigned i = 0; i < KP_SOURCE_HEADERS_MAX; i++) {
		assert_true(out->header(to, TEXT("a"), TEXT("1")));
	}
	assert_false(out->header(to, TEXT("a"), TEXT("1")));
}

static void
write_long_headers(const struct kp_request_writer *out)
{
	static char text[KP_SOURCE_HEADER_BYTES_MAX];
	void *to = out->context;
	memset(text, 'x', sizeof(text));
	assert_true(out->header(to, TEXT("a"), (struct kp_text){text, sizeof(text) - 1}));
	assert_false(out->header(to, TEXT("b"), TEXT("")));
}

static void
write_bodies(const struct kp_request_writer *out)
{
	static char text[KP_SOURCE_BODY_BYTES_MAX];
	void *to = out->context;
	assert_true(out->body(to, (struct kp_text){text, sizeof(text)}));
	assert_false(out->body(to, TEXT("x")));
}

static void
write_queries(const struct kp_request_writer *out)
{
	static const struct kp_text none[UINT8_MAX + 1];
	void *to = out->context;
	assert_false(out->query(to, TEXT("q"), TEXT(""), NULL, 0));
	/* Its end is not the end of the text. */
	assert_false(out->query(to, TEXT("q"), (struct kp_text){"select 1", 6}, NULL, 0));
	assert_false(out->query(to, TEXT("q"), TEXT("select 1"), none, UINT8_MAX + 1));
	assert_true(out->query(to, TEXT("q"), TEXT("select 1"), none, UINT8_MAX));
	for (unsigned i = 1; i < KP_SQL_QUERIES_MAX; i++) {
		assert_true(out->query(to, TEXT("q"), TEXT("select 1"), NULL, 0));
	}
	assert_false(out->query(to, TEXT("q"), TEXT("select 1"), NULL, 0));
}

static void
what_it_writes(void **state)
{
	(void)state;
	void (*const writes[])(const struct kp_request_writer *) = {write_methods,
		write_targets, write_the_number, write_headers, write_long_headers,
		write_bodies, write_queries};
	for (size_t i = 0; i < KP_ARRAY_LEN(writes); i++) {
		script.write = writes[i];
		expect(KP_ERROR, "de vraag aan de bron kon niet worden gesteld");
	}
}

/* What is delivered. */

static bool
tell_value(const struct kp_sink *sink, uint32_t cell, enum kp_value_form form,
	const char *text)
{
	const struct kp_value value = {.size = sizeof(value),
		.cell = cell,
		.form = form,
		.bytes = {text, strlen(text)}};
	return sink->value(sink->context, &value);
}

static bool
tell_name(const struct kp_sink *sink)
{
	return tell_value(sink, name_cell, KP_VALUE_TEXT, "J");
}

static bool
tell_subject(const struct kp_sink *sink, const char *bsn)
{
	return sink->subject(sink->context, (struct kp_text){bsn, strlen(bsn)});
}

static const char *other;

/* Nothing is taken any more. */
static void
is_over(const struct kp_sink *sink)
{
	uint32_t item;
	assert_false(tell_subject(sink, BSN));
	assert_false(tell_name(sink));
	assert_false(sink->item(sink->context, 0, &item));
	assert_false(sink->note(sink->context, TEXT("a"), TEXT("b")));
	assert_false(sink->valid_on(sink->context, TEXT("2026-01-01")));
}

static void
tell_of_another(const struct kp_sink *sink)
{
	assert_false(tell_subject(sink, other));
	is_over(sink);
}

static void
tell_of_the_same(const struct kp_sink *sink)
{
	assert_true(tell_subject(sink, other));
	assert_true(tell_name(sink));
}

static void
who_it_is_about(void **state)
{
	(void)state;
	static const char *const others[] = {
		"", "0", "999990019", "99999365", "9999936530", "99999365x", "99993653"};
	static const char *const same[] = {BSN, "0" BSN};
	for (size_t i = 0; i < KP_ARRAY_LEN(others); i++) {
		script.tell = tell_of_another;
		other = others[i];
		expect(KP_ERROR, "het antwoord gaat over een andere persoon");
		assert_int_equal(asker.status, KP_E_OTHER_PERSON);
		assert_int_equal(asker.values, 0);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(same); i++) {
		script.tell = tell_of_the_same;
		other = same[i];
		expect(KP_FOUND, "");
		assert_int_equal(asker.values, 1);
	}
}

static void
tell_of_nobody(const struct kp_sink *sink)
{
	assert_false(tell_name(sink));
	is_over(sink);
}

static void
tell_on_first_page(const struct kp_sink *sink)
{
	if (pages == 0) {
		assert_true(tell_subject(sink, BSN));
		script.finish = KP_NEXT;
	} else {
		script.finish = KP_DONE;
		assert_false(tell_name(sink));
	}
}

/* On each page. */
static void
values_of_nobody(void **state)
{
	(void)state;
	script.tell = tell_of_nobody;
	expect(KP_ERROR, "het antwoord zegt niet over wie het gaat");
	assert_int_equal(asker.values, 0);
	script.tell = tell_on_first_page;
	expect(KP_ERROR, "het antwoord zegt niet over wie het gaat");
	assert_int_equal(pages, 1);
}

static void
tell_more_than_asked(const struct kp_sink *sink)
{
	assert_true(tell_subject(sink, BSN));
	assert_true(tell_value(sink, hidden_cell, KP_VALUE_JSON, "true"));
	assert_true(tell_value(sink, 64 * 1000, KP_VALUE_JSON, "true"));
	assert_true(tell_value(sink, UINT32_MAX, KP_VALUE_JSON, "true"));
}

static void
what_was_not_permitted(void **state)
{
	(void)state;
	script.tell = tell_more_than_asked;
	expect(KP_FOUND, "");
	assert_int_equal(asker.values, 0);
}

static enum kp_value_form form;

static void
tell_wrong_value(const struct kp_sink *sink)
{
	assert_true(tell_subject(sink, BSN));
	assert_false(tell_value(sink, name_cell, form, other));
	is_over(sink);
}

static void
tell_without_item(const struct kp_sink *sink)
{
	assert_true(tell_subject(sink, BSN));
	assert_false(tell_value(sink, law_cell, KP_VALUE_TEXT, "PW"));
}

static void
values_that_would_break_the_dossier(void **state)
{
	(void)state;
	static const char *const scalars[] = {
		"", "{}", "[1]", "1,2", "\"a", "\"a\"b\"", "x"};
	for (size_t i = 0; i < KP_ARRAY_LEN(scalars); i++) {
		script.tell = tell_wrong_value;
		form = KP_VALUE_JSON;
		other = scalars[i];
		expect(KP_ERROR, "het antwoord van de bron is niet te lezen");
	}
	script.tell = tell_wrong_value;
	form = KP_VALUE_TEXT;
	other = "\xc3";
	expect(KP_ERROR, "het antwoord van de bron is niet te lezen");
	script.tell = tell_without_item;
	expect(KP_ERROR, "het antwoord van de bron is niet te lezen");
	assert_int_equal(asker.values, 0);
}

static void
tell_items(const struct kp_sink *sink)
{
	uint32_t item;
	assert_true(sink->item(sink->context, 0, &item));
	assert_true(sink->item(sink->context, 0, &item));
	assert_false(sink->item(sink->context, 0, &item));
	is_over(sink);
}

static void
tell_notes(const struct kp_sink *sink)
{
	char code[16];
	for (unsigned i = 0; i < 3 * (KP_SOURCE_NOTES_MAX + 1); i++) {
		int len = snprintf(code, sizeof(code), "n%u", i / 3);
		assert_true(sink->note(
			sink->context, (struct kp_text){code, (size_t)len}, TEXT("")));
	}
}

static void
tell_until_third_page(const struct kp_sink *sink)
{
	assert_true(tell_subject(sink, BSN));
	script.finish = pages < 2 ? KP_NEXT : KP_DONE;
}

static void
as_much_as_was_agreed(void **state)
{
	(void)state;
	script.tell = tell_items;
	expect(KP_ERROR, "het antwoord heeft meer regels dan is toegestaan");
	assert_int_equal(asker.items, 2);
	script.tell = tell_notes;
	expect(KP_FOUND, "");
	assert_int_equal(asker.notes, KP_SOURCE_NOTES_MAX);
	script.finish = KP_NEXT;
	expect(KP_ERROR, "het antwoord heeft meer bladzijden dan is toegestaan");
	assert_int_equal(pages, 2);
}

/* Of all pages together. */
static void
as_many_bytes_as_were_agreed(void **state)
{
	(void)state;
	static char text[1024];
	const size_t three = 3 * (sizeof(answer_body) - 1);
	for (size_t bytes = three - 1; bytes <= three; bytes++) {
		(void)snprintf(text, sizeof(text), MANIFEST("%u", "%zu"), 3, bytes);
		manifest = text;
		script.tell = tell_until_third_page;
		expect(bytes < three ? KP_ERROR : KP_FOUND,
			bytes < three ? "het antwoord is groter dan is toegestaan" : "");
	}
	manifest = MANIFEST("2", "256");
}

/* What came before is not all of it. */
static void
pages_that_cannot_be_asked(void **state)
{
	(void)state;
	static const int verdicts[] = {KP_SKIP, KP_UNMAPPED};
	for (size_t i = 0; i < KP_ARRAY_LEN(verdicts); i++) {
		script.finish = KP_NEXT;
		script.further = verdicts[i];
		expect(KP_ERROR,
			"het vervolg kon niet worden gevraagd, dus het antwoord is niet "
			"heel");
		assert_int_equal(pages, 1);
	}
}

static void
what_it_says_of_the_whole(void **state)
{
	(void)state;
	script.head = KP_FAIL;
	expect(KP_ERROR, "de bron gaf een antwoord dat niet is afgesproken");
	script.outcome = KP_NOT_ASKED;
	expect(KP_ERROR, "het antwoord van de bron is niet te lezen");
	script.outcome = (enum kp_outcome)77;
	expect(KP_ERROR, "het antwoord van de bron is niet te lezen");
	script.finish = KP_FAIL;
	expect(KP_ERROR, "het antwoord van de bron is niet te lezen");
	script.outcome = KP_NOT_ENTITLED;
	expect(KP_NOT_ENTITLED, "de bron geeft ons geen toegang");
}

int
main(void)
{
	struct kp_error err;
	if (kp_runtime_prepare(&err) != KP_OK) {
		return 1;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_writes),
		cmocka_unit_test(who_it_is_about),
		cmocka_unit_test(values_of_nobody),
		cmocka_unit_test(what_was_not_permitted),
		cmocka_unit_test(values_that_would_break_the_dossier),
		cmocka_unit_test(as_much_as_was_agreed),
		cmocka_unit_test(as_many_bytes_as_were_agreed),
		cmocka_unit_test(pages_that_cannot_be_asked),
		cmocka_unit_test(what_it_says_of_the_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
