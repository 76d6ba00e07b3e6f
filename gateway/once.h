/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * once: proof that every start completes exactly once, and never inside the call that
 * started it. One of these stands beside each asynchronous operation of a request; a
 * broken rule ends the process at the spot instead of corrupting a later request.
 */
#ifndef KP_ONCE_H
#define KP_ONCE_H

#include <stdbool.h>

#include "core/attr.h"

enum kp_once {
	KP_ONCE_IDLE = 0, /* not started, or refused at once */
	KP_ONCE_STARTING, /* inside the start function: no completion may come now */
	KP_ONCE_RUNNING,
	KP_ONCE_DONE,
};

/* Before the start function. */
static inline void
kp_once_begin(enum kp_once *once)
{
	KP_REQUIRE(*once == KP_ONCE_IDLE || *once == KP_ONCE_DONE);
	*once = KP_ONCE_STARTING;
}

/* After it: the operation is under way, or it was refused and no completion comes. */
static inline void
kp_once_begun(enum kp_once *once, bool started)
{
	KP_REQUIRE(*once == KP_ONCE_STARTING);
	*once = started ? KP_ONCE_RUNNING : KP_ONCE_IDLE;
}

/* In its completion. */
static inline void
kp_once_complete(enum kp_once *once)
{
	KP_REQUIRE(*once == KP_ONCE_RUNNING);
	*once = KP_ONCE_DONE;
}

#endif
