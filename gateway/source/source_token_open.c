/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source_token_open: what a manifest says about the issuer of our tokens, read and
 * checked; and the fixed part of what we write there. */
#include "identity/form.h"
#include "io/tls.h"
#include "source/source_token.h"

/* The credentials of `access`, as far as they go to the issuer too: our certificate, so
 * that tokens can be bound to it (RFC 8705, section 3). */
static struct kp_manifest_credentials
credentials_there(const struct kp_manifest_credentials *access)
{
	struct kp_manifest_credentials there = *access;
	if (access->token.anchor_file.len > 0) {
		there.anchor_file = access->token.anchor_file;
	}
	there.pin = (struct kp_slice){0}; /* of the partner's key */
	return there;
}

static void
check_algorithm(struct kp_source_opening *opening, struct kp_source_issuer *issuer)
{
	const struct kp_manifest_token *token = issuer->manifest;
	enum kp_key_kind kind = kp_signing_key_kind(issuer->key);
	issuer->alg = kp_signing_key_alg(issuer->key);
	if (token->algorithm.len > 0 &&
		(!kp_signature_alg_find(token->algorithm, &issuer->alg) ||
			!kp_signature_alg_fits(issuer->alg, kind))) {
		kp_source_finding(opening, &token->endpoint_place,
			"algorithm %.*s does not fit the key of token/key_file",
			KP_SLICE_ARG(token->algorithm));
	} else if (token->algorithm.len == 0 && issuer->alg != KP_ALG_PS256 &&
		issuer->alg != KP_ALG_ES256) {
		kp_source_finding(opening, &token->endpoint_place,
			"the key of token/key_file is neither RSA nor on curve P-256");
	}
}

static enum kp_status
read_key(struct kp_source_opening *opening, struct kp_source_issuer *issuer)
{
	const struct kp_manifest_place *place = &opening->private->manifest->access.place;
	struct kp_slice name = issuer->manifest->key_file;
	struct kp_slice path = kp_slice_starts(name, KP_SLICE("pkcs11:"))
		? kp_arena_copy(&opening->set->arena, name)
		: kp_source_path(opening, name);
	const struct kp_tls_token none = {0};
	const struct kp_tls_file file = {.path = path.data,
		.named_in = opening->file,
		.place = place->pointer,
		.line = place->line,
		.column = place->column};
	if (path.data == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = kp_tls_signing_key_read(&file,
		opening->options->token == NULL ? &none : opening->options->token,
		opening->findings, &issuer->key);
	if (status == KP_OK) {
		check_algorithm(opening, issuer);
	}
	return status == KP_E_MEMORY ? status : KP_OK;
}

enum kp_status
kp_source_issuer_check(struct kp_source_opening *opening)
{
	const struct kp_manifest_credentials *access =
		&opening->private->manifest->access;
	if (access->kind != KP_ACCESS_OAUTH2) {
		return KP_OK;
	}
	struct kp_source_issuer *issuer =
		KP_ARENA_NEW(&opening->set->arena, struct kp_source_issuer);
	if (issuer == NULL) {
		return KP_E_MEMORY;
	}
	opening->private->issuer = issuer;
	issuer->manifest = &access->token;
	struct kp_manifest_credentials there = credentials_there(access);
	kp_source_check_endpoint(
		opening, access->token.endpoint, &access->token.endpoint_place, &there);
	kp_source_check_access(opening, &there, &issuer->access);
	enum kp_status status = KP_OK;
	if (kp_slice_starts(access->token.endpoint, KP_SLICE("https://"))) {
		status = kp_source_read_tls(
			opening, access->token.endpoint, &there, &issuer->access);
	}
	if (status == KP_OK && access->token.key_file.len > 0) {
		status = read_key(opening, issuer);
	}
	return status;
}

void
kp_source_issuer_close(struct kp_source_private *private)
{
	if (private->issuer != NULL) {
		kp_tls_client_unref(&private->issuer->access.tls);
		kp_signing_key_destroy(&private->issuer->key);
	}
}

void
kp_source_issuer_form(const struct kp_source_issuer *issuer, struct kp_buffer *form)
{
	const struct kp_manifest_token *token = issuer->manifest;
	kp_form_add(form, KP_SLICE("grant_type"), KP_SLICE("client_credentials"));
	kp_form_add(form, KP_SLICE("scope"), token->scope);
	kp_form_add(form, KP_SLICE("resource"), token->resource);
	kp_form_add(form, KP_SLICE("audience"), token->audience);
	/* With a basic credential or an assertion the name is in there. */
	if (token->proof == KP_PROOF_SECRET_POST ||
		token->proof == KP_PROOF_CERTIFICATE) {
		kp_form_add(form, KP_SLICE("client_id"), token->client);
	}
	if (token->proof == KP_PROOF_SECRET_POST) {
		kp_form_add(form, KP_SLICE("client_secret"), issuer->access.secret);
	}
}

const struct kp_tls_client *
kp_source_issuer_tls(const struct kp_source *source)
{
	const struct kp_source_issuer *issuer = source->private->issuer;
	return issuer == NULL ? NULL : issuer->access.tls;
}

void
kp_source_token_counts(
	const struct kp_source *source, struct kp_source_token_counts *ret_counts)
{
	const struct kp_source_issuer *issuer = source->private->issuer;
	*ret_counts = (struct kp_source_token_counts){.used = issuer != NULL};
	if (issuer != NULL) {
		ret_counts->given = atomic_load(&issuer->tally.given);
		ret_counts->failed = atomic_load(&issuer->tally.failed);
		ret_counts->refused = atomic_load(&issuer->tally.refused);
	}
}
