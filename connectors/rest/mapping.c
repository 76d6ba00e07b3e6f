/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* mapping: see mapping.h. */
#include "connectors/rest/mapping.h"

#include <stdio.h>

#include "connectors/finding.h"

struct compiler {
	struct kp_arena *arena;
	const struct kp_host *host;
	struct kp_mapping *mapping;
	uint32_t field_capacity;
	bool memory;
};

static struct kp_node *
new_node(struct compiler *compiler, struct kp_node *parent, struct kp_slice name)
{
	struct kp_node *node = KP_ARENA_NEW(compiler->arena, struct kp_node);
	if (node == NULL || compiler->mapping->node_count == KP_MAPPING_NODES_MAX) {
		compiler->memory = true;
		return NULL;
	}
	compiler->mapping->node_count++;
	node->name = name;
	node->parent = parent;
	return node;
}

struct kp_node *
kp_node_child(const struct kp_node *node, struct kp_slice name)
{
	for (struct kp_node *child = node->children; child != NULL;
		child = child->sibling) {
		if (kp_slice_equal(child->name, name)) {
			return child;
		}
	}
	return NULL;
}

static struct kp_node *
child_of(struct compiler *compiler, struct kp_node *node, struct kp_slice name)
{
	struct kp_node *child = kp_node_child(node, name);
	if (child == NULL) {
		child = new_node(compiler, node, name);
		if (child != NULL) {
			struct kp_node **at = &node->children;
			while (*at != NULL) {
				at = &(*at)->sibling;
			}
			*at = child;
		}
	}
	return child;
}

static struct kp_node *
element_of(struct compiler *compiler, struct kp_node *node)
{
	if (node->element == NULL) {
		node->element = new_node(compiler, node, (struct kp_slice){0});
	}
	return node->element;
}

/* Takes "name[][]" off the path; false when it is wrong. */
static bool
take_segment(struct kp_slice *path, struct kp_slice *ret_name, unsigned *ret_arrays)
{
	size_t len = 0;
	while (len < path->len && path->data[len] != '.' && path->data[len] != '[' &&
		path->data[len] != ']') {
		len++;
	}
	*ret_name = (struct kp_slice){path->data, len};
	*ret_arrays = 0;
	while (len + 1 < path->len && path->data[len] == '[' &&
		path->data[len + 1] == ']') {
		len += 2;
		(*ret_arrays)++;
	}
	if (len < path->len && path->data[len] != '.') {
		return false;
	}
	bool dot = len < path->len;
	path->data += len + (dot ? 1 : 0);
	path->len -= len + (dot ? 1 : 0);
	return !dot || path->len > 0;
}

/* Walks the path from `from`, making what is not there; NULL when the path is wrong. */
static struct kp_node *
walk(struct compiler *compiler, struct kp_node *from, struct kp_slice path,
	const struct kp_manifest_place *place)
{
	struct kp_node *node = from;
	bool first = true;
	unsigned depth = 0;
	struct kp_slice rest = path;
	if (kp_slice_is(path, ".")) {
		return from;
	}
	while (rest.len > 0) {
		struct kp_slice name;
		unsigned arrays;
		bool fine = take_segment(&rest, &name, &arrays);
		fine = fine && (name.len > 0 || (first && arrays > 0));
		depth += 1 + arrays;
		if (!fine || depth > KP_MAPPING_DEPTH_MAX) {
			kp_finding(compiler->host, place,
				"'%.*s' is not a path: names with dots between, [] "
				"behind "
				"the name of an array, at most %u deep",
				path.len > 60 ? 60 : (int)path.len, path.data,
				KP_MAPPING_DEPTH_MAX);
			return NULL;
		}
		if (name.len > 0) {
			node = child_of(compiler, node, name);
		}
		for (unsigned i = 0; i < arrays && node != NULL; i++) {
			node = element_of(compiler, node);
		}
		if (node == NULL) {
			return NULL;
		}
		first = false;
	}
	return node;
}

static struct kp_leaf *
add_leaf(struct compiler *compiler, struct kp_node *node, enum kp_leaf_role role)
{
	struct kp_leaf *leaf = KP_ARENA_NEW(compiler->arena, struct kp_leaf);
	if (leaf == NULL) {
		compiler->memory = true;
		return NULL;
	}
	leaf->role = role;
	leaf->cell = UINT32_MAX;
	leaf->list = KP_LEAF_SINGLE;
	leaf->node = node;
	if (node != NULL) {
		struct kp_leaf **at = &node->leaves;
		while (*at != NULL) {
			at = &(*at)->next;
		}
		*at = leaf;
	}
	return leaf;
}

static void
add_role(struct compiler *compiler, struct kp_node *from, struct kp_slice path,
	enum kp_leaf_role role, uint32_t list, const struct kp_manifest_place *place)
{
	if (path.len == 0) {
		return;
	}
	struct kp_node *node = walk(compiler, from, path, place);
	struct kp_leaf *leaf = node == NULL ? NULL : add_leaf(compiler, node, role);
	if (leaf != NULL) {
		leaf->list = list;
	}
}

/* The names of a node below the root without the arrays: what Haal Centraal calls a
 * field. */
static struct kp_slice
ask_name(struct compiler *compiler, const struct kp_node *node)
{
	const struct kp_node *names[KP_MAPPING_DEPTH_MAX * 2];
	size_t count = 0;
	for (; node != NULL && node != compiler->mapping->root; node = node->parent) {
		if (node->name.len > 0 && count < KP_ARRAY_LEN(names)) {
			names[count++] = node;
		}
	}
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, compiler->arena, 1024);
	while (count > 0) {
		count--;
		kp_buffer_add_slice(&buffer, names[count]->name);
		if (count > 0) {
			kp_buffer_add_char(&buffer, '.');
		}
	}
	compiler->memory = compiler->memory || buffer.failed;
	return kp_buffer_slice(&buffer);
}

static bool
check_section(struct compiler *compiler, const struct kp_manifest_field *field,
	struct kp_slice section)
{
	const char *dot = field->field.len == 0
		? NULL
		: memchr(field->field.data, '.', field->field.len);
	size_t len = dot == NULL ? field->field.len : (size_t)(dot - field->field.data);
	struct kp_slice own = {field->field.data, len};
	const struct kp_host *host = compiler->host;
	uint32_t id =
		host->find_section(host->context, (struct kp_text){own.data, own.len});
	if (section.len > 0 && !kp_slice_equal(own, section)) {
		kp_finding(host, &field->place, "'%.*s' is not a field of section '%.*s'",
			KP_SLICE_ARG(field->field), KP_SLICE_ARG(section));
		return false;
	}
	if (section.len == 0 && id != UINT32_MAX &&
		host->section_is_list(host->context, id)) {
		kp_finding(host, &field->place,
			"section '%.*s' is a list; put its fields in response/lists",
			KP_SLICE_ARG(own));
		return false;
	}
	return true;
}

static void
add_field(struct compiler *compiler, struct kp_node *from,
	const struct kp_manifest_field *field, uint32_t list, struct kp_slice section,
	struct kp_leaf **constants)
{
	struct kp_node *node = NULL;
	uint32_t cell = kp_finding_cell(compiler->host, field);
	bool fine = check_section(compiler, field, section);
	if (field->path.len > 0) {
		node = walk(compiler, from, field->path, &field->place);
		fine = fine && node != NULL;
	}
	if (!fine || cell == UINT32_MAX || (node == NULL && field->constant.len == 0)) {
		return;
	}
	struct kp_leaf *leaf = add_leaf(compiler, node, KP_LEAF_FIELD);
	if (leaf == NULL) {
		return;
	}
	leaf->cell = cell;
	leaf->list = list;
	leaf->field = field;
	leaf->id = compiler->mapping->field_count;
	if (node == NULL) {
		leaf->next = *constants;
		*constants = leaf;
	} else if (!field->ask_never) {
		leaf->ask = field->ask.len > 0 ? field->ask : ask_name(compiler, node);
	}
	char *note = kp_arena_printf(compiler->arena,
		"de waarde van %.*s heeft een vorm die niet is afgesproken",
		KP_SLICE_ARG(field->field));
	leaf->unreadable = kp_slice_from(note);
	compiler->memory = compiler->memory || note == NULL;
	compiler->mapping->fields[compiler->mapping->field_count++] = leaf;
}

static void
add_list(struct compiler *compiler, uint32_t index, const struct kp_manifest_list *list)
{
	const struct kp_host *host = compiler->host;
	struct kp_mapping_list *out = &compiler->mapping->lists[index];
	out->list = list;
	out->section = kp_finding_list(host, list);
	if (list->items.len == 0) {
		kp_finding(host, &list->place,
			"has no 'items': the path to its elements, as in \"kinderen[]\"");
		return;
	}
	struct kp_node *node =
		walk(compiler, compiler->mapping->root, list->items, &list->place);
	if (node == NULL || out->section == UINT32_MAX) {
		return;
	}
	struct kp_item_of *item = KP_ARENA_NEW(compiler->arena, struct kp_item_of);
	if (item == NULL) {
		compiler->memory = true;
		return;
	}
	*item = (struct kp_item_of){.next = node->items, .list = index};
	node->items = item;
	add_role(compiler, node, list->valid_on, KP_LEAF_ITEM_VALID_ON, index,
		&list->place);
	for (size_t i = 0; i < list->field_count; i++) {
		add_field(compiler, node, &list->fields[i], index, list->section,
			&out->constants);
	}
}

/* Ids in depth-first order, so that a subtree is a range. Depth is bounded by walk(). */
static uint32_t
number(struct kp_node *node, uint32_t id)
{
	node->id = id++;
	for (struct kp_node *child = node->children; child != NULL;
		child = child->sibling) {
		id = number(child, id);
	}
	if (node->element != NULL) {
		id = number(node->element, id);
	}
	node->id_end = id;
	return id;
}

/* Where a path of a single field goes through an array, the first element counts: else
 * one person's name could come with another's date of birth. */
static bool
mark_many(struct kp_node *node)
{
	bool many = node->root || node->items != NULL;
	for (const struct kp_leaf *leaf = node->leaves; leaf != NULL; leaf = leaf->next) {
		many = many || leaf->role == KP_LEAF_NOTE ||
			leaf->role == KP_LEAF_OUTCOME;
	}
	for (struct kp_node *child = node->children; child != NULL;
		child = child->sibling) {
		many = mark_many(child) || many;
	}
	if (node->element != NULL) {
		many = mark_many(node->element) || many;
	}
	node->many = many;
	return many;
}

/* An object and a scalar cannot stand at one place. */
static void
check_shapes(struct compiler *compiler, const struct kp_node *node)
{
	for (const struct kp_leaf *leaf = node->leaves; leaf != NULL; leaf = leaf->next) {
		bool scalar = leaf->field == NULL || leaf->field->form != KP_FORM_PRESENT;
		if (scalar && (node->children != NULL || node->element != NULL)) {
			char path[96];
			kp_node_path(node, path, sizeof(path));
			kp_finding(compiler->host,
				leaf->field == NULL
					? &compiler->mapping->manifest->response.place
					: &leaf->field->place,
				"'%s' is read as a value here, and other paths go on "
				"below "
				"it",
				path);
		}
	}
	for (const struct kp_node *child = node->children; child != NULL;
		child = child->sibling) {
		check_shapes(compiler, child);
	}
	if (node->element != NULL) {
		check_shapes(compiler, node->element);
	}
}

static size_t
count_fields(const struct kp_manifest_response *response)
{
	size_t count = response->field_count;
	for (size_t i = 0; i < response->list_count; i++) {
		count += response->lists[i].field_count;
	}
	return count;
}

static void
add_subject(struct compiler *compiler)
{
	const struct kp_manifest_response *response =
		&compiler->mapping->manifest->response;
	if (response->subject.len > 0) {
		struct kp_node *node = walk(compiler, compiler->mapping->root,
			response->subject, &response->place);
		if (node != NULL && add_leaf(compiler, node, KP_LEAF_SUBJECT) != NULL) {
			compiler->mapping->subject_ask = ask_name(compiler, node);
		}
	} else if (!response->subject_none) {
		kp_finding(compiler->host, &response->place,
			"has no 'subject': the path to the bsn in the answer, or null "
			"when "
			"answers do not name the person");
	}
}

enum kp_status
kp_mapping_compile(struct kp_arena *arena, const struct kp_manifest *manifest,
	const struct kp_host *host, struct kp_mapping *ret_mapping)
{
	const struct kp_manifest_response *response = &manifest->response;
	struct compiler compiler = {.arena = arena, .host = host, .mapping = ret_mapping};
	*ret_mapping = (struct kp_mapping){.manifest = manifest};
	ret_mapping->fields =
		KP_ARENA_ARRAY(arena, struct kp_leaf *, count_fields(response) + 1);
	ret_mapping->lists =
		KP_ARENA_ARRAY(arena, struct kp_mapping_list, response->list_count + 1);
	ret_mapping->top = new_node(&compiler, NULL, (struct kp_slice){0});
	if (ret_mapping->fields == NULL || ret_mapping->lists == NULL ||
		ret_mapping->top == NULL) {
		return KP_E_MEMORY;
	}
	struct kp_node *root =
		walk(&compiler, ret_mapping->top, response->root, &response->place);
	ret_mapping->root = root == NULL ? ret_mapping->top : root;
	ret_mapping->root->root = true;
	add_subject(&compiler);
	add_role(&compiler, ret_mapping->root, response->valid_on, KP_LEAF_VALID_ON,
		KP_LEAF_SINGLE, &response->place);
	add_role(&compiler, ret_mapping->top, response->outcome_path, KP_LEAF_OUTCOME,
		KP_LEAF_SINGLE, &response->place);
	add_role(&compiler, ret_mapping->top, response->notes_path, KP_LEAF_NOTE,
		KP_LEAF_SINGLE, &response->place);
	add_role(&compiler, ret_mapping->top, response->paging_next, KP_LEAF_NEXT,
		KP_LEAF_SINGLE, &response->place);
	add_role(&compiler, ret_mapping->top, response->paging_pages, KP_LEAF_PAGES,
		KP_LEAF_SINGLE, &response->place);
	for (size_t i = 0; i < response->field_count; i++) {
		add_field(&compiler, ret_mapping->root, &response->fields[i],
			KP_LEAF_SINGLE, (struct kp_slice){0}, &ret_mapping->constants);
	}
	for (size_t i = 0; i < response->list_count; i++) {
		add_list(&compiler, (uint32_t)i, &response->lists[i]);
	}
	ret_mapping->list_count = (uint32_t)response->list_count;
	for (size_t i = 0; i < response->ignored_count; i++) {
		struct kp_node *node = walk(&compiler, ret_mapping->top,
			response->ignored[i], &response->place);
		if (node != NULL) {
			node->ignored = true;
		}
	}
	if (compiler.memory) {
		return KP_E_MEMORY;
	}
	check_shapes(&compiler, ret_mapping->top);
	(void)number(ret_mapping->top, 0);
	(void)mark_many(ret_mapping->top);
	return KP_OK;
}

void
kp_node_path(const struct kp_node *node, char *out, size_t out_size)
{
	const struct kp_node *steps[KP_MAPPING_DEPTH_MAX * 3];
	size_t count = 0;
	for (; node != NULL && node->parent != NULL && count < KP_ARRAY_LEN(steps);
		node = node->parent) {
		steps[count++] = node;
	}
	size_t at = 0;
	out[0] = '\0';
	while (count > 0) {
		const struct kp_node *step = steps[--count];
		int written = step->name.len == 0
			? snprintf(out + at, out_size - at, "[]")
			: snprintf(out + at, out_size - at, "%s%.*s", at > 0 ? "." : "",
				  KP_SLICE_ARG(step->name));
		if (written < 0 || at + (size_t)written >= out_size) {
			return;
		}
		at += (size_t)written;
	}
}
