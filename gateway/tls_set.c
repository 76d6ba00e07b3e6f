/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* tls_set: see tls_set.h. */
#include "tls_set.h"

#include "core/heap.h"

struct kp_tls_set {
	struct kp_tls_server *servers[KP_CONFIG_LISTENERS_MAX];
};

static enum kp_status
find_pin(const struct kp_config *config, struct kp_findings *findings,
	struct kp_slice *ret_pin)
{
	struct kp_slice name = config->pkcs11_pin_secret;
	for (size_t i = 0; i < config->secret_count; i++) {
		if (kp_slice_equal(config->secrets[i].name, name)) {
			*ret_pin = config->secrets[i].value;
			return KP_OK;
		}
	}
	if (name.len == 0) {
		return KP_OK;
	}
	struct kp_error err = {0};
	(void)kp_error_set(&err, KP_E_CONFIG, "the configuration has no secret '%.*s'",
		KP_SLICE_ARG(name));
	kp_error_at(&err, config->path, 0, 0, "/pkcs11/pin_secret");
	kp_findings_add(findings, &err);
	return KP_E_CONFIG;
}

enum kp_status
kp_tls_set_create(const struct kp_config *config, struct kp_tls_tickets *tickets,
	unsigned loops, struct kp_findings *findings, struct kp_tls_set **ret_set)
{
	struct kp_tls_set *set = kp_heap_calloc(1, sizeof(*set));
	struct kp_tls_token token = {.module = config->pkcs11_module};
	if (set == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status worst = find_pin(config, findings, &token.pin);
	for (size_t i = 0; i < config->listener_count; i++) {
		if (config->listeners[i].tls == NULL) {
			continue;
		}
		struct kp_tls_server_options options = *config->listeners[i].tls;
		options.token = token;
		options.tickets = tickets;
		options.loops = loops;
		enum kp_status status =
			kp_tls_server_create(&options, findings, &set->servers[i]);
		worst = status != KP_OK ? status : worst;
	}
	if (worst != KP_OK) {
		kp_tls_set_destroy(&set);
		return worst;
	}
	*ret_set = set;
	return KP_OK;
}

void
kp_tls_set_destroy(struct kp_tls_set **set)
{
	if (*set != NULL) {
		for (size_t i = 0; i < KP_CONFIG_LISTENERS_MAX; i++) {
			kp_tls_server_unref(&(*set)->servers[i]);
		}
		kp_heap_free(*set);
		*set = NULL;
	}
}

struct kp_tls_server *
kp_tls_set_get(const struct kp_tls_set *set, size_t listener)
{
	return listener < KP_CONFIG_LISTENERS_MAX ? set->servers[listener] : NULL;
}
