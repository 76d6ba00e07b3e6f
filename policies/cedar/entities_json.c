/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* entities_json: entities JSON into a store, see entities.h; and one value from a text.
 */
#include "entities.h"
#include "json_value.h"

/* Of the tree of one text, which is given back when it has been read. */
#define TREE_BYTES_MAX ((size_t)1 << 30)

static enum kp_status
no_memory(struct kp_error *err)
{
	return kp_error_set(err, KP_E_MEMORY, "no memory left for the entities");
}

static enum kp_status
get_member(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	const char *name, enum kp_cedar_json_kind kind,
	const struct kp_cedar_json **ret_member, struct kp_error *err)
{
	*ret_member = kp_cedar_json_member(node, name);
	if (*ret_member == NULL) {
		return kp_cedar_json_refuse(reader, node, err,
			"the entity has no `%s`, which it must have", name);
	}
	if ((*ret_member)->kind != kind) {
		return kp_cedar_json_refuse(reader, *ret_member, err, "expected %s",
			kind == KP_CEDAR_JSON_ARRAY ? "an array" : "an object");
	}
	return KP_OK;
}

static enum kp_status
read_attrs(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_entity *entity, struct kp_error *err)
{
	const struct kp_cedar_json_guide *guide = reader->guide;
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
		const void *type = guide == NULL
			? NULL
			: guide->attr_type(guide->schema, entity->uid, attr->name);
		enum kp_status status =
			kp_cedar_json_value(reader, member, type, &attr->value, err);
		if (status != KP_OK) {
			return status;
		}
	}
	struct kp_cedar_value record;
	if (kp_cedar_record_make(reader->arena, attrs, count, &record) != KP_OK) {
		return no_memory(err);
	}
	entity->attrs = record.record;
	return KP_OK;
}

static enum kp_status
read_tags(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_entity *entity, struct kp_error *err)
{
	const struct kp_cedar_json_guide *guide = reader->guide;
	const void *type =
		guide == NULL ? NULL : guide->tag_type(guide->schema, entity->uid);
	struct kp_cedar_tag *tags =
		KP_ARENA_ARRAY(reader->arena, struct kp_cedar_tag, node->count);
	if (tags == NULL) {
		return no_memory(err);
	}
	size_t count = 0;
	for (const struct kp_cedar_json *member = node->first; member != NULL;
		member = member->next) {
		struct kp_cedar_tag *tag = &tags[count++];
		tag->key = kp_arena_copy(reader->arena, member->name);
		if (tag->key.data == NULL) {
			return no_memory(err);
		}
		enum kp_status status =
			kp_cedar_json_value(reader, member, type, &tag->value, err);
		if (status != KP_OK) {
			return status;
		}
	}
	entity->tags = tags;
	entity->tag_count = count;
	return KP_OK;
}

static enum kp_status
read_parents(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_entity *entity, struct kp_error *err)
{
	const struct kp_cedar_uid **parents =
		KP_ARENA_ARRAY(reader->arena, const struct kp_cedar_uid *, node->count);
	if (parents == NULL) {
		return no_memory(err);
	}
	size_t count = 0;
	for (const struct kp_cedar_json *item = node->first; item != NULL;
		item = item->next) {
		enum kp_status status =
			kp_cedar_json_uid(reader, item, &parents[count++], err);
		if (status != KP_OK) {
			return status;
		}
	}
	entity->parents = parents;
	entity->parent_count = count;
	return KP_OK;
}

enum kp_status
kp_cedar_json_entity(struct kp_cedar_json_reader *reader,
	const struct kp_cedar_json *node, struct kp_cedar_entity *ret_entity,
	struct kp_error *err)
{
	const struct kp_cedar_json *uid;
	const struct kp_cedar_json *attrs;
	const struct kp_cedar_json *parents;
	const struct kp_cedar_json *tags = kp_cedar_json_member(node, "tags");
	struct kp_cedar_entity entity = {0};
	enum kp_status status =
		get_member(reader, node, "uid", KP_CEDAR_JSON_OBJECT, &uid, err);
	status = status == KP_OK
		? get_member(reader, node, "attrs", KP_CEDAR_JSON_OBJECT, &attrs, err)
		: status;
	status = status == KP_OK
		? get_member(reader, node, "parents", KP_CEDAR_JSON_ARRAY, &parents, err)
		: status;
	if (status == KP_OK && tags != NULL && tags->kind != KP_CEDAR_JSON_OBJECT) {
		return kp_cedar_json_refuse(reader, tags, err, "expected an object");
	}
	status = status == KP_OK ? kp_cedar_json_uid(reader, uid, &entity.uid, err)
				 : status;
	status = status == KP_OK ? read_attrs(reader, attrs, &entity, err) : status;
	status = status == KP_OK && tags != NULL ? read_tags(reader, tags, &entity, err)
						 : status;
	status = status == KP_OK ? read_parents(reader, parents, &entity, err) : status;
	if (status == KP_OK) {
		*ret_entity = entity;
	}
	return status;
}

static enum kp_status
add_from(struct kp_cedar_entities *entities, struct kp_cedar_json_reader *reader,
	const struct kp_cedar_json *node, struct kp_error *err)
{
	const struct kp_cedar_json_guide *guide = reader->guide;
	struct kp_cedar_entity entity;
	enum kp_status status = kp_cedar_json_entity(reader, node, &entity, err);
	if (status != KP_OK) {
		return status;
	}
	struct kp_error why = {0};
	if (guide != NULL && guide->check != NULL) {
		status = guide->check(guide->schema, &entity, &why);
	}
	status =
		status == KP_OK ? kp_cedar_entities_add(entities, &entity, &why) : status;
	if (status == KP_E_INVALID) {
		return kp_cedar_json_refuse(reader, node, err, "%s", why.message);
	}
	if (status != KP_OK && err != NULL) {
		*err = why;
	}
	return status;
}

enum kp_status
kp_cedar_entities_parse(struct kp_cedar_entities *entities, struct kp_cedar_names *names,
	struct kp_slice text, const struct kp_cedar_json_guide *guide,
	struct kp_error *err)
{
	struct kp_cedar_json_reader reader = {.arena = entities->arena,
		.names = names,
		.text = {.text = text},
		.guide = guide};
	const struct kp_cedar_json *root = NULL;
	struct kp_arena tree;
	kp_arena_init(&tree, TREE_BYTES_MAX, NULL);
	enum kp_status status = kp_cedar_json_open(&reader, &tree, &root, err);
	if (status == KP_OK && root->kind != KP_CEDAR_JSON_ARRAY) {
		status = kp_cedar_json_refuse(
			&reader, root, err, "expected an array of entities");
	}
	const struct kp_cedar_json *node = status == KP_OK ? root->first : NULL;
	for (; status == KP_OK && node != NULL; node = node->next) {
		status = add_from(entities, &reader, node, err);
	}
	kp_arena_deinit(&tree);
	return status;
}

enum kp_status
kp_cedar_value_parse(struct kp_arena *arena, struct kp_cedar_names *names,
	struct kp_slice text, const struct kp_cedar_json_guide *guide, const void *type,
	struct kp_cedar_value *ret_value, struct kp_error *err)
{
	struct kp_cedar_json_reader reader = {
		.arena = arena, .names = names, .text = {.text = text}, .guide = guide};
	const struct kp_cedar_json *root = NULL;
	struct kp_arena tree;
	kp_arena_init(&tree, TREE_BYTES_MAX, NULL);
	enum kp_status status = kp_cedar_json_open(&reader, &tree, &root, err);
	status = status == KP_OK
		? kp_cedar_json_value(&reader, root, type, ret_value, err)
		: status;
	kp_arena_deinit(&tree);
	return status;
}
