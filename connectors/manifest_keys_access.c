/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_keys_access: the keys of `access`, see manifest_keys.h. */
#include "connectors/manifest_keys_parts.h"

static const char *const access_words[] = {"none", "header", "bearer", "basic", "dsn",
	"oauth2", "zgw", "wsse_text", "wsse_digest", NULL};
static const char *const proof_words[] = {"client_secret_basic", "client_secret_post",
	"private_key_jwt", "tls_client_auth", NULL};
static const char *const algorithm_words[] = {"PS256", "ES256", "RS256", NULL};

static const struct kp_key token_keys[] = {
	{.name = "endpoint",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "https address that gives tokens (RFC 6749, client credentials); "
			"plain http on this machine only"},
	{.name = "client_id",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "our name there"},
	{.name = "authentication",
		.kind = KP_KEY_CHOICE,
		.words = proof_words,
		.required = true,
		.help = "how we prove that name: a secret, a JWT that our key signs "
			"(RFC 7523), or the client certificate of access (RFC 8705)"},
	{.name = "scope", .kind = KP_KEY_TEXT, .help = "scopes with a space between"},
	{.name = "resource",
		.kind = KP_KEY_TEXT,
		.help = "what the token is for, a URI (RFC 8707)"},
	{.name = "audience",
		.kind = KP_KEY_TEXT,
		.help = "the same where the issuer calls it audience"},
	{.name = "key_file",
		.kind = KP_KEY_TEXT,
		.help = "private_key_jwt: key that signs, PEM, or a pkcs11: URI"},
	{.name = "key_id",
		.kind = KP_KEY_TEXT,
		.help = "private_key_jwt: name of the key (kid) at the issuer"},
	{.name = "algorithm",
		.kind = KP_KEY_CHOICE,
		.words = algorithm_words,
		.help = "private_key_jwt: PS256 by default, ES256 for a key on P-256"},
	{.name = "assertion_audience",
		.kind = KP_KEY_TEXT,
		.help = "private_key_jwt: aud of the JWT; the endpoint by default, many "
			"issuers want their own name"},
	{.name = "anchor_file",
		.kind = KP_KEY_TEXT,
		.help = "certificates that the issuer's must lead to, PEM; those of "
			"access by default"},
	{.name = "time_ms",
		.kind = KP_KEY_INTEGER,
		.min = 50,
		.max = 30000,
		.fallback = 2000,
		.help = "longest time for a token; a question waits no longer than it "
			"has itself"},
	{.name = "lifetime_s",
		.kind = KP_KEY_INTEGER,
		.min = 5,
		.max = 86400,
		.fallback = 60,
		.help = "how long a token serves that comes without expires_in"},
	KP_KEYS_END,
};

static const struct kp_key jwt_keys[] = {
	{.name = "client_id",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "our name at the partner: iss and client_id"},
	{.name = "employee",
		.kind = KP_KEY_BOOLEAN,
		.help = "tell the partner which employee asks (user_id and "
			"user_representation); false by default, then our name stands "
			"there"},
	KP_KEYS_END,
};

const struct kp_key kp_manifest_access_keys[] = {
	{.name = "kind",
		.kind = KP_KEY_CHOICE,
		.words = access_words,
		.help = "how we show who we are, besides a client certificate"},
	{.name = "header",
		.kind = KP_KEY_TEXT,
		.help = "name of the header, with kind header"},
	{.name = "secret",
		.kind = KP_KEY_TEXT,
		.help = "name of the secret in the configuration, never the secret "
			"itself; "
			"basic: its value is user:password; dsn: an ODBC connection "
			"string; oauth2: the client secret, if it has one; zgw: what the "
			"JWT is "
			"signed with (HS256); wsse_text and wsse_digest: user:password "
			"for a WS-Security UsernameToken"},
	{.name = "certificate_file",
		.kind = KP_KEY_TEXT,
		.help = "own client certificate, PEM"},
	{.name = "key_file",
		.kind = KP_KEY_TEXT,
		.help = "key of the client certificate, PEM, or a pkcs11: URI"},
	{.name = "anchor_file",
		.kind = KP_KEY_TEXT,
		.help = "certificates that the partner's must lead to, PEM"},
	{.name = "pin",
		.kind = KP_KEY_TEXT,
		.help = "the partner's public key, and no other: sha256// and the "
			"base64 of its digest"},
	{.name = "jwt",
		.kind = KP_KEY_OBJECT,
		.keys = jwt_keys,
		.help = "kind zgw: what the JWT says that we make for each question"},
	{.name = "token",
		.kind = KP_KEY_OBJECT,
		.keys = token_keys,
		.help = "kind oauth2: where and how a token is got"},
	KP_KEYS_END,
};
