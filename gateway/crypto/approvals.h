/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * approvals: who proposed and who approved one version of the rules. Each signature is
 * made with a key of its own over the version (the digest of the set's content), the part
 * the signer plays and the time. Approved is: one proposer, and as many others as are
 * asked for, each a different person with a different key that the list of signers holds.
 *
 * Bytes in, verdict out; no I/O. Any thread.
 */
#ifndef KP_CRYPTO_APPROVALS_H
#define KP_CRYPTO_APPROVALS_H

#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"
#include "crypto/signature.h"

/* Beside the rules, in the folder of an activated set. */
#define KP_APPROVALS_FILE "regels.akkoord"
#define KP_APPROVALS_BYTES_MAX ((size_t)256 * 1024)
#define KP_APPROVALS_MAX ((size_t)32)
#define KP_SIGNERS_MAX ((size_t)256)
#define KP_APPROVAL_TEXT_BYTES_MAX ((size_t)512)

enum kp_approval_part {
	KP_APPROVAL_PROPOSER, /* "indiener" */
	KP_APPROVAL_APPROVER, /* "goedkeurder" */
};

/* The member of a file of approvals, as quoted above. */
const char *kp_approval_part_name(enum kp_approval_part part);

/* The text that is signed; KP_APPROVAL_TEXT_BYTES_MAX bytes of room. Empty when it does
 * not fit. */
struct kp_slice kp_approval_text(
	char *text, struct kp_slice version, enum kp_approval_part part, int64_t time_ms);

/*
 * Is this version approved? `approvals` is
 *   {"versie": "sha256:…", "handtekeningen": [{"sleutel", "rol", "tijdMs",
 * "handtekening"}]} and `signers` is
 *   {"ondertekenaars": [{"naam", "sleutel", "totMs"}]}
 * with keys and signatures as base64url. `required` counts the proposer. KP_E_CONFIG with
 * the reason: a signature that is not right, unknown, past its signer's last day, given
 * twice, by the proposer himself, or too few of them. KP_E_MEMORY.
 */
enum kp_status kp_approvals_check(struct kp_slice approvals, struct kp_slice signers,
	struct kp_slice version, uint32_t required, int64_t now_ms,
	struct kp_error *err) KP_MUST_USE;

#endif
