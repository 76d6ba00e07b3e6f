/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The index of an export: what was put in is found, in order, after opening it again too;
 * what is damaged or of another export is not used; and no key is in it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "io/file.h"
#include "source/row_index.h"

#define ROWS 60000u
#define MANY 900u
#define PAGE 2048

static char path[64];
static const unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES] = {1, 2, 3};
static const unsigned char other[KP_ROW_INDEX_ORIGIN_BYTES] = {1, 2, 4};

static const unsigned char secret[KP_ROW_INDEX_SECRET_BYTES] = {9, 8, 7};

static struct kp_slice
key_of(unsigned number, char out[16])
{
	(void)snprintf(out, 16, "%09u", number);
	return (struct kp_slice){out, 9};
}

static const struct kp_row_index_facts facts = {.rows = 7, .day = 20260131};
static bool identities;

static enum kp_status
begin(const char *at, struct kp_row_index_builder **ret_builder)
{
	const struct kp_row_index_options options = {
		.path = at, .identities = identities, .secret = secret};
	return kp_row_index_begin(&options, ret_builder);
}

static enum kp_status
add(struct kp_row_index_builder *builder, struct kp_slice key, uint64_t offset,
	uint32_t len)
{
	const struct kp_row_place place = {
		.offset = offset, .len = len, .sum = (uint32_t)offset ^ len};
	return kp_row_index_add(builder, key, &place);
}

static struct kp_row_index *
build(const char *at, unsigned rows)
{
	char text[16];
	struct kp_row_index_builder *builder = NULL;
	struct kp_row_index *index = NULL;
	assert_int_equal(begin(at, &builder), KP_OK);
	assert_int_equal(add(builder, (struct kp_slice){0}, 0, 50), KP_OK);
	for (unsigned i = 0; i < rows; i++) {
		assert_int_equal(
			add(builder, key_of(i * 7, text), 50 + (uint64_t)i * 20, 20),
			KP_OK);
	}
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(add(builder, KP_SLICE("999993653"),
					 (uint64_t)1000000000000 + i, i + 1),
			KP_OK);
	}
	assert_int_equal(kp_row_index_finish(&builder, origin, &facts, &index), KP_OK);
	assert_null(builder);
	assert_int_equal(kp_row_index_rows(index), rows + MANY);
	assert_int_equal(kp_row_index_facts(index).rows, facts.rows);
	assert_int_equal(kp_row_index_facts(index).day, facts.day);
	return index;
}

static void
check(const struct kp_row_index *index, unsigned rows)
{
	char text[16];
	struct kp_row_place places[MANY + 1];
	size_t count = 0;
	for (unsigned i = 0; i < rows; i++) {
		assert_int_equal(
			kp_row_index_find(index, key_of(i * 7, text), places, 8, &count),
			KP_OK);
		assert_int_equal(count, 2);
		assert_int_equal(places[0].len, 50);
		assert_int_equal(places[1].offset, 50 + (uint64_t)i * 20);
	}
	assert_int_equal(
		kp_row_index_find(index, KP_SLICE("000000001"), places, 8, &count),
		KP_OK);
	assert_int_equal(count, 1);
	assert_int_equal(
		kp_row_index_find(index, KP_SLICE("999993653"), places, MANY, &count),
		KP_E_LIMIT);
	assert_int_equal(
		kp_row_index_find(index, KP_SLICE("999993653"), places, MANY + 1, &count),
		KP_OK);
	assert_int_equal(count, MANY + 1);
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(places[i + 1].len, i + 1);
	}
}

static void
everything_is_found(void **state)
{
	(void)state;
	unsigned sizes[] = {0, 1, 170, ROWS};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct kp_row_index *index = build(NULL, sizes[i]);
		check(index, sizes[i]);
		kp_row_index_close(&index);
		index = build(path, sizes[i]);
		check(index, sizes[i]);
		kp_row_index_close(&index);
		assert_int_equal(kp_row_index_open(path, secret, origin, &index), KP_OK);
		check(index, sizes[i]);
		kp_row_index_close(&index);
	}
}

static void
and_with_identities(void **state)
{
	identities = true;
	everything_is_found(state);
	identities = false;
}

/* What is latest is told by file first, then by place in it. */
static void
what_happened_later_is_known(void **state)
{
	(void)state;
	struct kp_row_index_builder *base_builder = NULL;
	struct kp_row_index_builder *builder = NULL;
	struct kp_row_index *base = NULL;
	struct kp_row_index *index = NULL;
	struct kp_row_index_options options = {.identities = true, .secret = secret};
	struct kp_row_place places[4];
	size_t count = 0;
	bool latest = false;
	assert_int_equal(kp_row_index_begin(&options, &base_builder), KP_OK);
	struct kp_row_place place = {.offset = 900,
		.len = 10,
		.identity = kp_row_index_identity(base_builder, KP_SLICE("5:D-001,"))};
	struct kp_row_place calm = {.offset = 910,
		.len = 10,
		.identity = kp_row_index_identity(base_builder, KP_SLICE("5:D-002,"))};
	assert_int_equal(
		kp_row_index_add(base_builder, KP_SLICE("999993653"), &place), KP_OK);
	assert_int_equal(
		kp_row_index_add(base_builder, KP_SLICE("999993653"), &calm), KP_OK);
	assert_int_equal(
		kp_row_index_finish(&base_builder, origin, &facts, &base), KP_OK);
	options.like = base;
	assert_int_equal(kp_row_index_begin(&options, &builder), KP_OK);
	assert_int_equal(
		kp_row_index_identity(builder, KP_SLICE("5:D-001,")), place.identity);
	for (uint16_t file = 1; file <= 2; file++) {
		struct kp_row_place change = place;
		change.file = file;
		change.offset = file == 1 ? 500 : 40;
		assert_int_equal(kp_row_index_touch(builder, &change), KP_OK);
		assert_int_equal(
			kp_row_index_add(builder, KP_SLICE("999993653"), &change), KP_OK);
	}
	place.offset = KP_ROW_INDEX_OFFSET_MAX + 1;
	assert_int_equal(kp_row_index_touch(builder, &place), KP_E_LIMIT);
	assert_int_equal(kp_row_index_finish(&builder, origin, &facts, &index), KP_OK);
	assert_int_equal(
		kp_row_index_find(base, KP_SLICE("999993653"), places, 4, &count), KP_OK);
	assert_int_equal(count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(kp_row_index_latest(index, &places[i], &latest), KP_OK);
		assert_int_equal(latest, places[i].offset == 910);
	}
	assert_int_equal(
		kp_row_index_find(index, KP_SLICE("999993653"), places, 4, &count),
		KP_OK);
	assert_int_equal(count, 2);
	for (uint16_t file = 1; file <= 2; file++) {
		assert_int_equal(places[file - 1].file, file);
		assert_int_equal(
			kp_row_index_latest(index, &places[file - 1], &latest), KP_OK);
		assert_int_equal(latest, file == 2);
	}
	kp_row_index_close(&index);
	kp_row_index_close(&base);
}

static void
only_its_own_export_and_only_for_us(void **state)
{
	(void)state;
	struct kp_row_index *index = build(path, 1000);
	struct stat st;
	kp_row_index_close(&index);
	assert_int_equal(kp_row_index_open(path, secret, other, &index), KP_E_NOT_FOUND);
	assert_int_equal(kp_row_index_open("/nowhere/index", secret, origin, &index),
		KP_E_NOT_FOUND);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static char *
read_whole(long *ret_size)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	(void)fseek(file, 0, SEEK_END);
	*ret_size = ftell(file);
	rewind(file);
	char *bytes = malloc((size_t)*ret_size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)*ret_size, file), *ret_size);
	(void)fclose(file);
	return bytes;
}

static void
no_client_is_in_it(void **state)
{
	(void)state;
	long size = 0;
	struct kp_row_index *index = build(path, 1000);
	kp_row_index_close(&index);
	char *bytes = read_whole(&size);
	assert_null(memmem(bytes, (size_t)size, "999993653", 9));
	assert_null(memmem(bytes, (size_t)size, "0000069", 7));
	/* Nor under a key that another index has: the same rows, other hashes. */
	long again_size = 0;
	index = build(path, 1000);
	kp_row_index_close(&index);
	char *again = read_whole(&again_size);
	/* How many pages overflow depends on the hashes. */
	assert_true(size > 2 * PAGE && again_size > 2 * PAGE);
	assert_memory_not_equal(bytes + PAGE, again + PAGE, PAGE);
	free(bytes);
	free(again);
}

/* Each byte of the header, and one in every page: never a wrong answer, never a crash. */
static void
damage_is_seen(void **state)
{
	(void)state;
	long size = 0;
	struct kp_row_index *index = build(path, 1000);
	kp_row_index_close(&index);
	char *bytes = read_whole(&size);
	for (long at = 0; at < size; at += at < 300 ? 1 : 1021) {
		FILE *file = fopen(path, "wb");
		assert_non_null(file);
		bytes[at] = (char)(bytes[at] ^ 0x10);
		assert_int_equal(fwrite(bytes, 1, (size_t)size, file), size);
		(void)fclose(file);
		bytes[at] = (char)(bytes[at] ^ 0x10);
		if (kp_row_index_open(path, secret, origin, &index) != KP_OK) {
			continue;
		}
		unsigned corrupt = 0;
		for (unsigned i = 0; i < 1000; i++) {
			char text[16];
			struct kp_row_place places[4];
			size_t count = 0;
			enum kp_status status = kp_row_index_find(
				index, key_of(i * 7, text), places, 4, &count);
			corrupt += status == KP_E_CORRUPT ? 1 : 0;
			assert_true(status == KP_E_CORRUPT || count == 2);
		}
		assert_true(corrupt > 0 || at >= (long)sizeof(struct kp_row_place));
		kp_row_index_close(&index);
	}
	assert_int_equal(truncate(path, size - PAGE), 0);
	assert_int_equal(kp_row_index_open(path, secret, origin, &index), KP_E_CORRUPT);
	assert_int_equal(truncate(path, 100), 0);
	assert_int_equal(kp_row_index_open(path, secret, origin, &index), KP_E_CORRUPT);
	free(bytes);
}

static void
what_is_abandoned_leaves_nothing(void **state)
{
	(void)state;
	struct kp_row_index_builder *builder = NULL;
	(void)unlink(path);
	assert_int_equal(begin(path, &builder), KP_OK);
	assert_int_equal(add(builder, KP_SLICE("x"), 0, 1), KP_OK);
	kp_row_index_abandon(&builder);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(begin("/nowhere/index", &builder), KP_E_NOT_FOUND);
}

int
main(void)
{
	char folder[] = "/tmp/ketenpoort-index-XXXXXX";
	if (mkdtemp(folder) == NULL) {
		return 1;
	}
	(void)snprintf(path, sizeof(path), "%s/index", folder);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_found),
		cmocka_unit_test(and_with_identities),
		cmocka_unit_test(what_happened_later_is_known),
		cmocka_unit_test(only_its_own_export_and_only_for_us),
		cmocka_unit_test(no_client_is_in_it),
		cmocka_unit_test(damage_is_seen),
		cmocka_unit_test(what_is_abandoned_leaves_nothing),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	(void)rmdir(folder);
	return failed;
}
