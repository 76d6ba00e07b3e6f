/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* What a partner's token endpoint answers: whatever it is, nothing of it gets into a
 * header field or a log that does not fit there. */
#include <ctype.h>
#include <string.h>

#include "token/grant.h"

static bool
only(struct kp_slice text, const char *more)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte > 0x7e ||
			(isalnum(byte) == 0 &&
				(byte == 0 || strchr(more, byte) == NULL))) {
			return false;
		}
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kp_slice text = {(const char *)data, size};
	struct kp_arena arena;
	struct kp_grant grant = {0};
	const char *fault = NULL;
	kp_arena_init(&arena, (size_t)8 << 20, NULL);
	enum kp_status status = kp_grant_read(text, &arena, &grant, &fault);
	if (status == KP_OK) {
		FUZZ_CHECK(grant.token.len > 0 &&
			grant.token.len <= KP_GRANT_TOKEN_BYTES_MAX);
		FUZZ_CHECK(only(grant.token, "-._~+/="));
		FUZZ_CHECK(grant.lifetime_s <= KP_GRANT_LIFETIME_S_MAX);
		FUZZ_CHECK(!grant.lifetime_known || grant.lifetime_s > 0);
	} else {
		FUZZ_CHECK(fault != NULL && grant.token.len == 0);
	}
	struct kp_slice refusal = kp_grant_refusal(text, &arena);
	FUZZ_CHECK(refusal.len <= 64 && only(refusal, "_-."));
	kp_arena_deinit(&arena);
	return 0;
}
