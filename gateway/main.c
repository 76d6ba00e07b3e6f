/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* main: finds the subcommand, hands over, and ends standard output. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "core/attr.h"

#define EXIT_WRONG_USE 2

struct command {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
#define KP_COMMAND(name_, help_) {#name_, help_, kp_command_##name_},
	KP_COMMANDS
#undef KP_COMMAND
};

/* The name as it is typed: with hyphens. */
static const char *
spelled(const char *name, char out[32])
{
	size_t len = strlen(name);
	for (size_t i = 0; i <= len && i < 31; i++) {
		out[i] = name[i];
		if (name[i] == '_') {
			out[i] = '-';
		}
	}
	out[len < 31 ? len : 31] = '\0';
	return out;
}

static void
print_help(FILE *out)
{
	(void)fputs("usage: ketenpoort COMMAND [ARGUMENTS]\n"
		    "\n"
		    "A federated query gateway without central storage: one question "
		    "about one client for\n"
		    "one stated purpose, asked of the partners that may and can answer.\n"
		    "\n",
		out);
	for (size_t i = 0; i < KP_ARRAY_LEN(commands); i++) {
		char word[32];
		(void)fprintf(out, "  %-11s %s\n", spelled(commands[i].name, word),
			commands[i].help);
	}
	(void)fputs(
		"\n"
		"  --version   print the version\n"
		"  --help      print this text; 'ketenpoort COMMAND --help' says more\n"
		"\n"
		"First steps: ketenpoort init DIR, then ketenpoort serve "
		"DIR/gateway.json\n",
		out);
}

static int
run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	for (size_t i = 0; i < KP_ARRAY_LEN(commands); i++) {
		char word[32];
		if (strcmp(spelled(commands[i].name, word), name) == 0) {
			return commands[i].run(argc - 1, argv + 1);
		}
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		(void)printf("ketenpoort %s\n", KP_VERSION);
		return 0;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
		strcmp(name, "help") == 0) {
		print_help(stdout);
		return 0;
	}
	if (name[0] != '\0') {
		(void)fprintf(stderr, "ketenpoort: there is no command '%s'\n\n", name);
	}
	print_help(stderr);
	return EXIT_WRONG_USE;
}

/* Everything printed so far was written, or this says that it was not: no command may say
 * 0 when somebody did not get its output. */
static int
finish(int code)
{
	/* Flushed first, so that a closed descriptor is a fault only when something was
	 * to be written to it. */
	errno = 0;
	bool flushed = fflush(stdout) == 0;
	bool written = ferror(stdout) == 0 && flushed;
	int fault = flushed ? 0 : errno;
	/* Some file systems say only now that there was no room. */
	if (fclose(stdout) != 0 && errno != EBADF && written) {
		written = false;
		fault = errno;
	}
	if (written) {
		return code;
	}
	(void)fprintf(stderr, "ketenpoort: standard output cannot be written%s%s\n",
		fault == 0 ? "" : ": ", fault == 0 ? "" : strerror(fault));
	return code == 0 ? 1 : code;
}

/* Is this the only thread left? A folder has a link for itself, for its name and for each
 * folder in it (proc(5)). */
static bool
alone(void)
{
	struct stat tasks;
	return stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink <= 3;
}

int
main(int argc, char **argv)
{
	int code = finish(run(argc, argv));
	/* Nobody waits for a thread that hangs in a driver or in a look-up
	 * (io/detached.h): what libraries tear down at exit would go from under it. */
	if (!alone()) {
		_exit(code);
	}
	return code;
}
