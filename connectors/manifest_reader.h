/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * manifest_reader: what the files that read a manifest share. The table of keys has
 * already reported what has a wrong type or name, so the getters here are silent: what is
 * wrong is as if it were absent.
 */
#ifndef KP_CONNECTORS_MANIFEST_READER_H
#define KP_CONNECTORS_MANIFEST_READER_H

#include "connectors/manifest.h"
#include "core/json_document.h"

struct reader {
	struct kp_json_document document;
	struct kp_arena *arena;
	struct kp_manifest *manifest;
	bool memory;
};

static inline void *
array_of(struct reader *reader, size_t count, size_t size)
{
	void *array = kp_arena_alloc_array(reader->arena, count == 0 ? 1 : count, size);
	reader->memory = reader->memory || array == NULL;
	return array;
}

static inline struct kp_slice
text_at(const struct kp_json_node *object, const char *name)
{
	const struct kp_json_node *node =
		object == NULL ? NULL : kp_json_member(object, name);
	return node != NULL && node->kind == KP_JSON_KIND_STRING ? node->text
								 : (struct kp_slice){0};
}

/* Which of the words a member is, counting from 0; 0 for none of them, which the table of
 * keys has said. */
static inline size_t
word_at(const struct kp_json_node *object, const char *name, const char *const *words,
	size_t count)
{
	struct kp_slice text = text_at(object, name);
	for (size_t i = 0; i < count; i++) {
		if (kp_slice_is(text, words[i])) {
			return i;
		}
	}
	return 0;
}

static inline bool
boolean_at(const struct kp_json_node *object, const char *name)
{
	const struct kp_json_node *node = kp_json_member(object, name);
	return node != NULL && node->kind == KP_JSON_KIND_BOOLEAN && node->boolean;
}

static inline const struct kp_json_node *
object_at(const struct kp_json_node *object, const char *name)
{
	const struct kp_json_node *node =
		object == NULL ? NULL : kp_json_member(object, name);
	return node != NULL && node->kind == KP_JSON_KIND_OBJECT ? node : NULL;
}

static inline int64_t
integer_at(const struct kp_json_node *object, const char *name, int64_t fallback)
{
	const struct kp_json_node *node =
		object == NULL ? NULL : kp_json_member(object, name);
	return node != NULL && node->kind == KP_JSON_KIND_INTEGER && node->integer >= 0 &&
			node->integer <= INT32_MAX
		? node->integer
		: fallback;
}

static inline struct kp_manifest_place
place_of(struct reader *reader, const struct kp_json_node *node)
{
	char pointer[128];
	struct kp_manifest_place place = {.pointer = "", .line = 1, .column = 1};
	if (node == NULL) {
		return place;
	}
	const char *copy = kp_arena_strdup(
		reader->arena, kp_json_pointer(node, pointer, sizeof(pointer)));
	reader->memory = reader->memory || copy == NULL;
	place.pointer = copy == NULL ? "" : copy;
	place.line = node->line;
	place.column = node->column;
	return place;
}

/* Members that are not comments. */
static inline size_t
count_members(const struct kp_json_node *object)
{
	size_t count = 0;
	for (const struct kp_json_node *at = object == NULL ? NULL : object->first;
		at != NULL; at = at->next) {
		count += kp_json_is_comment(at) ? 0 : 1;
	}
	return count;
}

static inline const struct kp_json_node *
next_member(const struct kp_json_node *at)
{
	while (at != NULL && kp_json_is_comment(at)) {
		at = at->next;
	}
	return at;
}

static inline struct kp_slice *
read_texts(struct reader *reader, const struct kp_json_node *object, const char *name,
	size_t *ret_count)
{
	const struct kp_json_node *array =
		object == NULL ? NULL : kp_json_member(object, name);
	*ret_count = 0;
	if (array == NULL || array->kind != KP_JSON_KIND_ARRAY) {
		return NULL;
	}
	struct kp_slice *texts = array_of(reader, array->count, sizeof(*texts));
	for (const struct kp_json_node *at = array->first; texts != NULL && at != NULL;
		at = at->next) {
		if (at->kind == KP_JSON_KIND_STRING && at->text.len > 0) {
			texts[(*ret_count)++] = at->text;
		}
	}
	return texts;
}

/* manifest_partner.c: who, where, how secured and how much. */
void kp_manifest_read_partner(struct reader *reader, const struct kp_json_node *root);
/* Reports a name that cannot be a header field's, or is not the manifest's to set. */
void kp_manifest_check_header_name(
	struct reader *reader, const struct kp_json_node *node, struct kp_slice name);
/* Reports what an address may not hold: a query, a fragment, a user, odd letters. */
void kp_manifest_check_address(
	struct reader *reader, const struct kp_json_node *node, struct kp_slice url);
/* manifest_access.c: how we show who we are; `object` may be NULL. */
void kp_manifest_read_access(struct reader *reader, const struct kp_json_node *object,
	struct kp_manifest_credentials *access);
/* manifest_request.c: what is asked. */
void kp_manifest_read_request(struct reader *reader, const struct kp_json_node *root);
/* manifest_paging.c: how answers go on; NULL when they do not. */
void kp_manifest_read_paging(struct reader *reader, const struct kp_json_node *object);
/* manifest_tables.c: code tables, in the manifest and fetched. */
void kp_manifest_read_tables(struct reader *reader, const struct kp_json_node *root);
/* manifest_rows.c */
void kp_manifest_read_rows(struct reader *reader, const struct kp_json_node *root);
/* manifest_delivery.c: of `file` */
void kp_manifest_read_delivery(struct reader *reader, const struct kp_json_node *file);
void kp_manifest_read_soap(struct reader *reader, const struct kp_json_node *root);

#endif
