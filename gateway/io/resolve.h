/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * resolve: name look-up on a thread of its own, so that a resolver that hangs for half a
 * minute holds up neither a loop nor the end of the process. Used by upstream only.
 */
#ifndef KP_IO_RESOLVE_H
#define KP_IO_RESOLVE_H

#include "io/loop.h"

#define KP_HOST_BYTES_MAX ((size_t)253)
#define KP_RESOLVE_TEXT_BYTES ((size_t)512)

struct kp_resolve;

/* From the loop, exactly once, unless it was cancelled. `addresses` is "a,b,[c]" or
 * empty when there are none. */
typedef void (*kp_resolve_fn)(void *owner, const char *addresses);

/* `host` has at most KP_HOST_BYTES_MAX bytes. */
enum kp_status kp_resolve_start(struct kp_loop *loop, const char *host,
	kp_resolve_fn done, void *owner, struct kp_resolve **ret_resolve) KP_MUST_USE;
/* `done` does not come any more; never waits. Accepts NULL. */
void kp_resolve_cancel(struct kp_resolve **resolve);

#endif
