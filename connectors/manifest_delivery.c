/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_delivery: what is asked of a partner's deliveries: `file/verify`,
 * `file/trailer`, their day and `file/series`. See
 * manifest_reader.h. */
#include <string.h>

#include "connectors/manifest_reader.h"
#include "connectors/value.h"
#include "core/oin.h"

/* The name of a file beside the delivery. */
static void
check_beside(struct reader *reader, const struct kp_json_node *object, const char *name)
{
	struct kp_slice text = text_at(object, name);
	if (text.len > 0 && memchr(text.data, '/', text.len) != NULL) {
		kp_json_finding(&reader->document, kp_json_member(object, name),
			"is a file beside the delivery: no '/'");
	} else if (kp_slice_is(text, "{file}")) {
		kp_json_finding(&reader->document, kp_json_member(object, name),
			"is the delivery itself");
	}
}

static void
read_verify(struct reader *reader, const struct kp_json_node *file)
{
	const struct kp_json_node *object = object_at(file, "verify");
	struct kp_manifest_verify *verify = &reader->manifest->file.verify;
	if (object == NULL) {
		return;
	}
	verify->place = place_of(reader, object);
	verify->checksums = text_at(object, "checksums");
	verify->signature = text_at(object, "signature");
	verify->anchor_file = text_at(object, "anchor_file");
	verify->oin = text_at(object, "oin");
	check_beside(reader, object, "checksums");
	check_beside(reader, object, "signature");
	if (verify->checksums.len == 0 && verify->signature.len == 0) {
		kp_json_finding(&reader->document, object,
			"names neither checksums nor a signature");
	}
	if ((verify->signature.len > 0) != (verify->anchor_file.len > 0)) {
		kp_json_finding(&reader->document, object,
			"signature and anchor_file go together");
	}
	if (verify->oin.len > 0 && !kp_is_oin(verify->oin)) {
		kp_json_finding(&reader->document, kp_json_member(object, "oin"),
			"an OIN has %zu digits", KP_OIN_LEN);
	}
}

static void
read_trailer(struct reader *reader, const struct kp_json_node *file)
{
	const struct kp_json_node *object = object_at(file, "trailer");
	struct kp_manifest_export *export = &reader->manifest->file;
	if (object == NULL) {
		return;
	}
	export->trailer.mark = text_at(object, "mark");
	export->trailer.count = (uint32_t)integer_at(object, "count", 0);
	export->trailer.date = (uint32_t)integer_at(object, "date", 0);
	if (export->form != KP_EXPORT_CSV) {
		kp_json_finding(&reader->document, object, "belongs to form csv only");
	}
}

/* What says the day, and is it there to say it? */
static void
read_date(struct reader *reader, const struct kp_json_node *file)
{
	struct kp_manifest_export *export = &reader->manifest->file;
	bool column = kp_slice_is(export->dated_by, "column");
	bool comment = kp_slice_is(export->dated_by, "checksums");
	bool trailer = kp_slice_is(export->dated_by, "trailer");
	struct kp_slice pattern = text_at(file, "date_pattern");
	export->date_name = text_at(file, "date_name");
	export->date_pattern = pattern.len > 0 ? pattern : KP_SLICE("yyyymmdd");
	if ((column || comment) != (export->date_name.len > 0)) {
		kp_json_finding(&reader->document, file,
			"dated_by 'column' or 'checksums' and date_name go together");
	}
	if (pattern.len > 0 && !column && !comment && !trailer) {
		kp_json_finding(&reader->document, file,
			"date_pattern needs dated_by 'column', 'checksums' or 'trailer'");
	}
	if (!kp_value_date_pattern_known(export->date_pattern)) {
		kp_json_finding(&reader->document, kp_json_member(file, "date_pattern"),
			"is not a pattern such as yyyymmdd, yyyy-mm-dd or dd-mm-yyyy");
	}
	if (comment && export->verify.checksums.len == 0) {
		kp_json_finding(&reader->document, file,
			"dated_by 'checksums' needs verify/checksums");
	}
	if (trailer && export->trailer.date == 0) {
		kp_json_finding(
			&reader->document, file, "dated_by 'trailer' needs trailer/date");
	}
}

static void
read_operations(struct reader *reader, const struct kp_json_node *series)
{
	static const struct kp_manifest_operation usual[] = {
		{KP_SLICE_INIT("toevoegen"), false},
		{KP_SLICE_INIT("wijzigen"), false},
		{KP_SLICE_INIT("verwijderen"), true},
	};
	const struct kp_json_node *object = object_at(series, "operations");
	struct kp_manifest_series *out = &reader->manifest->file.series;
	out->operations = usual;
	out->operation_count = KP_ARRAY_LEN(usual);
	if (object == NULL) {
		return;
	}
	struct kp_manifest_operation *list =
		array_of(reader, count_members(object), sizeof(*list));
	out->operations = list;
	out->operation_count = 0;
	for (const struct kp_json_node *at = next_member(object->first);
		list != NULL && at != NULL; at = next_member(at->next)) {
		list[out->operation_count++] = (struct kp_manifest_operation){
			.code = at->name,
			.removes = at->kind == KP_JSON_KIND_STRING &&
				kp_slice_is(at->text, "verwijderen"),
		};
	}
}

static bool
holds(struct kp_slice text, const char *word)
{
	return text.len > 0 && memmem(text.data, text.len, word, strlen(word)) != NULL;
}

/* The folder of a path, with its '/'. */
static struct kp_slice
folder_of(struct kp_slice path)
{
	const char *slash = path.len == 0 ? NULL : memrchr(path.data, '/', path.len);
	return (struct kp_slice){
		path.data, slash == NULL ? 0 : (size_t)(slash - path.data) + 1};
}

static void
check_series(struct reader *reader, const struct kp_json_node *object)
{
	const struct kp_manifest_export *file = &reader->manifest->file;
	const struct kp_manifest_series *series = &file->series;
	if (!kp_slice_is(file->dated_by, "name") || !holds(series->path, "yyyymmdd")) {
		kp_json_finding(&reader->document, object,
			"needs dated_by 'name', and yyyymmdd in its path too");
	}
	if (!kp_slice_equal(folder_of(file->path), folder_of(series->path))) {
		kp_json_finding(&reader->document, kp_json_member(object, "path"),
			"is in another folder than the deliveries");
	}
	if (holds(file->path, "{volgnummer}") && !holds(series->path, "{volgnummer}")) {
		kp_json_finding(&reader->document, kp_json_member(object, "path"),
			"has no {volgnummer}, and the deliveries have one");
	}
	if (series->key_count == 0) {
		kp_json_finding(&reader->document, object, "names no key");
	}
}

static void
read_series(struct reader *reader, const struct kp_json_node *file)
{
	const struct kp_json_node *object = object_at(file, "series");
	struct kp_manifest_series *series = &reader->manifest->file.series;
	if (object == NULL) {
		return;
	}
	series->place = place_of(reader, object);
	series->path = text_at(object, "path");
	series->key = read_texts(reader, object, "key", &series->key_count);
	series->operation = text_at(object, "operation");
	series->files_max = (uint32_t)integer_at(object, "files_max", 100);
	read_operations(reader, object);
	check_series(reader, object);
}

void
kp_manifest_read_delivery(struct reader *reader, const struct kp_json_node *file)
{
	read_verify(reader, file);
	read_trailer(reader, file);
	reader->manifest->file.count_file = text_at(file, "count_file");
	check_beside(reader, file, "count_file");
	read_date(reader, file);
	read_series(reader, file);
}
