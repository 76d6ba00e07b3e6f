/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * upstream_private: what the upstream files share. upstream.c runs calls,
 * upstream_request.c writes questions, upstream_connection.c moves bytes over a
 * connection and reads answers, upstream_target.c prepares how a partner is reached,
 * upstream_poll.c stands between libcurl's sockets and the loop.
 *
 * libcurl connects: addresses, TLS, trust (CURLOPT_CONNECT_ONLY). From then on a
 * connection is ours: bytes go through curl_easy_send and curl_easy_recv, or straight
 * through a plain socket; HTTP/1.1 is written and read here, its pool and its idle time
 * are kept here.
 *
 * A target keeps its connections in shards: one curl multi for every few connections,
 * because libcurl looks a connection up among all of its multi. Shards belong to one
 * target, so a connection is never shared between partners or credentials.
 */
#ifndef KP_IO_UPSTREAM_PRIVATE_H
#define KP_IO_UPSTREAM_PRIVATE_H

#include <curl/curl.h>
#include <openssl/types.h>

#include "http/http_answer.h"
#include "io/loop_private.h"
#include "io/resolve.h"
#include "io/upstream.h"

#define KP_SHARD_CONNECTIONS 32u
#define KP_UPSTREAM_CALL_MAGIC 0x6b704331u
#define KP_UPSTREAM_HEADERS_MAX ((size_t)128)

enum kp_call_state {
	KP_CALL_WAITING,  /* in target->waiting */
	KP_CALL_RUNNING,  /* has a connection, or waits for one that opens */
	KP_CALL_FINISHED, /* in upstream->finished, on_done is due */
};

struct kp_call_list {
	struct kp_upstream_call *first;
	struct kp_upstream_call *last;
	uint32_t count;
};

/* Lifetime: from start until on_done has returned. */
struct kp_upstream_call {
	uint32_t magic;
	enum kp_call_state state;
	struct kp_upstream_target *target;
	const struct kp_upstream_request *request;
	const struct kp_upstream_handler *handler;
	void *owner;
	struct kp_upstream_connection *connection; /* while it has one */
	struct kp_upstream_call *next;             /* in the list of its state */
	struct kp_upstream_call *prev;
	struct kp_timer timer;
	uint64_t started_us;
	uint64_t deadline_us;
	struct kp_upstream_timing timing;
	size_t head_bytes;     /* seen, of all heads and trailers */
	bool first_seen;       /* timing.first_us is set */
	bool head_done;        /* on_head was called */
	bool opened;           /* a connection was opened for it */
	bool fresh;            /* a kept connection died under it: takes a new one */
	enum kp_status status; /* the outcome, once FINISHED or refused by a handler */
	int cause;
	const char *reason; /* static text */
};

/* Bytes that grow and are wiped. */
struct kp_upstream_bytes {
	char *data;
	size_t len;
	size_t capacity;
};

/* One connection to a partner. Lifetime: from open to kp_upstream_connection_close, at
 * the latest with the target. */
struct kp_upstream_connection {
	CURL *easy;
	struct kp_upstream_target *target;
	struct kp_upstream_shard *shard;
	struct kp_upstream_socket *socket;   /* once connected */
	struct kp_upstream_call *call;       /* NULL while idle */
	struct kp_upstream_connection *next; /* in target->idle, last used first */
	struct kp_upstream_connection *prev;
	bool used;    /* has brought an answer before */
	bool excess;  /* the partner said more than was asked */
	bool failing; /* an error is waiting to be read */
	uint64_t opened_us;
	uint64_t used_us;              /* when it became idle */
	struct kp_upstream_bytes out;  /* the question, or its head */
	struct kp_slice out_body;      /* what follows it; the call's own */
	size_t out_sent;               /* of both */
	struct kp_upstream_bytes head; /* of an answer that came in pieces */
	struct kp_http_answer answer;
};

struct kp_upstream_shard {
	struct kp_upstream_target *target;
	struct kp_upstream_shard *next;
	CURLM *multi;
	struct kp_timer timer;
	struct kp_upstream_shard *next_kick;
	bool kick;              /* curl wants to be called without an event */
	uint32_t connections;   /* opening, in use and idle */
	uint32_t resolve_round; /* of the addresses it was given; 0: none */
};

struct kp_upstream_target {
	struct kp_upstream *upstream;
	struct kp_upstream_target *next;
	struct kp_upstream_target **prev_next;
	struct kp_upstream_target *next_ready;
	bool ready; /* in upstream->ready */
	bool closed;
	char *url;  /* scheme://host:port/ */
	char *base; /* path of the endpoint, without a trailing slash */
	size_t base_len;
	char *host;
	char *port;
	char *name;
	char *socket; /* NULL: by address */
	bool tls;
	bool literal;     /* the host is an address */
	bool on_loopback; /* the endpoint says so itself */
	uint32_t connections_max;
	uint32_t waiting_max;
	uint32_t connect_timeout_ms;
	uint32_t idle_ms;
	uint32_t head_bytes_max;
	char *fixed; /* header fields of every question: Host, User-Agent, credential */
	size_t fixed_len;
	struct kp_tls_client *client; /* NULL: plain */
	struct kp_upstream_shard *shards;
	struct kp_upstream_connection *idle; /* last used first */
	struct kp_upstream_connection *idle_last;
	struct kp_call_list waiting;
	struct kp_call_list running;
	uint32_t calls; /* not yet told on_done */
	struct kp_timer idle_timer;
	struct kp_resolve *resolve; /* look-up under way */
	struct curl_slist resolved; /* one node: "host:port:addresses" */
	char *resolved_text;
	uint32_t resolve_round;
	uint64_t resolved_us; /* when the last look-up ended; 0: never */
	uint64_t started;
	uint64_t connections_opened;
};

struct kp_upstream {
	struct kp_loop *loop;
	struct kp_task task;
	struct kp_upstream_target *targets;
	struct kp_upstream_target *ready;
	struct kp_upstream_shard *kicks;
	struct kp_call_list finished;
	struct kp_upstream_call *spare;
	struct kp_upstream_socket **sockets; /* by descriptor */
	size_t sockets_capacity;
	uint32_t sockets_open; /* polls libuv still knows */
	uint32_t calls;
	struct kp_http_header fields[KP_UPSTREAM_HEADERS_MAX]; /* of a head being read */
	struct kp_upstream_header headers[KP_UPSTREAM_HEADERS_MAX];
	bool inside_start; /* completions may not run now */
	bool inside_curl;
	bool closing; /* some target is closed and may be unused */
	bool destroyed;
};

/* upstream.c */
void kp_upstream_call_finish(struct kp_upstream_call *call, enum kp_status status,
	int cause, const char *reason);
/* Its connection died before the answer began: the call waits for another. */
void kp_upstream_call_again(struct kp_upstream_call *call);
void kp_upstream_wake(struct kp_upstream *upstream);
/* The target may start calls: it has waiting ones, room and an address. */
void kp_upstream_target_ready(struct kp_upstream_target *target);
/* Frees the upstream when it was destroyed and nothing is left. */
void kp_upstream_release(struct kp_upstream *upstream);

/* upstream_request.c */
bool kp_upstream_request_valid(const struct kp_upstream_request *request);
bool kp_upstream_request_write(struct kp_upstream_connection *connection,
	const struct kp_upstream_request *request);
bool kp_upstream_bytes_fit(struct kp_upstream_bytes *bytes, size_t len);
void kp_upstream_bytes_clear(struct kp_upstream_bytes *bytes);

/* upstream_connection.c */
/* Gives the call an idle connection or begins to open one. False: no memory. */
bool kp_upstream_connection_take(struct kp_upstream_call *call);
/* libcurl is done with connecting. */
void kp_upstream_connection_opened(
	struct kp_upstream_connection *connection, CURLcode code);
/* The socket of an open connection has something to say. */
void kp_upstream_connection_event(
	struct kp_upstream_connection *connection, int code, int events);
/* The call is over: the connection becomes idle, or is closed. */
void kp_upstream_connection_leave(struct kp_upstream_call *call);
void kp_upstream_connection_close(struct kp_upstream_connection *connection);
/* Closes what has been idle since before `since_us`. */
void kp_upstream_close_idle(struct kp_upstream_target *target, uint64_t since_us);

/* upstream_target.c */
/* Has addresses, or starts to look for them. */
bool kp_upstream_target_resolved(struct kp_upstream_target *target);
void kp_upstream_target_free(struct kp_upstream_target *target);
/* Security of a handle that is to connect; false: it may not be used. */
bool kp_upstream_target_secure(struct kp_upstream_target *target, CURL *easy);

/* upstream_poll.c */
struct kp_upstream_shard *kp_upstream_shard_pick(struct kp_upstream_target *target);
void kp_upstream_shard_destroy(struct kp_upstream_shard *shard);
void kp_upstream_shard_kick(struct kp_upstream_shard *shard);
/* Events of the socket go to the connection from now on. False: no memory. */
bool kp_upstream_socket_adopt(struct kp_upstream_connection *connection, int fd);
int kp_upstream_socket_fd(const struct kp_upstream_socket *socket);
/* What an adopted socket waits for: UV_READABLE, UV_WRITABLE. */
void kp_upstream_socket_watch(struct kp_upstream_socket *socket, int events);
curl_socket_t kp_upstream_open_socket(
	void *data, curlsocktype purpose, struct curl_sockaddr *address);
int kp_upstream_close_socket(void *data, curl_socket_t fd);

#endif
