/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_release: see policy_release.h. */
#include "commands/policy_release.h"

#include <string.h>
#include <sys/stat.h>

#include "commands/policy_options.h"
#include "io/file.h"

#define FILES_MAX ((size_t)4096)

bool
kp_release_read(struct kp_arena *arena, const char *path, struct kp_slice *ret_text)
{
	struct kp_error err = {0};
	enum kp_status status =
		kp_file_read_all(path, arena, KP_RELEASE_BYTES_MAX, ret_text, &err);
	if (status != KP_OK) {
		char text[700];
		(void)fprintf(stderr, "%s: %s\n", path,
			kp_error_text(&err, text, sizeof(text)));
	}
	return status == KP_OK;
}

static bool
take_file(struct kp_policy_set *set, const json_t *item)
{
	const json_t *name = json_object_get(item, "naam");
	const json_t *text = json_object_get(item, "tekst");
	size_t at = set->file_count;
	if (!json_is_string(name) || !json_is_string(text) ||
		strlen(json_string_value(name)) != json_string_length(name) ||
		!kp_bundle_has_part(json_string_value(name)) ||
		(at > 0 &&
			strcmp(set->files[at - 1].name, json_string_value(name)) >= 0)) {
		return false;
	}
	struct kp_slice bytes = {json_string_value(text), json_string_length(text)};
	set->files[at].name = kp_arena_strdup(&set->arena, json_string_value(name));
	set->files[at].text = kp_arena_copy(&set->arena, bytes);
	set->file_count++;
	return set->files[at].name != NULL && set->files[at].text.data != NULL;
}

static bool
take_files(struct kp_policy_set *set, const json_t *root, struct kp_slice *ret_version)
{
	const json_t *list = json_object_get(root, "bestanden");
	const json_t *version = json_object_get(root, "versie");
	size_t count = json_array_size(list);
	set->files = KP_ARENA_ARRAY(&set->arena, struct kp_policy_file, count + 1);
	if (!json_is_string(version) || !json_is_array(list) || count > FILES_MAX ||
		set->files == NULL) {
		return false;
	}
	*ret_version = kp_arena_copy(&set->arena,
		(struct kp_slice){
			json_string_value(version), json_string_length(version)});
	bool taken = ret_version->data != NULL;
	for (size_t i = 0; i < count && taken; i++) {
		taken = take_file(set, json_array_get(list, i));
	}
	return taken;
}

bool
kp_release_parse(
	struct kp_policy_set *set, struct kp_slice text, struct kp_slice *ret_version)
{
	json_t *root = json_loadb(
		text.data, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	bool taken = root != NULL && take_files(set, root, ret_version);
	json_decref(root);
	return taken;
}

static bool
load_file(struct kp_policy_set *set, const char *path, bool english)
{
	struct kp_slice text;
	struct kp_slice version;
	if (!kp_release_read(&set->arena, path, &text)) {
		return false;
	}
	bool taken = kp_release_parse(set, text, &version);
	if (!taken) {
		(void)fprintf(stderr, "%s: %s\n", path,
			KP_SAY(english, "dit is geen regelbestand",
				"this is not a bundle"));
	}
	enum kp_status status =
		taken ? kp_policy_set_check(set, kp_policy_now_ms()) : KP_E_CONFIG;
	kp_policy_print_findings(&set->findings, stderr, english);
	bool same = status == KP_OK &&
		kp_slice_equal(kp_bundle_version(set->bundle), version);
	if (status == KP_OK && !same) {
		(void)fprintf(stderr, "%s: %s %.*s\n", path,
			KP_SAY(english, "de inhoud is niet versie",
				"the content is not version"),
			KP_SLICE_ARG(version));
	}
	return same;
}

bool
kp_release_load(struct kp_policy_set *set, const char *path, bool english)
{
	struct stat found;
	if (stat(path, &found) == 0 && S_ISDIR(found.st_mode)) {
		return kp_policy_set_load(set, path, kp_policy_now_ms(), english);
	}
	return load_file(set, path, english);
}

json_t *
kp_release_json_of(const struct kp_policy_set *set, struct kp_slice version)
{
	json_t *files = json_array();
	for (size_t i = 0; i < set->file_count; i++) {
		struct kp_slice name = kp_slice_from(set->files[i].name);
		(void)json_array_append_new(files,
			json_pack("{s:o, s:o}", "naam", kp_policy_json_text(name),
				"tekst", kp_policy_json_text(set->files[i].text)));
	}
	return json_pack(
		"{s:o, s:o}", "versie", kp_policy_json_text(version), "bestanden", files);
}

json_t *
kp_release_json(const struct kp_policy_set *set)
{
	return kp_release_json_of(set, kp_bundle_version(set->bundle));
}

const char *
kp_release_approvals_path(struct kp_arena *arena, const char *path)
{
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/') {
		len--;
	}
	return kp_arena_printf(arena, "%.*s.akkoord", (int)len, path);
}

bool
kp_release_write(const char *path, const char *text, size_t len, unsigned mode)
{
	struct kp_error err = {0};
	bool written =
		kp_file_replace(path, (struct kp_slice){text, len}, mode, &err) == KP_OK;
	if (!written) {
		(void)fprintf(stderr, "%s: %s\n", path, err.message);
	}
	return written;
}

bool
kp_release_write_json(const char *path, const json_t *value, unsigned mode)
{
	char *text =
		value == NULL ? NULL : json_dumps(value, JSON_INDENT(1) | JSON_SORT_KEYS);
	bool written = text != NULL && kp_release_write(path, text, strlen(text), mode);
	free(text);
	return written;
}
