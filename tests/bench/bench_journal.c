/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bench_journal [FOLDER]: durable records per second by how many wait at the same time (1
 * is one trip to the disk per record, more are groups), the CPU that costs, and the cost
 * of a pseudonym. The folder is where the journal is written; default the current one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../unit/gateway/audit/load.h"
#include "crypto/crypto.h"
#include "io/worker.h"

#define SECONDS 2.0

static double
clock_seconds(clockid_t id)
{
	struct timespec now;
	(void)clock_gettime(id, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
stop_in_time(struct load *load, uint64_t index, uint64_t number)
{
	(void)index;
	(void)number;
	const double *end = load->context;
	if (clock_seconds(CLOCK_MONOTONIC) >= *end) {
		load->enough = load->begun;
	}
}

static int
measure(const char *folder, struct kp_workers *writer, unsigned lanes)
{
	static struct load load;
	char path[4096];
	struct kp_error err;
	(void)snprintf(path, sizeof(path), "%s/bench.journal", folder);
	struct kp_journal_options options = {
		.path = path, .writer = writer, .waiting_max = 1000};
	double end = clock_seconds(CLOCK_MONOTONIC) + SECONDS;
	load = (struct load){.lanes = lanes,
		.enough = UINT64_MAX,
		.on_acknowledged = stop_in_time,
		.context = &end};
	if (kp_journal_open(&options, &load.journal, &err) != KP_OK ||
		kp_loop_create(0, &load.loop, &err) != KP_OK) {
		(void)fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	double begun = clock_seconds(CLOCK_MONOTONIC);
	double cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
	load_run(&load);
	double passed = clock_seconds(CLOCK_MONOTONIC) - begun;
	cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	(void)printf("%7u %12.0f %14.1f %16.2f\n", lanes, (double)load.done / passed,
		passed / (double)load.done * lanes * 1e6, cpu / (double)load.done * 1e6);
	kp_journal_close(&load.journal);
	kp_loop_destroy(&load.loop);
	(void)unlink(path);
	return 0;
}

static int
measure_pseudonyms(void)
{
	struct kp_pseudonym_key key = {.id = {"bench", 5}};
	struct kp_pseudonymiser *pseudonymiser = NULL;
	struct kp_error err;
	if (kp_pseudonymiser_create(&key, 1, 0, &pseudonymiser, &err) != KP_OK) {
		return 1;
	}
	enum { ROUNDS = 1000000 };
	char text[KP_PSEUDONYM_LEN];
	int failed = 0;
	double begun = clock_seconds(CLOCK_MONOTONIC);
	for (int i = 0; i < ROUNDS; i++) {
		failed |= kp_pseudonymise(pseudonymiser,
				  (struct kp_slice){"999993653", 9}, text) != KP_OK;
	}
	(void)printf("pseudonym: %.2f us\n",
		(clock_seconds(CLOCK_MONOTONIC) - begun) / ROUNDS * 1e6);
	kp_pseudonymiser_destroy(&pseudonymiser);
	return failed;
}

int
main(int argc, char **argv)
{
	struct kp_workers *writer = NULL;
	if (kp_workers_create(1, &writer, NULL) != KP_OK) {
		return 1;
	}
	(void)printf("%7s %12s %14s %16s\n", "waiting", "records/s", "us to durable",
		"CPU us/record");
	static const unsigned lanes[] = {1, 2, 4, 8, 16, 32, 64};
	int failed = 0;
	for (size_t i = 0; i < KP_ARRAY_LEN(lanes) && failed == 0; i++) {
		failed = measure(argc > 1 ? argv[1] : ".", writer, lanes[i]);
	}
	kp_workers_destroy(&writer);
	return failed | measure_pseudonyms();
}
