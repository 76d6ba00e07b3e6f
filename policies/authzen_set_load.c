/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* authzen_set_load: from files to a set. */
#include <stdio.h>

#include "core/heap.h"
#include "core/json_document.h"
#include "policies/authzen_set_private.h"
#include "policies/cedar/check.h"
#include "policies/cedar/check_data.h"
#include "policies/cedar/json_value.h"
#include "policies/cedar/parse.h"

#define FILE_TYPES "authzen.json"
#define FILE_SCHEMA_TEXT "schema.cedarschema"
#define FILE_SCHEMA_JSON "schema.json"

/* Lifetime: one load. */
struct load {
	struct kp_authzen_set *set;
	const struct kp_policy_file *files;
	size_t count;
	struct kp_findings *findings;
};

static bool
ends_with(const char *name, const char *end)
{
	size_t len = strlen(name);
	size_t end_len = strlen(end);
	return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static bool
is_schema(const char *name)
{
	return strcmp(name, FILE_SCHEMA_TEXT) == 0 || strcmp(name, FILE_SCHEMA_JSON) == 0;
}

static bool
is_entities(const char *name)
{
	return ends_with(name, ".json") && !is_schema(name) &&
		strcmp(name, FILE_TYPES) != 0;
}

static void
add_error(struct load *load, const char *file, const struct kp_error *err)
{
	struct kp_error copy = *err;
	kp_error_at(&copy, file, copy.line, copy.column, NULL);
	kp_findings_add(load->findings, &copy);
}

static enum kp_status
load_schema(struct load *load)
{
	struct kp_authzen_set *set = load->set;
	struct kp_cedar_schema_source *source = NULL;
	enum kp_status status = KP_OK;
	for (size_t i = 0; i < load->count && status == KP_OK; i++) {
		const struct kp_policy_file *file = &load->files[i];
		if (!is_schema(file->name)) {
			continue;
		}
		if (source == NULL) {
			source = KP_ARENA_NEW(&set->arena, struct kp_cedar_schema_source);
			if (source == NULL) {
				return KP_E_MEMORY;
			}
			kp_cedar_schema_source_init(source, &set->arena, &set->names);
		}
		status = strcmp(file->name, FILE_SCHEMA_JSON) == 0
			? kp_cedar_schema_read_json(
				  source, file->name, file->text, load->findings)
			: kp_cedar_schema_read_text(
				  source, file->name, file->text, load->findings);
	}
	if (status == KP_OK && source != NULL) {
		status = kp_cedar_schema_make(source, load->findings, NULL, &set->schema);
	}
	if (status == KP_OK && source != NULL) {
		kp_cedar_schema_guide(set->schema, &set->guide);
	}
	return status;
}

static enum kp_status
load_policies(struct load *load)
{
	struct kp_authzen_set *set = load->set;
	enum kp_status status = KP_OK;
	for (size_t i = 0; i < load->count && status == KP_OK; i++) {
		const struct kp_policy_file *file = &load->files[i];
		if (ends_with(file->name, ".cedar")) {
			status = kp_cedar_parse_policies(&set->policies, &set->names,
				file->name, file->text, load->findings);
		}
	}
	if (status == KP_OK && set->policies.policies.count == 0) {
		struct kp_error err;
		(void)kp_error_set(
			&err, KP_E_CONFIG, "the folder holds no policies (*.cedar)");
		kp_findings_add(load->findings, &err);
		return KP_E_CONFIG;
	}
	if (status == KP_OK && set->schema != NULL) {
		status = kp_cedar_check_policies(
			set->schema, &set->policies, NULL, load->findings, NULL);
	}
	return status;
}

/* --- entities --- */

/* "type::id"; the id is what stands behind the last "::". */
static enum kp_status
read_key(struct kp_authzen_set *set, struct kp_slice key,
	const struct kp_cedar_uid **ret_uid, struct kp_error *err)
{
	size_t at = key.len;
	while (at >= 2 && !(key.data[at - 1] == ':' && key.data[at - 2] == ':')) {
		at--;
	}
	struct kp_slice type = {key.data, at >= 2 ? at - 2 : 0};
	if (at < 2 || !kp_cedar_path_check(type)) {
		return kp_error_set(err, KP_E_CONFIG,
			"an entity is named type::id, and the type is a Cedar name");
	}
	*ret_uid = kp_cedar_uid_of(
		&set->names, type, (struct kp_slice){key.data + at, key.len - at});
	return *ret_uid == NULL ? KP_E_MEMORY : KP_OK;
}

static enum kp_status
read_parents(struct kp_cedar_json_reader *reader, const struct kp_cedar_json *array,
	struct kp_cedar_entity *entity, struct kp_error *err)
{
	if (array == NULL || array->kind != KP_CEDAR_JSON_ARRAY) {
		return KP_OK;
	}
	const struct kp_cedar_uid **parents =
		KP_ARENA_ARRAY(reader->arena, const struct kp_cedar_uid *, array->count);
	if (parents == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = KP_OK;
	for (const struct kp_cedar_json *at = array->first; at != NULL && status == KP_OK;
		at = at->next) {
		status = kp_cedar_json_uid(
			reader, at, &parents[entity->parent_count++], err);
	}
	entity->parents = parents;
	return status;
}

static enum kp_status
read_keyed(struct load *load, struct kp_cedar_json_reader *reader,
	const struct kp_cedar_json *member, struct kp_error *err)
{
	struct kp_authzen_set *set = load->set;
	struct kp_cedar_entity entity = {0};
	struct kp_cedar_value attrs = {0};
	const struct kp_cedar_json *given = kp_cedar_json_member(member, "attrs");
	enum kp_status status = read_key(set, member->name, &entity.uid, err);
	if (status == KP_OK && given != NULL) {
		status = kp_cedar_json_value(reader, given, NULL, &attrs, err);
	}
	if (status == KP_OK && given != NULL) {
		if (attrs.kind != KP_CEDAR_RECORD) {
			return kp_cedar_json_refuse(
				reader, given, err, "attrs must be an object");
		}
		entity.attrs = attrs.record;
	}
	if (status == KP_OK) {
		status = read_parents(
			reader, kp_cedar_json_member(member, "parents"), &entity, err);
	}
	if (status == KP_OK && set->schema != NULL) {
		status = kp_cedar_check_entity(set->schema, &entity, err);
	}
	return status == KP_OK ? kp_cedar_entities_add(&set->entities, &entity, err)
			       : status;
}

static enum kp_status
load_keyed(struct load *load, const struct kp_policy_file *file, struct kp_error *err)
{
	struct kp_authzen_set *set = load->set;
	const struct kp_cedar_json *root = NULL;
	struct kp_cedar_json_reader reader = {.arena = &set->arena,
		.names = &set->names,
		.text = {.text = file->text, .file = file->name},
		.guide = set->schema == NULL ? NULL : &set->guide};
	enum kp_status status = kp_cedar_json_open(&reader, &set->arena, &root, err);
	if (status != KP_OK) {
		return status;
	}
	if (root->kind != KP_CEDAR_JSON_OBJECT) {
		return kp_error_set(
			err, KP_E_CONFIG, "entities are an array or an object");
	}
	for (const struct kp_cedar_json *at = root->first; at != NULL && status == KP_OK;
		at = at->next) {
		status = read_keyed(load, &reader, at, err);
	}
	return status;
}

static bool
is_array(struct kp_slice text)
{
	size_t at = 0;
	while (at < text.len && memchr(" \t\r\n", text.data[at], 4) != NULL) {
		at++;
	}
	return at < text.len && text.data[at] == '[';
}

static enum kp_status
load_entities(struct load *load)
{
	struct kp_authzen_set *set = load->set;
	struct kp_error err = {0};
	for (size_t i = 0; i < load->count; i++) {
		const struct kp_policy_file *file = &load->files[i];
		if (!is_entities(file->name)) {
			continue;
		}
		enum kp_status status = is_array(file->text)
			? kp_cedar_entities_parse(&set->entities, &set->names, file->text,
				  set->schema == NULL ? NULL : &set->guide, &err)
			: load_keyed(load, file, &err);
		if (status == KP_E_MEMORY) {
			return status;
		}
		if (status != KP_OK) {
			add_error(load, file->name, &err);
			return KP_E_CONFIG;
		}
	}
	enum kp_status status = set->schema == NULL
		? KP_OK
		: kp_cedar_schema_add_actions(set->schema, &set->entities, &err);
	if (status == KP_OK) {
		status = kp_cedar_entities_close(&set->entities, &err);
	}
	if (status != KP_OK && status != KP_E_MEMORY) {
		kp_findings_add(load->findings, &err);
	}
	return status;
}

/* --- names of types --- */

static enum kp_status
load_types(struct load *load)
{
	struct kp_authzen_set *set = load->set;
	static const char *const known[] = {"types"};
	for (size_t i = 0; i < load->count; i++) {
		const struct kp_policy_file *file = &load->files[i];
		struct kp_json_document document;
		if (strcmp(file->name, FILE_TYPES) != 0) {
			continue;
		}
		enum kp_status status = kp_json_document_load(
			&set->arena, file->name, file->text, load->findings, &document);
		if (status != KP_OK) {
			return status;
		}
		(void)kp_json_expect_members(&document, document.root, known, 1);
		const struct kp_json_node *types = kp_json_get_object(
			&document, document.root, "types", KP_JSON_REQUIRED);
		if (types == NULL) {
			return KP_E_CONFIG;
		}
		struct kp_authzen_type *rows =
			KP_ARENA_ARRAY(&set->arena, struct kp_authzen_type, types->count);
		if (rows == NULL) {
			return KP_E_MEMORY;
		}
		for (const struct kp_json_node *at = types->first; at != NULL;
			at = at->next) {
			if (kp_json_is_comment(at)) {
				continue;
			}
			if (at->kind != KP_JSON_KIND_STRING ||
				!kp_cedar_path_check(at->text)) {
				kp_json_finding(&document, at,
					"the name of a Cedar type is needed");
				return KP_E_CONFIG;
			}
			rows[set->type_count++] =
				(struct kp_authzen_type){at->name, at->text};
		}
		set->types = rows;
	}
	return KP_OK;
}

/* --- actions --- */

static void
add_action(struct kp_authzen_set *set, const struct kp_cedar_uid *uid)
{
	if (uid == NULL || !kp_slice_is(uid->type->text, "Action")) {
		return;
	}
	for (size_t i = 0; i < set->action_count; i++) {
		if (set->actions[i] == uid) {
			return;
		}
	}
	set->actions[set->action_count++] = uid;
}

static enum kp_status
find_actions(struct kp_authzen_set *set)
{
	const struct kp_cedar_policy_list *list = &set->policies.policies;
	size_t most = set->schema == NULL ? 0 : set->schema->action_count;
	for (size_t i = 0; i < list->count; i++) {
		most += 1 + list->items[i]->action.uid_count;
	}
	most += set->schema == NULL ? set->entities.count : 0;
	set->actions = KP_ARENA_ARRAY(&set->arena, const struct kp_cedar_uid *, most);
	if (set->actions == NULL) {
		return KP_E_MEMORY;
	}
	if (set->schema != NULL) {
		/* The schema says it all, and which are only groups. */
		for (size_t i = 0; i < set->schema->action_count; i++) {
			if (set->schema->actions[i]->principal_count > 0) {
				add_action(set, set->schema->actions[i]->uid);
			}
		}
		return KP_OK;
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct kp_cedar_scope *scope = &list->items[i]->action;
		add_action(set, scope->uid);
		for (size_t k = 0; k < scope->uid_count; k++) {
			add_action(set, scope->uids[k]);
		}
	}
	for (size_t i = 0; i < set->entities.count; i++) {
		add_action(set, set->entities.items[i]->uid);
	}
	return KP_OK;
}

static enum kp_status
find_types(struct kp_authzen_set *set)
{
	const struct kp_cedar_entities *entities = &set->entities;
	set->known_types = KP_ARENA_ARRAY(
		&set->arena, const struct kp_cedar_name *, entities->count);
	if (set->known_types == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < entities->count; i++) {
		const struct kp_cedar_name *type = entities->items[i]->uid->type;
		if (!kp_authzen_set_knows(set, type)) {
			set->known_types[set->known_type_count++] = type;
		}
	}
	return KP_OK;
}

/* --- the whole --- */

/* Names and texts, each closed by its length. */
static enum kp_status
set_version(struct load *load, kp_digest_fn digest)
{
	struct kp_authzen_set *set = load->set;
	unsigned char hash[32];
	struct kp_slice *parts =
		KP_ARENA_ARRAY(&set->arena, struct kp_slice, 2 * load->count + 1);
	char *text = kp_arena_bytes(&set->arena, 80);
	if (parts == NULL || text == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < load->count; i++) {
		const struct kp_policy_file *file = &load->files[i];
		char *head = kp_arena_printf(
			&set->arena, "%s %zu\n", file->name, file->text.len);
		if (head == NULL) {
			return KP_E_MEMORY;
		}
		parts[2 * i] = kp_slice_from(head);
		parts[2 * i + 1] = file->text;
	}
	digest(parts, 2 * load->count, hash);
	size_t len = 7;
	memcpy(text, "sha256:", len);
	for (size_t i = 0; i < sizeof(hash); i++) {
		(void)snprintf(text + len, 3, "%02x", hash[i]);
		len += 2;
	}
	set->version = (struct kp_slice){text, len};
	return KP_OK;
}

static enum kp_status
load_all(struct load *load, kp_digest_fn digest)
{
	struct kp_authzen_set *set = load->set;
	enum kp_status status = load_schema(load);
	if (status == KP_OK) {
		status = load_types(load);
	}
	if (status == KP_OK) {
		status = load_policies(load);
	}
	if (status == KP_OK) {
		status = load_entities(load);
	}
	if (status == KP_OK) {
		status = find_actions(set);
	}
	if (status == KP_OK) {
		status = find_types(set);
	}
	if (status == KP_OK) {
		set->context_action = kp_cedar_name(&set->names, KP_SLICE("action"));
		status = set->context_action == NULL ? KP_E_MEMORY
						     : set_version(load, digest);
	}
	return status;
}

enum kp_status
kp_authzen_set_create(const struct kp_policy_file *files, size_t count,
	kp_digest_fn digest, struct kp_findings *findings,
	struct kp_authzen_set **ret_set)
{
	struct kp_authzen_set *set = kp_heap_calloc(1, sizeof(*set));
	if (set == NULL) {
		return KP_E_MEMORY;
	}
	kp_arena_init(&set->arena, KP_AUTHZEN_SET_BYTES_MAX, NULL);
	kp_cedar_names_init(&set->names, &set->arena, NULL);
	kp_cedar_policy_set_init(&set->policies, &set->arena);
	kp_cedar_entities_init(&set->entities, &set->arena, NULL);
	struct load load = {set, files, count, findings};
	size_t before = findings->count + findings->dropped;
	enum kp_status status = load_all(&load, digest);
	if (status != KP_OK) {
		kp_authzen_set_destroy(&set);
		return findings->count + findings->dropped > before ? KP_E_CONFIG
								    : status;
	}
	*ret_set = set;
	return KP_OK;
}

void
kp_authzen_set_destroy(struct kp_authzen_set **set)
{
	struct kp_authzen_set *old = *set;
	*set = NULL;
	if (old != NULL) {
		kp_arena_deinit(&old->arena);
		kp_heap_free(old);
	}
}

struct kp_slice
kp_authzen_set_version(const struct kp_authzen_set *set)
{
	return set->version;
}
