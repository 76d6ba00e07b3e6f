/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* scope: see scope.h. Canonical XML has start tags and end tags only: no empty-element
 * tags, no comments, no CDATA. */
#include "connectors/soap/scope.h"

#include <string.h>

#include "connectors/finding.h"
#include "core/bits.h"

#define DEPTH_MAX 32u
#define ELEMENTS_MAX ((size_t)1024)

struct tag {
	struct kp_slice text;
	struct kp_slice name; /* without its prefix */
	bool end;
};

/* The next tag at or after `*at`, which moves behind it. False at the end. */
static bool
next_tag(struct kp_slice xml, size_t *at, struct tag *ret)
{
	const char *end = xml.data + xml.len;
	const char *start = memchr(xml.data + *at, '<', xml.len - *at);
	if (start == NULL) {
		return false;
	}
	const char *stop = start;
	for (char quote = 0; stop < end && (quote != 0 || *stop != '>'); stop++) {
		if (*stop == '"' || *stop == '\'') {
			quote = quote == 0 ? *stop : quote == *stop ? 0 : quote;
		}
	}
	if (stop == end) {
		return false;
	}
	ret->end = start[1] == '/';
	ret->text = (struct kp_slice){start, (size_t)(stop + 1 - start)};
	const char *name = start + (ret->end ? 2 : 1);
	const char *name_end = name;
	while (name_end < stop && *name_end != ' ') {
		name_end++;
	}
	const char *colon = memchr(name, ':', (size_t)(name_end - name));
	name = colon == NULL ? name : colon + 1;
	ret->name = (struct kp_slice){name, (size_t)(name_end - name)};
	*at = (size_t)(stop + 1 - xml.data);
	return true;
}

/* Name `index` of a path; *ret_last: none comes after it. */
static struct kp_slice
name_of(struct kp_slice path, unsigned index, bool *ret_last)
{
	for (;; index--) {
		struct kp_slice name = kp_slice_cut(&path, '/');
		*ret_last = path.data == NULL;
		if (index == 0 || *ret_last) {
			return name;
		}
	}
}

/* Moves `*at` behind the start tag that the path leads to. The body is the top. */
static bool
find_start(struct kp_slice xml, struct kp_slice path, size_t *at, struct tag *ret)
{
	unsigned depth = 0; /* elements that are open */
	unsigned found = 0; /* names of the path, from the first on, among them */
	bool last;
	while (next_tag(xml, at, ret)) {
		if (ret->end) {
			depth--;
			found -= found > 0 && depth == found ? 1 : 0;
			continue;
		}
		if (depth == found + 1 &&
			kp_slice_equal(ret->name, name_of(path, found, &last))) {
			found++;
			if (last) {
				return true;
			}
		}
		depth++;
	}
	return false;
}

static const struct kp_node *
node_below(const struct kp_node *node, struct kp_slice name)
{
	return node == NULL ? NULL : kp_node_child(node, name);
}

struct reading {
	struct kp_slice xml;
	size_t at;
	struct kp_scope *scope;
	const struct kp_host *host;
	const struct kp_manifest_place *place;
};

static bool
begin_element(struct reading *reading, const struct tag *tag, const struct kp_node *node)
{
	struct kp_scope *scope = reading->scope;
	if (scope->count == ELEMENTS_MAX) {
		return false;
	}
	scope->elements[scope->count++] =
		(struct kp_scope_element){.open = tag->text, .node = node};
	return true;
}

static void
end_element(struct reading *reading, size_t index, const struct tag *tag)
{
	struct kp_scope *scope = reading->scope;
	struct kp_scope_element *element = &scope->elements[index];
	element->close = tag->text;
	element->end = scope->count;
	if (element->end == index + 1 && element->node == NULL) {
		kp_finding(reading->host, reading->place,
			"scope asks for '%.*s', and nothing is made of it",
			KP_SLICE_ARG(tag->name));
	}
}

/* A scope is elements alone: what is written again are tags, and text between them has no
 * field of which it could be said whether it is wanted. */
static void
check_text(const struct reading *reading, const char *from, const struct tag *next)
{
	const char *to = next->text.data;
	while (from < to && (*from == ' ' || *from == '\t' || *from == '\n')) {
		from++;
	}
	if (from < to) {
		kp_finding(reading->host, reading->place,
			"scope: the text before the %s of '%.*s' is never sent; it has "
			"only elements",
			next->end ? "end" : "start", KP_SLICE_ARG(next->name));
	}
}

/* Everything up to the end tag of the root. False when it is too large. */
static bool
read_elements(struct reading *reading, const struct tag *root)
{
	size_t open[DEPTH_MAX] = {0};
	unsigned depth = 1;
	struct tag tag;
	if (!begin_element(reading, root, reading->scope->mapping->root)) {
		return false;
	}
	while (depth > 0) {
		const char *text = reading->xml.data + reading->at;
		if (!next_tag(reading->xml, &reading->at, &tag)) {
			return false;
		}
		check_text(reading, text, &tag);
		if (tag.end) {
			end_element(reading, open[--depth], &tag);
			continue;
		}
		const struct kp_node *parent =
			reading->scope->elements[open[depth - 1]].node;
		if (depth == DEPTH_MAX ||
			!begin_element(reading, &tag, node_below(parent, tag.name))) {
			return false;
		}
		open[depth++] = reading->scope->count - 1;
	}
	return true;
}

/* Does some empty element ask for what stands at the node? */
static bool
covers(const struct kp_scope *scope, const struct kp_node *node)
{
	for (size_t i = 0; i < scope->count; i++) {
		const struct kp_scope_element *element = &scope->elements[i];
		const struct kp_node *top = element->node;
		if (element->end == i + 1 && top != NULL && node->id >= top->id &&
			node->id < top->id_end) {
			return true;
		}
	}
	return false;
}

/* What is mapped below the root and not asked for never comes, and would look as if the
 * partner knows nothing. */
static void
check_fields(const struct reading *reading)
{
	const struct kp_mapping *mapping = reading->scope->mapping;
	const struct kp_node *root = mapping->root;
	for (uint32_t i = 0; i < mapping->field_count; i++) {
		const struct kp_leaf *leaf = mapping->fields[i];
		const struct kp_node *node = leaf->node;
		bool below =
			node != NULL && node->id > root->id && node->id < root->id_end;
		if (below && !covers(reading->scope, node)) {
			kp_finding(reading->host, &leaf->field->place,
				"soap/scope does not ask for it, so it never comes");
		}
	}
}

/* Dates and remarks wait for what they are said of; the rest of what guides is wanted
 * always. */
static bool
sort_leaf(struct kp_arena *arena, struct kp_scope *scope, const struct kp_leaf *leaf)
{
	switch (leaf->role) {
	case KP_LEAF_SUBJECT:
	case KP_LEAF_OUTCOME:
	case KP_LEAF_PRESENT:
		kp_mapping_mark(scope->always, leaf);
		return true;
	case KP_LEAF_VALID_ON:
	case KP_LEAF_ITEM_VALID_ON:
	case KP_LEAF_NOTE: {
		struct kp_scope_aside *aside = KP_ARENA_NEW(arena, struct kp_scope_aside);
		if (aside != NULL) {
			*aside = (struct kp_scope_aside){scope->asides, leaf};
			scope->asides = aside;
		}
		return aside != NULL;
	}
	case KP_LEAF_FIELD:
	case KP_LEAF_NEXT:
	case KP_LEAF_MORE:
	case KP_LEAF_PAGES:
	case KP_LEAF_TOTAL:
		break;
	}
	return true;
}

/* Depth is bounded by kp_mapping_walk(). False when memory ends. */
static bool
sort_leaves(struct kp_arena *arena, struct kp_scope *scope, const struct kp_node *node)
{
	bool made = true;
	for (const struct kp_leaf *leaf = node->leaves; leaf != NULL && made;
		leaf = leaf->next) {
		made = sort_leaf(arena, scope, leaf);
	}
	for (const struct kp_leaf *leaf = node->closing; leaf != NULL && made;
		leaf = leaf->next_closing) {
		made = sort_leaf(arena, scope, leaf);
	}
	for (const struct kp_node *at = node->children; at != NULL && made;
		at = at->sibling) {
		made = sort_leaves(arena, scope, at);
	}
	return made;
}

enum kp_status
kp_scope_compile(struct kp_arena *arena, struct kp_slice xml, struct kp_slice path,
	const struct kp_mapping *mapping, const struct kp_host *host,
	const struct kp_manifest_place *place, struct kp_scope *ret_scope,
	struct kp_slice *ret_before, struct kp_slice *ret_after)
{
	struct reading reading = {
		.xml = xml, .scope = ret_scope, .host = host, .place = place};
	struct tag root;
	*ret_scope = (struct kp_scope){.mapping = mapping};
	*ret_before = xml;
	*ret_after = (struct kp_slice){0};
	if (path.len == 0) {
		return KP_OK;
	}
	if (!find_start(xml, path, &reading.at, &root)) {
		kp_finding(host, place, "scope: the body has no element '%.*s'",
			KP_SLICE_ARG(path));
		return KP_OK;
	}
	*ret_before = (struct kp_slice){xml.data, (size_t)(root.text.data - xml.data)};
	ret_scope->elements =
		KP_ARENA_ARRAY(arena, struct kp_scope_element, ELEMENTS_MAX);
	ret_scope->always = KP_ARENA_ARRAY(arena, unsigned char, mapping->node_count);
	if (ret_scope->elements == NULL || ret_scope->always == NULL ||
		!sort_leaves(arena, ret_scope, mapping->top)) {
		return KP_E_MEMORY;
	}
	if (!read_elements(&reading, &root)) {
		kp_finding(host, place, "scope: more than %zu elements, or %u deep",
			ELEMENTS_MAX, DEPTH_MAX);
	} else {
		check_fields(&reading);
	}
	size_t start = ret_before->len;
	if (memchr(xml.data + start, '{', reading.at - start) != NULL) {
		kp_finding(host, place, "scope: a name in braces has no place in it");
	}
	*ret_after = (struct kp_slice){xml.data + reading.at, xml.len - reading.at};
	return KP_OK;
}

/* Writing. */

static bool
within(const struct kp_node *node, const struct kp_node *top)
{
	return node != NULL && node->id >= top->id && node->id < top->id_end;
}

static bool
needed(const struct kp_need *need, const struct kp_leaf *field)
{
	return field->cell / 64 < need->cell_words &&
		kp_bits_has(need->cells, field->cell);
}

static bool
list_needed(const struct kp_mapping *mapping, uint32_t list, const struct kp_need *need)
{
	for (uint32_t i = 0; i < mapping->field_count; i++) {
		if (mapping->fields[i]->list == list &&
			needed(need, mapping->fields[i])) {
			return true;
		}
	}
	return false;
}

/* What goes with the whole answer is asked by its own element alone: around it stands
 * what may not be permitted. What goes with an item is asked with something of the item.
 */
static bool
aside_wanted(const struct kp_scope *scope, const struct kp_leaf *leaf,
	const struct kp_node *node, const struct kp_need *need)
{
	if (leaf->list != KP_LEAF_SINGLE) {
		return within(leaf->node, node) &&
			list_needed(scope->mapping, leaf->list, need);
	}
	return leaf->node == node;
}

/* Does a value that is wanted come from here, or from below? */
static bool
wanted(const struct kp_scope *scope, const struct kp_node *node,
	const struct kp_need *need)
{
	const struct kp_mapping *mapping = scope->mapping;
	bool any = scope->always[node->id] != 0;
	for (uint32_t i = 0; i < mapping->field_count && !any; i++) {
		const struct kp_leaf *leaf = mapping->fields[i];
		any = needed(need, leaf) &&
			(within(leaf->node, node) || within(leaf->sign, node) ||
				within(leaf->incomplete, node) ||
				within(leaf->label_node, node));
	}
	for (const struct kp_scope_aside *aside = scope->asides; aside != NULL && !any;
		aside = aside->next) {
		any = aside_wanted(scope, aside->leaf, node, need);
	}
	return any;
}

/* False when nothing of it is wanted, and then nothing is written. */
static bool
write_element(const struct kp_scope *scope, size_t index, const struct kp_need *need,
	struct kp_buffer *buffer)
{
	const struct kp_scope_element *element = &scope->elements[index];
	size_t start = buffer->len;
	kp_buffer_add_slice(buffer, element->open);
	bool any = element->end == index + 1 && element->node != NULL &&
		wanted(scope, element->node, need);
	for (size_t i = index + 1; i < element->end; i = scope->elements[i].end) {
		any = write_element(scope, i, need, buffer) || any;
	}
	kp_buffer_add_slice(buffer, element->close);
	buffer->len = any || index == 0 ? buffer->len : start;
	return any;
}

void
kp_scope_write(const struct kp_scope *scope, const struct kp_need *need,
	struct kp_buffer *buffer)
{
	if (scope->count > 0) {
		(void)write_element(scope, 0, need, buffer);
	}
}
