/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* probe_private: what probe.c and probe_tls.c share. Nobody else includes it. */
#ifndef KP_IO_PROBE_PRIVATE_H
#define KP_IO_PROBE_PRIVATE_H

#include <openssl/ssl.h>

#include "io/probe.h"

struct kp_probe {
	int fd;
	SSL_CTX *context;
	SSL *ssl; /* NULL: plain */
	bool certificate_asked;
	bool postgres;  /* no HTTP goes over it */
	char alert[64]; /* the last one the partner sent */
};

#endif
