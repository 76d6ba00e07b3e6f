/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* A signed answer. Digests and signatures are said to be right, so that everything behind
 * them is reached; what comes out as good must hold a body and a timestamp at least. */
#include <string.h>

#include "connectors/soap/verifying.h"

static bool
digest_of(void *context, struct kp_text bytes, unsigned char ret_digest[32])
{
	(void)context;
	memset(ret_digest, 0, 32);
	FUZZ_CHECK(bytes.len > 0 && bytes.data[0] == '<');
	return true;
}

static bool
short_digest_of(void *context, struct kp_text bytes, unsigned char ret_digest[20])
{
	(void)context;
	(void)bytes;
	memset(ret_digest, 0, 20);
	return true;
}

static const char *
verify(void *context, const struct kp_signature *signature)
{
	(void)context;
	FUZZ_CHECK(signature->bytes.len > 0 && signature->certificate.len > 0);
	return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kp_arena arena;
	struct kp_manifest_soap soap = {.verify = true, .verify_sha1 = true};
	struct kp_call_host host = {.size = sizeof(host),
		.sha256 = digest_of,
		.sha1 = short_digest_of,
		.verify = verify};
	struct kp_need need = {.size = sizeof(need), .now = {"2026-01-01T00:00:00Z", 20}};
	struct kp_slice answer = {(const char *)bytes, len};
	kp_arena_init(&arena, (size_t)64 << 20, NULL);
	const char *fault = kp_verifying_check(&soap, &host, &need, answer, &arena);
	FUZZ_CHECK(fault != NULL || memmem(bytes, len, "Timestamp", 9) != NULL);
	kp_arena_deinit(&arena);
	return 0;
}
