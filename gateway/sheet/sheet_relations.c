/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_relations: see sheet_relations.h. */
#include "sheet/sheet_relations.h"

#include <string.h>

#include "sheet/sheet_part.h"

#define PART_BYTES_MAX ((size_t)512)

struct reading {
	struct kp_arena *arena;
	struct kp_slice folder; /* of the source, with the slash; may be empty */
	struct kp_sheet_relations *relations;
	struct kp_error *err;
	enum kp_status status;
};

/* A target as a name in the archive: from the root, or from the source's folder, with
 * dots taken out. Data NULL without memory; empty when it leads out of the package. */
static struct kp_slice
resolve(struct kp_arena *arena, struct kp_slice folder, struct kp_slice target)
{
	bool rooted = target.len > 0 && target.data[0] == '/';
	struct kp_slice base = rooted ? (struct kp_slice){0} : folder;
	char *out = kp_arena_bytes(arena, base.len + target.len + 1);
	size_t len = 0;
	if (out == NULL) {
		return (struct kp_slice){0};
	}
	if (base.len > 0) {
		memcpy(out, base.data, base.len);
		len = base.len;
	}
	for (size_t at = rooted ? 1 : 0; at < target.len;) {
		const char *part = target.data + at;
		const char *slash = memchr(part, '/', target.len - at);
		size_t part_len =
			slash == NULL ? target.len - at : (size_t)(slash - part);
		struct kp_slice name = {part, part_len};
		at += part_len + 1;
		if (kp_slice_is(name, "..") && len > 0) {
			const char *before = memrchr(out, '/', len - 1);
			len = before == NULL ? 0 : (size_t)(before - out) + 1;
		} else if (kp_slice_is(name, "..")) {
			return (struct kp_slice){out, 0};
		} else if (!kp_slice_is(name, ".") && part_len > 0) {
			memcpy(out + len, part, part_len);
			len += part_len;
			out[len] = '/';
			len += slash == NULL ? 0 : 1;
		}
	}
	return (struct kp_slice){out, len};
}

static bool
refuse(struct reading *reading, enum kp_status status, const char *fault)
{
	reading->status = kp_error_set(reading->err, status, "%s", fault);
	return false;
}

static bool
on_open(void *ctx, struct kp_slice name, struct kp_slice space,
	const struct kp_xml_attribute *attributes, unsigned count)
{
	struct reading *reading = ctx;
	struct kp_sheet_relations *relations = reading->relations;
	struct kp_slice target = kp_sheet_part_attribute(attributes, count, "Target");
	(void)space;
	if (!kp_slice_is(name, "Relationship") || target.len == 0 ||
		target.len > PART_BYTES_MAX ||
		kp_slice_is(kp_sheet_part_attribute(attributes, count, "TargetMode"),
			"External")) {
		return true;
	}
	if (relations->count == KP_SHEET_RELATIONS_MAX) {
		return refuse(reading, KP_E_LIMIT, "the part leads to too many others");
	}
	struct kp_sheet_relation *relation = &relations->items[relations->count];
	relation->part = resolve(reading->arena, reading->folder, target);
	relation->id = kp_arena_copy(
		reading->arena, kp_sheet_part_attribute(attributes, count, "Id"));
	relation->type = kp_arena_copy(
		reading->arena, kp_sheet_part_attribute(attributes, count, "Type"));
	if (relation->part.data == NULL || relation->id.data == NULL ||
		relation->type.data == NULL) {
		return refuse(reading, KP_E_MEMORY, "no memory left");
	}
	relations->count += relation->part.len > 0 ? 1 : 0;
	return true;
}

enum kp_status
kp_sheet_relations_read(struct kp_sheet_archive *archive, struct kp_slice source,
	struct kp_arena *arena, struct kp_sheet_relations *ret_relations,
	struct kp_error *err)
{
	static const struct kp_xml_events events = {
		on_open, kp_sheet_part_no_text, kp_sheet_part_no_close};
	const char *slash =
		source.len == 0 ? NULL : memrchr(source.data, '/', source.len);
	size_t folder_len = slash == NULL ? 0 : (size_t)(slash - source.data) + 1;
	const char *name = kp_arena_printf(arena, "%.*s_rels/%.*s.rels", (int)folder_len,
		source.len == 0 ? "" : source.data, (int)(source.len - folder_len),
		source.len == 0 ? "" : source.data + folder_len);
	*ret_relations = (struct kp_sheet_relations){
		.items = KP_ARENA_ARRAY(
			arena, struct kp_sheet_relation, KP_SHEET_RELATIONS_MAX),
	};
	if (name == NULL || ret_relations->items == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory left");
	}
	struct reading reading = {
		.arena = arena,
		.folder = {source.data, folder_len},
		.relations = ret_relations,
		.err = err,
	};
	enum kp_status status =
		kp_sheet_part_read(archive, kp_slice_from(name), &events, &reading, err);
	return reading.status != KP_OK ? reading.status : status;
}

const struct kp_sheet_relation *
kp_sheet_relations_find(
	const struct kp_sheet_relations *relations, const char *kind, struct kp_slice id)
{
	struct kp_slice end = kp_slice_from(kind);
	for (unsigned i = 0; i < relations->count; i++) {
		const struct kp_sheet_relation *relation = &relations->items[i];
		struct kp_slice type = relation->type;
		if (type.len >= end.len &&
			memcmp(type.data + type.len - end.len, end.data, end.len) == 0 &&
			(id.len == 0 || kp_slice_equal(relation->id, id))) {
			return relation;
		}
	}
	return NULL;
}
