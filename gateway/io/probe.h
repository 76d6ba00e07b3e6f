/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * probe: looks at a partner's address one step at a time, for who connects it: the name,
 * each address, TLS (RFC 8446, RFC 5246) and the head of one HTTP answer. It believes
 * whatever it meets and tells it, so that all that is wrong comes out at once; a question
 * about a client never goes this way. Blocking: for commands, never on a loop.
 */
#ifndef KP_IO_PROBE_H
#define KP_IO_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"
#include "io/tls.h"

#define KP_PROBE_ADDRESSES_MAX ((size_t)8)
#define KP_PROBE_CHAIN_MAX ((size_t)8)
#define KP_PROBE_HEAD_BYTES_MAX ((size_t)16384)

struct kp_probe; /* one connection */

struct kp_probe_address {
	char text[64]; /* of an IPv6 one without brackets */
};

/* `host`: a name, or an address without brackets. KP_E_NOT_FOUND with the resolver's
 * words. At most KP_PROBE_ADDRESSES_MAX. */
enum kp_status kp_probe_resolve(const char *host, struct kp_probe_address *ret_addresses,
	size_t *ret_count, struct kp_error *err) KP_MUST_USE;

/* Connects; every later step has as much time. KP_E_SOURCE_UNREACHABLE, KP_E_TIMEOUT. */
enum kp_status kp_probe_open(const struct kp_probe_address *address, uint16_t port,
	uint32_t timeout_ms, struct kp_probe **ret_probe,
	struct kp_error *err) KP_MUST_USE;
void kp_probe_close(struct kp_probe **probe); /* accepts NULL */

/* Asks a PostgreSQL for TLS (its SSLRequest message). False: it speaks none, or is none.
 */
bool kp_probe_postgres_tls(struct kp_probe *probe) KP_MUST_USE;

struct kp_probe_certificate {
	char subject[192];
	char issuer[192];
	char names[256]; /* subject alternative names, with ", " between them */
	int64_t not_before_s;
	int64_t not_after_s;
	int bits; /* of its key */
	bool self_issued;
	bool for_servers; /* its extended key usage lets a server use it */
	bool for_clients;
};

/* What a handshake showed. */
struct kp_probe_tls {
	bool done;
	char version[16];
	char suite[64];
	struct kp_probe_certificate chain[KP_PROBE_CHAIN_MAX]; /* the partner's own first
								*/
	size_t chain_len;
	bool anchored; /* leads to an anchor, whatever its dates and purpose are */
	char trust_fault[128]; /* why it does not */
	bool host_matches;
	bool pinned; /* the pin fits, or there is none */
	bool certificate_asked;
	bool issuer_wanted; /* ours comes from an authority the partner names, or it names
			       none */
	bool certificate_shown;
	char fault[160]; /* why it is not done; or what the partner said afterwards */
};

/*
 * Shakes hands as the gateway would with `client`. `client` NULL: with anything the
 * partner may speak, old versions and weak keys too, believing nobody: to tell what it is
 * that the gateway does not take.
 */
void kp_probe_shake(struct kp_probe *probe, const struct kp_tls_client *client,
	const char *host, struct kp_probe_tls *ret_tls);

/* Sends `request` and reads until the head of an answer is whole; the rest is not read.
 * KP_E_SOURCE with what the partner's TLS said (an alert), or that no HTTP came. */
enum kp_status kp_probe_ask(struct kp_probe *probe, struct kp_slice request,
	char ret_head[KP_PROBE_HEAD_BYTES_MAX], size_t *ret_len,
	struct kp_error *err) KP_MUST_USE;

/* The certificates of a PEM file, as above; false: it does not read. */
bool kp_probe_read_certificates(
	const char *path, struct kp_probe_certificate *ret_chain, size_t *ret_len);

#endif
