/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * Bundle files as anybody may write them: names of files that are part of a set, in
 * order, each once; and what was taken is written and taken again as the same.
 */
#include <stdio.h>

#include "commands/policy_release.h"

#define BYTES_MAX ((size_t)64 << 20)

static bool
take(struct kp_policy_set *set, struct kp_slice text, struct kp_slice *ret_version)
{
	kp_arena_init(&set->arena, BYTES_MAX, NULL);
	return kp_release_parse(set, text, ret_version);
}

/* As `bundle` writes it, with the version that was stated. */
static char *
write_again(const struct kp_policy_set *set, struct kp_slice version)
{
	json_t *root = kp_release_json_of(set, version);
	char *text = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kp_policy_set set = {0};
	struct kp_slice version;
	if (take(&set, (struct kp_slice){(const char *)data, size}, &version)) {
		for (size_t i = 0; i < set.file_count; i++) {
			FUZZ_CHECK(kp_bundle_has_part(set.files[i].name));
			FUZZ_CHECK(i == 0 ||
				strcmp(set.files[i - 1].name, set.files[i].name) < 0);
		}
		char *text = write_again(&set, version);
		struct kp_policy_set again = {0};
		struct kp_slice same;
		FUZZ_CHECK(text != NULL);
		FUZZ_CHECK(take(&again, kp_slice_from(text), &same));
		FUZZ_CHECK(again.file_count == set.file_count);
		FUZZ_CHECK(kp_slice_equal(version, same));
		for (size_t i = 0; i < set.file_count; i++) {
			FUZZ_CHECK(
				kp_slice_equal(set.files[i].text, again.files[i].text));
		}
		free(text);
		kp_arena_deinit(&again.arena);
	}
	kp_arena_deinit(&set.arena);
	return 0;
}
