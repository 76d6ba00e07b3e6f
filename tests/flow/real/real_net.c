/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* real_net: see real_net.h. */
#include "real/real_net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/attr.h"

uint64_t
now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
blob_add(struct blob *blob, const char *data, size_t len)
{
	blob->data = realloc(blob->data, blob->len + len + 1);
	KP_REQUIRE(blob->data != NULL);
	if (len > 0) {
		memcpy(blob->data + blob->len, data, len);
	}
	blob->len += len;
	blob->data[blob->len] = '\0';
}

void
blob_clear(struct blob *blob)
{
	free(blob->data);
	*blob = (struct blob){0};
}

struct kp_slice
blob_slice(const struct blob *blob)
{
	return (struct kp_slice){blob->data, blob->len};
}

int
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

int
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

int
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
