/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sql_postgres: what the files of the PostgreSQL engine share: the life of a connection
 * (sql_postgres.c), what goes over it (sql_postgres_work.c) and how much the server says
 * (sql_postgres_account.c). */
#ifndef KP_IO_SQL_POSTGRES_H
#define KP_IO_SQL_POSTGRES_H

#include <libpq-fe.h>

#include "io/resolve.h"
#include "io/sql_private.h"

#define KP_PG_STEPS_MAX (2 * KP_SQL_QUERIES_MAX + 4)
#define KP_PG_PREPARED_MAX 64

enum kp_pg_state {
	KP_PG_RESOLVING,
	KP_PG_CONNECTING,
	KP_PG_SETTING_UP,
	KP_PG_BUSY,      /* a call, or the rest of one that failed */
	KP_PG_RESETTING, /* rolling back after an error */
	KP_PG_IDLE,
	KP_PG_SCRUBBING, /* overwriting libpq's buffers */
};

enum kp_pg_step_kind {
	KP_PG_STEP_COMMAND, /* its result counts only when it is an error */
	KP_PG_STEP_PREPARE,
	KP_PG_STEP_QUERY,
};

struct kp_pg_step {
	enum kp_pg_step_kind kind;
	uint32_t query;
	bool named; /* of a prepare */
};

struct kp_sql_connection {
	struct kp_sql_target *target;
	struct kp_sql_connection *next;
	struct kp_sql_connection *prev;
	PGconn *pg;
	uv_poll_t poll; /* on a copy of the descriptor, which outlives libpq's */
	int fd;
	int events;
	bool poll_open;
	bool inside; /* a callback of ours is on the stack: closing waits */
	bool doomed;
	bool used; /* it has answered before: when it turns out dead, ask again */
	enum kp_pg_state state;
	struct kp_resolve *resolve;
	struct kp_timer timer; /* connecting, scrubbing, idling */
	struct kp_sql_call *call;

	/* The pipeline under way. */
	struct kp_pg_step steps[KP_PG_STEPS_MAX];
	size_t step_count;
	size_t step_at;
	bool head_given;
	uint64_t call_bytes;  /* went in or out for it, with the protocol's own */
	uint64_t begun_bytes; /* read before it began (sql_postgres_account.c) */
	uint64_t aside_bytes; /* of those, what no pipeline accounts for */
	uint64_t most_bytes;  /* the most of any call since the last scrub */

	const char *prepared[KP_PG_PREPARED_MAX]; /* by name "k<index>" */
	size_t prepared_count;                    /* sent */
	size_t prepared_sure;                     /* and the server said yes */
};

/* sql_postgres.c */

/* The connection cannot be used any more; its call, if any, is asked again or fails. */
void kp_pg_broken(struct kp_sql_connection *connection);
/* Nothing is under way: the next call, or idle. */
void kp_pg_free(struct kp_sql_connection *connection);

/* sql_postgres_work.c; false when the connection is broken */
bool kp_pg_set_up(struct kp_sql_connection *connection) KP_MUST_USE;
bool kp_pg_begin_call(
	struct kp_sql_connection *connection, struct kp_sql_call *call) KP_MUST_USE;
bool kp_pg_scrub(struct kp_sql_connection *connection) KP_MUST_USE;
/* Writes what waits. `ret_wants_write`: call again when the socket is writable. */
bool kp_pg_flush(struct kp_sql_connection *connection, bool *ret_wants_write) KP_MUST_USE;
/* Takes the results that have come. May end calls. */
bool kp_pg_pump(struct kp_sql_connection *connection) KP_MUST_USE;

/* sql_postgres_account.c */

/* A pipeline begins: nothing is accounted for yet. */
void kp_pg_account_begin(struct kp_sql_connection *connection);
/* The server says more than what was asked accounts for, or than connecting takes. */
bool kp_pg_is_flooded(const struct kp_sql_connection *connection);
/* Between two pipelines: so much was said beside answers that it has to end. */
bool kp_pg_is_spent(const struct kp_sql_connection *connection);

#endif
