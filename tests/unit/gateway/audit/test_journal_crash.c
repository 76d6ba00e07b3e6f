/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * journal on a real file, in a process that is killed at a random moment: what it had
 * acknowledged (told through a pipe) is there, once, whole, without gaps, and the next
 * process goes on behind it. KP_CRASH_ROUNDS sets the number of kills.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit/journal.h"
#include "io/worker.h"
#include "load.h"

#define ROUNDS_DEFAULT 60
#define ROUNDS_PER_FILE 200
#define RECORDS_MAX 2000000

struct acknowledgement {
	uint64_t index;
	uint64_t number;
};

static void
tell(struct load *load, uint64_t index, uint64_t number)
{
	int *fd = load->context;
	struct acknowledgement told = {index, number};
	if (write(*fd, &told, sizeof(told)) != (ssize_t)sizeof(told)) {
		_exit(3);
	}
}

static void
append_until_killed(const char *path, int fd)
{
	struct kp_workers *writer = NULL;
	struct kp_journal *journal = NULL;
	static struct load load;
	if (kp_workers_create(1, &writer, NULL) != KP_OK ||
		kp_loop_create(0, &load.loop, NULL) != KP_OK) {
		_exit(4);
	}
	struct kp_journal_options options = {
		.path = path, .writer = writer, .waiting_max = 1000};
	if (kp_journal_open(&options, &journal, NULL) != KP_OK) {
		_exit(5);
	}
	load.journal = journal;
	load.lanes = 32;
	load.enough = UINT64_MAX;
	load.on_acknowledged = tell;
	load.context = &fd;
	load_run(&load);
	_exit(6);
}

struct history {
	uint64_t *numbers; /* number + 1 by index; 0 when not acknowledged */
	uint64_t count;    /* highest acknowledged index + 1 */
	uint64_t next;
};

static bool
compare_record(
	void *context, uint64_t index, enum kp_record_type type, struct kp_slice payload)
{
	struct history *history = context;
	assert_int_equal(type, KP_RECORD_INTENT);
	assert_int_equal(index, history->next);
	history->next++;
	uint64_t number = index < RECORDS_MAX ? history->numbers[index] : 0;
	if (number > 0) {
		char text[LOAD_TEXT_MAX];
		assert_true(kp_slice_equal(payload, load_text(number - 1, text)));
	}
	return true;
}

static void
kill_once(const char *path, struct history *history, unsigned delay_us)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(ends[0]);
		append_until_killed(path, ends[1]);
	}
	(void)close(ends[1]);
	struct timespec delay = {.tv_nsec = (long)delay_us * 1000};
	(void)nanosleep(&delay, NULL);
	/* Read while it writes, so that the pipe does not slow it down for long. */
	struct acknowledgement told;
	(void)kill(child, SIGKILL);
	while (read(ends[0], &told, sizeof(told)) == (ssize_t)sizeof(told)) {
		assert_true(told.index < RECORDS_MAX);
		assert_int_equal(history->numbers[told.index], 0);
		history->numbers[told.index] = told.number + 1;
		if (told.index >= history->count) {
			history->count = told.index + 1;
		}
	}
	(void)close(ends[0]);
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* What is in the file after a kill, against what was acknowledged. */
static void
check_file(const char *path, struct history *history, uint64_t *torn)
{
	struct kp_journal_recovery found = {0};
	struct kp_error err = {0};
	history->next = 0;
	enum kp_status status =
		kp_journal_check(path, compare_record, history, &found, &err);
	if (status == KP_E_NOT_FOUND && history->count == 0) {
		return; /* killed before the file was made */
	}
	if (status != KP_OK) {
		print_error("%s\n", err.message);
	}
	assert_int_equal(status, KP_OK);
	assert_int_equal(found.records, history->next);
	assert_true(history->next >= history->count);
	*torn += found.torn_bytes > 0;
}

static void
no_acknowledged_record_is_lost(void **state)
{
	(void)state;
	const char *wanted = getenv("KP_CRASH_ROUNDS");
	long rounds = wanted == NULL ? ROUNDS_DEFAULT : strtol(wanted, NULL, 10);
	char folder[] = "/tmp/kp-journal-XXXXXX";
	assert_non_null(mkdtemp(folder));
	char path[64];
	(void)snprintf(path, sizeof(path), "%s/journal", folder);
	struct history history = {.numbers = calloc(RECORDS_MAX, sizeof(uint64_t))};
	assert_non_null(history.numbers);
	uint32_t seed = (uint32_t)getpid();
	uint64_t torn = 0;
	uint64_t records = 0;
	for (long round = 0; round < rounds; round++) {
		if (round % ROUNDS_PER_FILE == 0) {
			(void)unlink(path);
			records += history.count;
			memset(history.numbers, 0, history.count * sizeof(uint64_t));
			history.count = 0;
		}
		seed = seed * 1664525 + 1013904223;
		kill_once(path, &history, (seed >> 12) % 12000);
		check_file(path, &history, &torn);
	}
	records += history.count;
	print_message("%ld kills, %llu records acknowledged, %llu torn tails\n", rounds,
		(unsigned long long)records, (unsigned long long)torn);
	assert_true(records > 0);
	free(history.numbers);
	(void)unlink(path);
	(void)rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_acknowledged_record_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
