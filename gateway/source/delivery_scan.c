/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_scan: see delivery_scan.h. */
#include "source/delivery_scan.h"

#include <string.h>

#include "core/crc32c.h"
#include "core/heap.h"

#define PIECE_BYTES ((size_t)128 * 1024)

/* One reading of a file. The piece under way lies behind the one before it, so that a row
 * over their border lies there whole. */
struct pass {
	struct kp_delivery_scan *scan;
	void *state;           /* the connector's; NULL: only the digest */
	enum kp_status status; /* of the builder */
	struct kp_sha256 sha;
	char *window;  /* 2 * PIECE_BYTES */
	uint64_t from; /* offset in the file of its first byte */
	size_t held;   /* bytes in it */
};

/* The sum of a row longer than the window, from the file. */
static enum kp_status
sum_long_row(const struct pass *pass, struct kp_row_place *place)
{
	char bytes[4096];
	uint32_t done = 0;
	enum kp_status status = KP_OK;
	while (status == KP_OK && done < place->len) {
		size_t len = place->len - done;
		size_t got = 0;
		len = len < sizeof(bytes) ? len : sizeof(bytes);
		status = kp_file_read_at(
			pass->scan->file, place->offset + done, bytes, len, &got);
		if (status == KP_OK && got == 0) {
			status = KP_E_BUSY;
		}
		place->sum = kp_crc32c(place->sum, bytes, got);
		done += (uint32_t)got;
	}
	kp_wipe(bytes, sizeof(bytes));
	return status;
}

static enum kp_status
sum_row(const struct pass *pass, uint64_t offset, uint64_t len,
	struct kp_row_place *place)
{
	if (len > UINT32_MAX) {
		return KP_E_LIMIT;
	}
	*place = (struct kp_row_place){.offset = offset, .len = (uint32_t)len};
	uint64_t end = pass->from + pass->held;
	if (offset < pass->from || offset > end || len > end - offset) {
		return sum_long_row(pass, place);
	}
	place->sum = kp_crc32c(0, pass->window + (offset - pass->from), (size_t)len);
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
	pass->status = sum_row(pass, offset, len, &place);
	place.file = scan->number;
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
	place->file = scan->number;
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
	pass->status = sum_row(pass, entry->offset, entry->len, &place);
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
	if (pass->status != KP_OK) {
		return pass->status;
	}
	return verdict == KP_DONE         ? KP_OK
		: verdict == KP_NO_MEMORY ? KP_E_MEMORY
					  : KP_E_SOURCE;
}

/* Reads the next piece behind what is in the window, which keeps one piece. */
static enum kp_status
next_piece(struct pass *pass, struct kp_slice *ret_piece)
{
	size_t len = 0;
	size_t kept = pass->held < PIECE_BYTES ? pass->held : PIECE_BYTES;
	memmove(pass->window, pass->window + pass->held - kept, kept);
	pass->from += pass->held - kept;
	pass->held = kept;
	char *piece = pass->window + kept;
	enum kp_status status = kp_file_read_at(
		pass->scan->file, pass->from + kept, piece, PIECE_BYTES, &len);
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
	struct pass pass = {.scan = scan};
	size_t size = scan->private->connector->scan_size + 1;
	pass.window = kp_heap_alloc(2 * PIECE_BYTES);
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
