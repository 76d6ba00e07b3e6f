/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * The compiled table against the general evaluator: random rules of everything the schema
 * allows, also such that overflow or refuse their argument, times random requests. Every
 * cell must come out the same, by our own loop over the rules and by kp_cedar_authorize.
 *
 * KP_DIFFERENTIAL_SETS sets how many rule sets are tried, KP_DIFFERENTIAL_SEED where the
 * random numbers begin.
 */
#include "small_set.h"

#define SETS_DEFAULT 500
#define REQUESTS_PER_SET 40
#define RULES_MAX 24

/* xorshift64*: the same numbers on every machine. */
struct dice {
	uint64_t state;
};

static uint32_t
roll(struct dice *dice, uint32_t sides)
{
	dice->state ^= dice->state >> 12;
	dice->state ^= dice->state << 25;
	dice->state ^= dice->state >> 27;
	return (uint32_t)(((dice->state * 2685821657736338717u) >> 33) % sides);
}

#define PICK(dice, words) ((words)[roll((dice), KP_ARRAY_LEN(words))])

static const char *const purposes[] = {"intake", "toets", "fraude", "tips"};
static const char *const laws[] = {"wet-a", "wet-b", "intake", "toets", "fraude", "tips"};
static const char *const roles[] = {"intake", "manager", "rechercheur"};
static const char *const branches[] = {"persoon", "persoon.naam", "persoon.geboorte",
	"partner", "werk", "werk.loon", "werk.ziekte"};
static const char *const sources[] = {"brp", "uwv"};
static const char *const oins[] = {OIN_A, OIN_B, OIN_C};
static const char *const kinds[] = {"gemeente", "uitvoerder"};
static const char *const cells[] = {"persoon.naam.voornaam@brp",
	"persoon.naam.voornaam@uwv", "werk.loon@uwv", "partner.naam@brp"};
static const char *const facts[] = {
	"inWerkvoorraad", "heeftZaak", "zaakGenoemd", "redenGegeven", "bezwaar", "zelf"};
static const char *const flags[] = {
	"bezwaarMogelijk", "vertrouwelijk", "alleenMachine", "werkvoorraadVereist"};
static const char *const actions[] = {
	"raadplegen", "raadplegenBuitenWerkvoorraad", "corrigeren", "document"};

/* Writes random expressions. In a permit nothing may be about the purpose alone. */
struct writer {
	struct dice *dice;
	struct kp_buffer *out;
};

#define ADD(writer, ...) kp_buffer_printf((writer)->out, __VA_ARGS__)

static void
write_long(struct writer *writer, int depth)
{
	switch (roll(writer->dice, depth > 0 ? 7 : 3)) {
	case 0:
		ADD(writer, "%u", roll(writer->dice, 5));
		break;
	case 1:
		ADD(writer, "resource.gevoeligheid");
		break;
	case 2:
		ADD(writer, "9223372036854775805");
		break;
	case 3:
	case 4:
		ADD(writer, "(");
		write_long(writer, depth - 1);
		ADD(writer, " %s ",
			PICK(writer->dice, ((const char *[]){"+", "-", "*"})));
		write_long(writer, depth - 1);
		ADD(writer, ")");
		break;
	case 5:
		ADD(writer, "-(");
		write_long(writer, depth - 1);
		ADD(writer, ")");
		break;
	default:
		ADD(writer, "(if context.%s then ", PICK(writer->dice, facts));
		write_long(writer, depth - 1);
		ADD(writer, " else ");
		write_long(writer, depth - 1);
		ADD(writer, ")");
		break;
	}
}

static void
write_leaf(struct writer *writer)
{
	struct dice *dice = writer->dice;
	switch (roll(dice, 19)) {
	case 0:
	case 1:
	case 2:
		ADD(writer, "context.%s", PICK(dice, facts));
		break;
	case 3:
		ADD(writer, "resource.derde");
		break;
	case 4:
		ADD(writer, "resource in Rubriek::\"%s\"", PICK(dice, branches));
		break;
	case 5:
		ADD(writer, "resource in [Rubriek::\"%s\", Rubriek::\"%s\"]",
			PICK(dice, branches), PICK(dice, branches));
		break;
	case 6:
		ADD(writer, "resource in Bron::\"%s\"", PICK(dice, sources));
		break;
	case 7:
		ADD(writer, "principal in Rol::\"%s\"", PICK(dice, roles));
		break;
	case 8:
		ADD(writer, "principal in [Rol::\"%s\", Rol::\"%s\"]", PICK(dice, roles),
			PICK(dice, roles));
		break;
	case 9:
		ADD(writer, "principal.organisatie in Organisatiesoort::\"%s\"",
			PICK(dice, kinds));
		break;
	case 10:
		ADD(writer, "principal.organisatie %s Organisatie::\"%s\"",
			PICK(dice, ((const char *[]){"==", "in", "!="})),
			PICK(dice, oins));
		break;
	case 11:
		ADD(writer, "context.doel.%s", PICK(dice, flags));
		break;
	case 12:
		ADD(writer, "context.doel in Doel::\"%s\"", PICK(dice, laws));
		break;
	case 13:
		ADD(writer, "resource == Veld::\"%s\"", PICK(dice, cells));
		break;
	case 14:
		ADD(writer, "action == Action::\"%s\"", PICK(dice, actions));
		break;
	case 15:
		ADD(writer, "context.nu < datetime(\"2026-%02u-%02u\")",
			9 + roll(dice, 4), 1 + roll(dice, 28));
		break;
	case 16:
		/* Overflows for the later of its two arguments. */
		ADD(writer,
			"context.nu.offset(duration(\"%s\")) > datetime(\"2026-01-01\")",
			PICK(dice,
				((const char *[]){
					"1d", "106751991167d", "106751970000d"})));
		break;
	case 17:
		ADD(writer, "[context.%s, resource.derde].contains(%s)",
			PICK(dice, facts),
			PICK(dice, ((const char *[]){"true", "false"})));
		break;
	default:
		ADD(writer, "{a: context.%s, b: resource.derde}.%s", PICK(dice, facts),
			PICK(dice, ((const char *[]){"a", "b"})));
		break;
	}
}

static void
write_bool(struct writer *writer, int depth)
{
	uint32_t choice = depth > 0 ? roll(writer->dice, 9) : 0;
	ADD(writer, "(");
	if (choice <= 3) {
		write_leaf(writer);
	} else if (choice == 4) {
		ADD(writer, "!");
		write_bool(writer, depth - 1);
	} else if (choice <= 6) {
		write_bool(writer, depth - 1);
		ADD(writer, "%s", choice == 5 ? " && " : " || ");
		write_bool(writer, depth - 1);
	} else if (choice == 7) {
		ADD(writer, "if ");
		write_bool(writer, depth - 1);
		ADD(writer, " then ");
		write_bool(writer, depth - 1);
		ADD(writer, " else ");
		write_bool(writer, depth - 1);
	} else {
		write_long(writer, depth);
		ADD(writer, " %s ",
			PICK(writer->dice,
				((const char *[]){"<", "<=", ">", ">=", "=="})));
		write_long(writer, depth);
	}
	ADD(writer, ")");
}

static void
write_scope(struct writer *writer, bool permit)
{
	struct dice *dice = writer->dice;
	switch (roll(dice, permit ? 2 : 4)) {
	case 0:
		ADD(writer, "(principal in Rol::\"%s\", ", PICK(dice, roles));
		break;
	case 1:
		ADD(writer, "(principal is Medewerker in Rol::\"%s\", ",
			PICK(dice, roles));
		break;
	default:
		ADD(writer, "(principal, ");
		break;
	}
	switch (roll(dice, 4)) {
	case 0:
		ADD(writer, "action == Action::\"%s\", ", PICK(dice, actions));
		break;
	case 1:
		ADD(writer, "action in [Action::\"raadplegen\", Action::\"%s\"], ",
			PICK(dice, actions));
		break;
	default:
		ADD(writer, "action, ");
		break;
	}
	switch (roll(dice, permit ? 2 : 4)) {
	case 0:
		ADD(writer, "resource in Rubriek::\"%s\")", PICK(dice, branches));
		break;
	case 1:
		ADD(writer, "resource in Bron::\"%s\")", PICK(dice, sources));
		break;
	case 2:
		ADD(writer, "resource is Veld)");
		break;
	default:
		ADD(writer, "resource)");
		break;
	}
}

static void
write_conditions(struct writer *writer, const char *purpose)
{
	uint32_t count =
		purpose != NULL ? roll(writer->dice, 3) : 2 + roll(writer->dice, 3);
	uint32_t at = purpose != NULL ? roll(writer->dice, count + 1) : count + 1;
	for (uint32_t i = 0; i <= count; i++) {
		if (i == at) {
			ADD(writer, " when {context.doel == Doel::\"%s\"}", purpose);
		}
		if (i < count) {
			ADD(writer, "%s{",
				roll(writer->dice, 4) == 0 ? " unless " : " when ");
			write_bool(writer, 3);
			ADD(writer, "}");
		}
	}
}

static void
write_rule(struct writer *writer, unsigned index)
{
	struct dice *dice = writer->dice;
	bool permit = roll(dice, 6) != 0;
	const char *purpose = permit ? PICK(dice, purposes) : NULL;
	ADD(writer,
		"@id(\"r%u\") @doel(\"%s\") @grondslag(\"g\") @eigenaar(\"e\") "
		"@herzien(\"%s\") %s",
		index, permit ? purpose : "alle",
		PICK(dice,
			((const char *[]){
				"2026-11-01", "2026-12-01", "2027-02-01", "2027-06-01"})),
		permit ? "permit" : "forbid");
	write_scope(writer, permit);
	write_conditions(writer, purpose);
	ADD(writer, ";\n");
}

/* Takes out the lines that have a finding; false when none had. */
static bool
drop_bad_rules(struct set *set, char *text)
{
	bool dropped = false;
	for (size_t i = 0; i < set->findings.count; i++) {
		char *line = text;
		for (unsigned at = 1; at < set->findings.items[i].line; at++) {
			line = strchr(line, '\n') + 1;
		}
		for (; *line != '\n'; line++) {
			*line = ' ';
			dropped = true;
		}
	}
	return dropped;
}

/* A set of random rules that loads: those that do not check are taken out. */
static void
make_set(struct dice *dice, struct set *set)
{
	small_begin(set);
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &set->arena, (size_t)1 << 20);
	struct writer writer = {dice, &buffer};
	unsigned count = 2 + roll(dice, RULES_MAX - 1);
	for (unsigned i = 0; i < count; i++) {
		write_rule(&writer, i);
	}
	kp_buffer_add_char(&buffer, '\0');
	assert_false(buffer.failed);
	set_file(set, "regels/r.cedar", buffer.data);
	set_load(set, 1);
	for (int tries = 0; set->status == KP_E_CONFIG && tries < 10; tries++) {
		assert_true(drop_bad_rules(set, buffer.data));
		kp_findings_deinit(&set->findings);
		kp_findings_init(&set->findings, 50);
		set_load(set, 1);
	}
	if (set->status != KP_OK) {
		set_print_findings(set);
	}
	assert_int_equal(set->status, KP_OK);
}

static void
make_facts(struct dice *dice, struct kp_slice *role_list, struct kp_facts *ret_facts)
{
	size_t role_count = 1 + roll(dice, 2);
	for (size_t i = 0; i < role_count; i++) {
		role_list[i] = kp_slice_from(PICK(dice, roles));
	}
	*ret_facts = (struct kp_facts){
		.action = (enum kp_action)roll(dice, KP_ACTION_COUNT),
		.employee = KP_SLICE("m"),
		.organisation = kp_slice_from(PICK(dice, oins)),
		.roles = role_list,
		.role_count = role_count,
		.purpose = kp_slice_from(PICK(dice, purposes)),
		.case_id = roll(dice, 2) != 0 ? KP_SLICE("Z") : KP_SLICE(""),
		.in_caseload = roll(dice, 4) != 0,
		.has_case = roll(dice, 2) != 0,
		.reason_given = roll(dice, 2) != 0,
		.opted_out = roll(dice, 4) == 0,
		.self = roll(dice, 4) == 0,
		.now_ms = NOW_MS + ((int64_t)roll(dice, 120) - 60) * DAY_MS,
	};
}

/* Cedar's own authorizer over the rules that are not overdue. */
static bool
authorize(const struct kp_bundle *bundle, struct kp_asking *asking,
	struct kp_arena *arena, uint32_t cell)
{
	struct kp_cedar_policy_set set;
	kp_cedar_policy_set_init(&set, arena);
	for (uint32_t i = 0; i < bundle->rules.count; i++) {
		const struct kp_rule *rule = &bundle->rules.rules[i];
		if (rule->policy->effect == KP_CEDAR_FORBID ||
			asking->detail->now_ms < rule->review_ms) {
			assert_int_equal(
				kp_cedar_policy_list_add(&set.policies, rule->policy),
				KP_OK);
		}
	}
	struct kp_cedar_request request = asking->request;
	request.resource = bundle->model.cells[cell];
	struct kp_cedar_decision decision;
	struct kp_error err;
	assert_int_equal(kp_cedar_authorize(&set, &request, &asking->entities,
				 KP_CEDAR_FAIL_CLOSED, arena, &decision, &err),
		KP_OK);
	return decision.allow;
}

struct tally {
	uint64_t decisions;
	uint64_t permitted;
	uint64_t cells;
	uint64_t general_conditions;
	uint64_t rules;
};

static void
compare_one(const struct kp_bundle *bundle, const struct kp_facts *request_facts,
	struct tally *tally)
{
	struct kp_arena arena;
	kp_arena_init(&arena, (size_t)64 << 20, NULL);
	struct kp_decision decision;
	assert_int_equal(
		kp_bundle_decide(bundle, request_facts, &arena, &decision), KP_OK);
	assert_int_not_equal(decision.refusal, KP_REFUSAL_ERROR);
	tally->decisions++;
	if (decision.refusal != KP_REFUSAL_NONE) {
		assert_false(decision.any);
		assert_false(kp_bits_any(decision.cells, bundle->catalogue->cell_words));
		kp_arena_deinit(&arena);
		return;
	}
	struct kp_asking asking;
	kp_asking_init(&asking, bundle, decision.detail, &arena);
	for (uint32_t cell = 0; cell < bundle->catalogue->cell_count; cell++) {
		bool compiled = kp_bits_has(decision.cells, cell);
		assert_int_equal(kp_asking_permits(&asking, cell), compiled);
		if (asking.ready) {
			assert_int_equal(
				authorize(bundle, &asking, &arena, cell), compiled);
		}
		struct kp_reason reason;
		kp_bundle_reason(bundle, &decision, cell, &reason);
		assert_int_equal(reason.code == KP_REFUSAL_NONE, compiled);
		assert_true(reason.text.len > 0 && reason.text_en.len > 0);
		tally->permitted += compiled ? 1 : 0;
		tally->cells++;
	}
	kp_arena_deinit(&arena);
}

static unsigned
number_from_environment(const char *name, unsigned fallback)
{
	const char *text = getenv(name);
	return text == NULL ? fallback : (unsigned)strtoul(text, NULL, 10);
}

static void
says_what_the_evaluator_says(void **state)
{
	(void)state;
	unsigned sets = number_from_environment("KP_DIFFERENTIAL_SETS", SETS_DEFAULT);
	unsigned seed = number_from_environment("KP_DIFFERENTIAL_SEED", 1);
	struct tally tally = {0};
	for (unsigned i = 0; i < sets; i++) {
		struct dice dice = {((uint64_t)(seed + i) << 20) + 88172645463325252u};
		struct set set;
		make_set(&dice, &set);
		tally.general_conditions += set.bundle->compiled.condition_count;
		tally.rules += set.bundle->rules.count;
		for (int j = 0; j < REQUESTS_PER_SET; j++) {
			struct kp_slice role_list[2];
			struct kp_facts request_facts;
			make_facts(&dice, role_list, &request_facts);
			compare_one(set.bundle, &request_facts, &tally);
		}
		uint64_t checked;
		uint64_t different;
		kp_bundle_shadow_counts(set.bundle, &checked, &different);
		assert_int_equal(different, 0);
		set_end(&set);
	}
	print_message("%u sets, %llu rules, %llu conditions that need the request, "
		      "%llu decisions, %llu cells, %llu permitted, 0 different\n",
		sets, (unsigned long long)tally.rules,
		(unsigned long long)tally.general_conditions,
		(unsigned long long)tally.decisions, (unsigned long long)tally.cells,
		(unsigned long long)tally.permitted);
	/* A generator that permits nothing, or everything, compares nothing. */
	assert_true(tally.permitted > tally.cells / 100);
	assert_true(tally.permitted < tally.cells / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_the_evaluator_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
