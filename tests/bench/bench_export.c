/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bench_export: an export of five million rows (bench_export ROWS), indexed on disk and
 * looked up: time to index and to open it again, look-ups a second, resident memory.
 * "bench_export ROWS keep" leaves the files; export.py puts SQLite beside it.
 * "bench_export FOLDER" takes in export.xlsx there; workbook.py puts openpyxl beside it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "source/delivery_rows.h"

static double
seconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* "VmRSS:" now, "VmHWM:" at most. */
static long
status_kb(const char *name)
{
	char line[128];
	long kb = 0;
	FILE *file = fopen("/proc/self/status", "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0) {
			kb = strtol(line + strlen(name), NULL, 10);
		}
	}
	if (file != NULL) {
		(void)fclose(file);
	}
	return kb;
}

static long
resident_kb(void)
{
	return status_kb("VmRSS:");
}

static void
write_export(const char *path, unsigned rows)
{
	FILE *file = fopen(path, "w");
	if (file == NULL) {
		return;
	}
	fprintf(file, "BSN;Naam;Straat;Postcode;Woonplaats\n");
	for (unsigned i = 0; i < rows; i++) {
		fprintf(file, "%09u;Naam Nummer %u;Lange Straat %u;%uAB;Utrecht\n",
			100000000u + i * 97u % 900000000u, i, i % 400, 1000 + i % 9000);
	}
	(void)fclose(file);
}

static const char catalogue_text[] =
	"{\"versie\":\"1\",\"bronnen\":[{\"naam\":\"proef\",\"titel\":\"P\",\"titelEn\":"
	"\"P\",\"oin\":\"00000000000000000001\"}],\"rubrieken\":[{\"naam\":\"persoon\","
	"\"label\":\"P\",\"labelEn\":\"P\",\"bronnen\":[\"proef\"],\"velden\":[{\"pad\":"
	"\"naam\",\"label\":\"N\",\"labelEn\":\"N\",\"soort\":\"tekst\"}]}]}";

#define MANIFEST(file)                                                                   \
	"{\"source\":\"proef\",\"organisation\":{\"oin\":\"00000000000000000001\","      \
	"\"name\":\"P\"},\"connector\":\"file\",\"file\":{" file ",\"key\":\"BSN\"},"    \
	"\"response\":{\"subject\":\"BSN\",\"fields\":{\"persoon.naam\":\"Naam\"}}}"

static const struct kp_source_private *
open_source(const char *manifest, const char *folder, struct kp_arena *arena,
	struct kp_source_set **ret_set)
{
	struct kp_catalogue *catalogue = NULL;
	struct kp_findings findings;
	kp_findings_init(&findings, 10);
	struct kp_manifest_file file = {"m.json", kp_slice_from(manifest)};
	struct kp_source_set_options options = {.files = &file,
		.file_count = 1,
		.folder = folder,
		.index_key = KP_SLICE("bench")};
	if (kp_catalogue_load(arena, "c.json", kp_slice_from(catalogue_text), &findings,
		    &catalogue) != KP_OK) {
		return NULL;
	}
	options.catalogue = catalogue;
	if (kp_source_set_create(&options, &findings, ret_set) != KP_OK) {
		return NULL;
	}
	kp_findings_deinit(&findings);
	return kp_source_set_get(*ret_set, 0)->private;
}

static void
look_up(const struct kp_delivery *export, unsigned rows, unsigned count)
{
	unsigned found = 0;
	double before = seconds();
	for (unsigned i = 0; i < count; i++) {
		char key[16];
		struct kp_delivery_rows found_rows = {0};
		unsigned row = (unsigned)((uint64_t)i * 2654435761u % rows);
		(void)snprintf(
			key, sizeof(key), "%09u", 100000000u + row * 97u % 900000000u);
		if (kp_delivery_find_rows(export, (struct kp_slice){key, 9}, 1 << 20,
			    &found_rows) == KP_OK &&
			memmem(found_rows.bytes, found_rows.len, key, 9) != NULL) {
			found++;
		}
		kp_delivery_rows_free(&found_rows);
	}
	double took = seconds() - before;
	printf("look-ups          %10.0f a second, %.2f us each (%u of %u found)\n",
		count / took, took * 1e6 / count, found, count);
}

/* A workbook as it is delivered: unpacked, indexed, one client looked up. */
static int
take_workbook(const char *folder)
{
	struct kp_arena arena;
	struct kp_source_set *set = NULL;
	struct rusage used;
	kp_arena_init(&arena, (size_t)16 << 20, NULL);
	const struct kp_source_private *private =
		open_source(MANIFEST("\"path\":\"export.xlsx\",\"form\":\"xlsx\""),
			folder, &arena, &set);
	if (private == NULL) {
		return 1;
	}
	long before_kb = resident_kb();
	double before = seconds();
	struct kp_delivery_state state = {.source = kp_source_set_get(set, 0)};
	struct kp_delivery_making making = {.private = private, .state = &state};
	kp_delivery_make(&making);
	if (making.delivery == NULL) {
		fprintf(stderr, "%s: %s\n", making.fault.place, making.fault.message);
		return 1;
	}
	double took = seconds() - before;
	(void)getrusage(RUSAGE_SELF, &used);
	printf("taken in          %10.2f s, %.2f s of CPU, at most %ld kB resident (%ld "
	       "kB "
	       "before, %ld kB after)\n",
		took,
		(double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
		status_kb("VmHWM:"), before_kb, resident_kb());
	look_up(making.delivery, 100000, 200000);
	kp_delivery_unref(making.delivery);
	kp_source_set_destroy(&set);
	kp_arena_deinit(&arena);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc > 1 && argv[1][0] == '/') {
		return take_workbook(argv[1]);
	}
	unsigned rows = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5000000u;
	char folder[] = "/tmp/ketenpoort-bench-XXXXXX";
	char path[64];
	char index[64];
	struct kp_arena arena;
	struct kp_source_set *set = NULL;
	if (mkdtemp(folder) == NULL) {
		return 1;
	}
	(void)snprintf(path, sizeof(path), "%s/export.csv", folder);
	(void)snprintf(index, sizeof(index), "%s/export.index", folder);
	write_export(path, rows);
	kp_arena_init(&arena, (size_t)16 << 20, NULL);
	const struct kp_source_private *private = open_source(
		MANIFEST("\"path\":\"export.csv\",\"index\":\"export.index\""), folder,
		&arena, &set);
	if (private == NULL) {
		return 1;
	}
	printf("%u rows; resident %ld kB before\n", rows, resident_kb());
	double before = seconds();
	struct kp_delivery_state state = {.source = kp_source_set_get(set, 0)};
	struct kp_delivery_making making = {.private = private, .state = &state};
	kp_delivery_make(&making);
	if (making.delivery == NULL) {
		return 1;
	}
	printf("index made in     %10.2f s, resident %ld kB\n", seconds() - before,
		resident_kb());
	kp_delivery_unref(making.delivery);
	before = seconds();
	kp_delivery_make(&making);
	struct kp_delivery *export = making.delivery;
	if (export == NULL) {
		return 1;
	}
	printf("opened again in   %10.6f s, resident %ld kB\n", seconds() - before,
		resident_kb());
	look_up(export, rows, 200000);
	look_up(export, rows, 200000);
	printf("resident          %10ld kB after\n", resident_kb());
	kp_delivery_unref(export);
	kp_source_set_destroy(&set);
	kp_arena_deinit(&arena);
	if (argc < 3) {
		(void)unlink(path);
		(void)unlink(index);
		(void)rmdir(folder);
	} else {
		printf("left in %s\n", folder);
	}
	return 0;
}
