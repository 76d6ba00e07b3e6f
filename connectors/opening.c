/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* opening: see opening.h. */
#include "connectors/opening.h"

#include <string.h>

#include "connectors/fault.h"
#include "connectors/text.h"

#define INSTANCE_BYTES_MAX ((size_t)16 << 20)

/* A host that passes everything on to another and counts the findings. */
struct counting_host {
	struct kp_host host;
	const struct kp_host *inner;
	size_t findings;
};

static void
count_finding(void *context, const struct kp_fault *fault)
{
	struct counting_host *counting = context;
	counting->findings++;
	counting->inner->finding(counting->inner->context, fault);
}

static uint32_t
pass_find_cell(void *context, struct kp_text path)
{
	const struct counting_host *counting = context;
	return counting->inner->find_cell(counting->inner->context, path);
}

static uint32_t
pass_find_section(void *context, struct kp_text section)
{
	const struct counting_host *counting = context;
	return counting->inner->find_section(counting->inner->context, section);
}

static struct kp_text
pass_cell_path(void *context, uint32_t cell)
{
	const struct counting_host *counting = context;
	return counting->inner->cell_path(counting->inner->context, cell);
}

static void *
pass_alloc(void *context, size_t size)
{
	const struct counting_host *counting = context;
	return counting->inner->alloc(counting->inner->context, size);
}

static struct kp_text
pass_nearest(void *context, struct kp_text path)
{
	const struct counting_host *counting = context;
	return counting->inner->nearest(counting->inner->context, path);
}

static bool
pass_section_is_list(void *context, uint32_t section)
{
	const struct counting_host *counting = context;
	return counting->inner->section_is_list(counting->inner->context, section);
}

static void
count_findings(struct counting_host *counting, const struct kp_host *inner)
{
	*counting = (struct counting_host){
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

/* The host has checked the manifest and reported what is wrong; here the first finding
 * only becomes the fault. `opening->manifest` may be set all the same, to go on looking.
 */
static int
read_again(struct kp_opening *opening, struct kp_text text, struct kp_fault *fault)
{
	struct kp_findings findings;
	struct kp_slice copy = kp_arena_copy(&opening->arena, kp_text_slice(text));
	if (copy.data == NULL) {
		return kp_fault_memory(fault);
	}
	kp_findings_init(&findings, 1);
	enum kp_status status = kp_manifest_read(
		&opening->arena, "", copy, &findings, &opening->manifest);
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

int
kp_opening_open(const struct kp_host *host, struct kp_text manifest, size_t size,
	kp_opening_compile_fn compile, void **ret_instance, struct kp_fault *fault)
{
	struct kp_opening *opening = host->alloc(host->context, size);
	if (opening == NULL) {
		return kp_fault_memory(fault);
	}
	memset(opening, 0, size);
	kp_arena_init(&opening->arena, INSTANCE_BYTES_MAX, NULL);
	struct counting_host counting;
	count_findings(&counting, host);
	int verdict = read_again(opening, manifest, fault);
	if (opening->manifest != NULL && compile(opening, &counting.host) != KP_OK) {
		verdict = kp_fault_memory(fault);
	}
	if (verdict == KP_DONE && counting.findings > 0) {
		verdict = kp_fault_set(fault, "", "the manifest does not check");
	}
	if (verdict != KP_DONE) {
		kp_opening_close(opening);
		return KP_FAIL;
	}
	*ret_instance = opening;
	return KP_DONE;
}

void
kp_opening_close(void *instance)
{
	struct kp_opening *opening = instance;
	if (opening != NULL) {
		kp_arena_deinit(&opening->arena);
	}
}
