/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * collect: what one source delivers, as it is delivered. A collector is the sink of one
 * call: it lets through what was permitted and nothing else, whatever the connector does,
 * copies each kept value once, verbatim, and keeps count. The answer of the partner is
 * never built as a tree.
 */
#ifndef KP_QUERY_COLLECT_H
#define KP_QUERY_COLLECT_H

#include "connectors/connector.h"
#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"
#include "policies/catalogue.h"

#define KP_COLLECT_NOTES_MAX 16u
#define KP_COLLECT_DATE_BYTES_MAX 40u

/* A value that was kept. Lifetime: the arena of the request. */
struct kp_found {
	struct kp_found *next;  /* of the same item, in order of arrival */
	struct kp_found *other; /* same field from a less authoritative source; merge */
	uint32_t cell;
	enum kp_value_form form;
	struct kp_slice bytes;
	struct kp_slice valid_on; /* may be empty */
	bool in_investigation;
};

/* One item of a list section, or everything of the single sections. */
struct kp_found_item {
	uint32_t section; /* KP_NO_ID for the single sections */
	struct kp_found *first;
	struct kp_found *last;
};

struct kp_collect_note {
	struct kp_slice code;
	struct kp_slice text;
};

struct kp_collect_options {
	const struct kp_catalogue *catalogue;
	uint32_t source;       /* id in the catalogue */
	const uint64_t *cells; /* permitted and asked; outlives the collector */
	struct kp_slice bsn;   /* asked for; outlives the collector */
	struct kp_arena *arena;
	uint32_t items_max;
	uint32_t values_max;
	uint32_t value_bytes_max;
};

/* Lifetime: the caller's, not longer than the arena. Reading is free; writing is the
 * sink's. */
struct kp_collect {
	struct kp_collect_options options;
	struct kp_sink sink; /* hand this to the call */
	struct kp_found_item single;
	struct kp_found_item *items;
	uint32_t item_count;
	size_t item_capacity;
	uint64_t *seen; /* cells of single sections that have their value */
	struct kp_collect_note *notes; /* room for KP_COLLECT_NOTES_MAX; NULL: none */
	uint32_t note_count;
	struct kp_slice valid_on; /* of the whole answer; may be empty */
	uint32_t kept;
	uint32_t not_permitted; /* delivered and dropped */
	uint32_t repeated;      /* a second value of a single field: dropped */
	uint64_t bytes;         /* of the kept values */
	bool subject_seen;
	bool other_person;
	enum kp_status status; /* why the sink said stop; KP_OK when it did not */
};

/* KP_E_MEMORY. */
enum kp_status kp_collect_init(
	struct kp_collect *collect, const struct kp_collect_options *options) KP_MUST_USE;
/* Forgets every value: an answer that cannot be trusted leaves nothing. */
void kp_collect_discard(struct kp_collect *collect);

/* The value of a field in one item; NULL when it has none. */
const struct kp_found *kp_found_in(const struct kp_catalogue *catalogue,
	const struct kp_found_item *item, uint32_t field);
/* The first value kept for a field; NULL when there is none. */
const struct kp_found *kp_collect_find(const struct kp_collect *collect, uint32_t field);

/* The value's text without its JSON clothes; in the arena when it had escapes. */
enum kp_status kp_found_text(const struct kp_found *found, struct kp_arena *arena,
	struct kp_slice *ret_text) KP_MUST_USE;
/* Do two values say the same? Compares texts: "1.10" as text equals 1.10 as a number,
 * 1.1 does not. */
bool kp_found_equal(const struct kp_found *a, const struct kp_found *b);

#endif
