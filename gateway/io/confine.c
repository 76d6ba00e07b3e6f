/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* confine: see confine.h. */
#include "io/confine.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

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
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(process_madvise),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(kill),
	SCMP_SYS(tkill),
	SCMP_SYS(rt_sigqueueinfo),
	SCMP_SYS(rt_tgsigqueueinfo),
	SCMP_SYS(setsid),
	SCMP_SYS(setpgid),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(move_mount),
	SCMP_SYS(open_tree),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsmount),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(keyctl),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(quotactl),
	SCMP_SYS(acct),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(mlockall),
};

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
forbid_calls(scmp_filter_ctx filter, bool network)
{
	int code = 0;
	for (size_t i = 0; i < KP_ARRAY_LEN(forbidden_calls) && code == 0; i++) {
		code = seccomp_rule_add(
			filter, SCMP_ACT_ERRNO(EPERM), forbidden_calls[i], 0);
	}
	/* A new name space would be a way around both; clone3 hides its flags from a
	 * filter, and every C library falls back on clone. */
	if (code == 0) {
		code = seccomp_rule_add(
			filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	}
	if (code == 0) {
		code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER));
	}
	if (code == 0 && !network) {
		code = seccomp_rule_add(
			filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 0);
	}
	return code;
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
