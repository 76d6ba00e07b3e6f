/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * tls_tickets: sessions that clients keep for us (RFC 5077, RFC 8446 section 4.6.1), so
 * that any loop can resume what another began and nothing is kept here. Tickets are
 * sealed with AES-256-CBC and HMAC-SHA-256 under keys that are made by chance, serve for
 * an hour and open tickets for one hour more; then they are wiped, and what was sealed
 * with them is lost for whoever recorded it too.
 *
 * A ticket says until when it may be used: the first of its lifetime, the end of the
 * client's certificates and the end of the revocation lists. Renewed tickets keep that
 * end, so a chain of resumptions does not outlive the handshake it began with.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "core/heap.h"
#include "io/tls_private.h"

#define KEYS 2 /* the one that seals, and the one before it */
#define KEY_LIFE_S 3600
#define NAME_BYTES 16

struct ticket_key {
	unsigned char name[NAME_BYTES];
	unsigned char cipher[32];
	unsigned char mac[32];
	int64_t made_s; /* 0: none */
};

struct kp_tls_tickets {
	pthread_mutex_t mutex;        /* held for a copy of one key */
	struct ticket_key keys[KEYS]; /* newest first */
};

enum kp_status
kp_tls_tickets_create(struct kp_tls_tickets **ret_tickets, struct kp_error *err)
{
	struct kp_tls_tickets *tickets = kp_heap_calloc(1, sizeof(*tickets));
	if (tickets == NULL || pthread_mutex_init(&tickets->mutex, NULL) != 0) {
		kp_heap_free(tickets);
		return kp_error_set(err, KP_E_MEMORY, "no memory for session keys");
	}
	*ret_tickets = tickets;
	return KP_OK;
}

void
kp_tls_tickets_destroy(struct kp_tls_tickets **tickets)
{
	if (*tickets != NULL) {
		(void)pthread_mutex_destroy(&(*tickets)->mutex);
		kp_heap_free(*tickets);
		*tickets = NULL;
	}
}

static bool
make_key(struct ticket_key *key, int64_t now_s)
{
	key->made_s = now_s;
	return RAND_bytes(key->name, sizeof(key->name)) == 1 &&
		RAND_priv_bytes(key->cipher, sizeof(key->cipher)) == 1 &&
		RAND_priv_bytes(key->mac, sizeof(key->mac)) == 1;
}

/* Wipes keys whose time is over; makes one to seal with when there is none. */
static bool
turn_keys(struct kp_tls_tickets *tickets, int64_t now_s)
{
	struct ticket_key *keys = tickets->keys;
	bool good = true;
	if (keys[0].made_s == 0 || now_s - keys[0].made_s >= KEY_LIFE_S) {
		keys[1] = keys[0];
		good = make_key(&keys[0], now_s);
		if (!good) {
			kp_wipe(&keys[0], sizeof(keys[0]));
		}
	}
	if (now_s - keys[1].made_s >= 2 * KEY_LIFE_S) {
		kp_wipe(&keys[1], sizeof(keys[1]));
	}
	return good;
}

/* The key that seals (no name), or the one of this name. False when there is none. */
static bool
get_key(struct kp_tls_tickets *tickets, const unsigned char *name,
	struct ticket_key *ret_key, bool *ret_newest)
{
	bool found = false;
	(void)pthread_mutex_lock(&tickets->mutex);
	bool good = turn_keys(tickets, (int64_t)time(NULL));
	for (size_t i = 0; good && i < KEYS && !found; i++) {
		const struct ticket_key *key = &tickets->keys[i];
		found = key->made_s != 0 &&
			(name == NULL || memcmp(key->name, name, NAME_BYTES) == 0);
		if (found) {
			*ret_key = *key;
			*ret_newest = i == 0;
		}
	}
	(void)pthread_mutex_unlock(&tickets->mutex);
	return found;
}

static bool
key_mac(EVP_MAC_CTX *mac, const struct ticket_key *key)
{
	unsigned char bytes[sizeof(key->mac)];
	char digest[] = "SHA256";
	memcpy(bytes, key->mac, sizeof(bytes));
	OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(
				       OSSL_MAC_PARAM_KEY, bytes, sizeof(bytes)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end()};
	bool good = EVP_MAC_CTX_set_params(mac, params) == 1;
	kp_wipe(bytes, sizeof(bytes));
	return good;
}

/* For SSL_CTX_set_tlsext_ticket_key_evp_cb: 1 works, 0 no such ticket, 2 works and give
 * the client a new one, -1 broken. */
static int
on_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac, int sealing)
{
	const struct kp_tls_peer *peer = SSL_get_app_data(ssl);
	struct ticket_key key;
	bool newest = false;
	if (!get_key(peer->server->tickets, sealing ? NULL : name, &key, &newest)) {
		return sealing ? -1 : 0;
	}
	bool good = key_mac(mac, &key);
	if (sealing) {
		memcpy(name, key.name, NAME_BYTES);
		good = good &&
			RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) ==
				1 &&
			EVP_EncryptInit_ex(
				cipher, EVP_aes_256_cbc(), NULL, key.cipher, iv) == 1;
	} else {
		good = good &&
			EVP_DecryptInit_ex(
				cipher, EVP_aes_256_cbc(), NULL, key.cipher, iv) == 1;
	}
	kp_wipe(&key, sizeof(key));
	if (!good) {
		return -1;
	}
	/* RFC 8446 appendix C.4: a ticket that is used twice tells who follows the line
	 * that it is the same client. And a client whose last message of the handshake is
	 * answered does not hold back its question (RFC 896). */
	bool renew = !sealing && (!newest || SSL_version(ssl) == TLS1_3_VERSION);
	return renew ? 2 : 1;
}

/* Before a ticket is sealed: its end goes in, and its lifetime follows. */
static int
on_seal(SSL *ssl, void *context)
{
	(void)context;
	const struct kp_tls_peer *peer = SSL_get_app_data(ssl);
	SSL_SESSION *session = SSL_get_session(ssl);
	int64_t now_s = (int64_t)time(NULL);
	int64_t until_s = kp_tls_peer_until(peer, now_s);
	return SSL_SESSION_set1_ticket_appdata(session, &until_s, sizeof(until_s)) == 1 &&
		SSL_SESSION_set_timeout(
			session, (long)(until_s > now_s ? until_s - now_s : 1)) == 1;
}

static SSL_TICKET_RETURN
on_open(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t name_len,
	SSL_TICKET_STATUS status, void *context)
{
	void *data = NULL;
	size_t len = 0;
	int64_t until_s = 0;
	(void)ssl;
	(void)name;
	(void)name_len;
	(void)context;
	if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) {
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	}
	if (SSL_SESSION_get0_ticket_appdata(session, &data, &len) != 1 ||
		len != sizeof(until_s)) {
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	}
	memcpy(&until_s, data, sizeof(until_s));
	if (until_s <= (int64_t)time(NULL)) {
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	}
	return status == SSL_TICKET_SUCCESS_RENEW ? SSL_TICKET_RETURN_USE_RENEW
						  : SSL_TICKET_RETURN_USE;
}

bool
kp_tls_tickets_use(struct kp_tls_tickets *tickets, SSL_CTX *context)
{
	/* The keys are reached through the connection, so that one callback serves all.
	 */
	(void)tickets;
	return SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket_key) == 1 &&
		SSL_CTX_set_session_ticket_cb(context, on_seal, on_open, NULL) == 1 &&
		SSL_CTX_set_num_tickets(context, 1) == 1;
}
