/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* expr_json: the JSON form of expressions to ast. */
#include "expr_json.h"

#include "expr_words.h"

void *
kp_cedar_expr_json_make(
	struct kp_cedar_expr_json_reader *reader, size_t count, size_t size)
{
	void *block = kp_arena_alloc_array(reader->arena, count, size);
	reader->failed = reader->failed || block == NULL;
	return block;
}

const struct kp_cedar_name *
kp_cedar_expr_json_intern(struct kp_cedar_expr_json_reader *reader, struct kp_slice text)
{
	const struct kp_cedar_name *name = kp_cedar_name(reader->names, text);
	reader->failed = reader->failed || name == NULL;
	return name;
}

struct kp_cedar_pos
kp_cedar_expr_json_pos(const struct kp_cedar_json *node)
{
	return (struct kp_cedar_pos){.line = node->line, .column = node->column};
}

const struct kp_cedar_name *
kp_cedar_expr_json_path(
	struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node)
{
	if (!kp_cedar_json_expect(&reader->text, node, KP_CEDAR_JSON_STRING)) {
		return NULL;
	}
	if (!kp_cedar_path_check(node->text)) {
		kp_cedar_json_complain(&reader->text, node,
			"this is not a type name: expected identifiers joined by \"::\"");
		return NULL;
	}
	return kp_cedar_expr_json_intern(reader, node->text);
}

const struct kp_cedar_uid *
kp_cedar_expr_json_uid(
	struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node)
{
	static const char *const wrapped[] = {"__entity"};
	static const char *const known[] = {"type", "id"};
	const struct kp_cedar_json *inner = kp_cedar_json_member(node, "__entity");
	if (inner != NULL && !kp_cedar_json_members(&reader->text, node, wrapped, 1)) {
		return NULL;
	}
	node = inner == NULL ? node : inner;
	if (!kp_cedar_json_members(&reader->text, node, known, KP_ARRAY_LEN(known))) {
		return NULL;
	}
	const struct kp_cedar_json *type =
		kp_cedar_json_require(&reader->text, node, "type", KP_CEDAR_JSON_STRING);
	const struct kp_cedar_json *id =
		kp_cedar_json_require(&reader->text, node, "id", KP_CEDAR_JSON_STRING);
	if (type == NULL || id == NULL) {
		return NULL;
	}
	const struct kp_cedar_name *type_name = kp_cedar_expr_json_path(reader, type);
	const struct kp_cedar_name *id_name = kp_cedar_expr_json_intern(reader, id->text);
	if (type_name == NULL || id_name == NULL) {
		return NULL;
	}
	const struct kp_cedar_uid *uid = kp_cedar_uid(reader->names, type_name, id_name);
	reader->failed = reader->failed || uid == NULL;
	return uid;
}

static struct kp_cedar_expr *
new_expr(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	enum kp_cedar_op op)
{
	struct kp_cedar_expr *expr = kp_cedar_expr_json_make(reader, 1, sizeof(*expr));
	if (expr != NULL) {
		expr->op = op;
		expr->pos = kp_cedar_expr_json_pos(node);
	}
	return expr;
}

static const struct kp_cedar_expr *
seal(struct kp_cedar_expr_json_reader *reader, struct kp_cedar_expr *expr)
{
	struct kp_error err;
	enum kp_status status =
		kp_cedar_expr_seal(reader->arena, reader->text.file, expr, &err);
	if (status == KP_OK) {
		return expr;
	}
	if (status == KP_E_MEMORY) {
		reader->failed = true;
	} else {
		kp_findings_add(reader->text.findings, &err);
	}
	return NULL;
}

/* --- values --- */

static const struct kp_cedar_expr *read_value(
	struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node);

typedef const struct kp_cedar_expr *(*item_fn)(
	struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node);

/* Reads all items of an array into expr->items; false when one is wrong. */
static bool
read_items(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *array,
	item_fn read, struct kp_cedar_expr *expr)
{
	const struct kp_cedar_expr **items =
		kp_cedar_expr_json_make(reader, array->count, sizeof(*items));
	bool sound = items != NULL;
	for (const struct kp_cedar_json *item = array->first;
		item != NULL && items != NULL; item = item->next) {
		const struct kp_cedar_expr *value = read(reader, item);
		sound = sound && value != NULL;
		items[expr->count++] = value;
	}
	expr->items = items;
	return sound;
}

static bool
read_fields(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *object,
	item_fn read, struct kp_cedar_expr *expr)
{
	struct kp_cedar_field *fields =
		kp_cedar_expr_json_make(reader, object->count, sizeof(*fields));
	bool sound = fields != NULL;
	for (const struct kp_cedar_json *member = object->first;
		member != NULL && fields != NULL; member = member->next) {
		struct kp_cedar_field field = {
			.name = kp_cedar_expr_json_intern(reader, member->name),
			.value = read(reader, member),
			.pos = kp_cedar_expr_json_pos(member)};
		sound = sound && field.name != NULL && field.value != NULL;
		fields[expr->field_count++] = field;
	}
	expr->fields = fields;
	return sound;
}

/* {"fn": name, "arg": value} or {"fn": name, "args": [values]}. */
static const struct kp_cedar_expr *
read_extn(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node)
{
	static const char *const known[] = {"fn", "arg", "args"};
	if (!kp_cedar_json_members(&reader->text, node, known, KP_ARRAY_LEN(known))) {
		return NULL;
	}
	const struct kp_cedar_json *name =
		kp_cedar_json_require(&reader->text, node, "fn", KP_CEDAR_JSON_STRING);
	const struct kp_cedar_json *arg = kp_cedar_json_member(node, "arg");
	const struct kp_cedar_json *args = kp_cedar_json_member(node, "args");
	struct kp_cedar_expr *expr = new_expr(reader, node, KP_CEDAR_OP_CALL);
	if (name == NULL || expr == NULL) {
		return NULL;
	}
	if (!kp_cedar_fn_find(name->text, &expr->fn)) {
		kp_cedar_json_complain(&reader->text, name,
			"there is no extension function of this name");
		return NULL;
	}
	if ((arg == NULL) == (args == NULL)) {
		kp_cedar_json_complain(
			&reader->text, node, "expected \"arg\" or \"args\", one of both");
		return NULL;
	}
	if (args != NULL) {
		bool sound =
			kp_cedar_json_expect(&reader->text, args, KP_CEDAR_JSON_ARRAY) &&
			read_items(reader, args, read_value, expr);
		return sound ? seal(reader, expr) : NULL;
	}
	const struct kp_cedar_expr **items =
		kp_cedar_expr_json_make(reader, 1, sizeof(*items));
	const struct kp_cedar_expr *value = read_value(reader, arg);
	if (items == NULL || value == NULL) {
		return NULL;
	}
	items[0] = value;
	expr->items = items;
	expr->count = 1;
	return seal(reader, expr);
}

static const struct kp_cedar_expr *
read_value_object(
	struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node)
{
	static const char *const escapes[] = {"__entity", "__extn"};
	const struct kp_cedar_json *entity = kp_cedar_json_member(node, "__entity");
	const struct kp_cedar_json *extn = kp_cedar_json_member(node, "__extn");
	if (kp_cedar_json_member(node, "__expr") != NULL) {
		kp_cedar_json_complain(&reader->text, node,
			"`__expr` is no longer part of Cedar's JSON");
		return NULL;
	}
	if (entity == NULL && extn == NULL) {
		struct kp_cedar_expr *expr = new_expr(reader, node, KP_CEDAR_OP_RECORD);
		bool sound = expr != NULL && read_fields(reader, node, read_value, expr);
		return sound ? seal(reader, expr) : NULL;
	}
	if (!kp_cedar_json_members(&reader->text, node, escapes, KP_ARRAY_LEN(escapes))) {
		return NULL;
	}
	if (entity == NULL) {
		return read_extn(reader, extn);
	}
	struct kp_cedar_expr *expr = new_expr(reader, node, KP_CEDAR_OP_LITERAL);
	const struct kp_cedar_uid *uid = kp_cedar_expr_json_uid(reader, node);
	if (expr == NULL || uid == NULL) {
		return NULL;
	}
	expr->literal = kp_cedar_entity_value(uid);
	return seal(reader, expr);
}

static const struct kp_cedar_expr *
read_literal(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_value value)
{
	struct kp_cedar_expr *expr = new_expr(reader, node, KP_CEDAR_OP_LITERAL);
	if (expr == NULL) {
		return NULL;
	}
	expr->literal = value;
	return seal(reader, expr);
}

static const struct kp_cedar_expr *
read_number(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node)
{
	int64_t integer;
	if (!kp_cedar_json_integer(node, &integer)) {
		kp_cedar_json_complain(&reader->text, node,
			"expected an integer of 64 bits, without fraction or exponent");
		return NULL;
	}
	return read_literal(reader, node, kp_cedar_long(integer));
}

static const struct kp_cedar_expr *
read_text(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node)
{
	struct kp_slice text = kp_arena_copy(reader->arena, node->text);
	if (text.data == NULL) {
		reader->failed = true;
		return NULL;
	}
	return read_literal(reader, node, kp_cedar_string(text));
}

static const struct kp_cedar_expr *
read_value_set(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node)
{
	struct kp_cedar_expr *expr = new_expr(reader, node, KP_CEDAR_OP_SET);
	bool sound = expr != NULL && read_items(reader, node, read_value, expr);
	return sound ? seal(reader, expr) : NULL;
}

static const struct kp_cedar_expr *
read_value(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node)
{
	switch (node->kind) {
	case KP_CEDAR_JSON_OBJECT:
		return read_value_object(reader, node);
	case KP_CEDAR_JSON_ARRAY:
		return read_value_set(reader, node);
	case KP_CEDAR_JSON_STRING:
		return read_text(reader, node);
	case KP_CEDAR_JSON_NUMBER:
		return read_number(reader, node);
	case KP_CEDAR_JSON_TRUE:
	case KP_CEDAR_JSON_FALSE:
		return read_literal(
			reader, node, kp_cedar_bool(node->kind == KP_CEDAR_JSON_TRUE));
	case KP_CEDAR_JSON_NULL:
		break;
	}
	kp_cedar_json_complain(&reader->text, node, "`null` is no value in Cedar");
	return NULL;
}

/* --- operators --- */

static const struct kp_cedar_expr *
read_var(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node)
{
	struct kp_cedar_expr *expr = new_expr(reader, node, KP_CEDAR_OP_VAR);
	if (expr == NULL ||
		!kp_cedar_json_expect(&reader->text, node, KP_CEDAR_JSON_STRING)) {
		return NULL;
	}
	for (int var = KP_CEDAR_VAR_PRINCIPAL; var <= KP_CEDAR_VAR_CONTEXT; var++) {
		if (kp_slice_is(node->text, kp_cedar_var_word((enum kp_cedar_var)var))) {
			expr->var = (enum kp_cedar_var)var;
			return seal(reader, expr);
		}
	}
	kp_cedar_json_complain(&reader->text, node,
		"expected \"principal\", \"action\", \"resource\" or \"context\"");
	return NULL;
}

/* An operand that must be there; NULL after a finding. */
static const struct kp_cedar_expr *
read_operand(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *object,
	const char *name)
{
	const struct kp_cedar_json *node =
		kp_cedar_json_require(&reader->text, object, name, KP_CEDAR_JSON_OBJECT);
	return node == NULL ? NULL : kp_cedar_expr_json_read(reader, node);
}

static bool
read_has_path(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_expr *expr)
{
	const struct kp_cedar_json *attr = kp_cedar_json_member(node, "attr");
	if (attr == NULL) {
		kp_cedar_json_complain(
			&reader->text, node, "the member \"attr\" is missing");
		return false;
	}
	bool list = attr->kind == KP_CEDAR_JSON_ARRAY;
	if (!list && !kp_cedar_json_expect(&reader->text, attr, KP_CEDAR_JSON_STRING)) {
		return false;
	}
	if (list && attr->count == 0) {
		kp_cedar_json_complain(&reader->text, attr, "expected at least one name");
		return false;
	}
	const struct kp_cedar_name **path =
		kp_cedar_expr_json_make(reader, list ? attr->count : 1, sizeof(*path));
	if (path == NULL) {
		return false;
	}
	const struct kp_cedar_json *last = list ? NULL : attr->next;
	for (attr = list ? attr->first : attr; attr != last; attr = attr->next) {
		if (!kp_cedar_json_expect(&reader->text, attr, KP_CEDAR_JSON_STRING)) {
			return false;
		}
		/* In text only identifiers can follow each other with dots. */
		if (list &&
			(!kp_cedar_ident_check(attr->text) ||
				kp_cedar_ident_reserved(attr->text))) {
			kp_cedar_json_complain(&reader->text, attr,
				"in a list of names each must be an identifier");
			return false;
		}
		path[expr->path_count++] = kp_cedar_expr_json_intern(reader, attr->text);
	}
	expr->path = path;
	return !reader->failed;
}

/* The bytes that all literal parts have together. */
static bool
pattern_size(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *array,
	size_t *ret_bytes, size_t *ret_wildcards)
{
	static const char *const known[] = {"Literal"};
	for (const struct kp_cedar_json *item = array->first; item != NULL;
		item = item->next) {
		if (item->kind == KP_CEDAR_JSON_STRING) {
			if (!kp_slice_is(item->text, "Wildcard")) {
				kp_cedar_json_complain(&reader->text, item,
					"expected \"Wildcard\" or {\"Literal\": ...}");
				return false;
			}
			(*ret_wildcards)++;
			continue;
		}
		if (!kp_cedar_json_members(&reader->text, item, known, 1)) {
			return false;
		}
		const struct kp_cedar_json *literal = kp_cedar_json_require(
			&reader->text, item, "Literal", KP_CEDAR_JSON_STRING);
		if (literal == NULL) {
			return false;
		}
		*ret_bytes += literal->text.len;
	}
	return true;
}

static const struct kp_cedar_pattern *
read_pattern(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node)
{
	const struct kp_cedar_json *array = kp_cedar_json_require(
		&reader->text, node, "pattern", KP_CEDAR_JSON_ARRAY);
	size_t bytes = 0;
	size_t wildcards = 0;
	if (array == NULL || !pattern_size(reader, array, &bytes, &wildcards)) {
		return NULL;
	}
	struct kp_cedar_pattern *pattern =
		kp_cedar_expr_json_make(reader, 1, sizeof(*pattern));
	struct kp_slice *parts =
		kp_cedar_expr_json_make(reader, wildcards + 1, sizeof(*parts));
	char *out = kp_cedar_expr_json_make(reader, bytes + 1, 1);
	if (pattern == NULL || parts == NULL || out == NULL) {
		return NULL;
	}
	size_t count = 0;
	parts[0] = (struct kp_slice){out, 0};
	for (const struct kp_cedar_json *item = array->first; item != NULL;
		item = item->next) {
		if (item->kind == KP_CEDAR_JSON_STRING) {
			parts[++count] = (struct kp_slice){out, 0};
			continue;
		}
		struct kp_slice literal = kp_cedar_json_member(item, "Literal")->text;
		if (literal.len > 0) {
			memcpy(out, literal.data, literal.len);
		}
		out += literal.len;
		parts[count].len += literal.len;
	}
	*pattern = (struct kp_cedar_pattern){parts, wildcards + 1};
	return pattern;
}

static bool
fill_is(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_expr *expr)
{
	const struct kp_cedar_json *type = kp_cedar_json_require(
		&reader->text, node, "entity_type", KP_CEDAR_JSON_STRING);
	const struct kp_cedar_json *in = kp_cedar_json_member(node, "in");
	if (type == NULL) {
		return false;
	}
	expr->type = kp_cedar_expr_json_path(reader, type);
	expr->right = in == NULL ? NULL : read_operand(reader, node, "in");
	return expr->type != NULL && (in == NULL || expr->right != NULL);
}

static bool
fill_get(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_expr *expr)
{
	const struct kp_cedar_json *attr =
		kp_cedar_json_require(&reader->text, node, "attr", KP_CEDAR_JSON_STRING);
	expr->attr = attr == NULL ? NULL : kp_cedar_expr_json_intern(reader, attr->text);
	return expr->attr != NULL;
}

/* Operators with `left` and something of their own. */
static const struct kp_cedar_expr *
read_special(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_expr *expr)
{
	static const char *const with_attr[] = {"left", "attr"};
	static const char *const with_pattern[] = {"left", "pattern"};
	static const char *const with_type[] = {"left", "entity_type", "in"};
	bool sound;
	if (expr->op == KP_CEDAR_OP_IS) {
		sound = kp_cedar_json_members(&reader->text, node, with_type, 3);
	} else if (expr->op == KP_CEDAR_OP_LIKE) {
		sound = kp_cedar_json_members(&reader->text, node, with_pattern, 2);
	} else {
		sound = kp_cedar_json_members(&reader->text, node, with_attr, 2);
	}
	expr->left = sound ? read_operand(reader, node, "left") : NULL;
	if (expr->left == NULL) {
		return NULL;
	}
	if (expr->op == KP_CEDAR_OP_IS) {
		sound = fill_is(reader, node, expr);
	} else if (expr->op == KP_CEDAR_OP_LIKE) {
		expr->pattern = read_pattern(reader, node);
		sound = expr->pattern != NULL;
	} else if (expr->op == KP_CEDAR_OP_HAS) {
		sound = read_has_path(reader, node, expr);
	} else {
		sound = fill_get(reader, node, expr);
	}
	return sound ? seal(reader, expr) : NULL;
}

static const struct kp_cedar_expr *
read_if(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_expr *expr)
{
	static const char *const known[] = {"if", "then", "else"};
	if (!kp_cedar_json_members(&reader->text, node, known, KP_ARRAY_LEN(known))) {
		return NULL;
	}
	expr->test = read_operand(reader, node, "if");
	expr->then = read_operand(reader, node, "then");
	expr->otherwise = read_operand(reader, node, "else");
	if (expr->test == NULL || expr->then == NULL || expr->otherwise == NULL) {
		return NULL;
	}
	return seal(reader, expr);
}

static const struct kp_cedar_expr *
read_plain(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	const struct kp_cedar_expr_word *word, struct kp_cedar_expr *expr)
{
	static const char *const arg[] = {"arg"};
	static const char *const pair[] = {"left", "right"};
	bool one = word->shape == KP_CEDAR_SHAPE_ARG;
	if (!kp_cedar_json_members(&reader->text, node, one ? arg : pair, one ? 1 : 2)) {
		return NULL;
	}
	expr->left = read_operand(reader, node, one ? "arg" : "left");
	expr->right = one ? NULL : read_operand(reader, node, "right");
	if (expr->left == NULL || (!one && expr->right == NULL)) {
		return NULL;
	}
	return seal(reader, expr);
}

static const struct kp_cedar_expr *
read_call(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_expr *expr)
{
	bool sound = kp_cedar_json_expect(&reader->text, node, KP_CEDAR_JSON_ARRAY) &&
		read_items(reader, node, kp_cedar_expr_json_read, expr);
	if (sound && expr->count == 0 && kp_cedar_fn_info(expr->fn)->method) {
		kp_cedar_json_complain(&reader->text, node,
			"a method needs the object it is called on as its first "
			"argument");
		return NULL;
	}
	return sound ? seal(reader, expr) : NULL;
}

static const struct kp_cedar_expr *
unknown_word(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *member)
{
	if (kp_slice_is(member->name, "Slot")) {
		kp_cedar_json_complain(&reader->text, member,
			"a template slot cannot stand in a condition");
		return NULL;
	}
	kp_cedar_json_complain(&reader->text, member,
		"there is no operator and no function of this name");
	return NULL;
}

static const struct kp_cedar_expr *
read_operator(struct kp_cedar_expr_json_reader *reader,
	const struct kp_cedar_json *member, const struct kp_cedar_expr_word *word)
{
	struct kp_cedar_expr *expr = new_expr(reader, member, word->op);
	if (expr == NULL) {
		return NULL;
	}
	if (word->shape != KP_CEDAR_SHAPE_OTHER) {
		return read_plain(reader, member, word, expr);
	}
	if (word->op == KP_CEDAR_OP_IF) {
		return read_if(reader, member, expr);
	}
	if (word->op == KP_CEDAR_OP_SET) {
		bool sound = kp_cedar_json_expect(
				     &reader->text, member, KP_CEDAR_JSON_ARRAY) &&
			read_items(reader, member, kp_cedar_expr_json_read, expr);
		return sound ? seal(reader, expr) : NULL;
	}
	if (word->op == KP_CEDAR_OP_RECORD) {
		bool sound = kp_cedar_json_expect(
				     &reader->text, member, KP_CEDAR_JSON_OBJECT) &&
			read_fields(reader, member, kp_cedar_expr_json_read, expr);
		return sound ? seal(reader, expr) : NULL;
	}
	return read_special(reader, member, expr);
}

const struct kp_cedar_expr *
kp_cedar_expr_json_read(
	struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node)
{
	if (!kp_cedar_json_expect(&reader->text, node, KP_CEDAR_JSON_OBJECT)) {
		return NULL;
	}
	if (node->count != 1) {
		kp_cedar_json_complain(&reader->text, node,
			"expected one member, the operator, found %u", node->count);
		return NULL;
	}
	const struct kp_cedar_json *member = node->first;
	const struct kp_cedar_expr_word *word = kp_cedar_expr_word_find(member->name);
	if (word == NULL) {
		enum kp_cedar_fn fn;
		if (!kp_cedar_fn_find(member->name, &fn)) {
			return unknown_word(reader, member);
		}
		struct kp_cedar_expr *expr = new_expr(reader, member, KP_CEDAR_OP_CALL);
		if (expr == NULL) {
			return NULL;
		}
		expr->fn = fn;
		return read_call(reader, member, expr);
	}
	if (word->op == KP_CEDAR_OP_LITERAL) {
		return read_value(reader, member);
	}
	if (word->op == KP_CEDAR_OP_VAR) {
		return read_var(reader, member);
	}
	return read_operator(reader, member, word);
}
