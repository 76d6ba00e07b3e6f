/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* A partner's link to a next page, alone and as a Link header field. Wherever it leads,
 * what comes out stays below the endpoint. */
#include <string.h>

#include "connectors/link.h"

static void
resolve(struct kp_slice link, struct kp_slice alias)
{
	struct kp_link_base base = {
		.endpoint = KP_SLICE("https://bron.example/api/v1"),
		.alias = alias,
		.target = KP_SLICE("/zaken/lijst?page=1"),
	};
	struct kp_arena arena;
	struct kp_buffer out;
	kp_arena_init(&arena, 65536, NULL);
	kp_buffer_init(&out, &arena, 8192);
	if (kp_link_resolve(&base, link, &out)) {
		FUZZ_CHECK(out.len > 0 && (out.data[0] == '/' || out.data[0] == '?'));
		FUZZ_CHECK(memmem(out.data, out.len, "/../", 4) == NULL ||
			memchr(out.data, '?', out.len) != NULL);
		FUZZ_CHECK(memchr(out.data, '#', out.len) == NULL);
		FUZZ_CHECK(memchr(out.data, '\\', out.len) == NULL);
		/* What was taken leads to itself. */
		struct kp_buffer again;
		kp_buffer_init(&again, &arena, 8192);
		base.target = kp_buffer_slice(&out);
		if (out.data[0] == '?') {
			FUZZ_CHECK(kp_link_resolve(&base, base.target, &again));
			FUZZ_CHECK(again.len == out.len);
		}
	}
	kp_arena_deinit(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kp_slice text = {(const char *)bytes, len};
	struct kp_slice target = {0};
	resolve(text, (struct kp_slice){0});
	resolve(text, KP_SLICE("http://[::1]:80/"));
	if (kp_link_next(text, &target) == KP_LINK_NEXT) {
		FUZZ_CHECK(target.data > text.data &&
			target.data + target.len < text.data + len);
		resolve(target, (struct kp_slice){0});
	}
	return 0;
}
