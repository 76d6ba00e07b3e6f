/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_json_read: the JSON form of policies and policy sets to ast. */
#include "expr_json.h"
#include "link.h"
#include "policy_json.h"

/* --- scopes --- */

/* The entity or slot of a constraint. */
static bool
read_party(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	const char *slot_word, struct kp_cedar_scope *scope)
{
	const struct kp_cedar_json *entity = kp_cedar_json_member(node, "entity");
	const struct kp_cedar_json *slot = kp_cedar_json_member(node, "slot");
	if (slot_word == NULL && slot != NULL) {
		kp_cedar_json_complain(
			&reader->text, slot, "the action cannot be a template slot");
		return false;
	}
	if ((entity == NULL) == (slot == NULL)) {
		kp_cedar_json_complain(&reader->text, node,
			slot_word == NULL
				? "the member \"entity\" is missing"
				: "expected \"entity\" or \"slot\", one of both");
		return false;
	}
	if (entity != NULL) {
		scope->uid = kp_cedar_expr_json_uid(reader, entity);
		scope->uid_pos = kp_cedar_expr_json_pos(entity);
		return scope->uid != NULL;
	}
	if (slot->kind != KP_CEDAR_JSON_STRING || !kp_slice_is(slot->text, slot_word)) {
		kp_cedar_json_complain(&reader->text, slot, "expected \"%s\"", slot_word);
		return false;
	}
	scope->slot = true;
	return true;
}

static bool
read_is(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	const char *slot_word, struct kp_cedar_scope *scope)
{
	static const char *const known[] = {"op", "entity_type", "in"};
	static const char *const known_in[] = {"entity", "slot"};
	if (!kp_cedar_json_members(&reader->text, node, known, KP_ARRAY_LEN(known))) {
		return false;
	}
	const struct kp_cedar_json *type = kp_cedar_json_require(
		&reader->text, node, "entity_type", KP_CEDAR_JSON_STRING);
	scope->type = type == NULL ? NULL : kp_cedar_expr_json_path(reader, type);
	if (scope->type == NULL) {
		return false;
	}
	scope->type_pos = kp_cedar_expr_json_pos(type);
	scope->op = KP_CEDAR_SCOPE_IS;
	const struct kp_cedar_json *in = kp_cedar_json_member(node, "in");
	if (in == NULL) {
		return true;
	}
	scope->op = KP_CEDAR_SCOPE_IS_IN;
	return kp_cedar_json_members(&reader->text, in, known_in, 2) &&
		read_party(reader, in, slot_word, scope);
}

/* principal or resource. */
static bool
read_scope(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *policy,
	const char *name, const char *slot_word, struct kp_cedar_scope *scope)
{
	static const char *const known[] = {"op", "entity", "slot"};
	const struct kp_cedar_json *node =
		kp_cedar_json_require(&reader->text, policy, name, KP_CEDAR_JSON_OBJECT);
	const struct kp_cedar_json *op = node == NULL
		? NULL
		: kp_cedar_json_require(&reader->text, node, "op", KP_CEDAR_JSON_STRING);
	if (op == NULL) {
		return false;
	}
	scope->pos = kp_cedar_expr_json_pos(node);
	if (kp_slice_is(op->text, "is")) {
		return read_is(reader, node, slot_word, scope);
	}
	if (kp_slice_is(op->text, "All") || kp_slice_is(op->text, "all")) {
		scope->op = KP_CEDAR_SCOPE_ALL;
		return kp_cedar_json_members(&reader->text, node, known, 1);
	}
	if (!kp_cedar_json_members(&reader->text, node, known, KP_ARRAY_LEN(known))) {
		return false;
	}
	if (kp_slice_is(op->text, "==")) {
		scope->op = KP_CEDAR_SCOPE_EQ;
	} else if (kp_slice_is(op->text, "in")) {
		scope->op = KP_CEDAR_SCOPE_IN;
	} else {
		kp_cedar_json_complain(
			&reader->text, op, "expected \"All\", \"==\", \"in\" or \"is\"");
		return false;
	}
	return read_party(reader, node, slot_word, scope);
}

static bool
check_action_type(struct kp_cedar_expr_json_reader *reader,
	const struct kp_cedar_json *node, const struct kp_cedar_uid *uid)
{
	if (uid != NULL && !kp_slice_is(kp_cedar_path_base(uid->type->text), "Action")) {
		kp_cedar_json_complain(&reader->text, node,
			"expected an action, whose type ends in `Action`");
		return false;
	}
	return uid != NULL;
}

static bool
read_actions(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *array,
	struct kp_cedar_scope *scope)
{
	if (!kp_cedar_json_expect(&reader->text, array, KP_CEDAR_JSON_ARRAY)) {
		return false;
	}
	const struct kp_cedar_uid **uids =
		kp_cedar_expr_json_make(reader, array->count, sizeof(*uids));
	struct kp_cedar_pos *positions =
		kp_cedar_expr_json_make(reader, array->count, sizeof(*positions));
	if (uids == NULL || positions == NULL) {
		return false;
	}
	for (const struct kp_cedar_json *item = array->first; item != NULL;
		item = item->next) {
		const struct kp_cedar_uid *uid = kp_cedar_expr_json_uid(reader, item);
		if (!check_action_type(reader, item, uid)) {
			return false;
		}
		positions[scope->uid_count] = kp_cedar_expr_json_pos(item);
		uids[scope->uid_count++] = uid;
	}
	scope->op = KP_CEDAR_SCOPE_IN_SET;
	scope->uids = uids;
	scope->uids_pos = positions;
	return true;
}

static bool
read_action_scope(struct kp_cedar_expr_json_reader *reader,
	const struct kp_cedar_json *policy, struct kp_cedar_scope *scope)
{
	static const char *const known[] = {"op", "entity", "entities"};
	const struct kp_cedar_json *node = kp_cedar_json_require(
		&reader->text, policy, "action", KP_CEDAR_JSON_OBJECT);
	const struct kp_cedar_json *op = node == NULL
		? NULL
		: kp_cedar_json_require(&reader->text, node, "op", KP_CEDAR_JSON_STRING);
	if (op == NULL) {
		return false;
	}
	scope->pos = kp_cedar_expr_json_pos(node);
	bool all = kp_slice_is(op->text, "All") || kp_slice_is(op->text, "all");
	bool in = kp_slice_is(op->text, "in");
	if (!all && !in && !kp_slice_is(op->text, "==")) {
		kp_cedar_json_complain(
			&reader->text, op, "expected \"All\", \"==\" or \"in\"");
		return false;
	}
	if (!kp_cedar_json_members(&reader->text, node, known, all ? 1 : in ? 3 : 2)) {
		return false;
	}
	scope->op = all ? KP_CEDAR_SCOPE_ALL : in ? KP_CEDAR_SCOPE_IN : KP_CEDAR_SCOPE_EQ;
	const struct kp_cedar_json *entities = kp_cedar_json_member(node, "entities");
	if (entities != NULL && kp_cedar_json_member(node, "entity") == NULL) {
		return read_actions(reader, entities, scope);
	}
	return all ||
		(read_party(reader, node, NULL, scope) &&
			check_action_type(reader, node, scope->uid));
}

/* --- policies --- */

static bool
read_conditions(struct kp_cedar_expr_json_reader *reader,
	const struct kp_cedar_json *node, struct kp_cedar_policy *policy)
{
	static const char *const known[] = {"kind", "body"};
	const struct kp_cedar_json *array = kp_cedar_json_require(
		&reader->text, node, "conditions", KP_CEDAR_JSON_ARRAY);
	struct kp_cedar_condition *conditions = array == NULL
		? NULL
		: kp_cedar_expr_json_make(reader, array->count, sizeof(*conditions));
	if (conditions == NULL) {
		return false;
	}
	for (const struct kp_cedar_json *item = array->first; item != NULL;
		item = item->next) {
		const struct kp_cedar_json *kind = NULL;
		const struct kp_cedar_json *body = NULL;
		if (kp_cedar_json_members(&reader->text, item, known, 2)) {
			kind = kp_cedar_json_require(
				&reader->text, item, "kind", KP_CEDAR_JSON_STRING);
			body = kp_cedar_json_require(
				&reader->text, item, "body", KP_CEDAR_JSON_OBJECT);
		}
		const struct kp_cedar_expr *expr =
			body == NULL ? NULL : kp_cedar_expr_json_read(reader, body);
		if (kind == NULL || expr == NULL) {
			return false;
		}
		bool unless = kp_slice_is(kind->text, "unless");
		if (!unless && !kp_slice_is(kind->text, "when")) {
			kp_cedar_json_complain(
				&reader->text, kind, "expected \"when\" or \"unless\"");
			return false;
		}
		conditions[policy->condition_count++] = (struct kp_cedar_condition){
			unless, expr, kp_cedar_expr_json_pos(item)};
	}
	policy->conditions = conditions;
	return true;
}

static bool
read_annotations(struct kp_cedar_expr_json_reader *reader,
	const struct kp_cedar_json *node, struct kp_cedar_policy *policy)
{
	const struct kp_cedar_json *object = kp_cedar_json_member(node, "annotations");
	if (object == NULL) {
		return true;
	}
	if (!kp_cedar_json_expect(&reader->text, object, KP_CEDAR_JSON_OBJECT)) {
		return false;
	}
	struct kp_cedar_annotation *items =
		kp_cedar_expr_json_make(reader, object->count, sizeof(*items));
	for (const struct kp_cedar_json *member = object->first;
		member != NULL && items != NULL; member = member->next) {
		bool has_value = member->kind != KP_CEDAR_JSON_NULL;
		if (!kp_cedar_ident_check(member->name)) {
			kp_cedar_json_complain(
				&reader->text, member, "this is not an identifier");
			return false;
		}
		if (has_value &&
			!kp_cedar_json_expect(
				&reader->text, member, KP_CEDAR_JSON_STRING)) {
			return false;
		}
		const struct kp_cedar_name *value =
			kp_cedar_expr_json_intern(reader, member->text);
		items[policy->annotation_count++] = (struct kp_cedar_annotation){
			.name = kp_cedar_expr_json_intern(reader, member->name),
			.has_value = has_value,
			.value = value == NULL ? KP_SLICE("") : value->text,
			.pos = kp_cedar_expr_json_pos(member)};
	}
	policy->annotations = items;
	return !reader->failed;
}

static bool
read_effect(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	struct kp_cedar_policy *policy)
{
	const struct kp_cedar_json *effect = kp_cedar_json_require(
		&reader->text, node, "effect", KP_CEDAR_JSON_STRING);
	if (effect == NULL) {
		return false;
	}
	bool permit = kp_slice_is(effect->text, "permit");
	if (!permit && !kp_slice_is(effect->text, "forbid")) {
		kp_cedar_json_complain(
			&reader->text, effect, "expected \"permit\" or \"forbid\"");
		return false;
	}
	policy->effect = permit ? KP_CEDAR_PERMIT : KP_CEDAR_FORBID;
	return true;
}

/* NULL after a finding. */
static struct kp_cedar_policy *
read_policy(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	const struct kp_cedar_name *id)
{
	static const char *const known[] = {
		"effect", "principal", "action", "resource", "conditions", "annotations"};
	struct kp_cedar_policy *policy =
		kp_cedar_expr_json_make(reader, 1, sizeof(*policy));
	if (policy == NULL ||
		!kp_cedar_json_members(&reader->text, node, known, KP_ARRAY_LEN(known))) {
		return NULL;
	}
	policy->id = id;
	policy->file = reader->text.file;
	policy->pos = kp_cedar_expr_json_pos(node);
	bool sound = read_effect(reader, node, policy);
	sound = read_scope(reader, node, "principal", "?principal", &policy->principal) &&
		sound;
	sound = read_action_scope(reader, node, &policy->action) && sound;
	sound = read_scope(reader, node, "resource", "?resource", &policy->resource) &&
		sound;
	sound = read_conditions(reader, node, policy) && sound;
	sound = read_annotations(reader, node, policy) && sound;
	policy->has_slots = policy->principal.slot || policy->resource.slot;
	return sound ? policy : NULL;
}

static void
add_policy(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node,
	const struct kp_cedar_policy *policy)
{
	if (kp_cedar_policy_set_has(reader->set, policy->id)) {
		kp_cedar_json_complain(&reader->text, node,
			"there is already a policy or template of this id");
		return;
	}
	struct kp_cedar_policy_list *list =
		policy->has_slots ? &reader->set->templates : &reader->set->policies;
	if (kp_cedar_policy_list_add(list, policy) != KP_OK) {
		reader->failed = true;
	}
}

/* --- sets --- */

static void
read_list(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *root,
	const char *name, bool templates)
{
	const struct kp_cedar_json *object = kp_cedar_json_member(root, name);
	if (object == NULL ||
		!kp_cedar_json_expect(&reader->text, object, KP_CEDAR_JSON_OBJECT)) {
		return;
	}
	for (const struct kp_cedar_json *member = object->first; member != NULL;
		member = member->next) {
		const struct kp_cedar_name *id =
			kp_cedar_expr_json_intern(reader, member->name);
		const struct kp_cedar_policy *policy =
			id == NULL ? NULL : read_policy(reader, member, id);
		if (policy == NULL) {
			continue;
		}
		if (policy->has_slots != templates) {
			kp_cedar_json_complain(&reader->text, member,
				templates ? "this has no slots, it belongs in "
					    "staticPolicies"
					  : "this has slots, it belongs in templates");
			continue;
		}
		add_policy(reader, member, policy);
	}
}

static void
read_link(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *item)
{
	static const char *const known[] = {"templateId", "newId", "values"};
	static const char *const slots[] = {"?principal", "?resource"};
	if (!kp_cedar_json_members(&reader->text, item, known, KP_ARRAY_LEN(known))) {
		return;
	}
	const struct kp_cedar_json *template_id = kp_cedar_json_require(
		&reader->text, item, "templateId", KP_CEDAR_JSON_STRING);
	const struct kp_cedar_json *new_id =
		kp_cedar_json_require(&reader->text, item, "newId", KP_CEDAR_JSON_STRING);
	const struct kp_cedar_json *given = kp_cedar_json_require(
		&reader->text, item, "values", KP_CEDAR_JSON_OBJECT);
	if (template_id == NULL || new_id == NULL || given == NULL ||
		!kp_cedar_json_members(&reader->text, given, slots, 2)) {
		return;
	}
	const struct kp_cedar_json *principal = kp_cedar_json_member(given, "?principal");
	const struct kp_cedar_json *resource = kp_cedar_json_member(given, "?resource");
	struct kp_cedar_slot_values values = {0};
	values.principal =
		principal == NULL ? NULL : kp_cedar_expr_json_uid(reader, principal);
	values.resource =
		resource == NULL ? NULL : kp_cedar_expr_json_uid(reader, resource);
	const struct kp_cedar_name *template_name =
		kp_cedar_expr_json_intern(reader, template_id->text);
	const struct kp_cedar_name *new_name =
		kp_cedar_expr_json_intern(reader, new_id->text);
	if ((principal != NULL && values.principal == NULL) ||
		(resource != NULL && values.resource == NULL) || reader->failed) {
		return;
	}
	struct kp_error err;
	enum kp_status status =
		kp_cedar_link(reader->set, template_name, new_name, &values, &err);
	if (status == KP_E_MEMORY) {
		reader->failed = true;
	} else if (status != KP_OK) {
		kp_cedar_json_complain(&reader->text, item, "%s", err.message);
	}
}

static void
read_links(struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *root)
{
	const struct kp_cedar_json *array = kp_cedar_json_member(root, "templateLinks");
	if (array == NULL ||
		!kp_cedar_json_expect(&reader->text, array, KP_CEDAR_JSON_ARRAY)) {
		return;
	}
	for (const struct kp_cedar_json *item = array->first; item != NULL;
		item = item->next) {
		read_link(reader, item);
	}
}

static enum kp_status
finish(const struct kp_cedar_expr_json_reader *reader, size_t before)
{
	struct kp_findings *findings = reader->text.findings;
	if (reader->failed) {
		struct kp_error err;
		(void)kp_error_set(&err, KP_E_MEMORY, "no memory left for a policy");
		kp_findings_add(findings, &err);
		return KP_E_MEMORY;
	}
	return findings->count + findings->dropped > before ? KP_E_INVALID : KP_OK;
}

enum kp_status
kp_cedar_policy_read_json(struct kp_cedar_policy_set *set, struct kp_cedar_names *names,
	const char *file, struct kp_slice text, const struct kp_cedar_name *id,
	struct kp_findings *findings)
{
	size_t before = findings->count + findings->dropped;
	struct kp_cedar_expr_json_reader reader = {.set = set,
		.arena = set->policies.arena,
		.names = names,
		.text = {text, file, findings}};
	const struct kp_cedar_json *root;
	enum kp_status status = kp_cedar_json_parse(reader.arena, &reader.text, &root);
	if (status != KP_OK) {
		return status;
	}
	const struct kp_cedar_policy *policy = read_policy(&reader, root, id);
	if (policy != NULL) {
		add_policy(&reader, root, policy);
	}
	return finish(&reader, before);
}

enum kp_status
kp_cedar_policy_set_read_json(struct kp_cedar_policy_set *set,
	struct kp_cedar_names *names, const char *file, struct kp_slice text,
	struct kp_findings *findings)
{
	static const char *const known[] = {
		"staticPolicies", "templates", "templateLinks"};
	size_t before = findings->count + findings->dropped;
	struct kp_cedar_expr_json_reader reader = {.set = set,
		.arena = set->policies.arena,
		.names = names,
		.text = {text, file, findings}};
	const struct kp_cedar_json *root;
	enum kp_status status = kp_cedar_json_parse(reader.arena, &reader.text, &root);
	if (status != KP_OK) {
		return status;
	}
	if (kp_cedar_json_members(&reader.text, root, known, KP_ARRAY_LEN(known))) {
		read_list(&reader, root, "staticPolicies", false);
		read_list(&reader, root, "templates", true);
		read_links(&reader, root);
	}
	return finish(&reader, before);
}
