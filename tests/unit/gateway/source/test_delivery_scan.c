/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_scan: where a connector says that a row lies is held against the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "source/delivery_scan.h"

#define FILE_BYTES 5000u
#define LARGE_BYTES ((size_t)3 << 20)
#define ROW_BYTES_MAX ((size_t)9 << 18)

static char path[] = "/tmp/ketenpoort-scan-XXXXXX";
static uint64_t row_bytes; /* of the row that the connector tells of */

/* Tells of one row at the beginning of the file. */
static int
scan(const void *instance, void *state, struct kp_text bytes, bool last,
	const struct kp_index_writer *out, struct kp_fault *fault)
{
	(void)instance;
	(void)state;
	(void)bytes;
	(void)last;
	(void)fault;
	return out->row(out->context, (struct kp_text){"999990019", 9}, 0, row_bytes)
		? KP_DONE
		: KP_FAIL;
}

static const struct kp_connector connector = {.scan = scan};

/* Of a large file, told at its end. */
static struct {
	bool each; /* and each piece is a row */
	uint64_t offset;
	uint64_t len;
	uint64_t read;
} large;

static int
scan_large(const void *instance, void *state, struct kp_text bytes, bool last,
	const struct kp_index_writer *out, struct kp_fault *fault)
{
	static const struct kp_text key = {"999990019", 9};
	(void)instance;
	(void)state;
	(void)fault;
	if (large.each && !out->row(out->context, key, large.read, bytes.len)) {
		return KP_FAIL;
	}
	large.read += bytes.len;
	return !last || out->row(out->context, key, large.offset, large.len) ? KP_DONE
									     : KP_FAIL;
}

static const struct kp_connector large_connector = {.scan = scan_large};

static int
write_file(void **context)
{
	(void)context;
	char byte[FILE_BYTES];
	memset(byte, 'K', sizeof(byte));
	int fd = mkstemp(path);
	if (fd < 0 || write(fd, byte, sizeof(byte)) != (ssize_t)sizeof(byte)) {
		return -1;
	}
	return close(fd);
}

static int
remove_file(void **context)
{
	(void)context;
	return unlink(path);
}

static enum kp_status
scan_with(const struct kp_connector *by, size_t size)
{
	struct kp_source_private private = {.connector = by};
	struct kp_delivery_state state = {0};
	struct kp_delivery_scan delivery = {.private = &private,
		.state = &state,
		.path = path,
		.size = size,
		.dry = true};
	struct kp_error err;
	assert_int_equal(kp_file_open(path, &delivery.file, &err), KP_OK);
	enum kp_status status = kp_delivery_scan(&delivery);
	kp_file_close(&delivery.file);
	return status;
}

static enum kp_status
scan_row(uint64_t len)
{
	row_bytes = len;
	return scan_with(&connector, FILE_BYTES);
}

static enum kp_status
scan_large_row(bool each, uint64_t offset, uint64_t len)
{
	large.each = each;
	large.offset = offset;
	large.len = len;
	large.read = 0;
	return scan_with(&large_connector, LARGE_BYTES);
}

static void
a_row_lies_in_the_file(void **context)
{
	(void)context;
	assert_int_equal(scan_row(FILE_BYTES), KP_OK);
	assert_int_equal(scan_row(FILE_BYTES + 1), KP_E_SOURCE);
	assert_int_equal(scan_row(UINT64_MAX), KP_E_SOURCE);
}

/* Where it was read a moment ago, and no longer than a row may be. */
static void
a_row_lies_where_it_reads(void **context)
{
	(void)context;
	assert_int_equal(truncate(path, LARGE_BYTES), 0);
	assert_int_equal(scan_large_row(true, 0, 9), KP_E_SOURCE);
	assert_int_equal(scan_large_row(true, LARGE_BYTES, 0), KP_OK);
	assert_int_equal(scan_large_row(true, LARGE_BYTES + 1, 0), KP_E_SOURCE);
	assert_int_equal(scan_large_row(true, UINT64_MAX, 2), KP_E_SOURCE);
	assert_int_equal(scan_large_row(false, 0, ROW_BYTES_MAX), KP_OK);
	assert_int_equal(scan_large_row(false, 0, ROW_BYTES_MAX + 1), KP_E_SOURCE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_lies_in_the_file),
		cmocka_unit_test(a_row_lies_where_it_reads),
	};
	return cmocka_run_group_tests(tests, write_file, remove_file);
}
