/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_tables: the code tables of one source that are fetched from its partner. One
 * fetcher, on the first loop, asks each when it is due and puts a new one in the place of
 * the old; a call takes a reference when it first looks something up, and so sees one
 * version to its end. When a fetch fails the old table stays.
 *
 *     due ─→ page ─→ page … ─→ taken or unchanged ─→ due after max-age, within bounds
 *             └──────┴───────→ failed or refused  ─→ due again soon, each time later,
 *                                                    or when the partner says
 */
#ifndef KP_SOURCE_SOURCE_TABLES_H
#define KP_SOURCE_SOURCE_TABLES_H

#include <pthread.h>

#include "source/code_table.h"
#include "source/source_private.h"

/* One table. In the set's arena; what the lock guards is any thread's. */
struct kp_source_table {
	const struct kp_manifest_table *manifest;
	struct kp_slice origin;   /* "https://host:port" */
	struct kp_slice endpoint; /* the same with the path of `from` */
	pthread_mutex_t lock;
	struct kp_code_table *current; /* guarded, as what follows; NULL: none yet */
	uint64_t due_us;               /* on the first loop's clock */
	unsigned failures;             /* in a row */
	struct kp_table_view view;
};

/* A reference to what is in force; NULL when there is none. */
struct kp_code_table *kp_source_table_get(struct kp_source_table *table);
/* Gives it back; a worker frees what nobody has any more. Without workers that is done
 * here. */
void kp_source_table_leave(struct kp_workers *workers, struct kp_code_table **table);
/* An attempt has ended; `taken` is with KP_TABLE_TAKEN and KP_TABLE_UNCHANGED and its
 * reference goes over. */
struct kp_source_table_end {
	enum kp_table_outcome outcome;
	struct kp_code_table *taken;
	int64_t now_ms;
	uint64_t now_us;
	uint32_t fresh_s;
	uint32_t stay_away_s; /* the partner asks it (Retry-After); 0: it does not */
	uint32_t random;      /* how much longer than it must a retry waits */
	const char *trouble;
};
void kp_source_table_end(
	struct kp_source_table *table, const struct kp_source_table_end *end);

#endif
