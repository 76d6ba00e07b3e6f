/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* query_bsn: the client number `ketenpoort query` asks about, from where nobody else sees
 * it. */
#ifndef KP_COMMANDS_QUERY_BSN_H
#define KP_COMMANDS_QUERY_BSN_H

#include <stdbool.h>

#define QUERY_BSN_ROOM 16

/* From the first line of the file; "-" is standard input; NULL a prompt without echo, or
 * standard input when that is no terminal. The caller wipes it. False: there was none. */
bool query_bsn_read(const char *name, char ret_bsn[QUERY_BSN_ROOM]);

#endif
