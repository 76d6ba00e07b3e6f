/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* catalogue: any bytes; what loads must be consistent and findable. */
#include "policies/catalogue.h"

static void
check_catalogue(const struct kp_catalogue *catalogue)
{
	uint32_t cells = 0;
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		const struct kp_field *field = &catalogue->fields[i];
		FUZZ_CHECK(field->id == i && field->first_cell == cells);
		FUZZ_CHECK(field->section < catalogue->section_count);
		FUZZ_CHECK(kp_catalogue_find_field(catalogue, field->path) == i);
		for (uint32_t j = 0; j < field->cell_count; j++) {
			const struct kp_cell *cell = &catalogue->cells[cells + j];
			FUZZ_CHECK(cell->field == i);
			FUZZ_CHECK(kp_catalogue_find_cell(catalogue, i, cell->source) ==
				cells + j);
		}
		cells += field->cell_count;
	}
	FUZZ_CHECK(cells == catalogue->cell_count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kp_arena arena;
	kp_arena_init(&arena, (size_t)64 << 20, NULL);
	struct kp_findings findings;
	kp_findings_init(&findings, 4);
	struct kp_catalogue *catalogue;
	enum kp_status status = kp_catalogue_load(&arena, "fuzz.json",
		(struct kp_slice){(const char *)data, size}, &findings, &catalogue);
	FUZZ_CHECK((status == KP_E_CONFIG) == kp_findings_any(&findings));
	if (status == KP_OK) {
		check_catalogue(catalogue);
	}
	kp_findings_deinit(&findings);
	kp_arena_deinit(&arena);
	return 0;
}
