/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_rows: where the rows come from: `file` and `sql`. See manifest_reader.h. */
#include <string.h>

#include "connectors/manifest_keys.h"
#include "connectors/manifest_reader.h"

/* Keys of one form in another. */
static void
check_form_keys(struct reader *reader, const struct kp_json_node *object)
{
	static const struct {
		const char *key;
		enum kp_export_form form;
		const char *name;
	} keys[] = {
		{"charset", KP_EXPORT_CSV, "csv"},
		{"separator", KP_EXPORT_CSV, "csv"},
		{"sheet", KP_EXPORT_XLSX, "xlsx"},
		{"header_row", KP_EXPORT_XLSX, "xlsx"},
		{"unpacked_mib", KP_EXPORT_XLSX, "xlsx"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(keys); i++) {
		if (keys[i].form != reader->manifest->file.form && object != NULL &&
			kp_json_member(object, keys[i].key) != NULL) {
			kp_json_finding(&reader->document, object,
				"%s belongs to form %s only", keys[i].key, keys[i].name);
		}
	}
}

static void
read_form(struct reader *reader, const struct kp_json_node *object)
{
	struct kp_manifest_export *file = &reader->manifest->file;
	struct kp_slice form = text_at(object, "form");
	file->separator = ';';
	file->charset = KP_SLICE("utf-8");
	file->form = kp_slice_is(form, "ndjson") ? KP_EXPORT_NDJSON
		: kp_slice_is(form, "xlsx")      ? KP_EXPORT_XLSX
						 : KP_EXPORT_CSV;
	file->sheet = text_at(object, "sheet");
	file->header_row = (uint32_t)integer_at(
		object, "header_row", kp_manifest_fallback("file", "header_row"));
	file->unpacked_bytes_max = (uint64_t)integer_at(object, "unpacked_mib",
					   kp_manifest_fallback("file", "unpacked_mib"))
		<< 20;
	check_form_keys(reader, object);
	if (text_at(object, "charset").len > 0) {
		file->charset = text_at(object, "charset");
	}
	struct kp_slice separator = text_at(object, "separator");
	if (separator.data != NULL && separator.len == 1) {
		file->separator = separator.data[0];
	}
}

static void
read_file(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_json_node *object = object_at(root, "file");
	struct kp_manifest_export *file = &reader->manifest->file;
	file->place = place_of(reader, object);
	read_form(reader, object);
	if (object == NULL) {
		return;
	}
	file->path = text_at(object, "path");
	file->key = text_at(object, "key");
	file->index = text_at(object, "index");
	file->dated_by = text_at(object, "dated_by");
	file->max_age_hours = (uint32_t)integer_at(object, "max_age_hours", 0);
	bool day = file->path.len > 0 &&
		memmem(file->path.data, file->path.len, "yyyymmdd", 8) != NULL;
	if (day != kp_slice_is(file->dated_by, "name")) {
		kp_json_finding(&reader->document, object,
			"dated_by 'name' and yyyymmdd in path go together");
	}
	if (file->max_age_hours > 0 && file->dated_by.len == 0) {
		kp_json_finding(
			&reader->document, object, "max_age_hours needs dated_by");
	}
	kp_manifest_read_delivery(reader, object);
}

static void
read_sql(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_json_node *object = object_at(root, "sql");
	const struct kp_json_node *queries = object_at(object, "queries");
	struct kp_manifest_sql *sql = &reader->manifest->sql;
	sql->place = place_of(reader, object);
	sql->user = text_at(object, "user");
	sql->known_by = text_at(object, "known_by");
	struct kp_manifest_query *list =
		array_of(reader, count_members(queries), sizeof(*list));
	sql->queries = list;
	if (queries == NULL || list == NULL) {
		return;
	}
	for (const struct kp_json_node *at = next_member(queries->first); at != NULL;
		at = next_member(at->next)) {
		list[sql->query_count++] = (struct kp_manifest_query){
			.name = at->name,
			.text = at->kind == KP_JSON_KIND_STRING ? at->text
								: (struct kp_slice){0},
			.place = place_of(reader, at),
		};
	}
}

void
kp_manifest_read_rows(struct reader *reader, const struct kp_json_node *root)
{
	read_file(reader, root);
	read_sql(reader, root);
}
