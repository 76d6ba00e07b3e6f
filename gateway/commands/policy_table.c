/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_table: see policy_table.h. Here what a terminal shows. */
#include "commands/policy_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_MIN 60u
#define WIDTH_MAX 200u
#define WIDTH_DEFAULT 100u
#define COLUMN_MIN 6u
/* Narrower than this it is better to wrap the kept columns too. */
#define COLUMN_KEPT 16u
#define GAP 2u

void
kp_table_begin(struct kp_table *table, struct kp_arena *arena, size_t columns)
{
	*table = (struct kp_table){.arena = arena,
		.columns =
			columns < KP_TABLE_COLUMNS_MAX ? columns : KP_TABLE_COLUMNS_MAX};
}

static bool
make_room(struct kp_table *table)
{
	if (table->rows < table->rows_room) {
		return true;
	}
	size_t room = table->rows_room == 0 ? 16 : table->rows_room * 2;
	const char **cells =
		KP_ARENA_ARRAY(table->arena, const char *, room * table->columns);
	if (cells == NULL) {
		table->failed = true;
		return false;
	}
	if (table->rows > 0) {
		memcpy(cells, table->cells,
			table->rows * table->columns * sizeof(*cells));
	}
	table->cells = cells;
	table->rows_room = room;
	return true;
}

void
kp_table_row(struct kp_table *table, const char *const *cells, size_t count)
{
	if (!make_room(table)) {
		return;
	}
	const char **row = &table->cells[table->rows++ * table->columns];
	for (size_t i = 0; i < table->columns; i++) {
		const char *text = i < count && cells[i] != NULL ? cells[i] : "";
		row[i] = kp_arena_strdup(table->arena, text);
		if (row[i] == NULL) {
			row[i] = "";
			table->failed = true;
		}
	}
}

size_t
kp_table_text_width(const char *text, size_t bytes)
{
	size_t width = 0;
	for (size_t i = 0; i < bytes; i++) {
		unsigned char byte = (unsigned char)text[i];
		bool continues = (byte & 0xc0) == 0x80;
		/* U+0300 to U+036F stand on the letter before them. */
		bool combines = byte == 0xcc ||
			(byte == 0xcd && i + 1 < bytes &&
				(unsigned char)text[i + 1] < 0xb0);
		width += continues || combines ? 0 : 1;
	}
	return width;
}

size_t
kp_table_terminal_width(void)
{
	const char *variable = getenv("COLUMNS");
	struct winsize size = {0};
	unsigned long width = variable == NULL ? 0 : strtoul(variable, NULL, 10);
	if (width == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		width = size.ws_col;
	}
	if (width == 0) {
		return WIDTH_DEFAULT;
	}
	return width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
}

/* As wide as its widest cell. */
static void
measure(const struct kp_table *table, size_t *widths)
{
	for (size_t column = 0; column < table->columns; column++) {
		widths[column] = 1;
		for (size_t row = 0; row < table->rows; row++) {
			const char *text = table->cells[row * table->columns + column];
			size_t width = kp_table_text_width(text, strlen(text));
			widths[column] = width > widths[column] ? width : widths[column];
		}
	}
}

static size_t
widest_of(const size_t *widths, size_t first, size_t end)
{
	size_t widest = first;
	for (size_t i = first; i < end; i++) {
		widest = widths[i] > widths[widest] ? i : widest;
	}
	return widest;
}

/* Takes from the widest until all fits, or nothing more can be taken. */
static void
shrink(const struct kp_table *table, size_t *widths, size_t room)
{
	size_t sum = GAP * (table->columns - 1);
	for (size_t i = 0; i < table->columns; i++) {
		sum += widths[i];
	}
	for (; sum > room; sum--) {
		size_t at = widest_of(widths, table->kept, table->columns);
		if (at == table->columns || widths[at] <= COLUMN_KEPT) {
			at = widest_of(widths, 0, table->columns);
		}
		if (widths[at] <= COLUMN_MIN) {
			return;
		}
		widths[at]--;
	}
}

/* The first bytes of a text that fit in `width`, broken at a space when there is one. */
static size_t
fitting(const char *text, size_t width)
{
	size_t len = strlen(text);
	if (kp_table_text_width(text, len) <= width) {
		return len;
	}
	size_t fits = 0;
	size_t space = 0;
	for (size_t i = 1; i <= len; i++) {
		bool boundary = ((unsigned char)text[i] & 0xc0) != 0x80;
		if (boundary && kp_table_text_width(text, i) > width) {
			break;
		}
		fits = boundary ? i : fits;
		space = text[i] == ' ' ? i : space;
	}
	return space > 0 ? space : fits > 0 ? fits : len;
}

static void
print_spaces(FILE *out, size_t count)
{
	(void)fprintf(out, "%*s", (int)count, "");
}

static void
print_row(const struct kp_table *table, FILE *out, const char *const *row,
	const size_t *widths, size_t indent)
{
	const char *left[KP_TABLE_COLUMNS_MAX];
	for (size_t i = 0; i < table->columns; i++) {
		left[i] = row[i];
	}
	for (bool more = true; more;) {
		more = false;
		size_t behind = indent; /* spaces to write before the next text */
		for (size_t i = 0; i < table->columns; i++) {
			size_t bytes = fitting(left[i], widths[i]);
			size_t width = kp_table_text_width(left[i], bytes);
			if (bytes > 0) {
				print_spaces(out, behind);
				(void)fwrite(left[i], 1, bytes, out);
				behind = 0;
			} else {
				width = 0;
			}
			behind += widths[i] > width ? widths[i] - width : 0;
			behind += GAP;
			left[i] += bytes;
			left[i] += strspn(left[i], " ");
			more = more || left[i][0] != '\0';
		}
		(void)fputc('\n', out);
	}
}

static void
print_rule(const struct kp_table *table, FILE *out, const size_t *widths, size_t indent)
{
	print_spaces(out, indent);
	for (size_t i = 0; i < table->columns; i++) {
		for (size_t j = 0; j < widths[i]; j++) {
			(void)fputs("─", out);
		}
		if (i + 1 < table->columns) {
			print_spaces(out, GAP);
		}
	}
	(void)fputc('\n', out);
}

void
kp_table_print(const struct kp_table *table, FILE *out, size_t width, size_t indent)
{
	size_t widths[KP_TABLE_COLUMNS_MAX];
	measure(table, widths);
	shrink(table, widths, width > indent ? width - indent : 0);
	for (size_t row = 0; row < table->rows; row++) {
		print_row(
			table, out, &table->cells[row * table->columns], widths, indent);
		if (row == 0) {
			print_rule(table, out, widths, indent);
		}
	}
}
