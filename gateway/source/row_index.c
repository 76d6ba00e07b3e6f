/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* row_index: looking up, and opening. See row_index.h; building is in
 * row_index_build.c. */
#include "source/row_index.h"

#include <string.h>

#include "core/crc32c.h"
#include "core/hash.h"
#include "core/heap.h"
#include "io/file.h"
#include "source/row_index_private.h"

uint32_t
kp_row_bucket(uint64_t hash, uint32_t buckets)
{
	return (uint32_t)(((hash >> 32) * buckets) >> 32);
}

static uint32_t
page_sum(const struct kp_row_page *page)
{
	size_t from = sizeof(page->sum);
	return kp_crc32c(0, (const char *)page + from, sizeof(*page) - from);
}

void
kp_row_page_seal(struct kp_row_page *page)
{
	page->sum = page_sum(page);
}

static enum kp_status
read_page(const struct kp_row_index *index, uint32_t number, struct kp_row_page *page)
{
	size_t len = 0;
	enum kp_status status = kp_file_read_at(index->file,
		(uint64_t)number * KP_ROW_PAGE_BYTES, (char *)page, sizeof(*page), &len);
	if (status != KP_OK) {
		return status;
	}
	return len == sizeof(*page) && page->count <= KP_ROW_PAGE_ROWS &&
			page->sum == page_sum(page)
		? KP_OK
		: KP_E_CORRUPT;
}

enum kp_status
kp_row_index_find(const struct kp_row_index *index, struct kp_slice key,
	struct kp_row_place *places, size_t room, size_t *ret_count)
{
	struct kp_row_page page;
	const struct kp_row_header *header = &index->header;
	uint64_t hash = kp_hash_keyed(header->key, key.data, key.len);
	size_t count = 0;
	for (uint32_t i = 0; i < header->preamble_count && count < room; i++) {
		places[count++] =
			(struct kp_row_place){.offset = header->preamble[i].offset,
				.len = header->preamble[i].len,
				.sum = header->preamble[i].sum};
	}
	uint32_t number = 1 + kp_row_bucket(hash, header->buckets);
	/* A page leads on only to a later one, so this ends. */
	for (uint32_t before = 0; number > before;) {
		enum kp_status status = read_page(index, number, &page);
		if (status != KP_OK) {
			return status;
		}
		for (uint32_t i = 0; i < page.count; i++) {
			if (page.rows[i].hash != hash) {
				continue;
			}
			if (count == room) {
				return KP_E_LIMIT;
			}
			places[count++] =
				(struct kp_row_place){.offset = page.rows[i].offset,
					.len = page.rows[i].len,
					.sum = page.rows[i].sum};
		}
		before = number;
		number = page.next;
	}
	*ret_count = count;
	return KP_OK;
}

uint64_t
kp_row_index_rows(const struct kp_row_index *index)
{
	return index->header.rows;
}

uint32_t
kp_row_header_sum(const struct kp_row_header *header)
{
	return kp_crc32c(0, (const char *)header + sizeof(header->sum),
		sizeof(*header) - sizeof(header->sum));
}

static enum kp_status
check_header(const struct kp_row_index *index, const unsigned char *origin)
{
	const struct kp_row_header *header = &index->header;
	struct kp_file_stamp stamp;
	if (memcmp(header->magic, KP_ROW_INDEX_MAGIC, sizeof(header->magic)) != 0 ||
		header->version != KP_ROW_INDEX_VERSION) {
		return KP_E_NOT_FOUND;
	}
	if (header->sum != kp_row_header_sum(header) || header->buckets == 0 ||
		header->preamble_count > KP_ROW_INDEX_PREAMBLE_MAX ||
		kp_file_stat(index->file, &stamp) != KP_OK ||
		stamp.size != (uint64_t)header->pages * KP_ROW_PAGE_BYTES ||
		header->buckets >= header->pages) {
		return KP_E_CORRUPT;
	}
	return memcmp(header->origin, origin, sizeof(header->origin)) == 0
		? KP_OK
		: KP_E_NOT_FOUND;
}

enum kp_status
kp_row_index_open(const char *path, const unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES],
	struct kp_row_index **ret_index)
{
	struct kp_error err = {0};
	size_t len = 0;
	struct kp_row_index *index = kp_heap_calloc(1, sizeof(*index));
	if (index == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = kp_file_open(path, &index->file, &err);
	if (status == KP_OK) {
		status = kp_file_read_at(index->file, 0, (char *)&index->header,
			sizeof(index->header), &len);
	}
	if (status == KP_OK) {
		status = len == sizeof(index->header) ? check_header(index, origin)
						      : KP_E_CORRUPT;
	}
	if (status != KP_OK) {
		kp_row_index_close(&index);
		return status;
	}
	*ret_index = index;
	return KP_OK;
}

void
kp_row_index_close(struct kp_row_index **index)
{
	if (*index != NULL) {
		kp_file_close(&(*index)->file);
		kp_heap_free(*index);
		*index = NULL;
	}
}
