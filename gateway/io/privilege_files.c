/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * privilege_files: which paths the process sees (Landlock). The structures are as in the
 * kernel's include/uapi/linux/landlock.h, of a later version than Debian 12's headers
 * have: a kernel looks at as many of their bytes as it is told.
 */
#include "io/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/attr.h"

#define RULE_PATH_BENEATH 1
#define CREATE_RULESET_VERSION 1u

/* Rights on files, by bit; the first thirteen are of version 1. */
#define FS_EXECUTE ((uint64_t)1 << 0)
#define FS_WRITE_FILE ((uint64_t)1 << 1)
#define FS_READ_FILE ((uint64_t)1 << 2)
#define FS_READ_DIR ((uint64_t)1 << 3)
#define FS_REMOVE_FILE ((uint64_t)1 << 5)
#define FS_MAKE_REG ((uint64_t)1 << 8)
#define FS_VERSION_1 (((uint64_t)1 << 13) - 1)
#define FS_REFER ((uint64_t)1 << 13)     /* version 2 */
#define FS_TRUNCATE ((uint64_t)1 << 14)  /* version 3 */
#define FS_IOCTL_DEV ((uint64_t)1 << 15) /* version 5 */
#define NET_BIND_TCP ((uint64_t)1 << 0)  /* version 4 */
#define SCOPE_SIGNAL ((uint64_t)1 << 1)  /* version 6 */

struct ruleset {
	uint64_t handled_fs;
	uint64_t handled_net;
	uint64_t scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

static enum kp_status
fail(struct kp_error *err, const char *what, const char *path)
{
	int cause = errno;
	(void)kp_error_set(err, KP_E_IO, "files cannot be confined: %s%s%s", what,
		path == NULL ? "" : " ", path == NULL ? "" : path);
	if (err != NULL) {
		err->cause = cause;
	}
	return KP_E_IO;
}

static struct ruleset
ruleset_of(unsigned version)
{
	return (struct ruleset){
		.handled_fs = FS_VERSION_1 | (version >= 2 ? FS_REFER : 0) |
			(version >= 3 ? FS_TRUNCATE : 0) |
			(version >= 5 ? FS_IOCTL_DEV : 0),
		.handled_net = version >= 4 ? NET_BIND_TCP : 0,
		.scoped = version >= 6 ? SCOPE_SIGNAL : 0,
	};
}

static size_t
ruleset_bytes(unsigned version)
{
	return version >= 6    ? sizeof(struct ruleset)
		: version >= 4 ? offsetof(struct ruleset, scoped)
			       : offsetof(struct ruleset, handled_net);
}

static enum kp_status
allow(int ruleset, const struct kp_privilege_path *path, uint64_t handled,
	struct kp_error *err)
{
	struct stat found;
	int fd = open(path->path, O_PATH | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		return KP_OK;
	}
	if (fd < 0 || fstat(fd, &found) != 0) {
		return fail(err, "no look at", path->path);
	}
	uint64_t rights = FS_READ_FILE | (path->write ? FS_WRITE_FILE | FS_TRUNCATE : 0) |
		(path->run ? FS_EXECUTE : 0);
	if (S_ISDIR(found.st_mode)) {
		rights |= FS_READ_DIR |
			(path->write ? FS_MAKE_REG | FS_REMOVE_FILE | FS_REFER : 0);
	}
	const struct path_beneath rule = {.allowed = rights & handled, .parent = fd};
	long code = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
	enum kp_status status = code == 0 ? KP_OK : fail(err, "no rule for", path->path);
	(void)close(fd);
	return status;
}

enum kp_status
kp_privilege_confine_files(const struct kp_privilege_path *paths, size_t count,
	unsigned *ret_version, struct kp_error *err)
{
	long found = syscall(
		SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_RULESET_VERSION);
	*ret_version = found < 0 ? 0 : (unsigned)found;
	if (*ret_version == 0) {
		return KP_OK;
	}
	const struct ruleset rules = ruleset_of(*ret_version);
	int ruleset = (int)syscall(
		SYS_landlock_create_ruleset, &rules, ruleset_bytes(*ret_version), 0);
	if (ruleset < 0) {
		return fail(err, "no set of rules", NULL);
	}
	enum kp_status status = KP_OK;
	for (size_t i = 0; status == KP_OK && i < count; i++) {
		status = allow(ruleset, &paths[i], rules.handled_fs, err);
	}
	if (status == KP_OK &&
		(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
			syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)) {
		status = fail(err, "the rules do not take effect", NULL);
	}
	(void)close(ruleset);
	return status;
}
