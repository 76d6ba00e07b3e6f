/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* approvals: see approvals.h. */
#include "crypto/approvals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "core/encode.h"

/* Clocks differ; a signature from further ahead is refused. */
#define AHEAD_MS_MAX ((int64_t)5 * 60 * 1000)

struct signer {
	const char *name;
	unsigned char key[KP_SIGN_KEY_BYTES];
	int64_t until_ms;
	bool used;
};

struct check {
	struct signer signers[KP_SIGNERS_MAX];
	size_t signer_count;
	struct kp_slice version;
	int64_t now_ms;
	uint32_t proposers;
	uint32_t approvers;
	struct kp_error *err;
};

const char *
kp_approval_part_name(enum kp_approval_part part)
{
	return part == KP_APPROVAL_PROPOSER ? "indiener" : "goedkeurder";
}

struct kp_slice
kp_approval_text(
	char *text, struct kp_slice version, enum kp_approval_part part, int64_t time_ms)
{
	int len = snprintf(text, KP_APPROVAL_TEXT_BYTES_MAX,
		"ketenpoort-regels 1\n%.*s\n%s\n%" PRId64 "\n", KP_SLICE_ARG(version),
		kp_approval_part_name(part), time_ms);
	bool fits = len > 0 && (size_t)len < KP_APPROVAL_TEXT_BYTES_MAX;
	return (struct kp_slice){text, fits ? (size_t)len : 0};
}

static bool
read_bytes(const json_t *object, const char *name, unsigned char *bytes, size_t size)
{
	const json_t *member = json_object_get(object, name);
	size_t got = 0;
	return json_is_string(member) &&
		kp_base64url_read((struct kp_slice){json_string_value(member),
					  json_string_length(member)},
			bytes, size, &got) &&
		got == size;
}

static enum kp_status
read_signers(struct check *check, const json_t *root)
{
	const json_t *list = json_object_get(root, "ondertekenaars");
	if (!json_is_array(list) || json_array_size(list) > KP_SIGNERS_MAX) {
		return kp_error_set(check->err, KP_E_CONFIG,
			"signers: a list \"ondertekenaars\" of at most %zu is expected",
			KP_SIGNERS_MAX);
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		struct signer *signer = &check->signers[i];
		const json_t *until = json_object_get(item, "totMs");
		signer->name = json_string_value(json_object_get(item, "naam"));
		if (signer->name == NULL || signer->name[0] == '\0' ||
			!json_is_integer(until) ||
			!read_bytes(item, "sleutel", signer->key, KP_SIGN_KEY_BYTES)) {
			return kp_error_set(check->err, KP_E_CONFIG,
				"signers: entry %zu needs naam, sleutel and totMs",
				i + 1);
		}
		signer->until_ms = json_integer_value(until);
	}
	check->signer_count = json_array_size(list);
	return KP_OK;
}

static struct signer *
find_signer(struct check *check, const unsigned char *key)
{
	for (size_t i = 0; i < check->signer_count; i++) {
		if (memcmp(check->signers[i].key, key, KP_SIGN_KEY_BYTES) == 0) {
			return &check->signers[i];
		}
	}
	return NULL;
}

/* One person is one pair of eyes, however many keys he has. */
static bool
signed_before(const struct check *check, const struct signer *signer)
{
	for (size_t i = 0; i < check->signer_count; i++) {
		if (check->signers[i].used &&
			strcmp(check->signers[i].name, signer->name) == 0) {
			return true;
		}
	}
	return false;
}

static enum kp_status
check_signature(struct check *check, const json_t *item, size_t number)
{
	unsigned char key[KP_SIGN_KEY_BYTES];
	unsigned char signature[KP_SIGNATURE_BYTES];
	const char *part_name = json_string_value(json_object_get(item, "rol"));
	const json_t *time = json_object_get(item, "tijdMs");
	bool proposer = part_name != NULL && strcmp(part_name, "indiener") == 0;
	if (part_name == NULL || (!proposer && strcmp(part_name, "goedkeurder") != 0) ||
		!json_is_integer(time) ||
		!read_bytes(item, "sleutel", key, sizeof(key)) ||
		!read_bytes(item, "handtekening", signature, sizeof(signature))) {
		return kp_error_set(check->err, KP_E_CONFIG,
			"signature %zu needs sleutel, rol, tijdMs and handtekening",
			number);
	}
	struct signer *signer = find_signer(check, key);
	if (signer == NULL) {
		return kp_error_set(check->err, KP_E_CONFIG,
			"signature %zu is by a key that is not among the signers",
			number);
	}
	int64_t time_ms = json_integer_value(time);
	char room[KP_APPROVAL_TEXT_BYTES_MAX];
	struct kp_slice text = kp_approval_text(room, check->version,
		proposer ? KP_APPROVAL_PROPOSER : KP_APPROVAL_APPROVER, time_ms);
	if (text.len == 0 || !kp_sign_verify(key, text, signature)) {
		return kp_error_set(check->err, KP_E_CONFIG,
			"signature %zu, of %s, is not right for this version", number,
			signer->name);
	}
	if (check->now_ms >= signer->until_ms || time_ms >= signer->until_ms ||
		time_ms < 0 || time_ms - check->now_ms > AHEAD_MS_MAX) {
		return kp_error_set(check->err, KP_E_CONFIG,
			"signature %zu, of %s, is expired or from the future", number,
			signer->name);
	}
	if (signed_before(check, signer)) {
		return kp_error_set(check->err, KP_E_CONFIG,
			"%s signed twice: nobody approves the own edit", signer->name);
	}
	signer->used = true;
	check->proposers += proposer ? 1 : 0;
	check->approvers += proposer ? 0 : 1;
	return KP_OK;
}

static enum kp_status
check_all(struct check *check, const json_t *approvals, const json_t *signers,
	uint32_t required)
{
	enum kp_status status = read_signers(check, signers);
	const json_t *version = json_object_get(approvals, "versie");
	const json_t *list = json_object_get(approvals, "handtekeningen");
	if (status != KP_OK) {
		return status;
	}
	if (!json_is_string(version) || !json_is_array(list) ||
		json_array_size(list) > KP_APPROVALS_MAX) {
		return kp_error_set(check->err, KP_E_CONFIG,
			"approvals: \"versie\" and a list \"handtekeningen\" are "
			"expected");
	}
	if (!kp_slice_is(check->version, json_string_value(version))) {
		return kp_error_set(check->err, KP_E_CONFIG,
			"approvals: they are for version %.100s and the rules are %.*s",
			json_string_value(version), KP_SLICE_ARG(check->version));
	}
	for (size_t i = 0; i < json_array_size(list) && status == KP_OK; i++) {
		status = check_signature(check, json_array_get(list, i), i + 1);
	}
	if (status != KP_OK) {
		return status;
	}
	if (check->proposers > 1 ||
		(required > 0 &&
			(check->proposers == 0 || 1 + check->approvers < required))) {
		return kp_error_set(check->err, KP_E_CONFIG,
			"approvals: 1 proposer and %u approvers are asked for, and there "
			"are %u and %u",
			required > 0 ? required - 1 : 0, check->proposers,
			check->approvers);
	}
	return KP_OK;
}

enum kp_status
kp_approvals_check(struct kp_slice approvals, struct kp_slice signers,
	struct kp_slice version, uint32_t required, int64_t now_ms, struct kp_error *err)
{
	static const size_t flags = JSON_REJECT_DUPLICATES;
	struct check check = {.version = version, .now_ms = now_ms, .err = err};
	json_error_t where;
	json_t *given = approvals.len > KP_APPROVALS_BYTES_MAX
		? NULL
		: json_loadb(approvals.data, approvals.len, flags, &where);
	json_t *known = signers.len > KP_APPROVALS_BYTES_MAX
		? NULL
		: json_loadb(signers.data, signers.len, flags, &where);
	enum kp_status status = given == NULL || known == NULL
		? kp_error_set(err, KP_E_CONFIG, "%s: this is not a JSON file",
			  given == NULL ? "approvals" : "signers")
		: check_all(&check, given, known, required);
	json_decref(given);
	json_decref(known);
	return status;
}
