/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * tls_rig: an authority in a folder, a loop in a thread with one TLS listener that says
 * back what it hears, and clients that are plain OpenSSL on blocking sockets.
 */
#ifndef TLS_RIG_H
#define TLS_RIG_H

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/heap.h"
#include "crypto/certificate_make.h"
#include "io/stream.h"
#include "io/tls.h"

#define OIN "00000001830000001000"
#define ORGANISATION "Gemeente Súdermar"
#define DAY_S ((int64_t)86400)
#define BIG_BYTES ((size_t)8 << 20)

static char rig_folder[] = "/tmp/kp_test_tls_rig.XXXXXX";

/* --- the authority --- */

static const char *
rig_path(const char *name)
{
	static char paths[32][96];
	static unsigned next;
	char *path = paths[next++ % 32];
	(void)snprintf(path, sizeof(paths[0]), "%s/%s", rig_folder, name);
	return path;
}

static void
rig_write(const char *name, mode_t mode, struct kp_slice text)
{
	FILE *file = fopen(rig_path(name), "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(rig_path(name), mode), 0);
}

static struct kp_certificate_wish
rig_wish(enum kp_make_use use, const char *name)
{
	int64_t now_s = (int64_t)time(NULL);
	return (struct kp_certificate_wish){.use = use,
		.common_name = name,
		.organisation = use == KP_MAKE_CLIENT ? ORGANISATION : NULL,
		.serial_number = use == KP_MAKE_CLIENT ? OIN : NULL,
		.hosts = use == KP_MAKE_SERVER ? "DNS:localhost,IP:127.0.0.1" : NULL,
		.from_s = now_s - 60,
		.until_s = now_s + 10 * DAY_S};
}

/* Files NAME.pem (with `behind` behind it) and NAME.key. */
static struct kp_certificate *
rig_make(const char *name, const struct kp_certificate_wish *wish,
	const struct kp_certificate *issuer, const struct kp_certificate *behind)
{
	struct kp_certificate *made = NULL;
	struct kp_error err = {0};
	struct kp_arena arena;
	struct kp_slice text;
	struct kp_slice more = {NULL, 0};
	char file[64];
	kp_arena_init(&arena, 1 << 20, NULL);
	assert_int_equal(kp_certificate_make(wish, issuer, &made, &err), KP_OK);
	assert_int_equal(kp_certificate_write_key(made, &arena, &text), KP_OK);
	(void)snprintf(file, sizeof(file), "%s.key", name);
	rig_write(file, 0600, text);
	assert_int_equal(kp_certificate_write(made, &arena, &text), KP_OK);
	if (behind != NULL) {
		assert_int_equal(kp_certificate_write(behind, &arena, &more), KP_OK);
	}
	const char *both = kp_arena_printf(
		&arena, "%.*s%.*s", KP_SLICE_ARG(text), KP_SLICE_ARG(more));
	(void)snprintf(file, sizeof(file), "%s.pem", name);
	rig_write(file, 0644, kp_slice_from(both));
	kp_arena_deinit(&arena);
	return made;
}

static void
rig_make_crls(const char *name, const struct kp_certificate *root,
	const struct kp_certificate *issuing, const struct kp_certificate *revoked,
	int64_t until_s)
{
	struct kp_arena arena;
	struct kp_slice of_root;
	struct kp_slice of_issuing;
	int64_t from_s = (int64_t)time(NULL) - 20 * DAY_S;
	kp_arena_init(&arena, 1 << 20, NULL);
	assert_int_equal(kp_certificate_write_crl(
				 root, NULL, 0, from_s, until_s, &arena, &of_root),
		KP_OK);
	assert_int_equal(kp_certificate_write_crl(issuing, &revoked, 1, from_s, until_s,
				 &arena, &of_issuing),
		KP_OK);
	const char *both = kp_arena_printf(
		&arena, "%.*s%.*s", KP_SLICE_ARG(of_root), KP_SLICE_ARG(of_issuing));
	rig_write(name, 0644, kp_slice_from(both));
	kp_arena_deinit(&arena);
}

static const char *const rig_bad_names[] = {
	"expired", "not-yet", "revoked", "wrong-usage", "wrong-anchor", "self-signed"};

static int
rig_make_authority(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN); /* as io/runtime.h does */
	assert_non_null(mkdtemp(rig_folder));
	int64_t now_s = (int64_t)time(NULL);
	struct kp_certificate_wish authority = rig_wish(KP_MAKE_AUTHORITY, "root");
	struct kp_certificate_wish issuer = rig_wish(KP_MAKE_AUTHORITY, "issuing");
	struct kp_certificate_wish deeper = rig_wish(KP_MAKE_AUTHORITY, "deeper");
	struct kp_certificate_wish server = rig_wish(KP_MAKE_SERVER, "server");
	struct kp_certificate_wish client = rig_wish(KP_MAKE_CLIENT, "client");
	struct kp_certificate *made[16];
	struct kp_certificate *root = rig_make("root", &authority, NULL, NULL);
	struct kp_certificate *issuing = rig_make("issuing", &issuer, root, NULL);
	struct kp_certificate *other = rig_make("other", &authority, NULL, NULL);
	struct kp_certificate *second = rig_make("deeper", &deeper, issuing, issuing);
	size_t count = 0;
	made[count++] = rig_make("server", &server, issuing, issuing);
	server.key = KP_MAKE_RSA_3072;
	made[count++] = rig_make("server-rsa", &server, issuing, issuing);
	server.key = KP_MAKE_EC_P256;
	server.hosts = "DNS:andere.example,DNS:*.poort.example";
	made[count++] = rig_make("server-other", &server, issuing, issuing);
	made[count++] = rig_make("client", &client, issuing, issuing);
	/* Its chain file has the last issuer only; the one above it is behind that. */
	made[count++] = rig_make("client-deep", &client, second, second);
	for (size_t i = 0; i < KP_ARRAY_LEN(rig_bad_names); i++) {
		struct kp_certificate_wish bad = client;
		bad.until_s = i == 0 ? now_s - DAY_S : bad.until_s;
		bad.from_s = i == 0 ? now_s - 3 * DAY_S
			: i == 1    ? now_s + DAY_S
				    : bad.from_s;
		bad.use = i == 3 ? KP_MAKE_SERVER : bad.use;
		made[count++] = rig_make(rig_bad_names[i], &bad,
			i == 4           ? other
				: i == 5 ? NULL
					 : issuing,
			i < 4 ? issuing : NULL);
	}
	rig_make_crls("crls.pem", root, issuing, made[count - 4], now_s + DAY_S);
	rig_make_crls("stale.pem", root, issuing, made[count - 4], now_s - DAY_S);
	for (size_t i = 0; i < count; i++) {
		kp_certificate_destroy(&made[i]);
	}
	kp_certificate_destroy(&root);
	kp_certificate_destroy(&issuing);
	kp_certificate_destroy(&other);
	kp_certificate_destroy(&second);
	return 0;
}

static int
rig_remove_authority(void **state)
{
	char command[128];
	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", rig_folder);
	return system(command);
}

/* --- what the listener speaks with --- */

static struct kp_tls_file
rig_file(const char *name)
{
	return (struct kp_tls_file){.path = rig_path(name),
		.named_in = "gateway.json",
		.place = "/listeners/0/tls",
		.line = 7,
		.column = 3};
}

struct rig_tls {
	struct kp_tls_certificate certificates[4];
	struct kp_tls_file crls[1];
	struct kp_tls_server_options options;
};

static void
rig_tls_defaults(struct rig_tls *tls, enum kp_tls_clients clients)
{
	static const char *const names[] = {"server", "server-rsa", "server-other"};
	*tls = (struct rig_tls){.options = {.certificates = tls->certificates,
					.certificate_count = 3,
					.clients = clients,
					.anchors = rig_file("root.pem"),
					.crls = tls->crls,
					.crl_count = 1,
					.depth_max = 2,
					.chain_bytes_max = 16384,
					.session_ms = 60000,
					.messages_max = 8,
					.loops = 1}};
	tls->crls[0] = rig_file("crls.pem");
	for (size_t i = 0; i < 3; i++) {
		char file[64];
		(void)snprintf(file, sizeof(file), "%s.pem", names[i]);
		tls->certificates[i].certificate = rig_file(file);
		(void)snprintf(file, sizeof(file), "%s.key", names[i]);
		tls->certificates[i].key = rig_file(file);
	}
}

static struct kp_tls_server *
rig_server(const struct rig_tls *tls)
{
	struct kp_findings findings;
	struct kp_tls_server *server = NULL;
	char text[700];
	kp_findings_init(&findings, 20);
	enum kp_status status = kp_tls_server_create(&tls->options, &findings, &server);
	for (size_t i = 0; i < findings.count; i++) {
		print_message(
			"%s\n", kp_error_text(&findings.items[i], text, sizeof(text)));
	}
	kp_findings_deinit(&findings);
	assert_int_equal(status, KP_OK);
	return server;
}

/* --- the gateway's side --- */

/* What happened, for the test's thread. */
struct rig_seen {
	unsigned accepted;
	unsigned closed;
	unsigned ends;
	enum kp_status end_status;
	unsigned refused;
	char claimed[32];
	char reason[128];
	bool certified;
	char oin[32];
	char organisation[64];
	unsigned char sha256[32];
	char protocol[16];
	size_t bytes; /* heard */
	size_t unsent_max;
};

struct rig {
	struct kp_loop *loop;
	struct kp_listener *listener;
	struct kp_listener_options options;
	struct kp_tls_server *tls;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct rig_seen seen;
	struct kp_task task;
	bool task_done;
	uint16_t port;
	bool deaf; /* streams are not read until woken */
};

struct rig_stream {
	struct rig *rig;
	struct kp_stream *stream;
	char *echo;
	size_t len;
	bool ended;
};

#define RIG_NOTE(rig, what)                                                              \
	do {                                                                             \
		(void)pthread_mutex_lock(&(rig)->mutex);                                 \
		what;                                                                    \
		(void)pthread_cond_broadcast(&(rig)->changed);                           \
		(void)pthread_mutex_unlock(&(rig)->mutex);                               \
	} while (false)

/* Waits until the condition on rig->seen holds; fails the test after ten seconds. */
#define RIG_AWAIT(rig, condition)                                                        \
	do {                                                                             \
		struct timespec until;                                                   \
		(void)clock_gettime(CLOCK_REALTIME, &until);                             \
		until.tv_sec += 10;                                                      \
		int waited = 0;                                                          \
		(void)pthread_mutex_lock(&(rig)->mutex);                                 \
		while (!(condition) && waited == 0) {                                    \
			waited = pthread_cond_timedwait(                                 \
				&(rig)->changed, &(rig)->mutex, &until);                 \
		}                                                                        \
		(void)pthread_mutex_unlock(&(rig)->mutex);                               \
		assert_int_equal(waited, 0);                                             \
	} while (false)

/* "B" asks for many bytes; anything else is said back. */
static void
rig_on_read(void *owner, struct kp_slice bytes)
{
	struct rig_stream *stream = owner;
	bool big = bytes.data[0] == 'B';
	stream->len = big ? BIG_BYTES : bytes.len;
	stream->echo = kp_heap_calloc(1, stream->len);
	memcpy(stream->echo, bytes.data, bytes.len);
	RIG_NOTE(stream->rig, stream->rig->seen.bytes += bytes.len);
	kp_stream_read(stream->stream, false);
	/* In three parts, one of them empty, so that parts share records. */
	size_t first = stream->len / 3;
	struct kp_slice parts[] = {{stream->echo, first}, {NULL, 0},
		{stream->echo + first, stream->len - first}};
	kp_stream_write(stream->stream, parts, 3);
	size_t unsent = kp_stream_unsent(stream->stream);
	RIG_NOTE(stream->rig,
		stream->rig->seen.unsent_max = unsent > stream->rig->seen.unsent_max
			? unsent
			: stream->rig->seen.unsent_max);
}

static void
rig_on_end(void *owner, enum kp_status status)
{
	struct rig_stream *stream = owner;
	stream->ended = true;
	RIG_NOTE(stream->rig, stream->rig->seen.ends++;
		 stream->rig->seen.end_status = status);
	if (status != KP_OK) {
		kp_stream_close(stream->stream);
		return;
	}
	/* It said goodbye; it still gets a last word. */
	static const char last[] = "last word";
	struct kp_slice part = {last, sizeof(last) - 1};
	if (stream->echo == NULL) {
		kp_stream_write(stream->stream, &part, 1);
	}
}

static void
rig_on_written(void *owner, enum kp_status status)
{
	struct rig_stream *stream = owner;
	kp_heap_free(stream->echo);
	stream->echo = NULL;
	if (status != KP_OK || stream->ended) {
		kp_stream_close(stream->stream);
	} else {
		kp_stream_read(stream->stream, true);
	}
}

static void
rig_on_closed(void *owner)
{
	struct rig_stream *stream = owner;
	RIG_NOTE(stream->rig, stream->rig->seen.closed++);
	kp_heap_free(stream->echo);
	kp_heap_free(stream);
}

static void
rig_copy(char *to, size_t size, struct kp_slice text)
{
	(void)snprintf(to, size, "%.*s", KP_SLICE_ARG(text));
}

static void *
rig_on_accept(void *context, struct kp_stream *stream,
	const struct kp_stream_handler **ret_handler)
{
	static const struct kp_stream_handler handler = {
		rig_on_read, rig_on_end, rig_on_written, rig_on_closed};
	struct rig *rig = context;
	struct rig_stream *own = kp_heap_calloc(1, sizeof(*own));
	const struct kp_peer_certificate *certificate = kp_stream_certificate(stream);
	own->rig = rig;
	own->stream = stream;
	*ret_handler = &handler;
	(void)pthread_mutex_lock(&rig->mutex);
	rig->seen.certified = certificate != NULL;
	if (certificate != NULL) {
		rig_copy(rig->seen.oin, sizeof(rig->seen.oin), certificate->oin);
		rig_copy(rig->seen.organisation, sizeof(rig->seen.organisation),
			certificate->organisation);
		memcpy(rig->seen.sha256, certificate->sha256, 32);
	}
	rig_copy(rig->seen.protocol, sizeof(rig->seen.protocol),
		kp_stream_protocol(stream));
	rig->seen.accepted++;
	bool deaf = rig->deaf;
	(void)pthread_cond_broadcast(&rig->changed);
	(void)pthread_mutex_unlock(&rig->mutex);
	if (!deaf) {
		kp_stream_read(stream, true);
	}
	return own;
}

static void
rig_on_refused(void *context, const struct kp_listener_refusal *refusal)
{
	struct rig *rig = context;
	RIG_NOTE(rig, rig->seen.refused++; (void)snprintf(
		rig->seen.reason, sizeof(rig->seen.reason), "%s", refusal->reason);
		 (void)snprintf(rig->seen.claimed, sizeof(rig->seen.claimed), "%.*s",
			 KP_SLICE_ARG(refusal->claimed_oin)));
}

static void *
rig_run(void *context)
{
	kp_loop_run(((struct rig *)context)->loop);
	return NULL;
}

static void
rig_start(struct rig *rig, struct kp_tls_server *tls)
{
	struct kp_error err = {0};
	*rig = (struct rig){.tls = tls,
		.options = {.host = "127.0.0.1",
			.backlog = 64,
			.streams_max = 256,
			.tls = tls,
			.handshakes_max = 64,
			.handshake_timeout_ms = 10000,
			.handshake_steps_max = 8,
			.accepts_per_turn = 32,
			.on_refused = rig_on_refused,
			.refused_context = rig,
			.on_accept = rig_on_accept,
			.context = rig}};
	assert_int_equal(pthread_mutex_init(&rig->mutex, NULL), 0);
	assert_int_equal(pthread_cond_init(&rig->changed, NULL), 0);
	assert_int_equal(kp_loop_create(0, &rig->loop, &err), KP_OK);
}

static void
rig_listen(struct rig *rig)
{
	struct kp_error err = {0};
	assert_int_equal(
		kp_listener_open(rig->loop, &rig->options, &rig->listener, &err), KP_OK);
	rig->port = kp_listener_port(rig->listener);
	assert_int_equal(pthread_create(&rig->thread, NULL, rig_run, rig), 0);
}

/* Runs something on the loop's thread, and waits for it. */
static void
rig_on_loop(struct rig *rig, void (*run)(struct kp_task *task))
{
	rig->task = (struct kp_task){.run = run};
	rig->task_done = false;
	kp_loop_post(rig->loop, &rig->task);
	RIG_AWAIT(rig, rig->task_done);
}

static void
rig_close_task(struct kp_task *task)
{
	struct rig *rig = KP_CONTAINER_OF(task, struct rig, task);
	kp_listener_close(&rig->listener);
	kp_loop_stop(rig->loop);
	RIG_NOTE(rig, rig->task_done = true);
}

/* The clients are closed by now; the loop ends when all their streams are gone. */
static void
rig_stop(struct rig *rig)
{
	rig_on_loop(rig, rig_close_task);
	assert_int_equal(pthread_join(rig->thread, NULL), 0);
	kp_loop_destroy(&rig->loop);
	kp_tls_server_unref(&rig->tls);
	(void)pthread_mutex_destroy(&rig->mutex);
	(void)pthread_cond_destroy(&rig->changed);
}

/* --- the client's side --- */

struct rig_client {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
};

static int
rig_connect_plain(const struct rig *rig)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(rig->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = 20};
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(
		connect(fd, (struct sockaddr *)(void *)&address, sizeof(address)), 0);
	return fd;
}

/* Made but not connected: options can be set. `name` NULL: no certificate. */
static struct rig_client
rig_client(const struct rig *rig, const char *name)
{
	struct rig_client client = {.context = SSL_CTX_new(TLS_client_method())};
	char file[64];
	SSL_CTX_set_verify(client.context, SSL_VERIFY_PEER, NULL);
	assert_int_equal(
		SSL_CTX_load_verify_locations(client.context, rig_path("root.pem"), NULL),
		1);
	if (name != NULL) {
		(void)snprintf(file, sizeof(file), "%s.pem", name);
		assert_int_equal(SSL_CTX_use_certificate_chain_file(
					 client.context, rig_path(file)),
			1);
		(void)snprintf(file, sizeof(file), "%s.key", name);
		assert_int_equal(SSL_CTX_use_PrivateKey_file(client.context,
					 rig_path(file), SSL_FILETYPE_PEM),
			1);
	}
	client.ssl = SSL_new(client.context);
	client.fd = rig_connect_plain(rig);
	assert_int_equal(SSL_set_fd(client.ssl, client.fd), 1);
	return client;
}

static void
rig_client_close(struct rig_client *client)
{
	SSL_free(client->ssl);
	SSL_CTX_free(client->context);
	(void)close(client->fd);
	ERR_clear_error();
}

/* Says it and hears it back. False when the connection is no good. */
static bool
rig_echo(struct rig_client *client, const char *text)
{
	char back[256];
	size_t len = strlen(text);
	size_t got = 0;
	ERR_clear_error();
	if (SSL_write(client->ssl, text, (int)len) != (int)len) {
		return false;
	}
	while (got < len) {
		int n = SSL_read(client->ssl, back + got, (int)(sizeof(back) - got));
		if (n <= 0) {
			return false;
		}
		got += (size_t)n;
	}
	return memcmp(back, text, len) == 0;
}

static bool
rig_hello(struct rig_client *client)
{
	ERR_clear_error();
	return SSL_connect(client->ssl) == 1 && rig_echo(client, "hello");
}

#endif
