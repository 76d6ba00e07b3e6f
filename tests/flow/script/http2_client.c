/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http2_client: see http2_client.h. */
#include "script/http2_client.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "core/attr.h"
#include "script/stage.h"

#define CLIENTS_MAX 64
#define FIELDS_MAX 64
#define NAME_SIZE 32

struct text {
	char *data;
	size_t len;
};

/* A request and its answer, in the order of the requests. */
struct exchange {
	struct exchange *next;
	int32_t id;
	char *body; /* of the request */
	size_t body_len;
	size_t body_sent;
	struct text answer; /* as HTTP/1.1, what was not given to the script yet */
	bool interim;       /* of the header block under way */
	bool has_length;
	bool chunked;
	bool done;
	bool reset; /* by the gateway: what came of it is forgotten */
};

struct client {
	char name[NAME_SIZE];
	nghttp2_session *session;
	struct exchange *first;
	struct text received;
	struct text unsent; /* the beginning of a request */
	uint32_t window;    /* of each answer, and never opened; 0: the usual */
	bool paused;
	bool over;
	bool refused; /* the gateway said that nothing more will come */
	bool reset;
};

static struct client clients[CLIENTS_MAX];
static size_t client_count;
static bool all_speak;

static void
add(struct text *text, const char *data, size_t len)
{
	char *more = realloc(text->data, text->len + len + 1);
	KP_REQUIRE(more != NULL);
	text->data = more;
	if (len > 0) {
		memcpy(more + text->len, data, len);
	}
	text->len += len;
	more[text->len] = '\0';
}

/* "retry-after" as "Retry-After". */
static void
add_name(struct text *text, const char *name, size_t len)
{
	bool first = true;
	for (size_t i = 0; i < len; i++) {
		char byte = first ? (char)toupper((unsigned char)name[i]) : name[i];
		add(text, &byte, 1);
		first = name[i] == '-';
	}
}

static void
add_line(struct text *text, const char *name, size_t name_len, const char *value,
	size_t value_len)
{
	add_name(text, name, name_len);
	add(text, ": ", 2);
	add(text, value, value_len);
	add(text, "\r\n", 2);
}

/* What the gateway says. */

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
	void *context)
{
	struct exchange *exchange =
		nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	struct kp_slice known = {(const char *)name, name_len};
	(void)flags;
	(void)context;
	if (exchange == NULL) {
		return 0;
	}
	if (kp_slice_is(known, ":status")) {
		exchange->interim = value[0] == '1';
		add(&exchange->answer, "HTTP/1.1 ", 9);
		add(&exchange->answer, (const char *)value, value_len);
		add(&exchange->answer, " \r\n", 3);
	} else if (kp_slice_is(known, "content-length")) {
		exchange->has_length = true;
		add_line(&exchange->answer, "Content-Length", 14, (const char *)value,
			value_len);
	} else {
		add_line(&exchange->answer, known.data, name_len, (const char *)value,
			value_len);
	}
	return 0;
}

static void
end_head(struct exchange *exchange, bool last)
{
	if (!exchange->interim && !exchange->has_length) {
		exchange->chunked = !last;
		if (last) {
			add_line(&exchange->answer, "Content-Length", 14, "0", 1);
		} else {
			add_line(
				&exchange->answer, "Transfer-Encoding", 17, "chunked", 7);
		}
	}
	add(&exchange->answer, "\r\n", 2);
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
	size_t len, void *context)
{
	struct exchange *exchange = nghttp2_session_get_stream_user_data(session, id);
	char size[20];
	(void)flags;
	(void)context;
	if (exchange == NULL) {
		return 0;
	}
	if (exchange->chunked) {
		int digits = snprintf(size, sizeof(size), "%zx\r\n", len);
		add(&exchange->answer, size, (size_t)digits);
	}
	add(&exchange->answer, (const char *)data, len);
	if (exchange->chunked) {
		add(&exchange->answer, "\r\n", 2);
	}
	return 0;
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct client *client = context;
	bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	struct exchange *exchange =
		nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (frame->hd.type == NGHTTP2_GOAWAY &&
		frame->goaway.error_code != NGHTTP2_NO_ERROR) {
		client->refused = true;
	}
	if (exchange == NULL) {
		return 0;
	}
	if (frame->hd.type == NGHTTP2_HEADERS) {
		end_head(exchange, last);
	} else if (frame->hd.type == NGHTTP2_DATA && last && exchange->chunked) {
		add(&exchange->answer, "0\r\n\r\n", 5);
	} else if (frame->hd.type == NGHTTP2_RST_STREAM) {
		client->reset = true;
		exchange->reset = true;
	}
	return 0;
}

static int
on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *context)
{
	struct exchange *exchange = nghttp2_session_get_stream_user_data(session, id);
	(void)code;
	(void)context;
	if (exchange != NULL) {
		exchange->done = true;
	}
	return 0;
}

/* Life. */

static void
open_session(struct client *client)
{
	nghttp2_session_callbacks *callbacks;
	KP_REQUIRE(nghttp2_session_callbacks_new(&callbacks) == 0);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(
		callbacks, on_stream_close);
	nghttp2_option *option;
	KP_REQUIRE(nghttp2_option_new(&option) == 0);
	nghttp2_option_set_no_auto_window_update(option, client->window > 0);
	KP_REQUIRE(nghttp2_session_client_new2(
			   &client->session, callbacks, client, option) == 0);
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	const nghttp2_settings_entry window = {
		NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, client->window};
	KP_REQUIRE(nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, &window,
			   client->window > 0 ? 1 : 0) == 0);
}

/* NULL: it speaks HTTP/1.1. */
static struct client *
find(const char *name)
{
	for (size_t i = 0; i < client_count; i++) {
		if (strcmp(clients[i].name, name) == 0) {
			return &clients[i];
		}
	}
	if (!all_speak) {
		return NULL;
	}
	http2_client_speaks(name, 0);
	return find(name);
}

void
http2_clients_all(void)
{
	all_speak = true;
}

void
http2_client_speaks(const char *name, uint32_t window)
{
	KP_REQUIRE(client_count < CLIENTS_MAX);
	struct client *client = &clients[client_count++];
	(void)snprintf(client->name, sizeof(client->name), "%s", name);
	client->window = window;
	add(&client->received, "", 0);
	open_session(client);
}

static void
flush(struct client *client)
{
	const uint8_t *bytes;
	ssize_t len;
	struct text out = {0};
	while ((len = nghttp2_session_mem_send(client->session, &bytes)) > 0) {
		add(&out, (const char *)bytes, (size_t)len);
	}
	if (out.len > 0) {
		stage.send(client->name, (struct kp_slice){out.data, out.len});
	}
	free(out.data);
}

/* Gives the script what came for the oldest request, and when that is through, for the
 * next. */
static void
hand_on(struct client *client)
{
	struct exchange *exchange;
	while ((exchange = client->first) != NULL) {
		add(&client->received, exchange->answer.data, exchange->answer.len);
		free(exchange->answer.data);
		exchange->answer = (struct text){0};
		if (!exchange->done) {
			return;
		}
		if (exchange->reset) {
			client->received.len = 0;
		}
		client->first = exchange->next;
		free(exchange->body);
		free(exchange);
	}
}

static void
pump(struct client *client)
{
	if (client->paused || client->over) {
		return;
	}
	struct kp_slice bytes = stage.received(client->name);
	while (bytes.len > 0) {
		ssize_t used = nghttp2_session_mem_recv(
			client->session, (const uint8_t *)bytes.data, bytes.len);
		KP_REQUIRE(used == (ssize_t)bytes.len);
		stage.take(client->name, bytes.len);
		flush(client);
		bytes = stage.received(client->name);
	}
	hand_on(client);
	if (client->refused ||
		(nghttp2_session_want_read(client->session) == 0 &&
			nghttp2_session_want_write(client->session) == 0)) {
		client->over = true;
		stage.hang_up(client->name);
	}
}

/* Requests. */

static ssize_t
on_read_body(nghttp2_session *session, int32_t id, uint8_t *out, size_t room,
	uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct exchange *exchange = source->ptr;
	size_t left = exchange->body_len - exchange->body_sent;
	size_t len = left < room ? left : room;
	(void)session;
	(void)id;
	(void)context;
	memcpy(out, exchange->body + exchange->body_sent, len);
	exchange->body_sent += len;
	if (exchange->body_sent == exchange->body_len) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	}
	return (ssize_t)len;
}

static nghttp2_nv
field(char *name, char *value)
{
	for (char *at = name; *at != '\0'; at++) {
		*at = (char)tolower((unsigned char)*at);
	}
	return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name),
		strlen(value), NGHTTP2_NV_FLAG_NONE};
}

/* Cuts a head of HTTP/1.1 into fields, in place. */
static size_t
read_head(char *head, nghttp2_nv fields[FIELDS_MAX])
{
	static char method[] = ":method";
	static char scheme[] = ":scheme";
	static char http[] = "http";
	static char path[] = ":path";
	static char authority[] = ":authority";
	char *rest = head;
	char *line = strsep(&rest, "\r");
	size_t count = 0;
	fields[count++] = field(method, strsep(&line, " "));
	fields[count++] = field(scheme, http);
	fields[count++] = field(path, strsep(&line, " "));
	while (rest != NULL && *++rest != '\0' && *rest != '\r') {
		line = strsep(&rest, "\r");
		char *name = strsep(&line, ":");
		KP_REQUIRE(line != NULL && count < FIELDS_MAX);
		line += *line == ' ' ? 1 : 0;
		bool host = strcasecmp(name, "host") == 0;
		fields[count++] = field(host ? authority : name, line);
	}
	return count;
}

/* The pseudo fields come first. */
static void
put_authority_first(nghttp2_nv *fields, size_t count)
{
	for (size_t i = 3; i < count; i++) {
		if (fields[i].name[0] == ':') {
			nghttp2_nv authority = fields[i];
			memmove(fields + 4, fields + 3, (i - 3) * sizeof(*fields));
			fields[3] = authority;
		}
	}
}

static void
ask(struct client *client, struct kp_slice bytes)
{
	nghttp2_nv fields[FIELDS_MAX];
	const char *end = memmem(bytes.data, bytes.len, "\r\n\r\n", 4);
	KP_REQUIRE(end != NULL);
	size_t head_len = (size_t)(end - bytes.data) + 4;
	char *head = strndup(bytes.data, head_len);
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	KP_REQUIRE(head != NULL && exchange != NULL);
	exchange->body_len = bytes.len - head_len;
	exchange->body = malloc(exchange->body_len + 1);
	KP_REQUIRE(exchange->body != NULL);
	memcpy(exchange->body, bytes.data + head_len, exchange->body_len);
	add(&exchange->answer, "", 0);
	size_t count = read_head(head, fields);
	put_authority_first(fields, count);
	nghttp2_data_provider provider = {
		.source.ptr = exchange, .read_callback = on_read_body};
	exchange->id = nghttp2_submit_request(client->session, NULL, fields, count,
		exchange->body_len > 0 ? &provider : NULL, exchange);
	KP_REQUIRE(exchange->id > 0);
	struct exchange **at = &client->first;
	while (*at != NULL) {
		at = &(*at)->next;
	}
	*at = exchange;
	free(head);
	flush(client);
	pump(client);
}

/* As of a stage. */

void
link_send(const char *name, struct kp_slice bytes)
{
	struct client *client = find(name);
	if (client == NULL) {
		stage.send(name, bytes);
		return;
	}
	add(&client->unsent, bytes.data, bytes.len);
	struct text whole = client->unsent;
	if (memmem(whole.data, whole.len, "\r\n\r\n", 4) == NULL) {
		flush(client); /* then the connection is opened with it */
		return;
	}
	client->unsent = (struct text){0};
	ask(client, (struct kp_slice){whole.data, whole.len});
	free(whole.data);
}

void
link_hang_up(const char *name)
{
	struct client *client = find(name);
	if (client != NULL) {
		client->over = true;
	}
	stage.hang_up(name);
}

void
link_read(const char *name, bool on)
{
	struct client *client = find(name);
	if (client != NULL) {
		client->paused = !on;
	}
	stage.read(name, on);
}

struct kp_slice
link_received(const char *name)
{
	struct client *client = find(name);
	if (client == NULL) {
		return stage.received(name);
	}
	pump(client);
	return (struct kp_slice){client->received.data, client->received.len};
}

bool
link_wait_for_more(const char *name, size_t seen)
{
	struct client *client = find(name);
	if (client == NULL) {
		return stage.wait_for_more(name, seen);
	}
	bool open = !link_closed(name);
	while (!client->paused && client->received.len <= seen && !link_closed(name) &&
		stage.wait_for_more(name, 0)) {
		pump(client);
	}
	return client->received.len > seen || (open && link_closed(name));
}

void
link_take(const char *name, size_t len)
{
	struct client *client = find(name);
	if (client == NULL) {
		stage.take(name, len);
		return;
	}
	struct text *text = &client->received;
	memmove(text->data, text->data + len, text->len - len);
	text->len -= len;
	text->data[text->len] = '\0';
}

bool
link_closed(const char *name)
{
	const struct client *client = find(name);
	return (client != NULL && client->over) || stage.closed(name);
}

bool
http2_client_cancels(const char *name)
{
	struct client *client = find(name);
	if (client == NULL) {
		return false;
	}
	for (struct exchange *at = client->first; at != NULL; at = at->next) {
		KP_REQUIRE(nghttp2_submit_rst_stream(client->session, NGHTTP2_FLAG_NONE,
				   at->id, NGHTTP2_CANCEL) == 0);
	}
	flush(client);
	pump(client);
	return true;
}

bool
http2_client_was_reset(const char *name)
{
	struct client *client = find(name);
	(void)link_received(name);
	while (client != NULL && !client->reset && !link_closed(name) &&
		link_wait_for_more(name, client->received.len)) {
	}
	return client != NULL && client->reset;
}
