/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* tls_private: what the files tls_*.c and upstream_target.c share. Nobody else includes
 * it. */
#ifndef KP_IO_TLS_PRIVATE_H
#define KP_IO_TLS_PRIVATE_H

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdatomic.h>

#include "io/stream.h"
#include "io/tls.h"

/* NCSC-NL guideline 2025-05: the suites it calls good first, then the sufficient ones. */
#define KP_TLS_SUITES_13                                                                 \
	"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"
#define KP_TLS_SUITES_12                                                                 \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"                   \
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:"                       \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
#define KP_TLS_GROUPS "X25519:P-256:P-384:X448:P-521"
#define KP_TLS_SIGNATURES                                                                \
	"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:"                          \
	"rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"                   \
	"rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"                      \
	"RSA+SHA256:RSA+SHA384:RSA+SHA512"

#define KP_TLS_RSA_BITS_MIN 3072
#define KP_TLS_FILE_BYTES_MAX ((size_t)4 << 20)
#define KP_TLS_OIN_BYTES 24
#define KP_TLS_ORGANISATION_BYTES 256

/* A list of terms that grows; heap. */
struct kp_tls_terms {
	struct kp_tls_term *items;
	size_t count;
};

/* A certificate of ours. */
struct kp_tls_pair {
	X509 *certificate;
	STACK_OF(X509) * chain; /* its issuers, nearest first */
	EVP_PKEY *key;
	unsigned char *staple; /* DER of an OCSP response; heap */
	size_t staple_len;
	int64_t staple_until_s;
};

/* Lifetime: one reading. Every fault becomes a finding at the file's place. */
struct kp_tls_reading {
	struct kp_findings *findings;
	struct kp_arena arena;
	const struct kp_tls_token *token;
	struct kp_tls_terms *terms;
	int64_t now_s;
	bool failed; /* a finding was made */
	bool out_of_memory;
};

/* tls_files.c */
void kp_tls_reading_init(struct kp_tls_reading *reading, struct kp_findings *findings,
	const struct kp_tls_token *token, struct kp_tls_terms *terms);
/* What it came to: KP_OK, KP_E_CONFIG, KP_E_MEMORY. */
enum kp_status kp_tls_reading_end(struct kp_tls_reading *reading);
void kp_tls_finding(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	const char *format, ...) KP_PRINTF(3, 4);
bool kp_tls_read_text(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	struct kp_slice *ret_text);
void kp_tls_add_term(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	const char *what, int64_t not_after_s);
void kp_tls_terms_free(struct kp_tls_terms *terms);
int64_t kp_tls_time(const ASN1_TIME *time);
/* The pem_password_cb of files that are read while nobody looks: there is none. */
int kp_tls_no_passphrase(char *buffer, int size, int writing, void *data);
/* Every certificate of a PEM file, in order; the caller frees. */
bool kp_tls_read_certificates(struct kp_tls_reading *reading,
	const struct kp_tls_file *file, STACK_OF(X509) * *ret_certificates);
/* tls_pair.c: certificate, issuers and key, and whether they may be used as `purpose`
 * (X509_PURPOSE_SSL_SERVER or _CLIENT). */
bool kp_tls_read_pair(struct kp_tls_reading *reading,
	const struct kp_tls_certificate *files, int purpose,
	struct kp_tls_pair *ret_pair);
void kp_tls_pair_free(struct kp_tls_pair *pair);
/* A key from a file or a token, and whether it is strong enough; faults are findings. */
EVP_PKEY *kp_tls_read_key(struct kp_tls_reading *reading, const struct kp_tls_file *file);
void kp_tls_check_strength(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	const EVP_PKEY *key);
/* tls_pkcs11.c */
EVP_PKEY *kp_tls_token_key(const struct kp_tls_token *token, const char *uri,
	char *ret_fault, size_t fault_size);
/* tls_trust.c: anchors and revocation lists as a store; ret_until_s is when the first
 * list is out of date. */
bool kp_tls_read_trust(struct kp_tls_reading *reading, const struct kp_tls_file *anchors,
	const struct kp_tls_file *crls, size_t crl_count, X509_STORE **ret_store,
	int64_t *ret_until_s);
/* The settings that hold in both directions. */
bool kp_tls_harden(SSL_CTX *context);

/* tls_tickets.c */
bool kp_tls_tickets_use(struct kp_tls_tickets *tickets, SSL_CTX *context);

/* One name, or several, with a certificate for each kind of key. */
struct kp_tls_host {
	const struct kp_tls_pair *pairs[KP_TLS_CERTIFICATES_MAX];
	size_t pair_count;
};

/* Lifetime: snapshot, and every connection that began with it. */
struct kp_tls_server {
	atomic_uint refs;
	struct kp_tls_pair pairs[KP_TLS_CERTIFICATES_MAX];
	size_t pair_count;
	struct kp_tls_host hosts[KP_TLS_CERTIFICATES_MAX];
	size_t host_count;
	X509_STORE *trust;
	int64_t trust_until_s; /* the first revocation list is out of date */
	unsigned char trust_id[32];
	enum kp_tls_clients clients;
	uint32_t depth_max;
	size_t chain_bytes_max;
	uint32_t session_ms;
	uint32_t messages_max;
	bool http2;
	struct kp_tls_tickets *tickets;
	struct kp_tls_terms terms;
	SSL_CTX **contexts; /* [loop][host]; one loop's are not touched by another */
	unsigned loops;
	BIO_METHOD *bio;
};

struct kp_tls_client {
	atomic_uint refs;
	struct kp_tls_pair pair;
	bool has_pair;
	X509_STORE *trust;
	char *pin; /* heap; NULL: none */
	struct kp_tls_terms terms;
};

/* Everything a connection to the partner needs, into a context of libcurl's. */
bool kp_tls_client_equip(const struct kp_tls_client *client, SSL_CTX *context);

/* What the handshake of one connection has found. */
struct kp_tls_peer {
	struct kp_tls_server *server;
	int64_t chain_until_s; /* the first certificate of the chain expires */
	unsigned messages;     /* after the handshake, that are no data */
	bool established;
	bool abused;                 /* too many of those */
	const char *refused;         /* for our own log; never for the other side */
	struct kp_slice claimed_oin; /* of a certificate that was refused; in `oin` */
	struct kp_peer_certificate certificate;
	bool certified;
	char oin[KP_TLS_OIN_BYTES];
	char organisation[KP_TLS_ORGANISATION_BYTES];
};

/* tls_stream.c: how OpenSSL reads and writes through a stream. False without memory. */
bool kp_tls_bio_create(BIO_METHOD **ret_bio);

/* tls_server.c: an SSL whose application data is `peer`; NULL without memory. */
SSL *kp_tls_server_begin(
	struct kp_tls_server *server, unsigned loop, struct kp_tls_peer *peer);
/* tls_trust.c: after the handshake, resumed or not. False: the connection must end. */
bool kp_tls_peer_identify(struct kp_tls_peer *peer, SSL *ssl);
int kp_tls_peer_verify(int good, X509_STORE_CTX *store);
/* Until when a session of this connection may be resumed, seconds since 1970. */
int64_t kp_tls_peer_until(const struct kp_tls_peer *peer, int64_t now_s);

#endif
