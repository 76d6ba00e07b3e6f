/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* confine: see confine.h. */
#include "io/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/attr.h"
#include "io/privilege.h"

/* Threads and processes together, of this user. */
#define PROCESSES_MAX 256u

#define PATHS_MAX 64u

/* What programs of any language need to start. Those that do not exist are passed over.
 */
static const struct kp_privilege_path system_paths[] = {
	{.path = "/usr", .run = true},
	{.path = "/lib", .run = true},
	{.path = "/lib64", .run = true},
	{.path = "/bin", .run = true},
	{.path = "/etc/ld.so.cache"},
	{.path = "/etc/localtime"},
	{.path = "/etc/ssl"},
	{.path = "/dev/null", .write = true},
	{.path = "/dev/zero"},
	{.path = "/dev/urandom"},
};

/* For looking up names, when the network is allowed. */
static const struct kp_privilege_path network_paths[] = {
	{.path = "/etc/hosts"},
	{.path = "/etc/resolv.conf"},
	{.path = "/run/systemd/resolve"},
	{.path = "/etc/nsswitch.conf"},
	{.path = "/etc/gai.conf"},
	{.path = "/etc/services"},
};

/* Calls that reach other processes, the kernel or a way out of the confinement. */
static const int forbidden_calls[] = {
#define KP_CALL(name) SCMP_SYS(name),
#include "io/confine_calls.def"
#undef KP_CALL
};

/* Of the same kind, of kernels younger than this libseccomp; numbers from 424 on are the
 * same on every kind of machine. */
static const int younger_calls[] = {
	452, /* fchmodat2 */
	463, /* setxattrat */
	466, /* removexattrat */
	467, /* open_tree_attr */
	469, /* file_setattr */
};

/* Everything above AF_NETLINK is of no use to a partner. */
#define FAMILY_LAST AF_NETLINK

/* The kernel looks at no more of an argument than these bits. */
#define COMMAND_BITS 0xffffffffu
#define SOCKET_TYPE_BITS 0xfu

static enum kp_status
limit(int resource, uint64_t most, const char *what, struct kp_error *err)
{
	struct rlimit bound = {.rlim_cur = most, .rlim_max = most};
	if (setrlimit((__rlimit_resource_t)resource, &bound) != 0) {
		return kp_error_set(
			err, KP_E_IO, "cannot bound its %s: %s", what, strerror(errno));
	}
	return KP_OK;
}

static enum kp_status
limit_all(const struct kp_confinement *confinement, struct kp_error *err)
{
	const struct {
		int resource;
		uint64_t most;
		const char *what;
	} rows[] = {
		{RLIMIT_AS, confinement->memory_bytes_max, "memory"},
		{RLIMIT_NOFILE, confinement->files_max, "open files"},
		{RLIMIT_NPROC, PROCESSES_MAX, "processes"},
		{RLIMIT_CORE, 0, "core dumps"},
		{RLIMIT_MEMLOCK, 0, "locked memory"},
	};
	enum kp_status status = KP_OK;
	for (size_t i = 0; i < KP_ARRAY_LEN(rows) && status == KP_OK; i++) {
		status = limit(rows[i].resource, rows[i].most, rows[i].what, err);
	}
	return status;
}

/* Files. */

static enum kp_status
restrict_files(const struct kp_confinement *confinement, struct kp_error *err)
{
	struct kp_privilege_path paths[PATHS_MAX];
	size_t count = KP_ARRAY_LEN(system_paths);
	memcpy(paths, system_paths, sizeof(system_paths));
	if (confinement->network) {
		memcpy(paths + count, network_paths, sizeof(network_paths));
		count += KP_ARRAY_LEN(network_paths);
	}
	KP_REQUIRE(count + confinement->readable_count <= PATHS_MAX);
	for (size_t i = 0; i < confinement->readable_count; i++) {
		paths[count++] = (struct kp_privilege_path){
			.path = confinement->readable[i], .run = true};
	}
	unsigned version = 0;
	enum kp_status status = kp_privilege_confine_files(paths, count, &version, err);
	if (status == KP_OK && version == 0) {
		status = kp_error_set(err, KP_E_IO,
			"this kernel has no Landlock, so a program cannot be confined");
	}
	return status;
}

/* Calls. */

static int
refuse_if(scmp_filter_ctx filter, int call, struct scmp_arg_cmp condition)
{
	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call, 1, &condition);
}

static int
forbid_listed(scmp_filter_ctx filter)
{
	int code = 0;
	for (size_t i = 0; i < KP_ARRAY_LEN(forbidden_calls) && code == 0; i++) {
		code = seccomp_rule_add(
			filter, SCMP_ACT_ERRNO(EPERM), forbidden_calls[i], 0);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(younger_calls) && code == 0; i++) {
		code = seccomp_rule_add(
			filter, SCMP_ACT_ERRNO(EPERM), younger_calls[i], 0);
	}
	return code;
}

/* What a process may do to itself and not to others: 0 is itself. Another thread of its
 * own goes by a number too, and so has to do it itself. */
static int
forbid_others(scmp_filter_ctx filter)
{
	static const int by_process[] = {
		SCMP_SYS(prlimit64),
		SCMP_SYS(sched_setaffinity),
		SCMP_SYS(sched_setattr),
		SCMP_SYS(sched_setparam),
		SCMP_SYS(sched_setscheduler),
	};
	int code = 0;
	for (size_t i = 0; i < KP_ARRAY_LEN(by_process) && code == 0; i++) {
		code = refuse_if(filter, by_process[i], SCMP_A0(SCMP_CMP_NE, 0, 0));
	}
	/* Of `which`, 0 is a process; the others are a group and all of this user. */
	if (code == 0) {
		code = refuse_if(
			filter, SCMP_SYS(setpriority), SCMP_A0(SCMP_CMP_NE, 0, 0));
	}
	if (code == 0) {
		code = refuse_if(
			filter, SCMP_SYS(setpriority), SCMP_A1(SCMP_CMP_NE, 0, 0));
	}
	/* Threads signal each other by it, and abort() itself; it keeps its number when
	 * it becomes the program. */
	if (code == 0) {
		code = refuse_if(filter, SCMP_SYS(tgkill),
			SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid(), 0));
	}
	return code;
}

/* Descriptors can send signals to whom they are said to belong, and type on a terminal.
 */
static int
forbid_commands(scmp_filter_ctx filter)
{
	static const struct {
		int call;
		scmp_datum_t command;
	} rows[] = {
		{SCMP_SYS(fcntl), F_SETOWN},
		{SCMP_SYS(fcntl), F_SETOWN_EX},
		{SCMP_SYS(fcntl), F_SETSIG},
		{SCMP_SYS(ioctl), FIOSETOWN},
		{SCMP_SYS(ioctl), SIOCSPGRP},
		{SCMP_SYS(ioctl), TIOCSTI},
		{SCMP_SYS(ioctl), TIOCLINUX},
		{SCMP_SYS(ioctl), TIOCSCTTY},
	};
	int code = 0;
	for (size_t i = 0; i < KP_ARRAY_LEN(rows) && code == 0; i++) {
		code = refuse_if(filter, rows[i].call,
			SCMP_A1(SCMP_CMP_MASKED_EQ, COMMAND_BITS, rows[i].command));
	}
	return code;
}

/* A new name space would be a way around both; clone3 hides its flags from a filter, and
 * every C library falls back on clone. */
static int
forbid_name_spaces(scmp_filter_ctx filter)
{
	int code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return code != 0
		? code
		: refuse_if(filter, SCMP_SYS(clone),
			  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER));
}

/* Partners are on the internet: a path in the file system would lead to the sockets of
 * this machine, of the gateway and of other programs. Netlink is how getaddrinfo finds
 * out which addresses this machine has. */
static int
forbid_families(scmp_filter_ctx filter)
{
	int code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
		SCMP_A0(SCMP_CMP_GT, FAMILY_LAST, 0));
	for (int family = AF_UNSPEC; family < FAMILY_LAST && code == 0; family++) {
		if (family != AF_INET && family != AF_INET6) {
			code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
				SCMP_SYS(socket), 1,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0));
		}
	}
	return code != 0
		? code
		: seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 2,
			  SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
			  SCMP_A2(SCMP_CMP_NE, NETLINK_ROUTE, 0));
}

static int
forbid_sockets(scmp_filter_ctx filter, bool network)
{
	/* Either half of a pair that keeps no connection can be sent elsewhere: to the
	 * log of this machine, say. SOCK_RAW is the same between processes. */
	static const int loose[] = {SOCK_DGRAM, SOCK_RAW};
	int code = 0;
	for (size_t i = 0; i < KP_ARRAY_LEN(loose) && code == 0; i++) {
		code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
			SCMP_SYS(socketpair), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, SOCKET_TYPE_BITS,
				(scmp_datum_t)loose[i]));
	}
	if (code != 0) {
		return code;
	}
	return network
		? forbid_families(filter)
		: seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 0);
}

static int
forbid_calls(scmp_filter_ctx filter, bool network)
{
	int code = forbid_listed(filter);
	if (code == 0) {
		code = forbid_others(filter);
	}
	if (code == 0) {
		code = forbid_commands(filter);
	}
	if (code == 0) {
		code = forbid_name_spaces(filter);
	}
	return code == 0 ? forbid_sockets(filter, network) : code;
}

static enum kp_status
restrict_calls(bool network, struct kp_error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	if (filter == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a filter of calls");
	}
	int code = forbid_calls(filter, network);
	if (code == 0) {
		code = seccomp_load(filter);
	}
	seccomp_release(filter);
	return code == 0 ? KP_OK
			 : kp_error_set(err, KP_E_IO, "calls cannot be filtered: %s",
				   strerror(-code));
}

enum kp_status
kp_confine(const struct kp_confinement *confinement, struct kp_error *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		return kp_error_set(err, KP_E_IO, "cannot give up new privileges: %s",
			strerror(errno));
	}
	enum kp_status status = restrict_files(confinement, err);
	if (status == KP_OK) {
		status = restrict_calls(confinement->network, err);
	}
	/* Last, since it binds this program too. */
	return status == KP_OK ? limit_all(confinement, err) : status;
}
