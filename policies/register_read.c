/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* register_read: see register_read.h. */
#include "policies/register_read.h"

#include <inttypes.h>

#include "core/nearest.h"

enum kp_status
kp_register_begin(struct kp_register_read *read, struct kp_arena *arena, const char *file,
	struct kp_slice text, struct kp_findings *findings,
	struct kp_registers *registers)
{
	*read = (struct kp_register_read){.arena = arena,
		.registers = registers,
		.found_before = findings->count + findings->dropped};
	enum kp_status status =
		kp_json_document_load(arena, file, text, findings, &read->document);
	if (status == KP_OK &&
		!kp_json_expect(
			&read->document, read->document.root, KP_JSON_KIND_OBJECT)) {
		return KP_E_CONFIG;
	}
	return status;
}

enum kp_status
kp_register_end(const struct kp_register_read *read)
{
	const struct kp_findings *findings = read->document.findings;
	return findings->count + findings->dropped > read->found_before ? KP_E_CONFIG
									: KP_OK;
}

const struct kp_json_node *
kp_register_list(struct kp_register_read *read, const char *name, uint32_t count_max,
	size_t size, void **ret_array, struct kp_name_index *index, bool *ret_memory)
{
	*ret_memory = true;
	const struct kp_json_document *doc = &read->document;
	const struct kp_json_node *list =
		kp_json_get_array(doc, doc->root, name, KP_JSON_REQUIRED);
	if (list == NULL) {
		return NULL;
	}
	if (list->count > count_max) {
		kp_json_finding(doc, list,
			"%" PRIu32 " entries is above the limit %" PRIu32, list->count,
			count_max);
		return NULL;
	}
	*ret_array = kp_arena_alloc_array(read->arena, list->count, size);
	*ret_memory =
		*ret_array != NULL && kp_name_index_init(read->arena, index, list->count);
	return *ret_memory ? list : NULL;
}

bool
kp_register_each(struct kp_register_read *read, const struct kp_json_node *list,
	kp_register_entry_fn entry)
{
	for (const struct kp_json_node *node = list->first; node != NULL;
		node = node->next) {
		if (!entry(read, node)) {
			return false;
		}
	}
	return true;
}

bool
kp_register_add_name(struct kp_register_read *read, const struct kp_json_node *node,
	struct kp_name_index *index, struct kp_slice name, uint32_t id)
{
	if (kp_name_index_find(index, name) != KP_NO_ID) {
		kp_json_finding(&read->document, node, "'%.*s' stands here twice",
			KP_SLICE_ARG(name));
		return false;
	}
	return kp_name_index_add(index, name, id);
}

uint32_t
kp_register_resolve(struct kp_register_read *read, const struct kp_json_node *node,
	const struct kp_name_index *index, const char *what, struct kp_slice name)
{
	uint32_t id = kp_name_index_find(index, name);
	if (id == KP_NO_ID) {
		struct kp_nearest nearest;
		kp_nearest_begin(&nearest, name);
		for (uint32_t i = 0; i < index->size; i++) {
			kp_nearest_offer(&nearest, index->slots[i].name);
		}
		kp_words_report_unknown(&read->document, node, what, name, nearest.best);
	}
	return id;
}

bool
kp_register_read_named(struct kp_register_read *read, const struct kp_json_node *node,
	struct kp_name_index *index, uint32_t at, struct kp_slice *ret_id,
	struct kp_slice *ret_name, struct kp_slice *ret_name_en)
{
	static const char *const members[] = {"id", "naam", "naamEn"};
	const struct kp_json_document *doc = &read->document;
	(void)kp_json_expect_members(doc, node, members, KP_ARRAY_LEN(members));
	(void)kp_json_get_text(doc, node, "naam", KP_JSON_REQUIRED, ret_name);
	(void)kp_json_get_text(doc, node, "naamEn", KP_JSON_REQUIRED, ret_name_en);
	return kp_words_get_id(doc, node, "id", ret_id) &&
		kp_register_add_name(read, node, index, *ret_id, at);
}
