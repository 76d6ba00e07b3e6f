/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * delivery_rows: what a partner does with a file while it is in force. A delivery that is
 * replaced, by a rename or another symbolic link, goes on giving its own rows; one that
 * is written in place gives a fault or its own rows, never those of somebody else, not
 * even when its size and its time are as before.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "source/delivery_find.h"
#include "source/delivery_rows.h"

static const char catalogue_text[] =
	"{\"versie\":\"1\",\"bronnen\":[{\"naam\":\"proef\",\"titel\":\"P\",\"titelEn\":"
	"\"P\",\"oin\":\"00000000000000000001\"}],\"rubrieken\":[{\"naam\":\"persoon\","
	"\"label\":\"P\",\"labelEn\":\"P\",\"meervoudig\":false,\"bronnen\":[\"proef\"],"
	"\"velden\":[{\"pad\":\"naam\",\"label\":\"N\",\"labelEn\":\"N\",\"soort\":"
	"\"tekst\"}]}]}";

static const char manifest[] =
	"{\"source\":\"proef\",\"organisation\":{\"oin\":\"00000000000000000001\","
	"\"name\":\"P\"},\"connector\":\"file\",\"file\":{\"path\":\"export.csv\","
	"\"key\":\"BSN\"},\"response\":{\"subject\":\"BSN\",\"fields\":{\"persoon.naam\":"
	"\"Naam\"}}}";

static char folder[] = "/tmp/ketenpoort-rows-XXXXXX";
static struct kp_arena arena;
static struct kp_source_set *set;
static struct kp_delivery_state state;

static const char *
in_folder(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];
	(void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static int
open_set(void **context)
{
	(void)context;
	struct kp_catalogue *catalogue = NULL;
	struct kp_findings findings;
	kp_findings_init(&findings, 10);
	kp_arena_init(&arena, (size_t)16 << 20, NULL);
	struct kp_manifest_file file = {"m.json", {manifest, sizeof(manifest) - 1}};
	struct kp_source_set_options options = {
		.files = &file, .file_count = 1, .folder = folder};
	if (mkdtemp(folder) == NULL ||
		kp_catalogue_load(&arena, "c.json", kp_slice_from(catalogue_text),
			&findings, &catalogue) != KP_OK) {
		return -1;
	}
	options.catalogue = catalogue;
	enum kp_status status = kp_source_set_create(&options, &findings, &set);
	kp_findings_deinit(&findings);
	return status == KP_OK ? 0 : -1;
}

static int
close_set(void **context)
{
	(void)context;
	kp_source_set_destroy(&set);
	kp_arena_deinit(&arena);
	(void)unlink(in_folder("export.csv"));
	return rmdir(folder);
}

/* Two clients; in `crossed` each has the other's number, at the same places. */
static void
write_rows(const char *name, const char *value, bool crossed)
{
	FILE *file = fopen(in_folder(name), "r+");
	file = file == NULL ? fopen(in_folder(name), "w") : file;
	assert_non_null(file);
	fprintf(file, "BSN;Naam\n%s;%s een\n%s;%s twee\n",
		crossed ? "999990019" : "999993653", value,
		crossed ? "999993653" : "999990019", value);
	assert_int_equal(ftruncate(fileno(file), ftell(file)), 0);
	(void)fclose(file);
}

static struct kp_delivery *
make(const struct kp_delivery *current)
{
	const struct kp_source *source = kp_source_set_get(set, 0);
	struct kp_delivery_making making = {
		.private = source->private, .state = &state, .current = current};
	state.source = source;
	kp_delivery_make(&making);
	assert_int_equal(making.status, KP_OK);
	assert_non_null(making.delivery);
	return making.delivery;
}

static enum kp_status
find(const struct kp_delivery *delivery, char text[128])
{
	struct kp_delivery_rows rows = {0};
	enum kp_status status =
		kp_delivery_find_rows(delivery, KP_SLICE("999993653"), 1 << 20, &rows);
	text[0] = '\0';
	if (status == KP_OK) {
		(void)snprintf(text, 128, "%.*s", (int)rows.len, rows.bytes);
		assert_int_equal(rows.count, 1);
		assert_int_equal(rows.ends[0], rows.len);
	}
	kp_delivery_rows_free(&rows);
	return status;
}

static void
expect(const struct kp_delivery *delivery, const char *row)
{
	char text[128];
	char expected[128];
	(void)snprintf(expected, sizeof(expected), "BSN;Naam\n999993653;%s\n", row);
	assert_int_equal(find(delivery, text), KP_OK);
	assert_string_equal(text, expected);
	assert_true(kp_delivery_intact(delivery));
}

static void
replaced_by_a_rename(void **context)
{
	(void)context;
	unsigned char before[KP_SIGHT_BYTES];
	unsigned char after[KP_SIGHT_BYTES];
	const struct kp_source_private *private = kp_source_set_get(set, 0)->private;
	write_rows("export.csv", "oud", false);
	struct kp_delivery *old = make(NULL);
	kp_delivery_sight(private, before);
	write_rows("nieuw", "nieuw", true);
	assert_int_equal(rename(in_folder("nieuw"), in_folder("export.csv")), 0);
	expect(old, "oud een");
	kp_delivery_sight(private, after);
	assert_memory_not_equal(before, after, sizeof(before));
	struct kp_delivery *new = make(old);
	assert_ptr_not_equal(new->base, old->base);
	expect(new, "nieuw twee");
	expect(old, "oud een");
	/* Nothing happened since: the same is in force. */
	struct kp_delivery *same = make(new);
	assert_ptr_equal(same->base, new->base);
	kp_delivery_unref(same);
	kp_delivery_unref(new);
	kp_delivery_unref(old);
}

static void
replaced_by_another_link(void **context)
{
	(void)context;
	write_rows("a", "links", false);
	write_rows("b", "rechts", true);
	(void)unlink(in_folder("export.csv"));
	assert_int_equal(symlink("a", in_folder("export.csv")), 0);
	struct kp_delivery *old = make(NULL);
	expect(old, "links een");
	assert_int_equal(symlink("b", in_folder("nieuw")), 0);
	assert_int_equal(rename(in_folder("nieuw"), in_folder("export.csv")), 0);
	expect(old, "links een");
	struct kp_delivery *new = make(old);
	expect(new, "rechts twee");
	kp_delivery_unref(new);
	kp_delivery_unref(old);
	(void)unlink(in_folder("a"));
	(void)unlink(in_folder("b"));
	(void)unlink(in_folder("export.csv"));
}

static void
written_in_place_with_its_time_put_back(void **context)
{
	(void)context;
	char text[128];
	struct stat st;
	write_rows("export.csv", "voor", false);
	assert_int_equal(stat(in_folder("export.csv"), &st), 0);
	struct kp_delivery *old = make(NULL);
	write_rows("export.csv", "voor", true);
	const struct timespec times[2] = {st.st_atim, st.st_mtim};
	assert_int_equal(utimensat(AT_FDCWD, in_folder("export.csv"), times, 0), 0);
	/* Its stamp is as before, and at the place of this client's row is another's. */
	assert_true(kp_delivery_intact(old));
	assert_int_equal(find(old, text), KP_E_BUSY);
	struct kp_delivery *new = make(old);
	assert_ptr_not_equal(new->base, old->base);
	expect(new, "voor twee");
	kp_delivery_unref(new);
	kp_delivery_unref(old);
}

static void
cut_in_place(void **context)
{
	(void)context;
	char text[128];
	write_rows("export.csv", "heel", true);
	struct kp_delivery *old = make(NULL);
	expect(old, "heel twee");
	assert_int_equal(truncate(in_folder("export.csv"), 30), 0);
	assert_int_equal(find(old, text), KP_E_BUSY);
	assert_false(kp_delivery_intact(old));
	/* And while it is being written anew: first nothing, then all of it. */
	assert_int_equal(truncate(in_folder("export.csv"), 0), 0);
	assert_int_equal(find(old, text), KP_E_BUSY);
	write_rows("export.csv", "anders", false);
	struct kp_delivery *new = make(old);
	expect(new, "anders een");
	kp_delivery_unref(new);
	kp_delivery_unref(old);
}

/* A connector that reads as its own does, and meanwhile the partner writes. */
static struct {
	struct kp_connector connector;
	const struct kp_connector *own;
	unsigned writes; /* still to come */
	unsigned readings;
	int verdict; /* of a reading; KP_DONE: its own */
} meanwhile;

static int
scan_meanwhile(const void *instance, void *scan, struct kp_text bytes, bool last,
	const struct kp_index_writer *out, struct kp_fault *fault)
{
	int verdict = meanwhile.own->scan(instance, scan, bytes, last, out, fault);
	meanwhile.readings += last ? 1 : 0;
	if (last && meanwhile.writes > 0) {
		/* Longer each time: clocks of files are coarse. */
		write_rows("export.csv", &"xxx"[--meanwhile.writes], false);
	}
	return meanwhile.verdict == KP_DONE ? verdict : meanwhile.verdict;
}

static struct kp_delivery_making
make_meanwhile(unsigned writes, int verdict)
{
	struct kp_source_private *private = kp_source_set_get(set, 0)->private;
	struct kp_delivery_making making = {.private = private, .state = &state};
	meanwhile.own = private->connector;
	meanwhile.connector = *private->connector;
	meanwhile.connector.scan = scan_meanwhile;
	meanwhile.writes = writes;
	meanwhile.verdict = verdict;
	meanwhile.readings = 0;
	state.source = kp_source_set_get(set, 0);
	write_rows("export.csv", "nul", false);
	private->connector = &meanwhile.connector;
	kp_delivery_make(&making);
	private->connector = meanwhile.own;
	assert_false(making.altered);
	assert_int_equal(making.refusal, KP_DELIVERY_REFUSAL_NONE);
	return making;
}

/* It is read again, three times in all. Nothing else is a reason to. */
static void
written_while_it_is_read(void **context)
{
	(void)context;
	struct kp_delivery_making making = make_meanwhile(2, KP_DONE);
	assert_int_equal(making.status, KP_OK);
	assert_int_equal(meanwhile.readings, 3);
	expect(making.delivery, "xxx een");
	kp_delivery_unref(making.delivery);
	making = make_meanwhile(3, KP_DONE);
	assert_int_equal(making.status, KP_E_BUSY);
	assert_int_equal(meanwhile.readings, 3);
	assert_null(making.delivery);
	making = make_meanwhile(0, KP_NO_MEMORY);
	assert_int_equal(making.status, KP_E_MEMORY);
	assert_int_equal(meanwhile.readings, 1);
	assert_null(making.delivery);
}

static void
as_many_bytes_as_may_be(void **context)
{
	(void)context;
	struct kp_delivery_rows rows = {0};
	write_rows("export.csv", "heel", false);
	struct kp_delivery *delivery = make(NULL);
	const size_t len = strlen("BSN;Naam\n999993653;heel een\n");
	assert_int_equal(
		kp_delivery_find_rows(delivery, KP_SLICE("999993653"), len - 1, &rows),
		KP_E_BODY_LIMIT);
	assert_int_equal(
		kp_delivery_find_rows(delivery, KP_SLICE("999993653"), len, &rows),
		KP_OK);
	assert_int_equal(rows.len, len);
	kp_delivery_rows_free(&rows);
	kp_delivery_unref(delivery);
}

/* An index that leads to a change file where there is none is damaged. */
static void
rows_of_a_file_that_is_not_there(void **context)
{
	(void)context;
	char text[128];
	static const unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES];
	const struct kp_row_index_facts facts = {0};
	const struct kp_row_place place = {.len = 9, .file = 1};
	struct kp_row_index_builder *builder = NULL;
	struct kp_row_index *damaged = NULL;
	write_rows("export.csv", "heel", false);
	struct kp_delivery *delivery = make(NULL);
	struct kp_row_index *own = delivery->base->index;
	const struct kp_row_index_options options = {.like = own};
	assert_int_equal(kp_row_index_begin(&options, &builder), KP_OK);
	assert_int_equal(kp_row_index_add(builder, KP_SLICE("999993653"), &place), KP_OK);
	assert_int_equal(kp_row_index_finish(&builder, origin, &facts, &damaged), KP_OK);
	delivery->base->index = damaged;
	assert_int_equal(find(delivery, text), KP_E_CORRUPT);
	delivery->base->index = own;
	kp_row_index_close(&damaged);
	kp_delivery_unref(delivery);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaced_by_a_rename),
		cmocka_unit_test(replaced_by_another_link),
		cmocka_unit_test(written_in_place_with_its_time_put_back),
		cmocka_unit_test(cut_in_place),
		cmocka_unit_test(written_while_it_is_read),
		cmocka_unit_test(as_many_bytes_as_may_be),
		cmocka_unit_test(rows_of_a_file_that_is_not_there),
	};
	return cmocka_run_group_tests(tests, open_set, close_set);
}
