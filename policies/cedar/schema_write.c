/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * schema_write: schema_source to the JSON syntax, in the shape in which Cedar's own
 * command prints a schema that came from text.
 */
#include "core/json_write.h"
#include "schema_source.h"

static void
write_annotations(struct kp_json_writer *writer, struct kp_cedar_annotations annotations)
{
	if (annotations.count == 0) {
		return;
	}
	KP_JSON_WRITE_NAME(writer, "annotations");
	kp_json_write_object_begin(writer);
	for (size_t i = 0; i < annotations.count; i++) {
		kp_json_write_name(writer, annotations.items[i].name->text);
		kp_json_write_string(writer, annotations.items[i].value);
	}
	kp_json_write_object_end(writer);
}

static void write_type_members(
	struct kp_json_writer *writer, const struct kp_cedar_type_ref *type);

static void
write_type(struct kp_json_writer *writer, const struct kp_cedar_type_ref *type)
{
	kp_json_write_object_begin(writer);
	write_type_members(writer, type);
	kp_json_write_object_end(writer);
}

static void
write_word(struct kp_json_writer *writer, const char *name, const char *word)
{
	kp_json_write_name(writer, kp_slice_from(name));
	kp_json_write_string(writer, kp_slice_from(word));
}

static void
write_record(struct kp_json_writer *writer, const struct kp_cedar_type_ref *record)
{
	KP_JSON_WRITE_NAME(writer, "attributes");
	kp_json_write_object_begin(writer);
	for (const struct kp_cedar_attr_decl *attr = record->attrs; attr != NULL;
		attr = attr->next) {
		kp_json_write_name(writer, attr->name->text);
		kp_json_write_object_begin(writer);
		write_type_members(writer, attr->type);
		write_annotations(writer, attr->annotations);
		if (!attr->required) {
			KP_JSON_WRITE_NAME(writer, "required");
			kp_json_write_bool(writer, false);
		}
		kp_json_write_object_end(writer);
	}
	kp_json_write_object_end(writer);
}

/* The members of a type's object, without its braces. */
static void
write_type_members(struct kp_json_writer *writer, const struct kp_cedar_type_ref *type)
{
	static const char *const words[] = {
		[KP_CEDAR_REF_NAME] = "EntityOrCommon",
		[KP_CEDAR_REF_COMMON] = NULL,
		[KP_CEDAR_REF_ENTITY] = "Entity",
		[KP_CEDAR_REF_EXTENSION] = "Extension",
		[KP_CEDAR_REF_PRIMITIVE] = NULL,
		[KP_CEDAR_REF_SET] = "Set",
		[KP_CEDAR_REF_RECORD] = "Record",
	};
	const char *word = words[type->kind];
	write_word(writer, "type", word == NULL ? type->path->text.data : word);
	if (type->kind == KP_CEDAR_REF_SET) {
		KP_JSON_WRITE_NAME(writer, "element");
		write_type(writer, type->element);
	} else if (type->kind == KP_CEDAR_REF_RECORD) {
		write_record(writer, type);
	} else if (word != NULL) {
		KP_JSON_WRITE_NAME(writer, "name");
		kp_json_write_string(writer, type->path->text);
	}
}

static void
write_paths(struct kp_json_writer *writer, const char *name,
	const struct kp_cedar_path_ref *refs)
{
	kp_json_write_name(writer, kp_slice_from(name));
	kp_json_write_array_begin(writer);
	for (; refs != NULL; refs = refs->next) {
		kp_json_write_string(writer, refs->path->text);
	}
	kp_json_write_array_end(writer);
}

static bool
empty_record(const struct kp_cedar_type_ref *type)
{
	return type == NULL ||
		(type->kind == KP_CEDAR_REF_RECORD && type->attr_count == 0);
}

static void
write_entity(struct kp_json_writer *writer, const struct kp_cedar_entity_decl *entity)
{
	kp_json_write_name(writer, entity->name->text);
	kp_json_write_object_begin(writer);
	if (entity->id_count > 0) {
		KP_JSON_WRITE_NAME(writer, "enum");
		kp_json_write_array_begin(writer);
		for (size_t i = 0; i < entity->id_count; i++) {
			kp_json_write_string(writer, entity->ids[i]->text);
		}
		kp_json_write_array_end(writer);
	}
	if (entity->parents != NULL) {
		write_paths(writer, "memberOfTypes", entity->parents);
	}
	if (!empty_record(entity->shape)) {
		KP_JSON_WRITE_NAME(writer, "shape");
		write_type(writer, entity->shape);
	}
	if (entity->tags != NULL) {
		KP_JSON_WRITE_NAME(writer, "tags");
		write_type(writer, entity->tags);
	}
	write_annotations(writer, entity->annotations);
	kp_json_write_object_end(writer);
}

static void
write_context(struct kp_json_writer *writer, const struct kp_cedar_type_ref *context)
{
	if (empty_record(context)) {
		return;
	}
	KP_JSON_WRITE_NAME(writer, "context");
	if (context->kind == KP_CEDAR_REF_NAME) {
		kp_json_write_object_begin(writer);
		write_word(writer, "type", context->path->text.data);
		kp_json_write_object_end(writer);
	} else {
		write_type(writer, context);
	}
}

static void
write_action(struct kp_json_writer *writer, const struct kp_cedar_action_decl *action)
{
	kp_json_write_name(writer, action->id->text);
	kp_json_write_object_begin(writer);
	KP_JSON_WRITE_NAME(writer, "appliesTo");
	kp_json_write_object_begin(writer);
	write_paths(writer, "principalTypes", action->principals);
	write_paths(writer, "resourceTypes", action->resources);
	write_context(writer, action->context);
	kp_json_write_object_end(writer);
	if (action->parents != NULL) {
		KP_JSON_WRITE_NAME(writer, "memberOf");
		kp_json_write_array_begin(writer);
		for (const struct kp_cedar_action_ref *ref = action->parents; ref != NULL;
			ref = ref->next) {
			kp_json_write_object_begin(writer);
			KP_JSON_WRITE_NAME(writer, "id");
			kp_json_write_string(writer, ref->id->text);
			if (ref->type != NULL) {
				KP_JSON_WRITE_NAME(writer, "type");
				kp_json_write_string(writer, ref->type->text);
			}
			kp_json_write_object_end(writer);
		}
		kp_json_write_array_end(writer);
	}
	write_annotations(writer, action->annotations);
	kp_json_write_object_end(writer);
}

static void
write_commons(struct kp_json_writer *writer, const struct kp_cedar_common_decl *common)
{
	if (common == NULL) {
		return;
	}
	KP_JSON_WRITE_NAME(writer, "commonTypes");
	kp_json_write_object_begin(writer);
	for (; common != NULL; common = common->next) {
		kp_json_write_name(writer, common->name->text);
		kp_json_write_object_begin(writer);
		write_type_members(writer, common->type);
		write_annotations(writer, common->annotations);
		kp_json_write_object_end(writer);
	}
	kp_json_write_object_end(writer);
}

static void
write_namespace(
	struct kp_json_writer *writer, const struct kp_cedar_namespace_decl *space)
{
	kp_json_write_name(writer, space->name->text);
	kp_json_write_object_begin(writer);
	write_commons(writer, space->commons);
	KP_JSON_WRITE_NAME(writer, "entityTypes");
	kp_json_write_object_begin(writer);
	for (const struct kp_cedar_entity_decl *entity = space->entities; entity != NULL;
		entity = entity->next) {
		write_entity(writer, entity);
	}
	kp_json_write_object_end(writer);
	KP_JSON_WRITE_NAME(writer, "actions");
	kp_json_write_object_begin(writer);
	for (const struct kp_cedar_action_decl *action = space->actions; action != NULL;
		action = action->next) {
		write_action(writer, action);
	}
	kp_json_write_object_end(writer);
	write_annotations(writer, space->annotations);
	kp_json_write_object_end(writer);
}

void
kp_cedar_schema_write_json(
	struct kp_buffer *buffer, const struct kp_cedar_schema_source *source)
{
	struct kp_json_writer writer;
	kp_json_writer_init(&writer, buffer);
	kp_json_write_object_begin(&writer);
	for (const struct kp_cedar_namespace_decl *space = source->namespaces;
		space != NULL; space = space->next) {
		bool empty = space->commons == NULL && space->entities == NULL &&
			space->actions == NULL;
		if (!empty || space->name->text.len > 0) {
			write_namespace(&writer, space);
		}
	}
	kp_json_write_object_end(&writer);
}
