/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_document: see json_document.h. jansson parses and decodes; then the same text is
 * walked a second time beside jansson's tree, only to find where each value begins and
 * ends. That walk may trust the grammar, because jansson has accepted the text.
 */
#include "core/json_document.h"

#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>

/* Where the second walk is. */
struct walk {
	struct kp_arena *arena;
	const char *at;
	const char *line_start;
	uint32_t line;
};

static void
skip_space(struct walk *walk)
{
	for (;; walk->at++) {
		char byte = *walk->at;
		if (byte == '\n') {
			walk->line++;
			walk->line_start = walk->at + 1;
		} else if (byte != ' ' && byte != '\t' && byte != '\r') {
			return;
		}
	}
}

/* From the opening quote to behind the closing one. Line breaks cannot be inside. */
static void
skip_string(struct walk *walk)
{
	for (walk->at++; *walk->at != '"'; walk->at++) {
		if (*walk->at == '\\') {
			walk->at++;
		}
	}
	walk->at++;
}

/* A number or one of the three words. */
static void
skip_word(struct walk *walk)
{
	while (strchr(",]} \t\r\n", *walk->at) == NULL) {
		walk->at++;
	}
}

static void
skip_char(struct walk *walk, char expected)
{
	skip_space(walk);
	KP_REQUIRE(*walk->at == expected);
	walk->at++;
}

static struct kp_json_node *read_node(
	struct walk *walk, json_t *value, const struct kp_json_node *parent);

/* Links a child behind the ones before it. */
static void
append(struct kp_json_node *parent, struct kp_json_node **last,
	struct kp_json_node *child)
{
	child->index = parent->count++;
	if (*last == NULL) {
		parent->first = child;
	} else {
		(*last)->next = child;
	}
	*last = child;
}

/* jansson keeps members in the order of the text, and no name occurs twice: so the n-th
 * member of the tree is the n-th of the text. */
static bool
read_members(struct walk *walk, json_t *object, struct kp_json_node *node)
{
	struct kp_json_node *last = NULL;
	const char *name;
	json_t *value;
	walk->at++;
	json_object_foreach(object, name, value)
	{
		skip_space(walk);
		if (last != NULL) {
			skip_char(walk, ',');
			skip_space(walk);
		}
		skip_string(walk);
		skip_char(walk, ':');
		struct kp_json_node *child = read_node(walk, value, node);
		if (child == NULL) {
			return false;
		}
		child->name = kp_arena_copy(walk->arena, kp_slice_from(name));
		if (child->name.data == NULL) {
			return false;
		}
		append(node, &last, child);
	}
	skip_char(walk, '}');
	return true;
}

static bool
read_items(struct walk *walk, json_t *array, struct kp_json_node *node)
{
	struct kp_json_node *last = NULL;
	size_t index;
	json_t *value;
	walk->at++;
	json_array_foreach(array, index, value)
	{
		if (last != NULL) {
			skip_char(walk, ',');
		}
		struct kp_json_node *child = read_node(walk, value, node);
		if (child == NULL) {
			return false;
		}
		append(node, &last, child);
	}
	skip_char(walk, ']');
	return true;
}

static bool
read_value(struct walk *walk, json_t *value, struct kp_json_node *node)
{
	if (json_is_object(value)) {
		node->kind = KP_JSON_KIND_OBJECT;
		return read_members(walk, value, node);
	}
	if (json_is_array(value)) {
		node->kind = KP_JSON_KIND_ARRAY;
		return read_items(walk, value, node);
	}
	if (json_is_string(value)) {
		node->kind = KP_JSON_KIND_STRING;
		node->text = kp_arena_copy(walk->arena,
			(struct kp_slice){
				json_string_value(value), json_string_length(value)});
		skip_string(walk);
		return node->text.data != NULL;
	}
	skip_word(walk);
	if (json_is_integer(value)) {
		node->kind = KP_JSON_KIND_INTEGER;
		node->integer = json_integer_value(value);
		node->real = (double)node->integer;
	} else if (json_is_real(value)) {
		node->kind = KP_JSON_KIND_REAL;
		node->real = json_real_value(value);
	} else if (json_is_boolean(value)) {
		node->kind = KP_JSON_KIND_BOOLEAN;
		node->boolean = json_is_true(value);
	} else {
		node->kind = KP_JSON_KIND_NULL;
	}
	return true;
}

/* NULL when memory runs out. */
static struct kp_json_node *
read_node(struct walk *walk, json_t *value, const struct kp_json_node *parent)
{
	struct kp_json_node *node = KP_ARENA_NEW(walk->arena, struct kp_json_node);
	if (node == NULL) {
		return NULL;
	}
	skip_space(walk);
	const char *start = walk->at;
	node->parent = parent;
	node->line = walk->line;
	node->column = (uint32_t)(start - walk->line_start) + 1;
	if (!read_value(walk, value, node)) {
		return NULL;
	}
	node->raw = (struct kp_slice){start, (size_t)(walk->at - start)};
	return node;
}

static enum kp_status
report(struct kp_findings *findings, const char *file, unsigned line, unsigned column,
	const char *message)
{
	struct kp_error err = {0};
	enum kp_status status = kp_error_set(&err, KP_E_CONFIG, "%s", message);
	kp_error_at(&err, file, line, column, NULL);
	kp_findings_add(findings, &err);
	return status;
}

/* jansson tells the byte behind the token it stumbled on. */
static enum kp_status
report_syntax(struct kp_findings *findings, const char *file, struct kp_slice text,
	const json_error_t *fault)
{
	size_t at = fault->position > 0 ? (size_t)fault->position - 1 : 0;
	unsigned line = 1;
	unsigned column = 1;
	for (size_t i = 0; i < at && i < text.len; i++) {
		bool end = text.data[i] == '\n';
		line += end ? 1 : 0;
		column = end ? 1 : column + 1;
	}
	return report(findings, file, line, column, fault->text);
}

/* Nesting of a text that jansson has accepted, so that read_node may recurse. */
static bool
too_deep(struct kp_slice text)
{
	unsigned depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.data[i];
		if (quoted) {
			i += byte == '\\' ? 1 : 0;
			quoted = byte != '"';
		} else if (byte == '"') {
			quoted = true;
		} else if (byte == '{' || byte == '[') {
			if (++depth > KP_JSON_FILE_DEPTH_MAX) {
				return true;
			}
		} else if (byte == '}' || byte == ']') {
			depth--;
		}
	}
	return false;
}

enum kp_status
kp_json_document_load(struct kp_arena *arena, const char *file, struct kp_slice text,
	struct kp_findings *findings, struct kp_json_document *ret_document)
{
	char message[96];
	if (text.len > KP_JSON_FILE_BYTES_MAX) {
		(void)snprintf(message, sizeof(message),
			"%zu bytes is above the limit of %zu for one file", text.len,
			KP_JSON_FILE_BYTES_MAX);
		return report(findings, file, 0, 0, message);
	}
	json_error_t fault;
	/* jansson takes a zero byte behind a number for the end of the text. */
	const char *zero = text.len == 0 ? NULL : memchr(text.data, 0, text.len);
	if (zero != NULL) {
		fault = (json_error_t){.position = (int)(zero - text.data) + 1,
			.text = "a byte with the value zero is not allowed"};
		return report_syntax(findings, file, text, &fault);
	}
	json_t *tree = json_loadb(
		text.len == 0 ? "" : text.data, text.len, JSON_REJECT_DUPLICATES, &fault);
	if (tree == NULL) {
		return json_error_code(&fault) == json_error_out_of_memory
			? KP_E_MEMORY
			: report_syntax(findings, file, text, &fault);
	}
	if (too_deep(text)) {
		json_decref(tree);
		(void)snprintf(message, sizeof(message),
			"objects and arrays are nested deeper than the limit of %u",
			KP_JSON_FILE_DEPTH_MAX);
		return report(findings, file, 0, 0, message);
	}
	struct walk walk = {arena, text.data, text.data, 1};
	struct kp_json_node *root = read_node(&walk, tree, NULL);
	json_decref(tree);
	if (root == NULL) {
		return KP_E_MEMORY;
	}
	*ret_document = (struct kp_json_document){file, root, arena, findings};
	return KP_OK;
}
