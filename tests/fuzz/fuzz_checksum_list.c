/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* A list of checksums, with the name to look for in its first line: what is found stands
 * there, digits and name. */
#include <string.h>

#include "core/encode.h"
#include "source/checksum_list.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	const char *end = len == 0 ? NULL : memchr(text, '\n', len);
	unsigned char digest[KP_SHA256_BYTES];
	char hex[KP_HEX_LEN(KP_SHA256_BYTES)];
	if (end == NULL) {
		return 0;
	}
	struct kp_slice name = {text, (size_t)(end - text)};
	struct kp_slice list = {end + 1, len - name.len - 1};
	if (kp_checksum_list_find(list, name, digest) == KP_OK) {
		bool there = false;
		for (size_t at = 0; at + sizeof(hex) <= list.len; at++) {
			unsigned char again[KP_SHA256_BYTES];
			there = there ||
				(kp_hex_read(
					 (struct kp_slice){list.data + at, sizeof(hex)},
					 again, sizeof(again)) &&
					memcmp(again, digest, sizeof(again)) == 0);
		}
		FUZZ_CHECK(there);
		FUZZ_CHECK(memmem(list.data, list.len, name.data, name.len) != NULL);
	}
	struct kp_slice value = kp_checksum_list_comment(list, name);
	FUZZ_CHECK(value.len == 0 ||
		(value.data >= list.data &&
			value.data + value.len <= list.data + list.len));
	return 0;
}
