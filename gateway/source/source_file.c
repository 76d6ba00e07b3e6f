/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_file: the file transport of a call. A file is read once, on a worker, into an
 * index of where each client's rows are (a keyed hash of the key, never the key). A
 * look-up reads just those rows. When the file changes a new index is made beside the old
 * one, which serves until the new one is whole.
 *
 * The store is shared by all loops and locked; a wait or a job belongs to the loop it
 * came from. Both are on the heap and outlive a call that is cancelled or late.
 */
#include <pthread.h>
#include <stdlib.h>

#include "core/hash.h"
#include "core/heap.h"
#include "io/file.h"
#include "source/source_private.h"

#define SCAN_BYTES ((size_t)128 * 1024)
#define ROWS_MAX ((size_t)20000000)
#define PREAMBLE_MAX 8
#define SCAN_TRIES 3
#define LOOK_EVERY_US ((uint64_t)1000000)

struct file_row {
	uint64_t hash;
	uint64_t offset;
	uint64_t len;
};

/* Immutable once it is in the store. */
struct file_index {
	atomic_uint refs;
	struct kp_file *file;
	struct kp_file_stamp stamp;
	struct file_row *rows; /* by hash, then offset */
	size_t count;
	size_t capacity;
	struct file_row preamble[PREAMBLE_MAX];
	size_t preamble_count;
	bool failed; /* while it is filled: a row did not fit */
};

/* A call that waits for the first index, or for a newer one. */
struct kp_file_wait {
	struct kp_task task; /* posted to the call's loop when there is one */
	struct kp_source_link *link;
	struct kp_source_call *call; /* NULL: nobody waits any more; its loop only */
	struct kp_file_wait *next;
};

struct kp_file_store {
	const struct kp_source *source;
	pthread_mutex_t lock;
	struct file_index *index; /* may be NULL */
	bool building;
	uint64_t looked_us; /* when the file's stamp was last compared */
	struct kp_file_wait *waits;
	enum kp_status status; /* of the last build */
	struct kp_fault fault;
};

/* One look-up on a worker. */
struct kp_file_job {
	struct kp_work work;
	struct kp_source_link *link;
	struct kp_source_call *call; /* NULL when nobody waits any more; its loop only */
	struct file_index *index;
	uint64_t hash;
	uint64_t bytes_max;
	bool look; /* compare the stamp first */
	char *bytes;
	size_t len;
	bool changed; /* the file is not the one of the index */
	enum kp_status status;
};

struct build_job {
	struct kp_work work;
	struct kp_source_link *link;
};

static void on_waited(struct kp_task *task);
static void look_up(struct kp_source_call *call);

/* The index. */

static void
index_unref(struct file_index *index)
{
	if (index == NULL || atomic_fetch_sub(&index->refs, 1) != 1) {
		return;
	}
	kp_file_close(&index->file);
	kp_heap_free(index->rows);
	kp_heap_free(index);
}

static bool
add_row(void *context, struct kp_text key, uint64_t offset, uint64_t len)
{
	struct file_index *index = context;
	struct file_row row = {.offset = offset, .len = len};
	if (key.len == 0) {
		if (index->preamble_count == PREAMBLE_MAX) {
			index->failed = true;
			return false;
		}
		index->preamble[index->preamble_count++] = row;
		return true;
	}
	row.hash = kp_hash(key.data, key.len);
	if (index->count == index->capacity) {
		size_t capacity = index->capacity == 0 ? 1024 : index->capacity * 2;
		struct file_row *rows = capacity > ROWS_MAX
			? NULL
			: kp_heap_realloc(index->rows, capacity * sizeof(*rows));
		if (rows == NULL) {
			index->failed = true;
			return false;
		}
		index->rows = rows;
		index->capacity = capacity;
	}
	index->rows[index->count++] = row;
	return true;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct file_row *left = a;
	const struct file_row *right = b;
	if (left->hash != right->hash) {
		return left->hash < right->hash ? -1 : 1;
	}
	return (left->offset > right->offset) - (left->offset < right->offset);
}

/* Feeds the whole file to the connector. */
static enum kp_status
scan_file(const struct kp_source_private *private, struct file_index *index, void *state,
	char *piece, struct kp_fault *fault)
{
	const struct kp_index_writer writer = {
		.size = sizeof(writer), .context = index, .row = add_row};
	uint64_t offset = 0;
	for (;;) {
		size_t len = 0;
		enum kp_status status =
			kp_file_read_at(index->file, offset, piece, SCAN_BYTES, &len);
		bool last = status != KP_OK || len < SCAN_BYTES;
		int verdict = private->connector->scan(private->instance, state,
			(struct kp_text){piece, status == KP_OK ? len : 0}, last, &writer,
			fault);
		if (status != KP_OK) {
			return status;
		}
		if (index->failed) {
			return KP_E_LIMIT;
		}
		if (verdict != KP_DONE) {
			return KP_E_SOURCE;
		}
		if (last) {
			return KP_OK;
		}
		offset += len;
	}
}

static bool
same_stamp(const struct kp_file_stamp *a, const struct kp_file_stamp *b)
{
	return a->size == b->size && a->modified_ns == b->modified_ns &&
		a->inode == b->inode;
}

static enum kp_status
fill_index(const struct kp_source_private *private, struct file_index *index,
	struct kp_fault *fault)
{
	struct kp_error err = {0};
	struct kp_file_stamp after = {0};
	enum kp_status status = kp_file_open(private->path, &index->file, &err);
	if (status == KP_OK) {
		status = kp_file_stat(index->file, &index->stamp);
	}
	void *state = kp_heap_calloc(1, private->connector->scan_size + 1);
	char *piece = kp_heap_alloc(SCAN_BYTES);
	if (state == NULL || piece == NULL) {
		status = KP_E_MEMORY;
	}
	if (status == KP_OK) {
		status = scan_file(private, index, state, piece, fault);
	}
	if (status == KP_OK) {
		status = kp_file_stat(index->file, &after);
	}
	if (status == KP_OK && !same_stamp(&index->stamp, &after)) {
		status = KP_E_BUSY;
	}
	kp_heap_free(piece);
	kp_heap_free(state);
	if (status == KP_OK && index->count > 0) {
		qsort(index->rows, index->count, sizeof(*index->rows), compare_rows);
	}
	return status;
}

/* NULL with the status of the last try; a file that changes meanwhile is tried again. */
static struct file_index *
build_index(const struct kp_source_private *private, enum kp_status *ret_status,
	struct kp_fault *fault)
{
	for (unsigned try = 0; try < SCAN_TRIES; try++) {
		struct file_index *index = kp_heap_calloc(1, sizeof(*index));
		if (index == NULL) {
			*ret_status = KP_E_MEMORY;
			return NULL;
		}
		atomic_init(&index->refs, 1);
		*fault = (struct kp_fault){0};
		*ret_status = fill_index(private, index, fault);
		if (*ret_status == KP_OK) {
			return index;
		}
		index_unref(index);
		if (*ret_status != KP_E_BUSY) {
			return NULL;
		}
	}
	return NULL;
}

/* The store. */

static enum kp_status
check_file(struct kp_source_opening *opening)
{
	struct kp_source_private *private = opening->private;
	struct kp_slice path = kp_source_path(opening, private->manifest->file.path);
	struct kp_file_store *store = kp_heap_calloc(1, sizeof(*store));
	if (store == NULL || pthread_mutex_init(&store->lock, NULL) != 0) {
		kp_heap_free(store);
		return KP_E_MEMORY;
	}
	store->source = opening->source;
	private->store = store;
	private->path = path.data == NULL ? "" : path.data;
	return KP_OK;
}

void
kp_file_store_destroy(struct kp_file_store **store)
{
	if (*store == NULL) {
		return;
	}
	index_unref((*store)->index);
	(void)pthread_mutex_destroy(&(*store)->lock);
	kp_heap_free(*store);
	*store = NULL;
}

static struct kp_file_store *
store_of(const struct kp_source_link *link)
{
	return link->source->private->store;
}

/* On a worker: a new index takes the place of the old one, and who waits is told. */
static void
run_build(struct kp_work *work)
{
	struct build_job *job = KP_CONTAINER_OF(work, struct build_job, work);
	struct kp_file_store *store = store_of(job->link);
	enum kp_status status = KP_OK;
	struct kp_fault fault = {0};
	struct file_index *index =
		build_index(job->link->source->private, &status, &fault);
	(void)pthread_mutex_lock(&store->lock);
	struct file_index *old = store->index;
	if (index != NULL) {
		store->index = index;
	}
	store->status = status;
	store->fault = fault;
	store->building = false;
	struct kp_file_wait *waits = store->waits;
	store->waits = NULL;
	(void)pthread_mutex_unlock(&store->lock);
	if (index != NULL) {
		index_unref(old);
	}
	while (waits != NULL) {
		struct kp_file_wait *wait = waits;
		waits = wait->next;
		kp_loop_post(wait->link->loop, &wait->task);
	}
}

static void
on_built(struct kp_work *work)
{
	struct build_job *job = KP_CONTAINER_OF(work, struct build_job, work);
	struct kp_source_link *link = job->link;
	kp_heap_free(job);
	kp_source_link_leave(link);
}

/* Starts reading the file unless it is being read; the lock is held. */
static void
start_build(struct kp_source_link *link)
{
	struct kp_file_store *store = store_of(link);
	struct build_job *job = store->building ? NULL : kp_heap_calloc(1, sizeof(*job));
	if (job == NULL) {
		return;
	}
	store->building = true;
	job->link = link;
	job->work.run = run_build;
	job->work.done = on_built;
	link->active++;
	kp_work_start(link->workers, link->loop, KP_LANE_LONG, &job->work);
}

static enum kp_status
open_file(struct kp_source_link *link, struct kp_upstream *upstream, struct kp_error *err)
{
	(void)upstream;
	(void)err;
	struct kp_file_store *store = store_of(link);
	(void)pthread_mutex_lock(&store->lock);
	if (store->index == NULL) {
		start_build(link);
	}
	(void)pthread_mutex_unlock(&store->lock);
	return KP_OK;
}

/* Waiting for an index. */

static void
stop_unread(struct kp_source_call *call, enum kp_status status)
{
	bool missing = status == KP_E_NOT_FOUND || status == KP_E_IO;
	kp_source_call_stop(call, missing ? KP_NOT_REACHED : KP_ERROR, status,
		missing                       ? "het bestand van de bron is er niet"
			: status == KP_E_BUSY ? "het bestand van de bron verandert steeds"
			: status == KP_E_MEMORY
			? "de gateway heeft geen geheugen meer"
			: "het bestand van de bron is niet te lezen");
}

/* Joins those who wait for the build under way; the lock is held. */
static bool
join_wait(struct kp_source_call *call)
{
	struct kp_file_store *store = store_of(call->link);
	struct kp_file_wait *wait = kp_heap_calloc(1, sizeof(*wait));
	if (wait == NULL) {
		return false;
	}
	wait->task.run = on_waited;
	wait->link = call->link;
	wait->call = call;
	wait->next = store->waits;
	store->waits = wait;
	call->wait = wait;
	call->link->active++;
	return true;
}

static void
on_waited(struct kp_task *task)
{
	struct kp_file_wait *wait = KP_CONTAINER_OF(task, struct kp_file_wait, task);
	struct kp_source_link *link = wait->link;
	struct kp_source_call *call = wait->call;
	kp_heap_free(wait);
	if (call != NULL) {
		call->wait = NULL;
		look_up(call);
	}
	kp_source_link_leave(link);
}

/* Looking up, on a worker. */

static bool
stamp_differs(const struct kp_file_job *job)
{
	struct kp_file_stamp stamp;
	const char *path = job->link->source->private->path;
	return kp_file_stamp_of(path, &stamp) != KP_OK ||
		!same_stamp(&stamp, &job->index->stamp);
}

static enum kp_status
read_row(struct kp_file_job *job, const struct file_row *row)
{
	size_t done = 0;
	while (done < row->len) {
		size_t len = 0;
		enum kp_status status = kp_file_read_at(job->index->file,
			row->offset + done, job->bytes + job->len, row->len - done, &len);
		if (status != KP_OK || len == 0) {
			return status != KP_OK ? status : KP_E_BUSY;
		}
		job->len += len;
		done += len;
	}
	return KP_OK;
}

static size_t
first_row(const struct file_index *index, uint64_t hash)
{
	size_t low = 0;
	size_t high = index->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (index->rows[middle].hash < hash) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static enum kp_status
read_rows(struct kp_file_job *job)
{
	const struct file_index *index = job->index;
	size_t first = first_row(index, job->hash);
	size_t end = first;
	uint64_t total = 0;
	while (end < index->count && index->rows[end].hash == job->hash) {
		total += index->rows[end++].len;
	}
	for (size_t i = 0; i < index->preamble_count; i++) {
		total += index->preamble[i].len;
	}
	if (total > job->bytes_max) {
		return KP_E_BODY_LIMIT;
	}
	job->bytes = kp_heap_alloc((size_t)total + 1);
	if (job->bytes == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = KP_OK;
	for (size_t i = 0; i < index->preamble_count && status == KP_OK; i++) {
		status = read_row(job, &index->preamble[i]);
	}
	for (size_t i = first; i < end && status == KP_OK; i++) {
		status = read_row(job, &index->rows[i]);
	}
	return status;
}

static void
run_job(struct kp_work *work)
{
	struct kp_file_job *job = KP_CONTAINER_OF(work, struct kp_file_job, work);
	struct kp_file_stamp stamp;
	job->changed = job->look && stamp_differs(job);
	job->status = read_rows(job);
	/* Written in place while we read: the rows may be anybody's. */
	if (job->status == KP_OK &&
		(kp_file_stat(job->index->file, &stamp) != KP_OK ||
			!same_stamp(&stamp, &job->index->stamp))) {
		job->changed = true;
		job->status = KP_E_BUSY;
	}
}

static struct kp_text
no_header(const struct kp_head *head, struct kp_text name)
{
	(void)head;
	(void)name;
	return (struct kp_text){0};
}

static void
deliver(struct kp_source_call *call, const struct kp_file_job *job)
{
	struct kp_head head = {.size = sizeof(head), .status = 200, .header = no_header};
	if (kp_source_call_head(call, &head) &&
		kp_source_call_consume(call, (struct kp_slice){job->bytes, job->len})) {
		kp_source_call_finish(call);
		return;
	}
	kp_source_call_conclude(call, KP_ERROR);
}

/* The rows were not to be trusted: wait for a new index. */
static void
wait_again(struct kp_source_call *call)
{
	struct kp_file_store *store = store_of(call->link);
	(void)pthread_mutex_lock(&store->lock);
	start_build(call->link);
	bool waits = !call->retried && store->building && join_wait(call);
	(void)pthread_mutex_unlock(&store->lock);
	call->retried = true;
	if (!waits) {
		stop_unread(call, KP_E_BUSY);
		kp_source_call_conclude(call, KP_ERROR);
	}
}

static void
on_job(struct kp_work *work)
{
	struct kp_file_job *job = KP_CONTAINER_OF(work, struct kp_file_job, work);
	struct kp_source_call *call = job->call;
	struct kp_source_link *link = job->link;
	if (job->changed) {
		struct kp_file_store *store = store_of(link);
		(void)pthread_mutex_lock(&store->lock);
		start_build(link);
		(void)pthread_mutex_unlock(&store->lock);
	}
	if (call != NULL) {
		call->job = NULL;
		if (job->status == KP_OK) {
			deliver(call, job);
		} else if (job->status == KP_E_BUSY) {
			wait_again(call);
		} else if (job->status == KP_E_BODY_LIMIT) {
			kp_source_call_stop(call, KP_ERROR, KP_E_LIMIT,
				"het antwoord is groter dan is toegestaan");
			kp_source_call_conclude(call, KP_ERROR);
		} else {
			stop_unread(call, job->status);
			kp_source_call_conclude(call, KP_ERROR);
		}
	}
	index_unref(job->index);
	kp_heap_free(job->bytes);
	kp_heap_free(job);
	kp_source_link_leave(link);
}

static bool
start_job(struct kp_source_call *call, struct file_index *index, bool look)
{
	struct kp_file_job *job = kp_heap_calloc(1, sizeof(*job));
	if (job == NULL) {
		return false;
	}
	(void)atomic_fetch_add(&index->refs, 1);
	job->work.run = run_job;
	job->work.done = on_job;
	job->link = call->link;
	job->call = call;
	job->index = index;
	job->hash = kp_hash(call->key.data, call->key.len);
	job->bytes_max = call->link->source->answer_bytes_max;
	job->look = look;
	call->job = job;
	call->link->active++;
	kp_work_start(call->link->workers, call->link->loop, KP_LANE_SHORT, &job->work);
	return true;
}

/* From the loop: a job with the index there is, or a wait for one. */
static void
look_up(struct kp_source_call *call)
{
	struct kp_file_store *store = store_of(call->link);
	uint64_t now = kp_loop_now_us(call->link->loop);
	bool under_way = false;
	(void)pthread_mutex_lock(&store->lock);
	enum kp_status status = store->status;
	if (store->index != NULL) {
		bool look = now - store->looked_us >= LOOK_EVERY_US;
		store->looked_us = look ? now : store->looked_us;
		status = KP_E_MEMORY;
		under_way = start_job(call, store->index, look);
	} else if (!call->retried) {
		call->retried = true;
		start_build(call->link);
		status = KP_E_MEMORY;
		under_way = store->building && join_wait(call);
	}
	if (!under_way) {
		call->fault = store->fault;
	}
	(void)pthread_mutex_unlock(&store->lock);
	if (!under_way) {
		stop_unread(call, status);
		kp_source_call_conclude_later(call);
	}
}

static bool cancel_file(struct kp_source_call *call);

static void
on_time(struct kp_timer *timer)
{
	struct kp_source_call *call =
		KP_CONTAINER_OF(timer, struct kp_source_call, timer);
	(void)cancel_file(call);
	kp_source_call_stop(call, KP_NOT_REACHED, KP_E_TIMEOUT,
		"de bron antwoordde niet binnen de tijd");
	kp_source_call_conclude(call, KP_ERROR);
}

static void
send_file(struct kp_source_call *call)
{
	const struct kp_source *source = call->link->source;
	uint32_t left_ms = kp_source_call_left_ms(call);
	if (left_ms == 0) {
		kp_source_call_stop(call, KP_NOT_REACHED, KP_E_TIMEOUT,
			"de bron antwoordde niet binnen de tijd");
	} else if (call->link->calls > source->concurrent_max + source->waiting_max) {
		kp_source_call_stop(call, KP_NOT_REACHED, KP_E_BUSY,
			"er staan te veel vragen aan deze bron open");
	} else if (call->key.len == 0) {
		kp_source_call_stop(call, KP_ERROR, KP_E_SOURCE,
			"de vraag aan de bron kon niet worden gesteld");
	}
	if (call->stopped) {
		kp_source_call_conclude_later(call);
		return;
	}
	call->timer.fire = on_time;
	kp_timer_start(call->link->loop, &call->timer, (uint64_t)left_ms * 1000);
	look_up(call);
}

/* Lets go of waiting and work; they end by themselves. */
static bool
cancel_file(struct kp_source_call *call)
{
	if (call->wait != NULL) {
		call->wait->call = NULL;
		call->wait = NULL;
	}
	if (call->job != NULL) {
		call->job->call = NULL;
		call->job = NULL;
	}
	return false;
}

const struct kp_transport_row kp_source_file = {
	.transport = KP_TRANSPORT_FILE,
	.check = check_file,
	.open = open_file,
	.send = send_file,
	.cancel = cancel_file,
};
