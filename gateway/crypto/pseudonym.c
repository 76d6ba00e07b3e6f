/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * pseudonym: a client's name in the records; see crypto.h. OpenSSL looks an algorithm up
 * under locks each time it is named, so HMAC is fetched once and each key keeps a context
 * that is started again for every message.
 */
#include "crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "core/heap.h"

/* Keeps a pseudonym apart from any other use of the same key. */
static const char purpose[] = "ketenpoort/bsn/1:";

struct named_mac {
	EVP_MAC_CTX *ctx;
	char id[KP_PSEUDONYM_KEY_ID_BYTES_MAX];
	size_t id_len;
};

/* Loop lifetime. */
struct kp_pseudonymiser {
	size_t current;
	size_t count;
	struct named_mac macs[];
};

static bool
id_valid(struct kp_slice id)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	if (id.len == 0 || id.len > KP_PSEUDONYM_KEY_ID_BYTES_MAX) {
		return false;
	}
	for (size_t i = 0; i < id.len; i++) {
		if (memchr(allowed, id.data[i], sizeof(allowed) - 1) == NULL) {
			return false;
		}
	}
	return true;
}

static enum kp_status
check_keys(const struct kp_pseudonym_key *keys, size_t count, size_t current,
	struct kp_error *err)
{
	if (count == 0 || count > KP_PSEUDONYM_KEYS_MAX || current >= count) {
		return kp_error_set(err, KP_E_CONFIG,
			"between 1 and %zu pseudonym keys, one of them current, are "
			"needed",
			KP_PSEUDONYM_KEYS_MAX);
	}
	for (size_t i = 0; i < count; i++) {
		if (!id_valid(keys[i].id)) {
			return kp_error_set(err, KP_E_CONFIG,
				"the id of pseudonym key %zu is not 1 to %zu of A-Z a-z "
				"0-9 . _ -",
				i + 1, KP_PSEUDONYM_KEY_ID_BYTES_MAX);
		}
	}
	return KP_OK;
}

static bool
start_mac(EVP_MAC *hmac, const struct kp_pseudonym_key *key, struct named_mac *mac)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	mac->ctx = EVP_MAC_CTX_new(hmac);
	if (mac->ctx == NULL ||
		EVP_MAC_init(mac->ctx, key->key, sizeof(key->key), params) != 1) {
		return false;
	}
	memcpy(mac->id, key->id.data, key->id.len);
	mac->id_len = key->id.len;
	return true;
}

enum kp_status
kp_pseudonymiser_create(const struct kp_pseudonym_key *keys, size_t count, size_t current,
	struct kp_pseudonymiser **ret_pseudonymiser, struct kp_error *err)
{
	enum kp_status status = check_keys(keys, count, current, err);
	if (status != KP_OK) {
		return status;
	}
	EVP_MAC *hmac = NULL;
	struct kp_pseudonymiser *made =
		kp_heap_calloc(1, sizeof(*made) + count * sizeof(made->macs[0]));
	if (made == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for the pseudonym keys");
	}
	made->current = current;
	made->count = count;
	status = KP_E_MEMORY;
	hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	if (hmac == NULL) {
		goto cleanup;
	}
	for (size_t i = 0; i < count; i++) {
		if (!start_mac(hmac, &keys[i], &made->macs[i])) {
			goto cleanup;
		}
	}
	status = KP_OK;
cleanup:
	EVP_MAC_free(hmac);
	if (status != KP_OK) {
		(void)kp_error_set(err, status, "libcrypto could not start HMAC-SHA-256");
		ERR_clear_error();
		kp_pseudonymiser_destroy(&made);
		return status;
	}
	*ret_pseudonymiser = made;
	return KP_OK;
}

void
kp_pseudonymiser_destroy(struct kp_pseudonymiser **pseudonymiser)
{
	struct kp_pseudonymiser *gone = *pseudonymiser;
	if (gone == NULL) {
		return;
	}
	for (size_t i = 0; i < gone->count; i++) {
		EVP_MAC_CTX_free(gone->macs[i].ctx);
	}
	kp_heap_free(gone);
	*pseudonymiser = NULL;
}

enum kp_status
kp_pseudonymise_with(struct kp_pseudonymiser *pseudonymiser, size_t index,
	struct kp_slice bsn, char ret_text[KP_PSEUDONYM_LEN])
{
	KP_REQUIRE(index < pseudonymiser->count);
	EVP_MAC_CTX *ctx = pseudonymiser->macs[index].ctx;
	unsigned char mac[KP_SHA256_BYTES];
	size_t len = 0;
	/* Without a key it starts again under the one it has. */
	if (EVP_MAC_init(ctx, NULL, 0, NULL) != 1 ||
		EVP_MAC_update(
			ctx, (const unsigned char *)purpose, sizeof(purpose) - 1) != 1 ||
		EVP_MAC_update(ctx, (const unsigned char *)bsn.data, bsn.len) != 1 ||
		EVP_MAC_final(ctx, mac, &len, sizeof(mac)) != 1 || len != sizeof(mac)) {
		ERR_clear_error();
		return KP_E_INTERNAL;
	}
	kp_base64url_write(mac, sizeof(mac), ret_text);
	return KP_OK;
}

enum kp_status
kp_pseudonymise(struct kp_pseudonymiser *pseudonymiser, struct kp_slice bsn,
	char ret_text[KP_PSEUDONYM_LEN])
{
	return kp_pseudonymise_with(pseudonymiser, pseudonymiser->current, bsn, ret_text);
}

struct kp_slice
kp_pseudonymiser_key_id(const struct kp_pseudonymiser *pseudonymiser)
{
	return kp_pseudonymiser_key_id_at(pseudonymiser, pseudonymiser->current);
}

size_t
kp_pseudonymiser_count(const struct kp_pseudonymiser *pseudonymiser)
{
	return pseudonymiser->count;
}

struct kp_slice
kp_pseudonymiser_key_id_at(const struct kp_pseudonymiser *pseudonymiser, size_t index)
{
	KP_REQUIRE(index < pseudonymiser->count);
	const struct named_mac *mac = &pseudonymiser->macs[index];
	return (struct kp_slice){mac->id, mac->id_len};
}
