/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* json_tree: see json_tree.h. */
#include "json_tree.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/json_read.h"
#include "names.h"

struct builder {
	struct kp_arena *arena;
	const struct kp_cedar_json *root;
	struct kp_cedar_json *open;       /* object or array that gets the next node */
	const struct kp_cedar_json **end; /* where the next node is linked in */
	struct kp_slice name;
	struct kp_slice text; /* the whole; read up to `at` for counting lines */
	uint64_t at;
	uint64_t line_start;
	uint32_t line;
	bool failed;
};

static struct kp_cedar_json *
add(struct builder *builder, enum kp_cedar_json_kind kind, uint64_t offset)
{
	struct kp_cedar_json *node = KP_ARENA_NEW(builder->arena, struct kp_cedar_json);
	if (node == NULL) {
		builder->failed = true;
		return NULL;
	}
	for (; builder->at < offset && builder->at < builder->text.len; builder->at++) {
		if (builder->text.data[builder->at] == '\n') {
			builder->line++;
			builder->line_start = builder->at + 1;
		}
	}
	node->kind = kind;
	node->line = builder->line;
	node->column = (uint32_t)(offset - builder->line_start) + 1;
	node->parent = builder->open;
	node->name = builder->name;
	builder->name = KP_SLICE("");
	*builder->end = node;
	builder->end = &node->next;
	if (builder->open != NULL) {
		builder->open->count++;
	}
	return node;
}

static void
enter(struct builder *builder, enum kp_cedar_json_kind kind, uint64_t offset)
{
	struct kp_cedar_json *node = add(builder, kind, offset);
	if (node != NULL) {
		builder->open = node;
		builder->end = &node->first;
	}
}

static void
leave(struct builder *builder)
{
	struct kp_cedar_json *node = builder->open;
	builder->end = &node->next;
	/* The parent was made here, so it may be changed. */
	builder->open = (struct kp_cedar_json *)(uintptr_t)node->parent;
}

static void
add_text(struct builder *builder, enum kp_cedar_json_kind kind,
	const struct kp_json_token *token)
{
	struct kp_slice text = token->raw;
	if (token->escaped &&
		kp_json_unescape(token->raw, builder->arena, &text) != KP_OK) {
		builder->failed = true;
		return;
	}
	struct kp_cedar_json *node = add(builder, kind, token->offset);
	if (node != NULL) {
		node->text = text;
	}
}

static enum kp_json_verdict
on_event(void *ctx, const struct kp_json_token *token)
{
	struct builder *builder = ctx;
	switch (token->event) {
	case KP_JSON_OBJECT_BEGIN:
		enter(builder, KP_CEDAR_JSON_OBJECT, token->offset);
		break;
	case KP_JSON_ARRAY_BEGIN:
		enter(builder, KP_CEDAR_JSON_ARRAY, token->offset);
		break;
	case KP_JSON_OBJECT_END:
	case KP_JSON_ARRAY_END:
		leave(builder);
		break;
	case KP_JSON_NAME:
		builder->name = token->raw;
		if (token->escaped &&
			kp_json_unescape(token->raw, builder->arena, &builder->name) !=
				KP_OK) {
			builder->failed = true;
		}
		break;
	case KP_JSON_STRING:
		add_text(builder, KP_CEDAR_JSON_STRING, token);
		break;
	case KP_JSON_NUMBER:
		add_text(builder, KP_CEDAR_JSON_NUMBER, token);
		break;
	case KP_JSON_TRUE:
		(void)add(builder, KP_CEDAR_JSON_TRUE, token->offset);
		break;
	case KP_JSON_FALSE:
		(void)add(builder, KP_CEDAR_JSON_FALSE, token->offset);
		break;
	case KP_JSON_NULL:
		(void)add(builder, KP_CEDAR_JSON_NULL, token->offset);
		break;
	}
	return builder->failed ? KP_JSON_STOP : KP_JSON_GO;
}

enum kp_status
kp_cedar_json_parse(struct kp_arena *arena, const struct kp_cedar_json_text *text,
	const struct kp_cedar_json **ret_root)
{
	struct builder builder = {.arena = arena, .text = text->text, .line = 1};
	builder.end = &builder.root;
	struct kp_json_limits limits = {.depth_max = KP_CEDAR_JSON_DEPTH_MAX};
	struct kp_error err = {0};
	enum kp_status status =
		kp_json_read(text->text, &limits, arena, on_event, &builder, &err);
	if (builder.failed) {
		status = kp_error_set(&err, KP_E_MEMORY, "no memory left for JSON");
	}
	if (status != KP_OK) {
		kp_error_at(&err, text->file, err.line, err.column, NULL);
		kp_findings_add(text->findings, &err);
		return status;
	}
	*ret_root = builder.root;
	return KP_OK;
}

/* Appends /name with ~ and / escaped, as RFC 6901 says; cut when it does not fit. */
static size_t
pointer_part(char *out, size_t size, size_t len, struct kp_slice part)
{
	if (len + 1 < size) {
		out[len++] = '/';
	}
	for (size_t i = 0; i < part.len && len + 2 < size; i++) {
		char byte = part.data[i];
		if (byte == '~' || byte == '/') {
			out[len++] = '~';
			byte = byte == '~' ? '0' : '1';
		}
		out[len++] = byte;
	}
	return len;
}

static size_t
write_pointer(const struct kp_cedar_json *node, char *out, size_t size)
{
	/* From the top down; what is deeper than this is cut. */
	enum { STEPS_MAX = 32 };
	const struct kp_cedar_json *steps[STEPS_MAX];
	size_t depth = 0;
	for (const struct kp_cedar_json *at = node; at->parent != NULL; at = at->parent) {
		depth++;
	}
	size_t skipped = depth > STEPS_MAX ? depth - STEPS_MAX : 0;
	size_t count = depth - skipped;
	const struct kp_cedar_json *at = node;
	for (size_t i = 0; i < skipped; i++) {
		at = at->parent;
	}
	for (size_t i = count; i > 0; i--, at = at->parent) {
		steps[i - 1] = at;
	}
	size_t len = 0;
	for (size_t i = 0; i < count; i++) {
		const struct kp_cedar_json *parent = steps[i]->parent;
		char number[24];
		struct kp_slice part = steps[i]->name;
		if (parent->kind == KP_CEDAR_JSON_ARRAY) {
			size_t index = 0;
			for (const struct kp_cedar_json *item = parent->first;
				item != steps[i]; item = item->next) {
				index++;
			}
			(void)snprintf(number, sizeof(number), "%zu", index);
			part = kp_slice_from(number);
		}
		len = pointer_part(out, size, len, part);
	}
	return len;
}

void
kp_cedar_json_complain(const struct kp_cedar_json_text *text,
	const struct kp_cedar_json *node, const char *format, ...)
{
	struct kp_error err;
	char message[256];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	(void)kp_error_set(&err, KP_E_INVALID, "%s", message);
	char place[sizeof(err.place)];
	place[write_pointer(node, place, sizeof(place))] = '\0';
	kp_error_at(&err, text->file, node->line, node->column, place);
	kp_findings_add(text->findings, &err);
}

const char *
kp_cedar_json_kind_name(enum kp_cedar_json_kind kind)
{
	static const char *const names[] = {"an object", "an array", "a string",
		"a number", "`true`", "`false`", "`null`"};
	return names[kind];
}

const struct kp_cedar_json *
kp_cedar_json_member(const struct kp_cedar_json *object, const char *name)
{
	if (object->kind != KP_CEDAR_JSON_OBJECT) {
		return NULL;
	}
	const struct kp_cedar_json *member = object->first;
	while (member != NULL && !kp_slice_is(member->name, name)) {
		member = member->next;
	}
	return member;
}

bool
kp_cedar_json_expect(const struct kp_cedar_json_text *text,
	const struct kp_cedar_json *node, enum kp_cedar_json_kind kind)
{
	if (node->kind == kind) {
		return true;
	}
	kp_cedar_json_complain(text, node, "expected %s, found %s",
		kp_cedar_json_kind_name(kind), kp_cedar_json_kind_name(node->kind));
	return false;
}

static bool
is_known(struct kp_slice name, const char *const *known, size_t known_count)
{
	for (size_t i = 0; i < known_count; i++) {
		if (kp_slice_is(name, known[i])) {
			return true;
		}
	}
	return false;
}

bool
kp_cedar_json_members(const struct kp_cedar_json_text *text,
	const struct kp_cedar_json *object, const char *const *known, size_t known_count)
{
	if (!kp_cedar_json_expect(text, object, KP_CEDAR_JSON_OBJECT)) {
		return false;
	}
	bool all_known = true;
	for (const struct kp_cedar_json *member = object->first; member != NULL;
		member = member->next) {
		if (is_known(member->name, known, known_count)) {
			continue;
		}
		all_known = false;
		const char *near = kp_cedar_nearest(member->name, known, known_count);
		kp_cedar_json_complain(text, member, "unknown member%s%s%s",
			near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
			near == NULL ? "" : "\"?");
	}
	return all_known;
}

const struct kp_cedar_json *
kp_cedar_json_require(const struct kp_cedar_json_text *text,
	const struct kp_cedar_json *object, const char *name,
	enum kp_cedar_json_kind kind)
{
	const struct kp_cedar_json *member = kp_cedar_json_member(object, name);
	if (member == NULL) {
		kp_cedar_json_complain(
			text, object, "the member \"%s\" is missing", name);
		return NULL;
	}
	return kp_cedar_json_expect(text, member, kind) ? member : NULL;
}

bool
kp_cedar_json_integer(const struct kp_cedar_json *node, int64_t *ret_integer)
{
	if (node->kind != KP_CEDAR_JSON_NUMBER) {
		return false;
	}
	bool negative = node->text.len > 0 && node->text.data[0] == '-';
	int64_t integer = 0;
	for (size_t i = negative ? 1 : 0; i < node->text.len; i++) {
		int digit = node->text.data[i] - '0';
		if (digit < 0 || digit > 9 ||
			__builtin_mul_overflow(integer, (int64_t)10, &integer) ||
			__builtin_sub_overflow(integer, (int64_t)digit, &integer)) {
			return false;
		}
	}
	if (!negative && integer == INT64_MIN) {
		return false;
	}
	*ret_integer = negative ? integer : -integer;
	return true;
}
