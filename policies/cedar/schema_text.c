/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * schema_text: the human-readable schema syntax to schema_source. Only the grammar and
 * what one declaration says twice is judged here; names are looked up by schema_make.
 */
#include <stdio.h>
#include <stdlib.h>

#include "schema_source.h"

/* `status` is sticky: after a failure every step does nothing until recovery. */
struct reader {
	struct kp_cedar_schema_source *source;
	struct kp_cedar_lexer lexer;
	struct kp_cedar_token token; /* the one to read next */
	struct kp_cedar_namespace_decl *space;
	struct kp_findings *findings;
	unsigned nesting;
	enum kp_status status;
};

static void
fail(struct reader *reader, enum kp_status status, const struct kp_error *err)
{
	if (reader->status == KP_OK) {
		reader->status = status;
		kp_findings_add(reader->findings, err);
	}
}

static void KP_PRINTF(3, 4)
	fail_at(struct reader *reader, struct kp_cedar_pos pos, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	struct kp_error err;
	fail(reader, kp_cedar_syntax_error(reader->lexer.file, pos, &err, "%s", text),
		&err);
}

static void
fail_memory(struct reader *reader)
{
	struct kp_error err;
	fail(reader, kp_error_set(&err, KP_E_MEMORY, "no memory left for the schema"),
		&err);
}

static void
expected(struct reader *reader, const char *what)
{
	char found[64];
	fail_at(reader, reader->token.pos, "expected %s, found %s", what,
		kp_cedar_token_text(&reader->token, found, sizeof(found)));
}

static void
next(struct reader *reader)
{
	struct kp_error err;
	if (reader->status != KP_OK) {
		return;
	}
	enum kp_status status = kp_cedar_lexer_next(&reader->lexer, &reader->token, &err);
	if (status != KP_OK) {
		fail(reader, status, &err);
	}
}

static bool
at(const struct reader *reader, enum kp_cedar_token_kind kind)
{
	return reader->status == KP_OK && reader->token.kind == kind;
}

static bool
at_word(const struct reader *reader, const char *word)
{
	return at(reader, KP_CEDAR_T_IDENT) && kp_slice_is(reader->token.text, word);
}

static bool
accept(struct reader *reader, enum kp_cedar_token_kind kind)
{
	if (!at(reader, kind)) {
		return false;
	}
	next(reader);
	return true;
}

static bool
accept_word(struct reader *reader, const char *word)
{
	if (!at_word(reader, word)) {
		return false;
	}
	next(reader);
	return true;
}

static void
expect(struct reader *reader, enum kp_cedar_token_kind kind)
{
	if (reader->status == KP_OK && !accept(reader, kind)) {
		expected(reader, kp_cedar_token_kind_name(kind));
	}
}

static void *
make(struct reader *reader, size_t count, size_t size)
{
	void *block = reader->status == KP_OK
		? kp_arena_alloc_array(reader->source->arena, count, size)
		: NULL;
	if (block == NULL) {
		fail_memory(reader);
	}
	return block;
}

#define MAKE(reader, type) ((type *)make((reader), 1, sizeof(type)))

static const struct kp_cedar_name *
intern(struct reader *reader, struct kp_slice text)
{
	const struct kp_cedar_name *name = reader->status == KP_OK
		? kp_cedar_name(reader->source->names, text)
		: NULL;
	if (name == NULL) {
		fail_memory(reader);
	}
	return name;
}

/* An identifier that is not reserved. NULL after a failure. */
static const struct kp_cedar_name *
read_ident(struct reader *reader, const char *what)
{
	if (!at(reader, KP_CEDAR_T_IDENT)) {
		expected(reader, what);
		return NULL;
	}
	struct kp_slice text = reader->token.text;
	if (kp_cedar_ident_reserved(text) || kp_slice_is(text, "__cedar")) {
		fail_at(reader, reader->token.pos,
			"`%.*s` is reserved and cannot be a name here, expected %s",
			KP_SLICE_ARG(text), what);
		return NULL;
	}
	const struct kp_cedar_name *name = intern(reader, text);
	next(reader);
	return name;
}

static const struct kp_cedar_name *
read_string(struct reader *reader)
{
	if (!at(reader, KP_CEDAR_T_STRING)) {
		expected(reader, "a string");
		return NULL;
	}
	struct kp_slice text;
	struct kp_error err;
	enum kp_status status = kp_cedar_unescape(
		reader->source->arena, &reader->lexer, &reader->token, &text, &err);
	if (status != KP_OK) {
		fail(reader, status, &err);
		return NULL;
	}
	const struct kp_cedar_name *name = intern(reader, text);
	next(reader);
	return name;
}

/* Attribute and action names: an identifier or any string. */
static const struct kp_cedar_name *
read_name(struct reader *reader, const char *what)
{
	return at(reader, KP_CEDAR_T_STRING) ? read_string(reader)
					     : read_ident(reader, what);
}

/* One more identifier onto a path in `buffer`. `first` may be __cedar. */
static void
path_part(struct reader *reader, struct kp_buffer *buffer, bool first, bool builtin)
{
	if (!at(reader, KP_CEDAR_T_IDENT)) {
		expected(reader, first ? "a type" : "an identifier after `::`");
		return;
	}
	struct kp_slice text = reader->token.text;
	bool cedar = kp_slice_is(text, "__cedar");
	if (kp_cedar_ident_reserved(text) || (cedar && !(first && builtin))) {
		fail_at(reader, reader->token.pos,
			"`%.*s` is reserved and cannot be part of a name",
			KP_SLICE_ARG(text));
		return;
	}
	if (!first) {
		KP_BUFFER_ADD(buffer, "::");
	}
	kp_buffer_add_slice(buffer, text);
	next(reader);
}

/*
 * A::B::C, normalised. With `ret_string` it may end in ::"text" instead: *ret_string is
 * then that text, else NULL. `builtin` allows __cedar in front.
 */
static const struct kp_cedar_name *
read_path(struct reader *reader, bool builtin, const struct kp_cedar_name **ret_string)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, reader->source->arena, KP_CEDAR_TEXT_MAX);
	path_part(reader, &buffer, true, builtin);
	bool only_cedar = kp_slice_is(kp_buffer_slice(&buffer), "__cedar");
	while (accept(reader, KP_CEDAR_T_COLONS)) {
		if (ret_string != NULL && at(reader, KP_CEDAR_T_STRING)) {
			*ret_string = read_string(reader);
			break;
		}
		path_part(reader, &buffer, false, builtin);
		only_cedar = false;
	}
	if (buffer.failed) {
		fail_memory(reader);
	}
	if (only_cedar) {
		fail_at(reader, reader->token.pos,
			"`__cedar` is a namespace, expected `::` and a built-in type");
	}
	return reader->status == KP_OK ? intern(reader, kp_buffer_slice(&buffer)) : NULL;
}

/* --- annotations --- */

struct annotation_list {
	struct kp_cedar_annotation *items;
	size_t count;
	size_t capacity;
};

static struct kp_cedar_annotation *
annotation_add(struct reader *reader, struct annotation_list *list)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
		struct kp_cedar_annotation *items =
			make(reader, capacity, sizeof(*items));
		if (items == NULL) {
			return NULL;
		}
		if (list->count > 0) {
			memcpy(items, list->items, list->count * sizeof(*items));
		}
		list->items = items;
		list->capacity = capacity;
	}
	return &list->items[list->count++];
}

static bool
annotation_known(const struct annotation_list *list, const struct kp_cedar_name *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].name == name) {
			return true;
		}
	}
	return false;
}

static void
read_annotation(struct reader *reader, struct annotation_list *list)
{
	struct kp_cedar_pos pos = reader->token.pos;
	if (!at(reader, KP_CEDAR_T_IDENT)) {
		expected(reader, "the name of an annotation");
		return;
	}
	const struct kp_cedar_name *name = intern(reader, reader->token.text);
	if (name != NULL && annotation_known(list, name)) {
		fail_at(reader, pos, "the annotation `%.*s` stands here twice",
			KP_SLICE_ARG(name->text));
	}
	next(reader);
	struct kp_cedar_annotation annotation = {.name = name, .pos = pos};
	if (accept(reader, KP_CEDAR_T_LPAREN)) {
		const struct kp_cedar_name *value = read_string(reader);
		expect(reader, KP_CEDAR_T_RPAREN);
		annotation.has_value = true;
		annotation.value = value == NULL ? KP_SLICE("") : value->text;
	}
	struct kp_cedar_annotation *item =
		reader->status == KP_OK ? annotation_add(reader, list) : NULL;
	if (item != NULL) {
		*item = annotation;
	}
}

static struct kp_cedar_annotations
read_annotations(struct reader *reader)
{
	struct annotation_list list = {0};
	while (accept(reader, KP_CEDAR_T_AT)) {
		read_annotation(reader, &list);
	}
	return (struct kp_cedar_annotations){list.items, list.count};
}

/* --- types --- */

static const struct kp_cedar_type_ref *read_type(struct reader *reader);

/* For finding a name twice in lists that may be long. */
static int
compare_attrs(const void *a, const void *b)
{
	const struct kp_cedar_attr_decl *const *left = a;
	const struct kp_cedar_attr_decl *const *right = b;
	uint32_t i = (*left)->name->index;
	uint32_t j = (*right)->name->index;
	if (i != j) {
		return i > j ? 1 : -1;
	}
	return ((*left)->pos.offset > (*right)->pos.offset) -
		((*left)->pos.offset < (*right)->pos.offset);
}

static void
check_attrs(struct reader *reader, const struct kp_cedar_type_ref *record)
{
	if (record->attr_count < 2 || reader->status != KP_OK) {
		return;
	}
	const struct kp_cedar_attr_decl **sorted =
		make(reader, record->attr_count, sizeof(const void *));
	if (sorted == NULL) {
		return;
	}
	size_t count = 0;
	for (const struct kp_cedar_attr_decl *attr = record->attrs; attr != NULL;
		attr = attr->next) {
		sorted[count++] = attr;
	}
	qsort(sorted, count, sizeof(*sorted), compare_attrs);
	for (size_t i = 1; i < count; i++) {
		if (sorted[i]->name == sorted[i - 1]->name) {
			fail_at(reader, sorted[i]->pos,
				"the attribute `%.*s` is declared twice, first on line "
				"%u",
				KP_SLICE_ARG(sorted[i]->name->text),
				sorted[i - 1]->pos.line);
			return;
		}
	}
}

static struct kp_cedar_attr_decl *
read_attr(struct reader *reader)
{
	struct kp_cedar_annotations annotations = read_annotations(reader);
	struct kp_cedar_attr_decl *attr = MAKE(reader, struct kp_cedar_attr_decl);
	if (attr == NULL) {
		return NULL;
	}
	attr->annotations = annotations;
	attr->pos = reader->token.pos;
	attr->name = read_name(reader, "the name of an attribute or `}`");
	attr->required = !accept(reader, KP_CEDAR_T_QUESTION);
	expect(reader, KP_CEDAR_T_COLON);
	attr->type = read_type(reader);
	return attr;
}

/* The opening brace is the next token. */
static const struct kp_cedar_type_ref *
read_record(struct reader *reader)
{
	struct kp_cedar_type_ref *record = MAKE(reader, struct kp_cedar_type_ref);
	if (record == NULL) {
		return NULL;
	}
	*record = (struct kp_cedar_type_ref){
		.kind = KP_CEDAR_REF_RECORD, .pos = reader->token.pos};
	expect(reader, KP_CEDAR_T_LBRACE);
	struct kp_cedar_attr_decl *first = NULL;
	struct kp_cedar_attr_decl **end = &first;
	while (reader->status == KP_OK && !at(reader, KP_CEDAR_T_RBRACE)) {
		struct kp_cedar_attr_decl *attr = read_attr(reader);
		if (attr != NULL) {
			*end = attr;
			end = &attr->next;
			record->attr_count++;
		}
		if (!accept(reader, KP_CEDAR_T_COMMA)) {
			break;
		}
	}
	if (reader->status == KP_OK && !accept(reader, KP_CEDAR_T_RBRACE)) {
		expected(reader, "`,` or `}`");
	}
	record->attrs = first;
	check_attrs(reader, record);
	return record;
}

static const struct kp_cedar_type_ref *
read_named_type(struct reader *reader)
{
	struct kp_cedar_type_ref *type = MAKE(reader, struct kp_cedar_type_ref);
	if (type == NULL) {
		return NULL;
	}
	struct kp_cedar_pos pos = reader->token.pos;
	bool set = at_word(reader, "Set");
	*type = (struct kp_cedar_type_ref){.kind = KP_CEDAR_REF_NAME};
	type->path = read_path(reader, true, NULL);
	type->pos = pos;
	if (set && type->path != NULL && kp_slice_is(type->path->text, "Set") &&
		accept(reader, KP_CEDAR_T_LT)) {
		type->kind = KP_CEDAR_REF_SET;
		type->path = NULL;
		type->element = read_type(reader);
		expect(reader, KP_CEDAR_T_GT);
	}
	return type;
}

static const struct kp_cedar_type_ref *
read_type(struct reader *reader)
{
	if (reader->nesting == KP_CEDAR_SCHEMA_NESTING_MAX) {
		fail_at(reader, reader->token.pos,
			"types are nested deeper than %d, the limit",
			KP_CEDAR_SCHEMA_NESTING_MAX);
		return NULL;
	}
	reader->nesting++;
	const struct kp_cedar_type_ref *type = at(reader, KP_CEDAR_T_LBRACE)
		? read_record(reader)
		: read_named_type(reader);
	reader->nesting--;
	return type;
}

/* --- declarations --- */

static struct kp_cedar_path_ref *
read_path_ref(struct reader *reader)
{
	struct kp_cedar_path_ref *ref = MAKE(reader, struct kp_cedar_path_ref);
	if (ref == NULL) {
		return NULL;
	}
	ref->pos = reader->token.pos;
	ref->path = read_path(reader, false, NULL);
	return ref;
}

/* Type, or [Type, Type] without a comma at the end; may be empty. */
static const struct kp_cedar_path_ref *
read_path_refs(struct reader *reader)
{
	if (!accept(reader, KP_CEDAR_T_LBRACKET)) {
		return read_path_ref(reader);
	}
	struct kp_cedar_path_ref *first = NULL;
	struct kp_cedar_path_ref **end = &first;
	if (accept(reader, KP_CEDAR_T_RBRACKET)) {
		return NULL;
	}
	do {
		struct kp_cedar_path_ref *ref = read_path_ref(reader);
		if (ref != NULL) {
			*end = ref;
			end = &ref->next;
		}
	} while (accept(reader, KP_CEDAR_T_COMMA));
	if (reader->status == KP_OK && !accept(reader, KP_CEDAR_T_RBRACKET)) {
		expected(reader, "`,` or `]`");
	}
	return first;
}

static void
read_enum(struct reader *reader, struct kp_cedar_entity_decl *entity)
{
	expect(reader, KP_CEDAR_T_LBRACKET);
	size_t capacity = 0;
	const struct kp_cedar_name **ids = NULL;
	do {
		const struct kp_cedar_name *id = read_string(reader);
		if (reader->status == KP_OK && entity->id_count == capacity) {
			capacity = capacity == 0 ? 8 : capacity * 2;
			const struct kp_cedar_name **more =
				make(reader, capacity, sizeof(*more));
			if (more != NULL && entity->id_count > 0) {
				memcpy(more, ids, entity->id_count * sizeof(*ids));
			}
			ids = more;
		}
		if (reader->status == KP_OK) {
			ids[entity->id_count++] = id;
		}
	} while (accept(reader, KP_CEDAR_T_COMMA));
	expect(reader, KP_CEDAR_T_RBRACKET);
	entity->ids = ids;
}

static void
read_entity_body(struct reader *reader, struct kp_cedar_entity_decl *body)
{
	if (accept_word(reader, "enum")) {
		read_enum(reader, body);
		return;
	}
	if (accept_word(reader, "in")) {
		body->parents = read_path_refs(reader);
	}
	if (accept(reader, KP_CEDAR_T_ASSIGN) || at(reader, KP_CEDAR_T_LBRACE)) {
		if (!at(reader, KP_CEDAR_T_LBRACE)) {
			expected(reader, "`{`");
			return;
		}
		body->shape = read_record(reader);
	}
	if (accept_word(reader, "tags")) {
		body->tags = read_type(reader);
	}
}

static void
read_entity(struct reader *reader, struct kp_cedar_annotations annotations)
{
	struct kp_cedar_entity_decl *first = NULL;
	struct kp_cedar_entity_decl **end = &first;
	do {
		struct kp_cedar_pos pos = reader->token.pos;
		const struct kp_cedar_name *name =
			read_ident(reader, "the name of an entity type");
		struct kp_cedar_entity_decl *entity =
			MAKE(reader, struct kp_cedar_entity_decl);
		if (entity == NULL) {
			return;
		}
		entity->name = name;
		entity->pos = pos;
		*end = entity;
		end = &entity->next;
	} while (accept(reader, KP_CEDAR_T_COMMA));
	struct kp_cedar_entity_decl body = {.annotations = annotations};
	read_entity_body(reader, &body);
	expect(reader, KP_CEDAR_T_SEMICOLON);
	for (struct kp_cedar_entity_decl *entity = first; entity != NULL;
		entity = entity->next) {
		entity->annotations = body.annotations;
		entity->parents = body.parents;
		entity->shape = body.shape;
		entity->tags = body.tags;
		entity->ids = body.ids;
		entity->id_count = body.id_count;
	}
	if (reader->status == KP_OK) {
		*reader->space->entities_end = first;
		reader->space->entities_end = end;
	}
}

static void
read_common(struct reader *reader, struct kp_cedar_annotations annotations)
{
	struct kp_cedar_common_decl *common = MAKE(reader, struct kp_cedar_common_decl);
	if (common == NULL) {
		return;
	}
	common->annotations = annotations;
	common->pos = reader->token.pos;
	common->name = read_ident(reader, "the name of a type");
	if (common->name != NULL && kp_cedar_schema_reserved(common->name->text)) {
		fail_at(reader, common->pos,
			"`%.*s` is a type of Cedar's own, choose another name",
			KP_SLICE_ARG(common->name->text));
	}
	expect(reader, KP_CEDAR_T_ASSIGN);
	common->type = read_type(reader);
	expect(reader, KP_CEDAR_T_SEMICOLON);
	if (reader->status == KP_OK) {
		*reader->space->commons_end = common;
		reader->space->commons_end = &common->next;
	}
}

/* name, or Path::"id". A name in front of `::` is the start of a path. */
static struct kp_cedar_action_ref *
read_action_ref(struct reader *reader)
{
	struct kp_cedar_action_ref *ref = MAKE(reader, struct kp_cedar_action_ref);
	if (ref == NULL) {
		return NULL;
	}
	ref->pos = reader->token.pos;
	if (at(reader, KP_CEDAR_T_STRING)) {
		ref->id = read_string(reader);
		return ref;
	}
	const struct kp_cedar_name *id = NULL;
	const struct kp_cedar_name *path = read_path(reader, false, &id);
	if (id == NULL && path != NULL && kp_cedar_path_namespace(path->text).len > 0) {
		expected(reader, "`::` and the action's name as a string");
	}
	ref->type = id == NULL ? NULL : path;
	ref->id = id == NULL ? path : id;
	return ref;
}

static const struct kp_cedar_action_ref *
read_action_refs(struct reader *reader)
{
	if (!accept(reader, KP_CEDAR_T_LBRACKET)) {
		return read_action_ref(reader);
	}
	struct kp_cedar_action_ref *first = NULL;
	struct kp_cedar_action_ref **end = &first;
	if (accept(reader, KP_CEDAR_T_RBRACKET)) {
		return NULL;
	}
	do {
		struct kp_cedar_action_ref *ref = read_action_ref(reader);
		if (ref != NULL) {
			*end = ref;
			end = &ref->next;
		}
	} while (accept(reader, KP_CEDAR_T_COMMA));
	expect(reader, KP_CEDAR_T_RBRACKET);
	return first;
}

/* What an appliesTo has said so far. */
struct applies {
	bool principal;
	bool resource;
	bool context;
};

static void
read_applies_types(struct reader *reader, bool *seen, const char *what,
	struct kp_cedar_pos pos, const struct kp_cedar_path_ref **ret_refs)
{
	if (*seen) {
		fail_at(reader, pos, "`%s` stands here twice", what);
	}
	*seen = true;
	*ret_refs = read_path_refs(reader);
	if (reader->status == KP_OK && *ret_refs == NULL) {
		fail_at(reader, pos,
			"`%s` is empty; leave appliesTo out for an action that applies "
			"to nothing",
			what);
	}
}

static void
read_applies_item(
	struct reader *reader, struct kp_cedar_action_decl *action, struct applies *seen)
{
	struct kp_cedar_pos pos = reader->token.pos;
	bool principal = at_word(reader, "principal");
	bool resource = at_word(reader, "resource");
	if (!principal && !resource && !at_word(reader, "context")) {
		expected(reader, "`principal`, `resource` or `context`");
		return;
	}
	next(reader);
	expect(reader, KP_CEDAR_T_COLON);
	if (principal) {
		read_applies_types(
			reader, &seen->principal, "principal", pos, &action->principals);
	} else if (resource) {
		read_applies_types(
			reader, &seen->resource, "resource", pos, &action->resources);
	} else {
		if (seen->context) {
			fail_at(reader, pos, "`context` stands here twice");
		}
		seen->context = true;
		if (at_word(reader, "Set")) {
			expected(reader, "a record or the name of one");
		}
		action->context = read_type(reader);
	}
}

static void
read_applies(struct reader *reader, struct kp_cedar_action_decl *action)
{
	struct kp_cedar_pos pos = reader->token.pos;
	struct applies seen = {0};
	expect(reader, KP_CEDAR_T_LBRACE);
	do {
		if (at(reader, KP_CEDAR_T_RBRACE)) {
			break;
		}
		read_applies_item(reader, action, &seen);
	} while (accept(reader, KP_CEDAR_T_COMMA));
	expect(reader, KP_CEDAR_T_RBRACE);
	if (reader->status == KP_OK && (!seen.principal || !seen.resource)) {
		fail_at(reader, pos, "appliesTo needs `%s`",
			seen.principal ? "resource" : "principal");
	}
	action->applies = true;
}

static void
read_action_body(struct reader *reader, struct kp_cedar_action_decl *body)
{
	if (accept_word(reader, "in")) {
		body->parents = read_action_refs(reader);
	}
	if (accept_word(reader, "appliesTo")) {
		read_applies(reader, body);
	}
	if (accept_word(reader, "attributes")) {
		expect(reader, KP_CEDAR_T_LBRACE);
		if (reader->status == KP_OK && !accept(reader, KP_CEDAR_T_RBRACE)) {
			expected(reader, "`}`: actions have no attributes");
		}
	}
	expect(reader, KP_CEDAR_T_SEMICOLON);
}

static void
read_action(struct reader *reader, struct kp_cedar_annotations annotations)
{
	struct kp_cedar_action_decl *first = NULL;
	struct kp_cedar_action_decl **end = &first;
	do {
		struct kp_cedar_pos pos = reader->token.pos;
		const struct kp_cedar_name *id =
			read_name(reader, "the name of an action");
		struct kp_cedar_action_decl *action =
			MAKE(reader, struct kp_cedar_action_decl);
		if (action == NULL) {
			return;
		}
		action->id = id;
		action->pos = pos;
		*end = action;
		end = &action->next;
	} while (accept(reader, KP_CEDAR_T_COMMA));
	struct kp_cedar_action_decl body = {.annotations = annotations};
	read_action_body(reader, &body);
	for (struct kp_cedar_action_decl *action = first; action != NULL;
		action = action->next) {
		action->annotations = body.annotations;
		action->parents = body.parents;
		action->applies = body.applies;
		action->principals = body.principals;
		action->resources = body.resources;
		action->context = body.context;
	}
	if (reader->status == KP_OK) {
		*reader->space->actions_end = first;
		reader->space->actions_end = end;
	}
}

static void
unknown_declaration(struct reader *reader, bool top)
{
	static const char *const words[] = {"entity", "action", "type", "namespace"};
	const char *wanted = top ? "`entity`, `action`, `type` or `namespace`"
				 : "`entity`, `action`, `type` or `}`";
	const char *near = at(reader, KP_CEDAR_T_IDENT)
		? kp_cedar_nearest(reader->token.text, words, top ? 4 : 3)
		: NULL;
	char found[64];
	(void)kp_cedar_token_text(&reader->token, found, sizeof(found));
	if (near != NULL) {
		fail_at(reader, reader->token.pos,
			"expected %s, found %s, did you mean `%s`?", wanted, found, near);
	} else {
		fail_at(reader, reader->token.pos, "expected %s, found %s", wanted,
			found);
	}
}

/* After a finding: goes on behind the next semicolon, or at the end or a brace. */
static void
recover(struct reader *reader)
{
	struct kp_error ignored;
	if (reader->status != KP_E_SYNTAX) {
		return;
	}
	reader->nesting = 0;
	bool lexed = true;
	while (!lexed ||
		(reader->token.kind != KP_CEDAR_T_SEMICOLON &&
			reader->token.kind != KP_CEDAR_T_END)) {
		lexed = kp_cedar_lexer_next(&reader->lexer, &reader->token, &ignored) ==
			KP_OK;
	}
	reader->status = KP_OK;
	(void)accept(reader, KP_CEDAR_T_SEMICOLON);
}

/* True when one of the three declarations could begin here; it is then read. */
static bool
read_declaration(struct reader *reader, struct kp_cedar_annotations annotations)
{
	if (accept_word(reader, "entity")) {
		read_entity(reader, annotations);
	} else if (accept_word(reader, "action")) {
		read_action(reader, annotations);
	} else if (accept_word(reader, "type")) {
		read_common(reader, annotations);
	} else {
		return false;
	}
	return true;
}

static void
read_namespace(struct reader *reader, struct kp_cedar_annotations annotations)
{
	struct kp_cedar_pos pos = reader->token.pos;
	const struct kp_cedar_name *path = read_path(reader, false, NULL);
	bool is_new = true;
	struct kp_cedar_namespace_decl *space = reader->status == KP_OK
		? kp_cedar_schema_source_namespace(reader->source, path, &is_new)
		: NULL;
	if (space == NULL) {
		fail_memory(reader);
		return;
	}
	if (!is_new) {
		fail_at(reader, pos, "the namespace `%.*s` is declared twice",
			KP_SLICE_ARG(path->text));
		return;
	}
	space->file = reader->lexer.file;
	space->pos = pos;
	space->annotations = annotations;
	struct kp_cedar_namespace_decl *outer = reader->space;
	reader->space = space;
	expect(reader, KP_CEDAR_T_LBRACE);
	if (reader->status == KP_OK) {
		while (!at(reader, KP_CEDAR_T_RBRACE)) {
			if (!read_declaration(reader, read_annotations(reader))) {
				unknown_declaration(reader, false);
				recover(reader);
			}
			recover(reader);
			if (reader->status != KP_OK || at(reader, KP_CEDAR_T_END)) {
				break;
			}
		}
		expect(reader, KP_CEDAR_T_RBRACE);
	}
	reader->space = outer;
}

static void
read_schema(struct reader *reader)
{
	while (reader->status == KP_OK && !at(reader, KP_CEDAR_T_END)) {
		/* What closes a namespace whose head was wrong is no new finding. */
		if (kp_findings_any(reader->findings) &&
			accept(reader, KP_CEDAR_T_RBRACE)) {
			continue;
		}
		struct kp_cedar_annotations annotations = read_annotations(reader);
		if (accept_word(reader, "namespace")) {
			read_namespace(reader, annotations);
		} else if (!read_declaration(reader, annotations)) {
			unknown_declaration(reader, true);
		}
		recover(reader);
	}
}

static enum kp_status
begin(struct reader *reader, const char *file, struct kp_slice text)
{
	struct kp_error err;
	enum kp_status status = kp_cedar_lexer_init(&reader->lexer, file, text, &err);
	if (status != KP_OK) {
		fail(reader, status, &err);
		return status;
	}
	bool is_new;
	const struct kp_cedar_name *none = intern(reader, KP_SLICE(""));
	reader->space = none == NULL
		? NULL
		: kp_cedar_schema_source_namespace(reader->source, none, &is_new);
	if (reader->space == NULL) {
		fail_memory(reader);
		return KP_E_MEMORY;
	}
	reader->space->file = file;
	return KP_OK;
}

enum kp_status
kp_cedar_schema_read_text(struct kp_cedar_schema_source *source, const char *file,
	struct kp_slice text, struct kp_findings *findings)
{
	size_t before = findings->count + findings->dropped;
	struct reader reader = {.source = source, .findings = findings};
	enum kp_status status = begin(&reader, file, text);
	if (status != KP_OK) {
		return status;
	}
	next(&reader);
	recover(&reader);
	read_schema(&reader);
	if (reader.status != KP_OK) {
		return reader.status;
	}
	return findings->count + findings->dropped > before ? KP_E_SYNTAX : KP_OK;
}
