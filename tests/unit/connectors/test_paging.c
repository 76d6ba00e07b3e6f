/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Is there another page, without memory too: a list is never cut because some was
 * missing. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "connectors/rest/paging.h"

/* A host whose memory runs out. */
struct host {
	struct kp_arena arena;
	unsigned left;
};

static void *
host_alloc(void *context, size_t size)
{
	struct host *host = context;
	if (host->left == 0) {
		return NULL;
	}
	host->left--;
	return kp_arena_alloc(&host->arena, size);
}

struct bench {
	struct host host;
	struct kp_call_host call_host;
	struct kp_manifest manifest;
	struct kp_mapping mapping;
	struct kp_need need;
	struct kp_reading reading;
	struct kp_arena arena; /* of the page */
	struct kp_paging paging;
	struct kp_fault fault;
};

static void
begin(struct bench *bench, enum kp_manifest_paging_kind kind, unsigned allocations)
{
	memset(bench, 0, sizeof(*bench));
	kp_arena_init(&bench->host.arena, 1 << 20, NULL);
	kp_arena_init(&bench->arena, 1 << 20, NULL);
	bench->host.left = allocations;
	bench->call_host = (struct kp_call_host){.size = sizeof(bench->call_host),
		.context = &bench->host,
		.alloc = host_alloc};
	bench->manifest.endpoint = KP_SLICE("http://127.0.0.1:1/api");
	bench->manifest.limits.pages = 5;
	bench->manifest.response.paging.kind = kind;
	bench->manifest.response.paging.size = 3;
	bench->mapping.manifest = &bench->manifest;
	bench->reading.mapping = &bench->mapping;
	bench->reading.need = &bench->need;
}

static void
end(struct bench *bench)
{
	kp_arena_deinit(&bench->arena);
	kp_arena_deinit(&bench->host.arena);
}

static int
next(struct bench *bench, const char *text)
{
	struct kp_paging_page page = {
		.manifest = &bench->manifest,
		.need = &bench->need,
		.reading = &bench->reading,
		.target = bench->paging.target.len > 0 ? bench->paging.target
						       : KP_SLICE("/lijst"),
		.header_link = kp_slice_from(text),
		.host = &bench->call_host,
		.arena = &bench->arena,
	};
	bench->reading.next = kp_slice_from(text);
	bench->fault = (struct kp_fault){0};
	int verdict = kp_paging_next(&bench->paging, &page, &bench->fault);
	bench->need.page += verdict == KP_NEXT ? 1 : 0;
	/* Whatever it says, it says why it failed. */
	assert_int_equal(verdict == KP_FAIL, bench->fault.message[0] != '\0');
	return verdict;
}

static void
missing_memory_is_never_the_end(void **state)
{
	(void)state;
	static const enum kp_manifest_paging_kind kinds[] = {
		KP_PAGING_LINK, KP_PAGING_HEADER, KP_PAGING_CURSOR};
	for (size_t i = 0; i < KP_ARRAY_LEN(kinds); i++) {
		int verdict = KP_FAIL;
		for (unsigned allocations = 0; verdict == KP_FAIL; allocations++) {
			struct bench bench;
			assert_true(allocations < 10);
			begin(&bench, kinds[i], allocations);
			verdict = next(&bench, "/api/lijst?p=1");
			assert_int_not_equal(verdict, KP_DONE);
			end(&bench);
		}
		assert_int_equal(verdict, KP_NEXT);
	}
	struct bench bench;
	begin(&bench, KP_PAGING_LINK, 100);
	kp_arena_deinit(&bench.arena);
	kp_arena_init(&bench.arena, 8, NULL);
	assert_int_equal(next(&bench, "/api/lijst?p=1"), KP_FAIL);
	end(&bench);
}

static void
pages_are_capped(void **state)
{
	(void)state;
	struct bench bench;
	char text[16];
	for (enum kp_manifest_paging_kind kind = KP_PAGING_LINK; kind <= KP_PAGING_SIZE;
		kind++) {
		begin(&bench, kind, 100);
		bench.reading.rows = 3;
		bench.reading.pages = 6;
		for (unsigned i = 0; i < 4; i++) {
			(void)snprintf(text, sizeof(text), "?p=%u", i);
			assert_int_equal(next(&bench, text), KP_NEXT);
		}
		assert_int_equal(next(&bench, "?p=9"), KP_FAIL);
		end(&bench);
	}
}

static void
what_was_read_is_not_read_again(void **state)
{
	(void)state;
	struct bench bench;
	begin(&bench, KP_PAGING_LINK, 100);
	assert_int_equal(next(&bench, "/api/lijst"), KP_FAIL);
	end(&bench);
	begin(&bench, KP_PAGING_CURSOR, 100);
	assert_int_equal(next(&bench, "a"), KP_NEXT);
	assert_int_equal(next(&bench, "A"), KP_NEXT);
	assert_int_equal(next(&bench, "a"), KP_FAIL);
	end(&bench);
}

static void
numbers_say_when_it_ends(void **state)
{
	(void)state;
	static const struct {
		enum kp_manifest_paging_kind kind;
		uint32_t rows;
		unsigned pages;
		int verdict;
	} rows[] = {
		{KP_PAGING_SIZE, 0, 0, KP_DONE},
		{KP_PAGING_SIZE, 2, 0, KP_DONE},
		{KP_PAGING_SIZE, 3, 0, KP_NEXT},
		{KP_PAGING_SIZE, 4, 0, KP_NEXT},
		{KP_PAGING_PAGES, 0, 1, KP_DONE},
		{KP_PAGING_PAGES, 0, 2, KP_NEXT},
		{KP_PAGING_PAGES, 0, 0, KP_DONE},
		{KP_PAGING_NONE, 9, 9, KP_DONE},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		struct bench bench;
		begin(&bench, rows[i].kind, 0);
		bench.reading.rows = rows[i].rows;
		bench.reading.pages = rows[i].pages;
		assert_int_equal(next(&bench, ""), rows[i].verdict);
		end(&bench);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing_memory_is_never_the_end),
		cmocka_unit_test(pages_are_capped),
		cmocka_unit_test(what_was_read_is_not_read_again),
		cmocka_unit_test(numbers_say_when_it_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
