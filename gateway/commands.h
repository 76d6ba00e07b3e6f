/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * commands: the subcommands of ketenpoort. Each is a file of commands/; argv[0] is its
 * own name, the result is the exit code of the process. Text for people goes to standard
 * output, faults to standard error. To add one, add a row here.
 */
#ifndef KP_COMMANDS_H
#define KP_COMMANDS_H

/* KP_COMMAND(name, one line for --help) */
#define KP_COMMANDS                                                                      \
	KP_COMMAND(dev_pki, "make certificates for development")                         \
	KP_COMMAND(dev_token, "sign an access token for development")                    \
	KP_COMMAND(init, "write a working, explained configuration")                     \
	KP_COMMAND(check, "check a configuration, its rules and its manifests")          \
	KP_COMMAND(serve, "run the gateway")                                             \
	KP_COMMAND(query, "ask a gateway for a dossier")                                 \
	KP_COMMAND(connector, "write, check and try manifests, find a partner's faults") \
	KP_COMMAND(catalogue, "show who supplies what of a dossier")                     \
	KP_COMMAND(audit, "show and verify the journal")                                 \
	KP_COMMAND(policy, "check, read, test and change the rules")

#define KP_COMMAND(name, help) int kp_command_##name(int argc, char **argv);
KP_COMMANDS
#undef KP_COMMAND

#endif
