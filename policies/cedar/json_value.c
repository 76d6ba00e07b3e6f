/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_value: uids, values and entities from JSON. Without a guide only the explicit
 * forms
 * {"__entity":...} and {"__extn":...} are read; with one also the bare forms, where the
 * schema says what is meant. An escape with something beside it is refused, so that no
 * reference is taken for a record by mistake.
 */
#include "json_value.h"

#include <stdio.h>

#include "eval.h"

static enum kp_status
no_memory(struct kp_error *err)
{
	return kp_error_set(err, KP_E_MEMORY, "no memory left for the entities");
}

/* The findings of one complaint as one error. */
static void
take_first(struct kp_findings *findings, struct kp_error *err)
{
	if (err != NULL && findings->count > 0) {
		*err = findings->items[0];
	}
	kp_findings_deinit(findings);
}

enum kp_status
kp_cedar_json_open(struct kp_cedar_json_reader *reader, struct kp_arena *arena,
	const struct kp_cedar_json **ret_root, struct kp_error *err)
{
	struct kp_findings findings;
	struct kp_cedar_json_text text = reader->text;
	kp_findings_init(&findings, 1);
	text.findings = &findings;
	enum kp_status status = kp_cedar_json_parse(arena, &text, ret_root);
	if (status != KP_OK) {
		(void)kp_error_set(err, status, "no memory left for the JSON text");
	}
	take_first(&findings, err);
	return status;
}

enum kp_status
kp_cedar_json_refuse(const struct kp_cedar_json_reader *reader,
	const struct kp_cedar_json *node, struct kp_error *err, const char *format, ...)
{
	char message[256];
	struct kp_findings findings;
	struct kp_cedar_json_text text = reader->text;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	(void)kp_error_set(err, KP_E_INVALID, "%s", message);
	kp_findings_init(&findings, 1);
	text.findings = &findings;
	kp_cedar_json_complain(&text, node, "%s", message);
	take_first(&findings, err);
	return KP_E_INVALID;
}

/* One set or record further in; leave by reader->depth--. */
static enum kp_status
enter(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	struct kp_error *err)
{
	if (reader->depth < KP_CEDAR_VALUE_NESTING_MAX) {
		reader->depth++;
		return KP_OK;
	}
	(void)kp_cedar_json_refuse(reader, node, err,
		"more than %d sets and records inside each other",
		KP_CEDAR_VALUE_NESTING_MAX);
	if (err != NULL) {
		err->status = KP_E_LIMIT;
	}
	return KP_E_LIMIT;
}

static const struct kp_cedar_json *
string_member(const struct kp_cedar_json *object, const char *name)
{
	const struct kp_cedar_json *member = kp_cedar_json_member(object, name);
	return member != NULL && member->kind == KP_CEDAR_JSON_STRING ? member : NULL;
}

/* {"type","id"} and nothing else. */
static enum kp_status
read_type_and_id(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	const struct kp_cedar_uid **ret_uid, struct kp_error *err)
{
	const struct kp_cedar_json *type = string_member(node, "type");
	const struct kp_cedar_json *id = string_member(node, "id");
	if (type == NULL || id == NULL || node->count != 2) {
		return kp_cedar_json_refuse(reader, node, err,
			"expected an entity as {\"type\": ..., \"id\": ...}");
	}
	if (!kp_cedar_path_check(type->text)) {
		return kp_cedar_json_refuse(reader, type, err,
			"`%.*s` is not the name of an entity type",
			type->text.len > 60 ? 60 : (int)type->text.len, type->text.data);
	}
	*ret_uid = kp_cedar_uid_of(reader->names, type->text, id->text);
	return *ret_uid == NULL ? no_memory(err) : KP_OK;
}

enum kp_status
kp_cedar_json_uid(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	const struct kp_cedar_uid **ret_uid, struct kp_error *err)
{
	const struct kp_cedar_json *escape = kp_cedar_json_member(node, "__entity");
	if (escape == NULL) {
		return read_type_and_id(reader, node, ret_uid, err);
	}
	if (node->count != 1) {
		return kp_cedar_json_refuse(
			reader, node, err, "beside `__entity` nothing else may stand");
	}
	return read_type_and_id(reader, escape, ret_uid, err);
}

/* ---- extension values ---- */

/* The arguments of {"fn","arg"} or {"fn","args"}: how many and the first. */
static enum kp_status
extension_args(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	const struct kp_cedar_json **ret_first, size_t *ret_count, struct kp_error *err)
{
	const struct kp_cedar_json *arg = kp_cedar_json_member(node, "arg");
	const struct kp_cedar_json *args = kp_cedar_json_member(node, "args");
	if (node->count != 2 || (arg == NULL) == (args == NULL) ||
		(args != NULL && args->kind != KP_CEDAR_JSON_ARRAY)) {
		return kp_cedar_json_refuse(reader, node, err,
			"expected {\"fn\": ..., \"arg\": ...} or {\"fn\": ..., \"args\": "
			"[...]}");
	}
	*ret_first = arg != NULL ? arg : args->first;
	*ret_count = arg != NULL ? 1 : args->count;
	return KP_OK;
}

/* Calls the function on values, as an expression with constant operands would. */
static enum kp_status
call(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	enum kp_cedar_fn fn, const struct kp_cedar_value *values, size_t count,
	struct kp_cedar_value *ret_value, struct kp_error *err)
{
	struct kp_cedar_expr operands[2] = {0};
	const struct kp_cedar_expr *items[2] = {&operands[0], &operands[1]};
	for (size_t i = 0; i < count; i++) {
		operands[i].op = KP_CEDAR_OP_LITERAL;
		operands[i].constant = &values[i];
	}
	struct kp_cedar_expr expr = {
		.op = KP_CEDAR_OP_CALL, .fn = fn, .items = items, .count = count};
	struct kp_cedar_eval eval = {.arena = reader->arena};
	enum kp_cedar_failure failure = kp_cedar_eval_expr(&eval, &expr, ret_value);
	if (failure == KP_CEDAR_FAIL_MEMORY) {
		return no_memory(err);
	}
	if (failure != KP_CEDAR_FAIL_NONE) {
		char text[200];
		return kp_cedar_json_refuse(reader, node, err, "%s",
			kp_cedar_eval_error_text(&eval.error, text, sizeof(text)));
	}
	return KP_OK;
}

/* Functions that make an extension value; a comparison has no place in data. */
static bool
makes_extension(struct kp_slice name, enum kp_cedar_fn *ret_fn)
{
	return kp_cedar_fn_find(name, ret_fn) &&
		kp_cedar_fn_info(*ret_fn)->result >= KP_CEDAR_DECIMAL;
}

static enum kp_status
read_extension(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_value *ret_value, struct kp_error *err)
{
	const struct kp_cedar_json *name = string_member(node, "fn");
	const struct kp_cedar_json *arg = NULL;
	struct kp_cedar_value values[2];
	size_t count = 0;
	enum kp_cedar_fn fn;
	enum kp_status status = extension_args(reader, node, &arg, &count, err);
	if (status != KP_OK) {
		return status;
	}
	if (name == NULL || !makes_extension(name->text, &fn)) {
		return kp_cedar_json_refuse(reader, name == NULL ? node : name, err,
			"`fn` must be decimal, ip, datetime, duration or another "
			"function "
			"that makes one of these");
	}
	if (count != kp_cedar_fn_info(fn)->arg_count) {
		return kp_cedar_json_refuse(reader, node, err,
			"%s takes %u arguments, found %zu", kp_cedar_fn_info(fn)->name,
			(unsigned)kp_cedar_fn_info(fn)->arg_count, count);
	}
	for (size_t i = 0; i < count; i++, arg = arg->next) {
		status = kp_cedar_json_value(reader, arg, NULL, &values[i], err);
		if (status != KP_OK) {
			return status;
		}
	}
	return call(reader, node, fn, values, count, ret_value, err);
}

/* ---- values ---- */

static enum kp_status
read_string(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	enum kp_cedar_kind wanted, struct kp_cedar_value *ret_value, struct kp_error *err)
{
	if (wanted >= KP_CEDAR_DECIMAL) {
		bool valid = false;
		if (kp_cedar_construct(reader->arena, wanted, node->text, ret_value,
			    &valid) != KP_OK) {
			return no_memory(err);
		}
		return valid
			? KP_OK
			: kp_cedar_json_refuse(reader, node, err, "\"%.*s\" is not a %s",
				  node->text.len > 60 ? 60 : (int)node->text.len,
				  node->text.data, kp_cedar_kind_name(wanted));
	}
	struct kp_slice copy = kp_arena_copy(reader->arena, node->text);
	if (copy.data == NULL) {
		return no_memory(err);
	}
	*ret_value = kp_cedar_string(copy);
	return KP_OK;
}

static enum kp_status
read_set(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	const void *element, struct kp_cedar_value *ret_value, struct kp_error *err)
{
	struct kp_cedar_value *items =
		KP_ARENA_ARRAY(reader->arena, struct kp_cedar_value, node->count);
	if (items == NULL) {
		return no_memory(err);
	}
	size_t count = 0;
	for (const struct kp_cedar_json *item = node->first; item != NULL;
		item = item->next) {
		enum kp_status status =
			kp_cedar_json_value(reader, item, element, &items[count++], err);
		if (status != KP_OK) {
			return status;
		}
	}
	return kp_cedar_set_make(reader->arena, items, count, ret_value) == KP_OK
		? KP_OK
		: no_memory(err);
}

/* The type of one attribute of a record type; NULL when nothing is known. */
static const void *
field_type(struct kp_cedar_json_reader *reader, const void *type,
	const struct kp_cedar_name *name)
{
	return type == NULL
		? NULL
		: reader->guide->field_type(reader->guide->schema, type, name);
}

static enum kp_status
read_record(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	const void *type, struct kp_cedar_value *ret_value, struct kp_error *err)
{
	struct kp_cedar_attr *attrs =
		KP_ARENA_ARRAY(reader->arena, struct kp_cedar_attr, node->count);
	if (attrs == NULL) {
		return no_memory(err);
	}
	size_t count = 0;
	for (const struct kp_cedar_json *member = node->first; member != NULL;
		member = member->next) {
		struct kp_cedar_attr *attr = &attrs[count++];
		attr->name = kp_cedar_name(reader->names, member->name);
		if (attr->name == NULL) {
			return no_memory(err);
		}
		enum kp_status status = kp_cedar_json_value(reader, member,
			field_type(reader, type, attr->name), &attr->value, err);
		if (status != KP_OK) {
			return status;
		}
	}
	return kp_cedar_record_make(reader->arena, attrs, count, ret_value) == KP_OK
		? KP_OK
		: no_memory(err);
}

static bool
is_bare_extension(const struct kp_cedar_json *node)
{
	return node->count == 2 && kp_cedar_json_member(node, "fn") != NULL &&
		(kp_cedar_json_member(node, "arg") != NULL ||
			kp_cedar_json_member(node, "args") != NULL);
}

static enum kp_status
read_object(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	const void *type, enum kp_cedar_kind wanted, struct kp_cedar_value *ret_value,
	struct kp_error *err)
{
	const struct kp_cedar_uid *uid = NULL;
	const struct kp_cedar_json *extension = kp_cedar_json_member(node, "__extn");
	if (kp_cedar_json_member(node, "__expr") != NULL) {
		return kp_cedar_json_refuse(
			reader, node, err, "`__expr` is no longer part of Cedar's JSON");
	}
	if (extension != NULL) {
		return node->count == 1
			? read_extension(reader, extension, ret_value, err)
			: kp_cedar_json_refuse(reader, node, err,
				  "beside `__extn` nothing else may stand");
	}
	if (kp_cedar_json_member(node, "__entity") != NULL || wanted == KP_CEDAR_ENTITY) {
		enum kp_status status = kp_cedar_json_uid(reader, node, &uid, err);
		*ret_value = kp_cedar_entity_value(uid);
		return status;
	}
	if (wanted >= KP_CEDAR_DECIMAL && is_bare_extension(node)) {
		return read_extension(reader, node, ret_value, err);
	}
	return read_record(
		reader, node, wanted == KP_CEDAR_RECORD ? type : NULL, ret_value, err);
}

static enum kp_status
read_value(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	const void *type, struct kp_cedar_value *ret_value, struct kp_error *err)
{
	const struct kp_cedar_json_guide *guide = reader->guide;
	/* Without a type a string is a string and an object a record. */
	enum kp_cedar_kind wanted =
		type == NULL ? KP_CEDAR_BOOL : guide->kind(guide->schema, type);
	int64_t integer;
	switch (node->kind) {
	case KP_CEDAR_JSON_NULL:
		return kp_cedar_json_refuse(
			reader, node, err, "Cedar has no null: leave the attribute out");
	case KP_CEDAR_JSON_TRUE:
	case KP_CEDAR_JSON_FALSE:
		*ret_value = kp_cedar_bool(node->kind == KP_CEDAR_JSON_TRUE);
		return KP_OK;
	case KP_CEDAR_JSON_NUMBER:
		if (!kp_cedar_json_integer(node, &integer)) {
			return kp_cedar_json_refuse(reader, node, err,
				"%.*s is not a 64-bit integer",
				node->text.len > 60 ? 60 : (int)node->text.len,
				node->text.data);
		}
		*ret_value = kp_cedar_long(integer);
		return KP_OK;
	case KP_CEDAR_JSON_STRING:
		return read_string(reader, node, wanted, ret_value, err);
	case KP_CEDAR_JSON_ARRAY:
		return read_set(reader, node,
			wanted == KP_CEDAR_SET ? guide->element_type(guide->schema, type)
					       : NULL,
			ret_value, err);
	case KP_CEDAR_JSON_OBJECT:
		return read_object(reader, node, type, wanted, ret_value, err);
	}
	KP_UNREACHABLE();
}

enum kp_status
kp_cedar_json_value(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	const void *type, struct kp_cedar_value *ret_value, struct kp_error *err)
{
	enum kp_status status = enter(reader, node, err);
	if (status != KP_OK) {
		return status;
	}
	status = read_value(reader, node, type, ret_value, err);
	reader->depth--;
	return status;
}
