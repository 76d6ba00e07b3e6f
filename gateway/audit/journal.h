/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * journal: the append-only record of what the gateway did. One per process; entries from
 * all loops are gathered and made durable together (group commit).
 * An entry is acknowledged only when it would survive a crash; after the first failed
 * write every later append fails, so that nothing is asked that cannot be proved.
 *
 * The writing is work for a kp_workers of ONE thread that the caller hands in
 * (io/worker.h): one batch is under way at a time, and what arrives meanwhile is the next
 * batch. No thread is made here, so that the scenario player can run the same code on its
 * virtual disk.
 *
 * On disk: frames of length, type, index, CRC-32C and payload, after a header with magic
 * and version; recovery cuts a torn tail and never drops an acknowledged frame.
 */
#ifndef KP_AUDIT_JOURNAL_H
#define KP_AUDIT_JOURNAL_H

#include "core/error.h"
#include "core/slice.h"
#include "io/loop.h"
#include "io/worker.h"

struct kp_journal;

enum kp_record_type {
	KP_RECORD_START = 1,    /* the gateway started or took a new configuration */
	KP_RECORD_INTENT = 2,   /* decision and plan, before any partner is asked */
	KP_RECORD_OUTCOME = 3,  /* how it ended: counts and states, never values */
	KP_RECORD_REFUSAL = 4,  /* a question that was refused before it had a plan */
	KP_RECORD_DECISION = 5, /* the rules were asked, and nothing else (AuthZEN) */
};

/* What was found in a file. */
struct kp_journal_recovery {
	uint64_t records;
	uint64_t torn_bytes; /* behind the last record; a crash left them, nobody was told
				they were safe */
};

struct kp_journal_options {
	const char *path;
	struct kp_workers *writer; /* of one thread; no append after its end */
	uint32_t waiting_max; /* entries not yet durable; more are refused with KP_E_BUSY
			       */
	uint64_t bytes_max;   /* from this size on only outcomes are taken; 0: no bound */
	struct kp_journal_recovery *ret_recovery; /* set by a successful open; may be NULL
						   */
};

/* Embedded in its owner until on_done. */
struct kp_journal_entry {
	enum kp_record_type type;
	struct kp_slice payload; /* UTF-8 JSON; borrowed until on_done */
	struct kp_loop
		*loop; /* where on_done runs; NULL: nobody waits, payload is copied */
	/* Exactly once. `index` is set when status is KP_OK. */
	void (*on_done)(struct kp_journal_entry *entry);
	enum kp_status status;
	uint64_t index;                /* logIndex: 0, 1, 2, … without gaps */
	struct kp_journal_entry *next; /* private */
	struct kp_task task;           /* private */
};

/*
 * Opens or makes the file and recovers it. KP_E_CORRUPT when a record that had been
 * acknowledged is damaged (`err` names it; the file is left as it is), KP_E_IO when it
 * cannot be used or another process has it.
 */
enum kp_status kp_journal_open(const struct kp_journal_options *options,
	struct kp_journal **ret_journal, struct kp_error *err) KP_MUST_USE;
/* Waits for what is queued to be written, or finds it written when the writer was
 * destroyed before. After the loops have stopped. Accepts NULL. */
void kp_journal_close(struct kp_journal **journal);
/* Thread-safe. KP_E_BUSY, KP_E_AUDIT (a write failed, or the journal is full), KP_E_LIMIT
 * (payload over KP_RECORD_BYTES_MAX) and KP_E_MEMORY are returned at once and then
 * on_done does not come. A write that fails later comes as KP_E_AUDIT in entry->status.
 */
enum kp_status kp_journal_append(
	struct kp_journal *journal, struct kp_journal_entry *entry) KP_MUST_USE;
/* False after a failed write or when full: readiness is off. Thread-safe. */
bool kp_journal_healthy(const struct kp_journal *journal);
/* Since it was opened; for /metrics. Thread-safe. */
struct kp_journal_counts {
	uint64_t records;
	uint64_t batches;  /* writes to the disk that held them */
	uint64_t failures; /* failed writes: 0 or 1, nothing is written after one */
};
void kp_journal_counts(
	const struct kp_journal *journal, struct kp_journal_counts *ret_counts);
/* Bytes on disk. Thread-safe. */
uint64_t kp_journal_size(const struct kp_journal *journal);

/* Reads a journal file that nobody writes; for tools, tests and recovery checks. False
 * from `visit` ends the reading. Damage is KP_E_CORRUPT. */
typedef bool (*kp_journal_visit_fn)(
	void *context, uint64_t index, enum kp_record_type type, struct kp_slice payload);
enum kp_status kp_journal_read(const char *path, kp_journal_visit_fn visit, void *context,
	struct kp_error *err) KP_MUST_USE;
/* The same, and says what a recovery would find. `visit` may be NULL. */
enum kp_status kp_journal_check(const char *path, kp_journal_visit_fn visit,
	void *context, struct kp_journal_recovery *ret_recovery,
	struct kp_error *err) KP_MUST_USE;

#endif
