/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* An issuer's answer about a token, from whoever answers at its address; and the
 * operator's list of the revoked. */
#include "token/access.h"
#include "token/revoked.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kp_slice audience = KP_SLICE_INIT("ketenpoort");
	static const struct kp_slice organisation = KP_SLICE_INIT("00000001823288444000");
	const struct kp_issuer issuer = {.issuer = KP_SLICE("https://a.nl"),
		.audiences = {&audience, 1},
		.organisations = {&organisation, 1},
		.employee_claim = KP_SLICE("sub"),
		.roles_claim = KP_SLICE("scope")};
	struct kp_slice text = {(const char *)data, size};
	struct kp_arena arena;
	struct kp_access access;
	struct kp_findings findings;
	struct kp_revoked *revoked = NULL;
	kp_arena_init(&arena, (size_t)8 << 20, NULL);
	const struct kp_access_reading reading = {
		.arena = &arena, .now_s = 1795000000, .roles_max = 32};
	if (kp_access_read_introspected(text, &issuer, &reading, &access) ==
		KP_TOKEN_GOOD) {
		FUZZ_CHECK(kp_slice_equal(access.organisation, organisation));
		FUZZ_CHECK(kp_access_read_active(text, &arena) == KP_TOKEN_GOOD);
	}
	kp_findings_init(&findings, 10);
	enum kp_status status = kp_revoked_read(text, "x", &findings, &revoked);
	FUZZ_CHECK((status == KP_OK) == (revoked != NULL));
	kp_revoked_destroy(&revoked);
	kp_findings_deinit(&findings);
	kp_arena_deinit(&arena);
	return 0;
}
