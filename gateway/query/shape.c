/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* shape: see shape.h. Runs once per snapshot: plain searches are good enough. */
#include "query/shape.h"

#include "core/attr.h"
#include "query/dossier_write.h"

#define TEXT_BYTES_MAX ((size_t)1 << 20)

struct builder {
	const struct kp_catalogue *catalogue;
	struct kp_arena *arena;
	struct kp_shape *shape;
	uint32_t group_capacity;
	uint32_t order_count;
	struct kp_error *err;
};

/* Prefix, the text as a JSON string, suffix; data is NULL without memory. */
static struct kp_slice
quote(struct builder *builder, const char *prefix, struct kp_slice text,
	const char *suffix)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, builder->arena, TEXT_BYTES_MAX);
	kp_buffer_add_slice(&buffer, kp_slice_from(prefix));
	kp_write_text(&buffer, text);
	kp_buffer_add_slice(&buffer, kp_slice_from(suffix));
	return buffer.failed ? (struct kp_slice){NULL, 0} : kp_buffer_slice(&buffer);
}

/* The text as it stands inside a JSON string. */
static struct kp_slice
escape(struct builder *builder, struct kp_slice text)
{
	struct kp_slice quoted = quote(builder, "", text, "");
	if (quoted.data == NULL) {
		return quoted;
	}
	return (struct kp_slice){quoted.data + 1, quoted.len - 2};
}

/* Takes the first segment of a JSON pointer off; `~1` and `~0` decoded (RFC 6901). */
static bool
next_segment(struct builder *builder, struct kp_slice *pointer, struct kp_slice *ret_name)
{
	if (pointer->len < 2 || pointer->data[0] != '/') {
		return false;
	}
	const char *start = pointer->data + 1;
	size_t left = pointer->len - 1;
	const char *end = memchr(start, '/', left);
	size_t len = end == NULL ? left : (size_t)(end - start);
	char *name = kp_arena_bytes(builder->arena, len + 1);
	if (name == NULL || len == 0) {
		return false;
	}
	size_t used = 0;
	for (size_t i = 0; i < len; i++) {
		char byte = start[i];
		if (byte == '~' && i + 1 < len) {
			byte = start[++i] == '1' ? '/' : '~';
		}
		name[used++] = byte;
	}
	*ret_name = (struct kp_slice){name, used};
	*pointer = (struct kp_slice){start + len, left - len};
	return true;
}

static uint32_t
find_group(const struct kp_shape *shape, uint32_t parent, struct kp_slice name)
{
	for (uint32_t i = 0; i < shape->group_count; i++) {
		if (shape->groups[i].parent == parent &&
			kp_slice_equal(shape->groups[i].name, name)) {
			return i;
		}
	}
	return KP_NO_ID;
}

static enum kp_status
add_group(struct builder *builder, uint32_t parent, struct kp_slice name,
	struct kp_slice path, uint32_t *ret_group)
{
	struct kp_shape *shape = builder->shape;
	if (shape->group_count == builder->group_capacity) {
		return kp_error_set(builder->err, KP_E_CONFIG, "too many groups");
	}
	struct kp_shape_group *group = &shape->groups[shape->group_count];
	*group = (struct kp_shape_group){
		.parent = parent,
		.depth = parent == KP_NO_ID ? 0 : shape->groups[parent].depth + 1,
		.name = name,
		.path = path,
		.quoted = quote(builder, "", path, ""),
		.opening = quote(builder, "", name, ":{"),
	};
	if (group->quoted.data == NULL || group->opening.data == NULL) {
		return KP_E_MEMORY;
	}
	if (group->depth >= KP_SHAPE_DEPTH_MAX) {
		return kp_error_set(builder->err, KP_E_CONFIG,
			"'%.*s' is deeper than %u groups", KP_SLICE_ARG(path),
			KP_SHAPE_DEPTH_MAX);
	}
	*ret_group = shape->group_count++;
	return KP_OK;
}

/* The part of a field's path that names one of its groups: `depth` + 1 parts of it. */
static struct kp_slice
path_of_group(struct kp_slice path, uint32_t depth)
{
	size_t len = 0;
	for (uint32_t parts = 0; len < path.len; len++) {
		if (path.data[len] == '.' && parts++ == depth) {
			break;
		}
	}
	return (struct kp_slice){path.data, len};
}

static enum kp_status
place_field(struct builder *builder, const struct kp_field *field)
{
	struct kp_shape *shape = builder->shape;
	const struct kp_section *section = &builder->catalogue->sections[field->section];
	struct kp_shape_field *placed = &shape->fields[field->id];
	struct kp_slice pointer = field->pointer;
	struct kp_slice name;
	uint32_t group = shape->sections[field->section].root;
	bool named = next_segment(builder, &pointer, &name);
	if (named && !section->list) {
		named = kp_slice_equal(name, section->name) &&
			next_segment(builder, &pointer, &name);
	}
	while (named && pointer.len > 0) {
		uint32_t child = find_group(shape, group, name);
		if (child == KP_NO_ID) {
			enum kp_status status = add_group(builder, group, name,
				path_of_group(
					field->path, shape->groups[group].depth + 1),
				&child);
			if (status != KP_OK) {
				return status;
			}
		}
		group = child;
		named = next_segment(builder, &pointer, &name);
	}
	if (!named) {
		return kp_error_set(builder->err, KP_E_CONFIG,
			"field '%.*s' has no usable pointer", KP_SLICE_ARG(field->path));
	}
	placed->group = group;
	placed->member = quote(builder, "", name, ":");
	placed->quoted = quote(builder, "", field->path, "");
	return placed->member.data == NULL || placed->quoted.data == NULL ? KP_E_MEMORY
									  : KP_OK;
}

/* Two members of one name in one object: a field that is also a group, or twice. */
static enum kp_status
check_clashes(const struct builder *builder, const struct kp_section *section)
{
	const struct kp_shape *shape = builder->shape;
	for (uint32_t i = 0; i < section->field_count; i++) {
		const struct kp_shape_field *field =
			&shape->fields[section->first_field + i];
		struct kp_slice name = {field->member.data, field->member.len - 1};
		bool clash = false;
		for (uint32_t j = i + 1; j < section->field_count; j++) {
			const struct kp_shape_field *other =
				&shape->fields[section->first_field + j];
			clash = clash ||
				(other->group == field->group &&
					kp_slice_equal(other->member, field->member));
		}
		for (uint32_t j = 0; j < shape->group_count; j++) {
			const struct kp_shape_group *group = &shape->groups[j];
			clash = clash ||
				(group->parent == field->group &&
					kp_slice_starts(group->opening, name) &&
					group->opening.len == name.len + 2);
		}
		if (clash) {
			return kp_error_set(builder->err, KP_E_CONFIG,
				"field %.*s is also a group or another field",
				KP_SLICE_ARG(field->quoted));
		}
	}
	return KP_OK;
}

/* Fields of a group, and of the groups in it, as neighbours: depth first. */
static void
order_group(struct builder *builder, const struct kp_section *section, uint32_t group)
{
	struct kp_shape *shape = builder->shape;
	shape->groups[group].begin = builder->order_count;
	for (uint32_t i = 0; i < section->field_count; i++) {
		uint32_t field = section->first_field + i;
		if (shape->fields[field].group == group) {
			shape->order[builder->order_count++] = field;
		}
	}
	for (uint32_t i = group + 1; i < shape->group_count; i++) {
		if (shape->groups[i].parent == group) {
			order_group(builder, section, i); /* depth is bounded */
		}
	}
	shape->groups[group].end = builder->order_count;
}

static enum kp_status
build_section(struct builder *builder, const struct kp_section *section)
{
	struct kp_shape_section *built = &builder->shape->sections[section->id];
	enum kp_status status =
		add_group(builder, KP_NO_ID, section->name, section->name, &built->root);
	built->member = quote(builder, "", section->name, ":");
	struct kp_slice escaped = escape(builder, section->name);
	if (status == KP_OK && (built->member.data == NULL || escaped.data == NULL)) {
		status = KP_E_MEMORY;
	}
	for (uint32_t i = 0; status == KP_OK && i < section->field_count; i++) {
		status = place_field(
			builder, &builder->catalogue->fields[section->first_field + i]);
	}
	if (status == KP_OK) {
		status = check_clashes(builder, section);
	}
	if (status != KP_OK) {
		return status;
	}
	order_group(builder, section, built->root);
	char *head = kp_arena_printf(builder->arena, "/%.*s/", KP_SLICE_ARG(escaped));
	built->list_head = kp_slice_from(head);
	return head == NULL ? KP_E_MEMORY : KP_OK;
}

/* The fixed parts of a herkomst entry. */
static enum kp_status
build_cell(struct builder *builder, uint32_t id)
{
	const struct kp_catalogue *catalogue = builder->catalogue;
	const struct kp_cell *cell = &catalogue->cells[id];
	const struct kp_field *field = &catalogue->fields[cell->field];
	struct kp_shape_cell *built = &builder->shape->cells[id];
	struct kp_slice pointer = escape(builder, field->pointer);
	struct kp_slice source = builder->shape->sources[cell->source].quoted;
	if (pointer.data == NULL) {
		return KP_E_MEMORY;
	}
	char *head;
	char *tail;
	if (catalogue->sections[field->section].list) {
		struct kp_slice list_head =
			builder->shape->sections[field->section].list_head;
		head = kp_arena_printf(
			builder->arena, "{\"pad\":\"%.*s", KP_SLICE_ARG(list_head));
		tail = kp_arena_printf(builder->arena,
			"%.*s\",\"bron\":%.*s,\"opgehaaldOp\":\"", KP_SLICE_ARG(pointer),
			KP_SLICE_ARG(source));
	} else {
		head = kp_arena_printf(builder->arena,
			"{\"pad\":\"%.*s\",\"bron\":%.*s,\"opgehaaldOp\":\"",
			KP_SLICE_ARG(pointer), KP_SLICE_ARG(source));
		tail = kp_arena_strdup(builder->arena, "");
	}
	built->pointer = pointer;
	built->head = kp_slice_from(head);
	built->tail = kp_slice_from(tail);
	return head == NULL || tail == NULL ? KP_E_MEMORY : KP_OK;
}

static enum kp_status
build_source(struct builder *builder, const struct kp_catalogue_source *source,
	const struct kp_shape_organisation *organisation)
{
	struct kp_shape_source *built = &builder->shape->sources[source->id];
	built->quoted = quote(builder, "", source->name, "");
	built->value = quote(builder, "{\"bron\":", source->name, ",\"waarde\":");
	struct kp_buffer entry;
	kp_buffer_init(&entry, builder->arena, TEXT_BYTES_MAX);
	KP_BUFFER_ADD(&entry, "{\"bron\":");
	kp_write_text(&entry, source->name);
	KP_BUFFER_ADD(&entry, ",\"organisatie\":{\"oin\":");
	kp_write_text(&entry, organisation->oin);
	KP_BUFFER_ADD(&entry, ",\"naam\":");
	kp_write_text(&entry, organisation->name);
	KP_BUFFER_ADD(&entry, "},\"status\":\"");
	built->entry = kp_buffer_slice(&entry);
	return entry.failed || built->quoted.data == NULL || built->value.data == NULL
		? KP_E_MEMORY
		: KP_OK;
}

static struct kp_shape *
allocate(const struct kp_catalogue *catalogue, struct kp_arena *arena, uint32_t groups)
{
	struct kp_shape *shape = KP_ARENA_NEW(arena, struct kp_shape);
	if (shape == NULL) {
		return NULL;
	}
	shape->catalogue = catalogue;
	shape->groups = KP_ARENA_ARRAY(arena, struct kp_shape_group, groups);
	shape->order = KP_ARENA_ARRAY(arena, uint32_t, catalogue->field_count);
	shape->fields =
		KP_ARENA_ARRAY(arena, struct kp_shape_field, catalogue->field_count);
	shape->cells = KP_ARENA_ARRAY(arena, struct kp_shape_cell, catalogue->cell_count);
	shape->sources =
		KP_ARENA_ARRAY(arena, struct kp_shape_source, catalogue->source_count);
	shape->sections =
		KP_ARENA_ARRAY(arena, struct kp_shape_section, catalogue->section_count);
	bool whole = shape->groups != NULL && shape->order != NULL &&
		shape->fields != NULL && shape->cells != NULL && shape->sources != NULL &&
		shape->sections != NULL;
	return whole ? shape : NULL;
}

enum kp_status
kp_shape_create(const struct kp_catalogue *catalogue,
	const struct kp_shape_organisation *organisations, struct kp_arena *arena,
	struct kp_shape **ret_shape, struct kp_error *err)
{
	/* A field adds at most the groups above it. */
	uint32_t groups =
		catalogue->section_count + catalogue->field_count * KP_SHAPE_DEPTH_MAX;
	struct kp_shape *shape = allocate(catalogue, arena, groups);
	if (shape == NULL) {
		return KP_E_MEMORY;
	}
	struct builder builder = {
		.catalogue = catalogue,
		.arena = arena,
		.shape = shape,
		.group_capacity = groups,
		.err = err,
	};
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; status == KP_OK && i < catalogue->source_count; i++) {
		status =
			build_source(&builder, &catalogue->sources[i], &organisations[i]);
	}
	for (uint32_t i = 0; status == KP_OK && i < catalogue->section_count; i++) {
		status = build_section(&builder, &catalogue->sections[i]);
	}
	for (uint32_t i = 0; status == KP_OK && i < catalogue->cell_count; i++) {
		status = build_cell(&builder, i);
	}
	if (status == KP_OK) {
		*ret_shape = shape;
	}
	return status;
}
