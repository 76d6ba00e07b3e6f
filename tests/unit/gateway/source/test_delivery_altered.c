/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * What somebody can do who may write a delivery or its index, but does not know the
 * gateway's secret: make other rows with the same length, CRC and time, exchange pages of
 * the index, bring an index of his own. None of it is ever served, and a delivery that is
 * not what was verified any more is in force no longer.
 */
#include <fcntl.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/crc32c.h"
#include "crypto/crypto.h"
#include "source/delivery_rows.h"

#define ROWS 400u
#define PAGE 2048

static const char catalogue_text[] =
	"{\"versie\":\"1\",\"bronnen\":[{\"naam\":\"proef\",\"titel\":\"P\",\"titelEn\":"
	"\"P\",\"oin\":\"00000000000000000001\"}],\"rubrieken\":[{\"naam\":\"persoon\","
	"\"label\":\"P\",\"labelEn\":\"P\",\"meervoudig\":false,\"bronnen\":[\"proef\"],"
	"\"velden\":[{\"pad\":\"naam\",\"label\":\"N\",\"labelEn\":\"N\",\"soort\":"
	"\"tekst\"}]}]}";

static const char manifest[] =
	"{\"source\":\"proef\",\"organisation\":{\"oin\":\"00000000000000000001\","
	"\"name\":\"P\"},\"connector\":\"file\",\"file\":{\"path\":\"export.csv\","
	"\"key\":\"BSN\",\"index\":\"index\",\"verify\":{\"checksums\":\"{file}.sha256\"}"
	"},\"response\":{\"subject\":\"BSN\",\"fields\":{\"persoon.naam\":\"Naam\"}}}";

static char folder[] = "/tmp/ketenpoort-altered-XXXXXX";
static struct kp_arena arena;
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

static enum kp_status
try_set(const char *key, struct kp_source_set **ret_set)
{
	struct kp_catalogue *catalogue = NULL;
	struct kp_findings findings;
	kp_findings_init(&findings, 10);
	struct kp_manifest_file file = {"m.json", {manifest, sizeof(manifest) - 1}};
	assert_int_equal(kp_catalogue_load(&arena, "c.json",
				 kp_slice_from(catalogue_text), &findings, &catalogue),
		KP_OK);
	struct kp_source_set_options options = {.catalogue = catalogue,
		.files = &file,
		.file_count = 1,
		.folder = folder,
		.index_key = kp_slice_from(key)};
	enum kp_status status = kp_source_set_create(&options, &findings, ret_set);
	kp_findings_deinit(&findings);
	return status;
}

static struct kp_source_set *
open_set(const char *key)
{
	struct kp_source_set *set = NULL;
	assert_int_equal(try_set(key, &set), KP_OK);
	state.source = kp_source_set_get(set, 0);
	return set;
}

/* The row of the one client, 52 bytes with its line end. */
#define ROW_BYTES 52
#define ROW_AT (sizeof("BSN;Naam\n") - 1)
static const char true_row[] = "999993653;dit is de echte naam van deze ene klant..\n";
static const char forged_row[] = "999993653;ietsandersmetveelletterseninkleineletters\n";

static char *
read_whole(const char *name, size_t *ret_len)
{
	static char bytes[1 << 18];
	FILE *file = fopen(in_folder(name), "rb");
	assert_non_null(file);
	*ret_len = fread(bytes, 1, sizeof(bytes), file);
	(void)fclose(file);
	return bytes;
}

static void
write_whole(const char *name, const char *bytes, size_t len)
{
	FILE *file = fopen(in_folder(name), "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	(void)fclose(file);
}

/* The partner's, whole and with its checksum. */
static void
deliver(void)
{
	char text[64];
	unsigned char digest[KP_SHA256_BYTES];
	size_t len = 0;
	(void)unlink(in_folder("export.csv"));
	FILE *file = fopen(in_folder("export.csv"), "w");
	assert_non_null(file);
	fprintf(file, "BSN;Naam\n%s", true_row);
	for (unsigned i = 0; i < ROWS; i++) {
		fprintf(file, "%u;ander %u\n", 100000000 + i * 7, i);
	}
	(void)fclose(file);
	const struct kp_slice whole = {read_whole("export.csv", &len), len};
	kp_sha256(&whole, 1, digest);
	file = fopen(in_folder("export.csv.sha256"), "w");
	assert_non_null(file);
	for (size_t i = 0; i < sizeof(digest); i++) {
		(void)snprintf(text, sizeof(text), "%02x", digest[i]);
		fputs(text, file);
	}
	fprintf(file, "  export.csv\n");
	(void)fclose(file);
}

/* A row with the CRC of the true one: each letter large or small, as solving 32 linear
 * equations says. */
static void
forge(char row[ROW_BYTES])
{
	uint64_t columns[32] = {0}; /* which letters change */
	uint32_t sums[32] = {0};    /* and what that does, by its highest bit */
	uint64_t chosen = 0;
	memcpy(row, forged_row, ROW_BYTES);
	uint32_t plain = kp_crc32c(0, row, ROW_BYTES);
	uint32_t want = plain ^ kp_crc32c(0, true_row, ROW_BYTES);
	for (unsigned i = 0; i < 40; i++) {
		row[10 + i] ^= 0x20;
		uint32_t sum = plain ^ kp_crc32c(0, row, ROW_BYTES);
		row[10 + i] ^= 0x20;
		uint64_t column = (uint64_t)1 << i;
		for (int bit = 31; bit >= 0 && sum != 0; bit--) {
			if ((sum >> bit & 1) == 0) {
				continue;
			}
			if (sums[bit] == 0) {
				sums[bit] = sum;
				columns[bit] = column;
				break;
			}
			sum ^= sums[bit];
			column ^= columns[bit];
		}
	}
	for (int bit = 31; bit >= 0; bit--) {
		if ((want >> bit & 1) != 0) {
			want ^= sums[bit];
			chosen ^= columns[bit];
		}
	}
	for (unsigned i = 0; i < 40; i++) {
		row[10 + i] ^= (chosen >> i & 1) != 0 ? 0x20 : 0;
	}
	assert_int_equal(kp_crc32c(0, row, ROW_BYTES), kp_crc32c(0, true_row, ROW_BYTES));
}

/* Written in place, and its time put back. */
static void
alter(void)
{
	char row[ROW_BYTES];
	struct stat st;
	const char *path = in_folder("export.csv");
	forge(row);
	assert_int_equal(stat(path, &st), 0);
	int fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, row, ROW_BYTES, ROW_AT), ROW_BYTES);
	(void)close(fd);
	const struct timespec times[2] = {st.st_atim, st.st_mtim};
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static struct kp_delivery_making
make(const struct kp_source_set *set, const struct kp_delivery *current, bool anew)
{
	struct kp_delivery_making making = {
		.private = kp_source_set_get(set, 0)->private,
		.state = &state,
		.current = current,
		.anew = anew,
	};
	kp_delivery_make(&making);
	return making;
}

/* The rows of the client: KP_OK only with the true one. */
static enum kp_status
find(const struct kp_delivery *delivery)
{
	struct kp_delivery_rows rows = {0};
	enum kp_status status =
		kp_delivery_find_rows(delivery, KP_SLICE("999993653"), 1 << 20, &rows);
	if (status == KP_OK) {
		assert_int_equal(rows.len, ROW_AT + ROW_BYTES);
		assert_memory_equal(rows.bytes + ROW_AT, true_row, ROW_BYTES);
	}
	kp_delivery_rows_free(&rows);
	return status;
}

static void
a_forged_row_is_not_served(void **context)
{
	(void)context;
	struct kp_source_set *set = open_set("sleutel");
	deliver();
	struct kp_delivery_making before = make(set, NULL, false);
	assert_int_equal(before.status, KP_OK);
	assert_int_equal(find(before.delivery), KP_OK);
	alter();
	assert_true(kp_delivery_intact(before.delivery));
	assert_int_equal(find(before.delivery), KP_E_BUSY);
	/* Whether its stamp was seen, or only the row. */
	for (int anew = 0; anew < 2; anew++) {
		struct kp_delivery_making after = make(set, before.delivery, anew != 0);
		assert_null(after.delivery);
		assert_int_equal(after.refusal, KP_DELIVERY_REFUSAL_CHECKSUM_DIFFERS);
		assert_true(after.altered);
	}
	kp_delivery_unref(before.delivery);
	kp_source_set_destroy(&set);
}

/* Another file in its place is no reason to drop it. */
static void
a_bad_one_in_its_place_leaves_it(void **context)
{
	(void)context;
	struct kp_source_set *set = open_set("sleutel");
	deliver();
	struct kp_delivery_making before = make(set, NULL, false);
	assert_int_equal(before.status, KP_OK);
	write_whole("nieuw", "BSN;Naam\n", 9);
	assert_int_equal(rename(in_folder("nieuw"), in_folder("export.csv")), 0);
	struct kp_delivery_making after = make(set, before.delivery, false);
	assert_null(after.delivery);
	assert_int_equal(after.refusal, KP_DELIVERY_REFUSAL_CHECKSUM_DIFFERS);
	assert_false(after.altered);
	assert_int_equal(find(before.delivery), KP_OK);
	kp_delivery_unref(before.delivery);
	kp_source_set_destroy(&set);
}

static ino_t
inode_of(const char *name)
{
	struct stat st;
	assert_int_equal(stat(in_folder(name), &st), 0);
	assert_int_equal(st.st_mode & 0777, strcmp(name, "index") == 0 ? 0600 : 0644);
	return st.st_ino;
}

/* The true row, whatever lies there as index. */
static void
serve(const char *key, bool anew)
{
	struct kp_source_set *set = open_set(key);
	struct kp_delivery_making made = make(set, NULL, anew);
	assert_int_equal(made.status, KP_OK);
	enum kp_status status = find(made.delivery);
	assert_true(status == KP_OK || (status == KP_E_CORRUPT && !anew));
	kp_delivery_unref(made.delivery);
	kp_source_set_destroy(&set);
	if (status == KP_E_CORRUPT) {
		serve(key, true);
	}
}

static void
an_index_is_believed_by_its_secret(void **context)
{
	(void)context;
	size_t len = 0;
	deliver();
	serve("sleutel", false);
	ino_t first = inode_of("index");
	char *bytes = read_whole("index", &len);
	assert_null(memmem(bytes, len, "999993653", 9));
	assert_null(memmem(bytes, len, "echte", 5));
	serve("sleutel", false);
	assert_int_equal(inode_of("index"), first);
	/* Made by somebody else, over the same delivery. */
	serve("andere sleutel", false);
	assert_int_not_equal(inode_of("index"), first);
	first = inode_of("index");
	serve("sleutel", false);
	assert_int_not_equal(inode_of("index"), first);
}

static void
an_altered_index_leaves_nobody_out(void **context)
{
	(void)context;
	static char good[1 << 18];
	char page[PAGE];
	size_t len = 0;
	deliver();
	serve("sleutel", true);
	memcpy(good, read_whole("index", &len), sizeof(good));
	assert_true(len > 5 * PAGE);
	for (size_t i = 1; i < len / PAGE; i++) {
		/* Pages in each other's place, whole as they are. */
		char *bytes = read_whole("index", &len);
		memcpy(bytes, good, len);
		memcpy(page, bytes + i * PAGE, PAGE);
		size_t other = i == len / PAGE - 1 ? 1 : i + 1;
		memcpy(bytes + i * PAGE, bytes + other * PAGE, PAGE);
		memcpy(bytes + other * PAGE, page, PAGE);
		write_whole("index", bytes, len);
		serve("sleutel", false);
	}
	write_whole("index", good, 2 * PAGE);
	serve("sleutel", false);
	write_whole("index", "", 0);
	serve("sleutel", false);
}

/* libcrypto finds no HMAC that has this property, as when its provider is not there. */
static void
make_keys(bool can)
{
	assert_int_equal(EVP_set_default_properties(NULL, can ? "" : "provider=none"), 1);
}

/* Keys that cannot be made are no keys, and never zeros that anybody could have. */
static void
no_index_without_its_keys(void **context)
{
	(void)context;
	struct kp_source_set *set = NULL;
	struct kp_row_index *index = NULL;
	struct kp_row_index_builder *builder = NULL;
	const unsigned char secret[KP_ROW_INDEX_SECRET_BYTES] = {1};
	const unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES] = {1};
	const struct kp_row_index_facts facts = {0};
	const char *path = in_folder("index");
	const struct kp_row_index_options options = {.path = path, .secret = secret};
	assert_int_equal(kp_row_index_begin(&options, &builder), KP_OK);
	assert_int_equal(kp_row_index_finish(&builder, origin, &facts, &index), KP_OK);
	kp_row_index_close(&index);
	make_keys(false);
	assert_int_equal(try_set("sleutel", &set), KP_E_INTERNAL);
	assert_null(set);
	assert_int_equal(kp_row_index_begin(&options, &builder), KP_E_INTERNAL);
	assert_null(builder);
	assert_int_equal(kp_row_index_open(path, secret, origin, &index), KP_E_INTERNAL);
	assert_null(index);
	make_keys(true);
	assert_int_equal(kp_row_index_open(path, secret, origin, &index), KP_OK);
	kp_row_index_close(&index);
}

static int
begin(void **context)
{
	(void)context;
	kp_arena_init(&arena, (size_t)16 << 20, NULL);
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
end(void **context)
{
	(void)context;
	kp_arena_deinit(&arena);
	(void)unlink(in_folder("export.csv"));
	(void)unlink(in_folder("export.csv.sha256"));
	(void)unlink(in_folder("index"));
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forged_row_is_not_served),
		cmocka_unit_test(a_bad_one_in_its_place_leaves_it),
		cmocka_unit_test(an_index_is_believed_by_its_secret),
		cmocka_unit_test(an_altered_index_leaves_nobody_out),
		cmocka_unit_test(no_index_without_its_keys),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
