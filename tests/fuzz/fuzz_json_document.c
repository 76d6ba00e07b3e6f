/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* json_document: any bytes; each node must lie where it says, and read the same again. */
#include "core/json_document.h"

static void
check_node(const struct kp_json_node *node, struct kp_slice text)
{
	FUZZ_CHECK(node->raw.data >= text.data);
	FUZZ_CHECK(node->raw.data + node->raw.len <= text.data + text.len);
	char pointer[32];
	(void)kp_json_pointer(node, pointer, sizeof(pointer));
	uint32_t count = 0;
	for (const struct kp_json_node *child = node->first; child != NULL;
		child = child->next) {
		FUZZ_CHECK(child->parent == node && child->index == count);
		count++;
		check_node(child, text);
	}
	FUZZ_CHECK(count == node->count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kp_arena arena;
	kp_arena_init(&arena, (size_t)64 << 20, NULL);
	struct kp_findings findings;
	kp_findings_init(&findings, 4);
	struct kp_json_document document;
	struct kp_slice text = {(const char *)data, size};
	enum kp_status status =
		kp_json_document_load(&arena, "fuzz.json", text, &findings, &document);
	FUZZ_CHECK((status == KP_E_CONFIG) == kp_findings_any(&findings));
	if (status == KP_OK) {
		check_node(document.root, text);
		struct kp_json_document again;
		FUZZ_CHECK(kp_json_document_load(&arena, "again.json", document.root->raw,
				   &findings, &again) == KP_OK);
		FUZZ_CHECK(again.root->count == document.root->count);
	}
	kp_findings_deinit(&findings);
	kp_arena_deinit(&arena);
	return 0;
}
