/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new_write: a shape with its proposals becomes the response of a manifest. A
 * "//" beside each proposal says what it is based on. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "commands/connector_new.h"
#include "core/json_write.h"
#include "core/mask.h"

#define COMMENT_BYTES 400
#define UNMAPPED_LINE_BYTES ((size_t)110)
#define UNMAPPED_PATH_BYTES ((size_t)640) /* alone on a line */

/* The mark of what a person must still do; one text, so that it can be searched for. */
#define MARK                                                                             \
	"TO"                                                                             \
	"DO "

void
kp_new_set(struct kp_new *new, json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) != 0) {
		new->failed = true;
	}
}

void
kp_new_setn(struct kp_new *new, json_t *object, struct kp_slice name, json_t *value)
{
	if (json_object_setn_new(object, name.data, name.len, value) != 0) {
		new->failed = true;
	}
}

void
kp_new_append(struct kp_new *new, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0) {
		new->failed = true;
	}
}

json_t *
kp_new_text(struct kp_slice text)
{
	return json_stringn(text.data == NULL ? "" : text.data, text.len);
}

/* An address on this machine, with its port. */
static size_t
local_length(const char *url)
{
	static const char *const local[] = {
		"http://127.0.0.1", "http://localhost", "http://[::1]"};
	for (size_t i = 0; url != NULL && i < sizeof(local) / sizeof(local[0]); i++) {
		size_t len = strlen(local[i]);
		size_t port = strncmp(url, local[i], len) == 0 && url[len] == ':'
			? strspn(url + len + 1, "0123456789")
			: 0;
		if (port > 0 &&
			(url[len + 1 + port] == '/' || url[len + 1 + port] == '\0')) {
			return len + 1 + port;
		}
	}
	return 0;
}

json_t *
kp_new_here(const char *url)
{
	/* Where nobody listens, so that what is not filled in yet asks nobody. */
	static const char nobody[] = "http://127.0.0.1:9";
	size_t local = local_length(url);
	const char *scheme = url == NULL ? NULL : strstr(url, "://");
	const char *path = scheme == NULL ? url : strchr(scheme + 3, '/');
	size_t len = path == NULL ? 0 : strcspn(path, "?#");
	for (size_t i = 0; i < len; i++) {
		/* Templates and what is no address. */
		if (path[i] <= ' ' || path[i] > '~' || strchr("\"<>\\^`{|}", path[i])) {
			len = 0;
		}
	}
	while (len > 0 && path[len - 1] == '/') {
		len--;
	}
	return json_sprintf("%.*s%s%.*s", (int)(local > 0 ? local : sizeof(nobody) - 1),
		local > 0 ? url : nobody, len > 0 && path[0] != '/' ? "/" : "", (int)len,
		len > 0 ? path : "");
}

/* Without the character that a fixed size has cut in two. */
static struct kp_slice
whole_characters(struct kp_slice whole)
{
	for (unsigned i = 0; i < 3 && whole.len > 0 && !kp_utf8_valid(whole); i++) {
		whole.len--;
	}
	return whole;
}

struct kp_slice
kp_new_label(struct kp_new *new, const char *text)
{
	const char *begin = text == NULL ? "" : text + strspn(text, " \t\r\n");
	size_t len = strcspn(begin, "\r\n");
	return kp_arena_copy(new->arena,
		kp_slice_head((struct kp_slice){begin, len}, KP_NEW_LABEL_BYTES));
}

void
kp_new_begin_shape(struct kp_new *new)
{
	new->leaf_count = 0;
	new->proposed = 0;
	new->leaves_dropped = false;
	new->persons_dropped = false;
	new->missing = (struct kp_slice){0};
	new->root = (struct kp_slice){0};
}

void
kp_new_note_missing(struct kp_new *new, const char *reference)
{
	if (new->missing.len == 0) {
		new->missing = kp_new_label(new, reference);
	}
}

void
kp_new_todo(struct kp_new *new, const char *format, ...)
{
	char text[COMMENT_BYTES];
	va_list args;
	size_t len = sizeof(MARK) - 1;
	memcpy(text, MARK, len);
	va_start(args, format);
	(void)vsnprintf(text + len, sizeof(text) - len, format, args);
	va_end(args);
	kp_new_append(new, new->todo, kp_new_text(whole_characters(kp_slice_from(text))));
}

bool
kp_new_add_leaf(struct kp_new *new, const struct kp_new_leaf *leaf)
{
	for (size_t i = 0; i < new->leaf_count; i++) {
		if (kp_slice_equal(new->leaves[i].path, leaf->path)) {
			return true;
		}
	}
	if (kp_bsn_within(leaf->path)) {
		new->persons_dropped = true;
		return true;
	}
	if (new->leaf_count == KP_NEW_LEAVES_MAX) {
		new->leaves_dropped = true;
		return false;
	}
	if (new->leaves == NULL) {
		new->leaves =
			KP_ARENA_ARRAY(new->arena, struct kp_new_leaf, KP_NEW_LEAVES_MAX);
	}
	if (new->leaves == NULL) {
		return false;
	}
	new->leaves[new->leaf_count] = *leaf;
	new->leaves[new->leaf_count++].field = KP_NO_ID;
	return true;
}

/* Paths of XML do not mark what is repeated. */
static struct kp_slice
as_written(const struct kp_new *new, struct kp_slice path)
{
	char *copy =
		new->separator == '/' ? kp_arena_bytes(new->arena, path.len + 1) : NULL;
	size_t len = 0;
	for (size_t i = 0; copy != NULL && i < path.len; i++) {
		if (path.data[i] != '[' && path.data[i] != ']') {
			copy[len++] = path.data[i];
		}
	}
	return copy == NULL ? path : (struct kp_slice){copy, len};
}

/* A path from where the manifest begins to count: the root, or the items of a list; "."
 * when it is that itself. */
static struct kp_slice
path_below(const struct kp_new *new, struct kp_slice path, struct kp_slice base)
{
	if (base.len > 0 && kp_slice_starts(path, base)) {
		path.data += base.len;
		path.len -= base.len;
		if (path.len > 0 && path.data[0] == new->separator) {
			path.data++;
			path.len--;
		}
	}
	return path.len == 0 ? KP_SLICE(".") : as_written(new, path);
}

/* Of a database the query comes first. */
static struct kp_slice
single_path(const struct kp_new *new, const struct kp_new_leaf *leaf)
{
	if (new->query.len == 0) {
		return path_below(new, leaf->path, new->root);
	}
	return kp_slice_from(kp_arena_printf(new->arena, "%.*s.%.*s",
		KP_SLICE_ARG(new->query), KP_SLICE_ARG(leaf->path)));
}

static json_t *
proposal(struct kp_new *new, const struct kp_new_leaf *leaf, struct kp_slice path)
{
	char comment[COMMENT_BYTES];
	const struct kp_field *field = &new->catalogue->fields[leaf->field];
	json_t *object = json_object();
	kp_new_set(new, object, "path", kp_new_text(path));
	if (leaf->type == KP_NEW_DATE_OBJECT) {
		kp_new_set(new, object, "form", json_string("date_object"));
	} else if (field->type == KP_FIELD_DATE && leaf->date.len > 0) {
		kp_new_set(new, object, "date", kp_new_text(leaf->date));
	} else if (field->type == KP_FIELD_BOOLEAN &&
		(leaf->type != KP_NEW_BOOLEAN || new->separator == '/')) {
		kp_new_set(new, object, "form", json_string("yes_no"));
	} else if (field->type == KP_FIELD_NUMBER && new->separator == '/') {
		kp_new_set(new, object, "form", json_string("number"));
	}
	struct kp_slice label = kp_slice_head(leaf->label, 120);
	(void)snprintf(comment, sizeof(comment), "%u%%, by %s '%.*s'%s%.*s%s",
		leaf->percent, leaf->basis, KP_SLICE_ARG(field->label),
		label.len > 0 ? "; they say: " : "", KP_SLICE_ARG(label),
		leaf->percent < 80 ? "; look at this one" : "");
	kp_new_set(
		new, object, "//", kp_new_text(whole_characters(kp_slice_from(comment))));
	return object;
}

static void
write_fields(struct kp_new *new, json_t *response)
{
	json_t *fields = json_object();
	for (size_t i = 0; i < new->leaf_count; i++) {
		const struct kp_new_leaf *leaf = &new->leaves[i];
		if (leaf->field == KP_NO_ID) {
			continue;
		}
		const struct kp_field *field = &new->catalogue->fields[leaf->field];
		if (!new->catalogue->sections[field->section].list) {
			kp_new_setn(new, fields, field->path,
				proposal(new, leaf, single_path(new, leaf)));
		}
	}
	kp_new_set(new, response, "fields", fields);
}

static void
write_list(struct kp_new *new, uint32_t section, json_t *lists)
{
	const struct kp_section *own = &new->catalogue->sections[section];
	struct kp_slice array = new->repeated[section];
	json_t *fields = json_object();
	for (size_t i = 0; i < new->leaf_count; i++) {
		const struct kp_new_leaf *leaf = &new->leaves[i];
		if (leaf->field != KP_NO_ID &&
			new->catalogue->fields[leaf->field].section == section) {
			struct kp_slice field = new->catalogue->fields[leaf->field].path;
			kp_new_setn(new, fields, field,
				proposal(new, leaf,
					path_below(new, leaf->path,
						array.len > 0 ? array : new->root)));
		}
	}
	if (json_object_size(fields) == 0) {
		json_decref(fields);
		return;
	}
	struct kp_slice items = path_below(new, array, new->root);
	json_t *list = json_object();
	kp_new_set(
		new, list, "items", kp_new_text(new->query.len > 0 ? new->query : items));
	kp_new_set(new, list, "fields", fields);
	kp_new_setn(new, lists, own->name, list);
}

/* What has no proposal, in lines that can be read. */
static json_t *
unmapped(struct kp_new *new)
{
	json_t *lines = json_array();
	char line[UNMAPPED_PATH_BYTES + sizeof("not mapped: ")] = "";
	size_t len = 0;
	for (size_t i = 0; i < new->leaf_count; i++) {
		struct kp_slice path = path_below(new, new->leaves[i].path, new->root);
		if (new->leaves[i].field != KP_NO_ID || &new->leaves[i] == new->subject) {
			continue;
		}
		if (path.len > UNMAPPED_PATH_BYTES) {
			new->leaves_dropped = true;
			continue;
		}
		if (len > 0 && len + path.len > UNMAPPED_LINE_BYTES) {
			kp_new_append(new, lines, json_string(line));
			len = 0;
		}
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%.*s",
			len > 0 ? ", " : "not mapped: ", KP_SLICE_ARG(path));
	}
	if (len > 0) {
		kp_new_append(new, lines, json_string(line));
	}
	return lines;
}

static void
write_subject(struct kp_new *new, json_t *response)
{
	if (new->subject == NULL) {
		kp_new_todo(new,
			"response.subject: where does the answer say whom it is about? "
			"null is only right when nobody is asked about by number");
		kp_new_set(new, response, "subject", json_null());
		return;
	}
	kp_new_set(new, response, "subject",
		kp_new_text(path_below(new, new->subject->path, new->root)));
}

/* A link to the next page is called the same by many, and is no data. */
static void
write_paging(struct kp_new *new, json_t *response)
{
	static const char *const links[] = {"_links.next.href", "_links.next",
		"links.next.href", "links.next", "next"};
	bool rest = new->separator == '.' && new->arrays_known;
	size_t count = rest ? new->leaf_count : 0;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < sizeof(links) / sizeof(links[0]); j++) {
			if (kp_slice_is(new->leaves[i].path, links[j]) &&
				new->leaves[i].field == KP_NO_ID) {
				kp_new_set(new, response, "paging",
					json_pack("{s:s}", "next", links[j]));
				return;
			}
		}
	}
	if (new->asked_page != NULL) {
		kp_new_todo(new,
			"response.paging: the partner can be asked for a page "
			"('%.100s'); say how the next one is asked, or only the first is "
			"read",
			new->asked_page);
	}
}

static struct kp_slice
parent_of(const struct kp_new *new, struct kp_slice path)
{
	while (path.len > 0 && path.data[path.len - 1] != new->separator) {
		path.len--;
	}
	path.len -= path.len > 0 ? 1 : 0;
	return path;
}

/* What two paths have in common, in whole steps. */
static struct kp_slice
common(const struct kp_new *new, struct kp_slice a, struct kp_slice b)
{
	while (a.len > 0 &&
		(!kp_slice_starts(b, a) ||
			(b.len > a.len && b.data[a.len] != new->separator))) {
		a = parent_of(new, a);
	}
	return a;
}

/* In XML the person is an element: the deepest that holds all that is mapped. */
static void
find_element(struct kp_new *new)
{
	bool any = false;
	for (size_t i = 0; i < new->leaf_count; i++) {
		const struct kp_new_leaf *leaf = &new->leaves[i];
		if (leaf->field == KP_NO_ID && leaf != new->subject) {
			continue;
		}
		struct kp_slice array = leaf->field == KP_NO_ID
			? (struct kp_slice){0}
			: new->repeated[new->catalogue->fields[leaf->field].section];
		struct kp_slice parent =
			parent_of(new, array.len > 0 ? array : leaf->path);
		new->root = any ? common(new, new->root, parent) : parent;
		any = true;
	}
	if (new->root.len == 0) {
		new->root = KP_SLICE("TO"
				     "DO");
		kp_new_todo(new, "response.root: the path to the element of the person");
	}
}

bool
kp_new_write_response(struct kp_new *new)
{
	json_t *response = json_object_get(new->manifest, "response");
	if (kp_new_failed(new)) {
		return false;
	}
	if (response == NULL) {
		response = json_object();
		kp_new_set(new, new->manifest, "response", response);
	}
	json_t *lists = json_object();
	if (new->finish != NULL && !new->finish(new)) {
		json_decref(lists);
		return false;
	}
	if (new->separator == '/' && new->root.len == 0) {
		find_element(new);
	}
	kp_new_set(new, response, "//", unmapped(new));
	write_paging(new, response);
	if (new->root.len > 0) {
		kp_new_set(
			new, response, "root", kp_new_text(as_written(new, new->root)));
	}
	write_subject(new, response);
	write_fields(new, response);
	for (uint32_t i = 0; i < new->catalogue->section_count; i++) {
		if (new->catalogue->sections[i].list &&new->repeated[i].data != NULL) {
			write_list(new, i, lists);
		}
	}
	if (json_object_size(lists) > 0) {
		kp_new_set(new, response, "lists", lists);
	} else {
		json_decref(lists);
	}
	if (new->proposed == 0) {
		kp_new_todo(new,
			"response.fields: no name resembled a field this source "
			"may supply; map them by hand");
	}
	if (new->missing.len > 0) {
		kp_new_todo(new,
			"'%.*s' is referred to and not in the description (nothing is "
			"fetched); what it describes is missing here",
			KP_SLICE_ARG(new->missing));
	}
	if (new->operations_dropped) {
		kp_new_todo(new,
			"the description has more than the %u operations that were "
			"looked at; name another with --operation",
			KP_NEW_OPERATIONS_MAX);
	}
	if (new->persons_dropped) {
		kp_new_todo(new,
			"a name is or holds a number that may be a client's; it is not "
			"shown, and what bears it is missing here");
	}
	if (new->leaves_dropped) {
		kp_new_todo(new,
			"the description is larger or deeper than was read; the "
			"rest is missing here");
	}
	return !kp_new_failed(new);
}
