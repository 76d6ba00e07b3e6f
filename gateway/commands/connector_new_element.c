/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new_element: what an element holds by its schema: walked as leaves of an
 * answer, or written as an example of a question. Types that hold themselves end where
 * they come back.
 */
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
	char path[PATH_BYTES];
	size_t path_len;
	/* Writing an example: */
	struct kp_buffer *out;
	bool person_written;
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
		element->type =
			kp_new_xsd_find(walk->xsd, declaration, "complexType", type);
		resolve_simple(walk,
			kp_new_xsd_find(walk->xsd, declaration, "simpleType", type),
			element);
	}
	/* Text with attributes is text. */
	xmlNode *simple = element->type == NULL
		? NULL
		: kp_new_xml_next(element->type->children, "simpleContent");
	element->type = simple == NULL ? element->type : NULL;
}

static bool
read_element(const struct walk *walk, xmlNode *node, struct element *element)
{
	*element = (struct element){.declaration = node};
	const char *reference = kp_new_xml_attribute(node, "ref");
	const char *most = kp_new_xml_attribute(node, "maxOccurs");
	const char *least = kp_new_xml_attribute(node, "minOccurs");
	element->many = most != NULL && strcmp(most, "1") != 0 && strcmp(most, "0") != 0;
	element->optional = least != NULL && strcmp(least, "0") == 0;
	if (reference != NULL) {
		element->declaration =
			kp_new_xsd_find(walk->xsd, node, "element", reference);
	}
	if (element->declaration == NULL) {
		return false;
	}
	element->name = kp_new_xml_attribute(element->declaration, "name");
	resolve_type(walk, element);
	return element->name != NULL;
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
	if (base != NULL) {
		walk_content(
			walk, kp_new_xsd_find(walk->xsd, holder, "complexType", base));
	}
	for (xmlNode *node = holder->children; node != NULL; node = node->next) {
		if (node->type != XML_ELEMENT_NODE) {
			continue;
		}
		const char *group = kp_new_xml_is(node, "group")
			? kp_new_xml_attribute(node, "ref")
			: NULL;
		if (kp_new_xml_is(node, "element")) {
			walk_element(walk, node);
		} else if (group != NULL) {
			walk_content(
				walk, kp_new_xsd_find(walk->xsd, node, "group", group));
		} else if (!kp_new_xml_is(node, "annotation") &&
			!kp_new_xml_is(node, "attribute")) {
			walk_content(walk, node);
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

static const char *
prefix_of(const struct element *element)
{
	bool global = kp_new_xml_is(element->declaration->parent, "schema");
	return global || kp_new_xsd_qualified(element->declaration) ? "v:" : "";
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

static bool
is_person(const struct walk *walk, const struct element *element)
{
	struct kp_new_words words = {0};
	kp_new_split(walk->xsd->new->arena, kp_slice_from(element->name), &words);
	return kp_new_has_word(&words, "burgerservicenummer") && words.count == 1;
}

static void
write_element(struct walk *walk, const struct element *element)
{
	bool wanted =
		!element->optional || (!walk->person_written && is_person(walk, element));
	if (!wanted) {
		return;
	}
	const char *prefix = prefix_of(element);
	kp_buffer_printf(walk->out, "<%s%s", prefix, element->name);
	if (walk->depth == 0) {
		kp_buffer_printf(walk->out, " xmlns:v='%s'",
			kp_new_xsd_namespace(element->declaration));
	}
	kp_buffer_printf(walk->out, ">");
	if (element->type != NULL) {
		walk_content(walk, element->type);
	} else {
		write_value(walk, element);
	}
	kp_buffer_printf(walk->out, "</%s%s>", prefix, element->name);
}

static void
walk_element(struct walk *walk, xmlNode *node)
{
	struct element element;
	size_t before = walk->path_len;
	if (!read_element(walk, node, &element)) {
		return;
	}
	if (walk->out != NULL) {
		write_element(walk, &element);
		return;
	}
	int len = snprintf(walk->path + before, PATH_BYTES - before, "%s%s%s",
		before > 0 ? "/" : "", element.name, element.many ? "[]" : "");
	if (len < 0 || (size_t)len >= PATH_BYTES - before) {
		walk->xsd->new->leaves_dropped = true;
		walk->path[before] = '\0';
		return;
	}
	walk->path_len = before + (size_t)len;
	if (element.type != NULL) {
		walk_content(walk, element.type);
	} else {
		add_leaf(walk, &element);
	}
	walk->path_len = before;
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
