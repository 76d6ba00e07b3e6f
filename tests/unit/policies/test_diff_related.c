/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * The edit preview, about conditions that have to do with each other: hours, days, sets
 * of days, the same thing said in another way. A generator knows which edits widen. To
 * decision diagrams alone such conditions are strangers, and narrowing one looks like a
 * widening; with a solver it must not. A widening is never missed, with or without.
 * KP_DIFF_RELATED makes it a long run.
 */
#include "random_rules.h"

#include "policies/diff.h"
#include "policies/diff_solver.h"

#define PAIRS_DEFAULT 240
#define CONDITION_BYTES 400

/* Conditions of which the first never holds without the second. */
struct family {
	const char *narrow; /* %u twice or less: a smaller and a larger number */
	const char *wide;
	unsigned from; /* of the smaller number */
	unsigned step; /* to the larger one, at most */
	bool alike;    /* they mean the same */
};

static const struct family families[] = {
	{"context.nu.toTime() < duration(\"%uh\")",
		"context.nu.toTime() < duration(\"%2$uh\")", 1, 12, false},
	{"context.nu.toTime() > duration(\"%2$uh\")",
		"context.nu.toTime() >= duration(\"%uh\")", 1, 10, false},
	{"context.nu.toTime().toHours() == %u", "context.nu.toTime().toHours() <= %2$u",
		1, 20, false},
	{"context.nu.toTime().toMinutes() * 2 < %u",
		"context.nu.toTime().toMinutes() + context.nu.toTime().toMinutes() < "
		"%2$u + 1",
		600, 500, false},
	{"context.nu.offset(duration(\"%ud\")) < datetime(\"2026-12-20\")",
		"context.nu.offset(duration(\"%2$ud\")).toTime() < duration(\"25h\")", 1,
		9, false},
	{"context.nu.durationSince(datetime(\"2026-11-01\")).toDays() < %u",
		"context.nu.durationSince(datetime(\"2026-11-01\")).toDays() < %2$u", 30,
		60, false},
	{"context.nu.toDate() == datetime(\"2026-12-%02u\")",
		"context.nu.toDate() >= datetime(\"2026-12-01\")", 1, 25, false},
	{"[datetime(\"2026-12-%02u\")].contains(context.nu.toDate())",
		"[datetime(\"2026-12-%02u\"), "
		"datetime(\"2026-12-%2$02u\")].contains(context.nu.toDate())",
		1, 20, false},
	{"context.nu.toTime() < duration(\"%uh\") && context.heeftZaak",
		"context.nu.toTime() < duration(\"%2$uh\") && (context.heeftZaak || "
		"context.redenGegeven)",
		1, 12, false},
	{"context.nu.toTime() < duration(\"%uh\") && context.nu.toTime() > "
	 "duration(\"%2$uh\")",
		"context.nu.toTime() < duration(\"0h\")", 1, 10, true},
	{"context.nu.toTime() < duration(\"%uh\")",
		"!(context.nu.toTime() >= duration(\"%uh\"))", 1, 20, true},
	{"context.nu.toTime() < duration(\"%uh\")", "context.nu.toTime().toHours() < %u",
		1, 20, true},
	{"context.nu.offset(duration(\"24h\")) <= datetime(\"2026-12-%02u\")",
		"context.nu.offset(duration(\"1d\")) <= datetime(\"2026-12-%02u\")", 1,
		20, true},
	{"(context.nu.toTime() < duration(\"%uh\")) == context.redenGegeven",
		"(context.nu.toTime() >= duration(\"%uh\")) != context.redenGegeven", 1,
		20, true},
};

struct tally {
	unsigned widened;
	unsigned others; /* narrowed, or alike */
	unsigned missed;
	unsigned false_alarms;
	unsigned shown; /* widenings with somebody to show */
};

/* Every format takes both numbers, whatever it uses. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
static void
load(struct set *set, const char *format, unsigned small, unsigned large)
{
	char condition[CONDITION_BYTES];
	char text[2 * CONDITION_BYTES];
	/* Positions and plain ones cannot stand together in one format. */
	char positions[CONDITION_BYTES];
	size_t at = 0;
	for (const char *from = format; *from != '\0'; from++) {
		positions[at++] = *from;
		if (from[0] == '%' && from[1] != '2') {
			memcpy(positions + at, "1$", 2);
			at += 2;
		}
	}
	positions[at] = '\0';
	(void)snprintf(condition, sizeof(condition), positions, small, large);
	(void)snprintf(text, sizeof(text),
		"@id(\"a\") @doel(\"intake\") @grondslag(\"g\") @eigenaar(\"e\") "
		"@herzien(\"2027-06-01\") permit(principal in Rol::\"intake\", action == "
		"Action::\"raadplegen\", resource in Rubriek::\"werk\") when "
		"{context.doel == Doel::\"intake\" && %s};\n",
		condition);
	small_begin(set);
	set_file(set, "regels/r.cedar", kp_arena_strdup(&set->arena, text));
	set_load(set, 0);
	set_print_findings(set);
	assert_int_equal(set->status, KP_OK);
}
#pragma GCC diagnostic pop

static void
check(const struct set *was, const struct set *is, bool widens, bool without_solver,
	struct tally *tally)
{
	struct kp_arena arena;
	struct kp_diff diff;
	const struct kp_diff_options options = {
		.now_ms = NOW_MS, .without_solver = without_solver};
	kp_arena_init(&arena, (size_t)256 << 20, NULL);
	assert_int_equal(
		kp_diff_create(&arena, was->bundle, is->bundle, &options, &diff), KP_OK);
	assert_int_equal(diff.solved, !without_solver && kp_diff_solver_present());
	bool called = diff.wider > 0;
	tally->widened += widens ? 1 : 0;
	tally->others += widens ? 0 : 1;
	tally->missed += widens && !called ? 1 : 0;
	tally->false_alarms += !widens && called ? 1 : 0;
	tally->shown += widens && diff.wider > diff.uncertain ? 1 : 0;
	/* Nobody is shown who is not real. */
	assert_false(!widens && diff.wider > diff.uncertain);
	kp_arena_deinit(&arena);
}

static void
report(const char *name, const struct tally *tally)
{
	print_message("%s: %u widened, of which %u missed and %u with somebody shown; %u "
		      "narrowed or alike, of which %u false alarms (%.1f%%)\n",
		name, tally->widened, tally->missed, tally->shown, tally->others,
		tally->false_alarms,
		tally->others == 0 ? 0 : 100.0 * tally->false_alarms / tally->others);
}

static void
knows_that_hours_and_days_are_related(void **state)
{
	(void)state;
	const char *wanted = getenv("KP_DIFF_RELATED");
	unsigned pairs =
		wanted == NULL ? PAIRS_DEFAULT : (unsigned)strtoul(wanted, NULL, 10);
	struct dice dice = {88172645463325252u};
	struct tally with = {0};
	struct tally without = {0};
	for (unsigned i = 0; i < pairs; i++) {
		const struct family *family = &families[i % KP_ARRAY_LEN(families)];
		unsigned small = family->from + roll(&dice, 4);
		unsigned large = small + 1 + roll(&dice, family->step - 4);
		bool turned = roll(&dice, 2) != 0;
		struct set narrow;
		struct set wide;
		load(&narrow, family->narrow, small, large);
		load(&wide, family->wide, small, large);
		const struct set *was = turned ? &wide : &narrow;
		const struct set *is = turned ? &narrow : &wide;
		bool widens = !family->alike && !turned;
		unsigned missed = with.missed;
		check(was, is, widens, false, &with);
		check(was, is, widens, true, &without);
		if (with.missed > missed) {
			print_error("missed: %u, %u: %s\n", small, large, family->wide);
		}
		set_end(&narrow);
		set_end(&wide);
	}
	report(kp_diff_solver_present() ? "with a solver" : "no solver was built in",
		&with);
	report("without", &without);
	assert_int_equal(with.missed, 0);
	assert_int_equal(without.missed, 0);
	/* The pairs are such that diagrams alone cannot tell. */
	assert_true(without.false_alarms > without.others / 2);
	if (kp_diff_solver_present()) {
		assert_int_equal(with.false_alarms, 0);
		assert_int_equal(with.shown, with.widened);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_that_hours_and_days_are_related),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
