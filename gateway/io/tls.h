/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * tls: what a listener needs to speak TLS 1.2 and 1.3 (RFC 8446, RFC 5246) as NCSC-NL's
 * guideline of 2025-05 asks, and what we show to partners. Certificates, keys, trust
 * anchors and revocation lists are read and checked here, once, into an object that is
 * never changed afterwards; a reload makes a new one, and connections keep theirs.
 */
#ifndef KP_IO_TLS_H
#define KP_IO_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_TLS_CERTIFICATES_MAX ((size_t)16)
#define KP_TLS_CRLS_MAX ((size_t)64)

struct kp_tls_server;  /* counted, immutable, any thread */
struct kp_tls_client;  /* counted, immutable, any thread */
struct kp_tls_tickets; /* process lifetime, any thread */

/* A file that a configuration names, and where it does. */
struct kp_tls_file {
	const char *path; /* NULL: not given. Of a key also a "pkcs11:" URI (RFC 7512) */
	const char *named_in;
	const char *place; /* JSON pointer */
	uint32_t line;
	uint32_t column;
};

/* Where keys live that are no files. */
struct kp_tls_token {
	const char *module;  /* PKCS#11 module, a shared object; NULL or empty: none */
	struct kp_slice pin; /* empty: the URI says (RFC 7512), or none is needed */
};

struct kp_tls_certificate {
	struct kp_tls_file certificate; /* PEM: ours, then its issuers */
	struct kp_tls_file key;         /* PEM, mode 0600, or "pkcs11:…" */
	struct kp_tls_file ocsp;        /* DER: a response to staple (RFC 6066) */
};

enum kp_tls_clients {
	KP_TLS_CLIENTS_NONE,     /* no certificate is asked for */
	KP_TLS_CLIENTS_OPTIONAL, /* one that is shown must be good */
	KP_TLS_CLIENTS_REQUIRED,
};

/* Borrowed for the call. */
struct kp_tls_server_options {
	const struct kp_tls_certificate *certificates; /* the first is for clients that
							  ask for no known name */
	size_t certificate_count;
	enum kp_tls_clients clients;
	struct kp_tls_file anchors; /* PEM */
	const struct kp_tls_file *crls;
	size_t crl_count;       /* 0: revocation is not looked at */
	uint32_t depth_max;     /* issuers between a client and an anchor */
	size_t chain_bytes_max; /* of the certificates a client sends */
	uint32_t session_ms;    /* a session may be resumed; 0: never */
	uint32_t messages_max;  /* key updates and the like of one connection */
	bool http2;             /* offer "h2" beside "http/1.1" */
	struct kp_tls_token token;
	struct kp_tls_tickets *tickets; /* borrowed for longer than any server; NULL:
					   no session is resumed */
	unsigned loops;                 /* that will serve with it */
};

/* Keys under which sessions go to clients; shared by all loops and over reloads. */
enum kp_status kp_tls_tickets_create(
	struct kp_tls_tickets **ret_tickets, struct kp_error *err) KP_MUST_USE;
/* Wipes. Accepts NULL. */
void kp_tls_tickets_destroy(struct kp_tls_tickets **tickets);

/* Reads and checks everything; every fault goes to `findings`, at its place. KP_E_CONFIG,
 * KP_E_MEMORY. Blocking. */
enum kp_status kp_tls_server_create(const struct kp_tls_server_options *options,
	struct kp_findings *findings, struct kp_tls_server **ret_server) KP_MUST_USE;
struct kp_tls_server *kp_tls_server_ref(struct kp_tls_server *server);
void kp_tls_server_unref(struct kp_tls_server **server); /* accepts NULL */

/* What we show to a partner and whom we believe there. */
struct kp_tls_client_options {
	struct kp_tls_file certificate; /* PEM: ours, then its issuers; may be absent */
	struct kp_tls_file key;
	struct kp_tls_file anchors;
	struct kp_slice
		pin; /* "sha256//base64" of the partner's public key; empty: any */
	struct kp_tls_token token;
};
enum kp_status kp_tls_client_create(const struct kp_tls_client_options *options,
	struct kp_findings *findings, struct kp_tls_client **ret_client) KP_MUST_USE;
struct kp_tls_client *kp_tls_client_ref(struct kp_tls_client *client);
void kp_tls_client_unref(struct kp_tls_client **client); /* accepts NULL */

struct kp_signing_key; /* crypto/signing_key.h */

/* A key of ours that signs what is no TLS, from a file (mode 0600) or a token. Signs on
 * any thread. KP_E_CONFIG (with findings), KP_E_MEMORY. Blocking. */
enum kp_status kp_tls_signing_key_read(const struct kp_tls_file *file,
	const struct kp_tls_token *token, struct kp_findings *findings,
	struct kp_signing_key **ret_key) KP_MUST_USE;

/* Something that stops being valid by itself. */
struct kp_tls_term {
	const char *path;    /* as configured; lives as long as its object */
	const char *what;    /* "certificate", "anchor", "crl", "ocsp" */
	int64_t not_after_s; /* UTC, seconds since 1970; of a list: its next update */
};
/* The terms of everything read; in the object's memory. */
size_t kp_tls_server_terms(
	const struct kp_tls_server *server, const struct kp_tls_term **ret_terms);
size_t kp_tls_client_terms(
	const struct kp_tls_client *client, const struct kp_tls_term **ret_terms);

#endif
