/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_file: plain files, listings and the journal's file, on a real disk. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/file.h"
#include "io/journal_file.h"

static char folder[] = "/tmp/kp_test_file.XXXXXX";
static char path_text[512];

static const char *
in_folder(const char *name)
{
	(void)snprintf(path_text, sizeof(path_text), "%s/%s", folder, name);
	return path_text;
}

static void
write_file(const char *name, const char *text)
{
	FILE *file = fopen(in_folder(name), "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
read_whole_files(void **state)
{
	(void)state;
	struct kp_arena arena;
	struct kp_error err = {0};
	struct kp_slice text = {NULL, 0};
	kp_arena_init(&arena, 65536, NULL);
	write_file("ten", "0123456789");
	assert_int_equal(
		kp_file_read_all(in_folder("ten"), &arena, 10, &text, &err), KP_OK);
	assert_true(kp_slice_is(text, "0123456789"));
	assert_int_equal(text.data[10], '\0');
	assert_int_equal(
		kp_file_read_all(in_folder("ten"), &arena, 9, &text, &err), KP_E_LIMIT);
	assert_non_null(strstr(err.message, "10 bytes, above the limit of 9"));
	write_file("none", "");
	assert_int_equal(
		kp_file_read_all(in_folder("none"), &arena, 9, &text, &err), KP_OK);
	assert_int_equal(text.len, 0);
	assert_int_equal(kp_file_read_all(in_folder("absent"), &arena, 9, &text, &err),
		KP_E_NOT_FOUND);
	assert_int_equal(kp_file_read_all(folder, &arena, 9, &text, &err), KP_E_IO);
	assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
	assert_int_equal(
		kp_file_read_all(in_folder("pipe"), &arena, 9, &text, &err), KP_E_IO);
	kp_arena_deinit(&arena);
	kp_arena_init(&arena, 8, NULL);
	assert_int_equal(
		kp_file_read_all(in_folder("ten"), &arena, 10, &text, &err), KP_E_MEMORY);
	kp_arena_deinit(&arena);
}

static void
read_pieces_and_stamps(void **state)
{
	(void)state;
	struct kp_file *file = NULL;
	struct kp_error err = {0};
	struct kp_file_stamp before;
	struct kp_file_stamp after;
	char bytes[8];
	size_t got = 0;
	write_file("stamp", "abcdef");
	assert_int_equal(kp_file_open(in_folder("stamp"), &file, &err), KP_OK);
	assert_int_equal(kp_file_read_at(file, 2, bytes, 3, &got), KP_OK);
	assert_int_equal(got, 3);
	assert_memory_equal(bytes, "cde", 3);
	assert_int_equal(kp_file_read_at(file, 4, bytes, 8, &got), KP_OK);
	assert_int_equal(got, 2);
	assert_int_equal(kp_file_read_at(file, 100, bytes, 8, &got), KP_OK);
	assert_int_equal(got, 0);
	assert_int_equal(kp_file_stat(file, &before), KP_OK);
	assert_int_equal(before.size, 6);
	kp_file_close(&file);
	assert_null(file);
	kp_file_close(&file);
	assert_int_equal(kp_file_stamp_of(in_folder("stamp"), &after), KP_OK);
	assert_memory_equal(&before, &after, sizeof(before));
	write_file("other", "abcdef");
	assert_int_equal(rename(in_folder("other"), "/tmp/kp_test_file.moved"), 0);
	assert_int_equal(rename("/tmp/kp_test_file.moved", in_folder("stamp")), 0);
	assert_int_equal(kp_file_stamp_of(in_folder("stamp"), &after), KP_OK);
	assert_true(before.inode != after.inode);
	assert_int_equal(kp_file_stamp_of(in_folder("absent"), &after), KP_E_NOT_FOUND);
	assert_int_equal(kp_file_stamp_of(in_folder("stamp/x"), &after), KP_E_NOT_FOUND);
}

static void
list_folders(void **state)
{
	(void)state;
	struct kp_arena arena;
	struct kp_error err = {0};
	struct kp_slice *names = NULL;
	size_t count = 0;
	char top[600];
	kp_arena_init(&arena, 65536, NULL);
	assert_int_equal(mkdir(in_folder("list"), 0700), 0);
	(void)snprintf(top, sizeof(top), "%s/list", folder);
	assert_int_equal(kp_file_list(top, &arena, 10, &names, &count, &err), KP_OK);
	assert_int_equal(count, 0);
	assert_int_equal(mkdir(in_folder("list/b"), 0700), 0);
	assert_int_equal(mkdir(in_folder("list/.git"), 0700), 0);
	write_file("list/z", "");
	write_file("list/a", "");
	write_file("list/b/c", "");
	write_file("list/b.x", "");
	write_file("list/.hidden", "");
	write_file("list/.git/config", "");
	assert_int_equal(mkfifo(in_folder("list/pipe"), 0600), 0);
	assert_int_equal(kp_file_list(top, &arena, 4, &names, &count, &err), KP_OK);
	assert_int_equal(count, 4);
	static const char *const expected[] = {"a", "b.x", "b/c", "z"};
	for (size_t i = 0; i < 4; i++) {
		assert_true(kp_slice_is(names[i], expected[i]));
	}
	assert_int_equal(kp_file_list(top, &arena, 3, &names, &count, &err), KP_E_LIMIT);
	assert_non_null(strstr(err.message, "more than 3 files"));
	/* Of the one folder: neither what lies deeper nor what leads nowhere. */
	assert_int_equal(symlink("nowhere", in_folder("list/gone")), 0);
	assert_int_equal(kp_file_list_one(top, &arena, 3, &names, &count, &err), KP_OK);
	assert_int_equal(count, 3);
	assert_true(kp_slice_is(names[1], "b.x"));
	assert_int_equal(
		kp_file_list_one(top, &arena, 2, &names, &count, &err), KP_E_LIMIT);
	assert_int_not_equal(kp_file_list(top, &arena, 10, &names, &count, &err), KP_OK);
	assert_int_equal(unlink(in_folder("list/gone")), 0);
	assert_int_equal(
		kp_file_list(in_folder("absent"), &arena, 3, &names, &count, &err),
		KP_E_NOT_FOUND);
	/* A folder that contains itself through a link ends at a bound. */
	assert_int_equal(symlink(top, in_folder("list/b/loop")), 0);
	assert_int_not_equal(
		kp_file_list(top, &arena, 1000, &names, &count, &err), KP_OK);
	kp_arena_deinit(&arena);
}

static void
journal_appends_and_locks(void **state)
{
	(void)state;
	struct kp_journal_file *file = NULL;
	struct kp_journal_file *second = NULL;
	struct kp_error err = {0};
	uint64_t size = 99;
	char bytes[16];
	size_t got = 0;
	char path[600];
	(void)snprintf(path, sizeof(path), "%s/journal", folder);
	assert_int_equal(kp_journal_file_open(path, &file, &size, &err), KP_OK);
	assert_int_equal(size, 0);
	assert_int_equal(kp_journal_file_open(path, &second, &size, &err), KP_E_BUSY);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	struct kp_slice parts[1000];
	for (size_t i = 0; i < 1000; i++) {
		parts[i] = i % 10 == 0 ? (struct kp_slice){NULL, 0} : KP_SLICE("abc");
	}
	assert_int_equal(kp_journal_file_append(file, parts, 1000, &err), KP_OK);
	assert_int_equal(kp_journal_file_read(file, 2697, bytes, 16, &got), KP_OK);
	assert_int_equal(got, 3);
	assert_memory_equal(bytes, "abc", 3);
	assert_int_equal(kp_journal_file_truncate(file, 4, &err), KP_OK);
	parts[0] = KP_SLICE("XY");
	assert_int_equal(kp_journal_file_append(file, parts, 1, &err), KP_OK);
	kp_journal_file_close(&file);
	assert_null(file);
	assert_int_equal(kp_journal_file_open(path, &file, &size, &err), KP_OK);
	assert_int_equal(size, 6);
	assert_int_equal(kp_journal_file_read(file, 0, bytes, 16, &got), KP_OK);
	assert_memory_equal(bytes, "abcaXY", 6);
	kp_journal_file_close(&file);
	assert_int_equal(kp_journal_file_open("/nonexistent/journal", &file, &size, &err),
		KP_E_IO);
	assert_int_equal(kp_journal_file_open(folder, &file, &size, &err), KP_E_IO);
	/* A link in its place could lead the records elsewhere. */
	assert_int_equal(symlink(path, in_folder("link")), 0);
	assert_int_equal(
		kp_journal_file_open(in_folder("link"), &file, &size, &err), KP_E_IO);
}

/* The disk is full, as the kernel says it; then it has room again, and still no. */
static void
journal_refuses_after_a_failure(void **state)
{
	(void)state;
	struct kp_journal_file *file = NULL;
	struct kp_error err = {0};
	uint64_t size = 0;
	struct rlimit old;
	struct kp_slice part = KP_SLICE("0123456789");
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(
		kp_journal_file_open(in_folder("full"), &file, &size, &err), KP_OK);
	assert_int_equal(kp_journal_file_append(file, &part, 1, &err), KP_OK);
	(void)getrlimit(RLIMIT_FSIZE, &old);
	struct rlimit tight = {15, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_int_equal(kp_journal_file_append(file, &part, 1, &err), KP_E_IO);
	assert_int_equal(err.cause, EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(kp_journal_file_append(file, &part, 1, &err), KP_E_IO);
	assert_non_null(strstr(err.message, "after a failed write"));
	kp_journal_file_close(&file);
}

static void
expect_file(const char *name, const char *text, mode_t mode)
{
	struct kp_arena arena;
	struct kp_slice got = {NULL, 0};
	struct kp_error err = {0};
	struct stat st;
	kp_arena_init(&arena, 65536, NULL);
	assert_int_equal(
		kp_file_read_all(in_folder(name), &arena, 1000, &got, &err), KP_OK);
	assert_true(kp_slice_equal(got, kp_slice_from(text)));
	assert_int_equal(stat(in_folder(name), &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	kp_arena_deinit(&arena);
}

/* The new text or the old one, and nothing beside it. */
static void
replaces_whole_or_not_at_all(void **state)
{
	(void)state;
	struct kp_error err = {0};
	struct kp_arena arena;
	struct kp_slice *names = NULL;
	size_t before = 0;
	size_t after = 0;
	struct rlimit old;
	kp_arena_init(&arena, 65536, NULL);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(
		kp_file_replace(in_folder("one"), KP_SLICE("first"), 0640, &err), KP_OK);
	expect_file("one", "first", 0640);
	assert_int_equal(
		kp_file_replace(in_folder("one"), KP_SLICE("second"), 0600, &err), KP_OK);
	expect_file("one", "second", 0600);
	assert_int_equal(
		kp_file_place(in_folder("two"), KP_SLICE("mine"), 0644, &err), KP_OK);
	expect_file("two", "mine", 0644);
	assert_int_equal(kp_file_list(folder, &arena, 100, &names, &before, &err), KP_OK);
	assert_int_equal(
		kp_file_place(in_folder("two"), KP_SLICE("yours"), 0644, &err), KP_E_IO);
	assert_int_equal(err.cause, EEXIST);
	expect_file("two", "mine", 0644);
	(void)getrlimit(RLIMIT_FSIZE, &old);
	struct rlimit tight = {4, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_int_equal(kp_file_replace(in_folder("one"), KP_SLICE("third"), 0644, &err),
		KP_E_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(err.cause, EFBIG);
	expect_file("one", "second", 0600);
	assert_int_equal(kp_file_list(folder, &arena, 100, &names, &after, &err), KP_OK);
	assert_int_equal(after, before);
	assert_int_equal(
		kp_file_replace(in_folder("nowhere/one"), KP_SLICE("x"), 0600, &err),
		KP_E_NOT_FOUND);
	kp_arena_deinit(&arena);
}

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	char command[600];
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void
files_in_memory_hold_and_let_go(void **state)
{
	(void)state;
	struct kp_error err = {0};
	struct kp_file *file = NULL;
	struct kp_file_stamp stamp;
	char bytes[16];
	size_t len = 0;
	assert_int_equal(kp_file_create_secret(0, &file, &err), KP_E_MEMORY);
	assert_int_equal(kp_file_create_secret(100000, &file, &err), KP_OK);
	assert_int_equal(kp_file_write_at(file, 5, "fghij", 5), KP_OK);
	assert_int_equal(kp_file_write_at(file, 0, "abcde", 5), KP_OK);
	/* At the bound, and one past it. */
	assert_int_equal(kp_file_write_at(file, 99999, "z", 1), KP_OK);
	assert_int_equal(kp_file_write_at(file, 99999, "zz", 2), KP_E_LIMIT);
	assert_int_equal(kp_file_write_at(file, UINT64_MAX, "z", 1), KP_E_LIMIT);
	assert_int_equal(kp_file_seal(file), KP_OK);
	assert_int_equal(kp_file_stat(file, &stamp), KP_OK);
	assert_int_equal(stamp.size, 100000);
	assert_int_equal(kp_file_read_at(file, 2, bytes, 6, &len), KP_OK);
	assert_int_equal(len, 6);
	assert_memory_equal(bytes, "cdefgh", 6);
	assert_int_equal(kp_file_read_at(file, 99998, bytes, sizeof(bytes), &len), KP_OK);
	assert_int_equal(len, 2);
	assert_int_equal(kp_file_read_at(file, 100000, bytes, 1, &len), KP_OK);
	assert_int_equal(len, 0);
	kp_file_close(&file);
	assert_null(file);
	assert_int_equal(kp_file_create_secret(1, &file, &err), KP_OK);
	assert_int_equal(kp_file_seal(file), KP_OK);
	kp_file_close(&file);
}

/* Without a descriptor, and read-only from the seal on: whoever writes, ends. */
static void
sealed_memory_is_not_written(void **state)
{
	(void)state;
	struct kp_error err = {0};
	struct kp_file *file = NULL;
	int status = 0;
	int before = dup(0);
	assert_int_equal(close(before), 0);
	assert_int_equal(kp_file_create_secret(8192, &file, &err), KP_OK);
	int after = dup(0);
	assert_int_equal(after, before);
	assert_int_equal(close(after), 0);
	assert_int_equal(kp_file_write_at(file, 0, "x", 1), KP_OK);
	assert_int_equal(kp_file_seal(file), KP_OK);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)signal(SIGSEGV, SIG_DFL);
		(void)!kp_file_write_at(file, 0, "y", 1);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	kp_file_close(&file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_whole_files),
		cmocka_unit_test(read_pieces_and_stamps),
		cmocka_unit_test(replaces_whole_or_not_at_all),
		cmocka_unit_test(list_folders),
		cmocka_unit_test(journal_appends_and_locks),
		cmocka_unit_test(journal_refuses_after_a_failure),
		cmocka_unit_test(files_in_memory_hold_and_let_go),
		cmocka_unit_test(sealed_memory_is_not_written),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
