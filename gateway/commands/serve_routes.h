/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * serve_routes: which method and path is answered by whom, and on which listeners. The
 * context of each handler is the loop (struct kp_server_loop) whose snapshot answers.
 */
#ifndef KP_COMMANDS_SERVE_ROUTES_H
#define KP_COMMANDS_SERVE_ROUTES_H

#include <stddef.h>

#include "routes.h"

extern const struct kp_route kp_serve_routes[];
extern const size_t kp_serve_route_count;

#endif
