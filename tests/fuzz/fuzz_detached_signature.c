/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The envelope of a signature: anchors in PEM, a NUL, and CMS in DER. Only the content
 * "proef\n" is signed in the corpus; with any other digest nothing is good. */
#include <string.h>

#include "crypto/detached_signature.h"

#define NOW_S ((int64_t)1800000000) /* in the corpus certificates last */

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	const char *end = len == 0 ? NULL : memchr(text, '\0', len);
	unsigned char digest[KP_SHA256_BYTES];
	struct kp_trust *trust = NULL;
	struct kp_slice content = KP_SLICE("proef\n");
	if (end == NULL) {
		return 0;
	}
	struct kp_slice pem = {text, (size_t)(end - text)};
	struct kp_slice der = {end + 1, len - pem.len - 1};
	if (kp_trust_read(pem, &trust) != KP_OK) {
		return 0;
	}
	kp_sha256(&content, 1, digest);
	enum kp_detached verdict =
		kp_detached_check(trust, der, digest, NOW_S, (struct kp_slice){0});
	FUZZ_CHECK(kp_detached_check(trust, der, digest, NOW_S, (struct kp_slice){0}) ==
		verdict);
	digest[0] ^= 1;
	FUZZ_CHECK(kp_detached_check(trust, der, digest, NOW_S, (struct kp_slice){0}) !=
		KP_DETACHED_GOOD);
	kp_trust_destroy(&trust);
	return 0;
}
