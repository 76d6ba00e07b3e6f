/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* snapshot: see snapshot.h. */
#include "snapshot.h"

#include "core/heap.h"

#define SNAPSHOT_BYTES_MAX ((size_t)64 << 20)
#define POOL_CHUNKS_MAX 256u

void
kp_path_config_defaults(struct kp_path_config *config)
{
	*config = (struct kp_path_config){
		.header_purpose = KP_SLICE("x-doelbinding"),
		.header_activity = KP_SLICE("x-verwerking"),
		.header_employee = KP_SLICE("x-gebruiker"),
		.header_organisation = KP_SLICE("x-origin-oin"),
		.header_mandator = KP_SLICE("x-namens-oin"),
		.header_roles = KP_SLICE("x-rollen"),
		.header_bytes_max = 242,
		.roles_max = 32,
		.requests_max = 4096,
		.request_bytes_max = (size_t)32 << 20,
		.body_bytes_max = 16u << 10,
		.fields_max = 200,
		.budget_ms_default = 4000,
		.budget_ms_min = 50,
		.budget_ms_max = 30000,
		.waves_max = 4,
		.items_max = 2000,
		.values_max = 20000,
		.value_bytes_max = 64u << 10,
	};
}

/* Copies a text of the configuration; false without memory. */
static bool
keep(struct kp_arena *arena, struct kp_slice *text)
{
	*text = kp_arena_copy(arena, *text);
	return text->data != NULL;
}

static enum kp_status
copy_overrides(struct kp_arena *arena, struct kp_path_config *own)
{
	struct kp_quota_override *overrides = KP_ARENA_ARRAY(
		arena, struct kp_quota_override, own->quota_override_count);
	if (overrides == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < own->quota_override_count; i++) {
		overrides[i] = own->quota_overrides[i];
		if (!keep(arena, &overrides[i].organisation)) {
			return KP_E_MEMORY;
		}
	}
	own->quota_overrides = overrides;
	return KP_OK;
}

static enum kp_status
copy_config(struct kp_snapshot *snapshot, const struct kp_path_config *config)
{
	struct kp_arena *arena = &snapshot->arena;
	struct kp_path_config *own = &snapshot->config;
	*own = *config;
	own->identity = NULL;
	struct kp_pseudonym_key *keys =
		KP_ARENA_ARRAY(arena, struct kp_pseudonym_key, own->pseudonym_key_count);
	if (keys == NULL || !keep(arena, &own->header_purpose) ||
		!keep(arena, &own->header_activity) ||
		!keep(arena, &own->header_employee) ||
		!keep(arena, &own->header_organisation) ||
		!keep(arena, &own->header_mandator) || !keep(arena, &own->header_roles)) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < own->pseudonym_key_count; i++) {
		keys[i] = config->pseudonym_keys[i];
		if (!keep(arena, &keys[i].id)) {
			return KP_E_MEMORY;
		}
	}
	own->pseudonym_keys = keys;
	if (!keep(arena, &own->authzen_base_url) || copy_overrides(arena, own) != KP_OK) {
		return KP_E_MEMORY;
	}
	struct kp_error err;
	enum kp_status status = kp_authzen_trust_parse(
		arena, config->authzen_assert, &own->authzen_trust, &err);
	own->authzen_trust.override = config->authzen_certification;
	own->identity = status == KP_OK && config->identity != NULL
		? kp_identity_settings_ref(config->identity)
		: NULL;
	return status;
}

static enum kp_status
make_shape(struct kp_snapshot *snapshot, const struct kp_source_set *sources,
	struct kp_error *err)
{
	const struct kp_catalogue *catalogue = snapshot->catalogue;
	struct kp_shape_organisation *organisations = KP_ARENA_ARRAY(
		&snapshot->arena, struct kp_shape_organisation, catalogue->source_count);
	if (organisations == NULL) {
		return KP_E_MEMORY;
	}
	for (uint32_t i = 0; i < catalogue->source_count; i++) {
		organisations[i] = (struct kp_shape_organisation){
			catalogue->sources[i].oin, catalogue->sources[i].title};
	}
	for (size_t i = 0; i < kp_source_set_count(sources); i++) {
		const struct kp_source *source = kp_source_set_get(sources, i);
		if (source->id < catalogue->source_count) {
			organisations[source->id] = (struct kp_shape_organisation){
				source->oin, source->organisation};
		}
	}
	return kp_shape_create(
		catalogue, organisations, &snapshot->arena, &snapshot->shape, err);
}

/* Everything but the sources, which stay the caller's until all is well. */
static void
release(struct kp_snapshot *snapshot)
{
	kp_bundle_unref(&snapshot->bundle);
	kp_identity_settings_unref(&snapshot->config.identity);
	kp_arena_deinit(&snapshot->arena);
	kp_heap_free(snapshot);
}

enum kp_status
kp_snapshot_create(const struct kp_snapshot_options *options,
	struct kp_snapshot **ret_snapshot, struct kp_error *err)
{
	struct kp_snapshot *snapshot = kp_heap_calloc(1, sizeof(*snapshot));
	if (snapshot == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a snapshot");
	}
	atomic_init(&snapshot->refs, 1);
	kp_arena_init(&snapshot->arena, SNAPSHOT_BYTES_MAX, NULL);
	snapshot->bundle = kp_bundle_ref(options->bundle);
	snapshot->catalogue = kp_bundle_catalogue(options->bundle);
	snapshot->journal = options->journal;
	snapshot->quota = options->quota;
	snapshot->logger = options->logger;
	snapshot->created_ms = options->now_ms;
	enum kp_status status = copy_config(snapshot, options->config);
	if (status == KP_OK) {
		status = make_shape(snapshot, options->sources, err);
	}
	if (status != KP_OK) {
		release(snapshot);
		return status == KP_E_MEMORY
			? kp_error_set(err, status, "no memory for a snapshot")
			: status;
	}
	snapshot->sources = options->sources;
	snapshot->authzen_set = options->authzen_set;
	*ret_snapshot = snapshot;
	return KP_OK;
}

void
kp_snapshot_unref(struct kp_snapshot **snapshot)
{
	struct kp_snapshot *old = *snapshot;
	*snapshot = NULL;
	if (old != NULL && atomic_fetch_sub(&old->refs, 1) == 1) {
		kp_source_set_destroy(&old->sources);
		kp_authzen_set_destroy(&old->authzen_set);
		if (old->tls != NULL) {
			old->tls_destroy(&old->tls);
		}
		release(old);
	}
}

static void
close_view(struct kp_snapshot_view *view)
{
	size_t count = kp_source_set_count(view->snapshot->sources);
	for (size_t i = 0; view->links != NULL && i < count; i++) {
		if (view->links[i] != NULL) {
			kp_source_link_close(&view->links[i]);
		}
	}
	kp_identifier_close(&view->identifier);
	kp_pseudonymiser_destroy(&view->pseudonymiser);
	kp_arena_pool_deinit(&view->pool);
	kp_heap_free(view->metric_sources);
	kp_heap_free(view->links);
	kp_snapshot_unref(&view->snapshot);
	kp_heap_free(view);
}

static enum kp_status
open_links(struct kp_snapshot_view *view, struct kp_upstream *upstream,
	struct kp_workers *workers, struct kp_error *err)
{
	const struct kp_source_set *sources = view->snapshot->sources;
	size_t count = kp_source_set_count(sources);
	view->links = kp_heap_calloc(count + 1, sizeof(*view->links));
	if (view->links == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for source links");
	}
	for (size_t i = 0; i < count; i++) {
		enum kp_status status = kp_source_link_open(kp_source_set_get(sources, i),
			view->loop, upstream, workers, &view->links[i], err);
		if (status != KP_OK) {
			return status;
		}
	}
	return KP_OK;
}

enum kp_status
kp_snapshot_view_open(struct kp_snapshot *snapshot, struct kp_loop *loop,
	struct kp_upstream *upstream, struct kp_workers *workers,
	struct kp_snapshot_view **ret_view, struct kp_error *err)
{
	struct kp_snapshot_view *view = kp_heap_calloc(1, sizeof(*view));
	if (view == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a snapshot view");
	}
	atomic_fetch_add(&snapshot->refs, 1);
	view->snapshot = snapshot;
	view->loop = loop;
	view->refs = 1;
	kp_arena_pool_init(&view->pool, POOL_CHUNKS_MAX);
	kp_log_init(&view->log, snapshot->logger);
	kp_log_bind(&view->log, kp_log_number(KP_LOG_LOOP, (int64_t)kp_loop_index(loop)));
	const struct kp_path_config *config = &snapshot->config;
	enum kp_status status = kp_pseudonymiser_create(config->pseudonym_keys,
		config->pseudonym_key_count, config->pseudonym_key_current,
		&view->pseudonymiser, err);
	if (status == KP_OK && config->identity != NULL) {
		status = kp_identifier_open(config->identity, loop, upstream, workers,
			&view->log, &view->identifier, err);
	}
	if (status == KP_OK) {
		status = open_links(view, upstream, workers, err);
	}
	if (status != KP_OK) {
		close_view(view);
		return status;
	}
	*ret_view = view;
	return KP_OK;
}

enum kp_status
kp_snapshot_view_count_in(struct kp_snapshot_view *view, struct kp_metrics *metrics,
	struct kp_metrics_loop *part)
{
	const struct kp_source_set *sources = view->snapshot->sources;
	size_t count = kp_source_set_count(sources);
	KP_REQUIRE(view->metric_sources == NULL);
	view->metric_sources = kp_heap_calloc(count + 1, sizeof(unsigned));
	if (view->metric_sources == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		view->metric_sources[i] =
			kp_metrics_source(metrics, kp_source_set_get(sources, i)->name);
	}
	view->metrics = part;
	return KP_OK;
}

void
kp_snapshot_view_inherit(
	struct kp_snapshot_view *view, const struct kp_snapshot_view *before)
{
	if (view->identifier != NULL && before->identifier != NULL) {
		kp_identifier_inherit(view->identifier, before->identifier);
	}
}

void
kp_snapshot_view_ref(struct kp_snapshot_view *view)
{
	view->refs++;
}

void
kp_snapshot_view_unref(struct kp_snapshot_view **view)
{
	struct kp_snapshot_view *old = *view;
	*view = NULL;
	if (old != NULL && --old->refs == 0) {
		close_view(old);
	}
}
