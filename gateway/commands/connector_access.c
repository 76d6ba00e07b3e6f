/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_access: see connector_access.h. */
#include "commands/connector_access.h"

#include "core/attr.h"

const char *
kp_connector_access_word(enum kp_manifest_access kind)
{
	static const char *const words[] = {
		[KP_ACCESS_NONE] = "nothing",
		[KP_ACCESS_HEADER] = "a header",
		[KP_ACCESS_BEARER] = "a bearer token",
		[KP_ACCESS_BASIC] = "basic credentials",
		[KP_ACCESS_DSN] = "a connection string",
		[KP_ACCESS_OAUTH2] = "a token of its issuer",
		[KP_ACCESS_ZGW] = "a JWT of our own",
		[KP_ACCESS_WSSE_TEXT] = "a UsernameToken with the password",
		[KP_ACCESS_WSSE_DIGEST] = "a UsernameToken with a digest",
	};
	KP_REQUIRE((size_t)kind < KP_ARRAY_LEN(words));
	return words[kind];
}

static const char *
issuer_text(struct kp_arena *arena, const struct kp_manifest_token *token)
{
	static const char *const proofs[] = {
		[KP_PROOF_SECRET_BASIC] = "client_secret_basic",
		[KP_PROOF_SECRET_POST] = "client_secret_post",
		[KP_PROOF_KEY] = "private_key_jwt with key",
		[KP_PROOF_CERTIFICATE] = "tls_client_auth",
	};
	return kp_arena_printf(arena, " (%.*s, as '%.*s'%s%.*s, %s%s%.*s)",
		KP_SLICE_ARG(token->endpoint), KP_SLICE_ARG(token->client),
		token->scope.len > 0 ? ", scope " : "", KP_SLICE_ARG(token->scope),
		proofs[token->proof], token->key_file.len > 0 ? " " : "",
		KP_SLICE_ARG(token->key_file));
}

struct kp_slice
kp_connector_access_text(
	struct kp_arena *arena, const struct kp_manifest_credentials *access)
{
	const char *more = "";
	if (access->kind == KP_ACCESS_NONE) {
		return KP_SLICE("");
	}
	if (access->kind == KP_ACCESS_HEADER) {
		more = kp_arena_printf(arena, " '%.*s'", KP_SLICE_ARG(access->header));
	} else if (access->kind == KP_ACCESS_OAUTH2) {
		more = issuer_text(arena, &access->token);
	} else if (access->kind == KP_ACCESS_ZGW) {
		more = kp_arena_printf(arena, " (as '%.*s'%s)",
			KP_SLICE_ARG(access->jwt.client),
			access->jwt.employee ? ", names the employee" : "");
	}
	const char *text = kp_arena_printf(arena, "%s%s%s%.*s%s",
		kp_connector_access_word(access->kind), more == NULL ? "" : more,
		access->secret.len > 0 ? ", from secret '" : "",
		KP_SLICE_ARG(access->secret), access->secret.len > 0 ? "'" : "");
	return text == NULL ? KP_SLICE("") : kp_slice_from(text);
}
