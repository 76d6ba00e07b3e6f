/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * load: keeps a journal busy from one loop: a number of entries on their way, each
 * followed by the next when it is done, until enough are done or one fails. Records name
 * themselves, so that a reader can tell that each is there once, whole, in its place.
 */
#ifndef KP_TESTS_AUDIT_LOAD_H
#define KP_TESTS_AUDIT_LOAD_H

#include <stdio.h>
#include <string.h>

#include "audit/journal.h"
#include "io/loop.h"

#define LOAD_LANES_MAX 64
#define LOAD_TEXT_MAX 512

struct load_lane {
	struct kp_journal_entry entry;
	struct load *load;
	uint64_t number;
	char text[LOAD_TEXT_MAX];
};

struct load {
	struct kp_loop *loop;
	struct kp_journal *journal;
	unsigned lanes;
	uint64_t enough;
	uint64_t begun;
	uint64_t done;
	unsigned outstanding;
	enum kp_status failure; /* the first one */
	/* Told of each acknowledged record; may be NULL. */
	void (*on_acknowledged)(struct load *load, uint64_t index, uint64_t number);
	void *context;
	struct kp_task start;
	struct load_lane lane[LOAD_LANES_MAX];
};

/* Text of record `number`: its length differs from its neighbours'. */
static inline struct kp_slice
load_text(uint64_t number, char text[LOAD_TEXT_MAX])
{
	int len = snprintf(text, LOAD_TEXT_MAX, "{\"number\":%llu,\"padding\":\"",
		(unsigned long long)number);
	size_t padding = (size_t)(number * 7919 % 97);
	memset(text + len, 'p', padding);
	memcpy(text + (size_t)len + padding, "\"}", 2);
	return (struct kp_slice){text, (size_t)len + padding + 2};
}

static void load_on_done(struct kp_journal_entry *entry);

static inline void
load_next(struct load_lane *lane)
{
	struct load *load = lane->load;
	if (load->begun == load->enough || load->failure != KP_OK) {
		return;
	}
	lane->number = load->begun++;
	lane->entry = (struct kp_journal_entry){.type = KP_RECORD_INTENT,
		.payload = load_text(lane->number, lane->text),
		.loop = load->loop,
		.on_done = load_on_done};
	enum kp_status status = kp_journal_append(load->journal, &lane->entry);
	if (status == KP_OK) {
		load->outstanding++;
	} else {
		load->failure = status;
	}
}

static void
load_on_done(struct kp_journal_entry *entry)
{
	struct load_lane *lane = KP_CONTAINER_OF(entry, struct load_lane, entry);
	struct load *load = lane->load;
	load->outstanding--;
	if (entry->status == KP_OK) {
		load->done++;
		if (load->on_acknowledged != NULL) {
			load->on_acknowledged(load, entry->index, lane->number);
		}
	} else if (load->failure == KP_OK) {
		load->failure = entry->status;
	}
	load_next(lane);
	if (load->outstanding == 0) {
		kp_loop_stop(load->loop);
	}
}

static inline void
load_begin(struct kp_task *task)
{
	struct load *load = KP_CONTAINER_OF(task, struct load, start);
	for (unsigned i = 0; i < load->lanes; i++) {
		load->lane[i].load = load;
		load_next(&load->lane[i]);
	}
	if (load->outstanding == 0) {
		kp_loop_stop(load->loop);
	}
}

/* Runs until `enough` are acknowledged or something failed. */
static inline void
load_run(struct load *load)
{
	load->start = (struct kp_task){.run = load_begin};
	kp_loop_post(load->loop, &load->start);
	kp_loop_run(load->loop);
}

#endif
