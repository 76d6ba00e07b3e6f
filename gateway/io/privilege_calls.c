/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * privilege_calls: the filter on system calls (seccomp), by libseccomp. What is on the
 * list is allowed, what is not fails or ends the process. No call to start a program or a
 * process is on it, and no memory can be both written and run.
 */
#include "io/privilege.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/attr.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||               \
	__has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

const char *
kp_privilege_hindrance(void)
{
#ifdef SANITIZED
	return "built with a sanitizer, which needs more than a gateway does";
#else
	return NULL;
#endif
}

static const int calls[] = {
#define KP_CALL(name) SCMP_SYS(name),
#include "io/privilege_calls.def"
#undef KP_CALL
};

/* A call with one condition on an argument. */
static bool
allow_if(scmp_filter_ctx filter, int call, struct scmp_arg_cmp condition)
{
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &condition) == 0;
}

static bool
allow_sockets(scmp_filter_ctx filter)
{
	/* Netlink is how getaddrinfo finds out which addresses this machine has. */
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	bool good =
		allow_if(filter, SCMP_SYS(socketpair), SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
	for (size_t i = 0; i < KP_ARRAY_LEN(families); i++) {
		good = good &&
			allow_if(filter, SCMP_SYS(socket),
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0));
	}
	return good;
}

/* Any protection but written and run at the same time. */
static bool
allow_memory(scmp_filter_ctx filter)
{
	static const int memory_calls[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
	static const scmp_datum_t both = PROT_WRITE | PROT_EXEC;
	static const scmp_datum_t allowed[] = {0, PROT_WRITE, PROT_EXEC};
	bool good = true;
	for (size_t i = 0; i < KP_ARRAY_LEN(memory_calls); i++) {
		for (size_t j = 0; j < KP_ARRAY_LEN(allowed); j++) {
			good = good &&
				allow_if(filter, memory_calls[i],
					SCMP_A2(SCMP_CMP_MASKED_EQ, both, allowed[j]));
		}
	}
	return good;
}

/* Threads, not processes. The arguments of clone3 lie in memory, where a filter cannot
 * look: libc does with clone when it is told that there is no clone3. */
static bool
allow_threads(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) ==
		0 &&
		allow_if(filter, SCMP_SYS(clone),
			SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) &&
		/* A worker says that it can wait (io/worker.c). */
		allow_if(filter, SCMP_SYS(sched_setscheduler),
			SCMP_A1(SCMP_CMP_EQ, SCHED_BATCH, 0)) &&
		/* abort() signals the thread it is on. */
		allow_if(filter, SCMP_SYS(tgkill),
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
}

static bool
allow_with_conditions(scmp_filter_ctx filter)
{
	return allow_sockets(filter) && allow_memory(filter) && allow_threads(filter) &&
		allow_if(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONBIO, 0)) &&
		allow_if(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0)) &&
		/* Reading a limit, not setting one. */
		allow_if(filter, SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0, 0));
}

static bool
allow_listed(scmp_filter_ctx filter)
{
	bool good = true;
	for (size_t i = 0; i < KP_ARRAY_LEN(calls); i++) {
		good = good && seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) == 0;
	}
	return good;
}

enum kp_status
kp_privilege_confine_calls(enum kp_privilege_calls unknown, struct kp_error *err)
{
	if (unknown == KP_PRIVILEGE_CALLS_ALLOW) {
		return KP_OK;
	}
	scmp_filter_ctx filter =
		seccomp_init(unknown == KP_PRIVILEGE_CALLS_KILL ? SCMP_ACT_KILL_PROCESS
								: SCMP_ACT_ERRNO(EPERM));
	if (filter == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a filter on calls");
	}
	bool good = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 &&
		allow_listed(filter) && allow_with_conditions(filter);
	int code = good ? seccomp_load(filter) : -EINVAL;
	seccomp_release(filter);
	if (code != 0) {
		(void)kp_error_set(err, KP_E_IO,
			"the kernel takes no filter on system calls (seccomp)");
		if (err != NULL) {
			err->cause = -code;
		}
		return KP_E_IO;
	}
	return KP_OK;
}
