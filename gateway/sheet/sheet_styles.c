/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_styles: see sheet_styles.h. */
#include "sheet/sheet_styles.h"

#include "sheet/sheet_part.h"

struct own_format {
	uint32_t id;
	struct kp_sheet_format format;
};

struct reading {
	struct kp_sheet_styles *styles;
	struct own_format *own; /* that the workbook spells out */
	uint32_t own_count;
	unsigned depth;
	bool in_styles; /* inside <cellXfs> */
	struct kp_error *err;
	enum kp_status status;
};

static bool
refuse(struct reading *reading)
{
	reading->status = kp_error_set(
		reading->err, KP_E_LIMIT, "the workbook has too many styles");
	return false;
}

static bool
take_format(struct reading *reading, const struct kp_xml_attribute *attributes,
	unsigned count)
{
	uint32_t id = 0;
	if (!kp_sheet_part_number(kp_sheet_part_attribute(attributes, count, "numFmtId"),
		    UINT32_MAX, &id)) {
		return true;
	}
	if (reading->own_count == KP_SHEET_FORMATS_MAX) {
		return refuse(reading);
	}
	reading->own[reading->own_count++] = (struct own_format){
		.id = id,
		.format = kp_sheet_format_parse(
			kp_sheet_part_attribute(attributes, count, "formatCode")),
	};
	return true;
}

static struct kp_sheet_format
format_of(const struct reading *reading, uint32_t id)
{
	for (uint32_t i = 0; i < reading->own_count; i++) {
		if (reading->own[i].id == id) {
			return reading->own[i].format;
		}
	}
	return kp_sheet_format_known(id);
}

static bool
take_style(struct reading *reading, const struct kp_xml_attribute *attributes,
	unsigned count)
{
	struct kp_sheet_styles *styles = reading->styles;
	uint32_t id = 0;
	if (styles->count == KP_SHEET_STYLES_MAX) {
		return refuse(reading);
	}
	(void)kp_sheet_part_number(
		kp_sheet_part_attribute(attributes, count, "numFmtId"), UINT32_MAX, &id);
	styles->items[styles->count++] = format_of(reading, id);
	return true;
}

static bool
on_open(void *ctx, struct kp_slice name, struct kp_slice space,
	const struct kp_xml_attribute *attributes, unsigned count)
{
	struct reading *reading = ctx;
	unsigned depth = ++reading->depth;
	if (!kp_sheet_part_is_main(space)) {
		return true;
	}
	if (depth == 2) {
		reading->in_styles = kp_slice_is(name, "cellXfs");
	} else if (depth == 3 && reading->in_styles && kp_slice_is(name, "xf")) {
		return take_style(reading, attributes, count);
	} else if (depth == 3 && kp_slice_is(name, "numFmt")) {
		return take_format(reading, attributes, count);
	}
	return true;
}

static bool
on_close(void *ctx)
{
	struct reading *reading = ctx;
	reading->depth--;
	return true;
}

enum kp_status
kp_sheet_styles_read(struct kp_sheet_archive *archive, struct kp_slice part,
	struct kp_arena *arena, struct kp_sheet_styles *ret_styles, struct kp_error *err)
{
	static const struct kp_xml_events events = {
		on_open, kp_sheet_part_no_text, on_close};
	*ret_styles = (struct kp_sheet_styles){
		.items = KP_ARENA_ARRAY(
			arena, struct kp_sheet_format, KP_SHEET_STYLES_MAX),
	};
	struct reading reading = {
		.styles = ret_styles,
		.own = KP_ARENA_ARRAY(arena, struct own_format, KP_SHEET_FORMATS_MAX),
		.err = err,
	};
	if (ret_styles->items == NULL || reading.own == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory left");
	}
	enum kp_status status = kp_sheet_part_read(archive, part, &events, &reading, err);
	return reading.status != KP_OK ? reading.status : status;
}
