/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* registry: what is linked in is complete, and a table that is not as the ABI says is
 * refused for its one fault. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "connectors/registry.h"

static void
linked_connectors_are_complete(void **state)
{
	(void)state;
	struct kp_registry registry;
	char names[64];
	kp_registry_init(&registry);
	for (size_t i = 0; i < registry.count; i++) {
		assert_null(kp_registry_fault(registry.connectors[i]));
	}
	assert_non_null(kp_registry_find(&registry, kp_slice_from("rest")));
	assert_non_null(kp_registry_find(&registry, kp_slice_from("soap")));
	assert_non_null(kp_registry_find(&registry, kp_slice_from("file")));
	assert_null(kp_registry_find(&registry, kp_slice_from("res")));
	assert_string_equal(kp_registry_names(&registry, names, sizeof(names)),
		"rest, soap, file, sql");
	assert_string_equal(kp_registry_names(&registry, names, 4), "res");
	kp_registry_deinit(&registry);
}

static struct kp_connector
good(void)
{
	struct kp_registry registry;
	kp_registry_init(&registry);
	return *kp_registry_find(&registry, kp_slice_from("file"));
}

static void
wrong_tables_are_refused(void **state)
{
	(void)state;
	struct kp_connector table = good();
	assert_null(kp_registry_fault(&table));
	table.abi_major++;
	assert_non_null(strstr(kp_registry_fault(&table), "major"));
	table = good();
	table.abi_minor++;
	assert_non_null(strstr(kp_registry_fault(&table), "newer"));
	table = good();
	table.size--;
	assert_non_null(strstr(kp_registry_fault(&table), "shorter"));
	table.size += 100;
	assert_null(kp_registry_fault(&table));
	static const char *const names[] = {
		"", "1a", "A", "a b", "é", "a23456789012345678901234567890123", NULL};
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		table = good();
		table.name = names[i];
		assert_non_null(strstr(kp_registry_fault(&table), "name"));
	}
	table = good();
	table.end = NULL;
	assert_non_null(strstr(kp_registry_fault(&table), "missing"));
	table = good();
	table.scan = NULL;
	assert_non_null(strstr(kp_registry_fault(&table), "scan"));
	table = good();
	table.call_size = (size_t)2 << 20;
	assert_non_null(strstr(kp_registry_fault(&table), "1 MiB"));
}

static void
what_cannot_be_loaded_is_said(void **state)
{
	(void)state;
	struct kp_registry registry;
	struct kp_error err;
	kp_registry_init(&registry);
	assert_int_equal(kp_registry_load(&registry, "/nowhere/x.so", &err), KP_E_CONFIG);
	assert_non_null(strstr(err.message, "/nowhere/x.so"));
	/* Nothing is looked for where libraries are. */
	assert_int_equal(kp_registry_load(&registry, "libc.so.6", &err), KP_E_CONFIG);
	assert_non_null(strstr(err.message, "say where it is"));
	/* A library, and no connector. */
	Dl_info library;
	void *address;
	void (*function)(void) = (void (*)(void))qsort;
	memcpy(&address, &function, sizeof(address));
	assert_int_not_equal(dladdr(address, &library), 0);
	assert_int_equal(
		kp_registry_load(&registry, library.dli_fname, &err), KP_E_CONFIG);
	assert_non_null(strstr(err.message, "exports no"));
	assert_int_equal(registry.count, 4);
	kp_registry_deinit(&registry);
}

/* The last that may be loaded is, and one more is refused before it is used. */
static void
as_many_as_may_be(void **state)
{
	(void)state;
	struct kp_registry registry;
	struct kp_error err;
	kp_registry_init(&registry);
	size_t linked = registry.count;
	registry.handle_count = KP_REGISTRY_LOADED_MAX;
	assert_int_equal(kp_registry_load(&registry, KP_EXAMPLE, &err), KP_E_CONFIG);
	assert_non_null(strstr(err.message, "64 others are loaded"));
	assert_non_null(strstr(err.message, KP_EXAMPLE));
	assert_int_equal(registry.count, linked);
	registry.handle_count = KP_REGISTRY_LOADED_MAX - 1;
	assert_int_equal(kp_registry_load(&registry, KP_EXAMPLE, &err), KP_OK);
	assert_int_equal(registry.count, linked + 1);
	assert_int_equal(registry.handle_count, KP_REGISTRY_LOADED_MAX);
	registry.handles[0] = registry.handles[KP_REGISTRY_LOADED_MAX - 1];
	registry.handle_count = 1; /* the others never were */
	kp_registry_deinit(&registry);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linked_connectors_are_complete),
		cmocka_unit_test(wrong_tables_are_refused),
		cmocka_unit_test(what_cannot_be_loaded_is_said),
		cmocka_unit_test(as_many_as_may_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
