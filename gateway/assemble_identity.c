/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* assemble_identity: see assemble_identity.h. */
#include "assemble_identity.h"

#include "io/file.h"
#include "token/key_set.h"

static void
add_finding(struct kp_findings *findings, struct kp_error *err, const char *file,
	const char *place)
{
	if (err->file[0] == '\0') {
		kp_error_at(err, file, 0, 0, place);
	}
	kp_findings_add(findings, err);
}

static enum kp_status
read_keys(const struct kp_issuer *issuer, struct kp_findings *findings,
	struct kp_key_set **ret_keys)
{
	struct kp_arena arena;
	struct kp_slice text;
	struct kp_error err = {0};
	kp_arena_init(&arena, 2 * KP_KEY_SET_BYTES_MAX + 8192, NULL);
	const char *path = kp_arena_copy(&arena, issuer->keys_file).data;
	enum kp_status status = path == NULL
		? KP_E_MEMORY
		: kp_file_read_all(path, &arena, KP_KEY_SET_BYTES_MAX, &text, &err);
	if (status == KP_OK) {
		status = kp_key_set_read(text, issuer->rsa_bits_min, ret_keys, &err);
	}
	if (status != KP_OK && status != KP_E_MEMORY) {
		add_finding(findings, &err, path, NULL);
		status = KP_E_CONFIG;
	}
	kp_arena_deinit(&arena);
	return status;
}

static struct kp_tls_file
file_of(const struct kp_config *config, struct kp_slice path)
{
	/* The texts of a configuration have a NUL behind them. */
	return (struct kp_tls_file){.path = path.len == 0 ? NULL : path.data,
		.named_in = config->path,
		.place = "/issuers"};
}

/* What we show to the issuer and whom we believe there; none when it is not reached over
 * https. */
static enum kp_status
read_client(const struct kp_config *config, const struct kp_issuer *issuer,
	struct kp_findings *findings, struct kp_tls_client **ret_client)
{
	const struct kp_tls_client_options options = {
		.certificate = file_of(config, issuer->certificate_file),
		.key = file_of(config, issuer->key_file),
		.anchors = file_of(config, issuer->anchor_file)};
	return issuer->anchor_file.len == 0
		? KP_OK
		: kp_tls_client_create(&options, findings, ret_client);
}

static enum kp_status
read_revoked(
	const char *path, struct kp_findings *findings, struct kp_revoked **ret_revoked)
{
	struct kp_arena arena;
	struct kp_slice text;
	struct kp_error err = {0};
	if (path[0] == '\0') {
		return KP_OK;
	}
	kp_arena_init(&arena, KP_REVOKED_BYTES_MAX + 65536, NULL);
	enum kp_status status =
		kp_file_read_all(path, &arena, KP_REVOKED_BYTES_MAX, &text, &err);
	if (status == KP_OK) {
		status = kp_revoked_read(text, path, findings, ret_revoked);
	} else if (status != KP_E_MEMORY) {
		add_finding(findings, &err, path, NULL);
		status = KP_E_CONFIG;
	}
	kp_arena_deinit(&arena);
	return status;
}

static enum kp_status
worst(enum kp_status a, enum kp_status b)
{
	return a == KP_OK ? b : a;
}

enum kp_status
kp_assemble_identity(const struct kp_config *config, struct kp_proofs *proofs,
	struct kp_findings *findings, struct kp_identity_settings **ret_settings)
{
	struct kp_key_set *keys[KP_ISSUERS_MAX] = {NULL};
	struct kp_tls_client *clients[KP_ISSUERS_MAX] = {NULL};
	struct kp_identity_settings from = {.issuers = config->issuers,
		.issuer_count = config->issuer_count,
		.keys = keys,
		.clients = clients,
		.public_url = config->identity_public_url,
		.revoked_file = config->identity_revoked_file,
		.revoked_check_ms = (uint32_t)config->identity_revoked_check_ms,
		.token_bytes_max = (uint32_t)config->identity_token_bytes_max,
		.tokens_max = (uint32_t)config->identity_tokens_max,
		.proofs = proofs,
		.proof_window_ms = (uint32_t)config->identity_proof_window_ms,
		.proof_nonce = config->identity_proof_nonce,
		.roles_max = (uint32_t)config->identity_roles_max};
	struct kp_error err = {0};
	enum kp_status status = read_revoked(from.revoked_file, findings, &from.revoked);
	for (size_t i = 0; i < from.issuer_count; i++) {
		status = worst(status,
			read_client(config, &from.issuers[i], findings, &clients[i]));
		if (from.issuers[i].keys == KP_KEYS_FILE) {
			status = worst(
				status, read_keys(&from.issuers[i], findings, &keys[i]));
		}
	}
	if (status == KP_OK) {
		status = kp_identity_settings_create(
			&from, config->identity_machine_roles, ret_settings, &err);
		if (status != KP_OK) {
			add_finding(
				findings, &err, config->path, "/identity/machine_roles");
		}
	}
	for (size_t i = 0; status != KP_OK && i < from.issuer_count; i++) {
		kp_key_set_unref(&keys[i]);
		kp_tls_client_unref(&clients[i]);
	}
	if (status != KP_OK) {
		kp_revoked_destroy(&from.revoked);
	}
	return status;
}
