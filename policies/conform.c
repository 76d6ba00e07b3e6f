/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* conform: see conform.h. */
#include "conform.h"

#include <stdio.h>

#include "cedar/json_value.h"
#include "cedar/parse.h"

#define FINDINGS_MAX 4

/* Lifetime: one run of one case. */
struct run {
	const struct kp_conform_host *host;
	struct kp_conform_counts *counts;
	const struct kp_cedar_json *root;
	struct kp_cedar_json_reader reader;
	struct kp_cedar_policy_set policies;
	struct kp_cedar_entities entities;
	struct kp_conform_case of;
};

static void differ(struct run *run, const char *format, ...) KP_PRINTF(2, 3);

static void
differ(struct run *run, const char *format, ...)
{
	char what[600];
	char text[900];
	va_list args;
	run->counts->different++;
	if (run->host->difference == NULL) {
		return;
	}
	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	(void)snprintf(text, sizeof(text), "%s: %s", run->of.name, what);
	run->host->difference(run->host->ctx, text);
}

/* ---- the description ---- */

static enum kp_status
get_member(struct run *run, const struct kp_cedar_json *object, const char *name,
	enum kp_cedar_json_kind kind, const struct kp_cedar_json **ret_member,
	struct kp_error *err)
{
	*ret_member = kp_cedar_json_member(object, name);
	if (*ret_member == NULL || (*ret_member)->kind != kind) {
		return kp_cedar_json_refuse(&run->reader, object, err,
			"`%s` is absent or of another type", name);
	}
	return KP_OK;
}

/* The file that member `name` names. */
static enum kp_status
read_file(struct run *run, const char *name, const char **ret_path,
	struct kp_slice *ret_text, struct kp_error *err)
{
	const struct kp_cedar_json *member;
	enum kp_status status =
		get_member(run, run->root, name, KP_CEDAR_JSON_STRING, &member, err);
	if (status != KP_OK) {
		return status;
	}
	struct kp_slice path = kp_arena_copy(run->of.arena, member->text);
	if (path.data == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory left for the case");
	}
	*ret_path = path.data;
	return run->host->read(run->host->ctx, path.data, run->of.arena, ret_text, err);
}

/* ---- inputs: false means that a difference was noted ---- */

static bool
load_policies(struct run *run, const char *path, struct kp_slice text)
{
	struct kp_findings findings;
	char message[500] = "no memory left";
	kp_findings_init(&findings, FINDINGS_MAX);
	kp_cedar_policy_set_init(&run->policies, run->of.arena);
	enum kp_status status = kp_cedar_parse_policies(
		&run->policies, run->of.names, path, text, &findings);
	if (status != KP_OK) {
		if (findings.count > 0) {
			(void)kp_error_text(&findings.items[0], message, sizeof(message));
		}
		differ(run, "%s", message);
	}
	kp_findings_deinit(&findings);
	return status == KP_OK;
}

static bool
load_entities(struct run *run)
{
	struct kp_error why = {0};
	kp_cedar_entities_init(&run->entities, run->of.arena, NULL);
	enum kp_status status = kp_cedar_entities_parse(&run->entities, run->of.names,
		run->of.entities_text, run->reader.guide, &why);
	if (status == KP_OK && run->reader.guide != NULL && run->host->complete != NULL) {
		status = run->host->complete(run->reader.guide, &run->entities, &why);
	}
	status = status == KP_OK ? kp_cedar_entities_close(&run->entities, &why) : status;
	if (status != KP_OK) {
		char message[500];
		differ(run, "entities: %s",
			kp_error_text(&why, message, sizeof(message)));
	}
	return status == KP_OK;
}

/* ---- one request ---- */

static bool
has_id(const struct kp_cedar_json *list, struct kp_slice id)
{
	for (const struct kp_cedar_json *item = list->first; item != NULL;
		item = item->next) {
		if (kp_slice_equal(item->text, id)) {
			return true;
		}
	}
	return false;
}

/* Ids in the array differ, so equal counts and one inclusion make equal sets. */
static bool
same_reasons(const struct kp_cedar_json *list, const struct kp_cedar_decision *decision)
{
	if (list->count != decision->reason_count) {
		return false;
	}
	for (size_t i = 0; i < decision->reason_count; i++) {
		if (!has_id(list, decision->reasons[i]->id->text)) {
			return false;
		}
	}
	return true;
}

static bool
same_errors(const struct kp_cedar_json *list, const struct kp_cedar_decision *decision)
{
	if (list->count != decision->skipped_count) {
		return false;
	}
	for (size_t i = 0; i < decision->skipped_count; i++) {
		if (!has_id(list, decision->skipped[i].policy->id->text)) {
			return false;
		}
	}
	return true;
}

static void
compare(struct run *run, size_t number, const struct kp_cedar_json *expected,
	const struct kp_cedar_json *reasons, const struct kp_cedar_json *errors,
	const struct kp_cedar_decision *decision)
{
	bool allow = kp_slice_is(expected->text, "allow");
	if (allow == decision->allow && same_reasons(reasons, decision) &&
		same_errors(errors, decision)) {
		return;
	}
	char why[200] = "";
	if (decision->skipped_count > 0) {
		(void)kp_cedar_eval_error_text(
			&decision->skipped[0].error, why, sizeof(why));
	}
	differ(run,
		"request %zu: expected %s with %u reasons and %u errors, "
		"found %s with %zu and %zu %s",
		number, allow ? "allow" : "deny", (unsigned)reasons->count,
		(unsigned)errors->count, decision->allow ? "allow" : "deny",
		decision->reason_count, decision->skipped_count, why);
}

static enum kp_status
read_request(struct run *run, const struct kp_cedar_json *node,
	struct kp_cedar_request *request, struct kp_error *err)
{
	const struct {
		const char *name;
		const struct kp_cedar_uid **uid;
	} parts[] = {
		{"principal", &request->principal},
		{"action", &request->action},
		{"resource", &request->resource},
	};
	const struct kp_cedar_json *member;
	for (size_t i = 0; i < KP_ARRAY_LEN(parts); i++) {
		enum kp_status status = get_member(
			run, node, parts[i].name, KP_CEDAR_JSON_OBJECT, &member, err);
		status = status == KP_OK
			? kp_cedar_json_uid(&run->reader, member, parts[i].uid, err)
			: status;
		if (status != KP_OK) {
			return status;
		}
	}
	const struct kp_cedar_json_guide *guide = run->reader.guide;
	const void *type =
		guide == NULL ? NULL : run->host->context_type(guide, request->action);
	struct kp_cedar_value context;
	enum kp_status status =
		get_member(run, node, "context", KP_CEDAR_JSON_OBJECT, &member, err);
	status = status == KP_OK
		? kp_cedar_json_value(&run->reader, member, type, &context, err)
		: status;
	if (status == KP_OK && context.kind != KP_CEDAR_RECORD) {
		status = kp_cedar_json_refuse(
			&run->reader, member, err, "the context is not a record");
	}
	if (status != KP_OK) {
		return status;
	}
	request->context = context.record;
	const struct kp_cedar_json *check = kp_cedar_json_member(node, "validateRequest");
	if (guide == NULL || run->host->check_request == NULL ||
		(check != NULL && check->kind == KP_CEDAR_JSON_FALSE)) {
		return KP_OK;
	}
	return run->host->check_request(guide, request, err);
}

static enum kp_status
run_request(struct run *run, size_t number, const struct kp_cedar_json *node,
	struct kp_error *err)
{
	const struct kp_cedar_json *expected;
	const struct kp_cedar_json *reasons;
	const struct kp_cedar_json *errors;
	struct kp_cedar_request request;
	struct kp_cedar_decision decision;
	struct kp_error why = {0};
	enum kp_status status =
		get_member(run, node, "decision", KP_CEDAR_JSON_STRING, &expected, err);
	status = status == KP_OK
		? get_member(run, node, "reason", KP_CEDAR_JSON_ARRAY, &reasons, err)
		: status;
	status = status == KP_OK
		? get_member(run, node, "errors", KP_CEDAR_JSON_ARRAY, &errors, err)
		: status;
	if (status != KP_OK) {
		return status;
	}
	run->counts->decisions++;
	status = read_request(run, node, &request, &why);
	status = status == KP_OK
		? kp_cedar_authorize(&run->policies, &request, &run->entities,
			  KP_CEDAR_PLAIN, run->of.arena, &decision, &why)
		: status;
	if (status != KP_OK) {
		char message[500];
		differ(run, "request %zu: %s", number,
			kp_error_text(&why, message, sizeof(message)));
		return KP_OK;
	}
	compare(run, number, expected, reasons, errors, &decision);
	return KP_OK;
}

/* ---- the case ---- */

static enum kp_status
run_verdict(struct run *run, struct kp_error *err)
{
	bool valid = false;
	if (run->host->validate == NULL) {
		return KP_OK;
	}
	enum kp_status status =
		run->host->validate(run->host->ctx, &run->of, &valid, err);
	if (status != KP_OK) {
		return status;
	}
	run->counts->verdicts++;
	if (valid != run->of.should_validate) {
		differ(run, "expected that it %s, found that it %s",
			run->of.should_validate ? "validates" : "does not validate",
			valid ? "validates" : "does not");
	}
	return KP_OK;
}

static enum kp_status
run_case(struct run *run, struct kp_error *err)
{
	const struct kp_cedar_json *requests;
	const struct kp_cedar_json *should =
		kp_cedar_json_member(run->root, "shouldValidate");
	const char *policies_path = NULL;
	const char *entities_path = NULL;
	struct kp_slice policies_text = {NULL, 0};
	enum kp_status status = get_member(
		run, run->root, "requests", KP_CEDAR_JSON_ARRAY, &requests, err);
	status = status == KP_OK
		? read_file(run, "policies", &policies_path, &policies_text, err)
		: status;
	status = status == KP_OK
		? read_file(run, "entities", &entities_path, &run->of.entities_text, err)
		: status;
	status = status == KP_OK ? read_file(run, "schema", &run->of.schema_file,
					   &run->of.schema_text, err)
				 : status;
	if (status != KP_OK) {
		return status;
	}
	run->counts->cases++;
	run->of.should_validate = should == NULL || should->kind == KP_CEDAR_JSON_TRUE;
	if (run->host->guide != NULL) {
		status = run->host->guide(
			run->host->ctx, &run->of, &run->reader.guide, err);
		if (status != KP_OK) {
			return status;
		}
	}
	if (!load_policies(run, policies_path, policies_text) || !load_entities(run)) {
		run->counts->decisions += requests->count;
		return KP_OK;
	}
	status = run_verdict(run, err);
	size_t number = 0;
	for (const struct kp_cedar_json *request = requests->first;
		status == KP_OK && request != NULL; request = request->next) {
		status = run_request(run, number++, request, err);
	}
	return status;
}

enum kp_status
kp_conform_run(const struct kp_conform_host *host, const char *name, struct kp_slice text,
	struct kp_conform_counts *counts, struct kp_error *err)
{
	struct kp_arena arena;
	struct kp_cedar_names names;
	struct run run = {.host = host, .counts = counts};
	kp_arena_init(&arena, KP_CONFORM_CASE_BYTES_MAX, NULL);
	kp_cedar_names_init(&names, &arena, NULL);
	run.reader = (struct kp_cedar_json_reader){
		.arena = &arena, .names = &names, .text = {.text = text}};
	run.of = (struct kp_conform_case){.name = name,
		.arena = &arena,
		.names = &names,
		.policies = &run.policies};
	enum kp_status status = kp_cedar_json_open(&run.reader, &arena, &run.root, err);
	status = status == KP_OK ? run_case(&run, err) : status;
	kp_arena_deinit(&arena);
	return status;
}
