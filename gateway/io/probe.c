/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* probe: names and connections; see probe.h. TLS is in probe_tls.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/heap.h"
#include "http/http_answer.h"
#include "io/probe_private.h"

enum kp_status
kp_probe_resolve(const char *host, struct kp_probe_address *ret_addresses,
	size_t *ret_count, struct kp_error *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int code = getaddrinfo(host, NULL, &hints, &list);
	if (code != 0) {
		return kp_error_set(err, KP_E_NOT_FOUND, "%s", gai_strerror(code));
	}
	*ret_count = 0;
	for (struct addrinfo *info = list;
		info != NULL && *ret_count < KP_PROBE_ADDRESSES_MAX;
		info = info->ai_next) {
		struct kp_probe_address *address = &ret_addresses[*ret_count];
		if (getnameinfo(info->ai_addr, info->ai_addrlen, address->text,
			    sizeof(address->text), NULL, 0, NI_NUMERICHOST) == 0) {
			(*ret_count)++;
		}
	}
	freeaddrinfo(list);
	return KP_OK;
}

static bool
connect_to(int fd, const struct kp_probe_address *address, uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	if (inet_pton(AF_INET, address->text, &in.sin_addr) == 1) {
		return connect(fd, (const struct sockaddr *)&in, sizeof(in)) == 0;
	}
	return inet_pton(AF_INET6, address->text, &in6.sin6_addr) == 1 &&
		connect(fd, (const struct sockaddr *)&in6, sizeof(in6)) == 0;
}

enum kp_status
kp_probe_open(const struct kp_probe_address *address, uint16_t port, uint32_t timeout_ms,
	struct kp_probe **ret_probe, struct kp_error *err)
{
	int family = strchr(address->text, ':') == NULL ? AF_INET : AF_INET6;
	struct timeval patience = {.tv_sec = (time_t)(timeout_ms / 1000),
		.tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000};
	struct kp_probe *probe = kp_heap_calloc(1, sizeof(*probe));
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* What bounds a send bounds a connect too (socket(7)). */
	bool ready = probe != NULL && fd >= 0 &&
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ==
			0 &&
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0;
	if (ready && connect_to(fd, address, port)) {
		probe->fd = fd;
		*ret_probe = probe;
		return KP_OK;
	}
	int cause = errno;
	if (fd >= 0) {
		(void)close(fd);
	}
	kp_heap_free(probe);
	if (cause == EINPROGRESS || cause == ETIMEDOUT) {
		return kp_error_set(err, KP_E_TIMEOUT, "no answer within %u ms",
			(unsigned)timeout_ms);
	}
	return kp_error_set(err, KP_E_SOURCE_UNREACHABLE, "%s", strerror(cause));
}

void
kp_probe_close(struct kp_probe **probe_at)
{
	struct kp_probe *probe = *probe_at;
	*probe_at = NULL;
	if (probe == NULL) {
		return;
	}
	SSL_free(probe->ssl);
	SSL_CTX_free(probe->context);
	(void)close(probe->fd);
	kp_heap_free(probe);
}

bool
kp_probe_postgres_tls(struct kp_probe *probe)
{
	static const unsigned char ssl_request[8] = {0, 0, 0, 8, 4, 210, 22, 47};
	char answer = 0;
	probe->postgres = true;
	return send(probe->fd, ssl_request, sizeof(ssl_request), MSG_NOSIGNAL) ==
		(ssize_t)sizeof(ssl_request) &&
		recv(probe->fd, &answer, 1, 0) == 1 && answer == 'S';
}

/* One exchange. */

static bool
send_all(struct kp_probe *probe, struct kp_slice text)
{
	while (text.len > 0) {
		ssize_t sent = probe->ssl == NULL
			? send(probe->fd, text.data, text.len, MSG_NOSIGNAL)
			: (ssize_t)SSL_write(probe->ssl, text.data, (int)text.len);
		if (sent <= 0) {
			return false;
		}
		text.data += sent;
		text.len -= (size_t)sent;
	}
	return true;
}

static ssize_t
receive(struct kp_probe *probe, char *out, size_t size)
{
	return probe->ssl == NULL ? recv(probe->fd, out, size, 0)
				  : (ssize_t)SSL_read(probe->ssl, out, (int)size);
}

static enum kp_status
no_answer(const struct kp_probe *probe, ssize_t received, int cause, struct kp_error *err)
{
	if (probe->alert[0] != '\0') {
		return kp_error_set(err, KP_E_SOURCE, "the partner ended TLS with '%s'",
			probe->alert);
	}
	bool late = received < 0 && cause == EAGAIN;
	return kp_error_set(err, late ? KP_E_TIMEOUT : KP_E_SOURCE, "%s",
		late ? "nothing came in time"
		     : "the connection was closed without an answer");
}

enum kp_status
kp_probe_ask(struct kp_probe *probe, struct kp_slice request,
	char ret_head[KP_PROBE_HEAD_BYTES_MAX], size_t *ret_len, struct kp_error *err)
{
	size_t len = 0;
	ERR_clear_error();
	errno = 0;
	if (!send_all(probe, request)) {
		return no_answer(probe, -1, errno, err);
	}
	while (len < KP_PROBE_HEAD_BYTES_MAX) {
		errno = 0;
		ssize_t received =
			receive(probe, ret_head + len, KP_PROBE_HEAD_BYTES_MAX - len);
		if (received <= 0) {
			return no_answer(probe, received, errno, err);
		}
		size_t seen = len;
		len += (size_t)received;
		struct kp_slice so_far = {ret_head, len};
		if (!kp_http_answer_plausible(so_far)) {
			return kp_error_set(err, KP_E_SOURCE,
				"what answers there does not speak HTTP/1.1");
		}
		*ret_len = kp_http_answer_head_len(so_far, seen);
		if (*ret_len > 0) {
			return KP_OK;
		}
	}
	return kp_error_set(
		err, KP_E_SOURCE, "the head of the answer is longer than 16 KiB");
}
