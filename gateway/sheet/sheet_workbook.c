/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_workbook: see sheet_workbook.h. */
#include "sheet/sheet_workbook.h"

#include <string.h>

#include "sheet/sheet_part.h"
#include "sheet/sheet_relations.h"

struct reading {
	struct kp_slice wanted; /* empty: the first that is not hidden */
	const struct kp_sheet_relations *relations;
	struct kp_sheet_workbook *workbook;
	bool is_workbook;
};

/* The id of a relationship, in whichever of the two namespaces. */
static struct kp_slice
relation_id(const struct kp_xml_attribute *attributes, unsigned count)
{
	static const char end[] = "/relationships";
	for (unsigned i = 0; i < count; i++) {
		struct kp_slice space = attributes[i].space;
		if (kp_slice_is(attributes[i].name, "id") && space.len >= sizeof(end) &&
			memcmp(space.data + space.len - sizeof(end) + 1, end,
				sizeof(end) - 1) == 0) {
			return attributes[i].value;
		}
	}
	return (struct kp_slice){0};
}

/* libxml2 leaves an & of an attribute as &#38; where entities are not replaced. */
static bool
same_name(struct kp_slice name, struct kp_slice wanted)
{
	const struct kp_slice written = KP_SLICE("&#38;");
	size_t at = 0;
	for (size_t i = 0; i < wanted.len; i++) {
		struct kp_slice rest = {name.data + at, name.len - at};
		if (rest.len == 0 || rest.data[0] != wanted.data[i]) {
			return false;
		}
		at += wanted.data[i] == '&' && kp_slice_starts(rest, written)
			? written.len
			: 1;
	}
	return at == name.len;
}

static void
take_sheet(struct reading *reading, const struct kp_xml_attribute *attributes,
	unsigned count)
{
	struct kp_slice name = kp_sheet_part_attribute(attributes, count, "name");
	struct kp_slice state = kp_sheet_part_attribute(attributes, count, "state");
	struct kp_slice id = relation_id(attributes, count);
	bool hidden = state.len > 0 && !kp_slice_is(state, "visible");
	bool wanted =
		reading->wanted.len > 0 ? same_name(name, reading->wanted) : !hidden;
	if (!wanted || id.len == 0 || reading->workbook->sheet.len > 0) {
		return;
	}
	const struct kp_sheet_relation *relation =
		kp_sheet_relations_find(reading->relations, "/worksheet", id);
	if (relation != NULL) {
		reading->workbook->sheet = relation->part;
	}
}

static bool
on_open(void *ctx, struct kp_slice name, struct kp_slice space,
	const struct kp_xml_attribute *attributes, unsigned count)
{
	struct reading *reading = ctx;
	if (!kp_sheet_part_is_main(space)) {
		return true;
	}
	if (kp_slice_is(name, "workbook")) {
		reading->is_workbook = true;
	} else if (kp_slice_is(name, "workbookPr")) {
		reading->workbook->date_1904 = kp_sheet_part_is_true(
			kp_sheet_part_attribute(attributes, count, "date1904"));
	} else if (kp_slice_is(name, "sheet")) {
		take_sheet(reading, attributes, count);
	}
	return true;
}

static struct kp_slice
part_of(const struct kp_sheet_relations *relations, const char *kind)
{
	const struct kp_sheet_relation *found =
		kp_sheet_relations_find(relations, kind, (struct kp_slice){0});
	return found == NULL ? (struct kp_slice){0} : found->part;
}

static enum kp_status
check(const struct reading *reading, struct kp_error *err)
{
	if (!reading->is_workbook) {
		return kp_error_set(err, KP_E_INVALID, "the file is no .xlsx workbook");
	}
	if (reading->workbook->sheet.len > 0) {
		return KP_OK;
	}
	return reading->wanted.len > 0
		? kp_error_set(err, KP_E_INVALID, "the workbook has no sheet '%.*s'",
			  reading->wanted.len > 60 ? 60 : (int)reading->wanted.len,
			  reading->wanted.data)
		: kp_error_set(err, KP_E_INVALID,
			  "the workbook has no sheet that is not hidden");
}

enum kp_status
kp_sheet_workbook_read(struct kp_sheet_archive *archive, struct kp_slice name,
	struct kp_arena *arena, struct kp_sheet_workbook *ret_workbook,
	struct kp_error *err)
{
	static const struct kp_xml_events events = {
		on_open, kp_sheet_part_no_text, kp_sheet_part_no_close};
	struct kp_sheet_relations relations;
	*ret_workbook = (struct kp_sheet_workbook){0};
	enum kp_status status = kp_sheet_relations_read(
		archive, (struct kp_slice){0}, arena, &relations, err);
	struct kp_slice part = {0};
	if (status == KP_OK) {
		part = part_of(&relations, "/officeDocument");
		if (part.len == 0) {
			return kp_error_set(
				err, KP_E_INVALID, "the file is no .xlsx workbook");
		}
		status = kp_sheet_relations_read(archive, part, arena, &relations, err);
	}
	struct reading reading = {
		.wanted = name, .relations = &relations, .workbook = ret_workbook};
	if (status == KP_OK) {
		status = kp_sheet_part_read(archive, part, &events, &reading, err);
	}
	if (status != KP_OK) {
		return status;
	}
	ret_workbook->strings = part_of(&relations, "/sharedStrings");
	ret_workbook->styles = part_of(&relations, "/styles");
	return check(&reading, err);
}
