/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_explain_build: the explanation itself; see policy_explain.h. */
#include "commands/policy_explain.h"

#include <stdlib.h>

#include "commands/policy_conjuncts.h"
#include "commands/policy_options.h"
#include "commands/policy_view.h"
#include "core/bits.h"

#define BYTES_MAX ((size_t)64 << 20)
#define WORDS_BYTES_MAX ((size_t)1 << 20)
/* Ways to change the outcome that are told of one kind. */
#define CHANGES_MAX 4u
/* A rule of which more conditions fail is only near when none is nearer. */
#define FAILING_NEAR_MAX 1u

/* One explanation under way. Lifetime: the call. */
struct build {
	const struct kp_explain *explain;
	struct kp_arena arena;
	struct kp_decision decision;
	struct kp_asking asking;
	struct kp_policy_conjuncts *rules; /* of every rule */
	bool weighable; /* the request is sound enough to ask the rules */
	bool no_memory;
};

static const char *const truth_words[] = {
	[KP_TRUTH_FALSE] = "nee", [KP_TRUTH_TRUE] = "ja", [KP_TRUTH_ERROR] = "fout"};

static json_t *
conjunct_json(struct build *build, const struct kp_policy_conjunct *conjunct)
{
	struct kp_buffer words;
	kp_buffer_init(&words, &build->arena, WORDS_BYTES_MAX);
	kp_policy_words_conjunct(
		&words, build->explain->bundle, conjunct, build->explain->english);
	build->no_memory = build->no_memory || words.failed;
	return json_pack("{s:o, s:s, s:i}", "tekst",
		kp_policy_json_text(kp_buffer_slice(&words)), "uitkomst",
		truth_words[conjunct->truth], "regel", (int)conjunct->pos.line);
}

static json_t *
rule_json(struct build *build, const struct kp_policy_conjuncts *weighed)
{
	const struct kp_rule *rule = weighed->rule;
	json_t *conditions = json_array();
	for (size_t i = 0; i < weighed->count; i++) {
		(void)json_array_append_new(
			conditions, conjunct_json(build, &weighed->items[i]));
	}
	char place[300];
	(void)snprintf(place, sizeof(place), "%s:%u", rule->policy->file,
		rule->policy->pos.line);
	return json_pack("{s:o, s:s, s:o, s:o, s:b, s:o}", "id",
		kp_policy_json_text(rule->id), "plaats", place, "grondslag",
		kp_policy_json_text(rule->ground), "toelichting",
		kp_policy_json_text(rule->note), "verlopen",
		rule->policy->effect == KP_CEDAR_PERMIT &&
			build->explain->facts.now_ms >= rule->review_ms,
		"voorwaarden", conditions);
}

/* Nearest first: fewest conditions that fail. */
static int
compare_near(const void *a, const void *b)
{
	const struct kp_policy_conjuncts *const *left = a;
	const struct kp_policy_conjuncts *const *right = b;
	if ((*left)->failing != (*right)->failing) {
		return (*left)->failing < (*right)->failing ? -1 : 1;
	}
	return (*left)->rule->index < (*right)->rule->index ? -1 : 1;
}

/* Permits about this field that do not apply; also those past their review date. */
static json_t *
near_json(struct build *build)
{
	const struct kp_rule_set *rules = &build->explain->bundle->rules;
	const struct kp_policy_conjuncts **near = KP_ARENA_ARRAY(
		&build->arena, const struct kp_policy_conjuncts *, rules->count);
	json_t *list = json_array();
	size_t count = 0;
	for (uint32_t i = 0; near != NULL && i < rules->count; i++) {
		const struct kp_policy_conjuncts *weighed = &build->rules[i];
		if (weighed->rule->policy->effect == KP_CEDAR_PERMIT &&
			weighed->truth != KP_TRUTH_TRUE &&
			(weighed->about_field || build->explain->everything)) {
			near[count++] = weighed;
		}
	}
	build->no_memory = build->no_memory || near == NULL;
	if (count > 0) {
		qsort(near, count, sizeof(*near), compare_near);
	}
	for (size_t i = 0; i < count; i++) {
		bool is_near = i < KP_EXPLAIN_NEAR_MAX &&
			(near[i]->failing == near[0]->failing ||
				near[i]->failing <= FAILING_NEAR_MAX);
		if (build->explain->everything || is_near) {
			(void)json_array_append_new(list, rule_json(build, near[i]));
		}
	}
	return list;
}

/* A forbid that errs forbids: fail closed. */
static json_t *
applying_json(struct build *build, enum kp_cedar_effect effect)
{
	const struct kp_rule_set *rules = &build->explain->bundle->rules;
	json_t *list = json_array();
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct kp_policy_conjuncts *weighed = &build->rules[i];
		bool applies = weighed->truth == KP_TRUTH_TRUE ||
			(effect == KP_CEDAR_FORBID && weighed->truth == KP_TRUTH_ERROR);
		if (weighed->rule->policy->effect == effect && applies) {
			(void)json_array_append_new(list, rule_json(build, weighed));
		}
	}
	return list;
}

static json_t *
cell_json(struct build *build, uint32_t cell)
{
	const struct kp_bundle *bundle = build->explain->bundle;
	const struct kp_catalogue *catalogue = bundle->catalogue;
	bool permitted = kp_bits_has(build->decision.cells, cell);
	struct kp_reason reason;
	kp_bundle_reason(bundle, &build->decision, cell, &reason);
	json_t *object = json_pack("{s:o, s:b, s:o, s:o}", "bron",
		kp_policy_json_text(
			catalogue->sources[catalogue->cells[cell].source].name),
		"toegestaan", permitted, "reden",
		kp_policy_json_text(
			KP_SAY(build->explain->english, reason.text, reason.text_en)),
		"regel", kp_policy_json_text(reason.rule));
	if (!build->weighable) {
		return object;
	}
	for (uint32_t i = 0; i < bundle->rules.count; i++) {
		kp_policy_weigh(&build->rules[i], &build->asking, cell);
	}
	json_t *permits = applying_json(build, KP_CEDAR_PERMIT);
	/* One that nearly grants says nothing new then. */
	bool granted = json_array_size(permits) > 0;
	(void)json_object_set_new(object, "staatToe", permits);
	(void)json_object_set_new(
		object, "verbiedt", applying_json(build, KP_CEDAR_FORBID));
	(void)json_object_set_new(object, "bijna",
		granted && !build->explain->everything ? json_array() : near_json(build));
	return object;
}

static bool
permits_field(
	struct build *build, const struct kp_facts *facts, const struct kp_field *field)
{
	struct kp_decision decision;
	struct kp_arena arena;
	bool permitted = false;
	kp_arena_init(&arena, BYTES_MAX, NULL);
	if (kp_bundle_decide(build->explain->bundle, facts, &arena, &decision) == KP_OK) {
		for (uint32_t i = 0; i < field->cell_count; i++) {
			permitted = permitted ||
				kp_bits_has(decision.cells, field->first_cell + i);
		}
	} else {
		build->no_memory = true;
	}
	kp_arena_deinit(&arena);
	return permitted;
}

static struct kp_facts
with_facts(const struct kp_facts *facts, unsigned bits)
{
	struct kp_facts changed = *facts;
	changed.in_caseload = (bits >> KP_FACT_IN_CASELOAD & 1) != 0;
	changed.has_case = (bits >> KP_FACT_HAS_CASE & 1) != 0;
	changed.case_id = (bits >> KP_FACT_CASE_NAMED & 1) != 0 ? KP_SLICE("zaak")
								: (struct kp_slice){0};
	changed.reason_given = (bits >> KP_FACT_REASON_GIVEN & 1) != 0;
	changed.opted_out = (bits >> KP_FACT_OPTED_OUT & 1) != 0;
	changed.self = (bits >> KP_FACT_SELF & 1) != 0;
	return changed;
}

static void
add_change(struct build *build, json_t *list, struct kp_buffer *words)
{
	build->no_memory = build->no_memory || words->failed;
	(void)json_array_append_new(list,
		json_pack("{s:o}", "tekst", kp_policy_json_text(kp_buffer_slice(words))));
}

/* "lopende zaak en zaak genoemd": each of `changed` as it is in `bits`. */
static void
write_facts(struct build *build, struct kp_buffer *words, unsigned bits, unsigned changed)
{
	bool first = true;
	for (int i = 0; i < KP_FACT_COUNT; i++) {
		if ((changed >> i & 1) == 0) {
			continue;
		}
		if (!first) {
			kp_buffer_add_slice(words,
				kp_slice_from(KP_SAY(
					build->explain->english, " en ", " and ")));
		}
		kp_policy_words_fact(words, (enum kp_fact)i, (bits >> i & 1) != 0,
			build->explain->english);
		first = false;
	}
}

/* How many facts must be otherwise for the outcome `permitted`, and one bit for each
 * combination that does it with so few; KP_FACT_COUNT + 1 when none does. */
static unsigned
nearest_facts(struct build *build, const struct kp_facts *facts,
	const struct kp_field *field, bool permitted, uint64_t *ret_combinations)
{
	unsigned now = kp_model_facts(facts);
	unsigned best = KP_FACT_COUNT + 1;
	for (unsigned bits = 0; bits < KP_FACT_COMBINATIONS; bits++) {
		unsigned distance = (unsigned)__builtin_popcount(bits ^ now);
		struct kp_facts changed = with_facts(facts, bits);
		if (distance > best ||
			permits_field(build, &changed, field) != permitted) {
			continue;
		}
		*ret_combinations = distance < best ? 0 : *ret_combinations;
		*ret_combinations |= (uint64_t)1 << bits;
		best = distance;
	}
	return best;
}

static unsigned
change_facts(
	struct build *build, json_t *list, const struct kp_field *field, bool permitted)
{
	unsigned now = kp_model_facts(&build->explain->facts);
	uint64_t found = 0;
	unsigned distance =
		nearest_facts(build, &build->explain->facts, field, !permitted, &found);
	for (unsigned bits = 0; bits < KP_FACT_COMBINATIONS; bits++) {
		if ((found >> bits & 1) != 0) {
			struct kp_buffer words;
			kp_buffer_init(&words, &build->arena, WORDS_BYTES_MAX);
			write_facts(build, &words, bits, bits ^ now);
			add_change(build, list, &words);
		}
	}
	return distance;
}

/* Other names in place of the roles, or of the purpose. */
struct names {
	const char *what;
	uint32_t count;
	bool is_role;
};

static struct kp_facts
with_name(const struct build *build, const struct names *names, uint32_t at,
	struct kp_slice *ret_name)
{
	const struct kp_registers *registers = &build->explain->bundle->registers;
	struct kp_facts facts = build->explain->facts;
	if (names->is_role) {
		facts.roles = &registers->roles[at].id;
		facts.role_count = 1;
		*ret_name = registers->roles[at].id;
	} else {
		facts.purpose = registers->purposes[at].id;
		*ret_name = facts.purpose;
	}
	return facts;
}

/* The names with which it takes the fewest other facts, if fewer than `limit`. */
static void
change_names(struct build *build, json_t *list, const struct kp_field *field,
	const struct names *names, unsigned limit)
{
	unsigned now = kp_model_facts(&build->explain->facts);
	unsigned best = limit;
	struct kp_slice name;
	uint64_t found = 0;
	for (uint32_t i = 0; i < names->count; i++) {
		struct kp_facts facts = with_name(build, names, i, &name);
		unsigned distance = nearest_facts(build, &facts, field, true, &found);
		best = distance < best ? distance : best;
	}
	size_t told = 0;
	for (uint32_t i = 0; best < limit && i < names->count && told < CHANGES_MAX;
		i++) {
		struct kp_facts facts = with_name(build, names, i, &name);
		if (nearest_facts(build, &facts, field, true, &found) != best) {
			continue;
		}
		unsigned bits = (unsigned)__builtin_ctzll(found);
		struct kp_buffer words;
		kp_buffer_init(&words, &build->arena, WORDS_BYTES_MAX);
		kp_buffer_printf(&words, "%s %.*s%s", names->what, KP_SLICE_ARG(name),
			best > 0 ? ", " : "");
		write_facts(build, &words, bits, bits ^ now);
		add_change(build, list, &words);
		told++;
	}
}

/* Only towards seeing: that a narrower role sees less is no news. What takes as many
 * other facts as without it is none either. */
static void
change_asker(struct build *build, json_t *list, const struct kp_field *field,
	unsigned distance)
{
	const struct kp_registers *registers = &build->explain->bundle->registers;
	bool english = build->explain->english;
	const struct names roles = {
		KP_SAY(english, "de rol", "the role"), registers->role_count, true};
	const struct names purposes = {KP_SAY(english, "het doel", "the purpose"),
		registers->purpose_count, false};
	change_names(build, list, field, &roles, distance);
	change_names(build, list, field, &purposes, distance);
}

static json_t *
field_json(struct build *build, const struct kp_field *field)
{
	const struct kp_explain *explain = build->explain;
	bool permitted = permits_field(build, &explain->facts, field);
	json_t *sources = json_array();
	json_t *changes = json_array();
	for (uint32_t i = 0; i < field->cell_count; i++) {
		(void)json_array_append_new(
			sources, cell_json(build, field->first_cell + i));
	}
	unsigned distance = change_facts(build, changes, field, permitted);
	if (!permitted) {
		change_asker(build, changes, field, distance);
	}
	return json_pack("{s:o, s:o, s:b, s:o, s:o}", "veld",
		kp_policy_json_text(field->path), "naam",
		kp_policy_json_text(
			KP_SAY(explain->english, field->label, field->label_en)),
		"toegestaan", permitted, "bronnen", sources, "zouVeranderen", changes);
}

static json_t *
question_json(const struct kp_explain *explain)
{
	const struct kp_facts *facts = &explain->facts;
	json_t *roles = json_array();
	for (size_t i = 0; i < facts->role_count; i++) {
		(void)json_array_append_new(roles, kp_policy_json_text(facts->roles[i]));
	}
	json_t *question = json_pack("{s:s, s:o, s:o, s:o, s:b, s:b, s:b, s:b, s:b, s:b}",
		"actie", kp_action_name(facts->action), "doel",
		kp_policy_json_text(facts->purpose), "organisatie",
		kp_policy_json_text(facts->organisation), "rollen", roles,
		"inWerkvoorraad", facts->in_caseload, "heeftZaak", facts->has_case,
		"zaakGenoemd", facts->case_id.len > 0, "redenGegeven",
		facts->reason_given, "bezwaar", facts->opted_out, "zelf", facts->self);
	if (question != NULL && facts->on_behalf_of.len > 0) {
		(void)json_object_set_new(
			question, "namens", kp_policy_json_text(facts->on_behalf_of));
	}
	return question;
}

static enum kp_status
prepare(struct build *build)
{
	const struct kp_bundle *bundle = build->explain->bundle;
	enum kp_status status = kp_bundle_decide(
		bundle, &build->explain->facts, &build->arena, &build->decision);
	build->rules = KP_ARENA_ARRAY(
		&build->arena, struct kp_policy_conjuncts, bundle->rules.count);
	if (status == KP_OK && build->rules == NULL) {
		status = KP_E_MEMORY;
	}
	for (uint32_t i = 0; status == KP_OK && i < bundle->rules.count; i++) {
		status = kp_policy_take_apart(
			&build->arena, bundle, &bundle->rules.rules[i], &build->rules[i]);
	}
	if (status == KP_OK) {
		build->weighable = build->decision.refusal == KP_REFUSAL_NONE;
		kp_asking_init(
			&build->asking, bundle, build->decision.detail, &build->arena);
	}
	return status;
}

static json_t *
whole_json(struct build *build, const uint64_t *fields)
{
	const struct kp_explain *explain = build->explain;
	const struct kp_catalogue *catalogue = explain->bundle->catalogue;
	json_t *list = json_array();
	json_t *answer = json_pack("{s:o, s:o}", "vraag", question_json(explain),
		"beleidsversie", kp_policy_json_text(explain->bundle->version));
	if (build->decision.refusal != KP_REFUSAL_NONE) {
		struct kp_reason reason;
		kp_bundle_reason(explain->bundle, &build->decision, 0, &reason);
		(void)json_object_set_new(answer, "geweigerd",
			kp_policy_json_text(
				KP_SAY(explain->english, reason.text, reason.text_en)));
	}
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		if (kp_bits_has(fields, i)) {
			(void)json_array_append_new(
				list, field_json(build, &catalogue->fields[i]));
		}
	}
	if (json_object_set_new(answer, "velden", list) != 0) {
		build->no_memory = true;
	}
	return answer;
}

json_t *
kp_explain_json(const struct kp_explain *explain, const uint64_t *fields)
{
	struct build build = {.explain = explain};
	json_t *answer = NULL;
	kp_arena_init(&build.arena, BYTES_MAX, NULL);
	if (prepare(&build) == KP_OK) {
		answer = whole_json(&build, fields);
	}
	if (build.no_memory) {
		json_decref(answer);
		answer = NULL;
	}
	kp_arena_deinit(&build.arena);
	return answer;
}
