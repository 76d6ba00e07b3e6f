/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* bundle: making one from the files of a set, step by step; nothing half sound comes out.
 */
#include "policies/bundle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/bits.h"
#include "core/nearest.h"
#include "policies/cedar/check.h"
#include "policies/cedar/schema.h"

/* How far a condition may look into stored entities: `principal.organisatie in …` is two
 * steps. What is further away is not part of a decision, so nothing outside the bundle
 * can change one. */
#define LEVEL_MAX 2u
#define FILES_MAX 4096u

/* One load. Lifetime: kp_bundle_create. */
struct load {
	struct kp_bundle *bundle;
	const struct kp_policy_file *files;
	size_t file_count;
	struct kp_findings *findings;
	size_t found_before;
};

static void report(struct load *load, const char *file, const char *format, ...)
	KP_PRINTF(3, 4);

static void
report(struct load *load, const char *file, const char *format, ...)
{
	struct kp_error err = {.status = KP_E_CONFIG};
	va_list args;
	va_start(args, format);
	(void)vsnprintf(err.message, sizeof(err.message), format, args);
	va_end(args);
	kp_error_at(&err, file, 0, 0, NULL);
	kp_findings_add(load->findings, &err);
}

static bool
found_any(const struct load *load)
{
	return load->findings->count + load->findings->dropped > load->found_before;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t end_len = strlen(end);
	return len >= end_len && memcmp(text + len - end_len, end, end_len) == 0;
}

static bool
is_rule_file(const char *name)
{
	return strncmp(name, "regels/", strlen("regels/")) == 0 &&
		ends_with(name, ".cedar");
}

static bool
is_partner_file(const char *name)
{
	return strncmp(name, "partners/", strlen("partners/")) == 0 &&
		ends_with(name, ".cedar");
}

/* Files that cannot be part of a set (notes for people) are passed over. */
static bool
could_matter(const char *name)
{
	return ends_with(name, ".json") || ends_with(name, ".cedar") ||
		ends_with(name, ".cedarschema");
}

static const char *const fixed_names[] = {KP_FILE_CATALOGUE, KP_FILE_PURPOSES,
	KP_FILE_ORGANISATIONS, KP_FILE_ROLES, KP_FILE_PROFILES, KP_FILE_SCHEMA,
	KP_FILE_TESTS};

bool
kp_bundle_has_part(const char *name)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(fixed_names); i++) {
		if (strcmp(name, fixed_names[i]) == 0) {
			return true;
		}
	}
	return is_rule_file(name) || is_partner_file(name);
}

static const struct kp_policy_file *
find_file(const struct load *load, const char *name)
{
	for (size_t i = 0; i < load->file_count; i++) {
		if (strcmp(load->files[i].name, name) == 0) {
			return &load->files[i];
		}
	}
	return NULL;
}

/* Names that are not known would be rules that silently do not count. */
static void
check_names(struct load *load)
{
	for (size_t i = 0; i < load->file_count; i++) {
		const char *name = load->files[i].name;
		if (find_file(load, name) != &load->files[i]) {
			report(load, name, "is given twice");
		} else if (could_matter(name) && !kp_bundle_has_part(name)) {
			struct kp_slice near = kp_nearest_of(kp_slice_from(name),
				fixed_names, KP_ARRAY_LEN(fixed_names));
			report(load, name,
				"is not part of a policy set%s%.*s (rules: "
				"regels/NAME.cedar; "
				"a source's own: partners/BRON.cedar)",
				near.len > 0 ? "; meant is " : "", KP_SLICE_ARG(near));
		}
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(fixed_names); i++) {
		bool optional = strcmp(fixed_names[i], KP_FILE_TESTS) == 0 ||
			strcmp(fixed_names[i], KP_FILE_PROFILES) == 0;
		if (!optional && find_file(load, fixed_names[i]) == NULL) {
			report(load, fixed_names[i], "is missing");
		}
	}
}

/* KP_E_CONFIG means that findings say what; the next step may still find more. */
static enum kp_status
load_registers(struct load *load)
{
	static const struct {
		const char *name;
		enum kp_status (*load)(struct kp_arena *, const char *, struct kp_slice,
			struct kp_findings *, struct kp_registers *);
	} steps[] = {
		{KP_FILE_ORGANISATIONS, kp_registers_load_organisations},
		{KP_FILE_ROLES, kp_registers_load_roles},
		{KP_FILE_PURPOSES, kp_registers_load_purposes},
	};
	struct kp_bundle *bundle = load->bundle;
	for (size_t i = 0; i < KP_ARRAY_LEN(steps); i++) {
		const struct kp_policy_file *file = find_file(load, steps[i].name);
		if (file == NULL) {
			continue;
		}
		enum kp_status status = steps[i].load(&bundle->arena, file->name,
			file->text, load->findings, &bundle->registers);
		if (status != KP_OK && status != KP_E_CONFIG) {
			return status;
		}
	}
	const struct kp_policy_file *profiles = find_file(load, KP_FILE_PROFILES);
	if (profiles == NULL || bundle->catalogue == NULL) {
		return KP_OK;
	}
	return kp_registers_load_profiles(&bundle->arena, profiles->name, profiles->text,
		bundle->catalogue, load->findings, &bundle->registers);
}

static enum kp_status
load_catalogue(struct load *load)
{
	const struct kp_policy_file *file = find_file(load, KP_FILE_CATALOGUE);
	struct kp_catalogue *catalogue = NULL;
	if (file == NULL) {
		return KP_OK;
	}
	enum kp_status status = kp_catalogue_load(
		&load->bundle->arena, file->name, file->text, load->findings, &catalogue);
	if (status == KP_OK && catalogue->cell_count == 0) {
		report(load, file->name, "has no fields");
	}
	load->bundle->catalogue = catalogue;
	return status;
}

static void
check_registers(struct load *load)
{
	const struct kp_registers *registers = &load->bundle->registers;
	if (registers->purpose_count == 0) {
		report(load, KP_FILE_PURPOSES, "has no purposes");
	}
	if (registers->organisation_count == 0) {
		report(load, KP_FILE_ORGANISATIONS, "has no organisations");
	}
	if (registers->role_count == 0) {
		report(load, KP_FILE_ROLES, "has no roles");
	}
}

static enum kp_status
load_schema(struct load *load)
{
	const struct kp_policy_file *file = find_file(load, KP_FILE_SCHEMA);
	struct kp_bundle *bundle = load->bundle;
	check_registers(load);
	if (found_any(load)) {
		return KP_E_CONFIG;
	}
	kp_model_begin(
		&bundle->arena, bundle->catalogue, &bundle->registers, &bundle->model);
	struct kp_cedar_schema_source *source =
		KP_ARENA_NEW(&bundle->arena, struct kp_cedar_schema_source);
	if (source == NULL) {
		return KP_E_MEMORY;
	}
	kp_cedar_schema_source_init(source, &bundle->arena, &bundle->model.names);
	enum kp_status status = kp_cedar_schema_read_text(
		source, KP_FILE_SCHEMA, file->text, load->findings);
	if (status != KP_OK) {
		return status;
	}
	bundle->schema_source = source;
	return kp_cedar_schema_make(source, load->findings, NULL, &bundle->schema);
}

/* The source whose rules a partner file holds: partners/BRON.cedar. */
static uint32_t
partner_of(struct load *load, const char *name)
{
	const char *start = name + strlen("partners/");
	struct kp_slice source = {start, strlen(start) - strlen(".cedar")};
	uint32_t id = kp_catalogue_find_source(load->bundle->catalogue, source);
	if (id == KP_NO_ID) {
		struct kp_nearest nearest;
		kp_nearest_begin(&nearest, source);
		const struct kp_catalogue *catalogue = load->bundle->catalogue;
		for (uint32_t i = 0; i < catalogue->source_count; i++) {
			kp_nearest_offer(&nearest, catalogue->sources[i].name);
		}
		report(load, name, "there is no source '%.*s'%s%.*s",
			KP_SLICE_ARG(source), nearest.best.len > 0 ? "; meant is " : "",
			KP_SLICE_ARG(nearest.best));
	}
	return id;
}

/* In order of name, so that the order in which files are given changes nothing. */
static int
compare_names(const void *a, const void *b)
{
	const struct kp_policy_file *const *left = a;
	const struct kp_policy_file *const *right = b;
	return strcmp((*left)->name, (*right)->name);
}

static enum kp_status
read_rule_files(struct load *load, const struct kp_policy_file **sorted)
{
	struct kp_bundle *bundle = load->bundle;
	enum kp_status worst = KP_OK;
	for (size_t i = 0; i < load->file_count; i++) {
		const struct kp_policy_file *file = sorted[i];
		uint32_t partner = KP_NO_ID;
		if (is_partner_file(file->name)) {
			partner = partner_of(load, file->name);
			if (partner == KP_NO_ID) {
				continue;
			}
		} else if (!is_rule_file(file->name)) {
			continue;
		}
		enum kp_status status = kp_rule_set_read(&bundle->rules, &bundle->model,
			file->name, file->text, partner, load->findings);
		if (status == KP_E_MEMORY) {
			return status;
		}
		worst = status != KP_OK ? KP_E_CONFIG : worst;
	}
	return worst;
}

static enum kp_status
load_rules(struct load *load)
{
	struct kp_bundle *bundle = load->bundle;
	kp_rule_set_init(&bundle->rules, &bundle->arena, &bundle->model);
	const struct kp_policy_file **sorted = KP_ARENA_ARRAY(
		&bundle->arena, const struct kp_policy_file *, load->file_count);
	if (sorted == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < load->file_count; i++) {
		sorted[i] = &load->files[i];
	}
	qsort(sorted, load->file_count, sizeof(struct kp_policy_file *), compare_names);
	enum kp_status status = read_rule_files(load, sorted);
	return status == KP_OK
		? kp_rule_set_check(&bundle->rules, &bundle->model, load->findings)
		: status;
}

/* A rule that the strict validator does not accept never loads. */
static enum kp_status
validate(struct load *load)
{
	const struct kp_cedar_check_options options = {
		.level_checked = true, .level_max = LEVEL_MAX};
	enum kp_status status = kp_cedar_check_policies(load->bundle->schema,
		&load->bundle->rules.policies, &options, load->findings, NULL);
	return status == KP_E_INVALID ? KP_E_CONFIG : status;
}

static enum kp_status
make_model(struct load *load)
{
	return kp_model_create(
		&load->bundle->model, load->bundle->schema, load->findings);
}

static enum kp_status
compile(struct load *load)
{
	struct kp_bundle *bundle = load->bundle;
	return kp_compile(&bundle->arena, &bundle->model, &bundle->rules, load->findings,
		&bundle->compiled);
}

/*
 * Each step needs the one before to be sound; within a step everything is reported.
 * Reading goes in three steps: what all files are about, then rules on their own, then
 * rules against the schema.
 */
static enum kp_status
run(struct load *load)
{
	static enum kp_status (*const steps[])(struct load *) = {load_catalogue,
		load_registers, load_schema, make_model, load_rules, validate, compile};
	check_names(load);
	for (size_t i = 0; i < KP_ARRAY_LEN(steps); i++) {
		enum kp_status status = steps[i](load);
		bool registers_follow = steps[i] == load_catalogue;
		if (status == KP_E_MEMORY) {
			return KP_E_MEMORY;
		}
		if ((status != KP_OK || found_any(load)) && !registers_follow) {
			return KP_E_CONFIG;
		}
	}
	return KP_OK;
}

/* "sha256:" and 64 hexadecimal digits. */
static enum kp_status
make_version(struct load *load, kp_digest_fn digest)
{
	struct kp_bundle *bundle = load->bundle;
	struct kp_slice text;
	struct kp_arena scratch;
	kp_arena_init(&scratch, KP_BUNDLE_BYTES_MAX, NULL);
	enum kp_status status = kp_bundle_canonical(
		&scratch, bundle, load->files, load->file_count, &text);
	char *version = kp_arena_bytes(&bundle->arena, strlen("sha256:") + 64 + 1);
	if (status == KP_OK && version != NULL) {
		unsigned char hash[32];
		digest(&text, 1, hash);
		int at = snprintf(version, sizeof("sha256:"), "sha256:");
		for (size_t i = 0; i < sizeof(hash); i++) {
			at += snprintf(version + at, 3, "%02x", hash[i]);
		}
		bundle->version = (struct kp_slice){version, (size_t)at};
	}
	kp_arena_deinit(&scratch);
	return version == NULL ? KP_E_MEMORY : status;
}

enum kp_status
kp_bundle_create(const struct kp_policy_file *files, size_t count,
	const struct kp_bundle_options *options, struct kp_findings *findings,
	struct kp_bundle **ret_bundle)
{
	struct kp_bundle *bundle = calloc(1, sizeof(*bundle));
	if (bundle == NULL) {
		return KP_E_MEMORY;
	}
	kp_arena_init(&bundle->arena,
		options->bytes_max != 0 ? options->bytes_max : KP_BUNDLE_BYTES_MAX, NULL);
	struct load load = {.bundle = bundle,
		.files = files,
		.file_count = count,
		.findings = findings,
		.found_before = findings->count + findings->dropped};
	enum kp_status status = KP_E_CONFIG;
	if (count > FILES_MAX) {
		report(&load, NULL, "%zu files is above the limit %u", count, FILES_MAX);
	} else {
		status = run(&load);
	}
	bundle->shadow_every =
		options->shadow_every != 0 ? options->shadow_every : KP_SHADOW_EVERY;
	bundle->counters = KP_ARENA_NEW(&bundle->arena, struct kp_bundle_counters);
	if (status == KP_OK && bundle->counters == NULL) {
		status = KP_E_MEMORY;
	}
	if (status == KP_OK) {
		status = make_version(&load, options->digest);
	}
	if (status != KP_OK) {
		kp_arena_deinit(&bundle->arena);
		free(bundle);
		return status;
	}
	bundle->overdue_at_load = kp_bundle_overdue(bundle, options->now_ms, NULL, NULL);
	atomic_init(&bundle->counters->refs, 1);
	*ret_bundle = bundle;
	return KP_OK;
}
