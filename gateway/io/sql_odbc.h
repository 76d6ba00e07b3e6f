/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sql_odbc: what the files of the ODBC engine share: jobs and the threads that run them
 * (sql_odbc.c), how one is run with the driver manager (sql_odbc_work.h), and how many
 * threads there are (sql_gauge.c). */
#ifndef KP_IO_SQL_ODBC_H
#define KP_IO_SQL_ODBC_H

#include <pthread.h>

#include "io/sql_private.h"

/* unixODBC's headers define their own BOOL and friends: only the files that include
 * sql_odbc_work.h see them. */
struct kp_odbc_session;
struct kp_odbc_dialect;

/* A call as a thread sees it: copies only, since the thread may outlive everything. */
struct kp_odbc_job {
	char *statements[KP_SQL_QUERIES_MAX];
	char **parameters[KP_SQL_QUERIES_MAX]; /* NULL for NULL */
	uint32_t parameter_counts[KP_SQL_QUERIES_MAX];
	uint32_t query_count;
	uint32_t timeout_ms;
	uint32_t connect_timeout_ms;
	uint64_t bytes_max;
	uint32_t rows_max;
	bool describe;

	/* What came: for each head or row its query, the number of values, and each
	 * value's length (UINT32_MAX: NULL) and bytes. */
	char *answer;
	size_t answer_len;
	size_t answer_capacity;
	uint32_t rows;
	enum kp_status status; /* KP_OK, or with KP_E_SOURCE see sqlstate */
	char sqlstate[6];
	enum kp_status meant; /* by the database's own code; KP_OK: nothing more */
	const struct kp_odbc_dialect *dialect; /* once connected */
	bool wide;                             /* the driver takes UTF-16 */
	char words[256]; /* when it describes: the driver's own, after its SQLSTATE */
};

/* Makes the session on its first use. NULL without memory. */
struct kp_odbc_session *kp_odbc_open(const char *dsn);
void kp_odbc_close(struct kp_odbc_session *session);
/* On the session's thread; blocks as long as the driver does. False: the session is of no
 * more use. */
bool kp_odbc_run(struct kp_odbc_session *session, struct kp_odbc_job *job) KP_MUST_USE;
/* From another thread: asks the driver to stop. May block. */
void kp_odbc_cancel(struct kp_odbc_session *session);

/*
 * How many threads a target has, those included that hang and that it has forgotten.
 * `enter` and `leave` once for each thread; when one that was `abandoned` leaves, calls
 * that wait may start. Create, close, enter and threads on the loop, leave on the thread.
 */
struct kp_sql_gauge *kp_sql_gauge_create(struct kp_sql_target *target);
void kp_sql_gauge_close(struct kp_sql_gauge **gauge);
void kp_sql_gauge_enter(struct kp_sql_gauge *gauge);
void kp_sql_gauge_leave(struct kp_sql_gauge *gauge, bool abandoned);
/* 0 of NULL. */
uint32_t kp_sql_gauge_threads(struct kp_sql_gauge *gauge);

#endif
