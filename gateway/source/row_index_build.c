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
/* Of a page's room, what a bucket takes on average: it holds half as many again, and then
 * leads on. */
#define BUCKET_ROWS(room) ((room)*65 / 100)

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
	uint32_t room; /* rows of a page */
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

static enum kp_status
begin(struct kp_row_index_builder *builder, const struct kp_row_index_options *options)
{
	struct kp_error err = {0};
	builder->index = kp_heap_calloc(1, sizeof(*builder->index));
	if (options->path != NULL) {
		builder->path = kp_heap_strdup(options->path);
	}
	if (builder->index == NULL || (options->path != NULL && builder->path == NULL)) {
		return KP_E_MEMORY;
	}
	struct kp_row_header *header = &builder->index->header;
	header->row_bytes =
		(uint32_t)(options->identities ? KP_ROW_BYTES_LONG : KP_ROW_BYTES_SHORT);
	builder->room = kp_row_page_room(header->row_bytes);
	enum kp_status status =
		kp_file_create(options->path, &builder->index->file, &err);
	if (status != KP_OK) {
		return status;
	}
	if (options->like != NULL) {
		builder->index->keys = options->like->keys;
		return KP_OK;
	}
	status = kp_random_bytes(header->salt, sizeof(header->salt));
	return status == KP_OK
		? kp_row_keys_make(options->secret, header->salt, &builder->index->keys)
		: status;
}

enum kp_status
kp_row_index_begin(const struct kp_row_index_options *options,
	struct kp_row_index_builder **ret_builder)
{
	struct kp_row_index_builder *builder = kp_heap_calloc(1, sizeof(*builder));
	if (builder == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = begin(builder, options);
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

static enum kp_status
add_to_part(struct kp_row_index_builder *builder, const struct kp_row *row)
{
	struct kp_row_header *header = &builder->index->header;
	struct part *part = &builder->parts[row->hash >> 56];
	if (part->page == NULL) {
		part->page = kp_heap_calloc(1, sizeof(*part->page));
		if (part->page == NULL) {
			return KP_E_MEMORY;
		}
	}
	if (part->page->count == builder->room) {
		enum kp_status status = spill_page(builder, part);
		if (status != KP_OK) {
			return status;
		}
	}
	kp_row_page_add(part->page, header->row_bytes, row);
	part->rows++;
	header->rows++;
	return KP_OK;
}

enum kp_status
kp_row_index_add(struct kp_row_index_builder *builder, struct kp_slice key,
	const struct kp_row_place *place)
{
	struct kp_row_header *header = &builder->index->header;
	struct kp_row row = {.place = kp_row_place_pack(place),
		.len = place->len,
		.sum = place->sum,
		.identity = place->identity};
	if (header->rows == KP_ROW_INDEX_ROWS_MAX || place->len == KP_ROW_TOUCH_LEN ||
		place->offset > KP_ROW_INDEX_OFFSET_MAX) {
		return KP_E_LIMIT;
	}
	if (key.len == 0) {
		return add_preamble(header, &row);
	}
	row.hash = kp_hash_keyed(builder->index->keys.hash, key.data, key.len);
	return add_to_part(builder, &row);
}

uint64_t
kp_row_index_identity(const struct kp_row_index_builder *builder, struct kp_slice text)
{
	uint64_t hash = kp_hash_keyed(builder->index->keys.hash, text.data, text.len);
	return hash == 0 ? 1 : hash;
}

uint32_t
kp_row_index_sum(const struct kp_row_index_builder *builder, struct kp_slice row)
{
	return (uint32_t)kp_hash_keyed(builder->index->keys.row, row.data, row.len);
}

enum kp_status
kp_row_index_touch(struct kp_row_index_builder *builder, const struct kp_row_place *place)
{
	const struct kp_row row = {.hash = place->identity,
		.place = kp_row_place_pack(place),
		.len = KP_ROW_TOUCH_LEN};
	KP_REQUIRE(place->identity != 0);
	return builder->index->header.rows == KP_ROW_INDEX_ROWS_MAX ||
			place->offset > KP_ROW_INDEX_OFFSET_MAX
		? KP_E_LIMIT
		: add_to_part(builder, &row);
}

/* Writing. */

static enum kp_status
write_page(struct kp_row_index_builder *builder, uint32_t number)
{
	builder->page.number = number;
	builder->page.sum = kp_row_page_sum(builder->index, &builder->page);
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
	if (status == KP_OK && builder->page.count == builder->room) {
		builder->page.next = builder->overflow;
		status = write_page(builder, builder->page_at);
		builder->page_at = builder->overflow++;
		memset(&builder->page, 0, sizeof(builder->page));
	}
	kp_row_page_add(&builder->page, builder->index->header.row_bytes, row);
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
	return (left->place > right->place) - (left->place < right->place);
}

/* The rows of a part's page, behind those that are there. */
static bool
take_rows(const struct kp_row_index_builder *builder, const struct part *part,
	struct kp_row *rows, size_t *at)
{
	uint32_t row_bytes = builder->index->header.row_bytes;
	if (part->page->count > builder->room || *at + part->page->count > part->rows) {
		return false;
	}
	for (uint32_t i = 0; i < part->page->count; i++) {
		rows[(*at)++] = kp_row_page_get(part->page, row_bytes, i);
	}
	return true;
}

/* All rows of a part, its spilled pages after the one being filled. */
static enum kp_status
gather(struct kp_row_index_builder *builder, struct part *part, struct kp_row *rows)
{
	size_t at = 0;
	bool whole = take_rows(builder, part, rows, &at);
	for (uint32_t number = part->before; whole && number != 0;) {
		size_t len = 0;
		enum kp_status status = kp_file_read_at(builder->spill,
			(uint64_t)(number - 1) * KP_ROW_PAGE_BYTES, (char *)part->page,
			sizeof(*part->page), &len);
		if (status != KP_OK) {
			return status;
		}
		whole = len == sizeof(*part->page) && take_rows(builder, part, rows, &at);
		number = part->page->next;
	}
	return whole ? KP_OK : KP_E_IO;
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
	header->sum = kp_row_header_sum(builder->index);
	memset(&builder->page, 0, sizeof(builder->page));
	memcpy(&builder->page, header, sizeof(*header));
	return kp_file_write_at(builder->index->file, 0, (const char *)&builder->page,
		sizeof(builder->page));
}

enum kp_status
kp_row_index_finish(struct kp_row_index_builder **builder_at,
	const unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES],
	const struct kp_row_index_facts *facts, struct kp_row_index **ret_index)
{
	struct kp_row_index_builder *builder = *builder_at;
	struct kp_row_header *header = &builder->index->header;
	enum kp_status status = KP_OK;
	header->rows_all = facts->rows;
	header->day = facts->day;
	header->buckets = (uint32_t)(header->rows / BUCKET_ROWS(builder->room)) + 1;
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
