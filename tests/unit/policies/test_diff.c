/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * The edit preview. A generator edits random sets in ways of which it is known whether
 * they can widen; then sampled requests are decided with both sets. What the preview
 * calls not wider must never turn out wider. KP_DIFF_PAIRS and KP_DIFF_SEED make it a
 * long run.
 */
#include "random_rules.h"

#include "policies/diff.h"

#define PAIRS_DEFAULT 1200
#define SAMPLES 60
#define TEXT_BYTES ((size_t)1 << 18)

enum direction {
	NARROWS, /* cannot permit anything new */
	WIDENS,  /* cannot take anything away */
	NEITHER, /* means the same */
};

static struct kp_diff
compare(struct kp_arena *arena, const struct set *was, const struct set *is)
{
	struct kp_diff diff;
	const struct kp_diff_options options = {.now_ms = NOW_MS};
	assert_int_equal(
		kp_diff_create(arena, was->bundle, is->bundle, &options, &diff), KP_OK);
	return diff;
}

static void
load_rules(struct set *set, const char *text)
{
	small_begin(set);
	set_file(set, "regels/r.cedar", text);
	set_load(set, 0);
}

/* A random set of rules that load, one a line. */
static char *
make_rules(struct dice *dice, struct kp_arena *arena)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, arena, TEXT_BYTES);
	struct writer writer = {dice, &buffer};
	unsigned count = 2 + roll(dice, 10);
	for (unsigned i = 0; i < count; i++) {
		write_rule(&writer, i);
	}
	kp_buffer_add_char(&buffer, '\0');
	struct set set;
	load_rules(&set, buffer.data);
	for (int tries = 0; set.status == KP_E_CONFIG && tries < 10; tries++) {
		assert_true(drop_bad_rules(&set, buffer.data));
		set_end(&set);
		load_rules(&set, buffer.data);
	}
	assert_int_equal(set.status, KP_OK);
	set_end(&set);
	return buffer.data;
}

/* A line that holds a rule with this effect; NULL when there is none. */
static char *
pick_rule(struct dice *dice, char *text, const char *effect)
{
	char *lines[64];
	size_t count = 0;
	for (char *line = text; line != NULL && *line != '\0' && count < 64;) {
		char *end = strchr(line, '\n');
		char *at = strstr(line, effect);
		if (at != NULL && at < end) {
			lines[count++] = line;
		}
		line = end + 1;
	}
	return count == 0 ? NULL : lines[roll(dice, (uint32_t)count)];
}

static void
add_line(struct kp_buffer *out, const char *line)
{
	kp_buffer_add(out, line, (size_t)(strchr(line, '\n') - line) + 1);
}

/* All but `without`; with "when {…}" added to `narrowed`, and `after` behind it. */
static void
copy_edited(struct dice *dice, struct kp_buffer *out, const char *text,
	const char *without, const char *narrowed)
{
	for (const char *line = text; *line != '\0';) {
		const char *end = strchr(line, '\n');
		if (line == narrowed) {
			kp_buffer_add(out, line, (size_t)(end - line) - 1);
			struct writer writer = {dice, out};
			ADD(&writer, " when {");
			write_bool(&writer, 2);
			ADD(&writer, "};\n");
		} else if (line != without) {
			add_line(out, line);
		}
		line = end + 1;
	}
}

/* A rule once more, meaning the same: under another name. */
static void
add_again(struct kp_buffer *out, const char *line)
{
	const char *end = strchr(line, '"');
	KP_BUFFER_ADD(out, "@id(\"nog-eens");
	end = strchr(end + 1, '"');
	add_line(out, end);
}

/* A set that differs from `text` in a known direction; NULL when it does not load. */
static char *
edit(struct dice *dice, struct kp_arena *arena, char *text, enum direction *ret_direction)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, arena, TEXT_BYTES);
	struct writer writer = {dice, &buffer};
	char *permit = pick_rule(dice, text, "permit");
	char *forbid = pick_rule(dice, text, "forbid");
	char *rule = permit != NULL ? permit : forbid;
	*ret_direction = WIDENS;
	switch (roll(dice, 8)) {
	case 0:
		copy_edited(dice, &buffer, text, permit, NULL);
		*ret_direction = NARROWS;
		break;
	case 1:
	case 2:
		copy_edited(dice, &buffer, text, NULL, permit);
		*ret_direction = NARROWS;
		break;
	case 3:
		copy_edited(dice, &buffer, text, forbid, NULL);
		break;
	case 4:
		/* A rule that is new may be either. */
		copy_edited(dice, &buffer, text, NULL, NULL);
		write_rule(&writer, 77);
		buffer.data[buffer.len] = '\0';
		*ret_direction = strstr(strstr(buffer.data, "\"r77\""), "forbid") != NULL
			? NARROWS
			: WIDENS;
		break;
	case 5:
		copy_edited(dice, &buffer, text, NULL, forbid);
		/* An added condition may fail, and a forbid that fails forbids: but it
		 * is only looked at when the others hold. */
		break;
	case 6:
		copy_edited(dice, &buffer, text, NULL, NULL);
		add_again(&buffer, rule);
		*ret_direction = NEITHER;
		break;
	default:
		/* The rule behind all others. */
		copy_edited(dice, &buffer, text, rule, NULL);
		add_line(&buffer, rule);
		*ret_direction = NEITHER;
		break;
	}
	kp_buffer_add_char(&buffer, '\0');
	assert_false(buffer.failed);
	struct set set;
	load_rules(&set, buffer.data);
	bool loads = set.status == KP_OK;
	set_end(&set);
	return loads ? buffer.data : NULL;
}

struct tally {
	unsigned pairs;
	unsigned verdicts[4];
	unsigned directions[3];
	unsigned missed;       /* called not wider, and a sample was wider */
	unsigned false_alarms; /* called wider, and the edit cannot widen */
	unsigned unsure;       /* of which no person was shown */
	unsigned alarms;       /* called wider */
	unsigned seen_wider;   /* pairs of which a sample was wider */
	unsigned unconfirmed;  /* pairs called wider without anybody shown */
};

static void
decide(const struct set *set, const struct kp_facts *request, struct kp_arena *arena,
	struct kp_decision *decision)
{
	assert_int_equal(kp_bundle_decide(set->bundle, request, arena, decision), KP_OK);
}

/* Sampled requests: does either set permit what the other does not? */
static void
sample(struct dice *dice, const struct set *was, const struct set *is, bool *ret_wider,
	bool *ret_narrower)
{
	*ret_wider = false;
	*ret_narrower = false;
	for (int i = 0; i < SAMPLES; i++) {
		struct kp_arena arena;
		kp_arena_init(&arena, (size_t)64 << 20, NULL);
		struct kp_slice role_list[2];
		struct kp_facts request;
		make_facts(dice, role_list, &request);
		request.now_ms = request.now_ms < NOW_MS ? NOW_MS : request.now_ms;
		struct kp_decision before;
		struct kp_decision after;
		decide(was, &request, &arena, &before);
		decide(is, &request, &arena, &after);
		for (uint32_t j = 0; j < was->bundle->catalogue->cell_words; j++) {
			*ret_wider |= (after.cells[j] & ~before.cells[j]) != 0;
			*ret_narrower |= (before.cells[j] & ~after.cells[j]) != 0;
		}
		kp_arena_deinit(&arena);
	}
}

static void
check_pair(struct dice *dice, const char *was_text, const char *is_text,
	enum direction direction, struct tally *tally)
{
	struct set was;
	struct set is;
	load_rules(&was, was_text);
	load_rules(&is, is_text);
	struct kp_arena arena;
	kp_arena_init(&arena, (size_t)256 << 20, NULL);
	struct kp_diff diff = compare(&arena, &was, &is);
	bool wider;
	bool narrower;
	sample(dice, &was, &is, &wider, &narrower);
	bool called_wider = diff.wider > 0;
	bool called_narrower =
		diff.verdict == KP_DIFF_NARROWER || diff.verdict == KP_DIFF_CHANGED;
	assert_int_equal(called_wider,
		diff.verdict == KP_DIFF_WIDER || diff.verdict == KP_DIFF_CHANGED);
	assert_false(narrower && !called_narrower);
	if (direction == NEITHER) {
		assert_int_equal(diff.verdict, KP_DIFF_SAME);
		assert_int_equal(diff.change_count, 0);
	}
	tally->pairs++;
	tally->verdicts[diff.verdict]++;
	tally->directions[direction]++;
	tally->missed += wider && !called_wider ? 1 : 0;
	tally->seen_wider += wider ? 1 : 0;
	tally->alarms += called_wider ? 1 : 0;
	bool shown = diff.wider > diff.uncertain;
	tally->unconfirmed += called_wider && !shown ? 1 : 0;
	bool false_alarm = called_wider && direction != WIDENS;
	tally->false_alarms += false_alarm ? 1 : 0;
	/* Somebody who is shown is real, so no false alarm shows anybody. */
	assert_false(false_alarm && shown);
	tally->unsure += false_alarm ? 1 : 0;
	kp_arena_deinit(&arena);
	set_end(&was);
	set_end(&is);
}

static unsigned
number_from_environment(const char *name, unsigned fallback)
{
	const char *text = getenv(name);
	return text == NULL ? fallback : (unsigned)strtoul(text, NULL, 10);
}

static void
misses_no_widening(void **state)
{
	(void)state;
	unsigned pairs = number_from_environment("KP_DIFF_PAIRS", PAIRS_DEFAULT);
	struct dice dice = {((uint64_t)number_from_environment("KP_DIFF_SEED", 1) << 20) +
		88172645463325252u};
	struct tally tally = {0};
	while (tally.pairs < pairs) {
		struct kp_arena arena;
		kp_arena_init(&arena, (size_t)64 << 20, NULL);
		char *text = make_rules(&dice, &arena);
		for (int i = 0; i < 6 && tally.pairs < pairs; i++) {
			enum direction direction;
			char *edited = edit(&dice, &arena, text, &direction);
			if (edited == NULL) {
				continue;
			}
			if (roll(&dice, 2) != 0) {
				check_pair(&dice, text, edited, direction, &tally);
			} else {
				check_pair(&dice, edited, text,
					direction == WIDENS            ? NARROWS
						: direction == NARROWS ? WIDENS
								       : NEITHER,
					&tally);
			}
		}
		kp_arena_deinit(&arena);
	}
	print_message(
		"%u pairs (%u narrowed, %u widened, %u alike): called same %u, "
		"narrower %u, wider %u, changed %u; %u seen to be wider, %u missed; "
		"called wider %u, of which nobody shown %u; false alarms %u (%.2f%%)\n",
		tally.pairs, tally.directions[NARROWS], tally.directions[WIDENS],
		tally.directions[NEITHER], tally.verdicts[KP_DIFF_SAME],
		tally.verdicts[KP_DIFF_NARROWER], tally.verdicts[KP_DIFF_WIDER],
		tally.verdicts[KP_DIFF_CHANGED], tally.seen_wider, tally.missed,
		tally.alarms, tally.unconfirmed, tally.false_alarms,
		100.0 * tally.false_alarms / tally.pairs);
	assert_int_equal(tally.missed, 0);
	assert_true(tally.seen_wider > pairs / 50);
	assert_true(tally.false_alarms <= pairs / 20);
}

/* -- Edits of which every part of the answer is known -- */

#define RULE(id, role, more)                                                             \
	CARD(id, "intake", "2027-06-01")                                                 \
	"permit(principal in Rol::\"" role                                               \
	"\", action == Action::\"raadplegen\", resource in Rubriek::\"werk\") when "     \
	"{context.doel == Doel::\"intake\"" more "};\n"

struct pair {
	struct kp_arena arena;
	struct set was;
	struct set is;
	struct kp_diff diff;
};

static void
pair_begin(struct pair *pair, const char *was, const char *is)
{
	kp_arena_init(&pair->arena, (size_t)256 << 20, NULL);
	load_rules(&pair->was, was);
	load_rules(&pair->is, is);
	set_print_findings(&pair->was);
	set_print_findings(&pair->is);
	pair->diff = compare(&pair->arena, &pair->was, &pair->is);
}

static void
pair_end(struct pair *pair)
{
	set_end(&pair->was);
	set_end(&pair->is);
	kp_arena_deinit(&pair->arena);
}

static void
names_who_gains_what(void **state)
{
	(void)state;
	struct pair pair;
	pair_begin(&pair, RULE("a", "intake", ""),
		RULE("a", "intake", "") RULE("b", "manager", " && context.heeftZaak"));
	const struct kp_diff *diff = &pair.diff;
	assert_int_equal(diff->verdict, KP_DIFF_WIDER);
	/* In their own name, and by the one mandate. */
	assert_int_equal(diff->change_count, 2);
	assert_true(diff->changes[0].in_name_of == KP_NO_ID);
	assert_true(diff->changes[1].in_name_of != KP_NO_ID);
	const struct kp_diff_change *change = &diff->changes[0];
	assert_int_equal(change->action, KP_ACTION_READ);
	assert_true(kp_slice_is(diff->purposes.names[change->purpose], "intake"));
	assert_true(kp_slice_is(diff->roles.names[change->role], "manager"));
	assert_int_equal(
		kp_bits_count(change->cells, kp_bits_words(diff->cells.count)), 4);
	assert_int_equal(kp_bits_count(change->organisations, 1), 3);
	uint64_t with_case = 0;
	for (unsigned i = 0; i < 64; i++) {
		with_case |= (uint64_t)(i >> KP_FACT_HAS_CASE & 1) << i;
	}
	assert_true(change->gained_always == with_case);
	assert_true(change->gained_ever == with_case);
	/* The purpose is reviewed before the rule is. */
	assert_true(change->until_ms == NOW_MS + 39 * DAY_MS);
	assert_true(change->gained.confirmed);
	assert_true(change->gained.facts.has_case);
	pair_end(&pair);
}

/* A forbid that goes widens only those who hold its role beside one that permits. */
static void
sees_what_only_roles_together_gain(void **state)
{
	(void)state;
	static const char forbid[] =
		"@id(\"f\") @doel(\"alle\") @grondslag(\"g\") @eigenaar(\"e\") "
		"@herzien(\"2027-01-01\") forbid(principal in Rol::\"manager\", action, "
		"resource in Rubriek::\"werk\");\n";
	char was[2048];
	(void)snprintf(was, sizeof(was), "%s%s", RULE("a", "intake", ""), forbid);
	struct pair pair;
	pair_begin(&pair, was, RULE("a", "intake", ""));
	assert_int_equal(pair.diff.verdict, KP_DIFF_WIDER);
	assert_int_equal(pair.diff.change_count, 2);
	assert_true(pair.diff.changes[0].role == KP_NO_ID);
	assert_true(pair.diff.changes[0].gained.confirmed);
	assert_int_equal(pair.diff.changes[0].gained.facts.role_count, 2);
	pair_end(&pair);
}

static void
calls_alike_what_is_alike(void **state)
{
	(void)state;
	struct pair pair;
	pair_begin(&pair, RULE("a", "intake", " && (context.heeftZaak || context.zelf)"),
		RULE("x", "intake", " && context.zelf")
			RULE("y", "intake", " && !(!context.heeftZaak)"));
	assert_int_equal(pair.diff.verdict, KP_DIFF_SAME);
	assert_int_equal(pair.diff.change_count, 0);
	pair_end(&pair);
}

/* Moments are ordered, so a later end is wider and an earlier one is not. */
static void
knows_the_order_of_moments(void **state)
{
	(void)state;
	struct pair pair;
	pair_begin(&pair,
		RULE("a", "intake", " && context.nu < datetime(\"2026-12-05\")"),
		RULE("a", "intake", " && context.nu <= datetime(\"2026-12-01\")"));
	assert_int_equal(pair.diff.verdict, KP_DIFF_NARROWER);
	pair_end(&pair);
	pair_begin(&pair,
		RULE("a", "intake", " && datetime(\"2026-12-01\") > context.nu"),
		RULE("a", "intake", " && context.nu < datetime(\"2026-12-05\")"));
	assert_int_equal(pair.diff.verdict, KP_DIFF_WIDER);
	assert_true(pair.diff.changes[0].gained.confirmed);
	pair_end(&pair);
}

/* Conditions that are only variables: what is wider may not be, and says so. */
static void
says_when_it_is_not_sure(void **state)
{
	(void)state;
#define LATER(days)                                                                      \
	" && context.nu.offset(duration(\"" days "\")) < datetime(\"2026-12-20\")"
	struct pair pair;
	const struct kp_diff_options alone = {.now_ms = NOW_MS, .without_solver = true};
	pair_begin(&pair, RULE("a", "intake", LATER("1d")),
		RULE("a", "intake", LATER("2d")));
	/* With a solver it is sure: test_diff_related.c. */
	assert_int_equal(kp_diff_create(&pair.arena, pair.was.bundle, pair.is.bundle,
				 &alone, &pair.diff),
		KP_OK);
	assert_int_equal(pair.diff.verdict, KP_DIFF_CHANGED);
	assert_int_equal(pair.diff.wider, 2);
	assert_int_equal(pair.diff.uncertain, 2);
	assert_true(pair.diff.changes[0].conditions.len > 0);
	pair_end(&pair);
	pair_begin(&pair, RULE("a", "intake", LATER("2d")),
		RULE("a", "intake", LATER("1d")));
	assert_int_equal(pair.diff.wider, 2);
	assert_int_equal(pair.diff.uncertain, 0);
	pair_end(&pair);
}

/* What registers change counts as much as rules do. */
static void
sees_a_register_that_changes(void **state)
{
	(void)state;
	struct pair pair;
	pair_begin(&pair, RULE("a", "intake", ""), RULE("a", "intake", ""));
	assert_int_equal(pair.diff.verdict, KP_DIFF_SAME);
	pair_end(&pair);
	kp_arena_init(&pair.arena, (size_t)256 << 20, NULL);
	load_rules(&pair.was, RULE("a", "intake", ""));
	small_begin(&pair.is);
	set_file(&pair.is, "regels/r.cedar", RULE("a", "intake", ""));
	char *purposes_text = kp_arena_strdup(&pair.is.arena, SMALL_PURPOSES);
	char *review = strstr(purposes_text, "\"herzien\":\"2027-");
	memcpy(review + strlen("\"herzien\":\"202"), "8", 1);
	set_file(&pair.is, KP_FILE_PURPOSES, purposes_text);
	set_load(&pair.is, 0);
	pair.diff = compare(&pair.arena, &pair.was, &pair.is);
	assert_int_equal(pair.diff.verdict, KP_DIFF_WIDER);
	pair.diff = compare(&pair.arena, &pair.is, &pair.was);
	assert_int_equal(pair.diff.verdict, KP_DIFF_NARROWER);
	pair_end(&pair);
}

/* Machines lose what employees gain. */
static void
sees_who_may_ask_change(void **state)
{
	(void)state;
	static const char rule[] = CARD("a", "signaal",
		"2027-06-01") "permit(principal in Rol::\"intake\", action, "
			      "resource in Rubriek::\"werk\") when "
			      "{context.doel == Doel::\"signaal\"};\n";
	static const char member[] = "\"alleenMachine\":true";
	struct pair pair;
	kp_arena_init(&pair.arena, (size_t)256 << 20, NULL);
	load_rules(&pair.was, rule);
	small_begin(&pair.is);
	set_file(&pair.is, "regels/r.cedar", rule);
	char *before = kp_arena_strdup(&pair.is.arena, SMALL_PURPOSES);
	char *at = strstr(before, member);
	*at = '\0';
	set_file(&pair.is, KP_FILE_PURPOSES,
		kp_arena_printf(&pair.is.arena, "%s\"alleenMachine\":false%s", before,
			at + strlen(member)));
	set_load(&pair.is, 0);
	pair.diff = compare(&pair.arena, &pair.was, &pair.is);
	assert_int_equal(pair.diff.verdict, KP_DIFF_CHANGED);
	const struct kp_diff_change *change = &pair.diff.changes[0];
	assert_true(kp_slice_is(change->conditions, "een medewerker vraagt"));
	assert_true(change->gained.confirmed);
	assert_true(kp_slice_is(change->gained.facts.employee, "medewerker"));
	assert_true(change->lost.confirmed);
	assert_int_equal(change->lost.facts.employee.len, 0);
	pair_end(&pair);
}

/* A mandate is a way in: whoever gets one gains what the other may see. */
static void
sees_a_mandate(void **state)
{
	(void)state;
	struct pair pair;
	static const char rule[] = CARD("a", "intake",
		"2027-06-01") "permit(principal in Rol::\"manager\", action == "
			      "Action::\"raadplegen\", "
			      "resource in Rubriek::\"werk\") when {context.doel == "
			      "Doel::\"intake\" && "
			      "principal.organisatie == Organisatie::\"" OIN_A "\"};\n";
	kp_arena_init(&pair.arena, (size_t)256 << 20, NULL);
	load_rules(&pair.is, rule);
	small_begin(&pair.was);
	set_file(&pair.was, "regels/r.cedar", rule);
	char *text = kp_arena_strdup(&pair.was.arena, SMALL_ORGANISATIONS);
	char *mandate = strstr(text, "\"mandaten\":[\"" OIN_A);
	memcpy(strstr(mandate, OIN_A), OIN_B, strlen(OIN_B));
	set_file(&pair.was, KP_FILE_ORGANISATIONS, text);
	set_load(&pair.was, 0);
	pair.diff = compare(&pair.arena, &pair.was, &pair.is);
	assert_int_equal(pair.diff.verdict, KP_DIFF_WIDER);
	assert_int_equal(pair.diff.change_count, 1);
	assert_true(pair.diff.changes[0].gained.confirmed);
	assert_true(kp_slice_is(pair.diff.changes[0].gained.facts.on_behalf_of, OIN_A));
	pair.diff = compare(&pair.arena, &pair.is, &pair.was);
	assert_int_equal(pair.diff.verdict, KP_DIFF_NARROWER);
	pair_end(&pair);
}

/* The shipped example: without each of its rules in turn. */
static void
compares_the_example(void **state)
{
	(void)state;
	struct set was;
	set_example(&was);
	set_load(&was, 0);
	assert_int_equal(was.status, KP_OK);
	struct kp_arena arena;
	kp_arena_init(&arena, (size_t)512 << 20, NULL);
	struct kp_diff same = compare(&arena, &was, &was);
	assert_int_equal(same.verdict, KP_DIFF_SAME);
	assert_true(same.counts[KP_DIFF_SAME] > 0);
	kp_arena_deinit(&arena);
	unsigned seen[4] = {0};
	for (size_t i = 0; i < was.count; i++) {
		if (strncmp(was.files[i].name, "partners/", 9) != 0) {
			continue;
		}
		struct set is;
		set_example(&is);
		set_file(&is, was.files[i].name, "");
		set_load(&is, 0);
		assert_int_equal(is.status, KP_OK);
		kp_arena_init(&arena, (size_t)512 << 20, NULL);
		struct kp_diff diff = compare(&arena, &was, &is);
		seen[diff.verdict]++;
		assert_int_equal(diff.uncertain, 0);
		diff = compare(&arena, &is, &was);
		assert_int_equal(diff.wider, 0);
		kp_arena_deinit(&arena);
		set_end(&is);
	}
	/* A partner can only forbid: without it nothing is narrower. */
	assert_true(seen[KP_DIFF_WIDER] > 0);
	assert_int_equal(seen[KP_DIFF_NARROWER] + seen[KP_DIFF_CHANGED], 0);
	set_end(&was);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_who_gains_what),
		cmocka_unit_test(sees_what_only_roles_together_gain),
		cmocka_unit_test(calls_alike_what_is_alike),
		cmocka_unit_test(knows_the_order_of_moments),
		cmocka_unit_test(says_when_it_is_not_sure),
		cmocka_unit_test(sees_a_register_that_changes),
		cmocka_unit_test(sees_who_may_ask_change),
		cmocka_unit_test(sees_a_mandate),
		cmocka_unit_test(compares_the_example),
		cmocka_unit_test(misses_no_widening),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
