/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * resolve: see resolve.h. The record is shared by the thread and the loop; the one that
 * comes last frees it. The lock is held while the thread posts, so that a loop that goes
 * on to destroy itself cannot do so under the thread's feet.
 */
#include "io/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/heap.h"
#include "io/detached.h"

#define ADDRESSES_MAX 8

struct kp_resolve {
	pthread_mutex_t lock;
	bool cancelled;
	struct kp_loop *loop;
	kp_resolve_fn done;
	void *owner;
	struct kp_task task;
	char host[KP_HOST_BYTES_MAX + 1];
	char text[KP_RESOLVE_TEXT_BYTES];
};

static void
destroy(struct kp_resolve *resolve)
{
	(void)pthread_mutex_destroy(&resolve->lock);
	kp_heap_free(resolve);
}

static bool
address_text(const struct addrinfo *info, char *out, size_t size)
{
	char text[INET6_ADDRSTRLEN];
	if (info->ai_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, info->ai_addr, sizeof(in));
		if (inet_ntop(AF_INET, &in.sin_addr, text, sizeof(text)) == NULL) {
			return false;
		}
		return snprintf(out, size, "%s", text) < (int)size;
	}
	if (info->ai_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, info->ai_addr, sizeof(in6));
		if (inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof(text)) == NULL) {
			return false;
		}
		return snprintf(out, size, "[%s]", text) < (int)size;
	}
	return false;
}

static void
look_up(struct kp_resolve *resolve)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *list = NULL;
	if (getaddrinfo(resolve->host, NULL, &hints, &list) != 0) {
		return;
	}
	size_t len = 0;
	int count = 0;
	for (struct addrinfo *info = list; info != NULL && count < ADDRESSES_MAX;
		info = info->ai_next) {
		char one[INET6_ADDRSTRLEN + 3];
		if (address_text(info, one, sizeof(one))) {
			int added =
				snprintf(resolve->text + len, sizeof(resolve->text) - len,
					"%s%s", len > 0 ? "," : "", one);
			len += (size_t)added;
			count++;
		}
	}
	freeaddrinfo(list);
}

static void *
thread_body(void *argument)
{
	struct kp_resolve *resolve = argument;
	look_up(resolve);
	(void)pthread_mutex_lock(&resolve->lock);
	bool cancelled = resolve->cancelled;
	if (!cancelled) {
		kp_loop_post(resolve->loop, &resolve->task);
	}
	(void)pthread_mutex_unlock(&resolve->lock);
	if (cancelled) {
		destroy(resolve);
	}
	return NULL;
}

static void
on_posted(struct kp_task *task)
{
	struct kp_resolve *resolve = KP_CONTAINER_OF(task, struct kp_resolve, task);
	(void)pthread_mutex_lock(&resolve->lock);
	bool cancelled = resolve->cancelled;
	(void)pthread_mutex_unlock(&resolve->lock);
	if (!cancelled) {
		resolve->done(resolve->owner, resolve->text);
	}
	destroy(resolve);
}

enum kp_status
kp_resolve_start(struct kp_loop *loop, const char *host, kp_resolve_fn done, void *owner,
	struct kp_resolve **ret_resolve)
{
	size_t len = strlen(host);
	if (len == 0 || len > KP_HOST_BYTES_MAX) {
		return KP_E_INVALID;
	}
	struct kp_resolve *resolve = kp_heap_calloc(1, sizeof(*resolve));
	if (resolve == NULL) {
		return KP_E_MEMORY;
	}
	(void)pthread_mutex_init(&resolve->lock, NULL);
	resolve->loop = loop;
	resolve->done = done;
	resolve->owner = owner;
	resolve->task.run = on_posted;
	memcpy(resolve->host, host, len + 1);
	if (!kp_detached_start(thread_body, resolve)) {
		destroy(resolve);
		return KP_E_MEMORY;
	}
	*ret_resolve = resolve;
	return KP_OK;
}

void
kp_resolve_cancel(struct kp_resolve **resolve_at)
{
	struct kp_resolve *resolve = *resolve_at;
	if (resolve != NULL) {
		*resolve_at = NULL;
		(void)pthread_mutex_lock(&resolve->lock);
		resolve->cancelled = true;
		(void)pthread_mutex_unlock(&resolve->lock);
	}
}
