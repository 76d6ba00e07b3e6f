/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sql_odbc_value: one value of a row. As text, which the driver makes of whatever the
 * column has; but yes or no is 1 or 0 and bytes are hexadecimal digits, since not every
 * driver keeps to ODBC there. What a driver says of lengths is not relied on.
 */
#include <string.h>

#include "core/heap.h"
#include "io/sql_odbc_work.h"

#define PIECE_UNITS 2048
#define PIECE_BYTES 2048
#define UNTOUCHED 0xffff /* is no character */

enum kp_odbc_kind
kp_odbc_kind_of(SQLSMALLINT type)
{
	switch (type) {
	case SQL_BIT:
		return KP_ODBC_BIT;
	case SQL_BINARY:
	case SQL_VARBINARY:
	case SQL_LONGVARBINARY:
		return KP_ODBC_BYTES;
	default:
		return KP_ODBC_TEXT;
	}
}

static size_t
length_to_zero(const SQLWCHAR *units, size_t room)
{
	size_t len = 0;
	while (len < room && units[len] != 0) {
		len++;
	}
	return len;
}

/* How much of a piece with a 0 at its end was written, when more was to come: all, or
 * less for a driver that does not part a pair, or that reads in portions of its own. */
static size_t
length_of_cut(const SQLWCHAR *piece)
{
	SQLWCHAR last = piece[PIECE_UNITS - 2];
	return last == UNTOUCHED ? length_to_zero(piece, PIECE_UNITS - 2)
		: last == 0      ? PIECE_UNITS - 2
				 : PIECE_UNITS - 1;
}

/* A piece of a text. False: it was the last, or the job failed. */
static bool
take_piece(const struct kp_odbc_place *place, struct kp_odbc_job *job, SQLWCHAR *piece,
	uint32_t *carry, bool *ret_null)
{
	const SQLLEN room = (PIECE_UNITS - 1) * (SQLLEN)sizeof(*piece);
	SQLLEN indicator = 0;
	piece[PIECE_UNITS - 2] = UNTOUCHED;
	piece[PIECE_UNITS - 1] = 0;
	SQLRETURN code = SQLGetData(place->statement, place->column, SQL_C_WCHAR, piece,
		PIECE_UNITS * (SQLLEN)sizeof(*piece), &indicator);
	if (code == SQL_NO_DATA) {
		return false;
	}
	if (!kp_odbc_fine(code)) {
		kp_odbc_fail(job, SQL_HANDLE_STMT, place->statement);
		return false;
	}
	*ret_null = indicator == SQL_NULL_DATA;
	if (*ret_null) {
		return false;
	}
	bool whole = indicator >= 0 && indicator <= room;
	bool cut = code == SQL_SUCCESS_WITH_INFO ? !whole : indicator > room;
	size_t units = whole ? (size_t)indicator / sizeof(*piece)
		: cut        ? length_of_cut(piece)
			     : length_to_zero(piece, PIECE_UNITS - 1);
	if (cut && units == 0) {
		/* It would never end. */
		kp_odbc_fail(job, SQL_HANDLE_STMT, place->statement);
		return false;
	}
	return kp_odbc_add_utf16(job, piece, units, carry) && cut;
}

static void
take_text(const struct kp_odbc_place *place, struct kp_odbc_job *job, bool *ret_null)
{
	SQLWCHAR piece[PIECE_UNITS];
	uint32_t carry = 0;
	while (take_piece(place, job, piece, &carry, ret_null) &&
		!kp_odbc_over_limit(job)) {
	}
	(void)kp_odbc_end_utf16(job, &carry);
	kp_wipe(piece, sizeof(piece));
}

static void
take_bit(const struct kp_odbc_place *place, struct kp_odbc_job *job, bool *ret_null)
{
	unsigned char bit = 0;
	SQLLEN indicator = 0;
	if (!kp_odbc_fine(SQLGetData(place->statement, place->column, SQL_C_BIT, &bit,
		    sizeof(bit), &indicator))) {
		kp_odbc_fail(job, SQL_HANDLE_STMT, place->statement);
		return;
	}
	*ret_null = indicator == SQL_NULL_DATA;
	if (!*ret_null) {
		(void)kp_odbc_add(job, bit != 0 ? "1" : "0", 1);
	}
}

static bool
add_hex(struct kp_odbc_job *job, const unsigned char *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	bool more = true;
	for (size_t i = 0; more && i < len; i++) {
		const char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 0xf]};
		more = kp_odbc_add(job, pair, sizeof(pair));
	}
	return more;
}

static void
take_bytes(const struct kp_odbc_place *place, struct kp_odbc_job *job, bool *ret_null)
{
	unsigned char piece[PIECE_BYTES];
	bool more = true;
	while (more && !kp_odbc_over_limit(job)) {
		SQLLEN indicator = 0;
		SQLRETURN code = SQLGetData(place->statement, place->column, SQL_C_BINARY,
			piece, sizeof(piece), &indicator);
		if (code == SQL_NO_DATA) {
			break;
		}
		if (!kp_odbc_fine(code)) {
			kp_odbc_fail(job, SQL_HANDLE_STMT, place->statement);
			break;
		}
		*ret_null = indicator == SQL_NULL_DATA;
		if (*ret_null) {
			break;
		}
		bool whole = indicator >= 0 && indicator <= (SQLLEN)sizeof(piece);
		if (!whole && code == SQL_SUCCESS) {
			/* The last piece, and nobody says how long it is. */
			kp_odbc_fail(job, SQL_HANDLE_STMT, place->statement);
			break;
		}
		more = add_hex(job, piece, whole ? (size_t)indicator : sizeof(piece)) &&
			!whole;
	}
	kp_wipe(piece, sizeof(piece));
}

bool
kp_odbc_take_value(const struct kp_odbc_place *place, struct kp_odbc_job *job)
{
	static void (*const takes[])(
		const struct kp_odbc_place *, struct kp_odbc_job *, bool *) = {
		[KP_ODBC_TEXT] = take_text,
		[KP_ODBC_BIT] = take_bit,
		[KP_ODBC_BYTES] = take_bytes,
	};
	size_t at = job->answer_len;
	bool null = false;
	if (!kp_odbc_add_number(job, 0)) {
		return false;
	}
	takes[place->kind](place, job, &null);
	if (job->status == KP_OK) {
		uint32_t len = null ? UINT32_MAX
				    : (uint32_t)(job->answer_len - at - sizeof(len));
		memcpy(job->answer + at, &len, sizeof(len));
	}
	return job->status == KP_OK;
}
