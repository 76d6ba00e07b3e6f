/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_tables: code tables, written out or fetched. See manifest.h. */
#include <stdlib.h>

#include "connectors/manifest_keys.h"
#include "connectors/manifest_reader.h"
#include "connectors/table_path.h"

const struct kp_manifest_row *
kp_manifest_table_find(const struct kp_manifest_table *table, struct kp_slice key)
{
	/* Rows are sorted by key. */
	size_t low = 0;
	size_t high = table->row_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = kp_slice_compare(table->rows[middle].key, key);
		if (order == 0) {
			return &table->rows[middle];
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return table->other;
}

/* Code tables. */

static int
compare_rows(const void *a, const void *b)
{
	const struct kp_manifest_row *left = a;
	const struct kp_manifest_row *right = b;
	return kp_slice_compare(left->key, right->key);
}

static void
read_table(struct reader *reader, const struct kp_json_node *node,
	struct kp_manifest_table *table)
{
	struct kp_manifest_row *rows =
		array_of(reader, count_members(node), sizeof(*rows));
	table->name = node->name;
	table->place = place_of(reader, node);
	table->rows = rows;
	if (rows == NULL || node->kind != KP_JSON_KIND_OBJECT) {
		return;
	}
	for (const struct kp_json_node *at = next_member(node->first); at != NULL;
		at = next_member(at->next)) {
		struct kp_manifest_row *row = &rows[table->row_count++];
		row->key = at->name;
		row->value = at->raw;
		row->text = at->kind == KP_JSON_KIND_STRING ? at->text : at->raw;
	}
	if (table->row_count == 0) {
		kp_json_finding(&reader->document, node, "the table is empty");
	}
	qsort(rows, table->row_count, sizeof(*rows), compare_rows);
	for (size_t i = 0; i < table->row_count; i++) {
		if (kp_slice_is(rows[i].key, "*")) {
			table->other = &rows[i];
		}
	}
}

/* Fetched ones. */

/* It goes to the partner as it stands: no name in it is filled in, so that nothing of a
 * question can be. */
static void
check_from(struct reader *reader, const struct kp_json_node *object)
{
	const struct kp_json_node *node = kp_json_member(object, "from");
	struct kp_slice from = text_at(object, "from");
	bool fine = from.len > 0 && from.data[0] == '/' &&
		!kp_slice_starts(from, KP_SLICE("//")) &&
		memmem(from.data, from.len, "/.", 2) == NULL;
	for (size_t i = 0; i < from.len; i++) {
		unsigned char byte = (unsigned char)from.data[i];
		fine = fine && byte > 0x20 && byte < 0x7f &&
			memchr("#{}\\\"<>^`|", byte, 10) == NULL;
	}
	if (node != NULL && !fine) {
		kp_json_finding(&reader->document, node,
			"is not a path on the endpoint's host, with a query perhaps: it "
			"starts with / and has no {name}, fragment or dot segments");
	}
}

static void
check_path(struct reader *reader, const struct kp_json_node *object, const char *name,
	bool array)
{
	const struct kp_json_node *node = kp_json_member(object, name);
	struct kp_table_path path;
	if (node != NULL && !kp_table_path_read(text_at(object, name), array, &path)) {
		kp_json_finding(&reader->document, node,
			array ? "is not the path of an array: names with dots between, "
				"at most %u, and [] at the end"
			      : "is not a path: names with dots between, at most %u",
			KP_TABLE_PATH_NAMES_MAX);
	}
}

/* It is the label of a metric, and an operator types it (connector try --tabel). */
static void
check_name(struct reader *reader, const struct kp_json_node *node)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	bool fine = node->name.len > 0;
	for (size_t i = 0; i < node->name.len; i++) {
		fine = fine &&
			memchr(allowed, node->name.data[i], sizeof(allowed) - 1) != NULL;
	}
	if (!fine) {
		kp_json_finding(&reader->document, node,
			"the name of a fetched table has letters (a-z, A-Z), digits, -, "
			"_ "
			"and . only");
	}
}

static uint32_t
number_at(const struct kp_json_node *object, const char *name)
{
	return (uint32_t)integer_at(
		object, name, kp_manifest_fallback("fetched_tables", name));
}

/* Bounds that are not said do not stand in the way of what is. */
static void
widen_bounds(const struct kp_json_node *node, struct kp_manifest_fetch *fetch)
{
	if (kp_json_member(node, "refresh_min_s") == NULL &&
		fetch->refresh_min_s > fetch->refresh_s) {
		fetch->refresh_min_s = fetch->refresh_s;
	}
	if (kp_json_member(node, "refresh_max_s") == NULL &&
		fetch->refresh_max_s < fetch->refresh_s) {
		fetch->refresh_max_s = fetch->refresh_s;
	}
}

static void
check_fetch(struct reader *reader, const struct kp_json_node *node,
	const struct kp_manifest_fetch *fetch)
{
	const struct kp_json_node *links = kp_json_member(node, "links_from");
	check_from(reader, node);
	check_path(reader, node, "items", true);
	check_path(reader, node, "key", false);
	check_path(reader, node, "value", false);
	check_path(reader, node, "next", false);
	if (fetch->links_from.len > 0) {
		kp_manifest_check_address(reader, links, fetch->links_from);
	}
	if (links != NULL && fetch->next.len == 0) {
		kp_json_finding(&reader->document, links, "is for next");
	}
	if (fetch->next.len > 0 && kp_slice_is(fetch->items, "[]")) {
		kp_json_finding(&reader->document, kp_json_member(node, "next"),
			"an answer that is an array has no link in it");
	}
	if (fetch->refresh_s < fetch->refresh_min_s ||
		fetch->refresh_s > fetch->refresh_max_s) {
		kp_json_finding(&reader->document, node,
			"refresh_s is not between refresh_min_s and refresh_max_s");
	}
}

static void
read_fetched(struct reader *reader, const struct kp_json_node *node,
	struct kp_manifest_table *table)
{
	struct kp_manifest_fetch *fetch = array_of(reader, 1, sizeof(*fetch));
	table->name = node->name;
	table->place = place_of(reader, node);
	table->fetch = fetch;
	if (fetch == NULL || node->kind != KP_JSON_KIND_OBJECT) {
		return;
	}
	*fetch = (struct kp_manifest_fetch){
		.from = text_at(node, "from"),
		.items = text_at(node, "items"),
		.key = text_at(node, "key"),
		.value = text_at(node, "value"),
		.next = text_at(node, "next"),
		.links_from = text_at(node, "links_from"),
		.required = boolean_at(node, "required"),
		.refresh_s = number_at(node, "refresh_s"),
		.refresh_min_s = number_at(node, "refresh_min_s"),
		.refresh_max_s = number_at(node, "refresh_max_s"),
		.rows = number_at(node, "rows"),
		.pages = number_at(node, "pages"),
		.bytes = number_at(node, "bytes"),
		.time_ms = number_at(node, "time_ms"),
	};
	widen_bounds(node, fetch);
	check_fetch(reader, node, fetch);
}

static void
add_fetched(struct reader *reader, const struct kp_json_node *node,
	struct kp_manifest_table *tables)
{
	struct kp_manifest *manifest = reader->manifest;
	for (size_t i = 0; i < manifest->table_count; i++) {
		if (kp_slice_equal(tables[i].name, node->name)) {
			kp_json_finding(&reader->document, node,
				"'tables' has a table of that name");
		}
	}
	if (!kp_slice_is(manifest->connector, "rest")) {
		kp_json_finding(&reader->document, node,
			"tables are fetched for connector rest only");
	}
	check_name(reader, node);
	read_fetched(reader, node, &tables[manifest->table_count++]);
}

void
kp_manifest_read_tables(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_json_node *object = object_at(root, "tables");
	const struct kp_json_node *fetched = object_at(root, "fetched_tables");
	struct kp_manifest_table *tables = array_of(
		reader, count_members(object) + count_members(fetched), sizeof(*tables));
	reader->manifest->tables = tables;
	for (const struct kp_json_node *at =
			next_member(object == NULL ? NULL : object->first);
		at != NULL && tables != NULL; at = next_member(at->next)) {
		read_table(reader, at, &tables[reader->manifest->table_count++]);
	}
	for (const struct kp_json_node *at =
			next_member(fetched == NULL ? NULL : fetched->first);
		at != NULL && tables != NULL; at = next_member(at->next)) {
		add_fetched(reader, at, tables);
	}
}
