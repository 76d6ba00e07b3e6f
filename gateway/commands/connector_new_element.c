/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new_element: what an element holds by its schema: walked as leaves of an
 * answer, or written as an example of a question. Types that hold themselves end where
 * they come back.
 */
#include <libxml/uri.h>
#include <stdio.h>
#include <string.h>

#include "commands/connector_new_xsd.h"
#include "core/buffer.h"

#define PATH_BYTES 512
#define STEPS_MAX 100000u
#define XSD "http://www.w3.org/2001/XMLSchema"

struct walk {
	struct kp_new_xsd *xsd;
	const xmlNode *open[KP_NEW_DEPTH_MAX + 1]; /* types the walk is inside of */
	size_t depth;
	unsigned repeats; /* groups around that may come more than once */
	char path[PATH_BYTES];
	size_t path_len;
	/* Writing an example: */
	struct kp_buffer *out;
	bool person_written;
	const char *space; /* namespace of the prefix v: */
};

/* What an element is. */
struct element {
	xmlNode *declaration;
	const char *name;
	xmlNode *type;       /* complex; NULL: simple */
	const char *builtin; /* of a simple one: "string", "date" … */
	bool eight_digits;
	bool many;
	bool optional;
};

/* Types. */

static const char *
without_prefix(const char *name)
{
	const char *colon = strchr(name, ':');
	return colon == NULL ? name : colon + 1;
}

static bool
is_builtin(xmlNode *node, const char *name)
{
	const char *colon = strchr(name, ':');
	char prefix[64] = "";
	if (colon != NULL) {
		(void)snprintf(prefix, sizeof(prefix), "%.*s", (int)(colon - name), name);
	}
	const xmlNs *space = xmlSearchNs(
		node->doc, node, colon == NULL ? NULL : (const xmlChar *)prefix);
	return space != NULL && strcmp((const char *)space->href, XSD) == 0;
}

/* "[0-9]{8}", a length of 8: a date without marks. */
static bool
wants_eight_digits(const xmlNode *restriction)
{
	for (xmlNode *facet = restriction->children; facet != NULL; facet = facet->next) {
		const char *value = facet->type == XML_ELEMENT_NODE
			? kp_new_xml_attribute(facet, "value")
			: NULL;
		if (value != NULL &&
			((kp_new_xml_is(facet, "length") && strcmp(value, "8") == 0) ||
				(kp_new_xml_is(facet, "pattern") &&
					strstr(value, "{8}") != NULL))) {
			return true;
		}
	}
	return false;
}

static void
resolve_simple(const struct walk *walk, xmlNode *type, struct element *element)
{
	element->builtin = "string";
	for (unsigned hops = 0; type != NULL && hops < KP_NEW_DEPTH_MAX; hops++) {
		xmlNode *restriction = kp_new_xml_next(type->children, "restriction");
		const char *base = restriction == NULL
			? NULL
			: kp_new_xml_attribute(restriction, "base");
		if (base == NULL) {
			return;
		}
		element->eight_digits =
			element->eight_digits || wants_eight_digits(restriction);
		if (is_builtin(restriction, base)) {
			element->builtin = without_prefix(base);
			return;
		}
		type = kp_new_xsd_find(walk->xsd, restriction, "simpleType", base);
	}
}

static void
resolve_type(const struct walk *walk, struct element *element)
{
	xmlNode *declaration = element->declaration;
	const char *type = kp_new_xml_attribute(declaration, "type");
	element->builtin = "string";
	if (type == NULL) {
		element->type = kp_new_xml_next(declaration->children, "complexType");
		resolve_simple(walk, kp_new_xml_next(declaration->children, "simpleType"),
			element);
	} else if (is_builtin(declaration, type)) {
		element->builtin = without_prefix(type);
	} else {
		xmlNode *simple =
			kp_new_xsd_find(walk->xsd, declaration, "simpleType", type);
		element->type =
			kp_new_xsd_find(walk->xsd, declaration, "complexType", type);
		resolve_simple(walk, simple, element);
		if (element->type == NULL && simple == NULL) {
			kp_new_note_missing(walk->xsd->new, type);
		}
	}
	/* Text with attributes is text. */
	if (element->type != NULL &&
		kp_new_xml_next(element->type->children, "simpleContent") != NULL) {
		element->type = NULL;
	}
}

static bool
comes_often(const xmlNode *node)
{
	const char *most = kp_new_xml_attribute(node, "maxOccurs");
	return most != NULL && strcmp(most, "1") != 0 && strcmp(most, "0") != 0;
}

static bool
may_be_absent(const xmlNode *node)
{
	const char *least = kp_new_xml_attribute(node, "minOccurs");
	return least != NULL && strcmp(least, "0") == 0;
}

static bool
read_element(const struct walk *walk, xmlNode *node, struct element *element)
{
	*element = (struct element){.declaration = node};
	const char *reference = kp_new_xml_attribute(node, "ref");
	element->many = walk->repeats > 0 || comes_often(node);
	element->optional = may_be_absent(node);
	if (reference != NULL) {
		element->declaration =
			kp_new_xsd_find(walk->xsd, node, "element", reference);
	}
	if (element->declaration == NULL) {
		kp_new_note_missing(walk->xsd->new, reference);
		return false;
	}
	element->name = kp_new_xml_attribute(element->declaration, "name");
	resolve_type(walk, element);
	/* Else it is a name in no document. */
	return element->name != NULL &&
		xmlValidateNCName((const xmlChar *)element->name, 0) == 0;
}

/* Walking. */

static bool
may_enter(struct walk *walk, const xmlNode *type)
{
	for (size_t i = 0; i < walk->depth; i++) {
		if (walk->open[i] == type) {
			return false;
		}
	}
	if (walk->depth == KP_NEW_DEPTH_MAX || ++walk->xsd->steps > STEPS_MAX) {
		walk->xsd->new->leaves_dropped = true;
		return false;
	}
	return true;
}

static void walk_element(struct walk *walk, xmlNode *node);

static bool
is_person(const struct walk *walk, const struct element *element)
{
	struct kp_new_words words = {0};
	kp_new_split(walk->xsd->new->arena, kp_slice_from(element->name), &words);
	return kp_new_has_word(&words, "burgerservicenummer") && words.count == 1;
}

static void walk_content(struct walk *walk, xmlNode *holder);

static void
walk_named(struct walk *walk, xmlNode *node, const char *kind, const char *name)
{
	xmlNode *found = kp_new_xsd_find(walk->xsd, node, kind, name);
	if (found == NULL) {
		kp_new_note_missing(walk->xsd->new, name);
	}
	walk_content(walk, found);
}

/* What an example takes of a choice: a person, or the first. */
static xmlNode *
taken_of(const struct walk *walk, xmlNode *choice)
{
	xmlNode *first = NULL;
	for (xmlNode *node = choice->children; node != NULL; node = node->next) {
		struct element element;
		if (node->type != XML_ELEMENT_NODE || kp_new_xml_is(node, "annotation")) {
			continue;
		}
		if (kp_new_xml_is(node, "element") &&
			read_element(walk, node, &element) && is_person(walk, &element)) {
			return node;
		}
		first = first == NULL ? node : first;
	}
	return first;
}

/* One part of a type: an element, a group, a sequence, a choice, an extension. */
static void
walk_part(struct walk *walk, xmlNode *node)
{
	const char *group =
		kp_new_xml_is(node, "group") ? kp_new_xml_attribute(node, "ref") : NULL;
	if (kp_new_xml_is(node, "element")) {
		walk_element(walk, node);
		return;
	}
	if (kp_new_xml_is(node, "annotation") || kp_new_xml_is(node, "attribute") ||
		(walk->person_written && may_be_absent(node))) {
		return;
	}
	unsigned before = walk->repeats;
	walk->repeats += comes_often(node) ? 1 : 0;
	if (group != NULL) {
		walk_named(walk, node, "group", group);
	} else {
		walk_content(walk, node);
	}
	walk->repeats = before;
}

/* The elements inside a type or a group, wherever they stand in it. */
static void
walk_content(struct walk *walk, xmlNode *holder)
{
	if (holder == NULL || !may_enter(walk, holder)) {
		return;
	}
	walk->open[walk->depth++] = holder;
	const char *base = kp_new_xml_is(holder, "extension")
		? kp_new_xml_attribute(holder, "base")
		: NULL;
	bool choice = walk->out != NULL && kp_new_xml_is(holder, "choice");
	const xmlNode *taken = choice ? taken_of(walk, holder) : NULL;
	if (base != NULL) {
		walk_named(walk, holder, "complexType", base);
	}
	for (xmlNode *node = holder->children; node != NULL; node = node->next) {
		if (node->type == XML_ELEMENT_NODE && (!choice || node == taken)) {
			walk_part(walk, node);
		}
	}
	walk->depth--;
}

static struct kp_slice
documentation(const struct walk *walk, const xmlNode *declaration)
{
	xmlNode *note = kp_new_xml_next(declaration->children, "annotation");
	xmlNode *text =
		note == NULL ? NULL : kp_new_xml_next(note->children, "documentation");
	xmlChar *content = text == NULL ? NULL : xmlNodeGetContent(text);
	struct kp_slice label = kp_new_label(walk->xsd->new, (const char *)content);
	if (text != NULL && content == NULL) {
		walk->xsd->new->failed = true;
	}
	xmlFree(content);
	return label;
}

static void
add_leaf(struct walk *walk, const struct element *element)
{
	static const char *const numbers[] = {"decimal", "integer", "int", "long",
		"short", "nonNegativeInteger", "positiveInteger", "double", "float"};
	struct kp_new *new = walk->xsd->new;
	struct kp_new_words words = {0};
	struct kp_new_leaf leaf = {.label = documentation(walk, element->declaration)};
	leaf.path = kp_slice_from(
		kp_arena_printf(new->arena, "%.*s", (int)walk->path_len, walk->path));
	kp_new_split(new->arena, kp_slice_from(element->name), &words);
	bool date =
		kp_new_has_word(&words, "datum") || strncmp(element->name, "Dat", 3) == 0;
	if (strcmp(element->builtin, "date") == 0) {
		leaf.type = KP_NEW_DATE;
	} else if (date && element->eight_digits) {
		leaf.type = KP_NEW_DATE;
		leaf.date = KP_SLICE("yyyymmdd");
	} else if (strcmp(element->builtin, "boolean") == 0) {
		leaf.type = KP_NEW_BOOLEAN;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(numbers); i++) {
		leaf.type = strcmp(element->builtin, numbers[i]) == 0 ? KP_NEW_NUMBER
								      : leaf.type;
	}
	(void)kp_new_add_leaf(new, &leaf);
}

/* An example. */

/* The namespace of an element in a document; empty: none. */
static const char *
space_of(const struct walk *walk, const struct element *element)
{
	bool global = kp_new_xml_is(element->declaration->parent, "schema");
	if (!global && !kp_new_xsd_qualified(element->declaration)) {
		return "";
	}
	const char *space = kp_new_xsd_namespace(element->declaration);
	xmlURI *uri = xmlParseURI(space);
	if (uri == NULL && space[0] != '\0') {
		kp_new_todo(walk->xsd->new,
			"request.body: '%s' is no URI, so no namespace can be named so",
			space);
	}
	space = uri == NULL ? "" : space;
	xmlFreeURI(uri);
	return space;
}

/* In an attribute of a template. */
static void
add_escaped(struct kp_buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		const char *as = *text == '&' ? "&amp;"
			: *text == '<'        ? "&lt;"
			: *text == '\''       ? "&#39;"
			: *text == '{'        ? "{{"
					      : NULL;
		kp_buffer_add(out, as == NULL ? text : as, as == NULL ? 1 : strlen(as));
	}
}

static void
write_value(struct walk *walk, const struct element *element)
{
	struct kp_new_words words = {0};
	kp_new_split(walk->xsd->new->arena, kp_slice_from(element->name), &words);
	if (kp_new_has_word(&words, "burgerservicenummer")) {
		walk->person_written = true;
		kp_buffer_printf(walk->out, "{bsn}");
		return;
	}
	kp_new_todo(walk->xsd->new, "request.body: what belongs in '%s'?", element->name);
	kp_buffer_printf(walk->out,
		"TO"
		"DO");
}

static void
write_element(struct walk *walk, const struct element *element)
{
	bool wanted =
		!element->optional || (!walk->person_written && is_person(walk, element));
	if (!wanted) {
		return;
	}
	const char *space = space_of(walk, element);
	const char *prefix = space[0] == '\0' ? "" : "v:";
	const char *before = walk->space;
	kp_buffer_printf(walk->out, "<%s%s", prefix, element->name);
	if (space[0] != '\0' && (before == NULL || strcmp(space, before) != 0)) {
		KP_BUFFER_ADD(walk->out, " xmlns:v='");
		add_escaped(walk->out, space);
		KP_BUFFER_ADD(walk->out, "'");
		walk->space = space;
	}
	KP_BUFFER_ADD(walk->out, ">");
	if (element->type != NULL) {
		walk_content(walk, element->type);
	} else {
		write_value(walk, element);
	}
	kp_buffer_printf(walk->out, "</%s%s>", prefix, element->name);
	walk->space = before;
}

static void
walk_element(struct walk *walk, xmlNode *node)
{
	struct element element;
	size_t before = walk->path_len;
	unsigned repeats = walk->repeats;
	if (!read_element(walk, node, &element)) {
		return;
	}
	walk->repeats = 0;
	if (walk->out != NULL) {
		write_element(walk, &element);
		walk->repeats = repeats;
		return;
	}
	int len = snprintf(walk->path + before, PATH_BYTES - before, "%s%s%s",
		before > 0 ? "/" : "", element.name, element.many ? "[]" : "");
	if (len < 0 || (size_t)len >= PATH_BYTES - before) {
		walk->xsd->new->leaves_dropped = true;
		walk->path[before] = '\0';
		walk->repeats = repeats;
		return;
	}
	walk->path_len = before + (size_t)len;
	if (element.type != NULL) {
		walk_content(walk, element.type);
	} else {
		add_leaf(walk, &element);
	}
	walk->path_len = before;
	walk->repeats = repeats;
}

void
kp_new_xsd_leaves(struct kp_new_xsd *xsd, xmlNode *element)
{
	struct walk walk = {.xsd = xsd};
	walk_element(&walk, element);
}

void
kp_new_xsd_example(struct kp_new_xsd *xsd, xmlNode *element, struct kp_buffer *out)
{
	struct walk walk = {.xsd = xsd, .out = out};
	walk_element(&walk, element);
	if (!walk.person_written) {
		kp_new_todo(xsd->new,
			"request.body: where does the client number belong? "
			"no element is called one");
	}
}
