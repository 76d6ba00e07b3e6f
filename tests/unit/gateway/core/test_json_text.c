/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Plain text is passed over many bytes at a time: the same as byte by byte, wherever the
 * other byte is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/json_text.h"

#define TEXT_BYTES_MAX ((size_t)40)

static void
stops_at_every_other_byte(void **state)
{
	(void)state;
	char text[TEXT_BYTES_MAX];
	for (size_t len = 0; len <= sizeof(text); len++) {
		memset(text, 'a', len);
		assert_ptr_equal(kp_text_skip_plain(text, text + len), text + len);
		for (size_t at = 0; at < len; at++) {
			for (unsigned byte = 0; byte < 256; byte++) {
				text[at] = (char)byte;
				const char *expected =
					kp_text_is_plain((unsigned char)byte) ? text + len
									      : text + at;
				assert_ptr_equal(
					kp_text_skip_plain(text, text + len), expected);
			}
			text[at] = 'a';
		}
	}
}

static void
stops_at_the_first(void **state)
{
	(void)state;
	char text[TEXT_BYTES_MAX];
	for (size_t first = 0; first < sizeof(text); first++) {
		memset(text, 'a', sizeof(text));
		memset(text + first, '"', sizeof(text) - first);
		assert_ptr_equal(
			kp_text_skip_plain(text, text + sizeof(text)), text + first);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stops_at_every_other_byte),
		cmocka_unit_test(stops_at_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
