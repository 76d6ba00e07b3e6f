/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * upstream_private: what the three upstream files share. upstream.c runs calls,
 * upstream_target.c prepares how a partner is reached, upstream_poll.c stands between
 * libcurl's sockets and the loop. No other file knows libcurl.
 *
 * A target keeps its connections in shards: one curl multi for every few connections.
 * libcurl looks through all connections of a host for a free one, so the cost of a call
 * would grow with the number in flight; in shards it does not. Shards belong to one
 * target, so a connection is never shared between partners or credentials.
 */
#ifndef KP_IO_UPSTREAM_PRIVATE_H
#define KP_IO_UPSTREAM_PRIVATE_H

#include <curl/curl.h>
#include <openssl/types.h>

#include "io/loop_private.h"
#include "io/resolve.h"
#include "io/upstream.h"

#define KP_SHARD_CONNECTIONS 32u
#define KP_UPSTREAM_CALL_MAGIC 0x6b704331u
#define KP_UPSTREAM_HEADERS_MAX ((size_t)128)

enum kp_call_state {
	KP_CALL_WAITING,  /* in target->waiting */
	KP_CALL_RUNNING,  /* has a transfer, curl works on it */
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
	struct kp_upstream_transfer *transfer; /* while it has one */
	struct kp_upstream_call *next;         /* in the list of its state */
	struct kp_upstream_call *prev;
	struct kp_timer timer;
	uint64_t started_us;
	uint64_t deadline_us;
	struct kp_upstream_timing timing;
	size_t head_bytes;     /* seen, of all heads and trailers */
	bool first_seen;       /* timing.first_us is set */
	bool head_done;        /* on_head was called */
	bool opened;           /* a connection was opened for it */
	enum kp_status status; /* the outcome, once FINISHED or refused by a handler */
	int cause;
	const char *reason; /* static text */
};

/* A prepared easy handle with the memory one call needs. Lifetime: the target. */
struct kp_upstream_transfer {
	CURL *easy;
	struct kp_upstream_target *target;
	struct kp_upstream_shard *shard; /* while added */
	struct kp_upstream_call *call;   /* while in use */
	struct kp_upstream_transfer *next_free;
	struct curl_slist *nodes; /* of the request's header fields */
	size_t nodes_capacity;
	char *lines; /* request target and header fields */
	size_t lines_capacity;
	size_t lines_used;
	char *head; /* of the answer */
	size_t head_capacity;
	size_t head_len;
	bool method_custom; /* CURLOPT_CUSTOMREQUEST is set */
	unsigned opened;    /* calls that opened a connection */
};

struct kp_upstream_shard {
	struct kp_upstream_target *target;
	struct kp_upstream_shard *next;
	CURLM *multi;
	struct kp_timer timer;
	struct kp_upstream_shard *next_kick;
	bool kick; /* curl wants to be called without an event */
	uint32_t active;
	uint32_t resolve_round; /* of the addresses it was given; 0: none */
	uint64_t used_us;
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
	char *host;
	char *port;
	char *name;
	bool tls;
	bool literal;     /* the host is an address */
	bool on_loopback; /* the endpoint says so itself */
	uint32_t connections_max;
	uint32_t waiting_max;
	uint32_t connect_timeout_ms;
	uint32_t idle_ms;
	uint32_t head_bytes_max;
	struct curl_slist fixed[2]; /* header fields of every request */
	char *credential;           /* text of the first, if any */
	X509_STORE *anchors;
	X509 *certificate;
	STACK_OF(X509) * chain;
	EVP_PKEY *key;
	struct kp_upstream_shard *shards;
	struct kp_upstream_transfer *free_transfers;
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
	bool inside_start; /* completions may not run now */
	bool inside_curl;
	bool closing; /* some target is closed and may be unused */
	bool destroyed;
};

/* upstream.c */
void kp_upstream_call_finish(struct kp_upstream_call *call, enum kp_status status,
	int cause, const char *reason);
void kp_upstream_wake(struct kp_upstream *upstream);
/* The target may start calls: it has waiting ones, room and an address. */
void kp_upstream_target_ready(struct kp_upstream_target *target);
/* Frees the upstream when it was destroyed and nothing is left. */
void kp_upstream_release(struct kp_upstream *upstream);
size_t kp_upstream_on_header(char *bytes, size_t size, size_t count, void *data);
size_t kp_upstream_on_body(char *bytes, size_t size, size_t count, void *data);
void kp_upstream_reap(struct kp_upstream_shard *shard);

/* upstream_target.c */
struct kp_upstream_transfer *kp_upstream_transfer_create(
	struct kp_upstream_target *target);
void kp_upstream_transfer_destroy(struct kp_upstream_transfer *transfer);
/* Has addresses, or starts to look for them. */
bool kp_upstream_target_resolved(struct kp_upstream_target *target);
void kp_upstream_target_free(struct kp_upstream_target *target);

/* upstream_poll.c */
struct kp_upstream_shard *kp_upstream_shard_pick(struct kp_upstream_target *target);
void kp_upstream_shard_destroy(struct kp_upstream_shard *shard);
void kp_upstream_shard_kick(struct kp_upstream_shard *shard);
curl_socket_t kp_upstream_open_socket(
	void *data, curlsocktype purpose, struct curl_sockaddr *address);
int kp_upstream_close_socket(void *data, curl_socket_t fd);

#endif
