/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* conform_schema: see conform_schema.h. */
#include "conform_schema.h"

#include "cedar/check.h"
#include "cedar/check_data.h"

/* JSON begins with a brace, the human-readable syntax never does. */
static bool
is_json(struct kp_slice text)
{
	size_t at = 0;
	while (at < text.len &&
		(text.data[at] == ' ' || text.data[at] == '\n' || text.data[at] == '\r' ||
			text.data[at] == '\t')) {
		at++;
	}
	return at < text.len && text.data[at] == '{';
}

static enum kp_status
read_schema(const struct kp_conform_case *of, const struct kp_cedar_schema **ret_schema,
	struct kp_error *err)
{
	struct kp_findings findings;
	struct kp_cedar_schema_source source;
	kp_findings_init(&findings, 1);
	kp_cedar_schema_source_init(&source, of->arena, of->names);
	enum kp_status status = is_json(of->schema_text)
		? kp_cedar_schema_read_json(
			  &source, of->schema_file, of->schema_text, &findings)
		: kp_cedar_schema_read_text(
			  &source, of->schema_file, of->schema_text, &findings);
	status = status == KP_OK
		? kp_cedar_schema_make(&source, &findings, NULL, ret_schema)
		: status;
	if (status != KP_OK && findings.count > 0) {
		*err = findings.items[0];
	}
	kp_findings_deinit(&findings);
	return status;
}

static enum kp_status
guide(void *ctx, const struct kp_conform_case *of,
	const struct kp_cedar_json_guide **ret_guide, struct kp_error *err)
{
	(void)ctx;
	const struct kp_cedar_schema *schema;
	struct kp_cedar_json_guide *made =
		KP_ARENA_NEW(of->arena, struct kp_cedar_json_guide);
	if (made == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory left for the schema");
	}
	enum kp_status status = read_schema(of, &schema, err);
	if (status == KP_OK) {
		kp_cedar_schema_guide(schema, made);
		*ret_guide = made;
	}
	return status;
}

static const void *
context_type(const struct kp_cedar_json_guide *of, const struct kp_cedar_uid *action)
{
	const struct kp_cedar_schema_action *found =
		kp_cedar_schema_action(of->schema, action);
	return found == NULL ? NULL : found->context;
}

static enum kp_status
complete(const struct kp_cedar_json_guide *of, struct kp_cedar_entities *entities,
	struct kp_error *err)
{
	return kp_cedar_schema_add_actions(of->schema, entities, err);
}

static enum kp_status
check_request(const struct kp_cedar_json_guide *of,
	const struct kp_cedar_request *request, struct kp_error *err)
{
	return kp_cedar_check_request(of->schema, request, err);
}

static enum kp_status
validate(void *ctx, const struct kp_conform_case *of, bool *ret_valid,
	struct kp_error *err)
{
	(void)ctx;
	const struct kp_cedar_schema *schema;
	struct kp_findings findings;
	enum kp_status status = read_schema(of, &schema, err);
	if (status != KP_OK) {
		return status;
	}
	kp_findings_init(&findings, 1);
	status = kp_cedar_check_policies(schema, of->policies, NULL, &findings, NULL);
	*ret_valid = status == KP_OK;
	if (status != KP_OK && status != KP_E_INVALID && findings.count > 0) {
		*err = findings.items[0];
	}
	kp_findings_deinit(&findings);
	return status == KP_E_INVALID ? KP_OK : status;
}

void
kp_conform_use_schema(struct kp_conform_host *host)
{
	host->guide = guide;
	host->context_type = context_type;
	host->complete = complete;
	host->check_request = check_request;
	host->validate = validate;
}
