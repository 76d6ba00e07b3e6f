/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * tls_client: what a partner is shown, and whom we believe there: our certificate and
 * key, the authorities, and the partner's public key when it is pinned. Read once and
 * shared by all loops.
 */
#include <openssl/x509v3.h>
#include <string.h>

#include "core/heap.h"
#include "io/tls_private.h"

/* "sha256//" and 44 characters of base64, as RFC 7469 has it and curl takes it. */
static bool
is_pin(struct kp_slice pin)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
				       "xyz0123456789+/";
	const struct kp_slice prefix = KP_SLICE("sha256//");
	size_t at = prefix.len;
	if (pin.len != at + 44 || !kp_slice_starts(pin, prefix) ||
		pin.data[pin.len - 1] != '=') {
		return false;
	}
	while (at + 1 < pin.len && pin.data[at] != '\0' &&
		strchr(alphabet, pin.data[at]) != NULL) {
		at++;
	}
	return at + 1 == pin.len;
}

static bool
keep_pin(struct kp_tls_client *client, struct kp_slice pin)
{
	client->pin = kp_heap_calloc(1, pin.len + 1);
	if (client->pin != NULL) {
		memcpy(client->pin, pin.data, pin.len);
	}
	return client->pin != NULL;
}

static void
read_all(struct kp_tls_client *client, struct kp_tls_reading *reading,
	const struct kp_tls_client_options *options)
{
	int64_t until_s = 0;
	if (options->certificate.path != NULL) {
		const struct kp_tls_certificate files = {
			.certificate = options->certificate, .key = options->key};
		client->has_pair = kp_tls_read_pair(
			reading, &files, X509_PURPOSE_SSL_CLIENT, &client->pair);
	}
	(void)kp_tls_read_trust(
		reading, &options->anchors, NULL, 0, &client->trust, &until_s);
	if (options->pin.len == 0) {
		return;
	}
	if (!is_pin(options->pin)) {
		kp_tls_finding(reading, &options->anchors,
			"stands beside a pin that is not 'sha256//' and 32 bytes in "
			"base64");
	} else if (!keep_pin(client, options->pin)) {
		reading->out_of_memory = true;
	}
}

enum kp_status
kp_tls_client_create(const struct kp_tls_client_options *options,
	struct kp_findings *findings, struct kp_tls_client **ret_client)
{
	struct kp_tls_client *client = kp_heap_calloc(1, sizeof(*client));
	struct kp_tls_reading reading;
	if (client == NULL) {
		return KP_E_MEMORY;
	}
	client->refs = 1;
	kp_tls_reading_init(&reading, findings, &options->token, &client->terms);
	read_all(client, &reading, options);
	enum kp_status status = kp_tls_reading_end(&reading);
	if (status != KP_OK) {
		kp_tls_client_unref(&client);
		return status;
	}
	*ret_client = client;
	return KP_OK;
}

struct kp_tls_client *
kp_tls_client_ref(struct kp_tls_client *client)
{
	(void)atomic_fetch_add_explicit(&client->refs, 1, memory_order_relaxed);
	return client;
}

void
kp_tls_client_unref(struct kp_tls_client **client_at)
{
	struct kp_tls_client *client = *client_at;
	*client_at = NULL;
	if (client == NULL ||
		atomic_fetch_sub_explicit(&client->refs, 1, memory_order_acq_rel) > 1) {
		return;
	}
	kp_tls_pair_free(&client->pair);
	X509_STORE_free(client->trust);
	kp_heap_free(client->pin);
	kp_tls_terms_free(&client->terms);
	kp_heap_free(client);
}

size_t
kp_tls_client_terms(
	const struct kp_tls_client *client, const struct kp_tls_term **ret_terms)
{
	*ret_terms = client->terms.items;
	return client->terms.count;
}

bool
kp_tls_client_equip(const struct kp_tls_client *client, SSL_CTX *context)
{
	SSL_CTX_set1_cert_store(context, client->trust);
	if (!kp_tls_harden(context)) {
		return false;
	}
	const struct kp_tls_pair *pair = &client->pair;
	return !client->has_pair ||
		SSL_CTX_use_cert_and_key(
			context, pair->certificate, pair->key, pair->chain, 1) == 1;
}
