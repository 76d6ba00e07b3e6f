/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * opening: how a connector that is driven by a manifest opens and closes. Every such
 * instance begins with a struct kp_opening.
 */
#ifndef KP_CONNECTORS_OPENING_H
#define KP_CONNECTORS_OPENING_H

#include "connectors/manifest.h"

/* Read-only once open. */
struct kp_opening {
	struct kp_arena arena; /* of all that the instance holds */
	struct kp_manifest *manifest;
};

/* Makes of the manifest what the connector works with; what is wrong goes to
 * host->finding. Errors: KP_E_MEMORY. */
typedef enum kp_status (*kp_opening_compile_fn)(
	void *instance, const struct kp_host *host);

/*
 * Reads the manifest and compiles it, into an instance of `size` bytes, zeroed, that
 * begins with a struct kp_opening. KP_FAIL with the first thing that is wrong with the
 * manifest as the fault, after everything found has been reported.
 */
int kp_opening_open(const struct kp_host *host, struct kp_text manifest, size_t size,
	kp_opening_compile_fn compile, void **ret_instance, struct kp_fault *fault);

/* The `close` of struct kp_connector. Takes NULL. */
void kp_opening_close(void *instance);

#endif
