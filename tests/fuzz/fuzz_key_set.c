/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* An issuer's keys, and its metadata, from whoever answers at its address. */
#include "token/issuer.h"
#include "token/key_set.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kp_slice text = {(const char *)data, size};
	struct kp_key_set *set = NULL;
	struct kp_error err;
	if (kp_key_set_read(text, KP_RSA_BITS_MIN, &set, &err) == KP_OK) {
		FUZZ_CHECK(kp_key_set_count(set) > 0);
		FUZZ_CHECK(kp_key_set_count(set) <= KP_KEY_SET_KEYS_MAX);
		FUZZ_CHECK(kp_key_set_equal(set, set));
		(void)kp_key_set_find(set, KP_SLICE("k1"), KP_ALG_PS256);
	} else {
		FUZZ_CHECK(set == NULL);
	}
	kp_key_set_unref(&set);
	struct kp_arena arena;
	struct kp_slice url = {NULL, 0};
	const struct kp_issuer issuer = {.issuer = KP_SLICE("https://a.nl")};
	kp_arena_init(&arena, (size_t)8 << 20, NULL);
	if (kp_issuer_metadata_read(&issuer, text, &arena, &url) == KP_OK) {
		FUZZ_CHECK(kp_slice_starts(url, KP_SLICE("http")));
	}
	kp_arena_deinit(&arena);
	return 0;
}
