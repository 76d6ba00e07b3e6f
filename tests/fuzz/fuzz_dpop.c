/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* A DPoP proof as anybody may write it. It brings its own key, so it can be right; but
 * never about the key of the token, which nobody has. */
#include "token/dpop.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char key[KP_SHA256_BYTES] = {1};
	const struct kp_dpop_request request = {.method = KP_SLICE("POST"),
		.base = KP_SLICE("https://poort.example.nl"),
		.path = KP_SLICE("/v1/dossiers/_zoek"),
		.token = KP_SLICE("abc"),
		.key = key,
		.now_s = 1795000000,
		.window_s = 60};
	struct kp_arena arena;
	struct kp_dpop_proof proof;
	struct kp_slice text = {(const char *)data, size};
	kp_arena_init(&arena, (size_t)8 << 20, NULL);
	FUZZ_CHECK(kp_dpop_check(text, &request, &arena, &proof) != KP_TOKEN_GOOD);
	(void)kp_dpop_same_address(text, request.base, request.path);
	kp_arena_deinit(&arena);
	return 0;
}
