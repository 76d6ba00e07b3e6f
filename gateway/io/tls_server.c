/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * tls_server: what one listener speaks TLS with. Every loop has contexts of its own,
 * because OpenSSL 3.0 locks what threads share; a context per set of names, because a
 * client says which name it wants before it is shown a certificate (SNI, RFC 6066).
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "core/heap.h"
#include "io/tls_private.h"

/* Without the last of these an idle connection keeps what it read last in clear. */
#define CONTEXT_OPTIONS                                                                  \
	(SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |                               \
		SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_CLEANSE_PLAINTEXT)

bool
kp_tls_harden(SSL_CTX *context)
{
	(void)SSL_CTX_set_options(context, CONTEXT_OPTIONS);
	SSL_CTX_set_security_level(context, 2);
	return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
		SSL_CTX_set_ciphersuites(context, KP_TLS_SUITES_13) == 1 &&
		SSL_CTX_set_cipher_list(context, KP_TLS_SUITES_12) == 1 &&
		/* The macros cast away a const that nobody writes through. */
		SSL_CTX_set1_groups_list(context, (char *)(uintptr_t)KP_TLS_GROUPS) ==
		1 &&
		SSL_CTX_set1_sigalgs_list(
			context, (char *)(uintptr_t)KP_TLS_SIGNATURES) == 1;
}

/* Names. Certificates for the same names (one for each kind of key) serve together. */

static bool
same_names(X509 *a, X509 *b)
{
	GENERAL_NAMES *of_a = X509_get_ext_d2i(a, NID_subject_alt_name, NULL, NULL);
	GENERAL_NAMES *of_b = X509_get_ext_d2i(b, NID_subject_alt_name, NULL, NULL);
	int count = sk_GENERAL_NAME_num(of_a);
	bool same = of_a != NULL && of_b != NULL && count == sk_GENERAL_NAME_num(of_b);
	for (int i = 0; same && i < count; i++) {
		bool found = false;
		for (int j = 0; j < count && !found; j++) {
			found = GENERAL_NAME_cmp(sk_GENERAL_NAME_value(of_a, i),
					sk_GENERAL_NAME_value(of_b, j)) == 0;
		}
		same = found;
	}
	GENERAL_NAMES_free(of_a);
	GENERAL_NAMES_free(of_b);
	return same;
}

static void
group_pairs(struct kp_tls_server *server, struct kp_tls_reading *reading,
	const struct kp_tls_server_options *options)
{
	for (size_t i = 0; i < server->pair_count; i++) {
		struct kp_tls_pair *pair = &server->pairs[i];
		struct kp_tls_host *host = NULL;
		for (size_t j = 0; j < server->host_count && host == NULL; j++) {
			if (same_names(server->hosts[j].pairs[0]->certificate,
				    pair->certificate)) {
				host = &server->hosts[j];
			}
		}
		host = host != NULL ? host : &server->hosts[server->host_count++];
		for (size_t j = 0; j < host->pair_count; j++) {
			if (EVP_PKEY_get_base_id(host->pairs[j]->key) ==
				EVP_PKEY_get_base_id(pair->key)) {
				kp_tls_finding(reading,
					&options->certificates[i].certificate,
					"has the names and the kind of key of another "
					"certificate of this listener");
			}
		}
		host->pairs[host->pair_count++] = pair;
	}
}

/* SSL_set_SSL_CTX changes the certificate and leaves how clients are verified. */
static int
on_server_name(SSL *ssl, int *alert, void *context)
{
	(void)alert;
	(void)context;
	const struct kp_tls_peer *peer = SSL_get_app_data(ssl);
	const struct kp_tls_server *server = peer->server;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	SSL_CTX *const *contexts = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	if (name == NULL) {
		return SSL_TLSEXT_ERR_OK;
	}
	for (size_t i = 0; i < server->host_count; i++) {
		X509 *certificate = server->hosts[i].pairs[0]->certificate;
		if (X509_check_host(certificate, name, strlen(name), 0, NULL) == 1) {
			return SSL_set_SSL_CTX(ssl, contexts[i]) != NULL
				? SSL_TLSEXT_ERR_OK
				: SSL_TLSEXT_ERR_ALERT_FATAL;
		}
	}
	return SSL_TLSEXT_ERR_OK;
}

/* The protocol that will be spoken (ALPN, RFC 7301). */

static bool
offers(const unsigned char *list, unsigned len, const char *name)
{
	size_t name_len = strlen(name);
	for (unsigned at = 0; at < len; at += list[at] + 1u) {
		if (list[at] == name_len && at + 1 + name_len <= len &&
			memcmp(list + at + 1, name, name_len) == 0) {
			return true;
		}
	}
	return false;
}

static int
on_protocols(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_len,
	const unsigned char *list, unsigned len, void *context)
{
	static const char h2[] = "h2";
	static const char h1[] = "http/1.1";
	const struct kp_tls_peer *peer = SSL_get_app_data(ssl);
	(void)context;
	const char *chosen = peer->server->http2 && offers(list, len, h2) ? h2
		: offers(list, len, h1)                                   ? h1
									  : NULL;
	if (chosen == NULL) {
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	*ret_name = (const unsigned char *)chosen;
	*ret_len = (unsigned char)strlen(chosen);
	return SSL_TLSEXT_ERR_OK;
}

/* Stapling. */

static int
on_status_asked(SSL *ssl, void *context)
{
	(void)context;
	const struct kp_tls_peer *peer = SSL_get_app_data(ssl);
	X509 *shown = SSL_get_certificate(ssl);
	for (size_t i = 0; i < peer->server->pair_count; i++) {
		const struct kp_tls_pair *pair = &peer->server->pairs[i];
		if (pair->certificate != shown || pair->staple == NULL ||
			pair->staple_until_s <= (int64_t)time(NULL)) {
			continue;
		}
		unsigned char *copy = OPENSSL_memdup(pair->staple, pair->staple_len);
		if (copy == NULL ||
			SSL_set_tlsext_status_ocsp_resp(
				ssl, copy, (long)pair->staple_len) != 1) {
			OPENSSL_free(copy);
			return SSL_TLSEXT_ERR_NOACK;
		}
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

/* Messages after the handshake cost us work and bring nothing: they are counted. */
static void
on_message(int writing, int version, int type, const void *bytes, size_t len, SSL *ssl,
	void *context)
{
	(void)version;
	(void)bytes;
	(void)len;
	(void)context;
	struct kp_tls_peer *peer = SSL_get_app_data(ssl);
	if (!writing && peer != NULL && peer->established && type == SSL3_RT_HANDSHAKE &&
		++peer->messages > peer->server->messages_max) {
		peer->abused = true;
	}
}

/* Contexts. */

static bool
set_clients(const struct kp_tls_server *server, SSL_CTX *context)
{
	static const int modes[] = {
		[KP_TLS_CLIENTS_NONE] = SSL_VERIFY_NONE,
		[KP_TLS_CLIENTS_OPTIONAL] = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE,
		[KP_TLS_CLIENTS_REQUIRED] = SSL_VERIFY_PEER |
			SSL_VERIFY_FAIL_IF_NO_PEER_CERT | SSL_VERIFY_CLIENT_ONCE,
	};
	if (SSL_CTX_set_session_id_context(
		    context, server->trust_id, sizeof(server->trust_id)) != 1) {
		return false;
	}
	SSL_CTX_set_max_cert_list(context, (long)server->chain_bytes_max);
	if (server->clients == KP_TLS_CLIENTS_NONE) {
		return true;
	}
	SSL_CTX_set_verify(context, modes[server->clients], kp_tls_peer_verify);
	SSL_CTX_set_verify_depth(context, (int)server->depth_max);
	SSL_CTX_set1_cert_store(context, server->trust);
	if (X509_VERIFY_PARAM_set_flags(
		    SSL_CTX_get0_param(context), X509_V_FLAG_X509_STRICT) != 1) {
		return false;
	}
	return SSL_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT) == 1;
}

static bool
set_sessions(const struct kp_tls_server *server, SSL_CTX *context)
{
	(void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	if (server->tickets == NULL || server->session_ms == 0) {
		(void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
		return SSL_CTX_set_num_tickets(context, 0) == 1;
	}
	(void)SSL_CTX_set_timeout(context, (long)(server->session_ms / 1000));
	return kp_tls_tickets_use(server->tickets, context);
}

static bool
set_host(const struct kp_tls_host *host, SSL_CTX *context)
{
	for (size_t i = 0; i < host->pair_count; i++) {
		const struct kp_tls_pair *pair = host->pairs[i];
		if (SSL_CTX_use_cert_and_key(
			    context, pair->certificate, pair->key, pair->chain, 1) != 1) {
			return false;
		}
	}
	return true;
}

static SSL_CTX *
make_context(const struct kp_tls_server *server, const struct kp_tls_host *host)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	if (context == NULL || !kp_tls_harden(context) || !set_clients(server, context) ||
		!set_sessions(server, context) || !set_host(host, context)) {
		SSL_CTX_free(context);
		return NULL;
	}
	(void)SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
	(void)SSL_CTX_set_tlsext_status_cb(context, on_status_asked);
	SSL_CTX_set_alpn_select_cb(context, on_protocols, NULL);
	SSL_CTX_set_msg_callback(context, on_message);
	return context;
}

static bool
make_contexts(struct kp_tls_server *server)
{
	size_t hosts = server->host_count;
	server->contexts = kp_heap_calloc(server->loops * hosts, sizeof(SSL_CTX *));
	for (size_t i = 0; server->contexts != NULL && i < server->loops * hosts; i++) {
		SSL_CTX *context = make_context(server, &server->hosts[i % hosts]);
		if (context == NULL) {
			return false;
		}
		server->contexts[i] = context;
		/* Where the other names of the same loop are. */
		if (SSL_CTX_set_app_data(context, &server->contexts[i - i % hosts]) !=
			1) {
			return false;
		}
	}
	return server->contexts != NULL;
}

/* Sessions made under one set of anchors, lists and rules are none under another. */
static bool
name_trust(struct kp_tls_server *server, struct kp_tls_reading *reading,
	const struct kp_tls_server_options *options)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	uint32_t rules[] = {(uint32_t)options->clients, options->depth_max,
		(uint32_t)options->crl_count};
	bool good = digest != NULL &&
		EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
		EVP_DigestUpdate(digest, rules, sizeof(rules)) == 1;
	for (size_t i = 0; good && options->clients != KP_TLS_CLIENTS_NONE &&
		i <= options->crl_count;
		i++) {
		const struct kp_tls_file *file =
			i == 0 ? &options->anchors : &options->crls[i - 1];
		struct kp_slice text = {NULL, 0};
		good = kp_tls_read_text(reading, file, &text) &&
			EVP_DigestUpdate(digest, text.data, text.len) == 1;
	}
	good = good && EVP_DigestFinal_ex(digest, server->trust_id, NULL) == 1;
	EVP_MD_CTX_free(digest);
	return good;
}

static void
read_all(struct kp_tls_server *server, struct kp_tls_reading *reading,
	const struct kp_tls_server_options *options)
{
	bool good = true;
	for (size_t i = 0; i < options->certificate_count; i++) {
		good = kp_tls_read_pair(reading, &options->certificates[i],
			       X509_PURPOSE_SSL_SERVER, &server->pairs[i]) &&
			good;
		server->pair_count++;
	}
	if (good) {
		group_pairs(server, reading, options);
	}
	if (options->clients != KP_TLS_CLIENTS_NONE) {
		(void)kp_tls_read_trust(reading, &options->anchors, options->crls,
			options->crl_count, &server->trust, &server->trust_until_s);
	}
	if (!reading->failed) {
		(void)name_trust(server, reading, options);
	}
}

enum kp_status
kp_tls_server_create(const struct kp_tls_server_options *options,
	struct kp_findings *findings, struct kp_tls_server **ret_server)
{
	KP_REQUIRE(options->certificate_count <= KP_TLS_CERTIFICATES_MAX &&
		options->loops > 0);
	struct kp_tls_server *server = kp_heap_calloc(1, sizeof(*server));
	struct kp_tls_reading reading;
	if (server == NULL) {
		return KP_E_MEMORY;
	}
	server->refs = 1;
	server->clients = options->clients;
	server->depth_max = options->depth_max;
	server->chain_bytes_max = options->chain_bytes_max;
	server->session_ms = options->session_ms;
	server->messages_max = options->messages_max;
	server->http2 = options->http2;
	server->tickets = options->tickets;
	server->loops = options->loops;
	kp_tls_reading_init(&reading, findings, &options->token, &server->terms);
	read_all(server, &reading, options);
	enum kp_status status = kp_tls_reading_end(&reading);
	if (status == KP_OK &&
		(!make_contexts(server) || !kp_tls_bio_create(&server->bio))) {
		status = KP_E_MEMORY;
	}
	if (status != KP_OK) {
		kp_tls_server_unref(&server);
		return status;
	}
	*ret_server = server;
	return KP_OK;
}

struct kp_tls_server *
kp_tls_server_ref(struct kp_tls_server *server)
{
	(void)atomic_fetch_add_explicit(&server->refs, 1, memory_order_relaxed);
	return server;
}

void
kp_tls_server_unref(struct kp_tls_server **server_at)
{
	struct kp_tls_server *server = *server_at;
	*server_at = NULL;
	if (server == NULL ||
		atomic_fetch_sub_explicit(&server->refs, 1, memory_order_acq_rel) > 1) {
		return;
	}
	for (size_t i = 0;
		server->contexts != NULL && i < server->loops * server->host_count; i++) {
		SSL_CTX_free(server->contexts[i]);
	}
	kp_heap_free(server->contexts);
	for (size_t i = 0; i < server->pair_count; i++) {
		kp_tls_pair_free(&server->pairs[i]);
	}
	X509_STORE_free(server->trust);
	kp_tls_terms_free(&server->terms);
	BIO_meth_free(server->bio);
	kp_heap_free(server);
}

size_t
kp_tls_server_terms(
	const struct kp_tls_server *server, const struct kp_tls_term **ret_terms)
{
	*ret_terms = server->terms.items;
	return server->terms.count;
}

SSL *
kp_tls_server_begin(struct kp_tls_server *server, unsigned loop, struct kp_tls_peer *peer)
{
	SSL *ssl = SSL_new(server->contexts[(loop % server->loops) * server->host_count]);
	peer->server = server;
	/* Every callback relies on it, and it takes memory. */
	if (ssl == NULL || SSL_set_app_data(ssl, peer) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_accept_state(ssl);
	return ssl;
}
