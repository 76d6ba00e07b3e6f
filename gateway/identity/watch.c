/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * watch: the file of the revoked, looked at on a worker every revoked_check_ms and read
 * when it changed. A file that does not check, or is gone, is reported once per change,
 * and the list that was there stays in force.
 */
#include "core/heap.h"
#include "identity/identity_private.h"
#include "io/file.h"

#define FINDINGS_MAX ((size_t)20)

struct kp_watch {
	struct kp_identifier *identifier; /* NULL: closed */
	struct kp_loop *loop;
	char *path; /* a copy: the job may outlive the settings */
	struct kp_timer timer;
	struct kp_work work;
	bool working;
	struct kp_revoked *list; /* NULL: that of the settings */

	/* The worker's, while it works. */
	struct kp_file_stamp stamp;
	bool stamped;
	bool changed;
	struct kp_revoked *read;
	struct kp_error err; /* the first finding */
	enum kp_status status;
};

static bool
same_stamp(const struct kp_file_stamp *a, const struct kp_file_stamp *b)
{
	return a->size == b->size && a->modified_ns == b->modified_ns &&
		a->inode == b->inode;
}

static enum kp_status
read_file(struct kp_watch *watch)
{
	struct kp_arena arena;
	struct kp_slice text;
	struct kp_findings findings;
	kp_arena_init(&arena, KP_REVOKED_BYTES_MAX + 65536, NULL);
	enum kp_status status = kp_file_read_all(
		watch->path, &arena, KP_REVOKED_BYTES_MAX, &text, &watch->err);
	if (status == KP_OK) {
		kp_findings_init(&findings, FINDINGS_MAX);
		status = kp_revoked_read(text, watch->path, &findings, &watch->read);
		if (findings.count > 0) {
			watch->err = findings.items[0];
		}
		kp_findings_deinit(&findings);
	}
	kp_arena_deinit(&arena);
	return status;
}

static void
on_worker(struct kp_work *work)
{
	struct kp_watch *watch = KP_CONTAINER_OF(work, struct kp_watch, work);
	struct kp_file_stamp stamp = {0};
	watch->err = (struct kp_error){0};
	watch->read = NULL;
	watch->status = kp_file_stamp_of(watch->path, &stamp);
	if (watch->status != KP_OK) {
		/* Reported the first time it is missing. */
		watch->changed = watch->stamped;
		watch->stamped = false;
		return;
	}
	watch->changed = !watch->stamped || !same_stamp(&stamp, &watch->stamp);
	watch->stamp = stamp;
	watch->stamped = true;
	if (watch->changed) {
		watch->status = read_file(watch);
	}
}

static void
report(const struct kp_watch *watch)
{
	const struct kp_log *log = &watch->identifier->log;
	if (watch->status == KP_OK) {
		KP_LOG(log, INFO, CONFIG, "the list of the revoked was read",
			kp_log_number(
				KP_LOG_COUNT, (int64_t)kp_revoked_count(watch->list)));
	} else {
		kp_log_error(log, KP_LOG_LEVEL_ERROR, KP_LOG_AREA_CONFIG,
			"the list of the revoked cannot be read: the old one stays",
			&watch->err);
	}
}

static void
destroy(struct kp_watch *watch)
{
	kp_revoked_destroy(&watch->list);
	kp_revoked_destroy(&watch->read);
	kp_heap_free(watch->path);
	kp_heap_free(watch);
}

static void
arm(struct kp_watch *watch)
{
	kp_timer_start(watch->loop, &watch->timer,
		(uint64_t)watch->identifier->settings->revoked_check_ms * 1000);
}

static void
on_worked(struct kp_work *work)
{
	struct kp_watch *watch = KP_CONTAINER_OF(work, struct kp_watch, work);
	watch->working = false;
	if (watch->identifier == NULL) {
		destroy(watch);
		return;
	}
	if (watch->read != NULL) {
		kp_revoked_destroy(&watch->list);
		watch->list = watch->read;
		watch->read = NULL;
	}
	if (watch->changed) {
		report(watch);
	}
	arm(watch);
}

static void
on_timer(struct kp_timer *timer)
{
	struct kp_watch *watch = KP_CONTAINER_OF(timer, struct kp_watch, timer);
	watch->working = true;
	watch->work.run = on_worker;
	watch->work.done = on_worked;
	kp_work_start(
		watch->identifier->workers, watch->loop, KP_LANE_SHORT, &watch->work);
}

enum kp_status
kp_watch_open(struct kp_identifier *identifier, struct kp_watch **ret_watch)
{
	const char *path = identifier->settings->revoked_file;
	if (path == NULL || path[0] == '\0') {
		*ret_watch = NULL;
		return KP_OK;
	}
	struct kp_watch *watch = kp_heap_calloc(1, sizeof(*watch));
	if (watch != NULL) {
		watch->path = kp_heap_strdup(path);
	}
	if (watch == NULL || watch->path == NULL) {
		kp_heap_free(watch);
		return KP_E_MEMORY;
	}
	watch->identifier = identifier;
	watch->loop = identifier->loop;
	watch->timer.fire = on_timer;
	arm(watch);
	*ret_watch = watch;
	return KP_OK;
}

void
kp_watch_close(struct kp_watch **watch)
{
	struct kp_watch *old = *watch;
	*watch = NULL;
	if (old == NULL) {
		return;
	}
	kp_timer_stop(old->loop, &old->timer);
	old->identifier = NULL;
	if (!old->working) {
		destroy(old);
	}
}

const struct kp_revoked *
kp_watch_list(const struct kp_identifier *identifier)
{
	const struct kp_watch *watch = identifier->watch;
	return watch != NULL && watch->list != NULL ? watch->list
						    : identifier->settings->revoked;
}
