/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * quota: see quota.h. Two tables of one make: in `rates` a slot's value is the time
 * (nanoseconds) at which its bucket is full again, in `work` it is a number of questions.
 * A slot is free when its bucket is full or its number 0; a key stands in one of the
 * PROBES slots after its place, all in one shard.
 */
#include "quota.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>

#include "core/attr.h"
#include "core/hash.h"
#include "core/heap.h"

#define SHARDS 64u
#define PROBES 16u
#define KEY_BYTES_MAX ((size_t)512)
#define NS_PER_US ((uint64_t)1000)
#define NS_PER_S ((uint64_t)1000000000)

struct slot {
	uint64_t key;
	uint64_t value;
};

struct shard {
	pthread_mutex_t lock;
	struct slot *slots;
};

struct table {
	uint32_t slots_per_shard; /* at least PROBES */
	struct slot *slots;
	struct shard shards[SHARDS];
};

struct kp_quota {
	struct table rates;
	struct table work;
};

struct kp_slice
kp_quota_policy_name(enum kp_quota_policy policy)
{
	switch (policy) {
	case KP_QUOTA_ADDRESS:
		return KP_SLICE("adres");
	case KP_QUOTA_EMPLOYEE:
		return KP_SLICE("medewerker");
	case KP_QUOTA_ORGANISATION:
		return KP_SLICE("organisatie");
	case KP_QUOTA_PURPOSE:
		return KP_SLICE("doel");
	case KP_QUOTA_DOSSIERS_HOUR:
		return KP_SLICE("dossiers-per-uur");
	case KP_QUOTA_DOSSIERS_DAY:
		return KP_SLICE("dossiers-per-dag");
	case KP_QUOTA_FIELDS_DAY:
		return KP_SLICE("velden-per-dag");
	case KP_QUOTA_CONCURRENT:
		return KP_SLICE("tegelijk");
	case KP_QUOTA_POLICIES:
		break;
	}
	return KP_SLICE("");
}

/* --- life --- */

static enum kp_status
table_init(struct table *table, uint32_t entries)
{
	uint32_t each = (entries + SHARDS - 1) / SHARDS;
	table->slots_per_shard = each < PROBES ? PROBES : each;
	table->slots = kp_heap_calloc(
		(size_t)table->slots_per_shard * SHARDS, sizeof(*table->slots));
	if (table->slots == NULL) {
		return KP_E_MEMORY;
	}
	for (uint32_t i = 0; i < SHARDS; i++) {
		table->shards[i].slots =
			table->slots + (size_t)i * table->slots_per_shard;
		(void)pthread_mutex_init(&table->shards[i].lock, NULL);
	}
	return KP_OK;
}

static void
table_deinit(struct table *table)
{
	for (uint32_t i = 0; table->slots != NULL && i < SHARDS; i++) {
		(void)pthread_mutex_destroy(&table->shards[i].lock);
	}
	kp_heap_free(table->slots);
}

enum kp_status
kp_quota_create(uint32_t entries, struct kp_quota **ret_quota, struct kp_error *err)
{
	struct kp_quota *quota = kp_heap_calloc(1, sizeof(*quota));
	if (quota == NULL || table_init(&quota->rates, entries) != KP_OK ||
		table_init(&quota->work, entries) != KP_OK) {
		kp_quota_destroy(&quota);
		return kp_error_set(err, KP_E_MEMORY,
			"no memory to count %u askers (quota.entries)", entries);
	}
	*ret_quota = quota;
	return KP_OK;
}

void
kp_quota_destroy(struct kp_quota **quota_at)
{
	struct kp_quota *quota = *quota_at;
	if (quota != NULL) {
		*quota_at = NULL;
		table_deinit(&quota->rates);
		table_deinit(&quota->work);
		kp_heap_free(quota);
	}
}

/* --- keys --- */

/* Names that are longer than the bounds of the path allow are cut: they then share a
 * bucket, which is no way around it. */
static size_t
add_part(char *bytes, size_t len, struct kp_slice part)
{
	size_t room = (KEY_BYTES_MAX - 1) / 2 - 1;
	size_t used = part.len < room ? part.len : room;
	if (used > 0) {
		memcpy(bytes + len, part.data, used);
	}
	bytes[len + used] = '\0'; /* no name holds one, so two parts are two parts */
	return len + used + 1;
}

uint64_t
kp_quota_key(enum kp_quota_policy policy, struct kp_slice within, struct kp_slice name)
{
	char bytes[KEY_BYTES_MAX];
	size_t len = 0;
	bytes[len++] = (char)policy;
	len = add_part(bytes, len, within);
	len = add_part(bytes, len, name);
	return kp_hash(bytes, len);
}

uint64_t
kp_quota_address_key(const char *peer)
{
	char host[INET6_ADDRSTRLEN] = "";
	struct in6_addr v6;
	const char *colon = strrchr(peer, ':');
	size_t len = colon == NULL ? strlen(peer) : (size_t)(colon - peer);
	struct kp_slice name = {peer, len};
	if (len < sizeof(host)) {
		memcpy(host, peer, len);
	}
	if (inet_pton(AF_INET6, host, &v6) == 1 && !IN6_IS_ADDR_V4MAPPED(&v6)) {
		name = (struct kp_slice){(const char *)&v6, 8};
	}
	return kp_quota_key(KP_QUOTA_ADDRESS, (struct kp_slice){NULL, 0}, name);
}

/* --- slots --- */

static struct shard *
shard_of(struct table *table, uint64_t key)
{
	return &table->shards[key % SHARDS];
}

/* The key's slot, else one that is free (its value is at most `free_to`), else NULL. */
static struct slot *
find_slot(const struct table *table, const struct shard *shard, uint64_t key,
	uint64_t free_to)
{
	struct slot *room = NULL;
	uint64_t at = key / SHARDS % table->slots_per_shard;
	for (uint32_t i = 0; i < PROBES; i++) {
		struct slot *slot = &shard->slots[at];
		bool taken = slot->value > free_to;
		if (taken && slot->key == key) {
			return slot;
		}
		if (!taken && room == NULL) {
			room = slot;
		}
		at = at + 1 == table->slots_per_shard ? 0 : at + 1;
	}
	if (room != NULL) {
		*room = (struct slot){.key = key, .value = 0};
	}
	return room;
}

/* --- rates --- */

/* A bucket in time: what a token takes, what the whole bucket is. */
struct bucket {
	uint64_t token_ns;
	uint64_t whole_ns;
};

static struct bucket
bucket_of(const struct kp_quota_claim *claim)
{
	KP_REQUIRE(claim->count > 0 && claim->window_s > 0 && claim->burst > 0);
	uint64_t token_ns = claim->window_s * NS_PER_S / claim->count;
	token_ns = token_ns == 0 ? 1 : token_ns;
	return (struct bucket){token_ns, token_ns * claim->burst};
}

static uint32_t
seconds_up(uint64_t ns)
{
	uint64_t seconds = (ns + NS_PER_S - 1) / NS_PER_S;
	return seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

/* `full_ns`: when the bucket is full, not before now. */
static void
describe(const struct bucket *bucket, uint64_t full_ns, uint64_t now_ns, uint64_t cost_ns,
	struct kp_quota_state *state)
{
	uint64_t used_ns = full_ns - now_ns;
	uint64_t over_ns = used_ns + cost_ns > bucket->whole_ns
		? used_ns + cost_ns - bucket->whole_ns
		: 0;
	uint64_t left_ns = used_ns < bucket->whole_ns ? bucket->whole_ns - used_ns : 0;
	uint32_t retry_s = seconds_up(over_ns);
	*state = (struct kp_quota_state){
		.left = (uint32_t)(left_ns / bucket->token_ns),
		.reset_s = seconds_up(used_ns),
		.retry_s = retry_s == 0 ? 1 : retry_s,
	};
}

static enum kp_quota_verdict
take_one(struct kp_quota *quota, const struct kp_quota_claim *claim, uint64_t now_ns,
	bool keep, struct kp_quota_state *state)
{
	const struct bucket bucket = bucket_of(claim);
	uint64_t cost_ns = bucket.token_ns * claim->cost;
	struct shard *shard = shard_of(&quota->rates, claim->key);
	enum kp_quota_verdict verdict = KP_QUOTA_FULL;
	*state = (struct kp_quota_state){.retry_s = 1};
	(void)pthread_mutex_lock(&shard->lock);
	struct slot *slot = find_slot(&quota->rates, shard, claim->key, now_ns);
	if (slot != NULL) {
		uint64_t full_ns = slot->value > now_ns ? slot->value : now_ns;
		bool enough = full_ns - now_ns + cost_ns <= bucket.whole_ns;
		verdict = enough ? KP_QUOTA_TAKEN : KP_QUOTA_SPENT;
		if (enough && keep) {
			full_ns += cost_ns;
			slot->value = full_ns;
			cost_ns = 0;
		}
		describe(&bucket, full_ns, now_ns, cost_ns, state);
	}
	(void)pthread_mutex_unlock(&shard->lock);
	return verdict;
}

static void
give_back(struct kp_quota *quota, const struct kp_quota_claim *claim, uint64_t now_ns)
{
	const struct bucket bucket = bucket_of(claim);
	uint64_t cost_ns = bucket.token_ns * claim->cost;
	struct shard *shard = shard_of(&quota->rates, claim->key);
	(void)pthread_mutex_lock(&shard->lock);
	struct slot *slot = find_slot(&quota->rates, shard, claim->key, now_ns);
	if (slot != NULL && slot->value > now_ns) {
		slot->value -= slot->value > cost_ns ? cost_ns : slot->value;
	}
	(void)pthread_mutex_unlock(&shard->lock);
}

enum kp_quota_verdict
kp_quota_take(struct kp_quota *quota, const struct kp_quota_claim *claims, size_t count,
	uint64_t now_us, struct kp_quota_state *states, size_t *ret_refused)
{
	uint64_t now_ns = now_us * NS_PER_US;
	for (size_t i = 0; i < count; i++) {
		enum kp_quota_verdict verdict =
			take_one(quota, &claims[i], now_ns, true, &states[i]);
		if (verdict == KP_QUOTA_TAKEN) {
			continue;
		}
		*ret_refused = i;
		for (size_t j = 0; j < i; j++) {
			give_back(quota, &claims[j], now_ns);
		}
		return verdict;
	}
	return KP_QUOTA_TAKEN;
}

bool
kp_quota_has(struct kp_quota *quota, const struct kp_quota_claim *claim, uint64_t now_us,
	struct kp_quota_state *ret_state)
{
	return take_one(quota, claim, now_us * NS_PER_US, false, ret_state) ==
		KP_QUOTA_TAKEN;
}

/* --- in work --- */

enum kp_quota_verdict
kp_quota_enter(struct kp_quota *quota, uint64_t key, uint32_t max)
{
	struct shard *shard = shard_of(&quota->work, key);
	enum kp_quota_verdict verdict = KP_QUOTA_FULL;
	(void)pthread_mutex_lock(&shard->lock);
	struct slot *slot = find_slot(&quota->work, shard, key, 0);
	if (slot != NULL) {
		verdict = slot->value < max ? KP_QUOTA_TAKEN : KP_QUOTA_SPENT;
		slot->value += verdict == KP_QUOTA_TAKEN ? 1 : 0;
	}
	(void)pthread_mutex_unlock(&shard->lock);
	return verdict;
}

void
kp_quota_leave(struct kp_quota *quota, uint64_t key)
{
	struct shard *shard = shard_of(&quota->work, key);
	(void)pthread_mutex_lock(&shard->lock);
	struct slot *slot = find_slot(&quota->work, shard, key, 0);
	KP_REQUIRE(slot != NULL && slot->value > 0);
	slot->value--;
	(void)pthread_mutex_unlock(&shard->lock);
}

uint64_t
kp_quota_used(struct kp_quota *quota, uint64_t now_us)
{
	uint64_t used = 0;
	for (uint32_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &quota->rates.shards[i];
		(void)pthread_mutex_lock(&shard->lock);
		for (uint32_t j = 0; j < quota->rates.slots_per_shard; j++) {
			used += shard->slots[j].value > now_us * NS_PER_US ? 1 : 0;
		}
		(void)pthread_mutex_unlock(&shard->lock);
	}
	return used;
}
