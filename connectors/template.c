/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* template: fills a template. See template.h; template_compile.c reads it. */
#include "connectors/template.h"

#include <stdio.h>

#include "connectors/fault.h"
#include "connectors/template_escape.h"
#include "connectors/value.h"
#include "core/mask.h"

static enum kp_template_result
write_text(const struct kp_template *compiled, const struct kp_template_part *part,
	struct kp_slice text, struct kp_buffer *buffer, struct kp_fault *fault)
{
	if (kp_template_escape(compiled->place, part->attribute, buffer, text)) {
		return KP_TEMPLATE_MADE;
	}
	(void)kp_fault_set(
		fault, "request", "a value holds control characters that cannot be sent");
	return KP_TEMPLATE_FAILED;
}

static enum kp_template_result
write_fields(const struct kp_template *compiled, const struct kp_template_part *part,
	const struct kp_template_fields *fields, struct kp_buffer *buffer,
	struct kp_fault *fault)
{
	struct kp_slice quote = part->array ? KP_SLICE("\"") : KP_SLICE("");
	enum kp_template_result result = KP_TEMPLATE_MADE;
	size_t position = 0;
	struct kp_slice name;
	kp_buffer_add_slice(buffer, part->array ? KP_SLICE("[") : KP_SLICE(""));
	for (bool first = true;
		result == KP_TEMPLATE_MADE && fields != NULL && fields->next != NULL &&
		fields->next(fields->context, part, &position, &name);
		first = false) {
		kp_buffer_add_slice(buffer, first ? KP_SLICE("") : KP_SLICE(","));
		kp_buffer_add_slice(buffer, quote);
		result = write_text(compiled, part, name, buffer, fault);
		kp_buffer_add_slice(buffer, quote);
	}
	kp_buffer_add_slice(buffer, part->array ? KP_SLICE("]") : KP_SLICE(""));
	return result;
}

static struct kp_slice
from_text(struct kp_text text)
{
	return (struct kp_slice){text.data, text.len};
}

/* Digits of "2026-11-23T14:15:00Z": the first `len` of 20261123141500. */
static struct kp_slice
moment(const struct kp_need *need, size_t len, char *out)
{
	size_t at = 0;
	for (size_t i = 0; i < need->now.len && at < len; i++) {
		if (need->now.data[i] >= '0' && need->now.data[i] <= '9') {
			out[at++] = need->now.data[i];
		}
	}
	return (struct kp_slice){out, at};
}

/* The month or the year before this one. */
static struct kp_slice
before(const struct kp_need *need, bool month, char *out, size_t out_size)
{
	unsigned year = 0;
	unsigned number = 0;
	struct kp_slice now = moment(need, 6, out);
	if (now.len != 6 || !kp_value_digits((struct kp_slice){out, 4}, &year) ||
		!kp_value_digits((struct kp_slice){out + 4, 2}, &number)) {
		return (struct kp_slice){0};
	}
	if (!month) {
		(void)snprintf(out, out_size, "%04u", year - 1);
	} else if (number > 1) {
		(void)snprintf(out, out_size, "%04u%02u", year, number - 1);
	} else {
		(void)snprintf(out, out_size, "%04u12", year - 1);
	}
	return kp_slice_from(out);
}

/* Which page, and what the connector alone knows. */
static struct kp_slice
own_value(const struct kp_template_part *part, const struct kp_need *need,
	const struct kp_template_fields *fields, char *scratch, size_t scratch_size)
{
	static const struct kp_template_fields none = {0};
	fields = fields == NULL ? &none : fields;
	if (part->name == KP_TEMPLATE_MESSAGE) {
		return fields->message;
	}
	if (part->name == KP_TEMPLATE_CURSOR) {
		return fields->cursor;
	}
	uint64_t number = part->name == KP_TEMPLATE_PAGE
		? (uint64_t)need->page + (fields->pages_from_zero ? 0 : 1)
		: (uint64_t)need->page * fields->page_size;
	(void)snprintf(scratch, scratch_size, "%llu", (unsigned long long)number);
	return kp_slice_from(scratch);
}

static struct kp_slice
part_value(const struct kp_template_part *part, const struct kp_need *need,
	const struct kp_template_fields *fields, char *scratch, size_t scratch_size)
{
	switch (part->name) {
	case KP_TEMPLATE_BSN:
		return from_text(need->bsn);
	case KP_TEMPLATE_PURPOSE:
		return from_text(need->purpose);
	case KP_TEMPLATE_ACTIVITY:
		return from_text(need->activity_uri);
	case KP_TEMPLATE_CASE:
		return from_text(need->case_id);
	case KP_TEMPLATE_EMPLOYEE:
		return from_text(need->employee);
	case KP_TEMPLATE_ORGANISATION:
		return from_text(need->organisation);
	case KP_TEMPLATE_TRACE:
		return from_text(need->trace_id);
	case KP_TEMPLATE_NOW:
		return from_text(need->now);
	case KP_TEMPLATE_PAGE:
	case KP_TEMPLATE_OFFSET:
	case KP_TEMPLATE_CURSOR:
	case KP_TEMPLATE_MESSAGE:
		return own_value(part, need, fields, scratch, scratch_size);
	case KP_TEMPLATE_TODAY:
		return moment(need, 8, scratch);
	case KP_TEMPLATE_MONTH:
		return moment(need, 6, scratch);
	case KP_TEMPLATE_YEAR:
		return moment(need, 4, scratch);
	case KP_TEMPLATE_MOMENT:
		return moment(need, 14, scratch);
	case KP_TEMPLATE_LAST_MONTH:
	case KP_TEMPLATE_LAST_YEAR:
		return before(need, part->name == KP_TEMPLATE_LAST_MONTH, scratch,
			scratch_size);
	case KP_TEMPLATE_KNOWN:
		if (need->known == NULL) {
			return (struct kp_slice){0};
		}
		return from_text(need->known(
			need, (struct kp_text){part->text.data, part->text.len}));
	case KP_TEMPLATE_LITERAL:
	case KP_TEMPLATE_FIELDS:
	case KP_TEMPLATE_EMBEDDED:
		break;
	}
	return part->text;
}

/* What the employee says, or does not. */
static bool
is_free_text(const struct kp_template_part *part)
{
	return part->name == KP_TEMPLATE_CASE || part->name == KP_TEMPLATE_EMPLOYEE;
}

/* People write a client's number where a case's or their own should be. */
static bool
hides_number(enum kp_template_place place, const struct kp_template_part *part,
	struct kp_slice text)
{
	bool url = place == KP_TEMPLATE_TARGET || place == KP_TEMPLATE_QUERY;
	return url && is_free_text(part) && kp_bsn_within(text);
}

/* "/zaken/{zaak}" without a case is no case, and never all of them. */
static bool
must_be_known(const struct kp_template_part *part)
{
	return part->name == KP_TEMPLATE_KNOWN || (part->path && is_free_text(part));
}

static enum kp_template_result
write_value(const struct kp_template *compiled, const struct kp_template_part *part,
	struct kp_slice value, struct kp_buffer *buffer, struct kp_fault *fault)
{
	if (value.len == 0 && must_be_known(part)) {
		return KP_TEMPLATE_NOTHING;
	}
	if (part->table != NULL) {
		const struct kp_manifest_row *row =
			kp_manifest_table_find(part->table, value);
		if (row == NULL) {
			(void)kp_fault_set(fault, "tables",
				"table '%.*s' has no row for the value of this question",
				KP_SLICE_ARG(part->table->name));
			return KP_TEMPLATE_UNMAPPED;
		}
		value = row->text;
	}
	if (hides_number(compiled->place, part, value)) {
		(void)kp_fault_set(fault, "request",
			"a value holds a client number and cannot be in a URL");
		return KP_TEMPLATE_FAILED;
	}
	return write_text(compiled, part, value, buffer, fault);
}

static enum kp_template_result
write_part(const struct kp_template *compiled, const struct kp_template_part *part,
	const struct kp_need *need, const struct kp_template_fields *fields,
	struct kp_buffer *buffer, struct kp_fault *fault)
{
	if (part->name == KP_TEMPLATE_LITERAL) {
		kp_buffer_add_slice(buffer, part->text);
		return KP_TEMPLATE_MADE;
	}
	if (part->name == KP_TEMPLATE_FIELDS || part->name == KP_TEMPLATE_EMBEDDED) {
		return write_fields(compiled, part, fields, buffer, fault);
	}
	char scratch[24];
	struct kp_slice value = part_value(part, need, fields, scratch, sizeof(scratch));
	return write_value(compiled, part, value, buffer, fault);
}

enum kp_template_result
kp_template_write(const struct kp_template *compiled, const struct kp_need *need,
	const struct kp_template_fields *fields, struct kp_buffer *buffer,
	struct kp_fault *fault)
{
	enum kp_template_result result = KP_TEMPLATE_MADE;
	for (size_t i = 0; i < compiled->part_count && result == KP_TEMPLATE_MADE; i++) {
		result = write_part(
			compiled, &compiled->parts[i], need, fields, buffer, fault);
	}
	if (result == KP_TEMPLATE_MADE && buffer->failed) {
		(void)kp_fault_set(
			fault, "request", "the request is larger than allowed");
		return KP_TEMPLATE_FAILED;
	}
	return result;
}
