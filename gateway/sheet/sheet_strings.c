/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_strings: see sheet_strings.h. */
#include "sheet/sheet_strings.h"

#include "core/heap.h"
#include "sheet/sheet_part.h"

#define FIRST_STRINGS 1024u

struct reading {
	struct kp_sheet_strings *strings;
	uint64_t bytes_max;
	struct kp_error *err;
	enum kp_status status;
	unsigned depth;
	unsigned item;    /* depth of the open <si>; 0: none */
	unsigned reading; /* of an open <rPh>: how a name is pronounced, no part of it */
	unsigned text;    /* of an open <t> */
};

static bool
refuse(struct reading *reading, enum kp_status status)
{
	if (status == KP_E_LIMIT) {
		reading->status = kp_error_set(reading->err, status,
			"the shared texts of the workbook are more than is allowed: "
			"deliver it as CSV");
	} else {
		reading->status = kp_error_set(reading->err, status, "no memory left");
	}
	return false;
}

static bool
end_item(struct reading *reading)
{
	struct kp_sheet_strings *strings = reading->strings;
	uint64_t begin = strings->count == 0 ? 0 : strings->ends[strings->count - 1];
	if (strings->count == KP_SHEET_STRINGS_MAX) {
		return refuse(reading, KP_E_LIMIT);
	}
	if (strings->count == strings->capacity) {
		uint32_t capacity =
			strings->capacity == 0 ? FIRST_STRINGS : strings->capacity * 2;
		uint64_t *ends = strings->ends == NULL
			? kp_heap_alloc(capacity * sizeof(*ends))
			: kp_heap_realloc(strings->ends, capacity * sizeof(*ends));
		if (ends == NULL) {
			return refuse(reading, KP_E_MEMORY);
		}
		strings->ends = ends;
		strings->capacity = capacity;
	}
	kp_sheet_text_unescape(&strings->bytes, (size_t)begin);
	strings->ends[strings->count++] = strings->bytes.len;
	return true;
}

static bool
on_open(void *ctx, struct kp_slice name, struct kp_slice space,
	const struct kp_xml_attribute *attributes, unsigned count)
{
	struct reading *reading = ctx;
	(void)attributes;
	(void)count;
	reading->depth++;
	if (!kp_sheet_part_is_main(space)) {
		return true;
	}
	if (reading->item == 0 && reading->depth == 2 && kp_slice_is(name, "si")) {
		reading->item = reading->depth;
	} else if (reading->reading == 0 && kp_slice_is(name, "rPh")) {
		reading->reading = reading->depth;
	} else if (reading->item > 0 && reading->reading == 0 && reading->text == 0 &&
		kp_slice_is(name, "t")) {
		reading->text = reading->depth;
	}
	return true;
}

static bool
on_text(void *ctx, struct kp_slice text)
{
	struct reading *reading = ctx;
	if (reading->text == 0) {
		return true;
	}
	enum kp_status status = kp_sheet_text_add(
		&reading->strings->bytes, text, (size_t)reading->bytes_max);
	return status == KP_OK || refuse(reading, status);
}

static bool
on_close(void *ctx)
{
	struct reading *reading = ctx;
	unsigned depth = reading->depth--;
	if (depth == reading->text) {
		reading->text = 0;
	} else if (depth == reading->reading) {
		reading->reading = 0;
	} else if (depth == reading->item) {
		reading->item = 0;
		return end_item(reading);
	}
	return true;
}

enum kp_status
kp_sheet_strings_read(struct kp_sheet_archive *archive, struct kp_slice part,
	uint64_t bytes_max, struct kp_sheet_strings *strings, struct kp_error *err)
{
	static const struct kp_xml_events events = {on_open, on_text, on_close};
	struct reading reading = {.strings = strings, .bytes_max = bytes_max, .err = err};
	enum kp_status status = kp_sheet_part_read(archive, part, &events, &reading, err);
	return reading.status != KP_OK ? reading.status : status;
}

void
kp_sheet_strings_deinit(struct kp_sheet_strings *strings)
{
	kp_sheet_text_deinit(&strings->bytes);
	kp_heap_free(strings->ends);
	*strings = (struct kp_sheet_strings){0};
}

bool
kp_sheet_strings_get(
	const struct kp_sheet_strings *strings, uint32_t index, struct kp_slice *ret_text)
{
	if (index >= strings->count) {
		return false;
	}
	size_t begin = index == 0 ? 0 : (size_t)strings->ends[index - 1];
	const char *data = strings->bytes.data == NULL ? "" : strings->bytes.data;
	*ret_text = (struct kp_slice){data + begin, (size_t)strings->ends[index] - begin};
	return true;
}
