/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * command_init: `ketenpoort init DIR` writes a folder from which `serve` runs: an
 * explained gateway.json, the example rules, the manifests of the stand-in partners with
 * their secrets, a fresh pseudonym key. Nothing that exists is overwritten.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/descriptor.h"
#include "commands.h"
#include "config/options.h"
#include "core/heap.h"
#include "crypto/crypto.h"
#include "shipped/shipped.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)

enum exit_code {
	EXIT_WRITTEN = 0,
	EXIT_FAILED = 1,
	EXIT_WRONG_USE = 2,
};

static const char usage[] =
	"usage: ketenpoort init [--development] DIR\n"
	"\n"
	"Writes a working, explained configuration to the folder DIR, which must be new\n"
	"or empty: gateway.json, the example rules (policies/), manifests of the "
	"stand-in\n"
	"partners (sources/), secrets/ with a fresh pseudonym key, and journal/.\n"
	"\n"
	"  --development   switch the development identity on: headers say who asks\n"
	"                  (loopback only)\n";

/* The keys the stand-in partners take; worth nothing anywhere else. */
static const char *const sample_secrets[][2] = {
	{"secrets/brp-sleutel", "demo-sleutel-brp\n"},
	{"secrets/uwv-token", "demo-token-uwv\n"},
	{"secrets/svb-token", "demo-token-svb\n"},
};

/* Lifetime: one run. */
struct init {
	int folder;       /* everything is written relative to it */
	const char *name; /* as the user gave it */
	bool development;
};

static bool
complain(const struct init *init, const char *path, const char *what)
{
	(void)fprintf(stderr, "ketenpoort init: %s%s%s: %s: %s\n", init->name,
		path[0] == '\0' ? "" : "/", path, what, strerror(errno));
	return false;
}

static bool
make_folder(const struct init *init, const char *path, mode_t mode)
{
	if (mkdirat(init->folder, path, mode) != 0 && errno != EEXIST) {
		return complain(init, path, "cannot be made");
	}
	return true;
}

/* The folders a path goes through. */
static bool
make_folders_of(const struct init *init, const char *path)
{
	char part[512];
	for (const char *slash = strchr(path, '/'); slash != NULL;
		slash = strchr(slash + 1, '/')) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (!make_folder(init, part, 0750)) {
			return false;
		}
	}
	return true;
}

static bool
write_file(const struct init *init, const char *path, mode_t mode, const void *bytes,
	size_t len)
{
	int fd =
		openat(init->folder, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0) {
		return complain(init, path, "cannot be made");
	}
	bool written = kp_descriptor_write(fd, bytes, len);
	if (!written) {
		(void)complain(init, path, "cannot be written");
	}
	if (close(fd) != 0 && written) {
		return complain(init, path, "cannot be written");
	}
	return written;
}

static bool
write_configuration(const struct init *init)
{
	static const char off[] = "\"development\": \"\"";
	static const char on[] = "\"development\": \"ja, geloof onbewezen koppen; alleen "
				 "voor ontwikkeling\"";
	struct kp_arena arena;
	struct kp_buffer text;
	struct kp_buffer changed;
	kp_arena_init(&arena, 4 * FILE_BYTES_MAX, NULL);
	kp_buffer_init(&text, &arena, FILE_BYTES_MAX);
	kp_buffer_init(&changed, &arena, FILE_BYTES_MAX);
	kp_options_write_file(&text);
	const char *at =
		text.failed ? NULL : memmem(text.data, text.len, off, sizeof(off) - 1);
	if (at != NULL) {
		size_t before = (size_t)(at - text.data);
		size_t after = before + sizeof(off) - 1;
		const char *word = init->development ? on : off;
		kp_buffer_add(&changed, text.data, before);
		kp_buffer_add(&changed, word, strlen(word));
		kp_buffer_add(&changed, text.data + after, text.len - after);
	}
	bool written = false;
	if (at == NULL || changed.failed) {
		(void)fputs("ketenpoort init: no memory\n", stderr);
	} else {
		written =
			write_file(init, "gateway.json", 0640, changed.data, changed.len);
	}
	kp_arena_deinit(&arena);
	return written;
}

static bool
write_pseudonym_key(const struct init *init)
{
	unsigned char key[KP_PSEUDONYM_KEY_BYTES];
	char coded[KP_BASE64URL_LEN(KP_PSEUDONYM_KEY_BYTES)];
	char id[32] = "first";
	char text[256];
	struct tm today;
	time_t now = time(NULL);
	if (kp_random_bytes(key, sizeof(key)) != KP_OK) {
		return complain(init, "secrets/pseudonym.json", "no random numbers");
	}
	kp_base64url_write(key, sizeof(key), coded);
	if (gmtime_r(&now, &today) != NULL) {
		(void)strftime(id, sizeof(id), "%Y-%m-%d", &today);
	}
	int len = snprintf(text, sizeof(text),
		"{ \"current\": \"%s\",\n"
		"  \"keys\": [ { \"id\": \"%s\", \"key\": \"%.*s\" } ] }\n",
		id, id, (int)sizeof(coded), coded);
	bool written =
		write_file(init, "secrets/pseudonym.json", 0600, text, (size_t)len);
	kp_wipe(key, sizeof(key));
	kp_wipe(coded, sizeof(coded));
	kp_wipe(text, sizeof(text));
	return written;
}

static bool
write_shipped(const struct init *init)
{
	for (size_t i = 0; i < kp_shipped_file_count; i++) {
		const struct kp_shipped_file *file = &kp_shipped_files[i];
		if (!make_folders_of(init, file->path) ||
			!write_file(init, file->path, 0640, file->bytes, file->len)) {
			return false;
		}
	}
	return true;
}

static bool
write_secrets(const struct init *init)
{
	if (!make_folder(init, "secrets", 0700) || !write_pseudonym_key(init)) {
		return false;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(sample_secrets); i++) {
		if (!write_file(init, sample_secrets[i][0], 0600, sample_secrets[i][1],
			    strlen(sample_secrets[i][1]))) {
			return false;
		}
	}
	return true;
}

static bool
is_empty(int folder)
{
	int copy = dup(folder);
	DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	if (entries == NULL) {
		return false;
	}
	bool empty = true;
	for (struct dirent *entry = readdir(entries); entry != NULL;
		entry = readdir(entries)) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			empty = false;
		}
	}
	(void)closedir(entries);
	return empty;
}

/* gateway.json comes last: without it nothing here is taken for a configuration. */
static bool
write_all(const struct init *init)
{
	return write_shipped(init) && make_folder(init, "journal", 0750) &&
		write_secrets(init) && write_configuration(init);
}

static enum exit_code
init_folder(struct init *init)
{
	if (mkdir(init->name, 0750) != 0 && errno != EEXIST) {
		(void)complain(init, "", "cannot be made");
		return EXIT_FAILED;
	}
	init->folder = open(init->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (init->folder < 0) {
		(void)complain(init, "", "cannot be used");
		return EXIT_FAILED;
	}
	bool empty = is_empty(init->folder);
	if (!empty) {
		(void)fprintf(stderr,
			"ketenpoort init: %s is not empty, and nothing is overwritten\n",
			init->name);
	}
	bool written = empty && write_all(init);
	(void)close(init->folder);
	return written ? EXIT_WRITTEN : EXIT_FAILED;
}

int
kp_command_init(int argc, char **argv)
{
	struct init init = {0};
	bool wrong = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			(void)fputs(usage, stdout);
			return EXIT_WRITTEN;
		}
		if (strcmp(argv[i], "--development") == 0) {
			init.development = true;
		} else if (argv[i][0] == '-' || init.name != NULL) {
			wrong = true;
		} else {
			init.name = argv[i];
		}
	}
	if (wrong || init.name == NULL || init.name[0] == '\0') {
		(void)fputs(usage, stderr);
		return EXIT_WRONG_USE;
	}
	enum exit_code code = init_folder(&init);
	if (code == EXIT_WRITTEN) {
		(void)printf("%s holds a configuration. Next:\n"
			     "  ketenpoort check %s/gateway.json\n"
			     "  ketenpoort serve %s/gateway.json\n",
			init.name, init.name, init.name);
	}
	return (int)code;
}
