/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fault: see fault.h. */
#include "connectors/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
kp_fault_set(struct kp_fault *fault, const char *place, const char *format, ...)
{
	memset(fault, 0, sizeof(*fault));
	(void)snprintf(fault->place, sizeof(fault->place), "%s", place);
	va_list args;
	va_start(args, format);
	(void)vsnprintf(fault->message, sizeof(fault->message), format, args);
	va_end(args);
	return KP_FAIL;
}

int
kp_fault_memory(struct kp_fault *fault)
{
	return kp_fault_set(fault, "", "no memory is left");
}

static void
count_finding(void *context, const struct kp_fault *fault)
{
	struct kp_counting_host *counting = context;
	counting->findings++;
	counting->inner->finding(counting->inner->context, fault);
}

static uint32_t
pass_find_cell(void *context, struct kp_text path)
{
	const struct kp_counting_host *counting = context;
	return counting->inner->find_cell(counting->inner->context, path);
}

static uint32_t
pass_find_section(void *context, struct kp_text section)
{
	const struct kp_counting_host *counting = context;
	return counting->inner->find_section(counting->inner->context, section);
}

static struct kp_text
pass_cell_path(void *context, uint32_t cell)
{
	const struct kp_counting_host *counting = context;
	return counting->inner->cell_path(counting->inner->context, cell);
}

static void *
pass_alloc(void *context, size_t size)
{
	const struct kp_counting_host *counting = context;
	return counting->inner->alloc(counting->inner->context, size);
}

static struct kp_text
pass_nearest(void *context, struct kp_text path)
{
	const struct kp_counting_host *counting = context;
	return counting->inner->nearest(counting->inner->context, path);
}

static bool
pass_section_is_list(void *context, uint32_t section)
{
	const struct kp_counting_host *counting = context;
	return counting->inner->section_is_list(counting->inner->context, section);
}

void
kp_counting_host_init(struct kp_counting_host *counting, const struct kp_host *inner)
{
	*counting = (struct kp_counting_host){
		.host = {.abi_major = inner->abi_major,
			.abi_minor = inner->abi_minor,
			.size = sizeof(struct kp_host),
			.context = counting,
			.find_cell = pass_find_cell,
			.find_section = pass_find_section,
			.cell_path = pass_cell_path,
			.nearest = pass_nearest,
			.section_is_list = pass_section_is_list,
			.finding = count_finding,
			.alloc = pass_alloc},
		.inner = inner,
	};
}

int
kp_manifest_read_again(struct kp_arena *arena, struct kp_slice text,
	struct kp_manifest **ret_manifest, struct kp_fault *fault)
{
	struct kp_findings findings;
	struct kp_slice copy = kp_arena_copy(arena, text);
	if (copy.data == NULL) {
		return kp_fault_memory(fault);
	}
	kp_findings_init(&findings, 1);
	enum kp_status status =
		kp_manifest_read(arena, "", copy, &findings, ret_manifest);
	if (status != KP_OK && findings.count > 0) {
		const struct kp_error *err = &findings.items[0];
		(void)kp_fault_set(fault, err->place, "%.180s", err->message);
		fault->line = err->line;
		fault->column = err->column;
	} else if (status != KP_OK) {
		(void)kp_fault_memory(fault);
	}
	kp_findings_deinit(&findings);
	return status == KP_OK ? KP_DONE : KP_FAIL;
}
