/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * upstream_poll: libcurl's sockets on the loop. While libcurl opens a connection it says
 * what a socket waits for and hears of its events. An open connection's socket stays
 * registered for reading until it is closed: nothing is registered per call, and an idle
 * connection its partner closes is heard of at once.
 *
 * Both opening and closing a socket happen here, so no descriptor is reused while libuv
 * still watches it.
 */
#include "io/upstream_private.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/heap.h"
#include "io/address.h"

/* Upper bound of the table of sockets, well above any limit on open files in use. */
#define SOCKETS_MAX ((size_t)1 << 20)

struct kp_upstream_socket {
	uv_poll_t poll;
	struct kp_upstream *upstream;
	struct kp_upstream_shard *shard;           /* whose connection it is to become */
	struct kp_upstream_connection *connection; /* once that is open */
	int fd;
	int events; /* registered with libuv */
};

static struct kp_upstream_socket *
find_socket(struct kp_upstream *upstream, curl_socket_t fd)
{
	return fd >= 0 && (size_t)fd < upstream->sockets_capacity ? upstream->sockets[fd]
								  : NULL;
}

/* Events. */

/* Connections that libcurl is done with opening, well or not. */
static void
reap(struct kp_upstream_shard *shard)
{
	int left = 0;
	CURLMsg *message = NULL;
	while ((message = curl_multi_info_read(shard->multi, &left)) != NULL) {
		char *private = NULL;
		CURLcode code = message->data.result;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		kp_upstream_connection_opened(
			(struct kp_upstream_connection *)(void *)private, code);
	}
}

static void
act(struct kp_upstream_shard *shard, curl_socket_t fd, int mask)
{
	struct kp_upstream *upstream = shard->target->upstream;
	int running = 0;
	KP_REQUIRE(!upstream->inside_curl);
	upstream->inside_curl = true;
	(void)curl_multi_socket_action(shard->multi, fd, mask, &running);
	upstream->inside_curl = false;
	reap(shard);
}

static void
on_poll(uv_poll_t *poll, int code, int events)
{
	struct kp_upstream_socket *entry = poll->data;
	entry->events = code < 0 ? 0 : entry->events;
	if (entry->connection != NULL) {
		kp_upstream_connection_event(entry->connection, code, events);
		return;
	}
	int mask = code < 0 ? CURL_CSELECT_ERR : 0;
	mask |= (events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0;
	mask |= (events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
	act(entry->shard, entry->fd, mask);
}

int
kp_upstream_socket_fd(const struct kp_upstream_socket *entry)
{
	return entry->fd;
}

void
kp_upstream_socket_watch(struct kp_upstream_socket *entry, int events)
{
	if (entry->events != events) {
		entry->events = events;
		/* Only a closing handle is refused, and those are out of the table. */
		KP_REQUIRE(uv_poll_start(&entry->poll, events, on_poll) == 0);
	}
}

static struct kp_upstream_socket *register_socket(struct kp_upstream *upstream, int fd);
static void forget_socket(struct kp_upstream_socket *entry);

/*
 * A socket that is given up while it still connects is closed by libcurl itself, without
 * the close callback and even before it says REMOVE (seen with 7.88.1). So a socket that
 * libcurl takes its eyes off is forgotten; kp_upstream_socket_adopt registers it anew.
 */
static int
on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data)
{
	(void)easy;
	(void)socket_data;
	struct kp_upstream_shard *shard = data;
	struct kp_upstream *upstream = shard->target->upstream;
	struct kp_upstream_socket *entry = find_socket(upstream, fd);
	bool wanted = what != CURL_POLL_REMOVE && what != CURL_POLL_NONE;
	if (entry != NULL && entry->connection != NULL) {
		return 0;
	}
	if (entry == NULL && wanted) {
		entry = register_socket(upstream, fd);
	}
	if (entry == NULL) {
		return wanted ? -1 : 0;
	}
	if (wanted) {
		entry->shard = shard;
		kp_upstream_socket_watch(entry,
			((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
				((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0));
	} else {
		forget_socket(entry);
	}
	return 0;
}

bool
kp_upstream_socket_adopt(struct kp_upstream_connection *connection, int fd)
{
	struct kp_upstream *upstream = connection->target->upstream;
	struct kp_upstream_socket *entry = find_socket(upstream, fd);
	if (entry == NULL) {
		entry = register_socket(upstream, fd);
	}
	if (entry == NULL) {
		return false;
	}
	entry->shard = connection->shard;
	entry->connection = connection;
	connection->socket = entry;
	kp_upstream_socket_watch(entry, UV_READABLE);
	return true;
}

void
kp_upstream_shard_kick(struct kp_upstream_shard *shard)
{
	act(shard, CURL_SOCKET_TIMEOUT, 0);
}

static void
queue_kick(struct kp_upstream_shard *shard)
{
	struct kp_upstream *upstream = shard->target->upstream;
	if (!shard->kick) {
		shard->kick = true;
		shard->next_kick = upstream->kicks;
		upstream->kicks = shard;
	}
	kp_upstream_wake(upstream);
}

static void
on_timer(struct kp_timer *timer)
{
	queue_kick(KP_CONTAINER_OF(timer, struct kp_upstream_shard, timer));
}

/* Curl may not be called from here, so "now" becomes a kick a little later. */
static int
on_curl_timer(CURLM *multi, long delay_ms, void *data)
{
	(void)multi;
	struct kp_upstream_shard *shard = data;
	struct kp_loop *loop = shard->target->upstream->loop;
	kp_timer_stop(loop, &shard->timer);
	if (delay_ms == 0) {
		queue_kick(shard);
	} else if (delay_ms > 0) {
		kp_timer_start(loop, &shard->timer, (uint64_t)delay_ms * 1000);
	}
	return 0;
}

/* Sockets. */

static bool
grow_table(struct kp_upstream *upstream, size_t needed)
{
	size_t capacity =
		upstream->sockets_capacity == 0 ? 64 : upstream->sockets_capacity;
	while (capacity < needed) {
		capacity *= 2;
	}
	if (capacity > SOCKETS_MAX) {
		return false;
	}
	struct kp_upstream_socket **table =
		kp_heap_realloc(upstream->sockets, capacity * sizeof(*table));
	if (table == NULL) {
		return false;
	}
	memset(table + upstream->sockets_capacity, 0,
		(capacity - upstream->sockets_capacity) * sizeof(*table));
	upstream->sockets = table;
	upstream->sockets_capacity = capacity;
	return true;
}

static void
on_poll_closed(uv_handle_t *handle)
{
	struct kp_upstream_socket *entry = handle->data;
	struct kp_upstream *upstream = entry->upstream;
	kp_heap_free(entry);
	upstream->sockets_open--;
	kp_upstream_release(upstream);
}

static void
forget_socket(struct kp_upstream_socket *entry)
{
	entry->upstream->sockets[entry->fd] = NULL;
	(void)uv_poll_stop(&entry->poll);
	uv_close((uv_handle_t *)&entry->poll, on_poll_closed);
}

static struct kp_upstream_socket *
register_socket(struct kp_upstream *upstream, int fd)
{
	if ((size_t)fd >= upstream->sockets_capacity &&
		!grow_table(upstream, (size_t)fd + 1)) {
		return NULL;
	}
	if (upstream->sockets[fd] != NULL) {
		forget_socket(upstream->sockets[fd]);
	}
	struct kp_upstream_socket *entry = kp_heap_calloc(1, sizeof(*entry));
	if (entry == NULL) {
		return NULL;
	}
	if (uv_poll_init(kp_loop_uv(upstream->loop), &entry->poll, fd) != 0) {
		kp_heap_free(entry);
		return NULL;
	}
	uv_unref((uv_handle_t *)&entry->poll);
	entry->poll.data = entry;
	entry->upstream = upstream;
	entry->fd = fd;
	upstream->sockets[fd] = entry;
	upstream->sockets_open++;
	return entry;
}

/* A new connection stands under its own, shorter limit of time. */
static void
note_opening(struct kp_upstream_call *call)
{
	struct kp_upstream_target *target = call->target;
	target->connections_opened++;
	if (call->opened) {
		return;
	}
	call->opened = true;
	uint64_t now_us = kp_loop_now_us(target->upstream->loop);
	uint64_t left_us = call->deadline_us > now_us ? call->deadline_us - now_us : 0;
	uint64_t connect_us = (uint64_t)target->connect_timeout_ms * 1000;
	if (connect_us > 0 && connect_us < left_us) {
		kp_timer_start(target->upstream->loop, &call->timer, connect_us);
	}
}

curl_socket_t
kp_upstream_open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct kp_upstream_connection *connection = data;
	struct kp_upstream_target *target = connection->target;
	if (purpose != CURLSOCKTYPE_IPCXN || connection->call == NULL ||
		connection->call->state != KP_CALL_RUNNING) {
		return CURL_SOCKET_BAD;
	}
	bool allowed = target->socket != NULL
		? address->family == AF_UNIX
		: kp_address_allowed(&address->addr, target->on_loopback);
	if (!allowed) {
		connection->call->reason = "the address is not one a partner may have";
		return CURL_SOCKET_BAD;
	}
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		address->protocol);
	if (fd < 0) {
		return CURL_SOCKET_BAD;
	}
	struct kp_upstream_socket *entry = register_socket(target->upstream, fd);
	if (entry == NULL) {
		(void)close(fd);
		return CURL_SOCKET_BAD;
	}
	entry->shard = connection->shard;
	note_opening(connection->call);
	return fd;
}

int
kp_upstream_close_socket(void *data, curl_socket_t fd)
{
	struct kp_upstream *upstream = data;
	struct kp_upstream_socket *entry = find_socket(upstream, fd);
	if (entry != NULL) {
		forget_socket(entry);
	}
	(void)close(fd);
	return 0;
}

/* Shards. */

static struct kp_upstream_shard *
shard_create(struct kp_upstream_target *target)
{
	struct kp_upstream_shard *shard = kp_heap_calloc(1, sizeof(*shard));
	if (shard == NULL) {
		return NULL;
	}
	shard->multi = curl_multi_init();
	if (shard->multi == NULL) {
		kp_heap_free(shard);
		return NULL;
	}
	shard->target = target;
	shard->timer.fire = on_timer;
	(void)curl_multi_setopt(shard->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	(void)curl_multi_setopt(shard->multi, CURLMOPT_SOCKETDATA, shard);
	(void)curl_multi_setopt(shard->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	(void)curl_multi_setopt(shard->multi, CURLMOPT_TIMERDATA, shard);
	(void)curl_multi_setopt(
		shard->multi, CURLMOPT_MAXCONNECTS, (long)KP_SHARD_CONNECTIONS);
	(void)curl_multi_setopt(
		shard->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	shard->next = target->shards;
	target->shards = shard;
	return shard;
}

/* The first with room: few shards. */
struct kp_upstream_shard *
kp_upstream_shard_pick(struct kp_upstream_target *target)
{
	struct kp_upstream_shard *shard = target->shards;
	while (shard != NULL && shard->connections >= KP_SHARD_CONNECTIONS) {
		shard = shard->next;
	}
	return shard != NULL ? shard : shard_create(target);
}

/* The caller has taken it off the target's list. */
void
kp_upstream_shard_destroy(struct kp_upstream_shard *shard)
{
	struct kp_upstream *upstream = shard->target->upstream;
	KP_REQUIRE(shard->connections == 0 && !upstream->inside_curl);
	(void)curl_multi_cleanup(shard->multi);
	kp_timer_stop(upstream->loop, &shard->timer);
	struct kp_upstream_shard **at = &upstream->kicks;
	while (*at != NULL && *at != shard) {
		at = &(*at)->next_kick;
	}
	if (*at == shard) {
		*at = shard->next_kick;
	}
	kp_heap_free(shard);
}
