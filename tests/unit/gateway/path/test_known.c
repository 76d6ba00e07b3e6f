/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* What earlier waves found, as a connector of a later one sees it: each key once, all of
 * them, and never "nothing" because memory ran out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "support/path_rig.h"

#define ITEMS 3000u
#define ARENA_BYTES ((size_t)4 << 20)

struct world {
	struct kp_rig rig;
	struct kp_request request;
	struct kp_request_call calls[3]; /* two that found, and one that asks */
	uint64_t cells[4];
};

static const struct kp_catalogue *
catalogue_of(const struct world *world)
{
	return world->request.view->snapshot->catalogue;
}

static void
init_call(struct world *world, uint32_t index, uint32_t wave)
{
	struct kp_request_call *call = &world->calls[index];
	const struct kp_collect_options options = {
		.catalogue = catalogue_of(world),
		.source = kp_catalogue_find_source(catalogue_of(world), KP_SLICE("uwv")),
		.cells = world->cells,
		.bsn = KP_SLICE(KP_RIG_BSN),
		.arena = &world->request.arena,
		.items_max = ITEMS,
		.values_max = 2 * ITEMS,
		.value_bytes_max = 64,
	};
	call->request = &world->request;
	call->need.wave = wave;
	call->projected = true;
	call->state.asked = true;
	call->state.outcome = KP_FOUND;
	assert_int_equal(kp_collect_init(&call->collect, &options), KP_OK);
	kp_request_offer_known(call);
}

static void
begin(struct world *world)
{
	memset(world, 0, sizeof(*world));
	memset(world->cells, 0xff, sizeof(world->cells));
	kp_rig_init(&world->rig, NULL, 0);
	kp_rig_open(&world->rig);
	kp_arena_init(&world->request.arena, ARENA_BYTES, NULL);
	world->request.view = world->rig.view;
	world->request.calls = world->calls;
	world->request.call_count = 3;
	init_call(world, 0, 0);
	init_call(world, 1, 1);
	init_call(world, 2, 2);
}

static void
end(struct world *world)
{
	kp_arena_deinit(&world->request.arena);
	kp_rig_close(&world->rig);
}

/* `bytes`: a JSON scalar; NULL: the item has none. */
static void
find_benefit(struct world *world, uint32_t call, const char *field, const char *bytes)
{
	const struct kp_catalogue *catalogue = catalogue_of(world);
	struct kp_collect *collect = &world->calls[call].collect;
	struct kp_value value = {.size = sizeof(value),
		.cell = kp_catalogue_find_cell(catalogue,
			kp_catalogue_find_field(catalogue, kp_slice_from(field)),
			collect->options.source),
		.form = KP_VALUE_JSON,
		.bytes = {bytes, bytes == NULL ? 0 : strlen(bytes)}};
	assert_true(collect->sink.item(collect,
		kp_catalogue_find_section(catalogue, KP_SLICE("uitkeringen")),
		&value.item));
	assert_true(bytes == NULL || collect->sink.value(collect, &value));
}

static uint32_t
count(const struct world *world, uint32_t call)
{
	const struct kp_need *need = &world->calls[call].need;
	return need->known_items(need, (struct kp_text){"uitkeringen", 11});
}

static void
expect(const struct world *world, uint32_t index, const char *law)
{
	const struct kp_need *need = &world->calls[2].need;
	struct kp_text text =
		need->known_in(need, (struct kp_text){"uitkeringen.wet", 15}, index);
	assert_int_equal(text.len, strlen(law));
	assert_memory_equal(text.data == NULL ? "" : text.data, law, text.len);
}

static void
each_key_is_seen_once(void **state)
{
	(void)state;
	struct world world;
	begin(&world);
	find_benefit(&world, 0, "uitkeringen.wet", "\"AB\"");
	find_benefit(&world, 0, "uitkeringen.bedrag", "1.10");
	find_benefit(&world, 0, "uitkeringen.wet", NULL);
	find_benefit(&world, 1, "uitkeringen.wet", "\"\\u0041B\"");
	find_benefit(&world, 1, "uitkeringen.wet", "\"C\\u0044\"");
	find_benefit(&world, 2, "uitkeringen.wet", "\"its own\"");
	/* Waves see what those before them found, and nobody else. */
	assert_int_equal(count(&world, 0), 0);
	assert_int_equal(count(&world, 1), 3);
	assert_int_equal(count(&world, 2), 4);
	expect(&world, 0, "AB");
	expect(&world, 1, "");
	expect(&world, 3, "CD");
	expect(&world, 4, "");
	const struct kp_need *need = &world.calls[2].need;
	assert_int_equal(need->known_items(need, (struct kp_text){"persoon", 7}), 0);
	assert_int_equal(need->known_items(need, (struct kp_text){"niets", 5}), 0);
	assert_false(world.calls[2].known_failed);
	end(&world);
}

/* Gathered once, whoever asks, and however often another section was asked for. */
static void
a_wave_gathers_once(void **state)
{
	(void)state;
	struct world world;
	begin(&world);
	find_benefit(&world, 0, "uitkeringen.wet", "\"AB\"");
	world.calls[1].need.wave = 2;
	assert_int_equal(count(&world, 1), 1);
	const struct kp_need *need = &world.calls[2].need;
	(void)need->known_items(need, (struct kp_text){"voertuigen", 10});
	size_t used = world.request.arena.bytes_used;
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(count(&world, 2), 1);
		(void)need->known_items(need, (struct kp_text){"voertuigen", 10});
	}
	assert_int_equal(world.request.arena.bytes_used, used);
	end(&world);
}

/* More items than a call may make requests, of which only the last ones have a key. */
static void
all_items_are_seen(void **state)
{
	(void)state;
	struct world world;
	begin(&world);
	for (uint32_t i = 0; i < ITEMS; i++) {
		char law[16];
		(void)snprintf(law, sizeof(law), "\"%u\"", i / 2);
		find_benefit(&world, 0, "uitkeringen.wet", i < 1200 ? NULL : law);
	}
	assert_int_equal(count(&world, 2), 1200 + (ITEMS - 1200) / 2);
	expect(&world, 1199, "");
	expect(&world, 1200, "600");
	expect(&world, 2099, "1499");
	end(&world);
}

/* Every allocation but the first `left` fails. What is told is right, or the call is
 * fout. */
static bool
told_with(struct world *world, size_t bytes_left)
{
	struct kp_request_call *asking = &world->calls[2];
	struct kp_arena *arena = &world->request.arena;
	arena->bytes_max = arena->bytes_used + bytes_left;
	uint32_t found = count(world, 2);
	struct kp_text law = asking->need.known_in(
		&asking->need, (struct kp_text){"uitkeringen.wet", 15}, 1);
	struct kp_text first = asking->need.known(
		&asking->need, (struct kp_text){"uitkeringen.wet", 15});
	kp_project_call(asking);
	if (!asking->known_failed) {
		assert_int_equal(found, 2);
		assert_int_equal(law.len, 2);
		assert_int_equal(first.len, 2);
		assert_int_equal(asking->state.outcome, KP_FOUND);
		return true;
	}
	assert_int_equal(asking->state.outcome, KP_ERROR);
	assert_int_equal(asking->status, KP_E_MEMORY);
	assert_true(asking->state.reason.len > 0);
	assert_false(world->calls[1].known_failed);
	return false;
}

static void
nothing_for_want_of_memory_is_an_error(void **state)
{
	(void)state;
	unsigned failed = 0;
	bool told = false;
	for (size_t bytes = 0; !told; bytes += 8) {
		struct world world;
		begin(&world);
		find_benefit(&world, 0, "uitkeringen.wet", "\"\\u0041B\"");
		find_benefit(&world, 0, "uitkeringen.wet", "\"C\\u0044\"");
		told = told_with(&world, bytes);
		failed += told ? 0 : 1;
		end(&world);
		assert_true(bytes < 4096);
	}
	assert_true(failed > 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_is_seen_once),
		cmocka_unit_test(a_wave_gathers_once),
		cmocka_unit_test(all_items_are_seen),
		cmocka_unit_test(nothing_for_want_of_memory_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
