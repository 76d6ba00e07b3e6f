/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * journal: group commit of records; see journal.h. Appending puts an entry at the end of
 * a queue; one piece of work on the writer's thread takes what is queued, writes it in
 * one go, waits for the disk, and tells everybody. While it waits the next group gathers,
 * so the group grows with the load by itself and a lone record waits for nobody.
 */
#include "audit/journal.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

#include "audit/journal_frame.h"
#include "audit/record.h"
#include "core/crc32c.h"
#include "core/heap.h"
#include "io/file.h"
#include "io/journal_file.h"

#define GROUP_BYTES_MAX ((size_t)1 << 20)
#define FRAME_BYTES_MAX (KP_JOURNAL_FRAME_BYTES + KP_RECORD_BYTES_MAX)

_Static_assert(GROUP_BYTES_MAX >= FRAME_BYTES_MAX, "a group holds a whole record");

/* Process lifetime. */
struct kp_journal {
	struct kp_workers *writer;
	uint32_t waiting_max;
	uint64_t bytes_max;

	pthread_mutex_t mutex; /* guards the queue, waiting and writing */
	pthread_cond_t idle;   /* writing became false */
	struct kp_journal_entry *first;
	struct kp_journal_entry *last;
	uint32_t waiting; /* queued, or being written */
	bool writing;     /* work is queued or running */

	struct kp_work work;
	atomic_bool failed;
	atomic_bool full;

	/* The writer's alone, once open. */
	struct kp_journal_file *file;
	uint64_t next_index;
	_Atomic uint64_t size;    /* durable */
	_Atomic uint64_t records; /* since open */
	_Atomic uint64_t batches;
	char *group;
};

/* An entry nobody waits for, with its payload behind it. */
struct copied_entry {
	struct kp_journal_entry entry;
	char payload[];
};

static struct kp_journal_entry *
take_queue(struct kp_journal *journal)
{
	(void)pthread_mutex_lock(&journal->mutex);
	struct kp_journal_entry *first = journal->first;
	journal->first = NULL;
	journal->last = NULL;
	(void)pthread_mutex_unlock(&journal->mutex);
	return first;
}

/* Puts what did not fit back in front. */
static void
untake_queue(struct kp_journal *journal, struct kp_journal_entry *rest)
{
	struct kp_journal_entry *last = rest;
	while (last->next != NULL) {
		last = last->next;
	}
	(void)pthread_mutex_lock(&journal->mutex);
	last->next = journal->first;
	journal->first = rest;
	if (journal->last == NULL) {
		journal->last = last;
	}
	(void)pthread_mutex_unlock(&journal->mutex);
}

static void
on_posted(struct kp_task *task)
{
	struct kp_journal_entry *entry =
		KP_CONTAINER_OF(task, struct kp_journal_entry, task);
	entry->on_done(entry);
}

/* The entry belongs to its owner again the moment it is posted. */
static void
complete(
	struct kp_journal *journal, struct kp_journal_entry *entry, enum kp_status status)
{
	(void)pthread_mutex_lock(&journal->mutex);
	journal->waiting--;
	(void)pthread_mutex_unlock(&journal->mutex);
	entry->status = status;
	if (entry->loop == NULL) {
		kp_heap_free(entry);
		return;
	}
	entry->task = (struct kp_task){.run = on_posted};
	kp_loop_post(entry->loop, &entry->task);
}

static void
complete_all(struct kp_journal *journal, struct kp_journal_entry *entry,
	struct kp_journal_entry *end, enum kp_status status)
{
	while (entry != end) {
		struct kp_journal_entry *next = entry->next;
		complete(journal, entry, status);
		entry = next;
	}
}

static size_t
write_frame(struct kp_journal *journal, struct kp_journal_entry *entry, char *out)
{
	entry->index = journal->next_index++;
	struct kp_journal_frame frame = {
		.len = (uint32_t)entry->payload.len,
		.index = entry->index,
		.durable = atomic_load(&journal->size),
		.type = (uint32_t)entry->type,
		.payload_crc = kp_crc32c(0, entry->payload.data, entry->payload.len),
	};
	kp_journal_frame_write(&frame, (unsigned char *)out);
	if (entry->payload.len > 0) {
		memcpy(out + KP_JOURNAL_FRAME_BYTES, entry->payload.data,
			entry->payload.len);
	}
	return KP_JOURNAL_FRAME_BYTES + entry->payload.len;
}

/* Lays as many entries as fit into the group; *ret_end is the first that is left. */
static size_t
gather(struct kp_journal *journal, struct kp_journal_entry *first,
	struct kp_journal_entry **ret_end)
{
	size_t len = 0;
	struct kp_journal_entry *entry = first;
	while (entry != NULL &&
		GROUP_BYTES_MAX - len >= KP_JOURNAL_FRAME_BYTES + entry->payload.len) {
		len += write_frame(journal, entry, journal->group + len);
		entry = entry->next;
	}
	*ret_end = entry;
	return len;
}

/* Nothing is written after a failed write: what is on disk is not known any more, and
 * pages of a failed fsync count as clean, so asking again would lie. */
static void
fail(struct kp_journal *journal, struct kp_journal_entry *first)
{
	atomic_store(&journal->failed, true);
	complete_all(journal, first, NULL, KP_E_AUDIT);
}

static void
write_group(struct kp_journal *journal, struct kp_journal_entry *first)
{
	if (atomic_load(&journal->failed)) {
		fail(journal, first);
		return;
	}
	struct kp_journal_entry *end = NULL;
	uint64_t first_index = journal->next_index;
	size_t len = gather(journal, first, &end);
	struct kp_slice group = {journal->group, len};
	if (kp_journal_file_append(journal->file, &group, 1, NULL) != KP_OK) {
		fail(journal, first);
		return;
	}
	uint64_t size = atomic_load(&journal->size) + len;
	atomic_store(&journal->size, size);
	atomic_fetch_add(&journal->records, journal->next_index - first_index);
	atomic_fetch_add(&journal->batches, 1);
	if (end != NULL) {
		untake_queue(journal, end);
	}
	complete_all(journal, first, end, KP_OK);
}

static void
run_writer(struct kp_work *work)
{
	struct kp_journal *journal = KP_CONTAINER_OF(work, struct kp_journal, work);
	struct kp_journal_entry *first = take_queue(journal);
	if (first != NULL) {
		write_group(journal, first);
	}
	(void)pthread_mutex_lock(&journal->mutex);
	bool more = journal->first != NULL;
	if (!more) {
		journal->writing = false;
		(void)pthread_cond_broadcast(&journal->idle);
	}
	(void)pthread_mutex_unlock(&journal->mutex);
	if (more) {
		kp_work_start(journal->writer, NULL, KP_LANE_SHORT, work);
	}
}

/* Outcomes are still taken when the journal is full: every intent gets its end. */
static bool
is_full(struct kp_journal *journal, const struct kp_journal_entry *entry)
{
	if (journal->bytes_max == 0 || atomic_load(&journal->size) < journal->bytes_max) {
		return false;
	}
	atomic_store(&journal->full, true);
	return entry->type != KP_RECORD_OUTCOME;
}

static struct kp_journal_entry *
copy_entry(const struct kp_journal_entry *entry)
{
	struct copied_entry *copy = kp_heap_calloc(1, sizeof(*copy) + entry->payload.len);
	if (copy == NULL) {
		return NULL;
	}
	copy->entry = *entry;
	if (entry->payload.len > 0) {
		memcpy(copy->payload, entry->payload.data, entry->payload.len);
	}
	copy->entry.payload.data = copy->payload;
	return &copy->entry;
}

/* True when the writer has to be started. */
static bool
enqueue(struct kp_journal *journal, struct kp_journal_entry *entry)
{
	entry->next = NULL;
	if (journal->last == NULL) {
		journal->first = entry;
	} else {
		journal->last->next = entry;
	}
	journal->last = entry;
	journal->waiting++;
	bool start = !journal->writing;
	journal->writing = true;
	return start;
}

enum kp_status
kp_journal_append(struct kp_journal *journal, struct kp_journal_entry *entry)
{
	if (entry->payload.len > KP_RECORD_BYTES_MAX) {
		return KP_E_LIMIT;
	}
	if (atomic_load(&journal->failed) || is_full(journal, entry)) {
		return KP_E_AUDIT;
	}
	if (entry->loop == NULL) {
		entry = copy_entry(entry);
		if (entry == NULL) {
			return KP_E_MEMORY;
		}
	}
	(void)pthread_mutex_lock(&journal->mutex);
	bool room = journal->waiting < journal->waiting_max;
	bool start = room && enqueue(journal, entry);
	(void)pthread_mutex_unlock(&journal->mutex);
	if (!room) {
		if (entry->loop == NULL) {
			kp_heap_free(entry);
		}
		return KP_E_BUSY;
	}
	if (start) {
		kp_work_start(journal->writer, NULL, KP_LANE_SHORT, &journal->work);
	}
	return KP_OK;
}

bool
kp_journal_healthy(const struct kp_journal *journal)
{
	return !atomic_load(&journal->failed) && !atomic_load(&journal->full);
}

void
kp_journal_counts(const struct kp_journal *journal, struct kp_journal_counts *ret_counts)
{
	*ret_counts = (struct kp_journal_counts){
		.records = atomic_load(&journal->records),
		.batches = atomic_load(&journal->batches),
		.failures = atomic_load(&journal->failed) ? 1 : 0,
	};
}

uint64_t
kp_journal_size(const struct kp_journal *journal)
{
	return atomic_load(&journal->size);
}

static enum kp_status
read_for_recovery(
	void *context, uint64_t offset, char *bytes, size_t len, size_t *ret_read)
{
	return kp_journal_file_read(context, offset, bytes, len, ret_read);
}

static enum kp_status
begin_file(struct kp_journal *journal, struct kp_error *err)
{
	unsigned char header[KP_JOURNAL_HEADER_BYTES];
	kp_journal_header_write(header);
	struct kp_slice part = {(const char *)header, sizeof(header)};
	atomic_store(&journal->size, sizeof(header));
	return kp_journal_file_append(journal->file, &part, 1, err);
}

/* Finds the end, cuts what was torn, and is ready to append. */
static enum kp_status
recover(struct kp_journal *journal, uint64_t size, struct kp_journal_recovery *recovery,
	struct kp_error *err)
{
	struct kp_journal_scan scan = {
		.read = read_for_recovery, .context = journal->file, .size = size};
	struct kp_journal_state state = {0};
	if (size > 0) {
		enum kp_status status = kp_journal_scan(&scan, &state, err);
		if (status != KP_OK) {
			return status;
		}
	}
	if (state.torn > 0) {
		enum kp_status status =
			kp_journal_file_truncate(journal->file, state.size, err);
		if (status != KP_OK) {
			return status;
		}
	}
	journal->next_index = state.next_index;
	atomic_store(&journal->size, state.size);
	*recovery = (struct kp_journal_recovery){state.next_index, state.torn};
	return state.size == 0 ? begin_file(journal, err) : KP_OK;
}

static void
discard(struct kp_journal *journal)
{
	kp_journal_file_close(&journal->file);
	kp_heap_free(journal->group);
	(void)pthread_cond_destroy(&journal->idle);
	(void)pthread_mutex_destroy(&journal->mutex);
	kp_heap_free(journal);
}

enum kp_status
kp_journal_open(const struct kp_journal_options *options, struct kp_journal **ret_journal,
	struct kp_error *err)
{
	struct kp_journal *journal = kp_heap_calloc(1, sizeof(*journal));
	if (journal == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for the journal");
	}
	journal->writer = options->writer;
	journal->waiting_max = options->waiting_max;
	journal->bytes_max = options->bytes_max;
	journal->work.run = run_writer;
	journal->work.impersonal = true; /* records hold no client's values */
	(void)pthread_mutex_init(&journal->mutex, NULL);
	(void)pthread_cond_init(&journal->idle, NULL);
	struct kp_journal_recovery recovery = {0};
	uint64_t size = 0;
	enum kp_status status =
		kp_journal_file_open(options->path, &journal->file, &size, err);
	if (status != KP_OK) {
		goto cleanup;
	}
	status = recover(journal, size, &recovery, err);
	if (status != KP_OK) {
		goto cleanup;
	}
	journal->group = kp_heap_alloc(GROUP_BYTES_MAX);
	if (journal->group == NULL) {
		status = kp_error_set(err, KP_E_MEMORY, "no memory for the journal");
	}
cleanup:
	if (status != KP_OK) {
		kp_error_at(err, options->path, 0, 0, NULL);
		discard(journal);
		return status;
	}
	if (options->ret_recovery != NULL) {
		*options->ret_recovery = recovery;
	}
	*ret_journal = journal;
	return KP_OK;
}

void
kp_journal_close(struct kp_journal **journal)
{
	struct kp_journal *gone = *journal;
	if (gone == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&gone->mutex);
	while (gone->writing) {
		(void)pthread_cond_wait(&gone->idle, &gone->mutex);
	}
	(void)pthread_mutex_unlock(&gone->mutex);
	discard(gone);
	*journal = NULL;
}

static enum kp_status
read_for_tools(void *context, uint64_t offset, char *bytes, size_t len, size_t *ret_read)
{
	return kp_file_read_at(context, offset, bytes, len, ret_read);
}

enum kp_status
kp_journal_check(const char *path, kp_journal_visit_fn visit, void *context,
	struct kp_journal_recovery *ret_recovery, struct kp_error *err)
{
	struct kp_file *file = NULL;
	enum kp_status status = kp_file_open(path, &file, err);
	if (status != KP_OK) {
		kp_error_at(err, path, 0, 0, NULL);
		return status;
	}
	struct kp_file_stamp stamp = {0};
	struct kp_journal_state state = {0};
	status = kp_file_stat(file, &stamp);
	if (status != KP_OK) {
		(void)kp_error_set(err, status, "the journal's size cannot be read");
	} else {
		struct kp_journal_scan scan = {.read = read_for_tools,
			.context = file,
			.size = stamp.size,
			.visit = visit,
			.visit_context = context};
		status = kp_journal_scan(&scan, &state, err);
	}
	kp_file_close(&file);
	if (status != KP_OK) {
		kp_error_at(err, path, 0, 0, NULL);
	} else {
		*ret_recovery =
			(struct kp_journal_recovery){state.next_index, state.torn};
	}
	return status;
}

enum kp_status
kp_journal_read(
	const char *path, kp_journal_visit_fn visit, void *context, struct kp_error *err)
{
	struct kp_journal_recovery recovery;
	return kp_journal_check(path, visit, context, &recovery, err);
}
