/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source: manifests become sources. See source.h. */
#include "source/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bits.h"
#include "core/heap.h"
#include "core/nearest.h"
#include "source/source_token.h"

#define SET_BYTES_MAX ((size_t)256 << 20)

void
kp_source_finding(struct kp_source_opening *opening,
	const struct kp_manifest_place *place, const char *format, ...)
{
	char message[256];
	struct kp_error err;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	(void)kp_error_set(&err, KP_E_CONFIG, "%s", message);
	kp_error_at(&err, opening->file, place == NULL ? 0 : place->line,
		place == NULL ? 0 : place->column, place == NULL ? NULL : place->pointer);
	kp_findings_add(opening->findings, &err);
}

/* What a connector asks while it opens. */

static uint32_t
host_find_cell(void *context, struct kp_text path)
{
	const struct kp_source_opening *opening = context;
	const struct kp_catalogue *catalogue = opening->options->catalogue;
	uint32_t field = kp_catalogue_find_field(
		catalogue, (struct kp_slice){path.data, path.len});
	if (field == KP_NO_ID) {
		return UINT32_MAX;
	}
	if (opening->source_id == KP_NO_ID) {
		/* That is said already; its fields can still be looked at. */
		return catalogue->fields[field].first_cell;
	}
	return kp_catalogue_find_cell(catalogue, field, opening->source_id);
}

static uint32_t
host_find_section(void *context, struct kp_text name)
{
	const struct kp_source_opening *opening = context;
	return kp_catalogue_find_section(
		opening->options->catalogue, (struct kp_slice){name.data, name.len});
}

static struct kp_text
host_cell_path(void *context, uint32_t cell)
{
	const struct kp_source_opening *opening = context;
	const struct kp_catalogue *catalogue = opening->options->catalogue;
	if (cell >= catalogue->cell_count) {
		return (struct kp_text){0};
	}
	struct kp_slice path = catalogue->fields[catalogue->cells[cell].field].path;
	return (struct kp_text){path.data, path.len};
}

static struct kp_text
host_nearest(void *context, struct kp_text path)
{
	const struct kp_source_opening *opening = context;
	struct kp_slice nearest = kp_catalogue_nearest(
		opening->options->catalogue, (struct kp_slice){path.data, path.len});
	return (struct kp_text){nearest.data, nearest.len};
}

static bool
host_section_is_list(void *context, uint32_t section)
{
	const struct kp_source_opening *opening = context;
	const struct kp_catalogue *catalogue = opening->options->catalogue;
	return section < catalogue->section_count && catalogue->sections[section].list;
}

static void
host_finding(void *context, const struct kp_fault *fault)
{
	struct kp_source_opening *opening = context;
	struct kp_manifest_place place = {
		.pointer = fault->place, .line = fault->line, .column = fault->column};
	kp_source_finding(
		opening, &place, "%.*s", (int)sizeof(fault->message), fault->message);
}

static void *
host_alloc(void *context, size_t size)
{
	const struct kp_source_opening *opening = context;
	return kp_arena_alloc(&opening->set->arena, size);
}

/* Files and secrets. */

struct kp_slice
kp_source_path(struct kp_source_opening *opening, struct kp_slice name)
{
	const char *folder = opening->options->folder;
	if (name.len == 0) {
		return name;
	}
	if (name.data[0] == '/' || folder == NULL) {
		return kp_arena_copy(&opening->set->arena, name);
	}
	const char *path = kp_arena_printf(
		&opening->set->arena, "%s/%.*s", folder, KP_SLICE_ARG(name));
	return kp_slice_from(path);
}

void
kp_source_check_access(struct kp_source_opening *opening,
	const struct kp_manifest_credentials *access, struct kp_source_access *ret_access)
{
	ret_access->certificate_file = kp_source_path(opening, access->certificate_file);
	ret_access->key_file = kp_slice_starts(access->key_file, KP_SLICE("pkcs11:"))
		? access->key_file
		: kp_source_path(opening, access->key_file);
	ret_access->anchor_file = kp_source_path(opening, access->anchor_file);
	if (access->kind == KP_ACCESS_NONE || access->secret.len == 0) {
		return;
	}
	struct kp_slice secret = opening->options->secret == NULL
		? (struct kp_slice){0}
		: opening->options->secret(
			  opening->options->secret_context, access->secret);
	if (secret.len == 0) {
		kp_source_finding(opening, &access->place,
			"the configuration has no secret '%.*s' (it names them under "
			"'secrets')",
			KP_SLICE_ARG(access->secret));
		return;
	}
	ret_access->secret = kp_arena_copy(&opening->set->arena, secret);
	bool wsse = access->kind == KP_ACCESS_WSSE_TEXT ||
		access->kind == KP_ACCESS_WSSE_DIGEST;
	bool database = opening->private->manifest->sql.query_count > 0;
	struct kp_slice user;
	struct kp_slice password;
	bool split = kp_source_split_secret(secret, &user, &password);
	/* RFC 7617, section 2: over HTTP either half may be empty. */
	bool pair = split ||
		(!wsse && !database && memchr(secret.data, ':', secret.len) != NULL);
	if ((wsse || access->kind == KP_ACCESS_BASIC) && !pair) {
		kp_source_finding(opening, &access->place,
			"secret '%.*s' is not user:password, which this kind of access "
			"shows",
			KP_SLICE_ARG(access->secret));
	}
}

bool
kp_source_split_secret(
	struct kp_slice secret, struct kp_slice *ret_user, struct kp_slice *ret_password)
{
	const char *colon = secret.len == 0 ? NULL : memchr(secret.data, ':', secret.len);
	size_t at = colon == NULL ? secret.len : (size_t)(colon - secret.data);
	*ret_user = (struct kp_slice){secret.data, at};
	*ret_password = colon == NULL ? (struct kp_slice){0}
				      : (struct kp_slice){colon + 1, secret.len - at - 1};
	return colon != NULL && at > 0;
}

/* Who that is stands in the catalogue too, for when the source is not connected. */
static void
check_oin(struct kp_source_opening *opening)
{
	const struct kp_manifest *manifest = opening->private->manifest;
	struct kp_slice agreed =
		opening->options->catalogue->sources[opening->source_id].oin;
	if (agreed.len > 0 && manifest->organisation_oin.len == agreed.len &&
		!kp_slice_equal(agreed, manifest->organisation_oin)) {
		kp_source_finding(opening, &manifest->oin_place,
			"the catalogue says that '%.*s' is of organisation %.*s; mend "
			"one of them",
			KP_SLICE_ARG(manifest->source), KP_SLICE_ARG(agreed));
	}
}

static void
say_unknown_source(struct kp_source_opening *opening)
{
	const struct kp_manifest *manifest = opening->private->manifest;
	const struct kp_catalogue *catalogue = opening->options->catalogue;
	struct kp_nearest nearest;
	kp_nearest_begin(&nearest, manifest->source);
	for (uint32_t i = 0; i < catalogue->source_count; i++) {
		kp_nearest_offer(&nearest, catalogue->sources[i].name);
	}
	kp_source_finding(opening, &manifest->source_place,
		"'%.*s' is not a source (bron) of the catalogue%s%.*s%s",
		KP_SLICE_ARG(manifest->source),
		nearest.best.len > 0 ? "; nearest is '" : "", KP_SLICE_ARG(nearest.best),
		nearest.best.len > 0 ? "'" : "");
}

static void
find_source(struct kp_source_opening *opening)
{
	const struct kp_manifest *manifest = opening->private->manifest;
	const struct kp_catalogue *catalogue = opening->options->catalogue;
	opening->source_id = kp_catalogue_find_source(catalogue, manifest->source);
	opening->source->id = opening->source_id;
	if (opening->source_id != KP_NO_ID) {
		check_oin(opening);
	} else if (manifest->source.len > 0) {
		say_unknown_source(opening);
	}
	for (size_t i = 0; i < opening->set->count; i++) {
		const struct kp_source *other = &opening->set->sources[i];
		if (other != opening->source && other->private != NULL &&
			other->id == opening->source_id &&
			opening->source_id != KP_NO_ID) {
			kp_source_finding(opening, &manifest->source_place,
				"'%.*s' is described by '%s' already",
				KP_SLICE_ARG(manifest->source), other->private->file);
		}
	}
}

static void
fill_source(struct kp_source_opening *opening, uint64_t *offers)
{
	const struct kp_manifest *manifest = opening->private->manifest;
	struct kp_source *source = opening->source;
	source->name = manifest->source;
	source->organisation = manifest->organisation_name;
	source->oin = manifest->organisation_oin;
	source->title = manifest->title;
	source->offers = offers;
	source->caseload = manifest->caseload;
	source->caseload_oin = manifest->caseload_oin;
	source->decision_point = manifest->decision_point.endpoint.len > 0;
	source->decision_bsn = manifest->decision_point.client == KP_CLIENT_BSN;
	source->decision_pseudonym =
		manifest->decision_point.client == KP_CLIENT_PSEUDONYM;
	source->opt_out = manifest->opt_out;
	source->opt_out_purposes = manifest->opt_out_purposes;
	source->opt_out_purpose_count = manifest->opt_out_purpose_count;
	/* RFC 9110, section 9.2.1: GET only reads. */
	source->idempotent =
		manifest->idempotent || kp_slice_is(manifest->request.method, "GET");
	source->timeout_ms = manifest->limits.time_ms;
	source->answer_bytes_max = manifest->limits.answer_bytes;
	source->concurrent_max = manifest->limits.concurrent;
	source->waiting_max = manifest->limits.waiting;
	source->health_target = manifest->health_target;
	source->health_status = manifest->health_status;
	source->health_every_s = manifest->health_every_s;
	opening->private->subject_required = !manifest->response.subject_none;
}

/* What must be known first: the fields of {bekend:…} in templates, and those of `needs`.
 */
struct needs {
	uint32_t *fields;
	const struct kp_manifest_place **places; /* beside the fields */
	size_t count;
	size_t capacity;
};

static void
add_need(struct kp_source_opening *opening, struct needs *needs, struct kp_slice path,
	const struct kp_manifest_place *place)
{
	uint32_t field = kp_catalogue_find_field(opening->options->catalogue, path);
	if (field == KP_NO_ID) {
		struct kp_slice nearest =
			kp_catalogue_nearest(opening->options->catalogue, path);
		kp_source_finding(opening, place,
			"'%.*s' is not a field of the catalogue; nearest is '%.*s'",
			KP_SLICE_ARG(path), KP_SLICE_ARG(nearest));
		return;
	}
	for (size_t i = 0; i < needs->count; i++) {
		if (needs->fields[i] == field) {
			return;
		}
	}
	if (needs->count < needs->capacity) {
		needs->places[needs->count] = place;
		needs->fields[needs->count++] = field;
	}
}

static bool
field_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= '0' && byte <= '9') || byte == '.' || byte == '_';
}

static void
add_template_needs(struct kp_source_opening *opening, struct needs *needs,
	struct kp_slice text, const struct kp_manifest_place *place)
{
	/* In a template "{bekend:field}" or "|table}", in a query ":bekend.field". */
	static const char name[] = "bekend";
	const char *at = text.data;
	const char *end = text.len == 0 ? at : at + text.len;
	while (text.len > 0 &&
		(at = memmem(at, (size_t)(end - at), name, sizeof(name) - 1)) != NULL) {
		char before = at == text.data ? ' ' : at[-1];
		at += sizeof(name) - 1;
		char after = at < end ? *at : ' ';
		bool template = before == '{' && after == ':';
		if (!template && !(before == ':' && after == '.')) {
			continue;
		}
		size_t len = 0;
		at++;
		while (at + len < end &&
			(template ? at[len] != '}' && at[len] != '|'
				  : field_byte(at[len]))) {
			len++;
		}
		if (at + len < end || !template) {
			add_need(opening, needs, (struct kp_slice){at, len}, place);
		}
	}
}

/* Every text of the manifest that is a template of one of the connectors. */
static void
add_request_needs(struct kp_source_opening *opening, struct needs *needs)
{
	const struct kp_manifest *manifest = opening->private->manifest;
	const struct kp_manifest_request *request = &manifest->request;
	const struct kp_manifest_paging *paging = &manifest->response.paging;
	add_template_needs(opening, needs, request->target, &request->target_place);
	add_template_needs(opening, needs, request->body, &request->body_place);
	add_template_needs(opening, needs, paging->target, &paging->place);
	for (size_t i = 0; i < request->query_count; i++) {
		add_template_needs(opening, needs, request->query[i].value,
			&request->query[i].place);
	}
	for (size_t i = 0; i < request->header_count; i++) {
		/* One that may be left out is not waited for, but is no other name. */
		struct needs none = {0};
		add_template_needs(opening, request->headers[i].optional ? &none : needs,
			request->headers[i].value, &request->headers[i].place);
	}
	for (size_t i = 0; i < manifest->soap.header_count; i++) {
		add_template_needs(
			opening, needs, manifest->soap.headers[i], &manifest->soap.place);
	}
	for (size_t i = 0; i < manifest->sql.query_count; i++) {
		add_template_needs(opening, needs, manifest->sql.queries[i].text,
			&manifest->sql.queries[i].place);
	}
}

static enum kp_status
collect_needs(struct kp_source_opening *opening)
{
	const struct kp_manifest *manifest = opening->private->manifest;
	struct needs needs = {.capacity = opening->options->catalogue->field_count};
	needs.fields = KP_ARENA_ARRAY(&opening->set->arena, uint32_t, needs.capacity + 1);
	needs.places = KP_ARENA_ARRAY(&opening->set->arena,
		const struct kp_manifest_place *, needs.capacity + 1);
	if (needs.fields == NULL || needs.places == NULL) {
		return KP_E_MEMORY;
	}
	add_request_needs(opening, &needs);
	for (size_t i = 0; i < manifest->need_count; i++) {
		add_need(opening, &needs, manifest->needs[i], &manifest->source_place);
	}
	opening->source->needs = needs.fields;
	opening->source->need_count = needs.count;
	opening->private->need_places = needs.places;
	return KP_OK;
}

static enum kp_status
open_connector(struct kp_source_opening *opening, struct kp_slice text)
{
	struct kp_source_private *private = opening->private;
	const struct kp_host host = {
		.abi_major = KP_CONNECTOR_ABI_MAJOR,
		.abi_minor = KP_CONNECTOR_ABI_MINOR,
		.size = sizeof(host),
		.context = opening,
		.find_cell = host_find_cell,
		.find_section = host_find_section,
		.cell_path = host_cell_path,
		.nearest = host_nearest,
		.section_is_list = host_section_is_list,
		.finding = host_finding,
		.alloc = host_alloc,
	};
	struct kp_fault fault = {0};
	size_t before = opening->findings->count + opening->findings->dropped;
	uint64_t *offers = KP_ARENA_ARRAY(&opening->set->arena, uint64_t,
		opening->options->catalogue->cell_words + 1);
	if (offers == NULL) {
		return KP_E_MEMORY;
	}
	int verdict = private->connector->open(
		&host, (struct kp_text){text.data, text.len}, &private->instance, &fault);
	if (verdict != KP_DONE) {
		private->instance = NULL;
		bool silent =
			opening->findings->count + opening->findings->dropped == before;
		/* One that reads the manifest again ends with the first thing we found.
		 */
		bool again = fault.line > 0 && before > opening->found_before;
		if (silent && !again) {
			host_finding(opening, &fault);
		}
		return KP_E_CONFIG;
	}
	private->connector->offers(
		private->instance, offers, opening->options->catalogue->cell_words);
	fill_source(opening, offers);
	return KP_OK;
}

static enum kp_status
open_source(struct kp_source_opening *opening, const struct kp_manifest_file *file)
{
	char names[256];
	struct kp_arena *arena = &opening->set->arena;
	size_t before = opening->findings->count + opening->findings->dropped;
	opening->found_before = before;
	opening->private = KP_ARENA_NEW(arena, struct kp_source_private);
	char *name = kp_arena_strdup(arena, file->name);
	struct kp_slice text = kp_arena_copy(arena, file->text);
	if (opening->private == NULL || name == NULL || text.data == NULL) {
		return KP_E_MEMORY;
	}
	struct kp_source_private *private = opening->private;
	opening->file = name;
	private->file = name;
	private->text = text;
	private->catalogue = opening->options->catalogue;
	private->set = opening->set;
	enum kp_status status = kp_manifest_read(
		arena, name, text, opening->findings, &private->manifest);
	if (private->manifest == NULL || status == KP_E_MEMORY) {
		return status;
	}
	opening->source->private = private;
	find_source(opening);
	private->connector =
		kp_registry_find(&opening->set->registry, private->manifest->connector);
	if (private->connector == NULL) {
		if (private->manifest->connector.len > 0) {
			kp_source_finding(opening, &private->manifest->connector_place,
				"there is no connector '%.*s'; there are: %s",
				KP_SLICE_ARG(private->manifest->connector),
				kp_registry_names(
					&opening->set->registry, names, sizeof(names)));
		}
		return KP_E_CONFIG;
	}
	private->transport = kp_transport_find(private->connector->transport);
	KP_REQUIRE(private->transport != NULL);
	if (private->transport->check != NULL &&
		private->transport->check(opening) != KP_OK) {
		return KP_E_MEMORY;
	}
	if (kp_source_consult_check(opening) != KP_OK) {
		return KP_E_MEMORY;
	}
	if (kp_source_services_open(opening) != KP_OK ||
		kp_source_tables_check(opening) != KP_OK) {
		return KP_E_MEMORY;
	}
	status = open_connector(opening, text);
	enum kp_status collected = collect_needs(opening);
	status = status == KP_OK ? collected : status;
	bool found = opening->findings->count + opening->findings->dropped > before;
	return status == KP_OK && found ? KP_E_CONFIG : status;
}

static void
load_plugins(struct kp_source_set *set, const struct kp_source_set_options *options,
	struct kp_findings *findings)
{
	for (size_t i = 0; i < options->plugin_count; i++) {
		struct kp_error err;
		if (kp_registry_load(&set->registry, options->plugins[i], &err) !=
			KP_OK) {
			kp_findings_add(findings, &err);
		}
	}
}

/* A key of its own, so that nothing sealed with it says anything about the other. */
static enum kp_status
make_index_secret(struct kp_slice key, unsigned char ret_secret[KP_SHA256_BYTES])
{
	return key.len == 0
		? kp_random_bytes(ret_secret, KP_SHA256_BYTES)
		: kp_hmac_sha256(key, KP_SLICE("ketenpoort row index"), ret_secret);
}

enum kp_status
kp_source_set_create(const struct kp_source_set_options *options,
	struct kp_findings *findings, struct kp_source_set **ret_set)
{
	size_t before = findings->count + findings->dropped;
	struct kp_source_set *set = kp_heap_calloc(1, sizeof(*set));
	if (set == NULL) {
		return KP_E_MEMORY;
	}
	kp_arena_init(&set->arena, SET_BYTES_MAX, NULL);
	kp_registry_init(&set->registry);
	atomic_init(&set->refs, 1);
	set->tell = options->tell;
	set->tell_table = options->tell_table;
	set->tell_context = options->tell_context;
	load_plugins(set, options, findings);
	set->sources =
		KP_ARENA_ARRAY(&set->arena, struct kp_source, options->file_count + 1);
	enum kp_status status = set->sources == NULL
		? KP_E_MEMORY
		: make_index_secret(options->index_key, set->index_secret);
	if (status != KP_OK) {
		kp_source_set_unref(set);
		return status;
	}
	for (size_t i = 0; i < options->file_count && status != KP_E_MEMORY; i++) {
		struct kp_source_opening opening = {.set = set,
			.options = options,
			.findings = findings,
			.source = &set->sources[i],
			.source_id = KP_NO_ID};
		set->count = i + 1;
		status = open_source(&opening, &options->files[i]);
	}
	if (status != KP_E_MEMORY) {
		bool found = findings->count + findings->dropped > before;
		status = found ? KP_E_CONFIG : status;
	}
	if (status == KP_OK) {
		status = kp_source_programs_open(set, options, findings);
	}
	if (status != KP_OK) {
		kp_source_set_unref(set);
		return status;
	}
	*ret_set = set;
	return KP_OK;
}

void
kp_source_set_ref(struct kp_source_set *set)
{
	(void)atomic_fetch_add(&set->refs, 1);
}

void
kp_source_set_unref(struct kp_source_set *set)
{
	if (atomic_fetch_sub(&set->refs, 1) != 1) {
		return;
	}
	for (size_t i = 0; i < set->count; i++) {
		struct kp_source_private *private = set->sources[i].private;
		if (private == NULL) {
			continue;
		}
		kp_file_store_destroy(&private->store);
		kp_trust_destroy(&private->delivery_trust);
		kp_tls_client_unref(&private->access.tls);
		kp_tls_client_unref(&private->decision_access.tls);
		kp_source_issuer_close(private);
		kp_source_program_close(private);
		kp_source_services_close(private);
		kp_source_tables_close(private);
		if (private->instance != NULL) {
			private->connector->close(private->instance);
		}
	}
	kp_registry_deinit(&set->registry);
	kp_arena_deinit(&set->arena);
	kp_heap_free(set);
}

void
kp_source_set_destroy(struct kp_source_set **set)
{
	if (*set != NULL) {
		kp_source_set_unref(*set);
		*set = NULL;
	}
}

size_t
kp_source_set_count(const struct kp_source_set *set)
{
	return set->count;
}

const struct kp_source *
kp_source_set_get(const struct kp_source_set *set, size_t index)
{
	KP_REQUIRE(index < set->count);
	return &set->sources[index];
}

const struct kp_tls_client *
kp_source_tls(const struct kp_source *source)
{
	return source->private->access.tls;
}

const struct kp_tls_client *
kp_source_decision_tls(const struct kp_source *source)
{
	return source->private->decision_access.tls;
}
