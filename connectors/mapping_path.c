/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* mapping_path: see mapping_path.h. */
#include "connectors/mapping_path.h"

#include "connectors/finding.h"

struct kp_node *
kp_mapping_node(struct kp_mapping_compiler *compiler, struct kp_node *parent,
	struct kp_slice name)
{
	if (compiler->mapping->node_count == KP_MAPPING_NODES_MAX) {
		if (!compiler->memory) {
			kp_finding(compiler->host,
				&compiler->mapping->manifest->response.place,
				"has more than %u names in its paths",
				KP_MAPPING_NODES_MAX);
		}
		compiler->memory = true;
		return NULL;
	}
	struct kp_node *node = KP_ARENA_NEW(compiler->arena, struct kp_node);
	if (node == NULL) {
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

void
kp_mapping_capture(struct kp_mapping_compiler *compiler, struct kp_node *node)
{
	if (node != NULL && node->capture == 0) {
		node->capture = ++compiler->mapping->capture_count;
	}
}

/* One name of a path for JSON: "name[][]", or "name[label=text]". */
struct segment {
	struct kp_slice name;
	unsigned arrays;
	struct kp_slice key;
	struct kp_slice label;
};

/* Takes "[label=text]" off; the text may hold dots. */
static bool
take_filter(struct kp_slice *path, struct segment *segment)
{
	const char *end = path->data + path->len;
	const char *equals = memchr(path->data, '=', path->len);
	const char *close =
		equals == NULL ? NULL : memchr(equals, ']', (size_t)(end - equals));
	if (close == NULL || equals == path->data + 1 || close == equals + 1) {
		return false;
	}
	segment->key =
		(struct kp_slice){path->data + 1, (size_t)(equals - path->data - 1)};
	segment->label = (struct kp_slice){equals + 1, (size_t)(close - equals - 1)};
	segment->arrays = 1;
	path->data = close + 1;
	path->len = (size_t)(end - path->data);
	return memchr(segment->key.data, '[', segment->key.len) == NULL;
}

/* Takes a segment and the dot behind it off the path; false when it is wrong. */
static bool
take_segment(struct kp_slice *path, struct segment *ret_segment)
{
	size_t len = 0;
	*ret_segment = (struct segment){0};
	while (len < path->len && path->data[len] != '.' && path->data[len] != '[' &&
		path->data[len] != ']') {
		len++;
	}
	ret_segment->name = (struct kp_slice){path->data, len};
	path->data += len;
	path->len -= len;
	if (path->len > 1 && path->data[0] == '[' && path->data[1] != ']' &&
		!take_filter(path, ret_segment)) {
		return false;
	}
	while (ret_segment->key.len == 0 && path->len > 1 && path->data[0] == '[' &&
		path->data[1] == ']') {
		path->data += 2;
		path->len -= 2;
		ret_segment->arrays++;
	}
	if (path->len == 0) {
		return true;
	}
	bool dot = path->data[0] == '.';
	path->data++;
	path->len--;
	return dot && path->len > 0;
}

static struct kp_node *walk_names(struct kp_mapping_compiler *compiler,
	struct kp_node *from, struct kp_slice names);

static bool
step_json(struct kp_mapping_compiler *compiler, struct kp_mapping_path *at,
	struct kp_slice *rest, bool first)
{
	struct segment segment;
	bool fine = take_segment(rest, &segment) &&
		(segment.name.len > 0 || (first && segment.arrays > 0)) &&
		(segment.key.len == 0 || at->label.len == 0);
	at->depth += 1 + segment.arrays;
	if (!fine || at->depth > KP_MAPPING_DEPTH_MAX) {
		return false;
	}
	if (segment.name.len > 0) {
		at->node = child_of(compiler, at->node, segment.name);
	}
	for (unsigned i = 0; i < segment.arrays && at->node != NULL; i++) {
		at->node = element_of(compiler, at->node);
	}
	if (segment.key.len > 0 && at->node != NULL) {
		at->labelled = at->node;
		at->label = segment.label;
		at->label_node = walk_names(compiler, at->node, segment.key);
		kp_mapping_capture(compiler, at->label_node);
		return at->label_node != NULL || compiler->memory;
	}
	return true;
}

/* Names with dots between, and nothing else. */
static struct kp_node *
walk_names(
	struct kp_mapping_compiler *compiler, struct kp_node *from, struct kp_slice names)
{
	struct segment segment;
	struct kp_node *node = from;
	while (names.len > 0 && node != NULL) {
		if (!take_segment(&names, &segment) || segment.name.len == 0 ||
			segment.arrays > 0) {
			return NULL;
		}
		node = child_of(compiler, node, segment.name);
	}
	return node;
}

static void
walk_json(struct kp_mapping_compiler *compiler, struct kp_node *from,
	struct kp_slice path, const struct kp_manifest_place *place,
	struct kp_mapping_path *at)
{
	struct kp_slice rest = path;
	*at = (struct kp_mapping_path){.node = from};
	while (rest.len > 0 && !kp_slice_is(path, ".") && at->node != NULL) {
		if (!step_json(compiler, at, &rest, rest.data == path.data)) {
			kp_finding(compiler->host, place,
				"'%.*s' is not a path: names with dots between, [] "
				"behind the name of an array, or once [label=text], at "
				"most %u deep",
				path.len > 60 ? 60 : (int)path.len, path.data,
				KP_MAPPING_DEPTH_MAX);
			at->node = NULL;
		}
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
step_into(struct kp_mapping_compiler *compiler, struct kp_mapping_path *at,
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

static void
walk_xml(struct kp_mapping_compiler *compiler, struct kp_node *from, struct kp_slice path,
	const struct kp_manifest_place *place, struct kp_mapping_path *at)
{
	*at = (struct kp_mapping_path){.node = from};
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

void
kp_mapping_walk_field(struct kp_mapping_compiler *compiler, struct kp_node *from,
	struct kp_slice path, const struct kp_manifest_place *place,
	struct kp_mapping_path *at)
{
	if (compiler->mapping->dialect == KP_MAPPING_JSON) {
		walk_json(compiler, from, path, place, at);
	} else {
		walk_xml(compiler, from, path, place, at);
	}
}

struct kp_node *
kp_mapping_walk(struct kp_mapping_compiler *compiler, struct kp_node *from,
	struct kp_slice path, const struct kp_manifest_place *place)
{
	struct kp_mapping_path at;
	kp_mapping_walk_field(compiler, from, path, place, &at);
	if (at.node != NULL && (at.label.len > 0 || at.up != NULL)) {
		kp_finding(compiler->host, place,
			"[label=text] and ../ are for the paths of fields");
		return NULL;
	}
	return at.node;
}
