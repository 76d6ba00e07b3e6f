/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* kinds: the answers that bench_connector measures, and how a tree of them is read. */
#ifndef KP_BENCH_CONNECTOR_KINDS_H
#define KP_BENCH_CONNECTOR_KINDS_H

#include "connectors/connector.h"
#include "core/arena.h"
#include "core/buffer.h"

#define KP_BENCH_BYTES_MAX ((size_t)64 << 20)
#define KP_BENCH_BSN "999910061"

struct kp_bench_kind;

struct kp_bench {
	const struct kp_bench_kind *kind;
	struct kp_arena arena; /* of the instance */
	struct kp_arena call_arena;
	const struct kp_connector *connector;
	void *instance;
	void *memory;
	struct kp_slice answer;
	size_t values; /* that are not empty */
	uint32_t items;
	uint32_t cells;
};

struct kp_bench_kind {
	const char *name; /* of the connector */
	const char *manifest;
	const char *type;
	const char *library; /* that makes the tree; NULL: there is none */
	/* An answer of at least so many bytes. */
	struct kp_slice (*make_answer)(struct kp_arena *arena, size_t bytes);
	/* Counts the same fields, as a program that knows the message would. */
	void (*by_tree)(struct kp_bench *bench);
};

extern const struct kp_bench_kind kp_bench_soap;
extern const struct kp_bench_kind kp_bench_rest;
extern const struct kp_bench_kind kp_bench_sql;
extern const struct kp_bench_kind kp_bench_file;

#endif
