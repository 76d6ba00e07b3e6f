/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_scan: see delivery_scan.h. */
#include "source/delivery_scan.h"

#include <string.h>

#include "connectors/fault.h"
#include "core/heap.h"

#define PIECE_BYTES ((size_t)128 * 1024)
/* The longest row of our own forms is 1 MiB of text, each quote of it written twice. */
#define ROW_BYTES_MAX ((size_t)9 << 18)
#define WINDOW_FIRST (4 * PIECE_BYTES)

/* One reading of a file. The piece under way lies behind what came after the last row, so
 * that the next row lies there whole: what is summed is what was digested, and not what
 * somebody put in its place meanwhile. */
struct pass {
	struct kp_delivery_scan *scan;
	void *state;           /* the connector's; NULL: only the digest */
	enum kp_status status; /* of the builder */
	struct kp_sha256 sha;
	char *window;
	size_t room;
	uint64_t from; /* offset in the file of its first byte */
	size_t held;   /* bytes in it */
	uint64_t seen; /* offset in the file where the last row ended */
};

/* KP_E_SOURCE when it is not in the window. */
static enum kp_status
place_row(struct pass *pass, uint64_t offset, uint64_t len, struct kp_row_place *place)
{
	uint64_t end = pass->from + pass->held;
	*place = (struct kp_row_place){.offset = offset, .file = pass->scan->number};
	if (len > ROW_BYTES_MAX || offset < pass->from || offset > end ||
		len > end - offset) {
		return KP_E_SOURCE;
	}
	place->len = (uint32_t)len;
	pass->seen = offset + len;
	if (pass->scan->builder != NULL) {
		const char *bytes = pass->window + (offset - pass->from);
		place->sum = kp_row_index_sum(
			pass->scan->builder, (struct kp_slice){bytes, (size_t)len});
	}
	return KP_OK;
}

static enum kp_status
add_preamble(struct kp_delivery_preamble *preamble, const struct kp_row_place *place)
{
	if (preamble->count == KP_ROW_INDEX_PREAMBLE_MAX) {
		return KP_E_LIMIT;
	}
	preamble->places[preamble->count++] = *place;
	return KP_OK;
}

static bool
add_row(void *context, struct kp_text key, uint64_t offset, uint64_t len)
{
	struct pass *pass = context;
	struct kp_delivery_scan *scan = pass->scan;
	struct kp_row_place place;
	pass->status = place_row(pass, offset, len, &place);
	scan->rows += key.len > 0 ? 1 : 0;
	if (pass->status == KP_OK && !scan->dry) {
		pass->status = key.len == 0 && scan->preamble != NULL
			? add_preamble(scan->preamble, &place)
			: kp_row_index_add(scan->builder,
				  (struct kp_slice){key.data, key.len}, &place);
	}
	return pass->status == KP_OK;
}

static enum kp_status
index_entry(const struct kp_delivery_scan *scan, const struct kp_index_entry *entry,
	struct kp_row_place *place)
{
	struct kp_row_index_builder *builder = scan->builder;
	enum kp_status status = KP_OK;
	if (entry->identity.len > 0) {
		place->identity = kp_row_index_identity(builder,
			(struct kp_slice){entry->identity.data, entry->identity.len});
	}
	if (scan->number > 0 && place->identity != 0) {
		status = kp_row_index_touch(builder, place);
	}
	if (status == KP_OK && !entry->removed && entry->key.len > 0) {
		status = kp_row_index_add(builder,
			(struct kp_slice){entry->key.data, entry->key.len}, place);
	}
	return status;
}

static bool
add_entry(void *context, const struct kp_index_entry *entry)
{
	struct pass *pass = context;
	struct kp_row_place place;
	pass->status = place_row(pass, entry->offset, entry->len, &place);
	pass->scan->rows++;
	if (pass->status == KP_OK && !pass->scan->dry) {
		pass->status = index_entry(pass->scan, entry, &place);
	}
	return pass->status == KP_OK;
}

static bool
take_summary(void *context, uint64_t rows, struct kp_text day)
{
	struct pass *pass = context;
	struct kp_row_index_facts *facts = &pass->scan->facts;
	facts->rows = rows;
	for (size_t i = 0; i < day.len; i++) {
		if (day.data[i] >= '0' && day.data[i] <= '9') {
			facts->day = facts->day * 10 + (uint32_t)(day.data[i] - '0');
		}
	}
	return day.len == 0 || day.len == sizeof("yyyy-mm-dd") - 1;
}

/* `status`: of reading the piece; the connector hears of the end also when it failed. */
static enum kp_status
take_piece(struct pass *pass, struct kp_slice piece, enum kp_status status, bool last)
{
	const struct kp_source_private *private = pass->scan->private;
	const struct kp_index_writer writer = {.size = sizeof(writer),
		.context = pass,
		.row = add_row,
		.entry = add_entry,
		.changes = pass->scan->number > 0,
		.summary = take_summary};
	kp_sha256_add(&pass->sha, piece);
	if (pass->state == NULL) {
		return status;
	}
	int verdict = private->connector->scan(private->instance, pass->state,
		(struct kp_text){piece.data, piece.len}, last, &writer,
		&pass->scan->fault);
	if (status != KP_OK) {
		return status;
	}
	if (pass->status == KP_E_SOURCE) {
		(void)kp_fault_set(&pass->scan->fault, "",
			"the connector names a row that is not where it reads, or is "
			"longer than %zu bytes",
			ROW_BYTES_MAX);
	}
	if (pass->status != KP_OK) {
		return pass->status;
	}
	return verdict == KP_DONE         ? KP_OK
		: verdict == KP_NO_MEMORY ? KP_E_MEMORY
					  : KP_E_SOURCE;
}

/* Room for a piece, behind what may be part of a row. */
static enum kp_status
make_room(struct pass *pass)
{
	size_t gone = (size_t)(pass->seen > pass->from ? pass->seen - pass->from : 0);
	size_t kept = pass->held - gone;
	kept = kept > ROW_BYTES_MAX ? ROW_BYTES_MAX : kept;
	gone = pass->held - kept;
	memmove(pass->window, pass->window + gone, kept);
	pass->from += gone;
	pass->held = kept;
	if (pass->room - kept >= PIECE_BYTES) {
		return KP_OK;
	}
	char *window = kp_heap_realloc(pass->window, 2 * pass->room);
	if (window == NULL) {
		return KP_E_MEMORY;
	}
	pass->window = window;
	pass->room *= 2;
	return KP_OK;
}

/* Reads the next piece behind what is in the window. */
static enum kp_status
next_piece(struct pass *pass, struct kp_slice *ret_piece)
{
	size_t len = 0;
	enum kp_status status =
		pass->room - pass->held < PIECE_BYTES ? make_room(pass) : KP_OK;
	char *piece = pass->window + pass->held;
	if (status == KP_OK) {
		status = kp_file_read_at(pass->scan->file, pass->from + pass->held, piece,
			PIECE_BYTES, &len);
	}
	*ret_piece = (struct kp_slice){piece, status == KP_OK ? len : 0};
	pass->held += ret_piece->len;
	return status;
}

static enum kp_status
read_pieces(struct pass *pass)
{
	struct kp_delivery_scan *scan = pass->scan;
	for (;;) {
		struct kp_slice piece;
		enum kp_status status = next_piece(pass, &piece);
		bool last = status != KP_OK || piece.len < PIECE_BYTES;
		status = take_piece(pass, piece, status, last);
		if (status != KP_OK || last) {
			return status;
		}
		kp_delivery_state_read(
			scan->state, scan->path, pass->from + pass->held, scan->rows);
	}
}

enum kp_status
kp_delivery_scan(struct kp_delivery_scan *scan)
{
	bool small = scan->size < WINDOW_FIRST - PIECE_BYTES;
	struct pass pass = {.scan = scan,
		.room = small ? (size_t)scan->size + PIECE_BYTES : WINDOW_FIRST};
	size_t size = scan->private->connector->scan_size + 1;
	pass.window = kp_heap_alloc(pass.room);
	bool parses = scan->builder != NULL || scan->dry;
	pass.state = parses ? kp_heap_calloc(1, size) : NULL;
	enum kp_status status = KP_E_MEMORY;
	scan->rows = 0;
	if (parses) {
		scan->facts = (struct kp_row_index_facts){0};
	}
	if (pass.window != NULL && (!parses || pass.state != NULL)) {
		kp_delivery_state_begin(scan->state, scan->size);
		kp_sha256_begin(&pass.sha);
		status = read_pieces(&pass);
		kp_sha256_end(&pass.sha, scan->digest);
		kp_delivery_state_end(scan->state);
	}
	kp_heap_free(pass.window);
	kp_heap_free(pass.state);
	return status;
}
