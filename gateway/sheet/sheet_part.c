/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_part: see sheet_part.h. */
#include "sheet/sheet_part.h"

#include <stdio.h>

struct reading {
	struct kp_xml xml;
	const char *fault;
};

static bool
on_piece(void *ctx, struct kp_slice piece)
{
	struct reading *reading = ctx;
	reading->fault = kp_xml_push(&reading->xml, piece);
	return reading->fault == NULL && !reading->xml.stopped;
}

static void
place_at(struct kp_error *err, struct kp_slice name, unsigned line)
{
	char place[96];
	(void)snprintf(place, sizeof(place), "%.*s",
		name.len < sizeof(place) ? (int)name.len : (int)sizeof(place) - 1,
		name.data);
	kp_error_at(err, NULL, line, 0, place);
}

enum kp_status
kp_sheet_part_read(struct kp_sheet_archive *archive, struct kp_slice name,
	const struct kp_xml_events *events, void *ctx, struct kp_error *err)
{
	struct reading reading = {0};
	if (!kp_xml_init(&reading.xml, events, ctx)) {
		kp_xml_deinit(&reading.xml);
		return kp_error_set(err, KP_E_MEMORY, "no memory left");
	}
	struct kp_error own = {0};
	enum kp_status status =
		kp_sheet_archive_read(archive, name, on_piece, &reading, &own);
	if (status == KP_OK) {
		reading.fault = kp_xml_finish(&reading.xml);
	}
	if (reading.fault != NULL) {
		status = kp_error_set(&own, KP_E_SYNTAX, "%s", reading.fault);
	} else if (reading.xml.stopped) {
		status = KP_E_CANCELLED;
	}
	if (status != KP_OK && status != KP_E_CANCELLED) {
		*err = own;
		place_at(err, name, reading.fault == NULL ? 0 : reading.xml.line);
	}
	kp_xml_deinit(&reading.xml);
	return status;
}

bool
kp_sheet_part_no_text(void *ctx, struct kp_slice text)
{
	(void)ctx;
	(void)text;
	return true;
}

bool
kp_sheet_part_no_close(void *ctx)
{
	(void)ctx;
	return true;
}

bool
kp_sheet_part_is_main(struct kp_slice space)
{
	return kp_slice_is(space,
		       "http://schemas.openxmlformats.org/spreadsheetml/2006/main") ||
		kp_slice_is(space, "http://purl.oclc.org/ooxml/spreadsheetml/main");
}

struct kp_slice
kp_sheet_part_attribute(
	const struct kp_xml_attribute *attributes, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++) {
		if (attributes[i].space.len == 0 &&
			kp_slice_is(attributes[i].name, name)) {
			return attributes[i].value;
		}
	}
	return (struct kp_slice){0};
}

bool
kp_sheet_part_number(struct kp_slice text, uint32_t max, uint32_t *ret_number)
{
	uint64_t number = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			return false;
		}
		number = number * 10 + (unsigned)(text.data[i] - '0');
		if (number > max) {
			return false;
		}
	}
	*ret_number = (uint32_t)number;
	return text.len > 0;
}

bool
kp_sheet_part_is_true(struct kp_slice text)
{
	return kp_slice_is(text, "1") || kp_slice_is(text, "true");
}
