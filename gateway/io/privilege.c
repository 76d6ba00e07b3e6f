/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* privilege: see privilege.h; the user and its capabilities. */
#include "io/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/attr.h"

#define NAME_BUFFER_BYTES 16384
#define CAPABILITIES_MAX 64

static enum kp_status
fail(struct kp_error *err, const char *what)
{
	int cause = errno;
	(void)kp_error_set(err, KP_E_IO, "rights cannot be given up: %s", what);
	if (err != NULL) {
		err->cause = cause;
	}
	return KP_E_IO;
}

bool
kp_privilege_is_root(void)
{
	return geteuid() == 0;
}

static enum kp_status
find(const char *user, const char *group, uid_t *ret_uid, gid_t *ret_gid,
	struct kp_error *err)
{
	char buffer[NAME_BUFFER_BYTES];
	struct passwd entry;
	struct passwd *found = NULL;
	if (getpwnam_r(user, &entry, buffer, sizeof(buffer), &found) != 0 ||
		found == NULL) {
		return kp_error_set(
			err, KP_E_CONFIG, "process.user: there is no user '%.64s'", user);
	}
	*ret_uid = entry.pw_uid;
	*ret_gid = entry.pw_gid;
	if (group[0] == '\0') {
		return KP_OK;
	}
	struct group group_entry;
	struct group *group_found = NULL;
	if (getgrnam_r(group, &group_entry, buffer, sizeof(buffer), &group_found) != 0 ||
		group_found == NULL) {
		return kp_error_set(err, KP_E_CONFIG,
			"process.group: there is no group '%.64s'", group);
	}
	*ret_gid = group_entry.gr_gid;
	return KP_OK;
}

/* The sets a program could begin with; while there is still a right to do so. */
static void
empty_bounding_set(void)
{
	for (unsigned long i = 0; i < CAPABILITIES_MAX; i++) {
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1) {
			(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
		}
	}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

static bool
has_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct left[_LINUX_CAPABILITY_U32S_3];
	if (syscall(SYS_capget, &header, left) != 0) {
		return true;
	}
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		if ((left[i].effective | left[i].permitted | left[i].inheritable) != 0) {
			return true;
		}
	}
	return false;
}

/* A service manager may forbid the call where there is nothing to give up. */
static bool
empty_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
	return !has_capabilities() ||
		(syscall(SYS_capset, &header, none) == 0 && !has_capabilities());
}

static enum kp_status
become(uid_t uid, gid_t gid, struct kp_error *err)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	/* For who locks memory later; without it that says so itself. */
	(void)setrlimit(RLIMIT_MEMLOCK, &all);
	if (uid == 0) {
		return kp_error_set(err, KP_E_CONFIG,
			"process.user: this user has the rights of root");
	}
	empty_bounding_set();
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
		setresuid(uid, uid, uid) != 0) {
		return fail(err, "the user does not change");
	}
	if (setuid(0) == 0 || setgid(0) == 0) {
		errno = 0;
		return fail(err, "there is a way back");
	}
	return KP_OK;
}

enum kp_status
kp_privilege_drop(const char *user, const char *group, struct kp_error *err)
{
	bool root = kp_privilege_is_root();
	enum kp_status status = KP_OK;
	if (root && user[0] != '\0') {
		uid_t uid = 0;
		gid_t gid = 0;
		status = find(user, group, &uid, &gid, err);
		if (status == KP_OK) {
			status = become(uid, gid, err);
		}
	}
	if (status == KP_OK && (!root || user[0] != '\0') && !empty_capabilities()) {
		status = fail(err, "a capability stays");
	}
	/* Who becomes another user is dumpable as the kernel's suid_dumpable says. */
	if (status == KP_OK &&
		(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
			prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)) {
		status = fail(err, "no_new_privs");
	}
	return status;
}
