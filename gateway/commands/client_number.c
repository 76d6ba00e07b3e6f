/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* client_number: see client_number.h. */
#include "commands/client_number.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/heap.h"

#define DIGITS ((size_t)KP_CLIENT_NUMBER_ROOM - 1)

/* No copy of the number in a buffer. */
static FILE *
unbuffered(FILE *file)
{
	if (file != NULL) {
		(void)setvbuf(file, NULL, _IONBF, 0);
	}
	return file;
}

static bool
read_digits(const char *command, FILE *file, char ret_bsn[KP_CLIENT_NUMBER_ROOM])
{
	char line[64];
	bool good = fgets(line, sizeof(line), file) != NULL;
	if (good) {
		size_t len = strcspn(line, " \t\r\n");
		good = len == DIGITS && strspn(line, "0123456789") == DIGITS &&
			line[len + strspn(line + len, " \t\r\n")] == '\0';
	}
	if (good) {
		memcpy(ret_bsn, line, DIGITS);
		ret_bsn[DIGITS] = '\0';
	} else {
		(void)fprintf(stderr,
			"%s: no client number was given: a BSN has nine digits\n",
			command);
	}
	kp_wipe(line, sizeof(line));
	return good;
}

static bool
prompt(const char *command, char ret_bsn[KP_CLIENT_NUMBER_ROOM])
{
	FILE *terminal = unbuffered(fopen("/dev/tty", "r+"));
	if (terminal == NULL) {
		(void)fprintf(stderr, "%s: there is no terminal to type a number at\n",
			command);
		return false;
	}
	struct termios before;
	bool hides = tcgetattr(fileno(terminal), &before) == 0;
	struct termios quiet = before;
	quiet.c_lflag &= (tcflag_t)~ECHO;
	(void)fputs("Burgerservicenummer: ", terminal);
	if (hides) {
		(void)tcsetattr(fileno(terminal), TCSAFLUSH, &quiet);
	}
	bool good = read_digits(command, terminal, ret_bsn);
	if (hides) {
		(void)tcsetattr(fileno(terminal), TCSAFLUSH, &before);
	}
	(void)fputc('\n', terminal);
	(void)fclose(terminal);
	return good;
}

bool
kp_client_number_read(
	const char *command, const char *name, char ret_bsn[KP_CLIENT_NUMBER_ROOM])
{
	if (name == NULL && isatty(STDIN_FILENO)) {
		return prompt(command, ret_bsn);
	}
	if (name == NULL || strcmp(name, "-") == 0) {
		return read_digits(command, unbuffered(stdin), ret_bsn);
	}
	FILE *file = unbuffered(fopen(name, "r"));
	if (file == NULL) {
		(void)fprintf(stderr, "%s: cannot open '%s': %s\n", command, name,
			strerror(errno));
		return false;
	}
	bool good = read_digits(command, file, ret_bsn);
	(void)fclose(file);
	return good;
}
