/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_options: the command line of one subcommand as a table. Options may stand
 * anywhere, as `--name value` or `--name=value`; what is left are operands. Every
 * subcommand knows --help and --en.
 */
#ifndef KP_COMMANDS_POLICY_OPTIONS_H
#define KP_COMMANDS_POLICY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define KP_OPTION_VALUES_MAX 64u

/* Text for people: Dutch, or English when asked for. */
#define KP_SAY(english, dutch_text, english_text)                                        \
	((english) ? (english_text) : (dutch_text))

/* Values of an option that may be given more than once, or with commas between them. The
 * command line is written in. */
struct kp_option_values {
	const char *items[KP_OPTION_VALUES_MAX];
	size_t count;
};

/* One of the three is set: it says what kind of option this is. */
struct kp_option {
	const char *name; /* "--doel" */
	bool *flag;
	const char **text;
	struct kp_option_values *values;
};

struct kp_options {
	const char *command;  /* "check" */
	const char *usage;    /* Dutch, whole */
	const char *usage_en; /* English */
	const struct kp_option *items;
	size_t count;
	size_t operands_min;
	size_t operands_max;
};

/*
 * Reads the command line; operands are moved to the front of argv + 1 and counted. False
 * when there is nothing more to do: help was asked for, or the use was wrong (said on
 * standard error); the exit code is then in `ret_exit`.
 */
bool kp_options_read(const struct kp_options *options, int argc, char **argv,
	bool *ret_english, size_t *ret_operands, int *ret_exit);

/* Is --en among these? */
bool kp_options_english(int argc, char **argv);

#endif
