/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * row_index: where each client's rows are in an export, as a file of pages that is never
 * read as a whole: a look-up is one read of one page, and resident memory does not grow
 * with the export. It holds keyed hashes, offsets and lengths, and no data of a client.
 *
 * Page 0 is the header: version, what the index was made from, rows that go before every
 * look-up. Then come the buckets, ordered by hash, and behind them what did not fit in
 * one.
 *
 * Hashes, sums of rows and sums of pages are SipHash-1-3 under keys that are in no file:
 * HMAC-SHA-256 of a secret of the gateway's and the salt in the header. So who can write
 * the export or the index, but does not have that secret, cannot make a row or a page
 * that is taken for one that was indexed, nor leave one out.
 *
 * Building keeps a few kilobytes for each of 256 parts of the hashes and spills the rest;
 * its memory is bounded too. All of it blocks: for worker threads.
 */
#ifndef KP_SOURCE_ROW_INDEX_H
#define KP_SOURCE_ROW_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"

#define KP_ROW_INDEX_ROWS_MAX ((uint64_t)100000000)
#define KP_ROW_INDEX_PREAMBLE_MAX 8
/* What an index was made from; two that are not equal are not the same. */
#define KP_ROW_INDEX_ORIGIN_BYTES ((size_t)32)

#define KP_ROW_INDEX_SECRET_BYTES ((size_t)32)
#define KP_ROW_INDEX_OFFSET_MAX (((uint64_t)1 << 48) - 1)

struct kp_row_place {
	uint64_t offset; /* at most KP_ROW_INDEX_OFFSET_MAX */
	uint32_t len;
	uint32_t sum;      /* kp_row_index_sum of its bytes when it was indexed */
	uint64_t identity; /* which row of the partner's it is; 0: not known */
	uint16_t file;     /* of several, the one it is in */
};

struct kp_row_index;

/* What a file said of itself while it was read. */
struct kp_row_index_facts {
	uint64_t rows; /* all of them, also those about nobody */
	uint32_t day;  /* yyyymmdd; 0: none */
};

struct kp_row_index_options {
	const char *path; /* where it will be; NULL keeps it in memory (not resident: a
			     file without a name) */
	bool identities;  /* they are kept too */
	const unsigned char *secret; /* KP_ROW_INDEX_SECRET_BYTES; not used with `like` */
	const struct kp_row_index *like; /* has the same keys, so that identities can be
					    compared; NULL: keys of its own */
};

struct kp_row_index_builder;

/* Empty; to be finished or dropped. KP_E_MEMORY, and what making its file gives. */
enum kp_status kp_row_index_begin(const struct kp_row_index_options *options,
	struct kp_row_index_builder **ret_builder) KP_MUST_USE;
/* The identity that a text has in this index, and in others with its key; never 0. */
uint64_t kp_row_index_identity(
	const struct kp_row_index_builder *builder, struct kp_slice text);
/* The sum of a row's bytes, for its place. */
uint32_t kp_row_index_sum(
	const struct kp_row_index_builder *builder, struct kp_slice row) KP_MUST_USE;
/* Something happened to the row of an identity: `place` says where. For
 * kp_row_index_latest only. */
enum kp_status kp_row_index_touch(struct kp_row_index_builder *builder,
	const struct kp_row_place *place) KP_MUST_USE;
/* In any order. An empty key: a row that goes before those of every look-up. KP_E_LIMIT,
 * KP_E_IO, KP_E_MEMORY; then the builder is only good for abandon. */
enum kp_status kp_row_index_add(struct kp_row_index_builder *builder, struct kp_slice key,
	const struct kp_row_place *place) KP_MUST_USE;
/* Writes the index and, with a path, puts it in its place at once (mode 0600). The
 * builder is gone, also on failure. */
enum kp_status kp_row_index_finish(struct kp_row_index_builder **builder,
	const unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES],
	const struct kp_row_index_facts *facts,
	struct kp_row_index **ret_index) KP_MUST_USE;
void kp_row_index_abandon(struct kp_row_index_builder **builder);

/* One that lies there. KP_E_NOT_FOUND when there is none or it was made from something
 * else or by another version; KP_E_CORRUPT when its sum is wrong, which it is too when it
 * was made with another secret. */
enum kp_status kp_row_index_open(const char *path,
	const unsigned char secret[KP_ROW_INDEX_SECRET_BYTES],
	const unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES],
	struct kp_row_index **ret_index) KP_MUST_USE;
void kp_row_index_close(struct kp_row_index **index);
uint64_t kp_row_index_rows(const struct kp_row_index *index);
struct kp_row_index_facts kp_row_index_facts(const struct kp_row_index *index);
/* Are these the bytes of the row that was indexed at this place? */
bool kp_row_index_intact(const struct kp_row_index *index,
	const struct kp_row_place *place, struct kp_slice row) KP_MUST_USE;

/* Did nothing happen to the identity of this row behind its place, in its file or a later
 * one? */
enum kp_status kp_row_index_latest(const struct kp_row_index *index,
	const struct kp_row_place *place, bool *ret_latest) KP_MUST_USE;

/*
 * The rows for a key, the preamble first, in the order of the files; any thread. `places`
 * has room for `room`; KP_E_LIMIT when there are more. Rows of other keys may be among
 * them when hashes are equal.
 */
enum kp_status kp_row_index_find(const struct kp_row_index *index, struct kp_slice key,
	struct kp_row_place *places, size_t room, size_t *ret_count) KP_MUST_USE;

#endif
