/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* plan: see plan.h. */
#include "connectors/sql/plan.h"

#include "connectors/finding.h"

size_t
kp_sql_plan_find(const struct kp_sql_plan *plan, struct kp_slice name)
{
	size_t at = 0;
	while (at < plan->query_count && !kp_slice_equal(plan->queries[at].name, name)) {
		at++;
	}
	return at;
}

/* A case number is the asker's word: it will do where each row says whom it is about. */
static bool
is_about_client(const struct kp_sql_statement *statement, bool named)
{
	for (uint32_t i = 0; i < statement->parameter_count; i++) {
		enum kp_sql_parameter_kind kind = statement->parameters[i].kind;
		if (kind == KP_SQL_BSN || kind == KP_SQL_KNOWN ||
			(kind == KP_SQL_CASE && named)) {
			return true;
		}
	}
	return false;
}

static bool
make_queries(struct kp_arena *arena, struct kp_sql_plan *plan, const struct kp_host *host)
{
	const struct kp_manifest_sql *sql = &plan->manifest->sql;
	bool numbered =
		kp_slice_starts(plan->manifest->endpoint, KP_SLICE("postgresql://"));
	size_t count = sql->query_count > KP_SQL_QUERIES_MAX ? KP_SQL_QUERIES_MAX
							     : sql->query_count;
	plan->queries = KP_ARENA_ARRAY(arena, struct kp_sql_query, count + 1);
	if (plan->queries == NULL) {
		return false;
	}
	if (sql->query_count > KP_SQL_QUERIES_MAX || sql->query_count == 0) {
		kp_finding(host, &sql->place, "%zu queries; allowed are 1 to %d",
			sql->query_count, KP_SQL_QUERIES_MAX);
	}
	for (size_t i = 0; i < count; i++) {
		struct kp_error err = {0};
		struct kp_sql_query *query = &plan->queries[i];
		query->name = sql->queries[i].name;
		enum kp_status status = kp_sql_statement_make(
			arena, sql->queries[i].text, numbered, &query->statement, &err);
		if (status == KP_E_MEMORY) {
			return false;
		}
		if (status != KP_OK) {
			kp_finding(host, &sql->queries[i].place, "%.180s", err.message);
		} else if (!is_about_client(&query->statement,
				   plan->manifest->response.subject.len > 0)) {
			kp_finding(host, &sql->queries[i].place,
				"asks about everybody: narrow it with :bsn, with "
				":bekend.field of an earlier source, or, where rows name "
				"the client, with :zaak");
		}
		plan->query_count++;
	}
	return true;
}

static void
check_tables(const struct kp_sql_plan *plan, const struct kp_host *host)
{
	const struct kp_manifest *manifest = plan->manifest;
	for (size_t i = 0; i < plan->groups.count; i++) {
		const struct kp_row_group *group = &plan->groups.items[i];
		if (group->table.len > 0 &&
			kp_sql_plan_find(plan, group->table) == plan->query_count) {
			kp_finding(host,
				group->field_count > 0 ? &group->fields[0].field->place
						       : &manifest->response.place,
				"'sql/queries' has no query '%.*s'",
				KP_SLICE_ARG(group->table));
		}
	}
	if (manifest->sql.known_by.len > 0 && plan->known_by == plan->query_count) {
		kp_finding(host, &manifest->sql.place,
			"known_by: 'sql/queries' has no query '%.*s'",
			KP_SLICE_ARG(manifest->sql.known_by));
	}
	if (manifest->response.subject.len == 0 && !manifest->response.subject_none) {
		kp_finding(host, &manifest->response.place,
			"has no 'subject': the column of the bsn in every query, or null "
			"when rows do not name the person");
	}
}

enum kp_status
kp_sql_plan_compile(struct kp_arena *arena, const struct kp_manifest *manifest,
	const struct kp_host *host, struct kp_sql_plan *plan)
{
	struct kp_slice known_by = manifest->sql.known_by;
	plan->manifest = manifest;
	if (!make_queries(arena, plan, host) ||
		!kp_row_groups_build(arena, host, manifest, true, &plan->groups)) {
		return KP_E_MEMORY;
	}
	plan->known_by =
		known_by.len == 0 ? plan->query_count : kp_sql_plan_find(plan, known_by);
	check_tables(plan, host);
	return KP_OK;
}

bool
kp_sql_plan_wants(
	const struct kp_sql_plan *plan, size_t index, const struct kp_need *need)
{
	if (index == plan->known_by) {
		return true;
	}
	for (size_t i = 0; i < plan->groups.count; i++) {
		const struct kp_row_group *group = &plan->groups.items[i];
		if (kp_slice_equal(group->table, plan->queries[index].name) &&
			kp_row_group_wanted(group, need)) {
			return true;
		}
	}
	return false;
}
