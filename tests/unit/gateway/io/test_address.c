/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* address: where a partner may be, and where it may not however it is written. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/attr.h"
#include "io/address.h"

static bool
is_allowed(const char *text, bool on_loopback)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	bool v4 = inet_pton(AF_INET, text, &in.sin_addr) == 1;
	assert_true(v4 || inet_pton(AF_INET6, text, &in6.sin6_addr) == 1);
	return kp_address_allowed(
		v4 ? (const struct sockaddr *)&in : (const struct sockaddr *)&in6,
		on_loopback);
}

static void
where_a_partner_may_be(void **state)
{
	(void)state;
	static const char *const fine[] = {"10.0.0.1", "192.0.2.1", "172.16.0.1",
		"223.255.255.255", "2001:db8::1", "fd00::1", "fec0::1"};
	static const char *const wrong[] = {"0.0.0.0", "0.1.2.3", "169.254.169.254",
		"224.0.0.1", "255.255.255.255", "::", "::ffff:10.0.0.1",
		"::ffff:127.0.0.1", "::7f00:1", "fe80::1", "fe90::1", "febf::1",
		"ff02::1"};
	static const char *const own[] = {"127.0.0.1", "127.255.0.1", "::1"};
	for (size_t i = 0; i < KP_ARRAY_LEN(fine); i++) {
		assert_true(is_allowed(fine[i], false));
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		assert_false(is_allowed(wrong[i], false));
		assert_false(is_allowed(wrong[i], true));
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(own); i++) {
		assert_false(is_allowed(own[i], false));
		assert_true(is_allowed(own[i], true));
	}
	assert_false(kp_address_allowed(&(struct sockaddr){.sa_family = AF_UNIX}, true));
}

static void
one_that_is_allowed(void **state)
{
	(void)state;
	static const struct {
		const char *addresses;
		unsigned turn;
		const char *chosen; /* NULL: none */
		unsigned next;
	} rows[] = {
		{"10.0.0.1", 0, "10.0.0.1", 0},
		{"10.0.0.1,10.0.0.2,10.0.0.3", 4, "10.0.0.2", 1},
		{"127.0.0.1,10.0.0.2", 0, "10.0.0.2", 1},
		{"127.0.0.1,10.0.0.2", 2, "10.0.0.2", 1},
		{"10.0.0.1,169.254.0.1,[::1]", 1, "10.0.0.1", 0},
		{"10.0.0.1,[::1],[fd00::1]", UINT32_MAX, "10.0.0.1", 0},
		{"[::1],[fd00::1]", 0, "fd00::1", 1},
		{"[fe80::1],127.0.0.1", 1, NULL, 1},
		{"", 3, NULL, 3},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		char out[INET6_ADDRSTRLEN] = "";
		unsigned turn = rows[i].turn;
		assert_int_equal(
			kp_address_choose(rows[i].addresses, &turn, out, sizeof(out)),
			rows[i].chosen != NULL);
		assert_int_equal(turn, rows[i].next);
		if (rows[i].chosen != NULL) {
			assert_string_equal(out, rows[i].chosen);
		}
	}
	char small[8];
	unsigned turn = 0;
	assert_false(kp_address_choose("10.0.0.1", &turn, small, sizeof(small)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_a_partner_may_be),
		cmocka_unit_test(one_that_is_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
