/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* script_private: what script.c (reading, commands) and expect.c (what must have come of
 * them) share. */
#ifndef KP_FLOW_SCRIPT_PRIVATE_H
#define KP_FLOW_SCRIPT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

#define LINES_MAX 8192
#define NAME_SIZE 32

struct script {
	const char *path;
	const char *root;
	char *text;
	char *lines[LINES_MAX]; /* without line ends */
	size_t count;
	size_t at;   /* of the command being played */
	size_t next; /* of the first line after its block */
	unsigned failures;
	bool ended; /* a failure that makes going on pointless */
	uint64_t records_seen;
	size_t included; /* lines of "use" before the script's own */
};

struct text {
	char *data;
	size_t len;
};

/* script.c */
void script_report(
	struct script *script, size_t line, const char *what, const char *detail);
/* Gives up: what follows would only repeat the failure. */
void script_give_up(struct script *script, const char *what, const char *detail);
void script_add(struct text *text, const char *data, size_t len);
/* "{port}" and its like become what the stage says. */
void script_add_filled(struct text *text, const char *line);

/* expect.c; each checks the block of the command being played. */
void expect_response(struct script *script, const char *client, const char *status);
/* One line of a streamed answer: takes it from the chunks as they arrive. */
void expect_piece(struct script *script, const char *client);
/* The next record of a type, after the ones already seen. */
void expect_record(struct script *script, const char *name);
void expect_no_records(struct script *script);
/* For the log and what else is a text. */
void expect_text(struct script *script, struct kp_slice text);
void expect_question(struct script *script, const char *partner, const char *line);

#endif
