/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * delivery_verify: is a delivery the partner's, and whole? By what lies beside it, as its
 * manifest says (file/verify), and by the digest of the bytes that were read: the file
 * itself is not opened again. Blocks; for workers.
 */
#ifndef KP_SOURCE_DELIVERY_VERIFY_H
#define KP_SOURCE_DELIVERY_VERIFY_H

#include "crypto/crypto.h"
#include "source/delivery.h"
#include "source/source_private.h"

/* Reads the anchors that the manifest names; faults go to the opening's findings.
 * KP_E_MEMORY only. */
enum kp_status kp_delivery_verify_open(struct kp_source_opening *opening) KP_MUST_USE;

/* Is anything asked of deliveries of this source? */
bool kp_delivery_verified(const struct kp_source_private *private);

/* `path`: of the delivery; `now_s`: UTC. KP_E_MEMORY; KP_OK with KP_DELIVERY_REFUSAL_NONE
 * when it is good or when the manifest asks nothing, else with why it is not. The day is
 * yyyymmdd by a comment in the list of checksums (manifest: file/dated_by); 0: none. */
enum kp_status kp_delivery_verify(const struct kp_source_private *private,
	const char *path, const unsigned char digest[KP_SHA256_BYTES], int64_t now_s,
	uint32_t *ret_day, enum kp_delivery_refusal *ret_refusal) KP_MUST_USE;

/* Does the file beside it say that there are so many rows (manifest: file/count_file)?
 * KP_E_MEMORY; else as above. */
enum kp_status kp_delivery_check_count(const struct kp_source_private *private,
	const char *path, uint64_t rows,
	enum kp_delivery_refusal *ret_refusal) KP_MUST_USE;

#endif
