/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* plan: the queries of a manifest and what each supplies. */
#ifndef KP_SQL_PLAN_H
#define KP_SQL_PLAN_H

#include "connectors/rows.h"
#include "connectors/sql/statement.h"

#define KP_SQL_QUERIES_MAX 32

struct kp_sql_query {
	struct kp_slice name;
	struct kp_sql_statement statement;
};

/* Immutable after compiling; lives in the arena of the instance. */
struct kp_sql_plan {
	const struct kp_manifest *manifest;
	struct kp_row_groups groups;
	struct kp_sql_query *queries;
	size_t query_count;
	size_t known_by; /* query_count: any row will do */
};

/* Makes a zeroed plan; what is wrong goes to host->finding. Errors: KP_E_MEMORY. */
enum kp_status kp_sql_plan_compile(struct kp_arena *arena,
	const struct kp_manifest *manifest, const struct kp_host *host,
	struct kp_sql_plan *plan) KP_MUST_USE;

/* The place of a query by its name; query_count when there is none. */
size_t kp_sql_plan_find(const struct kp_sql_plan *plan, struct kp_slice name);

/* Does the query supply something that is wanted, or say that the person is known? */
bool kp_sql_plan_wants(
	const struct kp_sql_plan *plan, size_t index, const struct kp_need *need);

#endif
