/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* attendant: the gateway's side. See attendant.h. */
#include "io/attendant.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/heap.h"
#include "io/attendant_private.h"

#define REPLY_TIMEOUT_S 5

struct kp_attendant {
	pthread_mutex_t lock; /* one request and its reply at a time */
	int control;
	pid_t pid;
	struct kp_attendant_counts *counts;
	uint32_t requests; /* so far */
	bool used[KP_PROGRAMS_MAX];
};

static enum kp_status
fail(struct kp_error *err, const char *what)
{
	return kp_error_set(
		err, KP_E_IO, "partners' programs: %s: %s", what, strerror(errno));
}

static enum kp_status
fork_attendant(struct kp_attendant *attendant, struct kp_error *err)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		return fail(err, "no socket to the attendant");
	}
	attendant->pid = fork();
	if (attendant->pid == 0) {
		_exit(kp_attendant_serve(pair[1], attendant->counts));
	}
	(void)close(pair[1]);
	attendant->control = pair[0];
	if (attendant->pid < 0) {
		return fail(err, "no process for the attendant");
	}
	const struct timeval patience = {.tv_sec = REPLY_TIMEOUT_S};
	(void)setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return KP_OK;
}

enum kp_status
kp_attendant_start(struct kp_attendant **ret_attendant, struct kp_error *err)
{
	struct kp_attendant *attendant = kp_heap_calloc(1, sizeof(*attendant));
	if (attendant == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for the attendant");
	}
	attendant->control = -1;
	attendant->counts = mmap(NULL, sizeof(*attendant->counts), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	(void)pthread_mutex_init(&attendant->lock, NULL);
	enum kp_status status = KP_OK;
	if (attendant->counts == MAP_FAILED) {
		attendant->counts = NULL;
		status = fail(err, "no memory to share");
	}
	if (status == KP_OK) {
		status = fork_attendant(attendant, err);
	}
	if (status != KP_OK) {
		kp_attendant_stop(&attendant);
		return status;
	}
	*ret_attendant = attendant;
	return KP_OK;
}

void
kp_attendant_stop(struct kp_attendant **attendant_at)
{
	struct kp_attendant *attendant = *attendant_at;
	if (attendant == NULL) {
		return;
	}
	*attendant_at = NULL;
	if (attendant->control >= 0) {
		(void)close(attendant->control);
	}
	while (attendant->pid > 0 && waitpid(attendant->pid, NULL, 0) < 0 &&
		errno == EINTR) {
	}
	if (attendant->counts != NULL) {
		(void)munmap(attendant->counts, sizeof(*attendant->counts));
	}
	(void)pthread_mutex_destroy(&attendant->lock);
	kp_heap_free(attendant);
}

/* A request as it goes over the socket. */
struct message {
	char bytes[KP_ATTENDANT_MESSAGE_BYTES_MAX];
	size_t len;
	uint32_t strings;
	bool full;
};

static void
add_string(struct message *message, const char *text)
{
	size_t size = strlen(text) + 1;
	if (size > sizeof(message->bytes) - message->len) {
		message->full = true;
		return;
	}
	memcpy(message->bytes + message->len, text, size);
	message->len += size;
	message->strings++;
}

static enum kp_status
write_message(struct message *message, const struct kp_program_options *options,
	unsigned program, uint32_t number, struct kp_error *err)
{
	message->len = sizeof(struct kp_attendant_request);
	add_string(message, options->socket);
	add_string(message, options->folder);
	for (size_t i = 0; options->command[i] != NULL; i++) {
		message->full = message->full || i == KP_PROGRAM_ARGUMENTS_MAX;
		add_string(message, options->command[i]);
	}
	if (message->full) {
		return kp_error_set(err, KP_E_LIMIT,
			"a program's command has more than %zu arguments or %zu bytes",
			KP_PROGRAM_ARGUMENTS_MAX, KP_ATTENDANT_MESSAGE_BYTES_MAX);
	}
	const struct kp_attendant_request request = {
		.program = program,
		.number = number,
		.open = true,
		.network = options->network,
		.show_errors = options->show_errors,
		.files_max = options->files_max,
		.strings = message->strings,
		.memory_bytes_max = options->memory_bytes_max,
	};
	memcpy(message->bytes, &request, sizeof(request));
	return KP_OK;
}

static void
send_close(struct kp_attendant *attendant, unsigned program)
{
	const struct kp_attendant_request request = {.program = program};
	(void)!send(attendant->control, &request, sizeof(request), MSG_NOSIGNAL);
}

/* The answer to the last request; one that came too late for its own is passed over. */
static bool
receive(const struct kp_attendant *attendant, struct kp_attendant_reply *ret_reply)
{
	ssize_t got = 0;
	do {
		got = recv(attendant->control, ret_reply, sizeof(*ret_reply), 0);
	} while (got == (ssize_t)sizeof(*ret_reply) &&
		ret_reply->number != attendant->requests);
	return got == (ssize_t)sizeof(*ret_reply);
}

/* With the lock. */
static enum kp_status
exchange(struct kp_attendant *attendant, const struct message *message, unsigned program,
	struct kp_error *err)
{
	struct kp_attendant_reply reply;
	if (send(attendant->control, message->bytes, message->len, MSG_NOSIGNAL) < 0) {
		return fail(err, "the attendant is gone");
	}
	if (!receive(attendant, &reply)) {
		enum kp_status status = fail(err, "the attendant does not answer");
		/* When it comes to it after all, nobody waits for this program. */
		send_close(attendant, program);
		return status;
	}
	return reply.status == KP_OK ? KP_OK
				     : kp_error_set(err, reply.status, "%.*s",
					       (int)sizeof(reply.reason), reply.reason);
}

static enum kp_status
open_free(struct kp_attendant *attendant, const struct kp_program_options *options,
	unsigned *ret_program, struct kp_error *err)
{
	unsigned program = 0;
	while (program < KP_PROGRAMS_MAX && attendant->used[program]) {
		program++;
	}
	if (program == KP_PROGRAMS_MAX) {
		return kp_error_set(err, KP_E_LIMIT, "more than %u programs of partners",
			KP_PROGRAMS_MAX);
	}
	struct message *message = kp_heap_calloc(1, sizeof(*message));
	if (message == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a program");
	}
	atomic_store(&attendant->counts->starts[program], 0);
	enum kp_status status =
		write_message(message, options, program, ++attendant->requests, err);
	if (status == KP_OK) {
		status = exchange(attendant, message, program, err);
	}
	kp_heap_free(message);
	if (status == KP_OK) {
		attendant->used[program] = true;
		*ret_program = program;
	}
	return status;
}

enum kp_status
kp_attendant_open(struct kp_attendant *attendant,
	const struct kp_program_options *options, unsigned *ret_program,
	struct kp_error *err)
{
	(void)pthread_mutex_lock(&attendant->lock);
	enum kp_status status = open_free(attendant, options, ret_program, err);
	(void)pthread_mutex_unlock(&attendant->lock);
	return status;
}

void
kp_attendant_close(struct kp_attendant *attendant, unsigned program)
{
	(void)pthread_mutex_lock(&attendant->lock);
	attendant->used[program] = false;
	send_close(attendant, program);
	(void)pthread_mutex_unlock(&attendant->lock);
}

uint64_t
kp_attendant_starts(const struct kp_attendant *attendant, unsigned program)
{
	return atomic_load(&attendant->counts->starts[program]);
}
