/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* set: policy sets for tests: the shipped example, and small ones made of strings. */
#ifndef KP_TESTS_POLICIES_SET_H
#define KP_TESTS_POLICIES_SET_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/bits.h"
#include "core/buffer.h"
#include "policies/bundle.h"

#define SET_FILES_MAX 32
#define DAY_MS ((int64_t)86400000)
/* 2026-11-23 */
#define NOW_MS ((int64_t)20780 * DAY_MS)

struct set {
	struct kp_arena arena;
	struct kp_policy_file files[SET_FILES_MAX];
	size_t count;
	struct kp_findings findings;
	struct kp_bundle *bundle;
	enum kp_status status;
};

/* Not a secure digest; tests compare versions only with each other. */
static inline void
set_digest(const struct kp_slice *parts, size_t count, unsigned char ret_digest[32])
{
	uint64_t words[4] = {1, 2, 3, 4};
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < parts[i].len; j++) {
			uint64_t *word = &words[j % 4];
			*word = (*word ^ (unsigned char)parts[i].data[j]) *
				1099511628211u;
		}
	}
	memcpy(ret_digest, words, 32);
}

static inline void
set_begin(struct set *set)
{
	*set = (struct set){.count = 0};
	kp_arena_init(&set->arena, (size_t)64 << 20, NULL);
	kp_findings_init(&set->findings, 50);
}

/* Adds a file, or replaces the one of that name. */
static inline void
set_file(struct set *set, const char *name, const char *text)
{
	size_t at = 0;
	while (at < set->count && strcmp(set->files[at].name, name) != 0) {
		at++;
	}
	assert_true(at < SET_FILES_MAX);
	set->files[at] = (struct kp_policy_file){name, kp_slice_from(text)};
	set->count += at == set->count ? 1 : 0;
}

static inline void
set_load(struct set *set, uint32_t shadow_every)
{
	const struct kp_bundle_options options = {
		.digest = set_digest, .now_ms = NOW_MS, .shadow_every = shadow_every};
	set->status = kp_bundle_create(
		set->files, set->count, &options, &set->findings, &set->bundle);
}

static inline void
set_end(struct set *set)
{
	kp_bundle_unref(&set->bundle);
	kp_findings_deinit(&set->findings);
	kp_arena_deinit(&set->arena);
}

static inline void
set_print_findings(const struct set *set)
{
	for (size_t i = 0; i < set->findings.count; i++) {
		char text[512];
		print_error("%s\n",
			kp_error_text(&set->findings.items[i], text, sizeof(text)));
	}
}

/* Is there a finding whose text holds this? */
static inline bool
set_found(const struct set *set, const char *part)
{
	for (size_t i = 0; i < set->findings.count; i++) {
		char text[512];
		kp_error_text(&set->findings.items[i], text, sizeof(text));
		if (strstr(text, part) != NULL) {
			return true;
		}
	}
	return false;
}

static inline const char *
set_read_file(struct set *set, const char *path)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	size_t room = (size_t)1 << 18;
	char *text = kp_arena_bytes(&set->arena, room);
	assert_non_null(text);
	size_t len = fread(text, 1, room - 1, file);
	assert_true(len < room - 1);
	(void)fclose(file);
	text[len] = '\0';
	return text;
}

static inline void
set_add_folder(struct set *set, const char *root, const char *folder)
{
	char *path = kp_arena_printf(&set->arena, "%s/%s", root, folder);
	DIR *handle = opendir(path);
	assert_non_null(handle);
	const struct dirent *entry;
	while ((entry = readdir(handle)) != NULL) {
		if (strchr(entry->d_name, '.') == NULL || entry->d_name[0] == '.') {
			continue;
		}
		char *full = kp_arena_printf(&set->arena, "%s/%s", path, entry->d_name);
		char *name = folder[0] == '\0'
			? kp_arena_strdup(&set->arena, entry->d_name)
			: kp_arena_printf(&set->arena, "%s/%s", folder, entry->d_name);
		set_file(set, name, set_read_file(set, full));
	}
	(void)closedir(handle);
}

/* The shipped example, as the gateway would read it. */
static inline void
set_example(struct set *set)
{
	set_begin(set);
	set_add_folder(set, KP_SOURCE_DIR "/policies/voorbeeld", "");
	set_add_folder(set, KP_SOURCE_DIR "/policies/voorbeeld", "regels");
	set_add_folder(set, KP_SOURCE_DIR "/policies/voorbeeld", "partners");
}

#endif
