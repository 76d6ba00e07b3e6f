/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* revoked: see revoked.h. */
#include "token/revoked.h"

#include <stdlib.h>

#include "core/heap.h"
#include "core/json_document.h"
#include "core/oin.h"

#define READ_BYTES_MAX ((size_t)512 << 20)

enum { EMPLOYEES, SUBJECTS, TOKENS, CLIENTS, LISTS };

static const char *const names[LISTS] = {
	[EMPLOYEES] = "employees",
	[SUBJECTS] = "subjects",
	[TOKENS] = "tokens",
	[CLIENTS] = "clients",
};

struct kp_revoked {
	size_t count;
	unsigned char (*digests)[KP_SHA256_BYTES]; /* sorted */
};

/* The list's name keeps an employee from being taken for a token. */
static void
digest_of(unsigned list, const struct kp_slice *parts, size_t count,
	unsigned char ret_digest[KP_SHA256_BYTES])
{
	struct kp_slice all[5] = {kp_slice_from(names[list]), KP_SLICE("\n")};
	KP_REQUIRE(count + 2 <= KP_ARRAY_LEN(all));
	for (size_t i = 0; i < count; i++) {
		all[2 + i] = parts[i];
	}
	kp_sha256(all, count + 2, ret_digest);
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, KP_SHA256_BYTES);
}

static bool
names_organisation(struct kp_slice entry)
{
	struct kp_slice organisation = kp_slice_cut(&entry, '/');
	return entry.len > 0 &&
		(kp_is_oin(organisation) || kp_slice_is(organisation, "any"));
}

static void
read_list(const struct kp_json_document *document, unsigned list,
	struct kp_revoked *revoked)
{
	const struct kp_json_node *array = kp_json_get_array(
		document, document->root, names[list], KP_JSON_OPTIONAL);
	if (array == NULL) {
		return;
	}
	for (const struct kp_json_node *node = array->first; node != NULL;
		node = node->next) {
		if (!kp_json_expect(document, node, KP_JSON_KIND_STRING)) {
			continue;
		}
		if (node->text.len == 0 ||
			(list == EMPLOYEES && !names_organisation(node->text))) {
			kp_json_finding(document, node,
				list == EMPLOYEES ? "an employee is an OIN or 'any', a "
						    "slash and an id"
						  : "an empty text revokes nobody");
			continue;
		}
		digest_of(list, &node->text, 1, revoked->digests[revoked->count++]);
	}
}

static enum kp_status
read_document(const struct kp_json_document *document, struct kp_revoked *revoked)
{
	size_t before = document->findings->count + document->findings->dropped;
	size_t total = 0;
	(void)kp_json_expect_members(document, document->root, names, LISTS);
	for (unsigned i = 0; i < LISTS; i++) {
		const struct kp_json_node *array =
			kp_json_member(document->root, names[i]);
		total += array == NULL ? 0 : array->count;
	}
	if (total > KP_REVOKED_MAX) {
		kp_json_finding(document, document->root,
			"%zu entries are given, and at most %zu are allowed", total,
			KP_REVOKED_MAX);
		return KP_E_CONFIG;
	}
	revoked->digests = kp_heap_calloc(total + 1, KP_SHA256_BYTES);
	if (revoked->digests == NULL) {
		return KP_E_MEMORY;
	}
	for (unsigned i = 0; i < LISTS; i++) {
		read_list(document, i, revoked);
	}
	qsort(revoked->digests, revoked->count, KP_SHA256_BYTES, compare);
	return document->findings->count + document->findings->dropped > before
		? KP_E_CONFIG
		: KP_OK;
}

enum kp_status
kp_revoked_read(struct kp_slice text, const char *path, struct kp_findings *findings,
	struct kp_revoked **ret_revoked)
{
	struct kp_arena arena;
	struct kp_json_document document;
	struct kp_revoked *revoked = kp_heap_calloc(1, sizeof(*revoked));
	if (revoked == NULL) {
		return KP_E_MEMORY;
	}
	kp_arena_init(&arena, READ_BYTES_MAX, NULL);
	enum kp_status status =
		kp_json_document_load(&arena, path, text, findings, &document);
	if (status == KP_OK) {
		status = read_document(&document, revoked);
	}
	kp_arena_deinit(&arena);
	if (status == KP_OK) {
		*ret_revoked = revoked;
	} else {
		kp_revoked_destroy(&revoked);
	}
	return status;
}

void
kp_revoked_destroy(struct kp_revoked **revoked)
{
	if (*revoked != NULL) {
		kp_heap_free((*revoked)->digests);
		kp_heap_free(*revoked);
		*revoked = NULL;
	}
}

size_t
kp_revoked_count(const struct kp_revoked *revoked)
{
	return revoked->count;
}

static bool
has(const struct kp_revoked *revoked, unsigned list, const struct kp_slice *parts,
	size_t count)
{
	unsigned char digest[KP_SHA256_BYTES];
	if (parts[count - 1].len == 0) {
		return false;
	}
	digest_of(list, parts, count, digest);
	return bsearch(digest, revoked->digests, revoked->count, KP_SHA256_BYTES,
		       compare) != NULL;
}

bool
kp_revoked_has(const struct kp_revoked *revoked, const struct kp_access *access)
{
	if (revoked == NULL || revoked->count == 0) {
		return false;
	}
	const struct kp_slice here[] = {
		access->organisation, KP_SLICE("/"), access->employee};
	const struct kp_slice anywhere[] = {KP_SLICE("any/"), access->employee};
	return has(revoked, EMPLOYEES, here, KP_ARRAY_LEN(here)) ||
		has(revoked, EMPLOYEES, anywhere, KP_ARRAY_LEN(anywhere)) ||
		has(revoked, SUBJECTS, &access->subject, 1) ||
		has(revoked, TOKENS, &access->id, 1) ||
		has(revoked, CLIENTS, &access->client, 1);
}
