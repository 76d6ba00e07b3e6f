/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* assemble: see assemble.h. */
#include "assemble.h"

#include <time.h>

#include "answer_headers.h"
#include "assemble_conditions.h"
#include "assemble_identity.h"
#include "config/options.h"
#include "crypto/approvals.h"
#include "crypto/crypto.h"
#include "delivery_log.h"
#include "table_log.h"
#include "io/file.h"
#include "openapi.h"
#include "policies/authzen.h"

#define FILES_BYTES_MAX ((size_t)256 * 1024 * 1024)

static int64_t
now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
add_error(struct kp_findings *findings, enum kp_status status, const char *what)
{
	struct kp_error err;
	(void)kp_error_set(&err, status, "%s", what);
	kp_findings_add(findings, &err);
}

static struct kp_policy_file *
as_policy_files(struct kp_arena *arena, const struct kp_config_file *files, size_t count)
{
	struct kp_policy_file *copies =
		KP_ARENA_ARRAY(arena, struct kp_policy_file, count);
	for (size_t i = 0; copies != NULL && i < count; i++) {
		copies[i].name = files[i].name;
		copies[i].text = files[i].text;
	}
	return copies;
}

/* Rules that are not signed as the configuration demands do not load. */
static enum kp_status
check_approvals(const struct kp_config *config, const struct kp_bundle *bundle,
	struct kp_arena *arena, struct kp_findings *findings)
{
	if (config->policies_signatures_required == 0) {
		return KP_OK;
	}
	struct kp_slice approvals = {"", 0};
	struct kp_slice signers = {"", 0};
	struct kp_error reason = {0};
	struct kp_error err = {0};
	const char *path = kp_arena_printf(
		arena, "%s/%s", config->policies_folder, KP_APPROVALS_FILE);
	enum kp_status status = path == NULL
		? KP_E_MEMORY
		: kp_file_read_all(
			  path, arena, KP_APPROVALS_BYTES_MAX, &approvals, &reason);
	if (status == KP_OK) {
		status = kp_file_read_all(config->policies_signers_file, arena,
			KP_APPROVALS_BYTES_MAX, &signers, &reason);
	}
	if (status == KP_OK) {
		status = kp_approvals_check(approvals, signers, kp_bundle_version(bundle),
			(uint32_t)config->policies_signatures_required, now_ms(),
			&reason);
	}
	if (status != KP_OK && status != KP_E_MEMORY) {
		(void)kp_error_set(&err, KP_E_CONFIG,
			"the rules must be signed by %u people (policies."
			"signatures_required), in " KP_APPROVALS_FILE ": %s",
			(unsigned)config->policies_signatures_required, reason.message);
		kp_findings_add(findings, &err);
		return KP_E_CONFIG;
	}
	return status;
}

/* Our own rules load and are signed. `ret_bundle` may be NULL. */
static enum kp_status
check_rules(const struct kp_config *config, const struct kp_policy_file *files,
	size_t count, struct kp_arena *arena, struct kp_findings *findings,
	struct kp_bundle **ret_bundle)
{
	struct kp_bundle_options options = {.digest = kp_sha256, .now_ms = now_ms()};
	struct kp_bundle *bundle = NULL;
	enum kp_status status =
		kp_bundle_create(files, count, &options, findings, &bundle);
	if (status == KP_OK) {
		status = check_approvals(config, bundle, arena, findings);
	}
	if (status == KP_OK && ret_bundle != NULL) {
		*ret_bundle = bundle;
	} else {
		kp_bundle_unref(&bundle);
	}
	return status;
}

static enum kp_status
make_bundle(const struct kp_config *config, struct kp_arena *arena,
	struct kp_findings *findings, struct kp_bundle **ret_bundle)
{
	struct kp_config_file *files = NULL;
	size_t count = 0;
	enum kp_status status =
		kp_config_read_policies(config, arena, findings, &files, &count);
	if (status != KP_OK) {
		return status;
	}
	struct kp_policy_file *policies = as_policy_files(arena, files, count);
	if (policies == NULL) {
		return KP_E_MEMORY;
	}
	const struct kp_policy_file *all = NULL;
	size_t all_count = 0;
	status = kp_assemble_conditions(
		config, arena, findings, policies, count, &all, &all_count);
	if (status != KP_OK) {
		return status;
	}
	/* People signed our own rules; partners' conditions only ever take away. */
	status = check_rules(config, policies, count, arena, findings,
		all_count > count ? NULL : ret_bundle);
	if (status != KP_OK || all_count == count) {
		return status;
	}
	struct kp_bundle_options options = {.digest = kp_sha256, .now_ms = now_ms()};
	return kp_bundle_create(all, all_count, &options, findings, ret_bundle);
}

static enum kp_status
make_sources(struct kp_config *config, const struct kp_assemble_means *means,
	const struct kp_tls_token *token, const struct kp_catalogue *catalogue,
	struct kp_arena *arena, struct kp_findings *findings,
	struct kp_source_set **ret_sources)
{
	struct kp_config_file *files = NULL;
	size_t count = 0;
	enum kp_status status =
		kp_config_read_manifests(config, arena, findings, &files, &count);
	if (status != KP_OK) {
		return status;
	}
	const char *const *private_paths = NULL;
	status = kp_config_private_paths(config, arena, &private_paths);
	struct kp_manifest_file *manifests =
		KP_ARENA_ARRAY(arena, struct kp_manifest_file, count);
	if (status != KP_OK || manifests == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		manifests[i].name = files[i].name;
		manifests[i].text = files[i].text;
	}
	const struct kp_pseudonym_key *key = config->pseudonym_key_count == 0
		? NULL
		: &config->pseudonym_keys[config->pseudonym_key_current];
	bool serving = means->journal != NULL;
	bool programs =
		config->sources_programs && (!serving || means->attendant != NULL);
	struct kp_source_set_options options = {.catalogue = catalogue,
		.files = manifests,
		.file_count = count,
		.folder = config->folder,
		.private_paths = private_paths,
		.secret = kp_config_secret,
		.secret_context = config,
		.index_key = key == NULL
			? KP_SLICE("")
			: (struct kp_slice){(const char *)key->key, sizeof(key->key)},
		.token = token,
		.plugins = config->plugins,
		.plugin_count = config->plugin_count,
		.bsn_in_url = config->sources_bsn_in_url,
		.socket_folder = programs ? config->sources_socket_folder : NULL,
		.attendant = means->attendant,
		.tell = kp_delivery_log,
		.tell_table = kp_table_log,
		.tell_context = means->logger};
	return kp_source_set_create(&options, findings, ret_sources);
}

/* What can be wrong with the decision point's options, apart from its set. */
static enum kp_status
check_authzen(const struct kp_config *config, struct kp_arena *arena,
	struct kp_findings *findings)
{
	struct kp_authzen_trust trust;
	struct kp_error err;
	enum kp_status status =
		kp_authzen_trust_parse(arena, config->authzen_assert, &trust, &err);
	if (status == KP_OK && config->authzen_base_url.len > 0 &&
		!kp_authzen_base_url_valid(
			config->authzen_base_url, config->identity_development)) {
		status = kp_error_set(&err, KP_E_CONFIG,
			"an https address is needed, without query, fragment or a slash "
			"at its end");
		kp_error_at(&err, config->path, 0, 0, "/authzen/base_url");
	} else if (status != KP_OK) {
		kp_error_at(&err, config->path, 0, 0, "/authzen/assert");
	}
	if (status != KP_OK) {
		kp_findings_add(findings, &err);
	}
	return status;
}

static enum kp_status
make_authzen_set(const struct kp_config *config, struct kp_arena *arena,
	struct kp_findings *findings, struct kp_authzen_set **ret_set)
{
	struct kp_config_file *files = NULL;
	size_t count = 0;
	enum kp_status status = check_authzen(config, arena, findings);
	if (status != KP_OK || !config->authzen_enabled ||
		config->authzen_policy_set[0] == '\0') {
		return status;
	}
	status = kp_config_read_policy_set(config, arena, findings, &files, &count);
	if (status != KP_OK) {
		return status;
	}
	struct kp_policy_file *policies = as_policy_files(arena, files, count);
	return policies == NULL
		? KP_E_MEMORY
		: kp_authzen_set_create(policies, count, kp_sha256, findings, ret_set);
}

/* The same reading as at start, so that `check` and a reload find what a start would. */
static enum kp_status
check_notice(const struct kp_config *config, struct kp_arena *arena,
	struct kp_findings *findings)
{
	const struct {
		const char *place;
		struct kp_slice day;
	} days[] = {{"/api/deprecated_on", config->api_deprecated_on},
		{"/api/sunset_on", config->api_sunset_on}};
	enum kp_status worst = KP_OK;
	for (size_t i = 0; i < KP_ARRAY_LEN(days); i++) {
		struct kp_answer_notice notice;
		struct kp_error err = {0};
		enum kp_status status = kp_answer_notice_make(
			arena, days[i].day, KP_SLICE(""), KP_SLICE(""), &notice);
		if (status == KP_E_INVALID) {
			status = kp_error_set(
				&err, KP_E_CONFIG, "a day is needed, such as 2027-01-31");
			kp_error_at(&err, config->path, 0, 0, days[i].place);
			kp_findings_add(findings, &err);
		}
		worst = status != KP_OK ? status : worst;
	}
	return worst;
}

/* The number a row of the section quota has: for everybody, or for an organisation. */
static uint32_t
quota_number(const struct kp_config *config, const struct kp_config_quota *quota,
	const char *name)
{
	for (size_t i = 0; i < kp_option_count(); i++) {
		const struct kp_option *option = kp_option_get(i);
		uint64_t number;
		if (strcmp(option->section, "quota") == 0 &&
			strcmp(option->name, name) == 0) {
			memcpy(&number, (const char *)config + option->offset,
				sizeof(number));
			return (uint32_t)(quota == NULL ? number : quota->values[i]);
		}
	}
	KP_UNREACHABLE();
}

static struct kp_quota_limits
quota_limits(const struct kp_config *config, const struct kp_config_quota *quota)
{
	struct kp_quota_limits limits;
	const struct {
		const char *name;
		uint32_t *number;
	} rows[] = {
		{"refused_per_minute", &limits.refused_per_minute},
		{"employee_per_minute", &limits.employee_per_minute},
		{"employee_burst", &limits.employee_burst},
		{"organisation_per_minute", &limits.organisation_per_minute},
		{"organisation_burst", &limits.organisation_burst},
		{"purpose_per_minute", &limits.purpose_per_minute},
		{"purpose_burst", &limits.purpose_burst},
		{"concurrent_max", &limits.concurrent_max},
		{"dossiers_per_hour", &limits.dossiers_per_hour},
		{"dossiers_per_day", &limits.dossiers_per_day},
		{"sensitive_fields_per_day", &limits.sensitive_fields_per_day},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		*rows[i].number = quota_number(config, quota, rows[i].name);
	}
	return limits;
}

static enum kp_status
add_quotas(const struct kp_config *config, struct kp_arena *arena,
	struct kp_path_config *path)
{
	struct kp_quota_override *overrides =
		KP_ARENA_ARRAY(arena, struct kp_quota_override, config->quota_count);
	if (overrides == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < config->quota_count; i++) {
		overrides[i] = (struct kp_quota_override){
			.organisation = config->quotas[i].organisation,
			.limits = quota_limits(config, &config->quotas[i]),
		};
	}
	path->quota = quota_limits(config, NULL);
	path->quota_sensitive_from = (uint32_t)config->quota_sensitive_from;
	path->quota_overrides = overrides;
	path->quota_override_count = config->quota_count;
	return KP_OK;
}

static struct kp_path_config
path_config(const struct kp_config *config)
{
	return (struct kp_path_config){
		.development_identity = config->identity_development,
		.header_purpose = config->identity_purpose_header,
		.header_activity = config->identity_activity_header,
		.header_employee = config->identity_employee_header,
		.header_organisation = config->identity_organisation_header,
		.header_mandator = config->identity_mandator_header,
		.header_roles = config->identity_roles_header,
		.header_bytes_max = (uint32_t)config->identity_header_bytes_max,
		.roles_max = (uint32_t)config->identity_roles_max,
		.requests_max = (uint32_t)config->request_requests_max,
		.request_bytes_max = config->request_bytes_max,
		.body_bytes_max = (uint32_t)config->request_body_bytes_max,
		.fields_max = (uint32_t)config->request_fields_max,
		.budget_ms_default = (uint32_t)config->request_budget_default_ms,
		.budget_ms_min = (uint32_t)config->request_budget_min_ms,
		.budget_ms_max = (uint32_t)config->request_budget_max_ms,
		.waves_max = (uint32_t)config->request_waves_max,
		.items_max = (uint32_t)config->request_items_max,
		.values_max = (uint32_t)config->request_values_max,
		.value_bytes_max = (uint32_t)config->request_value_bytes_max,
		.authzen_enabled = config->authzen_enabled,
		.authzen_base_url = config->authzen_base_url,
		.authzen_assert = config->authzen_assert,
		.authzen_certification = config->authzen_certification,
		.pseudonym_keys = config->pseudonym_keys,
		.pseudonym_key_count = config->pseudonym_key_count,
		.pseudonym_key_current = config->pseudonym_key_current,
	};
}

static enum kp_status
describe(const struct kp_config *config, struct kp_snapshot **snapshot_at,
	struct kp_error *err)
{
	struct kp_snapshot *snapshot = *snapshot_at;
	enum kp_status status = kp_openapi_make(
		config, snapshot->shape, &snapshot->arena, &snapshot->openapi, err);
	if (status != KP_OK) {
		kp_snapshot_unref(snapshot_at);
	}
	return status;
}

/* What a snapshot is made of. */
struct parts {
	struct kp_arena arena; /* of the files, until it is made */
	struct kp_bundle *bundle;
	struct kp_source_set *sources;
	struct kp_authzen_set *authzen_set;
	struct kp_tls_set *tls;
	struct kp_identity_settings *identity;
};

/* Each part is looked at even when an earlier one failed, so that all faults come out. */
static enum kp_status
read_parts(struct kp_config *config, const struct kp_assemble_means *means,
	struct kp_findings *findings, struct parts *parts)
{
	struct kp_arena *arena = &parts->arena;
	struct kp_tls_token token = {0};
	enum kp_status secrets = kp_config_read_secrets(config, findings);
	enum kp_status tokens = kp_tls_token_of(config, findings, &token);
	enum kp_status rules = make_bundle(config, arena, findings, &parts->bundle);
	enum kp_status partners = rules == KP_OK
		? make_sources(config, means, &token, kp_bundle_catalogue(parts->bundle),
			  arena, findings, &parts->sources)
		: KP_OK;
	enum kp_status authzen =
		make_authzen_set(config, arena, findings, &parts->authzen_set);
	enum kp_status askers = secrets == KP_OK
		? kp_assemble_identity(config, means->proofs, findings, &parts->identity)
		: KP_OK;
	enum kp_status notice = check_notice(config, arena, findings);
	enum kp_status listeners =
		kp_tls_set_create(config, &token, means, findings, &parts->tls);
	return secrets != KP_OK      ? secrets
		: authzen != KP_OK   ? authzen
		: notice != KP_OK    ? notice
		: tokens != KP_OK    ? tokens
		: listeners != KP_OK ? listeners
		: askers != KP_OK    ? askers
		: rules != KP_OK     ? rules
				     : partners;
}

/* The snapshot takes sources, decision points and TLS over; they are gone from `parts`.
 */
static enum kp_status
make_snapshot(struct kp_config *config, const struct kp_assemble_means *means,
	struct parts *parts, struct kp_snapshot **ret_snapshot, struct kp_error *err)
{
	struct kp_path_config path = path_config(config);
	path.identity = parts->identity;
	struct kp_snapshot_options options = {.config = &path,
		.bundle = parts->bundle,
		.sources = parts->sources,
		.authzen_set = parts->authzen_set,
		.journal = means->journal,
		.quota = means->quota,
		.logger = means->logger,
		.now_ms = now_ms()};
	(void)kp_error_set(err, KP_E_MEMORY, "no memory for a snapshot");
	enum kp_status status = add_quotas(config, &parts->arena, &path);
	if (status == KP_OK) {
		status = kp_snapshot_create(&options, ret_snapshot, err);
	}
	if (status != KP_OK) {
		return status;
	}
	parts->sources = NULL;
	parts->authzen_set = NULL;
	(*ret_snapshot)->tls = parts->tls;
	(*ret_snapshot)->tls_destroy = kp_tls_set_destroy;
	parts->tls = NULL;
	return describe(config, ret_snapshot, err);
}

static void
drop_parts(struct parts *parts)
{
	kp_source_set_destroy(&parts->sources);
	kp_authzen_set_destroy(&parts->authzen_set);
	kp_tls_set_destroy(&parts->tls);
	kp_identity_settings_unref(&parts->identity);
	kp_bundle_unref(&parts->bundle);
	kp_arena_deinit(&parts->arena);
}

enum kp_status
kp_assemble(struct kp_config *config, const struct kp_assemble_means *means,
	struct kp_findings *findings, struct kp_snapshot **ret_snapshot)
{
	struct parts parts = {0};
	kp_arena_init(&parts.arena, FILES_BYTES_MAX, NULL);
	enum kp_status status = read_parts(config, means, findings, &parts);
	if (status == KP_OK) {
		struct kp_error err = {0};
		status = make_snapshot(config, means, &parts, ret_snapshot, &err);
		if (status != KP_OK) {
			kp_findings_add(findings, &err);
		}
	} else if (!kp_findings_any(findings)) {
		add_error(findings, status, kp_status_info(status)->title);
	}
	drop_parts(&parts);
	return status;
}
