/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* key_set: see key_set.h. One key: jwk.c. */
#include "token/key_set.h"

#include <stdatomic.h>

#include "core/heap.h"
#include "token/jws.h"

#define READ_BYTES_MAX ((size_t)2 << 20)

struct key {
	struct kp_slice kid; /* data is NULL when it has none */
	struct kp_verify_key *key;
	bool one_alg; /* only for `alg` */
	enum kp_signature_alg alg;
	unsigned char thumbprint[KP_SHA256_BYTES];
};

struct kp_key_set {
	atomic_uint refs;
	struct kp_arena arena;
	size_t count;
	struct key keys[KP_KEY_SET_KEYS_MAX];
};

/* Lifetime: one reading. */
struct reader {
	struct kp_key_set *set;
	struct kp_arena arena;
	unsigned rsa_bits_min;
	struct kp_error *err;
};

/* Is it for signatures, as far as it says? */
static bool
may_verify(const struct kp_claim *jwk)
{
	const struct kp_claim *use = kp_claim_member(jwk, KP_SLICE("use"));
	const struct kp_claim *operations = kp_claim_member(jwk, KP_SLICE("key_ops"));
	return (use == NULL || kp_claim_holds(use, KP_SLICE("sig"))) &&
		(operations == NULL ||
			(operations->kind == KP_CLAIM_ARRAY &&
				kp_claim_holds(operations, KP_SLICE("verify"))));
}

/* False when the key names an algorithm that it cannot be used with. */
static bool
read_alg(const struct kp_claim *jwk, struct key *key)
{
	struct kp_slice alg;
	enum kp_claim_found found = kp_claim_text(jwk, KP_SLICE("alg"), &alg);
	if (found == KP_CLAIM_ABSENT) {
		return true;
	}
	key->one_alg = true;
	return found == KP_CLAIM_GOOD && kp_signature_alg_find(alg, &key->alg) &&
		kp_signature_alg_fits(key->alg, kp_verify_key_kind(key->key));
}

static bool
same_name(const struct key *a, const struct key *b)
{
	return (a->kid.data == NULL) == (b->kid.data == NULL) &&
		kp_slice_equal(a->kid, b->kid);
}

/* Two keys of one kind under one name: which is meant cannot be told. */
static bool
is_twice(const struct kp_key_set *set, const struct key *key)
{
	for (size_t i = 0; key->kid.data != NULL && i < set->count; i++) {
		if (same_name(&set->keys[i], key) &&
			kp_verify_key_kind(set->keys[i].key) ==
				kp_verify_key_kind(key->key)) {
			return true;
		}
	}
	return false;
}

static bool
is_usable(const struct reader *reader, const struct kp_claim *jwk, struct key *key)
{
	return may_verify(jwk) && read_alg(jwk, key) &&
		(kp_verify_key_kind(key->key) != KP_KEY_RSA ||
			kp_verify_key_rsa_bits(key->key) >= reader->rsa_bits_min);
}

static enum kp_status
add_key(struct reader *reader, const struct kp_claim *jwk)
{
	struct kp_key_set *set = reader->set;
	struct key key = {.kid = {NULL, 0}};
	struct kp_slice kid = {NULL, 0};
	if (kp_claim_text(jwk, KP_SLICE("kid"), &kid) == KP_CLAIM_WRONG ||
		kid.len > KP_JWS_KID_BYTES_MAX) {
		return KP_OK;
	}
	enum kp_status status = kp_jwk_read(jwk, &reader->arena, &key.key, NULL);
	if (status != KP_OK) {
		return status == KP_E_INVALID ? KP_OK : status;
	}
	if (kid.data != NULL) {
		key.kid = kp_arena_copy(&set->arena, kid);
		status = key.kid.data == NULL ? KP_E_MEMORY : KP_OK;
	}
	if (status != KP_OK || !is_usable(reader, jwk, &key)) {
		kp_verify_key_destroy(&key.key);
		return status;
	}
	if (is_twice(set, &key)) {
		kp_verify_key_destroy(&key.key);
		return kp_error_set(reader->err, KP_E_INVALID,
			"two keys of one kind have the same name (kid)");
	}
	kp_jwk_thumbprint(jwk, key.thumbprint);
	set->keys[set->count++] = key;
	return KP_OK;
}

static enum kp_status
add_keys(struct reader *reader, const struct kp_claim *root)
{
	const struct kp_claim *keys = kp_claim_member(root, KP_SLICE("keys"));
	size_t seen = 0;
	if (keys == NULL || keys->kind != KP_CLAIM_ARRAY) {
		return kp_error_set(
			reader->err, KP_E_INVALID, "this is no set of keys (keys)");
	}
	for (const struct kp_claim *jwk = keys->first; jwk != NULL; jwk = jwk->next) {
		if (++seen > KP_KEY_SET_KEYS_MAX) {
			return kp_error_set(reader->err, KP_E_LIMIT,
				"the set has more than %zu keys", KP_KEY_SET_KEYS_MAX);
		}
		if (kp_jwk_is_private(jwk)) {
			return kp_error_set(reader->err, KP_E_INVALID,
				"key %zu of the set is not a public one", seen);
		}
		enum kp_status status = add_key(reader, jwk);
		if (status != KP_OK) {
			return status;
		}
	}
	if (reader->set->count == 0) {
		return kp_error_set(reader->err, KP_E_INVALID,
			"no key of the set can verify a signature here");
	}
	return KP_OK;
}

static struct kp_key_set *
make_set(void)
{
	struct kp_key_set *set = kp_heap_calloc(1, sizeof(*set));
	if (set != NULL) {
		atomic_init(&set->refs, 1);
		kp_arena_init(&set->arena, KP_KEY_SET_KEYS_MAX * 1024, NULL);
	}
	return set;
}

enum kp_status
kp_key_set_read(struct kp_slice text, unsigned rsa_bits_min, struct kp_key_set **ret_set,
	struct kp_error *err)
{
	struct reader reader = {
		.set = make_set(), .rsa_bits_min = rsa_bits_min, .err = err};
	const struct kp_claim *root = NULL;
	if (reader.set == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a set of keys");
	}
	kp_arena_init(&reader.arena, READ_BYTES_MAX, NULL);
	enum kp_status status = text.len > KP_KEY_SET_BYTES_MAX
		? kp_error_set(err, KP_E_LIMIT, "the set has more than %zu bytes",
			  KP_KEY_SET_BYTES_MAX)
		: kp_claims_read(text, &reader.arena, &root);
	if (status == KP_OK) {
		status = add_keys(&reader, root);
	} else if (status != KP_E_LIMIT) {
		status = kp_error_set(err, status == KP_E_MEMORY ? status : KP_E_INVALID,
			"this is not one strict JSON object");
	}
	kp_arena_deinit(&reader.arena);
	if (status == KP_OK) {
		*ret_set = reader.set;
	} else {
		kp_key_set_unref(&reader.set);
	}
	return status;
}

struct kp_key_set *
kp_key_set_ref(struct kp_key_set *set)
{
	atomic_fetch_add(&set->refs, 1);
	return set;
}

void
kp_key_set_unref(struct kp_key_set **set)
{
	struct kp_key_set *old = *set;
	*set = NULL;
	if (old == NULL || atomic_fetch_sub(&old->refs, 1) != 1) {
		return;
	}
	for (size_t i = 0; i < old->count; i++) {
		kp_verify_key_destroy(&old->keys[i].key);
	}
	kp_arena_deinit(&old->arena);
	kp_heap_free(old);
}

size_t
kp_key_set_count(const struct kp_key_set *set)
{
	return set->count;
}

static bool
holds(const struct kp_key_set *set, const struct key *key)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct key *at = &set->keys[i];
		if (same_name(at, key) && at->one_alg == key->one_alg &&
			at->alg == key->alg &&
			memcmp(at->thumbprint, key->thumbprint, KP_SHA256_BYTES) == 0) {
			return true;
		}
	}
	return false;
}

bool
kp_key_set_equal(const struct kp_key_set *a, const struct kp_key_set *b)
{
	if (a == NULL || b == NULL || a->count != b->count) {
		return a == b;
	}
	for (size_t i = 0; i < a->count; i++) {
		if (!holds(b, &a->keys[i])) {
			return false;
		}
	}
	return true;
}

static bool
fits(const struct key *key, struct kp_slice kid, enum kp_signature_alg alg)
{
	return (kid.data == NULL ||
		       (key->kid.data != NULL && kp_slice_equal(key->kid, kid))) &&
		(!key->one_alg || key->alg == alg) &&
		kp_signature_alg_fits(alg, kp_verify_key_kind(key->key));
}

const struct kp_verify_key *
kp_key_set_find(
	const struct kp_key_set *set, struct kp_slice kid, enum kp_signature_alg alg)
{
	const struct kp_verify_key *found = NULL;
	for (size_t i = 0; i < set->count; i++) {
		if (!fits(&set->keys[i], kid, alg)) {
			continue;
		}
		if (found != NULL) {
			return NULL;
		}
		found = set->keys[i].key;
	}
	return found;
}
