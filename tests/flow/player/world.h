/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * world: what gateway/io is when a scenario plays: one thread, a clock that moves only
 * when told, a network and a disk in memory. The files player_*.c implement the headers
 * of gateway/io on it; the script drives it between turns. One world per process, because
 * the seam's functions have no context to carry one.
 */
#ifndef KP_FLOW_WORLD_H
#define KP_FLOW_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"
#include "io/journal_file.h"
#include "io/loop.h"
#include "io/runtime.h"
#include "io/stream.h"

#define WORLD_LOOPS_MAX 4
#define WORLD_TIMERS_MAX 16384

/* --- memory that grows
 * ------------------------------------------------------------------------- */

struct bytes {
	char *data;
	size_t len;
	size_t capacity;
};
void bytes_add(struct bytes *bytes, const char *data, size_t len);
void bytes_drop(struct bytes *bytes, size_t len); /* from the front */
void bytes_free(struct bytes *bytes);
static inline struct kp_slice
bytes_slice(const struct bytes *bytes)
{
	return (struct kp_slice){bytes->data, bytes->len};
}

/* --- clock and scheduling
 * ------------------------------------------------------------------------ */

/* Runs every loop until nothing is left to do at this instant. */
void world_settle(void);
/* Moves the clock, firing timers in order and settling after each. */
void world_advance(uint64_t us);
/* When the next timer is due; false when none is armed. */
bool world_next_timer(uint64_t *ret_us);
uint64_t world_now_us(void);
void world_set_wall_ms(int64_t wall_ms);
struct kp_loop *world_loop(unsigned index);

/* --- client side of the network
 * ------------------------------------------------------------------ */

struct client {
	char name[32];
	struct kp_stream *stream; /* NULL before connect and after close */
	struct bytes received;
	bool closed;    /* by the gateway */
	bool refused;   /* nobody listened, or the gateway closed at once */
	bool reads;     /* false: a slow reader that takes nothing */
	bool connected; /* it was tried */
	bool certified;
	struct kp_peer_certificate certificate; /* shown when it connects */
	char oin[64];
	char organisation[256];
	char protocol[16]; /* agreed upon; "" for none */
};

bool client_connect(struct client *client, uint16_t port);
void client_send(struct client *client, struct kp_slice bytes);
/* Closes the sending side (the gateway sees the end of the stream). */
void client_hang_up(struct client *client);
/* A slow reader starts or stops taking bytes. */
void client_read(struct client *client, bool on);

/* --- partner side of the network
 * ----------------------------------------------------------------- */

enum answer_kind {
	ANSWER_NORMAL,
	ANSWER_RESET,   /* the connection breaks after `cut_at` bytes of the body */
	ANSWER_REFUSED, /* nobody listens */
	ANSWER_SILENT,  /* never answers */
};

#define HEADERS_MAX 16

struct answer {
	enum answer_kind kind;
	unsigned status;
	struct kp_slice header_names[HEADERS_MAX];
	struct kp_slice header_values[HEADERS_MAX];
	size_t header_count;
	struct kp_slice body;
	size_t piece;      /* bytes of the body at a time; 0: all */
	size_t cut_at;     /* with ANSWER_RESET */
	uint64_t delay_us; /* before the head */
	struct answer *next;
	struct answer *kept; /* all there were, so that no leak is seen in them */
};

/* What a partner was asked; kept until the script looked at it. */
struct question {
	struct bytes method;
	struct bytes target;
	struct bytes headers; /* "name: value\n" each */
	struct bytes body;
	struct question *next;
	struct question *kept; /* as in struct answer */
};

struct partner {
	char name[32];
	char endpoint[128];     /* prefix of the targets that reach it */
	struct answer *answers; /* for the next questions, in order */
	struct answer *always;  /* when `answers` is empty */
	struct question *questions;
	unsigned asked;
	struct partner *next;
};

struct partner *world_add_partner(const char *name, const char *endpoint);
struct partner *world_find_partner(const char *name);
/* Lets a question that waits for the script have the answer just put in `answers`. */
void world_answer_waiting(struct partner *partner);

/* --- memory that runs out --- */

/* Arms the failing allocation that KP_FLOW_FAIL_AT names; says at exit whether it came.
 */
void world_fail_allocation(void);
void world_mend_allocation(void);

/* --- disk
 * ----------------------------------------------------------------------------------------
 */

enum disk_state {
	DISK_GOOD,
	DISK_FULL,   /* appends fail with no space */
	DISK_BROKEN, /* appends and syncs fail with an input/output error */
};

void world_write_file(const char *path, struct kp_slice text);
struct bytes *world_find_file(const char *path);
void world_set_disk(enum disk_state state);
/* Forgets what was appended but not made durable, as a power cut does. */
void world_lose_volatile(void);

/* --- the script
 * ---------------------------------------------------------------------------------- */

/* Called by kp_runtime_run once everything has settled; returns when the script is done.
 */
typedef void (*world_script_fn)(void *context);
void world_set_script(world_script_fn script, void *context);
void world_signal(enum kp_signal signal);
/* True while kp_runtime_run is under way. */
bool world_running(void);
/* Has the gateway stopped by itself? */
bool world_all_stopped(void);

/* --- between the player's files
 * ------------------------------------------------------------------ */

/* Puts a function on the list of things to do at this instant, after what is already
 * there. */
void world_later(struct kp_loop *loop, struct kp_task *task);
bool world_run_work(void);

#endif
