/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* kind_rest: jobs as the stand-in UWV tells them, and jansson's tree of them. */
#include <jansson.h>
#include <string.h>

#include "bench/connector/kinds.h"

static void
take_member(struct kp_bench *bench, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	bench->values += value != NULL && !json_is_null(value) ? 1 : 0;
}

static void
by_tree(struct kp_bench *bench)
{
	static const char *const names[] = {
		"soortContract", "datumAanvang", "datumEinde", "urenPerWeek"};
	json_error_t error;
	size_t index = 0;
	json_t *job = NULL;
	json_t *document = json_loadb(bench->answer.data, bench->answer.len, 0, &error);
	KP_REQUIRE(document != NULL);
	json_array_foreach(json_object_get(document, "dienstverbanden"), index, job)
	{
		take_member(bench, json_object_get(job, "werkgever"), "naam");
		take_member(
			bench, json_object_get(job, "werkgever"), "loonheffingennummer");
		for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
			take_member(bench, job, names[i]);
		}
		take_member(bench, json_object_get(job, "loon"), "bruto");
		take_member(bench, json_object_get(job, "loon"), "periode");
	}
	json_decref(document);
}

static struct kp_slice
make_answer(struct kp_arena *arena, size_t bytes)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, arena, KP_BENCH_BYTES_MAX);
	KP_BUFFER_ADD(&buffer,
		"{\"burgerservicenummer\":\"" KP_BENCH_BSN
		"\",\"peildatum\":\"2026-11-01\",\"dienstverbanden\":[");
	unsigned i = 0;
	do {
		kp_buffer_printf(&buffer,
			"%s{\"werkgever\":{\"naam\":\"Bakkerij De Proef %u\","
			"\"loonheffingennummer\":\"%09uL01\",\"sector\":\"42\"},"
			"\"soortContract\":\"01\",\"datumAanvang\":\"2020-%02u-01\","
			"\"datumEinde\":\"2021-%02u-01\",\"urenPerWeek\":32,"
			"\"loon\":{\"bruto\":%u.50,\"periode\":\"maand\","
			"\"valuta\":\"EUR\"}}",
			i == 0 ? "" : ",", i, i, i % 12 + 1, i % 12 + 1, 1500 + i % 1000);
		i++;
	} while (buffer.len < bytes);
	KP_BUFFER_ADD(&buffer, "]}");
	KP_REQUIRE(!buffer.failed);
	return kp_buffer_slice(&buffer);
}

const struct kp_bench_kind kp_bench_rest = {
	.name = "rest",
	.manifest = "tests/partners/manifests/uwv.json",
	.type = "application/json",
	.library = "jansson's",
	.make_answer = make_answer,
	.by_tree = by_tree,
};
