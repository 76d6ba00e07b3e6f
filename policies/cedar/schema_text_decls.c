/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * schema_text_decls: the human-readable schema syntax to schema_source. Only the grammar
 * and what one declaration says twice is judged here; names are looked up by schema_make.
 */
#include "schema_text.h"

static struct kp_cedar_path_ref *
read_path_ref(struct kp_cedar_schema_text *reader)
{
	struct kp_cedar_path_ref *ref =
		KP_CEDAR_SCHEMA_MAKE(reader, struct kp_cedar_path_ref);
	if (ref == NULL) {
		return NULL;
	}
	ref->pos = reader->token.pos;
	ref->path = kp_cedar_schema_text_read_path(reader, false, NULL);
	return ref;
}

/* Type, or [Type, Type] without a comma at the end; may be empty. */
static const struct kp_cedar_path_ref *
read_path_refs(struct kp_cedar_schema_text *reader)
{
	if (!kp_cedar_schema_text_accept(reader, KP_CEDAR_T_LBRACKET)) {
		return read_path_ref(reader);
	}
	struct kp_cedar_path_ref *first = NULL;
	struct kp_cedar_path_ref **end = &first;
	if (kp_cedar_schema_text_accept(reader, KP_CEDAR_T_RBRACKET)) {
		return NULL;
	}
	do {
		struct kp_cedar_path_ref *ref = read_path_ref(reader);
		if (ref != NULL) {
			*end = ref;
			end = &ref->next;
		}
	} while (kp_cedar_schema_text_accept(reader, KP_CEDAR_T_COMMA));
	if (reader->status == KP_OK &&
		!kp_cedar_schema_text_accept(reader, KP_CEDAR_T_RBRACKET)) {
		kp_cedar_schema_text_expected(reader, "`,` or `]`");
	}
	return first;
}

static void
read_enum(struct kp_cedar_schema_text *reader, struct kp_cedar_entity_decl *entity)
{
	kp_cedar_schema_text_expect(reader, KP_CEDAR_T_LBRACKET);
	size_t capacity = 0;
	const struct kp_cedar_name **ids = NULL;
	do {
		const struct kp_cedar_name *id = kp_cedar_schema_text_read_string(reader);
		if (reader->status == KP_OK && entity->id_count == capacity) {
			capacity = capacity == 0 ? 8 : capacity * 2;
			const struct kp_cedar_name **more = kp_cedar_schema_text_make(
				reader, capacity, sizeof(*more));
			if (more != NULL && entity->id_count > 0) {
				memcpy(more, ids, entity->id_count * sizeof(*ids));
			}
			ids = more;
		}
		if (reader->status == KP_OK) {
			ids[entity->id_count++] = id;
		}
	} while (kp_cedar_schema_text_accept(reader, KP_CEDAR_T_COMMA));
	kp_cedar_schema_text_expect(reader, KP_CEDAR_T_RBRACKET);
	entity->ids = ids;
}

static void
read_entity_body(struct kp_cedar_schema_text *reader, struct kp_cedar_entity_decl *body)
{
	if (kp_cedar_schema_text_accept_word(reader, "enum")) {
		read_enum(reader, body);
		return;
	}
	if (kp_cedar_schema_text_accept_word(reader, "in")) {
		body->parents = read_path_refs(reader);
	}
	if (kp_cedar_schema_text_accept(reader, KP_CEDAR_T_ASSIGN) ||
		kp_cedar_schema_text_at(reader, KP_CEDAR_T_LBRACE)) {
		if (!kp_cedar_schema_text_at(reader, KP_CEDAR_T_LBRACE)) {
			kp_cedar_schema_text_expected(reader, "`{`");
			return;
		}
		body->shape = kp_cedar_schema_text_read_record(reader);
	}
	if (kp_cedar_schema_text_accept_word(reader, "tags")) {
		body->tags = kp_cedar_schema_text_read_type(reader);
	}
}

static void
read_entity(struct kp_cedar_schema_text *reader, struct kp_cedar_annotations annotations)
{
	struct kp_cedar_entity_decl *first = NULL;
	struct kp_cedar_entity_decl **end = &first;
	do {
		struct kp_cedar_pos pos = reader->token.pos;
		const struct kp_cedar_name *name = kp_cedar_schema_text_read_ident(
			reader, "the name of an entity type");
		struct kp_cedar_entity_decl *entity =
			KP_CEDAR_SCHEMA_MAKE(reader, struct kp_cedar_entity_decl);
		if (entity == NULL) {
			return;
		}
		entity->name = name;
		entity->pos = pos;
		*end = entity;
		end = &entity->next;
	} while (kp_cedar_schema_text_accept(reader, KP_CEDAR_T_COMMA));
	struct kp_cedar_entity_decl body = {.annotations = annotations};
	read_entity_body(reader, &body);
	kp_cedar_schema_text_expect(reader, KP_CEDAR_T_SEMICOLON);
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
read_common(struct kp_cedar_schema_text *reader, struct kp_cedar_annotations annotations)
{
	struct kp_cedar_common_decl *common =
		KP_CEDAR_SCHEMA_MAKE(reader, struct kp_cedar_common_decl);
	if (common == NULL) {
		return;
	}
	common->annotations = annotations;
	common->pos = reader->token.pos;
	common->name = kp_cedar_schema_text_read_ident(reader, "the name of a type");
	if (common->name != NULL && kp_cedar_schema_reserved(common->name->text)) {
		kp_cedar_schema_text_fail_at(reader, common->pos,
			"`%.*s` is a type of Cedar's own, choose another name",
			KP_SLICE_ARG(common->name->text));
	}
	kp_cedar_schema_text_expect(reader, KP_CEDAR_T_ASSIGN);
	common->type = kp_cedar_schema_text_read_type(reader);
	kp_cedar_schema_text_expect(reader, KP_CEDAR_T_SEMICOLON);
	if (reader->status == KP_OK) {
		*reader->space->commons_end = common;
		reader->space->commons_end = &common->next;
	}
}

/* name, or Path::"id". A name in front of `::` is the start of a path. */
static struct kp_cedar_action_ref *
read_action_ref(struct kp_cedar_schema_text *reader)
{
	struct kp_cedar_action_ref *ref =
		KP_CEDAR_SCHEMA_MAKE(reader, struct kp_cedar_action_ref);
	if (ref == NULL) {
		return NULL;
	}
	ref->pos = reader->token.pos;
	if (kp_cedar_schema_text_at(reader, KP_CEDAR_T_STRING)) {
		ref->id = kp_cedar_schema_text_read_string(reader);
		return ref;
	}
	const struct kp_cedar_name *id = NULL;
	const struct kp_cedar_name *path =
		kp_cedar_schema_text_read_path(reader, false, &id);
	if (id == NULL && path != NULL && kp_cedar_path_namespace(path->text).len > 0) {
		kp_cedar_schema_text_expected(
			reader, "`::` and the action's name as a string");
	}
	ref->type = id == NULL ? NULL : path;
	ref->id = id == NULL ? path : id;
	return ref;
}

static const struct kp_cedar_action_ref *
read_action_refs(struct kp_cedar_schema_text *reader)
{
	if (!kp_cedar_schema_text_accept(reader, KP_CEDAR_T_LBRACKET)) {
		return read_action_ref(reader);
	}
	struct kp_cedar_action_ref *first = NULL;
	struct kp_cedar_action_ref **end = &first;
	if (kp_cedar_schema_text_accept(reader, KP_CEDAR_T_RBRACKET)) {
		return NULL;
	}
	do {
		struct kp_cedar_action_ref *ref = read_action_ref(reader);
		if (ref != NULL) {
			*end = ref;
			end = &ref->next;
		}
	} while (kp_cedar_schema_text_accept(reader, KP_CEDAR_T_COMMA));
	kp_cedar_schema_text_expect(reader, KP_CEDAR_T_RBRACKET);
	return first;
}

/* What an appliesTo has said so far. */
struct applies {
	bool principal;
	bool resource;
	bool context;
};

static void
read_applies_types(struct kp_cedar_schema_text *reader, bool *seen, const char *what,
	struct kp_cedar_pos pos, const struct kp_cedar_path_ref **ret_refs)
{
	if (*seen) {
		kp_cedar_schema_text_fail_at(reader, pos, "`%s` stands here twice", what);
	}
	*seen = true;
	*ret_refs = read_path_refs(reader);
	if (reader->status == KP_OK && *ret_refs == NULL) {
		kp_cedar_schema_text_fail_at(reader, pos,
			"`%s` is empty; leave appliesTo out for an action that applies "
			"to nothing",
			what);
	}
}

static void
read_applies_item(struct kp_cedar_schema_text *reader,
	struct kp_cedar_action_decl *action, struct applies *seen)
{
	struct kp_cedar_pos pos = reader->token.pos;
	bool principal = kp_cedar_schema_text_at_word(reader, "principal");
	bool resource = kp_cedar_schema_text_at_word(reader, "resource");
	if (!principal && !resource && !kp_cedar_schema_text_at_word(reader, "context")) {
		kp_cedar_schema_text_expected(
			reader, "`principal`, `resource` or `context`");
		return;
	}
	kp_cedar_schema_text_next(reader);
	kp_cedar_schema_text_expect(reader, KP_CEDAR_T_COLON);
	if (principal) {
		read_applies_types(
			reader, &seen->principal, "principal", pos, &action->principals);
	} else if (resource) {
		read_applies_types(
			reader, &seen->resource, "resource", pos, &action->resources);
	} else {
		if (seen->context) {
			kp_cedar_schema_text_fail_at(
				reader, pos, "`context` stands here twice");
		}
		seen->context = true;
		if (kp_cedar_schema_text_at_word(reader, "Set")) {
			kp_cedar_schema_text_expected(
				reader, "a record or the name of one");
		}
		action->context = kp_cedar_schema_text_read_type(reader);
	}
}

static void
read_applies(struct kp_cedar_schema_text *reader, struct kp_cedar_action_decl *action)
{
	struct kp_cedar_pos pos = reader->token.pos;
	struct applies seen = {0};
	kp_cedar_schema_text_expect(reader, KP_CEDAR_T_LBRACE);
	do {
		if (kp_cedar_schema_text_at(reader, KP_CEDAR_T_RBRACE)) {
			break;
		}
		read_applies_item(reader, action, &seen);
	} while (kp_cedar_schema_text_accept(reader, KP_CEDAR_T_COMMA));
	kp_cedar_schema_text_expect(reader, KP_CEDAR_T_RBRACE);
	if (reader->status == KP_OK && (!seen.principal || !seen.resource)) {
		kp_cedar_schema_text_fail_at(reader, pos, "appliesTo needs `%s`",
			seen.principal ? "resource" : "principal");
	}
	action->applies = true;
}

static void
read_action_body(struct kp_cedar_schema_text *reader, struct kp_cedar_action_decl *body)
{
	if (kp_cedar_schema_text_accept_word(reader, "in")) {
		body->parents = read_action_refs(reader);
	}
	if (kp_cedar_schema_text_accept_word(reader, "appliesTo")) {
		read_applies(reader, body);
	}
	if (kp_cedar_schema_text_accept_word(reader, "attributes")) {
		kp_cedar_schema_text_expect(reader, KP_CEDAR_T_LBRACE);
		if (reader->status == KP_OK &&
			!kp_cedar_schema_text_accept(reader, KP_CEDAR_T_RBRACE)) {
			kp_cedar_schema_text_expected(
				reader, "`}`: actions have no attributes");
		}
	}
	kp_cedar_schema_text_expect(reader, KP_CEDAR_T_SEMICOLON);
}

static void
read_action(struct kp_cedar_schema_text *reader, struct kp_cedar_annotations annotations)
{
	struct kp_cedar_action_decl *first = NULL;
	struct kp_cedar_action_decl **end = &first;
	do {
		struct kp_cedar_pos pos = reader->token.pos;
		const struct kp_cedar_name *id =
			kp_cedar_schema_text_read_name(reader, "the name of an action");
		struct kp_cedar_action_decl *action =
			KP_CEDAR_SCHEMA_MAKE(reader, struct kp_cedar_action_decl);
		if (action == NULL) {
			return;
		}
		action->id = id;
		action->pos = pos;
		*end = action;
		end = &action->next;
	} while (kp_cedar_schema_text_accept(reader, KP_CEDAR_T_COMMA));
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
unknown_declaration(struct kp_cedar_schema_text *reader, bool top)
{
	static const char *const words[] = {"entity", "action", "type", "namespace"};
	const char *wanted = top ? "`entity`, `action`, `type` or `namespace`"
				 : "`entity`, `action`, `type` or `}`";
	const char *near = kp_cedar_schema_text_at(reader, KP_CEDAR_T_IDENT)
		? kp_cedar_nearest(reader->token.text, words, top ? 4 : 3)
		: NULL;
	char found[64];
	(void)kp_cedar_token_text(&reader->token, found, sizeof(found));
	if (near != NULL) {
		kp_cedar_schema_text_fail_at(reader, reader->token.pos,
			"expected %s, found %s, did you mean `%s`?", wanted, found, near);
	} else {
		kp_cedar_schema_text_fail_at(reader, reader->token.pos,
			"expected %s, found %s", wanted, found);
	}
}

/* After a finding: goes on behind the next semicolon, or at the end or a brace. */
static void
recover(struct kp_cedar_schema_text *reader)
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
	(void)kp_cedar_schema_text_accept(reader, KP_CEDAR_T_SEMICOLON);
}

/* True when one of the three declarations could begin here; it is then read. */
static bool
read_declaration(
	struct kp_cedar_schema_text *reader, struct kp_cedar_annotations annotations)
{
	if (kp_cedar_schema_text_accept_word(reader, "entity")) {
		read_entity(reader, annotations);
	} else if (kp_cedar_schema_text_accept_word(reader, "action")) {
		read_action(reader, annotations);
	} else if (kp_cedar_schema_text_accept_word(reader, "type")) {
		read_common(reader, annotations);
	} else {
		return false;
	}
	return true;
}

static void
read_namespace(
	struct kp_cedar_schema_text *reader, struct kp_cedar_annotations annotations)
{
	struct kp_cedar_pos pos = reader->token.pos;
	const struct kp_cedar_name *path =
		kp_cedar_schema_text_read_path(reader, false, NULL);
	bool is_new = true;
	struct kp_cedar_namespace_decl *space = reader->status == KP_OK
		? kp_cedar_schema_source_namespace(reader->source, path, &is_new)
		: NULL;
	if (space == NULL) {
		kp_cedar_schema_text_fail_memory(reader);
		return;
	}
	if (!is_new) {
		kp_cedar_schema_text_fail_at(reader, pos,
			"the namespace `%.*s` is declared twice",
			KP_SLICE_ARG(path->text));
		return;
	}
	space->file = reader->lexer.file;
	space->pos = pos;
	space->annotations = annotations;
	struct kp_cedar_namespace_decl *outer = reader->space;
	reader->space = space;
	kp_cedar_schema_text_expect(reader, KP_CEDAR_T_LBRACE);
	if (reader->status == KP_OK) {
		while (!kp_cedar_schema_text_at(reader, KP_CEDAR_T_RBRACE)) {
			if (!read_declaration(reader,
				    kp_cedar_schema_text_read_annotations(reader))) {
				unknown_declaration(reader, false);
				recover(reader);
			}
			recover(reader);
			if (reader->status != KP_OK ||
				kp_cedar_schema_text_at(reader, KP_CEDAR_T_END)) {
				break;
			}
		}
		kp_cedar_schema_text_expect(reader, KP_CEDAR_T_RBRACE);
	}
	reader->space = outer;
}

static void
read_schema(struct kp_cedar_schema_text *reader)
{
	while (reader->status == KP_OK &&
		!kp_cedar_schema_text_at(reader, KP_CEDAR_T_END)) {
		/* What closes a namespace whose head was wrong is no new finding. */
		if (kp_findings_any(reader->findings) &&
			kp_cedar_schema_text_accept(reader, KP_CEDAR_T_RBRACE)) {
			continue;
		}
		struct kp_cedar_annotations annotations =
			kp_cedar_schema_text_read_annotations(reader);
		if (kp_cedar_schema_text_accept_word(reader, "namespace")) {
			read_namespace(reader, annotations);
		} else if (!read_declaration(reader, annotations)) {
			unknown_declaration(reader, true);
		}
		recover(reader);
	}
}

static enum kp_status
begin(struct kp_cedar_schema_text *reader, const char *file, struct kp_slice text)
{
	struct kp_error err;
	enum kp_status status = kp_cedar_lexer_init(&reader->lexer, file, text, &err);
	if (status != KP_OK) {
		kp_cedar_schema_text_fail(reader, status, &err);
		return status;
	}
	bool is_new;
	const struct kp_cedar_name *none =
		kp_cedar_schema_text_intern(reader, KP_SLICE(""));
	reader->space = none == NULL
		? NULL
		: kp_cedar_schema_source_namespace(reader->source, none, &is_new);
	if (reader->space == NULL) {
		kp_cedar_schema_text_fail_memory(reader);
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
	struct kp_cedar_schema_text reader = {.source = source, .findings = findings};
	enum kp_status status = begin(&reader, file, text);
	if (status != KP_OK) {
		return status;
	}
	kp_cedar_schema_text_next(&reader);
	recover(&reader);
	read_schema(&reader);
	if (reader.status != KP_OK) {
		return reader.status;
	}
	return findings->count + findings->dropped > before ? KP_E_SYNTAX : KP_OK;
}
