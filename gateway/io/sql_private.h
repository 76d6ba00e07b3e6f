/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sql_private: what the files of the SQL transport share. Everything belongs to one loop
 * but what sql_odbc.c says of its threads. */
#ifndef KP_IO_SQL_PRIVATE_H
#define KP_IO_SQL_PRIVATE_H

#include "io/loop_private.h"
#include "io/sql.h"

struct kp_sql_engine {
	/* A connection that has nothing to do, or a new one; NULL without memory. The
	 * engine runs the call on it and ends it with kp_sql_call_done. */
	bool (*run)(struct kp_sql_target *target, struct kp_sql_call *call) KP_MUST_USE;
	/* Lets go of the call at once: it is concluded by who calls this. */
	void (*abandon)(struct kp_sql_call *call);
	/* Closes every connection; the target goes when the last one has gone. */
	void (*close)(struct kp_sql_target *target);
};

extern const struct kp_sql_engine kp_sql_postgres;
extern const struct kp_sql_engine kp_sql_odbc;

/* Options as NUL-terminated copies. */
struct kp_sql_texts {
	char *name;
	char *host;
	char *database;
	char *user;
	char *password;
	char *anchor_file;
	char *certificate_file;
	char *key_file;
	char *dsn;
};

/* Each engine has its own. */
struct kp_sql_connection;
struct kp_sql_gauge;

struct kp_sql_target {
	struct kp_loop *loop;
	const struct kp_sql_engine *engine;
	struct kp_sql_target_options options; /* numbers only */
	struct kp_sql_texts texts;
	struct kp_sql_call *waiting; /* oldest first */
	struct kp_sql_call *waiting_last;
	uint32_t waiting_count;
	struct kp_sql_connection *connections;
	uint32_t connection_count;
	uint32_t refs; /* owner, calls, connections */
	bool closing;
	struct kp_sql_gauge *gauge; /* ODBC: how many threads there are */
	/* PostgreSQL: what the name led to. */
	char addresses[512];
	uint64_t resolved_us;
	unsigned address_turn;
};

struct kp_sql_call {
	struct kp_sql_target *target;
	struct kp_sql_request request;
	const struct kp_sql_handler *handler;
	void *owner;
	struct kp_sql_connection *connection; /* NULL while waiting and when let go */
	struct kp_sql_call *next;             /* waiting */
	struct kp_sql_call *prev;
	struct kp_timer timer;
	struct kp_task task; /* on_done, later */
	uint64_t due_us;
	bool queued;
	bool done;
	bool answered; /* a head or row was handed over */
	bool retried;
	uint64_t bytes;
	uint32_t rows;
	enum kp_status status;
	struct kp_error err;
};

/* Ends the call later; the first end counts. The connection is not the call's any more.
 */
void kp_sql_call_done(struct kp_sql_call *call, enum kp_status status);
/* The same, with the SQLSTATE in the message and the status that it means; `meant` when
 * something said more than the SQLSTATE does, KP_OK otherwise. */
void kp_sql_call_failed(
	struct kp_sql_call *call, const char *sqlstate, enum kp_status meant);
/* Hands rows over, counting. Anything but KP_OK is what to end the call with. */
enum kp_status kp_sql_call_columns(struct kp_sql_call *call, uint32_t query,
	const struct kp_slice *names, uint32_t count) KP_MUST_USE;
enum kp_status kp_sql_call_row(struct kp_sql_call *call, uint32_t query,
	const struct kp_slice *values, uint32_t count) KP_MUST_USE;
/* What is left of its time, at least 1. */
uint32_t kp_sql_call_left_ms(const struct kp_sql_call *call);

/* A connection is free or gone: the next call that waits, taken from the queue; NULL. */
struct kp_sql_call *kp_sql_target_next(struct kp_sql_target *target);
/* Starts calls that wait while there may be more connections. */
void kp_sql_target_serve(struct kp_sql_target *target);
void kp_sql_target_leave(struct kp_sql_target *target);

#endif
