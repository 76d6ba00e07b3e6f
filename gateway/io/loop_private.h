/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* loop_private: what the other files of gateway/io need of the loop. Nobody else
 * includes it. */
#ifndef KP_IO_LOOP_PRIVATE_H
#define KP_IO_LOOP_PRIVATE_H

#include <uv.h>

#include "io/loop.h"

/* For one read at a time: the bytes are handed on before the next read. */
#define KP_LOOP_READ_BYTES ((size_t)64 * 1024)

uv_loop_t *kp_loop_uv(struct kp_loop *loop);
char *kp_loop_read_buffer(struct kp_loop *loop);
/* Client data went over the stack of this loop: it is wiped within a quarter of a second.
 */
void kp_loop_touched(struct kp_loop *loop);

/* While held, a stopped loop keeps running: an operation still owes a completion. Any
 * thread. */
void kp_loop_hold(struct kp_loop *loop);
void kp_loop_unhold(struct kp_loop *loop);

/* A libuv error as a status; fills `err` with "what: reason". */
enum kp_status kp_loop_uv_error(struct kp_error *err, int code, const char *what);

#endif
