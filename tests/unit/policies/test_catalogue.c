/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* catalogue: what it reads, what it finds, and each way in which a file can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/bits.h"
#include "core/buffer.h"
#include "policies/catalogue.h"
#include "policies/name_index.h"
#include "policies/words.h"

struct fixture {
	struct kp_arena arena;
	struct kp_findings findings;
	struct kp_catalogue *catalogue;
	enum kp_status status;
};

static void
load(struct fixture *fixture, const char *text)
{
	fixture->catalogue = NULL;
	kp_arena_init(&fixture->arena, (size_t)64 << 20, NULL);
	kp_findings_init(&fixture->findings, 20);
	fixture->status = kp_catalogue_load(&fixture->arena, "catalogus.json",
		kp_slice_from(text), &fixture->findings, &fixture->catalogue);
}

static void
unload(struct fixture *fixture)
{
	kp_findings_deinit(&fixture->findings);
	kp_arena_deinit(&fixture->arena);
}

#define SOURCES                                                                          \
	"\"bronnen\":[{\"naam\":\"brp\",\"titel\":\"BRP\",\"titelEn\":\"Persons\","      \
	"\"oin\":\"00000001234567890000\"},"                                             \
	"{\"naam\":\"uwv\",\"titel\":\"UWV\",\"titelEn\":\"UWV\"}]"
#define FIELD(path)                                                                      \
	"{\"pad\":\"" path "\",\"label\":\"L\",\"labelEn\":\"E\",\"soort\":\"tekst\"}"
#define SECTION(name, rest)                                                              \
	"{\"naam\":\"" name "\",\"label\":\"L\",\"labelEn\":\"E\"," rest "}"

static const char small[] =
	"{\"//\":\"klein\",\"versie\":\"1\"," SOURCES
	",\"rubrieken\":[" SECTION("persoon",
		"\"bronnen\":[\"brp\"],\"velden\":["
		"{\"pad\":\"naam.voornamen\",\"label\":\"Voornamen\","
		"\"labelEn\":\"First\","
		"\"soort\":\"tekst\",\"bronnen\":[\"brp\",\"uwv\"]}," FIELD(
			"naam.geslachtsnaam") ","
					      "{\"pad\":\"geboorte.datum\","
					      "\"label\":\"L\","
					      "\"labelEn\":\"E\",\"soort\":"
					      "\"datum\","
					      "\"gevoeligheid\":\"bijzonder\"}"
					      "]") "," SECTION("kinderen",
		"\"meervoudig\":true,\"sleutel\":\"nummer\",\"derde\":true,"
		"\"gevoeligheid\":\"gevoelig\",\"bronnen\":[\"uwv\",\"brp\"],"
		"\"velden\":[" FIELD("nummer") "," FIELD("naam.voornaam") "]") "]}";

static void
reads_sections_fields_and_cells(void **state)
{
	(void)state;
	struct fixture fixture;
	load(&fixture, small);
	assert_int_equal(fixture.status, KP_OK);
	const struct kp_catalogue *catalogue = fixture.catalogue;
	assert_int_equal(catalogue->source_count, 2);
	assert_int_equal(catalogue->section_count, 2);
	assert_int_equal(catalogue->field_count, 5);
	assert_int_equal(catalogue->cell_count, 8);
	assert_int_equal(catalogue->cell_words, 1);
	const struct kp_field *first = &catalogue->fields[0];
	assert_true(kp_slice_is(first->path, "persoon.naam.voornamen"));
	assert_true(kp_slice_is(first->pointer, "/persoon/naam/voornamen"));
	assert_int_equal(first->cell_count, 2);
	assert_int_equal(first->sensitivity, 1);
	assert_false(first->third_person);
	assert_int_equal(catalogue->fields[2].sensitivity, 4);
	assert_int_equal(catalogue->fields[2].type, KP_FIELD_DATE);
	const struct kp_field *child = &catalogue->fields[4];
	assert_true(kp_slice_is(child->pointer, "/naam/voornaam"));
	assert_true(child->third_person);
	assert_int_equal(child->sensitivity, 2);
	/* Order of authority: the section's own. */
	assert_int_equal(catalogue->cells[child->first_cell].source, 1);
	assert_int_equal(catalogue->sections[1].key_field, 3);
	assert_int_equal(catalogue->sections[0].key_field, KP_NO_ID);
	assert_int_equal(catalogue->sections[1].first_field, 3);
	unload(&fixture);
}

static void
finds_by_name(void **state)
{
	(void)state;
	struct fixture fixture;
	load(&fixture, small);
	const struct kp_catalogue *catalogue = fixture.catalogue;
	uint32_t uwv = kp_catalogue_find_source(catalogue, KP_SLICE("uwv"));
	uint32_t field =
		kp_catalogue_find_field(catalogue, KP_SLICE("persoon.naam.voornamen"));
	assert_int_equal(uwv, 1);
	assert_int_equal(field, 0);
	assert_int_equal(kp_catalogue_find_cell(catalogue, field, uwv), 1);
	assert_int_equal(kp_catalogue_find_cell(catalogue, 1, uwv), KP_NO_ID);
	assert_int_equal(kp_catalogue_find_cell(catalogue, 99, uwv), KP_NO_ID);
	assert_int_equal(kp_catalogue_find_section(catalogue, KP_SLICE("kinderen")), 1);
	assert_int_equal(
		kp_catalogue_find_section(catalogue, KP_SLICE("kind")), KP_NO_ID);
	assert_int_equal(
		kp_catalogue_find_field(catalogue, KP_SLICE("persoon.naam")), KP_NO_ID);
	unload(&fixture);
}

static void
selects_at_and_below_a_path(void **state)
{
	(void)state;
	struct fixture fixture;
	load(&fixture, small);
	static const struct {
		const char *path;
		bool found;
		uint64_t fields;
	} cases[] = {
		{"persoon", true, 0x7},
		{"persoon.naam", true, 0x3},
		{"persoon.naam.voornamen", true, 0x1},
		{"persoon.na", false, 0},
		{"persoon.naam.voornamen.x", false, 0},
		{"persoo", false, 0},
		{"", false, 0},
		{".", false, 0},
		{"kinderen.naam", true, 0x10},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		uint64_t fields = 0;
		assert_int_equal(kp_catalogue_select(fixture.catalogue,
					 kp_slice_from(cases[i].path), &fields),
			cases[i].found);
		assert_int_equal(fields, cases[i].fields);
	}
	assert_true(kp_slice_is(
		kp_catalogue_nearest(fixture.catalogue, KP_SLICE("persoon.nam")),
		"persoon.naam"));
	assert_true(
		kp_slice_is(kp_catalogue_nearest(fixture.catalogue, KP_SLICE("kindren")),
			"kinderen"));
	assert_null(kp_catalogue_nearest(fixture.catalogue, KP_SLICE("schulden")).data);
	unload(&fixture);
}

static void
reports_all_faults_at_once(void **state)
{
	(void)state;
	struct fixture fixture;
	load(&fixture,
		"{\"versi\":\"1\"," SOURCES ",\"rubrieken\":[" SECTION("persoon",
			"\"bronnen\":[\"brp\",\"uvw\"],\"sleutel\":\"a\",\"velden\":["
			"{\"pad\":\"a "
			"b\",\"label\":\"L\",\"labelEn\":\"E\",\"soort\":\"dtum\"}"
			"," FIELD("naam") "," FIELD(
				"naam.voornamen") "]") "," SECTION("persoon",
			"\"velden\":[]") "]}");
	assert_int_equal(fixture.status, KP_E_CONFIG);
	static const char *const expected[] = {
		"/versi: unknown member 'versi'; meant is 'versie'?",
		"member 'versie' is missing",
		"/rubrieken/0/bronnen: unknown source 'uvw'; meant is 'uwv'?",
		"/rubrieken/0/velden/0/soort: \"dtum\" is not allowed; meant is "
		"\"datum\"?",
		"/rubrieken/0/velden/0/pad: 'a b' must be names joined by dots",
		"/rubrieken/0/velden/2: 'persoon.naam.voornamen' stands here already",
		"/rubrieken/0/sleutel: only a list",
		"/rubrieken/1: section 'persoon' stands here twice",
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(expected); i++) {
		char text[512];
		assert_true(i < fixture.findings.count);
		kp_error_text(&fixture.findings.items[i], text, sizeof(text));
		if (strstr(text, expected[i]) == NULL) {
			fail_msg("finding %zu is '%s'", i, text);
		}
		assert_non_null(strstr(text, "catalogus.json:1:"));
	}
	assert_int_equal(fixture.findings.count, KP_ARRAY_LEN(expected));
	unload(&fixture);
}

static void
refuses_what_cannot_work(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{"[]", "must be an object, not a list"},
		{"{\"versie\":\"1\"," SOURCES "}", "member 'rubrieken' is missing"},
		{"{\"versie\":\"1\"," SOURCES
		 ",\"rubrieken\":[" SECTION("a", "\"velden\":[" FIELD("b") "]") "]}",
			"no source supplies this field"},
		{"{\"versie\":\"1\"," SOURCES ",\"rubrieken\":[" SECTION(
			 "a", "\"bronnen\":[\"brp\"],\"velden\":[]") "]}",
			"a section needs at least one field"},
		{"{\"versie\":\"1\"," SOURCES ",\"rubrieken\":[" SECTION("a",
			 "\"meervoudig\":true,\"sleutel\":\"c\",\"bronnen\":[\"brp\"],"
			 "\"velden\":[" FIELD("b") "]") "]}",
			"'c' is not a field of this section"},
		{"{\"versie\":\"1\",\"bronnen\":[{\"naam\":\"b\",\"titel\":\"B\","
		 "\"titelEn\":\"B\",\"oin\":\"123\"}],\"rubrieken\":[]}",
			"'123' must be an OIN of 20 digits"},
		{"{\"versie\":\"1\",\"bronnen\":[],\"rubrieken\":[1]}",
			"must be an object, not a whole number"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct fixture fixture;
		load(&fixture, cases[i].text);
		assert_int_equal(fixture.status, KP_E_CONFIG);
		assert_true(fixture.findings.count > 0);
		bool found = false;
		for (size_t j = 0; j < fixture.findings.count; j++) {
			found |= strstr(fixture.findings.items[j].message,
					 cases[i].expected) != NULL;
		}
		if (!found) {
			fail_msg("case %zu: '%s'", i, fixture.findings.items[0].message);
		}
		unload(&fixture);
	}
}

static void
bounds_the_number_of_fields(void **state)
{
	(void)state;
	for (unsigned count = KP_CATALOGUE_FIELDS_MAX;
		count <= KP_CATALOGUE_FIELDS_MAX + 1; count++) {
		struct kp_arena arena;
		kp_arena_init(&arena, (size_t)16 << 20, NULL);
		struct kp_buffer buffer;
		kp_buffer_init(&buffer, &arena, (size_t)4 << 20);
		KP_BUFFER_ADD(&buffer,
			"{\"versie\":\"1\"," SOURCES
			",\"rubrieken\":[{\"naam\":\"a\",\"label\":\"L\","
			"\"labelEn\":\"E\",\"bronnen\":[\"brp\"],\"velden\":[");
		for (unsigned i = 0; i < count; i++) {
			kp_buffer_printf(&buffer,
				"%s{\"pad\":\"f%u\",\"label\":\"L\",\"labelEn\":\"E\","
				"\"soort\":\"tekst\"}",
				i == 0 ? "" : ",", i);
		}
		kp_buffer_add(&buffer, "]}]}", sizeof("]}]}"));
		assert_false(buffer.failed);
		struct fixture fixture;
		load(&fixture, buffer.data);
		assert_int_equal(fixture.status,
			count <= KP_CATALOGUE_FIELDS_MAX ? KP_OK : KP_E_CONFIG);
		if (count > KP_CATALOGUE_FIELDS_MAX) {
			assert_string_equal(fixture.findings.items[0].message,
				"this field is above the limit of 4096 fields");
		}
		unload(&fixture);
		kp_arena_deinit(&arena);
	}
}

static void
survives_every_lack_of_memory(void **state)
{
	(void)state;
	enum kp_status status = KP_E_MEMORY;
	for (size_t limit = 0; status == KP_E_MEMORY; limit += 64) {
		struct kp_arena arena;
		kp_arena_init(&arena, limit, NULL);
		struct kp_findings findings;
		kp_findings_init(&findings, 10);
		struct kp_catalogue *catalogue;
		status = kp_catalogue_load(
			&arena, "c", kp_slice_from(small), &findings, &catalogue);
		assert_true(status == KP_OK || status == KP_E_MEMORY ||
			(status == KP_E_CONFIG && kp_findings_any(&findings)));
		status = status == KP_E_CONFIG ? KP_E_MEMORY : status;
		kp_findings_deinit(&findings);
		kp_arena_deinit(&arena);
	}
	assert_int_equal(status, KP_OK);
}

static void
knows_days(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool valid;
		int64_t ms;
	} cases[] = {
		{"1970-01-01", true, 0},
		{"2027-06-01", true, 1811808000000},
		{"2024-02-29", true, 1709164800000},
		{"2000-02-29", true, 951782400000},
		{"2100-02-29", false, 0},
		{"2023-02-29", false, 0},
		{"2027-13-01", false, 0},
		{"2027-00-01", false, 0},
		{"2027-04-31", false, 0},
		{"2027-6-1", false, 0},
		{"2027/06/01", false, 0},
		{"20270601", false, 0},
		{"2027-06-0x", false, 0},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		int64_t ms = 0;
		assert_int_equal(kp_words_parse_date(kp_slice_from(cases[i].text), &ms),
			cases[i].valid);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void
loads_the_shipped_catalogue(void **state)
{
	(void)state;
	struct fixture fixture;
	FILE *file = fopen(KP_SOURCE_DIR "/policies/voorbeeld/catalogus.json", "rb");
	assert_non_null(file);
	static char text[1 << 18];
	size_t len = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[len] = '\0';
	load(&fixture, text);
	for (size_t i = 0; i < fixture.findings.count; i++) {
		print_error("%s\n", fixture.findings.items[i].message);
	}
	assert_int_equal(fixture.status, KP_OK);
	assert_true(fixture.catalogue->section_count >= 20);
	static const char *const third[] = {"partner.naam.geslachtsnaam",
		"kinderen.geboorte.datum", "medebewoners.relatie"};
	for (size_t i = 0; i < KP_ARRAY_LEN(third); i++) {
		uint32_t id = kp_catalogue_find_field(
			fixture.catalogue, kp_slice_from(third[i]));
		assert_int_not_equal(id, KP_NO_ID);
		assert_true(fixture.catalogue->fields[id].third_person);
	}
	unload(&fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sections_fields_and_cells),
		cmocka_unit_test(finds_by_name),
		cmocka_unit_test(selects_at_and_below_a_path),
		cmocka_unit_test(reports_all_faults_at_once),
		cmocka_unit_test(refuses_what_cannot_work),
		cmocka_unit_test(bounds_the_number_of_fields),
		cmocka_unit_test(survives_every_lack_of_memory),
		cmocka_unit_test(knows_days),
		cmocka_unit_test(loads_the_shipped_catalogue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
