/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* query_bsn: see query_bsn.h. */
#include "commands/query_bsn.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/heap.h"

static bool
read_digits(FILE *file, char bsn[QUERY_BSN_ROOM])
{
	char line[64];
	bool good = fgets(line, sizeof(line), file) != NULL;
	if (good) {
		line[strcspn(line, "\r\n")] = '\0';
		good = strlen(line) > 0 && strlen(line) < QUERY_BSN_ROOM;
		if (good) {
			memcpy(bsn, line, strlen(line) + 1);
		}
	}
	kp_wipe(line, sizeof(line));
	return good;
}

static bool
prompt(char bsn[QUERY_BSN_ROOM])
{
	FILE *terminal = fopen("/dev/tty", "r+");
	if (terminal == NULL) {
		return false;
	}
	struct termios before;
	bool hides = tcgetattr(fileno(terminal), &before) == 0;
	struct termios quiet = before;
	quiet.c_lflag &= (tcflag_t)~ECHO;
	(void)fputs("Burgerservicenummer: ", terminal);
	(void)fflush(terminal);
	if (hides) {
		(void)tcsetattr(fileno(terminal), TCSAFLUSH, &quiet);
	}
	bool good = read_digits(terminal, bsn);
	if (hides) {
		(void)tcsetattr(fileno(terminal), TCSAFLUSH, &before);
	}
	(void)fputc('\n', terminal);
	(void)fclose(terminal);
	return good;
}

bool
query_bsn_read(const char *name, char ret_bsn[QUERY_BSN_ROOM])
{
	if (name == NULL && isatty(STDIN_FILENO)) {
		return prompt(ret_bsn);
	}
	if (name == NULL || strcmp(name, "-") == 0) {
		return read_digits(stdin, ret_bsn);
	}
	FILE *file = fopen(name, "r");
	if (file == NULL) {
		(void)fprintf(stderr, "ketenpoort query: cannot open '%s': %s\n", name,
			strerror(errno));
		return false;
	}
	(void)setvbuf(file, NULL, _IONBF, 0); /* no copy of the number in a buffer */
	bool good = read_digits(file, ret_bsn);
	(void)fclose(file);
	return good;
}
