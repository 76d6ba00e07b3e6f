/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* kind_sql: rows of a municipality's benefits as the transport hands them on, and
 * jansson's tree of them. What PostgreSQL and libpq cost before that: bench_sql. */
#include <jansson.h>

#include "bench/connector/kinds.h"

static void
by_tree(struct kp_bench *bench)
{
	json_error_t error;
	size_t index = 0;
	json_t *row = NULL;
	json_t *rows = json_loadb(bench->answer.data, bench->answer.len, 0, &error);
	KP_REQUIRE(rows != NULL);
	json_array_foreach(rows, index, row)
	{
		/* The first column says whom the row is about. */
		for (size_t i = 1; i < json_array_size(row); i++) {
			bench->values += json_is_null(json_array_get(row, i)) ? 0 : 1;
		}
	}
	json_decref(rows);
}

static struct kp_slice
make_answer(struct kp_arena *arena, size_t bytes)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, arena, KP_BENCH_BYTES_MAX);
	KP_BUFFER_ADD(&buffer,
		"[{\"query\":\"uitkering\",\"columns\":[\"bsn\",\"wet\",\"aanvang\","
		"\"status\",\"bedrag\",\"periode\"]}");
	unsigned i = 0;
	do {
		kp_buffer_printf(&buffer,
			",[\"" KP_BENCH_BSN "\",\"Participatiewet\",\"2020-%02u-01\","
			"\"lopend\",\"%u.50\",%s]",
			i % 12 + 1, 1100 + i % 1000, i % 3 == 0 ? "null" : "\"maand\"");
		i++;
	} while (buffer.len < bytes);
	KP_BUFFER_ADD(&buffer,
		",{\"query\":\"aanvraag\",\"columns\":[\"bsn\",\"wet\",\"datum\","
		"\"status\"]}]");
	KP_REQUIRE(!buffer.failed);
	return kp_buffer_slice(&buffer);
}

const struct kp_bench_kind kp_bench_sql = {
	.name = "sql",
	.manifest = "tests/partners/database/gemeente-inkomen.json",
	.type = "application/json",
	.library = "jansson's",
	.make_answer = make_answer,
	.by_tree = by_tree,
};
