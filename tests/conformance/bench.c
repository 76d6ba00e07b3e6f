/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* bench: see bench.h; the host's side. */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *folder;
static const char *connector_name;
static const char *plugin;

void
bench_choose(
	const char *connector, const char *folder_of_fixtures, const char *shared_object)
{
	connector_name = connector;
	folder = folder_of_fixtures;
	plugin = shared_object;
}

struct kp_slice
read_file(struct kp_arena *arena, const char *name)
{
	char path[1024];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	char *bytes = kp_arena_bytes(arena, 1 << 20);
	assert_non_null(bytes);
	size_t len = fread(bytes, 1, 1 << 20, file);
	(void)fclose(file);
	return (struct kp_slice){bytes, len};
}

static uint32_t
find_cell(void *context, struct kp_text path)
{
	const struct bench *bench = context;
	uint32_t field = kp_catalogue_find_field(
		bench->catalogue, (struct kp_slice){path.data, path.len});
	return field == KP_NO_ID ? UINT32_MAX
				 : kp_catalogue_find_cell(bench->catalogue, field, 0);
}

static uint32_t
find_section(void *context, struct kp_text name)
{
	const struct bench *bench = context;
	return kp_catalogue_find_section(
		bench->catalogue, (struct kp_slice){name.data, name.len});
}

static struct kp_text
cell_path(void *context, uint32_t cell)
{
	const struct bench *bench = context;
	struct kp_slice path =
		bench->catalogue->fields[bench->catalogue->cells[cell].field].path;
	return (struct kp_text){path.data, path.len};
}

static struct kp_text
nearest(void *context, struct kp_text path)
{
	(void)context;
	(void)path;
	return (struct kp_text){"persoon.naam", 12};
}

static bool
section_is_list(void *context, uint32_t section)
{
	const struct bench *bench = context;
	return bench->catalogue->sections[section].list;
}

static void
finding(void *context, const struct kp_fault *fault)
{
	struct bench *bench = context;
	assert_true(fault->message[0] != '\0');
	bench->reported++;
}

void *
bench_alloc(void *context, size_t size)
{
	struct bench *bench = context;
	if (bench->alloc_left == 0) {
		return NULL;
	}
	bench->alloc_left -= bench->alloc_left > 0 ? 1 : 0;
	return kp_arena_alloc(&bench->arena, size);
}

int
open_manifest(struct bench *bench, struct kp_slice text, void **ret_instance)
{
	struct kp_fault fault = {0};
	return bench->connector->open(&bench->host, (struct kp_text){text.data, text.len},
		ret_instance, &fault);
}

int
bench_set_up(void **state)
{
	struct kp_error err;
	struct bench *bench = calloc(1, sizeof(*bench));
	assert_non_null(bench);
	kp_arena_init(&bench->arena, (size_t)1 << 30, NULL);
	kp_findings_init(&bench->findings, 10);
	kp_registry_init(&bench->registry);
	if (plugin != NULL) {
		/* The linked one of the same name makes room. */
		bench->registry.count = 0;
		assert_int_equal(kp_registry_load(&bench->registry, plugin, &err), KP_OK);
	}
	bench->connector =
		kp_registry_find(&bench->registry, kp_slice_from(connector_name));
	assert_non_null(bench->connector);
	assert_null(kp_registry_fault(bench->connector));
	bench->good = read_file(&bench->arena, "good.txt");
	bench->other = read_file(&bench->arena, "other.txt");
	bench->nothing = read_file(&bench->arena, "nothing.txt");
	bench->expected = read_file(&bench->arena, "expected.txt");
	assert_int_equal(kp_catalogue_load(&bench->arena, "catalogus.json",
				 read_file(&bench->arena, "../catalogus.json"),
				 &bench->findings, &bench->catalogue),
		KP_OK);
	bench->alloc_left = -1;
	bench->host = (struct kp_host){
		.abi_major = KP_CONNECTOR_ABI_MAJOR,
		.abi_minor = KP_CONNECTOR_ABI_MINOR,
		.size = sizeof(bench->host),
		.context = bench,
		.find_cell = find_cell,
		.find_section = find_section,
		.cell_path = cell_path,
		.nearest = nearest,
		.section_is_list = section_is_list,
		.finding = finding,
		.alloc = bench_alloc,
	};
	assert_int_equal(open_manifest(bench, read_file(&bench->arena, "manifest.json"),
				 &bench->instance),
		KP_DONE);
	assert_int_equal(bench->reported, 0);
	bench->connector->offers(
		bench->instance, bench->cells, bench->catalogue->cell_words);
	*state = bench;
	return 0;
}

int
bench_tear_down(void **state)
{
	struct bench *bench = *state;
	bench->connector->close(bench->instance);
	kp_registry_deinit(&bench->registry);
	kp_findings_deinit(&bench->findings);
	kp_arena_deinit(&bench->arena);
	free(bench);
	return 0;
}
