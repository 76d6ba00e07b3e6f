/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_real: plays a script against the built program: real sockets on the loopback
 * address, a real disk, real time. Clients and partners live in this process, on one poll
 * loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/attr.h"
#include "real/real_net.h"
#include "real/real_partner.h"
#include "real/real_tls.h"
#include "script/http2_client.h"
#include "script/script.h"
#include "script/stage.h"

#define CLIENTS_MAX 64
#define PATIENCE_MS 10000

struct client {
	char name[32];
	int fd;   /* -1 when closed */
	SSL *ssl; /* NULL: plain */
	bool connected;
	char oin[64]; /* of the certificate it shows; "" for none */
	bool reads;
	struct blob received;
};

static struct client clients[CLIENTS_MAX];
static size_t client_count;
static char folder[64];
static char port_text[8];
static const char *program;
static pid_t child = -1;
static bool child_gone;
static int child_code;

/* --- clients --- */

static void
close_client(struct client *client)
{
	real_tls_end(client->ssl);
	client->ssl = NULL;
	(void)close(client->fd);
	client->fd = -1;
}

/* All there is: what TLS has decrypted no poll tells of. */
static void
read_client(struct client *client)
{
	char chunk[16384];
	ssize_t got;
	do {
		got = client->ssl != NULL
			? real_tls_read(client->ssl, chunk, sizeof(chunk))
			: read(client->fd, chunk, sizeof(chunk));
		if (got > 0) {
			blob_add(&client->received, chunk, (size_t)got);
		}
	} while (got > 0 && client->ssl != NULL);
	if (got == 0 || (got < 0 && errno != EAGAIN)) {
		close_client(client);
	}
}

static struct client *
name_client(const char *name)
{
	for (size_t i = 0; i < client_count; i++) {
		if (strcmp(clients[i].name, name) == 0) {
			return &clients[i];
		}
	}
	KP_REQUIRE(client_count < CLIENTS_MAX);
	struct client *client = &clients[client_count++];
	(void)snprintf(client->name, sizeof(client->name), "%s", name);
	client->fd = -1;
	client->reads = true;
	return client;
}

static struct client *
find_client(const char *name)
{
	struct client *client = name_client(name);
	if (!client->connected) {
		client->connected = true;
		client->fd = connect_to((uint16_t)strtoul(port_text, NULL, 10));
		if (client->fd >= 0 && real_tls_used()) {
			client->ssl = real_tls_connect(client->fd, client->oin);
			if (client->ssl == NULL) {
				close_client(client);
			}
		}
	}
	return client;
}

static bool
show_certificate(const char *name, const char *oin, const char *organisation)
{
	struct client *client = name_client(name);
	(void)organisation;
	(void)snprintf(client->oin, sizeof(client->oin), "%s", oin);
	return real_tls_used();
}

/* --- one turn of everything --- */

static void
watch_child(void)
{
	int status;
	if (child > 0 && waitpid(child, &status, WNOHANG) == child) {
		child_gone = true;
		child_code =
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		child = -1;
	}
}

static void
pump(int wait_ms)
{
	struct pollfd polls[REAL_PARTNER_POLLS_MAX + CLIENTS_MAX];
	bool answering;
	nfds_t first_client = real_partners_watch(polls, &answering);
	for (size_t i = 0; i < client_count; i++) {
		polls[first_client + i] = (struct pollfd){
			.fd = clients[i].reads ? clients[i].fd : -1, .events = POLLIN};
	}
	nfds_t count = first_client + client_count;
	(void)poll(polls, count, answering && wait_ms > 2 ? 2 : wait_ms);
	for (nfds_t i = first_client; i < count; i++) {
		if (polls[i].revents != 0) {
			read_client(&clients[i - first_client]);
		}
	}
	real_partners_serve(polls, first_client);
	watch_child();
}

static void
pump_for(uint64_t ms)
{
	uint64_t until = now_ms() + ms;
	while (now_ms() < until) {
		pump(2);
	}
}

/* --- the stage --- */

static const char *
value(const char *name)
{
	if (strcmp(name, "dir") == 0) {
		return folder;
	}
	if (strcmp(name, "port") == 0) {
		return port_text;
	}
	return real_partner_endpoint(name);
}

static void
write_file(const char *path, struct kp_slice text)
{
	char full[1200];
	char fresh[1300];
	char *changed = NULL;
	if (real_tls_used()) {
		changed = real_tls_configure(text);
		text = kp_slice_from(changed);
	}
	(void)snprintf(full, sizeof(full), "%s/%s", folder, path);
	for (char *at = full + strlen(folder) + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		(void)mkdir(full, 0700);
		*at = '/';
	}
	(void)snprintf(fresh, sizeof(fresh), "%s.new", full);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	KP_REQUIRE(fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len);
	(void)close(fd);
	free(changed);
	KP_REQUIRE(rename(fresh, full) == 0);
}

static struct kp_slice
log_slice(void)
{
	static struct blob text;
	char path[128];
	char chunk[4096];
	blob_clear(&text);
	blob_add(&text, "", 0);
	(void)snprintf(path, sizeof(path), "%s/log", folder);
	FILE *file = fopen(path, "rb");
	size_t got;
	while (file != NULL && (got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
		blob_add(&text, chunk, got);
	}
	if (file != NULL) {
		(void)fclose(file);
	}
	return blob_slice(&text);
}

static size_t
times_logged(const char *text)
{
	size_t times = 0;
	for (const char *at = log_slice().data; (at = strstr(at, text)) != NULL; at++) {
		times++;
	}
	return times;
}

static void
run_program(const char *config)
{
	char path[600];
	char log[128];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, config);
	(void)snprintf(log, sizeof(log), "%s/log", folder);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)dup2(fd, STDERR_FILENO);
	(void)dup2(fd, STDOUT_FILENO);
	(void)execl(program, program, "serve", path, (char *)NULL);
	_exit(127);
}

static bool
start(const char *config, void (*rest)(void *context), void *context)
{
	child = fork();
	KP_REQUIRE(child >= 0);
	if (child == 0) {
		run_program(config);
	}
	/* Its sockets are open a little before, but by then it takes signals too. */
	uint64_t until = now_ms() + PATIENCE_MS;
	while (times_logged("listening") == 0 && !child_gone && now_ms() < until) {
		pump_for(10);
	}
	if (times_logged("listening") == 0) {
		return false;
	}
	rest(context);
	until = now_ms() + 3 * PATIENCE_MS;
	/* Once: a second one could come when its handler has gone already. */
	if (!child_gone) {
		(void)kill(child, SIGTERM);
	}
	while (!child_gone && now_ms() < until) {
		pump_for(20);
	}
	if (!child_gone) {
		(void)kill(child, SIGKILL);
	}
	if (child_code != 0) {
		printf("the gateway ended with code %d\n", child_code);
	}
	return child_gone && child_code == 0;
}

static void
send_bytes(const char *name, struct kp_slice bytes)
{
	struct client *client = find_client(name);
	size_t at = 0;
	uint64_t until = now_ms() + PATIENCE_MS;
	while (client->fd >= 0 && at < bytes.len && now_ms() < until) {
		ssize_t sent = client->ssl != NULL
			? real_tls_send(client->ssl, bytes.data + at, bytes.len - at)
			: send(client->fd, bytes.data + at, bytes.len - at, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN) {
			return;
		}
		at += sent > 0 ? (size_t)sent : 0;
		pump(at < bytes.len ? 5 : 0);
	}
}

static void
hang_up(const char *name)
{
	close_client(find_client(name));
	pump_for(20);
}

static void
read_on(const char *name, bool on)
{
	find_client(name)->reads = on;
}

static struct kp_slice
received(const char *name)
{
	pump(0);
	return blob_slice(&find_client(name)->received);
}

static bool
wait_for_more(const char *name, size_t seen)
{
	struct client *client = find_client(name);
	bool was_open = client->fd >= 0;
	uint64_t until = now_ms() + PATIENCE_MS;
	while (client->received.len <= seen && client->fd >= 0 && now_ms() < until) {
		pump(20);
	}
	return client->received.len > seen || (was_open && client->fd < 0);
}

static void
take(const char *name, size_t len)
{
	struct blob *blob = &find_client(name)->received;
	memmove(blob->data, blob->data + len, blob->len - len);
	blob->len -= len;
	blob->data[blob->len] = '\0';
}

static bool
is_closed(const char *name)
{
	return find_client(name)->fd < 0;
}

static void
put_answer(const char *name, const struct stage_answer *given)
{
	real_partner_answer(name, given);
	pump(0);
}

static bool
take_question(const char *name, bool expected, struct stage_question *ret_question)
{
	uint64_t until = now_ms() + (expected ? PATIENCE_MS : 30);
	while (!real_partner_asked(name) && now_ms() < until) {
		pump(5);
	}
	return real_partner_asked(name) && real_partner_take(name, ret_question);
}

static bool
pause_a_moment(void)
{
	pump_for(20);
	return true;
}

static bool
set_disk(const char *state)
{
	return strcmp(state, "good") == 0;
}

static bool
is_refused(void)
{
	int fd = connect_to((uint16_t)strtoul(port_text, NULL, 10));
	(void)close(fd);
	return fd < 0;
}

static size_t
reloads(void)
{
	return times_logged("new configuration in place") +
		times_logged("reload refused");
}

static bool
send_signal(const char *name)
{
	bool stop = strcmp(name, "stop") == 0;
	if (child < 0 || (!stop && strcmp(name, "reload") != 0)) {
		return false;
	}
	size_t before = reloads();
	uint64_t until = now_ms() + PATIENCE_MS;
	(void)kill(child, stop ? SIGTERM : SIGHUP);
	/* Who stops tells so at once, but is at it when nobody is let in any more. */
	while (!child_gone && !(stop ? is_refused() : reloads() > before) &&
		now_ms() < until) {
		pump(5);
	}
	return true;
}

static bool
stopped(void)
{
	uint64_t until = now_ms() + PATIENCE_MS;
	while (!child_gone && now_ms() < until) {
		pump(20);
	}
	return child_gone;
}

/* The gateway holds a lock on its journal: a copy is read. */
static int64_t
now_s(void)
{
	return (int64_t)time(NULL);
}

static const char *
journal(void)
{
	static char path[128];
	char source[128];
	char chunk[65536];
	(void)snprintf(path, sizeof(path), "%s/journaal.copy", folder);
	(void)snprintf(source, sizeof(source), "%s/journaal.kpj", folder);
	FILE *from = fopen(source, "rb");
	FILE *to = fopen(path, "wb");
	size_t got;
	while (from != NULL && to != NULL &&
		(got = fread(chunk, 1, sizeof(chunk), from)) > 0) {
		(void)fwrite(chunk, 1, got, to);
	}
	if (from != NULL) {
		(void)fclose(from);
	}
	if (to != NULL) {
		(void)fclose(to);
	}
	return path;
}

const struct stage stage = {
	.name = "real",
	.value = value,
	.write_file = write_file,
	.add_partner = real_partner_add,
	.start = start,
	.log = log_slice,
	.advance = pump_for,
	.now_s = now_s,
	.certificate = show_certificate,
	.send = send_bytes,
	.hang_up = hang_up,
	.read = read_on,
	.received = received,
	.wait_for_more = wait_for_more,
	.take = take,
	.closed = is_closed,
	.answer = put_answer,
	.question = take_question,
	.pause = pause_a_moment,
	.disk = set_disk,
	.signal = send_signal,
	.stopped = stopped,
	.journal = journal,
};

int
main(int argc, char **argv)
{
	uint16_t port = 0;
	int held;
	bool tls = argc == 5 && strcmp(argv[4], "tls") == 0;
	bool http2 = argc == 5 && strcmp(argv[4], "http2") == 0;
	if (http2) {
		http2_clients_all();
	}
	if (argc != 4 && !tls && !http2) {
		fprintf(stderr,
			"usage: flow_real SCRIPT PROJECT-FOLDER PROGRAM [tls | http2]\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	program = argv[3];
	(void)snprintf(folder, sizeof(folder), "/tmp/ketenpoort-flow-XXXXXX");
	KP_REQUIRE(mkdtemp(folder) != NULL);
	if (tls) {
		real_tls_begin(program, folder);
	}
	held = hold_port(&port);
	(void)snprintf(port_text, sizeof(port_text), "%u", port);
	bool good = script_play(argv[1], argv[2]);
	if (child > 0) {
		(void)kill(child, SIGKILL);
	}
	(void)close(held);
	char remove[96];
	(void)snprintf(remove, sizeof(remove), "rm -rf %s", folder);
	if (good) {
		(void)!system(remove);
	} else {
		printf("left for a look: %s\n", folder);
	}
	return good ? 0 : 1;
}
