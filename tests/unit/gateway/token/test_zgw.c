/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Our JWT for ZGW services, against what PyJWT 2.6 makes of the same claims. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "token/zgw.h"

#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."

static const struct {
	const char *client;
	const char *user;
	const char *secret;
	const char *token;
} vectors[] = {
	{"ketenpoort", "m.jansen", "geheim-van-de-zaken",
		HEADER
		"eyJpc3MiOiJrZXRlbnBvb3J0IiwiaWF0IjoxNzk1MDAwMDAwLCJjbGllbnRfaWQiOiJrZXRl"
		"bnBvb3J0IiwidXNlcl9pZCI6Im0uamFuc2VuIiwidXNlcl9yZXByZXNlbnRhdGlvbiI6Im0u"
		"amFuc2VuIn0.uUu0DTFv9mA-Don4xb-n6PhBJQVqec-dD_57FTlH6iY"},
	{"ketenpoort", "", "een geheim van precies tweeëndertig",
		HEADER
		"eyJpc3MiOiJrZXRlbnBvb3J0IiwiaWF0IjoxNzk1MDAwMDAwLCJjbGllbnRfaWQiOiJrZXRl"
		"bnBvb3J0IiwidXNlcl9pZCI6ImtldGVucG9vcnQiLCJ1c2VyX3JlcHJlc2VudGF0aW9uIjoi"
		"a2V0ZW5wb29ydCJ9.kfjtYNlCgGr9-TLk74JpLDAGQpxxcZ3TTESr9-Jy3yU"},
	{"a \"b\" \\c", "x/y+z@gemeente.example",
		"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
		"kkkkkkkk",
		HEADER
		"eyJpc3MiOiJhIFwiYlwiIFxcYyIsImlhdCI6MTc5NTAwMDAwMCwiY2xpZW50X2lkIjoiYSBc"
		"ImJcIiBcXGMiLCJ1c2VyX2lkIjoieC95K3pAZ2VtZWVudGUuZXhhbXBsZSIsInVzZXJfcmVw"
		"cmVzZW50YXRpb24iOiJ4L3krekBnZW1lZW50ZS5leGFtcGxlIn0."
		"p33OUPfVCq1NO2Er3f7mM5DHNMWwOK6mz9_nR1rJzTA"},
};

static void
as_another_library_makes_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(vectors); i++) {
		struct kp_arena arena;
		struct kp_buffer out;
		const struct kp_zgw_token token = {
			.client = kp_slice_from(vectors[i].client),
			.secret = kp_slice_from(vectors[i].secret),
			.user = kp_slice_from(vectors[i].user),
			.now_s = 1795000000,
		};
		kp_arena_init(&arena, (size_t)1 << 16, NULL);
		kp_buffer_init(&out, &arena, 4096);
		KP_BUFFER_ADD(&out, "Bearer ");
		assert_int_equal(kp_zgw_token_write(&token, &out), KP_OK);
		assert_memory_equal(out.data, "Bearer ", 7);
		assert_int_equal(out.len - 7, strlen(vectors[i].token));
		assert_memory_equal(out.data + 7, vectors[i].token, out.len - 7);
		kp_arena_deinit(&arena);
	}
}

static void
too_long_is_said(void **state)
{
	char client[3000];
	struct kp_arena arena;
	struct kp_buffer out;
	(void)state;
	memset(client, 'c', sizeof(client));
	const struct kp_zgw_token token = {
		.client = {client, sizeof(client)}, .secret = KP_SLICE("s")};
	kp_arena_init(&arena, (size_t)1 << 16, NULL);
	kp_buffer_init(&out, &arena, 4096);
	assert_int_equal(kp_zgw_token_write(&token, &out), KP_E_MEMORY);
	kp_arena_deinit(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_another_library_makes_it),
		cmocka_unit_test(too_long_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
