/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * journal on a disk of our own (this file is the journal_file of its program): broken off
 * at every byte, with blocks that were never written, with every byte damaged, failing,
 * full and slow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "audit/journal.h"
#include "audit/journal_frame.h"
#include "audit/record.h"
#include "io/journal_file.h"
#include "io/worker.h"
#include "load.h"

#define DISK_BYTES ((size_t)1 << 20)
#define RECORDS_MAX 1000

/* The disk. One at a time, as a disk is; the journal's writer is the only other user. */
static struct disk {
	char bytes[DISK_BYTES];
	size_t size;
	size_t durable;
	size_t breaks_at; /* power goes when this many bytes are there */
	unsigned appends;
	unsigned fail_from;   /* this append and all later ones fail; 0: none */
	pthread_mutex_t hold; /* taken by a test to make the disk slow */
} disk = {.breaks_at = SIZE_MAX, .hold = PTHREAD_MUTEX_INITIALIZER};

struct kp_journal_file {
	int unused;
};
static struct kp_journal_file the_file;

enum kp_status
kp_journal_file_open(const char *path, struct kp_journal_file **ret_file,
	uint64_t *ret_size, struct kp_error *err)
{
	(void)path;
	(void)err;
	*ret_file = &the_file;
	*ret_size = disk.size;
	return KP_OK;
}

void
kp_journal_file_close(struct kp_journal_file **file)
{
	*file = NULL;
}

enum kp_status
kp_journal_file_read(struct kp_journal_file *file, uint64_t offset, char *bytes,
	size_t len, size_t *ret_read)
{
	(void)file;
	size_t left = offset < disk.size ? disk.size - (size_t)offset : 0;
	*ret_read = len < left ? len : left;
	memcpy(bytes, disk.bytes + offset, *ret_read);
	return KP_OK;
}

enum kp_status
kp_journal_file_append(struct kp_journal_file *file, const struct kp_slice *parts,
	size_t count, struct kp_error *err)
{
	(void)file;
	(void)pthread_mutex_lock(&disk.hold);
	(void)pthread_mutex_unlock(&disk.hold);
	disk.appends++;
	if (disk.fail_from != 0 && disk.appends >= disk.fail_from) {
		return kp_error_set(err, KP_E_IO, "no space left on device");
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t at = 0; at < parts[i].len; at++) {
			if (disk.size == disk.breaks_at) {
				return KP_E_IO;
			}
			disk.bytes[disk.size++] = parts[i].data[at];
		}
	}
	disk.durable = disk.size;
	return KP_OK;
}

enum kp_status
kp_journal_file_truncate(
	struct kp_journal_file *file, uint64_t size, struct kp_error *err)
{
	(void)file;
	(void)err;
	disk.size = (size_t)size;
	return KP_OK;
}

static void
new_disk(void)
{
	disk.size = 0;
	disk.durable = 0;
	disk.breaks_at = SIZE_MAX;
	disk.appends = 0;
	disk.fail_from = 0;
}

struct fixture {
	struct kp_workers *writer;
	struct kp_loop *loop;
	struct load load;
	uint64_t acknowledged[RECORDS_MAX]; /* number + 1 by index */
};

static void
note_acknowledged(struct load *load, uint64_t index, uint64_t number)
{
	struct fixture *fixture = load->context;
	assert_true(index < RECORDS_MAX);
	assert_int_equal(fixture->acknowledged[index], 0);
	fixture->acknowledged[index] = number + 1;
}

static enum kp_status
open_journal(struct fixture *fixture, struct kp_journal **ret_journal,
	struct kp_journal_recovery *recovery, struct kp_error *err)
{
	struct kp_journal_options options = {.path = "test",
		.writer = fixture->writer,
		.waiting_max = 1000,
		.ret_recovery = recovery};
	return kp_journal_open(&options, ret_journal, err);
}

/* Runs a load against the disk as it is, from opening to closing. */
static enum kp_status
run_load(struct fixture *fixture, unsigned lanes, uint64_t enough)
{
	struct kp_journal *journal = NULL;
	enum kp_status status = open_journal(fixture, &journal, NULL, NULL);
	if (status != KP_OK) {
		return status;
	}
	assert_int_equal(kp_loop_create(0, &fixture->loop, NULL), KP_OK);
	memset(&fixture->load, 0, sizeof(fixture->load));
	fixture->load.loop = fixture->loop;
	fixture->load.journal = journal;
	fixture->load.lanes = lanes;
	fixture->load.enough = enough;
	fixture->load.context = fixture;
	fixture->load.on_acknowledged = note_acknowledged;
	load_run(&fixture->load);
	status = fixture->load.failure;
	assert_int_equal(kp_journal_healthy(journal), status == KP_OK);
	kp_journal_close(&journal);
	kp_loop_destroy(&fixture->loop);
	return status;
}

struct found {
	const struct fixture *fixture;
	uint64_t next;
};

static bool
compare_record(
	void *context, uint64_t index, enum kp_record_type type, struct kp_slice payload)
{
	struct found *found = context;
	assert_int_equal(index, found->next);
	found->next++;
	assert_int_equal(type, KP_RECORD_INTENT);
	uint64_t number = found->fixture->acknowledged[index];
	if (number > 0) {
		char text[LOAD_TEXT_MAX];
		struct kp_slice expected = load_text(number - 1, text);
		assert_true(kp_slice_equal(payload, expected));
	}
	return true;
}

static enum kp_status
read_disk(void *context, uint64_t offset, char *bytes, size_t len, size_t *ret_read)
{
	(void)context;
	return kp_journal_file_read(&the_file, offset, bytes, len, ret_read);
}

/* What was acknowledged is all there, whole, once, in its place. */
static void
check_disk(const struct fixture *fixture)
{
	struct found found = {.fixture = fixture};
	struct kp_journal_scan scan = {.read = read_disk,
		.size = disk.size,
		.visit = compare_record,
		.visit_context = &found};
	struct kp_journal_state state;
	struct kp_error err;
	assert_int_equal(kp_journal_scan(&scan, &state, &err), KP_OK);
	assert_int_equal(state.next_index, found.next);
	for (uint64_t i = found.next; i < RECORDS_MAX; i++) {
		assert_int_equal(fixture->acknowledged[i], 0);
	}
}

static void
records_survive_a_clean_stop(void **state)
{
	struct fixture *fixture = *state;
	new_disk();
	memset(fixture->acknowledged, 0, sizeof(fixture->acknowledged));
	assert_int_equal(run_load(fixture, 8, 300), KP_OK);
	check_disk(fixture);
	assert_int_equal(run_load(fixture, 64, 300), KP_OK);
	check_disk(fixture);
	assert_int_equal(fixture->acknowledged[599] != 0, true);
	/* Groups: far fewer trips to the disk than records. */
	assert_true(disk.appends < 500);
}

static void
power_may_go_at_every_byte(void **state)
{
	struct fixture *fixture = *state;
	for (size_t at = 0; at < 2600; at++) {
		new_disk();
		memset(fixture->acknowledged, 0, sizeof(fixture->acknowledged));
		disk.breaks_at = at;
		enum kp_status status = run_load(fixture, 4, 24);
		assert_true(status != KP_OK || at > 1800);
		disk.breaks_at = SIZE_MAX;
		check_disk(fixture);
		/* And it goes on from there. */
		assert_int_equal(run_load(fixture, 4, 3), KP_OK);
		check_disk(fixture);
	}
}

/* Some blocks of the last, unacknowledged group reach the disk and some do not. */
static void
blocks_may_be_left_unwritten(void **state)
{
	struct fixture *fixture = *state;
	uint32_t seed = 12345;
	for (int round = 0; round < 400; round++) {
		new_disk();
		memset(fixture->acknowledged, 0, sizeof(fixture->acknowledged));
		assert_int_equal(run_load(fixture, 6, 30), KP_OK);
		size_t acknowledged = disk.size;
		struct kp_journal_frame frame = {
			.index = 30, .durable = acknowledged, .type = KP_RECORD_INTENT};
		for (int i = 0; i < 20; i++, frame.index++) {
			char text[LOAD_TEXT_MAX];
			struct kp_slice payload = load_text(500, text);
			unsigned char head[KP_JOURNAL_FRAME_BYTES];
			frame.len = (uint32_t)payload.len;
			frame.payload_crc = 0;
			kp_journal_frame_write(&frame, head);
			memcpy(disk.bytes + disk.size, head, sizeof(head));
			memcpy(disk.bytes + disk.size + sizeof(head), payload.data,
				payload.len);
			disk.size += sizeof(head) + payload.len;
		}
		size_t first = (acknowledged + 511) / 512 * 512;
		memset(disk.bytes + acknowledged, 0, first - acknowledged);
		for (size_t block = first; block < disk.size; block += 512) {
			seed = seed * 1664525 + 1013904223;
			size_t left = disk.size - block;
			if ((seed >> 16) % 3 == 0) {
				memset(disk.bytes + block, 0, left < 512 ? left : 512);
			}
		}
		check_disk(fixture);
		assert_int_equal(run_load(fixture, 4, 3), KP_OK);
		check_disk(fixture);
	}
}

static void
every_flipped_bit_is_found_and_named(void **state)
{
	struct fixture *fixture = *state;
	new_disk();
	memset(fixture->acknowledged, 0, sizeof(fixture->acknowledged));
	assert_int_equal(run_load(fixture, 4, 24), KP_OK);
	size_t size = disk.size;
	for (size_t bit = 0; bit < size * 8; bit++) {
		disk.bytes[bit / 8] ^= (char)(1 << (bit % 8));
		struct kp_journal *journal = NULL;
		struct kp_error err;
		assert_int_equal(
			open_journal(fixture, &journal, NULL, &err), KP_E_CORRUPT);
		assert_null(journal);
		assert_true(err.message[0] != '\0');
		assert_int_equal(disk.size, size); /* nothing was cut */
		disk.bytes[bit / 8] ^= (char)(1 << (bit % 8));
	}
	check_disk(fixture);
}

static void
a_zeroed_block_in_the_middle_is_damage(void **state)
{
	struct fixture *fixture = *state;
	new_disk();
	memset(fixture->acknowledged, 0, sizeof(fixture->acknowledged));
	assert_int_equal(run_load(fixture, 4, 24), KP_OK);
	memset(disk.bytes + 512, 0, 512);
	struct kp_journal *journal = NULL;
	struct kp_error err;
	assert_int_equal(open_journal(fixture, &journal, NULL, &err), KP_E_CORRUPT);
	assert_non_null(strstr(err.message, "record "));
	assert_non_null(strstr(err.message, "is damaged"));
}

static void
a_file_that_is_not_a_journal_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	struct kp_journal *journal = NULL;
	struct kp_error err;
	new_disk();
	memcpy(disk.bytes, "Subject: hello\nnot a journal\n", 29);
	disk.size = 29;
	assert_int_equal(open_journal(fixture, &journal, NULL, &err), KP_E_CORRUPT);
	assert_string_equal(err.message, "this is not a journal");
	disk.size = 5;
	assert_int_equal(open_journal(fixture, &journal, NULL, &err), KP_E_CORRUPT);
	assert_int_equal(disk.size, 5);
}

static void
a_recovery_says_what_it_cut(void **state)
{
	struct fixture *fixture = *state;
	new_disk();
	memset(fixture->acknowledged, 0, sizeof(fixture->acknowledged));
	disk.breaks_at = 700;
	(void)run_load(fixture, 1, 24);
	disk.breaks_at = SIZE_MAX;
	struct kp_journal_recovery recovery = {0};
	struct kp_journal *journal = NULL;
	assert_int_equal(open_journal(fixture, &journal, &recovery, NULL), KP_OK);
	assert_true(recovery.torn_bytes > 0);
	assert_int_equal(disk.size + recovery.torn_bytes, 700);
	assert_int_equal(fixture->acknowledged[recovery.records], 0);
	kp_journal_close(&journal);
}

/* Disk full, or broken: one failure ends it, however the disk does afterwards. */
static void
a_failed_write_fails_every_later_append(void **state)
{
	struct fixture *fixture = *state;
	for (unsigned fail_from = 2; fail_from < 8; fail_from++) {
		new_disk();
		memset(fixture->acknowledged, 0, sizeof(fixture->acknowledged));
		disk.fail_from = fail_from;
		struct kp_journal *journal = NULL;
		assert_int_equal(open_journal(fixture, &journal, NULL, NULL), KP_OK);
		assert_int_equal(kp_loop_create(0, &fixture->loop, NULL), KP_OK);
		fixture->load = (struct load){.loop = fixture->loop,
			.journal = journal,
			.lanes = 5,
			.enough = 100,
			.context = fixture,
			.on_acknowledged = note_acknowledged};
		load_run(&fixture->load);
		assert_int_equal(fixture->load.failure, KP_E_AUDIT);
		assert_false(kp_journal_healthy(journal));
		unsigned appends = disk.appends;
		disk.fail_from = 0;
		struct kp_journal_entry entry = {.type = KP_RECORD_OUTCOME,
			.payload = KP_SLICE("{}"),
			.loop = fixture->loop,
			.on_done = load_on_done};
		assert_int_equal(kp_journal_append(journal, &entry), KP_E_AUDIT);
		assert_int_equal(disk.appends, appends);
		kp_journal_close(&journal);
		kp_loop_destroy(&fixture->loop);
		check_disk(fixture);
	}
}

static void
a_slow_disk_bounds_what_waits(void **state)
{
	struct fixture *fixture = *state;
	new_disk();
	struct kp_journal_options options = {
		.path = "test", .writer = fixture->writer, .waiting_max = 3};
	struct kp_journal *journal = NULL;
	assert_int_equal(kp_journal_open(&options, &journal, NULL), KP_OK);
	struct kp_journal_entry entry = {
		.type = KP_RECORD_OUTCOME, .payload = KP_SLICE("{}")};
	(void)pthread_mutex_lock(&disk.hold);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(kp_journal_append(journal, &entry), KP_OK);
	}
	assert_int_equal(kp_journal_append(journal, &entry), KP_E_BUSY);
	(void)pthread_mutex_unlock(&disk.hold);
	kp_journal_close(&journal);
	struct kp_journal_recovery recovery = {0};
	assert_int_equal(open_journal(fixture, &journal, &recovery, NULL), KP_OK);
	assert_int_equal(recovery.records, 3);
	kp_journal_close(&journal);
}

static void
a_full_journal_takes_only_outcomes(void **state)
{
	struct fixture *fixture = *state;
	new_disk();
	struct kp_journal_options options = {.path = "test",
		.writer = fixture->writer,
		.waiting_max = 100,
		.bytes_max = KP_JOURNAL_HEADER_BYTES + KP_JOURNAL_FRAME_BYTES};
	struct kp_journal *journal = NULL;
	assert_int_equal(kp_journal_open(&options, &journal, NULL), KP_OK);
	struct kp_journal_entry intent = {
		.type = KP_RECORD_INTENT, .payload = KP_SLICE("{}")};
	assert_int_equal(kp_journal_append(journal, &intent), KP_OK);
	while (kp_journal_size(journal) <= options.bytes_max) {
	}
	assert_int_equal(kp_journal_append(journal, &intent), KP_E_AUDIT);
	assert_false(kp_journal_healthy(journal));
	struct kp_journal_entry outcome = {
		.type = KP_RECORD_OUTCOME, .payload = KP_SLICE("{}")};
	assert_int_equal(kp_journal_append(journal, &outcome), KP_OK);
	kp_journal_close(&journal);
	kp_journal_close(&journal);
}

static void
a_record_has_a_largest_size(void **state)
{
	struct fixture *fixture = *state;
	new_disk();
	struct kp_journal *journal = NULL;
	assert_int_equal(open_journal(fixture, &journal, NULL, NULL), KP_OK);
	static char text[KP_RECORD_BYTES_MAX + 1];
	memset(text, ' ', sizeof(text));
	struct kp_journal_entry entry = {
		.type = KP_RECORD_START, .payload = {text, sizeof(text)}};
	assert_int_equal(kp_journal_append(journal, &entry), KP_E_LIMIT);
	entry.payload.len--;
	for (int i = 0; i < 40; i++) {
		assert_int_equal(kp_journal_append(journal, &entry), KP_OK);
	}
	entry.payload.len = 0;
	assert_int_equal(kp_journal_append(journal, &entry), KP_OK);
	kp_journal_close(&journal);
	struct kp_journal_recovery recovery = {0};
	assert_int_equal(open_journal(fixture, &journal, &recovery, NULL), KP_OK);
	assert_int_equal(recovery.records, 41);
	kp_journal_close(&journal);
}

static int
set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	*state = fixture;
	return fixture == NULL || kp_workers_create(1, &fixture->writer, NULL) != KP_OK;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;
	kp_workers_destroy(&fixture->writer);
	free(fixture);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_survive_a_clean_stop),
		cmocka_unit_test(power_may_go_at_every_byte),
		cmocka_unit_test(blocks_may_be_left_unwritten),
		cmocka_unit_test(every_flipped_bit_is_found_and_named),
		cmocka_unit_test(a_zeroed_block_in_the_middle_is_damage),
		cmocka_unit_test(a_file_that_is_not_a_journal_is_left_alone),
		cmocka_unit_test(a_recovery_says_what_it_cut),
		cmocka_unit_test(a_failed_write_fails_every_later_append),
		cmocka_unit_test(a_slow_disk_bounds_what_waits),
		cmocka_unit_test(a_full_journal_takes_only_outcomes),
		cmocka_unit_test(a_record_has_a_largest_size),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
