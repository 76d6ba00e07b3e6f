/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_commands: the subcommands of `ketenpoort policy`, for the privacy officer. Each
 * is a file policy_NAME.c; argv[0] is its own name, the result is one of the exit codes
 * below. To add one, add a row (help in Dutch, then in English) and its file, and a
 * section to gateway/man/ketenpoort-policy.1.
 */
#ifndef KP_COMMANDS_POLICY_COMMANDS_H
#define KP_COMMANDS_POLICY_COMMANDS_H

#define KP_POLICY_COMMANDS                                                               \
	KP_POLICY_COMMAND(check,                                                         \
		"controleer een map met regels: alle fouten in één keer",                \
		"check a folder of rules: all faults at once")                           \
	KP_POLICY_COMMAND(                                                               \
		format, "zet regels in de vaste opmaak", "lay rules out in the one way") \
	KP_POLICY_COMMAND(matrix, "toon wie wat mag zien, per doel, rol en rubriek",     \
		"show who may see what")                                                 \
	KP_POLICY_COMMAND(                                                               \
		test, "voer de proeven bij de regels uit", "run the tests of the rules") \
	KP_POLICY_COMMAND(explain, "leg uit waarom een veld wel of niet te zien is",     \
		"explain why a field can or cannot be seen")                             \
	KP_POLICY_COMMAND(diff, "toon wat een wijziging van de regels opent en sluit",   \
		"show what an edit of the rules opens and closes")                       \
	KP_POLICY_COMMAND(keygen, "maak een sleutel om regels te ondertekenen",          \
		"make a key to sign rules with")                                         \
	KP_POLICY_COMMAND(bundle, "zet een set regels in één bestand",                   \
		"put a set of rules in one file")                                        \
	KP_POLICY_COMMAND(                                                               \
		sign, "dien een versie van de regels in", "propose a version of rules")  \
	KP_POLICY_COMMAND(approve, "keur een ingediende versie goed",                    \
		"approve a version that was proposed")                                   \
	KP_POLICY_COMMAND(activate, "maak goedgekeurde regels de geldende",              \
		"put approved rules in force")                                           \
	KP_POLICY_COMMAND(rollback, "ga terug naar de regels van daarvoor",              \
		"go back to the rules before these")                                     \
	KP_POLICY_COMMAND(log, "toon wanneer welke regels geldend werden",               \
		"show when which rules came in force")                                   \
	KP_POLICY_COMMAND(conform, "houd de regeltaal tegen gevallen van anderen",       \
		"hold the rule language against cases of others")

/* The same for all subcommands; scripts rely on them. */
enum kp_policy_exit {
	KP_POLICY_GOOD = 0,
	KP_POLICY_FOUND = 1,     /* faults, differences, failed tests; or it could not be
				    done */
	KP_POLICY_WRONG_USE = 2, /* the command line itself */
};

#define KP_POLICY_COMMAND(name, help, help_en)                                           \
	int kp_policy_##name(int argc, char **argv);
KP_POLICY_COMMANDS
#undef KP_POLICY_COMMAND

#endif
