/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* names: see names.h. */
#include "names.h"

#include <string.h>

#include "core/hash.h"
#include "core/nearest.h"

#define TABLE_SIZE_FIRST 64

void
kp_cedar_names_init(struct kp_cedar_names *names, struct kp_arena *arena,
	const struct kp_cedar_names *below)
{
	*names = (struct kp_cedar_names){.arena = arena, .below = below};
	names->index_next = below == NULL ? 0 : below->index_next;
}

static uint32_t
hash_pair(const struct kp_cedar_name *type, const struct kp_cedar_name *id)
{
	return type->hash * 2654435761U ^ (id->hash + (type->hash >> 15));
}

/* The two kinds of entry start differently, so a table of one kind says where its hash
 * is. */
static uint32_t
entry_hash(const struct kp_cedar_names *names, const struct kp_cedar_name_table *table,
	const void *entry)
{
	if (table == &names->names) {
		return ((const struct kp_cedar_name *)entry)->hash;
	}
	return ((const struct kp_cedar_uid *)entry)->hash;
}

static bool
grow(struct kp_cedar_names *names, struct kp_cedar_name_table *table)
{
	if (table->size != 0 && table->count < table->size / 2) {
		return true;
	}
	uint32_t size = table->size == 0 ? TABLE_SIZE_FIRST : table->size * 2;
	const void **slots = size < table->size
		? NULL
		: KP_ARENA_ARRAY(names->arena, const void *, size);
	if (slots == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < table->size; i++) {
		const void *entry = table->slots[i];
		if (entry == NULL) {
			continue;
		}
		uint32_t at = entry_hash(names, table, entry) & (size - 1);
		while (slots[at] != NULL) {
			at = (at + 1) & (size - 1);
		}
		slots[at] = entry;
	}
	table->slots = slots;
	table->size = size;
	return true;
}

static void
put(struct kp_cedar_name_table *table, uint32_t hash, const void *entry)
{
	uint32_t at = hash & (table->size - 1);
	while (table->slots[at] != NULL) {
		at = (at + 1) & (table->size - 1);
	}
	table->slots[at] = entry;
	table->count++;
}

static const struct kp_cedar_name *
find_name(const struct kp_cedar_names *names, struct kp_slice text, uint32_t hash)
{
	for (; names != NULL; names = names->below) {
		const struct kp_cedar_name_table *table = &names->names;
		if (table->size == 0) {
			continue;
		}
		for (uint32_t at = hash & (table->size - 1); table->slots[at] != NULL;
			at = (at + 1) & (table->size - 1)) {
			const struct kp_cedar_name *name = table->slots[at];
			if (name->hash == hash && kp_slice_equal(name->text, text)) {
				return name;
			}
		}
	}
	return NULL;
}

const struct kp_cedar_name *
kp_cedar_name_find(const struct kp_cedar_names *names, struct kp_slice text)
{
	return find_name(names, text, (uint32_t)kp_hash(text.data, text.len));
}

const struct kp_cedar_name *
kp_cedar_name(struct kp_cedar_names *names, struct kp_slice text)
{
	uint32_t hash = (uint32_t)kp_hash(text.data, text.len);
	const struct kp_cedar_name *known = find_name(names, text, hash);
	if (known != NULL) {
		return known;
	}
	if (!grow(names, &names->names)) {
		return NULL;
	}
	struct kp_cedar_name *name = KP_ARENA_NEW(names->arena, struct kp_cedar_name);
	struct kp_slice copy = kp_arena_copy(names->arena, text);
	if (name == NULL || copy.data == NULL) {
		return NULL;
	}
	*name = (struct kp_cedar_name){copy, hash, names->index_next++};
	put(&names->names, hash, name);
	return name;
}

static const struct kp_cedar_uid *
find_uid(const struct kp_cedar_names *names, const struct kp_cedar_name *type,
	const struct kp_cedar_name *id, uint32_t hash)
{
	for (; names != NULL; names = names->below) {
		const struct kp_cedar_name_table *table = &names->uids;
		if (table->size == 0) {
			continue;
		}
		for (uint32_t at = hash & (table->size - 1); table->slots[at] != NULL;
			at = (at + 1) & (table->size - 1)) {
			const struct kp_cedar_uid *uid = table->slots[at];
			if (uid->type == type && uid->id == id) {
				return uid;
			}
		}
	}
	return NULL;
}

const struct kp_cedar_uid *
kp_cedar_uid(struct kp_cedar_names *names, const struct kp_cedar_name *type,
	const struct kp_cedar_name *id)
{
	uint32_t hash = hash_pair(type, id);
	const struct kp_cedar_uid *known = find_uid(names, type, id, hash);
	if (known != NULL) {
		return known;
	}
	if (!grow(names, &names->uids)) {
		return NULL;
	}
	struct kp_cedar_uid *uid = KP_ARENA_NEW(names->arena, struct kp_cedar_uid);
	if (uid == NULL) {
		return NULL;
	}
	*uid = (struct kp_cedar_uid){type, id, hash, names->index_next++};
	put(&names->uids, hash, uid);
	return uid;
}

const struct kp_cedar_uid *
kp_cedar_uid_of(struct kp_cedar_names *names, struct kp_slice type, struct kp_slice id)
{
	const struct kp_cedar_name *type_name = kp_cedar_name(names, type);
	const struct kp_cedar_name *id_name = kp_cedar_name(names, id);
	if (type_name == NULL || id_name == NULL) {
		return NULL;
	}
	return kp_cedar_uid(names, type_name, id_name);
}

const struct kp_cedar_uid *
kp_cedar_uid_find(
	const struct kp_cedar_names *names, struct kp_slice type, struct kp_slice id)
{
	const struct kp_cedar_name *type_name = kp_cedar_name_find(names, type);
	const struct kp_cedar_name *id_name = kp_cedar_name_find(names, id);
	if (type_name == NULL || id_name == NULL) {
		return NULL;
	}
	return find_uid(names, type_name, id_name, hash_pair(type_name, id_name));
}

/* Offset of the last "::", SIZE_MAX when there is none. */
static size_t
last_separator(struct kp_slice path)
{
	for (size_t i = path.len; i >= 2; i--) {
		if (path.data[i - 1] == ':' && path.data[i - 2] == ':') {
			return i - 2;
		}
	}
	return SIZE_MAX;
}

struct kp_slice
kp_cedar_path_base(struct kp_slice path)
{
	size_t at = last_separator(path);
	if (at == SIZE_MAX) {
		return path;
	}
	return (struct kp_slice){path.data + at + 2, path.len - at - 2};
}

struct kp_slice
kp_cedar_path_namespace(struct kp_slice path)
{
	size_t at = last_separator(path);
	return (struct kp_slice){path.data, at == SIZE_MAX ? 0 : at};
}

static bool
ident_byte(char byte, bool first)
{
	return byte == '_' || (byte >= 'a' && byte <= 'z') ||
		(byte >= 'A' && byte <= 'Z') || (!first && byte >= '0' && byte <= '9');
}

bool
kp_cedar_ident_check(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!ident_byte(text.data[i], i == 0)) {
			return false;
		}
	}
	return text.len > 0;
}

bool
kp_cedar_ident_reserved(struct kp_slice text)
{
	static const char *const words[] = {
		"true", "false", "if", "then", "else", "in", "is", "like", "has"};
	for (size_t i = 0; i < KP_ARRAY_LEN(words); i++) {
		if (kp_slice_is(text, words[i])) {
			return true;
		}
	}
	return false;
}

bool
kp_cedar_path_check(struct kp_slice path)
{
	while (true) {
		size_t len = 0;
		while (len < path.len && path.data[len] != ':') {
			len++;
		}
		struct kp_slice part = {path.data, len};
		if (!kp_cedar_ident_check(part) || kp_cedar_ident_reserved(part) ||
			kp_slice_is(part, "__cedar")) {
			return false;
		}
		if (len == path.len) {
			return true;
		}
		if (path.len < len + 2 || path.data[len + 1] != ':') {
			return false;
		}
		path = (struct kp_slice){path.data + len + 2, path.len - len - 2};
	}
}

const char *
kp_cedar_nearest(struct kp_slice word, const char *const *known, size_t known_count)
{
	/* A part of no other text: it is one of `known`, so it has its terminator. */
	return kp_nearest_of(word, known, known_count).data;
}
