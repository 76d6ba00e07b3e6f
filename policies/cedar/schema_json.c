/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* schema_json: the JSON schema syntax to schema_source. */
#include "json_tree.h"
#include "schema_source.h"

struct reader {
	struct kp_cedar_schema_source *source;
	struct kp_cedar_json_text text;
	unsigned nesting;
	bool failed; /* no memory left */
};

static void *
make(struct reader *reader, size_t size)
{
	void *block = kp_arena_alloc(reader->source->arena, size);
	reader->failed = reader->failed || block == NULL;
	return block;
}

#define MAKE(reader, type) ((type *)make((reader), sizeof(type)))

static const struct kp_cedar_name *
intern(struct reader *reader, struct kp_slice text)
{
	const struct kp_cedar_name *name = kp_cedar_name(reader->source->names, text);
	reader->failed = reader->failed || name == NULL;
	return name;
}

static struct kp_cedar_pos
position(const struct kp_cedar_json *node)
{
	return (struct kp_cedar_pos){.line = node->line, .column = node->column};
}

/* A path; `builtin` allows __cedar:: in front. */
static const struct kp_cedar_name *
read_path(struct reader *reader, const struct kp_cedar_json *node, bool builtin)
{
	if (!kp_cedar_json_expect(&reader->text, node, KP_CEDAR_JSON_STRING)) {
		return NULL;
	}
	struct kp_slice prefix = KP_SLICE("__cedar::");
	struct kp_slice rest = node->text;
	if (builtin && kp_slice_starts(rest, prefix)) {
		rest = (struct kp_slice){rest.data + prefix.len, rest.len - prefix.len};
	}
	if (!kp_cedar_path_check(rest)) {
		kp_cedar_json_complain(&reader->text, node,
			"this is not a type name: expected identifiers joined by \"::\"");
		return NULL;
	}
	return intern(reader, node->text);
}

/* A member's name that is declared here: one identifier. */
static const struct kp_cedar_name *
declared_name(struct reader *reader, const struct kp_cedar_json *member)
{
	if (!kp_cedar_ident_check(member->name) ||
		kp_cedar_ident_reserved(member->name) ||
		kp_slice_is(member->name, "__cedar")) {
		kp_cedar_json_complain(&reader->text, member,
			"this is not an identifier, or a reserved one");
		return NULL;
	}
	return intern(reader, member->name);
}

static struct kp_cedar_annotations
read_annotations(struct reader *reader, const struct kp_cedar_json *object)
{
	struct kp_cedar_annotations none = {0};
	const struct kp_cedar_json *node = kp_cedar_json_member(object, "annotations");
	if (node == NULL ||
		!kp_cedar_json_expect(&reader->text, node, KP_CEDAR_JSON_OBJECT)) {
		return none;
	}
	struct kp_cedar_annotation *items = make(reader, node->count * sizeof(*items));
	size_t count = 0;
	for (const struct kp_cedar_json *member = node->first;
		member != NULL && items != NULL; member = member->next) {
		if (!kp_cedar_ident_check(member->name)) {
			kp_cedar_json_complain(
				&reader->text, member, "this is not an identifier");
			continue;
		}
		bool has_value = member->kind != KP_CEDAR_JSON_NULL;
		if (has_value &&
			!kp_cedar_json_expect(
				&reader->text, member, KP_CEDAR_JSON_STRING)) {
			continue;
		}
		const struct kp_cedar_name *value = intern(reader, member->text);
		items[count++] =
			(struct kp_cedar_annotation){.name = intern(reader, member->name),
				.has_value = has_value,
				.value = value == NULL ? KP_SLICE("") : value->text,
				.pos = position(member)};
	}
	return (struct kp_cedar_annotations){items, count};
}

static const struct kp_cedar_type_ref *read_type(
	struct reader *reader, const struct kp_cedar_json *node, bool attribute);

static bool
type_members(struct reader *reader, const struct kp_cedar_json *node, const char *member,
	bool attribute)
{
	const char *known[5] = {"type", "annotations"};
	size_t count = 2;
	if (attribute) {
		known[count++] = "required";
	}
	if (member != NULL) {
		known[count++] = member;
	}
	return kp_cedar_json_members(&reader->text, node, known, count);
}

static struct kp_cedar_attr_decl *
read_attr(struct reader *reader, const struct kp_cedar_json *member)
{
	struct kp_cedar_attr_decl *attr = MAKE(reader, struct kp_cedar_attr_decl);
	if (attr == NULL ||
		!kp_cedar_json_expect(&reader->text, member, KP_CEDAR_JSON_OBJECT)) {
		return NULL;
	}
	attr->name = intern(reader, member->name);
	attr->pos = position(member);
	attr->annotations = read_annotations(reader, member);
	attr->required = true;
	const struct kp_cedar_json *required = kp_cedar_json_member(member, "required");
	if (required != NULL) {
		attr->required = required->kind != KP_CEDAR_JSON_FALSE;
		if (attr->required && required->kind != KP_CEDAR_JSON_TRUE) {
			(void)kp_cedar_json_expect(
				&reader->text, required, KP_CEDAR_JSON_TRUE);
		}
	}
	attr->type = read_type(reader, member, true);
	return attr;
}

static void
read_record(struct reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_type_ref *ref)
{
	const struct kp_cedar_json *attributes = kp_cedar_json_require(
		&reader->text, node, "attributes", KP_CEDAR_JSON_OBJECT);
	struct kp_cedar_attr_decl *first = NULL;
	struct kp_cedar_attr_decl **end = &first;
	for (const struct kp_cedar_json *member = attributes == NULL ? NULL
								     : attributes->first;
		member != NULL; member = member->next) {
		struct kp_cedar_attr_decl *attr = read_attr(reader, member);
		if (attr != NULL) {
			*end = attr;
			end = &attr->next;
			ref->attr_count++;
		}
	}
	ref->attrs = first;
}

static void
read_named(struct reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_type_ref *ref)
{
	const struct kp_cedar_json *name =
		kp_cedar_json_require(&reader->text, node, "name", KP_CEDAR_JSON_STRING);
	if (name == NULL) {
		return;
	}
	ref->path = read_path(reader, name, ref->kind != KP_CEDAR_REF_ENTITY);
	static const char *const extensions[] = {
		"ipaddr", "decimal", "datetime", "duration"};
	if (ref->kind != KP_CEDAR_REF_EXTENSION || ref->path == NULL) {
		return;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(extensions); i++) {
		if (kp_slice_is(ref->path->text, extensions[i])) {
			return;
		}
	}
	const char *near =
		kp_cedar_nearest(ref->path->text, extensions, KP_ARRAY_LEN(extensions));
	kp_cedar_json_complain(&reader->text, name, "unknown extension type%s%s%s",
		near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
		near == NULL ? "" : "\"?");
}

/* The kind, the one member it may have beside `type`, and the word. */
static const struct type_word {
	const char *word;
	enum kp_cedar_type_ref_kind kind;
	const char *member;
} type_words[] = {
	{"Long", KP_CEDAR_REF_PRIMITIVE, NULL},
	{"String", KP_CEDAR_REF_PRIMITIVE, NULL},
	{"Boolean", KP_CEDAR_REF_PRIMITIVE, NULL},
	{"Set", KP_CEDAR_REF_SET, "element"},
	{"Record", KP_CEDAR_REF_RECORD, "attributes"},
	{"Entity", KP_CEDAR_REF_ENTITY, "name"},
	{"EntityOrCommon", KP_CEDAR_REF_NAME, "name"},
	{"Extension", KP_CEDAR_REF_EXTENSION, "name"},
};

static const struct type_word *
find_type_word(struct kp_slice word)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(type_words); i++) {
		if (kp_slice_is(word, type_words[i].word)) {
			return &type_words[i];
		}
	}
	return NULL;
}

static void
fill_type(struct reader *reader, const struct kp_cedar_json *node,
	const struct kp_cedar_json *word, bool attribute, struct kp_cedar_type_ref *ref)
{
	const struct type_word *known = find_type_word(word->text);
	ref->kind = known == NULL ? KP_CEDAR_REF_COMMON : known->kind;
	if (!type_members(
		    reader, node, known == NULL ? NULL : known->member, attribute)) {
		return;
	}
	switch (ref->kind) {
	case KP_CEDAR_REF_PRIMITIVE:
		ref->path = intern(reader, word->text);
		break;
	case KP_CEDAR_REF_COMMON:
		ref->path = read_path(reader, word, true);
		break;
	case KP_CEDAR_REF_RECORD:
		read_record(reader, node, ref);
		break;
	case KP_CEDAR_REF_SET:
		node = kp_cedar_json_require(
			&reader->text, node, "element", KP_CEDAR_JSON_OBJECT);
		ref->element = node == NULL ? NULL : read_type(reader, node, false);
		break;
	case KP_CEDAR_REF_NAME:
	case KP_CEDAR_REF_ENTITY:
	case KP_CEDAR_REF_EXTENSION:
		read_named(reader, node, ref);
		break;
	}
}

static const struct kp_cedar_type_ref *
read_type(struct reader *reader, const struct kp_cedar_json *node, bool attribute)
{
	if (!kp_cedar_json_expect(&reader->text, node, KP_CEDAR_JSON_OBJECT)) {
		return NULL;
	}
	if (reader->nesting == KP_CEDAR_SCHEMA_NESTING_MAX) {
		kp_cedar_json_complain(&reader->text, node,
			"types are nested deeper than %d, the limit",
			KP_CEDAR_SCHEMA_NESTING_MAX);
		return NULL;
	}
	const struct kp_cedar_json *word =
		kp_cedar_json_require(&reader->text, node, "type", KP_CEDAR_JSON_STRING);
	struct kp_cedar_type_ref *ref = MAKE(reader, struct kp_cedar_type_ref);
	if (word == NULL || ref == NULL) {
		return NULL;
	}
	ref->pos = position(node);
	reader->nesting++;
	fill_type(reader, node, word, attribute, ref);
	reader->nesting--;
	return ref;
}

static const struct kp_cedar_path_ref *
read_paths(struct reader *reader, const struct kp_cedar_json *array)
{
	struct kp_cedar_path_ref *first = NULL;
	struct kp_cedar_path_ref **end = &first;
	if (array == NULL ||
		!kp_cedar_json_expect(&reader->text, array, KP_CEDAR_JSON_ARRAY)) {
		return NULL;
	}
	for (const struct kp_cedar_json *item = array->first; item != NULL;
		item = item->next) {
		struct kp_cedar_path_ref *ref = MAKE(reader, struct kp_cedar_path_ref);
		const struct kp_cedar_name *path = read_path(reader, item, false);
		if (ref == NULL || path == NULL) {
			continue;
		}
		ref->path = path;
		ref->pos = position(item);
		*end = ref;
		end = &ref->next;
	}
	return first;
}

static void
read_enum(struct reader *reader, const struct kp_cedar_json *array,
	struct kp_cedar_entity_decl *entity)
{
	if (!kp_cedar_json_expect(&reader->text, array, KP_CEDAR_JSON_ARRAY)) {
		return;
	}
	if (array->count == 0) {
		kp_cedar_json_complain(
			&reader->text, array, "an enum needs at least one id");
	}
	const struct kp_cedar_name **ids = make(reader, array->count * sizeof(*ids));
	for (const struct kp_cedar_json *item = array->first; item != NULL && ids != NULL;
		item = item->next) {
		if (kp_cedar_json_expect(&reader->text, item, KP_CEDAR_JSON_STRING)) {
			ids[entity->id_count++] = intern(reader, item->text);
		}
	}
	entity->ids = ids;
}

static void
read_entity(struct reader *reader, struct kp_cedar_namespace_decl *space,
	const struct kp_cedar_json *member)
{
	static const char *const known[] = {
		"memberOfTypes", "shape", "tags", "annotations"};
	static const char *const known_enum[] = {"enum", "annotations"};
	struct kp_cedar_entity_decl *entity = MAKE(reader, struct kp_cedar_entity_decl);
	const struct kp_cedar_name *name = declared_name(reader, member);
	const struct kp_cedar_json *ids = kp_cedar_json_member(member, "enum");
	bool sound = ids == NULL
		? kp_cedar_json_members(&reader->text, member, known, KP_ARRAY_LEN(known))
		: kp_cedar_json_members(
			  &reader->text, member, known_enum, KP_ARRAY_LEN(known_enum));
	if (entity == NULL || name == NULL || !sound) {
		return;
	}
	entity->name = name;
	entity->pos = position(member);
	entity->annotations = read_annotations(reader, member);
	entity->parents =
		read_paths(reader, kp_cedar_json_member(member, "memberOfTypes"));
	const struct kp_cedar_json *shape = kp_cedar_json_member(member, "shape");
	entity->shape = shape == NULL ? NULL : read_type(reader, shape, false);
	const struct kp_cedar_json *tags = kp_cedar_json_member(member, "tags");
	entity->tags = tags == NULL ? NULL : read_type(reader, tags, false);
	if (ids != NULL) {
		read_enum(reader, ids, entity);
	}
	*space->entities_end = entity;
	space->entities_end = &entity->next;
}

static void
read_common(struct reader *reader, struct kp_cedar_namespace_decl *space,
	const struct kp_cedar_json *member)
{
	struct kp_cedar_common_decl *common = MAKE(reader, struct kp_cedar_common_decl);
	const struct kp_cedar_name *name = declared_name(reader, member);
	if (name != NULL && kp_cedar_schema_reserved(name->text)) {
		kp_cedar_json_complain(&reader->text, member,
			"this is a type of Cedar's own, choose another name");
		return;
	}
	if (common == NULL || name == NULL) {
		return;
	}
	common->name = name;
	common->pos = position(member);
	common->type = read_type(reader, member, false);
	common->annotations = read_annotations(reader, member);
	*space->commons_end = common;
	space->commons_end = &common->next;
}

static struct kp_cedar_action_ref *
read_action_ref(struct reader *reader, const struct kp_cedar_json *node)
{
	static const char *const known[] = {"id", "type"};
	if (!kp_cedar_json_members(&reader->text, node, known, KP_ARRAY_LEN(known))) {
		return NULL;
	}
	const struct kp_cedar_json *id =
		kp_cedar_json_require(&reader->text, node, "id", KP_CEDAR_JSON_STRING);
	const struct kp_cedar_json *type = kp_cedar_json_member(node, "type");
	struct kp_cedar_action_ref *ref = MAKE(reader, struct kp_cedar_action_ref);
	if (id == NULL || ref == NULL) {
		return NULL;
	}
	ref->id = intern(reader, id->text);
	ref->type = type == NULL ? NULL : read_path(reader, type, false);
	ref->pos = position(node);
	return ref;
}

static const struct kp_cedar_action_ref *
read_action_refs(struct reader *reader, const struct kp_cedar_json *array)
{
	struct kp_cedar_action_ref *first = NULL;
	struct kp_cedar_action_ref **end = &first;
	if (array == NULL ||
		!kp_cedar_json_expect(&reader->text, array, KP_CEDAR_JSON_ARRAY)) {
		return NULL;
	}
	for (const struct kp_cedar_json *item = array->first; item != NULL;
		item = item->next) {
		struct kp_cedar_action_ref *ref = read_action_ref(reader, item);
		if (ref != NULL) {
			*end = ref;
			end = &ref->next;
		}
	}
	return first;
}

static void
read_applies(struct reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_action_decl *action)
{
	static const char *const known[] = {"principalTypes", "resourceTypes", "context"};
	if (!kp_cedar_json_members(&reader->text, node, known, KP_ARRAY_LEN(known))) {
		return;
	}
	action->applies = true;
	action->principals = read_paths(reader,
		kp_cedar_json_require(
			&reader->text, node, "principalTypes", KP_CEDAR_JSON_ARRAY));
	action->resources = read_paths(reader,
		kp_cedar_json_require(
			&reader->text, node, "resourceTypes", KP_CEDAR_JSON_ARRAY));
	const struct kp_cedar_json *context = kp_cedar_json_member(node, "context");
	action->context = context == NULL ? NULL : read_type(reader, context, false);
}

static void
read_action(struct reader *reader, struct kp_cedar_namespace_decl *space,
	const struct kp_cedar_json *member)
{
	static const char *const known[] = {
		"appliesTo", "memberOf", "attributes", "annotations"};
	struct kp_cedar_action_decl *action = MAKE(reader, struct kp_cedar_action_decl);
	if (action == NULL ||
		!kp_cedar_json_members(
			&reader->text, member, known, KP_ARRAY_LEN(known))) {
		return;
	}
	action->id = intern(reader, member->name);
	action->pos = position(member);
	action->annotations = read_annotations(reader, member);
	const struct kp_cedar_json *parents = kp_cedar_json_member(member, "memberOf");
	if (parents != NULL && parents->kind != KP_CEDAR_JSON_NULL) {
		action->parents = read_action_refs(reader, parents);
	}
	const struct kp_cedar_json *attributes =
		kp_cedar_json_member(member, "attributes");
	if (attributes != NULL && attributes->kind != KP_CEDAR_JSON_NULL &&
		(attributes->kind != KP_CEDAR_JSON_OBJECT || attributes->count > 0)) {
		kp_cedar_json_complain(
			&reader->text, attributes, "actions have no attributes");
	}
	const struct kp_cedar_json *applies = kp_cedar_json_member(member, "appliesTo");
	if (applies != NULL && applies->kind != KP_CEDAR_JSON_NULL) {
		read_applies(reader, applies, action);
	}
	*space->actions_end = action;
	space->actions_end = &action->next;
}

typedef void (*member_fn)(struct reader *reader, struct kp_cedar_namespace_decl *space,
	const struct kp_cedar_json *member);

static void
each_member(struct reader *reader, struct kp_cedar_namespace_decl *space,
	const struct kp_cedar_json *object, member_fn read)
{
	for (const struct kp_cedar_json *member = object == NULL ? NULL : object->first;
		member != NULL; member = member->next) {
		if (kp_cedar_json_expect(&reader->text, member, KP_CEDAR_JSON_OBJECT)) {
			read(reader, space, member);
		}
	}
}

static void
read_namespace(struct reader *reader, const struct kp_cedar_json *member)
{
	static const char *const known[] = {
		"entityTypes", "actions", "commonTypes", "annotations"};
	if (!kp_cedar_json_members(&reader->text, member, known, KP_ARRAY_LEN(known))) {
		return;
	}
	if (member->name.len > 0 && !kp_cedar_path_check(member->name)) {
		kp_cedar_json_complain(&reader->text, member,
			"this is not the name of a namespace: expected identifiers "
			"joined by "
			"\"::\"");
		return;
	}
	bool is_new;
	const struct kp_cedar_name *name = intern(reader, member->name);
	struct kp_cedar_namespace_decl *space = name == NULL
		? NULL
		: kp_cedar_schema_source_namespace(reader->source, name, &is_new);
	if (space == NULL) {
		reader->failed = true;
		return;
	}
	if (!is_new && name->text.len > 0) {
		kp_cedar_json_complain(
			&reader->text, member, "this namespace is declared already");
		return;
	}
	space->file = reader->text.file;
	space->annotations = read_annotations(reader, member);
	const struct kp_cedar_json *commons = kp_cedar_json_member(member, "commonTypes");
	if (commons != NULL &&
		!kp_cedar_json_expect(&reader->text, commons, KP_CEDAR_JSON_OBJECT)) {
		commons = NULL;
	}
	each_member(reader, space, commons, read_common);
	each_member(reader, space,
		kp_cedar_json_require(
			&reader->text, member, "entityTypes", KP_CEDAR_JSON_OBJECT),
		read_entity);
	each_member(reader, space,
		kp_cedar_json_require(
			&reader->text, member, "actions", KP_CEDAR_JSON_OBJECT),
		read_action);
}

enum kp_status
kp_cedar_schema_read_json(struct kp_cedar_schema_source *source, const char *file,
	struct kp_slice text, struct kp_findings *findings)
{
	size_t before = findings->count + findings->dropped;
	struct reader reader = {.source = source, .text = {text, file, findings}};
	const struct kp_cedar_json *root;
	enum kp_status status = kp_cedar_json_parse(source->arena, &reader.text, &root);
	if (status != KP_OK) {
		return status;
	}
	if (kp_cedar_json_expect(&reader.text, root, KP_CEDAR_JSON_OBJECT)) {
		for (const struct kp_cedar_json *member = root->first; member != NULL;
			member = member->next) {
			read_namespace(&reader, member);
		}
	}
	if (reader.failed) {
		struct kp_error err;
		(void)kp_error_set(&err, KP_E_MEMORY, "no memory left for the schema");
		kp_findings_add(findings, &err);
		return KP_E_MEMORY;
	}
	return findings->count + findings->dropped > before ? KP_E_INVALID : KP_OK;
}
