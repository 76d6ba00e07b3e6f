/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * real_tls: the real stage over TLS. Every listener of a scenario gets TLS with the
 * certificates of `ketenpoort dev-pki`, and every client speaks it; the script knows
 * nothing of it, but for a client that shows a certificate.
 */
#ifndef KP_FLOW_REAL_TLS_H
#define KP_FLOW_REAL_TLS_H

#include <openssl/types.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/slice.h"

/* Makes the certificates; from here on the functions below mean something. */
void real_tls_begin(const char *program, const char *folder);
bool real_tls_used(void);
/* The text of a file with "tls" in its listeners; malloc. */
char *real_tls_configure(struct kp_slice text);

/* Shakes hands on a connected socket, with the certificate of an organisation when `oin`
 * is not empty. NULL: it was refused. */
SSL *real_tls_connect(int fd, const char *oin);
/* As read and send, with errno; the socket does not block. */
ssize_t real_tls_read(SSL *ssl, char *bytes, size_t len);
ssize_t real_tls_send(SSL *ssl, const char *bytes, size_t len);
void real_tls_end(SSL *ssl); /* says goodbye; accepts NULL */

#endif
