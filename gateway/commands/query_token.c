/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* query_token: see query_token.h. */
#include "commands/query_token.h"

#include <string.h>
#include <time.h>

#include "crypto/crypto.h"
#include "crypto/signing_key.h"
#include "io/file.h"
#include "token/dpop_write.h"

#define TOKEN_BYTES_MAX ((size_t)65536)
#define KEY_BYTES_MAX ((size_t)65536)
#define PROOF_BYTES_MAX ((size_t)65536)

static enum kp_status
read_key(struct query_token *token, const char *file, struct kp_arena *arena,
	struct kp_error *err)
{
	struct kp_slice pem = {NULL, 0};
	enum kp_status status = kp_file_read_all(file, arena, KEY_BYTES_MAX, &pem, err);
	if (status == KP_OK) {
		status = kp_signing_key_read(pem, &token->key);
		if (status != KP_OK) {
			(void)kp_error_set(err, status,
				"'%.128s' holds no private key that we sign with", file);
		}
	}
	return status == KP_OK ? KP_OK : kp_error_wrap(err, "--dpop-key-file");
}

enum kp_status
query_token_read(struct query_token *token, const char *token_file, const char *key_file,
	const char *gateway, const char *target, struct kp_arena *arena,
	struct kp_error *err)
{
	struct kp_slice text = {NULL, 0};
	enum kp_status status =
		kp_file_read_all(token_file, arena, TOKEN_BYTES_MAX, &text, err);
	if (status != KP_OK) {
		return kp_error_wrap(err, "--token-file");
	}
	while (text.len > 0 && strchr("\r\n ", text.data[text.len - 1]) != NULL) {
		text.len--;
	}
	token->text = text;
	if (key_file == NULL) {
		return KP_OK;
	}
	size_t len = strlen(gateway);
	while (len > 0 && gateway[len - 1] == '/') {
		len--;
	}
	token->address = kp_arena_printf(arena, "%.*s%s", (int)len, gateway, target);
	return token->address == NULL
		? kp_error_set(err, KP_E_MEMORY, "no memory for the gateway's address")
		: read_key(token, key_file, arena, err);
}

const char *
query_token_authorization(const struct query_token *token, struct kp_arena *arena)
{
	return kp_arena_printf(arena, "%s %.*s", token->key == NULL ? "Bearer" : "DPoP",
		KP_SLICE_ARG(token->text));
}

const char *
query_token_proof(
	const struct query_token *token, struct kp_slice nonce, struct kp_arena *arena)
{
	struct kp_buffer out;
	struct kp_dpop_claims claims = {.method = KP_SLICE("POST"),
		.address = kp_slice_from(token->address),
		.token = token->text,
		.nonce = nonce,
		.now_s = (int64_t)time(NULL)};
	kp_buffer_init(&out, arena, PROOF_BYTES_MAX);
	if (kp_random_bytes(claims.jti, sizeof(claims.jti)) != KP_OK ||
		kp_dpop_write(token->key, &claims, &out) != KP_OK) {
		return NULL;
	}
	kp_buffer_add_char(&out, '\0');
	return out.failed ? NULL : out.data;
}

void
query_token_deinit(struct query_token *token)
{
	kp_signing_key_destroy(&token->key);
}
