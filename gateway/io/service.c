/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* service: see service.h. */
#include "io/service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/attr.h"
#include "core/heap.h"

#define FIRST_SOCKET 3 /* SD_LISTEN_FDS_START */
#define SOCKETS_MAX 64u
#define NUMBER_MAX ((uint64_t)1 << 53)

struct kp_service {
	int manager; /* connected datagram socket; -1: nobody to tell */
	uint64_t watchdog_us;
	unsigned socket_count;
};

/* A decimal number of the environment; false when there is none or it is no number. */
static bool
read_number(const char *name, uint64_t *ret_number)
{
	const char *text = getenv(name);
	char *end = NULL;
	if (text == NULL || text[0] < '0' || text[0] > '9') {
		return false;
	}
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || number > NUMBER_MAX) {
		return false;
	}
	*ret_number = number;
	return true;
}

/* Is what a variable says meant for this process? Without the variable it is. */
static bool
is_ours(const char *name)
{
	uint64_t pid = 0;
	return getenv(name) == NULL ||
		(read_number(name, &pid) && pid == (uint64_t)getpid());
}

/* --- telling the manager --- */

static enum kp_status
connect_manager(struct kp_service *service, struct kp_error *err)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (path == NULL) {
		return KP_OK;
	}
	size_t len = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || len >= sizeof(address.sun_path)) {
		return kp_error_set(
			err, KP_E_CONFIG, "NOTIFY_SOCKET is no address of a socket");
	}
	memcpy(address.sun_path, path, len);
	if (path[0] == '@') {
		address.sun_path[0] = '\0'; /* an abstract address */
	}
	socklen_t address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	service->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (service->manager < 0 ||
		connect(service->manager, (struct sockaddr *)&address, address_len) !=
			0) {
		(void)kp_error_set(
			err, KP_E_IO, "the service manager (NOTIFY_SOCKET) is not there");
		if (err != NULL) {
			err->cause = errno;
		}
		return KP_E_IO;
	}
	return KP_OK;
}

static uint64_t
monotonic_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void
kp_service_notify(struct kp_service *service, enum kp_service_state state)
{
	char text[96] = "";
	if (service == NULL || service->manager < 0) {
		return;
	}
	switch (state) {
	case KP_SERVICE_READY:
		(void)snprintf(text, sizeof(text), "READY=1");
		break;
	case KP_SERVICE_RELOADING:
		(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
			(unsigned long long)monotonic_us());
		break;
	case KP_SERVICE_STOPPING:
		(void)snprintf(text, sizeof(text), "STOPPING=1");
		break;
	case KP_SERVICE_ALIVE:
		(void)snprintf(text, sizeof(text), "WATCHDOG=1");
		break;
	}
	/* A manager that does not listen notices by itself. */
	(void)!send(service->manager, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
}

uint64_t
kp_service_alive_us(const struct kp_service *service)
{
	return service == NULL ? 0 : service->watchdog_us / 2;
}

/* --- sockets --- */

/* None of them is to be seen by a program we do not start. */
static enum kp_status
take_sockets(struct kp_service *service, struct kp_error *err)
{
	uint64_t count = 0;
	if (!is_ours("LISTEN_PID") || !read_number("LISTEN_FDS", &count)) {
		return KP_OK;
	}
	if (count > SOCKETS_MAX) {
		return kp_error_set(err, KP_E_CONFIG,
			"LISTEN_FDS is %llu, and at most %u sockets are taken",
			(unsigned long long)count, SOCKETS_MAX);
	}
	for (int fd = FIRST_SOCKET; fd < FIRST_SOCKET + (int)count; fd++) {
		int flags = fcntl(fd, F_GETFL);
		if (flags < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
			fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
			return kp_error_set(err, KP_E_CONFIG,
				"LISTEN_FDS names descriptor %d, which is not open", fd);
		}
	}
	service->socket_count = (unsigned)count;
	return KP_OK;
}

static bool
is_at(const struct sockaddr_storage *address, const char *host, uint16_t port)
{
	char text[INET6_ADDRSTRLEN] = "";
	uint16_t found = 0;
	if (address->ss_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof(in));
		(void)inet_ntop(AF_INET, &in.sin_addr, text, sizeof(text));
		found = ntohs(in.sin_port);
	} else if (address->ss_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, address, sizeof(in6));
		(void)inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof(text));
		found = ntohs(in6.sin6_port);
	}
	return found == port && strcmp(text, host) == 0;
}

int
kp_service_socket(const struct kp_service *service, const char *host, uint16_t port)
{
	unsigned count = service == NULL ? 0 : service->socket_count;
	for (int fd = FIRST_SOCKET; fd < FIRST_SOCKET + (int)count; fd++) {
		struct sockaddr_storage address = {0};
		socklen_t len = sizeof(address);
		int listening = 0;
		socklen_t listening_len = sizeof(listening);
		if (getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
			getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
				&listening_len) == 0 &&
			listening != 0 && is_at(&address, host, port)) {
			return fd;
		}
	}
	return -1;
}

enum kp_status
kp_service_copy(int socket, int *ret_socket, struct kp_error *err)
{
	int copy = fcntl(socket, F_DUPFD_CLOEXEC, FIRST_SOCKET);
	if (copy < 0) {
		return kp_error_set(err, KP_E_IO, "a socket cannot be duplicated");
	}
	*ret_socket = copy;
	return KP_OK;
}

/* --- life --- */

enum kp_status
kp_service_open(struct kp_service **ret_service, struct kp_error *err)
{
	static const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC",
		"WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"};
	struct kp_service *service = kp_heap_calloc(1, sizeof(*service));
	if (service == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for the service");
	}
	service->manager = -1;
	enum kp_status status = connect_manager(service, err);
	if (status == KP_OK) {
		status = take_sockets(service, err);
	}
	if (status == KP_OK && is_ours("WATCHDOG_PID")) {
		(void)read_number("WATCHDOG_USEC", &service->watchdog_us);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		(void)unsetenv(names[i]);
	}
	if (status != KP_OK) {
		kp_service_close(&service);
		return status;
	}
	*ret_service = service;
	return KP_OK;
}

void
kp_service_close(struct kp_service **service_at)
{
	struct kp_service *service = *service_at;
	if (service != NULL) {
		*service_at = NULL;
		if (service->manager >= 0) {
			(void)close(service->manager);
		}
		for (unsigned i = 0; i < service->socket_count; i++) {
			(void)close(FIRST_SOCKET + (int)i);
		}
		kp_heap_free(service);
	}
}
