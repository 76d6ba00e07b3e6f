/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* player_stream: listeners and client connections in memory (io/stream.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/heap.h"
#include "player/world.h"

#define LISTENERS_MAX 16
#define FIRST_FREE_PORT 40000

struct kp_listener {
	struct kp_loop *loop;
	struct kp_listener_options options;
	uint16_t port;
	uint32_t streams;
};

struct kp_stream {
	struct kp_loop *loop;
	struct kp_listener *listener; /* NULL once it was closed */
	const struct kp_stream_handler *handler;
	void *owner;
	struct client *client; /* NULL when the client's side is gone */
	struct bytes incoming; /* sent by the client, not yet read */
	struct bytes outgoing; /* of the write under way, not yet taken by the client */
	uint32_t tag;          /* of its listener */
	bool reading;
	bool writing;
	bool hung_up; /* the client sends no more */
	bool ended;   /* on_end was called */
	bool closing;
	struct kp_task pump;
	char peer[32];
	bool certified;
	struct kp_peer_certificate certificate; /* texts are the client's, which stays */
	const char *protocol;
};

static struct kp_listener *listeners[LISTENERS_MAX];
static uint16_t next_port = FIRST_FREE_PORT;

void
bytes_add(struct bytes *bytes, const char *data, size_t len)
{
	if (bytes->len + len > bytes->capacity) {
		bytes->capacity = (bytes->len + len) * 2 + 64;
		bytes->data = realloc(bytes->data, bytes->capacity);
		KP_REQUIRE(bytes->data != NULL);
	}
	if (len > 0) {
		memcpy(bytes->data + bytes->len, data, len);
		bytes->len += len;
	}
}

void
bytes_drop(struct bytes *bytes, size_t len)
{
	memmove(bytes->data, bytes->data + len, bytes->len - len);
	bytes->len -= len;
}

void
bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}

/* --- listeners --- */

enum kp_status
kp_listener_open(struct kp_loop *loop, const struct kp_listener_options *options,
	struct kp_listener **ret_listener, struct kp_error *err)
{
	for (size_t i = 0; i < LISTENERS_MAX; i++) {
		if (listeners[i] != NULL) {
			continue;
		}
		struct kp_listener *listener = kp_heap_calloc(1, sizeof(*listener));
		if (listener == NULL) {
			return kp_error_set(err, KP_E_MEMORY, "no memory for a listener");
		}
		listener->loop = loop;
		listener->options = *options;
		listener->port = options->port != 0 ? options->port : next_port++;
		listeners[i] = listener;
		*ret_listener = listener;
		return KP_OK;
	}
	return kp_error_set(
		err, KP_E_LIMIT, "the player has %d listeners", LISTENERS_MAX);
}

uint16_t
kp_listener_port(const struct kp_listener *listener)
{
	return listener->port;
}

void
kp_listener_close(struct kp_listener **listener)
{
	for (size_t i = 0; *listener != NULL && i < LISTENERS_MAX; i++) {
		if (listeners[i] == *listener) {
			listeners[i] = NULL;
			/* Open streams outlive it; they must not count down on freed
			 * memory. */
			(*listener)->options.on_accept = NULL;
			if ((*listener)->streams == 0) {
				kp_heap_free(*listener);
			}
			*listener = NULL;
		}
	}
}

static void
leave_listener(struct kp_stream *stream)
{
	struct kp_listener *listener = stream->listener;
	listener->streams--;
	if (listener->options.on_accept == NULL && listener->streams == 0) {
		kp_heap_free(listener);
	}
}

/* --- streams --- */

static void
take_outgoing(struct kp_stream *stream)
{
	bool lost = stream->client == NULL;
	if (!stream->writing || (!lost && !stream->client->reads)) {
		return;
	}
	if (!lost) {
		bytes_add(&stream->client->received, stream->outgoing.data,
			stream->outgoing.len);
	}
	bytes_drop(&stream->outgoing, stream->outgoing.len);
	stream->writing = false;
	stream->handler->on_written(stream->owner, lost ? KP_E_CANCELLED : KP_OK);
}

static void
give_incoming(struct kp_stream *stream)
{
	if (stream->closing || !stream->reading) {
		return;
	}
	if (stream->incoming.len > 0) {
		/* The callback may cause more to arrive: hand over what is there now. */
		struct bytes now = stream->incoming;
		stream->incoming = (struct bytes){0};
		stream->handler->on_read(stream->owner, bytes_slice(&now));
		bytes_free(&now);
		return;
	}
	if (stream->hung_up && !stream->ended) {
		stream->ended = true;
		stream->handler->on_end(stream->owner, KP_OK);
	}
}

static void
finish_close(struct kp_stream *stream)
{
	/* Told that a write is through, the owner may begin the next one. */
	while (stream->writing) {
		stream->writing = false;
		stream->handler->on_written(stream->owner, KP_E_CANCELLED);
	}
	if (stream->client != NULL) {
		stream->client->closed = true;
		stream->client->stream = NULL;
	}
	stream->handler->on_closed(stream->owner);
	leave_listener(stream);
	bytes_free(&stream->incoming);
	bytes_free(&stream->outgoing);
	kp_heap_free(stream);
}

static void
pump(struct kp_task *task)
{
	struct kp_stream *stream = KP_CONTAINER_OF(task, struct kp_stream, pump);
	if (!stream->closing) {
		take_outgoing(stream);
	}
	if (!stream->closing) {
		give_incoming(stream);
	}
	if (stream->closing) {
		/* Closed by what it was just told: it is queued again, and freed then. */
		if (!task->queued) {
			finish_close(stream);
		}
		return;
	}
	bool more = stream->reading &&
		(stream->incoming.len > 0 || (stream->hung_up && !stream->ended));
	bool writable =
		stream->writing && (stream->client == NULL || stream->client->reads);
	if (more || writable) {
		world_later(stream->loop, &stream->pump);
	}
}

void
kp_stream_read(struct kp_stream *stream, bool on)
{
	stream->reading = on;
	world_later(stream->loop, &stream->pump);
}

void
kp_stream_write(struct kp_stream *stream, const struct kp_slice *parts, size_t count)
{
	KP_REQUIRE(!stream->writing && count <= KP_STREAM_PARTS_MAX);
	stream->writing = true;
	if (stream->closing) {
		return; /* completed when it is closed */
	}
	for (size_t i = 0; i < count; i++) {
		bytes_add(&stream->outgoing, parts[i].data, parts[i].len);
	}
	world_later(stream->loop, &stream->pump);
}

void
kp_stream_close(struct kp_stream *stream)
{
	if (!stream->closing) {
		stream->closing = true;
		world_later(stream->loop, &stream->pump);
	}
}

size_t
kp_stream_unsent(const struct kp_stream *stream)
{
	return stream->writing ? stream->outgoing.len : 0;
}

uint32_t
kp_stream_tag(const struct kp_stream *stream)
{
	return stream->tag;
}

const char *
kp_stream_peer(const struct kp_stream *stream)
{
	return stream->peer;
}

const struct kp_peer_certificate *
kp_stream_certificate(const struct kp_stream *stream)
{
	return stream->certified ? &stream->certificate : NULL;
}

struct kp_slice
kp_stream_protocol(const struct kp_stream *stream)
{
	return kp_slice_from(stream->protocol);
}

/* --- clients --- */

static struct kp_listener *
find_listener(uint16_t port)
{
	for (size_t i = 0; i < LISTENERS_MAX; i++) {
		if (listeners[i] != NULL && (port == 0 || listeners[i]->port == port)) {
			return listeners[i];
		}
	}
	return NULL;
}

static void
accept_stream(struct kp_stream *stream)
{
	struct kp_listener *listener = stream->listener;
	listener->streams++;
	stream->owner = listener->streams > listener->options.streams_max
		? NULL
		: listener->options.on_accept(
			  listener->options.context, stream, &stream->handler);
}

bool
client_connect(struct client *client, uint16_t port)
{
	static unsigned clients;
	struct kp_listener *listener = find_listener(port);
	client->refused = listener == NULL;
	client->reads = true;
	client->closed = false;
	if (listener == NULL) {
		return false;
	}
	struct kp_stream *stream = calloc(1, sizeof(*stream));
	KP_REQUIRE(stream != NULL);
	stream->loop = listener->loop;
	stream->listener = listener;
	stream->tag = listener->options.tag;
	stream->client = client;
	stream->pump.run = pump;
	stream->certified = client->certified;
	stream->certificate = client->certificate;
	stream->protocol = client->protocol;
	(void)snprintf(
		stream->peer, sizeof(stream->peer), "127.0.0.1:%u", 50000 + clients++);
	accept_stream(stream);
	if (stream->owner == NULL) {
		client->refused = true;
		client->closed = true;
		leave_listener(stream);
		kp_heap_free(stream);
		return false;
	}
	client->stream = stream;
	return true;
}

void
client_send(struct client *client, struct kp_slice bytes)
{
	if (client->stream != NULL) {
		bytes_add(&client->stream->incoming, bytes.data, bytes.len);
		world_later(client->stream->loop, &client->stream->pump);
	}
}

void
client_hang_up(struct client *client)
{
	struct kp_stream *stream = client->stream;
	if (stream != NULL) {
		stream->hung_up = true;
		stream->client = NULL;
		client->stream = NULL;
		world_later(stream->loop, &stream->pump);
	}
}

void
client_read(struct client *client, bool on)
{
	client->reads = on;
	if (client->stream != NULL) {
		world_later(client->stream->loop, &client->stream->pump);
	}
}
