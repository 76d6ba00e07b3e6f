/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_host: a host for fuzzing connectors: every field and section of the manifest
 * exists, sections that end in "en" are lists, and the sink checks what connector.h
 * promises.
 */
#ifndef KP_TESTS_FUZZ_CONNECTOR_HOST_H
#define KP_TESTS_FUZZ_CONNECTOR_HOST_H

#include "connectors/connector.h"
#include "core/arena.h"

#define FUZZ_BSN "999993653"

struct fuzz_host {
	struct kp_arena arena;
	struct kp_host host;
	struct kp_call_host call_host;
	struct kp_sink sink;
	struct kp_request_writer writer;
	struct kp_need need;
	struct kp_head head;
	struct kp_text link; /* the one header field of an answer */
	uint64_t cells[4];
	uint32_t items;
	bool subject;
};

void fuzz_host_init(struct fuzz_host *fuzz);
void fuzz_host_deinit(struct fuzz_host *fuzz);

/* A whole call with these bytes as the answer, in pieces of `piece`. */
void fuzz_host_call(struct fuzz_host *fuzz, const struct kp_connector *connector,
	const void *instance, struct kp_text answer, size_t piece);

#endif
