/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* csv_read: see csv_read.h. */
#include "core/csv_read.h"

#include <stdio.h>

#include "core/json_text.h"

#define TEXT_FIRST ((size_t)512)
#define FIELDS_FIRST ((size_t)16)

/* What a text begins with that says what it is written in (Unicode, section 23.8). */
static const struct kp_slice marks[] = {
	KP_SLICE_INIT("\xef\xbb\xbf"),
	KP_SLICE_INIT("\xff\xfe"),
	KP_SLICE_INIT("\xfe\xff"),
};

enum state {
	FIELD_FIRST, /* nothing of the field yet */
	UNQUOTED,
	QUOTED,
	AFTER_QUOTE, /* a quote inside a quoted field: its end, or the first of two */
	AFTER_CR,    /* outside quotes; the row's line end must follow */
};

enum kp_status
kp_csv_reader_init(struct kp_csv_reader *reader, const struct kp_csv_options *options,
	struct kp_arena *arena, kp_csv_row_fn on_row, void *ctx, struct kp_error *err)
{
	*reader = (struct kp_csv_reader){
		.arena = arena, .on_row = on_row, .ctx = ctx, .line = 1};
	if (options != NULL) {
		reader->options = *options;
	}
	struct kp_csv_options *own = &reader->options;
	if (own->separator == 0) {
		own->separator = ',';
	}
	if (strchr(",;\t|", own->separator) == NULL) {
		return kp_error_set(err, KP_E_CONFIG,
			"the separator is not a comma, semicolon, tab or bar");
	}
	if (own->field_bytes_max == 0) {
		own->field_bytes_max = KP_CSV_FIELD_BYTES_MAX;
	}
	if (own->fields_per_row_max == 0) {
		own->fields_per_row_max = KP_CSV_FIELDS_PER_ROW_MAX;
	}
	if (own->row_bytes_max == 0) {
		own->row_bytes_max = KP_CSV_ROW_BYTES_MAX;
	}
	reader->utf8_state = KP_TEXT_PLAIN;
	return KP_OK;
}

static bool
refuse(struct kp_csv_reader *reader, enum kp_status status, const char *fault)
{
	reader->status = status;
	reader->fault = fault;
	return false;
}

static bool
refuse_limit(struct kp_csv_reader *reader, const char *name, size_t limit)
{
	reader->fault_limit = limit;
	return refuse(reader, KP_E_LIMIT, name);
}

/* ---- storage of the row ---- */

static bool
fit_text(struct kp_csv_reader *reader, size_t more)
{
	size_t needed = reader->text_len + more;
	if (needed <= reader->text_capacity) {
		return true;
	}
	size_t capacity =
		reader->text_capacity == 0 ? TEXT_FIRST : 2 * reader->text_capacity;
	while (capacity < needed) {
		capacity *= 2;
	}
	char *text = kp_arena_bytes(reader->arena, capacity);
	if (text == NULL) {
		return refuse(reader, KP_E_MEMORY, "no memory left");
	}
	if (reader->text_len > 0) {
		memcpy(text, reader->text, reader->text_len);
	}
	reader->text = text;
	reader->text_capacity = capacity;
	return true;
}

static size_t
field_begin(const struct kp_csv_reader *reader)
{
	return reader->field_count == 0 ? 0 : reader->ends[reader->field_count - 1];
}

static bool
add(struct kp_csv_reader *reader, const char *bytes, size_t len)
{
	const struct kp_csv_options *options = &reader->options;
	size_t field_len = reader->text_len - field_begin(reader);
	if (len > options->field_bytes_max - field_len) {
		return refuse_limit(reader, "field_bytes_max", options->field_bytes_max);
	}
	if (len > options->row_bytes_max - reader->text_len) {
		return refuse_limit(reader, "row_bytes_max", options->row_bytes_max);
	}
	if (!fit_text(reader, len)) {
		return false;
	}
	memcpy(reader->text + reader->text_len, bytes, len);
	reader->text_len += len;
	return true;
}

static bool
fit_fields(struct kp_csv_reader *reader)
{
	if (reader->field_count < reader->fields_capacity) {
		return true;
	}
	size_t capacity =
		reader->fields_capacity == 0 ? FIELDS_FIRST : 2 * reader->fields_capacity;
	size_t *ends = KP_ARENA_ARRAY(reader->arena, size_t, capacity);
	struct kp_slice *fields =
		KP_ARENA_ARRAY(reader->arena, struct kp_slice, capacity);
	if (ends == NULL || fields == NULL) {
		return refuse(reader, KP_E_MEMORY, "no memory left");
	}
	if (reader->field_count > 0) {
		memcpy(ends, reader->ends, reader->field_count * sizeof(*ends));
	}
	reader->ends = ends;
	reader->fields = fields;
	reader->fields_capacity = capacity;
	return true;
}

static bool
end_field(struct kp_csv_reader *reader)
{
	size_t count_max = reader->options.fields_per_row_max;
	if (reader->field_count >= count_max) {
		return refuse_limit(reader, "fields_per_row_max", count_max);
	}
	if (!fit_fields(reader)) {
		return false;
	}
	reader->ends[reader->field_count++] = reader->text_len;
	reader->state = FIELD_FIRST;
	return true;
}

/* ---- rows ---- */

/* Is it a row that may have fields of its own? */
static bool
is_odd(const struct kp_csv_reader *reader)
{
	struct kp_slice first = {
		reader->text == NULL ? "" : reader->text, reader->ends[0]};
	return reader->options.odd_first.len > 0 &&
		kp_slice_equal(first, reader->options.odd_first);
}

static bool
give_row(struct kp_csv_reader *reader, uint64_t end)
{
	reader->row_number++;
	if (reader->row_number == 1) {
		reader->first_row_fields = reader->field_count;
	} else if (reader->options.same_field_count &&
		reader->field_count != reader->first_row_fields && !is_odd(reader)) {
		return refuse(reader, KP_E_INVALID,
			"the row has more or fewer fields than the first");
	}
	size_t begin = 0;
	for (size_t i = 0; i < reader->field_count; i++) {
		const char *text = reader->text == NULL ? "" : reader->text + begin;
		reader->fields[i] = (struct kp_slice){text, reader->ends[i] - begin};
		begin = reader->ends[i];
	}
	struct kp_csv_row row = {
		.number = reader->row_number,
		.offset = reader->row_offset,
		.len = end - reader->row_offset,
		.fields = reader->fields,
		.field_count = reader->field_count,
	};
	if (!reader->on_row(reader->ctx, &row)) {
		return refuse(reader, KP_E_CANCELLED, "reading was stopped");
	}
	return true;
}

/* The line end lies before `end`. `empty` is a row without a single byte. */
static bool
end_row(struct kp_csv_reader *reader, uint64_t end, bool empty)
{
	bool wanted = !empty || reader->options.keep_empty_lines;
	if (wanted && (!end_field(reader) || !give_row(reader, end))) {
		return false;
	}
	reader->state = FIELD_FIRST;
	reader->field_count = 0;
	reader->text_len = 0;
	reader->row_offset = end;
	return true;
}

/* ---- character sets ---- */

/* U+0080..U+009F are what Latin-1 has there; 0 is unassigned (WHATWG maps it to a
 * control). */
static const unsigned short windows_1252[32] = {0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026,
	0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0, 0x2018,
	0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
	0x0153, 0, 0x017e, 0x0178};

static bool
add_code(struct kp_csv_reader *reader, unsigned code)
{
	char text[3];
	if (code < 0x800) {
		text[0] = (char)(0xc0 | code >> 6);
		text[1] = (char)(0x80 | (code & 0x3f));
		return add(reader, text, 2);
	}
	text[0] = (char)(0xe0 | code >> 12);
	text[1] = (char)(0x80 | (code >> 6 & 0x3f));
	text[2] = (char)(0x80 | (code & 0x3f));
	return add(reader, text, 3);
}

/* One byte of a field that is 80 or above, or inside a UTF-8 character. */
static bool
add_wide(struct kp_csv_reader *reader, unsigned char byte)
{
	if (reader->options.charset == KP_CSV_UTF8) {
		reader->utf8_state =
			kp_text_step_utf8((enum kp_text_state)reader->utf8_state, byte);
		char same = (char)byte;
		return reader->utf8_state == KP_TEXT_FAULT
			? refuse(reader, KP_E_SYNTAX, "the text is not UTF-8")
			: add(reader, &same, 1);
	}
	unsigned code = byte;
	if (reader->options.charset == KP_CSV_WINDOWS_1252 && byte < 0xa0) {
		code = windows_1252[byte - 0x80];
		if (code == 0) {
			return refuse(reader, KP_E_SYNTAX,
				"the text has a byte that Windows-1252 does not assign");
		}
	}
	return add_code(reader, code);
}

static bool
add_byte(struct kp_csv_reader *reader, unsigned char byte)
{
	if (byte == '\0') {
		return refuse(reader, KP_E_SYNTAX, "the text has a NUL byte");
	}
	if (byte >= 0x80 || reader->utf8_state != KP_TEXT_PLAIN) {
		return add_wide(reader, byte);
	}
	char same = (char)byte;
	return add(reader, &same, 1);
}

/* ---- the grammar ---- */

static bool
step_outside(struct kp_csv_reader *reader, unsigned char byte)
{
	if (byte == (unsigned char)reader->options.separator) {
		return end_field(reader);
	}
	if (byte == '\n') {
		bool empty = reader->offset == reader->row_offset;
		return end_row(reader, reader->offset + 1, empty);
	}
	if (byte == '\r') {
		reader->state = AFTER_CR;
		return true;
	}
	if (reader->state == AFTER_QUOTE) {
		return refuse(reader, KP_E_SYNTAX, "text follows a closing quote");
	}
	if (byte == '"' && reader->state == FIELD_FIRST) {
		reader->state = QUOTED;
		return true;
	}
	if (byte == '"' && !reader->options.loose_quotes) {
		return refuse(reader, KP_E_SYNTAX,
			"a quote stands inside a field without quotes");
	}
	reader->state = UNQUOTED;
	return add_byte(reader, byte);
}

static bool
step(struct kp_csv_reader *reader, unsigned char byte)
{
	/* A character begun must be finished, also before a quote or a line end. */
	if (reader->utf8_state != KP_TEXT_PLAIN) {
		return add_byte(reader, byte);
	}
	switch ((enum state)reader->state) {
	case QUOTED:
		if (byte == '"') {
			reader->state = AFTER_QUOTE;
			return true;
		}
		return add_byte(reader, byte);
	case AFTER_QUOTE:
		if (byte == '"') {
			reader->state = QUOTED;
			return add_byte(reader, byte);
		}
		return step_outside(reader, byte);
	case FIELD_FIRST:
	case UNQUOTED:
		return step_outside(reader, byte);
	case AFTER_CR:
		if (byte != '\n') {
			return refuse(
				reader, KP_E_SYNTAX, "a carriage return stands alone");
		}
		return end_row(reader, reader->offset + 1,
			reader->offset - reader->row_offset == 1);
	}
	KP_UNREACHABLE();
}

static bool
step_and_count(struct kp_csv_reader *reader, unsigned char byte)
{
	if (!step(reader, byte)) {
		return false;
	}
	reader->offset++;
	if (byte == '\n') {
		reader->line++;
		reader->line_start = reader->offset;
	}
	return true;
}

/* Bytes from `at` on that only add themselves to the field under way. */
static size_t
plain_len(const struct kp_csv_reader *reader, const char *at, size_t len)
{
	bool inside = reader->state == UNQUOTED || reader->state == QUOTED;
	if (!inside || reader->utf8_state != KP_TEXT_PLAIN) {
		return 0;
	}
	size_t plain = 0;
	char separator = reader->options.separator;
	while (plain < len && kp_text_is_plain((unsigned char)at[plain]) &&
		at[plain] != separator) {
		plain++;
	}
	return plain;
}

static bool
read_bytes(struct kp_csv_reader *reader, const char *bytes, size_t len)
{
	size_t at = 0;
	while (at < len) {
		size_t plain = plain_len(reader, bytes + at, len - at);
		if (plain > 1) {
			/* Up to the limit at once, so that the error is at the right
			 * byte. */
			size_t begin = field_begin(reader);
			size_t room = reader->options.field_bytes_max -
				(reader->text_len - begin);
			size_t row_room =
				reader->options.row_bytes_max - reader->text_len;
			room = room < row_room ? room : row_room;
			plain = plain < room ? plain : room;
		}
		if (plain > 1) {
			if (!add(reader, bytes + at, plain)) {
				return false;
			}
			reader->offset += plain;
			at += plain;
		} else if (!step_and_count(reader, (unsigned char)bytes[at++])) {
			return false;
		}
	}
	return true;
}

/* Gives held bytes to the grammar: they were no byte order mark after all. */
static bool
release_mark(struct kp_csv_reader *reader)
{
	reader->begun = true;
	return read_bytes(reader, reader->held, reader->held_len);
}

/* The mark that the held bytes begin; NULL when it is none. */
static const struct kp_slice *
find_mark(const struct kp_csv_reader *reader)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(marks); i++) {
		struct kp_slice held = {reader->held, reader->held_len};
		if (kp_slice_starts(marks[i], held)) {
			return &marks[i];
		}
	}
	return NULL;
}

/* The text begins with a whole mark. */
static void
end_mark(struct kp_csv_reader *reader, const struct kp_slice *found)
{
	reader->begun = true;
	if (found != &marks[0]) {
		(void)refuse(reader, KP_E_SYNTAX,
			"the text is UTF-16: save it as UTF-8 (\"CSV UTF-8\")");
	} else if (reader->options.charset != KP_CSV_UTF8) {
		(void)refuse(reader, KP_E_SYNTAX,
			"the text begins as UTF-8, and is to be read in another "
			"character set");
	} else {
		reader->offset = found->len;
		reader->row_offset = found->len;
	}
}

/* Takes a byte order mark off the beginning; returns how many bytes it used. */
static size_t
take_mark(struct kp_csv_reader *reader, struct kp_slice chunk)
{
	size_t used = 0;
	while (used < chunk.len && !reader->begun) {
		reader->held[reader->held_len++] = chunk.data[used++];
		const struct kp_slice *found = find_mark(reader);
		if (found == NULL) {
			(void)release_mark(reader);
		} else if (reader->held_len == found->len) {
			end_mark(reader, found);
		}
	}
	return used;
}

/* ---- calls ---- */

static enum kp_status
give_error(const struct kp_csv_reader *reader, struct kp_error *err)
{
	if (reader->status == KP_E_LIMIT) {
		(void)kp_error_set(err, reader->status, "%s is %llu", reader->fault,
			(unsigned long long)reader->fault_limit);
	} else {
		(void)kp_error_set(err, reader->status, "%s", reader->fault);
	}
	char place[32];
	bool given = reader->status == KP_E_INVALID || reader->status == KP_E_CANCELLED;
	(void)snprintf(place, sizeof(place), "row %llu",
		(unsigned long long)reader->row_number + (given ? 0 : 1));
	kp_error_at(err, NULL, reader->line,
		(unsigned)(reader->offset - reader->line_start) + 1, place);
	return reader->status;
}

enum kp_status
kp_csv_reader_push(
	struct kp_csv_reader *reader, struct kp_slice chunk, struct kp_error *err)
{
	if (reader->status == KP_OK && chunk.len > 0) {
		size_t used = reader->begun ? 0 : take_mark(reader, chunk);
		if (reader->status == KP_OK) {
			(void)read_bytes(reader, chunk.data + used, chunk.len - used);
		}
	}
	return reader->status == KP_OK ? KP_OK : give_error(reader, err);
}

static void
finish(struct kp_csv_reader *reader)
{
	if (!reader->begun && !release_mark(reader)) {
		return;
	}
	if (reader->utf8_state != KP_TEXT_PLAIN) {
		(void)refuse(reader, KP_E_SYNTAX, "the text is not UTF-8");
		return;
	}
	if (reader->state == QUOTED) {
		(void)refuse(reader, KP_E_SYNTAX, "a quoted field is not closed");
		return;
	}
	if (reader->state == AFTER_CR) {
		(void)refuse(reader, KP_E_SYNTAX, "a carriage return stands alone");
		return;
	}
	if (reader->offset > reader->row_offset) {
		(void)end_row(reader, reader->offset, false);
	}
}

enum kp_status
kp_csv_reader_finish(struct kp_csv_reader *reader, struct kp_error *err)
{
	if (reader->status == KP_OK) {
		finish(reader);
	}
	return reader->status == KP_OK ? KP_OK : give_error(reader, err);
}
