/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* tls_signing: keys of ours that sign tokens, read as the keys of TLS are. */
#include "crypto/signing_key.h"
#include "io/tls_private.h"

enum kp_status
kp_tls_signing_key_read(const struct kp_tls_file *file, const struct kp_tls_token *token,
	struct kp_findings *findings, struct kp_signing_key **ret_key)
{
	struct kp_tls_terms terms = {0};
	struct kp_tls_reading reading;
	kp_tls_reading_init(&reading, findings, token, &terms);
	EVP_PKEY *pkey = kp_tls_read_key(&reading, file);
	enum kp_status wrapped = KP_OK;
	if (pkey != NULL) {
		kp_tls_check_strength(&reading, file, pkey);
		wrapped = kp_signing_key_adopt(pkey, ret_key);
	}
	if (wrapped == KP_E_INVALID) {
		kp_tls_finding(&reading, file, "is no key that signs tokens");
	}
	enum kp_status status = kp_tls_reading_end(&reading);
	status = wrapped == KP_E_MEMORY ? wrapped : status;
	if (status != KP_OK && pkey != NULL && wrapped == KP_OK) {
		kp_signing_key_destroy(ret_key);
	}
	return status;
}
