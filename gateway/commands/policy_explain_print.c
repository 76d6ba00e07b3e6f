/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_explain_print: the explanation of one field for people. */
#include "commands/policy_explain.h"

#include <string.h>

#include "commands/policy_options.h"

/* How it is printed. */
struct print {
	size_t indent;
	bool english;
};

static void
begin_line(const struct print *print)
{
	(void)printf("%*s", (int)print->indent, "");
}

static const char *
text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text == NULL ? "" : text;
}

static void
print_rule(const struct print *print, const json_t *rule, const char *verdict)
{
	size_t index;
	json_t *condition;
	begin_line(print);
	(void)printf("    %s %s (%s; %s)%s\n", verdict, text_of(rule, "id"),
		text_of(rule, "plaats"), text_of(rule, "grondslag"),
		json_is_true(json_object_get(rule, "verlopen"))
			? KP_SAY(print->english, " VERLOPEN", " OVERDUE")
			: "");
	json_array_foreach(json_object_get(rule, "voorwaarden"), index, condition)
	{
		const char *truth = text_of(condition, "uitkomst");
		const char *word = strcmp(truth, "ja") == 0
			? KP_SAY(print->english, "ja  ", "yes ")
			: strcmp(truth, "nee") == 0
			? KP_SAY(print->english, "NEE ", "NO  ")
			: KP_SAY(print->english, "FOUT", "ERR ");
		begin_line(print);
		(void)printf("      %s %s\n", word, text_of(condition, "tekst"));
	}
}

static void
print_rules(const struct print *print, const json_t *source, const char *member,
	const char *verdict)
{
	size_t index;
	json_t *rule;
	json_array_foreach(json_object_get(source, member), index, rule)
	{
		print_rule(print, rule, verdict);
	}
}

static void
print_source(const struct print *print, const json_t *source)
{
	const char *rule = text_of(source, "regel");
	begin_line(print);
	(void)printf("  %s %s: %s%s%s%s\n", KP_SAY(print->english, "bron", "source"),
		text_of(source, "bron"), text_of(source, "reden"),
		rule[0] == '\0' ? "" : " (", rule, rule[0] == '\0' ? "" : ")");
	print_rules(print, source, "verbiedt",
		KP_SAY(print->english, "verboden door", "forbidden by"));
	print_rules(print, source, "staatToe",
		KP_SAY(print->english, "toegestaan door", "permitted by"));
	print_rules(print, source, "bijna",
		KP_SAY(print->english, "bijna door", "nearly by"));
}

void
kp_explain_print_field(const json_t *field, size_t indent, bool english)
{
	const struct print whole = {indent, english};
	const struct print *print = &whole;
	size_t index;
	json_t *item;
	bool permitted = json_is_true(json_object_get(field, "toegestaan"));
	begin_line(print);
	(void)printf("%s (%s): %s\n", text_of(field, "veld"), text_of(field, "naam"),
		permitted ? KP_SAY(print->english, "te zien", "can be seen")
			  : KP_SAY(print->english, "niet te zien", "cannot be seen"));
	json_array_foreach(json_object_get(field, "bronnen"), index, item)
	{
		print_source(print, item);
	}
	const json_t *changes = json_object_get(field, "zouVeranderen");
	if (json_array_size(changes) == 0) {
		begin_line(print);
		(void)printf("  %s\n",
			KP_SAY(print->english,
				"met andere feiten en een andere rol of een ander doel "
				"verandert dit niet",
				"other facts with another role or another purpose would "
				"not change this"));
		return;
	}
	begin_line(print);
	(void)printf("  %s\n",
		permitted ? KP_SAY(print->english, "zou niet meer te zien zijn bij:",
				    "could no longer be seen with:")
			  : KP_SAY(print->english,
				    "zou te zien zijn bij:", "could be seen with:"));
	json_array_foreach((json_t *)(uintptr_t)changes, index, item)
	{
		begin_line(print);
		(void)printf("    %s\n", text_of(item, "tekst"));
	}
}
