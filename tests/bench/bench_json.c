/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bench_json: megabytes per second of the JSON reader, skipping all and reading all,
 * beside jansson building its tree, on one answer of about 5 kB and one of about 60 kB.
 * Prints; judges nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "core/json_read.h"
#include "core/json_write.h"

#define ARENA_BYTES_MAX ((size_t)16 << 20)
#define BENCH_NS 400000000LL

static long long
now_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
write_period(struct kp_json_writer *writer, unsigned i)
{
	kp_json_write_object_begin(writer);
	KP_JSON_WRITE_NAME(writer, "volgnummer");
	kp_json_write_uint(writer, i);
	KP_JSON_WRITE_NAME(writer, "uitkeringsoort");
	kp_json_write_string(writer, KP_SLICE("Participatiewet levensonderhoud"));
	KP_JSON_WRITE_NAME(writer, "bedrag");
	kp_json_write_raw(writer, KP_SLICE("1283.40"));
	KP_JSON_WRITE_NAME(writer, "datumIngang");
	kp_json_write_string(writer, KP_SLICE("2024-03-01"));
	KP_JSON_WRITE_NAME(writer, "datumEinde");
	kp_json_write_null(writer);
	KP_JSON_WRITE_NAME(writer, "inOnderzoek");
	kp_json_write_bool(writer, i % 7 == 0);
	KP_JSON_WRITE_NAME(writer, "adres");
	kp_json_write_object_begin(writer);
	KP_JSON_WRITE_NAME(writer, "straat");
	kp_json_write_string(writer, KP_SLICE("Prinses Irenestra\xc3\xa1t"));
	KP_JSON_WRITE_NAME(writer, "huisnummer");
	kp_json_write_uint(writer, 10 + i);
	KP_JSON_WRITE_NAME(writer, "postcode");
	kp_json_write_string(writer, KP_SLICE("3511 AB"));
	kp_json_write_object_end(writer);
	kp_json_write_object_end(writer);
}

static struct kp_slice
make_document(struct kp_arena *arena, size_t bytes)
{
	struct kp_buffer *buffer = KP_ARENA_NEW(arena, struct kp_buffer);
	KP_REQUIRE(buffer != NULL);
	kp_buffer_init(buffer, arena, ARENA_BYTES_MAX);
	struct kp_json_writer writer;
	kp_json_writer_init(&writer, buffer);
	kp_json_write_object_begin(&writer);
	KP_JSON_WRITE_NAME(&writer, "burgerservicenummer");
	kp_json_write_string(&writer, KP_SLICE("999990019"));
	KP_JSON_WRITE_NAME(&writer, "perioden");
	kp_json_write_array_begin(&writer);
	for (unsigned i = 0; buffer->len + 10 < bytes; i++) {
		write_period(&writer, i);
	}
	kp_json_write_array_end(&writer);
	kp_json_write_object_end(&writer);
	KP_REQUIRE(!buffer->failed);
	return kp_buffer_slice(buffer);
}

static enum kp_json_verdict
skip_all(void *ctx, const struct kp_json_token *token)
{
	(void)ctx;
	(void)token;
	return KP_JSON_SKIP;
}

static enum kp_json_verdict
read_all(void *ctx, const struct kp_json_token *token)
{
	size_t *bytes = ctx;
	*bytes += token->raw.len;
	return KP_JSON_GO;
}

static void
read_with(struct kp_slice document, struct kp_arena_pool *pool, kp_json_event_fn on_event)
{
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES_MAX, pool);
	size_t bytes = 0;
	struct kp_error err;
	enum kp_status status =
		kp_json_read(document, NULL, &arena, on_event, &bytes, &err);
	KP_REQUIRE(status == KP_OK);
	kp_arena_deinit(&arena);
}

static void
run_skip(struct kp_slice document, struct kp_arena_pool *pool)
{
	read_with(document, pool, skip_all);
}

static void
run_read(struct kp_slice document, struct kp_arena_pool *pool)
{
	read_with(document, pool, read_all);
}

static void
run_jansson(struct kp_slice document, struct kp_arena_pool *pool)
{
	(void)pool;
	json_t *root =
		json_loadb(document.data, document.len, JSON_REJECT_DUPLICATES, NULL);
	KP_REQUIRE(root != NULL);
	json_decref(root);
}

static void
measure(const char *name, struct kp_slice document,
	void (*run)(struct kp_slice, struct kp_arena_pool *))
{
	struct kp_arena_pool pool;
	kp_arena_pool_init(&pool, 16);
	run(document, &pool);
	long long best = 0;
	long long count = 0;
	long long begin = now_ns();
	while (now_ns() - begin < BENCH_NS) {
		long long from = now_ns();
		run(document, &pool);
		long long took = now_ns() - from;
		best = best == 0 || took < best ? took : best;
		count++;
	}
	long long mean = (now_ns() - begin) / count;
	printf("%-14s %6zu bytes  mean %7.2f us %7.1f MB/s  best %7.2f us %7.1f MB/s\n",
		name, document.len, (double)mean / 1e3,
		(double)document.len * 1e3 / (double)mean, (double)best / 1e3,
		(double)document.len * 1e3 / (double)best);
	kp_arena_pool_deinit(&pool);
}

int
main(void)
{
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES_MAX, NULL);
	const size_t sizes[] = {5000, 60000};
	for (size_t i = 0; i < KP_ARRAY_LEN(sizes); i++) {
		struct kp_slice document = make_document(&arena, sizes[i]);
		measure("reader skip", document, run_skip);
		measure("reader read", document, run_read);
		measure("jansson load", document, run_jansson);
	}
	kp_arena_deinit(&arena);
	return 0;
}
