/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* issuer: see issuer.h. */
#include "token/issuer.h"

#include "token/claims.h"

static bool
keep(struct kp_arena *arena, struct kp_slice *text)
{
	if (text->len == 0) {
		*text = (struct kp_slice){"", 0};
		return true;
	}
	*text = kp_arena_copy(arena, *text);
	return text->data != NULL;
}

static bool
keep_texts(struct kp_arena *arena, struct kp_issuer_texts *texts)
{
	struct kp_slice *items = KP_ARENA_ARRAY(arena, struct kp_slice, texts->count + 1);
	for (size_t i = 0; items != NULL && i < texts->count; i++) {
		items[i] = texts->items[i];
		if (!keep(arena, &items[i])) {
			return false;
		}
	}
	texts->items = items;
	return items != NULL;
}

static bool
keep_roles(struct kp_arena *arena, struct kp_issuer *issuer)
{
	if (issuer->roles == NULL) {
		return true;
	}
	struct kp_issuer_role *roles =
		KP_ARENA_ARRAY(arena, struct kp_issuer_role, issuer->role_count + 1);
	for (size_t i = 0; roles != NULL && i < issuer->role_count; i++) {
		roles[i] = issuer->roles[i];
		if (!keep(arena, &roles[i].theirs) || !keep(arena, &roles[i].ours)) {
			return false;
		}
	}
	issuer->roles = roles;
	return roles != NULL;
}

static bool
keep_issuer(struct kp_arena *arena, struct kp_issuer *issuer)
{
	struct kp_slice *texts[] = {&issuer->issuer, &issuer->organisation_claim,
		&issuer->employee_claim, &issuer->roles_claim,
		&issuer->on_behalf_of_claim, &issuer->keys_url, &issuer->keys_file,
		&issuer->anchor_file, &issuer->certificate_file, &issuer->key_file,
		&issuer->introspection_url, &issuer->introspection_client,
		&issuer->introspection_secret, &issuer->group, &issuer->service,
		&issuer->inway};
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		if (!keep(arena, texts[i])) {
			return false;
		}
	}
	return keep_texts(arena, &issuer->audiences) &&
		keep_texts(arena, &issuer->types) &&
		keep_texts(arena, &issuer->organisations) && keep_roles(arena, issuer);
}

enum kp_status
kp_issuers_copy(const struct kp_issuer *issuers, size_t count, struct kp_arena *arena,
	const struct kp_issuer **ret_issuers)
{
	struct kp_issuer *copies = KP_ARENA_ARRAY(arena, struct kp_issuer, count + 1);
	if (copies == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		copies[i] = issuers[i];
		if (!keep_issuer(arena, &copies[i])) {
			return KP_E_MEMORY;
		}
	}
	*ret_issuers = copies;
	return KP_OK;
}

const struct kp_issuer *
kp_issuers_find(const struct kp_issuer *issuers, size_t count, struct kp_slice issuer,
	enum kp_issuer_kind kind)
{
	for (size_t i = 0; i < count; i++) {
		if (issuers[i].kind == kind &&
			kp_slice_equal(issuers[i].issuer, issuer)) {
			return &issuers[i];
		}
	}
	return NULL;
}

bool
kp_url_split(
	struct kp_slice url, struct kp_slice *ret_endpoint, struct kp_slice *ret_target)
{
	size_t scheme = kp_slice_starts(url, KP_SLICE("https://")) ? 8
		: kp_slice_starts(url, KP_SLICE("http://"))        ? 7
								   : 0;
	size_t at = scheme;
	while (at < url.len && url.data[at] != '/' && url.data[at] != '?') {
		if (url.data[at] == '@' || url.data[at] == '\\') {
			return false;
		}
		at++;
	}
	if (scheme == 0 || at == scheme) {
		return false;
	}
	for (size_t i = 0; i < url.len; i++) {
		unsigned char byte = (unsigned char)url.data[i];
		if (byte <= 0x20 || byte >= 0x7f || byte == '#') {
			return false;
		}
	}
	*ret_endpoint = (struct kp_slice){url.data, at};
	*ret_target = (struct kp_slice){url.data + at, url.len - at};
	return true;
}

/* Addresses with a slash at their end have none doubled. */
static struct kp_slice
without_slash(struct kp_slice path)
{
	if (path.len > 0 && path.data[path.len - 1] == '/') {
		path.len--;
	}
	return path;
}

struct kp_slice
kp_issuer_metadata_url(const struct kp_issuer *issuer, struct kp_arena *arena)
{
	struct kp_slice endpoint = {NULL, 0};
	struct kp_slice path = {NULL, 0};
	if (!kp_url_split(issuer->issuer, &endpoint, &path)) {
		return endpoint;
	}
	path = without_slash(path);
	char *url = issuer->keys == KP_KEYS_OAUTH
		? kp_arena_printf(arena,
			  "%.*s/.well-known/oauth-authorization-server%.*s",
			  KP_SLICE_ARG(endpoint), KP_SLICE_ARG(path))
		: kp_arena_printf(arena, "%.*s%.*s/.well-known/openid-configuration",
			  KP_SLICE_ARG(endpoint), KP_SLICE_ARG(path));
	return kp_slice_from(url);
}

enum kp_status
kp_issuer_metadata_read(const struct kp_issuer *issuer, struct kp_slice text,
	struct kp_arena *arena, struct kp_slice *ret_keys_url)
{
	const struct kp_claim *document = NULL;
	struct kp_slice name;
	struct kp_slice url;
	struct kp_slice endpoint;
	struct kp_slice target;
	enum kp_status status = kp_claims_read(text, arena, &document);
	if (status != KP_OK) {
		return status == KP_E_MEMORY ? status : KP_E_INVALID;
	}
	if (kp_claim_text(document, KP_SLICE("issuer"), &name) != KP_CLAIM_GOOD ||
		!kp_slice_equal(name, issuer->issuer) ||
		kp_claim_text(document, KP_SLICE("jwks_uri"), &url) != KP_CLAIM_GOOD ||
		!kp_url_split(url, &endpoint, &target)) {
		return KP_E_INVALID;
	}
	*ret_keys_url = url;
	return KP_OK;
}
