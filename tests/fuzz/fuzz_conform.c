/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Cases in the public corpus format, as anybody may write them, over two small files. */
#include "policies/conform.h"

static enum kp_status
read_file(void *ctx, const char *path, struct kp_arena *arena, struct kp_slice *ret_text,
	struct kp_error *err)
{
	(void)ctx;
	(void)arena;
	if (path[0] == 'p') {
		*ret_text = KP_SLICE("permit (principal == U::\"a\", action, resource) "
				     "when { context has x && context.x > 1 };");
	} else if (path[0] == 'e') {
		*ret_text = KP_SLICE("[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":"
				     "{},\"parents\":[]}]");
	} else {
		return kp_error_set(err, KP_E_IO, "no such file");
	}
	return KP_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kp_conform_host host = {.read = read_file};
	struct kp_conform_counts counts = {0};
	struct kp_error err = {0};
	enum kp_status status = kp_conform_run(&host, "fuzz",
		(struct kp_slice){(const char *)data, size}, &counts, &err);
	FUZZ_CHECK(status == KP_OK || status == KP_E_MEMORY || err.message[0] != '\0');
	FUZZ_CHECK(counts.cases <= 1);
	FUZZ_CHECK(counts.different <= counts.decisions + counts.verdicts + 1);
	return 0;
}
