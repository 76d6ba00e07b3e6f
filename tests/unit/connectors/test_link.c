/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Links to a next page: where they lead, and where they may not; RFC 3986 and 8288. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "connectors/link.h"

struct row {
	const char *link;
	const char *target; /* NULL: refused */
};

static void
check(const struct kp_link_base *base, const struct row *row)
{
	struct kp_arena arena;
	struct kp_buffer out;
	kp_arena_init(&arena, 1 << 20, NULL);
	kp_buffer_init(&out, &arena, 256);
	bool fine = kp_link_resolve(base, kp_slice_from(row->link), &out);
	if (fine != (row->target != NULL)) {
		fail_msg("'%s' was %s", row->link, fine ? "taken" : "refused");
	}
	if (fine) {
		assert_int_equal(out.len, strlen(row->target));
		assert_memory_equal(out.data, row->target, out.len);
	}
	kp_arena_deinit(&arena);
}

static void
only_what_is_below_the_endpoint_is_taken(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"https://bron.example/api/v1/zaken?page=2", "/zaken?page=2"},
		{"HTTPS://Bron.Example:443/api/v1/zaken", "/zaken"},
		{"//bron.example/api/v1?page=2", "?page=2"},
		{"/api/v1/zaken?page=2", "/zaken?page=2"},
		{"/api/v1/zaken?page=2#deel", "/zaken?page=2"},
		{"?page=2", "/zaken/lijst?page=2"},
		{"volgende?page=2", "/zaken/volgende?page=2"},
		{"?van=../x", "/zaken/lijst?van=../x"},
		{"", NULL},
		{"#deel", NULL},
		{"/api/v1", NULL},
		{"/api/v11/zaken", NULL},
		{"/api/zaken", NULL},
		{"/zaken", NULL},
		{"/api/v1/../geheim", NULL},
		{"/api/v1/zaken/..", NULL},
		{"/api/v1/%2e%2E/geheim", NULL},
		{"/api/v1/.%2e/geheim?x", NULL},
		{"/api/v1/./zaken", NULL},
		{"../geheim", NULL},
		{"https://bron.example:444/api/v1/zaken", NULL},
		{"http://bron.example/api/v1/zaken", NULL},
		{"http://bron.example:443/api/v1/zaken", NULL},
		{"https://bron.example:443@kwaad.example/api/v1/zaken", NULL},
		{"https://bron.example.kwaad.example/api/v1/zaken", NULL},
		{"https://bron.example@kwaad.example/api/v1/zaken", NULL},
		{"https://kwaad.example/api/v1/zaken", NULL},
		{"//kwaad.example/api/v1/zaken", NULL},
		{"https:/api/v1/zaken", NULL},
		{"https:zaken", NULL},
		{"javascript:1", NULL},
		{"file:///etc/passwd", NULL},
		{"/api/v1/za ken", NULL},
		{"/api/v1/zaken\r\nX: 1", NULL},
		{"/api/v1\\zaken", NULL},
		{"/api/v1/z\xc3\xa9", NULL},
	};
	const struct kp_link_base base = {
		.endpoint = KP_SLICE("https://bron.example/api/v1"),
		.target = KP_SLICE("/zaken/lijst?page=1")};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		check(&base, &rows[i]);
	}
}

static void
links_may_begin_with_another_address_when_that_is_agreed(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"https://intern.example/zgw/zaken?page=2", "/zaken?page=2"},
		{"http://[::1]:8081/poort/zaken", "/zaken"},
		{"/zgw/zaken", "/zaken"},
		{"/poort/zaken", "/zaken"},
		{"?page=2", "?page=2"},
		{"zaken", NULL},
		{"https://intern.example/anders/zaken", NULL},
		{"https://intern.example/zgw/../zaken", NULL},
		{"http://[::1]/poort/zaken", NULL},
	};
	const struct kp_link_base base = {
		.endpoint = KP_SLICE("http://[::1]:8081/poort/"),
		.alias = KP_SLICE("https://intern.example/zgw"),
		.target = KP_SLICE("?page=1")};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		check(&base, &rows[i]);
	}
}

static void
a_target_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	char link[600];
	memset(link, 'a', sizeof(link));
	memcpy(link, "/api/v1/", 8);
	const struct kp_link_base base = {
		.endpoint = KP_SLICE("https://bron.example/api/v1")};
	for (size_t len = 255; len < 275; len++) {
		struct kp_arena arena;
		struct kp_buffer out;
		kp_arena_init(&arena, 1 << 20, NULL);
		kp_buffer_init(&out, &arena, 256);
		assert_int_equal(
			kp_link_resolve(&base, (struct kp_slice){link, len}, &out),
			len - 7 <= 256);
		kp_arena_deinit(&arena);
	}
}

static void
the_header_field_says_next(void **state)
{
	(void)state;
	static const struct {
		const char *field;
		enum kp_link_found found;
		const char *target;
	} rows[] = {
		{"</a?p=2>; rel=next", KP_LINK_NEXT, "/a?p=2"},
		{"</a?p=2>;REL=\"NEXT\"", KP_LINK_NEXT, "/a?p=2"},
		{"</a>; rel=\"last next\"", KP_LINK_NEXT, "/a"},
		{" </a>; rel=prev , </b>\t;\trel = \"next\" ; title=x", KP_LINK_NEXT,
			"/b"},
		{"</a>; title=\"a, <b>; rel=next\"; rel=prev", KP_LINK_NONE, NULL},
		{"</a>; title=\"\\\"; rel=next\", </c>; rel=next", KP_LINK_NEXT, "/c"},
		{"</a>; rel=prev; rel=next", KP_LINK_NONE, NULL},
		{"</a>; rel=next; anchor=\"/elders\"", KP_LINK_NONE, NULL},
		{"</a>; rel=nextarchive", KP_LINK_NONE, NULL},
		{"</a>", KP_LINK_NONE, NULL},
		{"</a>;", KP_LINK_NONE, NULL},
		{"</a>;;rel=next", KP_LINK_NEXT, "/a"},
		{"</a>,, </b>;rel=next,", KP_LINK_NEXT, "/b"},
		{"<>;rel=next", KP_LINK_NEXT, ""},
		{"", KP_LINK_NONE, NULL},
		{"  ", KP_LINK_NONE, NULL},
		{"/a; rel=next", KP_LINK_WRONG, NULL},
		{"</a; rel=next", KP_LINK_WRONG, NULL},
		{"</a>; rel=\"next", KP_LINK_WRONG, NULL},
		{"</a>; rel=\"next\\", KP_LINK_WRONG, NULL},
		{"</a> rel=next", KP_LINK_WRONG, NULL},
		{"</a>; rel=prev </b>; rel=next", KP_LINK_WRONG, NULL},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		struct kp_slice target = {0};
		/* A copy of its own, so that reading past it is seen. */
		size_t len = strlen(rows[i].field);
		char *copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, rows[i].field, len);
		enum kp_link_found found =
			kp_link_next((struct kp_slice){copy, len}, &target);
		if (found != rows[i].found) {
			fail_msg("'%s' gave %d", rows[i].field, (int)found);
		}
		if (rows[i].target != NULL) {
			assert_int_equal(target.len, strlen(rows[i].target));
			assert_memory_equal(target.data, rows[i].target, target.len);
		}
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_below_the_endpoint_is_taken),
		cmocka_unit_test(
			links_may_begin_with_another_address_when_that_is_agreed),
		cmocka_unit_test(a_target_that_does_not_fit_is_refused),
		cmocka_unit_test(the_header_field_says_next),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
