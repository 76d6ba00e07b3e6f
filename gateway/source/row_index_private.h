/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* row_index_private: the pages of an index, as they lie in the file (this machine's byte
 * order: an index is made and read by one machine, and made anew when it does not fit).
 */
#ifndef KP_SOURCE_ROW_INDEX_PRIVATE_H
#define KP_SOURCE_ROW_INDEX_PRIVATE_H

#include <stddef.h>
#include <string.h>

#include "source/row_index.h"

/* Small, since all of a page in use is hashed at each look-up. */
#define KP_ROW_PAGE_BYTES 2048
#define KP_ROW_PAGE_HEAD_BYTES 24
#define KP_ROW_KEY_BYTES 16
#define KP_ROW_INDEX_MAGIC "kpindex"
#define KP_ROW_INDEX_VERSION 5u

struct kp_row {
	uint64_t hash;
	uint64_t place; /* the file in the upper 16 bits, the offset in the others */
	uint32_t len;
	uint32_t sum;      /* of its bytes */
	uint64_t identity; /* only where the index keeps them */
};

/* In place of a length: not a row, but a place where something happened to an identity,
 * which is its hash. */
#define KP_ROW_TOUCH_LEN UINT32_MAX

static inline uint64_t
kp_row_place_pack(const struct kp_row_place *place)
{
	return (uint64_t)place->file << 48 | place->offset;
}

/* How much of a row a page has. */
#define KP_ROW_BYTES_SHORT offsetof(struct kp_row, identity)
#define KP_ROW_BYTES_LONG sizeof(struct kp_row)

struct kp_row_page {
	uint64_t sum;    /* of what follows, as far as it is used */
	uint32_t number; /* its own */
	uint32_t count;  /* rows */
	uint32_t next;   /* page with more of this bucket; 0: none */
	uint32_t unused;
	unsigned char rows[KP_ROW_PAGE_BYTES - KP_ROW_PAGE_HEAD_BYTES];
};
_Static_assert(sizeof(struct kp_row_page) == KP_ROW_PAGE_BYTES, "a page is a page");

struct kp_row_header {
	uint64_t sum;
	char magic[8];
	unsigned char salt[KP_ROW_INDEX_SECRET_BYTES];
	unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES];
	uint64_t rows;
	uint32_t pages; /* with this one */
	uint32_t buckets;
	uint32_t preamble_count;
	uint32_t row_bytes; /* in a page */
	uint32_t day;
	uint32_t version;
	uint64_t rows_all;
	struct kp_row preamble[KP_ROW_INDEX_PREAMBLE_MAX];
};

_Static_assert(sizeof(struct kp_row_header) <= KP_ROW_PAGE_BYTES, "it is in a page");

/* One for each use: what one of them shows is no help against another. */
struct kp_row_keys {
	unsigned char hash[KP_ROW_KEY_BYTES]; /* of clients and identities */
	unsigned char row[KP_ROW_KEY_BYTES];
	unsigned char page[KP_ROW_KEY_BYTES];
};

struct kp_file;

struct kp_row_index {
	struct kp_file *file;
	struct kp_row_keys keys;
	struct kp_row_header header;
};

static inline uint32_t
kp_row_page_room(uint32_t row_bytes)
{
	return (KP_ROW_PAGE_BYTES - KP_ROW_PAGE_HEAD_BYTES) / row_bytes;
}

static inline struct kp_row
kp_row_page_get(const struct kp_row_page *page, uint32_t row_bytes, uint32_t number)
{
	struct kp_row row = {0};
	memcpy(&row, page->rows + (size_t)number * row_bytes, row_bytes);
	return row;
}

static inline void
kp_row_page_add(struct kp_row_page *page, uint32_t row_bytes, const struct kp_row *row)
{
	memcpy(page->rows + (size_t)page->count++ * row_bytes, row, row_bytes);
}

struct kp_row_place kp_row_place_of(const struct kp_row *row);
uint32_t kp_row_bucket(uint64_t hash, uint32_t buckets);
/* Those of a secret and a salt. KP_E_INTERNAL when libcrypto fails. */
enum kp_status kp_row_keys_make(const unsigned char *secret, const unsigned char *salt,
	struct kp_row_keys *ret_keys) KP_MUST_USE;
uint64_t kp_row_page_sum(
	const struct kp_row_index *index, const struct kp_row_page *page);
uint64_t kp_row_header_sum(const struct kp_row_index *index);

#endif
