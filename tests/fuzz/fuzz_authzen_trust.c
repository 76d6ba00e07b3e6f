/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The option that says which properties of whom are believed: what is no such text is an
 * error, and a row believes what it names and nothing of another part. */
#include "policies/authzen_trust.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kp_arena arena;
	struct kp_authzen_trust trust;
	struct kp_error err = {0};
	kp_arena_init(&arena, (size_t)1 << 20, NULL);
	enum kp_status status = kp_authzen_trust_parse(
		&arena, (struct kp_slice){(const char *)data, size}, &trust, &err);
	FUZZ_CHECK(status == KP_OK || err.message[0] != '\0');
	for (size_t i = 0; status == KP_OK && i < trust.count; i++) {
		const struct kp_authzen_trust_row *row = &trust.rows[i];
		FUZZ_CHECK(row->part < KP_AUTHZEN_PART_COUNT);
		FUZZ_CHECK(kp_authzen_trusts(&trust, row->client, row->part, row->name));
	}
	kp_arena_deinit(&arena);
	return 0;
}
