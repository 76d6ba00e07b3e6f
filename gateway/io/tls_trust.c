/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * tls_trust: whom a listener believes. A client's certificate must lead to an anchor,
 * over issuers that are none of them revoked, be in date, be meant for clients and name
 * its organisation in one way only. The other side learns that it was refused, and never
 * why.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "core/heap.h"
#include "crypto/certificate_subject.h"
#include "io/tls_private.h"

/* Anchors and revocation lists. */

static void
add_anchors(
	struct kp_tls_reading *reading, const struct kp_tls_file *file, X509_STORE *store)
{
	STACK_OF(X509) *anchors = NULL;
	if (!kp_tls_read_certificates(reading, file, &anchors)) {
		return;
	}
	for (int i = 0; i < sk_X509_num(anchors); i++) {
		X509 *anchor = sk_X509_value(anchors, i);
		int64_t not_after_s = kp_tls_time(X509_get0_notAfter(anchor));
		kp_tls_add_term(reading, file, "anchor", not_after_s);
		if (X509_check_ca(anchor) < 1) {
			kp_tls_finding(reading, file,
				"has a certificate that issues none (number %d), and "
				"only "
				"issuers can be trusted",
				i + 1);
		} else if (not_after_s <= reading->now_s) {
			kp_tls_finding(reading, file,
				"has an anchor that has expired (number %d)", i + 1);
		} else if (X509_STORE_add_cert(store, anchor) != 1) {
			reading->out_of_memory = true;
		}
	}
	sk_X509_pop_free(anchors, X509_free);
}

static void
add_crl(struct kp_tls_reading *reading, const struct kp_tls_file *file, X509_STORE *store,
	X509_CRL *crl, int64_t *ret_until_s)
{
	int64_t until_s = kp_tls_time(X509_CRL_get0_nextUpdate(crl));
	if (until_s <= reading->now_s) {
		/* A list that is too old says nothing about who was revoked since. */
		kp_tls_finding(reading, file,
			"is a revocation list that is out of date: nobody could be let "
			"in by it");
	} else if (kp_tls_time(X509_CRL_get0_lastUpdate(crl)) > reading->now_s) {
		kp_tls_finding(reading, file, "is a revocation list from the future");
	} else if (X509_STORE_add_crl(store, crl) != 1) {
		reading->out_of_memory = true;
	}
	if (*ret_until_s == 0 || until_s < *ret_until_s) {
		*ret_until_s = until_s;
	}
	kp_tls_add_term(reading, file, "crl", until_s);
}

/* PEM with one list or more, or DER, as most authorities publish them. */
static void
add_crls(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	X509_STORE *store, int64_t *ret_until_s)
{
	struct kp_slice text;
	if (!kp_tls_read_text(reading, file, &text)) {
		return;
	}
	const unsigned char *at = (const unsigned char *)text.data;
	X509_CRL *crl = text.len > 0 && text.data[0] == 0x30
		? d2i_X509_CRL(NULL, &at, (long)text.len)
		: NULL;
	int count = 0;
	if (crl != NULL) {
		add_crl(reading, file, store, crl, ret_until_s);
		X509_CRL_free(crl);
		return;
	}
	BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
	while (bio != NULL &&
		(crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL) {
		add_crl(reading, file, store, crl, ret_until_s);
		X509_CRL_free(crl);
		count++;
	}
	BIO_free(bio);
	if (count == 0) {
		kp_tls_finding(reading, file, "is no revocation list in PEM or DER");
	}
}

bool
kp_tls_read_trust(struct kp_tls_reading *reading, const struct kp_tls_file *anchors,
	const struct kp_tls_file *crls, size_t crl_count, X509_STORE **ret_store,
	int64_t *ret_until_s)
{
	X509_STORE *store = X509_STORE_new();
	*ret_until_s = 0;
	if (store == NULL) {
		reading->out_of_memory = true;
		return false;
	}
	*ret_store = store;
	add_anchors(reading, anchors, store);
	for (size_t i = 0; i < crl_count; i++) {
		add_crls(reading, &crls[i], store, ret_until_s);
	}
	if (crl_count > 0 &&
		X509_STORE_set_flags(
			store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) != 1) {
		reading->out_of_memory = true;
	}
	return true;
}

/* The handshake. */

static bool
read_subject(X509 *certificate, struct kp_certificate_subject *ret_subject)
{
	const unsigned char *der = NULL;
	size_t len = 0;
	return X509_NAME_get0_der(X509_get_subject_name(certificate), &der, &len) == 1 &&
		kp_certificate_subject_parse(
			(struct kp_slice){(const char *)der, len}, ret_subject) == KP_OK;
}

/* What the library's own checks leave open about the certificate itself. */
static const char *
judge_leaf(X509 *certificate)
{
	struct kp_certificate_subject subject;
	/* Without the extension any use would do, and that is too many. */
	if ((X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) == 0 ||
		(X509_get_extended_key_usage(certificate) & XKU_SSL_CLIENT) == 0) {
		return "extended key usage without clientAuth";
	}
	return read_subject(certificate, &subject) ? NULL : "subject not clear";
}

static struct kp_slice
copy_text(char *to, size_t size, struct kp_slice text)
{
	size_t len = text.len < size ? text.len : size;
	if (len > 0) {
		memcpy(to, text.data, len);
	}
	return (struct kp_slice){to, len};
}

/* Who the client said it was, for our log. Nothing vouches for it. */
static void
note_claim(struct kp_tls_peer *peer, X509 *leaf)
{
	struct kp_certificate_subject subject;
	if (leaf != NULL && read_subject(leaf, &subject)) {
		peer->claimed_oin = copy_text(peer->oin, sizeof(peer->oin), subject.oin);
	}
}

/* Called for each certificate, the anchor first and the client's own last. */
int
kp_tls_peer_verify(int good, X509_STORE_CTX *store)
{
	SSL *ssl =
		X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct kp_tls_peer *peer = SSL_get_app_data(ssl);
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);
	const char *fault = good
		? NULL
		: X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
	if (good && certificate != NULL) {
		int64_t until_s = kp_tls_time(X509_get0_notAfter(certificate));
		if (peer->chain_until_s == 0 || until_s < peer->chain_until_s) {
			peer->chain_until_s = until_s;
		}
		if (X509_STORE_CTX_get_error_depth(store) == 0) {
			fault = judge_leaf(certificate);
		}
	}
	if (fault == NULL) {
		return 1;
	}
	peer->refused = fault;
	note_claim(peer, X509_STORE_CTX_get0_cert(store));
	/* The alert follows from this code, and is the same for every reason. */
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return 0;
}

static bool
keep_certificate(struct kp_tls_peer *peer, X509 *certificate)
{
	struct kp_certificate_subject subject;
	unsigned len = 0;
	if (!read_subject(certificate, &subject) ||
		X509_digest(certificate, EVP_sha256(), peer->certificate.sha256, &len) !=
			1 ||
		len != sizeof(peer->certificate.sha256)) {
		return false;
	}
	peer->certificate.oin = copy_text(peer->oin, sizeof(peer->oin), subject.oin);
	peer->certificate.organisation = copy_text(
		peer->organisation, sizeof(peer->organisation), subject.organisation);
	peer->certified = true;
	return true;
}

/* A resumed session brings the certificate of the first handshake and the end of what was
 * found then. It was made under the same anchors and lists, or OpenSSL would have taken
 * it for none (session id context). */
static bool
take_up_session(struct kp_tls_peer *peer, SSL *ssl)
{
	void *data = NULL;
	size_t len = 0;
	int64_t until_s = 0;
	if (SSL_SESSION_get0_ticket_appdata(SSL_get_session(ssl), &data, &len) != 1 ||
		len != sizeof(until_s)) {
		return false;
	}
	memcpy(&until_s, data, sizeof(until_s));
	peer->chain_until_s = until_s;
	return until_s > (int64_t)time(NULL);
}

bool
kp_tls_peer_identify(struct kp_tls_peer *peer, SSL *ssl)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	bool good = SSL_get_verify_result(ssl) == X509_V_OK;
	if (good && SSL_session_reused(ssl) == 1) {
		good = take_up_session(peer, ssl);
	}
	if (certificate == NULL) {
		good = good && peer->server->clients != KP_TLS_CLIENTS_REQUIRED;
	} else {
		good = good && peer->server->clients != KP_TLS_CLIENTS_NONE &&
			keep_certificate(peer, certificate);
	}
	if (!good && peer->refused == NULL) {
		peer->refused = "session not to be taken up";
	}
	return good;
}

int64_t
kp_tls_peer_until(const struct kp_tls_peer *peer, int64_t now_s)
{
	int64_t until_s = now_s + (int64_t)(peer->server->session_ms / 1000);
	if (peer->chain_until_s != 0 && peer->chain_until_s < until_s) {
		until_s = peer->chain_until_s;
	}
	if (peer->server->trust_until_s != 0 && peer->server->trust_until_s < until_s) {
		until_s = peer->server->trust_until_s;
	}
	return until_s;
}
