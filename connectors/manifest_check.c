/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_check: holds a manifest against the rows of manifest_keys.c. See
 * manifest_keys.h. */
#include <string.h>

#include "connectors/manifest_keys.h"
#include "core/attr.h"

static void check_value(const struct kp_json_document *document,
	const struct kp_json_node *node, const struct kp_key *key);

static void
check_text(const struct kp_json_document *document, const struct kp_json_node *node)
{
	if (kp_json_expect(document, node, KP_JSON_KIND_STRING) && node->text.len == 0) {
		kp_json_finding(document, node, "an empty text says nothing");
	}
}

static void
check_integer(const struct kp_json_document *document, const struct kp_json_node *node,
	const struct kp_key *key)
{
	if (kp_json_expect(document, node, KP_JSON_KIND_INTEGER) &&
		(node->integer < key->min || node->integer > key->max)) {
		kp_json_finding(document, node, "%lld is outside %lld..%lld",
			(long long)node->integer, (long long)key->min,
			(long long)key->max);
	}
}

static void
check_choice(const struct kp_json_document *document, const struct kp_json_node *node,
	const struct kp_key *key)
{
	if (!kp_json_expect(document, node, KP_JSON_KIND_STRING)) {
		return;
	}
	char allowed[160] = "";
	size_t at = 0;
	for (size_t i = 0; key->words[i] != NULL; i++) {
		if (kp_slice_is(node->text, key->words[i])) {
			return;
		}
		const char *word =
			strcmp(key->words[i], "\t") == 0 ? "\\t" : key->words[i];
		size_t len = strlen(word);
		if (at + len + 3 < sizeof(allowed)) {
			memcpy(allowed + at, i == 0 ? "" : ", ", i == 0 ? 0 : 2);
			at += i == 0 ? 0 : 2;
			memcpy(allowed + at, word, len);
			at += len;
			allowed[at] = '\0';
		}
	}
	kp_json_finding(document, node, "'%.*s' is not one of %s",
		node->text.len > 40 ? 40 : (int)node->text.len, node->text.data, allowed);
}

static void
check_texts(const struct kp_json_document *document, const struct kp_json_node *node)
{
	if (!kp_json_expect(document, node, KP_JSON_KIND_ARRAY)) {
		return;
	}
	for (const struct kp_json_node *item = node->first; item != NULL;
		item = item->next) {
		check_text(document, item);
	}
}

static bool
is_scalar(const struct kp_json_node *node)
{
	return node->kind != KP_JSON_KIND_OBJECT && node->kind != KP_JSON_KIND_ARRAY &&
		node->kind != KP_JSON_KIND_NULL;
}

static void
check_text_or(const struct kp_json_document *document, const struct kp_json_node *node,
	bool other, const char *allowed)
{
	if (other) {
		return;
	}
	if (node->kind == KP_JSON_KIND_STRING) {
		check_text(document, node);
	} else {
		kp_json_finding(document, node, "is a %s; allowed is %s",
			kp_json_kind_name(node->kind), allowed);
	}
}

static void
check_value(const struct kp_json_document *document, const struct kp_json_node *node,
	const struct kp_key *key)
{
	switch (key->kind) {
	case KP_KEY_TEXT:
		check_text(document, node);
		break;
	case KP_KEY_TEXT_OR_NULL:
		check_text_or(document, node, node->kind == KP_JSON_KIND_NULL,
			"a text or null");
		break;
	case KP_KEY_TEXT_OR_FALSE:
		check_text_or(document, node,
			node->kind == KP_JSON_KIND_BOOLEAN && !node->boolean,
			"a text or false");
		break;
	case KP_KEY_INTEGER:
		check_integer(document, node, key);
		break;
	case KP_KEY_BOOLEAN:
		(void)kp_json_expect(document, node, KP_JSON_KIND_BOOLEAN);
		break;
	case KP_KEY_CHOICE:
		check_choice(document, node, key);
		break;
	case KP_KEY_TEXTS:
		check_texts(document, node);
		break;
	case KP_KEY_SCALAR:
		if (!is_scalar(node)) {
			kp_json_finding(document, node,
				"is a %s; allowed is a text, a number, true or false",
				kp_json_kind_name(node->kind));
		}
		break;
	case KP_KEY_ANY:
		break;
	case KP_KEY_OBJECT:
		if (kp_json_expect(document, node, KP_JSON_KIND_OBJECT)) {
			kp_manifest_check_keys(document, node, key->keys);
		}
		break;
	case KP_KEY_TEXT_OR_OBJECT:
		if (node->kind == KP_JSON_KIND_OBJECT) {
			kp_manifest_check_keys(document, node, key->keys);
		} else {
			check_text_or(document, node, false, "a text or an object");
		}
		break;
	}
}

static void
check_map(const struct kp_json_document *document, const struct kp_json_node *node,
	const struct kp_key *key)
{
	for (const struct kp_json_node *member = node->first; member != NULL;
		member = member->next) {
		if (!kp_json_is_comment(member)) {
			check_value(document, member, key);
		}
	}
}

#define KEYS_MAX 32

void
kp_manifest_check_keys(const struct kp_json_document *document,
	const struct kp_json_node *node, const struct kp_key *keys)
{
	if (keys->name == NULL) {
		check_map(document, node, keys);
		return;
	}
	const char *names[KEYS_MAX];
	size_t count = 0;
	for (const struct kp_key *key = keys; key->help != NULL; key++) {
		KP_REQUIRE(count < KEYS_MAX);
		names[count++] = key->name;
		const struct kp_json_node *member = kp_json_member(node, key->name);
		if (member != NULL) {
			check_value(document, member, key);
		} else if (key->required) {
			kp_json_finding(
				document, node, "has no '%s': %s", key->name, key->help);
		}
	}
	(void)kp_json_expect_members(document, node, names, count);
}
