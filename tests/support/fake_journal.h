/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fake_journal: audit/journal.h in memory. Tests read the records, slow it down and break
 * it. */
#ifndef KP_TESTS_FAKE_JOURNAL_H
#define KP_TESTS_FAKE_JOURNAL_H

#include "audit/journal.h"

#define KP_FAKE_JOURNAL_RECORDS_MAX 64u
#define KP_FAKE_JOURNAL_BYTES_MAX 16384u

struct kp_fake_record {
	enum kp_record_type type;
	char payload[KP_FAKE_JOURNAL_BYTES_MAX + 1];
};

struct kp_journal {
	struct kp_loop *loop;
	uint64_t delay_us;           /* until a record is durable */
	enum kp_status start_status; /* not KP_OK: append refuses at once */
	enum kp_status done_status;  /* not KP_OK: the disk fails */
	bool forget;                 /* counts records and keeps none: for long runs */
	unsigned count;
	struct kp_fake_record records[KP_FAKE_JOURNAL_RECORDS_MAX];
	struct kp_journal_entry *waiting; /* private */
	struct kp_timer timer;            /* private */
};

void kp_fake_journal_init(struct kp_journal *journal, struct kp_loop *loop);

#endif
