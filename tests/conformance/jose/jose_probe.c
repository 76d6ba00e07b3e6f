/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * jose_probe: one case per line on standard input: a set of keys (JSON), a tab, a token
 * in hexadecimal. Says per line "accept <payload in hexadecimal>" or "refuse <why>", as
 * the gateway would with every algorithm allowed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/encode.h"
#include "token/jws.h"
#include "token/key_set.h"

#define ARENA_BYTES_MAX ((size_t)8 << 20)

static enum kp_token_fault
judge(struct kp_slice keys, struct kp_slice compact, struct kp_arena *arena,
	struct kp_jws *jws)
{
	struct kp_key_set *set = NULL;
	struct kp_error err;
	enum kp_token_fault fault = kp_jws_read(compact, arena, jws);
	if (fault != KP_TOKEN_GOOD) {
		return fault;
	}
	if (kp_key_set_read(keys, KP_RSA_BITS_MIN, &set, &err) != KP_OK) {
		return KP_TOKEN_NO_KEYS;
	}
	const struct kp_verify_key *key = kp_key_set_find(set, jws->kid, jws->alg);
	fault = KP_TOKEN_KEY;
	if (key != NULL) {
		fault = kp_verify_key_check(
				key, jws->alg, jws->signed_text, jws->signature) == KP_OK
			? KP_TOKEN_GOOD
			: KP_TOKEN_SIGNATURE;
	}
	kp_key_set_unref(&set);
	return fault;
}

static void
answer(struct kp_slice keys, struct kp_slice compact)
{
	struct kp_arena arena;
	struct kp_jws jws;
	kp_arena_init(&arena, ARENA_BYTES_MAX, NULL);
	enum kp_token_fault fault = judge(keys, compact, &arena, &jws);
	if (fault == KP_TOKEN_GOOD) {
		(void)printf("accept ");
		for (size_t i = 0; i < jws.payload.len; i++) {
			(void)printf("%02x", (unsigned char)jws.payload.data[i]);
		}
		(void)printf("\n");
	} else {
		(void)printf("refuse %s\n", kp_token_fault_reason(fault));
	}
	kp_arena_deinit(&arena);
}

int
main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	while ((len = getline(&line, &room, stdin)) > 0) {
		char *tab = strchr(line, '\t');
		if (tab == NULL || line[len - 1] != '\n') {
			return 1;
		}
		size_t size = (size_t)(line + len - 1 - (tab + 1)) / 2;
		unsigned char *token = (unsigned char *)tab + 1;
		/* In place: a byte is behind its digits. */
		if (!kp_hex_read((struct kp_slice){tab + 1, 2 * size}, token, size)) {
			return 1;
		}
		answer((struct kp_slice){line, (size_t)(tab - line)},
			(struct kp_slice){tab + 1, size});
	}
	free(line);
	return 0;
}
