/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* real_partner: see real_partner.h. */
#include "real/real_partner.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/attr.h"
#include "real/real_net.h"

#define PIECES_IN_A_ROW 16

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

static struct partner partners[REAL_PARTNERS_MAX];
static size_t partner_count;
static struct connection connections[REAL_PARTNER_CONNECTIONS_MAX];
static void *owners[REAL_PARTNER_POLLS_MAX]; /* of what is polled */
static nfds_t first_connection;              /* among them */
static struct planned *kept_planned;
static struct asked *kept_asked;

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

void
real_partner_add(const char *name)
{
	KP_REQUIRE(partner_count < REAL_PARTNERS_MAX);
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
	blob_clear(&connection->incoming);
	blob_clear(&connection->outgoing);
	*connection = (struct connection){0};
}

static void
accept_from_gateway(struct partner *partner)
{
	int fd = accept4(partner->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int on = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (size_t i = 0; fd >= 0 && i < REAL_PARTNER_CONNECTIONS_MAX; i++) {
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
	blob_add(&asked->head, connection->incoming.data, head);
	blob_add(&asked->body, connection->incoming.data + head, len - head);
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
	blob_add(&connection->incoming, chunk, got > 0 ? (size_t)got : 0);
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
	blob_add(&connection->outgoing, line, strlen(line));
	for (size_t i = 0; i < answer->headers.len; i++) {
		const char *at = answer->headers.data + i;
		blob_add(&connection->outgoing, *at == '\n' ? "\r\n" : at,
			*at == '\n' ? 2 : 1);
	}
	blob_add(&connection->outgoing, "\r\n", 2);
	size_t len = broken && answer->cut_at < answer->body.len ? answer->cut_at
								 : answer->body.len;
	blob_add(&connection->outgoing, answer->body.data, len);
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
	blob_clear(&connection->outgoing);
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
	/* Small pieces go a few in a row, so that an answer in single bytes is there in
	 * time on a busy machine too. */
	unsigned pieces = 0;
	do {
		send_some(connection);
	} while (++pieces < PIECES_IN_A_ROW && connection->outgoing.len > 0 &&
		connection->answer->answer.piece > 0);
}

/* --- what the stage asks for --- */

const char *
real_partner_endpoint(const char *name)
{
	struct partner *partner = find_partner(name);
	return partner == NULL ? NULL : partner->endpoint;
}

static struct kp_slice
copy(struct kp_slice text)
{
	struct blob blob = {0};
	blob_add(&blob, text.data, text.len);
	return blob_slice(&blob);
}

static void
stop_listening(struct partner *partner)
{
	(void)close(partner->listener);
	partner->listener = -1;
	for (size_t i = 0; i < REAL_PARTNER_CONNECTIONS_MAX; i++) {
		if (connections[i].fd != 0 && connections[i].partner == partner) {
			drop_connection(&connections[i], true);
		}
	}
}

void
real_partner_answer(const char *name, const struct stage_answer *given)
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
}

bool
real_partner_asked(const char *name)
{
	const struct partner *partner = find_partner(name);
	KP_REQUIRE(partner != NULL);
	return partner->asked != NULL;
}

bool
real_partner_take(const char *name, struct stage_question *ret_question)
{
	struct partner *partner = find_partner(name);
	KP_REQUIRE(partner != NULL);
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
	ret_question->body = blob_slice(&asked->body);
	return true;
}

/* --- one turn --- */

nfds_t
real_partners_watch(struct pollfd *polls, bool *ret_answering)
{
	nfds_t count = 0;
	*ret_answering = false;
	for (size_t i = 0; i < partner_count; i++) {
		owners[count] = &partners[i];
		polls[count++] =
			(struct pollfd){.fd = partners[i].listener, .events = POLLIN};
	}
	first_connection = count;
	for (size_t i = 0; i < REAL_PARTNER_CONNECTIONS_MAX; i++) {
		if (connections[i].fd != 0) {
			owners[count] = &connections[i];
			polls[count++] = (struct pollfd){
				.fd = connections[i].fd, .events = POLLIN};
			*ret_answering = *ret_answering || connections[i].waiting;
		}
	}
	return count;
}

void
real_partners_serve(const struct pollfd *polls, nfds_t count)
{
	for (nfds_t i = 0; i < count; i++) {
		if (polls[i].revents != 0 && i < first_connection) {
			accept_from_gateway(owners[i]);
		} else if (polls[i].revents != 0) {
			read_question(owners[i]);
		}
	}
	for (size_t i = 0; i < REAL_PARTNER_CONNECTIONS_MAX; i++) {
		if (connections[i].fd != 0) {
			go_on(&connections[i]);
		}
	}
}
