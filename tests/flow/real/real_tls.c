/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* real_tls: see real_tls.h. */
#include "real/real_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/attr.h"

static char pki[128]; /* "": no TLS */

static const char listener_end[] = " } ],";
static const char tls_text[] = ", \"tls\": { \"certificates\": [ { \"certificate\": "
			       "\"pki/server.pem\", \"key\": "
			       "\"pki/server.key\" } ], \"clients\": \"optional\", "
			       "\"anchors\": \"pki/root.pem\", "
			       "\"crls\": [ \"pki/crls.pem\" ] } } ],";

void
real_tls_begin(const char *program, const char *folder)
{
	char command[1024];
	(void)snprintf(pki, sizeof(pki), "%s/pki", folder);
	(void)snprintf(
		command, sizeof(command), "'%s' dev-pki '%s' >/dev/null", program, pki);
	KP_REQUIRE(system(command) == 0);
}

bool
real_tls_used(void)
{
	return pki[0] != '\0';
}

char *
real_tls_configure(struct kp_slice text)
{
	char *out = calloc(1, text.len + sizeof(tls_text));
	KP_REQUIRE(out != NULL);
	memcpy(out, text.data, text.len);
	char *line = strstr(out, "\"listeners\": [");
	char *end = line == NULL ? NULL : strstr(line, listener_end);
	if (end != NULL) {
		size_t rest = strlen(end + sizeof(listener_end) - 1);
		memmove(end + sizeof(tls_text) - 1, end + sizeof(listener_end) - 1,
			rest + 1);
		memcpy(end, tls_text, sizeof(tls_text) - 1);
	}
	return out;
}

static void
show_certificate(SSL *ssl, const char *oin)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/clients/%s.pem", pki, oin);
	KP_REQUIRE(SSL_use_certificate_chain_file(ssl, path) == 1);
	(void)snprintf(path, sizeof(path), "%s/clients/%s.key", pki, oin);
	KP_REQUIRE(SSL_use_PrivateKey_file(ssl, path, SSL_FILETYPE_PEM) == 1);
}

SSL *
real_tls_connect(int fd, const char *oin)
{
	char path[160];
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = context == NULL ? NULL : SSL_new(context);
	KP_REQUIRE(ssl != NULL);
	SSL_CTX_free(context); /* the connection keeps it */
	(void)snprintf(path, sizeof(path), "%s/root.pem", pki);
	KP_REQUIRE(SSL_CTX_load_verify_locations(context, path, NULL) == 1);
	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	if (oin[0] != '\0') {
		show_certificate(ssl, oin);
	}
	int flags = fcntl(fd, F_GETFL);
	(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	KP_REQUIRE(SSL_set_fd(ssl, fd) == 1);
	bool good = SSL_connect(ssl) == 1;
	(void)fcntl(fd, F_SETFL, flags);
	if (!good) {
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	(void)SSL_set_mode(ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return ssl;
}

static ssize_t
judge(SSL *ssl, int result)
{
	int code = SSL_get_error(ssl, result);
	ERR_clear_error();
	if (code == SSL_ERROR_ZERO_RETURN) {
		return 0;
	}
	bool wait = code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE;
	errno = wait ? EAGAIN : EPIPE;
	return -1;
}

ssize_t
real_tls_read(SSL *ssl, char *bytes, size_t len)
{
	int got = SSL_read(ssl, bytes, (int)len);
	return got > 0 ? got : judge(ssl, got);
}

ssize_t
real_tls_send(SSL *ssl, const char *bytes, size_t len)
{
	if (len == 0) {
		return 0;
	}
	int sent = SSL_write(ssl, bytes, (int)len);
	return sent > 0 ? sent : judge(ssl, sent);
}

void
real_tls_end(SSL *ssl)
{
	if (ssl != NULL) {
		(void)SSL_shutdown(ssl);
		SSL_free(ssl);
		ERR_clear_error();
	}
}
