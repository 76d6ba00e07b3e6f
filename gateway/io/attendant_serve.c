/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * attendant_serve: the attendant itself, one thread that waits for the gateway, for its
 * children and for the time. A slot that was closed is ended under its own number; its
 * successor may be opened at once, so ending programs stand in a list of their own.
 *
 * Each program leads a process group, and the whole group is ended with it. When the
 * gateway's end of the socket closes, however that came about, everything ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/attr.h"
#include "core/heap.h"
#include "io/attendant_private.h"
#include "io/confine.h"

#define BACKLOG 128
#define HANDED_OVER 3
#define RESTART_FIRST_MS 100
#define RESTART_LAST_MS 30000
/* After this long, an end is not one of a series. */
#define SETTLED_MS 10000
#define GRACE_MS 2000
#define NEVER INT64_MAX

struct program {
	struct program *next;
	uint32_t slot;
	struct kp_confinement confinement;
	char *socket;
	char *folder;
	char *command[KP_PROGRAM_ARGUMENTS_MAX + 1];
	int listener;
	bool show_errors;
	bool ending;
	pid_t pid;      /* 0: not running */
	int64_t due_ms; /* start it, or kill it */
	int64_t started_ms;
	int64_t delay_ms;
};

struct attendant {
	int control;
	int children; /* signalfd */
	struct kp_attendant_counts *counts;
	struct program *first;
	bool over;
};

static int64_t
now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
free_program(struct program *program)
{
	if (program->listener >= 0) {
		(void)close(program->listener);
		(void)unlink(program->socket);
	}
	for (size_t i = 0; i < KP_PROGRAM_ARGUMENTS_MAX; i++) {
		kp_heap_free(program->command[i]);
	}
	kp_heap_free(program->socket);
	kp_heap_free(program->folder);
	kp_heap_free(program);
}

/* The socket. */

static void
refuse(struct kp_attendant_reply *reply, enum kp_status status, const char *what)
{
	reply->status = status;
	(void)snprintf(
		reply->reason, sizeof(reply->reason), "%s: %s", what, strerror(errno));
}

/* When it cannot be made, bind says why. */
static void
make_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	const char *slash = strrchr(path, '/');
	if (slash != NULL && slash != path) {
		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		(void)mkdir(folder, 0700);
	}
}

static void
listen_on(struct program *program, struct kp_attendant_reply *reply)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(program->socket);
	if (len >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		refuse(reply, KP_E_CONFIG, "the path of a program's socket");
		return;
	}
	memcpy(address.sun_path, program->socket, len + 1);
	program->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	make_folder(program->socket);
	(void)unlink(program->socket);
	/* Nobody else may ask in our name: the umask is 077. */
	if (program->listener < 0 ||
		bind(program->listener, (const struct sockaddr *)&address,
			sizeof(address)) != 0 ||
		listen(program->listener, BACKLOG) != 0) {
		refuse(reply, KP_E_IO, "a program's socket");
	}
}

/* The child, between fork and exec. */

static bool
arrange_descriptors(const struct program *program)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
		(!program->show_errors && dup2(null, STDERR_FILENO) < 0)) {
		return false;
	}
	if (program->listener == HANDED_OVER) {
		return fcntl(HANDED_OVER, F_SETFD, 0) == 0;
	}
	return dup2(program->listener, HANDED_OVER) == HANDED_OVER;
}

static void
arrange_signals(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	sigset_t none;
	(void)sigemptyset(&none);
	for (size_t i = 0; i < KP_ARRAY_LEN(ignored); i++) {
		(void)signal(ignored[i], SIG_DFL);
	}
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
arrange_environment(void)
{
	char pid[24];
	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	(void)clearenv();
	(void)setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
	(void)setenv("LANG", "C.UTF-8", 1);
	(void)setenv("LISTEN_FDS", "1", 1);
	(void)setenv("LISTEN_PID", pid, 1);
}

static _Noreturn void
become(const struct program *program, pid_t parent)
{
	struct kp_error err;
	char text[512];
	bool good = setsid() > 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
		getppid() == parent && arrange_descriptors(program) &&
		chdir(program->folder) == 0;
	arrange_signals();
	arrange_environment();
	if (!good) {
		(void)dprintf(STDERR_FILENO, "ketenpoort: %s: %s\n", program->folder,
			strerror(errno));
	} else if (kp_confine(&program->confinement, &err) != KP_OK) {
		(void)dprintf(STDERR_FILENO, "ketenpoort: %s\n",
			kp_error_text(&err, text, sizeof(text)));
	} else {
		(void)execvp(program->command[0], program->command);
		(void)dprintf(STDERR_FILENO, "ketenpoort: %s: %s\n", program->command[0],
			strerror(errno));
	}
	_exit(127);
}

/* Starting and ending. */

static void
start(struct attendant *attendant, struct program *program)
{
	pid_t parent = getpid();
	program->started_ms = now_ms();
	program->due_ms = NEVER;
	pid_t pid = fork();
	if (pid == 0) {
		become(program, parent);
	}
	if (pid < 0) {
		program->due_ms = program->started_ms + RESTART_LAST_MS;
		return;
	}
	program->pid = pid;
	(void)atomic_fetch_add(&attendant->counts->starts[program->slot], 1);
}

static void
signal_group(const struct program *program, int signal)
{
	/* It may not lead its group yet. */
	if (kill(-program->pid, signal) != 0) {
		(void)kill(program->pid, signal);
	}
}

static void
end(struct program *program)
{
	program->ending = true;
	program->due_ms = 0;
	/* Where the next one of this name will listen is another socket. */
	if (program->pid > 0) {
		signal_group(program, SIGTERM);
		program->due_ms = now_ms() + GRACE_MS;
	}
}

static void
note_exit(struct program *program)
{
	int64_t lived_ms = now_ms() - program->started_ms;
	/* What it left behind goes with it; its number is not yet another's. */
	(void)kill(-program->pid, SIGKILL);
	program->pid = 0;
	if (program->delay_ms == 0 || lived_ms >= SETTLED_MS) {
		program->delay_ms = RESTART_FIRST_MS;
	} else if (program->delay_ms < RESTART_LAST_MS) {
		program->delay_ms *= 2;
	}
	program->due_ms = program->ending ? 0 : now_ms() + program->delay_ms;
}

/* One that has ended and keeps its number until it is waited for; 0: there is none. */
static pid_t
next_ended(void)
{
	siginfo_t info = {0};
	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ? info.si_pid
									 : 0;
}

static void
reap(struct attendant *attendant)
{
	struct signalfd_siginfo info;
	pid_t pid = 0;
	(void)!read(attendant->children, &info, sizeof(info));
	while ((pid = next_ended()) > 0) {
		for (struct program *program = attendant->first; program != NULL;
			program = program->next) {
			if (program->pid == pid) {
				note_exit(program);
			}
		}
		(void)waitpid(pid, NULL, 0);
	}
}

/* What is due; returns when to look again. */
static int64_t
tend(struct attendant *attendant)
{
	int64_t now = now_ms();
	int64_t next = NEVER;
	struct program **at = &attendant->first;
	while (*at != NULL) {
		struct program *program = *at;
		if (program->ending && program->pid == 0) {
			*at = program->next;
			free_program(program);
			continue;
		}
		if (program->due_ms <= now) {
			if (program->ending) {
				signal_group(program, SIGKILL);
				program->due_ms = NEVER;
			} else {
				start(attendant, program);
			}
		}
		next = program->due_ms < next ? program->due_ms : next;
		at = &program->next;
	}
	return next;
}

/* Requests. */

static char *
take_string(const char **at, const char *end_of_message)
{
	size_t left = (size_t)(end_of_message - *at);
	size_t len = strnlen(*at, left);
	if (len == left) {
		return NULL;
	}
	char *copy = kp_heap_strdup(*at);
	*at += len + 1;
	return copy;
}

static bool
take_strings(struct program *program, const struct kp_attendant_request *request,
	const char *at, size_t len)
{
	const char *end_of_message = at + len;
	if (request->strings < 3 || request->strings - 2 > KP_PROGRAM_ARGUMENTS_MAX) {
		return false;
	}
	program->socket = take_string(&at, end_of_message);
	program->folder = take_string(&at, end_of_message);
	bool good = program->socket != NULL && program->folder != NULL;
	for (uint32_t i = 0; good && i < request->strings - 2; i++) {
		program->command[i] = take_string(&at, end_of_message);
		good = program->command[i] != NULL;
	}
	return good;
}

static void
open_program(struct attendant *attendant, const struct kp_attendant_request *request,
	const char *strings, size_t len)
{
	static const char *const here[] = {"."};
	struct kp_attendant_reply reply = {.number = request->number, .status = KP_OK};
	struct program *program = kp_heap_calloc(1, sizeof(*program));
	errno = ENOMEM;
	if (program == NULL) {
		refuse(&reply, KP_E_MEMORY, "a program");
	} else {
		program->listener = -1;
		program->slot = request->program;
		program->show_errors = request->show_errors;
		program->confinement = (struct kp_confinement){
			.memory_bytes_max = request->memory_bytes_max,
			.files_max = request->files_max,
			.network = request->network,
			.readable = here,
			.readable_count = KP_ARRAY_LEN(here),
		};
		if (take_strings(program, request, strings, len)) {
			listen_on(program, &reply);
		} else {
			refuse(&reply, KP_E_MEMORY, "a program's command");
		}
	}
	if (reply.status == KP_OK) {
		program->next = attendant->first;
		attendant->first = program;
	} else if (program != NULL) {
		free_program(program);
	}
	(void)!send(attendant->control, &reply, sizeof(reply), MSG_NOSIGNAL);
}

static void
serve_request(struct attendant *attendant)
{
	char bytes[KP_ATTENDANT_MESSAGE_BYTES_MAX];
	struct kp_attendant_request request;
	ssize_t got = recv(attendant->control, bytes, sizeof(bytes), 0);
	if (got < 0 && errno == EINTR) {
		return;
	}
	attendant->over = got < (ssize_t)sizeof(request);
	if (attendant->over) {
		return;
	}
	memcpy(&request, bytes, sizeof(request));
	if (request.program >= KP_PROGRAMS_MAX) {
		return;
	}
	if (request.open) {
		open_program(attendant, &request, bytes + sizeof(request),
			(size_t)got - sizeof(request));
		return;
	}
	for (struct program *program = attendant->first; program != NULL;
		program = program->next) {
		if (program->slot == request.program && !program->ending) {
			end(program);
		}
	}
}

/* Life. */

static bool
prepare(struct attendant *attendant)
{
	sigset_t child;
	(void)umask(0077);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	/* The gateway's listeners and files are not ours to hold. */
	if (dup2(attendant->control, HANDED_OVER) < 0 ||
		fcntl(HANDED_OVER, F_SETFD, FD_CLOEXEC) != 0) {
		return false;
	}
	attendant->control = HANDED_OVER;
	(void)close_range(HANDED_OVER + 1, ~0u, 0);
	if (sigprocmask(SIG_BLOCK, &child, NULL) != 0) {
		return false;
	}
	attendant->children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	return attendant->children >= 0;
}

static void
wait_for_something(struct attendant *attendant, int64_t due_ms)
{
	struct pollfd files[] = {
		{.fd = attendant->children, .events = POLLIN},
		{.fd = attendant->over ? -1 : attendant->control, .events = POLLIN},
	};
	int64_t left = due_ms == NEVER ? -1 : due_ms - now_ms();
	int timeout = due_ms == NEVER ? -1 : left < 0 ? 0 : (int)left;
	if (poll(files, KP_ARRAY_LEN(files), timeout) <= 0) {
		return;
	}
	if (files[0].revents != 0) {
		reap(attendant);
	}
	if (files[1].revents != 0) {
		serve_request(attendant);
	}
}

int
kp_attendant_serve(int control, struct kp_attendant_counts *counts)
{
	struct attendant attendant = {.control = control, .counts = counts};
	if (!prepare(&attendant)) {
		return 1;
	}
	while (!attendant.over || attendant.first != NULL) {
		if (attendant.over) {
			for (struct program *program = attendant.first; program != NULL;
				program = program->next) {
				if (!program->ending) {
					end(program);
				}
			}
		}
		int64_t due_ms = tend(&attendant);
		if (attendant.over && attendant.first == NULL) {
			break;
		}
		wait_for_something(&attendant, due_ms);
	}
	return 0;
}
