/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * config: gateway.json, read and checked. A configuration is immutable and lives in its
 * own wiped arena until the last reference goes; a reload makes a new one. Reading
 * reports every fault at once, as "file:line:column: place: what, allowed, nearest name".
 * The single-valued options are the rows of options.def.
 */
#ifndef KP_CONFIG_CONFIG_H
#define KP_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"
#include "crypto/crypto.h"
#include "io/tls.h"
#include "token/issuer.h"

#define KP_CONFIG_BYTES_MAX ((size_t)1 << 20)
#define KP_CONFIG_ARENA_BYTES_MAX ((size_t)8 << 20)
#define KP_CONFIG_LISTENERS_MAX ((size_t)16)
#define KP_CONFIG_SECRETS_MAX ((size_t)1024)
#define KP_CONFIG_PLUGINS_MAX ((size_t)64)
#define KP_CONFIG_QUOTAS_MAX ((size_t)1024)
#define KP_CONFIG_SECRET_BYTES_MAX ((size_t)65536)
#define KP_CONFIG_FINDINGS_MAX ((size_t)200)

/* "listeners": [ { "host": "127.0.0.1", "port": 8080, "tls": { … } } ] */
struct kp_config_listener {
	const char *host; /* numeric: "127.0.0.1", "::1" */
	uint16_t port;
	bool loopback;
	uint32_t serves; /* bits, by place in kp_config_served */
	/* What the file says; token, tickets, http2 and loops are whoever opens it's.
	 * NULL: plain. */
	const struct kp_tls_server_options *tls;
};

/* What a listener can serve: "api", "authzen", "health", "metrics". */
#define KP_CONFIG_SERVED 4u
extern const char *const kp_config_served[KP_CONFIG_SERVED];

/* "secrets": { "brp-api-key": { "file": "…" } or { "credential": "…" } } */
struct kp_config_secret {
	struct kp_slice name;  /* manifests refer to it */
	const char *path;      /* of the file that holds it */
	bool credential;       /* path is in systemd's credentials folder */
	struct kp_slice value; /* after kp_config_read_secrets; one line feed at the end
				  is taken off */
};

/* "quotas": { "00000001830000001000": { "employee_per_minute": 600, … } }: options of the
 * section quota, for one organisation. */
struct kp_config_quota {
	struct kp_slice organisation; /* OIN */
	const uint64_t *values;       /* of every option, in the order of kp_option_get */
};

/* Snapshot lifetime; read-only after load, any thread. */
struct kp_config {
	const char *path;     /* as given */
	const char *folder;   /* where relative paths start */
	struct kp_slice text; /* the file's bytes */
	unsigned char digest[KP_SHA256_BYTES];
	const struct kp_config_listener *listeners; /* at least one */
	size_t listener_count;
	struct kp_config_secret *secrets;
	size_t secret_count;
	struct kp_issuer *issuers; /* introspection_secret: its name, then itself */
	size_t issuer_count;
	const struct kp_config_quota *quotas; /* in order of organisation */
	size_t quota_count;
	const char *const *plugins; /* paths of shared objects */
	size_t plugin_count;
	struct kp_pseudonym_key *pseudonym_keys; /* after kp_config_read_secrets */
	size_t pseudonym_key_count;
	size_t pseudonym_key_current;

/* The rows of options.def: server_loops, http_target_bytes_max, log_level, … */
#define KP_SECTION(name, help)
#define KP_NUMBER(section, name, unit, min, max, value, help) uint64_t section##_##name;
#define KP_FLAG(section, name, value, help) bool section##_##name;
#define KP_SENTENCE(section, name, sentence, help) bool section##_##name;
#define KP_CHOICE(section, name, choices, value, help) unsigned section##_##name;
#define KP_TEXT(section, name, bytes_max, value, help) struct kp_slice section##_##name;
#define KP_PATH(section, name, value, help) const char *section##_##name;
#include "config/options.def"

	struct kp_arena arena;
	unsigned refs; /* private, atomic */
};

/*
 * Reads and checks the file. All faults go to `findings`; KP_E_CONFIG when there was one,
 * KP_E_MEMORY. Secrets are not read yet. The result has one reference.
 */
enum kp_status kp_config_load(const char *path, struct kp_findings *findings,
	struct kp_config **ret_config) KP_MUST_USE;
/* The same from text: `path` names it in findings, relative paths start in its folder. */
enum kp_status kp_config_parse(struct kp_slice text, const char *path,
	struct kp_findings *findings, struct kp_config **ret_config) KP_MUST_USE;
/* Reads the secrets and the pseudonym keys into the configuration, before it is shared.
 * A file that others may read is a fault. */
enum kp_status kp_config_read_secrets(
	struct kp_config *config, struct kp_findings *findings) KP_MUST_USE;

/* What no program of a partner's may see: the configuration's folder, the journal, the
 * pseudonym key, secrets and keys; NULL behind the last. KP_E_MEMORY. */
enum kp_status kp_config_private_paths(const struct kp_config *config,
	struct kp_arena *arena, const char *const **ret_paths) KP_MUST_USE;

/* One more reference, to the same; any thread. */
struct kp_config *kp_config_ref(struct kp_config *config);
/* Wipes with the last reference. Accepts NULL. */
void kp_config_unref(struct kp_config **config);

/* A kp_secret_fn; the context is a struct kp_config. */
struct kp_slice kp_config_secret(void *config, struct kp_slice name);

/* One file of a folder, read whole. */
struct kp_config_file {
	const char *name;     /* relative to the folder, '/' between parts */
	struct kp_slice text; /* in the arena given */
};

/*
 * Reads the files below the policy folder (recursively, *.cedar, *.json and
 * *.cedarschema) or the manifests (*.json, not recursively), in order of name. Hidden
 * files are left out. Faults go to `findings`. Blocking: at start, or on a worker thread.
 */
enum kp_status kp_config_read_policies(const struct kp_config *config,
	struct kp_arena *arena, struct kp_findings *findings,
	struct kp_config_file **ret_files, size_t *ret_count) KP_MUST_USE;
/* The files of the decision point's own set, when there is one: the same as policies. */
enum kp_status kp_config_read_policy_set(const struct kp_config *config,
	struct kp_arena *arena, struct kp_findings *findings,
	struct kp_config_file **ret_files, size_t *ret_count) KP_MUST_USE;
enum kp_status kp_config_read_manifests(const struct kp_config *config,
	struct kp_arena *arena, struct kp_findings *findings,
	struct kp_config_file **ret_files, size_t *ret_count) KP_MUST_USE;

#endif
