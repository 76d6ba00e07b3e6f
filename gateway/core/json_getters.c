/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* json_getters: the reporting half of json_document.h. */
#include <inttypes.h>
#include <stdio.h>

#include "core/json_document.h"
#include "core/nearest.h"

const char *
kp_json_kind_name(enum kp_json_kind kind)
{
	static const char *const names[] = {
		[KP_JSON_KIND_OBJECT] = "an object",
		[KP_JSON_KIND_ARRAY] = "a list",
		[KP_JSON_KIND_STRING] = "a text",
		[KP_JSON_KIND_INTEGER] = "a whole number",
		[KP_JSON_KIND_REAL] = "a number with a fraction",
		[KP_JSON_KIND_BOOLEAN] = "true or false",
		[KP_JSON_KIND_NULL] = "null",
	};
	return names[kind];
}

/* Adds one reference token with ~ and / escaped; what does not fit is left out. */
static size_t
add_token(char *out, size_t out_size, size_t at, struct kp_slice token)
{
	for (size_t i = 0; i < token.len && at + 2 < out_size; i++) {
		char byte = token.data[i];
		if (byte == '~' || byte == '/') {
			out[at++] = '~';
			out[at++] = byte == '~' ? '0' : '1';
		} else {
			out[at++] = byte;
		}
	}
	return at;
}

const char *
kp_json_pointer(const struct kp_json_node *node, char *out, size_t out_size)
{
	KP_REQUIRE(out_size > 2);
	const struct kp_json_node *chain[KP_JSON_FILE_DEPTH_MAX + 1];
	size_t depth = 0;
	for (; node->parent != NULL; node = node->parent) {
		KP_REQUIRE(depth < KP_ARRAY_LEN(chain));
		chain[depth++] = node;
	}
	size_t at = 0;
	while (depth > 0 && at + 3 < out_size) {
		node = chain[--depth];
		char number[16];
		int len = snprintf(number, sizeof(number), "%" PRIu32, node->index);
		bool item = node->parent->kind == KP_JSON_KIND_ARRAY;
		out[at++] = '/';
		at = add_token(out, out_size, at,
			item ? (struct kp_slice){number, (size_t)len} : node->name);
	}
	out[at] = '\0';
	return out;
}

void
kp_json_finding(const struct kp_json_document *document, const struct kp_json_node *node,
	const char *format, ...)
{
	struct kp_error err = {.status = KP_E_CONFIG};
	va_list args;
	va_start(args, format);
	(void)vsnprintf(err.message, sizeof(err.message), format, args);
	va_end(args);
	char pointer[sizeof(err.place)];
	kp_error_at(&err, document->file, node->line, node->column,
		kp_json_pointer(node, pointer, sizeof(pointer)));
	kp_findings_add(document->findings, &err);
}

const struct kp_json_node *
kp_json_member(const struct kp_json_node *object, const char *name)
{
	if (object->kind != KP_JSON_KIND_OBJECT) {
		return NULL;
	}
	const struct kp_json_node *member = object->first;
	while (member != NULL && !kp_slice_is(member->name, name)) {
		member = member->next;
	}
	return member;
}

bool
kp_json_expect(const struct kp_json_document *document, const struct kp_json_node *node,
	enum kp_json_kind kind)
{
	bool same = node->kind == kind ||
		(kind == KP_JSON_KIND_REAL && node->kind == KP_JSON_KIND_INTEGER);
	if (!same) {
		kp_json_finding(document, node, "must be %s, not %s",
			kind == KP_JSON_KIND_REAL ? "a number" : kp_json_kind_name(kind),
			kp_json_kind_name(node->kind));
	}
	return same;
}

static void
report_unknown(const struct kp_json_document *document, const struct kp_json_node *member,
	const char *const *known, size_t known_count)
{
	struct kp_slice near = kp_nearest_of(member->name, known, known_count);
	if (near.data != NULL) {
		kp_json_finding(document, member,
			"unknown member '%.*s'; meant is '%.*s'?",
			KP_SLICE_ARG(member->name), KP_SLICE_ARG(near));
	} else {
		kp_json_finding(document, member, "unknown member '%.*s'",
			KP_SLICE_ARG(member->name));
	}
}

static bool
is_one_of(struct kp_slice word, const char *const *words, size_t count, size_t *ret_index)
{
	for (size_t i = 0; i < count; i++) {
		if (kp_slice_is(word, words[i])) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

bool
kp_json_expect_members(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *const *known, size_t known_count)
{
	if (!kp_json_expect(document, object, KP_JSON_KIND_OBJECT)) {
		return false;
	}
	bool all_known = true;
	for (const struct kp_json_node *member = object->first; member != NULL;
		member = member->next) {
		size_t index;
		if (!kp_json_is_comment(member) &&
			!is_one_of(member->name, known, known_count, &index)) {
			report_unknown(document, member, known, known_count);
			all_known = false;
		}
	}
	return all_known;
}

/* The member when it is there and of the kind; else NULL, reported as `use` asks. */
static const struct kp_json_node *
get(const struct kp_json_document *document, const struct kp_json_node *object,
	const char *name, enum kp_json_use use, enum kp_json_kind kind)
{
	const struct kp_json_node *member = kp_json_member(object, name);
	if (member == NULL) {
		if (use == KP_JSON_REQUIRED && object->kind == KP_JSON_KIND_OBJECT) {
			kp_json_finding(document, object, "member '%s' is missing", name);
		}
		return NULL;
	}
	return kp_json_expect(document, member, kind) ? member : NULL;
}

bool
kp_json_get_text(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use,
	struct kp_slice *ret_text)
{
	const struct kp_json_node *member =
		get(document, object, name, use, KP_JSON_KIND_STRING);
	if (member == NULL) {
		return false;
	}
	if (member->text.len == 0) {
		kp_json_finding(document, member, "must not be empty");
		return false;
	}
	*ret_text = member->text;
	return true;
}

bool
kp_json_get_integer(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use,
	int64_t min, int64_t max, int64_t *ret_integer)
{
	const struct kp_json_node *member =
		get(document, object, name, use, KP_JSON_KIND_INTEGER);
	if (member == NULL) {
		return false;
	}
	if (member->integer < min || member->integer > max) {
		kp_json_finding(document, member, "%" PRId64 " is %s the limit %" PRId64,
			member->integer, member->integer < min ? "below" : "above",
			member->integer < min ? min : max);
		return false;
	}
	*ret_integer = member->integer;
	return true;
}

bool
kp_json_get_real(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use,
	double min, double max, double *ret_real)
{
	const struct kp_json_node *member =
		get(document, object, name, use, KP_JSON_KIND_REAL);
	if (member == NULL) {
		return false;
	}
	if (!(member->real >= min && member->real <= max)) {
		kp_json_finding(document, member, "%.*s is not between %g and %g",
			KP_SLICE_ARG(member->raw), min, max);
		return false;
	}
	*ret_real = member->real;
	return true;
}

bool
kp_json_get_boolean(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use,
	bool *ret_boolean)
{
	const struct kp_json_node *member =
		get(document, object, name, use, KP_JSON_KIND_BOOLEAN);
	if (member == NULL) {
		return false;
	}
	*ret_boolean = member->boolean;
	return true;
}

/* "a", "b" or "c" */
static void
list_words(char *out, size_t out_size, const char *const *words, size_t count)
{
	size_t at = 0;
	out[0] = '\0';
	for (size_t i = 0; i < count && at < out_size; i++) {
		const char *glue = i == 0 ? "" : (i + 1 == count ? " or " : ", ");
		int len = snprintf(out + at, out_size - at, "%s\"%s\"", glue, words[i]);
		at += len > 0 ? (size_t)len : 0;
	}
}

bool
kp_json_get_choice(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use,
	const char *const *words, size_t word_count, size_t *ret_index)
{
	const struct kp_json_node *member =
		get(document, object, name, use, KP_JSON_KIND_STRING);
	if (member == NULL) {
		return false;
	}
	if (is_one_of(member->text, words, word_count, ret_index)) {
		return true;
	}
	char list[160];
	list_words(list, sizeof(list), words, word_count);
	struct kp_slice near = kp_nearest_of(member->text, words, word_count);
	if (near.data != NULL) {
		kp_json_finding(document, member,
			"\"%.*s\" is not allowed; meant is \"%.*s\"? (%s)",
			KP_SLICE_ARG(member->text), KP_SLICE_ARG(near), list);
	} else {
		kp_json_finding(document, member, "\"%.*s\" is not allowed: must be %s",
			KP_SLICE_ARG(member->text), list);
	}
	return false;
}

const struct kp_json_node *
kp_json_get_object(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use)
{
	return get(document, object, name, use, KP_JSON_KIND_OBJECT);
}

const struct kp_json_node *
kp_json_get_array(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use)
{
	return get(document, object, name, use, KP_JSON_KIND_ARRAY);
}

/* Lists in files are short; a long one is refused before comparing each with each. */
#define TEXTS_MAX 10000u

static bool
collect_texts(const struct kp_json_document *document, const struct kp_json_node *array,
	struct kp_slice *texts)
{
	bool sound = true;
	size_t count = 0;
	for (const struct kp_json_node *item = array->first; item != NULL;
		item = item->next) {
		if (!kp_json_expect(document, item, KP_JSON_KIND_STRING)) {
			sound = false;
			continue;
		}
		bool twice = false;
		for (size_t i = 0; i < count && !twice; i++) {
			twice = kp_slice_equal(texts[i], item->text);
		}
		if (twice || item->text.len == 0) {
			kp_json_finding(document, item,
				twice ? "stands here twice" : "must not be empty");
			sound = false;
		}
		texts[count++] = item->text;
	}
	return sound;
}

bool
kp_json_get_texts(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use,
	struct kp_slice **ret_texts, size_t *ret_count)
{
	const struct kp_json_node *array =
		get(document, object, name, use, KP_JSON_KIND_ARRAY);
	if (array == NULL) {
		return false;
	}
	if (array->count > TEXTS_MAX) {
		kp_json_finding(document, array,
			"%" PRIu32 " items is above the limit %u", array->count,
			TEXTS_MAX);
		return false;
	}
	struct kp_slice *texts =
		KP_ARENA_ARRAY(document->arena, struct kp_slice, array->count);
	if (texts == NULL) {
		kp_json_finding(document, array, "no memory is left for this list");
		return false;
	}
	if (!collect_texts(document, array, texts)) {
		return false;
	}
	*ret_texts = texts;
	*ret_count = array->count;
	return true;
}
