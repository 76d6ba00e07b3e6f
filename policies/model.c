/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* model: see model.h. */
#include "policies/model.h"

#include "policies/cedar/check_data.h"

static const char *const action_names[KP_ACTION_COUNT] = {
	[KP_ACTION_READ] = "raadplegen",
	[KP_ACTION_READ_OUTSIDE] = "raadplegenBuitenWerkvoorraad",
	[KP_ACTION_CORRECT] = "corrigeren",
	[KP_ACTION_DOCUMENT] = "document",
};

static const char *const fact_names[KP_FACT_COUNT] = {
	[KP_FACT_IN_CASELOAD] = "inWerkvoorraad",
	[KP_FACT_HAS_CASE] = "heeftZaak",
	[KP_FACT_CASE_NAMED] = "zaakGenoemd",
	[KP_FACT_REASON_GIVEN] = "redenGegeven",
	[KP_FACT_OPTED_OUT] = "bezwaar",
	[KP_FACT_SELF] = "zelf",
};

const char *
kp_action_name(enum kp_action action)
{
	return action_names[action];
}

unsigned
kp_model_facts(const struct kp_facts *facts)
{
	const bool values[KP_FACT_COUNT] = {
		[KP_FACT_IN_CASELOAD] = facts->in_caseload,
		[KP_FACT_HAS_CASE] = facts->has_case,
		[KP_FACT_CASE_NAMED] = facts->case_id.len > 0,
		[KP_FACT_REASON_GIVEN] = facts->reason_given,
		[KP_FACT_OPTED_OUT] = facts->opted_out,
		[KP_FACT_SELF] = facts->self,
	};
	unsigned bits = 0;
	for (unsigned i = 0; i < KP_FACT_COUNT; i++) {
		bits |= values[i] ? 1u << i : 0;
	}
	return bits;
}

/* One filling. Lifetime: the call of kp_model_create. */
struct build {
	struct kp_arena *arena;
	struct kp_model *model;
	const struct kp_cedar_schema *schema;
	struct kp_findings *findings;
	struct kp_error err;
};

static const struct kp_cedar_uid *
make_uid(struct build *build, const char *type, struct kp_slice id)
{
	return kp_cedar_uid_of(&build->model->names, kp_slice_from(type), id);
}

static enum kp_status
add_entity(struct build *build, const struct kp_cedar_uid *uid,
	const struct kp_cedar_uid *const *parents, size_t parent_count,
	struct kp_cedar_attr *attrs, size_t attr_count)
{
	struct kp_cedar_value record;
	enum kp_status status =
		kp_cedar_record_make(build->arena, attrs, attr_count, &record);
	const struct kp_cedar_uid **kept =
		KP_ARENA_ARRAY(build->arena, const struct kp_cedar_uid *, parent_count);
	if (status != KP_OK || kept == NULL) {
		return status != KP_OK ? status : KP_E_MEMORY;
	}
	for (size_t i = 0; i < parent_count; i++) {
		kept[i] = parents[i];
	}
	struct kp_cedar_entity entity = {
		.uid = uid,
		.attrs = record.record,
		.parents = kept,
		.parent_count = parent_count,
	};
	return kp_cedar_entities_add(&build->model->entities, &entity, &build->err);
}

/* An entity without attributes, in at most one other. */
static enum kp_status
add_plain(struct build *build, const char *type, struct kp_slice id,
	const struct kp_cedar_uid *parent, const struct kp_cedar_uid **ret_uid)
{
	const struct kp_cedar_uid *uid = make_uid(build, type, id);
	if (uid == NULL) {
		return KP_E_MEMORY;
	}
	*ret_uid = uid;
	return add_entity(build, uid, &parent, parent != NULL ? 1 : 0, NULL, 0);
}

static enum kp_status
add_roles(struct build *build)
{
	const struct kp_registers *registers = build->model->registers;
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; i < registers->role_count && status == KP_OK; i++) {
		status = add_plain(build, "Rol", registers->roles[i].id, NULL,
			&build->model->roles[i]);
	}
	return status;
}

static enum kp_status
add_organisations(struct build *build)
{
	const struct kp_registers *registers = build->model->registers;
	const struct kp_cedar_uid *kinds[KP_ORGANISATION_KINDS_MAX];
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; i < registers->kind_count && status == KP_OK; i++) {
		status = add_plain(build, "Organisatiesoort", registers->kinds[i].id,
			NULL, &kinds[i]);
	}
	for (uint32_t i = 0; i < registers->organisation_count && status == KP_OK; i++) {
		const struct kp_organisation *organisation = &registers->organisations[i];
		const struct kp_cedar_uid *parents[2] = {kinds[organisation->kind]};
		size_t parent_count = 1;
		if (organisation->parent != KP_NO_ID) {
			parents[parent_count++] = make_uid(build, "Organisatie",
				registers->organisations[organisation->parent].oin);
		}
		const struct kp_cedar_uid *uid =
			make_uid(build, "Organisatie", organisation->oin);
		if (uid == NULL || parents[parent_count - 1] == NULL) {
			return KP_E_MEMORY;
		}
		build->model->organisations[i] = uid;
		status = add_entity(build, uid, parents, parent_count, NULL, 0);
	}
	return status;
}

/* The attributes that a rule may ask of a purpose. A law has them too, all false, so that
 * the type has one shape. */
static enum kp_status
add_purpose(struct build *build, const struct kp_purpose *purpose,
	const struct kp_cedar_uid *uid, const struct kp_cedar_uid *parent)
{
	const struct {
		const char *name;
		bool value;
	} flags[] = {
		{"bezwaarMogelijk", purpose != NULL && purpose->opt_out},
		{"vertrouwelijk", purpose != NULL && purpose->confidential},
		{"alleenMachine", purpose != NULL && purpose->machine_only},
		{"werkvoorraadVereist", purpose != NULL && purpose->caseload_required},
	};
	struct kp_cedar_attr *attrs =
		KP_ARENA_ARRAY(build->arena, struct kp_cedar_attr, KP_ARRAY_LEN(flags));
	if (attrs == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(flags); i++) {
		attrs[i].name =
			kp_cedar_name(&build->model->names, kp_slice_from(flags[i].name));
		attrs[i].value = kp_cedar_bool(flags[i].value);
		if (attrs[i].name == NULL) {
			return KP_E_MEMORY;
		}
	}
	return add_entity(
		build, uid, &parent, parent != NULL ? 1 : 0, attrs, KP_ARRAY_LEN(flags));
}

static enum kp_status
add_purposes(struct build *build)
{
	const struct kp_registers *registers = build->model->registers;
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; i < registers->law_count && status == KP_OK; i++) {
		const struct kp_cedar_uid *uid =
			make_uid(build, "Doel", registers->laws[i].id);
		status = uid == NULL ? KP_E_MEMORY : add_purpose(build, NULL, uid, NULL);
	}
	for (uint32_t i = 0; i < registers->purpose_count && status == KP_OK; i++) {
		const struct kp_purpose *purpose = &registers->purposes[i];
		const struct kp_cedar_uid *uid = make_uid(build, "Doel", purpose->id);
		const struct kp_cedar_uid *parent =
			make_uid(build, "Doel", purpose->parent);
		build->model->purposes[i] = uid;
		status = uid == NULL || parent == NULL
			? KP_E_MEMORY
			: add_purpose(build, purpose, uid, parent);
	}
	return status;
}

/* Rubriek::"persoon", Rubriek::"persoon.naam", Rubriek::"persoon.naam.voornamen", each in
 * the one before. Adding the same one again changes nothing. */
static enum kp_status
add_branch(
	struct build *build, struct kp_slice path, const struct kp_cedar_uid **ret_leaf)
{
	const struct kp_cedar_uid *parent = NULL;
	for (size_t len = 1; len <= path.len; len++) {
		if (len < path.len && path.data[len] != '.') {
			continue;
		}
		enum kp_status status = add_plain(build, "Rubriek",
			(struct kp_slice){path.data, len}, parent, &parent);
		if (status != KP_OK) {
			return status;
		}
	}
	*ret_leaf = parent;
	return KP_OK;
}

static enum kp_status
add_cell(struct build *build, uint32_t cell, const struct kp_cedar_uid *const *sources,
	const struct kp_cedar_uid *leaf)
{
	const struct kp_catalogue *catalogue = build->model->catalogue;
	const struct kp_field *field = &catalogue->fields[catalogue->cells[cell].field];
	uint32_t source = catalogue->cells[cell].source;
	char *id = kp_arena_printf(build->arena, "%.*s@%.*s", KP_SLICE_ARG(field->path),
		KP_SLICE_ARG(catalogue->sources[source].name));
	struct kp_cedar_attr *attrs =
		KP_ARENA_ARRAY(build->arena, struct kp_cedar_attr, 2);
	if (id == NULL || attrs == NULL) {
		return KP_E_MEMORY;
	}
	attrs[0].name = kp_cedar_name(&build->model->names, KP_SLICE("gevoeligheid"));
	attrs[0].value = kp_cedar_long(field->sensitivity);
	attrs[1].name = kp_cedar_name(&build->model->names, KP_SLICE("derde"));
	attrs[1].value = kp_cedar_bool(field->third_person);
	const struct kp_cedar_uid *uid = make_uid(build, "Veld", kp_slice_from(id));
	if (uid == NULL || attrs[0].name == NULL || attrs[1].name == NULL) {
		return KP_E_MEMORY;
	}
	build->model->cells[cell] = uid;
	const struct kp_cedar_uid *parents[2] = {leaf, sources[source]};
	return add_entity(build, uid, parents, 2, attrs, 2);
}

static enum kp_status
add_catalogue(struct build *build)
{
	const struct kp_catalogue *catalogue = build->model->catalogue;
	const struct kp_cedar_uid **sources = KP_ARENA_ARRAY(
		build->arena, const struct kp_cedar_uid *, catalogue->source_count);
	if (sources == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; i < catalogue->source_count && status == KP_OK; i++) {
		status = add_plain(
			build, "Bron", catalogue->sources[i].name, NULL, &sources[i]);
	}
	for (uint32_t i = 0; i < catalogue->field_count && status == KP_OK; i++) {
		const struct kp_field *field = &catalogue->fields[i];
		const struct kp_cedar_uid *leaf = NULL;
		status = add_branch(build, field->path, &leaf);
		for (uint32_t j = 0; j < field->cell_count && status == KP_OK; j++) {
			status = add_cell(build, field->first_cell + j, sources, leaf);
		}
	}
	return status;
}

/* Actions with the groups that the schema puts them in. */
static enum kp_status
add_actions(struct build *build)
{
	struct kp_model *model = build->model;
	enum kp_status status =
		kp_cedar_schema_add_actions(build->schema, &model->entities, &build->err);
	for (unsigned i = 0; i < KP_ACTION_COUNT && status == KP_OK; i++) {
		model->actions[i] =
			make_uid(build, "Action", kp_slice_from(action_names[i]));
		if (model->actions[i] == NULL) {
			return KP_E_MEMORY;
		}
		if (kp_cedar_entities_find(&model->entities, model->actions[i]) == NULL) {
			status = kp_error_set(&build->err, KP_E_CONFIG,
				"the schema does not declare action \"%s\"",
				action_names[i]);
		}
	}
	return status;
}

static bool
make_names(struct kp_model *model)
{
	struct kp_cedar_names *names = &model->names;
	model->principal_type = kp_cedar_name(names, KP_SLICE("Medewerker"));
	model->attr_organisation = kp_cedar_name(names, KP_SLICE("organisatie"));
	model->attr_purpose = kp_cedar_name(names, KP_SLICE("doel"));
	model->attr_now = kp_cedar_name(names, KP_SLICE("nu"));
	bool all = model->principal_type != NULL && model->attr_organisation != NULL &&
		model->attr_purpose != NULL && model->attr_now != NULL;
	for (unsigned i = 0; i < KP_FACT_COUNT; i++) {
		model->attr_facts[i] = kp_cedar_name(names, kp_slice_from(fact_names[i]));
		all = all && model->attr_facts[i] != NULL;
	}
	return all;
}

/* Records have their members in the order of the names' numbers. */
static void
order_context(struct kp_model *model)
{
	for (unsigned i = 0; i < KP_CONTEXT_COUNT; i++) {
		const struct kp_cedar_name *name = i < KP_FACT_COUNT
			? model->attr_facts[i]
			: i == KP_FACT_COUNT ? model->attr_purpose
					     : model->attr_now;
		unsigned at = i;
		for (; at > 0 && model->context[at - 1].name->index > name->index; at--) {
			model->context[at] = model->context[at - 1];
		}
		model->context[at].name = name;
	}
	for (unsigned i = 0; i < KP_CONTEXT_COUNT; i++) {
		const struct kp_cedar_name *name = model->context[i].name;
		unsigned fact = 0;
		while (fact < KP_FACT_COUNT && model->attr_facts[fact] != name) {
			fact++;
		}
		fact += name == model->attr_now ? 1 : 0;
		model->context_at[fact] = (uint8_t)i;
	}
}

static bool
make_room(struct kp_arena *arena, struct kp_model *model)
{
	const struct kp_registers *registers = model->registers;
	model->cells = KP_ARENA_ARRAY(
		arena, const struct kp_cedar_uid *, model->catalogue->cell_count);
	model->purposes = KP_ARENA_ARRAY(
		arena, const struct kp_cedar_uid *, registers->purpose_count);
	model->organisations = KP_ARENA_ARRAY(
		arena, const struct kp_cedar_uid *, registers->organisation_count);
	model->roles =
		KP_ARENA_ARRAY(arena, const struct kp_cedar_uid *, registers->role_count);
	return model->cells != NULL && model->purposes != NULL &&
		model->organisations != NULL && model->roles != NULL;
}

void
kp_model_begin(struct kp_arena *arena, const struct kp_catalogue *catalogue,
	const struct kp_registers *registers, struct kp_model *model)
{
	*model = (struct kp_model){
		.arena = arena, .catalogue = catalogue, .registers = registers};
	kp_cedar_names_init(&model->names, arena, NULL);
	kp_cedar_entities_init(&model->entities, arena, NULL);
}

static enum kp_status
fill(struct build *build)
{
	static enum kp_status (*const steps[])(struct build *) = {
		add_roles, add_organisations, add_purposes, add_catalogue, add_actions};
	enum kp_status status = KP_OK;
	for (size_t i = 0; i < KP_ARRAY_LEN(steps) && status == KP_OK; i++) {
		status = steps[i](build);
	}
	if (status == KP_OK) {
		status = kp_cedar_entities_close(&build->model->entities, &build->err);
	}
	return status;
}

static void
report(struct build *build)
{
	build->err.status = KP_E_CONFIG;
	kp_error_at(&build->err, "schema.cedarschema", 0, 0, NULL);
	kp_findings_add(build->findings, &build->err);
}

/* The entities of one kind are alike: the first that does not fit says it for all. */
static bool
entities_fit(struct build *build)
{
	const struct kp_cedar_entities *entities = &build->model->entities;
	for (size_t i = 0; i < entities->count; i++) {
		if (kp_cedar_check_entity(
			    build->schema, entities->items[i], &build->err) != KP_OK) {
			report(build);
			return false;
		}
	}
	return true;
}

/* A request as every request is, for each action. */
static enum kp_status
check_requests(struct build *build)
{
	const struct kp_model *model = build->model;
	struct kp_cedar_names names;
	struct kp_cedar_entities entities;
	kp_cedar_names_init(&names, build->arena, &model->names);
	kp_cedar_entities_init(&entities, build->arena, &model->entities);
	struct kp_cedar_request request = {.resource = model->cells[0]};
	enum kp_status status = kp_model_add_principal(
		model, &names, &entities, KP_SLICE("x"), 0, NULL, 0, &request.principal);
	if (status == KP_OK) {
		status = kp_model_context(model, build->arena, 0, 0, 0, &request.context);
	}
	if (status != KP_OK) {
		return status;
	}
	if (kp_cedar_check_entity(build->schema, entities.items[0], &build->err) !=
		KP_OK) {
		report(build);
		return KP_E_CONFIG;
	}
	for (unsigned i = 0; i < KP_ACTION_COUNT; i++) {
		request.action = model->actions[i];
		if (kp_cedar_check_request(build->schema, &request, &build->err) !=
			KP_OK) {
			report(build);
			return KP_E_CONFIG;
		}
	}
	return KP_OK;
}

enum kp_status
kp_model_create(struct kp_model *model, const struct kp_cedar_schema *schema,
	struct kp_findings *findings)
{
	if (!make_names(model) || !make_room(model->arena, model)) {
		return KP_E_MEMORY;
	}
	order_context(model);
	struct build build = {.arena = model->arena,
		.model = model,
		.schema = schema,
		.findings = findings};
	enum kp_status status = fill(&build);
	if (status != KP_OK) {
		if (status != KP_E_MEMORY) {
			report(&build);
		}
		return status == KP_E_MEMORY ? KP_E_MEMORY : KP_E_CONFIG;
	}
	return entities_fit(&build) ? check_requests(&build) : KP_E_CONFIG;
}

enum kp_status
kp_model_add_principal(const struct kp_model *model, struct kp_cedar_names *names,
	struct kp_cedar_entities *entities, struct kp_slice employee,
	uint32_t organisation, const uint32_t *roles, size_t role_count,
	const struct kp_cedar_uid **ret_uid)
{
	struct kp_arena *arena = entities->arena;
	const struct kp_cedar_name *id = kp_cedar_name(names, employee);
	const struct kp_cedar_uid *uid =
		id == NULL ? NULL : kp_cedar_uid(names, model->principal_type, id);
	const struct kp_cedar_uid **parents =
		KP_ARENA_ARRAY(arena, const struct kp_cedar_uid *, role_count);
	struct kp_cedar_attr *attr = KP_ARENA_NEW(arena, struct kp_cedar_attr);
	if (uid == NULL || parents == NULL || attr == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < role_count; i++) {
		parents[i] = model->roles[roles[i]];
	}
	attr->name = model->attr_organisation;
	attr->value = kp_cedar_entity_value(model->organisations[organisation]);
	struct kp_cedar_value record;
	enum kp_status status = kp_cedar_record_make(arena, attr, 1, &record);
	if (status != KP_OK) {
		return status;
	}
	struct kp_cedar_entity entity = {
		.uid = uid,
		.attrs = record.record,
		.parents = parents,
		.parent_count = role_count,
	};
	struct kp_error err;
	*ret_uid = uid;
	return kp_cedar_entities_add(entities, &entity, &err);
}

enum kp_status
kp_model_context(const struct kp_model *model, struct kp_arena *arena, uint32_t purpose,
	unsigned facts, int64_t now_ms, const struct kp_cedar_record **ret_context)
{
	struct kp_cedar_attr *attrs =
		KP_ARENA_ARRAY(arena, struct kp_cedar_attr, KP_CONTEXT_COUNT);
	struct kp_cedar_record *record = KP_ARENA_NEW(arena, struct kp_cedar_record);
	if (attrs == NULL || record == NULL) {
		return KP_E_MEMORY;
	}
	memcpy(attrs, model->context, sizeof(model->context));
	for (unsigned i = 0; i < KP_FACT_COUNT; i++) {
		attrs[model->context_at[i]].value =
			kp_cedar_bool(((facts >> i) & 1) != 0);
	}
	attrs[model->context_at[KP_FACT_COUNT]].value =
		kp_cedar_entity_value(model->purposes[purpose]);
	attrs[model->context_at[KP_FACT_COUNT + 1]].value =
		(struct kp_cedar_value){.kind = KP_CEDAR_DATETIME, .integer = now_ms};
	*record = (struct kp_cedar_record){.attrs = attrs, .count = KP_CONTEXT_COUNT};
	*ret_context = record;
	return KP_OK;
}
