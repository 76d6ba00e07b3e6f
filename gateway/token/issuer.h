/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * issuer: what is configured about one issuer of access tokens: how its tokens must look,
 * where its keys are, and which of its claims say who asks. Plain data, made by
 * config/config_issuers.c; the texts belong to the configuration or to the arena of a
 * copy.
 */
#ifndef KP_TOKEN_ISSUER_H
#define KP_TOKEN_ISSUER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/attr.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_ISSUERS_MAX ((size_t)32)
#define KP_ISSUER_TEXTS_MAX ((size_t)64)  /* of audiences, types, organisations */
#define KP_ISSUER_ROLES_MAX ((size_t)256) /* rows of the role table */

enum kp_issuer_kind {
	KP_ISSUER_OAUTH, /* RFC 9068, in Authorization */
	KP_ISSUER_FSC,   /* FSC core 1.0, in Fsc-Authorization, behind an Inway */
};

/* Where the keys come from. */
enum kp_issuer_keys {
	KP_KEYS_OAUTH, /* RFC 8414: /.well-known/oauth-authorization-server */
	KP_KEYS_OIDC,  /* OpenID Connect Discovery: /.well-known/openid-configuration */
	KP_KEYS_URL,
	KP_KEYS_FILE,
};

/* How a token must be tied to who shows it. One that says it is tied is always held to
 * it. */
enum kp_issuer_binding {
	KP_BINDING_REQUIRED,    /* to a certificate or to a DPoP key */
	KP_BINDING_CERTIFICATE, /* RFC 8705 */
	KP_BINDING_DPOP,        /* RFC 9449 */
	KP_BINDING_OPTIONAL,    /* plain bearer tokens are taken */
};

/* Which tokens are asked about (RFC 7662). */
enum kp_issuer_introspection {
	KP_INTROSPECT_OPAQUE, /* those that are no JWT */
	KP_INTROSPECT_SIGNED, /* its JWTs too, after all checks */
};

struct kp_issuer_texts {
	const struct kp_slice *items;
	size_t count;
};

/* "their role" → our role. */
struct kp_issuer_role {
	struct kp_slice theirs;
	struct kp_slice ours;
};

struct kp_issuer {
	struct kp_slice issuer; /* iss, to the byte */
	enum kp_issuer_kind kind;
	enum kp_issuer_keys keys;
	enum kp_issuer_binding binding;
	struct kp_issuer_texts audiences; /* one of them must be in aud */
	struct kp_issuer_texts types;     /* of typ: "at+jwt" */
	uint32_t algorithms;              /* bits of enum kp_signature_alg */
	uint32_t rsa_bits_min;
	uint32_t skew_s;
	uint32_t lifetime_max_s; /* exp - iat; 0: any */

	/* Whom it may speak for; "*" is anybody. */
	struct kp_issuer_texts organisations;
	/* Claims by path (kp_claim_at); empty: there is none. */
	struct kp_slice organisation_claim; /* empty: organisations[0] */
	struct kp_slice employee_claim;
	struct kp_slice roles_claim;
	struct kp_slice on_behalf_of_claim;
	const struct kp_issuer_role *roles; /* NULL: their roles are ours */
	size_t role_count;

	/* Where it is. */
	struct kp_slice keys_url;
	struct kp_slice keys_file;
	struct kp_slice anchor_file;      /* for https */
	struct kp_slice certificate_file; /* ours, to it; may be empty */
	struct kp_slice key_file;
	struct kp_slice introspection_url; /* empty: none */
	enum kp_issuer_introspection introspection;
	struct kp_slice introspection_client;
	struct kp_slice introspection_secret; /* the secret itself; empty: mutual TLS */
	uint32_t refresh_s;                   /* how often keys are read again */
	uint32_t refetch_s;             /* at most once in this time for a new kid */
	uint32_t keys_age_max_s;        /* unrefreshed keys serve this long */
	uint32_t introspection_cache_s; /* an answer serves this long */
	uint32_t timeout_ms;            /* of one call to it */

	/* KP_ISSUER_FSC */
	struct kp_slice group;   /* gid */
	struct kp_slice service; /* svc */
	struct kp_slice inway;   /* OIN of the Inway's certificate, or "loopback" */
};

/* A copy in `arena`. KP_E_MEMORY. */
enum kp_status kp_issuers_copy(const struct kp_issuer *issuers, size_t count,
	struct kp_arena *arena, const struct kp_issuer **ret_issuers) KP_MUST_USE;
/* The one of that name; NULL when there is none. */
const struct kp_issuer *kp_issuers_find(const struct kp_issuer *issuers, size_t count,
	struct kp_slice issuer, enum kp_issuer_kind kind);

/* Where its metadata are: the issuer's address with the well-known part put in (RFC 8414,
 * 3.1) or behind it (OpenID Connect Discovery, 4). Data is NULL without memory. */
struct kp_slice kp_issuer_metadata_url(
	const struct kp_issuer *issuer, struct kp_arena *arena);
/*
 * Its jwks_uri from its metadata. KP_E_INVALID when the document is not strict JSON, is
 * of another issuer (to the byte: RFC 8414, 3.3) or names no address.
 */
enum kp_status kp_issuer_metadata_read(const struct kp_issuer *issuer,
	struct kp_slice text, struct kp_arena *arena,
	struct kp_slice *ret_keys_url) KP_MUST_USE;

/* "https://host:port/path?x" in two: the endpoint and what comes after it. False when it
 * is no absolute http(s) address, or has a fragment or a user in it. */
bool kp_url_split(
	struct kp_slice url, struct kp_slice *ret_endpoint, struct kp_slice *ret_target);

#endif
