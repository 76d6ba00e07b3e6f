/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sql: questions to a partner's database. A target is one database as one loop sees it: a
 * bounded pool of connections and a bounded queue. A call is a few queries in one
 * read-only transaction; its rows come one by one.
 *
 * Two engines: PostgreSQL, asynchronous on the loop (sql_postgres.c), and ODBC for every
 * other database, on threads of its own (sql_odbc.c).
 *
 * As everywhere below io: a call that was started completes exactly once, later, also
 * after cancel and when its target closes. Texts of the database never come out: what
 * went wrong is said by its SQLSTATE (ISO/IEC 9075-2, chapter 24).
 */
#ifndef KP_IO_SQL_H
#define KP_IO_SQL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"
#include "io/loop.h"

#define KP_SQL_COLUMNS_MAX 512
#define KP_SQL_QUERIES_MAX 32

enum kp_sql_engine_kind {
	KP_SQL_POSTGRES,
	KP_SQL_ODBC,
};

/* Copied; the secret parts to wiped memory. */
struct kp_sql_target_options {
	enum kp_sql_engine_kind engine;
	struct kp_slice name; /* of the source, for error texts */
	/* PostgreSQL. */
	struct kp_slice host; /* a name or an address; an IPv6 one without brackets */
	uint16_t port;
	struct kp_slice database;
	struct kp_slice user;
	struct kp_slice password;         /* may be empty */
	struct kp_slice anchor_file;      /* TLS, verified in full; empty: none, and then
					     the host is this machine */
	struct kp_slice certificate_file; /* own; may be empty */
	struct kp_slice key_file;
	/* ODBC: the whole connection string. */
	struct kp_slice dsn;

	uint32_t connections_max;
	uint32_t waiting_max;
	uint32_t connect_timeout_ms;
	uint32_t idle_ms;
};

struct kp_sql_target;
struct kp_sql_call;

/* Opens no connection yet. The options' texts are copied. KP_E_MEMORY. */
enum kp_status kp_sql_target_open(struct kp_loop *loop,
	const struct kp_sql_target_options *options, struct kp_sql_target **ret_target,
	struct kp_error *err) KP_MUST_USE;
/* When its last call is done. Accepts a NULL target. */
void kp_sql_target_close(struct kp_sql_target **target);

/* One query. All of it outlives the call; `statement` is NUL-terminated and outlives the
 * target (it is prepared once for each connection). */
struct kp_sql_query {
	struct kp_slice statement;
	const struct kp_slice *parameters; /* text; data NULL: NULL */
	uint32_t parameter_count;
};

struct kp_sql_request {
	const struct kp_sql_query *queries; /* outlive the call */
	uint32_t query_count;               /* 1..KP_SQL_QUERIES_MAX */
	uint32_t timeout_ms;                /* waiting for a connection included */
	uint64_t bytes_max;                 /* of all values together */
	uint32_t rows_max;                  /* of all queries together */
	/*
	 * ODBC only, for commands that look into a database. Queries are prepared and
	 * executed as always, and instead of its rows come a query's columns, a row
	 * (name, type) of each. A query whose statement is empty is about the connection:
	 * rows (what, value) with "dbms", "version", "driver", "driverVersion", "user",
	 * "quote" (on both sides of a name; a blank: none),
	 * "readOnly" (the driver keeps it to reading), "keptToReading" (the database was
	 * told to, and took it), "rollsBack" ("Y" or "N": what is written stays, or
	 * nobody knows) and "queryTimeout" (the seconds the driver or the database took
	 * over).
	 * Errors bear the words of the driver: so the parameters are of nobody.
	 */
	bool describe;
};

struct kp_sql_handler {
	/* Before the rows of a query, also when there are none. Anything but KP_OK ends
	 * the call with that status. */
	enum kp_status (*on_columns)(void *owner, uint32_t query,
		const struct kp_slice *names, uint32_t count);
	/* Data NULL: NULL. The values live for the call of this function. */
	enum kp_status (*on_row)(void *owner, uint32_t query,
		const struct kp_slice *values, uint32_t count);
	/*
	 * Exactly once. KP_OK; KP_E_SOURCE_UNREACHABLE (no connection, or it broke before
	 * anything came), KP_E_TIMEOUT, KP_E_DENIED (the database refuses us),
	 * KP_E_SOURCE (an error of the database or of the connection half-way),
	 * KP_E_LIMIT (rows or bytes), KP_E_BUSY (at start only), KP_E_CANCELLED,
	 * KP_E_MEMORY, KP_E_STOPPING.
	 */
	void (*on_done)(void *owner, enum kp_status status, const struct kp_error *err);
};

/* Ends in on_done, later; unless it gives KP_E_BUSY (as many wait as may), KP_E_STOPPING
 * or KP_E_MEMORY: then there is no call. */
enum kp_status kp_sql_start(struct kp_sql_target *target,
	const struct kp_sql_request *request, const struct kp_sql_handler *handler,
	void *owner, struct kp_sql_call **ret_call) KP_MUST_USE;
/* Ends in on_done with KP_E_CANCELLED, later. */
void kp_sql_cancel(struct kp_sql_call *call);

#endif
