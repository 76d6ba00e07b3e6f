/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* mapping_path: see mapping_path.h. */
#include "connectors/mapping_path.h"

#include "connectors/finding.h"

struct kp_node *
kp_mapping_node(struct kp_mapping_compiler *compiler, struct kp_node *parent,
	struct kp_slice name)
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
child_of(struct kp_mapping_compiler *compiler, struct kp_node *node, struct kp_slice name)
{
	struct kp_node *child = kp_node_child(node, name);
	if (child == NULL) {
		child = kp_mapping_node(compiler, node, name);
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
element_of(struct kp_mapping_compiler *compiler, struct kp_node *node)
{
	if (node->element == NULL) {
		node->element = kp_mapping_node(compiler, node, (struct kp_slice){0});
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

struct kp_node *
kp_mapping_walk_json(struct kp_mapping_compiler *compiler, struct kp_node *from,
	struct kp_slice path, const struct kp_manifest_place *place)
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

void
kp_mapping_capture(struct kp_mapping_compiler *compiler, struct kp_node *node)
{
	if (node != NULL && node->capture == 0) {
		node->capture = ++compiler->mapping->capture_count;
	}
}

/* Takes "name", "@name" or "name[label=text]" off the path; the text may hold slashes. */
static bool
take_step(struct kp_slice *path, struct kp_slice *ret_name, struct kp_slice *ret_key,
	struct kp_slice *ret_label)
{
	size_t len = 0;
	*ret_key = (struct kp_slice){0};
	while (len < path->len && path->data[len] != '/' && path->data[len] != '[') {
		len++;
	}
	*ret_name = (struct kp_slice){path->data, len};
	if (len < path->len && path->data[len] == '[') {
		const char *end = path->data + path->len;
		const char *at = path->data + len + 1;
		const char *equals = memchr(at, '=', (size_t)(end - at));
		const char *close = equals == NULL
			? NULL
			: memchr(equals, ']', (size_t)(end - equals));
		if (close == NULL || equals == at || close == equals + 1) {
			return false;
		}
		*ret_key = (struct kp_slice){at, (size_t)(equals - at)};
		*ret_label = (struct kp_slice){equals + 1, (size_t)(close - equals - 1)};
		len = (size_t)(close + 1 - path->data);
	}
	bool slash = len < path->len;
	if (slash && path->data[len] != '/') {
		return false;
	}
	path->data += len + (slash ? 1 : 0);
	path->len -= len + (slash ? 1 : 0);
	bool attribute = ret_name->len > 0 && ret_name->data[0] == '@';
	return ret_name->len > (attribute ? 1 : 0) && (!slash || path->len > 0) &&
		!(attribute && slash);
}

static bool
step_into(struct kp_mapping_compiler *compiler, struct kp_mapping_xml_path *at,
	struct kp_slice *rest)
{
	struct kp_slice name;
	struct kp_slice key;
	struct kp_slice label = {0};
	if (!take_step(rest, &name, &key, &label) || ++at->depth > KP_MAPPING_DEPTH_MAX ||
		(key.len > 0 && at->label.len > 0)) {
		return false;
	}
	if (kp_slice_is(name, "..")) {
		at->node = at->node->parent;
		at->up = at->node;
		return at->node != NULL && key.len == 0;
	}
	at->node = child_of(compiler, at->node, name);
	if (key.len > 0 && at->node != NULL) {
		at->labelled = at->node;
		at->label = label;
		at->label_node = child_of(compiler, at->node, key);
		kp_mapping_capture(compiler, at->label_node);
	}
	return true;
}

void
kp_mapping_walk_xml(struct kp_mapping_compiler *compiler, struct kp_node *from,
	struct kp_slice path, const struct kp_manifest_place *place,
	struct kp_mapping_xml_path *at)
{
	*at = (struct kp_mapping_xml_path){.node = from};
	struct kp_slice rest = path;
	while (rest.len > 0 && !kp_slice_is(rest, ".") && at->node != NULL) {
		if (!step_into(compiler, at, &rest)) {
			kp_finding(compiler->host, place,
				"'%.*s' is not a path: names with / between, @name for "
				"an "
				"attribute, name[label=text] once, at most %u deep",
				path.len > 60 ? 60 : (int)path.len, path.data,
				KP_MAPPING_DEPTH_MAX);
			at->node = NULL;
		}
	}
}

struct kp_node *
kp_mapping_walk(struct kp_mapping_compiler *compiler, struct kp_node *from,
	struct kp_slice path, const struct kp_manifest_place *place)
{
	if (compiler->mapping->dialect == KP_MAPPING_JSON) {
		return kp_mapping_walk_json(compiler, from, path, place);
	}
	struct kp_mapping_xml_path at;
	kp_mapping_walk_xml(compiler, from, path, place, &at);
	if (at.node != NULL && (at.label.len > 0 || at.up != NULL)) {
		kp_finding(compiler->host, place,
			"[label=text] and ../ are for the paths of fields");
		return NULL;
	}
	return at.node;
}
