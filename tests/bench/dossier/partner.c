/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * partner: partner systems for benchmarks. One epoll loop answers on a row of ports; each
 * port has a JSON template in which {bsn} becomes the number that was asked for. Cheap,
 * so that what is measured is the gateway.
 *
 *     partner FIRST-PORT DELAY-MS TEMPLATE...
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_BYTES 8192
#define FDS_MAX 65536
#define BSN_LEN 9

struct template
{
	char *bytes; /* head and body, with room for the number */
	size_t len;
	size_t bsn_at[8];
	size_t bsn_count;
};

struct peer {
	const struct template *template;
	char *request;
	size_t len;
	char bsn[BSN_LEN];
	double due; /* answer time; 0 when nothing is due */
	int next;   /* in the queue of delayed answers */
};

static struct peer peers[FDS_MAX];
static int queue_first = -1;
static int queue_last = -1;
static double delay_s;

static double
now(void)
{
	struct timespec time;
	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static char *
read_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	char *text = file == NULL ? NULL : malloc(16UL << 20);
	if (text == NULL) {
		(void)fprintf(stderr, "partner: cannot read '%s'\n", path);
		exit(1);
	}
	*ret_len = fread(text, 1, 16UL << 20, file);
	(void)fclose(file);
	return text;
}

static void
load(struct template *template, const char *path)
{
	size_t len;
	char *body = read_file(path, &len);
	/* "{bsn}" is shorter than the number: build the body first, then the head with
	 * its length. */
	char *filled = malloc(len * 2 + 64);
	size_t at = 0;
	size_t marks[8];
	template->bsn_count = 0;
	for (size_t i = 0; i < len;) {
		if (len - i >= 5 && memcmp(body + i, "{bsn}", 5) == 0 &&
			template->bsn_count < 8) {
			marks[template->bsn_count++] = at;
			at += BSN_LEN;
			i += 5;
		} else {
			filled[at++] = body[i++];
		}
	}
	char head[128];
	int head_len = snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
		"%zu\r\n\r\n",
		at);
	template->len = (size_t)head_len + at;
	template->bytes = malloc(template->len);
	memcpy(template->bytes, head, (size_t)head_len);
	memcpy(template->bytes + head_len, filled, at);
	for (size_t i = 0; i < template->bsn_count; i++) {
		template->bsn_at[i] = marks[i] + (size_t)head_len;
	}
	free(filled);
	free(body);
}

static int
listen_on(uint16_t port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int on = 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (bind(fd, (struct sockaddr *)(void *)&address, sizeof(address)) != 0 ||
		listen(fd, 16384) != 0) {
		perror("partner: listen");
		exit(1);
	}
	return fd;
}

/* The number that was asked for: the first run of nine digits in the body. */
static bool
find_bsn(const char *body, size_t len, char bsn[BSN_LEN])
{
	size_t run = 0;
	for (size_t i = 0; i < len; i++) {
		run = body[i] >= '0' && body[i] <= '9' ? run + 1 : 0;
		if (run == BSN_LEN) {
			memcpy(bsn, body + i - (BSN_LEN - 1), BSN_LEN);
			return true;
		}
	}
	return false;
}

static void
answer(int fd)
{
	struct peer *peer = &peers[fd];
	const struct template *template = peer->template;
	for (size_t i = 0; i < template->bsn_count; i++) {
		memcpy(template->bytes + template->bsn_at[i], peer->bsn, BSN_LEN);
	}
	size_t sent = 0;
	while (sent < template->len) {
		ssize_t got = send(
			fd, template->bytes + sent, template->len - sent, MSG_NOSIGNAL);
		if (got < 0 && errno != EAGAIN) {
			return;
		}
		sent += got > 0 ? (size_t)got : 0;
	}
}

static void
forget(int fd)
{
	free(peers[fd].request);
	peers[fd] = (struct peer){0};
	(void)close(fd);
}

static void
later(int fd)
{
	peers[fd].due = now() + delay_s;
	peers[fd].next = -1;
	if (queue_last >= 0) {
		peers[queue_last].next = fd;
	} else {
		queue_first = fd;
	}
	queue_last = fd;
}

static void
receive(int fd)
{
	struct peer *peer = &peers[fd];
	ssize_t got = read(fd, peer->request + peer->len, REQUEST_BYTES - peer->len);
	if (got <= 0) {
		if (got == 0 || errno != EAGAIN) {
			if (peer->due > 0) {
				return; /* it is in the queue; answering will fail
					   harmlessly */
			}
			forget(fd);
		}
		return;
	}
	peer->len += (size_t)got;
	char *end = memmem(peer->request, peer->len, "\r\n\r\n", 4);
	char *length = end == NULL ? NULL : strcasestr(peer->request, "content-length:");
	if (length == NULL) {
		return;
	}
	size_t head = (size_t)(end - peer->request) + 4;
	size_t body = strtoul(length + 15, NULL, 10);
	if (peer->len < head + body || !find_bsn(peer->request + head, body, peer->bsn)) {
		return;
	}
	peer->len = 0;
	if (delay_s > 0) {
		later(fd);
	} else {
		answer(fd);
	}
}

static int
answer_due(void)
{
	while (queue_first >= 0 && peers[queue_first].due <= now()) {
		int fd = queue_first;
		queue_first = peers[fd].next;
		if (queue_first < 0) {
			queue_last = -1;
		}
		peers[fd].due = 0;
		answer(fd);
	}
	return queue_first < 0 ? -1 : (int)((peers[queue_first].due - now()) * 1000) + 1;
}

static void
welcome(int epoll, int listener)
{
	int fd;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0 && fd < FDS_MAX) {
		int on = 1;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		peers[fd].template = peers[listener].template;
		peers[fd].request = calloc(1, REQUEST_BYTES + 1);
		struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
		(void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	}
}

int
main(int argc, char **argv)
{
	if (argc < 4) {
		(void)fprintf(stderr, "usage: partner FIRST-PORT DELAY-MS TEMPLATE...\n");
		return 2;
	}
	struct rlimit files = {FDS_MAX, FDS_MAX};
	(void)setrlimit(RLIMIT_NOFILE, &files);
	delay_s = strtod(argv[2], NULL) / 1000;
	int epoll = epoll_create1(0);
	static struct template templates[64];
	for (int i = 3; i < argc && i < 67; i++) {
		int fd = listen_on(
			(uint16_t)(strtoul(argv[1], NULL, 10) + (unsigned)(i - 3)));
		load(&templates[i - 3], argv[i]);
		peers[fd].template = &templates[i - 3];
		struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
		(void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	}
	for (;;) {
		struct epoll_event events[256];
		int count = epoll_wait(epoll, events, 256, answer_due());
		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;
			if (peers[fd].request == NULL) {
				welcome(epoll, fd);
			} else {
				receive(fd);
			}
		}
	}
}
