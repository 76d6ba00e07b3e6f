/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* registers: what they read, and each way in which one can be wrong. */
#include "small_set.h"

struct fixture {
	struct kp_arena arena;
	struct kp_findings findings;
	struct kp_registers registers;
};

static void
begin(struct fixture *fixture)
{
	*fixture = (struct fixture){0};
	kp_arena_init(&fixture->arena, (size_t)16 << 20, NULL);
	kp_findings_init(&fixture->findings, 50);
}

static void
end(struct fixture *fixture)
{
	kp_findings_deinit(&fixture->findings);
	kp_arena_deinit(&fixture->arena);
}

typedef enum kp_status (*load_fn)(struct kp_arena *, const char *, struct kp_slice,
	struct kp_findings *, struct kp_registers *);

static void
assert_findings(struct fixture *fixture, const char *const *expected, size_t count)
{
	for (size_t i = 0; i < fixture->findings.count || i < count; i++) {
		char text[512] = "nothing";
		if (i < fixture->findings.count) {
			kp_error_text(&fixture->findings.items[i], text, sizeof(text));
		}
		if (i >= count || strstr(text, expected[i]) == NULL) {
			fail_msg("finding %zu is '%s'", i, text);
		}
	}
}

static void
check(load_fn load, const char *text, const char *const *expected, size_t count)
{
	struct fixture fixture;
	begin(&fixture);
	enum kp_status status = load(&fixture.arena, "x.json", kp_slice_from(text),
		&fixture.findings, &fixture.registers);
	assert_findings(&fixture, expected, count);
	assert_int_equal(status, count > 0 ? KP_E_CONFIG : KP_OK);
	end(&fixture);
}

static void
reads_purposes(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	assert_int_equal(kp_registers_load_purposes(&fixture.arena, "doelen.json",
				 kp_slice_from(SMALL_PURPOSES), &fixture.findings,
				 &fixture.registers),
		KP_OK);
	const struct kp_registers *registers = &fixture.registers;
	assert_int_equal(registers->law_count, 2);
	assert_int_equal(registers->purpose_count, 5);
	assert_true(registers->purposes[4].machine_only);
	assert_false(registers->purposes[1].machine_only);
	const struct kp_purpose *toets = &registers->purposes[1];
	assert_true(kp_slice_is(toets->id, "toets"));
	assert_true(kp_slice_is(toets->parent, "intake"));
	assert_true(kp_slice_is(toets->ground, "art. 1"));
	assert_true(kp_slice_is(toets->activity_uri, "urn:x:toets"));
	assert_true(toets->caseload_required);
	assert_false(toets->opt_out);
	assert_int_equal(toets->retention_days, 365);
	assert_int_equal(toets->valid_from_ms, 1767225600000);
	assert_int_equal(toets->review_ms, 1798761600000);
	assert_true(registers->purposes[2].confidential);
	assert_true(registers->purposes[3].opt_out);
	end(&fixture);
}

static void
refuses_wrong_purposes(void **state)
{
	(void)state;
	static const char *const expected[] = {
		"/doelen/0/herzien: '2027-02-30' must be a day",
		"/doelen/0/verwerking: must be a URI",
		"/doelen/0/bewaartermijnDagen: 0 is below the limit 1",
		"/doelen/1: member 'grondslag' is missing",
		"/doelen/1: 'w' is the id of a law already",
		"/doelen/2: 'p' stands here twice",
		"/doelen/0/onder: unknown law or purpose 'wt'; meant is 'w'?",
	};
	check(kp_registers_load_purposes,
		"{\"wetten\":[{\"id\":\"w\",\"naam\":\"N\",\"naamEn\":\"N\"}],\"doelen\":"
		"["
		"{\"id\":\"p\",\"naam\":\"N\",\"naamEn\":\"N\",\"grondslag\":\"g\","
		"\"verwerking\":\"no uri\",\"onder\":\"wt\",\"eigenaar\":\"E\","
		"\"werkvoorraadVereist\":true,\"bewaartermijnDagen\":0,"
		"\"geldigVanaf\":\"2026-01-01\",\"herzien\":\"2027-02-30\"},"
		"{\"id\":\"w\",\"naam\":\"N\",\"naamEn\":\"N\",\"verwerking\":\"urn:x\","
		"\"onder\":\"w\",\"eigenaar\":\"E\",\"werkvoorraadVereist\":true,"
		"\"bewaartermijnDagen\":1,\"geldigVanaf\":\"2026-01-01\","
		"\"herzien\":\"2027-01-01\"}," SMALL_PURPOSE(
			"p", "w", "\"werkvoorraadVereist\":false") "]}",
		expected, KP_ARRAY_LEN(expected));
	static const char *const circle[] = {"/doelen/0/onder: 'a' stands under itself",
		"/doelen/1/onder: 'b' stands under itself"};
	check(kp_registers_load_purposes,
		"{\"wetten\":[],\"doelen\":[" SMALL_PURPOSE(
			"a", "b", "\"werkvoorraadVereist\":false") "," SMALL_PURPOSE("b",
			"a", "\"werkvoorraadVereist\":false") "]}",
		circle, KP_ARRAY_LEN(circle));
	static const char *const missing[] = {
		"member 'wetten' is missing", "member 'doelen' is missing"};
	check(kp_registers_load_purposes, "{}", missing, KP_ARRAY_LEN(missing));
}

static void
reads_organisations(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	assert_int_equal(kp_registers_load_organisations(&fixture.arena, "o.json",
				 kp_slice_from(SMALL_ORGANISATIONS), &fixture.findings,
				 &fixture.registers),
		KP_OK);
	const struct kp_registers *registers = &fixture.registers;
	assert_int_equal(registers->organisation_count, 3);
	assert_int_equal(registers->organisations[0].parent, KP_NO_ID);
	assert_int_equal(registers->organisations[1].parent, 2);
	assert_int_equal(registers->organisations[2].kind, 1);
	assert_int_equal(registers->organisations[2].mandate_count, 1);
	assert_int_equal(registers->organisations[2].mandates[0], 0);
	end(&fixture);
}

static void
refuses_wrong_organisations(void **state)
{
	(void)state;
	static const char *const expected[] = {
		"/soorten/1/y: unknown member 'y'",
		"/organisaties/0/soort: unknown kind of organisation 'gemente'; meant is "
		"'gemeente'?",
		"/organisaties/1/oin: '123' must be an OIN of 20 digits",
		"/organisaties/3: '" OIN_B "' stands here twice",
		"/organisaties/4/x: unknown member 'x'",
		"/organisaties/0/onder: stands under itself",
		"/organisaties/2/mandaten: unknown organisation '00000001000000009000'",
	};
	check(kp_registers_load_organisations,
		"{\"soorten\":[{\"id\":\"gemeente\",\"naam\":\"G\",\"naamEn\":\"M\"},"
		"{\"id\":\"uwv\",\"naam\":\"U\",\"naamEn\":\"U\",\"y\":1}],"
		"\"organisaties\":["
		"{\"oin\":\"" OIN_A
		"\",\"naam\":\"A\",\"soort\":\"gemente\",\"onder\":\"" OIN_A "\"},"
		"{\"oin\":\"123\",\"naam\":\"A\",\"soort\":\"gemeente\"},"
		"{\"oin\":\"" OIN_B "\",\"naam\":\"A\",\"soort\":\"gemeente\","
		"\"mandaten\":[\"00000001000000009000\"]},"
		"{\"oin\":\"" OIN_B "\",\"naam\":\"A\",\"soort\":\"gemeente\"},"
		"{\"oin\":\"" OIN_C "\",\"naam\":\"A\",\"soort\":\"gemeente\",\"x\":1}]}",
		expected, KP_ARRAY_LEN(expected));
}

static void
reads_and_refuses_roles(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	assert_int_equal(kp_registers_load_organisations(&fixture.arena, "o.json",
				 kp_slice_from(SMALL_ORGANISATIONS), &fixture.findings,
				 &fixture.registers),
		KP_OK);
	assert_int_equal(kp_registers_load_roles(&fixture.arena, "r.json",
				 kp_slice_from(SMALL_ROLES), &fixture.findings,
				 &fixture.registers),
		KP_OK);
	assert_int_equal(fixture.registers.roles[0].kinds, 3);
	assert_true(fixture.registers.roles[0].stackable);
	assert_int_equal(fixture.registers.roles[2].kinds, 1);
	assert_false(fixture.registers.roles[2].stackable);
	fixture.registers.role_count = 0;
	assert_int_equal(
		kp_registers_load_roles(&fixture.arena, "r.json",
			KP_SLICE("{\"rollen\":[{\"id\":\"Rol\",\"label\":\"L\","
				 "\"labelEn\":\"L\",\"organisatiesoorten\":[\"uwv\"]"
				 "}],\"x\":1}"),
			&fixture.findings, &fixture.registers),
		KP_E_CONFIG);
	static const char *const expected[] = {
		"/x: unknown member 'x'",
		"/rollen/0: member 'stapelbaar' is missing",
		"/rollen/0/organisatiesoorten: unknown kind of organisation 'uwv'",
		"/rollen/0/id: 'Rol' must be lower-case letters",
	};
	assert_findings(&fixture, expected, KP_ARRAY_LEN(expected));
	end(&fixture);
}

static void
reads_and_refuses_profiles(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	struct kp_catalogue *catalogue;
	assert_int_equal(
		kp_catalogue_load(&fixture.arena, "c", kp_slice_from(SMALL_CATALOGUE),
			&fixture.findings, &catalogue),
		KP_OK);
	assert_int_equal(kp_registers_load_profiles(&fixture.arena, "p.json",
				 kp_slice_from(SMALL_PROFILES), catalogue,
				 &fixture.findings, &fixture.registers),
		KP_OK);
	assert_int_equal(fixture.registers.profiles[0].fields[0], 3);
	assert_int_equal(
		kp_registers_load_profiles(&fixture.arena, "p.json",
			KP_SLICE("{\"profielen\":[{\"id\":\"a\",\"label\":\"L\","
				 "\"labelEn\":\"L\",\"velden\":[\"persoon.nam\",7]}]}"),
			catalogue, &fixture.findings, &fixture.registers),
		KP_E_CONFIG);
	static const char *const expected[] = {
		"/profielen/0/velden/0: unknown section or field 'persoon.nam'; meant is "
		"'persoon.naam'?",
		"/profielen/0/velden/1: must be a text",
	};
	assert_findings(&fixture, expected, KP_ARRAY_LEN(expected));
	end(&fixture);
}

static void
bounds_the_number_of_entries(void **state)
{
	(void)state;
	for (unsigned count = KP_ORGANISATION_KINDS_MAX;
		count <= KP_ORGANISATION_KINDS_MAX + 1; count++) {
		struct fixture fixture;
		begin(&fixture);
		struct kp_buffer buffer;
		kp_buffer_init(&buffer, &fixture.arena, 1 << 20);
		KP_BUFFER_ADD(&buffer, "{\"organisaties\":[],\"soorten\":[");
		for (unsigned i = 0; i < count; i++) {
			kp_buffer_printf(&buffer,
				"%s{\"id\":\"k%u\",\"naam\":\"K\",\"naamEn\":\"K\"}",
				i == 0 ? "" : ",", i);
		}
		KP_BUFFER_ADD(&buffer, "]}");
		enum kp_status status = kp_registers_load_organisations(&fixture.arena,
			"o.json", kp_buffer_slice(&buffer), &fixture.findings,
			&fixture.registers);
		bool fits = count <= KP_ORGANISATION_KINDS_MAX;
		assert_int_equal(status, fits ? KP_OK : KP_E_CONFIG);
		if (!fits) {
			static const char *const expected[] = {
				"/soorten: 65 entries is above the limit 64"};
			assert_findings(&fixture, expected, 1);
		}
		end(&fixture);
	}
}

static void
survives_every_lack_of_memory(void **state)
{
	(void)state;
	static const struct {
		load_fn load;
		const char *text;
	} cases[] = {
		{kp_registers_load_purposes, SMALL_PURPOSES},
		{kp_registers_load_organisations, SMALL_ORGANISATIONS},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		enum kp_status status = KP_E_MEMORY;
		for (size_t limit = 0; status != KP_OK; limit += 64) {
			struct kp_arena arena;
			kp_arena_init(&arena, limit, NULL);
			struct kp_findings findings;
			kp_findings_init(&findings, 4);
			struct kp_registers registers = {0};
			status = cases[i].load(&arena, "x", kp_slice_from(cases[i].text),
				&findings, &registers);
			assert_true(status != KP_E_CONFIG || kp_findings_any(&findings));
			kp_findings_deinit(&findings);
			kp_arena_deinit(&arena);
			assert_true(limit < (size_t)1 << 20);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_purposes),
		cmocka_unit_test(refuses_wrong_purposes),
		cmocka_unit_test(reads_organisations),
		cmocka_unit_test(refuses_wrong_organisations),
		cmocka_unit_test(reads_and_refuses_roles),
		cmocka_unit_test(reads_and_refuses_profiles),
		cmocka_unit_test(bounds_the_number_of_entries),
		cmocka_unit_test(survives_every_lack_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
