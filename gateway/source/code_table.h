/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * code_table: a code table that a partner publishes, as rows that can be sought in. Made
 * page by page from its answers (JSON), and immutable from then on. A page that has not
 * changed (RFC 9110, section 15.4.5) is taken over from the table before. Holds nothing
 * of a client.
 *
 * Whole or not at all: an item that is no object, lacks its code or its value, has
 * something else there than a scalar, or comes twice with different values, makes the
 * whole table unusable; so do no rows at all, and more than the limits.
 */
#ifndef KP_SOURCE_CODE_TABLE_H
#define KP_SOURCE_CODE_TABLE_H

#include "connectors/manifest.h"
#include "core/error.h"
#include "io/worker.h"

/* Longest code and value, as the partner wrote them. */
#define KP_CODE_BYTES_MAX ((size_t)4096)

struct kp_code_table; /* shared; goes with its last reference */
struct kp_code_table_build;

/* Any thread. Takes NULL. */
struct kp_code_table *kp_code_table_ref(struct kp_code_table *table);
void kp_code_table_unref(struct kp_code_table **table);
/* Gives a reference back too, for who may not stand still while a large table is freed:
 * with the last one, that is the work which comes back, to be started without a loop.
 * NULL: there is none. */
struct kp_work *kp_code_table_leave(struct kp_code_table **table) KP_MUST_USE;

/* How many codes it has. */
size_t kp_code_table_rows(const struct kp_code_table *table);
/* One JSON scalar, for as long as the table is there; false when there is no such code.
 */
bool kp_code_table_find(const struct kp_code_table *table, struct kp_slice code,
	struct kp_slice *ret_value) KP_MUST_USE;

/* Was it one page, without the member with which the path of `next` begins? So it is with
 * partners that leave it out on their last page, and with a path that is mistyped. */
bool kp_code_table_next_absent(const struct kp_code_table *table);

/* Do both say the same of the same codes? */
bool kp_code_table_same(const struct kp_code_table *a, const struct kp_code_table *b);

/* One page as it was got. In the arena of its table. */
struct kp_code_page {
	struct kp_slice target;   /* what was asked, behind the path of `from` */
	struct kp_slice etag;     /* as it came; empty: none */
	struct kp_slice modified; /* Last-Modified; empty: none */
	struct kp_slice next;     /* target of the next; data is NULL with the last */
	uint32_t first;           /* row */
	uint32_t count;
	bool kept; /* while its table is made: the rows are those of the table before */
};

/* A copy of the first page, whose texts live as long as the table. */
void kp_code_table_first_page(
	const struct kp_code_table *table, struct kp_code_page *ret_page);
/* The page of that target; NULL when there is none. Takes NULL. */
const struct kp_code_page *kp_code_table_page(
	const struct kp_code_table *table, struct kp_slice target);

/*
 * Begins a table. `fetch` and `endpoint` ("https://host/path", the path that of `from`)
 * outlive it. `before` may be NULL and gets a reference. KP_E_MEMORY.
 */
enum kp_status kp_code_table_build_create(const struct kp_manifest_fetch *fetch,
	struct kp_slice endpoint, struct kp_code_table *before,
	struct kp_code_table_build **ret_build) KP_MUST_USE;
void kp_code_table_build_destroy(struct kp_code_table_build **build);

/*
 * One page after the other: begin, push as the bytes come, end; or `keep`. `end` and
 * `keep` give the target of the next page, with data NULL after the last; it lives as
 * long as the build. KP_E_MEMORY, or KP_E_SOURCE with a reason in `err` of ours alone: no
 * bytes of the partner's.
 */
enum kp_status kp_code_table_page_begin(struct kp_code_table_build *build,
	const struct kp_code_page *page, struct kp_error *err) KP_MUST_USE;
enum kp_status kp_code_table_page_push(struct kp_code_table_build *build,
	struct kp_slice bytes, struct kp_error *err) KP_MUST_USE;
enum kp_status kp_code_table_page_end(struct kp_code_table_build *build,
	struct kp_slice *ret_next, struct kp_error *err) KP_MUST_USE;
/* The page of the table before has not changed. */
enum kp_status kp_code_table_page_keep(struct kp_code_table_build *build,
	const struct kp_code_page *page, struct kp_slice *ret_next,
	struct kp_error *err) KP_MUST_USE;

/* After the last page. The table before itself when none of its pages has changed. The
 * reference is the caller's. */
enum kp_status kp_code_table_build_finish(struct kp_code_table_build *build,
	struct kp_code_table **ret_table, struct kp_error *err) KP_MUST_USE;

#endif
