/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* tokens: see tokens.h. */
#include "identity/tokens.h"

#include "core/heap.h"

/* One token; its texts and roles stand behind it in the same block. */
struct slot {
	unsigned char digest[KP_SHA256_BYTES];
	struct slot *chain; /* of its bucket */
	struct slot *newer;
	struct slot *older;
	struct kp_token_entry entry;
	size_t bytes;
	struct kp_slice roles[];
};

struct kp_tokens {
	uint32_t count;
	uint32_t count_max;
	size_t bucket_mask;
	struct slot **buckets;
	struct slot *newest;
	struct slot *oldest;
};

enum kp_status
kp_tokens_create(uint32_t count_max, struct kp_tokens **ret_tokens)
{
	size_t buckets = 1;
	while (buckets < count_max) {
		buckets *= 2;
	}
	struct kp_tokens *tokens = kp_heap_calloc(1, sizeof(*tokens));
	struct slot **rows = kp_heap_calloc(buckets, sizeof(struct slot *));
	if (tokens == NULL || rows == NULL) {
		kp_heap_free(tokens);
		kp_heap_free(rows);
		return KP_E_MEMORY;
	}
	tokens->count_max = count_max;
	tokens->bucket_mask = buckets - 1;
	tokens->buckets = rows;
	*ret_tokens = tokens;
	return KP_OK;
}

/* Only verified tokens and issuers' answers come in, so nobody chooses digests freely. */
static struct slot **
bucket_of(struct kp_tokens *tokens, const unsigned char *digest)
{
	size_t at = 0;
	memcpy(&at, digest, sizeof(at));
	return &tokens->buckets[at & tokens->bucket_mask];
}

static struct slot *
find(struct kp_tokens *tokens, const unsigned char *digest)
{
	struct slot *slot = *bucket_of(tokens, digest);
	while (slot != NULL && memcmp(slot->digest, digest, KP_SHA256_BYTES) != 0) {
		slot = slot->chain;
	}
	return slot;
}

static void
unlink_age(struct kp_tokens *tokens, struct slot *slot)
{
	*(slot->newer == NULL ? &tokens->newest : &slot->newer->older) = slot->older;
	*(slot->older == NULL ? &tokens->oldest : &slot->older->newer) = slot->newer;
}

static void
link_newest(struct kp_tokens *tokens, struct slot *slot)
{
	slot->newer = NULL;
	slot->older = tokens->newest;
	*(slot->older == NULL ? &tokens->oldest : &slot->older->newer) = slot;
	tokens->newest = slot;
}

static void
forget(struct kp_tokens *tokens, struct slot *slot)
{
	struct slot **at = bucket_of(tokens, slot->digest);
	while (*at != slot) {
		at = &(*at)->chain;
	}
	*at = slot->chain;
	unlink_age(tokens, slot);
	tokens->count--;
	kp_wipe(slot, slot->bytes);
	kp_heap_free(slot);
}

void
kp_tokens_destroy(struct kp_tokens **tokens)
{
	if (*tokens == NULL) {
		return;
	}
	while ((*tokens)->newest != NULL) {
		forget(*tokens, (*tokens)->newest);
	}
	kp_heap_free((*tokens)->buckets);
	kp_heap_free(*tokens);
	*tokens = NULL;
}

const struct kp_token_entry *
kp_tokens_find(struct kp_tokens *tokens, const unsigned char digest[KP_SHA256_BYTES],
	int64_t now_s)
{
	struct slot *slot = find(tokens, digest);
	if (slot == NULL) {
		return NULL;
	}
	if (now_s >= slot->entry.until_s) {
		forget(tokens, slot);
		return NULL;
	}
	unlink_age(tokens, slot);
	link_newest(tokens, slot);
	return &slot->entry;
}

void
kp_tokens_drop(struct kp_tokens *tokens, const unsigned char digest[KP_SHA256_BYTES])
{
	struct slot *slot = find(tokens, digest);
	if (slot != NULL) {
		forget(tokens, slot);
	}
}

static void
move_text(struct kp_slice *text, char **at)
{
	if (text->len > 0) {
		memcpy(*at, text->data, text->len);
		text->data = *at;
		*at += text->len;
	}
}

/* The entry with all that it points to, in one block. */
static struct slot *
copy(const struct kp_token_entry *entry)
{
	const struct kp_access *access = &entry->access;
	size_t texts = access->subject.len + access->client.len + access->id.len +
		access->organisation.len + access->employee.len +
		access->on_behalf_of.len;
	for (size_t i = 0; i < access->role_count; i++) {
		texts += access->roles[i].len;
	}
	size_t bytes = sizeof(struct slot) +
		access->role_count * sizeof(struct kp_slice) + texts;
	struct slot *slot = kp_heap_calloc(1, bytes);
	if (slot == NULL) {
		return NULL;
	}
	slot->bytes = bytes;
	slot->entry = *entry;
	char *at = (char *)&slot->roles[access->role_count];
	struct kp_access *own = &slot->entry.access;
	struct kp_slice *all[] = {&own->subject, &own->client, &own->id,
		&own->organisation, &own->employee, &own->on_behalf_of};
	for (size_t i = 0; i < KP_ARRAY_LEN(all); i++) {
		move_text(all[i], &at);
	}
	for (size_t i = 0; i < access->role_count; i++) {
		slot->roles[i] = access->roles[i];
		move_text(&slot->roles[i], &at);
	}
	own->roles = slot->roles;
	return slot;
}

void
kp_tokens_put(struct kp_tokens *tokens, const unsigned char digest[KP_SHA256_BYTES],
	const struct kp_token_entry *entry)
{
	kp_tokens_drop(tokens, digest);
	struct slot *slot = copy(entry);
	if (slot == NULL) {
		return;
	}
	if (tokens->count == tokens->count_max) {
		forget(tokens, tokens->oldest);
	}
	memcpy(slot->digest, digest, KP_SHA256_BYTES);
	struct slot **bucket = bucket_of(tokens, digest);
	slot->chain = *bucket;
	*bucket = slot;
	link_newest(tokens, slot);
	tokens->count++;
}
