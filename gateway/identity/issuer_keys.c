/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * issuer_keys: the keys of one issuer on one loop. They are fetched when the loop opens,
 * again every refresh_s, and for a token with a key that nobody has seen at most once per
 * refetch_s, whoever sends such tokens. When the issuer is out of reach the keys that are
 * there serve on until keys_age_max_s; then nothing it signed is believed.
 */
#include "identity/identity_private.h"

#define RETRY_FIRST_US ((uint64_t)1000 * 1000)
#define RETRY_DOUBLINGS_MAX 6u
#define SECOND_US ((uint64_t)1000 * 1000)

static void fetch_keys(struct kp_identity_issuer *issuer);

static void
log_failure(const struct kp_identity_issuer *issuer, const struct kp_error *err)
{
	const struct kp_identifier *identifier = issuer->identifier;
	KP_LOG(&identifier->log, WARN, SOURCE, "an issuer's keys cannot be fetched",
		kp_log_text(KP_LOG_ISSUER, issuer->issuer->issuer),
		kp_log_number(KP_LOG_ATTEMPTS, issuer->failures),
		kp_log_cstr(KP_LOG_ERROR, err == NULL ? "no memory" : err->message));
}

static void
log_change(const struct kp_identity_issuer *issuer)
{
	KP_LOG(&issuer->identifier->log, INFO, SOURCE, "an issuer has other keys",
		kp_log_text(KP_LOG_ISSUER, issuer->issuer->issuer),
		kp_log_number(KP_LOG_COUNT, (int64_t)kp_key_set_count(issuer->keys)));
}

/* The next fetch: soon after a failure, each time later, never rarer than when all is
 * well. */
static void
arm(struct kp_identity_issuer *issuer)
{
	uint64_t delay = issuer->issuer->refresh_s * SECOND_US;
	if (issuer->failures > 0) {
		unsigned doublings = issuer->failures - 1;
		uint64_t retry = RETRY_FIRST_US
			<< (doublings > RETRY_DOUBLINGS_MAX ? RETRY_DOUBLINGS_MAX
							    : doublings);
		delay = retry < delay ? retry : delay;
	}
	kp_timer_start(issuer->identifier->loop, &issuer->timer, delay);
}

static void
failed(struct kp_identity_issuer *issuer, const struct kp_error *err)
{
	issuer->step = KP_KEYS_IDLE;
	kp_fetch_clear(&issuer->fetch);
	if (issuer->identifier->closed) {
		return;
	}
	issuer->failures++;
	issuer->identifier->counts.fetches_failed++;
	log_failure(issuer, err);
	arm(issuer);
	kp_identity_wake_all(&issuer->waits);
}

static void
take_keys(struct kp_identity_issuer *issuer, struct kp_slice text)
{
	struct kp_key_set *set = NULL;
	struct kp_error err = {0};
	if (kp_key_set_read(text, issuer->issuer->rsa_bits_min, &set, &err) != KP_OK) {
		failed(issuer, &err);
		return;
	}
	bool same = kp_key_set_equal(set, issuer->keys);
	kp_key_set_unref(&issuer->keys);
	issuer->keys = set;
	issuer->generation += same ? 0 : 1;
	issuer->fetched_us = kp_loop_now_us(issuer->identifier->loop);
	issuer->failures = 0;
	issuer->step = KP_KEYS_IDLE;
	kp_fetch_clear(&issuer->fetch);
	if (!same) {
		log_change(issuer);
	}
	arm(issuer);
	kp_identity_wake_all(&issuer->waits);
}

/* False when nothing was started; why is in `err`. */
static bool
start_fetch(struct kp_identity_issuer *issuer, struct kp_outlet *outlet,
	struct kp_slice url, struct kp_error *err)
{
	struct kp_identifier *identifier = issuer->identifier;
	struct kp_slice target;
	const struct kp_slice none = {NULL, 0};
	enum kp_status status = kp_outlet_open(outlet, identifier->upstream,
		issuer->issuer->issuer, issuer->client, url, none, &target, err);
	if (status == KP_OK) {
		status = kp_fetch_start(
			&issuer->fetch, outlet, target, none, issuer->issuer->timeout_ms);
		(void)kp_error_set(err, status, "%s", kp_status_info(status)->title);
	}
	identifier->running += status == KP_OK ? 1 : 0;
	return status == KP_OK;
}

static void
take_metadata(struct kp_identity_issuer *issuer)
{
	struct kp_arena arena;
	struct kp_slice url = {NULL, 0};
	struct kp_error err = {0};
	kp_arena_init(&arena, KP_FETCH_BYTES_MAX * 8, NULL);
	enum kp_status status =
		kp_issuer_metadata_read(issuer->issuer, issuer->fetch.body, &arena, &url);
	/* The next fetch takes the place of this one's answer. */
	url = kp_arena_copy(&arena, url);
	(void)kp_error_set(&err, status,
		"its metadata are of another issuer, or name no keys (jwks_uri)");
	issuer->step = KP_KEYS_SET;
	if (status != KP_OK || !start_fetch(issuer, &issuer->key_outlet, url, &err)) {
		failed(issuer, &err);
	}
	kp_arena_deinit(&arena);
}

static void
on_fetched(struct kp_fetch *fetch, enum kp_status status, const struct kp_error *err)
{
	struct kp_identity_issuer *issuer =
		KP_CONTAINER_OF(fetch, struct kp_identity_issuer, fetch);
	struct kp_identifier *identifier = issuer->identifier;
	if (status != KP_OK || identifier->closed) {
		failed(issuer, err);
	} else if (issuer->step == KP_KEYS_METADATA) {
		take_metadata(issuer);
	} else {
		take_keys(issuer, fetch->body);
	}
	kp_identifier_leave(identifier);
}

static void
fetch_keys(struct kp_identity_issuer *issuer)
{
	const struct kp_issuer *settings = issuer->issuer;
	struct kp_error err = {0};
	struct kp_arena arena;
	KP_REQUIRE(issuer->step == KP_KEYS_IDLE);
	kp_timer_stop(issuer->identifier->loop, &issuer->timer);
	issuer->tried_us = kp_loop_now_us(issuer->identifier->loop);
	issuer->identifier->counts.fetches++;
	kp_arena_init(&arena, 8192, NULL);
	bool direct = settings->keys == KP_KEYS_URL;
	struct kp_slice url =
		direct ? settings->keys_url : kp_issuer_metadata_url(settings, &arena);
	issuer->step = direct ? KP_KEYS_SET : KP_KEYS_METADATA;
	if (!start_fetch(issuer, direct ? &issuer->key_outlet : &issuer->metadata, url,
		    &err)) {
		failed(issuer, &err);
	}
	kp_arena_deinit(&arena);
}

static void
on_timer(struct kp_timer *timer)
{
	struct kp_identity_issuer *issuer =
		KP_CONTAINER_OF(timer, struct kp_identity_issuer, timer);
	if (issuer->step == KP_KEYS_IDLE) {
		fetch_keys(issuer);
	}
}

void
kp_issuer_keys_open(struct kp_identity_issuer *issuer)
{
	issuer->fetch.on_done = on_fetched;
	issuer->timer.fire = on_timer;
	if (!issuer->fixed) {
		fetch_keys(issuer);
	}
}

void
kp_issuer_keys_close(struct kp_identity_issuer *issuer)
{
	kp_timer_stop(issuer->identifier->loop, &issuer->timer);
	kp_fetch_cancel(&issuer->fetch);
	KP_REQUIRE(issuer->waits == NULL);
}

const struct kp_key_set *
kp_issuer_keys_now(const struct kp_identity_issuer *issuer)
{
	uint64_t age_us = kp_loop_now_us(issuer->identifier->loop) - issuer->fetched_us;
	bool fresh =
		issuer->fixed || age_us <= issuer->issuer->keys_age_max_s * SECOND_US;
	return fresh ? issuer->keys : NULL;
}

bool
kp_issuer_keys_come(struct kp_identity_issuer *issuer)
{
	if (issuer->fixed) {
		return false;
	}
	uint64_t now = kp_loop_now_us(issuer->identifier->loop);
	if (issuer->step == KP_KEYS_IDLE &&
		now - issuer->tried_us >= issuer->issuer->refetch_s * SECOND_US) {
		fetch_keys(issuer);
	}
	return issuer->step != KP_KEYS_IDLE;
}
