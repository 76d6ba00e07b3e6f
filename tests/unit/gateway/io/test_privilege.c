/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_privilege: what a process that gave up its rights can and cannot do, tried by
 * children that give them up. What needs root or the kernel's help says SKIPPED without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/privilege.h"

static char home[] = "/tmp/kp-privilege-XXXXXX";
static char readable[64];
static char writable[64];
static char elsewhere[64];

static void
put(const char *folder, const char *name)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT, 0666);
	assert_true(fd >= 0 && write(fd, "x", 1) == 1);
	assert_int_equal(fchmod(fd, 0666), 0);
	(void)close(fd);
}

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(home));
	assert_int_equal(chmod(home, 0755), 0);
	const struct {
		char *path;
		const char *name;
	} folders[] = {
		{readable, "lezen"}, {writable, "schrijven"}, {elsewhere, "elders"}};
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(folders[i].path, 64, "%s/%s", home, folders[i].name);
		assert_int_equal(mkdir(folders[i].path, 0777), 0);
		assert_int_equal(chmod(folders[i].path, 0777), 0);
		put(folders[i].path, "bestand");
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	char command[160];
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", home);
	return system(command);
}

/* Runs in a child; 0 is well, another number is the line that was not. */
#define EXPECT(condition)                                                                \
	do {                                                                             \
		if (!(condition)) {                                                      \
			_exit((__LINE__ % 250) + 1);                                     \
		}                                                                        \
	} while (0)

static int
in_child(void (*body)(void))
{
	int status = 0;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
expect_well(void (*body)(void))
{
	int status = in_child(body);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fail_msg("the child ended with %#x, line %d modulo 250", (unsigned)status,
			WEXITSTATUS(status) - 1);
	}
}

/* --- the user --- */

static void
as_nobody(void)
{
	struct kp_error err = {0};
	const struct passwd *nobody = getpwnam("nobody");
	uid_t real;
	uid_t effective;
	uid_t saved;
	EXPECT(nobody != NULL);
	uid_t uid = nobody->pw_uid;
	EXPECT(kp_privilege_drop("nobody", "", &err) == KP_OK);
	EXPECT(getresuid(&real, &effective, &saved) == 0);
	EXPECT(real == uid && effective == uid && saved == uid);
	EXPECT(getgroups(0, NULL) == 0);
	EXPECT(setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0);
	EXPECT(open("/etc/shadow", O_RDONLY) < 0 && errno == EACCES);
	EXPECT(!kp_privilege_is_root());
	struct sockaddr_in low = {.sin_family = AF_INET, .sin_port = htons(7)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	EXPECT(bind(fd, (struct sockaddr *)&low, sizeof(low)) != 0 && errno == EACCES);
	char line[256];
	bool no_new = false;
	bool no_capability = true;
	FILE *status = fopen("/proc/thread-self/status", "r");
	while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
		no_new = no_new || strcmp(line, "NoNewPrivs:\t1\n") == 0;
		if (strncmp(line, "Cap", 3) == 0) {
			no_capability = no_capability &&
				strcmp(line + 7, "\t0000000000000000\n") == 0;
		}
	}
	EXPECT(no_new && no_capability);
	/* Without a core dump, and closed to debuggers. */
	EXPECT(kp_privilege_drop("", "", &err) == KP_OK);
}

static void
to_wrong_names(void)
{
	struct kp_error err = {0};
	EXPECT(kp_privilege_drop("geen-zo-iemand", "", &err) == KP_E_CONFIG);
	EXPECT(kp_privilege_drop("nobody", "geen-zo-groep", &err) == KP_E_CONFIG);
	EXPECT(kp_privilege_drop("root", "", &err) == KP_E_CONFIG);
}

static void
root_becomes_somebody_for_good(void **state)
{
	(void)state;
	if (!kp_privilege_is_root()) {
		print_message("SKIPPED: not root, so there is no user to leave\n");
		skip();
	}
	expect_well(as_nobody);
	expect_well(to_wrong_names);
}

/* --- files --- */

static int
try_open(const char *folder, const char *name, int flags)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, flags, 0600);
	int code = fd < 0 ? errno : 0;
	if (fd >= 0) {
		(void)close(fd);
	}
	return code;
}

static unsigned version;

static void
among_files(void)
{
	const struct kp_privilege_path paths[] = {{.path = readable},
		{.path = writable, .write = true},
		{.path = "/nergens/te/vinden", .write = true},
		{.path = "/dev/null", .write = true}};
	struct kp_error err = {0};
	EXPECT(kp_privilege_confine_files(paths, 4, &version, &err) == KP_OK);
	EXPECT(version > 0);
	EXPECT(try_open(readable, "bestand", O_RDONLY) == 0);
	EXPECT(try_open(readable, "bestand", O_WRONLY) == EACCES);
	EXPECT(try_open(readable, "nieuw", O_WRONLY | O_CREAT) == EACCES);
	EXPECT(try_open(writable, "bestand", O_RDWR | O_TRUNC) == 0);
	EXPECT(try_open(writable, "nieuw", O_WRONLY | O_CREAT) == 0);
	EXPECT(try_open(elsewhere, "bestand", O_RDONLY) == EACCES);
	EXPECT(try_open(home, "nieuw", O_WRONLY | O_CREAT) == EACCES);
	EXPECT(try_open("/etc", "shadow", O_RDONLY) == EACCES);
	EXPECT(try_open("/dev", "null", O_WRONLY) == 0);
	execl("/bin/true", "true", (char *)NULL);
	EXPECT(errno == EACCES);
	if (version >= 4) {
		struct sockaddr_in any = {.sin_family = AF_INET};
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		EXPECT(bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0 &&
			errno == EACCES);
	}
	if (version >= 6) {
		EXPECT(kill(getppid(), 0) != 0 && errno == EPERM);
		EXPECT(kill(getpid(), 0) == 0);
	}
}

static void
probe_landlock(void)
{
	EXPECT(kp_privilege_confine_files(NULL, 0, &version, NULL) == KP_OK);
	_exit(version > 0 ? 1 : 0);
}

static void
files_are_confined(void **state)
{
	(void)state;
	if (WEXITSTATUS(in_child(probe_landlock)) == 0) {
		print_message("SKIPPED: this kernel has no Landlock\n");
		skip();
	}
	if (kp_privilege_hindrance() != NULL) {
		print_message("SKIPPED: %s\n", kp_privilege_hindrance());
		skip();
	}
	expect_well(among_files);
}

/* --- system calls --- */

static void *
answer(void *context)
{
	return context;
}

static void
with_few_calls(void)
{
	struct kp_error err = {0};
	pthread_t thread;
	void *result = NULL;
	EXPECT(kp_privilege_drop("", "", &err) == KP_OK);
	EXPECT(kp_privilege_confine_calls(KP_PRIVILEGE_CALLS_REFUSE, &err) == KP_OK);
	/* What a gateway does. */
	EXPECT(try_open("/dev", "null", O_RDWR) == 0);
	EXPECT(pthread_create(&thread, NULL, answer, &err) == 0 &&
		pthread_join(thread, &result) == 0 && result == &err);
	struct addrinfo *found = NULL;
	EXPECT(getaddrinfo("localhost", "80", NULL, &found) == 0);
	freeaddrinfo(found);
	void *page = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT(page != MAP_FAILED && mprotect(page, 4096, PROT_READ) == 0);
	/* What it does not. */
	EXPECT(mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) != 0 &&
		errno == EPERM);
	EXPECT(mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0) == MAP_FAILED &&
		errno == EPERM);
	execl("/bin/true", "true", (char *)NULL);
	EXPECT(errno == EPERM);
	EXPECT(syscall(SYS_fork) < 0 && errno == EPERM);
	EXPECT(fork() < 0 && errno == EPERM);
	EXPECT(socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM);
	EXPECT(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 && errno == EPERM);
	EXPECT(kill(getpid(), 0) != 0 && errno == EPERM);
	EXPECT(syscall(SYS_tgkill, 1, 1, 0) != 0 && errno == EPERM);
	EXPECT(chmod(home, 0700) != 0 && errno == EPERM);
	EXPECT(setuid(0) != 0 && errno == EPERM);
	EXPECT(listen(0, 1) != 0 && errno == EPERM);
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	EXPECT(setrlimit(RLIMIT_CORE, &all) != 0 && errno == EPERM);
	EXPECT(syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0) != 0 &&
		errno == EPERM);
	EXPECT(syscall(SYS_io_uring_setup, 1, NULL) != 0 && errno == EPERM);
	EXPECT(syscall(SYS_bpf, 0, NULL, 0) != 0 && errno == EPERM);
}

static void
that_ends_at_another(void)
{
	EXPECT(kp_privilege_confine_calls(KP_PRIVILEGE_CALLS_KILL, NULL) == KP_OK);
	(void)chmod(home, 0700);
}

static void
that_aborts(void)
{
	EXPECT(kp_privilege_confine_calls(KP_PRIVILEGE_CALLS_KILL, NULL) == KP_OK);
	abort();
}

/* A filter that came too late for a thread would be none for it. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *
try_after_the_gate(void *context)
{
	int *code = context;
	(void)pthread_mutex_lock(&gate);
	*code = chmod(home, 0755) == 0 ? 0 : errno;
	(void)pthread_mutex_unlock(&gate);
	return NULL;
}

static void
with_threads_that_were_there(void)
{
	pthread_t thread;
	int code = 0;
	(void)pthread_mutex_lock(&gate);
	EXPECT(pthread_create(&thread, NULL, try_after_the_gate, &code) == 0);
	EXPECT(kp_privilege_confine_calls(KP_PRIVILEGE_CALLS_REFUSE, NULL) == KP_OK);
	(void)pthread_mutex_unlock(&gate);
	EXPECT(pthread_join(thread, NULL) == 0 && code == EPERM);
}

static void
calls_are_confined(void **state)
{
	(void)state;
	if (kp_privilege_hindrance() != NULL) {
		print_message("SKIPPED: %s\n", kp_privilege_hindrance());
		skip();
	}
	expect_well(with_few_calls);
	expect_well(with_threads_that_were_there);
	int status = in_child(that_ends_at_another);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	status = in_child(that_aborts);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_becomes_somebody_for_good),
		cmocka_unit_test(files_are_confined),
		cmocka_unit_test(calls_are_confined),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
