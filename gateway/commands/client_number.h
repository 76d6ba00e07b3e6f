/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* client_number: the client's number (BSN) that a command asks about, from where nobody
 * else sees it: never an argument. */
#ifndef KP_COMMANDS_CLIENT_NUMBER_H
#define KP_COMMANDS_CLIENT_NUMBER_H

#include <stdbool.h>

#define KP_CLIENT_NUMBER_ROOM 10 /* nine digits and NUL */

/* From the first line of the file; "-" is standard input; NULL a prompt without echo, or
 * standard input when that is no terminal. The caller wipes it. False: there was none;
 * why is said on standard error, after `command`. */
bool kp_client_number_read(
	const char *command, const char *name, char ret_bsn[KP_CLIENT_NUMBER_ROOM]);

#endif
