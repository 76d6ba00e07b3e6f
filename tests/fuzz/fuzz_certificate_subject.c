/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fuzz_certificate_subject: any bytes as the Subject of a certificate. What is found lies
 * in them and is as promised. */
#include "core/attr.h"
#include "core/json_write.h"
#include "crypto/certificate_subject.h"

static void
check(struct kp_slice der, struct kp_slice text)
{
	KP_REQUIRE(text.len <= KP_SUBJECT_TEXT_BYTES_MAX);
	KP_REQUIRE(text.len == 0 ||
		(text.data >= der.data && text.data + text.len <= der.data + der.len));
	KP_REQUIRE(kp_utf8_valid(text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kp_slice der = {(const char *)bytes, len};
	struct kp_certificate_subject subject = {0};
	if (kp_certificate_subject_parse(der, &subject) != KP_OK) {
		KP_REQUIRE(subject.oin.data == NULL);
		return 0;
	}
	check(der, subject.oin);
	check(der, subject.organisation);
	check(der, subject.common_name);
	KP_REQUIRE(subject.oin.len == 0 || subject.oin.len == KP_OIN_LEN);
	return 0;
}
