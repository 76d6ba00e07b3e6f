/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* register_roles: rollen.json and profielen.json. */
#include "core/bits.h"
#include "policies/register_read.h"

static void
read_kinds(struct kp_register_read *read, const struct kp_json_node *node,
	struct kp_role *role)
{
	struct kp_slice *kinds = NULL;
	size_t count = 0;
	if (!kp_json_get_texts(&read->document, node, "organisatiesoorten",
		    KP_JSON_REQUIRED, &kinds, &count)) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t kind = kp_register_resolve(read,
			kp_json_member(node, "organisatiesoorten"),
			&read->registers->kind_index, "kind of organisation", kinds[i]);
		if (kind != KP_NO_ID) {
			role->kinds |= (uint64_t)1 << kind;
		}
	}
}

static bool
read_role(struct kp_register_read *read, const struct kp_json_node *node)
{
	static const char *const members[] = {
		"id", "label", "labelEn", "stapelbaar", "organisatiesoorten"};
	struct kp_registers *registers = read->registers;
	const struct kp_json_document *doc = &read->document;
	struct kp_role *role = &registers->roles[registers->role_count];
	*role = (struct kp_role){0};
	(void)kp_json_expect_members(doc, node, members, KP_ARRAY_LEN(members));
	(void)kp_json_get_text(doc, node, "label", KP_JSON_REQUIRED, &role->label);
	(void)kp_json_get_text(doc, node, "labelEn", KP_JSON_REQUIRED, &role->label_en);
	(void)kp_json_get_boolean(
		doc, node, "stapelbaar", KP_JSON_REQUIRED, &role->stackable);
	read_kinds(read, node, role);
	if (kp_words_get_id(doc, node, "id", &role->id) &&
		kp_register_add_name(read, node, &registers->role_index, role->id,
			registers->role_count)) {
		registers->role_count++;
	}
	return true;
}

enum kp_status
kp_registers_load_roles(struct kp_arena *arena, const char *file, struct kp_slice text,
	struct kp_findings *findings, struct kp_registers *registers)
{
	static const char *const members[] = {"rollen"};
	struct kp_register_read read;
	enum kp_status status =
		kp_register_begin(&read, arena, file, text, findings, registers);
	if (status != KP_OK) {
		return status;
	}
	(void)kp_json_expect_members(
		&read.document, read.document.root, members, KP_ARRAY_LEN(members));
	bool memory;
	void *array = NULL;
	const struct kp_json_node *list = kp_register_list(&read, "rollen", KP_ROLES_MAX,
		sizeof(struct kp_role), &array, &registers->role_index, &memory);
	registers->roles = array;
	if (!memory || (list != NULL && !kp_register_each(&read, list, read_role))) {
		return KP_E_MEMORY;
	}
	return kp_register_end(&read);
}

static void
select_fields(
	struct kp_register_read *read, const struct kp_json_node *paths, uint64_t *fields)
{
	for (const struct kp_json_node *path = paths->first; path != NULL;
		path = path->next) {
		if (kp_json_expect(&read->document, path, KP_JSON_KIND_STRING) &&
			!kp_catalogue_select(read->catalogue, path->text, fields)) {
			kp_words_report_unknown(&read->document, path, "section or field",
				path->text,
				kp_catalogue_nearest(read->catalogue, path->text));
		}
	}
}

static bool
read_profile(struct kp_register_read *read, const struct kp_json_node *node)
{
	static const char *const members[] = {"id", "label", "labelEn", "velden"};
	struct kp_registers *registers = read->registers;
	const struct kp_json_document *doc = &read->document;
	struct kp_profile *profile = &registers->profiles[registers->profile_count];
	(void)kp_json_expect_members(doc, node, members, KP_ARRAY_LEN(members));
	(void)kp_json_get_text(doc, node, "label", KP_JSON_REQUIRED, &profile->label);
	(void)kp_json_get_text(
		doc, node, "labelEn", KP_JSON_REQUIRED, &profile->label_en);
	uint64_t *fields =
		KP_ARENA_ARRAY(read->arena, uint64_t, read->catalogue->field_words);
	if (fields == NULL) {
		return false;
	}
	const struct kp_json_node *paths =
		kp_json_get_array(doc, node, "velden", KP_JSON_REQUIRED);
	if (paths != NULL) {
		select_fields(read, paths, fields);
	}
	profile->fields = fields;
	if (kp_words_get_id(doc, node, "id", &profile->id) &&
		kp_register_add_name(read, node, &registers->profile_index, profile->id,
			registers->profile_count)) {
		registers->profile_count++;
	}
	return true;
}

enum kp_status
kp_registers_load_profiles(struct kp_arena *arena, const char *file, struct kp_slice text,
	const struct kp_catalogue *catalogue, struct kp_findings *findings,
	struct kp_registers *registers)
{
	static const char *const members[] = {"profielen"};
	struct kp_register_read read;
	enum kp_status status =
		kp_register_begin(&read, arena, file, text, findings, registers);
	if (status != KP_OK) {
		return status;
	}
	read.catalogue = catalogue;
	(void)kp_json_expect_members(
		&read.document, read.document.root, members, KP_ARRAY_LEN(members));
	bool memory;
	void *array = NULL;
	const struct kp_json_node *list = kp_register_list(&read, "profielen",
		KP_PROFILES_MAX, sizeof(struct kp_profile), &array,
		&registers->profile_index, &memory);
	registers->profiles = array;
	if (!memory || (list != NULL && !kp_register_each(&read, list, read_profile))) {
		return KP_E_MEMORY;
	}
	return kp_register_end(&read);
}
