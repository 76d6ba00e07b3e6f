/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* attendant_private: what the gateway (attendant.c) and the attendant itself
 * (attendant_serve.c) say to each other, on a socket that keeps messages whole. */
#ifndef KP_IO_ATTENDANT_PRIVATE_H
#define KP_IO_ATTENDANT_PRIVATE_H

#include <stdatomic.h>

#include "io/attendant.h"

#define KP_ATTENDANT_MESSAGE_BYTES_MAX ((size_t)16384)
#define KP_ATTENDANT_REASON_BYTES ((size_t)200)

/* `strings` texts follow, each with its NUL: socket, folder, command. */
struct kp_attendant_request {
	uint32_t program;
	uint32_t number; /* its answer bears the same */
	bool open;       /* else close: nothing follows and nothing is answered */
	bool network;
	bool show_errors;
	uint32_t files_max;
	uint32_t strings;
	uint64_t memory_bytes_max;
};

struct kp_attendant_reply {
	uint32_t number;
	enum kp_status status;
	char reason[KP_ATTENDANT_REASON_BYTES];
};

/* Written by the attendant, read by the gateway; one mapping of both. */
struct kp_attendant_counts {
	atomic_uint_fast64_t starts[KP_PROGRAMS_MAX];
};

/* The attendant's whole life; returns its exit code. */
int kp_attendant_serve(int control, struct kp_attendant_counts *counts);

#endif
