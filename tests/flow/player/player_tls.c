/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * player_tls: io/tls.h for a world without sockets. Files are not looked into; what a
 * client shows and which protocol was agreed upon the script says.
 */
#include "core/heap.h"
#include "crypto/signing_key.h"
#include "io/file.h"
#include "io/tls.h"
#include "player/world.h"

struct kp_tls_server {
	unsigned refs;
};

struct kp_tls_client {
	unsigned refs;
};

struct kp_tls_tickets {
	char unused;
};

enum kp_status
kp_tls_tickets_create(struct kp_tls_tickets **ret_tickets, struct kp_error *err)
{
	*ret_tickets = kp_heap_calloc(1, sizeof(**ret_tickets));
	return *ret_tickets != NULL
		? KP_OK
		: kp_error_set(err, KP_E_MEMORY, "no memory for session keys");
}

void
kp_tls_tickets_destroy(struct kp_tls_tickets **tickets)
{
	kp_heap_free(*tickets);
	*tickets = NULL;
}

enum kp_status
kp_tls_server_create(const struct kp_tls_server_options *options,
	struct kp_findings *findings, struct kp_tls_server **ret_server)
{
	(void)options;
	(void)findings;
	struct kp_tls_server *server = kp_heap_calloc(1, sizeof(*server));
	if (server == NULL) {
		return KP_E_MEMORY;
	}
	server->refs = 1;
	*ret_server = server;
	return KP_OK;
}

void
kp_tls_server_unref(struct kp_tls_server **server_at)
{
	struct kp_tls_server *server = *server_at;
	*server_at = NULL;
	if (server != NULL && --server->refs == 0) {
		kp_heap_free(server);
	}
}

size_t
kp_tls_server_terms(
	const struct kp_tls_server *server, const struct kp_tls_term **ret_terms)
{
	(void)server;
	*ret_terms = NULL;
	return 0;
}

enum kp_status
kp_tls_client_create(const struct kp_tls_client_options *options,
	struct kp_findings *findings, struct kp_tls_client **ret_client)
{
	(void)options;
	(void)findings;
	struct kp_tls_client *client = kp_heap_calloc(1, sizeof(*client));
	if (client == NULL) {
		return KP_E_MEMORY;
	}
	client->refs = 1;
	*ret_client = client;
	return KP_OK;
}

void
kp_tls_client_unref(struct kp_tls_client **client_at)
{
	struct kp_tls_client *client = *client_at;
	*client_at = NULL;
	if (client != NULL && --client->refs == 0) {
		kp_heap_free(client);
	}
}

enum kp_status
kp_tls_signing_key_read(const struct kp_tls_file *file, const struct kp_tls_token *token,
	struct kp_findings *findings, struct kp_signing_key **ret_key)
{
	struct kp_arena arena;
	struct kp_slice pem;
	struct kp_error err = {0};
	(void)token;
	kp_arena_init(&arena, (size_t)1 << 20, NULL);
	enum kp_status status =
		kp_file_read_all(file->path, &arena, (size_t)1 << 16, &pem, &err);
	if (status == KP_OK) {
		status = kp_signing_key_read(pem, ret_key);
	}
	kp_arena_deinit(&arena);
	if (status != KP_OK && status != KP_E_MEMORY) {
		(void)kp_error_set(&err, KP_E_CONFIG, "'%s' is no key", file->path);
		kp_findings_add(findings, &err);
		return KP_E_CONFIG;
	}
	return status;
}

size_t
kp_tls_client_terms(
	const struct kp_tls_client *client, const struct kp_tls_term **ret_terms)
{
	(void)client;
	*ret_terms = NULL;
	return 0;
}

void
kp_listener_set_tls(struct kp_listener *listener, struct kp_tls_server *tls)
{
	(void)listener;
	(void)tls;
}
