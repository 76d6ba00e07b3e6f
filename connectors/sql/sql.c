/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sql: the connector for databases. The manifest has the queries, with named parameters
 * that are bound and never spliced, and says which columns become which fields. Only the
 * queries that supply something permitted are asked. Every row names the person by the
 * subject column.
 *
 * In:     the rows as one JSON array (connector.h, kp_request_writer.query)   Out: fields
 * Fails:  rows about another person, without the columns of the manifest, or not asked
 */
#include "connectors/fault.h"
#include "connectors/opening.h"
#include "connectors/sql/answer.h"
#include "connectors/text.h"

#define CALL_BYTES_MAX ((size_t)64 << 20)

struct sql_instance {
	struct kp_opening base;
	struct kp_sql_plan plan;
};

struct sql_call {
	struct kp_arena arena;
	const struct kp_need *need;
	struct kp_sql_answer answer;
};

/* Opening. */

static enum kp_status
compile(void *opaque, const struct kp_host *host)
{
	struct sql_instance *instance = opaque;
	return kp_sql_plan_compile(
		&instance->base.arena, instance->base.manifest, host, &instance->plan);
}

static int
open_sql(const struct kp_host *host, struct kp_text manifest, void **ret_instance,
	struct kp_fault *fault)
{
	return kp_opening_open(host, manifest, sizeof(struct sql_instance), compile,
		ret_instance, fault);
}

static void
offers_sql(const void *opaque, uint64_t *cells, uint32_t cell_words)
{
	const struct sql_instance *instance = opaque;
	kp_row_groups_offer(&instance->plan.groups, cells, cell_words);
}

/* Asking. */

/* Empty is NULL to the database; data is NULL for it. */
static struct kp_text
value_of(const struct kp_need *need, const struct kp_sql_parameter *parameter)
{
	struct kp_text value = {0};
	switch (parameter->kind) {
	case KP_SQL_BSN:
		value = need->bsn;
		break;
	case KP_SQL_PURPOSE:
		value = need->purpose;
		break;
	case KP_SQL_ACTIVITY:
		value = need->activity_uri;
		break;
	case KP_SQL_CASE:
		value = need->case_id;
		break;
	case KP_SQL_EMPLOYEE:
		value = need->employee;
		break;
	case KP_SQL_ORGANISATION:
		value = need->organisation;
		break;
	case KP_SQL_TRACE:
		value = need->trace_id;
		break;
	case KP_SQL_NOW:
		value = need->now;
		break;
	case KP_SQL_KNOWN:
		value = need->known == NULL
			? (struct kp_text){0}
			: need->known(need, kp_text_from(parameter->field));
		break;
	}
	return value.len == 0 ? (struct kp_text){0} : value;
}

static int
ask_query(const struct kp_sql_query *query, const struct kp_need *need,
	const struct kp_request_writer *out, struct kp_fault *fault)
{
	struct kp_text values[KP_SQL_PARAMETERS_MAX];
	for (uint32_t i = 0; i < query->statement.parameter_count; i++) {
		const struct kp_sql_parameter *parameter =
			&query->statement.parameters[i];
		values[i] = value_of(need, parameter);
		if (parameter->kind == KP_SQL_KNOWN && values[i].len == 0) {
			return KP_SKIP;
		}
	}
	return out->query(out->context, kp_text_from(query->name),
		       kp_text_from(query->statement.text), values,
		       query->statement.parameter_count)
		? KP_DONE
		: kp_fault_set(fault, "", "a query of the manifest cannot be asked");
}

static int
prepare_sql(const void *opaque, void *memory, const struct kp_call_host *host,
	const struct kp_need *need, const struct kp_request_writer *out,
	struct kp_fault *fault)
{
	const struct kp_sql_plan *plan = &((const struct sql_instance *)opaque)->plan;
	struct sql_call *call = memory;
	(void)host;
	call->need = need;
	size_t asked = 0;
	int verdict = KP_DONE;
	for (size_t i = 0; i < plan->query_count && verdict == KP_DONE; i++) {
		if (kp_sql_plan_wants(plan, i, need)) {
			verdict = ask_query(&plan->queries[i], need, out, fault);
			asked++;
		}
	}
	/* Nothing of it is wanted: whether the person is known may be. */
	return asked == 0 && verdict == KP_DONE
		? ask_query(&plan->queries[0], need, out, fault)
		: verdict;
}

/* The answer. */

static int
head_sql(const void *opaque, void *memory, const struct kp_head *head,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	const struct sql_instance *instance = opaque;
	struct sql_call *call = memory;
	(void)sink;
	if (head->status != 200) {
		return kp_fault_set(fault, "", "the database gave no rows");
	}
	kp_arena_init(&call->arena, CALL_BYTES_MAX, NULL);
	return kp_sql_answer_init(
		       &call->answer, &instance->plan, call->need, &call->arena) == KP_OK
		? KP_DONE
		: kp_fault_memory(fault);
}

static int
consume_sql(const void *opaque, void *memory, struct kp_text bytes,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	(void)opaque;
	struct sql_call *call = memory;
	return kp_sql_answer_push(&call->answer, kp_text_slice(bytes), sink, fault);
}

static int
finish_sql(const void *opaque, void *memory, const struct kp_sink *sink,
	enum kp_outcome *ret_outcome, struct kp_fault *fault)
{
	(void)opaque;
	struct sql_call *call = memory;
	bool known = false;
	int verdict = kp_sql_answer_finish(&call->answer, sink, &known, fault);
	if (verdict == KP_DONE) {
		*ret_outcome = known ? KP_FOUND : KP_NOTHING_FOUND;
	}
	return verdict;
}

static void
end_sql(const void *opaque, void *memory)
{
	(void)opaque;
	struct sql_call *call = memory;
	kp_arena_deinit(&call->arena);
}

extern KP_CONNECTOR_DEFINE;
KP_CONNECTOR_DEFINE = {
	.abi_major = KP_CONNECTOR_ABI_MAJOR,
	.abi_minor = KP_CONNECTOR_ABI_MINOR,
	.size = sizeof(struct kp_connector),
	.name = "sql",
	.summary = "queries to a database, PostgreSQL or over ODBC",
	.transport = KP_TRANSPORT_SQL,
	.call_size = sizeof(struct sql_call),
	.open = open_sql,
	.close = kp_opening_close,
	.offers = offers_sql,
	.prepare = prepare_sql,
	.head = head_sql,
	.consume = consume_sql,
	.finish = finish_sql,
	.end = end_sql,
};
