/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_commands: the subcommands of `connector` with a file of their own. argv[0] is
 * the subcommand's name; the result is the exit status. */
#ifndef KP_COMMANDS_CONNECTOR_COMMANDS_H
#define KP_COMMANDS_CONNECTOR_COMMANDS_H

/* Each gives the exit code. */
int kp_connector_doctor(int argc, char **argv);
int kp_connector_new(int argc, char **argv);

#endif
