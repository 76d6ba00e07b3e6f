/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_file: the file transport of a call. A file is read once, on a worker, into an
 * index of where each client's rows are (row_index.h). A look-up reads just those rows.
 * When the file changes a new index is made beside the old one, which serves until the
 * new one is whole.
 *
 * The store is shared by all loops and locked; a wait or a job belongs to the loop it
 * came from. Both are on the heap and outlive a call that is cancelled or late.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "connectors/fault.h"
#include "core/heap.h"
#include "source/delivery_find.h"
#include "source/delivery_verify.h"
#include "source/delivery_rows.h"

#define KEY_BYTES_MAX 64
/* For the first index, and for one in the place of rows or an index that changed. */
#define WAITS_MAX 2
#define LOOK_EVERY_US ((uint64_t)1000000)

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
	struct kp_delivery *delivery; /* in force; may be NULL */
	bool building;
	bool distrusted;    /* the index that lies there is damaged: make it anew */
	uint64_t looked_us; /* when the files' stamps were last compared */
	unsigned char sight[KP_SIGHT_BYTES]; /* of the files before the last build */
	struct kp_file_wait *waits;
	enum kp_status status; /* of the last build */
	enum kp_delivery_refusal refusal;
	struct kp_fault fault;
	struct kp_delivery_state state;
};

/* One look-up on a worker. */
struct kp_file_job {
	struct kp_work work;
	struct kp_source_link *link;
	struct kp_source_call *call; /* NULL when nobody waits any more; its loop only */
	struct kp_delivery *delivery;
	char key[KEY_BYTES_MAX]; /* the client's number */
	size_t key_len;
	uint64_t bytes_max;
	bool look;                           /* compare the stamps first */
	unsigned char sight[KP_SIGHT_BYTES]; /* to compare with */
	struct kp_delivery_rows rows;
	bool changed;    /* the file is not the one of the index */
	bool distrusted; /* or the index is damaged */
	enum kp_status status;
};

struct build_job {
	struct kp_work work;
	struct kp_source_link *link;
	int64_t now_ms;
};

static void on_waited(struct kp_task *task);
static void look_up(struct kp_source_call *call);

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
	store->state.source = opening->source;
	if (private->manifest->file.index.len > 0 &&
		opening->options->index_key.len > 0) {
		struct kp_slice index =
			kp_source_path(opening, private->manifest->file.index);
		private->index_path = index.data;
	}
	if (private->manifest->file.series.path.len > 0) {
		struct kp_slice series =
			kp_source_path(opening, private->manifest->file.series.path);
		private->series_path = series.data;
	}
	private->store = store;
	private->path = path.data == NULL ? "" : path.data;
	return kp_delivery_verify_open(opening);
}

void
kp_file_store_destroy(struct kp_file_store **store)
{
	if (*store == NULL) {
		return;
	}
	kp_delivery_unref((*store)->delivery);
	(void)pthread_mutex_destroy(&(*store)->lock);
	kp_heap_free(*store);
	*store = NULL;
}

static struct kp_file_store *
store_of(const struct kp_source_link *link)
{
	return link->source->private->store;
}

void
kp_file_store_inherit(struct kp_file_store *store, struct kp_file_store *before)
{
	unsigned char sight[KP_SIGHT_BYTES];
	(void)pthread_mutex_lock(&before->lock);
	struct kp_delivery *delivery = before->delivery;
	if (delivery != NULL) {
		(void)atomic_fetch_add(&delivery->refs, 1);
	}
	memcpy(sight, before->sight, sizeof(sight));
	(void)pthread_mutex_unlock(&before->lock);
	(void)pthread_mutex_lock(&store->lock);
	if (delivery != NULL && store->delivery == NULL && !store->building) {
		store->delivery = delivery;
		memcpy(store->sight, sight, sizeof(sight));
		kp_delivery_state_inherit(&store->state, &before->state);
		delivery = NULL;
	}
	(void)pthread_mutex_unlock(&store->lock);
	kp_delivery_unref(delivery);
}

struct kp_delivery_state *
kp_file_store_state(struct kp_file_store *store)
{
	return store == NULL ? NULL : &store->state;
}

/* Did it come to an end that only another delivery changes? */
static bool
settled(const struct kp_delivery_making *making)
{
	return making->status == KP_OK || making->status == KP_E_NOT_FOUND ||
		making->refusal != KP_DELIVERY_REFUSAL_NONE;
}

/* The outcome of a build, for all; the lock is held. What was in force comes back. */
static struct kp_delivery *
adopt(struct kp_file_store *store, const struct kp_delivery_making *making,
	const unsigned char sight[KP_SIGHT_BYTES])
{
	struct kp_delivery *old = NULL;
	if (making->delivery != NULL || making->altered) {
		old = store->delivery;
		store->delivery = making->delivery;
	}
	if (making->altered && old != NULL) {
		kp_delivery_state_dropped(&store->state, old->base->path);
	}
	if (settled(making)) {
		memcpy(store->sight, sight, sizeof(store->sight));
	} else {
		memset(store->sight, 0, sizeof(store->sight));
	}
	store->status = making->status;
	store->refusal = making->refusal;
	store->fault = making->fault;
	store->building = false;
	return old;
}

/* Is there still nothing but what was refused? Then that is the outcome again. Only the
 * one build under way writes what is read here. */
static bool
refused_before(const struct kp_file_store *store,
	const unsigned char sight[KP_SIGHT_BYTES], struct kp_delivery_making *making)
{
	if (making->current != NULL || store->refusal == KP_DELIVERY_REFUSAL_NONE ||
		memcmp(store->sight, sight, sizeof(store->sight)) != 0) {
		return false;
	}
	making->status = store->status;
	making->refusal = store->refusal;
	making->fault = store->fault;
	return true;
}

/* On a worker: a new index takes the place of the old one, and who waits is told. */
static void
run_build(struct kp_work *work)
{
	struct build_job *job = KP_CONTAINER_OF(work, struct build_job, work);
	struct kp_file_store *store = store_of(job->link);
	struct kp_delivery_making making = {
		.private = job->link->source->private,
		.state = &store->state,
		.now_ms = job->now_ms,
	};
	unsigned char sight[KP_SIGHT_BYTES];
	(void)pthread_mutex_lock(&store->lock);
	making.anew = store->distrusted;
	making.current = store->delivery;
	store->distrusted = false;
	/* Nobody else replaces it while this build is under way. */
	(void)pthread_mutex_unlock(&store->lock);
	kp_delivery_sight(making.private, sight);
	if (!refused_before(store, sight, &making)) {
		kp_delivery_make(&making);
	}
	(void)pthread_mutex_lock(&store->lock);
	struct kp_delivery *old = adopt(store, &making, sight);
	struct kp_file_wait *waits = store->waits;
	store->waits = NULL;
	(void)pthread_mutex_unlock(&store->lock);
	kp_delivery_unref(old);
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
	job->now_ms = kp_loop_wall_ms(link->loop);
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
	if (store->delivery == NULL) {
		start_build(link);
	}
	(void)pthread_mutex_unlock(&store->lock);
	return KP_OK;
}

/* Waiting for an index. */

/* There is no delivery that was found good; the one before it is not there either. */
static void
stop_refused(struct kp_source_call *call, enum kp_delivery_refusal refusal)
{
	bool form = refusal == KP_DELIVERY_REFUSAL_FORM;
	if (call->fault.message[0] == '\0') {
		(void)snprintf(call->fault.message, sizeof(call->fault.message),
			"the delivery is refused: %s", kp_delivery_refusal_name(refusal));
	}
	kp_source_call_stop(call, form ? KP_ERROR : KP_NOT_REACHED,
		form ? KP_E_SOURCE : KP_E_SOURCE_UNREACHABLE,
		kp_delivery_refusal_reason(refusal));
}

static void
stop_unread(struct kp_source_call *call, enum kp_status status)
{
	const struct kp_source_private *private = call->link->source->private;
	bool absent = status == KP_E_NOT_FOUND;
	bool missing = absent || status == KP_E_IO;
	if (missing && call->fault.message[0] == '\0') {
		(void)kp_fault_set(&call->fault, "",
			absent ? "there is no '%.150s'" : "'%.150s' cannot be opened",
			private->path);
	}
	kp_source_call_stop(call, missing ? KP_NOT_REACHED : KP_ERROR, status,
		absent                        ? "het bestand van de bron is er niet"
			: missing             ? "het bestand van de bron gaat niet open"
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

static void
run_job(struct kp_work *work)
{
	struct kp_file_job *job = KP_CONTAINER_OF(work, struct kp_file_job, work);
	unsigned char sight[KP_SIGHT_BYTES];
	if (job->look) {
		kp_delivery_sight(job->link->source->private, sight);
		job->changed = memcmp(sight, job->sight, sizeof(sight)) != 0;
	}
	job->status = kp_delivery_find_rows(job->delivery,
		(struct kp_slice){job->key, job->key_len}, job->bytes_max, &job->rows);
	/* Written in place while we read: the rows may be anybody's. */
	if (job->status == KP_OK && !kp_delivery_intact(job->delivery)) {
		job->changed = true;
		job->status = KP_E_BUSY;
	}
	if (job->status == KP_E_CORRUPT || job->status == KP_E_BUSY) {
		job->changed = true;
		job->distrusted = true;
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

/* A delivery that should have been followed by another says nothing any more. */
static bool
too_old(struct kp_source_call *call, const struct kp_delivery *delivery)
{
	int64_t hours = call->link->source->private->manifest->file.max_age_hours;
	int64_t age_ms = kp_loop_wall_ms(call->link->loop) - delivery->dated_ms;
	if (hours == 0 || age_ms <= hours * 3600000) {
		return false;
	}
	kp_source_call_stop(call, KP_NOT_REACHED, KP_E_SOURCE_UNREACHABLE,
		"de laatste levering van de bron is te oud");
	return true;
}

static void
deliver(struct kp_source_call *call, const struct kp_file_job *job)
{
	struct kp_head head = {.size = sizeof(head), .status = 200, .header = no_header};
	const struct kp_manifest *manifest = call->link->source->private->manifest;
	struct kp_text dated = {job->delivery->dated, strlen(job->delivery->dated)};
	if (too_old(call, job->delivery)) {
		kp_source_call_conclude(call, KP_ERROR);
		return;
	}
	if (dated.len > 0 && manifest->response.valid_on.len == 0) {
		(void)call->sink.valid_on(call->sink.context, dated);
	}
	bool more = true;
	size_t begin = 0;
	for (size_t i = 0; more && i < job->rows.count; i++) {
		struct kp_slice rows = {
			job->rows.bytes + begin, job->rows.ends[i] - begin};
		more = kp_source_call_head(call, &head) &&
			kp_source_call_consume(call, rows);
		begin = job->rows.ends[i];
	}
	if (more) {
		kp_source_call_finish(call);
	} else {
		kp_source_call_conclude(call, KP_ERROR);
	}
}

/* The rows were not to be trusted: wait for a new index. */
static void
wait_again(struct kp_source_call *call)
{
	struct kp_file_store *store = store_of(call->link);
	(void)pthread_mutex_lock(&store->lock);
	start_build(call->link);
	bool waits = call->waits < WAITS_MAX && store->building && join_wait(call);
	(void)pthread_mutex_unlock(&store->lock);
	call->waits++;
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
		store->distrusted = store->distrusted || job->distrusted;
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
	kp_delivery_unref(job->delivery);
	kp_wipe(job->key, sizeof(job->key));
	kp_delivery_rows_free(&job->rows);
	kp_heap_free(job);
	kp_source_link_leave(link);
}

static bool
start_job(struct kp_source_call *call, struct kp_delivery *delivery, bool look)
{
	struct kp_file_job *job = kp_heap_calloc(1, sizeof(*job));
	if (job == NULL) {
		return false;
	}
	(void)atomic_fetch_add(&delivery->refs, 1);
	job->work.run = run_job;
	job->work.done = on_job;
	job->link = call->link;
	job->call = call;
	job->delivery = delivery;
	memcpy(job->key, call->key.data, call->key.len);
	job->key_len = call->key.len;
	job->bytes_max = call->link->source->answer_bytes_max;
	job->look = look;
	memcpy(job->sight, store_of(call->link)->sight, sizeof(job->sight));
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
	enum kp_delivery_refusal refusal = store->refusal;
	if (store->delivery != NULL) {
		bool look = now - store->looked_us >= LOOK_EVERY_US;
		store->looked_us = look ? now : store->looked_us;
		status = KP_E_MEMORY;
		under_way = start_job(call, store->delivery, look);
	} else if (call->waits == 0) {
		call->waits++;
		start_build(call->link);
		status = KP_E_MEMORY;
		under_way = store->building && join_wait(call);
	}
	if (!under_way) {
		call->fault = store->fault;
	}
	(void)pthread_mutex_unlock(&store->lock);
	if (!under_way && refusal != KP_DELIVERY_REFUSAL_NONE) {
		stop_refused(call, refusal);
		kp_source_call_conclude_later(call);
	} else if (!under_way) {
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
	} else if (call->key.len == 0 || call->key.len > KEY_BYTES_MAX) {
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
