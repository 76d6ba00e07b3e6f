/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_read: the events of a document, whole, cut at every place and byte by byte;
 * skipping; every limit at and above; where an error says it is; memory that runs out at
 * every allocation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/json_read.h"

#define LOG_BYTES 65536
#define ARENA_BYTES ((size_t)8 << 20)

/* Writes each event as a letter and its raw text, and answers as the test wants. */
struct recorder {
	char log[LOG_BYTES];
	size_t len;
	const char *skip_name; /* answer SKIP to this name */
	bool skip_containers;  /* answer SKIP to every object and array */
	const char *stop_at;   /* answer STOP to this raw text */
};

static const char letters[] = {[KP_JSON_OBJECT_BEGIN] = 'O',
	[KP_JSON_OBJECT_END] = 'o',
	[KP_JSON_ARRAY_BEGIN] = 'A',
	[KP_JSON_ARRAY_END] = 'a',
	[KP_JSON_NAME] = 'N',
	[KP_JSON_STRING] = 'S',
	[KP_JSON_NUMBER] = '#',
	[KP_JSON_TRUE] = 'T',
	[KP_JSON_FALSE] = 'F',
	[KP_JSON_NULL] = '0'};

static enum kp_json_verdict
record(void *ctx, const struct kp_json_token *token)
{
	struct recorder *recorder = ctx;
	int wrote = snprintf(recorder->log + recorder->len, LOG_BYTES - recorder->len,
		"%u%c%s<%.*s>@%llu ", token->depth, letters[token->event],
		token->escaped ? "\\" : "", KP_SLICE_ARG(token->raw),
		(unsigned long long)token->offset);
	assert_true(wrote > 0 && (size_t)wrote < LOG_BYTES - recorder->len);
	recorder->len += (size_t)wrote;
	if (recorder->stop_at != NULL && kp_slice_is(token->raw, recorder->stop_at)) {
		return KP_JSON_STOP;
	}
	if (token->event == KP_JSON_NAME) {
		return recorder->skip_name != NULL &&
				kp_slice_is(token->raw, recorder->skip_name)
			? KP_JSON_SKIP
			: KP_JSON_GO;
	}
	return recorder->skip_containers ? KP_JSON_SKIP : KP_JSON_GO;
}

/* Reads a document in pieces that end at the given cuts; each piece in a block of its own
 * size. */
static enum kp_status
read_cut(struct kp_slice text, const struct kp_json_limits *limits, size_t cut_a,
	size_t cut_b, struct recorder *recorder, struct kp_error *err)
{
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	struct kp_json_reader reader;
	kp_json_reader_init(&reader, limits, &arena, record, recorder);
	size_t edges[] = {0, cut_a, cut_b, text.len};
	enum kp_status status = KP_OK;
	for (int i = 0; i < 3 && status == KP_OK; i++) {
		size_t len = edges[i + 1] - edges[i];
		char *block = malloc(len == 0 ? 1 : len);
		assert_non_null(block);
		memcpy(block, text.data + edges[i], len);
		status = kp_json_reader_push(&reader, (struct kp_slice){block, len}, err);
		memset(block, 'X', len);
		free(block);
	}
	if (status == KP_OK) {
		status = kp_json_reader_finish(&reader, err);
	}
	kp_arena_deinit(&arena);
	return status;
}

static enum kp_status
read_bytewise(struct kp_slice text, const struct kp_json_limits *limits,
	struct recorder *recorder, struct kp_error *err)
{
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	struct kp_json_reader reader;
	kp_json_reader_init(&reader, limits, &arena, record, recorder);
	enum kp_status status = KP_OK;
	for (size_t i = 0; i < text.len && status == KP_OK; i++) {
		char byte = text.data[i];
		status = kp_json_reader_push(&reader, (struct kp_slice){&byte, 1}, err);
		byte = 'X';
	}
	if (status == KP_OK) {
		status = kp_json_reader_finish(&reader, err);
	}
	kp_arena_deinit(&arena);
	return status;
}

static struct recorder *
new_recorder(const struct recorder *like)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	assert_non_null(recorder);
	if (like != NULL) {
		recorder->skip_name = like->skip_name;
		recorder->skip_containers = like->skip_containers;
		recorder->stop_at = like->stop_at;
	}
	return recorder;
}

static void
same_error(const struct kp_error *a, const struct kp_error *b)
{
	assert_string_equal(a->message, b->message);
	assert_string_equal(a->place, b->place);
	assert_int_equal(a->line, b->line);
	assert_int_equal(a->column, b->column);
}

/* Whole, then cut in three at every pair of places near each other, then byte by byte. */
static enum kp_status
read_everyhow(struct kp_slice text, const struct kp_json_limits *limits,
	const struct recorder *like, char *out_log, struct kp_error *ret_err)
{
	struct kp_error err = {0};
	struct recorder *whole = new_recorder(like);
	enum kp_status status = read_cut(text, limits, text.len, text.len, whole, &err);
	for (size_t cut = 0; cut <= text.len; cut++) {
		for (size_t step = 0; step < 4 && cut + step <= text.len; step++) {
			struct kp_error cut_err = {0};
			struct recorder *pieces = new_recorder(like);
			assert_int_equal(
				read_cut(text, limits, cut, cut + step, pieces, &cut_err),
				status);
			assert_string_equal(pieces->log, whole->log);
			same_error(&cut_err, &err);
			free(pieces);
		}
	}
	struct kp_error byte_err = {0};
	struct recorder *bytes = new_recorder(like);
	assert_int_equal(read_bytewise(text, limits, bytes, &byte_err), status);
	assert_string_equal(bytes->log, whole->log);
	same_error(&byte_err, &err);
	if (out_log != NULL) {
		memcpy(out_log, whole->log, LOG_BYTES);
	}
	if (ret_err != NULL) {
		*ret_err = err;
	}
	free(bytes);
	free(whole);
	return status;
}

static char log_text[LOG_BYTES];

static void
expect_events(const char *text, const struct recorder *like, const char *events)
{
	struct kp_error err;
	enum kp_status status =
		read_everyhow(kp_slice_from(text), NULL, like, log_text, &err);
	if (status != KP_OK) {
		fail_msg("%s: %s", text, err.message);
	}
	assert_string_equal(log_text, events);
}

static void
expect_error(const char *text, enum kp_status status, const char *position)
{
	struct kp_error err;
	assert_int_equal(
		read_everyhow(kp_slice_from(text), NULL, NULL, NULL, &err), status);
	char found[512];
	(void)snprintf(found, sizeof(found), "%u:%u %s: %s", err.line, err.column,
		err.place, err.message);
	assert_string_equal(found, position);
}

static void
gives_every_kind_of_event(void **state)
{
	(void)state;
	expect_events("{\"a\":[1,-2.50e+3,\"x\\n\",true],\r\n\t\"b\" : {},\"c\":[null , "
		      "false]}",
		NULL,
		"0O<{>@0 1N<a>@1 1A<[>@5 2#<1>@6 2#<-2.50e+3>@8 2S\\<x\\n>@17 "
		"2T<true>@23 "
		"1a<]>@27 1N<b>@32 1O<{>@38 1o<}>@39 1N<c>@41 1A<[>@45 20<null>@46 "
		"2F<false>@53 1a<]>@58 0o<}>@59 ");
	expect_events(" 12 ", NULL, "0#<12>@1 ");
	expect_events("-0", NULL, "0#<-0>@0 ");
	expect_events("\"\"", NULL, "0S<>@0 ");
	expect_events("{\"\":\"\"}", NULL, "0O<{>@0 1N<>@1 1S<>@4 0o<}>@6 ");
	expect_events("true\n", NULL, "0T<true>@0 ");
	expect_events("[[[]]]", NULL, "0A<[>@0 1A<[>@1 2A<[>@2 2a<]>@3 1a<]>@4 0a<]>@5 ");
}

static void
keeps_text_as_its_source_wrote_it(void **state)
{
	(void)state;
	expect_events(
		"[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",\"\\u00e9\\ud83d\\uDE00\\/\"]",
		NULL,
		"0A<[>@0 1S<\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80>@1 "
		"1S\\<\\u00e9\\ud83d\\uDE00\\/>@13 0a<]>@35 ");
	expect_events("[0.1,1.10,1E400,123456789012345678901234567890]", NULL,
		"0A<[>@0 1#<0.1>@1 1#<1.10>@5 1#<1E400>@10 "
		"1#<123456789012345678901234567890>@16 0a<]>@46 ");
}

static void
skips_what_it_is_told_to(void **state)
{
	(void)state;
	struct recorder skip_b = {.skip_name = "b"};
	expect_events("{\"a\":1,\"b\":{\"x\":[{\"b\":2}]},\"c\":3}", &skip_b,
		"0O<{>@0 1N<a>@1 1#<1>@5 1N<b>@7 1N<c>@27 1#<3>@31 0o<}>@32 ");
	expect_events("{\"b\":\"s\\u0041\",\"c\":3}", &skip_b,
		"0O<{>@0 1N<b>@1 1N<c>@15 1#<3>@19 0o<}>@20 ");
	expect_events("{\"b\":12,\"c\":[3]}", &skip_b,
		"0O<{>@0 1N<b>@1 1N<c>@8 1A<[>@12 2#<3>@13 1a<]>@14 0o<}>@15 ");
	expect_events("[{\"b\":null},{\"b\":[]}]", &skip_b,
		"0A<[>@0 1O<{>@1 2N<b>@2 1o<}>@10 1O<{>@12 2N<b>@13 1o<}>@19 0a<]>@20 ");
	struct recorder skip_all = {.skip_containers = true};
	expect_events("{\"a\":[1,{}],\"b\":{}}", &skip_all, "0O<{>@0 ");
	expect_events("[[1],{\"a\":[]},2]", &skip_all, "0A<[>@0 ");
}

static void
checks_what_it_skips(void **state)
{
	(void)state;
	static const char *const wrong[] = {"{\"a\":[1,]}", "{\"a\":01}",
		"{\"a\":\"\xff\"}", "{\"a\":{\"x\":1,\"x\":2}}", "{\"a\":\"\\ud800\"}",
		"[tru]", "[1 2]", "[{]", "{\"a\":\"\n\"}", "{\"a\":1", "[\"a"};
	struct recorder skip_all = {.skip_containers = true};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		assert_int_not_equal(read_everyhow(kp_slice_from(wrong[i]), NULL,
					     &skip_all, NULL, NULL),
			KP_OK);
	}
}

static void
stops_when_told_to(void **state)
{
	(void)state;
	struct recorder stop = {.stop_at = "halt"};
	assert_int_equal(
		read_everyhow(KP_SLICE("[1,\"halt\",2]"), NULL, &stop, log_text, NULL),
		KP_E_CANCELLED);
	assert_string_equal(log_text, "0A<[>@0 1#<1>@1 1S<halt>@3 ");
	struct recorder stop_name = {.stop_at = "{"};
	assert_int_equal(read_everyhow(KP_SLICE("{}"), NULL, &stop_name, NULL, NULL),
		KP_E_CANCELLED);
}

static void
says_where_an_error_is(void **state)
{
	(void)state;
	expect_error("{\n  \"a\": [1, 2,, 3]\n}", KP_E_SYNTAX,
		"2:14 /a/2: a value was expected, at byte 15");
	expect_error("{\"x~y/z\":{\"b\":[[0,{\"c\" 1}]]}}", KP_E_SYNTAX,
		"1:24 /x~0y~1z/b/0/1/c: a colon was expected, at byte 23");
	expect_error("{\"a\":1,\n\"a\":2}", KP_E_INVALID,
		"2:1 /a: the object has this name twice, at byte 8");
	expect_error("[1] x", KP_E_SYNTAX,
		"1:5 : the document has bytes after its value, at byte 4");
	expect_error("", KP_E_SYNTAX, "1:1 : the document ends too early, at byte 0");
	expect_error("{\"a\":{\"b\":tr", KP_E_SYNTAX,
		"1:13 /a/b: the document ends too early, at byte 12");
	expect_error("\xef\xbb\xbf{}", KP_E_SYNTAX,
		"1:1 : the document begins with a byte order mark, at byte 0");
	expect_error("[\"ab\xc3(\"]", KP_E_SYNTAX,
		"1:6 /0: a string has a control byte, a wrong escape or wrong UTF-8, at "
		"byte 5");
	expect_error("[-]", KP_E_SYNTAX,
		"1:2 /0: a number is not written as JSON wants it, at byte 1");
	expect_error("{\"a\":1]", KP_E_SYNTAX,
		"1:7 /a: the other closing bracket was expected, at byte 6");
}

static void
cuts_a_long_pointer_at_a_character(void **state)
{
	(void)state;
	char text[400] = "{\"";
	for (int i = 0; i < 70; i++) {
		(void)strncat(text, "\xc3\xa9", 3);
	}
	(void)strncat(text, "\":{\"b\":x}}", 16);
	struct kp_error err;
	assert_int_equal(
		read_everyhow(kp_slice_from(text), NULL, NULL, NULL, &err), KP_E_SYNTAX);
	size_t len = strlen(err.place);
	assert_true(len >= 120 && len < sizeof(err.place));
	assert_int_equal(len % 2, 1);
}

static void
refuses_wrong_utf8_and_surrogates(void **state)
{
	(void)state;
	static const char *const wrong[] = {"\"\x80\"", "\"\xc0\x80\"", "\"\xc1\xbf\"",
		"\"\xc3\"", "\"\xe0\x9f\xbf\"", "\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"",
		"\"\xe2\x82\"", "\"\xf0\x8f\xbf\xbf\"", "\"\xf4\x90\x80\x80\"",
		"\"\xf5\x80\x80\x80\"", "\"\xff\"", "\"\xfe\"", "\"\\ud800\"",
		"\"\\udc00\"", "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\ud800\\ud800\"",
		"\"\\ud83d\\u0041\"", "\"\\u12G4\"", "\"\\u\"", "\"\\x41\"", "\"\\\"",
		"\"\\U0041\"", "\"\t\"", "\"a\x1f\"", "{\"\\ud800\":1}"};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		assert_int_equal(
			read_everyhow(kp_slice_from(wrong[i]), NULL, NULL, NULL, NULL),
			KP_E_SYNTAX);
	}
	assert_int_equal(
		read_everyhow((struct kp_slice){"\"a\0b\"", 5}, NULL, NULL, NULL, NULL),
		KP_E_SYNTAX);
	static const char *const right[] = {"\"\xc2\x80\"", "\"\xdf\xbf\"",
		"\"\xe0\xa0\x80\"", "\"\xed\x9f\xbf\"", "\"\xee\x80\x80\"",
		"\"\xef\xbf\xbf\"", "\"\xf0\x90\x80\x80\"", "\"\xf4\x8f\xbf\xbf\"",
		"\"\x7f\"", "\"\\u0000\"", "\"\\ud800\\udc00\"", "\"\\udbff\\uDFFF\""};
	for (size_t i = 0; i < KP_ARRAY_LEN(right); i++) {
		assert_int_equal(
			read_everyhow(kp_slice_from(right[i]), NULL, NULL, NULL, NULL),
			KP_OK);
	}
}

static void
refuses_what_is_not_json(void **state)
{
	(void)state;
	static const char *const wrong[] = {" ", "[", "]", "{", "}", "[,]", "[1,]",
		"[,1]", "[1,,2]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
		"{\"a\" \"b\"}", "{a:1}", "{1:2}", "{'a':1}", "[1}", "{\"a\":1]", "[1 2]",
		"1 2", "tru", "truee", "TRUE", "nul", "nulll", "NaN", "Infinity", "+1",
		"01", "-01", "1.", ".5", "1.e1", "1e", "1e+", "--1", "1.2.3", "0x10",
		"1_000", "/**/1", "#1", "[1]//", "\"a", "a\"", "'a'", "[\"a\",\n4\n,1,",
		"\v1", "\f1", "[1]\xa0", "{\"a\":1,\"b\"}", "{\"a\":1 \"b\":2}", "[]]",
		"{}}", "-", "[-a]", "1e5.2", "[true false]", "\xef\xbb\xbf",
		"[\xef\xbb\xbf]", "fals\xe9"};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		enum kp_status status =
			read_everyhow(kp_slice_from(wrong[i]), NULL, NULL, NULL, NULL);
		if (status != KP_E_SYNTAX) {
			fail_msg("'%s' gives %d", wrong[i], (int)status);
		}
	}
}

static void
refuses_names_that_come_twice(void **state)
{
	(void)state;
	static const char *const wrong[] = {"{\"a\":1,\"a\":1}", "{\"\":1,\"\":2}",
		"{\"a\":1,\"\\u0061\":2}", "{\"\\u00e9\":1,\"\xc3\xa9\":2}",
		"{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}",
		"{\"a\":{\"b\":1},\"c\":[],\"a\":1}",
		"[{\"x\":{\"y\":1,\"z\":2,\"y\":3}}]",
		"{\"burgerservicenummer\":1,\"burgerservicenumme\\u0072\":2}",
		("{\"een naam die langer is dan tweeendertig bytes\":1,"
		 "\"een naam die langer is dan tweeendertig\\u0020bytes\":2}")};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		assert_int_equal(
			read_everyhow(kp_slice_from(wrong[i]), NULL, NULL, NULL, NULL),
			KP_E_INVALID);
	}
	static const char *const right[] = {"[{\"a\":1},{\"a\":1}]",
		"{\"a\":{\"a\":{\"a\":1}}}",
		"{\"a\":1,\"A\":2,\"aa\":3,\"\":4,\"\\u0000\":5}",
		"{\"abcdefgh\":1,\"abcdefghabcdefgh\":2,\"abcdefghabcdefghabcdefgh\":3,"
		"\"abcdefghabcdefghabcdefghabcdefgh\":4,"
		"\"abcdefghabcdefghabcdefghabcdefgha\":5}"};
	for (size_t i = 0; i < KP_ARRAY_LEN(right); i++) {
		assert_int_equal(
			read_everyhow(kp_slice_from(right[i]), NULL, NULL, NULL, NULL),
			KP_OK);
	}
}

static enum kp_json_verdict
ignore(void *ctx, const struct kp_json_token *token)
{
	(void)ctx;
	(void)token;
	return KP_JSON_GO;
}

static enum kp_status
read_plain(
	struct kp_slice text, const struct kp_json_limits *limits, struct kp_error *err)
{
	struct kp_arena arena;
	kp_arena_init(&arena, (size_t)64 << 20, NULL);
	enum kp_status status = kp_json_read(text, limits, &arena, ignore, NULL, err);
	kp_arena_deinit(&arena);
	return status;
}

/* Objects of `count` names, the last of which is the name numbered `last`. */
static struct kp_slice
make_object(char *out, size_t size, unsigned count, unsigned last, const char *prefix)
{
	size_t len = 0;
	for (unsigned i = 0; i < count; i++) {
		len += (size_t)snprintf(out + len, size - len, "%s\"%s%u\":%u",
			i == 0 ? "{" : ",", prefix, i + 1 == count ? last : i, i);
	}
	out[len++] = '}';
	return (struct kp_slice){out, len};
}

static void
finds_a_double_name_among_many(void **state)
{
	(void)state;
	size_t size = (size_t)4 << 20;
	char *text = malloc(size);
	assert_non_null(text);
	static const unsigned counts[] = {
		2, 31, 32, 33, 34, 63, 64, 65, 66, 129, 1000, 60000};
	static const char *const prefixes[] = {"", "naam", "een langere naam ",
		"een nog veel langere naam met een nummer "};
	for (size_t i = 0; i < KP_ARRAY_LEN(counts); i++) {
		unsigned count = counts[i];
		for (size_t j = 0; j < KP_ARRAY_LEN(prefixes); j++) {
			struct kp_slice fresh =
				make_object(text, size, count, count, prefixes[j]);
			assert_int_equal(read_plain(fresh, NULL, NULL), KP_OK);
			unsigned seen[] = {0, count / 2, count - 2};
			for (size_t k = 0; k < KP_ARRAY_LEN(seen); k++) {
				struct kp_slice twice = make_object(
					text, size, count, seen[k], prefixes[j]);
				enum kp_status status = read_plain(twice, NULL, NULL);
				assert_int_equal(status,
					seen[k] == count - 1 ? KP_OK : KP_E_INVALID);
			}
		}
	}
	free(text);
}

static void
forgets_the_names_of_closed_objects(void **state)
{
	(void)state;
	size_t size = (size_t)4 << 20;
	char *text = malloc(size);
	assert_non_null(text);
	size_t len = 1;
	text[0] = '[';
	for (int i = 0; i < 300; i++) {
		unsigned count = 1 + (unsigned)(i * 7) % 150;
		len += make_object(text + len, size - len, count, count, "n").len;
		text[len++] = i == 299 ? ']' : ',';
	}
	assert_int_equal(read_plain((struct kp_slice){text, len}, NULL, NULL), KP_OK);
	free(text);
}

static void
holds_every_limit(void **state)
{
	(void)state;
	const struct {
		struct kp_json_limits limits;
		const char *at;
		const char *above;
		const char *name;
	} cases[] = {
		{{.depth_max = 3}, "[[{\"a\":1}]]", "[[{\"a\":[]}]]", "depth_max is 3"},
		{{.token_bytes_max = 4}, "[\"abcd\"]", "[\"abcde\"]",
			"token_bytes_max is 4"},
		{{.token_bytes_max = 4}, "[\"\\n\\n\"]", "[\"\\n\\nx\"]",
			"token_bytes_max is 4"},
		{{.token_bytes_max = 4}, "{\"abcd\":1}", "{\"abcde\":1}",
			"token_bytes_max is 4"},
		{{.token_bytes_max = 4}, "[1234]", "[12345]", "token_bytes_max is 4"},
		{{.token_bytes_max = 4}, "1234", "12345", "token_bytes_max is 4"},
		{{.document_bytes_max = 6}, "[1,23]", "[1,234]",
			"document_bytes_max is 6"},
		{{.document_bytes_max = 6}, "[1,23]", "[1,23] ",
			"document_bytes_max is 6"},
		{{.names_per_object_max = 2}, "{\"a\":{\"x\":1,\"y\":2},\"b\":2}",
			"{\"a\":1,\"b\":2,\"c\":3}", "names_per_object_max is 2"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct kp_slice at = kp_slice_from(cases[i].at);
		assert_int_equal(
			read_everyhow(at, &cases[i].limits, NULL, NULL, NULL), KP_OK);
		struct recorder quiet = {.skip_containers = true};
		assert_int_equal(
			read_everyhow(at, &cases[i].limits, &quiet, NULL, NULL), KP_OK);
		struct kp_slice above = kp_slice_from(cases[i].above);
		struct kp_error err;
		struct kp_arena arena;
		kp_arena_init(&arena, ARENA_BYTES, NULL);
		assert_int_equal(
			kp_json_read(above, &cases[i].limits, &arena, ignore, NULL, &err),
			KP_E_LIMIT);
		kp_arena_deinit(&arena);
		assert_non_null(strstr(err.message, cases[i].name));
		for (size_t cut = 0; cut <= above.len; cut++) {
			struct recorder *pieces = new_recorder(&quiet);
			assert_int_equal(
				read_cut(above, &cases[i].limits, cut, cut, pieces, NULL),
				KP_E_LIMIT);
			free(pieces);
		}
	}
}

static void
has_the_default_depth(void **state)
{
	(void)state;
	char text[2 * KP_JSON_DEPTH_MAX + 2];
	memset(text, '[', KP_JSON_DEPTH_MAX + 1);
	memset(text + KP_JSON_DEPTH_MAX + 1, ']', KP_JSON_DEPTH_MAX + 1);
	assert_int_equal(read_plain((struct kp_slice){text + 1, 2 * KP_JSON_DEPTH_MAX},
				 NULL, NULL),
		KP_OK);
	assert_int_equal(read_plain((struct kp_slice){text, sizeof(text)}, NULL, NULL),
		KP_E_LIMIT);
}

static void
stays_refused_after_an_error(void **state)
{
	(void)state;
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	struct kp_json_reader reader;
	kp_json_reader_init(&reader, NULL, &arena, ignore, NULL);
	struct kp_error err;
	assert_int_equal(kp_json_reader_push(&reader, KP_SLICE("[1,"), &err), KP_OK);
	assert_int_equal(kp_json_reader_push(&reader, KP_SLICE("}"), &err), KP_E_SYNTAX);
	struct kp_error again;
	assert_int_equal(
		kp_json_reader_push(&reader, KP_SLICE("2]"), &again), KP_E_SYNTAX);
	assert_string_equal(again.message, err.message);
	assert_int_equal(kp_json_reader_finish(&reader, &again), KP_E_SYNTAX);
	assert_int_equal(kp_json_reader_finish(&reader, NULL), KP_E_SYNTAX);
	kp_arena_deinit(&arena);
}

static void
survives_every_lack_of_memory(void **state)
{
	(void)state;
	char text[8000];
	struct kp_slice object = make_object(text, sizeof(text), 200, 200, "n\\u0061am");
	bool refused = false;
	bool accepted = false;
	for (size_t bytes = 0; bytes < 40000; bytes += 64) {
		struct kp_arena arena;
		kp_arena_init(&arena, bytes, NULL);
		struct kp_json_reader reader;
		kp_json_reader_init(&reader, NULL, &arena, ignore, NULL);
		enum kp_status status = KP_OK;
		for (size_t i = 0; i < object.len && status == KP_OK; i += 3) {
			size_t len = object.len - i < 3 ? object.len - i : 3;
			status = kp_json_reader_push(
				&reader, (struct kp_slice){text + i, len}, NULL);
		}
		if (status == KP_OK) {
			status = kp_json_reader_finish(&reader, NULL);
		}
		assert_true(status == KP_OK || status == KP_E_MEMORY);
		refused = refused || status == KP_E_MEMORY;
		accepted = accepted || status == KP_OK;
		kp_arena_deinit(&arena);
	}
	assert_true(refused && accepted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_every_kind_of_event),
		cmocka_unit_test(keeps_text_as_its_source_wrote_it),
		cmocka_unit_test(skips_what_it_is_told_to),
		cmocka_unit_test(checks_what_it_skips),
		cmocka_unit_test(stops_when_told_to),
		cmocka_unit_test(says_where_an_error_is),
		cmocka_unit_test(cuts_a_long_pointer_at_a_character),
		cmocka_unit_test(refuses_wrong_utf8_and_surrogates),
		cmocka_unit_test(refuses_what_is_not_json),
		cmocka_unit_test(refuses_names_that_come_twice),
		cmocka_unit_test(finds_a_double_name_among_many),
		cmocka_unit_test(forgets_the_names_of_closed_objects),
		cmocka_unit_test(holds_every_limit),
		cmocka_unit_test(has_the_default_depth),
		cmocka_unit_test(stays_refused_after_an_error),
		cmocka_unit_test(survives_every_lack_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
