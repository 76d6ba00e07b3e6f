/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_access: how we show a partner who we are. */
#include "connectors/manifest_keys.h"
#include "connectors/manifest_reader.h"

static bool
needs_secret(const struct kp_manifest_credentials *access)
{
	enum kp_manifest_proof proof = access->token.proof;
	return access->kind == KP_ACCESS_OAUTH2
		? proof == KP_PROOF_SECRET_BASIC || proof == KP_PROOF_SECRET_POST
		: access->kind != KP_ACCESS_NONE;
}

static void
check_access(struct reader *reader, const struct kp_json_node *object,
	const struct kp_manifest_credentials *access)
{
	if (needs_secret(access) && access->secret.len == 0) {
		kp_json_finding(&reader->document, object,
			"has no 'secret': kind '%.*s' needs the name of one",
			KP_SLICE_ARG(text_at(object, "kind")));
	}
	if (access->kind == KP_ACCESS_HEADER && access->header.len == 0) {
		kp_json_finding(&reader->document, object,
			"has no 'header': kind 'header' needs its name");
	} else if (access->kind == KP_ACCESS_HEADER) {
		kp_manifest_check_header_name(
			reader, kp_json_member(object, "header"), access->header);
	}
	if ((access->certificate_file.len == 0) != (access->key_file.len == 0)) {
		kp_json_finding(&reader->document, object,
			"certificate_file and key_file go together");
	}
}

static void
check_token(struct reader *reader, const struct kp_json_node *object,
	const struct kp_manifest_credentials *access)
{
	const struct kp_manifest_token *token = &access->token;
	const struct kp_json_node *endpoint = kp_json_member(object, "endpoint");
	if (token->endpoint.len > 0 &&
		!kp_slice_starts(token->endpoint, KP_SLICE("https://")) &&
		!kp_slice_starts(token->endpoint, KP_SLICE("http://"))) {
		kp_json_finding(&reader->document, endpoint,
			"must be https://host… (or http://… on this machine)");
	} else if (token->endpoint.len > 0) {
		kp_manifest_check_address(reader, endpoint, token->endpoint);
	}
	bool key = token->proof == KP_PROOF_KEY;
	if (key != (token->key_file.len > 0)) {
		kp_json_finding(&reader->document, object,
			key ? "has no 'key_file', which private_key_jwt needs"
			    : "has a 'key_file', which is for private_key_jwt");
	}
	if (token->proof == KP_PROOF_CERTIFICATE && access->certificate_file.len == 0) {
		kp_json_finding(&reader->document, object,
			"shows the certificate of access (tls_client_auth), and access "
			"has no certificate_file");
	}
	if (!needs_secret(access) && access->secret.len > 0) {
		kp_json_finding(&reader->document, object,
			"does not use the secret of access; leave it out");
	}
}

static void
read_token(struct reader *reader, const struct kp_json_node *parent,
	struct kp_manifest_credentials *access)
{
	static const char *const proofs[] = {"client_secret_basic", "client_secret_post",
		"private_key_jwt", "tls_client_auth"};
	const struct kp_json_node *object = object_at(parent, "token");
	struct kp_manifest_token *token = &access->token;
	bool oauth2 = access->kind == KP_ACCESS_OAUTH2;
	if (oauth2 != (object != NULL)) {
		kp_json_finding(&reader->document, object == NULL ? parent : object,
			oauth2 ? "has no 'token', which kind oauth2 needs"
			       : "is for kind oauth2 only");
	}
	if (!oauth2 || object == NULL) {
		return;
	}
	token->proof = (enum kp_manifest_proof)word_at(
		object, "authentication", proofs, KP_ARRAY_LEN(proofs));
	token->endpoint = text_at(object, "endpoint");
	token->endpoint_place = place_of(reader, kp_json_member(object, "endpoint"));
	token->client = text_at(object, "client_id");
	token->scope = text_at(object, "scope");
	token->resource = text_at(object, "resource");
	token->audience = text_at(object, "audience");
	token->key_file = text_at(object, "key_file");
	token->key_id = text_at(object, "key_id");
	token->algorithm = text_at(object, "algorithm");
	token->assertion_audience = text_at(object, "assertion_audience");
	if (token->assertion_audience.len == 0) {
		token->assertion_audience = token->endpoint;
	}
	token->anchor_file = text_at(object, "anchor_file");
	token->time_ms = (uint32_t)integer_at(
		object, "time_ms", kp_manifest_fallback("access/token", "time_ms"));
	token->lifetime_s = (uint32_t)integer_at(
		object, "lifetime_s", kp_manifest_fallback("access/token", "lifetime_s"));
	check_token(reader, object, access);
}

static void
read_jwt(struct reader *reader, const struct kp_json_node *parent,
	struct kp_manifest_credentials *access)
{
	const struct kp_json_node *object = object_at(parent, "jwt");
	bool zgw = access->kind == KP_ACCESS_ZGW;
	if (zgw != (object != NULL)) {
		kp_json_finding(&reader->document, object == NULL ? parent : object,
			zgw ? "has no 'jwt', which kind zgw needs"
			    : "is for kind zgw only");
	} else if (zgw) {
		access->jwt.client = text_at(object, "client_id");
		access->jwt.employee = boolean_at(object, "employee");
	}
}

void
kp_manifest_read_access(struct reader *reader, const struct kp_json_node *object,
	struct kp_manifest_credentials *access)
{
	static const char *const words[] = {"none", "header", "bearer", "basic", "dsn",
		"oauth2", "zgw", "wsse_text", "wsse_digest"};
	access->place = place_of(reader, object);
	if (object == NULL) {
		return;
	}
	access->kind = (enum kp_manifest_access)word_at(
		object, "kind", words, KP_ARRAY_LEN(words));
	access->header = text_at(object, "header");
	access->secret = text_at(object, "secret");
	access->certificate_file = text_at(object, "certificate_file");
	access->key_file = text_at(object, "key_file");
	access->anchor_file = text_at(object, "anchor_file");
	access->pin = text_at(object, "pin");
	read_token(reader, object, access);
	read_jwt(reader, object, access);
	check_access(reader, object, access);
}
