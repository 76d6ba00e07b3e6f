/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fake_journal: see fake_journal.h. */
#include "support/fake_journal.h"

/* Everything that waits becomes durable together. */
static void
on_timer(struct kp_timer *timer)
{
	struct kp_journal *journal = KP_CONTAINER_OF(timer, struct kp_journal, timer);
	struct kp_journal_entry *entry = journal->waiting;
	journal->waiting = NULL;
	while (entry != NULL) {
		struct kp_journal_entry *next = entry->next;
		entry->status = journal->done_status;
		entry->on_done(entry);
		entry = next;
	}
}

void
kp_fake_journal_init(struct kp_journal *journal, struct kp_loop *loop)
{
	memset(journal, 0, sizeof(*journal));
	journal->loop = loop;
	journal->timer.fire = on_timer;
}

static void
keep(struct kp_journal *journal, const struct kp_journal_entry *entry)
{
	if (journal->forget) {
		return;
	}
	KP_REQUIRE(journal->count < KP_FAKE_JOURNAL_RECORDS_MAX);
	KP_REQUIRE(entry->payload.len <= KP_FAKE_JOURNAL_BYTES_MAX);
	struct kp_fake_record *record = &journal->records[journal->count];
	record->type = entry->type;
	memcpy(record->payload, entry->payload.data, entry->payload.len);
	record->payload[entry->payload.len] = '\0';
}

enum kp_status
kp_journal_append(struct kp_journal *journal, struct kp_journal_entry *entry)
{
	if (journal->start_status != KP_OK) {
		return journal->start_status;
	}
	if (journal->done_status == KP_OK) {
		keep(journal, entry);
		entry->index = journal->count++;
	}
	if (entry->loop == NULL) {
		return KP_OK;
	}
	entry->next = journal->waiting;
	journal->waiting = entry;
	kp_timer_start(journal->loop, &journal->timer, journal->delay_us);
	return KP_OK;
}

bool
kp_journal_healthy(const struct kp_journal *journal)
{
	return journal->start_status == KP_OK && journal->done_status == KP_OK;
}
