/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_options: see policy_options.h. */
#include "commands/policy_options.h"

#include <stdio.h>
#include <string.h>

#include "commands/policy_commands.h"
#include "core/nearest.h"

#define OPTIONS_MAX 32u

/* One command line under way. Lifetime: the call. */
struct reading {
	const struct kp_options *options;
	bool english;
	int argc;
	char **argv;
	int at;
};

bool
kp_options_english(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--en") == 0) {
			return true;
		}
	}
	return false;
}

static bool
complain(const struct reading *reading, const char *what, const char *about)
{
	(void)fprintf(stderr, "ketenpoort policy %s: %s%s%s%s\n",
		reading->options->command, what, about[0] == '\0' ? "" : " '", about,
		about[0] == '\0' ? "" : "'");
	return false;
}

static bool
unknown_option(const struct reading *reading, const char *given)
{
	const char *names[OPTIONS_MAX];
	size_t count = 0;
	for (; count < reading->options->count && count < OPTIONS_MAX; count++) {
		names[count] = reading->options->items[count].name;
	}
	struct kp_slice near = kp_nearest_of(kp_slice_from(given), names, count);
	char what[200];
	(void)snprintf(what, sizeof(what),
		near.len == 0 ? "%s%.*s"
			      : KP_SAY(reading->english, "%s (bedoeld is %.*s?)",
					"%s (meant is %.*s?)"),
		KP_SAY(reading->english, "onbekende optie", "unknown option"),
		KP_SLICE_ARG(near));
	return complain(reading, what, given);
}

static bool
add_values(const struct reading *reading, struct kp_option_values *values, char *text)
{
	for (char *next = text; next != NULL; text = next) {
		next = strchr(text, ',');
		if (next != NULL) {
			*next++ = '\0';
		}
		if (values->count == KP_OPTION_VALUES_MAX) {
			return complain(reading,
				KP_SAY(reading->english, "te veel waarden",
					"too many values"),
				text);
		}
		values->items[values->count++] = text;
	}
	return true;
}

/* The option of that name; `name_len` because "=value" may follow. */
static const struct kp_option *
find_option(const struct kp_options *options, const char *given, size_t name_len)
{
	for (size_t i = 0; i < options->count; i++) {
		const char *name = options->items[i].name;
		if (strlen(name) == name_len && memcmp(name, given, name_len) == 0) {
			return &options->items[i];
		}
	}
	return NULL;
}

static bool
read_option(struct reading *reading)
{
	char *given = reading->argv[reading->at];
	char *value = strchr(given, '=');
	size_t name_len = value == NULL ? strlen(given) : (size_t)(value - given);
	const struct kp_option *option = find_option(reading->options, given, name_len);
	if (option == NULL) {
		return unknown_option(reading, given);
	}
	if (option->flag != NULL) {
		*option->flag = true;
		return value == NULL ||
			complain(reading,
				KP_SAY(reading->english,
					"neemt geen waarde:", "takes no value:"),
				given);
	}
	if (value != NULL) {
		value++;
	} else if (reading->at + 1 < reading->argc) {
		value = reading->argv[++reading->at];
	} else {
		return complain(reading,
			KP_SAY(reading->english, "er ontbreekt een waarde na",
				"a value is missing after"),
			given);
	}
	if (option->values != NULL) {
		return add_values(reading, option->values, value);
	}
	*option->text = value;
	return true;
}

static bool
read_all(struct reading *reading, size_t *ret_operands)
{
	size_t operands = 0;
	bool only_operands = false;
	for (reading->at = 1; reading->at < reading->argc; reading->at++) {
		char *given = reading->argv[reading->at];
		if (only_operands || given[0] != '-' || given[1] == '\0') {
			reading->argv[1 + operands++] = given;
		} else if (strcmp(given, "--") == 0) {
			only_operands = true;
		} else if (strcmp(given, "--en") != 0 && !read_option(reading)) {
			return false;
		}
	}
	*ret_operands = operands;
	if (operands < reading->options->operands_min) {
		return complain(reading,
			KP_SAY(reading->english, "te weinig opgegeven",
				"too few arguments"),
			"");
	}
	if (operands > reading->options->operands_max) {
		return complain(reading,
			KP_SAY(reading->english, "te veel opgegeven",
				"too many arguments"),
			reading->argv[1 + reading->options->operands_max]);
	}
	return true;
}

bool
kp_options_read(const struct kp_options *options, int argc, char **argv,
	bool *ret_english, size_t *ret_operands, int *ret_exit)
{
	struct reading reading = {.options = options,
		.english = kp_options_english(argc, argv),
		.argc = argc,
		.argv = argv};
	*ret_english = reading.english;
	const char *usage = KP_SAY(reading.english, options->usage, options->usage_en);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			(void)fputs(usage, stdout);
			*ret_exit = KP_POLICY_GOOD;
			return false;
		}
	}
	if (!read_all(&reading, ret_operands)) {
		(void)fputc('\n', stderr);
		(void)fputs(usage, stderr);
		*ret_exit = KP_POLICY_WRONG_USE;
		return false;
	}
	return true;
}
