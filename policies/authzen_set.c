/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * authzen_set: one question to a Cedar set. What the caller asserts is projected onto
 * what the schema declares, laid over what the entities know, and never changes the set.
 */
#include "policies/authzen_set_private.h"
#include "policies/cedar/check_data.h"
#include "policies/cedar/eval.h"
#include "policies/cedar/json_value.h"

/* Decimals have four places; a number with more is not taken. */
#define DECIMAL_PLACES_MAX 4

static struct kp_authzen_set_backend *
of(struct kp_authzen_backend *backend)
{
	return (struct kp_authzen_set_backend *)backend;
}

/* --- values --- */

static bool
parse_decimal(struct kp_slice text, struct kp_cedar_value *ret_value)
{
	const char *dot = memchr(text.data, '.', text.len);
	if (dot == NULL || memchr(text.data, 'e', text.len) != NULL ||
		memchr(text.data, 'E', text.len) != NULL ||
		text.data + text.len - dot - 1 > DECIMAL_PLACES_MAX) {
		return false;
	}
	*ret_value = (struct kp_cedar_value){.kind = KP_CEDAR_DECIMAL};
	return kp_cedar_decimal_parse(text, &ret_value->integer);
}

static enum kp_status convert(struct kp_authzen_set_backend *self,
	const struct kp_cedar_json *node, struct kp_cedar_value *ret_value,
	bool *ret_taken);

static enum kp_status
convert_items(struct kp_authzen_set_backend *self, const struct kp_cedar_json *node,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value *items =
		KP_ARENA_ARRAY(self->arena, struct kp_cedar_value, node->count);
	size_t count = 0;
	enum kp_status status = items == NULL ? KP_E_MEMORY : KP_OK;
	for (const struct kp_cedar_json *at = node->first; at != NULL && status == KP_OK;
		at = at->next) {
		bool taken = false;
		status = convert(self, at, &items[count], &taken);
		count += taken ? 1 : 0;
	}
	return status == KP_OK ? kp_cedar_set_make(self->arena, items, count, ret_value)
			       : status;
}

static enum kp_status
convert_members(struct kp_authzen_set_backend *self, const struct kp_cedar_json *node,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_attr *attrs =
		KP_ARENA_ARRAY(self->arena, struct kp_cedar_attr, node->count);
	size_t count = 0;
	enum kp_status status = attrs == NULL ? KP_E_MEMORY : KP_OK;
	for (const struct kp_cedar_json *at = node->first; at != NULL && status == KP_OK;
		at = at->next) {
		bool taken = false;
		status = convert(self, at, &attrs[count].value, &taken);
		if (status == KP_OK && taken) {
			attrs[count].name = kp_cedar_name(&self->names, at->name);
			status = attrs[count++].name == NULL ? KP_E_MEMORY : KP_OK;
		}
	}
	return status == KP_OK
		? kp_cedar_record_make(self->arena, attrs, count, ret_value)
		: status;
}

/* Without a schema: plain JSON as it stands. Null and numbers that Cedar has not are as
 * if they were absent. Escapes ({"__entity":…}) mean nothing here: a caller names no
 * entities. Depth is bounded by KP_AUTHZEN_DEPTH_MAX. */
static enum kp_status
convert(struct kp_authzen_set_backend *self, const struct kp_cedar_json *node,
	struct kp_cedar_value *ret_value, bool *ret_taken)
{
	int64_t integer = 0;
	*ret_taken = true;
	switch (node->kind) {
	case KP_CEDAR_JSON_TRUE:
	case KP_CEDAR_JSON_FALSE:
		*ret_value = kp_cedar_bool(node->kind == KP_CEDAR_JSON_TRUE);
		return KP_OK;
	case KP_CEDAR_JSON_STRING:
		*ret_value = kp_cedar_string(node->text);
		return KP_OK;
	case KP_CEDAR_JSON_NUMBER:
		*ret_taken = kp_cedar_json_integer(node, &integer);
		*ret_value = kp_cedar_long(integer);
		if (!*ret_taken) {
			*ret_taken = parse_decimal(node->text, ret_value);
		}
		return KP_OK;
	case KP_CEDAR_JSON_ARRAY:
		return convert_items(self, node, ret_value);
	case KP_CEDAR_JSON_OBJECT:
		return convert_members(self, node, ret_value);
	case KP_CEDAR_JSON_NULL:
		break;
	}
	*ret_taken = false;
	return KP_OK;
}

/* With a schema: as the type says, or not at all. */
static enum kp_status
convert_as(struct kp_authzen_set_backend *self, const struct kp_cedar_json *node,
	const struct kp_cedar_type *type, struct kp_cedar_value *ret_value,
	bool *ret_taken)
{
	struct kp_error err;
	struct kp_cedar_json_reader reader = {
		.arena = self->arena, .names = &self->names, .guide = &self->set->guide};
	*ret_taken = node->kind == KP_CEDAR_JSON_NUMBER &&
		type->kind == KP_CEDAR_TYPE_DECIMAL &&
		parse_decimal(node->text, ret_value);
	if (*ret_taken || node->kind == KP_CEDAR_JSON_NULL) {
		return KP_OK;
	}
	enum kp_status status = kp_cedar_json_value(&reader, node, type, ret_value, &err);
	if (status == KP_OK) {
		status = kp_cedar_check_value(
			self->set->schema, ret_value, type, "property", &err);
	}
	*ret_taken = status == KP_OK;
	return status == KP_E_MEMORY ? status : KP_OK;
}

/* --- properties --- */

/* What is asserted, laid over a record of what is known. */
struct projection {
	enum kp_authzen_part part;
	const struct kp_cedar_json *properties; /* may be NULL */
	bool typed;                             /* only what `type` has */
	const struct kp_cedar_type *type;       /* a record type, or NULL */
	const struct kp_cedar_record *known;    /* may be NULL */
	const struct kp_cedar_name *extra_name; /* one more of our own, or NULL */
	struct kp_cedar_value extra;
};

static struct kp_cedar_attr *
find_attr(struct kp_cedar_attr *attrs, size_t count, const struct kp_cedar_name *name)
{
	for (size_t i = 0; i < count; i++) {
		if (attrs[i].name == name) {
			return &attrs[i];
		}
	}
	return NULL;
}

static enum kp_status
project_one(struct kp_authzen_set_backend *self, const struct projection *from,
	const struct kp_cedar_json *node, struct kp_cedar_attr *attrs, size_t *count)
{
	const struct kp_authzen_caller *caller = self->caller;
	struct kp_cedar_value value;
	bool taken = false;
	if (!kp_authzen_trusts(
		    caller->trust, caller->organisation, from->part, node->name)) {
		return KP_OK;
	}
	const struct kp_cedar_name *name = kp_cedar_name(&self->names, node->name);
	if (name == NULL) {
		return KP_E_MEMORY;
	}
	struct kp_cedar_attr *known = find_attr(attrs, *count, name);
	if (known != NULL && (!caller->trust->override || name == from->extra_name)) {
		return KP_OK;
	}
	const struct kp_cedar_type_attr *declared =
		from->type == NULL ? NULL : kp_cedar_type_attr(from->type, name);
	if (from->typed && declared == NULL) {
		return KP_OK;
	}
	enum kp_status status = declared != NULL
		? convert_as(self, node, declared->type, &value, &taken)
		: convert(self, node, &value, &taken);
	if (status == KP_OK && taken) {
		known = known == NULL ? &attrs[(*count)++] : known;
		*known = (struct kp_cedar_attr){name, value};
	}
	return status;
}

static enum kp_status
project(struct kp_authzen_set_backend *self, const struct projection *from,
	const struct kp_cedar_record **ret_record)
{
	static const struct kp_cedar_record nothing = {NULL, 0};
	size_t known_count = from->known == NULL ? 0 : from->known->count;
	size_t asserted = from->properties == NULL ? 0 : from->properties->count;
	*ret_record = from->known == NULL ? &nothing : from->known;
	if (asserted == 0 && from->extra_name == NULL) {
		return KP_OK;
	}
	struct kp_cedar_attr *attrs = KP_ARENA_ARRAY(
		self->arena, struct kp_cedar_attr, known_count + asserted + 1);
	if (attrs == NULL) {
		return KP_E_MEMORY;
	}
	size_t count = 0;
	for (; count < known_count; count++) {
		attrs[count] = from->known->attrs[count];
	}
	if (from->extra_name != NULL) {
		attrs[count++] = (struct kp_cedar_attr){from->extra_name, from->extra};
	}
	enum kp_status status = KP_OK;
	const struct kp_cedar_json *node =
		from->properties == NULL ? NULL : from->properties->first;
	for (; node != NULL && status == KP_OK; node = node->next) {
		status = project_one(self, from, node, attrs, &count);
	}
	struct kp_cedar_value record;
	if (status == KP_OK) {
		status = kp_cedar_record_make(self->arena, attrs, count, &record);
	}
	if (status == KP_OK) {
		*ret_record = record.record;
	}
	return status;
}

/* --- one question --- */

/* One question as Cedar sees it. Lifetime: one evaluation. */
struct asking {
	struct kp_cedar_request request;
	/* Asserted entities before those of the set: closed, made by hand, because they
	 * take the place of what is below. */
	struct kp_cedar_entities entities;
	struct kp_cedar_entity made[2];
	struct kp_cedar_entity *items[2];
	struct kp_cedar_entity *slots[4];
};

static struct kp_slice
map_type(const struct kp_authzen_set *set, struct kp_slice type)
{
	for (size_t i = 0; i < set->type_count; i++) {
		if (kp_slice_equal(set->types[i].from, type)) {
			return set->types[i].to;
		}
	}
	return kp_cedar_path_check(type) ? type : (struct kp_slice){NULL, 0};
}

static void
put_entity(struct asking *asking, const struct kp_cedar_entity *entity)
{
	struct kp_cedar_entities *entities = &asking->entities;
	struct kp_cedar_entity *made = &asking->made[entities->count];
	size_t at = entity->uid->hash & (KP_ARRAY_LEN(asking->slots) - 1);
	while (asking->slots[at] != NULL) {
		at = (at + 1) & (KP_ARRAY_LEN(asking->slots) - 1);
	}
	*made = *entity;
	asking->slots[at] = made;
	asking->items[entities->count++] = made;
}

/* Subject or resource with its properties. *ret_uid is NULL when nothing can be it. */
static enum kp_status
add_party(struct kp_authzen_set_backend *self, const struct kp_authzen_party *party,
	enum kp_authzen_part part, struct asking *asking,
	const struct kp_cedar_uid **ret_uid)
{
	const struct kp_authzen_set *set = self->set;
	struct kp_slice type = map_type(set, party->type);
	*ret_uid = NULL;
	if (type.len == 0) {
		return KP_OK;
	}
	const struct kp_cedar_uid *uid = kp_cedar_uid_of(&self->names, type, party->id);
	if (uid == NULL) {
		return KP_E_MEMORY;
	}
	const struct kp_cedar_entity *known =
		kp_cedar_entities_find(&asking->entities, uid);
	/* Where the register says who there is, somebody else is nobody. */
	if (part == KP_AUTHZEN_SUBJECT && known == NULL &&
		kp_authzen_set_knows(set, uid->type)) {
		return KP_OK;
	}
	*ret_uid = uid;
	if (party->properties == NULL || party->properties->count == 0) {
		return KP_OK;
	}
	const struct kp_cedar_schema_entity *declared = set->schema == NULL
		? NULL
		: kp_cedar_schema_entity(set->schema, uid->type);
	struct projection from = {.part = part,
		.properties = party->properties,
		.typed = set->schema != NULL,
		.type = declared == NULL ? NULL : declared->attrs,
		.known = known == NULL ? NULL : known->attrs};
	struct kp_cedar_entity entity = {.uid = uid};
	if (known != NULL) {
		entity = *known;
	}
	enum kp_status status = project(self, &from, &entity.attrs);
	if (status == KP_OK && (known == NULL || entity.attrs != known->attrs) &&
		(known == NULL ||
			kp_cedar_entities_find(&self->set->entities, uid) == known)) {
		put_entity(asking, &entity);
	}
	return status;
}

/* context, and the properties of the action as context.action. */
static enum kp_status
add_context(struct kp_authzen_set_backend *self,
	const struct kp_authzen_question *question, struct asking *asking)
{
	const struct kp_authzen_set *set = self->set;
	const struct kp_cedar_schema_action *declared = set->schema == NULL
		? NULL
		: kp_cedar_schema_action(set->schema, asking->request.action);
	const struct kp_cedar_type *type = declared == NULL ? NULL : declared->context;
	const struct kp_cedar_type_attr *of_action =
		type == NULL ? NULL : kp_cedar_type_attr(type, set->context_action);
	struct projection context = {.part = KP_AUTHZEN_CONTEXT,
		.properties = question->context,
		.typed = set->schema != NULL,
		.type = type};
	bool wanted = set->schema == NULL
		? question->action.properties != NULL
		: of_action != NULL && of_action->type->kind == KP_CEDAR_TYPE_RECORD;
	if (wanted) {
		struct projection action = {.part = KP_AUTHZEN_ACTION,
			.properties = question->action.properties,
			.typed = set->schema != NULL,
			.type = of_action == NULL ? NULL : of_action->type};
		const struct kp_cedar_record *record;
		enum kp_status status = project(self, &action, &record);
		if (status != KP_OK) {
			return status;
		}
		context.extra_name = set->context_action;
		context.extra = (struct kp_cedar_value){
			.kind = KP_CEDAR_RECORD, .record = record};
	}
	return project(self, &context, &asking->request.context);
}

static enum kp_status
make_asking(struct kp_authzen_set_backend *self,
	const struct kp_authzen_question *question, struct asking *asking,
	bool *ret_possible)
{
	asking->entities = (struct kp_cedar_entities){.arena = self->arena,
		.below = &self->set->entities,
		.slots = asking->slots,
		.size = KP_ARRAY_LEN(asking->slots),
		.items = asking->items,
		.closed = true};
	struct kp_cedar_request *request = &asking->request;
	*ret_possible = false;
	enum kp_status status = add_party(self, &question->subject, KP_AUTHZEN_SUBJECT,
		asking, &request->principal);
	if (status != KP_OK || request->principal == NULL) {
		return status;
	}
	status = add_party(self, &question->resource, KP_AUTHZEN_RESOURCE, asking,
		&request->resource);
	if (status != KP_OK || request->resource == NULL) {
		return status;
	}
	request->action =
		kp_cedar_uid_of(&self->names, KP_SLICE("Action"), question->action.id);
	if (request->action == NULL) {
		return KP_E_MEMORY;
	}
	*ret_possible = true;
	return add_context(self, question, asking);
}

static void
explain(const struct kp_cedar_decision *decision, struct kp_authzen_verdict *verdict)
{
	verdict->reason = decision->allow    ? KP_SLICE("een regel staat dit toe")
		: decision->reason_count > 0 ? KP_SLICE("een regel verbiedt dit")
					     : KP_SLICE("geen regel staat dit toe");
	verdict->reason_en = decision->allow ? KP_SLICE("a rule permits this")
		: decision->reason_count > 0 ? KP_SLICE("a rule forbids this")
					     : KP_SLICE("no rule permits this");
	if (decision->reason_count > 0) {
		const struct kp_cedar_policy *policy = decision->reasons[0];
		const struct kp_cedar_annotation *id =
			kp_cedar_policy_annotation(policy, "id");
		verdict->rule =
			id != NULL && id->value.len > 0 ? id->value : policy->id->text;
	}
}

static enum kp_status
evaluate(struct kp_authzen_backend *backend, const struct kp_authzen_question *question,
	struct kp_authzen_verdict *ret_verdict)
{
	struct kp_authzen_set_backend *self = of(backend);
	const struct kp_authzen_set *set = self->set;
	struct asking asking = {0};
	bool possible = false;
	*ret_verdict = (struct kp_authzen_verdict){
		.reason = KP_SLICE("onbekend wie of wat, of de vraag past niet bij het "
				   "schema"),
		.reason_en = KP_SLICE("unknown who or what, or the question does not fit "
				      "the schema"),
	};
	enum kp_status status = make_asking(self, question, &asking, &possible);
	if (status != KP_OK || !possible) {
		return status;
	}
	struct kp_error err;
	if (set->schema != NULL) {
		status = kp_cedar_check_request(set->schema, &asking.request, &err);
		if (status != KP_OK) {
			return status == KP_E_MEMORY ? status : KP_OK;
		}
	}
	struct kp_cedar_decision decision = {0};
	status = kp_cedar_authorize(&set->policies, &asking.request, &asking.entities,
		KP_CEDAR_FAIL_CLOSED, self->arena, &decision, &err);
	if (status != KP_OK) {
		return KP_E_MEMORY;
	}
	ret_verdict->permit = decision.allow;
	explain(&decision, ret_verdict);
	return KP_OK;
}

static bool
candidate(struct kp_authzen_backend *backend, enum kp_authzen_api api,
	struct kp_slice type, uint64_t *cursor, struct kp_slice *ret_id)
{
	const struct kp_authzen_set *set = of(backend)->set;
	if (api == KP_AUTHZEN_SEARCH_ACTION) {
		if (*cursor >= set->action_count) {
			return false;
		}
		*ret_id = set->actions[(*cursor)++]->id->text;
		return true;
	}
	struct kp_slice wanted = map_type(set, type);
	while (*cursor < set->entities.count && wanted.len > 0) {
		const struct kp_cedar_uid *uid = set->entities.items[(*cursor)++]->uid;
		if (kp_slice_equal(uid->type->text, wanted)) {
			*ret_id = uid->id->text;
			return true;
		}
	}
	return false;
}

void
kp_authzen_set_backend_init(struct kp_authzen_set_backend *backend,
	const struct kp_authzen_set *set, const struct kp_authzen_caller *caller,
	struct kp_arena *arena)
{
	*backend = (struct kp_authzen_set_backend){
		.backend = {evaluate, candidate, set->version},
		.set = set,
		.caller = caller,
		.arena = arena};
	kp_cedar_names_init(&backend->names, arena, &set->names);
}
