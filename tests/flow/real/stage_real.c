/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_real: plays a script against the built program: real sockets on the loopback
 * address, a real disk, real time. Clients and partners live in this process, on one poll
 * loop.
 */
#include <arpa/inet.h>
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
#include "real/real_tls.h"
#include "script/http2_client.h"
#include "script/script.h"
#include "script/stage.h"

#define CLIENTS_MAX 64
#define PARTNERS_MAX 16
#define CONNECTIONS_MAX 256
#define PATIENCE_MS 10000

struct blob {
	char *data;
	size_t len;
};

struct planned {
	struct stage_answer answer; /* headers and body are owned */
	struct planned *next;
	struct planned *kept; /* all there were, so that no leak is seen in them */
};

struct asked {
	struct blob head; /* request line and header lines */
	struct blob body;
	struct asked *next;
	struct asked *kept; /* as in struct planned */
};

struct partner {
	char name[32];
	char endpoint[64];
	uint16_t port;
	int listener; /* -1 when it refuses */
	struct planned *answers;
	struct planned *always;
	struct asked *asked;
};

struct connection { /* from the gateway to a partner */
	int fd;     /* 0: free */
	struct partner *partner;
	struct blob incoming;
	bool waiting; /* a complete question has no answer yet */
	struct planned *answer;
	uint64_t due_ms;
	struct blob outgoing;
	size_t sent;
	bool reset_after;
};

struct client {
	char name[32];
	int fd;   /* -1 when closed */
	SSL *ssl; /* NULL: plain */
	bool connected;
	char oin[64]; /* of the certificate it shows; "" for none */
	bool reads;
	struct blob received;
};

static struct partner partners[PARTNERS_MAX];
static size_t partner_count;
static struct connection connections[CONNECTIONS_MAX];
static struct client clients[CLIENTS_MAX];
static size_t client_count;
static char folder[64];
static char port_text[8];
static const char *program;
static pid_t child = -1;
static bool child_gone;
static int child_code;

/* --- small things --- */

static uint64_t
now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
add(struct blob *blob, const char *data, size_t len)
{
	blob->data = realloc(blob->data, blob->len + len + 1);
	KP_REQUIRE(blob->data != NULL);
	if (len > 0) {
		memcpy(blob->data + blob->len, data, len);
	}
	blob->len += len;
	blob->data[blob->len] = '\0';
}

static void
clear(struct blob *blob)
{
	free(blob->data);
	*blob = (struct blob){0};
}

static struct kp_slice
slice(const struct blob *blob)
{
	return (struct kp_slice){blob->data, blob->len};
}

static int
listen_on(uint16_t *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	struct sockaddr *generic = (struct sockaddr *)(void *)&address;
	KP_REQUIRE(bind(fd, generic, sizeof(address)) == 0 && listen(fd, 64) == 0);
	KP_REQUIRE(getsockname(fd, generic, &len) == 0);
	*port = ntohs(address.sin_port);
	return fd;
}

/* A port for the gateway that nobody is given in the meantime: the gateway's listeners
 * share it (SO_REUSEPORT), and what only holds it gets no connections. */
static int
hold_port(uint16_t *ret_port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	struct sockaddr *generic = (struct sockaddr *)(void *)&address;
	KP_REQUIRE(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0);
	KP_REQUIRE(bind(fd, generic, sizeof(address)) == 0);
	KP_REQUIRE(getsockname(fd, generic, &len) == 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static int
connect_to(uint16_t port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (connect(fd, (struct sockaddr *)(void *)&address, sizeof(address)) != 0) {
		(void)close(fd);
		return -1;
	}
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

/* --- partners --- */

static struct partner *
find_partner(const char *name)
{
	for (size_t i = 0; i < partner_count; i++) {
		if (strcmp(partners[i].name, name) == 0) {
			return &partners[i];
		}
	}
	return NULL;
}

static void
add_partner(const char *name)
{
	KP_REQUIRE(partner_count < PARTNERS_MAX);
	struct partner *partner = &partners[partner_count++];
	(void)snprintf(partner->name, sizeof(partner->name), "%s", name);
	partner->listener = listen_on(&partner->port);
	(void)snprintf(partner->endpoint, sizeof(partner->endpoint),
		"http://127.0.0.1:%u", partner->port);
}

static void
drop_connection(struct connection *connection, bool reset)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	if (reset) {
		(void)setsockopt(
			connection->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	}
	(void)close(connection->fd);
	clear(&connection->incoming);
	clear(&connection->outgoing);
	*connection = (struct connection){0};
}

static void
accept_from_gateway(struct partner *partner)
{
	int fd = accept4(partner->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	for (size_t i = 0; fd >= 0 && i < CONNECTIONS_MAX; i++) {
		if (connections[i].fd == 0) {
			connections[i].fd = fd;
			connections[i].partner = partner;
			return;
		}
	}
	if (fd >= 0) {
		(void)close(fd);
	}
}

static void
note_question(struct connection *connection, size_t head, size_t len)
{
	struct asked *asked = calloc(1, sizeof(*asked));
	KP_REQUIRE(asked != NULL);
	add(&asked->head, connection->incoming.data, head);
	add(&asked->body, connection->incoming.data + head, len - head);
	struct asked **at = &connection->partner->asked;
	while (*at != NULL) {
		at = &(*at)->next;
	}
	*at = asked;
	memmove(connection->incoming.data, connection->incoming.data + len,
		connection->incoming.len - len);
	connection->incoming.len -= len;
	connection->waiting = true;
}

static void
read_question(struct connection *connection)
{
	char chunk[16384];
	ssize_t got = read(connection->fd, chunk, sizeof(chunk));
	if (got == 0 || (got < 0 && errno != EAGAIN)) {
		drop_connection(connection, false);
		return;
	}
	add(&connection->incoming, chunk, got > 0 ? (size_t)got : 0);
	struct blob *in = &connection->incoming;
	char *head_end = memmem(in->data, in->len, "\r\n\r\n", 4);
	if (head_end == NULL) {
		return;
	}
	size_t head = (size_t)(head_end - in->data) + 4;
	char *length = strcasestr(in->data, "\r\nContent-Length:");
	size_t body =
		length != NULL && length < head_end ? strtoul(length + 17, NULL, 10) : 0;
	if (in->len >= head + body) {
		note_question(connection, head, head + body);
	}
}

static void
write_answer(struct connection *connection, const struct stage_answer *answer)
{
	char line[128];
	bool broken = answer->kind == PARTNER_BREAKS;
	(void)snprintf(line, sizeof(line),
		"HTTP/1.1 %u Status\r\nContent-Length: %zu\r\n", answer->status,
		answer->body.len);
	add(&connection->outgoing, line, strlen(line));
	for (size_t i = 0; i < answer->headers.len; i++) {
		const char *at = answer->headers.data + i;
		add(&connection->outgoing, *at == '\n' ? "\r\n" : at,
			*at == '\n' ? 2 : 1);
	}
	add(&connection->outgoing, "\r\n", 2);
	size_t len = broken && answer->cut_at < answer->body.len ? answer->cut_at
								 : answer->body.len;
	add(&connection->outgoing, answer->body.data, len);
	connection->reset_after = broken;
}

static void
take_answer(struct connection *connection)
{
	struct partner *partner = connection->partner;
	struct planned *planned =
		partner->answers != NULL ? partner->answers : partner->always;
	if (connection->answer != NULL || planned == NULL) {
		return;
	}
	if (planned == partner->answers) {
		partner->answers = planned->next;
	}
	connection->answer = planned;
	connection->due_ms = now_ms() + planned->answer.after_ms;
}

static void
send_some(struct connection *connection)
{
	size_t piece = connection->answer->answer.piece;
	size_t left = connection->outgoing.len - connection->sent;
	size_t len = piece == 0 || piece > left ? left : piece;
	ssize_t sent = send(connection->fd, connection->outgoing.data + connection->sent,
		len, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN) {
		drop_connection(connection, false);
		return;
	}
	connection->sent += sent > 0 ? (size_t)sent : 0;
	if (connection->sent < connection->outgoing.len) {
		return;
	}
	if (connection->reset_after) {
		drop_connection(connection, true);
		return;
	}
	clear(&connection->outgoing);
	connection->sent = 0;
	connection->waiting = false;
	connection->answer = NULL;
}

static void
go_on(struct connection *connection)
{
	if (connection->waiting) {
		take_answer(connection);
	}
	if (connection->answer == NULL ||
		connection->answer->answer.kind == PARTNER_SILENT ||
		now_ms() < connection->due_ms) {
		return;
	}
	if (connection->answer->answer.kind == PARTNER_REFUSES) {
		drop_connection(connection, true);
		return;
	}
	if (connection->outgoing.len == 0) {
		write_answer(connection, &connection->answer->answer);
	}
	send_some(connection);
}

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
			add(&client->received, chunk, (size_t)got);
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
pump(int wait_ms)
{
	struct pollfd polls[PARTNERS_MAX + CONNECTIONS_MAX + CLIENTS_MAX];
	void *owners[PARTNERS_MAX + CONNECTIONS_MAX + CLIENTS_MAX];
	nfds_t count = 0;
	bool answering = false;
	for (size_t i = 0; i < partner_count; i++) {
		owners[count] = &partners[i];
		polls[count++] =
			(struct pollfd){.fd = partners[i].listener, .events = POLLIN};
	}
	size_t first_connection = count;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (connections[i].fd != 0) {
			owners[count] = &connections[i];
			polls[count++] = (struct pollfd){
				.fd = connections[i].fd, .events = POLLIN};
			answering = answering || connections[i].waiting;
		}
	}
	size_t first_client = count;
	for (size_t i = 0; i < client_count; i++) {
		owners[count] = &clients[i];
		polls[count++] = (struct pollfd){
			.fd = clients[i].reads ? clients[i].fd : -1, .events = POLLIN};
	}
	(void)poll(polls, count, answering && wait_ms > 2 ? 2 : wait_ms);
	for (size_t i = 0; i < count; i++) {
		if (polls[i].revents == 0) {
			continue;
		}
		if (i < first_connection) {
			accept_from_gateway(owners[i]);
		} else if (i < first_client) {
			read_question(owners[i]);
		} else {
			read_client(owners[i]);
		}
	}
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (connections[i].fd != 0) {
			go_on(&connections[i]);
		}
	}
	int status;
	if (child > 0 && waitpid(child, &status, WNOHANG) == child) {
		child_gone = true;
		child_code =
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		child = -1;
	}
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
	struct partner *partner = find_partner(name);
	return partner == NULL ? NULL : partner->endpoint;
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
	clear(&text);
	add(&text, "", 0);
	(void)snprintf(path, sizeof(path), "%s/log", folder);
	FILE *file = fopen(path, "rb");
	size_t got;
	while (file != NULL && (got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
		add(&text, chunk, got);
	}
	if (file != NULL) {
		(void)fclose(file);
	}
	return slice(&text);
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
	uint64_t until = now_ms() + PATIENCE_MS;
	int fd = -1;
	while (fd < 0 && !child_gone && now_ms() < until) {
		pump_for(10);
		fd = connect_to((uint16_t)strtoul(port_text, NULL, 10));
	}
	if (fd < 0) {
		return false;
	}
	(void)close(fd);
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
	return slice(&find_client(name)->received);
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

static struct planned *kept_planned;
static struct asked *kept_asked;

static struct kp_slice
copy(struct kp_slice text)
{
	struct blob blob = {0};
	add(&blob, text.data, text.len);
	return slice(&blob);
}

static void
stop_listening(struct partner *partner)
{
	(void)close(partner->listener);
	partner->listener = -1;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (connections[i].fd != 0 && connections[i].partner == partner) {
			drop_connection(&connections[i], true);
		}
	}
}

static void
put_answer(const char *name, const struct stage_answer *given)
{
	struct partner *partner = find_partner(name);
	KP_REQUIRE(partner != NULL);
	if (given->kind == PARTNER_REFUSES) {
		stop_listening(partner);
		return;
	}
	if (partner->listener < 0) {
		partner->listener = listen_on(&partner->port);
	}
	struct planned *planned = calloc(1, sizeof(*planned));
	KP_REQUIRE(planned != NULL);
	planned->kept = kept_planned;
	kept_planned = planned;
	planned->answer = *given;
	planned->answer.headers = copy(given->headers);
	planned->answer.body = copy(given->body);
	if (given->always) {
		partner->always = planned;
	} else {
		struct planned **at = &partner->answers;
		while (*at != NULL) {
			at = &(*at)->next;
		}
		*at = planned;
	}
	pump(0);
}

static bool
take_question(const char *name, bool expected, struct stage_question *ret_question)
{
	struct partner *partner = find_partner(name);
	uint64_t until = now_ms() + (expected ? PATIENCE_MS : 30);
	while (partner->asked == NULL && now_ms() < until) {
		pump(5);
	}
	struct asked *asked = partner->asked;
	if (asked == NULL) {
		return false;
	}
	partner->asked = asked->next;
	asked->kept = kept_asked;
	kept_asked = asked;
	char *line_end = strstr(asked->head.data, "\r\n");
	char *space = strchr(asked->head.data, ' ');
	char *second = space == NULL ? NULL : strchr(space + 1, ' ');
	if (second == NULL || line_end == NULL) {
		return false;
	}
	ret_question->method =
		(struct kp_slice){asked->head.data, (size_t)(space - asked->head.data)};
	ret_question->target = (struct kp_slice){space + 1, (size_t)(second - space - 1)};
	ret_question->headers = kp_slice_from(line_end + 2);
	ret_question->body = slice(&asked->body);
	return true;
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
send_signal(const char *name)
{
	bool stop = strcmp(name, "stop") == 0;
	if (child < 0 || (!stop && strcmp(name, "reload") != 0)) {
		return false;
	}
	(void)kill(child, stop ? SIGTERM : SIGHUP);
	pump_for(300);
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
	.add_partner = add_partner,
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
