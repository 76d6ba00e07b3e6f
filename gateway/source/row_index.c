/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* row_index: looking up, and opening. See row_index.h; building is in
 * row_index_build.c. */
#include "source/row_index.h"

#include <string.h>

#include "core/hash.h"
#include "core/heap.h"
#include "crypto/crypto.h"
#include "io/file.h"
#include "source/row_index_private.h"

uint32_t
kp_row_bucket(uint64_t hash, uint32_t buckets)
{
	return (uint32_t)(((hash >> 32) * buckets) >> 32);
}

enum kp_status
kp_row_keys_make(const unsigned char *secret, const unsigned char *salt,
	struct kp_row_keys *ret_keys)
{
	unsigned char macs[2][KP_SHA256_BYTES];
	char text[1 + KP_ROW_INDEX_SECRET_BYTES];
	struct kp_slice key = {(const char *)secret, KP_ROW_INDEX_SECRET_BYTES};
	enum kp_status status = KP_OK;
	memcpy(text + 1, salt, KP_ROW_INDEX_SECRET_BYTES);
	for (unsigned i = 0; status == KP_OK && i < KP_ARRAY_LEN(macs); i++) {
		text[0] = (char)i;
		status = kp_hmac_sha256(
			key, (struct kp_slice){text, sizeof(text)}, macs[i]);
	}
	if (status == KP_OK) {
		memcpy(ret_keys->hash, macs[0], KP_ROW_KEY_BYTES);
		memcpy(ret_keys->row, macs[0] + KP_ROW_KEY_BYTES, KP_ROW_KEY_BYTES);
		memcpy(ret_keys->page, macs[1], KP_ROW_KEY_BYTES);
	}
	kp_wipe(macs, sizeof(macs));
	return status;
}

uint64_t
kp_row_page_sum(const struct kp_row_index *index, const struct kp_row_page *page)
{
	size_t used = KP_ROW_PAGE_HEAD_BYTES - sizeof(page->sum) +
		(size_t)page->count * index->header.row_bytes;
	return kp_hash_keyed(index->keys.page, &page->number, used);
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
	return len == sizeof(*page) && page->number == number &&
			page->count <= kp_row_page_room(index->header.row_bytes) &&
			page->sum == kp_row_page_sum(index, page)
		? KP_OK
		: KP_E_CORRUPT;
}

struct kp_row_place
kp_row_place_of(const struct kp_row *row)
{
	return (struct kp_row_place){
		.offset = row->place & KP_ROW_INDEX_OFFSET_MAX,
		.len = row->len,
		.sum = row->sum,
		.identity = row->identity,
		.file = (uint16_t)(row->place >> 48),
	};
}

/* False: no more. */
typedef bool (*row_fn)(void *context, const struct kp_row *row);

/* Every row of a hash, in order. */
static enum kp_status
visit(const struct kp_row_index *index, uint64_t hash, row_fn each, void *context)
{
	struct kp_row_page page;
	uint32_t row_bytes = index->header.row_bytes;
	uint32_t number = 1 + kp_row_bucket(hash, index->header.buckets);
	/* A page leads on only to a later one, so this ends. */
	for (uint32_t before = 0; number > before;) {
		enum kp_status status = read_page(index, number, &page);
		if (status != KP_OK) {
			return status;
		}
		for (uint32_t i = 0; i < page.count; i++) {
			struct kp_row row = kp_row_page_get(&page, row_bytes, i);
			if (row.hash == hash && !each(context, &row)) {
				return KP_OK;
			}
		}
		before = number;
		number = page.next;
	}
	return KP_OK;
}

struct finding {
	struct kp_row_place *places;
	size_t room;
	size_t count;
	bool over; /* there are more */
};

static bool
on_found(void *context, const struct kp_row *row)
{
	struct finding *finding = context;
	if (row->len == KP_ROW_TOUCH_LEN) {
		return true;
	}
	if (finding->count == finding->room) {
		finding->over = true;
		return false;
	}
	finding->places[finding->count++] = kp_row_place_of(row);
	return true;
}

enum kp_status
kp_row_index_find(const struct kp_row_index *index, struct kp_slice key,
	struct kp_row_place *places, size_t room, size_t *ret_count)
{
	const struct kp_row_header *header = &index->header;
	struct finding finding = {.places = places, .room = room};
	uint64_t hash = kp_hash_keyed(index->keys.hash, key.data, key.len);
	for (uint32_t i = 0; i < header->preamble_count && finding.count < room; i++) {
		places[finding.count++] = kp_row_place_of(&header->preamble[i]);
	}
	enum kp_status status = visit(index, hash, on_found, &finding);
	if (status != KP_OK || finding.over) {
		return status != KP_OK ? status : KP_E_LIMIT;
	}
	*ret_count = finding.count;
	return KP_OK;
}

struct touched {
	uint64_t place; /* packed */
	bool later;
};

static bool
on_touched(void *context, const struct kp_row *row)
{
	struct touched *touched = context;
	touched->later = row->len == KP_ROW_TOUCH_LEN && row->place > touched->place;
	return !touched->later;
}

enum kp_status
kp_row_index_latest(const struct kp_row_index *index, const struct kp_row_place *place,
	bool *ret_latest)
{
	struct touched touched = {.place = kp_row_place_pack(place)};
	*ret_latest = true;
	if (place->identity == 0) {
		return KP_OK;
	}
	enum kp_status status = visit(index, place->identity, on_touched, &touched);
	*ret_latest = !touched.later;
	return status;
}

bool
kp_row_index_intact(const struct kp_row_index *index, const struct kp_row_place *place,
	struct kp_slice row)
{
	return row.len == place->len &&
		(uint32_t)kp_hash_keyed(index->keys.row, row.data, row.len) == place->sum;
}

struct kp_row_index_facts
kp_row_index_facts(const struct kp_row_index *index)
{
	return (struct kp_row_index_facts){
		.rows = index->header.rows_all, .day = index->header.day};
}

uint64_t
kp_row_index_rows(const struct kp_row_index *index)
{
	return index->header.rows;
}

uint64_t
kp_row_header_sum(const struct kp_row_index *index)
{
	const struct kp_row_header *header = &index->header;
	return kp_hash_keyed(
		index->keys.page, header->magic, sizeof(*header) - sizeof(header->sum));
}

static enum kp_status
check_header(struct kp_row_index *index, const unsigned char *secret,
	const unsigned char *origin)
{
	const struct kp_row_header *header = &index->header;
	struct kp_file_stamp stamp;
	if (memcmp(header->magic, KP_ROW_INDEX_MAGIC, sizeof(header->magic)) != 0 ||
		header->version != KP_ROW_INDEX_VERSION) {
		return KP_E_NOT_FOUND;
	}
	enum kp_status status = kp_row_keys_make(secret, header->salt, &index->keys);
	if (status != KP_OK) {
		return status;
	}
	if (header->sum != kp_row_header_sum(index) || header->buckets == 0 ||
		header->preamble_count > KP_ROW_INDEX_PREAMBLE_MAX ||
		kp_file_stat(index->file, &stamp) != KP_OK ||
		stamp.size != (uint64_t)header->pages * KP_ROW_PAGE_BYTES ||
		header->buckets >= header->pages ||
		(header->row_bytes != KP_ROW_BYTES_SHORT &&
			header->row_bytes != KP_ROW_BYTES_LONG)) {
		return KP_E_CORRUPT;
	}
	return memcmp(header->origin, origin, sizeof(header->origin)) == 0
		? KP_OK
		: KP_E_NOT_FOUND;
}

enum kp_status
kp_row_index_open(const char *path, const unsigned char secret[KP_ROW_INDEX_SECRET_BYTES],
	const unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES],
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
		status = len == sizeof(index->header)
			? check_header(index, secret, origin)
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
