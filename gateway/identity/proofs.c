/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* proofs: see proofs.h. A ring in order of arrival, which is the order of leaving, and
 * chains through it by the id's first bytes. */
#include "identity/proofs.h"

#include <pthread.h>
#include <stdatomic.h>

#include "core/encode.h"
#include "core/hash.h"
#include "core/heap.h"

#define NOWHERE UINT32_MAX
#define NONCE_BYTES 16u
/* More than one come in, so that what is over goes, and no lock is held for long. */
#define DROPS_MAX 2u

struct place {
	unsigned char id[KP_SHA256_BYTES];
	int64_t until_s;
	uint32_t chain;
};

struct kp_proofs {
	atomic_uint refs;
	pthread_mutex_t lock; /* of all below but the key, which does not change */
	unsigned char key[KP_SHA256_BYTES];
	uint32_t count_max;
	uint32_t first; /* the oldest */
	uint32_t count;
	uint32_t bucket_mask;
	uint32_t *buckets;
	struct place *places;
};

enum kp_status
kp_proofs_create(uint32_t count_max, struct kp_proofs **ret_proofs)
{
	uint32_t buckets = 1;
	while (buckets < count_max && buckets < 1u << 24) {
		buckets *= 2;
	}
	struct kp_proofs *proofs = kp_heap_calloc(1, sizeof(*proofs));
	if (proofs == NULL) {
		return KP_E_MEMORY;
	}
	if (pthread_mutex_init(&proofs->lock, NULL) != 0) {
		kp_heap_free(proofs);
		return KP_E_MEMORY;
	}
	atomic_init(&proofs->refs, 1);
	proofs->count_max = count_max;
	proofs->bucket_mask = buckets - 1;
	proofs->buckets = kp_heap_alloc(buckets * sizeof(uint32_t));
	proofs->places = kp_heap_alloc(count_max * sizeof(struct place));
	enum kp_status status = proofs->buckets == NULL || proofs->places == NULL
		? KP_E_MEMORY
		: kp_random_bytes(proofs->key, sizeof(proofs->key));
	if (status != KP_OK) {
		kp_proofs_unref(&proofs);
		return status;
	}
	memset(proofs->buckets, 0xff, buckets * sizeof(uint32_t));
	*ret_proofs = proofs;
	return KP_OK;
}

struct kp_proofs *
kp_proofs_ref(struct kp_proofs *proofs)
{
	atomic_fetch_add_explicit(&proofs->refs, 1, memory_order_relaxed);
	return proofs;
}

void
kp_proofs_unref(struct kp_proofs **proofs)
{
	struct kp_proofs *old = *proofs;
	*proofs = NULL;
	if (old != NULL &&
		atomic_fetch_sub_explicit(&old->refs, 1, memory_order_acq_rel) == 1) {
		(void)pthread_mutex_destroy(&old->lock);
		kp_wipe(old->key, sizeof(old->key));
		kp_heap_free(old->buckets);
		kp_heap_free(old->places);
		kp_heap_free(old);
	}
}

static uint32_t *
bucket_of(struct kp_proofs *proofs, const unsigned char *id)
{
	return &proofs->buckets[kp_hash((const char *)id, KP_SHA256_BYTES) &
		proofs->bucket_mask];
}

static void
drop_oldest(struct kp_proofs *proofs)
{
	struct place *place = &proofs->places[proofs->first];
	uint32_t *at = bucket_of(proofs, place->id);
	while (*at != proofs->first) {
		at = &proofs->places[*at].chain;
	}
	*at = place->chain;
	proofs->first = (proofs->first + 1) % proofs->count_max;
	proofs->count--;
}

static enum kp_token_fault
take(struct kp_proofs *proofs, const unsigned char id[KP_SHA256_BYTES], int64_t now_s,
	int64_t keep_s)
{
	for (unsigned drops = 0; drops < DROPS_MAX && proofs->count > 0 &&
		proofs->places[proofs->first].until_s <= now_s;
		drops++) {
		drop_oldest(proofs);
	}
	uint32_t *bucket = bucket_of(proofs, id);
	for (uint32_t at = *bucket; at != NOWHERE; at = proofs->places[at].chain) {
		if (memcmp(proofs->places[at].id, id, KP_SHA256_BYTES) == 0) {
			return KP_TOKEN_PROOF_AGAIN;
		}
	}
	if (proofs->count == proofs->count_max) {
		return KP_TOKEN_BUSY;
	}
	uint32_t at = (proofs->first + proofs->count) % proofs->count_max;
	struct place *place = &proofs->places[at];
	memcpy(place->id, id, KP_SHA256_BYTES);
	place->until_s = now_s + keep_s;
	place->chain = *bucket;
	*bucket = at;
	proofs->count++;
	return KP_TOKEN_GOOD;
}

enum kp_token_fault
kp_proofs_take(struct kp_proofs *proofs, const unsigned char id[KP_SHA256_BYTES],
	int64_t now_s, int64_t keep_s)
{
	KP_REQUIRE(pthread_mutex_lock(&proofs->lock) == 0);
	enum kp_token_fault fault = take(proofs, id, now_s, keep_s);
	KP_REQUIRE(pthread_mutex_unlock(&proofs->lock) == 0);
	return fault;
}

void
kp_proofs_nonce(
	const struct kp_proofs *proofs, int64_t now_s, int64_t slot_s, char *ret_nonce)
{
	int64_t slot = now_s / slot_s;
	unsigned char digest[KP_SHA256_BYTES];
	const struct kp_slice parts[] = {{(const char *)proofs->key, KP_SHA256_BYTES},
		{(const char *)&slot, sizeof(slot)}};
	kp_sha256(parts, KP_ARRAY_LEN(parts), digest);
	kp_base64url_write(digest, NONCE_BYTES, ret_nonce);
}
