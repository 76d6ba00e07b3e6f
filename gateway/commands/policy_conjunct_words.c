/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_conjunct_words: what a rule asks, in words. */
#include "commands/policy_conjuncts.h"
#include "commands/policy_options.h"
#include "commands/policy_view.h"

/* Names that one sentence sums up before it says "and N more". */
#define NAMES_MAX 5u

/* One sentence under way. */
struct words {
	struct kp_buffer *out;
	const struct kp_model *model;
	bool english;
};

static void write_expr(
	struct words *words, const struct kp_cedar_expr *expr, bool negated);

static void
say(struct words *words, const char *dutch, const char *english)
{
	kp_buffer_add_slice(words->out, kp_slice_from(words->english ? english : dutch));
}

static bool
is_variable(const struct kp_cedar_expr *expr, enum kp_cedar_var var)
{
	return expr->op == KP_CEDAR_OP_VAR && expr->var == var;
}

static bool
is_member(const struct kp_cedar_expr *expr, enum kp_cedar_var var, const char *name)
{
	return expr->op == KP_CEDAR_OP_GET && is_variable(expr->left, var) &&
		kp_slice_is(expr->attr->text, name);
}

/* The i-th entity of `uid` or `[uid, uid]`; NULL behind the last, or when it is not one.
 */
static const struct kp_cedar_uid *
entity_at(const struct kp_cedar_expr *expr, size_t at)
{
	const struct kp_cedar_expr *item = expr;
	if (expr->op == KP_CEDAR_OP_SET) {
		item = at < expr->count ? expr->items[at] : NULL;
	} else if (at > 0) {
		item = NULL;
	}
	return item != NULL && item->op == KP_CEDAR_OP_LITERAL &&
			item->literal.kind == KP_CEDAR_ENTITY
		? item->literal.entity
		: NULL;
}

static bool
all_entities(const struct kp_cedar_expr *expr)
{
	size_t count = expr->op == KP_CEDAR_OP_SET ? expr->count : 1;
	for (size_t i = 0; i < count; i++) {
		if (entity_at(expr, i) == NULL) {
			return false;
		}
	}
	return count > 0;
}

/* "a, b of c"; `next` gives the names one by one. */
static void
write_names(struct words *words, const struct kp_cedar_uid *const *uids, size_t count)
{
	size_t shown = count <= NAMES_MAX + 1 ? count : NAMES_MAX;
	for (size_t i = 0; i < shown; i++) {
		if (i > 0 && i + 1 == count) {
			say(words, " of ", " or ");
		} else if (i > 0) {
			KP_BUFFER_ADD(words->out, ", ");
		}
		kp_buffer_add_slice(words->out, uids[i]->id->text);
	}
	if (shown < count) {
		kp_buffer_printf(words->out,
			KP_SAY(words->english, " of %zu andere", " or %zu others"),
			count - shown);
	}
}

static void
write_entities(struct words *words, const struct kp_cedar_expr *expr)
{
	const struct kp_cedar_uid *uids[256];
	size_t count = 0;
	const struct kp_cedar_uid *uid;
	while (count < KP_ARRAY_LEN(uids) && (uid = entity_at(expr, count)) != NULL) {
		uids[count++] = uid;
	}
	write_names(words, uids, count);
}

/* `x in …` and `x == …` about what the model knows. */
static bool
write_membership(struct words *words, const struct kp_cedar_expr *expr, bool negated)
{
	static const struct {
		enum kp_cedar_var var;
		const char *member; /* NULL: the variable itself */
		const char *text[2];
		const char *text_en[2];
	} subjects[] = {
		{KP_CEDAR_VAR_PRINCIPAL, NULL, {"de rol is ", "de rol is niet "},
			{"the role is ", "the role is not "}},
		{KP_CEDAR_VAR_PRINCIPAL, "organisatie",
			{"de organisatie is ", "de organisatie is niet "},
			{"the organisation is ", "the organisation is not "}},
		{KP_CEDAR_VAR_CONTEXT, "doel", {"het doel is ", "het doel is niet "},
			{"the purpose is ", "the purpose is not "}},
		{KP_CEDAR_VAR_RESOURCE, NULL,
			{"het veld ligt in ", "het veld ligt niet in "},
			{"the field is in ", "the field is not in "}},
	};
	bool other_way = expr->op == KP_CEDAR_OP_NE;
	if ((expr->op != KP_CEDAR_OP_IN && expr->op != KP_CEDAR_OP_EQ && !other_way) ||
		!all_entities(expr->right)) {
		return false;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(subjects); i++) {
		bool is = subjects[i].member == NULL
			? is_variable(expr->left, subjects[i].var)
			: is_member(expr->left, subjects[i].var, subjects[i].member);
		if (is) {
			int at = negated != other_way ? 1 : 0;
			say(words, subjects[i].text[at], subjects[i].text_en[at]);
			write_entities(words, expr->right);
			return true;
		}
	}
	return false;
}

/* `context.heeftZaak`, `resource.derde`. */
static bool
write_truth(struct words *words, const struct kp_cedar_expr *expr, bool negated)
{
	if (is_member(expr, KP_CEDAR_VAR_RESOURCE, "derde")) {
		if (negated) {
			say(words, "het veld gaat over de klant zelf",
				"the field is about the client");
		} else {
			say(words, "het veld gaat over iemand anders dan de klant",
				"the field is about somebody else than the client");
		}
		return true;
	}
	if (expr->op != KP_CEDAR_OP_GET ||
		!is_variable(expr->left, KP_CEDAR_VAR_CONTEXT)) {
		return false;
	}
	for (int i = 0; i < KP_FACT_COUNT; i++) {
		if (expr->attr == words->model->attr_facts[i]) {
			kp_policy_words_fact(
				words->out, (enum kp_fact)i, !negated, words->english);
			return true;
		}
	}
	return false;
}

/* `resource.gevoeligheid <= 3`. */
static bool
write_sensitivity(struct words *words, const struct kp_cedar_expr *expr, bool negated)
{
	static const struct {
		enum kp_cedar_op op;
		enum kp_cedar_op opposite;
		const char *text;
		const char *text_en;
	} signs[] = {
		{KP_CEDAR_OP_LE, KP_CEDAR_OP_GT, "ten hoogste", "at most"},
		{KP_CEDAR_OP_GE, KP_CEDAR_OP_LT, "ten minste", "at least"},
		{KP_CEDAR_OP_LT, KP_CEDAR_OP_GE, "lager dan", "below"},
		{KP_CEDAR_OP_GT, KP_CEDAR_OP_LE, "hoger dan", "above"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(signs); i++) {
		if ((negated ? signs[i].opposite : signs[i].op) == expr->op &&
			is_member(expr->left, KP_CEDAR_VAR_RESOURCE, "gevoeligheid") &&
			expr->right->op == KP_CEDAR_OP_LITERAL &&
			expr->right->literal.kind == KP_CEDAR_LONG) {
			kp_buffer_printf(words->out, "%s %s %lld",
				KP_SAY(words->english, "de gevoeligheid van het veld is",
					"the sensitivity of the field is"),
				KP_SAY(words->english, signs[i].text, signs[i].text_en),
				(long long)expr->right->literal.integer);
			return true;
		}
	}
	return false;
}

/* a || b, and !(a && b) which is !a || !b. */
static bool
write_choice(struct words *words, const struct kp_cedar_expr *expr, bool negated)
{
	if (expr->op == KP_CEDAR_OP_NOT) {
		write_expr(words, expr->left, !negated);
		return true;
	}
	if (expr->op != KP_CEDAR_OP_OR && expr->op != KP_CEDAR_OP_AND) {
		return false;
	}
	bool both = (expr->op == KP_CEDAR_OP_AND) != negated;
	write_expr(words, expr->left, negated);
	if (both) {
		say(words, " en ", " and ");
	} else {
		say(words, ", of ", ", or ");
	}
	write_expr(words, expr->right, negated);
	return true;
}

static void
write_expr(struct words *words, const struct kp_cedar_expr *expr, bool negated)
{
	bool compares = expr->op == KP_CEDAR_OP_LE || expr->op == KP_CEDAR_OP_LT ||
		expr->op == KP_CEDAR_OP_GE || expr->op == KP_CEDAR_OP_GT;
	if (write_choice(words, expr, negated) ||
		write_membership(words, expr, negated) ||
		write_truth(words, expr, negated) ||
		(compares && write_sensitivity(words, expr, negated))) {
		return;
	}
	if (negated) {
		say(words, "niet: ", "not: ");
	}
	kp_cedar_expr_write(words->out, expr);
}

static void
write_scope(struct words *words, const struct kp_policy_conjunct *conjunct)
{
	const struct kp_cedar_scope *scope = conjunct->scope;
	switch (conjunct->about) {
	case KP_ABOUT_ROLE:
		say(words, "de rol is ", "the role is ");
		break;
	case KP_ABOUT_ACTION:
		say(words, "de actie is ", "the action is ");
		break;
	case KP_ABOUT_FIELD:
		if (scope->uid != NULL && kp_slice_is(scope->uid->type->text, "Bron")) {
			say(words, "de bron is ", "the source is ");
		} else {
			say(words, "het veld ligt in ", "the field is in ");
		}
		break;
	case KP_ABOUT_ORGANISATION:
	case KP_ABOUT_PURPOSE:
	case KP_ABOUT_FACTS:
	case KP_ABOUT_OTHER:
		break;
	}
	if (scope->op == KP_CEDAR_SCOPE_IN_SET) {
		write_names(words, scope->uids, scope->uid_count);
	} else if (scope->uid != NULL) {
		write_names(words, &scope->uid, 1);
	} else if (scope->type != NULL) {
		kp_buffer_add_slice(words->out, scope->type->text);
	}
}

void
kp_policy_words_conjunct(struct kp_buffer *out, const struct kp_bundle *bundle,
	const struct kp_policy_conjunct *conjunct, bool english)
{
	struct words words = {.out = out, .model = &bundle->model, .english = english};
	if (conjunct->scope != NULL) {
		write_scope(&words, conjunct);
	} else {
		write_expr(&words, conjunct->expr, conjunct->negated);
	}
}
