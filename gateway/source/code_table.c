/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* code_table: see code_table.h. */
#include "source/code_table.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "connectors/link.h"
#include "core/heap.h"
#include "source/code_table_private.h"

#define TARGET_BYTES_MAX ((size_t)8192)
#define VALIDATOR_BYTES_MAX ((size_t)1024)
#define BLOCK_ROWS ((size_t)256)
/* More than rows and bytes at their limits come to. */
#define TABLE_BYTES_MAX ((size_t)512 << 20)

/* Immutable once built. */
struct kp_code_table {
	atomic_uint refs;
	struct kp_work freeing;
	struct kp_arena arena;
	struct kp_code_row **blocks; /* rows, page after page: see row_at() */
	size_t row_count;
	const struct kp_code_row **sorted; /* each code once */
	size_t sorted_count;
	struct kp_code_page *pages;
	size_t page_count;
	bool next_absent;
};

struct kp_code_table *
kp_code_table_ref(struct kp_code_table *table)
{
	if (table != NULL) {
		(void)atomic_fetch_add(&table->refs, 1);
	}
	return table;
}

static void
run_freeing(struct kp_work *work)
{
	struct kp_code_table *table =
		KP_CONTAINER_OF(work, struct kp_code_table, freeing);
	kp_arena_deinit(&table->arena);
	kp_heap_free(table);
}

struct kp_work *
kp_code_table_leave(struct kp_code_table **table)
{
	struct kp_code_table *left = *table;
	*table = NULL;
	if (left == NULL || atomic_fetch_sub(&left->refs, 1) != 1) {
		return NULL;
	}
	left->freeing = (struct kp_work){.run = run_freeing, .impersonal = true};
	return &left->freeing;
}

void
kp_code_table_unref(struct kp_code_table **table)
{
	struct kp_work *freeing = kp_code_table_leave(table);
	if (freeing != NULL) {
		freeing->run(freeing);
	}
}

size_t
kp_code_table_rows(const struct kp_code_table *table)
{
	return table->sorted_count;
}

bool
kp_code_table_find(const struct kp_code_table *table, struct kp_slice code,
	struct kp_slice *ret_value)
{
	size_t low = 0;
	size_t high = table->sorted_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = kp_slice_compare(table->sorted[middle]->code, code);
		if (order == 0) {
			*ret_value = table->sorted[middle]->value;
			return true;
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return false;
}

bool
kp_code_table_next_absent(const struct kp_code_table *table)
{
	return table->next_absent;
}

/* They never move, so that none has to be copied when there are more. */
static struct kp_code_row *
row_at(const struct kp_code_table *table, size_t index)
{
	return &table->blocks[index / BLOCK_ROWS][index % BLOCK_ROWS];
}

void
kp_code_table_first_page(const struct kp_code_table *table, struct kp_code_page *ret_page)
{
	*ret_page = table->pages[0];
}

const struct kp_code_page *
kp_code_table_page(const struct kp_code_table *table, struct kp_slice target)
{
	for (size_t i = 0; table != NULL && i < table->page_count; i++) {
		if (kp_slice_equal(table->pages[i].target, target)) {
			return &table->pages[i];
		}
	}
	return NULL;
}

bool
kp_code_table_same(const struct kp_code_table *a, const struct kp_code_table *b)
{
	bool same = a->sorted_count == b->sorted_count;
	for (size_t i = 0; same && i < a->sorted_count; i++) {
		same = kp_slice_equal(a->sorted[i]->code, b->sorted[i]->code) &&
			kp_slice_equal(a->sorted[i]->value, b->sorted[i]->value);
	}
	return same;
}

/* Building. */

enum kp_status
kp_code_table_build_create(const struct kp_manifest_fetch *fetch,
	struct kp_slice endpoint, struct kp_code_table *before,
	struct kp_code_table_build **ret_build)
{
	struct kp_code_table_build *build = kp_heap_calloc(1, sizeof(*build));
	struct kp_code_table *table = kp_heap_calloc(1, sizeof(*table));
	if (build == NULL || table == NULL) {
		kp_heap_free(build);
		kp_heap_free(table);
		return KP_E_MEMORY;
	}
	atomic_init(&table->refs, 1);
	kp_arena_init(&table->arena, TABLE_BYTES_MAX, NULL);
	kp_arena_init(&build->scratch, TABLE_BYTES_MAX, NULL);
	build->table = table;
	build->fetch = fetch;
	build->endpoint = endpoint;
	build->before = kp_code_table_ref(before);
	/* The manifest was checked. */
	KP_REQUIRE(kp_table_path_read(fetch->items, true, &build->items) &&
		kp_table_path_read(fetch->key, false, &build->code) &&
		kp_table_path_read(fetch->value, false, &build->value));
	build->top.paths[0] = &build->items;
	if (fetch->next.len > 0) {
		KP_REQUIRE(kp_table_path_read(fetch->next, false, &build->next));
		build->top.paths[1] = &build->next;
	}
	build->item.paths[0] = &build->code;
	build->item.paths[1] = &build->value;
	table->blocks = KP_ARENA_ARRAY(
		&table->arena, struct kp_code_row *, fetch->rows / BLOCK_ROWS + 1);
	if (table->blocks == NULL) {
		kp_code_table_build_destroy(&build);
		return KP_E_MEMORY;
	}
	*ret_build = build;
	return KP_OK;
}

void
kp_code_table_build_destroy(struct kp_code_table_build **build)
{
	if (*build != NULL) {
		kp_arena_deinit(&(*build)->scratch);
		kp_code_table_unref(&(*build)->table);
		kp_code_table_unref(&(*build)->before);
		kp_heap_free(*build);
		*build = NULL;
	}
}

static enum kp_status
no_memory(struct kp_error *err)
{
	return kp_error_set(err, KP_E_MEMORY, "no memory for a code table");
}

struct kp_arena *
kp_code_table_arena(struct kp_code_table_build *build)
{
	return &build->table->arena;
}

static bool
count_rows(struct kp_code_table_build *build, size_t more)
{
	build->rows += more;
	if (build->rows > build->fetch->rows) {
		build->fault = "it has more rows than allowed (rows)";
		return false;
	}
	return true;
}

static bool
put_row(struct kp_code_table_build *build, const struct kp_code_row *row)
{
	struct kp_code_table *table = build->table;
	struct kp_code_row **block = &table->blocks[table->row_count / BLOCK_ROWS];
	if (*block == NULL) {
		*block = KP_ARENA_ARRAY(&table->arena, struct kp_code_row, BLOCK_ROWS);
	}
	if (*block == NULL) {
		build->fault = NULL;
		return false;
	}
	*row_at(table, table->row_count++) = *row;
	return true;
}

bool
kp_code_table_add(struct kp_code_table_build *build, const struct kp_code_row *row)
{
	return count_rows(build, 1) && put_row(build, row);
}

/* A page is complete: room for it, what is asked next, and none twice. */
static enum kp_status
add_page(struct kp_code_table_build *build, const struct kp_code_page *page,
	struct kp_slice *ret_next, struct kp_error *err)
{
	struct kp_code_table *table = build->table;
	struct kp_code_page *pages = kp_arena_fit(&table->arena, table->pages,
		table->page_count, &build->page_capacity, 16, sizeof(*pages));
	if (pages == NULL) {
		return no_memory(err);
	}
	table->pages = pages;
	table->pages[table->page_count++] = *page;
	if (page->next.data != NULL && kp_code_table_page(table, page->next) != NULL) {
		return kp_error_set(
			err, KP_E_SOURCE, "the next page is one that was read already");
	}
	if (page->next.data != NULL && table->page_count == build->fetch->pages) {
		return kp_error_set(err, KP_E_SOURCE, "it has more than %u pages (pages)",
			build->fetch->pages);
	}
	*ret_next = page->next;
	return KP_OK;
}

static struct kp_slice
validator(struct kp_arena *arena, struct kp_slice text)
{
	return text.len == 0 || text.len > VALIDATOR_BYTES_MAX
		? (struct kp_slice){0}
		: kp_arena_copy(arena, text);
}

static bool
copy_page(struct kp_code_table_build *build, const struct kp_code_page *page,
	struct kp_code_page *ret_page)
{
	struct kp_arena *arena = &build->table->arena;
	*ret_page = (struct kp_code_page){
		.target = kp_arena_copy(arena, page->target),
		.etag = validator(arena, page->etag),
		.modified = validator(arena, page->modified),
		.first = (uint32_t)build->table->row_count,
	};
	if (page->next.data != NULL) {
		ret_page->next = kp_arena_copy(arena, page->next);
	}
	return ret_page->target.data != NULL &&
		(page->next.data == NULL || ret_page->next.data != NULL);
}

enum kp_status
kp_code_table_page_begin(struct kp_code_table_build *build,
	const struct kp_code_page *page, struct kp_error *err)
{
	static const struct kp_json_limits limits = {.depth_max = KP_JSON_DEPTH_MAX};
	kp_arena_deinit(&build->scratch);
	kp_arena_init(&build->scratch, TABLE_BYTES_MAX, NULL);
	build->changed = true;
	build->in_items = false;
	build->items_seen = false;
	build->next_met = false;
	build->link = (struct kp_slice){0};
	build->fault = NULL;
	kp_json_reader_init(
		&build->reader, &limits, &build->scratch, kp_code_table_take, build);
	return copy_page(build, page, &build->page) ? KP_OK : no_memory(err);
}

/* The reader's own words hold no bytes of the document, but its pointer has names. */
static enum kp_status
fault_of(const struct kp_code_table_build *build, enum kp_status status,
	struct kp_error *err)
{
	if (status == KP_E_CANCELLED && build->fault != NULL) {
		return kp_error_set(err, KP_E_SOURCE, "%s", build->fault);
	}
	if (status == KP_E_CANCELLED || status == KP_E_MEMORY) {
		return no_memory(err);
	}
	return kp_error_set(err, KP_E_SOURCE, "it is not JSON that can be read");
}

enum kp_status
kp_code_table_page_push(
	struct kp_code_table_build *build, struct kp_slice bytes, struct kp_error *err)
{
	struct kp_error inner = {0};
	build->bytes += bytes.len;
	if (build->bytes > build->fetch->bytes) {
		return kp_error_set(err, KP_E_SOURCE, "it has more than %u bytes (bytes)",
			build->fetch->bytes);
	}
	enum kp_status status = kp_json_reader_push(&build->reader, bytes, &inner);
	return status == KP_OK ? KP_OK : fault_of(build, status, err);
}

static enum kp_status
resolve_link(struct kp_code_table_build *build, struct kp_error *err)
{
	struct kp_link_base base = {.endpoint = build->endpoint,
		.alias = build->fetch->links_from,
		.target = build->page.target};
	struct kp_buffer target;
	if (build->link.len == 0) {
		return KP_OK;
	}
	kp_buffer_init(&target, &build->table->arena, TARGET_BYTES_MAX);
	if (!kp_link_resolve(&base, build->link, &target)) {
		return kp_error_set(err, KP_E_SOURCE,
			"the link to the next page leads to another address");
	}
	build->page.next = kp_buffer_slice(&target);
	return KP_OK;
}

enum kp_status
kp_code_table_page_end(struct kp_code_table_build *build, struct kp_slice *ret_next,
	struct kp_error *err)
{
	struct kp_error inner = {0};
	enum kp_status status = kp_json_reader_finish(&build->reader, &inner);
	if (status != KP_OK) {
		return fault_of(build, status, err);
	}
	if (!build->items_seen) {
		return kp_error_set(
			err, KP_E_SOURCE, "there is no array where the rows are");
	}
	status = resolve_link(build, err);
	build->page.count = (uint32_t)build->table->row_count - build->page.first;
	build->table->next_absent = build->table->page_count == 0 &&
		build->fetch->next.len > 0 && !build->next_met;
	return status == KP_OK ? add_page(build, &build->page, ret_next, err) : status;
}

enum kp_status
kp_code_table_page_keep(struct kp_code_table_build *build,
	const struct kp_code_page *page, struct kp_slice *ret_next, struct kp_error *err)
{
	struct kp_code_page copy;
	if (!copy_page(build, page, &copy)) {
		return no_memory(err);
	}
	if (!count_rows(build, page->count)) {
		return fault_of(build, KP_E_CANCELLED, err);
	}
	copy.kept = true;
	copy.first = page->first;
	copy.count = page->count;
	return add_page(build, &copy, ret_next, err);
}

/* Finishing. */

/* The rows of a page that was kept. Only now, since none of them is needed when nothing
 * has changed. */
static bool
take_over(struct kp_code_table_build *build, struct kp_code_page *page)
{
	struct kp_arena *arena = &build->table->arena;
	uint32_t first = page->first;
	page->first = (uint32_t)build->table->row_count;
	page->kept = false;
	for (uint32_t i = 0; i < page->count; i++) {
		const struct kp_code_row *row = row_at(build->before, first + i);
		struct kp_code_row copy = {.code = kp_arena_copy(arena, row->code),
			.value = kp_arena_copy(arena, row->value)};
		if (copy.code.data == NULL || copy.value.data == NULL ||
			!put_row(build, &copy)) {
			return false;
		}
	}
	return true;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct kp_code_row *const *left = a;
	const struct kp_code_row *const *right = b;
	return kp_slice_compare((*left)->code, (*right)->code);
}

static enum kp_status
sort(struct kp_code_table *table, struct kp_error *err)
{
	const struct kp_code_row **sorted = KP_ARENA_ARRAY(
		&table->arena, const struct kp_code_row *, table->row_count);
	if (sorted == NULL) {
		return no_memory(err);
	}
	for (size_t i = 0; i < table->row_count; i++) {
		sorted[i] = row_at(table, i);
	}
	qsort(sorted, table->row_count, sizeof(*sorted), compare_rows);
	size_t count = 0;
	for (size_t i = 0; i < table->row_count; i++) {
		bool again =
			count > 0 && compare_rows(&sorted[i], &sorted[count - 1]) == 0;
		if (again &&
			!kp_slice_equal(sorted[i]->value, sorted[count - 1]->value)) {
			return kp_error_set(err, KP_E_SOURCE,
				"a code comes twice, with different values");
		}
		if (!again) {
			sorted[count++] = sorted[i];
		}
	}
	table->sorted = sorted;
	table->sorted_count = count;
	return KP_OK;
}

enum kp_status
kp_code_table_build_finish(struct kp_code_table_build *build,
	struct kp_code_table **ret_table, struct kp_error *err)
{
	if (!build->changed && build->before != NULL) {
		*ret_table = kp_code_table_ref(build->before);
		return KP_OK;
	}
	if (build->rows == 0) {
		return kp_error_set(err, KP_E_SOURCE, "it has no rows");
	}
	for (size_t i = 0; i < build->table->page_count; i++) {
		struct kp_code_page *page = &build->table->pages[i];
		if (page->kept && !take_over(build, page)) {
			return no_memory(err);
		}
	}
	enum kp_status status = sort(build->table, err);
	if (status == KP_OK) {
		*ret_table = build->table;
		build->table = NULL;
	}
	return status;
}
