/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* random_rules: random rules of everything the schema allows, also such that overflow or
 * refuse their argument, and random requests, over the names of small_set.h. */
#ifndef KP_TESTS_POLICIES_RANDOM_RULES_H
#define KP_TESTS_POLICIES_RANDOM_RULES_H

#include "small_set.h"

/* xorshift64*: the same numbers on every machine. */
struct dice {
	uint64_t state;
};

static inline uint32_t
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

static inline void
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

static inline void
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

static inline void
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

static inline void
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

static inline void
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

static inline void
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
static inline bool
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

static inline void
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

#endif
