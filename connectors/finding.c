/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* finding: see finding.h. */
#include "connectors/finding.h"

#include <stdarg.h>
#include <stdio.h>

#include "connectors/text.h"

void
kp_finding(const struct kp_host *host, const struct kp_manifest_place *place,
	const char *format, ...)
{
	struct kp_fault fault = {.line = place->line, .column = place->column};
	(void)snprintf(fault.place, sizeof(fault.place), "%s",
		place->pointer == NULL ? "" : place->pointer);
	va_list args;
	va_start(args, format);
	(void)vsnprintf(fault.message, sizeof(fault.message), format, args);
	va_end(args);
	host->finding(host->context, &fault);
}

uint32_t
kp_finding_cell(const struct kp_host *host, const struct kp_manifest_field *field)
{
	uint32_t cell = host->find_cell(host->context, kp_text_from(field->field));
	if (cell != UINT32_MAX) {
		return cell;
	}
	struct kp_text nearest = host->nearest(host->context, kp_text_from(field->field));
	if (nearest.len == field->field.len && nearest.len > 0 &&
		memcmp(nearest.data, field->field.data, nearest.len) == 0) {
		kp_finding(host, &field->place,
			"the catalogue does not let this source supply '%.*s'; add it to "
			"the "
			"field's sources there",
			KP_SLICE_ARG(field->field));
	} else if (nearest.len > 0) {
		kp_finding(host, &field->place,
			"'%.*s' is not a field of the catalogue; nearest is '%.*s'",
			KP_SLICE_ARG(field->field), (int)nearest.len, nearest.data);
	} else {
		kp_finding(host, &field->place, "'%.*s' is not a field of the catalogue",
			KP_SLICE_ARG(field->field));
	}
	return UINT32_MAX;
}

uint32_t
kp_finding_section(const struct kp_host *host, const struct kp_manifest_field *field)
{
	size_t len = 0;
	while (len < field->field.len && field->field.data[len] != '.') {
		len++;
	}
	return host->find_section(
		host->context, (struct kp_text){field->field.data, len});
}

uint32_t
kp_finding_list(const struct kp_host *host, const struct kp_manifest_list *list)
{
	uint32_t section = host->find_section(host->context, kp_text_from(list->section));
	if (section == UINT32_MAX) {
		kp_finding(host, &list->place, "'%.*s' is not a section of the catalogue",
			KP_SLICE_ARG(list->section));
	} else if (!host->section_is_list(host->context, section)) {
		kp_finding(host, &list->place,
			"section '%.*s' is single; put its fields in response/fields",
			KP_SLICE_ARG(list->section));
		return UINT32_MAX;
	}
	return section;
}
