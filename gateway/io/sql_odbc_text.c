/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sql_odbc_text: texts between UTF-8, which is ours, and UTF-16, which no driver converts
 * by its locale or by what its connection string says of character sets. For a driver
 * that only has the functions for bytes (SQLite's of Debian) the driver manager would
 * make one byte of each unit: it gets UTF-8.
 */
#include <string.h>

#include "core/heap.h"
#include "io/sql_odbc_work.h"

/* The next code point of UTF-8, moving on. What was not checked reads as something. */
static uint32_t
next_code(const unsigned char **at)
{
	uint32_t code = *(*at)++;
	unsigned more = code >= 0xf0 ? 3 : code >= 0xe0 ? 2 : code >= 0xc0 ? 1 : 0;
	code &= more == 0 ? 0x7fu : 0x3fu >> more;
	for (; more > 0 && (**at & 0xc0) == 0x80; more--) {
		code = code << 6 | (*(*at)++ & 0x3fu);
	}
	return code;
}

size_t
kp_odbc_to_utf16(const char *text, SQLWCHAR *out)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len = 0;
	while (*at != '\0') {
		uint32_t code = next_code(&at);
		if (code >= 0x10000) {
			out[len++] = (SQLWCHAR)(0xd800 + ((code - 0x10000) >> 10));
			out[len++] = (SQLWCHAR)(0xdc00 + ((code - 0x10000) & 0x3ff));
		} else {
			out[len++] = (SQLWCHAR)code;
		}
	}
	return len;
}

SQLWCHAR *
kp_odbc_copy_utf16(const char *text)
{
	SQLWCHAR *units = kp_heap_calloc(strlen(text) + 1, sizeof(*units));
	if (units != NULL) {
		(void)kp_odbc_to_utf16(text, units);
	}
	return units;
}

/* A code point as UTF-8; half a surrogate pair becomes U+FFFD. */
static size_t
write_code(uint32_t code, char bytes[4])
{
	size_t len = 0;
	if (code >= 0xd800 && code < 0xe000) {
		code = 0xfffd;
	}
	if (code < 0x80) {
		bytes[len++] = (char)code;
	} else if (code < 0x800) {
		bytes[len++] = (char)(0xc0 | code >> 6);
		bytes[len++] = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		bytes[len++] = (char)(0xe0 | code >> 12);
		bytes[len++] = (char)(0x80 | (code >> 6 & 0x3f));
		bytes[len++] = (char)(0x80 | (code & 0x3f));
	} else {
		bytes[len++] = (char)(0xf0 | code >> 18);
		bytes[len++] = (char)(0x80 | (code >> 12 & 0x3f));
		bytes[len++] = (char)(0x80 | (code >> 6 & 0x3f));
		bytes[len++] = (char)(0x80 | (code & 0x3f));
	}
	return len;
}

/* What a unit completes, as UTF-8: nothing, a code point, or half a pair and one. */
static size_t
write_unit(uint32_t unit, uint32_t *carry, char bytes[8])
{
	size_t len = 0;
	bool low = unit >= 0xdc00 && unit < 0xe000;
	if (*carry != 0) {
		uint32_t high = *carry - 0xd800;
		*carry = 0;
		if (low) {
			return write_code(
				0x10000 + (high << 10) + (unit - 0xdc00), bytes);
		}
		len = write_code(0xfffd, bytes);
	}
	if (unit >= 0xd800 && unit < 0xdc00) {
		*carry = unit;
		return len;
	}
	return len + write_code(unit, bytes + len);
}

bool
kp_odbc_add_utf16(
	struct kp_odbc_job *job, const SQLWCHAR *units, size_t count, uint32_t *carry)
{
	char bytes[8];
	for (size_t i = 0; i < count; i++) {
		size_t len = write_unit(units[i], carry, bytes);
		if (!kp_odbc_add(job, bytes, len)) {
			return false;
		}
	}
	return true;
}

bool
kp_odbc_end_utf16(struct kp_odbc_job *job, uint32_t *carry)
{
	static const char replacement[] = "\xef\xbf\xbd";
	bool half = *carry != 0;
	*carry = 0;
	return !half || kp_odbc_add(job, replacement, sizeof(replacement) - 1);
}

void
kp_odbc_to_utf8(const SQLWCHAR *units, size_t room, char *out, size_t size)
{
	char bytes[8];
	uint32_t carry = 0;
	size_t len = 0;
	for (size_t i = 0; i < room && units[i] != 0; i++) {
		size_t more = write_unit(units[i], &carry, bytes);
		if (len + more >= size) {
			break;
		}
		memcpy(out + len, bytes, more);
		len += more;
	}
	out[len] = '\0';
}

/* What a driver would take is given back as it came, unless it was made bytes of. */
bool
kp_odbc_is_wide(SQLHDBC connection)
{
	SQLWCHAR text[] = {0x2603, 0};
	SQLWCHAR back[8] = {0};
	SQLINTEGER len = 0;
	SQLRETURN code = SQLNativeSqlW(
		connection, text, SQL_NTS, back, (SQLINTEGER)KP_ARRAY_LEN(back), &len);
	return !kp_odbc_fine(code) || back[0] == text[0];
}

SQLRETURN
kp_odbc_prepare(SQLHSTMT statement, bool wide, char *text)
{
	if (!wide) {
		return SQLPrepare(statement, (SQLCHAR *)text, SQL_NTS);
	}
	SQLWCHAR *units = kp_odbc_copy_utf16(text);
	SQLRETURN code =
		units == NULL ? SQL_ERROR : SQLPrepareW(statement, units, SQL_NTS);
	kp_heap_free(units);
	return code;
}

SQLRETURN
kp_odbc_column(
	SQLHSTMT statement, bool wide, SQLUSMALLINT number, struct kp_odbc_column *column)
{
	SQLWCHAR units[KP_ODBC_NAME_UNITS] = {0};
	SQLSMALLINT len = 0; /* a driver may count on its place */
	column->name[0] = '\0';
	if (!wide) {
		return SQLDescribeCol(statement, number, (SQLCHAR *)column->name,
			(SQLSMALLINT)sizeof(column->name), &len, &column->type,
			&column->size, &column->digits, NULL);
	}
	SQLRETURN code = SQLDescribeColW(statement, number, units, KP_ODBC_NAME_UNITS,
		&len, &column->type, &column->size, &column->digits, NULL);
	kp_odbc_to_utf8(units, KP_ODBC_NAME_UNITS, column->name, sizeof(column->name));
	return code;
}

bool
kp_odbc_information(
	SQLHDBC connection, bool wide, SQLUSMALLINT what, char out[KP_ODBC_NAME_BYTES])
{
	SQLWCHAR units[KP_ODBC_NAME_UNITS] = {0};
	out[0] = '\0';
	if (!wide) {
		return kp_odbc_fine(
			SQLGetInfo(connection, what, out, KP_ODBC_NAME_BYTES, NULL));
	}
	bool fine = kp_odbc_fine(
		SQLGetInfoW(connection, what, units, (SQLSMALLINT)sizeof(units), NULL));
	kp_odbc_to_utf8(units, KP_ODBC_NAME_UNITS, out, KP_ODBC_NAME_BYTES);
	return fine;
}
