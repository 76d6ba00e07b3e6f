/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* encode and crc32c: published vectors, strictness, both ways of computing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/crc32c.h"
#include "core/encode.h"

static void
hexadecimal_goes_both_ways(void **state)
{
	(void)state;
	unsigned char bytes[4] = {0x00, 0x9f, 0xa0, 0xff};
	char text[8];
	kp_hex_write(bytes, sizeof(bytes), text);
	assert_memory_equal(text, "009fa0ff", 8);
	unsigned char back[4] = {1, 2, 3, 4};
	assert_true(kp_hex_read(KP_SLICE("009FA0ff"), back, 4));
	assert_memory_equal(back, bytes, 4);
	assert_false(kp_hex_read(KP_SLICE("009FA0f"), back, 4));
	assert_false(kp_hex_read(KP_SLICE("009FA0fg"), back, 4));
	assert_false(kp_hex_read(KP_SLICE("009FA0ff00"), back, 4));
	assert_memory_equal(back, bytes, 4);
}

/* RFC 4648, section 10, without the padding. */
static void
base64url_is_as_published(void **state)
{
	(void)state;
	static const char *const vectors[][2] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"},
		{"foobar", "Zm9vYmFy"}, {"\xff\xef\xbe", "_---"}};
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct kp_slice plain = kp_slice_from(vectors[i][0]);
		struct kp_slice coded = kp_slice_from(vectors[i][1]);
		char text[16];
		assert_int_equal(KP_BASE64URL_LEN(plain.len), coded.len);
		kp_base64url_write((const unsigned char *)plain.data, plain.len, text);
		assert_memory_equal(text, coded.data, coded.len);
		unsigned char back[16];
		size_t size = 99;
		assert_true(kp_base64url_read(coded, back, sizeof(back), &size));
		assert_int_equal(size, plain.len);
		assert_memory_equal(back, plain.data, size);
	}
}

static void
base64_is_as_published(void **state)
{
	(void)state;
	static const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"},
		{"\xff\xef\xbe", "/+++"}};
	static const char *const wrong[] = {"Z", "Zg", "Zg=", "Zm8", "Zm9-",
		"Z===", "Zh==", "Zm9=", "Zg==Zg==", "=", "Zm9v!"};
	unsigned char back[16];
	size_t size = 99;
	char text[16];
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct kp_slice plain = kp_slice_from(vectors[i][0]);
		struct kp_slice coded = kp_slice_from(vectors[i][1]);
		assert_int_equal(KP_BASE64_LEN(plain.len), coded.len);
		kp_base64_write((const unsigned char *)plain.data, plain.len, text);
		assert_memory_equal(text, coded.data, coded.len);
		assert_true(kp_base64_read(coded, back, sizeof(back), &size));
		assert_int_equal(size, plain.len);
		assert_memory_equal(back, plain.data, size);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(kp_base64_read(
			kp_slice_from(wrong[i]), back, sizeof(back), &size));
	}
	assert_true(kp_base64_read(KP_SLICE("\n Zm\r\n9v\t"), back, 3, &size));
	assert_int_equal(size, 3);
	assert_false(kp_base64_read(KP_SLICE("Zm9v"), back, 2, &size));
}

static void
base64url_refuses_everything_else(void **state)
{
	(void)state;
	static const char *const wrong[] = {"Z", "Zg==", "Zm8=", "Zm9v\n", " Zm9v",
		"Zm+v", "Zm/v", "Zh", "Zm9", "Zm9vY"};
	unsigned char back[16];
	size_t size;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(kp_base64url_read(
			kp_slice_from(wrong[i]), back, sizeof(back), &size));
	}
	assert_false(kp_base64url_read(KP_SLICE("Zm9v"), back, 2, &size));
	assert_true(kp_base64url_read(KP_SLICE("Zm9v"), back, 3, &size));
}

/* RFC 3720, appendix B.4, and the customary check value. */
static void
crc32c_is_as_published(void **state)
{
	(void)state;
	unsigned char bytes[32] = {0};
	assert_int_equal(kp_crc32c(0, bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, 32);
	assert_int_equal(kp_crc32c(0, bytes, 32), 0x62a8ab43);
	for (unsigned i = 0; i < 32; i++) {
		bytes[i] = (unsigned char)i;
	}
	assert_int_equal(kp_crc32c(0, bytes, 32), 0x46dd794e);
	assert_int_equal(kp_crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(kp_crc32c(0, "", 0), 0);
}

static void
crc32c_by_table_by_instruction_and_in_pieces_agree(void **state)
{
	(void)state;
	unsigned char bytes[301];
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (unsigned char)(i * 167 + 13);
	}
	uint32_t whole = kp_crc32c(0, bytes, sizeof(bytes));
	for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
		uint32_t first = kp_crc32c(0, bytes, cut);
		assert_int_equal(first, kp_crc32c_table(0, bytes, cut));
		assert_int_equal(
			kp_crc32c(first, bytes + cut, sizeof(bytes) - cut), whole);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hexadecimal_goes_both_ways),
		cmocka_unit_test(base64url_is_as_published),
		cmocka_unit_test(base64_is_as_published),
		cmocka_unit_test(base64url_refuses_everything_else),
		cmocka_unit_test(crc32c_is_as_published),
		cmocka_unit_test(crc32c_by_table_by_instruction_and_in_pieces_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
