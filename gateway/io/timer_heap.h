/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * timer_heap: armed timers by due time, as a pairing heap through the timers themselves.
 * Arming and the removal of a timer that has not fired, which is what nearly every
 * timeout comes to, cost a few pointer writes whatever the number of timers.
 */
#ifndef KP_IO_TIMER_HEAP_H
#define KP_IO_TIMER_HEAP_H

#include "io/loop.h"

/* Each takes the root (NULL when empty) and returns the new one. */
struct kp_timer *kp_timer_heap_insert(struct kp_timer *root, struct kp_timer *timer);
struct kp_timer *kp_timer_heap_remove(struct kp_timer *root, struct kp_timer *timer);

#endif
