/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* probe_tls: one handshake, and each thing that can be wrong with what it shows looked at
 * by itself; see probe.h. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "io/probe_private.h"
#include "io/tls_private.h"

/* Certificates. */

static void
write_name(const X509_NAME *name, char *out, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = 0;
	if (bio != NULL &&
		X509_NAME_print_ex(
			bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
		len = BIO_get_mem_data(bio, &text);
	}
	(void)snprintf(out, size, "%.*s", (int)len, text == NULL ? "" : text);
	BIO_free(bio);
}

static void
add_name(char *out, size_t size, const char *kind, const char *name)
{
	size_t len = strlen(out);
	(void)snprintf(out + len, size - len, "%s%s%s", len > 0 ? ", " : "", kind, name);
}

static void
write_alternative_names(X509 *certificate, char *out, size_t size)
{
	GENERAL_NAMES *names =
		X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		char text[INET6_ADDRSTRLEN] = "";
		if (name->type == GEN_DNS) {
			char dns[128];
			(void)snprintf(dns, sizeof(dns), "%.*s",
				ASN1_STRING_length(name->d.dNSName),
				(const char *)ASN1_STRING_get0_data(name->d.dNSName));
			add_name(out, size, "", dns);
		} else if (name->type == GEN_IPADD) {
			int len = ASN1_STRING_length(name->d.iPAddress);
			int family = len == 4 ? AF_INET : AF_INET6;
			if ((len == 4 || len == 16) &&
				inet_ntop(family,
					ASN1_STRING_get0_data(name->d.iPAddress), text,
					sizeof(text)) != NULL) {
				add_name(out, size, "", text);
			}
		}
	}
	GENERAL_NAMES_free(names);
}

static void
describe(X509 *certificate, struct kp_probe_certificate *out)
{
	*out = (struct kp_probe_certificate){
		.not_before_s = kp_tls_time(X509_get0_notBefore(certificate)),
		.not_after_s = kp_tls_time(X509_get0_notAfter(certificate)),
		.self_issued = X509_NAME_cmp(X509_get_subject_name(certificate),
				       X509_get_issuer_name(certificate)) == 0,
		.for_servers =
			X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0) == 1,
		.for_clients =
			X509_check_purpose(certificate, X509_PURPOSE_SSL_CLIENT, 0) == 1,
	};
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	out->bits = key == NULL ? 0 : EVP_PKEY_get_bits(key);
	write_name(
		X509_get_subject_name(certificate), out->subject, sizeof(out->subject));
	write_name(X509_get_issuer_name(certificate), out->issuer, sizeof(out->issuer));
	write_alternative_names(certificate, out->names, sizeof(out->names));
}

static void
describe_all(STACK_OF(X509) * certificates, struct kp_probe_certificate *ret_chain,
	size_t *ret_len)
{
	*ret_len = 0;
	for (int i = 0; i < sk_X509_num(certificates) && (size_t)i < KP_PROBE_CHAIN_MAX;
		i++) {
		describe(sk_X509_value(certificates, i), &ret_chain[i]);
		*ret_len = (size_t)i + 1;
	}
}

bool
kp_probe_read_certificates(
	const char *path, struct kp_probe_certificate *ret_chain, size_t *ret_len)
{
	struct kp_tls_reading reading;
	struct kp_findings findings;
	struct kp_tls_terms terms = {0};
	const struct kp_tls_file file = {.path = path};
	STACK_OF(X509) *certificates = NULL;
	kp_findings_init(&findings, 1);
	kp_tls_reading_init(&reading, &findings, NULL, &terms);
	bool good = kp_tls_read_certificates(&reading, &file, &certificates);
	if (good) {
		describe_all(certificates, ret_chain, ret_len);
	}
	sk_X509_pop_free(certificates, X509_free);
	(void)kp_tls_reading_end(&reading);
	kp_findings_deinit(&findings);
	return good;
}

/* Judging. */

static void
judge_trust(const struct kp_tls_client *client, X509 *own, STACK_OF(X509) * chain,
	struct kp_probe_tls *tls)
{
	X509_STORE_CTX *store = X509_STORE_CTX_new();
	if (store != NULL && X509_STORE_CTX_init(store, client->trust, own, chain) == 1) {
		/* Dates and purposes are looked at apart from who issued it. */
		X509_STORE_CTX_set_flags(
			store, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
		tls->anchored = X509_verify_cert(store) == 1;
		if (!tls->anchored) {
			(void)snprintf(tls->trust_fault, sizeof(tls->trust_fault), "%s",
				X509_verify_cert_error_string(
					X509_STORE_CTX_get_error(store)));
		}
	}
	X509_STORE_CTX_free(store);
}

static bool
fits_pin(const struct kp_tls_client *client, X509 *own)
{
	unsigned char *key = NULL;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned char text[64] = "";
	unsigned digest_len = 0;
	if (client->pin == NULL) {
		return true;
	}
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(own), &key);
	bool made = len > 0 &&
		EVP_Digest(key, (size_t)len, digest, &digest_len, EVP_sha256(), NULL) ==
			1 &&
		EVP_EncodeBlock(text, digest, (int)digest_len) > 0;
	OPENSSL_free(key);
	return made && strcmp(client->pin + strlen("sha256//"), (char *)text) == 0;
}

/* An empty list says that any will do. */
static bool
is_wanted(SSL *ssl, const struct kp_tls_client *client)
{
	const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(ssl);
	if (!client->has_pair || sk_X509_NAME_num(names) <= 0) {
		return true;
	}
	STACK_OF(X509) *chain = client->pair.chain;
	bool wanted = false;
	for (int i = 0; i < sk_X509_NAME_num(names) && !wanted; i++) {
		const X509_NAME *name = sk_X509_NAME_value(names, i);
		wanted = X509_NAME_cmp(name,
				 X509_get_issuer_name(client->pair.certificate)) == 0;
		for (int j = 0; j < sk_X509_num(chain) && !wanted; j++) {
			wanted = X509_NAME_cmp(name,
					 X509_get_issuer_name(sk_X509_value(chain, j))) ==
				0;
		}
	}
	return wanted;
}

static void
judge(const struct kp_probe *probe, const struct kp_tls_client *client, const char *host,
	struct kp_probe_tls *tls)
{
	X509 *own = SSL_get0_peer_certificate(probe->ssl);
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(probe->ssl);
	tls->certificate_asked = probe->certificate_asked;
	(void)snprintf(
		tls->version, sizeof(tls->version), "%s", SSL_get_version(probe->ssl));
	(void)snprintf(tls->suite, sizeof(tls->suite), "%s",
		SSL_CIPHER_get_name(SSL_get_current_cipher(probe->ssl)));
	if (own == NULL) {
		return;
	}
	describe_all(chain, tls->chain, &tls->chain_len);
	tls->host_matches = X509_check_ip_asc(own, host, 0) == 1 ||
		X509_check_host(
			own, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
	if (client != NULL) {
		judge_trust(client, own, chain, tls);
		tls->pinned = fits_pin(client, own);
		tls->issuer_wanted = is_wanted(probe->ssl, client);
		tls->certificate_shown = probe->certificate_asked && client->has_pair;
	}
}

/* The handshake. */

static int
on_certificate_asked(SSL *ssl, void *argument)
{
	struct kp_probe *probe = argument;
	(void)ssl;
	probe->certificate_asked = true;
	return 1;
}

/* OpenSSL 3.0 has no words for the alerts of TLS 1.3. */
static const char *
alert_text(int code)
{
	return (code & 0xff) == TLS13_AD_CERTIFICATE_REQUIRED
		? "certificate required"
		: SSL_alert_desc_string_long(code);
}

static void
on_info(const SSL *ssl, int where, int code)
{
	struct kp_probe *probe = SSL_get_app_data(ssl);
	if ((where & SSL_CB_READ) != 0 && (where & SSL_CB_ALERT) != 0 &&
		(code & 0xff) != SSL_AD_CLOSE_NOTIFY) {
		(void)snprintf(
			probe->alert, sizeof(probe->alert), "%s", alert_text(code));
	}
}

static bool
equip(SSL_CTX *context, const struct kp_tls_client *client)
{
	if (client != NULL) {
		return kp_tls_client_equip(client, context);
	}
	SSL_CTX_set_security_level(context, 0);
	return SSL_CTX_set_min_proto_version(context, TLS1_VERSION) == 1 &&
		SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0") == 1;
}

static bool
is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	return inet_pton(AF_INET, host, bytes) == 1 ||
		inet_pton(AF_INET6, host, bytes) == 1;
}

static bool
begin(struct kp_probe *probe, const struct kp_tls_client *client, const char *host)
{
	static const unsigned char http_1_1[] = "\x08http/1.1";
	probe->context = SSL_CTX_new(TLS_client_method());
	if (probe->context == NULL || !equip(probe->context, client)) {
		return false;
	}
	SSL_CTX_set_verify(probe->context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_cert_cb(probe->context, on_certificate_asked, probe);
	SSL_CTX_set_info_callback(probe->context, on_info);
	probe->ssl = SSL_new(probe->context);
	return probe->ssl != NULL && SSL_set_app_data(probe->ssl, probe) == 1 &&
		SSL_set_fd(probe->ssl, probe->fd) == 1 &&
		(probe->postgres ||
			SSL_set_alpn_protos(probe->ssl, http_1_1, sizeof(http_1_1) - 1) ==
				0) &&
		/* The macro casts away a const that nobody writes through. */
		(is_address(host) ||
			SSL_set_tlsext_host_name(probe->ssl, (char *)(uintptr_t)host) ==
				1);
}

static void
say_fault(const struct kp_probe *probe, int error, struct kp_probe_tls *tls)
{
	unsigned long code = ERR_peek_last_error();
	if (probe->alert[0] != '\0') {
		(void)snprintf(tls->fault, sizeof(tls->fault),
			"the partner ended it with the alert '%s'", probe->alert);
	} else if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		(void)snprintf(tls->fault, sizeof(tls->fault), "nothing came in time");
	} else {
		const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
		(void)snprintf(tls->fault, sizeof(tls->fault), "%s",
			reason == NULL ? "the connection was closed" : reason);
	}
}

void
kp_probe_shake(struct kp_probe *probe, const struct kp_tls_client *client,
	const char *host, struct kp_probe_tls *ret_tls)
{
	*ret_tls = (struct kp_probe_tls){.pinned = true, .issuer_wanted = true};
	ERR_clear_error();
	if (!begin(probe, client, host)) {
		say_fault(probe, SSL_ERROR_SSL, ret_tls);
		return;
	}
	int code = SSL_connect(probe->ssl);
	ret_tls->done = code == 1;
	if (code != 1) {
		say_fault(probe, SSL_get_error(probe->ssl, code), ret_tls);
	}
	judge(probe, client, host, ret_tls);
	ERR_clear_error();
}
