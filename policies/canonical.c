/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * canonical: the content of a policy set in one writing. Spaces, the order of JSON
 * members, "//" comments and Cedar comments do not count; everything else does.
 */
#include <stdlib.h>

#include "core/buffer.h"
#include "core/json_document.h"
#include "policies/bundle.h"
#include "policies/cedar/schema.h"

static int
compare_members(const void *a, const void *b)
{
	const struct kp_json_node *const *left = a;
	const struct kp_json_node *const *right = b;
	return kp_slice_compare((*left)->name, (*right)->name);
}

static void write_node(struct kp_buffer *buffer, const struct kp_json_node *node);

static void
write_members(struct kp_buffer *buffer, const struct kp_json_node *object)
{
	const struct kp_json_node **sorted =
		KP_ARENA_ARRAY(buffer->arena, const struct kp_json_node *, object->count);
	if (sorted == NULL) {
		buffer->failed = true;
		return;
	}
	size_t count = 0;
	for (const struct kp_json_node *member = object->first; member != NULL;
		member = member->next) {
		if (!kp_json_is_comment(member)) {
			sorted[count++] = member;
		}
	}
	qsort(sorted, count, sizeof(struct kp_json_node *), compare_members);
	KP_BUFFER_ADD(buffer, "{");
	for (size_t i = 0; i < count; i++) {
		/* Names and texts with their length, so that no two contents can be
		 * written alike. */
		kp_buffer_printf(
			buffer, "%s%zu:", i == 0 ? "" : ",", sorted[i]->name.len);
		kp_buffer_add_slice(buffer, sorted[i]->name);
		KP_BUFFER_ADD(buffer, "=");
		write_node(buffer, sorted[i]);
	}
	KP_BUFFER_ADD(buffer, "}");
}

/* Nesting is bounded by KP_JSON_FILE_DEPTH_MAX. */
static void
write_node(struct kp_buffer *buffer, const struct kp_json_node *node)
{
	if (node->kind == KP_JSON_KIND_OBJECT) {
		write_members(buffer, node);
	} else if (node->kind == KP_JSON_KIND_ARRAY) {
		KP_BUFFER_ADD(buffer, "[");
		for (const struct kp_json_node *item = node->first; item != NULL;
			item = item->next) {
			write_node(buffer, item);
			KP_BUFFER_ADD(buffer, ",");
		}
		KP_BUFFER_ADD(buffer, "]");
	} else if (node->kind == KP_JSON_KIND_STRING) {
		kp_buffer_printf(buffer, "%zu:", node->text.len);
		kp_buffer_add_slice(buffer, node->text);
	} else {
		kp_buffer_add_slice(buffer, node->raw);
	}
}

static bool
is_json(const char *name)
{
	size_t len = strlen(name);
	return len > 5 && strcmp(name + len - 5, ".json") == 0;
}

static enum kp_status
write_json(struct kp_buffer *buffer, const struct kp_policy_file *file)
{
	struct kp_findings findings;
	kp_findings_init(&findings, 1);
	struct kp_json_document document;
	enum kp_status status = kp_json_document_load(
		buffer->arena, file->name, file->text, &findings, &document);
	kp_findings_deinit(&findings);
	if (status == KP_OK) {
		write_node(buffer, document.root);
	}
	return status;
}

/* The rules as they were read, each on a line; a file's rules follow each other. */
static void
write_rules(struct kp_buffer *buffer, const struct kp_rule_set *rules)
{
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct kp_rule *rule = &rules->rules[i];
		kp_buffer_printf(buffer, "rule %s\n", rule->policy->file);
		kp_cedar_policy_write(buffer, rule->policy);
		KP_BUFFER_ADD(buffer, "\n");
	}
}

/* By name, whatever the order in which they are given. */
static const struct kp_policy_file *
next_file(const struct kp_policy_file *files, size_t count, const char *after)
{
	const struct kp_policy_file *next = NULL;
	for (size_t i = 0; i < count; i++) {
		if ((after == NULL || strcmp(files[i].name, after) > 0) &&
			(next == NULL || strcmp(files[i].name, next->name) < 0)) {
			next = &files[i];
		}
	}
	return next;
}

enum kp_status
kp_bundle_canonical(struct kp_arena *arena, const struct kp_bundle *bundle,
	const struct kp_policy_file *files, size_t count, struct kp_slice *ret_text)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, arena, KP_BUNDLE_BYTES_MAX);
	const struct kp_policy_file *file = NULL;
	while ((file = next_file(files, count, file == NULL ? NULL : file->name)) !=
		NULL) {
		if (!kp_bundle_has_part(file->name)) {
			continue;
		}
		if (is_json(file->name)) {
			kp_buffer_printf(&buffer, "file %s\n", file->name);
			enum kp_status status = write_json(&buffer, file);
			if (status != KP_OK) {
				return status;
			}
			KP_BUFFER_ADD(&buffer, "\n");
		} else if (strcmp(file->name, KP_FILE_SCHEMA) == 0) {
			kp_buffer_printf(&buffer, "file %s\n", file->name);
			kp_cedar_schema_write_json(&buffer, bundle->schema_source);
			KP_BUFFER_ADD(&buffer, "\n");
		}
	}
	write_rules(&buffer, &bundle->rules);
	*ret_text = kp_buffer_slice(&buffer);
	return buffer.failed ? KP_E_MEMORY : KP_OK;
}
