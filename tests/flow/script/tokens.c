/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* tokens: see tokens.h. */
#include "script/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/stage.h"
#include "tests/support/mint.h"

#define NAMES_MAX 32
#define NAME_SIZE 64

static struct {
	char name[NAME_SIZE];
	struct kp_signing_key *key;
	const char *jwk;
	const char *pem;
} keys[NAMES_MAX];

static struct {
	char name[NAME_SIZE];
	const char *text;
} tokens[NAMES_MAX];

/* Until the process ends. */
static struct kp_arena arena = {.bytes_max = (size_t)8 << 20};

bool
tokens_make_key(const char *name)
{
	for (size_t i = 0; i < NAMES_MAX; i++) {
		if (keys[i].key != NULL) {
			continue;
		}
		(void)snprintf(keys[i].name, NAME_SIZE, "%s", name);
		char *kid = kp_arena_printf(&arena, ",\"kid\":\"%s\"", name);
		if (kp_signing_key_make(KP_KEY_P256, &keys[i].key) != KP_OK) {
			return false;
		}
		keys[i].jwk = kp_mint_jwk(&arena, keys[i].key, kid);
		keys[i].pem = kp_mint_pem(&arena, keys[i].key);
		return true;
	}
	return false;
}

bool
tokens_sign(const char *name, const char *key, const char *type, const char *claims)
{
	size_t with = 0;
	size_t at = 0;
	while (with < NAMES_MAX && strcmp(keys[with].name, key) != 0) {
		with++;
	}
	while (at < NAMES_MAX && tokens[at].text != NULL &&
		strcmp(tokens[at].name, name) != 0) {
		at++;
	}
	if (with == NAMES_MAX || at == NAMES_MAX) {
		return false;
	}
	struct kp_slice token = kp_mint(&arena, keys[with].key, key, type, claims);
	(void)snprintf(tokens[at].name, NAME_SIZE, "%s", name);
	tokens[at].text = kp_arena_copy(&arena, token).data;
	return tokens[at].text != NULL;
}

const char *
tokens_value(const char *name)
{
	static char number[32];
	if (strncmp(name, "now", 3) == 0) {
		(void)snprintf(number, sizeof(number), "%lld",
			(long long)stage.now_s() + strtoll(name + 3, NULL, 10));
		return number;
	}
	for (size_t i = 0; i < NAMES_MAX; i++) {
		if (strncmp(name, "token ", 6) == 0 && tokens[i].text != NULL &&
			strcmp(tokens[i].name, name + 6) == 0) {
			return tokens[i].text;
		}
		if (strncmp(name, "jwk ", 4) == 0 && keys[i].jwk != NULL &&
			strcmp(keys[i].name, name + 4) == 0) {
			return keys[i].jwk;
		}
		if (strncmp(name, "pem ", 4) == 0 && keys[i].pem != NULL &&
			strcmp(keys[i].name, name + 4) == 0) {
			return keys[i].pem;
		}
	}
	return NULL;
}
