/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * tls_pkcs11: keys that never leave a token (PKCS#11; named by RFC 7512 URIs). OpenSSL
 * 3.0 as Debian 12 has it reaches them through the engine of libengine-pkcs11-openssl;
 * engines are on their way out, so nothing else may know of them.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "core/heap.h"
#include "io/tls_private.h"

#define PIN_BYTES_MAX ((size_t)256)

static bool
give_pin(ENGINE *engine, struct kp_slice pin)
{
	char text[PIN_BYTES_MAX + 1];
	if (pin.len == 0) {
		return true;
	}
	if (pin.len > PIN_BYTES_MAX) {
		return false;
	}
	memcpy(text, pin.data, pin.len);
	text[pin.len] = '\0';
	bool given = ENGINE_ctrl_cmd_string(engine, "PIN", text, 0) == 1;
	kp_wipe(text, sizeof(text));
	return given;
}

EVP_PKEY *
kp_tls_token_key(const struct kp_tls_token *token, const char *uri, char *ret_fault,
	size_t fault_size)
{
	const char *fault = "the token has no such key, or refuses the PIN";
	EVP_PKEY *key = NULL;
	ENGINE *engine = NULL;
	if (token->module == NULL || token->module[0] == '\0') {
		fault = "is in a token, so pkcs11.module must name its module";
	} else if ((engine = ENGINE_by_id("pkcs11")) == NULL) {
		fault = "is in a token, and OpenSSL's pkcs11 engine is not installed "
			"(Debian: libengine-pkcs11-openssl)";
	} else if (ENGINE_ctrl_cmd_string(engine, "MODULE_PATH", token->module, 0) != 1 ||
		!give_pin(engine, token->pin) || ENGINE_init(engine) != 1) {
		fault = "is in a token whose module does not start (pkcs11.module)";
	} else {
		key = ENGINE_load_private_key(engine, uri, NULL, NULL);
		/* The key holds the engine for as long as it lives. */
		(void)ENGINE_finish(engine);
	}
	(void)ENGINE_free(engine);
	ERR_clear_error();
	if (key == NULL) {
		(void)snprintf(ret_fault, fault_size, "%s", fault);
	}
	return key;
}
