/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fault: the small things every connector's open and calls say. */
#ifndef KP_CONNECTORS_FAULT_H
#define KP_CONNECTORS_FAULT_H

#include "connectors/manifest.h"

/* Sets a fault: the message by printf's rules. Returns KP_FAIL. */
int kp_fault_set(struct kp_fault *fault, const char *place, const char *format, ...)
	KP_PRINTF(3, 4);
/* "no memory is left". Returns KP_FAIL. */
int kp_fault_memory(struct kp_fault *fault);

/* A host that passes everything on to another and counts the findings. */
struct kp_counting_host {
	struct kp_host host;
	const struct kp_host *inner;
	size_t findings;
};
void kp_counting_host_init(
	struct kp_counting_host *counting, const struct kp_host *inner);

/*
 * Reads a manifest in a connector's open: the host has checked it and reported what is
 * wrong, so here the first finding only becomes the fault. The text is copied to `arena`.
 * With KP_FAIL *ret_manifest may be set all the same, to go on looking.
 */
int kp_manifest_read_again(struct kp_arena *arena, struct kp_slice text,
	struct kp_manifest **ret_manifest, struct kp_fault *fault);

#endif
