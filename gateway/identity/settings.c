/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* settings: what is configured about who may ask, as one counted thing; see identity.h.
 */
#include "core/heap.h"
#include "identity/identity.h"
#include "identity/proofs.h"
#include "token/key_set.h"

#define ARENA_BYTES_MAX ((size_t)8 << 20)

static enum kp_status
copy_all(struct kp_identity_settings *own, const struct kp_identity_settings *from,
	struct kp_slice machines, struct kp_error *err)
{
	struct kp_arena *arena = &own->arena;
	struct kp_slice text = kp_arena_copy(arena, machines);
	own->public_url = kp_arena_copy(arena, from->public_url);
	own->revoked_file = kp_arena_strdup(
		arena, from->revoked_file == NULL ? "" : from->revoked_file);
	own->keys = KP_ARENA_ARRAY(arena, struct kp_key_set *, from->issuer_count + 1);
	own->clients =
		KP_ARENA_ARRAY(arena, struct kp_tls_client *, from->issuer_count + 1);
	if (text.data == NULL || own->clients == NULL || own->public_url.data == NULL ||
		own->revoked_file == NULL || own->keys == NULL ||
		kp_issuers_copy(from->issuers, from->issuer_count, arena,
			&own->issuers) != KP_OK) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for identities");
	}
	for (size_t i = 0; i < from->issuer_count; i++) {
		own->keys[i] = from->keys[i];
		own->clients[i] = from->clients[i];
	}
	return kp_machines_parse(arena, text, &own->machines, err);
}

enum kp_status
kp_identity_settings_create(const struct kp_identity_settings *from,
	struct kp_slice machines, struct kp_identity_settings **ret_settings,
	struct kp_error *err)
{
	struct kp_identity_settings *own = kp_heap_calloc(1, sizeof(*own));
	if (own == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for identities");
	}
	*own = *from;
	own->refs = 1;
	kp_arena_init(&own->arena, ARENA_BYTES_MAX, NULL);
	enum kp_status status = copy_all(own, from, machines, err);
	if (status != KP_OK) {
		kp_arena_deinit(&own->arena);
		kp_heap_free(own);
		return status;
	}
	own->proofs = from->proofs == NULL ? NULL : kp_proofs_ref(from->proofs);
	*ret_settings = own;
	return KP_OK;
}

struct kp_identity_settings *
kp_identity_settings_ref(struct kp_identity_settings *settings)
{
	__atomic_add_fetch(&settings->refs, 1, __ATOMIC_RELAXED);
	return settings;
}

void
kp_identity_settings_unref(struct kp_identity_settings **settings)
{
	struct kp_identity_settings *old = *settings;
	*settings = NULL;
	if (old == NULL || __atomic_sub_fetch(&old->refs, 1, __ATOMIC_ACQ_REL) > 0) {
		return;
	}
	for (size_t i = 0; i < old->issuer_count; i++) {
		kp_key_set_unref(&old->keys[i]);
		kp_tls_client_unref(&old->clients[i]);
	}
	kp_revoked_destroy(&old->revoked);
	kp_proofs_unref(&old->proofs);
	kp_arena_deinit(&old->arena);
	kp_heap_free(old);
}
