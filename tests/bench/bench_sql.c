/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bench_sql: what an answer of PostgreSQL costs this process, one at a time over one
 * connection: CPU, time and memory, by number of rows. Started by sql.py, which puts
 * psycopg beside it:  bench_sql PORT USER PASSWORD ROWS CALLS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "io/sql.h"

struct run {
	struct kp_loop *loop;
	struct kp_sql_target *target;
	struct kp_task start;
	struct kp_slice parameter;
	struct kp_sql_query query;
	struct kp_sql_request request;
	unsigned calls;
	unsigned done;
	unsigned failed;
	uint64_t bytes;
	uint64_t began_us;
	long memory_began_kb;
	double cpu_began;
};

static double
cpu_us(void)
{
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static long
memory_kb(void)
{
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static enum kp_status
on_columns(void *owner, uint32_t query, const struct kp_slice *names, uint32_t count)
{
	(void)owner;
	(void)query;
	(void)names;
	return count > 0 ? KP_OK : KP_E_SOURCE;
}

static enum kp_status
on_row(void *owner, uint32_t query, const struct kp_slice *values, uint32_t count)
{
	struct run *run = owner;
	(void)query;
	for (uint32_t i = 0; i < count; i++) {
		run->bytes += values[i].len;
	}
	return KP_OK;
}

static void ask(struct run *run);

static void
on_done(void *owner, enum kp_status status, const struct kp_error *err)
{
	struct run *run = owner;
	(void)err;
	run->failed += status == KP_OK ? 0 : 1;
	if (run->done++ == 0) {
		/* The first one made the connection. */
		run->began_us = kp_loop_clock_us(run->loop);
		run->cpu_began = cpu_us();
		run->bytes = 0;
	}
	if (run->done <= run->calls) {
		ask(run);
		return;
	}
	kp_sql_target_close(&run->target);
	kp_loop_stop(run->loop);
}

static const struct kp_sql_handler handler = {on_columns, on_row, on_done};

static void
ask(struct run *run)
{
	struct kp_sql_call *call = NULL;
	if (kp_sql_start(run->target, &run->request, &handler, run, &call) != KP_OK) {
		abort();
	}
}

static void
on_start(struct kp_task *task)
{
	ask(KP_CONTAINER_OF(task, struct run, start));
}

int
main(int argc, char **argv)
{
	struct kp_error err;
	struct run run = {.start.run = on_start};
	if (argc < 6) {
		return 2;
	}
	struct kp_sql_target_options options = {
		.host = KP_SLICE("127.0.0.1"),
		.port = (uint16_t)strtoul(argv[1], NULL, 10),
		.database = KP_SLICE("postgres"),
		.user = kp_slice_from(argv[2]),
		.password = kp_slice_from(argv[3]),
		.connections_max = 1,
		.waiting_max = 1,
		.connect_timeout_ms = 5000,
		.idle_ms = 10000,
	};
	run.parameter = kp_slice_from(argv[4]);
	run.calls = (unsigned)strtoul(argv[5], NULL, 10);
	run.query = (struct kp_sql_query){
		.statement =
			KP_SLICE("select bsn, naam, bedrag, dag from rij where nummer "
				 "<= $1::int"),
		.parameters = &run.parameter,
		.parameter_count = 1};
	run.request = (struct kp_sql_request){.queries = &run.query,
		.query_count = 1,
		.timeout_ms = 30000,
		.bytes_max = (uint64_t)1 << 30,
		.rows_max = 1000000};
	if (kp_loop_create(0, &run.loop, &err) != KP_OK ||
		kp_sql_target_open(run.loop, &options, &run.target, &err) != KP_OK) {
		return 1;
	}
	kp_loop_post(run.loop, &run.start);
	run.memory_began_kb = memory_kb();
	kp_loop_run(run.loop);
	double cpu = cpu_us() - run.cpu_began;
	double took = (double)(kp_loop_clock_us(run.loop) - run.began_us);
	printf("%.1f %.1f %llu %u %ld\n", cpu / run.calls, took / run.calls,
		(unsigned long long)(run.bytes / run.calls), run.failed,
		memory_kb() - run.memory_began_kb);
	kp_loop_destroy(&run.loop);
	return 0;
}
