/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_try_show: what the files of `connector try` share: what is gathered
 * (connector_try.c), and how it is printed (connector_try_print.c). */
#ifndef KP_COMMANDS_CONNECTOR_TRY_SHOW_H
#define KP_COMMANDS_CONNECTOR_TRY_SHOW_H

#include "commands/connector_try.h"
#include "core/buffer.h"
#include "core/json_write.h"

#define KP_TRY_OUT_BYTES_MAX ((size_t)64 << 20)

/* What comes out of one try, gathered first and printed at the end. */
struct kp_try_showing {
	const struct kp_connector_try *attempt;
	struct kp_arena arena;
	struct kp_buffer request; /* JSON members or lines, as `json` says */
	struct kp_buffer fields;
	struct kp_buffer dropped;
	struct kp_buffer unmapped;
	struct kp_buffer notes;
	struct kp_buffer doubts;
	struct kp_buffer tables;
	struct kp_json_writer writers[7];
	uint64_t *dropped_cells; /* each is named once */
	uint32_t items;
	enum kp_outcome outcome;
	struct kp_slice reason;
	struct kp_fault fault;
	uint32_t http_status;
	struct kp_need need;
	struct kp_sink sink;
	char now[32];
	bool done;
	bool cut;           /* memory ran out */
	bool other_person;  /* whom a recorded answer is about */
	uint64_t told[256]; /* hashes of paths that are shown */
	size_t told_count;
};

/* All of it on standard output, or nothing of it and on standard error why. */
bool kp_try_print(struct kp_try_showing *showing);

#endif
