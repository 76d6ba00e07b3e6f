/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* bundle: what each refusal says, what the version depends on, and what lack of memory
 * does. */
#include "bundle_rig.h"

static uint32_t
cell_of(const struct set *set, const char *path, const char *source)
{
	const struct kp_catalogue *catalogue = kp_bundle_catalogue(set->bundle);
	uint32_t cell = kp_catalogue_find_cell(catalogue,
		kp_catalogue_find_field(catalogue, kp_slice_from(path)),
		kp_catalogue_find_source(catalogue, kp_slice_from(source)));
	assert_int_not_equal(cell, KP_NO_ID);
	return cell;
}

static void
assert_reason(const struct set *set, const struct asked *asked, const char *path,
	const char *source, enum kp_refusal code, const char *rule)
{
	uint32_t cell = cell_of(set, path, source);
	struct kp_reason reason;
	kp_bundle_reason(set->bundle, &asked->decision, cell, &reason);
	if (reason.code != code || !kp_slice_is(reason.rule, rule)) {
		fail_msg("%s@%s: code %d, rule '%.*s'", path, source, (int)reason.code,
			KP_SLICE_ARG(reason.rule));
	}
	assert_int_equal(
		kp_bits_has(asked->decision.cells, cell), code == KP_REFUSAL_NONE);
}

static void
says_why_a_cell_is_refused(void **state)
{
	(void)state;
	struct set set;
	load_good(&set);
	struct asked asked = {0};
	ask(&set, "intake", "intake", &asked);
	assert_true(asked.decision.any);
	assert_reason(&set, &asked, "persoon.naam.voornaam", "uwv", KP_REFUSAL_NONE, "");
	assert_reason(&set, &asked, "partner.naam", "brp", KP_REFUSAL_NO_RULE, "");
	assert_reason(
		&set, &asked, "persoon.geboorte", "brp", KP_REFUSAL_GRANT_OVERDUE, "oud");
	/* Nobody grants it to this role: that a rule forbids it as well is not the
	 * reason. */
	assert_reason(&set, &asked, "werk.ziekte", "uwv", KP_REFUSAL_NO_RULE, "");
	struct asked manager = {0};
	ask(&set, "manager", "intake", &manager);
	assert_reason(&set, &manager, "werk.loon", "uwv", KP_REFUSAL_PARTNER, "uwv-loon");
	assert_reason(&set, &manager, "werk.loon", "brp", KP_REFUSAL_ERROR, "rekenfout");
	assert_reason(&set, &manager, "werk.ziekte", "brp", KP_REFUSAL_FORBIDDEN,
		"geen-ziekte");
	struct asked reasoned = {.facts.reason_given = true};
	ask(&set, "manager", "intake", &reasoned);
	assert_reason(&set, &reasoned, "werk.loon", "uwv", KP_REFUSAL_CONDITION, "werk");
	struct asked in_case = {.facts.reason_given = true, .facts.has_case = true};
	ask(&set, "manager", "intake", &in_case);
	assert_reason(&set, &in_case, "werk.loon", "uwv", KP_REFUSAL_NONE, "");
	assert_reason(&set, &in_case, "werk.loon", "brp", KP_REFUSAL_ERROR, "rekenfout");
	struct kp_reason reason;
	kp_bundle_reason(set.bundle, &in_case.decision, 9999, &reason);
	assert_int_equal(reason.code, KP_REFUSAL_NO_RULE);
	set_end(&set);
}

static struct kp_slice
version_with(struct set *set, const char *file, const char *text)
{
	struct set other;
	small_begin(&other);
	set_file(&other, "regels/r.cedar", good_rules);
	if (file != NULL) {
		set_file(&other, file, text);
	}
	set_load(&other, 1);
	set_print_findings(&other);
	assert_int_equal(other.status, KP_OK);
	struct kp_slice version =
		kp_arena_copy(&set->arena, kp_bundle_version(other.bundle));
	set_end(&other);
	return version;
}

static void
the_version_is_of_the_content(void **state)
{
	(void)state;
	struct set set;
	set_begin(&set);
	struct kp_slice plain = version_with(&set, NULL, NULL);
	assert_true(kp_slice_starts(plain, KP_SLICE("sha256:")));
	assert_int_equal(plain.len, strlen("sha256:") + 64);
	/* Spaces, order of members and comments do not count. */
	assert_true(kp_slice_equal(plain,
		version_with(&set, KP_FILE_PROFILES,
			"{\n\"//\":\"x\", \"profielen\" "
			":[{\"labelEn\":\"N\",\"id\":\"naam\","
			"\"label\":\"N\", \"velden\":[\"persoon.naam\"]}]}")));
	char *rules = kp_arena_printf(&set.arena, "// x\n\n%s", good_rules);
	assert_true(kp_slice_equal(plain, version_with(&set, "regels/r.cedar", rules)));
	assert_true(kp_slice_equal(plain, version_with(&set, "README.md", "for people")));
	const char *schema =
		set_read_file(&set, KP_SOURCE_DIR "/policies/voorbeeld/" KP_FILE_SCHEMA);
	assert_true(kp_slice_equal(plain,
		version_with(&set, KP_FILE_SCHEMA,
			kp_arena_printf(&set.arena, "// x\n  %s", schema))));
	assert_false(kp_slice_equal(plain,
		version_with(&set, KP_FILE_SCHEMA,
			kp_arena_printf(&set.arena, "%s entity Extra;", schema))));
	/* Anything else does. */
	static const struct {
		const char *file;
		const char *text;
	} changed[] = {
		{KP_FILE_PROFILES,
			"{\"profielen\":[{\"id\":\"naam\",\"label\":\"N\",\"labelEn\":"
			"\"N\","
			"\"velden\":[\"persoon\"]}]}"},
		{"regels/more.cedar",
			CARD("x", "alle", "2027-01-01") "forbid(principal, "
							"action, resource "
							"in "
							"Rubriek::"
							"\"werk\");"},
		{KP_FILE_TESTS, "{\"proeven\":[]}"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(changed); i++) {
		assert_false(kp_slice_equal(
			plain, version_with(&set, changed[i].file, changed[i].text)));
	}
	char *later = kp_arena_strdup(&set.arena, good_rules);
	strstr(later, "2027-01-01")[3] = '8';
	assert_false(kp_slice_equal(plain, version_with(&set, "regels/r.cedar", later)));
	set_end(&set);
}

struct overdue_list {
	struct kp_overdue items[4];
	uint32_t count;
};

static void
on_overdue(void *ctx, const struct kp_overdue *overdue)
{
	struct overdue_list *list = ctx;
	assert_true(list->count < 4);
	list->items[list->count++] = *overdue;
}

static void
tells_what_is_overdue(void **state)
{
	(void)state;
	struct set set;
	load_good(&set);
	/* A forbid keeps forbidding, so it is not on the list. */
	assert_int_equal(kp_bundle_overdue_at_load(set.bundle), 1);
	struct overdue_list list = {.count = 0};
	assert_int_equal(kp_bundle_overdue(set.bundle, NOW_MS, on_overdue, &list), 1);
	assert_int_equal(list.count, 1);
	assert_false(list.items[0].purpose);
	assert_true(kp_slice_is(list.items[0].id, "oud"));
	assert_true(kp_slice_is(list.items[0].owner, "e"));
	assert_int_equal(kp_bundle_overdue(set.bundle, 1798761600000, NULL, NULL), 5 + 4);
	set_end(&set);
}

static void
finds_purposes_and_profiles(void **state)
{
	(void)state;
	struct set set;
	load_good(&set);
	assert_non_null(kp_bundle_find_purpose(set.bundle, KP_SLICE("fraude")));
	assert_null(kp_bundle_find_purpose(set.bundle, KP_SLICE("wet-a")));
	const uint64_t *fields = NULL;
	assert_true(kp_bundle_find_profile(set.bundle, KP_SLICE("naam"), &fields));
	assert_int_equal(fields[0], 3);
	assert_false(kp_bundle_find_profile(set.bundle, KP_SLICE("nam"), &fields));
	struct kp_bundle *second = kp_bundle_ref(set.bundle);
	kp_bundle_unref(&second);
	assert_null(second);
	kp_bundle_unref(&second);
	assert_true(kp_slice_starts(kp_bundle_version(set.bundle), KP_SLICE("sha256:")));
	set_end(&set);
}

/* A table that says more than the rules: the comparison must find it and shut. */
static void
a_wrong_table_permits_nothing(void **state)
{
	(void)state;
	struct set set;
	load_good(&set);
	const struct kp_compiled *compiled = &set.bundle->compiled;
	for (uint32_t i = 1; i < compiled->row_count; i++) {
		const struct kp_row *row = &compiled->rows[i];
		for (uint32_t j = 0; j < row->permit_count; j++) {
			uint64_t *cells = (uint64_t *)(uintptr_t)row->entries[j].cells;
			cells[0] |= (uint64_t)1 << cell_of(&set, "partner.naam", "brp");
		}
	}
	struct asked asked = {0};
	ask(&set, "intake", "intake", &asked);
	assert_true(asked.decision.checked);
	assert_false(asked.decision.any);
	assert_int_equal(asked.decision.refusal, KP_REFUSAL_ERROR);
	uint64_t checked;
	uint64_t different;
	kp_bundle_shadow_counts(set.bundle, &checked, &different);
	assert_int_equal(checked, 1);
	assert_int_equal(different, 1);
	set_end(&set);
}

static void
compares_every_so_many(void **state)
{
	(void)state;
	struct set set;
	small_begin(&set);
	set_file(&set, "regels/r.cedar", good_rules);
	set_load(&set, 5);
	assert_int_equal(set.status, KP_OK);
	unsigned compared = 0;
	for (int i = 0; i < 50; i++) {
		struct asked asked = {0};
		ask(&set, "intake", "intake", &asked);
		compared += asked.decision.checked ? 1 : 0;
	}
	assert_int_equal(compared, 10);
	uint64_t checked;
	uint64_t different;
	kp_bundle_shadow_counts(set.bundle, &checked, &different);
	assert_int_equal(checked, 10);
	assert_int_equal(different, 0);
	set_end(&set);
}

static void
permits_nothing_without_memory(void **state)
{
	(void)state;
	struct set set;
	load_good(&set);
	uint32_t cell = cell_of(&set, "partner.naam", "brp");
	for (size_t limit = 0; limit < 8192; limit += 16) {
		struct kp_arena arena;
		kp_arena_init(&arena, limit, NULL);
		struct kp_slice role = KP_SLICE("intake");
		struct kp_facts facts = {.purpose = KP_SLICE("intake"),
			.organisation = KP_SLICE(OIN_A),
			.roles = &role,
			.role_count = 1,
			.employee = KP_SLICE("m1"),
			.now_ms = NOW_MS};
		struct kp_decision decision;
		enum kp_status status =
			kp_bundle_decide(set.bundle, &facts, &arena, &decision);
		assert_true(status == KP_OK || status == KP_E_MEMORY);
		assert_true(status != KP_OK || !kp_bits_has(decision.cells, cell));
		kp_arena_deinit(&arena);
	}
	set_end(&set);
}

static void
survives_every_lack_of_memory(void **state)
{
	(void)state;
	struct set set;
	small_begin(&set);
	set_file(&set, "regels/r.cedar", good_rules);
	unsigned tries = 0;
	for (size_t limit = 64; set.bundle == NULL; limit += 499, tries++) {
		const struct kp_bundle_options options = {
			.digest = set_digest, .now_ms = NOW_MS, .bytes_max = limit};
		enum kp_status status = kp_bundle_create(
			set.files, set.count, &options, &set.findings, &set.bundle);
		assert_true((status == KP_OK) == (set.bundle != NULL));
		assert_true(status != KP_E_CONFIG || kp_findings_any(&set.findings));
		assert_true(limit < (size_t)4 << 20);
	}
	assert_true(tries > 100);
	set_end(&set);
}

struct worker {
	struct kp_bundle *bundle; /* its own reference */
	unsigned permitted;
};

static void *
decide_often(void *argument)
{
	struct worker *worker = argument;
	for (int i = 0; i < 2000; i++) {
		struct kp_arena arena;
		kp_arena_init(&arena, (size_t)1 << 20, NULL);
		struct kp_slice role = KP_SLICE("manager");
		const struct kp_facts facts = {.purpose = KP_SLICE("intake"),
			.employee = KP_SLICE("jan"),
			.organisation = KP_SLICE(OIN_A),
			.roles = &role,
			.role_count = 1,
			.has_case = i % 2 == 0,
			.reason_given = true,
			.now_ms = NOW_MS};
		struct kp_decision decision;
		if (kp_bundle_decide(worker->bundle, &facts, &arena, &decision) ==
			KP_OK) {
			worker->permitted += decision.any ? 1 : 0;
		}
		kp_arena_deinit(&arena);
	}
	kp_bundle_unref(&worker->bundle);
	return NULL;
}

static void
decides_in_several_threads(void **state)
{
	(void)state;
	struct set set;
	small_begin(&set);
	set_file(&set, "regels/r.cedar", good_rules);
	set_load(&set, 3);
	assert_int_equal(set.status, KP_OK);
	struct worker workers[4];
	pthread_t threads[4];
	for (size_t i = 0; i < 4; i++) {
		workers[i] = (struct worker){kp_bundle_ref(set.bundle), 0};
		assert_int_equal(
			pthread_create(&threads[i], NULL, decide_often, &workers[i]), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(workers[i].permitted, 1000);
	}
	uint64_t checked;
	uint64_t different;
	kp_bundle_shadow_counts(set.bundle, &checked, &different);
	assert_int_equal(checked, 8000 / 3);
	assert_int_equal(different, 0);
	set_end(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_why_a_cell_is_refused),
		cmocka_unit_test(the_version_is_of_the_content),
		cmocka_unit_test(tells_what_is_overdue),
		cmocka_unit_test(finds_purposes_and_profiles),
		cmocka_unit_test(a_wrong_table_permits_nothing),
		cmocka_unit_test(compares_every_so_many),
		cmocka_unit_test(permits_nothing_without_memory),
		cmocka_unit_test(survives_every_lack_of_memory),
		cmocka_unit_test(decides_in_several_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
