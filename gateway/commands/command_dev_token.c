/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * command_dev_token: `ketenpoort dev-token DIR` signs an access token (RFC 9068) as an
 * issuer would, with a key of its own in DIR, for development, the demo and the tests. A
 * gateway believes it only when the set of keys in DIR is in its configuration.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "core/heap.h"
#include "core/json_write.h"
#include "crypto/crypto.h"
#include "crypto/signing_key.h"
#include "io/file.h"

#define BYTES_MAX ((size_t)65536)
#define LIFE_S_DEFAULT 600
#define ID_BYTES 16u

enum exit_code {
	EXIT_MADE = 0,
	EXIT_FAILED = 1,
	EXIT_WRONG_USE = 2,
};

static const char usage[] =
	"usage: ketenpoort dev-token --organisatie OIN [options] DIR\n"
	"\n"
	"Signs an access token for development, with the key in DIR: issuer.key, and its "
	"public half\n"
	"in jwks.json. Both are made when they are not there.\n"
	"\n"
	"  --organisatie OIN   claim oin (required)\n"
	"  --medewerker ID     claim sub; without it the token is of a system\n"
	"  --rollen A,B        claim rollen\n"
	"  --uitgever URL      claim iss; default https://dev-token.invalid\n"
	"  --voor NAME         claim aud; default ketenpoort\n"
	"  --geldig SECONDS    default 600\n"
	"  --uit FILE          write the token there (mode 0600), not to standard "
	"output\n"
	"\n"
	"A gateway that takes it has in gateway.json:\n"
	"  \"issuers\": [ { \"issuer\": \"https://dev-token.invalid\", \"audiences\": [ "
	"\"ketenpoort\" ],\n"
	"    \"keys\": { \"file\": \"DIR/jwks.json\" }, \"organisations\": [ \"OIN\" ], "
	"\"organisation_claim\": \"oin\",\n"
	"    \"roles_claim\": \"rollen\", \"binding\": \"optional\" } ]\n";

enum long_option {
	OPTION_ORGANISATION = 256,
	OPTION_EMPLOYEE,
	OPTION_ROLES,
	OPTION_ISSUER,
	OPTION_AUDIENCE,
	OPTION_LIFE,
	OPTION_OUT,
};

static const struct option options[] = {
	{"organisatie", required_argument, NULL, OPTION_ORGANISATION},
	{"medewerker", required_argument, NULL, OPTION_EMPLOYEE},
	{"rollen", required_argument, NULL, OPTION_ROLES},
	{"uitgever", required_argument, NULL, OPTION_ISSUER},
	{"voor", required_argument, NULL, OPTION_AUDIENCE},
	{"geldig", required_argument, NULL, OPTION_LIFE},
	{"uit", required_argument, NULL, OPTION_OUT},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* Lifetime: one run. */
struct maker {
	const char *folder;
	const char *organisation;
	const char *employee;
	const char *roles;
	const char *issuer;
	const char *audience;
	const char *out;
	long life_s;
	struct kp_arena arena;
	struct kp_signing_key *key;
};

static bool
complain(const char *name, const char *what)
{
	(void)fprintf(stderr, "ketenpoort dev-token: %s: %s\n", name, what);
	return false;
}

static bool
take_option(struct maker *maker, int option)
{
	char *end = NULL;
	switch (option) {
	case OPTION_ORGANISATION:
		maker->organisation = optarg;
		return true;
	case OPTION_EMPLOYEE:
		maker->employee = optarg;
		return true;
	case OPTION_ROLES:
		maker->roles = optarg;
		return true;
	case OPTION_ISSUER:
		maker->issuer = optarg;
		return true;
	case OPTION_AUDIENCE:
		maker->audience = optarg;
		return true;
	case OPTION_LIFE:
		maker->life_s = strtol(optarg, &end, 10);
		return end != optarg && *end == '\0' && maker->life_s > -100000 &&
			maker->life_s < 100000000;
	case OPTION_OUT:
		maker->out = optarg;
		return true;
	default:
		return false;
	}
}

static bool
write_file(const char *path, unsigned mode, struct kp_slice text)
{
	struct kp_error err = {0};
	return kp_file_replace(path, text, mode, &err) == KP_OK ||
		complain(path, err.message);
}

static bool
make_key(struct maker *maker, const char *path)
{
	struct kp_buffer pem;
	kp_buffer_init(&pem, &maker->arena, BYTES_MAX);
	if (mkdir(maker->folder, 0700) != 0 && errno != EEXIST) {
		return complain(maker->folder, strerror(errno));
	}
	if (kp_signing_key_make(KP_KEY_P256, &maker->key) != KP_OK ||
		kp_signing_key_write(maker->key, &pem) != KP_OK) {
		return complain(path, "no key could be made");
	}
	return write_file(path, 0600, kp_buffer_slice(&pem));
}

/* The key, and beside it the set that a gateway reads. */
static bool
open_key(struct maker *maker)
{
	struct kp_slice pem;
	struct kp_buffer set;
	struct kp_error err;
	const char *path = kp_arena_printf(&maker->arena, "%s/issuer.key", maker->folder);
	const char *set_path =
		kp_arena_printf(&maker->arena, "%s/jwks.json", maker->folder);
	if (path == NULL || set_path == NULL) {
		return complain(maker->folder, "no memory");
	}
	if (access(path, F_OK) != 0) {
		if (!make_key(maker, path)) {
			return false;
		}
	} else if (kp_file_read_all(path, &maker->arena, BYTES_MAX, &pem, &err) !=
			KP_OK ||
		kp_signing_key_read(pem, &maker->key) != KP_OK) {
		return complain(path, "this is no key in PEM");
	}
	kp_buffer_init(&set, &maker->arena, BYTES_MAX);
	KP_BUFFER_ADD(&set, "{\"keys\":[");
	enum kp_status status = kp_signing_key_write_jwk(maker->key, &set);
	KP_BUFFER_ADD(&set, "]}\n");
	return status == KP_OK && write_file(set_path, 0644, kp_buffer_slice(&set));
}

static void
add_text(struct kp_json_writer *json, const char *name, const char *text)
{
	kp_json_write_name(json, kp_slice_from(name));
	kp_json_write_string(json, kp_slice_from(text));
}

static void
add_roles(struct kp_json_writer *json, const char *roles)
{
	KP_JSON_WRITE_NAME(json, "rollen");
	kp_json_write_array_begin(json);
	while (roles != NULL && *roles != '\0') {
		size_t len = strcspn(roles, ",");
		kp_json_write_string(json, (struct kp_slice){roles, len});
		roles += len + (roles[len] == ',' ? 1 : 0);
	}
	kp_json_write_array_end(json);
}

static bool
write_claims(const struct maker *maker, struct kp_buffer *out)
{
	struct kp_json_writer json;
	unsigned char id[ID_BYTES];
	char coded[KP_BASE64URL_LEN(ID_BYTES)];
	int64_t now = (int64_t)time(NULL);
	if (kp_random_bytes(id, sizeof(id)) != KP_OK) {
		return false;
	}
	kp_base64url_write(id, sizeof(id), coded);
	kp_json_writer_init(&json, out);
	kp_json_write_object_begin(&json);
	add_text(&json, "iss", maker->issuer);
	add_text(&json, "aud", maker->audience);
	add_text(&json, "client_id", "dev-token");
	add_text(&json, "sub", maker->employee == NULL ? "dev-token" : maker->employee);
	add_text(&json, "oin", maker->organisation);
	add_roles(&json, maker->roles);
	KP_JSON_WRITE_NAME(&json, "jti");
	kp_json_write_string(&json, (struct kp_slice){coded, sizeof(coded)});
	KP_JSON_WRITE_NAME(&json, "iat");
	kp_json_write_int(&json, now);
	KP_JSON_WRITE_NAME(&json, "exp");
	kp_json_write_int(&json, now + maker->life_s);
	kp_json_write_object_end(&json);
	return !out->failed;
}

static bool
add_coded(struct kp_buffer *out, const char *bytes, size_t len)
{
	char *coded = kp_arena_bytes(out->arena, KP_BASE64URL_LEN(len) + 1);
	if (coded == NULL) {
		return false;
	}
	kp_base64url_write((const unsigned char *)bytes, len, coded);
	kp_buffer_add(out, coded, KP_BASE64URL_LEN(len));
	return !out->failed;
}

static bool
sign(struct maker *maker, struct kp_buffer *token)
{
	struct kp_buffer claims;
	unsigned char signature[KP_SIGNATURE_BYTES_MAX];
	size_t len = 0;
	enum kp_signature_alg alg = kp_signing_key_alg(maker->key);
	const char *header = kp_arena_printf(&maker->arena,
		"{\"typ\":\"at+jwt\",\"alg\":\"%s\"}", kp_signature_alg_name(alg));
	kp_buffer_init(&claims, &maker->arena, BYTES_MAX);
	kp_buffer_init(token, &maker->arena, BYTES_MAX);
	if (header == NULL || !write_claims(maker, &claims) ||
		!add_coded(token, header, strlen(header))) {
		return false;
	}
	kp_buffer_add_char(token, '.');
	if (!add_coded(token, claims.data, claims.len) ||
		kp_signing_key_sign(maker->key, alg, kp_buffer_slice(token), signature,
			&len) != KP_OK) {
		return false;
	}
	kp_buffer_add_char(token, '.');
	bool signed_well = add_coded(token, (const char *)signature, len);
	kp_buffer_add_char(token, '\n');
	return signed_well && !token->failed;
}

static enum exit_code
make(struct maker *maker)
{
	struct kp_buffer token;
	if (!open_key(maker)) {
		return EXIT_FAILED;
	}
	if (!sign(maker, &token)) {
		(void)complain(maker->folder, "no token could be made");
		return EXIT_FAILED;
	}
	if (maker->out != NULL) {
		return write_file(maker->out, 0600, kp_buffer_slice(&token))
			? EXIT_MADE
			: EXIT_FAILED;
	}
	(void)fwrite(token.data, 1, token.len, stdout);
	return EXIT_MADE;
}

int
kp_command_dev_token(int argc, char **argv)
{
	struct maker maker = {.issuer = "https://dev-token.invalid",
		.audience = "ketenpoort",
		.life_s = LIFE_S_DEFAULT};
	int option;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h') {
			(void)fputs(usage, stdout);
			return EXIT_MADE;
		}
		if (!take_option(&maker, option)) {
			(void)fputs(usage, stderr);
			return EXIT_WRONG_USE;
		}
	}
	if (optind + 1 != argc || maker.organisation == NULL) {
		(void)fputs(usage, stderr);
		return EXIT_WRONG_USE;
	}
	maker.folder = argv[optind];
	kp_arena_init(&maker.arena, 8 * BYTES_MAX, NULL);
	enum exit_code code = make(&maker);
	kp_signing_key_destroy(&maker.key);
	kp_arena_deinit(&maker.arena);
	return (int)code;
}
