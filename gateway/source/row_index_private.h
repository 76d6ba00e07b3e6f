/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* row_index_private: the pages of an index, as they lie in the file (this machine's byte
 * order: an index is made and read by one machine, and made anew when it does not fit).
 */
#ifndef KP_SOURCE_ROW_INDEX_PRIVATE_H
#define KP_SOURCE_ROW_INDEX_PRIVATE_H

#include "source/row_index.h"

#define KP_ROW_PAGE_BYTES 4096
#define KP_ROW_PAGE_ROWS 170
#define KP_ROW_INDEX_MAGIC "kpindex"
#define KP_ROW_INDEX_VERSION 2u

struct kp_row {
	uint64_t hash;
	uint64_t offset;
	uint32_t len;
	uint32_t sum; /* of its bytes */
};

struct kp_row_page {
	uint32_t sum;   /* of all that follows */
	uint32_t count; /* rows */
	uint32_t next;  /* page with more of this bucket; 0: none */
	uint32_t unused;
	struct kp_row rows[KP_ROW_PAGE_ROWS];
};
_Static_assert(sizeof(struct kp_row_page) == KP_ROW_PAGE_BYTES, "a page is a page");

struct kp_row_header {
	uint32_t sum;
	uint32_t version;
	char magic[8];
	unsigned char key[16];
	unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES];
	uint64_t rows;
	uint32_t pages; /* with this one */
	uint32_t buckets;
	uint32_t preamble_count;
	uint32_t unused;
	struct kp_row preamble[KP_ROW_INDEX_PREAMBLE_MAX];
};

struct kp_file;

struct kp_row_index {
	struct kp_file *file;
	struct kp_row_header header;
};

uint32_t kp_row_bucket(uint64_t hash, uint32_t buckets);
void kp_row_page_seal(struct kp_row_page *page);
uint32_t kp_row_header_sum(const struct kp_row_header *header);

#endif
