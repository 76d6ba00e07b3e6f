/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* tls_set: see tls_set.h. */
#include "tls_set.h"

#include <stdio.h>
#include <string.h>

#include "assemble.h"
#include "core/heap.h"

struct kp_tls_set {
	struct kp_tls_server *servers[KP_CONFIG_LISTENERS_MAX];
};

enum kp_status
kp_tls_token_of(const struct kp_config *config, struct kp_findings *findings,
	struct kp_tls_token *ret_token)
{
	struct kp_slice name = config->pkcs11_pin_secret;
	ret_token->module = config->pkcs11_module;
	for (size_t i = 0; i < config->secret_count; i++) {
		if (kp_slice_equal(config->secrets[i].name, name)) {
			ret_token->pin = config->secrets[i].value;
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
kp_tls_set_create(const struct kp_config *config, const struct kp_tls_token *token,
	const struct kp_assemble_means *means, struct kp_findings *findings,
	struct kp_tls_set **ret_set)
{
	struct kp_tls_set *set = kp_heap_calloc(1, sizeof(*set));
	if (set == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status worst = KP_OK;
	for (size_t i = 0; i < config->listener_count; i++) {
		if (config->listeners[i].tls == NULL) {
			continue;
		}
		struct kp_tls_server_options options = *config->listeners[i].tls;
		options.token = *token;
		options.tickets = means->tickets;
		options.loops = means->loops;
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

/* Lifetime: one visit. */
struct visitor {
	void (*visit)(void *context, const char *of, const struct kp_tls_term *term);
	void *context;
};

static bool
has_term(const struct kp_tls_client *client, const struct kp_tls_term *term)
{
	const struct kp_tls_term *terms = NULL;
	size_t count = client == NULL ? 0 : kp_tls_client_terms(client, &terms);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(terms[i].path, term->path) == 0 &&
			terms[i].not_after_s == term->not_after_s) {
			return true;
		}
	}
	return false;
}

/* What is read for the source, for its decision point and for the issuer of our tokens is
 * often the same file: it is told once. */
static void
visit_source(const struct visitor *visitor, const struct kp_source *source)
{
	const struct kp_tls_client *const clients[] = {kp_source_tls(source),
		kp_source_decision_tls(source), kp_source_issuer_tls(source)};
	char of[64];
	(void)snprintf(of, sizeof(of), "%.*s", KP_SLICE_ARG(source->name));
	for (size_t i = 0; i < KP_ARRAY_LEN(clients); i++) {
		const struct kp_tls_term *terms = NULL;
		size_t count =
			clients[i] == NULL ? 0 : kp_tls_client_terms(clients[i], &terms);
		for (size_t j = 0; j < count; j++) {
			bool told = false;
			for (size_t k = 0; k < i; k++) {
				told = told || has_term(clients[k], &terms[j]);
			}
			if (!told) {
				visitor->visit(visitor->context, of, &terms[j]);
			}
		}
	}
}

void
kp_tls_visit_terms(const struct kp_snapshot *snapshot,
	void (*visit)(void *context, const char *of, const struct kp_tls_term *term),
	void *context)
{
	const struct visitor visitor = {visit, context};
	for (size_t i = 0; i < KP_CONFIG_LISTENERS_MAX && snapshot->tls != NULL; i++) {
		const struct kp_tls_server *server = snapshot->tls->servers[i];
		const struct kp_tls_term *terms = NULL;
		size_t count = server == NULL ? 0 : kp_tls_server_terms(server, &terms);
		char of[32];
		(void)snprintf(of, sizeof(of), "listener %zu", i + 1);
		for (size_t j = 0; j < count; j++) {
			visit(context, of, &terms[j]);
		}
	}
	size_t sources = kp_source_set_count(snapshot->sources);
	for (size_t i = 0; i < sources; i++) {
		const struct kp_source *source = kp_source_set_get(snapshot->sources, i);
		visit_source(&visitor, source);
	}
}
