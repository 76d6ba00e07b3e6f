/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_explain: `ketenpoort policy explain` says of each field asked for why this
 * person may or may not see it for this purpose: which rules, which of their conditions
 * fails, and what would change the outcome.
 */
#include "commands/policy_explain.h"

#include <string.h>

#include "commands/policy_commands.h"
#include "commands/policy_options.h"
#include "core/bits.h"
#include "core/nearest.h"

static const char usage[] =
	"gebruik: ketenpoort policy explain --doel DOEL --rol ROL --organisatie OIN\n"
	"                                   --veld PAD [FEIT…] [--json] [--en] MAP\n"
	"\n"
	"Legt uit waarom een veld wel of niet te zien is: welke regels het toestaan of\n"
	"verbieden, welke regel er bijna was en op welke voorwaarde die strandt, en wat\n"
	"de uitkomst zou veranderen.\n"
	"\n"
	"  --doel DOEL         waarvoor gevraagd wordt\n"
	"  --rol ROL…          de rollen van de vrager (komma's of vaker)\n"
	"  --organisatie OIN   van de vrager\n"
	"  --namens OIN        in wiens naam die vraagt, met een mandaat\n"
	"  --veld PAD…         veld of rubriek (persoon.naam)\n"
	"  --actie ACTIE       raadplegen als niets genoemd is\n"
	"  --in-werkvoorraad   de klant staat in de werkvoorraad\n"
	"  --heeft-zaak        er loopt een zaak van de klant bij de organisatie\n"
	"  --zaak-genoemd      de vraag noemt een zaakkenmerk\n"
	"  --reden             de vraag noemt een reden\n"
	"  --bezwaar           de klant maakte bezwaar tegen dit doel\n"
	"  --zelf              de vrager vraagt naar zichzelf\n"
	"  --datum DAG         op deze dag (2027-06-01) in plaats van vandaag\n"
	"  --alles             alle regels, ook die er niet bij in de buurt komen\n"
	"  --json              één JSON-object in plaats van tekst\n"
	"\n"
	"Uitkomst: 0 uitgelegd, 1 de regels zijn niet in orde, 2 verkeerd gebruikt.\n";
static const char usage_en[] =
	"usage: ketenpoort policy explain --doel PURPOSE --rol ROLE --organisatie OIN\n"
	"                                 --veld PATH [FACT…] [--json] [--en] DIR\n"
	"\n"
	"Explains why a field can or cannot be seen: which rules permit or forbid it,\n"
	"which rule came near and on which condition it fails, and what would change\n"
	"the outcome.\n"
	"\n"
	"  --doel PURPOSE      for what is asked\n"
	"  --rol ROLE…         roles of the asker (commas, or more than once)\n"
	"  --organisatie OIN   of the asker\n"
	"  --namens OIN        in whose name that one asks, by mandate\n"
	"  --veld PATH…        field or section (persoon.naam)\n"
	"  --actie ACTION      raadplegen when none is named\n"
	"  --in-werkvoorraad   the client is in the caseload\n"
	"  --heeft-zaak        the client has an open case at the organisation\n"
	"  --zaak-genoemd      the question names a case\n"
	"  --reden             the question gives a reason\n"
	"  --bezwaar           the client objected to this purpose\n"
	"  --zelf              the asker asks about himself\n"
	"  --datum DAY         on this day (2027-06-01) in place of today\n"
	"  --alles             all rules, also those that come nowhere near\n"
	"  --json              one JSON object in place of text\n"
	"\n"
	"Exit codes: 0 explained, 1 the rules do not check, 2 wrong use.\n";

/* As given. */
struct asked {
	const char *purpose;
	const char *organisation;
	const char *on_behalf_of;
	const char *action;
	const char *day;
	struct kp_option_values roles;
	struct kp_option_values paths;
	bool case_named;
	bool json;
};

static void
print_text(const json_t *answer, bool english)
{
	size_t index;
	json_t *field;
	const char *refused = json_string_value(json_object_get(answer, "geweigerd"));
	if (refused != NULL) {
		(void)printf("%s: %s\n",
			KP_SAY(english, "de hele vraag wordt geweigerd",
				"the question as a whole is refused"),
			refused);
	}
	json_array_foreach(json_object_get(answer, "velden"), index, field)
	{
		(void)putchar('\n');
		kp_explain_print_field(field, 0, english);
	}
}

static bool
complain(bool english, const char *dutch, const char *text_en, const char *given,
	struct kp_slice near)
{
	(void)fprintf(stderr, "ketenpoort policy explain: %s%s%s%s%s%.*s%s\n",
		KP_SAY(english, dutch, text_en), given == NULL ? "" : " '",
		given == NULL ? "" : given, given == NULL ? "" : "'",
		near.len == 0 ? "" : KP_SAY(english, "; bedoeld is '", "; meant is '"),
		KP_SLICE_ARG(near), near.len == 0 ? "" : "'?");
	return false;
}

static bool
read_action(const struct asked *asked, bool english, enum kp_action *ret_action)
{
	const char *names[KP_ACTION_COUNT];
	for (int i = 0; i < KP_ACTION_COUNT; i++) {
		names[i] = kp_action_name((enum kp_action)i);
		if (asked->action == NULL || strcmp(asked->action, names[i]) == 0) {
			*ret_action = (enum kp_action)i;
			return true;
		}
	}
	return complain(english, "onbekende actie", "unknown action", asked->action,
		kp_nearest_of(kp_slice_from(asked->action), names, KP_ACTION_COUNT));
}

/* Fields and names; a purpose, role or organisation that nobody registered is part of the
 * answer, a field that does not exist is a mistake. */
static bool
read_question(struct kp_policy_set *set, const struct asked *asked,
	struct kp_explain *explain, uint64_t *fields)
{
	const struct kp_catalogue *catalogue = set->bundle->catalogue;
	struct kp_slice *roles =
		KP_ARENA_ARRAY(&set->arena, struct kp_slice, asked->roles.count + 1);
	if (roles == NULL ||
		!read_action(asked, explain->english, &explain->facts.action)) {
		return false;
	}
	for (size_t i = 0; i < asked->roles.count; i++) {
		roles[i] = kp_slice_from(asked->roles.items[i]);
	}
	explain->bundle = set->bundle;
	explain->facts.roles = roles;
	explain->facts.role_count = asked->roles.count;
	explain->facts.organisation = kp_slice_from(asked->organisation);
	explain->facts.on_behalf_of = kp_slice_from(asked->on_behalf_of);
	explain->facts.purpose = kp_slice_from(asked->purpose);
	const struct kp_purpose *purpose =
		kp_bundle_find_purpose(set->bundle, explain->facts.purpose);
	/* Nobody in particular asks, and for a machine-only purpose no person at all. */
	explain->facts.employee = purpose != NULL && purpose->machine_only
		? (struct kp_slice){0}
		: KP_SLICE("uitleg");
	explain->facts.case_id =
		asked->case_named ? KP_SLICE("zaak") : (struct kp_slice){0};
	for (size_t i = 0; i < asked->paths.count; i++) {
		struct kp_slice path = kp_slice_from(asked->paths.items[i]);
		if (!kp_catalogue_select(catalogue, path, fields)) {
			return complain(explain->english, "onbekend veld",
				"unknown field", asked->paths.items[i],
				kp_catalogue_nearest(catalogue, path));
		}
	}
	return true;
}

static int
run(struct kp_policy_set *set, const struct asked *asked, struct kp_explain *explain)
{
	uint64_t *fields = KP_ARENA_ARRAY(
		&set->arena, uint64_t, set->bundle->catalogue->field_words);
	if (fields == NULL) {
		return KP_POLICY_FOUND;
	}
	if (!read_question(set, asked, explain, fields)) {
		return KP_POLICY_WRONG_USE;
	}
	json_t *answer = kp_explain_json(explain, fields);
	if (asked->json || answer == NULL) {
		return kp_policy_print_json(answer) ? KP_POLICY_GOOD : KP_POLICY_FOUND;
	}
	print_text(answer, explain->english);
	json_decref(answer);
	return KP_POLICY_GOOD;
}

static bool
is_whole(const struct asked *asked, bool english)
{
	return (asked->purpose != NULL && asked->organisation != NULL &&
		       asked->roles.count > 0 && asked->paths.count > 0) ||
		complain(english, "--doel, --rol, --organisatie en --veld zijn nodig",
			"--doel, --rol, --organisatie and --veld are needed", NULL,
			(struct kp_slice){0});
}

int
kp_policy_explain(int argc, char **argv)
{
	struct asked asked = {0};
	struct kp_explain explain = {0};
	struct kp_facts *facts = &explain.facts;
	size_t operands = 0;
	int exit_code = KP_POLICY_FOUND;
	const struct kp_option items[] = {{"--doel", .text = &asked.purpose},
		{"--rol", .values = &asked.roles},
		{"--organisatie", .text = &asked.organisation},
		{"--namens", .text = &asked.on_behalf_of},
		{"--veld", .values = &asked.paths}, {"--actie", .text = &asked.action},
		{"--in-werkvoorraad", .flag = &facts->in_caseload},
		{"--heeft-zaak", .flag = &facts->has_case},
		{"--zaak-genoemd", .flag = &asked.case_named},
		{"--reden", .flag = &facts->reason_given},
		{"--bezwaar", .flag = &facts->opted_out},
		{"--zelf", .flag = &facts->self}, {"--datum", .text = &asked.day},
		{"--alles", .flag = &explain.everything},
		{"--json", .flag = &asked.json}};
	const struct kp_options options = {.command = "explain",
		.usage = usage,
		.usage_en = usage_en,
		.items = items,
		.count = KP_ARRAY_LEN(items),
		.operands_min = 1,
		.operands_max = 1};
	if (!kp_options_read(
		    &options, argc, argv, &explain.english, &operands, &exit_code)) {
		return exit_code;
	}
	if (!is_whole(&asked, explain.english) ||
		!kp_policy_moment(
			"explain", asked.day, explain.english, &facts->now_ms)) {
		return KP_POLICY_WRONG_USE;
	}
	struct kp_policy_set set;
	kp_policy_set_begin(&set);
	if (kp_policy_set_load(&set, argv[1], facts->now_ms, explain.english)) {
		exit_code = run(&set, &asked, &explain);
	}
	kp_policy_set_end(&set);
	return exit_code;
}
