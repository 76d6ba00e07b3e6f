/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* authzen_bundle: see authzen_bundle.h. */
#include "policies/authzen_bundle.h"

#include "core/bits.h"
#include "policies/authzen_work.h"
#include "policies/bundle.h"

static const struct kp_slice action_names[KP_ACTION_COUNT] = {
	[KP_ACTION_READ] = KP_SLICE_INIT("raadplegen"),
	[KP_ACTION_READ_OUTSIDE] = KP_SLICE_INIT("raadplegenBuitenWerkvoorraad"),
	[KP_ACTION_CORRECT] = KP_SLICE_INIT("corrigeren"),
	[KP_ACTION_DOCUMENT] = KP_SLICE_INIT("document"),
};

static struct kp_authzen_bundle_backend *
of(struct kp_authzen_backend *backend)
{
	return (struct kp_authzen_bundle_backend *)backend;
}

/* The last part of a URI, or the whole of a plain name. */
static bool
is_type(struct kp_slice type, const char *name)
{
	size_t at = type.len;
	while (at > 0 && memchr("/#:", type.data[at - 1], 3) == NULL) {
		at--;
	}
	struct kp_slice last = {type.data + at, type.len - at};
	return kp_slice_is(last, name);
}

static struct kp_slice
text_of(const struct kp_cedar_json *object, const char *name)
{
	const struct kp_cedar_json *member = kp_authzen_member(object, name);
	return member != NULL && member->kind == KP_CEDAR_JSON_STRING
		? member->text
		: (struct kp_slice){NULL, 0};
}

static bool
flag_of(const struct kp_cedar_json *object, const char *name)
{
	const struct kp_cedar_json *member = kp_authzen_member(object, name);
	return member != NULL && member->kind == KP_CEDAR_JSON_TRUE;
}

static bool
trusts(const struct kp_authzen_bundle_backend *self, enum kp_authzen_part part,
	const char *name)
{
	const struct kp_authzen_caller *caller = self->caller;
	return kp_authzen_trusts(
		caller->trust, caller->organisation, part, kp_slice_from(name));
}

/* A fact of the context that opens something: only when the caller may assert it. */
static bool
fact(const struct kp_authzen_bundle_backend *self, const struct kp_cedar_json *context,
	const char *name)
{
	return flag_of(context, name) && trusts(self, KP_AUTHZEN_CONTEXT, name);
}

/* --- what is asked --- */

static bool
find_action(struct kp_slice name, enum kp_action *ret_action)
{
	for (unsigned i = 0; i < KP_ACTION_COUNT; i++) {
		if (kp_slice_equal(action_names[i], name)) {
			*ret_action = (enum kp_action)i;
			return true;
		}
	}
	return false;
}

/* The purpose named, or the only one with the activity named. */
static const struct kp_purpose *
find_purpose(const struct kp_bundle *bundle, const struct kp_authzen_question *question)
{
	struct kp_slice id = text_of(question->context, "doel");
	struct kp_slice activity =
		text_of(question->action.properties, "processing_activity_id");
	const struct kp_purpose *found =
		id.len == 0 ? NULL : kp_bundle_find_purpose(bundle, id);
	if (id.len > 0) {
		/* Both are named: then they must agree. */
		bool agree = found == NULL || activity.len == 0 ||
			kp_slice_equal(found->activity_uri, activity);
		return agree ? found : NULL;
	}
	for (uint32_t i = 0; i < bundle->registers.purpose_count && activity.len > 0;
		i++) {
		const struct kp_purpose *purpose = &bundle->registers.purposes[i];
		if (!kp_slice_equal(purpose->activity_uri, activity)) {
			continue;
		}
		if (found != NULL) {
			return NULL;
		}
		found = purpose;
	}
	return found;
}

/* An employee's organisation, or the organisation that asks without anybody; and who asks
 * for it, by mandate. A caller that is not believed about that speaks for itself. */
static void
fill_organisation(const struct kp_authzen_bundle_backend *self,
	const struct kp_authzen_party *subject, struct kp_facts *facts)
{
	struct kp_slice own = self->caller->organisation;
	bool person = is_type(subject->type, "medewerker");
	struct kp_slice organisation =
		person ? text_of(subject->properties, "organisatie") : subject->id;
	struct kp_slice processor = text_of(subject->properties, "uitvoerder");
	facts->employee = person ? subject->id : (struct kp_slice){NULL, 0};
	facts->organisation = own;
	if (organisation.len > 0 && trusts(self, KP_AUTHZEN_SUBJECT, "organisatie")) {
		facts->organisation = organisation;
		if (processor.len > 0 && trusts(self, KP_AUTHZEN_SUBJECT, "uitvoerder")) {
			facts->organisation = processor;
			facts->on_behalf_of = organisation;
		}
	} else if (!person && !kp_slice_equal(organisation, own)) {
		facts->organisation = (struct kp_slice){NULL, 0}; /* nobody's */
	}
}

/* Roles of the subject: asserted when that is believed, the caller's own when it asks
 * about itself, else none. */
static enum kp_status
fill_subject(const struct kp_authzen_bundle_backend *self,
	const struct kp_authzen_party *subject, struct kp_facts *facts)
{
	const struct kp_authzen_caller *caller = self->caller;
	const struct kp_cedar_json *given =
		kp_authzen_member(subject->properties, "rollen");
	fill_organisation(self, subject, facts);
	if (caller->employee.len > 0 && kp_slice_equal(caller->employee, subject->id) &&
		!caller->trust->override) {
		facts->roles = caller->roles;
		facts->role_count = caller->role_count;
		return KP_OK;
	}
	if (given == NULL || given->kind != KP_CEDAR_JSON_ARRAY ||
		given->count > KP_AUTHZEN_ROLES_MAX ||
		!trusts(self, KP_AUTHZEN_SUBJECT, "rollen")) {
		return KP_OK;
	}
	struct kp_slice *roles =
		KP_ARENA_ARRAY(self->arena, struct kp_slice, given->count);
	if (roles == NULL) {
		return KP_E_MEMORY;
	}
	for (const struct kp_cedar_json *at = given->first; at != NULL; at = at->next) {
		if (at->kind == KP_CEDAR_JSON_STRING) {
			roles[facts->role_count++] = at->text;
		}
	}
	facts->roles = roles;
	return KP_OK;
}

static void
fill_context(const struct kp_authzen_bundle_backend *self,
	const struct kp_cedar_json *context, struct kp_facts *facts)
{
	facts->case_id = text_of(context, "zaak");
	facts->in_caseload = fact(self, context, "inWerkvoorraad");
	facts->has_case = fact(self, context, "heeftZaak");
	facts->reason_given = fact(self, context, "redenGegeven");
	facts->self = fact(self, context, "zelf");
	facts->opted_out = flag_of(context, "bezwaar"); /* it only ever closes */
	facts->now_ms = self->caller->now_ms;
}

/* --- deciding --- */

static bool
same_node(const struct kp_cedar_json *a, const struct kp_cedar_json *b)
{
	return a == b;
}

static bool
is_about(const struct kp_authzen_bundle_backend *self,
	const struct kp_authzen_question *question)
{
	const struct kp_authzen_question *about = &self->about;
	return self->decided && question->subject.node != NULL &&
		question->action.node != NULL &&
		same_node(about->subject.node, question->subject.node) &&
		same_node(about->action.node, question->action.node) &&
		same_node(about->context, question->context);
}

/* At another moment too: the logical time of the question (NL GOV) can only close, so
 * that a date of the caller's brings no overdue grant back to life. */
static enum kp_status
narrow_to_time(struct kp_authzen_bundle_backend *self,
	const struct kp_cedar_json *context, const struct kp_facts *facts)
{
	struct kp_slice text = text_of(context, "time");
	struct kp_facts then = *facts;
	struct kp_decision decision;
	if (text.len == 0 || !trusts(self, KP_AUTHZEN_CONTEXT, "time") ||
		!kp_cedar_datetime_parse(text, &then.now_ms)) {
		return KP_OK;
	}
	enum kp_status status =
		kp_bundle_decide(self->bundle, &then, self->arena, &decision);
	uint32_t words = kp_bundle_catalogue(self->bundle)->cell_words;
	for (uint32_t i = 0; status == KP_OK && i < words; i++) {
		self->cells[i] &= decision.cells[i];
	}
	return status;
}

static enum kp_status
decide(struct kp_authzen_bundle_backend *self, const struct kp_authzen_question *question)
{
	uint32_t words = kp_bundle_catalogue(self->bundle)->cell_words;
	struct kp_facts facts = {0};
	self->decided = false;
	self->purpose = find_purpose(self->bundle, question);
	self->decision = (struct kp_decision){0};
	self->cells = KP_ARENA_ARRAY(self->arena, uint64_t, words);
	if (self->cells == NULL) {
		return KP_E_MEMORY;
	}
	bool possible = (is_type(question->subject.type, "medewerker") ||
				is_type(question->subject.type, "organisatie")) &&
		find_action(question->action.id, &facts.action) && self->purpose != NULL;
	enum kp_status status =
		possible ? fill_subject(self, &question->subject, &facts) : KP_OK;
	if (status == KP_OK && possible) {
		facts.purpose = self->purpose->id;
		fill_context(self, question->context, &facts);
		status = kp_bundle_decide(
			self->bundle, &facts, self->arena, &self->decision);
		self->decisions++;
	}
	if (status == KP_OK && possible) {
		for (uint32_t i = 0; i < words; i++) {
			self->cells[i] = self->decision.cells[i];
		}
		status = narrow_to_time(self, question->context, &facts);
	}
	self->decided = status == KP_OK;
	self->about = *question;
	return status;
}

/* --- what it is about --- */

static bool
all_cells(const struct kp_authzen_bundle_backend *self, const struct kp_field *field,
	struct kp_slice source, uint32_t *ret_cell)
{
	const struct kp_catalogue *catalogue = kp_bundle_catalogue(self->bundle);
	bool any = false;
	for (uint32_t i = 0; i < field->cell_count; i++) {
		uint32_t cell = field->first_cell + i;
		uint32_t of_source = catalogue->cells[cell].source;
		if (source.len > 0 &&
			!kp_slice_equal(catalogue->sources[of_source].name, source)) {
			continue;
		}
		any = true;
		*ret_cell = cell;
		if (!kp_bits_has(self->cells, cell)) {
			return false;
		}
	}
	return any;
}

/* Every field of the resource, from every source that is meant. *ret_cell is the one that
 * decided, KP_NO_ID when the resource is unknown. */
static enum kp_status
permits(const struct kp_authzen_bundle_backend *self,
	const struct kp_authzen_party *resource, bool *ret_permit, uint32_t *ret_cell)
{
	const struct kp_catalogue *catalogue = kp_bundle_catalogue(self->bundle);
	struct kp_slice source = text_of(resource->properties, "bron");
	*ret_permit = false;
	*ret_cell = KP_NO_ID;
	if (is_type(resource->type, "veld")) {
		uint32_t field = kp_catalogue_find_field(catalogue, resource->id);
		if (field != KP_NO_ID) {
			*ret_permit = all_cells(
				self, &catalogue->fields[field], source, ret_cell);
		}
		return KP_OK;
	}
	if (!is_type(resource->type, "rubriek")) {
		return KP_OK;
	}
	uint64_t *fields = KP_ARENA_ARRAY(self->arena, uint64_t, catalogue->field_words);
	if (fields == NULL) {
		return KP_E_MEMORY;
	}
	if (!kp_catalogue_select(catalogue, resource->id, fields)) {
		return KP_OK;
	}
	*ret_permit = true;
	for (uint32_t i = 0; i < catalogue->field_count && *ret_permit; i++) {
		if (kp_bits_has(fields, i)) {
			*ret_permit =
				all_cells(self, &catalogue->fields[i], source, ret_cell);
		}
	}
	return KP_OK;
}

static enum kp_status
evaluate(struct kp_authzen_backend *backend, const struct kp_authzen_question *question,
	struct kp_authzen_verdict *ret_verdict)
{
	struct kp_authzen_bundle_backend *self = of(backend);
	enum kp_status status = is_about(self, question) ? KP_OK : decide(self, question);
	uint32_t cell = KP_NO_ID;
	bool permit = false;
	if (status == KP_OK) {
		status = permits(self, &question->resource, &permit, &cell);
	}
	*ret_verdict = (struct kp_authzen_verdict){.permit = permit};
	if (status != KP_OK || self->purpose == NULL) {
		return status;
	}
	ret_verdict->purpose = self->purpose->id;
	ret_verdict->activity = self->purpose->activity_uri;
	if (!permit && cell != KP_NO_ID && self->decision.detail != NULL) {
		struct kp_reason reason = {0};
		kp_bundle_reason(self->bundle, &self->decision, cell, &reason);
		ret_verdict->reason = reason.text;
		ret_verdict->reason_en = reason.text_en;
		ret_verdict->rule = reason.rule;
	}
	return KP_OK;
}

/* Employees are in no register of ours: searching for them finds nobody. */
static bool
candidate(struct kp_authzen_backend *backend, enum kp_authzen_api api,
	struct kp_slice type, uint64_t *cursor, struct kp_slice *ret_id)
{
	const struct kp_catalogue *catalogue = kp_bundle_catalogue(of(backend)->bundle);
	if (api == KP_AUTHZEN_SEARCH_ACTION && *cursor < KP_ACTION_COUNT) {
		*ret_id = action_names[(*cursor)++];
		return true;
	}
	if (api != KP_AUTHZEN_SEARCH_RESOURCE) {
		return false;
	}
	if (is_type(type, "veld") && *cursor < catalogue->field_count) {
		*ret_id = catalogue->fields[(*cursor)++].path;
		return true;
	}
	if (is_type(type, "rubriek") && *cursor < catalogue->section_count) {
		*ret_id = catalogue->sections[(*cursor)++].name;
		return true;
	}
	return false;
}

void
kp_authzen_bundle_backend_init(struct kp_authzen_bundle_backend *backend,
	const struct kp_bundle *bundle, const struct kp_authzen_caller *caller,
	struct kp_arena *arena)
{
	*backend = (struct kp_authzen_bundle_backend){
		.backend = {evaluate, candidate, kp_bundle_version(bundle)},
		.bundle = bundle,
		.caller = caller,
		.arena = arena};
}
