/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* config_quotas: see config_quotas.h. */
#include "config/config_quotas.h"

#include <inttypes.h>
#include <stdlib.h>

#include "config/options.h"
#include "core/oin.h"

#define KNOWN_MAX 32

/* Of the section, these are about the process and not about an organisation. */
static bool
is_common(const struct kp_option *option)
{
	return strcmp(option->name, "entries") == 0 ||
		strcmp(option->name, "refused_per_minute") == 0 ||
		strcmp(option->name, "sensitive_from") == 0;
}

static enum kp_status
read_quota(const struct kp_json_document *document, struct kp_config *config,
	const struct kp_json_node *node, struct kp_config_quota *quota)
{
	const char *known[KNOWN_MAX];
	size_t count = 0;
	uint64_t *values = KP_ARENA_ARRAY(&config->arena, uint64_t, kp_option_count());
	quota->organisation = kp_arena_copy(&config->arena, node->name);
	quota->values = values;
	if (values == NULL || quota->organisation.data == NULL) {
		return KP_E_MEMORY;
	}
	if (!kp_is_oin(node->name)) {
		kp_json_finding(document, node,
			"an organisation is named by its OIN, %zu digits", KP_OIN_LEN);
	}
	if (!kp_json_expect(document, node, KP_JSON_KIND_OBJECT)) {
		return KP_OK;
	}
	for (size_t i = 0; i < kp_option_count(); i++) {
		const struct kp_option *option = kp_option_get(i);
		if (strcmp(option->section, "quota") != 0) {
			continue;
		}
		memcpy(&values[i], (const char *)config + option->offset,
			sizeof(values[i]));
		if (is_common(option)) {
			continue;
		}
		int64_t number = (int64_t)values[i];
		KP_REQUIRE(count < KNOWN_MAX);
		known[count++] = option->name;
		(void)kp_json_get_integer(document, node, option->name, KP_JSON_OPTIONAL,
			(int64_t)option->min, (int64_t)option->max, &number);
		values[i] = (uint64_t)number;
	}
	(void)kp_json_expect_members(document, node, known, count);
	return KP_OK;
}

static int
compare(const void *a, const void *b)
{
	const struct kp_config_quota *left = a;
	const struct kp_config_quota *right = b;
	return kp_slice_compare(left->organisation, right->organisation);
}

enum kp_status
kp_config_read_quotas(const struct kp_json_document *document, struct kp_config *config)
{
	const struct kp_json_node *object =
		kp_json_get_object(document, document->root, "quotas", KP_JSON_OPTIONAL);
	if (object == NULL || object->count == 0) {
		return KP_OK;
	}
	if (object->count > KP_CONFIG_QUOTAS_MAX) {
		kp_json_finding(document, object,
			"%" PRIu32 " organisations are given, and at most %zu are "
			"allowed",
			object->count, KP_CONFIG_QUOTAS_MAX);
		return KP_OK;
	}
	struct kp_config_quota *quotas =
		KP_ARENA_ARRAY(&config->arena, struct kp_config_quota, object->count);
	if (quotas == NULL) {
		return KP_E_MEMORY;
	}
	for (const struct kp_json_node *node = object->first; node != NULL;
		node = node->next) {
		if (kp_json_is_comment(node)) {
			continue;
		}
		if (read_quota(document, config, node, &quotas[config->quota_count]) !=
			KP_OK) {
			return KP_E_MEMORY;
		}
		config->quota_count++;
	}
	qsort(quotas, config->quota_count, sizeof(*quotas), compare);
	config->quotas = quotas;
	return KP_OK;
}
