/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The XML parser of the soap connector against text that is made to cost much: refused
 * after few bytes, and with little memory. The time it takes is printed, not asserted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <libxml/parser.h>
#include <malloc.h>

#include "connectors/soap/xml.h"
#include "core/arena.h"
#include "core/buffer.h"

#define MEMORY_BYTES_MAX ((size_t)1 << 20)

static size_t in_use;
static size_t peak;

static void *
count_alloc(size_t size)
{
	void *block = malloc(size);
	in_use += block == NULL ? 0 : malloc_usable_size(block);
	peak = in_use > peak ? in_use : peak;
	return block;
}

static void
count_free(void *block)
{
	in_use -= block == NULL ? 0 : malloc_usable_size(block);
	free(block);
}

static void *
count_realloc(void *block, size_t size)
{
	in_use -= block == NULL ? 0 : malloc_usable_size(block);
	void *moved = realloc(block, size);
	in_use += malloc_usable_size(moved == NULL ? block : moved);
	peak = in_use > peak ? in_use : peak;
	return moved;
}

static char *
count_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = count_alloc(size);
	return copy == NULL ? NULL : memcpy(copy, text, size);
}

struct seen {
	unsigned elements;
	unsigned depth;
	size_t text;
	size_t read; /* bytes of the answer, the piece that was refused included */
	char last[32];
	char value[32]; /* of the last attribute */
};

static bool
on_open(void *context, struct kp_slice name, struct kp_slice space,
	const struct kp_xml_attribute *attributes, unsigned attribute_count)
{
	struct seen *seen = context;
	(void)space;
	for (unsigned i = 0; i < attribute_count; i++) {
		(void)snprintf(seen->value, sizeof(seen->value), "%.*s",
			KP_SLICE_ARG(attributes[i].value));
	}
	seen->elements++;
	seen->depth++;
	(void)snprintf(seen->last, sizeof(seen->last), "%.*s", KP_SLICE_ARG(name));
	return strcmp(seen->last, "stop") != 0;
}

static bool
on_text(void *context, struct kp_slice text)
{
	struct seen *seen = context;
	seen->text += text.len;
	return true;
}

static bool
on_close(void *context)
{
	struct seen *seen = context;
	seen->depth--;
	return true;
}

static const struct kp_xml_events events = {on_open, on_text, on_close};

/* What is wrong with a text, fed in pieces. */
static const char *
read_xml(struct kp_slice text, size_t piece, struct seen *seen)
{
	struct kp_xml xml;
	const char *fault = NULL;
	*seen = (struct seen){0};
	assert_true(kp_xml_init(&xml, &events, seen));
	for (size_t at = 0; at < text.len && fault == NULL && !xml.stopped; at += piece) {
		size_t len = text.len - at < piece ? text.len - at : piece;
		fault = kp_xml_push(&xml, (struct kp_slice){text.data + at, len});
		seen->read += len;
	}
	if (fault == NULL && !xml.stopped) {
		fault = kp_xml_finish(&xml);
	}
	kp_xml_deinit(&xml);
	return fault;
}

static void
test_reads_however_it_is_cut(void **state)
{
	(void)state;
	static const char text[] =
		"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a > b -->"
		"<p:a xmlns:p=\"urn:x\" "
		"q='>'><b>t&amp;&#65;</b><![CDATA[<c>]]]]></p:a>\n";
	for (size_t piece = 1; piece < sizeof(text); piece++) {
		struct seen seen;
		assert_null(read_xml(kp_slice_from(text), piece, &seen));
		assert_int_equal(seen.elements, 2);
		assert_int_equal(seen.depth, 0);
		assert_int_equal(seen.text, 3 + 5);
	}
}

/* The five entities of XML and characters by number, in attributes as in text. */
static void
test_values_of_attributes(void **state)
{
	(void)state;
	struct seen seen;
	assert_null(read_xml(
		KP_SLICE("<a b='x&amp;&lt;&#38;&#x41;&quot;&#13;y'/>"), 5, &seen));
	assert_string_equal(seen.value, "x&<&A\"\ry");
}

static void
test_stops_when_told(void **state)
{
	(void)state;
	struct seen seen;
	assert_null(read_xml(KP_SLICE("<a><stop><b></c>"), 3, &seen));
	assert_int_equal(seen.elements, 2);
}

static void
test_refuses_what_is_no_xml(void **state)
{
	(void)state;
	static const char *const texts[] = {"", " ", "a", "{}", "<a>", "<a></b>",
		"<a/><a/>", "<a>&b;</a>", "<a>&#0;</a>", "<a b=\"1\" b=\"2\"/>",
		"<a>\xff</a>", "<a><!-- -- --></a>", "<p:a/>", "<a></a>x",
		"<?xml version=\"1.0\"?>", "<a><?p?></a>", "<?xml version='1.0'><a/>",
		"<a", "<!a>", "\xfe\xff<a/>"};
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		struct seen seen;
		for (size_t piece = 1; piece < 4; piece++) {
			const char *fault =
				read_xml(kp_slice_from(texts[i]), piece, &seen);
			/* A prefix without a namespace is an error of Namespaces. */
			assert_non_null(fault);
		}
	}
}

/* What a guard says of a text, fed in two pieces. */
static const char *
guard_text(struct kp_slice text, size_t cut)
{
	struct kp_guard guard = {0};
	const char *fault = kp_guard_push(&guard, (struct kp_slice){text.data, cut});
	return fault != NULL
		? fault
		: kp_guard_push(
			  &guard, (struct kp_slice){text.data + cut, text.len - cut});
}

/* "+ADwAIQ-" is "<!" in UTF-7: the parser would see what the guard cannot. */
#define HIDDEN "?>+ADwAIQ-DOCTYPE a [+ADwAIQ-ENTITY b 'c'+AD4-]+AD4-<a>&b;</a>"

static void
test_only_encodings_that_can_be_guarded(void **state)
{
	(void)state;
	static const char no_encoding[] =
		"the answer is in an encoding that is not allowed";
	static const char no_declaration[] = "the XML declaration is not as XML has it";
	static const struct {
		const char *text;
		const char *fault; /* NULL: fine */
	} rows[] = {
		{"<?xml version='1.0' encoding='UTF-8'?><a/>", NULL},
		{"<?xml version=\"1.0\"\n encoding = \"utf-8\" standalone='yes' ?><a/>",
			NULL},
		{"<?xml version='1.0' encoding='Us-Ascii'?><a/>", NULL},
		{"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><a/>", NULL},
		{"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>", NULL},
		{"<?xml version='1.0' encoding='ISO-8859-15'?><a>\xa4</a>", NULL},
		{"<?xml version='1.0' encoding='Windows-1252'?><a>\x80</a>", NULL},
		{"<?xml version='1.0'?><a/>", NULL},
		{"<?xml version='1.0' encoding='UTF-7'" HIDDEN, no_encoding},
		{"<?xml version='1.0' encoding='utf-7'" HIDDEN, no_encoding},
		{"<?xml version='1.0'\tencoding\n=\r\"UTF-7\"" HIDDEN, no_encoding},
		{"<?xml version='1.0'encoding='UTF-7'" HIDDEN, no_encoding},
		{"<?xml version='1.0' encoding='UTF-8' encoding='UTF-7'" HIDDEN,
			no_encoding},
		{"<?xml version=\"encoding='UTF-8'\" encoding='UTF-7'" HIDDEN,
			no_encoding},
		{"<?xml version='1.0' encoding=''?><a/>", no_encoding},
		{"<?xml version='1.0' encoding='UTF-80'?><a/>", no_encoding},
		{"<?xml version='1.0' encoding='UTF-16'?><a/>", no_encoding},
		{"<?xml version='>' encoding='UTF-7'" HIDDEN, no_declaration},
		{"<?xml version='1.0' encoding=UTF-7" HIDDEN, no_declaration},
		{"<?xml version='1.0' encoding='UTF-7\"" HIDDEN, no_declaration},
		{"<?xml version='1.0' Encoding='UTF-7'" HIDDEN, no_declaration},
		{"<?xml version='1.0' encoding" HIDDEN, no_declaration},
		{"<?xml version='1.0' code='UTF-8'?><a/>", no_declaration},
		{"<?xml version='1.0' x><a/>", no_declaration},
		{"<?xml >", no_declaration},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		struct kp_slice text = kp_slice_from(rows[i].text);
		for (size_t cut = 0; cut <= text.len; cut++) {
			const char *fault = guard_text(text, cut);
			struct seen seen;
			if (rows[i].fault == NULL ? fault != NULL
						  : fault == NULL ||
						strcmp(fault, rows[i].fault) != 0) {
				fail_msg("'%s' cut at %zu: %s", rows[i].text, cut,
					fault == NULL ? "let through" : fault);
			}
			/* The parser knows the encodings that are let through. */
			fault = read_xml(text, cut + 1, &seen);
			assert_true((fault == NULL) == (rows[i].fault == NULL));
			assert_true(fault == NULL || seen.elements == 0);
		}
	}
}

/* `head`, then `part` so many times, then `tail`. */
struct bomb {
	const char *name;
	const char *head;
	const char *part;
	size_t count;
	const char *tail;
	size_t read_max; /* bytes that are read before it is refused */
};

#define PIECE ((size_t)256)
#define AT_ONCE PIECE /* in the first piece, whatever comes behind */
#define TAG (KP_GUARD_TAG_BYTES_MAX + PIECE)

static void
test_bombs_cost_little(void **state)
{
	(void)state;
	static const struct bomb bombs[] = {
		{"billion laughs", "<!DOCTYPE l [<!ENTITY a \"lol\">",
			"<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">", 10,
			"]><l>&b;</l>", AT_ONCE},
		{"quadratic blow-up", "<!DOCTYPE l [<!ENTITY a \"", "aaaaaaaaaa", 100000,
			"\">]><l>&a;&a;&a;&a;</l>", AT_ONCE},
		{"external entity",
			"<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a SYSTEM "
			"\"file:///dev/zero\">]><l>&a;</l>",
			"", 0, "", AT_ONCE},
		{"external DTD", "<!DOCTYPE l SYSTEM \"http://127.0.0.1:1/a.dtd\"><l/>",
			"", 0, "", AT_ONCE},
		{"parameter entities",
			"<!DOCTYPE l [<!ENTITY % a \"<!ENTITY b 'c'>\">%a;]><l/>", "", 0,
			"", AT_ONCE},
		{"long DTD", "<!DOCTYPE l [", "<!ELEMENT a (b)>", 100000, "]><l/>",
			AT_ONCE},
		{"depth", "", "<a>", 1000000, "", 3 * KP_XML_DEPTH_MAX + PIECE},
		{"long name", "<", "aaaaaaaaaa", 500000, "/>", TAG},
		{"long attribute", "<a b=\"", "aaaaaaaaaa", 500000, "\"/>", TAG},
		{"many attributes", "<a ", "x='' ", 100000, "/>", TAG},
		{"many namespaces", "<a ", "xmlns:x='u' ", 100000, "/>", TAG},
		{"long comment", "<!--", "aaaaaaaaaa", 500000, "--><a/>",
			KP_GUARD_COMMENT_BYTES_MAX + PIECE},
		{"long declaration", "<?xml ", "version='1.0' ", 100000, "?><a/>", TAG},
		{"processing instruction", "<?a ", "aaaaaaaaaa", 500000, "?><a/>",
			AT_ONCE},
	};
	assert_int_equal(
		xmlMemSetup(count_free, count_alloc, count_realloc, count_strdup), 0);
	xmlInitParser();
	for (size_t i = 0; i < KP_ARRAY_LEN(bombs); i++) {
		struct kp_arena arena;
		struct kp_buffer text;
		struct seen seen;
		struct timespec from;
		struct timespec to;
		kp_arena_init(&arena, (size_t)64 << 20, NULL);
		kp_buffer_init(&text, &arena, (size_t)32 << 20);
		kp_buffer_add(&text, bombs[i].head, strlen(bombs[i].head));
		for (size_t n = 0; n < bombs[i].count; n++) {
			kp_buffer_add(&text, bombs[i].part, strlen(bombs[i].part));
		}
		kp_buffer_add(&text, bombs[i].tail, strlen(bombs[i].tail));
		size_t before = in_use;
		peak = in_use;
		(void)clock_gettime(CLOCK_MONOTONIC, &from);
		const char *fault = read_xml(kp_buffer_slice(&text), PIECE, &seen);
		(void)clock_gettime(CLOCK_MONOTONIC, &to);
		printf("%-24s %7ld us, %6zu of %7zu bytes read, %6zu bytes of memory: "
		       "%s\n",
			bombs[i].name,
			(to.tv_sec - from.tv_sec) * 1000000 +
				(to.tv_nsec - from.tv_nsec) / 1000,
			seen.read, text.len, peak - before,
			fault == NULL ? "taken" : fault);
		assert_non_null(fault);
		assert_true(peak - before < MEMORY_BYTES_MAX);
		assert_true(seen.read <= bombs[i].read_max);
		kp_arena_deinit(&arena);
	}
}

/* `before` and "<a", so many bytes of `fill`, and an end: whether the guard lets it pass.
 */
static bool
tag_passes(const char *before, size_t len, const char *fill, size_t piece)
{
	static char text[KP_GUARD_TAG_BYTES_MAX + 64];
	struct kp_guard guard = {0};
	bool passes = true;
	size_t head = (size_t)snprintf(text, sizeof(text), "%s<a", before);
	for (size_t i = 0; i < len; i++) {
		text[head + i] = fill[i % strlen(fill)];
	}
	len += head;
	text[len++] = '>';
	memset(text + len, ' ', 32);
	len += 32;
	for (size_t at = 0; at < len && passes; at += piece) {
		struct kp_slice part = {text + at, len - at < piece ? len - at : piece};
		passes = kp_guard_push(&guard, part) == NULL;
	}
	return passes && guard.state == KP_GUARD_TEXT;
}

static void
test_a_tag_as_long_as_may_be(void **state)
{
	(void)state;
	static const char *const fills[] = {"a", " b=''", " b='>'", "''"};
	static const size_t pieces[] = {1, 17, 4096, 2 * KP_GUARD_TAG_BYTES_MAX};
	/* The end of the tag counts. */
	size_t most = KP_GUARD_TAG_BYTES_MAX - 1;
	for (size_t i = 0; i < KP_ARRAY_LEN(fills); i++) {
		size_t len = most - most % strlen(fills[i]);
		for (size_t j = 0; j < KP_ARRAY_LEN(pieces); j++) {
			size_t more = len + strlen(fills[i]);
			assert_true(tag_passes("", len, fills[i], pieces[j]));
			assert_false(tag_passes("", more, fills[i], pieces[j]));
			assert_true(tag_passes("<x> ", len, fills[i], pieces[j]));
			assert_false(tag_passes("<x> ", more, fills[i], pieces[j]));
		}
	}
}

/* A comment ends with "-->" of its own: what stands in it is no declaration. */
static void
test_comments_end_where_they_end(void **state)
{
	(void)state;
	static const char *const texts[] = {"<a><!--><!DOCTYPE b>--></a>",
		"<a><!---><!DOCTYPE b>--></a>", "<a><!-- <!DOCTYPE b> --></a>",
		"<a><![CDATA[>]>]]<!DOCTYPE b>]]></a>"};
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		struct seen seen;
		assert_null(read_xml(kp_slice_from(texts[i]), 1, &seen));
		assert_int_equal(seen.elements, 1);
	}
	for (size_t cut = 0; cut < 9; cut++) {
		assert_non_null(guard_text(KP_SLICE("<a><!-- --><!DOCTYPE b>"), cut));
		assert_non_null(guard_text(KP_SLICE("<a><![CDATA[]]><!DOCTYPE b>"), cut));
	}
}

static void
test_two_bytes_for_a_character(void **state)
{
	(void)state;
	static const char little[] = "<\0a\0/\0>";
	static const char big[] = "\0<\0a\0/\0>";
	for (size_t cut = 0; cut < sizeof(little); cut++) {
		assert_string_equal(
			guard_text((struct kp_slice){little, sizeof(little)}, cut),
			"the answer is in an encoding that is not allowed");
		assert_string_equal(guard_text((struct kp_slice){big, sizeof(big)}, cut),
			"the answer does not begin like XML in UTF-8");
	}
}

/* `before`, so many times `part` with its number in place of '#', and `behind`. */
static struct kp_slice
repeat(const char *before, const char *part, unsigned count, const char *behind)
{
	static char text[32768];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s", before);
	size_t head = strcspn(part, "#");
	for (unsigned i = 0; i < count; i++) {
		len += part[head] == '\0'
			? (size_t)snprintf(text + len, sizeof(text) - len, "%s", part)
			: (size_t)snprintf(text + len, sizeof(text) - len, "%.*s%u%s",
				  (int)head, part, i, part + head + 1);
	}
	len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", behind);
	assert_true(len < sizeof(text));
	return (struct kp_slice){text, len};
}

/* `fault` with one more than `most`. */
static void
expect_most(const char *before, const char *part, const char *behind, unsigned most,
	const char *fault)
{
	struct seen seen;
	const char *found = read_xml(repeat(before, part, most, behind), 100, &seen);
	assert_string_equal(found == NULL ? "" : found, "");
	found = read_xml(repeat(before, part, most + 1, behind), 100, &seen);
	assert_string_equal(found == NULL ? "" : found, fault);
}

static void
test_limits_hold(void **state)
{
	(void)state;
	static const char larger[] =
		"a name or the number of attributes is larger than allowed";
	char closing[KP_XML_DEPTH_MAX * 4 + 1];
	expect_most("<", "a", "/>", KP_XML_NAME_BYTES_MAX, larger);
	expect_most("<a", " b#=''", "/>", KP_XML_ATTRIBUTES_MAX, larger);
	/* The last is empty, and the others are closed. */
	(void)snprintf(closing, sizeof(closing), "<b/>%.*s",
		(int)((KP_XML_DEPTH_MAX - 1) * 4),
		repeat("", "</a>", KP_XML_DEPTH_MAX, "").data);
	expect_most("", "<a>", closing, KP_XML_DEPTH_MAX - 1,
		"elements are nested deeper than allowed");
	/* "xml version='1.0'" and "?". */
	expect_most("<?xml version='1.0'", " ", "?><a/>",
		KP_GUARD_DECLARATION_BYTES_MAX - 18,
		"a tag, comment or declaration is longer than allowed");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: it replaces libxml2's allocator. */
		cmocka_unit_test(test_bombs_cost_little),
		cmocka_unit_test(test_a_tag_as_long_as_may_be),
		cmocka_unit_test(test_reads_however_it_is_cut),
		cmocka_unit_test(test_values_of_attributes),
		cmocka_unit_test(test_stops_when_told),
		cmocka_unit_test(test_refuses_what_is_no_xml),
		cmocka_unit_test(test_only_encodings_that_can_be_guarded),
		cmocka_unit_test(test_comments_end_where_they_end),
		cmocka_unit_test(test_two_bytes_for_a_character),
		cmocka_unit_test(test_limits_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
