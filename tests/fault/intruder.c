/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * intruder: code that got into a running gateway. Loaded before it (LD_PRELOAD), it waits
 * for SIGUSR2 and then tries, on whatever thread that comes to, what somebody would try
 * who had taken the process over. One line per attempt goes to descriptor INTRUDER_FD:
 * "name errno", 0 when it went well. For confined.py.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int out = -1;
static const char *configuration;
static const char *journal;

static void
tell(const char *name, long result)
{
	char line[64];
	int code = result < 0 ? errno : 0;
	int len = snprintf(line, sizeof(line), "%s %d\n", name, code);
	(void)!write(out, line, (size_t)len);
}

static void
try_to_open(const char *name, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	tell(name, fd);
	if (fd >= 0) {
		(void)close(fd);
	}
}

static void
try_to_listen(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long code = fd < 0 ? fd : bind(fd, (struct sockaddr *)&any, sizeof(any));
	tell("listen", code < 0 ? code : listen(fd, 1));
	if (fd >= 0) {
		(void)close(fd);
	}
}

static void
on_signal(int number)
{
	(void)number;
	char *const none[] = {NULL};
	int kept = errno;
	try_to_open("shadow", "/etc/shadow", O_RDONLY);
	try_to_open("memory", "/proc/self/mem", O_RDWR);
	try_to_open("outside", "/tmp/ketenpoort-intruder", O_WRONLY | O_CREAT);
	try_to_open("home", "/root", O_RDONLY | O_DIRECTORY);
	try_to_open("configuration-read", configuration, O_RDONLY);
	try_to_open("configuration-write", configuration, O_WRONLY);
	try_to_open("journal", journal, O_WRONLY);
	tell("program", execve("/bin/true", none, none));
	tell("fork", syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0UL));
	tell("root", syscall(SYS_setresuid, 0, 0, 0));
	tell("signal", kill(getppid(), 0));
	tell("packets", socket(AF_PACKET, SOCK_RAW, 0));
	tell("code",
		(long)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == -1
			? -1
			: 0);
	try_to_listen();
	(void)!write(out, "done 0\n", 7);
	errno = kept;
}

__attribute__((constructor)) static void
wait_for_signal(void)
{
	const char *fd = getenv("INTRUDER_FD");
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	if (fd == NULL) {
		return;
	}
	out = (int)strtol(fd, NULL, 10);
	configuration = getenv("INTRUDER_CONFIGURATION");
	journal = getenv("INTRUDER_JOURNAL");
	(void)sigaction(SIGUSR2, &action, NULL);
}
