/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * introspect: the issuer's word about a token (RFC 7662). Questions with the same token
 * share one call. What it said is kept under a digest for introspection_cache_s, a "no"
 * as well, an active token never past its exp nor past half of what is left of its life
 * (OAuth-NL). When the issuer cannot be asked nothing is kept, and nobody gets in.
 */
#include "core/heap.h"
#include "identity/form.h"
#include "identity/identity_private.h"

#define FORM_BYTES_MAX ((size_t)256 * 1024)
#define ARENA_BYTES_MAX ((size_t)1 << 20)

void
kp_introspect_digest(const unsigned char digest[KP_SHA256_BYTES],
	unsigned char ret_digest[KP_SHA256_BYTES])
{
	const struct kp_slice parts[] = {
		KP_SLICE("introspected"), {(const char *)digest, KP_SHA256_BYTES}};
	kp_sha256(parts, KP_ARRAY_LEN(parts), ret_digest);
}

/* With mutual TLS there is no secret.
 */
static struct kp_slice
credential(const struct kp_issuer *issuer, struct kp_arena *arena)
{
	struct kp_buffer out;
	kp_buffer_init(&out, arena, FORM_BYTES_MAX);
	if (issuer->introspection_secret.len > 0) {
		kp_form_add_credential(
			&out, issuer->introspection_client, issuer->introspection_secret);
	}
	return kp_buffer_slice(&out);
}

static bool
write_form(const struct kp_issuer *issuer, struct kp_slice token, struct kp_buffer *out)
{
	kp_form_add(out, KP_SLICE("token"), token);
	kp_form_add(out, KP_SLICE("token_type_hint"), KP_SLICE("access_token"));
	if (issuer->introspection_secret.len == 0) {
		kp_form_add(out, KP_SLICE("client_id"), issuer->introspection_client);
	}
	return !out->failed;
}

/* How long this answer serves. */
static int64_t
until(const struct kp_issuer *issuer, const struct kp_token_entry *entry, int64_t now_s)
{
	int64_t serves = issuer->introspection_cache_s;
	if (entry->fault == KP_TOKEN_GOOD && entry->access.issuer != NULL) {
		int64_t half = (entry->access.expires_s - now_s) / 2;
		serves = half < serves ? half : serves;
	}
	/* The questions that wait for it now may always use it. */
	return now_s + (serves < 1 ? 1 : serves);
}

static void
keep_answer(struct kp_introspection *call, struct kp_arena *arena)
{
	struct kp_identity_issuer *issuer = call->issuer;
	struct kp_identifier *identifier = issuer->identifier;
	int64_t now_s = kp_loop_wall_ms(identifier->loop) / 1000;
	const struct kp_access_reading reading = {.arena = arena,
		.now_s = now_s,
		.roles_max = identifier->settings->roles_max};
	struct kp_token_entry entry = {.introspected = true};
	if (issuer->issuer->introspection == KP_INTROSPECT_OPAQUE) {
		entry.fault = kp_access_read_introspected(
			call->fetch.body, issuer->issuer, &reading, &entry.access);
	} else {
		entry.fault = kp_access_read_active(call->fetch.body, arena);
	}
	if (kp_token_fault_challenge(entry.fault) != KP_CHALLENGE_WAIT) {
		entry.until_s = until(issuer->issuer, &entry, now_s);
		kp_tokens_put(identifier->tokens, call->digest, &entry);
	}
}

static void
on_answered(struct kp_fetch *fetch, enum kp_status status, const struct kp_error *err)
{
	struct kp_introspection *call =
		KP_CONTAINER_OF(fetch, struct kp_introspection, fetch);
	struct kp_identifier *identifier = call->issuer->identifier;
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES_MAX, NULL);
	if (status == KP_OK && !identifier->closed) {
		keep_answer(call, &arena);
	} else if (!identifier->closed) {
		KP_LOG(&identifier->log, WARN, SOURCE,
			"an issuer does not say whether a token is active",
			kp_log_text(KP_LOG_ISSUER, call->issuer->issuer->issuer),
			kp_log_cstr(
				KP_LOG_ERROR, err == NULL ? "cancelled" : err->message));
	}
	kp_arena_deinit(&arena);
	kp_fetch_clear(fetch);
	call->issuer = NULL;
	kp_identity_wake_all(&call->waits);
	kp_identifier_leave(identifier);
}

/* A call about the same token, or one that is not in use; NULL when all are. */
static struct kp_introspection *
find_call(struct kp_identity_issuer *issuer, const unsigned char *digest)
{
	struct kp_introspection *unused = NULL;
	for (unsigned i = 0; i < KP_INTROSPECTIONS_MAX; i++) {
		struct kp_introspection *call = &issuer->calls[i];
		if (call->issuer == NULL) {
			unused = unused == NULL ? call : unused;
		} else if (memcmp(call->digest, digest, KP_SHA256_BYTES) == 0) {
			return call;
		}
	}
	return unused;
}

static bool
start_call(struct kp_introspection *call, struct kp_identity_issuer *issuer,
	struct kp_slice token)
{
	struct kp_identifier *identifier = issuer->identifier;
	struct kp_arena arena;
	struct kp_buffer form;
	struct kp_slice target;
	struct kp_error err;
	kp_arena_init(&arena, 2 * FORM_BYTES_MAX, NULL);
	kp_buffer_init(&form, &arena, FORM_BYTES_MAX);
	enum kp_status status = write_form(issuer->issuer, token, &form)
		? kp_outlet_open(&issuer->introspection, identifier->upstream,
			  issuer->issuer->issuer, issuer->client,
			  issuer->issuer->introspection_url,
			  credential(issuer->issuer, &arena), &target, &err)
		: KP_E_MEMORY;
	if (status == KP_OK) {
		call->fetch.on_done = on_answered;
		status = kp_fetch_start(&call->fetch, &issuer->introspection, target,
			kp_buffer_slice(&form), issuer->issuer->timeout_ms);
	}
	kp_arena_deinit(&arena);
	if (status == KP_OK) {
		call->issuer = issuer;
		identifier->running++;
		identifier->counts.introspections++;
	}
	return status == KP_OK;
}

bool
kp_introspect(struct kp_identity_issuer *issuer, struct kp_slice token,
	const unsigned char digest[KP_SHA256_BYTES], struct kp_identity_wait *wait)
{
	if (issuer->calls == NULL) {
		issuer->calls = kp_heap_calloc(
			KP_INTROSPECTIONS_MAX, sizeof(struct kp_introspection));
		if (issuer->calls == NULL) {
			return false;
		}
	}
	struct kp_introspection *call = find_call(issuer, digest);
	if (call == NULL || (call->issuer == NULL && !start_call(call, issuer, token))) {
		return false;
	}
	memcpy(call->digest, digest, KP_SHA256_BYTES);
	kp_identity_wait_in(wait, &call->waits);
	return true;
}

void
kp_introspect_close(struct kp_identity_issuer *issuer)
{
	for (unsigned i = 0; issuer->calls != NULL && i < KP_INTROSPECTIONS_MAX; i++) {
		kp_fetch_cancel(&issuer->calls[i].fetch);
	}
}
