/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Only what is wanted is asked, each name once, in the order of the manifest; and never
 * from half a list when memory runs out. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "connectors/rest/field_names.h"

#define FIELDS 4u

static const struct kp_manifest_field fields[FIELDS] = {
	{.field = KP_SLICE_INIT("a.een")},
	{.field = KP_SLICE_INIT("a.twee")},
	{.field = KP_SLICE_INIT("a.drie")},
	{.field = KP_SLICE_INIT("a.vier")},
};

/* Sorted by key, as the manifest has them. */
static const struct kp_manifest_row rows[] = {
	{.key = KP_SLICE_INIT("a.drie"), .text = KP_SLICE_INIT("rol,zaak")},
	{.key = KP_SLICE_INIT("a.een"), .text = KP_SLICE_INIT("status,rol")},
	{.key = KP_SLICE_INIT("a.twee"), .text = KP_SLICE_INIT("")},
};

struct world {
	struct kp_arena arena;
	struct kp_manifest_table table;
	struct kp_manifest manifest;
	struct kp_leaf leaves[FIELDS];
	struct kp_leaf *by_id[FIELDS];
	struct kp_mapping mapping;
	struct kp_host host;
	struct kp_field_names names;
	char finding[192];
};

static void
on_finding(void *context, const struct kp_fault *fault)
{
	struct world *world = context;
	memcpy(world->finding, fault->message, sizeof(world->finding));
}

static void
begin(struct world *world, size_t bytes_max)
{
	static const char *const asks[FIELDS] = {
		"naam", "nummer", "_embedded.kind.naam", "naam"};
	memset(world, 0, sizeof(*world));
	kp_arena_init(&world->arena, bytes_max, NULL);
	world->table = (struct kp_manifest_table){
		.name = KP_SLICE("t"), .rows = rows, .row_count = 3};
	world->manifest.tables = &world->table;
	world->manifest.table_count = 1;
	for (uint32_t i = 0; i < FIELDS; i++) {
		/* Cells in another order, and not in the first word alone. */
		world->leaves[i] = (struct kp_leaf){.cell = (FIELDS - i) * 30,
			.field = &fields[i],
			.ask = kp_slice_from(asks[i])};
		world->by_id[i] = &world->leaves[i];
	}
	world->mapping = (struct kp_mapping){.manifest = &world->manifest,
		.fields = world->by_id,
		.field_count = FIELDS,
		.subject_ask = KP_SLICE("nummer")};
	world->host = (struct kp_host){
		.size = sizeof(world->host), .context = world, .finding = on_finding};
}

static const struct kp_template_part plain = {.name = KP_TEMPLATE_FIELDS};
static const struct kp_template_part embedded = {.name = KP_TEMPLATE_EMBEDDED};

/* The names of a part when the fields of `wanted` are, with spaces between. */
static void
expect(struct world *world, const struct kp_template_part *part, const char *wanted,
	const char *names)
{
	uint64_t cells[2] = {0};
	char got[64] = "";
	size_t len = 0;
	for (; *wanted != 0; wanted++) {
		uint32_t cell = world->leaves[*wanted - '0'].cell;
		cells[cell / 64] |= (uint64_t)1 << cell % 64;
	}
	struct kp_need need = {.cells = cells, .cell_words = 2};
	struct kp_field_names_asked asked = {.names = &world->names, .need = &need};
	size_t position = 0;
	struct kp_slice name;
	while (kp_field_names_next(&asked, part, &position, &name)) {
		len += (size_t)snprintf(
			got + len, sizeof(got) - len, "%.*s ", KP_SLICE_ARG(name));
	}
	assert_string_equal(got, names);
}

static void
what_is_wanted_is_named_once(void **state)
{
	(void)state;
	struct world world;
	begin(&world, 65536);
	assert_int_equal(
		kp_field_names_compile(&world.arena, &world.mapping, true, &world.names),
		KP_OK);
	expect(&world, &plain, "", "nummer ");
	expect(&world, &plain, "0123", "nummer naam ");
	expect(&world, &plain, "3", "nummer naam ");
	expect(&world, &embedded, "0123", "kind.naam ");
	expect(&world, &embedded, "013", "");
	assert_int_equal(
		kp_field_names_compile(&world.arena, &world.mapping, false, &world.names),
		KP_OK);
	expect(&world, &plain, "12", "nummer _embedded.kind.naam ");
	expect(&world, &embedded, "12", "");
	kp_arena_deinit(&world.arena);
}

static void
a_table_names_fields(void **state)
{
	(void)state;
	struct world world;
	static const struct kp_manifest_place place = {.pointer = "/request/query/e"};
	begin(&world, 65536);
	struct kp_template_part part = {
		.name = KP_TEMPLATE_FIELDS, .table = &world.table};
	struct kp_template compiled = {.parts = &part, .part_count = 1};
	assert_int_equal(
		kp_field_names_compile(&world.arena, &world.mapping, false, &world.names),
		KP_OK);
	assert_int_equal(kp_field_names_add(&world.arena, &world.names, &compiled,
				 &world.host, &place),
		KP_OK);
	assert_string_equal(world.finding, "");
	expect(&world, &part, "0123", "status rol zaak ");
	expect(&world, &part, "2", "rol zaak ");
	expect(&world, &part, "13", "");
	kp_arena_deinit(&world.arena);
}

static void
without_memory_there_are_no_names(void **state)
{
	(void)state;
	static const struct kp_manifest_place place = {.pointer = ""};
	unsigned failed = 0;
	bool done = false;
	for (size_t bytes = 0; !done; bytes += 16) {
		struct world world;
		begin(&world, bytes);
		world.arena.chunk_bytes = 16;
		struct kp_template_part part = {
			.name = KP_TEMPLATE_FIELDS, .table = &world.table};
		struct kp_template compiled = {.parts = &part, .part_count = 1};
		enum kp_status status = kp_field_names_compile(
			&world.arena, &world.mapping, true, &world.names);
		if (status == KP_OK) {
			status = kp_field_names_add(&world.arena, &world.names, &compiled,
				&world.host, &place);
		}
		done = status == KP_OK;
		failed += status == KP_E_MEMORY ? 1 : 0;
		assert_true(done || status == KP_E_MEMORY);
		kp_arena_deinit(&world.arena);
		assert_true(bytes < 65536);
	}
	assert_true(failed > 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wanted_is_named_once),
		cmocka_unit_test(a_table_names_fields),
		cmocka_unit_test(without_memory_there_are_no_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
