/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* trust_private: anchors, as the files of this room see them. */
#ifndef KP_CRYPTO_TRUST_PRIVATE_H
#define KP_CRYPTO_TRUST_PRIVATE_H

#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stdint.h>

#include "crypto/certificate_trust.h"

struct kp_trust {
	X509_STORE *store;
};

/* Does the certificate lead to an anchor at that time, over these others or not? What it
 * may be used for is not looked at. `others` may be NULL. */
bool kp_trust_leads(const struct kp_trust *trust, X509 *certificate,
	STACK_OF(X509) * others, int64_t now_s);

/* Is it of the organisation with this number (OIN)? Empty: it may be anybody's. */
bool kp_trust_names(X509 *certificate, struct kp_slice oin);

#endif
