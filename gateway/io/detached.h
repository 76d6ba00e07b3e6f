/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* detached: a thread for what may hang, that nobody waits for. Of the operator's signals
 * it sees none. */
#ifndef KP_IO_DETACHED_H
#define KP_IO_DETACHED_H

#include <stdbool.h>

#include "core/attr.h"

/* `argument` is the thread's from then on. False: there is no thread, and it is the
 * caller's still. Any thread. */
bool kp_detached_start(void *(*body)(void *argument), void *argument) KP_MUST_USE;

#endif
