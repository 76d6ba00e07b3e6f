/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* answer: reads the rows of the queries, one JSON array (connector.h, at `query`), as it
 * streams in. */
#ifndef KP_SQL_ANSWER_H
#define KP_SQL_ANSWER_H

#include "connectors/sql/plan.h"
#include "core/json_read.h"

#define KP_SQL_COLUMNS_MAX 512

enum kp_sql_place {
	KP_SQL_TOP,
	KP_SQL_ANSWER,
	KP_SQL_HEAD,
	KP_SQL_COLUMNS,
	KP_SQL_ROW,
	KP_SQL_END,
};

/* In the memory of the call; `arena` is the call's. */
struct kp_sql_answer {
	struct kp_arena *arena;
	struct kp_json_reader reader;
	const struct kp_sql_plan *plan;
	const struct kp_need *need;
	const struct kp_sink *sink; /* during push and finish */
	struct kp_fault *fault;
	bool failed; /* `fault` is set */
	bool stopped;

	enum kp_sql_place place;
	struct kp_slice member;            /* of a head */
	size_t query;                      /* whose rows come; query_count: none yet */
	uint32_t rows[KP_SQL_QUERIES_MAX]; /* of each query */
	bool answered[KP_SQL_QUERIES_MAX];
	struct kp_slice *names; /* columns of the query */
	size_t column_count;
	size_t subject;
	size_t valid_on;
	struct kp_row_columns *columns; /* by group */

	/* The row under way: its texts one behind the other. */
	struct kp_buffer text;
	size_t ends[KP_SQL_COLUMNS_MAX];
	bool json[KP_SQL_COLUMNS_MAX];
	size_t value_count;
};

/* Gets an answer ready. Errors: KP_E_MEMORY. */
enum kp_status kp_sql_answer_init(struct kp_sql_answer *answer,
	const struct kp_sql_plan *plan, const struct kp_need *need,
	struct kp_arena *arena) KP_MUST_USE;

/* KP_DONE, or KP_FAIL with `fault`: rows about nobody, without the manifest's columns, of
 * a query that was not asked, or no answer to one that was. `known`: do the rows say that
 * the person is known? */
int kp_sql_answer_push(struct kp_sql_answer *answer, struct kp_slice bytes,
	const struct kp_sink *sink, struct kp_fault *fault);
int kp_sql_answer_finish(struct kp_sql_answer *answer, const struct kp_sink *sink,
	bool *ret_known, struct kp_fault *fault);

#endif
