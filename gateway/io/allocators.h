/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * allocators: gives libcurl, OpenSSL and jansson allocators that wipe what they free, so
 * that nothing of a client stays behind in their memory.
 */
#ifndef KP_IO_ALLOCATORS_H
#define KP_IO_ALLOCATORS_H

#include "core/error.h"

/* Once, before any other call into the three libraries and before any thread: the first
 * thing main does. */
enum kp_status kp_allocators_install(struct kp_error *err) KP_MUST_USE;

#endif
