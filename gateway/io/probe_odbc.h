/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* probe_odbc: asks a database over ODBC as the gateway would, and waits for what comes.
 * For commands, never on a loop. */
#ifndef KP_IO_PROBE_ODBC_H
#define KP_IO_PROBE_ODBC_H

#include "io/sql.h"

/* One request on a connection of its own. `handler` has no on_done: what that would be
 * told is returned. */
enum kp_status kp_probe_odbc(const struct kp_sql_target_options *options,
	const struct kp_sql_request *request, const struct kp_sql_handler *handler,
	void *owner, struct kp_error *err) KP_MUST_USE;

#endif
