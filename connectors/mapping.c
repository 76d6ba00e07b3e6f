/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* mapping: see mapping.h. */
#include "connectors/mapping_path.h"

#include <stdio.h>

#include "connectors/finding.h"
#include "connectors/value.h"
#include "core/bits.h"

static struct kp_leaf *
new_leaf(struct kp_mapping_compiler *compiler, struct kp_node *node,
	enum kp_leaf_role role)
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
	return leaf;
}

static void
attach(struct kp_leaf *leaf)
{
	struct kp_leaf **at = &leaf->node->leaves;
	while (*at != NULL) {
		at = &(*at)->next;
	}
	*at = leaf;
}

static struct kp_leaf *
add_leaf(struct kp_mapping_compiler *compiler, struct kp_node *node,
	enum kp_leaf_role role)
{
	struct kp_leaf *leaf = new_leaf(compiler, node, role);
	if (leaf != NULL) {
		attach(leaf);
	}
	return leaf;
}

static void
add_role(struct kp_mapping_compiler *compiler, struct kp_node *from, struct kp_slice path,
	enum kp_leaf_role role, uint32_t list, const struct kp_manifest_place *place)
{
	if (path.len == 0) {
		return;
	}
	struct kp_node *node = kp_mapping_walk(compiler, from, path, place);
	struct kp_leaf *leaf = node == NULL ? NULL : add_leaf(compiler, node, role);
	if (leaf != NULL) {
		leaf->list = list;
	}
}

/* The names of a node below the root without the arrays: what Haal Centraal calls a
 * field. */
static struct kp_slice
ask_name(struct kp_mapping_compiler *compiler, const struct kp_node *node)
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
			kp_buffer_add_char(&buffer,
				compiler->mapping->dialect == KP_MAPPING_XML ? '/' : '.');
		}
	}
	compiler->memory = compiler->memory || buffer.failed;
	return kp_buffer_slice(&buffer);
}

static bool
check_section(struct kp_mapping_compiler *compiler, const struct kp_manifest_field *field,
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

/* Hangs a leaf at its own node, or at the element that must have ended first. */
static void
add_closing(struct kp_mapping_compiler *compiler, struct kp_leaf *leaf)
{
	if (leaf->container == NULL) {
		attach(leaf);
		return;
	}
	kp_mapping_capture(compiler, leaf->node);
	leaf->next_closing = leaf->container->closing;
	leaf->container->closing = leaf;
}

/* What a field of an XML answer needs beside its own text. */
static void
add_company(struct kp_mapping_compiler *compiler, struct kp_leaf *leaf,
	struct kp_node *from, const struct kp_mapping_path *at)
{
	const struct kp_manifest_field *field = leaf->field;
	leaf->label_node = at->label_node;
	leaf->label = at->label;
	leaf->container = at->labelled;
	if (field->sign.len > 0 && leaf->node->parent != NULL) {
		struct kp_node *around = leaf->node->parent;
		leaf->sign =
			kp_mapping_walk(compiler, around, field->sign, &field->place);
		kp_mapping_capture(compiler, leaf->sign);
		leaf->container = leaf->container == NULL ? around : leaf->container;
	}
	if (field->incomplete.len > 0) {
		leaf->incomplete = kp_mapping_walk(
			compiler, leaf->node, field->incomplete, &field->place);
		kp_mapping_capture(compiler, leaf->incomplete);
		leaf->container = leaf->container == NULL ? leaf->node : leaf->container;
	}
	add_closing(compiler, leaf);
	if (at->up != NULL) {
		leaf->inherits_from = at->up;
		leaf->item = from;
		leaf->next_inherited = at->up->inherited;
		at->up->inherited = leaf;
		leaf->next_outside = compiler->mapping->lists[leaf->list].outside;
		compiler->mapping->lists[leaf->list].outside = leaf;
	}
}

static bool
check_company(struct kp_mapping_compiler *compiler, const struct kp_manifest_field *field,
	const struct kp_mapping_path *at, uint32_t list)
{
	bool xml = compiler->mapping->dialect == KP_MAPPING_XML;
	if (!xml && (field->sign.len > 0 || field->incomplete.len > 0)) {
		kp_finding(compiler->host, &field->place,
			"sign and incomplete are for answers in XML");
	}
	if (at->up != NULL && list == KP_LEAF_SINGLE) {
		kp_finding(compiler->host, &field->place,
			"../ goes out of the item of a list, and this is no list");
		return false;
	}
	return true;
}

static void
add_field(struct kp_mapping_compiler *compiler, struct kp_node *from,
	const struct kp_manifest_field *field, uint32_t list, struct kp_slice section,
	struct kp_leaf **constants)
{
	struct kp_mapping_path at = {0};
	uint32_t cell = kp_finding_cell(compiler->host, field);
	bool fine = check_section(compiler, field, section);
	if (field->path.len > 0) {
		kp_mapping_walk_field(compiler, from, field->path, &field->place, &at);
		fine = fine && at.node != NULL;
	}
	struct kp_node *node = at.node;
	fine = check_company(compiler, field, &at, list) && fine;
	if (!fine || cell == UINT32_MAX || (node == NULL && field->constant.len == 0)) {
		return;
	}
	struct kp_leaf *leaf = new_leaf(compiler, node, KP_LEAF_FIELD);
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
	} else {
		add_company(compiler, leaf, from, &at);
	}
	if (node != NULL && !field->ask_never) {
		leaf->ask = field->ask.len > 0 ? field->ask : ask_name(compiler, node);
	}
	char *note = kp_arena_printf(compiler->arena,
		field->table == NULL
			? "de waarde van %.*s heeft een vorm die niet is afgesproken"
			: "de waarde van %.*s staat in geen codetabel",
		KP_SLICE_ARG(field->field));
	leaf->unreadable = kp_slice_from(note);
	compiler->memory = compiler->memory || note == NULL;
	compiler->mapping->fields[compiler->mapping->field_count++] = leaf;
}

/* Takes the first of "A | B" off. */
static struct kp_slice
take_items(struct kp_slice *items)
{
	const char *bar = items->len == 0 ? NULL : memchr(items->data, '|', items->len);
	size_t len = bar == NULL ? items->len : (size_t)(bar - items->data);
	struct kp_slice path = {items->data, len};
	items->data += len + (bar == NULL ? 0 : 1);
	items->len -= len + (bar == NULL ? 0 : 1);
	return kp_value_trim(path);
}

static void
add_items(struct kp_mapping_compiler *compiler, uint32_t index,
	const struct kp_manifest_list *list, struct kp_slice path)
{
	struct kp_mapping_list *out = &compiler->mapping->lists[index];
	struct kp_node *node =
		kp_mapping_walk(compiler, compiler->mapping->root, path, &list->place);
	struct kp_item_of *item = KP_ARENA_NEW(compiler->arena, struct kp_item_of);
	compiler->memory = compiler->memory || item == NULL;
	if (node == NULL || item == NULL) {
		return;
	}
	*item = (struct kp_item_of){.next = node->items, .list = index};
	node->items = item;
	add_role(compiler, node, list->valid_on, KP_LEAF_ITEM_VALID_ON, index,
		&list->place);
	bool more = out->constants != NULL;
	for (size_t i = 0; i < list->field_count; i++) {
		/* Constants are of the list, wherever its items stand. */
		if (list->fields[i].constant.len == 0 || !more) {
			add_field(compiler, node, &list->fields[i], index, list->section,
				&out->constants);
		}
	}
}

static void
add_list(struct kp_mapping_compiler *compiler, uint32_t index,
	const struct kp_manifest_list *list)
{
	const struct kp_host *host = compiler->host;
	struct kp_mapping_list *out = &compiler->mapping->lists[index];
	out->list = list;
	out->section = kp_finding_list(host, list);
	if (list->items.len == 0) {
		kp_finding(host, &list->place,
			"has no 'items': the path to its elements, as in \"kinderen[]\"");
	}
	struct kp_slice rest = list->items;
	while (rest.len > 0 && out->section != UINT32_MAX) {
		add_items(compiler, index, list, take_items(&rest));
	}
}

/* Ids in depth-first order, so that a subtree is a range. Depth is bounded by
 * kp_mapping_walk(). */
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
	bool many = node->root || node->rows || node->items != NULL ||
		node->closing != NULL || node->inherited != NULL;
	for (const struct kp_leaf *leaf = node->leaves; leaf != NULL; leaf = leaf->next) {
		many = many || leaf->role == KP_LEAF_NOTE ||
			leaf->role == KP_LEAF_OUTCOME || leaf->role == KP_LEAF_PRESENT;
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

static bool
has_structure(const struct kp_node *node)
{
	bool structure = node->element != NULL;
	for (const struct kp_node *child = node->children; child != NULL;
		child = child->sibling) {
		/* Attributes stand beside an element's text. */
		structure = structure || child->name.data[0] != '@';
	}
	return structure;
}

/* An object and a scalar cannot stand at one place. */
static void
check_shapes(struct kp_mapping_compiler *compiler, const struct kp_node *node)
{
	for (const struct kp_leaf *leaf = node->leaves; leaf != NULL; leaf = leaf->next) {
		bool scalar = leaf->role != KP_LEAF_PRESENT &&
			(leaf->field == NULL || leaf->field->form != KP_FORM_PRESENT);
		if (scalar && has_structure(node)) {
			char path[96];
			kp_node_path(compiler->mapping, node, path, sizeof(path));
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
		const struct kp_manifest_list *list = &response->lists[i];
		size_t places = 1;
		for (size_t at = 0; at < list->items.len; at++) {
			places += list->items.data[at] == '|' ? 1 : 0;
		}
		count += list->field_count * places;
	}
	return count;
}

static void
add_subject_path(struct kp_mapping_compiler *compiler)
{
	const struct kp_manifest_response *response =
		&compiler->mapping->manifest->response;
	struct kp_mapping_path at = {0};
	kp_mapping_walk_field(compiler, compiler->mapping->root, response->subject,
		&response->place, &at);
	struct kp_leaf *leaf =
		at.node == NULL ? NULL : new_leaf(compiler, at.node, KP_LEAF_SUBJECT);
	if (leaf == NULL) {
		return;
	}
	compiler->mapping->subject_ask = ask_name(compiler, at.node);
	leaf->label_node = at.label_node;
	leaf->label = at.label;
	leaf->container = at.labelled;
	add_closing(compiler, leaf);
}

static void
add_subject(struct kp_mapping_compiler *compiler)
{
	const struct kp_manifest_response *response =
		&compiler->mapping->manifest->response;
	if (response->subject.len > 0) {
		add_subject_path(compiler);
	} else if (!response->subject_none) {
		kp_finding(compiler->host, &response->place,
			"has no 'subject': the path to the bsn in the answer, or null "
			"when "
			"answers do not name the person");
	}
}

static void
add_present(struct kp_mapping_compiler *compiler)
{
	const struct kp_manifest_response *response =
		&compiler->mapping->manifest->response;
	for (size_t i = 0; i < response->present_count; i++) {
		const struct kp_manifest_code *row = &response->present[i];
		struct kp_node *node = kp_mapping_walk(
			compiler, compiler->mapping->top, row->code, &response->place);
		struct kp_leaf *leaf =
			node == NULL ? NULL : add_leaf(compiler, node, KP_LEAF_PRESENT);
		if (leaf != NULL) {
			leaf->outcome = row->outcome;
		}
	}
}

/* HAL says that there is more in one way only, so that it can be seen also by who did not
 * know that there are pages. */
static void
watch_for_pages(struct kp_mapping_compiler *compiler)
{
	const struct kp_manifest_response *response =
		&compiler->mapping->manifest->response;
	bool watched = compiler->mapping->dialect == KP_MAPPING_JSON &&
		response->paging.kind == KP_PAGING_NONE && response->list_count > 0;
	for (size_t i = 0; i < response->ignored_count; i++) {
		watched = watched &&
			!kp_slice_starts(response->ignored[i], KP_SLICE("_links"));
	}
	if (watched) {
		add_role(compiler, compiler->mapping->top, KP_SLICE("_links.next.href"),
			KP_LEAF_MORE, KP_LEAF_SINGLE, &response->place);
	}
}

static void
add_paging(struct kp_mapping_compiler *compiler)
{
	struct kp_mapping *mapping = compiler->mapping;
	const struct kp_manifest_paging *paging = &mapping->manifest->response.paging;
	watch_for_pages(compiler);
	if (paging->rows.len > 0) {
		mapping->rows = kp_mapping_walk(
			compiler, mapping->top, paging->rows, &paging->place);
	}
	if (mapping->rows != NULL) {
		mapping->rows->rows = true;
	}
	add_role(compiler, mapping->top, paging->total, KP_LEAF_TOTAL, KP_LEAF_SINGLE,
		&paging->place);
	add_role(compiler, mapping->top, paging->path,
		paging->kind == KP_PAGING_PAGES ? KP_LEAF_PAGES : KP_LEAF_NEXT,
		KP_LEAF_SINGLE, &paging->place);
}

enum kp_status
kp_mapping_compile(struct kp_arena *arena, const struct kp_manifest *manifest,
	const struct kp_host *host, enum kp_mapping_dialect dialect,
	struct kp_mapping *ret_mapping)
{
	const struct kp_manifest_response *response = &manifest->response;
	struct kp_mapping_compiler compiler = {
		.arena = arena, .host = host, .mapping = ret_mapping};
	*ret_mapping = (struct kp_mapping){.manifest = manifest, .dialect = dialect};
	ret_mapping->fields =
		KP_ARENA_ARRAY(arena, struct kp_leaf *, count_fields(response) + 1);
	ret_mapping->lists =
		KP_ARENA_ARRAY(arena, struct kp_mapping_list, response->list_count + 1);
	ret_mapping->top = kp_mapping_node(&compiler, NULL, (struct kp_slice){0});
	if (ret_mapping->fields == NULL || ret_mapping->lists == NULL ||
		ret_mapping->top == NULL) {
		return KP_E_MEMORY;
	}
	struct kp_node *root = kp_mapping_walk(
		&compiler, ret_mapping->top, response->root, &response->place);
	ret_mapping->root = root == NULL ? ret_mapping->top : root;
	ret_mapping->root->root = true;
	add_subject(&compiler);
	add_role(&compiler, ret_mapping->root, response->valid_on, KP_LEAF_VALID_ON,
		KP_LEAF_SINGLE, &response->place);
	add_role(&compiler, ret_mapping->top, response->outcome_path, KP_LEAF_OUTCOME,
		KP_LEAF_SINGLE, &response->place);
	add_role(&compiler, ret_mapping->top, response->notes_path, KP_LEAF_NOTE,
		KP_LEAF_SINGLE, &response->place);
	add_paging(&compiler);
	add_present(&compiler);
	for (size_t i = 0; i < response->field_count; i++) {
		add_field(&compiler, ret_mapping->root, &response->fields[i],
			KP_LEAF_SINGLE, (struct kp_slice){0}, &ret_mapping->constants);
	}
	for (size_t i = 0; i < response->list_count; i++) {
		add_list(&compiler, (uint32_t)i, &response->lists[i]);
	}
	ret_mapping->list_count = (uint32_t)response->list_count;
	for (size_t i = 0; i < response->ignored_count; i++) {
		struct kp_node *node = kp_mapping_walk(&compiler, ret_mapping->top,
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
	return kp_mapping_make_guides(arena, ret_mapping);
}

void
kp_node_path(const struct kp_mapping *mapping, const struct kp_node *node, char *out,
	size_t out_size)
{
	const char *between = mapping->dialect == KP_MAPPING_XML ? "/" : ".";
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
			: snprintf(out + at, out_size - at, "%s%.*s",
				  at > 0 ? between : "", KP_SLICE_ARG(step->name));
		if (written < 0 || at + (size_t)written >= out_size) {
			return;
		}
		at += (size_t)written;
	}
}

void
kp_mapping_offer(const struct kp_mapping *mapping, uint64_t *cells, uint32_t cell_words)
{
	for (uint32_t i = 0; i < mapping->field_count; i++) {
		uint32_t cell = mapping->fields[i]->cell;
		if (cell / 64 < cell_words) {
			kp_bits_set(cells, cell);
		}
	}
}
