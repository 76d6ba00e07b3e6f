/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* identity: opening, inheriting and closing; waiting. See identity.h; the verdict is in
 * identify.c. */
#include "core/heap.h"
#include "identity/identity_private.h"

/* --- waiting --- */

void
kp_identity_wait_in(struct kp_identity_wait *wait, struct kp_identity_wait **queue)
{
	KP_REQUIRE(wait->queue == NULL);
	wait->queue = queue;
	wait->next = *queue;
	wait->tries++;
	*queue = wait;
}

void
kp_identity_wait_cancel(struct kp_identity_wait *wait)
{
	if (wait->queue == NULL) {
		return;
	}
	struct kp_identity_wait **at = wait->queue;
	while (*at != wait) {
		at = &(*at)->next;
	}
	*at = wait->next;
	wait->queue = NULL;
	wait->next = NULL;
}

void
kp_identity_wake_all(struct kp_identity_wait **queue)
{
	while (*queue != NULL) {
		struct kp_identity_wait *wait = *queue;
		kp_identity_wait_cancel(wait);
		wait->wake(wait);
	}
}

/* --- lifetime --- */

static void
destroy(struct kp_identifier *identifier)
{
	for (size_t i = 0;
		identifier->issuers != NULL && i < identifier->settings->issuer_count;
		i++) {
		struct kp_identity_issuer *issuer = &identifier->issuers[i];
		kp_key_set_unref(&issuer->keys);
		kp_heap_free(issuer->calls);
	}
	kp_tokens_destroy(&identifier->tokens);
	kp_proofs_unref(&identifier->proofs);
	kp_heap_free(identifier->issuers);
	kp_identity_settings_unref(&identifier->settings);
	kp_heap_free(identifier);
}

void
kp_identifier_leave(struct kp_identifier *identifier)
{
	KP_REQUIRE(identifier->running > 0);
	if (--identifier->running == 0) {
		destroy(identifier);
	}
}

static enum kp_status
make(struct kp_identifier *identifier)
{
	const struct kp_identity_settings *settings = identifier->settings;
	size_t count = settings->issuer_count;
	identifier->issuers =
		kp_heap_calloc(count + 1, sizeof(struct kp_identity_issuer));
	if (identifier->issuers == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		struct kp_identity_issuer *issuer = &identifier->issuers[i];
		issuer->identifier = identifier;
		issuer->issuer = &settings->issuers[i];
		issuer->client = settings->clients[i];
		issuer->fixed = settings->keys[i] != NULL;
		issuer->keys = issuer->fixed ? kp_key_set_ref(settings->keys[i]) : NULL;
	}
	if (count == 0) {
		return KP_OK; /* no tokens, so nothing to remember of them */
	}
	enum kp_status status =
		kp_tokens_create(settings->tokens_max, &identifier->tokens);
	KP_REQUIRE(settings->proofs != NULL);
	identifier->proofs = kp_proofs_ref(settings->proofs);
	return status == KP_OK ? kp_watch_open(identifier, &identifier->watch) : status;
}

enum kp_status
kp_identifier_open(struct kp_identity_settings *settings, struct kp_loop *loop,
	struct kp_upstream *upstream, struct kp_workers *workers,
	const struct kp_log *log, struct kp_identifier **ret_identifier,
	struct kp_error *err)
{
	struct kp_identifier *identifier = kp_heap_calloc(1, sizeof(*identifier));
	if (identifier == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for identities");
	}
	identifier->settings = kp_identity_settings_ref(settings);
	identifier->loop = loop;
	identifier->upstream = upstream;
	identifier->workers = workers;
	identifier->log = *log;
	identifier->running = 1;
	enum kp_status status = make(identifier);
	if (status != KP_OK) {
		destroy(identifier);
		return kp_error_set(err, status, "no memory for identities");
	}
	for (size_t i = 0; i < settings->issuer_count; i++) {
		kp_issuer_keys_open(&identifier->issuers[i]);
	}
	*ret_identifier = identifier;
	return KP_OK;
}

static bool
same_keys_expected(const struct kp_issuer *a, const struct kp_issuer *b)
{
	return kp_slice_equal(a->issuer, b->issuer) && a->kind == b->kind &&
		a->keys == b->keys && kp_slice_equal(a->keys_url, b->keys_url) &&
		a->rsa_bits_min == b->rsa_bits_min &&
		kp_slice_equal(a->anchor_file, b->anchor_file);
}

static void
inherit_keys(struct kp_identity_issuer *issuer, const struct kp_identifier *before)
{
	for (size_t i = 0; i < before->settings->issuer_count; i++) {
		const struct kp_identity_issuer *old = &before->issuers[i];
		if (!issuer->fixed && !old->fixed && issuer->keys == NULL &&
			old->keys != NULL &&
			same_keys_expected(issuer->issuer, old->issuer)) {
			issuer->keys = kp_key_set_ref(old->keys);
			issuer->fetched_us = old->fetched_us;
		}
	}
}

void
kp_identifier_inherit(
	struct kp_identifier *identifier, const struct kp_identifier *before)
{
	for (size_t i = 0; i < identifier->settings->issuer_count; i++) {
		inherit_keys(&identifier->issuers[i], before);
	}
}

void
kp_identifier_close(struct kp_identifier **identifier)
{
	struct kp_identifier *old = *identifier;
	*identifier = NULL;
	if (old == NULL) {
		return;
	}
	old->closed = true;
	kp_watch_close(&old->watch);
	for (size_t i = 0; i < old->settings->issuer_count; i++) {
		struct kp_identity_issuer *issuer = &old->issuers[i];
		kp_issuer_keys_close(issuer);
		kp_introspect_close(issuer);
		kp_outlet_close(&issuer->metadata);
		kp_outlet_close(&issuer->key_outlet);
		kp_outlet_close(&issuer->introspection);
	}
	kp_identifier_leave(old);
}

const struct kp_identity_counts *
kp_identifier_counts(const struct kp_identifier *identifier)
{
	return &identifier->counts;
}
