/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_sign: `ketenpoort policy keygen`, `bundle`, `sign` and `approve`: a set as one
 * file, who proposes it and who else approves it.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "commands/policy_commands.h"
#include "commands/policy_options.h"
#include "commands/policy_release.h"
#include "core/encode.h"

static const char keygen_usage[] =
	"gebruik: ketenpoort policy keygen BESTAND\n"
	"\n"
	"Maakt een sleutel om regels mee te ondertekenen, in een bestand dat alleen de\n"
	"eigenaar kan lezen, en toont de openbare sleutel voor het "
	"ondertekenaarsbestand.\n";
static const char keygen_usage_en[] =
	"usage: ketenpoort policy keygen FILE\n"
	"\n"
	"Makes a key to sign rules with, in a file that only its owner can read, and\n"
	"shows the public key for the file of signers.\n";
static const char bundle_usage[] =
	"gebruik: ketenpoort policy bundle MAP -o BESTAND\n"
	"         ketenpoort policy bundle --check BESTAND\n"
	"\n"
	"Zet een gecontroleerde set regels in één bestand, met zijn versie; of\n"
	"controleert zo'n bestand.\n";
static const char bundle_usage_en[] =
	"usage: ketenpoort policy bundle DIR -o FILE\n"
	"       ketenpoort policy bundle --check FILE\n"
	"\n"
	"Puts a set of rules that checks in one file, with its version; or checks such\n"
	"a file.\n";
static const char sign_usage[] =
	"gebruik: ketenpoort policy sign|approve BESTAND --key SLEUTEL\n"
	"\n"
	"sign dient een versie van de regels in; approve keurt haar goed, met een "
	"andere\n"
	"sleutel. De handtekeningen komen in BESTAND.akkoord en gelden voor deze versie\n"
	"alleen: sign na een wijziging begint opnieuw.\n";
static const char sign_usage_en[] =
	"usage: ketenpoort policy sign|approve FILE --key KEY\n"
	"\n"
	"sign proposes a version of the rules; approve approves it, with another key. "
	"The\n"
	"signatures are in FILE.akkoord and hold for this version only: sign after an\n"
	"edit starts anew.\n";

static json_t *
encoded(const unsigned char *bytes, size_t size)
{
	char text[KP_BASE64URL_LEN(KP_SIGNATURE_BYTES)];
	kp_base64url_write(bytes, size, text);
	return json_stringn(text, KP_BASE64URL_LEN(size));
}

int
kp_policy_keygen(int argc, char **argv)
{
	bool english = false;
	size_t operands = 0;
	int exit_code = KP_POLICY_GOOD;
	const struct kp_options options = {.command = "keygen",
		.usage = keygen_usage,
		.usage_en = keygen_usage_en,
		.operands_min = 1,
		.operands_max = 1};
	if (!kp_options_read(&options, argc, argv, &english, &operands, &exit_code)) {
		return exit_code;
	}
	if (access(argv[1], F_OK) == 0) {
		(void)fprintf(stderr, "%s: %s\n", argv[1],
			KP_SAY(english, "bestaat al en wordt niet overschreven",
				"exists and is not overwritten"));
		return KP_POLICY_FOUND;
	}
	unsigned char secret[KP_SIGN_KEY_BYTES];
	unsigned char key[KP_SIGN_KEY_BYTES];
	if (kp_sign_key_make(secret, key) != KP_OK) {
		return KP_POLICY_FOUND;
	}
	json_t *pair = json_pack("{s:o, s:o}", "geheim", encoded(secret, sizeof(secret)),
		"sleutel", encoded(key, sizeof(key)));
	explicit_bzero(secret, sizeof(secret));
	bool written = kp_release_write_json(argv[1], pair, 0600);
	json_decref(pair);
	if (written) {
		(void)printf("%s\n",
			KP_SAY(english,
				"voor het ondertekenaarsbestand; vul naam en einde in:",
				"for the file of signers; fill in name and end:"));
		written = kp_policy_print_json(json_pack("{s:s, s:o, s:I}", "naam", "",
			"sleutel", encoded(key, sizeof(key)), "totMs",
			(json_int_t)(kp_policy_now_ms() + (int64_t)365 * 86400000)));
	}
	return written ? KP_POLICY_GOOD : KP_POLICY_FOUND;
}

static int
make_bundle(struct kp_policy_set *set, const char *path, const char *out, bool english)
{
	if (!kp_release_load(set, path, english)) {
		return KP_POLICY_FOUND;
	}
	if (out != NULL) {
		json_t *value = kp_release_json(set);
		bool written = kp_release_write_json(out, value, 0644);
		json_decref(value);
		if (!written) {
			return KP_POLICY_FOUND;
		}
	}
	(void)printf("%.*s\n", KP_SLICE_ARG(kp_bundle_version(set->bundle)));
	return KP_POLICY_GOOD;
}

int
kp_policy_bundle(int argc, char **argv)
{
	bool english = false;
	bool check = false;
	const char *out = NULL;
	size_t operands = 0;
	int exit_code = KP_POLICY_GOOD;
	const struct kp_option items[] = {
		{"-o", .text = &out}, {"--check", .flag = &check}};
	const struct kp_options options = {.command = "bundle",
		.usage = bundle_usage,
		.usage_en = bundle_usage_en,
		.items = items,
		.count = KP_ARRAY_LEN(items),
		.operands_min = 1,
		.operands_max = 1};
	if (!kp_options_read(&options, argc, argv, &english, &operands, &exit_code)) {
		return exit_code;
	}
	if (check == (out != NULL)) {
		(void)fputs(KP_SAY(english, bundle_usage, bundle_usage_en), stderr);
		return KP_POLICY_WRONG_USE;
	}
	struct kp_policy_set set;
	kp_policy_set_begin(&set);
	exit_code = make_bundle(&set, argv[1], out, english);
	kp_policy_set_end(&set);
	return exit_code;
}

static bool
read_key(struct kp_arena *arena, const char *path,
	unsigned char ret_secret[KP_SIGN_KEY_BYTES])
{
	struct kp_slice text;
	if (!kp_release_read(arena, path, &text)) {
		return false;
	}
	json_t *root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	const char *secret = json_string_value(json_object_get(root, "geheim"));
	size_t size = 0;
	bool read = secret != NULL &&
		kp_base64url_read(
			kp_slice_from(secret), ret_secret, KP_SIGN_KEY_BYTES, &size) &&
		size == KP_SIGN_KEY_BYTES;
	json_decref(root);
	if (!read) {
		(void)fprintf(stderr, "%s: geen sleutel / not a key\n", path);
	}
	return read;
}

/* What is there to add to; for a proposal, a fresh start. */
static json_t *
approvals_to_add_to(
	struct kp_policy_set *set, const char *path, enum kp_approval_part part)
{
	struct kp_slice version = kp_bundle_version(set->bundle);
	if (part == KP_APPROVAL_PROPOSER) {
		return json_pack("{s:o, s:[]}", "versie", kp_policy_json_text(version),
			"handtekeningen");
	}
	struct kp_slice text;
	if (!kp_release_read(&set->arena, path, &text)) {
		return NULL;
	}
	json_t *root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	const char *stated = json_string_value(json_object_get(root, "versie"));
	if (stated == NULL || !kp_slice_is(version, stated) ||
		!json_is_array(json_object_get(root, "handtekeningen"))) {
		(void)fprintf(stderr,
			"%s: de regels zijn gewijzigd na het indienen / the rules "
			"changed "
			"after they were proposed\n",
			path);
		json_decref(root);
		return NULL;
	}
	return root;
}

static bool
add_signature(struct kp_policy_set *set, json_t *root, enum kp_approval_part part,
	const unsigned char *secret)
{
	unsigned char key[KP_SIGN_KEY_BYTES];
	unsigned char signature[KP_SIGNATURE_BYTES];
	char room[KP_APPROVAL_TEXT_BYTES_MAX];
	int64_t now_ms = kp_policy_now_ms();
	struct kp_slice text =
		kp_approval_text(room, kp_bundle_version(set->bundle), part, now_ms);
	if (text.len == 0 || kp_sign_key_public(secret, key) != KP_OK ||
		kp_sign(secret, text, signature) != KP_OK) {
		return false;
	}
	json_t *list = json_object_get(root, "handtekeningen");
	json_t *own = encoded(key, sizeof(key));
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (json_equal(
			    json_object_get(json_array_get(list, i), "sleutel"), own)) {
			(void)fputs(
				"met deze sleutel is al getekend: niemand keurt de eigen "
				"wijziging goed / this key has signed already: nobody "
				"approves the own edit\n",
				stderr);
			json_decref(own);
			return false;
		}
	}
	return json_array_append_new(list,
		       json_pack("{s:o, s:s, s:I, s:o}", "sleutel", own, "rol",
			       kp_approval_part_name(part), "tijdMs", (json_int_t)now_ms,
			       "handtekening", encoded(signature, sizeof(signature)))) ==
		0;
}

static int
sign(const char *command, enum kp_approval_part part, int argc, char **argv)
{
	bool english = false;
	const char *key = NULL;
	size_t operands = 0;
	int exit_code = KP_POLICY_GOOD;
	const struct kp_option items[] = {{"--key", .text = &key}};
	const struct kp_options options = {.command = command,
		.usage = sign_usage,
		.usage_en = sign_usage_en,
		.items = items,
		.count = KP_ARRAY_LEN(items),
		.operands_min = 1,
		.operands_max = 1};
	if (!kp_options_read(&options, argc, argv, &english, &operands, &exit_code)) {
		return exit_code;
	}
	if (key == NULL) {
		(void)fputs(KP_SAY(english, sign_usage, sign_usage_en), stderr);
		return KP_POLICY_WRONG_USE;
	}
	struct kp_policy_set set;
	unsigned char secret[KP_SIGN_KEY_BYTES];
	kp_policy_set_begin(&set);
	const char *path = kp_release_approvals_path(&set.arena, argv[1]);
	bool done = path != NULL && kp_release_load(&set, argv[1], english) &&
		read_key(&set.arena, key, secret);
	json_t *root = done ? approvals_to_add_to(&set, path, part) : NULL;
	done = root != NULL && add_signature(&set, root, part, secret) &&
		kp_release_write_json(path, root, 0644);
	if (done) {
		(void)printf("%s %.*s\n", kp_approval_part_name(part),
			KP_SLICE_ARG(kp_bundle_version(set.bundle)));
	}
	explicit_bzero(secret, sizeof(secret));
	json_decref(root);
	kp_policy_set_end(&set);
	return done ? KP_POLICY_GOOD : KP_POLICY_FOUND;
}

int
kp_policy_sign(int argc, char **argv)
{
	return sign("sign", KP_APPROVAL_PROPOSER, argc, argv);
}

int
kp_policy_approve(int argc, char **argv)
{
	return sign("approve", KP_APPROVAL_APPROVER, argc, argv);
}
