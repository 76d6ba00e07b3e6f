/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * row_index_build: an external sort in two passes. Rows are parted by the first byte of
 * their hash; a part's full pages go to a spill file, each naming the one before it. Then
 * part by part is read back, sorted, and written as buckets, which are in the same order.
 */
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/heap.h"
#include "crypto/crypto.h"
#include "io/file.h"
#include "source/row_index_private.h"

#define PARTS 256
/* Rows of a bucket on average: a page holds half as many again, and then it leads on. */
#define BUCKET_ROWS 110

struct part {
	struct kp_row_page *page; /* being filled */
	uint32_t before;          /* its last page in the spill file, counted from 1 */
	uint64_t rows;
};

struct kp_row_index_builder {
	char *path; /* NULL: in memory */
	struct kp_file *spill;
	uint32_t spilled; /* pages */
	struct part parts[PARTS];
	struct kp_row_index *index;
	/* The bucket being written. */
	uint32_t bucket;
	struct kp_row_page page;
	uint32_t overflow; /* next free page behind the buckets */
	uint32_t page_at;  /* where `page` goes */
};

void
kp_row_index_abandon(struct kp_row_index_builder **builder_at)
{
	struct kp_row_index_builder *builder = *builder_at;
	if (builder == NULL) {
		return;
	}
	*builder_at = NULL;
	for (size_t i = 0; i < PARTS; i++) {
		kp_heap_free(builder->parts[i].page);
	}
	kp_file_close(&builder->spill);
	kp_row_index_close(&builder->index);
	kp_heap_free(builder->path);
	kp_heap_free(builder);
}

enum kp_status
kp_row_index_begin(const char *path, struct kp_row_index_builder **ret_builder)
{
	struct kp_error err = {0};
	struct kp_row_index_builder *builder = kp_heap_calloc(1, sizeof(*builder));
	if (builder == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = KP_OK;
	builder->index = kp_heap_calloc(1, sizeof(*builder->index));
	if (path != NULL) {
		builder->path = kp_heap_strdup(path);
	}
	if (builder->index == NULL || (path != NULL && builder->path == NULL)) {
		status = KP_E_MEMORY;
	}
	if (status == KP_OK) {
		status = kp_file_create(path, &builder->index->file, &err);
	}
	if (status == KP_OK) {
		status = kp_random_bytes(
			builder->index->header.key, sizeof(builder->index->header.key));
	}
	if (status != KP_OK) {
		kp_row_index_abandon(&builder);
		return status;
	}
	*ret_builder = builder;
	return KP_OK;
}

/* Adding. */

static enum kp_status
spill_page(struct kp_row_index_builder *builder, struct part *part)
{
	struct kp_error err = {0};
	enum kp_status status = KP_OK;
	if (builder->spill == NULL) {
		status = kp_file_create(builder->path, &builder->spill, &err);
	}
	if (status == KP_OK) {
		part->page->next = part->before;
		status = kp_file_write_at(builder->spill,
			(uint64_t)builder->spilled * KP_ROW_PAGE_BYTES,
			(const char *)part->page, sizeof(*part->page));
	}
	if (status == KP_OK) {
		part->before = ++builder->spilled;
		part->page->count = 0;
	}
	return status;
}

static enum kp_status
add_preamble(struct kp_row_header *header, const struct kp_row *row)
{
	if (header->preamble_count == KP_ROW_INDEX_PREAMBLE_MAX) {
		return KP_E_LIMIT;
	}
	header->preamble[header->preamble_count++] = *row;
	return KP_OK;
}

enum kp_status
kp_row_index_add(struct kp_row_index_builder *builder, struct kp_slice key,
	const struct kp_row_place *place)
{
	struct kp_row_header *header = &builder->index->header;
	struct kp_row row = {
		.offset = place->offset, .len = place->len, .sum = place->sum};
	if (header->rows == KP_ROW_INDEX_ROWS_MAX) {
		return KP_E_LIMIT;
	}
	if (key.len == 0) {
		return add_preamble(header, &row);
	}
	row.hash = kp_hash_keyed(header->key, key.data, key.len);
	struct part *part = &builder->parts[row.hash >> 56];
	if (part->page == NULL) {
		part->page = kp_heap_calloc(1, sizeof(*part->page));
		if (part->page == NULL) {
			return KP_E_MEMORY;
		}
	}
	if (part->page->count == KP_ROW_PAGE_ROWS) {
		enum kp_status status = spill_page(builder, part);
		if (status != KP_OK) {
			return status;
		}
	}
	part->page->rows[part->page->count++] = row;
	part->rows++;
	header->rows++;
	return KP_OK;
}

/* Writing. */

static enum kp_status
write_page(struct kp_row_index_builder *builder, uint32_t number)
{
	kp_row_page_seal(&builder->page);
	return kp_file_write_at(builder->index->file,
		(uint64_t)number * KP_ROW_PAGE_BYTES, (const char *)&builder->page,
		sizeof(builder->page));
}

/* The bucket is complete: it and the empty ones up to `next` are written. */
static enum kp_status
end_buckets(struct kp_row_index_builder *builder, uint32_t next)
{
	enum kp_status status = KP_OK;
	while (status == KP_OK && builder->bucket < next) {
		status = write_page(builder, builder->page_at);
		builder->bucket++;
		builder->page_at = 1 + builder->bucket;
		memset(&builder->page, 0, sizeof(builder->page));
	}
	return status;
}

static enum kp_status
put_row(struct kp_row_index_builder *builder, const struct kp_row *row)
{
	enum kp_status status = end_buckets(
		builder, kp_row_bucket(row->hash, builder->index->header.buckets));
	if (status == KP_OK && builder->page.count == KP_ROW_PAGE_ROWS) {
		builder->page.next = builder->overflow;
		status = write_page(builder, builder->page_at);
		builder->page_at = builder->overflow++;
		memset(&builder->page, 0, sizeof(builder->page));
	}
	builder->page.rows[builder->page.count++] = *row;
	return status;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct kp_row *left = a;
	const struct kp_row *right = b;
	if (left->hash != right->hash) {
		return left->hash < right->hash ? -1 : 1;
	}
	return (left->offset > right->offset) - (left->offset < right->offset);
}

/* All rows of a part, its spilled pages first. */
static enum kp_status
gather(struct kp_row_index_builder *builder, struct part *part, struct kp_row *rows)
{
	size_t at = part->page->count;
	memcpy(rows, part->page->rows, at * sizeof(*rows));
	for (uint32_t number = part->before; number != 0;) {
		size_t len = 0;
		enum kp_status status = kp_file_read_at(builder->spill,
			(uint64_t)(number - 1) * KP_ROW_PAGE_BYTES, (char *)part->page,
			sizeof(*part->page), &len);
		if (status != KP_OK || len != sizeof(*part->page) ||
			at + part->page->count > part->rows) {
			return status == KP_OK ? KP_E_IO : status;
		}
		memcpy(rows + at, part->page->rows, part->page->count * sizeof(*rows));
		at += part->page->count;
		number = part->page->next;
	}
	return KP_OK;
}

static enum kp_status
put_part(struct kp_row_index_builder *builder, struct part *part)
{
	if (part->rows == 0) {
		return KP_OK;
	}
	struct kp_row *rows = kp_heap_alloc((size_t)part->rows * sizeof(*rows));
	if (rows == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = gather(builder, part, rows);
	if (status == KP_OK) {
		qsort(rows, (size_t)part->rows, sizeof(*rows), compare_rows);
	}
	for (uint64_t i = 0; status == KP_OK && i < part->rows; i++) {
		status = put_row(builder, &rows[i]);
	}
	kp_heap_free(rows);
	return status;
}

static enum kp_status
write_header(struct kp_row_index_builder *builder, const unsigned char *origin)
{
	struct kp_row_header *header = &builder->index->header;
	memcpy(header->magic, KP_ROW_INDEX_MAGIC, sizeof(header->magic));
	header->version = KP_ROW_INDEX_VERSION;
	memcpy(header->origin, origin, sizeof(header->origin));
	header->pages = builder->overflow;
	header->sum = kp_row_header_sum(header);
	memset(&builder->page, 0, sizeof(builder->page));
	memcpy(&builder->page, header, sizeof(*header));
	return kp_file_write_at(builder->index->file, 0, (const char *)&builder->page,
		sizeof(builder->page));
}

enum kp_status
kp_row_index_finish(struct kp_row_index_builder **builder_at,
	const unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES],
	struct kp_row_index **ret_index)
{
	struct kp_row_index_builder *builder = *builder_at;
	struct kp_row_header *header = &builder->index->header;
	enum kp_status status = KP_OK;
	header->buckets = (uint32_t)(header->rows / BUCKET_ROWS) + 1;
	builder->overflow = 1 + header->buckets;
	builder->page_at = 1;
	for (size_t i = 0; status == KP_OK && i < PARTS; i++) {
		status = put_part(builder, &builder->parts[i]);
	}
	if (status == KP_OK) {
		status = end_buckets(builder, header->buckets);
	}
	if (status == KP_OK) {
		status = write_header(builder, origin);
	}
	if (status == KP_OK && builder->path != NULL) {
		status = kp_file_commit(builder->index->file, builder->path);
	}
	if (status == KP_OK) {
		*ret_index = builder->index;
		builder->index = NULL;
	}
	kp_row_index_abandon(builder_at);
	return status;
}
