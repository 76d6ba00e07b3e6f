/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* checksum_list: what sha256sum writes is read, anything else is refused, and a name
 * never gets another file's digest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/attr.h"
#include "source/checksum_list.h"

#define A16 "0123456789abcdef"
#define A "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
#define B "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static enum kp_status
find(const char *text, const char *name, unsigned char *digest)
{
	return kp_checksum_list_find(kp_slice_from(text), kp_slice_from(name), digest);
}

static void
digests_are_found(void **state)
{
	(void)state;
	unsigned char digest[KP_SHA256_BYTES] = {0};
	static const char list[] =
		"# made yesterday\n" B "  other.csv\r\n\n" A " *./a b.csv\n" B "  x";
	assert_int_equal(find(list, "a b.csv", digest), KP_OK);
	assert_int_equal(digest[0], 0x01);
	assert_int_equal(digest[15], 0xef);
	assert_int_equal(find(list, "x", digest), KP_OK);
	assert_int_equal(digest[0], 0x11);
	assert_int_equal(find(list, "other", digest), KP_E_NOT_FOUND);
	assert_int_equal(find(list, "other.csv\r", digest), KP_E_NOT_FOUND);
	assert_int_equal(find("", "x", digest), KP_E_NOT_FOUND);
	assert_int_equal(find(A "  x\n" A "  x\n", "x", digest), KP_OK);
	assert_int_equal(find(A "  x\n" B "  x\n", "x", digest), KP_E_INVALID);
}

static void
other_forms_are_refused(void **state)
{
	(void)state;
	unsigned char digest[KP_SHA256_BYTES] = {0};
	static const char *const lists[] = {
		A "\n",
		A "  \n",
		A "  ./\n",
		A " x\n",
		A "\tx\n",
		"\\" A "  x\\\\y\n",
		A16 "  x\n",
		"g" A "  x\n",
		"SHA256 (x) = " A "\n",
		A "  x\nleft over\n",
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(lists); i++) {
		assert_int_equal(find(lists[i], "x", digest), KP_E_SYNTAX);
	}
	static const char nul[] = A "  x\0y\n";
	assert_int_equal(kp_checksum_list_find((struct kp_slice){nul, sizeof(nul) - 1},
				 KP_SLICE("x"), digest),
		KP_E_SYNTAX);
}

static void
long_lists_are_refused(void **state)
{
	(void)state;
	unsigned char digest[KP_SHA256_BYTES] = {0};
	size_t len = KP_CHECKSUM_LIST_BYTES_MAX + 1;
	char *text = malloc(len);
	assert_non_null(text);
	memset(text, '#', len);
	assert_int_equal(kp_checksum_list_find(
				 (struct kp_slice){text, len - 1}, KP_SLICE("x"), digest),
		KP_E_NOT_FOUND);
	assert_int_equal(kp_checksum_list_find(
				 (struct kp_slice){text, len}, KP_SLICE("x"), digest),
		KP_E_LIMIT);
	memset(text, '\n', len);
	assert_int_equal(
		kp_checksum_list_find((struct kp_slice){text, KP_CHECKSUM_LIST_LINES_MAX},
			KP_SLICE("x"), digest),
		KP_E_NOT_FOUND);
	assert_int_equal(kp_checksum_list_find(
				 (struct kp_slice){text, KP_CHECKSUM_LIST_LINES_MAX + 1},
				 KP_SLICE("x"), digest),
		KP_E_LIMIT);
	free(text);
}

static void
comments_say_something(void **state)
{
	(void)state;
	struct kp_slice list = KP_SLICE("# peildatum: 2026-11-27 \n#rijen:51\n" A
					"  x\n# twice: 1\n# twice: 2\n");
	assert_true(kp_slice_is(
		kp_checksum_list_comment(list, KP_SLICE("peildatum")), "2026-11-27"));
	assert_true(kp_slice_is(kp_checksum_list_comment(list, KP_SLICE("rijen")), "51"));
	assert_int_equal(kp_checksum_list_comment(list, KP_SLICE("twice")).len, 0);
	assert_int_equal(kp_checksum_list_comment(list, KP_SLICE("none")).len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_found),
		cmocka_unit_test(other_forms_are_refused),
		cmocka_unit_test(long_lists_are_refused),
		cmocka_unit_test(comments_say_something),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
