/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_load: see policy_load.h. */
#include "commands/policy_load.h"

#include <string.h>
#include <time.h>

#include "commands/policy_options.h"
#include "config/config.h"
#include "crypto/crypto.h"
#include "policies/words.h"

void
kp_policy_set_begin(struct kp_policy_set *set)
{
	*set = (struct kp_policy_set){0};
	kp_arena_init(&set->arena, KP_POLICY_LOAD_BYTES_MAX, NULL);
	kp_findings_init(&set->findings, KP_POLICY_FINDINGS_MAX);
}

void
kp_policy_set_end(struct kp_policy_set *set)
{
	kp_bundle_unref(&set->bundle);
	kp_findings_deinit(&set->findings);
	kp_arena_deinit(&set->arena);
}

enum kp_status
kp_policy_set_read(struct kp_policy_set *set, const char *folder)
{
	const struct kp_config config = {.policies_folder = folder};
	struct kp_config_file *files = NULL;
	size_t count = 0;
	enum kp_status status = kp_config_read_policies(
		&config, &set->arena, &set->findings, &files, &count);
	if (status != KP_OK) {
		return status;
	}
	set->files = KP_ARENA_ARRAY(&set->arena, struct kp_policy_file, count + 1);
	if (set->files == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		set->files[i] = (struct kp_policy_file){files[i].name, files[i].text};
	}
	set->file_count = count;
	return KP_OK;
}

enum kp_status
kp_policy_set_check(struct kp_policy_set *set, int64_t now_ms)
{
	const struct kp_bundle_options options = {.digest = kp_sha256, .now_ms = now_ms};
	return kp_bundle_create(
		set->files, set->file_count, &options, &set->findings, &set->bundle);
}

bool
kp_policy_set_load(
	struct kp_policy_set *set, const char *folder, int64_t now_ms, bool english)
{
	enum kp_status status = kp_policy_set_read(set, folder);
	if (status == KP_OK) {
		status = kp_policy_set_check(set, now_ms);
	}
	kp_policy_print_findings(&set->findings, stderr, english);
	if (status != KP_OK && !kp_findings_any(&set->findings)) {
		(void)fprintf(stderr, "%s: %s\n", folder, kp_status_info(status)->title);
	}
	return status == KP_OK;
}

const struct kp_policy_file *
kp_policy_set_file(const struct kp_policy_set *set, const char *name)
{
	for (size_t i = 0; i < set->file_count; i++) {
		if (strcmp(set->files[i].name, name) == 0) {
			return &set->files[i];
		}
	}
	return NULL;
}

int64_t
kp_policy_now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool
kp_policy_moment(const char *command, const char *text, bool english, int64_t *ret_now_ms)
{
	if (text == NULL) {
		*ret_now_ms = kp_policy_now_ms();
		return true;
	}
	if (kp_words_parse_date(kp_slice_from(text), ret_now_ms)) {
		return true;
	}
	(void)fprintf(stderr, "ketenpoort policy %s: '%s' %s\n", command, text,
		KP_SAY(english, "is geen dag als 2027-06-01",
			"is not a day such as 2027-06-01"));
	return false;
}

void
kp_policy_print_findings(const struct kp_findings *findings, FILE *out, bool english)
{
	char text[700];
	for (size_t i = 0; i < findings->count; i++) {
		(void)fprintf(out, "%s\n",
			kp_error_text(&findings->items[i], text, sizeof(text)));
	}
	if (findings->dropped > 0) {
		(void)fprintf(out, KP_SAY(english, "en nog %zu\n", "and %zu more\n"),
			findings->dropped);
	}
}

json_t *
kp_policy_findings_json(const struct kp_findings *findings)
{
	json_t *list = json_array();
	for (size_t i = 0; i < findings->count; i++) {
		const struct kp_error *err = &findings->items[i];
		(void)json_array_append_new(list,
			json_pack("{s:s, s:i, s:i, s:s, s:s}", "file", err->file, "line",
				(int)err->line, "column", (int)err->column, "place",
				err->place, "message", err->message));
	}
	return list;
}

bool
kp_policy_print_json(json_t *value)
{
	bool printed = value != NULL && json_dumpf(value, stdout, JSON_INDENT(1)) == 0;
	(void)putchar('\n');
	json_decref(value);
	return printed;
}

json_t *
kp_policy_json_text(struct kp_slice text)
{
	return json_stringn(text.len == 0 ? "" : text.data, text.len);
}
