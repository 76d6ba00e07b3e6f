/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source_token: see source_token.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/heap.h"
#include "identity/fetch.h"
#include "identity/form.h"
#include "source/retry.h"
#include "source/source_token.h"
#include "token/jws_write.h"

#define FORM_BYTES_MAX ((size_t)64 * 1024)
#define ARENA_BYTES_MAX ((size_t)512 * 1024)
#define ASSERTION_VALID_S 60u
#define BEARER "Bearer "

/* A token is not used in its last moments: it must still be good when it arrives. */
#define LAST_MOMENTS_US_MAX 5000000u
/* After a failure. */
static const struct kp_retry retry = {.first_us = 500000, .most_us = 60000000};
/* A partner that refuses the token we just got refuses us, not the token. */
#define RENEW_US_MIN 10000000u

struct kp_source_token {
	struct kp_source_link *link;
	const struct kp_source_issuer *issuer;
	struct kp_source_token_tally *tally;
	struct kp_outlet outlet;
	struct kp_slice target;
	struct kp_source_token_wait *first; /* who waits, in order */
	struct kp_source_token_wait *last;
	uint32_t waiting;

	/* The token; heap, wiped. NULL: nothing. */
	char *value;
	size_t value_len;
	uint64_t serial;
	uint64_t refresh_us; /* from here on a new one is asked for beside using it */
	uint64_t over_us;
	bool renewed;        /* the partner's refusal once dropped one, */
	uint64_t renewed_us; /* then */

	/* Asking. */
	bool asking;
	uint64_t asked_us;
	struct kp_arena arena; /* of the request under way */
	struct kp_buffer assertion;
	unsigned char signature[KP_SIGNATURE_BYTES_MAX];
	size_t signature_len;
	enum kp_status signed_status;
	struct kp_work work;
	struct kp_fetch fetch;

	/* Trouble. */
	unsigned failures; /* since the last token */
	uint64_t retry_us;
	enum kp_status status;
	char trouble[160];
};

/* Who waits. */

void
kp_source_token_leave(struct kp_source_token_wait *wait)
{
	struct kp_source_token *token = wait->token;
	if (token == NULL) {
		return;
	}
	if (wait->prev == NULL) {
		token->first = wait->next;
	} else {
		wait->prev->next = wait->next;
	}
	if (wait->next == NULL) {
		token->last = wait->prev;
	} else {
		wait->next->prev = wait->prev;
	}
	token->waiting--;
	wait->token = NULL;
}

static enum kp_source_token_state
wait_for_it(struct kp_source_token *token, struct kp_source_token_wait *wait)
{
	const struct kp_source *source = token->link->source;
	if (token->waiting >= source->concurrent_max + source->waiting_max) {
		return KP_SOURCE_TOKEN_FULL;
	}
	wait->token = token;
	wait->next = NULL;
	wait->prev = token->last;
	if (token->last == NULL) {
		token->first = wait;
	} else {
		token->last->next = wait;
	}
	token->last = wait;
	token->waiting++;
	return KP_SOURCE_TOKEN_WAIT;
}

/* Only those that wait now: who takes again may have to wait for the next one. */
static void
wake_all(struct kp_source_token *token)
{
	for (uint32_t count = token->waiting; count > 0 && token->first != NULL;
		count--) {
		struct kp_source_token_wait *wait = token->first;
		kp_source_token_leave(wait);
		wait->on_asked(wait);
	}
}

/* The token. */

static void
drop(struct kp_source_token *token)
{
	kp_heap_free(token->value);
	token->value = NULL;
	token->value_len = 0;
}

/* From 0 up to `most`. */
static uint64_t
jitter_us(struct kp_source_token *token, uint64_t most)
{
	uint32_t random = 0;
	kp_loop_random(token->link->loop, (unsigned char *)&random, sizeof(random));
	return kp_retry_part_us(most, random);
}

static void
note_trouble(struct kp_source_token *token, enum kp_status status, const char *what)
{
	token->status = status;
	(void)snprintf(token->trouble, sizeof(token->trouble), "%s", what);
	atomic_fetch_add(&token->tally->failed, 1);
	uint64_t pause_us = kp_retry_pause_us(&retry, token->failures);
	token->failures++;
	token->retry_us = kp_loop_now_us(token->link->loop) + pause_us +
		jitter_us(token, pause_us / 4);
}

static void
keep(struct kp_source_token *token, const struct kp_grant *grant)
{
	size_t prefix = sizeof(BEARER) - 1;
	char *value = kp_heap_alloc(prefix + grant->token.len);
	uint64_t life_us =
		(uint64_t)(grant->lifetime_known ? grant->lifetime_s
						 : token->issuer->manifest->lifetime_s) *
		1000000;
	uint64_t last_us =
		life_us / 10 < LAST_MOMENTS_US_MAX ? life_us / 10 : LAST_MOMENTS_US_MAX;
	/* Counted from when we asked: the issuer cannot have meant an earlier time. */
	uint64_t over_us = token->asked_us + life_us - last_us;
	if (value == NULL) {
		note_trouble(token, KP_E_MEMORY, "no memory for a token");
		return;
	}
	if (over_us <= kp_loop_now_us(token->link->loop)) {
		kp_heap_free(value);
		note_trouble(token, KP_E_SOURCE, "the token was over when it came");
		return;
	}
	memcpy(value, BEARER, prefix);
	memcpy(value + prefix, grant->token.data, grant->token.len);
	drop(token);
	token->value = value;
	token->value_len = prefix + grant->token.len;
	token->serial++;
	token->over_us = over_us;
	/* Loops and gateways do not all come at the same moment. */
	token->refresh_us =
		token->asked_us + life_us / 4 * 3 + jitter_us(token, life_us / 10);
	token->failures = 0;
	token->retry_us = 0;
	atomic_fetch_add(&token->tally->given, 1);
}

/* Asking. */

static void
end_asking(struct kp_source_token *token)
{
	struct kp_source_link *link = token->link;
	kp_fetch_clear(&token->fetch);
	kp_arena_deinit(&token->arena);
	kp_wipe(token->signature, sizeof(token->signature));
	token->asking = false;
	wake_all(token);
	kp_source_link_leave(link);
}

static void
read_refusal(
	struct kp_source_token *token, enum kp_status status, const struct kp_error *err)
{
	char what[160];
	struct kp_slice code = kp_grant_refusal(token->fetch.body, &token->arena);
	if (token->fetch.http_status == 0 || token->fetch.http_status == 200) {
		(void)snprintf(what, sizeof(what), "the token endpoint: %s",
			err == NULL ? "no answer" : err->message);
	} else {
		(void)snprintf(what, sizeof(what),
			"the token endpoint answered with status %u%s%.*s",
			(unsigned)token->fetch.http_status, code.len > 0 ? ", " : "",
			KP_SLICE_ARG(code));
		status = token->fetch.http_status < 500 ? KP_E_DENIED : KP_E_SOURCE;
	}
	note_trouble(token, status, what);
}

static void
on_answered(struct kp_fetch *fetch, enum kp_status status, const struct kp_error *err)
{
	struct kp_source_token *token =
		KP_CONTAINER_OF(fetch, struct kp_source_token, fetch);
	struct kp_grant grant;
	const char *fault = "";
	if (status != KP_OK) {
		read_refusal(token, status, err);
	} else if (kp_grant_read(fetch->body, &token->arena, &grant, &fault) == KP_OK) {
		keep(token, &grant);
	} else {
		char what[160];
		(void)snprintf(
			what, sizeof(what), "the token endpoint's answer %s", fault);
		note_trouble(token, KP_E_SOURCE, what);
	}
	end_asking(token);
}

static enum kp_status
send(struct kp_source_token *token)
{
	struct kp_buffer form;
	kp_buffer_init(&form, &token->arena, FORM_BYTES_MAX);
	kp_source_issuer_form(token->issuer, &form);
	if (token->issuer->key != NULL) {
		kp_form_add(&form, KP_SLICE("client_assertion_type"),
			KP_SLICE("urn:ietf:params:oauth:client-assertion-type:"
				 "jwt-bearer"));
		kp_form_add(&form, KP_SLICE("client_assertion"),
			kp_buffer_slice(&token->assertion));
	}
	if (form.failed || token->assertion.failed) {
		return KP_E_MEMORY;
	}
	token->fetch.on_done = on_answered;
	token->fetch.keep_refusal = true;
	return kp_fetch_start(&token->fetch, &token->outlet, token->target,
		kp_buffer_slice(&form), token->issuer->manifest->time_ms);
}

/* On a worker: a signature takes a millisecond, and a token of PKCS#11 more. */
static void
sign(struct kp_work *work)
{
	struct kp_source_token *token =
		KP_CONTAINER_OF(work, struct kp_source_token, work);
	token->signed_status = kp_signing_key_sign(token->issuer->key, token->issuer->alg,
		kp_buffer_slice(&token->assertion), token->signature,
		&token->signature_len);
}

static void
on_signed(struct kp_work *work)
{
	struct kp_source_token *token =
		KP_CONTAINER_OF(work, struct kp_source_token, work);
	struct kp_buffer *out = &token->assertion;
	enum kp_status status = token->signed_status;
	if (status == KP_OK) {
		kp_buffer_add_char(out, '.');
		kp_jws_write_part(out,
			(struct kp_slice){
				(const char *)token->signature, token->signature_len});
		status = send(token);
	}
	if (status != KP_OK) {
		note_trouble(token, status, "the assertion could not be made or sent");
		end_asking(token);
	}
}

static enum kp_status
begin_assertion(struct kp_source_token *token)
{
	struct kp_source_link *link = token->link;
	const struct kp_manifest_token *manifest = token->issuer->manifest;
	struct kp_assertion assertion = {
		.client = manifest->client,
		.audience = manifest->assertion_audience,
		.key_id = manifest->key_id,
		.alg = token->issuer->alg,
		.now_s = kp_loop_wall_ms(link->loop) / 1000,
		.valid_s = ASSERTION_VALID_S,
	};
	kp_loop_random(link->loop, assertion.jti, sizeof(assertion.jti));
	kp_assertion_write(&assertion, &token->assertion);
	if (token->assertion.failed) {
		return KP_E_MEMORY;
	}
	token->signature_len = 0;
	token->work.run = sign;
	token->work.done = on_signed;
	kp_work_start(link->workers, link->loop, KP_LANE_SHORT, &token->work);
	return KP_OK;
}

/* False when that failed at once. */
static bool
ask(struct kp_source_token *token)
{
	kp_arena_init(&token->arena, ARENA_BYTES_MAX, NULL);
	kp_buffer_init(&token->assertion, &token->arena, FORM_BYTES_MAX);
	token->asked_us = kp_loop_now_us(token->link->loop);
	enum kp_status status =
		token->issuer->key == NULL ? send(token) : begin_assertion(token);
	if (status != KP_OK) {
		kp_arena_deinit(&token->arena);
		note_trouble(token, status, "the token endpoint could not be asked");
		return false;
	}
	token->asking = true;
	token->link->active++;
	return true;
}

enum kp_source_token_state
kp_source_token_take(struct kp_source_token *token, struct kp_source_token_wait *wait,
	struct kp_slice *ret_value, uint64_t *ret_serial)
{
	uint64_t now = kp_loop_now_us(token->link->loop);
	bool good = token->value != NULL && now < token->over_us;
	bool wanted = !good || now >= token->refresh_us;
	if (!good) {
		drop(token);
	}
	if (wanted && !token->asking && now >= token->retry_us) {
		(void)ask(token);
	}
	if (good) {
		*ret_value = (struct kp_slice){token->value, token->value_len};
		*ret_serial = token->serial;
		return KP_SOURCE_TOKEN_READY;
	}
	return token->asking ? wait_for_it(token, wait) : KP_SOURCE_TOKEN_NONE;
}

bool
kp_source_token_refused(struct kp_source_token *token, uint64_t serial)
{
	uint64_t now = kp_loop_now_us(token->link->loop);
	if (serial != token->serial || token->value == NULL) {
		return true;
	}
	if (token->renewed && now < token->renewed_us + RENEW_US_MIN) {
		return false;
	}
	token->renewed = true;
	token->renewed_us = now;
	atomic_fetch_add(&token->tally->refused, 1);
	drop(token);
	return true;
}

enum kp_status
kp_source_token_trouble(const struct kp_source_token *token, char *ret_text, size_t size)
{
	(void)snprintf(ret_text, size, "%s", token->trouble);
	return token->status;
}

/* Opening and closing. */

enum kp_status
kp_source_token_open(struct kp_source_link *link, struct kp_upstream *upstream,
	struct kp_source_token **ret_token, struct kp_error *err)
{
	struct kp_source_issuer *issuer = link->source->private->issuer;
	struct kp_buffer credential;
	struct kp_source_token *token = kp_heap_calloc(1, sizeof(*token));
	if (token == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for source '%.*s'",
			KP_SLICE_ARG(link->source->name));
	}
	token->link = link;
	token->issuer = issuer;
	token->tally = &issuer->tally;
	token->status = KP_E_SOURCE_UNREACHABLE;
	kp_arena_init(&token->arena, ARENA_BYTES_MAX, NULL);
	kp_buffer_init(&credential, &token->arena, FORM_BYTES_MAX);
	if (issuer->manifest->proof == KP_PROOF_SECRET_BASIC) {
		kp_form_add_credential(
			&credential, issuer->manifest->client, issuer->access.secret);
	}
	enum kp_status status = kp_outlet_open(&token->outlet, upstream,
		link->source->name, issuer->access.tls, issuer->manifest->endpoint,
		kp_buffer_slice(&credential), &token->target, err);
	kp_arena_deinit(&token->arena);
	if (status != KP_OK) {
		kp_source_token_close(&token);
		return status;
	}
	*ret_token = token;
	return KP_OK;
}

void
kp_source_token_stop(struct kp_source_token *token)
{
	if (token != NULL && token->first == NULL) {
		kp_fetch_cancel(&token->fetch);
	}
}

void
kp_source_token_close(struct kp_source_token **token)
{
	if (*token != NULL) {
		KP_REQUIRE(!(*token)->asking && (*token)->first == NULL);
		kp_outlet_close(&(*token)->outlet);
		drop(*token);
		kp_heap_free(*token);
		*token = NULL;
	}
}
