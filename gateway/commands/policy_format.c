/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_format: `ketenpoort policy format` lays rule files out in Cedar's own way, so
 * that a difference between two versions is a difference in what they say.
 */
#include "policies/cedar/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/policy_commands.h"
#include "commands/policy_load.h"
#include "commands/policy_options.h"
#include "io/file.h"

#define FILES_MAX ((size_t)4096)
#define FILE_BYTES_MAX ((size_t)16 << 20)
#define FORMAT_BYTES_MAX ((size_t)512 << 20)

static const char usage[] =
	"gebruik: ketenpoort policy format [--check|--write] [--en] BESTAND…\n"
	"\n"
	"Zet regels (Cedar) in de vaste opmaak, met behoud van toelichting. Schrijft\n"
	"het resultaat naar de uitvoer; '-' leest van de invoer.\n"
	"\n"
	"  --check   schrijf niets; noem de bestanden die anders zijn opgemaakt\n"
	"  --write   vervang elk bestand waar dat nodig is\n"
	"\n"
	"Uitkomst: 0 in orde, 1 fouten of (bij --check) afwijkingen, 2 verkeerd\n"
	"gebruikt.\n";
static const char usage_en[] =
	"usage: ketenpoort policy format [--check|--write] [--en] FILE…\n"
	"\n"
	"Lays rules (Cedar) out in the one way, comments kept. Writes the result to\n"
	"standard output; '-' reads standard input.\n"
	"\n"
	"  --check   write nothing; name the files that are laid out differently\n"
	"  --write   replace each file where that is needed\n"
	"\n"
	"Exit codes: 0 in order, 1 faults or (with --check) differences, 2 wrong\n"
	"use.\n";

/* Lifetime: the subcommand. */
struct formatting {
	bool check;
	bool write;
	bool english;
};

static bool
complain(const char *path, const char *what, const char *why)
{
	(void)fprintf(stderr, "%s: cannot be %s: %s\n", path, what, why);
	return false;
}

/* With the rights it had. */
static bool
replace(const char *path, struct kp_slice text)
{
	struct stat old;
	struct kp_error err = {0};
	if (stat(path, &old) != 0) {
		return complain(path, "replaced", strerror(errno));
	}
	return kp_file_replace(path, text, old.st_mode & 07777, &err) == KP_OK ||
		complain(path, "replaced", err.message);
}

static bool
read_standard_input(struct kp_arena *arena, struct kp_slice *ret_text)
{
	struct kp_buffer buffer;
	char block[8192];
	size_t len;
	kp_buffer_init(&buffer, arena, FILE_BYTES_MAX);
	while (!buffer.failed && (len = fread(block, 1, sizeof(block), stdin)) > 0) {
		kp_buffer_add(&buffer, block, len);
	}
	*ret_text = kp_buffer_slice(&buffer);
	if (ferror(stdin) != 0) {
		return complain("-", "read", strerror(errno));
	}
	return !buffer.failed ||
		complain("-", "read",
			arena->failed ? "memory ran out" : "it is larger than 16 MiB");
}

static bool
read_input(struct kp_arena *arena, const char *path, struct kp_slice *ret_text)
{
	struct kp_error err = {0};
	char text[700];
	if (strcmp(path, "-") == 0) {
		return read_standard_input(arena, ret_text);
	}
	if (kp_file_read_all(path, arena, FILE_BYTES_MAX, ret_text, &err) == KP_OK) {
		return true;
	}
	(void)fprintf(stderr, "%s: %s\n", path, kp_error_text(&err, text, sizeof(text)));
	return false;
}

static bool
give(const struct formatting *formatting, const char *path, struct kp_slice old,
	struct kp_slice new)
{
	bool same = kp_slice_equal(old, new);
	if (formatting->check) {
		if (!same) {
			(void)printf("%s: %s\n", path,
				KP_SAY(formatting->english, "is anders opgemaakt",
					"is laid out differently"));
		}
		return same;
	}
	if (formatting->write && strcmp(path, "-") != 0) {
		return same || replace(path, new);
	}
	return fwrite(new.data, 1, new.len, stdout) == new.len;
}

static bool
format_text(const struct formatting *formatting, struct kp_arena *arena, const char *path,
	struct kp_slice text)
{
	struct kp_buffer out;
	struct kp_findings findings;
	kp_findings_init(&findings, KP_POLICY_FINDINGS_MAX);
	kp_buffer_init(&out, arena, 4 * FILE_BYTES_MAX);
	enum kp_status status = kp_cedar_format(arena, path, text, &out, &findings);
	status = status == KP_OK && out.failed ? KP_E_MEMORY : status;
	kp_policy_print_findings(&findings, stderr, formatting->english);
	if (status != KP_OK && !kp_findings_any(&findings)) {
		(void)fprintf(stderr, "%s: %s\n", path, kp_status_info(status)->title);
	}
	kp_findings_deinit(&findings);
	return status == KP_OK && give(formatting, path, text, kp_buffer_slice(&out));
}

static bool
format_file(const struct formatting *formatting, const char *path)
{
	struct kp_arena arena;
	struct kp_slice text = {0};
	kp_arena_init(&arena, FORMAT_BYTES_MAX, NULL);
	bool good = read_input(&arena, path, &text) &&
		format_text(formatting, &arena, path, text);
	kp_arena_deinit(&arena);
	return good;
}

int
kp_policy_format(int argc, char **argv)
{
	struct formatting formatting = {0};
	size_t operands = 0;
	int exit_code = KP_POLICY_GOOD;
	const struct kp_option items[] = {{"--check", .flag = &formatting.check},
		{"--write", .flag = &formatting.write}};
	const struct kp_options options = {.command = "format",
		.usage = usage,
		.usage_en = usage_en,
		.items = items,
		.count = KP_ARRAY_LEN(items),
		.operands_min = 1,
		.operands_max = FILES_MAX};
	if (!kp_options_read(
		    &options, argc, argv, &formatting.english, &operands, &exit_code)) {
		return exit_code;
	}
	if (formatting.check && formatting.write) {
		(void)fprintf(stderr, "ketenpoort policy format: %s\n",
			KP_SAY(formatting.english, "--check en --write gaan niet samen",
				"--check and --write exclude each other"));
		return KP_POLICY_WRONG_USE;
	}
	for (size_t i = 0; i < operands; i++) {
		if (!format_file(&formatting, argv[1 + i])) {
			exit_code = KP_POLICY_FOUND;
		}
	}
	return exit_code;
}
