/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_test: see policy_test.h. */
#include "policies/policy_test.h"

#include <inttypes.h>

#include "core/bits.h"
#include "core/json_document.h"
#include "policies/words.h"

/* What a whole decision can be refused for, in the order of `refusals`. */
static const char *const refusal_words[] = {"doelOnbekend", "doelVerlopen",
	"organisatieOnbekend", "rolOnbekend", "rolNietVanOrganisatie", "rollenNietSamen",
	"bezwaar", "buitenWerkvoorraad", "geenMedewerker", "alleenMachine",
	"geenMandaat"};
static const enum kp_refusal refusals[] = {KP_REFUSAL_PURPOSE_UNKNOWN,
	KP_REFUSAL_PURPOSE_OVERDUE, KP_REFUSAL_ORGANISATION_UNKNOWN,
	KP_REFUSAL_ROLE_UNKNOWN, KP_REFUSAL_ROLE_ORGANISATION,
	KP_REFUSAL_ROLE_COMBINATION, KP_REFUSAL_OPTED_OUT, KP_REFUSAL_OUTSIDE_CASELOAD,
	KP_REFUSAL_NO_EMPLOYEE, KP_REFUSAL_MACHINE_ONLY, KP_REFUSAL_NO_MANDATE};

/* One run. Lifetime: the call. */
struct run {
	struct kp_arena *arena;
	const struct kp_bundle *bundle;
	struct kp_json_document document;
	struct kp_policy_test_run *result;
	bool broken; /* the file itself is wrong */
	bool failed; /* the test under way */
	bool no_memory;
};

/* One test, read. */
struct test {
	struct kp_slice name;
	struct kp_facts facts;
	size_t refusal; /* index; KP_ARRAY_LEN(refusals): none */
	const struct kp_json_node *expected_refusal;
	struct kp_decision decision;
	struct kp_asking asking;
};

static void
read_facts(struct run *run, const struct kp_json_node *node, struct kp_facts *facts)
{
	static const char *const members[] = {"inWerkvoorraad", "heeftZaak",
		"zaakGenoemd", "redenGegeven", "bezwaar", "zelf"};
	const struct kp_json_document *doc = &run->document;
	const struct kp_json_node *object =
		kp_json_get_object(doc, node, "feiten", KP_JSON_OPTIONAL);
	if (object == NULL) {
		return;
	}
	(void)kp_json_expect_members(doc, object, members, KP_ARRAY_LEN(members));
	bool named = false;
	bool *const values[] = {&facts->in_caseload, &facts->has_case, &named,
		&facts->reason_given, &facts->opted_out, &facts->self};
	for (size_t i = 0; i < KP_ARRAY_LEN(members); i++) {
		(void)kp_json_get_boolean(
			doc, object, members[i], KP_JSON_OPTIONAL, values[i]);
	}
	facts->case_id = named ? KP_SLICE("proef") : (struct kp_slice){0};
}

/* Unless the test says so itself, a person asks, and for a machine-only purpose none. */
static struct kp_slice
who_asks(struct run *run, const struct kp_json_node *node, struct kp_slice id)
{
	const struct kp_purpose *purpose = kp_bundle_find_purpose(run->bundle, id);
	bool person = purpose == NULL || !purpose->machine_only;
	(void)kp_json_get_boolean(
		&run->document, node, "medewerker", KP_JSON_OPTIONAL, &person);
	return person ? KP_SLICE("proef") : (struct kp_slice){0};
}

static void
read_test(struct run *run, const struct kp_json_node *node, struct test *test)
{
	static const char *const members[] = {"naam", "organisatie", "namens", "rollen",
		"medewerker", "actie", "doel", "feiten", "datum", "mag", "magNiet",
		"geweigerd"};
	const struct kp_json_document *doc = &run->document;
	struct kp_facts *facts = &test->facts;
	const char *actions[KP_ACTION_COUNT];
	for (unsigned i = 0; i < KP_ACTION_COUNT; i++) {
		actions[i] = kp_action_name((enum kp_action)i);
	}
	(void)kp_json_expect_members(doc, node, members, KP_ARRAY_LEN(members));
	(void)kp_json_get_text(doc, node, "naam", KP_JSON_REQUIRED, &test->name);
	(void)kp_json_get_text(
		doc, node, "organisatie", KP_JSON_REQUIRED, &facts->organisation);
	(void)kp_json_get_text(
		doc, node, "namens", KP_JSON_OPTIONAL, &facts->on_behalf_of);
	(void)kp_json_get_text(doc, node, "doel", KP_JSON_REQUIRED, &facts->purpose);
	(void)kp_words_get_date(doc, node, "datum", KP_JSON_REQUIRED, &facts->now_ms);
	size_t action = KP_ACTION_READ;
	(void)kp_json_get_choice(
		doc, node, "actie", KP_JSON_OPTIONAL, actions, KP_ACTION_COUNT, &action);
	facts->action = (enum kp_action)action;
	facts->employee = who_asks(run, node, facts->purpose);
	struct kp_slice *roles = NULL;
	(void)kp_json_get_texts(
		doc, node, "rollen", KP_JSON_REQUIRED, &roles, &facts->role_count);
	facts->roles = roles;
	read_facts(run, node, facts);
	test->refusal = KP_ARRAY_LEN(refusals);
	(void)kp_json_get_choice(doc, node, "geweigerd", KP_JSON_OPTIONAL, refusal_words,
		KP_ARRAY_LEN(refusal_words), &test->refusal);
	test->expected_refusal = kp_json_member(node, "geweigerd");
}

/* Which rules bore on a cell that the test is about. */
static void
cover(struct run *run, struct test *test, uint32_t cell, enum kp_cedar_effect effect)
{
	const struct kp_rule_set *rules = &run->bundle->rules;
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct kp_rule *rule = &rules->rules[i];
		bool overdue = effect == KP_CEDAR_PERMIT &&
			test->facts.now_ms >= rule->review_ms;
		if (rule->policy->effect == effect && !overdue &&
			!kp_bits_has(run->result->covered, i) &&
			kp_asking_rule(&test->asking, rule, cell) == KP_TRUTH_TRUE) {
			kp_bits_set(run->result->covered, i);
			run->result->covered_count++;
		}
	}
}

static void
report_field(struct run *run, struct test *test, const struct kp_json_node *node,
	uint32_t cell, bool should)
{
	const struct kp_catalogue *catalogue = run->bundle->catalogue;
	struct kp_slice path = catalogue->fields[catalogue->cells[cell].field].path;
	struct kp_slice source = catalogue->sources[catalogue->cells[cell].source].name;
	struct kp_reason reason;
	kp_bundle_reason(run->bundle, &test->decision, cell, &reason);
	run->failed = true;
	if (should) {
		kp_json_finding(&run->document, node,
			"'%.*s': %.*s is refused: %.*s%s%.*s%s", KP_SLICE_ARG(test->name),
			KP_SLICE_ARG(path), KP_SLICE_ARG(reason.text_en),
			reason.rule.len > 0 ? " (" : "", KP_SLICE_ARG(reason.rule),
			reason.rule.len > 0 ? ")" : "");
	} else {
		kp_json_finding(&run->document, node,
			"'%.*s': %.*s is permitted from %.*s", KP_SLICE_ARG(test->name),
			KP_SLICE_ARG(path), KP_SLICE_ARG(source));
	}
}

/* A field must be seen: from at least one source that is looked at. Must not be seen:
 * from none. */
static void
check_field(struct run *run, struct test *test, const struct kp_json_node *node,
	uint32_t field, uint32_t source, bool should)
{
	const struct kp_catalogue *catalogue = run->bundle->catalogue;
	const struct kp_field *found = &catalogue->fields[field];
	uint32_t looked_at = KP_NO_ID;
	bool any = false;
	for (uint32_t i = 0; i < found->cell_count; i++) {
		uint32_t cell = found->first_cell + i;
		if (source != KP_NO_ID && catalogue->cells[cell].source != source) {
			continue;
		}
		looked_at = cell;
		bool permitted = kp_bits_has(test->decision.cells, cell);
		any = any || permitted;
		if (permitted && !should) {
			report_field(run, test, node, cell, false);
		} else if (test->decision.refusal == KP_REFUSAL_NONE) {
			cover(run, test, cell,
				should ? KP_CEDAR_PERMIT : KP_CEDAR_FORBID);
		}
	}
	if (should && !any && looked_at != KP_NO_ID) {
		report_field(run, test, node, looked_at, true);
	}
}

/* "persoon.naam" or "persoon.naam@brp". */
static void
check_path(
	struct run *run, struct test *test, const struct kp_json_node *node, bool should)
{
	const struct kp_catalogue *catalogue = run->bundle->catalogue;
	struct kp_slice path = node->text;
	uint32_t source = KP_NO_ID;
	const char *at = path.len == 0 ? NULL : memchr(path.data, '@', path.len);
	if (at != NULL) {
		struct kp_slice name = {at + 1, path.len - (size_t)(at + 1 - path.data)};
		path.len = (size_t)(at - path.data);
		source = kp_catalogue_find_source(catalogue, name);
		if (source == KP_NO_ID) {
			kp_words_report_unknown(&run->document, node, "source", name,
				(struct kp_slice){0});
			run->broken = true;
			return;
		}
	}
	uint64_t fields[KP_CATALOGUE_FIELDS_MAX / 64] = {0};
	if (!kp_catalogue_select(catalogue, path, fields)) {
		kp_words_report_unknown(&run->document, node, "section or field", path,
			kp_catalogue_nearest(catalogue, path));
		run->broken = true;
		return;
	}
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		if (kp_bits_has(fields, i)) {
			check_field(run, test, node, i, source, should);
		}
	}
}

static void
check_paths(struct run *run, struct test *test, const struct kp_json_node *node,
	const char *member, bool should)
{
	const struct kp_json_node *list =
		kp_json_get_array(&run->document, node, member, KP_JSON_OPTIONAL);
	const struct kp_json_node *item = list != NULL ? list->first : NULL;
	for (; item != NULL; item = item->next) {
		if (kp_json_expect(&run->document, item, KP_JSON_KIND_STRING)) {
			check_path(run, test, item, should);
		} else {
			run->broken = true;
		}
	}
}

static void
check_refusal(struct run *run, const struct test *test, const struct kp_json_node *node)
{
	enum kp_refusal expected = test->refusal < KP_ARRAY_LEN(refusals)
		? refusals[test->refusal]
		: KP_REFUSAL_NONE;
	if (expected == test->decision.refusal) {
		return;
	}
	struct kp_reason reason;
	kp_bundle_reason(run->bundle, &test->decision, 0, &reason);
	run->failed = true;
	if (test->decision.refusal == KP_REFUSAL_NONE) {
		kp_json_finding(&run->document, test->expected_refusal,
			"'%.*s': is not refused as a whole", KP_SLICE_ARG(test->name));
	} else {
		kp_json_finding(&run->document,
			test->expected_refusal != NULL ? test->expected_refusal : node,
			"'%.*s': is refused as a whole: %.*s", KP_SLICE_ARG(test->name),
			KP_SLICE_ARG(reason.text_en));
	}
}

static void
run_test(struct run *run, const struct kp_json_node *node)
{
	struct test test = {0};
	const struct kp_findings *findings = run->document.findings;
	size_t before = findings->count + findings->dropped;
	read_test(run, node, &test);
	if (findings->count + findings->dropped > before) {
		run->broken = true;
		return;
	}
	if (kp_bundle_decide(run->bundle, &test.facts, run->arena, &test.decision) !=
		KP_OK) {
		run->no_memory = true;
		return;
	}
	kp_asking_init(&test.asking, run->bundle, test.decision.detail, run->arena);
	run->failed = false;
	check_refusal(run, &test, node);
	check_paths(run, &test, node, "mag", true);
	check_paths(run, &test, node, "magNiet", false);
	run->result->results[run->result->count++] =
		(struct kp_policy_test_result){test.name, !run->failed};
	run->result->failed += run->failed ? 1 : 0;
}

static enum kp_status
run_list(struct run *run, const struct kp_json_node *list)
{
	if (list->count > KP_POLICY_TESTS_MAX) {
		kp_json_finding(&run->document, list,
			"%" PRIu32 " tests is above the limit %u", list->count,
			KP_POLICY_TESTS_MAX);
		return KP_E_CONFIG;
	}
	run->result->results =
		KP_ARENA_ARRAY(run->arena, struct kp_policy_test_result, list->count);
	run->result->covered = KP_ARENA_ARRAY(
		run->arena, uint64_t, kp_bits_words(run->bundle->rules.count));
	if (run->result->results == NULL || run->result->covered == NULL) {
		return KP_E_MEMORY;
	}
	for (const struct kp_json_node *node = list->first; node != NULL;
		node = node->next) {
		run_test(run, node);
	}
	if (run->no_memory) {
		return KP_E_MEMORY;
	}
	return run->broken ? KP_E_CONFIG : KP_OK;
}

enum kp_status
kp_policy_test_run(struct kp_arena *arena, const char *file, struct kp_slice text,
	const struct kp_bundle *bundle, struct kp_findings *findings,
	struct kp_policy_test_run *ret_run)
{
	static const char *const members[] = {"proeven"};
	struct kp_policy_test_run result = {0};
	struct run run = {.arena = arena, .bundle = bundle, .result = &result};
	enum kp_status status =
		kp_json_document_load(arena, file, text, findings, &run.document);
	if (status != KP_OK) {
		return status;
	}
	const struct kp_json_node *root = run.document.root;
	if (!kp_json_expect_members(
		    &run.document, root, members, KP_ARRAY_LEN(members))) {
		return KP_E_CONFIG;
	}
	const struct kp_json_node *list =
		kp_json_get_array(&run.document, root, "proeven", KP_JSON_REQUIRED);
	status = list == NULL ? KP_E_CONFIG : run_list(&run, list);
	if (status == KP_OK) {
		*ret_run = result;
	}
	return status;
}
