/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Templates against what a question may hold: a client number never gets into a URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "connectors/template.h"
#include "core/arena.h"

static void
on_fault(void *context, const char *message)
{
	(void)message;
	(*(int *)context)++;
}

static enum kp_template_result
write_from(struct kp_arena *arena, enum kp_template_place place, const char *template,
	const char *case_id)
{
	int count = 0;
	struct kp_manifest manifest = {0};
	struct kp_template_faults faults = {.report = on_fault, .context = &count};
	struct kp_template compiled = {0};
	struct kp_fault fault = {0};
	struct kp_buffer out;
	struct kp_need need = {.case_id = {case_id, strlen(case_id)}};
	assert_int_equal(kp_template_compile(arena, kp_slice_from(template), place,
				 &manifest, &faults, &compiled),
		KP_OK);
	assert_int_equal(count, 0);
	kp_buffer_init(&out, arena, 1024);
	return kp_template_write(&compiled, &need, NULL, &out, &fault);
}

static enum kp_template_result
write_case(struct kp_arena *arena, enum kp_template_place place, const char *case_id)
{
	return write_from(arena, place, "/zaken/{zaak}", case_id);
}

static void
test_number_of_a_client_in_a_url(void **state)
{
	(void)state;
	struct kp_arena arena;
	kp_arena_init(&arena, 65536, NULL);
	static const char *const with[] = {
		"999993653", "zaak 999993653", "9999.93.653", "999-993-653"};
	static const char *const without[] = {"Z-2026-00123", "999993654", "1999993653"};
	for (size_t i = 0; i < KP_ARRAY_LEN(with); i++) {
		assert_int_equal(write_case(&arena, KP_TEMPLATE_TARGET, with[i]),
			KP_TEMPLATE_FAILED);
		assert_int_equal(write_case(&arena, KP_TEMPLATE_QUERY, with[i]),
			KP_TEMPLATE_FAILED);
		assert_int_equal(
			write_case(&arena, KP_TEMPLATE_JSON, with[i]), KP_TEMPLATE_MADE);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(without); i++) {
		assert_int_equal(write_case(&arena, KP_TEMPLATE_TARGET, without[i]),
			KP_TEMPLATE_MADE);
	}
	kp_arena_deinit(&arena);
}

/* Without a case "/zaken/{zaak}" would ask for all of them. In a query it just says no
 * more, and elsewhere a resource is not chosen. */
static void
test_nothing_is_asked_without_a_case(void **state)
{
	(void)state;
	static const struct {
		const char *template;
		enum kp_template_place place;
		enum kp_template_result result;
	} rows[] = {
		{"/zaken/{zaak}", KP_TEMPLATE_TARGET, KP_TEMPLATE_NOTHING},
		{"/zaken/{zaak}?x=1", KP_TEMPLATE_TARGET, KP_TEMPLATE_NOTHING},
		{"/van/{medewerker}/zaken", KP_TEMPLATE_TARGET, KP_TEMPLATE_NOTHING},
		{"/zaken?zaak={zaak}&door={medewerker}", KP_TEMPLATE_TARGET,
			KP_TEMPLATE_MADE},
		{"/zaken/{vervolg}", KP_TEMPLATE_TARGET, KP_TEMPLATE_MADE},
		{"{zaak}", KP_TEMPLATE_QUERY, KP_TEMPLATE_MADE},
		{"{zaak}@{medewerker}", KP_TEMPLATE_HEADER, KP_TEMPLATE_MADE},
		{"{\"zaak\":\"{zaak}\"}", KP_TEMPLATE_JSON, KP_TEMPLATE_MADE},
	};
	struct kp_arena arena;
	kp_arena_init(&arena, 65536, NULL);
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		assert_int_equal(write_from(&arena, rows[i].place, rows[i].template, ""),
			rows[i].result);
	}
	kp_arena_deinit(&arena);
}

/* What is filled into canonical XML keeps it canonical; dates are those of asking. */
static void
test_xml(void **state)
{
	(void)state;
	struct kp_arena arena;
	int count = 0;
	struct kp_manifest manifest = {0};
	struct kp_template_faults faults = {.report = on_fault, .context = &count};
	struct kp_template compiled = {0};
	struct kp_fault fault = {0};
	struct kp_buffer out;
	struct kp_need need = {
		.case_id = {"<a>&\"\t\r", 7}, .now = {"2026-01-31T14:15:16Z", 20}};
	struct kp_template_fields fields = {.message = KP_SLICE("u")};
	kp_arena_init(&arena, 65536, NULL);
	struct kp_slice text = KP_SLICE("<a b=\">{zaak}\">{zaak}</a>{vandaag} {maand} "
					"{vorigeMaand} {jaar} {vorigJaar} {tijdstip} "
					"{bericht}");
	assert_int_equal(kp_template_compile(&arena, text, KP_TEMPLATE_XML, &manifest,
				 &faults, &compiled),
		KP_OK);
	assert_int_equal(count, 0);
	kp_buffer_init(&out, &arena, 1024);
	assert_int_equal(kp_template_write(&compiled, &need, &fields, &out, &fault),
		KP_TEMPLATE_MADE);
	static const char expected[] =
		"<a "
		"b=\">&lt;a>&amp;&quot;&#x9;&#xD;\">&lt;a&gt;&amp;\"\t&#xD;</a>20260131 "
		"202601 202512 2026 2025 20260131141516 u";
	assert_int_equal(out.len, sizeof(expected) - 1);
	assert_memory_equal(out.data, expected, out.len);
	need.case_id = (struct kp_text){"\x01", 1};
	assert_int_equal(kp_template_write(&compiled, &need, &fields, &out, &fault),
		KP_TEMPLATE_FAILED);
	/* Only messages in XML have a name of their own. */
	assert_int_equal(kp_template_compile(&arena, KP_SLICE("{bericht}"),
				 KP_TEMPLATE_HEADER, &manifest, &faults, &compiled),
		KP_OK);
	assert_int_equal(count, 1);
	kp_arena_deinit(&arena);
}

static bool
next_name(void *context, const struct kp_template_part *part, size_t *position,
	struct kp_slice *ret_name)
{
	static const struct kp_slice names[] = {
		KP_SLICE_INIT("een"), KP_SLICE_INIT("twee\n")};
	(void)part;
	*ret_name = names[*position < 2 ? *position : 0];
	return (*position)++ < *(const size_t *)context;
}

/* A name that cannot be sent is not left out: less would be asked than is wanted. */
static void
test_names(void **state)
{
	(void)state;
	static const struct {
		enum kp_template_place place;
		const char *template;
		size_t count;
		const char *written; /* NULL: refused */
	} rows[] = {
		{KP_TEMPLATE_JSON, "{\"f\":\"{velden}\"}", 0, "{\"f\":[]}"},
		{KP_TEMPLATE_JSON, "{\"f\":\"{velden}\"}", 2,
			"{\"f\":[\"een\",\"twee\\u000a\"]}"},
		{KP_TEMPLATE_JSON, "{\"f\":\"a,{velden}\"}", 1, "{\"f\":\"a,een\"}"},
		{KP_TEMPLATE_TARGET, "/p?f={velden}", 2, "/p?f=een,twee%0A"},
		{KP_TEMPLATE_HEADER, "{velden}", 1, "een"},
		{KP_TEMPLATE_HEADER, "{velden}", 2, NULL},
	};
	struct kp_arena arena;
	kp_arena_init(&arena, 65536, NULL);
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		int count = 0;
		size_t names = rows[i].count;
		struct kp_manifest manifest = {0};
		struct kp_template_faults faults = {
			.report = on_fault, .context = &count};
		struct kp_template_fields fields = {.next = next_name, .context = &names};
		struct kp_template compiled = {0};
		struct kp_fault fault = {0};
		struct kp_buffer out;
		struct kp_need need = {0};
		assert_int_equal(
			kp_template_compile(&arena, kp_slice_from(rows[i].template),
				rows[i].place, &manifest, &faults, &compiled),
			KP_OK);
		kp_buffer_init(&out, &arena, 1024);
		assert_int_equal(
			kp_template_write(&compiled, &need, &fields, &out, &fault),
			rows[i].written == NULL ? KP_TEMPLATE_FAILED : KP_TEMPLATE_MADE);
		if (rows[i].written != NULL) {
			assert_int_equal(out.len, strlen(rows[i].written));
			assert_memory_equal(out.data, rows[i].written, out.len);
		}
	}
	kp_arena_deinit(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number_of_a_client_in_a_url),
		cmocka_unit_test(test_nothing_is_asked_without_a_case),
		cmocka_unit_test(test_xml),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
