/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * run_corpus: replays files through a fuzz target without libFuzzer. Each argument is a
 * file or a folder of files. The exit code is 0 when at least one file was read and none
 * brought the target down; a file that cannot be read is a failure, not a skip.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_BYTES_MAX 4096

static unsigned files_run;

/* The bytes are in a block of exactly their size, so that a sanitizer sees one byte too
 * far. */
static bool
run_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		perror(path);
		return false;
	}
	uint8_t *bytes = malloc(size == 0 ? 1 : size);
	bool whole = bytes != NULL && fread(bytes, 1, size, file) == size;
	(void)fclose(file);
	if (whole) {
		(void)LLVMFuzzerTestOneInput(bytes, size);
		files_run++;
	} else {
		fprintf(stderr, "%s: not read\n", path);
	}
	free(bytes);
	return whole;
}

static bool run_path(const char *path);

static bool
run_folder(const char *path)
{
	DIR *folder = opendir(path);
	if (folder == NULL) {
		perror(path);
		return false;
	}
	bool good = true;
	struct dirent *entry;
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.') {
			continue;
		}
		char child[PATH_BYTES_MAX];
		int written =
			snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		good = written > 0 && (size_t)written < sizeof(child) &&
			run_path(child) && good;
	}
	(void)closedir(folder);
	return good;
}

static bool
run_path(const char *path)
{
	struct stat info;
	if (stat(path, &info) != 0) {
		perror(path);
		return false;
	}
	if (S_ISDIR(info.st_mode)) {
		return run_folder(path);
	}
	return run_file(path, (size_t)info.st_size);
}

int
main(int argc, char **argv)
{
	bool good = true;
	for (int i = 1; i < argc; i++) {
		good = run_path(argv[i]) && good;
	}
	printf("%u files replayed\n", files_run);
	return good && files_run > 0 ? 0 : 1;
}
