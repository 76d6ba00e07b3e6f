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
scan_row(uint64_t len)
{
	struct kp_source_private private = {.connector = &connector};
	struct kp_delivery_state state = {0};
	struct kp_delivery_scan delivery = {.private = &private,
		.state = &state,
		.path = path,
		.size = FILE_BYTES,
		.dry = true};
	struct kp_error err;
	row_bytes = len;
	assert_int_equal(kp_file_open(path, &delivery.file, &err), KP_OK);
	enum kp_status status = kp_delivery_scan(&delivery);
	kp_file_close(&delivery.file);
	return status;
}

static void
a_row_lies_in_the_file(void **context)
{
	(void)context;
	assert_int_equal(scan_row(FILE_BYTES), KP_OK);
	assert_int_equal(scan_row(FILE_BYTES + 1), KP_E_SOURCE);
	assert_int_equal(scan_row(UINT64_MAX), KP_E_SOURCE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_lies_in_the_file),
	};
	return cmocka_run_group_tests(tests, write_file, remove_file);
}
