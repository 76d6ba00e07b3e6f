/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * A workbook unpacked while memory runs out: ours, libzip's, zlib's and libxml2's, one
 * allocation after the other. Every failure is said, nothing of ours is left behind, and
 * when there is enough the rows are the same. The allocator is this program's own (glibc
 * manual, "Replacing malloc"), so that it is the libraries' too; a sanitizer brings its
 * own, and then only the rows are looked at.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/parser.h>

#include "core/attr.h"
#include "sheet/sheet.h"

#define WORKBOOK KP_SOURCE_DIR "/tests/fuzz/corpus/xlsx/archive"
#define BOOK_BYTES_MAX ((size_t)64 << 10)

static bool counting;
static size_t left;    /* allocations that still succeed; SIZE_MAX: all */
static size_t failed;  /* that did not */
static size_t current; /* blocks that are held since counting began */

#ifdef KP_OWN_MALLOC
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void __libc_free(void *block);

static bool
fails(void)
{
	if (!counting || left == SIZE_MAX) {
		return false;
	}
	failed += left == 0 ? 1 : 0;
	left -= left > 0 ? 1 : 0;
	return failed > 0;
}

static void *
made(void *block)
{
	current += counting && block != NULL ? 1 : 0;
	errno = block == NULL ? ENOMEM : errno;
	return block;
}

KP_EXPORT void *
malloc(size_t size)
{
	return made(fails() ? NULL : __libc_malloc(size));
}

KP_EXPORT void *
calloc(size_t count, size_t size)
{
	return made(fails() ? NULL : __libc_calloc(count, size));
}

KP_EXPORT void *
realloc(void *block, size_t size)
{
	if (block == NULL) {
		return malloc(size);
	}
	return fails() ? NULL : __libc_realloc(block, size);
}

KP_EXPORT void
free(void *block)
{
	current -= counting && block != NULL ? 1 : 0;
	__libc_free(block);
}
#endif

struct book {
	char bytes[BOOK_BYTES_MAX];
	size_t len;
	char rows[BOOK_BYTES_MAX];
	size_t rows_len;
};

static enum kp_status
read_book(void *ctx, uint64_t offset, char *bytes, size_t len, size_t *ret_read)
{
	const struct book *book = ctx;
	size_t rest = offset < book->len ? book->len - (size_t)offset : 0;
	*ret_read = len < rest ? len : rest;
	memcpy(bytes, book->bytes + (*ret_read == 0 ? 0 : offset), *ret_read);
	return KP_OK;
}

static enum kp_status
write_rows(void *ctx, uint64_t offset, const char *bytes, size_t len)
{
	struct book *book = ctx;
	assert_true(offset + len <= sizeof(book->rows));
	memcpy(book->rows + offset, bytes, len);
	book->rows_len = offset + len > book->rows_len ? offset + len : book->rows_len;
	return KP_OK;
}

static enum kp_status
unpack(struct book *book, struct kp_error *err)
{
	const struct kp_sheet_input input = {book, book->len, read_book};
	const struct kp_sheet_output output = {book, write_rows};
	const struct kp_sheet_options options = {
		.header_row = 1,
		.bytes_max = sizeof(book->rows),
		.unreadable = KP_SLICE("\x1a"),
	};
	*err = (struct kp_error){0};
	book->rows_len = 0;
	return kp_sheet_unpack(&input, &options, &output, err);
}

static struct book book;

static void
every_allocation_may_fail(void **state)
{
	(void)state;
	struct kp_error err;
	/* The seed has one byte in front that chooses. */
	FILE *file = fopen(WORKBOOK, "rb");
	assert_non_null(file);
	assert_int_equal(fgetc(file), 6);
	book.len = fread(book.bytes, 1, sizeof(book.bytes), file);
	(void)fclose(file);
	xmlInitParser();
	/* libzip asks the C library for the time zone, which it then keeps. */
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	/* Once as it is, so that what is made once is there. */
	assert_int_equal(unpack(&book, &err), KP_OK);
	char expected[BOOK_BYTES_MAX];
	size_t expected_len = book.rows_len;
	memcpy(expected, book.rows, expected_len);
	size_t failures = 0;
	size_t most = 0;
	for (size_t allowed = 0;; allowed++) {
		failed = 0;
		current = 0;
		left = allowed;
		counting = true;
		enum kp_status status = unpack(&book, &err);
		counting = false;
		most = current > most ? current : most;
		if (failed == 0) {
			assert_int_equal(status, KP_OK);
			assert_int_equal(book.rows_len, expected_len);
			assert_memory_equal(book.rows, expected, expected_len);
			break;
		}
		failures++;
		assert_int_not_equal(status, KP_OK);
		assert_true(err.message[0] != '\0');
	}
#ifdef KP_OWN_MALLOC
	assert_true(failures > 50);
#endif
	/* libzip 1.7.3 leaves a block or two behind in some of its failures. */
	assert_in_range(most, 0, 3);
	assert_int_equal(current, 0);
	print_message("%zu allocations failed, one after the other\n", failures);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
