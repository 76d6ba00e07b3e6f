/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * test_sql: what a call to a database ends in: its rows, its caps, a full queue, cancel,
 * the end of its target, and each allocation failing once. Over ODBC with a driver of our
 * own (tests/fault/hanging_odbc.c); over PostgreSQL when KP_TEST_POSTGRES says where one
 * is: "port user password anchor".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/loop.h"
#include "io/sql.h"

#define CALLS_MAX 3
#define ALLOCATIONS_MAX 500

/* Which allocation of this program, on any thread, fails; 0: none. */
static atomic_int countdown;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static bool
fails(void)
{
	return atomic_load(&countdown) > 0 && atomic_fetch_sub(&countdown, 1) == 1;
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

/* What came of one call. */
struct asked {
	struct rig *rig;
	struct kp_sql_call *call; /* NULL: not started, or done */
	enum kp_status started;
	enum kp_status ended;
	unsigned done;
	unsigned columns;
	unsigned rows;
	char words[256];
};

struct rig {
	struct kp_loop *loop;
	struct kp_sql_target *target;
	struct kp_sql_request request;
	struct kp_task begin;
	struct asked asked[CALLS_MAX];
	unsigned count;
	unsigned left;
	bool cancel; /* each call, at once */
	bool close;  /* the target, at once */
};

static enum kp_status
on_columns(void *owner, uint32_t query, const struct kp_slice *names, uint32_t count)
{
	struct asked *asked = owner;
	assert_int_equal(query, asked->columns);
	bool describes = asked->rig->request.describe;
	assert_int_equal(count, describes ? 2 : 1);
	assert_true(kp_slice_is(names[0], describes ? "name" : "wet"));
	asked->columns++;
	return KP_OK;
}

static enum kp_status
on_row(void *owner, uint32_t query, const struct kp_slice *values, uint32_t count)
{
	struct asked *asked = owner;
	assert_int_equal(query + 1, asked->columns);
	bool describes = asked->rig->request.describe;
	assert_int_equal(count, describes ? 2 : 1);
	assert_true(kp_slice_is(values[0], describes ? "wet" : "AOW"));
	assert_true(!describes || kp_slice_is(values[1], "varchar(3)"));
	asked->rows++;
	return KP_OK;
}

static void
end_when_over(struct rig *rig)
{
	if (rig->left == 0) {
		kp_sql_target_close(&rig->target);
		kp_loop_stop(rig->loop);
	}
}

static void
on_done(void *owner, enum kp_status status, const struct kp_error *err)
{
	struct asked *asked = owner;
	assert_int_equal(asked->done++, 0);
	assert_int_equal(err == NULL, status == KP_OK);
	asked->ended = status;
	(void)snprintf(asked->words, sizeof(asked->words), "%s",
		err == NULL ? "" : err->message);
	asked->call = NULL;
	asked->rig->left--;
	end_when_over(asked->rig);
}

static const struct kp_sql_handler handler = {
	.on_columns = on_columns, .on_row = on_row, .on_done = on_done};

static void
begin(struct kp_task *task)
{
	struct rig *rig = KP_CONTAINER_OF(task, struct rig, begin);
	for (unsigned i = 0; i < rig->count; i++) {
		struct asked *asked = &rig->asked[i];
		asked->rig = rig;
		asked->started = kp_sql_start(
			rig->target, &rig->request, &handler, asked, &asked->call);
		rig->left += asked->started == KP_OK ? 1 : 0;
		assert_int_equal(asked->done, 0);
	}
	for (unsigned i = 0; rig->cancel && i < rig->count; i++) {
		kp_sql_cancel(rig->asked[i].call);
		assert_int_equal(rig->asked[i].done, 0);
	}
	if (rig->close) {
		kp_sql_target_close(&rig->target);
	}
	end_when_over(rig);
}

/* Runs the calls that the rig describes; KP_E_MEMORY when there was not even a target. */
static enum kp_status
play(struct rig *rig, const struct kp_sql_target_options *options)
{
	static const struct kp_sql_query queries[] = {
		{.statement = KP_SLICE_INIT("select 'AOW' as wet")},
	};
	struct kp_error err = {0};
	int armed = atomic_exchange(&countdown, 0);
	assert_int_equal(kp_loop_create(0, &rig->loop, &err), KP_OK);
	atomic_store(&countdown, armed);
	rig->request.queries = queries;
	rig->request.query_count = 1;
	rig->request.timeout_ms = 20000;
	enum kp_status status =
		kp_sql_target_open(rig->loop, options, &rig->target, &err);
	if (status == KP_OK) {
		rig->begin.run = begin;
		kp_loop_defer(rig->loop, &rig->begin);
	} else {
		kp_loop_stop(rig->loop);
	}
	kp_loop_run(rig->loop);
	kp_loop_destroy(&rig->loop);
	return status;
}

static struct kp_sql_target_options
over_odbc(void)
{
	return (struct kp_sql_target_options){.engine = KP_SQL_ODBC,
		.name = KP_SLICE("proef"),
		.dsn = KP_SLICE("Driver=" KP_HANGING_ODBC ";"),
		.connections_max = 1,
		.waiting_max = 1,
		.connect_timeout_ms = 10000,
		.idle_ms = 1000};
}

/* False when nobody said where one is. */
static bool
over_postgres(struct kp_sql_target_options *options)
{
	static char user[64];
	static char password[64];
	static char anchor[256];
	unsigned port = 0;
	const char *where = getenv("KP_TEST_POSTGRES");
	if (where == NULL ||
		sscanf(where, "%u %63s %63s %255s", &port, user, password, anchor) != 4) {
		return false;
	}
	*options = over_odbc();
	options->engine = KP_SQL_POSTGRES;
	options->host = KP_SLICE("localhost");
	options->port = (uint16_t)port;
	options->database = KP_SLICE("postgres");
	options->user = kp_slice_from(user);
	options->password = kp_slice_from(password);
	options->anchor_file = kp_slice_from(anchor);
	return true;
}

/* Runs a test with each engine there is. */
static void
with_each(void (*test)(const struct kp_sql_target_options *options))
{
	struct kp_sql_target_options options = over_odbc();
	test(&options);
	if (over_postgres(&options)) {
		test(&options);
	}
}

static struct rig
rig_of(unsigned calls)
{
	return (struct rig){
		.count = calls, .request.rows_max = 10, .request.bytes_max = 1000};
}

static void
ask_twice(const struct kp_sql_target_options *options)
{
	struct rig rig = rig_of(2);
	assert_int_equal(play(&rig, options), KP_OK);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(rig.asked[i].ended, KP_OK);
		assert_int_equal(rig.asked[i].columns, 1);
		assert_int_equal(rig.asked[i].rows, 1);
	}
}

static void
rows_come_and_who_waits_is_served(void **state)
{
	(void)state;
	with_each(ask_twice);
}

static void
ask_too_much(const struct kp_sql_target_options *options)
{
	struct rig rows = rig_of(1);
	rows.request.rows_max = 0;
	assert_int_equal(play(&rows, options), KP_OK);
	assert_int_equal(rows.asked[0].ended, KP_E_LIMIT);
	assert_int_equal(rows.asked[0].rows, 0);
	struct rig bytes = rig_of(1);
	bytes.request.bytes_max = 2;
	assert_int_equal(play(&bytes, options), KP_OK);
	assert_int_equal(bytes.asked[0].ended, KP_E_LIMIT);
	assert_int_equal(bytes.asked[0].rows, 0);
}

static void
caps_end_the_call(void **state)
{
	(void)state;
	with_each(ask_too_much);
}

static void
ask_three(const struct kp_sql_target_options *options)
{
	struct rig rig = rig_of(3);
	assert_int_equal(play(&rig, options), KP_OK);
	assert_int_equal(rig.asked[0].ended, KP_OK);
	assert_int_equal(rig.asked[1].ended, KP_OK);
	assert_int_equal(rig.asked[2].started, KP_E_BUSY);
	assert_int_equal(rig.asked[2].done, 0);
}

static void
a_full_queue_takes_no_more(void **state)
{
	(void)state;
	with_each(ask_three);
}

static void
cancel_both(const struct kp_sql_target_options *options)
{
	struct rig rig = rig_of(2);
	rig.cancel = true;
	assert_int_equal(play(&rig, options), KP_OK);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(rig.asked[i].ended, KP_E_CANCELLED);
		assert_int_equal(rig.asked[i].done, 1);
		assert_int_equal(rig.asked[i].rows, 0);
	}
}

static void
cancel_ends_each_once(void **state)
{
	(void)state;
	with_each(cancel_both);
}

static void
close_under_both(const struct kp_sql_target_options *options)
{
	struct rig rig = rig_of(2);
	rig.close = true;
	assert_int_equal(play(&rig, options), KP_OK);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(rig.asked[i].ended, KP_E_STOPPING);
		assert_int_equal(rig.asked[i].done, 1);
	}
}

static void
a_target_that_closes_ends_its_calls(void **state)
{
	(void)state;
	with_each(close_under_both);
}

/* Whatever fails, each call that was started ends once, and says what happened or has
 * everything. The caller sees to it that a leak is seen. */
static void
fail_each_of(const struct kp_sql_target_options *options, bool describe)
{
	unsigned bad = 0;
	int at = 1;
	for (bool reached = true; reached; at++) {
		struct rig rig = rig_of(2);
		rig.request.describe = describe;
		assert_true(at < ALLOCATIONS_MAX);
		atomic_store(&countdown, at);
		enum kp_status opened = play(&rig, options);
		reached = atomic_exchange(&countdown, 0) <= 0;
		assert_true(opened == KP_OK || opened == KP_E_MEMORY);
		for (unsigned i = 0; opened == KP_OK && i < rig.count; i++) {
			const struct asked *asked = &rig.asked[i];
			assert_true(
				asked->started == KP_OK || asked->started == KP_E_MEMORY);
			assert_int_equal(asked->done, asked->started == KP_OK ? 1 : 0);
			bool whole = asked->done == 1 && asked->ended == KP_OK;
			assert_true(!whole || asked->rows == 1);
			assert_true(whole || reached);
			bad += whole ? 0 : 1;
		}
		bad += opened == KP_OK ? 0 : 1;
	}
	print_message("%d allocations, %u calls that failed of it\n", at - 2, bad);
	/* Most are noticed; a connection that could not be kept is made anew. */
	assert_true(at > 15 && bad > 10);
}

static void
fail_each(const struct kp_sql_target_options *options)
{
	fail_each_of(options, false);
}

static void
each_allocation_may_fail(void **state)
{
	struct kp_sql_target_options options = over_odbc();
	(void)state;
	with_each(fail_each);
	fail_each_of(&options, true);
}

/* In place of its rows come a statement's columns. */
static void
a_statement_is_described(void **state)
{
	struct kp_sql_target_options options = over_odbc();
	struct rig rig = rig_of(1);
	(void)state;
	rig.request.describe = true;
	assert_int_equal(play(&rig, &options), KP_OK);
	assert_int_equal(rig.asked[0].ended, KP_OK);
	assert_int_equal(rig.asked[0].rows, 1);
}

static void
a_statement_that_wants_other_values_is_not_executed(void **state)
{
	struct kp_sql_target_options options = over_odbc();
	struct rig rig = rig_of(1);
	(void)state;
	options.dsn = KP_SLICE("Driver=" KP_HANGING_ODBC ";Params=2;");
	rig.request.describe = true;
	assert_int_equal(play(&rig, &options), KP_OK);
	assert_int_equal(rig.asked[0].ended, KP_E_SOURCE);
	assert_int_equal(rig.asked[0].columns, 0);
	assert_string_equal(rig.asked[0].words,
		"07001: the driver sees 2 parameters, and the query names 0");
}

/* As many columns as an answer may have; one more is too many, as it is for a question.
 */
static void
a_statement_of_too_many_columns_is_refused(void **state)
{
	struct kp_sql_target_options options = over_odbc();
	(void)state;
	for (int more = 0; more <= 1; more++) {
		struct rig rig = rig_of(1);
		options.dsn = more ? KP_SLICE("Driver=" KP_HANGING_ODBC ";Columns=513;")
				   : KP_SLICE("Driver=" KP_HANGING_ODBC ";Columns=512;");
		rig.request.describe = true;
		rig.request.rows_max = 1000;
		rig.request.bytes_max = 1 << 20;
		assert_int_equal(play(&rig, &options), KP_OK);
		assert_int_equal(rig.asked[0].ended, more ? KP_E_LIMIT : KP_OK);
		assert_int_equal(rig.asked[0].rows, more ? 0 : 512);
	}
}

/* What a driver says of the length of a value is not relied on. */
static void
a_value_is_whole_whatever_its_driver_says(void **state)
{
	static const struct {
		struct kp_slice dsn;
		enum kp_status ended;
	} rows[] = {
		{KP_SLICE_INIT("Driver=" KP_HANGING_ODBC ";Says=parts;"), KP_OK},
		{KP_SLICE_INIT("Driver=" KP_HANGING_ODBC ";Says=unsaid;"), KP_OK},
		{KP_SLICE_INIT("Driver=" KP_HANGING_ODBC ";Says=over;"), KP_OK},
		{KP_SLICE_INIT("Driver=" KP_HANGING_ODBC ";Says=stuck;"), KP_E_SOURCE},
	};
	struct kp_sql_target_options options = over_odbc();
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		struct rig rig = rig_of(1);
		options.dsn = rows[i].dsn;
		rig.request.rows_max = 10;
		rig.request.bytes_max = 1 << 16;
		assert_int_equal(play(&rig, &options), KP_OK);
		assert_int_equal(rig.asked[0].ended, rows[i].ended);
		assert_int_equal(rig.asked[0].rows, rows[i].ended == KP_OK ? 1 : 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_and_who_waits_is_served),
		cmocka_unit_test(caps_end_the_call),
		cmocka_unit_test(a_full_queue_takes_no_more),
		cmocka_unit_test(cancel_ends_each_once),
		cmocka_unit_test(a_target_that_closes_ends_its_calls),
		cmocka_unit_test(each_allocation_may_fail),
		cmocka_unit_test(a_statement_is_described),
		cmocka_unit_test(a_statement_that_wants_other_values_is_not_executed),
		cmocka_unit_test(a_statement_of_too_many_columns_is_refused),
		cmocka_unit_test(a_value_is_whole_whatever_its_driver_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
