/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_check: `ketenpoort policy check` says everything that is wrong with a set, and
 * what deserves attention although the set would load: reviews that passed or come near,
 * purposes and roles that nothing is permitted for.
 */
#include <string.h>
#include <time.h>

#include "commands/policy_commands.h"
#include "commands/policy_load.h"
#include "commands/policy_options.h"
#include "policies/reach.h"
#include "commands/policy_view.h"
#include "core/bits.h"
#include "policies/cedar/schema_source.h"
#include "policies/policy_test.h"

#define DAY_MS ((int64_t)86400 * 1000)
/* A review this near deserves attention. */
#define REVIEW_NEAR_MS (60 * DAY_MS)

static const char usage[] =
	"gebruik: ketenpoort policy check [--datum DAG] [--streng] [--json] [--en] MAP\n"
	"\n"
	"Controleert een map met regels zoals de poort dat doet voor zij ze laadt, en\n"
	"noemt alle fouten in één keer, elk met bestand, regel en kolom. Noemt ook wat\n"
	"aandacht vraagt: herzieningsdata die voorbij of nabij zijn, doelen en rollen\n"
	"waarvoor niets geregeld is, regels die nooit iets toestaan.\n"
	"\n"
	"  --datum DAG   reken met deze dag (2027-06-01) in plaats van vandaag\n"
	"  --streng      ook wat aandacht vraagt telt als fout\n"
	"  --json        één JSON-object in plaats van regels\n"
	"\n"
	"Uitkomst: 0 in orde, 1 fouten, 2 verkeerd gebruikt.\n";
static const char usage_en[] =
	"usage: ketenpoort policy check [--datum DAY] [--streng] [--json] [--en] DIR\n"
	"\n"
	"Checks a folder of rules as the gateway does before it loads them, and names\n"
	"all faults at once, each with file, line and column. Also names what deserves\n"
	"attention: reviews that passed or are near, purposes and roles for which\n"
	"nothing is arranged, grants that never apply.\n"
	"\n"
	"  --datum DAY   reckon with this day (2027-06-01) in place of today\n"
	"  --streng      what deserves attention counts as a fault\n"
	"  --json        one JSON object in place of lines\n"
	"\n"
	"Exit codes: 0 in order, 1 faults, 2 wrong use.\n";

/* Lifetime: the subcommand. */
struct check {
	struct kp_policy_set set;
	struct kp_findings notes;
	int64_t now_ms;
	bool english;
	bool strict;
};

static bool
seen_before(const struct kp_findings *findings, const struct kp_error *err)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct kp_error *seen = &findings->items[i];
		if (seen->line == err->line && seen->column == err->column &&
			strcmp(seen->file, err->file) == 0 &&
			strcmp(seen->message, err->message) == 0) {
			return true;
		}
	}
	return false;
}

static bool
ends_with(const char *name, const char *end)
{
	size_t len = strlen(name);
	size_t end_len = strlen(end);
	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

/* One file for its grammar alone. */
static void
read_alone(const struct kp_policy_file *file, struct kp_findings *findings)
{
	struct kp_arena arena;
	struct kp_cedar_names names;
	enum kp_status status = KP_OK;
	kp_arena_init(&arena, KP_POLICY_LOAD_BYTES_MAX, NULL);
	kp_cedar_names_init(&names, &arena, NULL);
	if (ends_with(file->name, ".cedar")) {
		struct kp_cedar_policy_set policies;
		kp_cedar_policy_set_init(&policies, &arena);
		status = kp_cedar_parse_policies(
			&policies, &names, file->name, file->text, findings);
	} else if (ends_with(file->name, ".cedarschema")) {
		struct kp_cedar_schema_source source;
		kp_cedar_schema_source_init(&source, &arena, &names);
		status = kp_cedar_schema_read_text(
			&source, file->name, file->text, findings);
	}
	if (status == KP_E_MEMORY) {
		findings->dropped++;
	}
	kp_arena_deinit(&arena);
}

/*
 * Loading goes in steps, and a register that is not sound keeps the rules from being
 * read. What can be said of them without it is said too: nobody likes to mend one file
 * and then hear of the next.
 */
static void
look_further(struct check *check)
{
	for (size_t i = 0; i < check->set.file_count; i++) {
		struct kp_findings more;
		kp_findings_init(&more, KP_POLICY_FINDINGS_MAX);
		read_alone(&check->set.files[i], &more);
		for (size_t j = 0; j < more.count; j++) {
			if (!seen_before(&check->set.findings, &more.items[j])) {
				kp_findings_add(&check->set.findings, &more.items[j]);
			}
		}
		check->set.findings.dropped += more.dropped;
		kp_findings_deinit(&more);
	}
}

static void note(struct check *check, const char *file, struct kp_slice place,
	const char *format, ...) KP_PRINTF(4, 5);

static void
note(struct check *check, const char *file, struct kp_slice place, const char *format,
	...)
{
	struct kp_error err = {.status = KP_E_CONFIG};
	va_list args;
	va_start(args, format);
	(void)vsnprintf(err.message, sizeof(err.message), format, args);
	va_end(args);
	char text[sizeof(err.place)];
	(void)snprintf(text, sizeof(text), "%.*s", KP_SLICE_ARG(place));
	kp_error_at(&err, file, 0, 0, text);
	kp_findings_add(&check->notes, &err);
}

/* "2027-06-01". */
static const char *
day_text(int64_t ms, char out[32])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm day;
	if (gmtime_r(&seconds, &day) == NULL ||
		strftime(out, 32, "%Y-%m-%d", &day) == 0) {
		out[0] = '\0';
	}
	return out;
}

/* What to say of a review date; NULL when there is nothing. */
static const char *
review_text(const struct check *check, int64_t review_ms)
{
	if (check->now_ms >= review_ms) {
		return KP_SAY(check->english,
			"de herzieningsdatum %s is voorbij: dit staat niets meer toe",
			"the review date %s has passed: this permits nothing any more");
	}
	return review_ms - check->now_ms > REVIEW_NEAR_MS
		? NULL
		: KP_SAY(check->english, "te herzien voor %s",
			  "to be reviewed before %s");
}

/* The two texts above have one %s each. */
static void
note_review(struct check *check, const char *file, struct kp_slice place,
	const char *text, int64_t review_ms)
{
	char day[32];
	char line[200];
	const char *at = strstr(text, "%s");
	(void)snprintf(line, sizeof(line), "%.*s%s%s", (int)(at - text), text,
		day_text(review_ms, day), at + 2);
	note(check, file, place, "%s", line);
}

/* The note just made is about this rule. */
static void
place_note(struct check *check, const struct kp_rule *rule)
{
	if (check->notes.count > 0 && check->notes.dropped == 0) {
		struct kp_error *last = &check->notes.items[check->notes.count - 1];
		last->line = rule->policy->pos.line;
		last->column = rule->policy->pos.column;
	}
}

static void
look_at_reviews(struct check *check)
{
	const struct kp_bundle *bundle = check->set.bundle;
	for (uint32_t i = 0; i < bundle->registers.purpose_count; i++) {
		const struct kp_purpose *purpose = &bundle->registers.purposes[i];
		const char *text = review_text(check, purpose->review_ms);
		if (text != NULL) {
			note_review(check, KP_FILE_PURPOSES, purpose->id, text,
				purpose->review_ms);
		}
	}
	for (uint32_t i = 0; i < bundle->rules.count; i++) {
		const struct kp_rule *rule = &bundle->rules.rules[i];
		const char *text = review_text(check, rule->review_ms);
		if (text != NULL && rule->policy->effect == KP_CEDAR_PERMIT) {
			note_review(check, rule->policy->file, rule->id, text,
				rule->review_ms);
			place_note(check, rule);
		}
	}
}

/* A grant that no question can ever meet: somebody believes that it opens something. */
static void
look_for_unreachable(struct check *check)
{
	const struct kp_bundle *bundle = check->set.bundle;
	bool english = check->english;
	const char *const texts[] = {
		[KP_REACH_SOMEBODY] = NULL,
		[KP_REACH_NEVER_OUTSIDE] = KP_SAY(english,
			"staat nooit iets toe: geen van de doelen vraagt de eigen "
			"werkvoorraad, dus niemand vraagt daarbuiten",
			"never permits anything: none of its purposes asks for the own "
			"caseload, so nobody asks outside it"),
		[KP_REACH_NEVER_MET] = KP_SAY(english,
			"staat nooit iets toe: de voorwaarden spreken tegen wat bij dit "
			"doel altijd geldt (werkvoorraad, bezwaar)",
			"never permits anything: its conditions contradict what always "
			"holds for the purpose (caseload, objection)"),
		[KP_REACH_NOBODY] = KP_SAY(english,
			"staat nooit iets toe: geen organisatie waar de regel over gaat "
			"kan een van de rollen geven",
			"never permits anything: no organisation that it is about can "
			"give one of its roles"),
	};
	for (uint32_t i = 0; i < bundle->rules.count; i++) {
		const struct kp_rule *rule = &bundle->rules.rules[i];
		const char *text = rule->policy->effect == KP_CEDAR_PERMIT
			? texts[kp_rule_reach(bundle, i)]
			: NULL;
		if (text != NULL) {
			note(check, rule->policy->file, rule->id, "%s", text);
			place_note(check, rule);
		}
	}
}

/* Does any rule permit anything to this role (or to whoever asks) for this purpose? */
static bool
permits_any(const struct kp_compiled *compiled, uint32_t organisations, uint32_t role,
	uint32_t purpose)
{
	for (int action = 0; action < KP_ACTION_COUNT; action++) {
		for (uint32_t i = 0; i < organisations; i++) {
			if (kp_compiled_row(
				    compiled, (enum kp_action)action, role, i, purpose)
					->permit_count > 0) {
				return true;
			}
		}
	}
	return false;
}

/* A register row that no rule uses is a promise that nobody kept, or one to take out. */
static void
look_for_unused(struct check *check)
{
	const struct kp_bundle *bundle = check->set.bundle;
	const struct kp_registers *registers = &bundle->registers;
	bool role_used[KP_ROLES_MAX + 1] = {false};
	for (uint32_t purpose = 0; purpose < registers->purpose_count; purpose++) {
		bool used = false;
		for (uint32_t role = 0; role < bundle->compiled.role_rows; role++) {
			bool any = permits_any(&bundle->compiled,
				registers->organisation_count, role, purpose);
			role_used[role] = role_used[role] || any;
			used = used || any;
		}
		if (!used) {
			note(check, KP_FILE_PURPOSES, registers->purposes[purpose].id,
				"%s",
				KP_SAY(check->english,
					"geen regel staat iets toe voor dit doel",
					"no rule permits anything for this purpose"));
		}
	}
	for (uint32_t role = 0; role < registers->role_count; role++) {
		if (!role_used[role] && !role_used[registers->role_count]) {
			note(check, KP_FILE_ROLES, registers->roles[role].id, "%s",
				KP_SAY(check->english,
					"geen regel staat iets toe aan deze rol",
					"no rule permits anything to this role"));
		}
	}
}

/* A prohibition that catches nothing now is meant for a slip to come; or it is a slip. */
static void
look_for_nets(struct check *check)
{
	const struct kp_bundle *bundle = check->set.bundle;
	for (uint32_t i = 0; i < bundle->rules.count; i++) {
		const struct kp_rule *rule = &bundle->rules.rules[i];
		if (kp_policy_rule_is_net(bundle, rule)) {
			note(check, rule->policy->file, rule->id, "%s",
				KP_SAY(check->english,
					"verbiedt wat nu niemand mag: een vangnet",
					"forbids what nobody may see now: a safety net"));
			place_note(check, rule);
		}
	}
}

/* A set whose own tests fail is not in order, though it would load. */
static void
run_tests(struct check *check)
{
	const struct kp_policy_file *tests =
		kp_policy_set_file(&check->set, KP_FILE_TESTS);
	struct kp_policy_test_run run = {0};
	if (tests != NULL &&
		kp_policy_test_run(&check->set.arena, tests->name, tests->text,
			check->set.bundle, &check->set.findings, &run) == KP_E_MEMORY) {
		check->set.findings.dropped++;
	}
}

static bool
in_order(const struct check *check)
{
	return check->set.bundle != NULL && !kp_findings_any(&check->set.findings) &&
		!(check->strict && kp_findings_any(&check->notes));
}

static void
print_lines(const struct check *check)
{
	const struct kp_bundle *bundle = check->set.bundle;
	kp_policy_print_findings(&check->set.findings, stdout, check->english);
	if (kp_findings_any(&check->notes)) {
		(void)puts(KP_SAY(check->english,
			"Dit vraagt aandacht:", "This deserves attention:"));
		kp_policy_print_findings(&check->notes, stdout, check->english);
	}
	if (bundle != NULL && !kp_findings_any(&check->set.findings)) {
		(void)printf(KP_SAY(check->english,
				     "in orde: %u regels, %u doelen, %u rollen, %u "
				     "velden; versie %.*s\n",
				     "in order: %u rules, %u purposes, %u roles, %u "
				     "fields; version %.*s\n"),
			bundle->rules.count, bundle->registers.purpose_count,
			bundle->registers.role_count, bundle->catalogue->field_count,
			KP_SLICE_ARG(bundle->version));
	} else {
		size_t count = check->set.findings.count + check->set.findings.dropped;
		(void)printf(KP_SAY(check->english, "niet in orde: %zu %s\n",
				     "not in order: %zu %s\n"),
			count,
			KP_SAY(check->english, count == 1 ? "fout" : "fouten",
				count == 1 ? "fault" : "faults"));
	}
}

static bool
print_json(const struct check *check)
{
	const struct kp_bundle *bundle = check->set.bundle;
	json_t *answer = json_pack("{s:b, s:o, s:o, s:I}", "ok", in_order(check),
		"findings", kp_policy_findings_json(&check->set.findings), "notes",
		kp_policy_findings_json(&check->notes), "dropped",
		(json_int_t)(check->set.findings.dropped + check->notes.dropped));
	if (bundle != NULL) {
		(void)json_object_set_new(
			answer, "version", kp_policy_json_text(bundle->version));
		(void)json_object_set_new(
			answer, "rules", json_integer(bundle->rules.count));
	}
	return kp_policy_print_json(answer);
}

static void
run(struct check *check, const char *folder)
{
	enum kp_status status = kp_policy_set_read(&check->set, folder);
	if (status == KP_OK) {
		status = kp_policy_set_check(&check->set, check->now_ms);
	}
	if (status == KP_OK) {
		look_at_reviews(check);
		look_for_unused(check);
		look_for_unreachable(check);
		look_for_nets(check);
		run_tests(check);
	} else if (status == KP_E_CONFIG) {
		look_further(check);
	} else {
		struct kp_error err = {0};
		(void)kp_error_set(&err, status, "%s", kp_status_info(status)->title);
		kp_findings_add(&check->set.findings, &err);
	}
}

int
kp_policy_check(int argc, char **argv)
{
	struct check check = {0};
	const char *day = NULL;
	bool json = false;
	size_t operands = 0;
	int exit_code = KP_POLICY_GOOD;
	const struct kp_option items[] = {{"--datum", .text = &day},
		{"--streng", .flag = &check.strict}, {"--json", .flag = &json}};
	const struct kp_options options = {.command = "check",
		.usage = usage,
		.usage_en = usage_en,
		.items = items,
		.count = KP_ARRAY_LEN(items),
		.operands_min = 1,
		.operands_max = 1};
	if (!kp_options_read(
		    &options, argc, argv, &check.english, &operands, &exit_code)) {
		return exit_code;
	}
	if (!kp_policy_moment("check", day, check.english, &check.now_ms)) {
		return KP_POLICY_WRONG_USE;
	}
	kp_policy_set_begin(&check.set);
	kp_findings_init(&check.notes, KP_POLICY_FINDINGS_MAX);
	run(&check, argv[1]);
	bool printed = true;
	if (json) {
		printed = print_json(&check);
	} else {
		print_lines(&check);
	}
	bool good = in_order(&check);
	kp_findings_deinit(&check.notes);
	kp_policy_set_end(&check.set);
	return good && printed ? KP_POLICY_GOOD : KP_POLICY_FOUND;
}
