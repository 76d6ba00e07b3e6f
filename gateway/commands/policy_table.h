/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_table: tables for people. On a terminal columns are as wide as they need, and
 * when that does not fit, the widest wrap between words. As HTML: a page that stands on
 * its own, prints well, and says everything in words.
 */
#ifndef KP_COMMANDS_POLICY_TABLE_H
#define KP_COMMANDS_POLICY_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "core/arena.h"
#include "core/slice.h"

#define KP_TABLE_COLUMNS_MAX 40u

/* Cells row by row; the first row is the heading. Lifetime: its arena. */
struct kp_table {
	struct kp_arena *arena;
	const char **cells;
	size_t columns;
	size_t rows;
	size_t rows_room;
	size_t kept; /* so many first columns do not wrap while others can */
	bool failed; /* memory ran out: it is not whole */
};

/* Empty; its texts will be in the arena. */
void kp_table_begin(struct kp_table *table, struct kp_arena *arena, size_t columns);
/* Starts a row and fills its first cells; what is not filled is empty. Texts are copied.
 */
void kp_table_row(struct kp_table *table, const char *const *cells, size_t count);
/* Prints it at most `width` columns wide, each line begun with `indent` spaces. */
void kp_table_print(const struct kp_table *table, FILE *out, size_t width, size_t indent);

/* Columns of the terminal on standard output, between 60 and 200; 100 when there is none.
 * The variable COLUMNS goes first. */
size_t kp_table_terminal_width(void);
/* How many columns a terminal shows this text in: code points, no combining marks. */
size_t kp_table_text_width(const char *text, size_t bytes);

/* A whole page: begin, body, end. The title is also the heading. */
void kp_html_begin(FILE *out, const char *title, bool english);
void kp_html_end(FILE *out);
/* Text with what HTML would take for mark-up escaped. */
void kp_html_text(FILE *out, struct kp_slice text);
void kp_html_string(FILE *out, const char *text);
/* Heading row and first column are headers (th with scope). The class of a cell is the
 * part of its text before the first tab, when there is one. */
void kp_html_table(FILE *out, const struct kp_table *table, const char *caption);

#endif
