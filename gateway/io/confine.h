/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * confine: takes from the calling process, for good, what a partner's own program does
 * not need: files beyond the system's and its own folder (Landlock), what Landlock leaves
 * of files (modes, times, attributes), the network, other processes, memory outside its
 * own, new privileges (seccomp), and more memory than agreed (rlimits). Whatever it
 * starts inherits all of it. For a process of one thread, just before it becomes
 * something else.
 */
#ifndef KP_IO_CONFINE_H
#define KP_IO_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

struct kp_confinement {
	uint64_t memory_bytes_max; /* address space */
	uint32_t files_max;        /* open at the same time */
	bool network; /* may open sockets of the internet; one it was given always works
		       */
	const char *const *readable; /* files and folders beside the system's own */
	size_t readable_count;
};

/* KP_E_IO when the kernel refuses or lacks what this needs: then nothing may be started.
 */
enum kp_status kp_confine(
	const struct kp_confinement *confinement, struct kp_error *err) KP_MUST_USE;

#endif
