/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* assemble_conditions: see assemble_conditions.h. */
#include "assemble_conditions.h"

#include <string.h>

#include "connectors/manifest.h"
#include "io/file.h"

/* The bron and the file of a manifest; false when it names none or does not check. */
static bool
find_conditions(const struct kp_config_file *file, struct kp_arena *arena,
	struct kp_slice *ret_source, struct kp_slice *ret_conditions)
{
	struct kp_findings ignored;
	struct kp_manifest *manifest = NULL;
	kp_findings_init(&ignored, 1);
	enum kp_status status =
		kp_manifest_read(arena, file->name, file->text, &ignored, &manifest);
	kp_findings_deinit(&ignored);
	if (status != KP_OK || manifest->conditions_file.len == 0) {
		return false;
	}
	*ret_source = manifest->source;
	*ret_conditions = manifest->conditions_file;
	return true;
}

static enum kp_status
read_conditions(const struct kp_config *config, struct kp_arena *arena,
	struct kp_findings *findings, struct kp_slice source, struct kp_slice path,
	struct kp_policy_file *ret_file)
{
	struct kp_error err = {0};
	bool absolute = path.data[0] == '/';
	const char *full = kp_arena_printf(arena, "%s%s%.*s",
		absolute ? "" : config->folder, absolute ? "" : "/", KP_SLICE_ARG(path));
	ret_file->name =
		kp_arena_printf(arena, "partners/%.*s.cedar", KP_SLICE_ARG(source));
	if (full == NULL || ret_file->name == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = kp_file_read_all(
		full, arena, KP_CONDITIONS_BYTES_MAX, &ret_file->text, &err);
	if (status == KP_OK || status == KP_E_MEMORY) {
		return status;
	}
	kp_error_wrap(&err, "conditions_file of source '%.*s'", KP_SLICE_ARG(source));
	kp_findings_add(findings, &err);
	return KP_E_CONFIG;
}

enum kp_status
kp_assemble_conditions(const struct kp_config *config, struct kp_arena *arena,
	struct kp_findings *findings, const struct kp_policy_file *rules,
	size_t rule_count, const struct kp_policy_file **ret_files, size_t *ret_count)
{
	struct kp_config_file *manifests = NULL;
	size_t count = 0;
	enum kp_status status =
		kp_config_read_manifests(config, arena, findings, &manifests, &count);
	struct kp_policy_file *files = status != KP_OK
		? NULL
		: KP_ARENA_ARRAY(arena, struct kp_policy_file, rule_count + count);
	if (files == NULL) {
		return status != KP_OK ? status : KP_E_MEMORY;
	}
	memcpy(files, rules, rule_count * sizeof(*files));
	size_t used = rule_count;
	for (size_t i = 0; i < count && status != KP_E_MEMORY; i++) {
		struct kp_slice source;
		struct kp_slice path;
		if (find_conditions(&manifests[i], arena, &source, &path)) {
			enum kp_status read = read_conditions(
				config, arena, findings, source, path, &files[used]);
			used += read == KP_OK ? 1 : 0;
			status = read == KP_OK ? status : read;
		}
	}
	*ret_files = files;
	*ret_count = used;
	return status;
}
