/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bench: one connector as the conformance suite holds it: the host's side of connector.h,
 * and calls whose answers come from memory, broken in every way real partners have been
 * seen to.
 */
#ifndef KP_CONFORMANCE_BENCH_H
#define KP_CONFORMANCE_BENCH_H

#include <stdbool.h>

#include "connectors/registry.h"
#include "core/arena.h"
#include "core/buffer.h"
#include "policies/catalogue.h"

#define BSN "999993653"
#define TEXT_BYTES_MAX ((size_t)32 << 20)

/* The suite as host: one instance of the connector. */
struct bench {
	struct kp_arena arena;
	struct kp_registry registry;
	const struct kp_connector *connector;
	struct kp_catalogue *catalogue;
	struct kp_findings findings;
	struct kp_host host;
	void *instance;
	size_t reported;
	long alloc_left; /* allocations that still succeed; -1: all */
	uint64_t cells[16];
	struct kp_slice good;
	struct kp_slice other;
	struct kp_slice nothing;
	struct kp_slice expected;
};

/* What one call delivered. */
struct trial {
	struct bench *bench;
	struct kp_buffer values;
	struct kp_need need;
	uint32_t items;
	bool subject_said;
	bool subject_right;
	bool after_stop; /* the sink was used after it said stop */
	bool stopped;
	long calls_left; /* of the sink before it says stop; -1: never */
	bool ended;
	enum kp_outcome outcome;
	int verdict;
	struct kp_fault fault;
};

/* How an answer is fed. */
struct feeding {
	struct kp_slice bytes;
	size_t piece;          /* bytes at a time; 0: all at once */
	const char *type;      /* NULL: the good one */
	uint32_t status;       /* 0: 200 */
	unsigned steps;        /* stop after so many calls of the connector; 0: never */
	long sink_calls;       /* the sink says stop after so many; -1: never */
	const uint64_t *cells; /* NULL: all that are offered */
};

/* All at once, as the good answer comes. */
extern const struct feeding plain;

/* bench.c */

/* Which connector the next bench_set_up opens, and with which fixtures; all borrowed. */
void bench_choose(const char *connector, const char *folder, const char *plugin);
/* Group fixtures of cmocka's; the state is a struct bench. */
int bench_set_up(void **state);
int bench_tear_down(void **state);
/* The host's alloc; `context` is the bench. */
void *bench_alloc(void *context, size_t size);
/* A fixture of the folder. */
struct kp_slice read_file(struct kp_arena *arena, const char *name);
/* Opens the connector once more. */
int open_manifest(struct bench *bench, struct kp_slice text, void **ret_instance);

/* trial.c */

/* Asks, and feeds `feeding` as the answer; the values are in the trial's arena. */
void run_call(struct bench *bench, const struct feeding *feeding, struct trial *trial);
bool was_found(const struct trial *trial);
bool is_file(const struct bench *bench);

/* hostile.c */
void wrong_type_and_status_are_no_finding(void **state);
void changed_bytes_do_no_harm(void **state);
void hostile_answers_are_no_finding(void **state);
void deep_and_huge_answers_end(void **state);

#endif
