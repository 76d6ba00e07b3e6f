/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* A pattern, a line feed, and the name of a file. */
#include <string.h>

#include "source/delivery_name.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	const char *end = len == 0 ? NULL : memchr(text, '\n', len);
	struct kp_delivery_name name;
	if (end == NULL) {
		return 0;
	}
	struct kp_slice pattern = {text, (size_t)(end - text)};
	struct kp_slice file = {end + 1, len - pattern.len - 1};
	if (kp_delivery_name_read(pattern, file, &name)) {
		FUZZ_CHECK(!name.dated || (name.day % 100 >= 1 && name.day % 100 <= 31));
		FUZZ_CHECK(name.dated || name.day == 0);
		FUZZ_CHECK(name.number <= 999999999);
		FUZZ_CHECK(kp_delivery_name_compare(&name, &name) == 0);
	}
	return 0;
}
