/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * snapshot: everything a request needs that is not its own: the configuration values of
 * the path, the policy bundle, the sources. Immutable after creation, shared by all loops
 * and replaced as a whole on reload; a request keeps the one it began with.
 *
 * A *view* is the snapshot on one loop: the source links and the pool of arena chunks
 * that belong to this loop. Requests hold references on the view (plain integers), views
 * hold references on the snapshot (atomic). So a retired snapshot goes away by itself
 * when its last request has ended.
 */
#ifndef KP_SNAPSHOT_H
#define KP_SNAPSHOT_H

#include <stdatomic.h>

#include "audit/journal.h"
#include "core/arena.h"
#include "core/error.h"
#include "core/log.h"
#include "crypto/crypto.h"
#include "identity/identity.h"
#include "io/loop.h"
#include "io/upstream.h"
#include "io/worker.h"
#include "metrics.h"
#include "policies/authzen_set.h"
#include "policies/authzen_trust.h"
#include "policies/policy.h"
#include "query/shape.h"
#include "quota.h"
#include "source/source.h"

struct kp_quota_override {
	struct kp_slice organisation; /* OIN */
	struct kp_quota_limits limits;
};

/* The request path's part of the configuration. Start from kp_path_config_defaults. */
struct kp_path_config {
	/* Identity from plain headers, for development and demonstration only; the
	 * configuration check allows it on loopback listeners only. */
	bool development_identity;
	struct kp_identity_settings *identity; /* the snapshot has a reference; NULL: no
						  token or certificate says who asks */
	struct kp_slice header_purpose;        /* "x-doelbinding" */
	struct kp_slice header_activity;       /* "x-verwerking" */
	struct kp_slice header_employee;       /* "x-gebruiker" */
	struct kp_slice header_organisation;   /* "x-origin-oin" */
	struct kp_slice header_mandator;       /* "x-namens-oin" */
	struct kp_slice header_roles;          /* "x-rollen"; development identity only */
	uint32_t header_bytes_max;             /* of a protocol header's value: 242 */
	uint32_t roles_max;                    /* role ids of one employee: 32 */

	uint32_t requests_max;      /* at the same time, per loop: 4096 */
	size_t request_bytes_max;   /* memory of one request: 32 MiB */
	uint32_t body_bytes_max;    /* of a query: 16 KiB */
	uint32_t fields_max;        /* velden in one query: 200 */
	uint32_t budget_ms_default; /* 4000 */
	uint32_t budget_ms_min;     /* 50 */
	uint32_t budget_ms_max;     /* 30000 */

	uint32_t waves_max;       /* of calls that depend on each other: 4 */
	uint32_t items_max;       /* in list sections, per source: 2000 */
	uint32_t values_max;      /* per source: 20000 */
	uint32_t value_bytes_max; /* of one value: 64 KiB */

	/* The decision point for other systems. */
	bool authzen_enabled;
	struct kp_slice authzen_base_url;      /* empty: no metadata document */
	struct kp_slice authzen_assert;        /* read into authzen_trust */
	struct kp_authzen_trust authzen_trust; /* made by kp_snapshot_create */
	bool authzen_certification;

	/* How much may be asked. */
	struct kp_quota_limits quota;
	const struct kp_quota_override *quota_overrides; /* by organisation, in order */
	size_t quota_override_count;
	uint32_t quota_sensitive_from; /* of kp_field.sensitivity */

	/* Under which clients appear in records; new records use keys[current]. */
	const struct kp_pseudonym_key *pseudonym_keys;
	size_t pseudonym_key_count;
	size_t pseudonym_key_current;
};

struct kp_tls_set;

struct kp_snapshot {
	atomic_uint refs;
	int64_t created_ms;           /* UTC */
	struct kp_path_config config; /* its texts lie in `arena` */
	struct kp_bundle *bundle;     /* one reference */
	const struct kp_catalogue *catalogue;
	struct kp_source_set *sources;      /* owned */
	struct kp_authzen_set *authzen_set; /* owned; NULL: the bundle decides */
	struct kp_shape *shape;
	struct kp_slice openapi; /* the document of /v1; made by kp_assemble */
	struct kp_tls_set *tls;  /* owned; tls_set.h; NULL: no listener has it */
	void (*tls_destroy)(struct kp_tls_set **tls);
	struct kp_journal *journal; /* borrowed: process lifetime */
	struct kp_quota *quota;     /* borrowed: process lifetime; NULL: no bounds */
	struct kp_logger *logger;   /* borrowed; may be NULL */
	struct kp_arena arena;
};

struct kp_snapshot_view {
	struct kp_snapshot *snapshot; /* one reference */
	struct kp_loop *loop;
	struct kp_source_link **links; /* by index in the source set */
	struct kp_pseudonymiser *pseudonymiser;
	struct kp_identifier *identifier; /* NULL without config.identity */
	struct kp_arena_pool pool;
	struct kp_log log;
	struct kp_metrics_loop *metrics; /* NULL: nothing is counted */
	unsigned *metric_sources;        /* number in metrics, by index in the set */
	uint32_t active;                 /* requests in work */
	uint32_t refs;
};

/* The bounds and texts of a configuration without options. */
void kp_path_config_defaults(struct kp_path_config *config);

struct kp_snapshot_options {
	const struct kp_path_config *config; /* copied, texts too */
	struct kp_bundle *bundle;            /* gets a reference of its own */
	struct kp_source_set *sources;       /* taken on success */
	struct kp_authzen_set *authzen_set;  /* taken on success; may be NULL */
	struct kp_journal *journal;
	struct kp_quota *quota;   /* may be NULL */
	struct kp_logger *logger; /* may be NULL */
	int64_t now_ms;           /* UTC */
};

/* One reference for the caller. Any thread. */
enum kp_status kp_snapshot_create(const struct kp_snapshot_options *options,
	struct kp_snapshot **ret_snapshot, struct kp_error *err) KP_MUST_USE;
/* Thread-safe; accepts NULL. The last one frees. */
void kp_snapshot_unref(struct kp_snapshot **snapshot);

/* Opens every source on a loop. On the loop's thread, or before it runs. The caller has
 * one reference and drops it to retire the view. */
enum kp_status kp_snapshot_view_open(struct kp_snapshot *snapshot, struct kp_loop *loop,
	struct kp_upstream *upstream, struct kp_workers *workers,
	struct kp_snapshot_view **ret_view, struct kp_error *err) KP_MUST_USE;
/* After a reload, before the view is used: what is known and must not be forgotten comes
 * along from the view before it on this loop. */
void kp_snapshot_view_inherit(
	struct kp_snapshot_view *view, const struct kp_snapshot_view *before);
/* From now on the view counts its requests and calls in `part`. KP_E_MEMORY. */
enum kp_status kp_snapshot_view_count_in(struct kp_snapshot_view *view,
	struct kp_metrics *metrics, struct kp_metrics_loop *part) KP_MUST_USE;
/* On the loop's thread, or after it stopped. */
void kp_snapshot_view_ref(struct kp_snapshot_view *view);
void kp_snapshot_view_unref(struct kp_snapshot_view **view);

#endif
