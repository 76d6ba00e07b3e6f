/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * privilege: a process that gives up what it does not need, each for good: the user it
 * was started as, files, system calls. All before there are other threads, but for the
 * system calls, which are taken from every thread at once. Linux only.
 *
 * What the kernel keeps after that holds for code of ours that goes wrong too: it cannot
 * read or write elsewhere, start a program, listen anew, or get a right back.
 */
#ifndef KP_IO_PRIVILEGE_H
#define KP_IO_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

/* Started with rights of root? */
bool kp_privilege_is_root(void);

/*
 * Becomes `user` with `group` ("": the user's own), for good: no other groups, no
 * capability left in any set, no way back, no new rights by starting a program. With
 * `user` "" only the capabilities go, unless this is root. Memory may still be locked
 * afterwards. KP_E_CONFIG when there is no such user or group, KP_E_IO.
 */
enum kp_status kp_privilege_drop(
	const char *user, const char *group, struct kp_error *err) KP_MUST_USE;

/* A folder, or a file. What is below it may be read or, with `write`, be made, changed
 * and removed too, or, with `run`, be started as a program. */
struct kp_privilege_path {
	const char *path; /* one that does not exist is passed over */
	bool write;
	bool run;
};

/*
 * From now on this thread and what it starts see only these paths (Landlock), listen on
 * no new TCP port, and signal nobody outside, as far as this kernel can see to it.
 * *ret_version is the version of Landlock used; 0 when the kernel has none: then nothing
 * is confined, and the caller says so to the operator. KP_E_IO.
 */
enum kp_status kp_privilege_confine_files(const struct kp_privilege_path *paths,
	size_t count, unsigned *ret_version, struct kp_error *err) KP_MUST_USE;

/* What happens to a system call that the gateway does not need. */
enum kp_privilege_calls {
	KP_PRIVILEGE_CALLS_ALLOW,  /* nothing: no filter */
	KP_PRIVILEGE_CALLS_REFUSE, /* it fails with EPERM */
	KP_PRIVILEGE_CALLS_KILL,   /* the process ends (SIGSYS) */
};

/* From now on every thread has the calls of privilege_calls.def only. KP_E_IO. */
enum kp_status kp_privilege_confine_calls(
	enum kp_privilege_calls unknown, struct kp_error *err) KP_MUST_USE;

/* Why this build cannot be confined ("built with a sanitizer …"), or NULL. */
const char *kp_privilege_hindrance(void);

#endif
