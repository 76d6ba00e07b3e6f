/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * quota: how much each asker has asked lately, for all loops together. One table of fixed
 * size: keys are keyed hashes of who asks (and for what), never of whom is asked about,
 * and nothing in it can be turned back into a name. It lives as long as the process, so a
 * reload forgets nothing.
 *
 * Rates are token buckets in the form of GCRA (ITU-T I.371): per key one number, the time
 * at which the bucket is full again. Over any stretch of t seconds a key is given at most
 * `burst` plus t times its rate. A key whose bucket is full takes no room. When a key
 * finds no room, its question is refused: what cannot be counted is not answered.
 *
 * Any thread. The table is in shards with a lock each, held for a few dozen instructions;
 * two numbers that belong together (key and time) cannot be changed by one atomic step,
 * and a bucket that is now and then too generous is no bound.
 */
#ifndef KP_QUOTA_H
#define KP_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"

/* What is bounded. In metrics, records and the RateLimit fields by name. */
enum kp_quota_policy {
	KP_QUOTA_ADDRESS,       /* "adres": questions that do not say who asks */
	KP_QUOTA_EMPLOYEE,      /* "medewerker" */
	KP_QUOTA_ORGANISATION,  /* "organisatie" */
	KP_QUOTA_PURPOSE,       /* "doel": of one organisation */
	KP_QUOTA_DOSSIERS_HOUR, /* "dossiers-per-uur": of one employee */
	KP_QUOTA_DOSSIERS_DAY,  /* "dossiers-per-dag": of one employee */
	KP_QUOTA_FIELDS_DAY,    /* "velden-per-dag": sensitive ones, of one employee */
	KP_QUOTA_CONCURRENT,    /* "tegelijk": dossiers in work of one organisation */
	KP_QUOTA_POLICIES
};

/* What answers and the log call it. */
struct kp_slice kp_quota_policy_name(enum kp_quota_policy policy);

/* The bounds in force for one organisation; 0 is no bound. */
struct kp_quota_limits {
	uint32_t refused_per_minute; /* per address */
	uint32_t employee_per_minute;
	uint32_t employee_burst; /* at once; at least 1 where there is a rate */
	uint32_t organisation_per_minute;
	uint32_t organisation_burst;
	uint32_t purpose_per_minute;
	uint32_t purpose_burst;
	uint32_t concurrent_max;
	uint32_t dossiers_per_hour;
	uint32_t dossiers_per_day;
	uint32_t sensitive_fields_per_day;
};

struct kp_quota; /* process lifetime */

/* Room for `entries` keys, rounded up. KP_E_MEMORY. */
enum kp_status kp_quota_create(
	uint32_t entries, struct kp_quota **ret_quota, struct kp_error *err) KP_MUST_USE;
/* Accepts NULL. */
void kp_quota_destroy(struct kp_quota **quota);

/* The key of an asker under a policy. `within` is what `name` is unique in (an
 * organisation), or empty. */
uint64_t kp_quota_key(
	enum kp_quota_policy policy, struct kp_slice within, struct kp_slice name);
/* Of a client's address, "host:port" as kp_exchange_peer has it. The port does not count,
 * and of an IPv6 address only the first 64 bits. */
uint64_t kp_quota_address_key(const char *peer);

struct kp_quota_claim {
	enum kp_quota_policy policy;
	uint64_t key;
	uint32_t count;    /* tokens per window; not 0 */
	uint32_t window_s; /* not 0 */
	uint32_t burst;    /* tokens at once; not 0 */
	uint32_t cost;     /* tokens wanted */
};

/* How a bucket stands. */
struct kp_quota_state {
	uint32_t left;    /* tokens */
	uint32_t reset_s; /* until it is full, rounded up */
	uint32_t retry_s; /* after a refusal: until `cost` is there, at least 1 */
};

enum kp_quota_verdict {
	KP_QUOTA_TAKEN,
	KP_QUOTA_SPENT, /* the bucket *ret_refused has too little */
	KP_QUOTA_FULL,  /* there was no room to count it */
};

/*
 * Takes all claims or none: what was taken before a refusal is given back. `states` has
 * room for `count`; those up to and including a refused one are filled. `now_us` is of
 * kp_loop_now_us.
 */
enum kp_quota_verdict kp_quota_take(struct kp_quota *quota,
	const struct kp_quota_claim *claims, size_t count, uint64_t now_us,
	struct kp_quota_state *states, size_t *ret_refused) KP_MUST_USE;
/* Would `cost` be given? Takes nothing. */
bool kp_quota_has(struct kp_quota *quota, const struct kp_quota_claim *claim,
	uint64_t now_us, struct kp_quota_state *ret_state);

/* One more in work of this key, at most `max`. What entered must leave. */
enum kp_quota_verdict kp_quota_enter(
	struct kp_quota *quota, uint64_t key, uint32_t max) KP_MUST_USE;
void kp_quota_leave(struct kp_quota *quota, uint64_t key);

/* Keys that take room. Walks the table: for tests. */
uint64_t kp_quota_used(struct kp_quota *quota, uint64_t now_us);

#endif
