/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* command_policy: `ketenpoort policy …` finds the subcommand and hands over. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "commands/policy_commands.h"
#include "commands/policy_options.h"
#include "core/attr.h"
#include "core/nearest.h"

static const struct {
	const char *name;
	const char *help;
	const char *help_en;
	int (*run)(int argc, char **argv);
} commands[] = {
#define KP_POLICY_COMMAND(name_, help_, help_en_)                                        \
	{#name_, help_, help_en_, kp_policy_##name_},
	KP_POLICY_COMMANDS
#undef KP_POLICY_COMMAND
};

static void
print_help(FILE *out, bool english)
{
	(void)fprintf(out, "%s: ketenpoort policy %s [--en] …\n\n",
		KP_SAY(english, "gebruik", "usage"),
		KP_SAY(english, "OPDRACHT", "COMMAND"));
	for (size_t i = 0; i < KP_ARRAY_LEN(commands); i++) {
		(void)fprintf(out, "  %-9s %s\n", commands[i].name,
			KP_SAY(english, commands[i].help, commands[i].help_en));
	}
	(void)fputs(
		KP_SAY(english,
			"\n"
			"'ketenpoort policy OPDRACHT --help' zegt meer; met --en in het "
			"Engels.\n"
			"Uitkomst: 0 in orde, 1 iets gevonden of niet gelukt, 2 verkeerd "
			"gebruikt.\n",
			"\n"
			"'ketenpoort policy COMMAND --help --en' says more.\n"
			"Exit codes: 0 in order, 1 something found or not done, 2 wrong "
			"use.\n"),
		out);
}

static struct kp_slice
nearest_command(const char *name)
{
	const char *names[KP_ARRAY_LEN(commands)];
	for (size_t i = 0; i < KP_ARRAY_LEN(commands); i++) {
		names[i] = commands[i].name;
	}
	return kp_nearest_of(kp_slice_from(name), names, KP_ARRAY_LEN(names));
}

int
kp_command_policy(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	bool english = kp_options_english(argc, argv);
	for (size_t i = 0; i < KP_ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return commands[i].run(argc - 1, argv + 1);
		}
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		print_help(stdout, english);
		return KP_POLICY_GOOD;
	}
	if (name[0] != '\0' && name[0] != '-') {
		struct kp_slice near = nearest_command(name);
		(void)fprintf(stderr, "ketenpoort policy: %s '%s'%s%.*s%s\n\n",
			KP_SAY(english, "er is geen opdracht", "there is no command"),
			name,
			near.len == 0 ? ""
				      : KP_SAY(english, "; bedoeld is '", "; meant is '"),
			KP_SLICE_ARG(near), near.len == 0 ? "" : "'?");
	}
	print_help(stderr, english);
	return KP_POLICY_WRONG_USE;
}
