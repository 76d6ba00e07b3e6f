/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fake_exchange: see fake_exchange.h. */
#include "support/fake_exchange.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/http_message.h"

#define HEADERS_MAX 32u
#define PARTS_MAX 8u

struct kp_exchange {
	struct kp_fake_client *client;
	struct kp_loop *loop;
	struct kp_arena arena;
	struct kp_http_message message;
	struct kp_http_header headers[HEADERS_MAX];
	const struct kp_exchange_user *user;
	void *owner;
	struct kp_task sent;
	bool sending;
	bool begun;
	bool last;
	bool gone;
	struct kp_slice parts[PARTS_MAX]; /* borrowed until on_sent */
	size_t part_count;
};

static void
index_known(struct kp_http_request *head, size_t at)
{
	static const char *const names[KP_HTTP_KNOWN_COUNT] = {
#define KP_HTTP_FIELD(code, name, once) [code] = name,
#include "http/http_fields.def"
#undef KP_HTTP_FIELD
	};
	for (unsigned i = 0; i < KP_HTTP_KNOWN_COUNT; i++) {
		if (kp_http_name_equal(head->headers[at].name, kp_slice_from(names[i])) &&
			head->known[i] == 0) {
			head->known[i] = (uint16_t)(at + 1);
		}
	}
}

static enum kp_http_method
method_of(const char *text)
{
	if (strcmp(text, "POST") == 0) {
		return KP_HTTP_METHOD_POST;
	}
	return strcmp(text, "GET") == 0 ? KP_HTTP_METHOD_GET : KP_HTTP_METHOD_OTHER;
}

static void take_parts(struct kp_exchange *exchange);

static void
on_task(struct kp_task *task)
{
	struct kp_exchange *exchange = KP_CONTAINER_OF(task, struct kp_exchange, sent);
	take_parts(exchange);
}

struct kp_exchange *
kp_fake_exchange_open(struct kp_fake_client *client, struct kp_loop *loop)
{
	struct kp_exchange *exchange = calloc(1, sizeof(*exchange));
	KP_REQUIRE(exchange != NULL);
	size_t bytes_max =
		client->arena_bytes_max > 0 ? client->arena_bytes_max : (size_t)1 << 20;
	const char *method = client->method == NULL ? "POST" : client->method;
	struct kp_http_request *head = &exchange->message.head;
	kp_arena_init(&exchange->arena, bytes_max, NULL);
	head->method = method_of(method);
	head->method_text = kp_slice_from(method);
	head->path = KP_SLICE("/v1/dossiers/_zoek");
	head->headers = exchange->headers;
	for (size_t i = 0; client->headers != NULL && client->headers[i] != NULL;
		i += 2) {
		KP_REQUIRE(head->header_count < HEADERS_MAX);
		exchange->headers[head->header_count] =
			(struct kp_http_header){kp_slice_from(client->headers[i]),
				kp_slice_from(client->headers[i + 1])};
		index_known(head, head->header_count++);
	}
	exchange->message.body = client->body;
	exchange->client = client;
	exchange->loop = loop;
	exchange->sent.run = on_task;
	client->exchange = exchange;
	return exchange;
}

const struct kp_http_message *
kp_exchange_message(const struct kp_exchange *exchange)
{
	return &exchange->message;
}

struct kp_arena *
kp_exchange_arena(struct kp_exchange *exchange)
{
	return &exchange->arena;
}

struct kp_loop *
kp_exchange_loop(const struct kp_exchange *exchange)
{
	return exchange->loop;
}

uint64_t
kp_exchange_waited_us(const struct kp_exchange *exchange)
{
	(void)exchange;
	return 0;
}

const char *
kp_exchange_peer(const struct kp_exchange *exchange)
{
	(void)exchange;
	return "192.0.2.1";
}

const struct kp_peer_certificate *
kp_exchange_certificate(const struct kp_exchange *exchange)
{
	(void)exchange;
	return NULL;
}

void
kp_exchange_attend(
	struct kp_exchange *exchange, const struct kp_exchange_user *user, void *owner)
{
	exchange->user = user;
	exchange->owner = owner;
}

static void
note_head(struct kp_exchange *exchange, unsigned status,
	const struct kp_exchange_header *headers, size_t count)
{
	struct kp_fake_client *client = exchange->client;
	size_t used = 0;
	KP_REQUIRE(!exchange->begun);
	exchange->begun = true;
	client->status = status;
	for (size_t i = 0; i < count; i++) {
		int len = snprintf(client->headers_seen + used,
			sizeof(client->headers_seen) - used, "%.*s: %.*s\n",
			KP_SLICE_ARG(headers[i].name), KP_SLICE_ARG(headers[i].value));
		KP_REQUIRE(len > 0);
		used += (size_t)len;
		KP_REQUIRE(used < sizeof(client->headers_seen));
	}
}

static void
lend(struct kp_exchange *exchange, const struct kp_slice *parts, size_t count, bool last)
{
	KP_REQUIRE(!exchange->sending && !exchange->last && count <= PARTS_MAX);
	exchange->sending = true;
	exchange->last = last;
	exchange->part_count = count;
	if (count > 0) {
		memcpy(exchange->parts, parts, count * sizeof(*parts));
		exchange->client->pieces++;
	}
	if (!exchange->client->hold || exchange->gone) {
		kp_loop_defer(exchange->loop, &exchange->sent);
	}
}

static void
add_body(struct kp_fake_client *client, struct kp_slice part)
{
	char *grown = realloc(client->body_seen, client->body_len + part.len + 1);
	KP_REQUIRE(grown != NULL);
	if (part.len > 0) {
		memcpy(grown + client->body_len, part.data, part.len);
	}
	client->body_seen = grown;
	client->body_len += part.len;
	grown[client->body_len] = '\0';
}

/* The kernel took the bytes: they are read only now, so a borrower that let go of them
 * too early is seen by a sanitizer. */
static void
take_parts(struct kp_exchange *exchange)
{
	for (size_t i = 0; i < exchange->part_count && !exchange->gone; i++) {
		add_body(exchange->client, exchange->parts[i]);
	}
	exchange->sending = false;
	exchange->part_count = 0;
	exchange->client->complete = exchange->last && !exchange->gone;
	if (exchange->user != NULL) {
		exchange->user->on_sent(
			exchange->owner, exchange->gone ? KP_E_CANCELLED : KP_OK);
	}
}

void
kp_exchange_answer(struct kp_exchange *exchange, unsigned status,
	const struct kp_exchange_header *headers, size_t header_count,
	const struct kp_slice *parts, size_t part_count)
{
	note_head(exchange, status, headers, header_count);
	lend(exchange, parts, part_count, true);
}

void
kp_exchange_begin(struct kp_exchange *exchange, unsigned status,
	const struct kp_exchange_header *headers, size_t header_count)
{
	note_head(exchange, status, headers, header_count);
	lend(exchange, NULL, 0, false);
}

void
kp_exchange_send(struct kp_exchange *exchange, const struct kp_slice *parts,
	size_t part_count, bool last)
{
	KP_REQUIRE(exchange->begun);
	lend(exchange, parts, part_count, last);
}

void
kp_exchange_finish(struct kp_exchange **exchange)
{
	struct kp_exchange *old = *exchange;
	*exchange = NULL;
	if (old->user == NULL && old->sending) {
		kp_loop_undefer(old->loop, &old->sent);
		take_parts(old); /* nobody attends: borrowed until now */
	}
	KP_REQUIRE(!old->sending);
	KP_REQUIRE(!old->client->finished);
	old->client->finished = true;
	old->client->exchange = NULL;
	kp_arena_deinit(&old->arena);
	free(old);
}

void
kp_fake_client_read(struct kp_fake_client *client)
{
	if (client->exchange != NULL && client->exchange->sending) {
		kp_loop_defer(client->exchange->loop, &client->exchange->sent);
	}
}

void
kp_fake_client_leave(struct kp_fake_client *client)
{
	struct kp_exchange *exchange = client->exchange;
	KP_REQUIRE(exchange != NULL && !exchange->gone);
	exchange->gone = true;
	kp_fake_client_read(client);
	if (exchange->user != NULL) {
		exchange->user->on_gone(exchange->owner);
	}
}

void
kp_fake_client_deinit(struct kp_fake_client *client)
{
	free(client->body_seen);
	client->body_seen = NULL;
}
