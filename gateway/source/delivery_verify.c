/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_verify: see delivery_verify.h. */
#include "source/delivery_verify.h"

#include <string.h>

#include "connectors/value.h"
#include "crypto/detached_signature.h"
#include "io/file.h"
#include "source/checksum_list.h"
#include "source/delivery_find.h"

#define PEM_BYTES_MAX ((size_t)1 << 20)
#define COUNT_BYTES_MAX ((size_t)4096)
#define COUNT_DIGITS_MAX 18
#define BESIDE_BYTES_MAX ((size_t)2 << 20)

enum kp_status
kp_delivery_verify_open(struct kp_source_opening *opening)
{
	const struct kp_manifest_verify *verify =
		&opening->private->manifest->file.verify;
	struct kp_error err = {0};
	struct kp_slice anchors = {0};
	if (verify->anchor_file.len == 0) {
		return KP_OK;
	}
	struct kp_slice path = kp_source_path(opening, verify->anchor_file);
	const char *name = path.data == NULL
		? NULL
		: kp_arena_printf(&opening->set->arena, "%.*s", KP_SLICE_ARG(path));
	if (name == NULL) {
		return KP_E_MEMORY;
	}
	if (kp_file_read_all(name, &opening->set->arena, PEM_BYTES_MAX, &anchors, &err) !=
		KP_OK) {
		kp_source_finding(opening, &verify->place, "'%.*s' cannot be read",
			KP_SLICE_ARG(verify->anchor_file));
		return KP_OK;
	}
	enum kp_status status = kp_trust_read(anchors, &opening->private->delivery_trust);
	if (status != KP_OK && status != KP_E_MEMORY) {
		kp_source_finding(opening, &verify->place, "'%.*s' holds no certificate",
			KP_SLICE_ARG(verify->anchor_file));
		status = KP_OK;
	}
	return status;
}

bool
kp_delivery_verified(const struct kp_source_private *private)
{
	return private->manifest->file.verify.checksums.len > 0 ||
		private->manifest->file.verify.signature.len > 0;
}

static enum kp_status
read_beside(struct kp_arena *arena, const char *path, struct kp_slice template,
	size_t bytes_max, struct kp_slice *ret_text)
{
	struct kp_error err = {0};
	const char *name = kp_delivery_beside(arena, path, template);
	return name == NULL ? KP_E_MEMORY
			    : kp_file_read_all(name, arena, bytes_max, ret_text, &err);
}

static enum kp_delivery_refusal
refusal_of(enum kp_detached verdict)
{
	switch (verdict) {
	case KP_DETACHED_GOOD:
		return KP_DELIVERY_REFUSAL_NONE;
	case KP_DETACHED_DIFFERS:
		return KP_DELIVERY_REFUSAL_SIGNATURE_DIFFERS;
	case KP_DETACHED_UNTRUSTED:
		return KP_DELIVERY_REFUSAL_SIGNER_UNTRUSTED;
	case KP_DETACHED_USAGE:
		return KP_DELIVERY_REFUSAL_SIGNER_USAGE;
	case KP_DETACHED_OTHER:
		return KP_DELIVERY_REFUSAL_SIGNER_OTHER;
	case KP_DETACHED_UNREADABLE:
	case KP_DETACHED_MEMORY:
		break;
	}
	return KP_DELIVERY_REFUSAL_SIGNATURE_UNREADABLE;
}

/* Of the list, or of the file itself. */
static enum kp_status
check_signature(const struct kp_source_private *private, struct kp_arena *arena,
	const char *path, const unsigned char *digest, int64_t now_s,
	enum kp_delivery_refusal *ret_refusal)
{
	const struct kp_manifest_verify *verify = &private->manifest->file.verify;
	struct kp_slice der = {0};
	enum kp_status status =
		read_beside(arena, path, verify->signature, KP_DETACHED_BYTES_MAX, &der);
	if (status != KP_OK) {
		*ret_refusal = status == KP_E_NOT_FOUND
			? KP_DELIVERY_REFUSAL_SIGNATURE_ABSENT
			: KP_DELIVERY_REFUSAL_SIGNATURE_UNREADABLE;
		return status == KP_E_MEMORY ? status : KP_OK;
	}
	enum kp_detached verdict = kp_detached_check(
		private->delivery_trust, der, digest, now_s, verify->oin);
	*ret_refusal = refusal_of(verdict);
	return verdict == KP_DETACHED_MEMORY ? KP_E_MEMORY : KP_OK;
}

static enum kp_delivery_refusal
check_listed(struct kp_slice list, const char *path, const unsigned char *digest)
{
	unsigned char listed[KP_SHA256_BYTES];
	const char *slash = strrchr(path, '/');
	struct kp_slice name = kp_slice_from(slash == NULL ? path : slash + 1);
	enum kp_status status = kp_checksum_list_find(list, name, listed);
	if (status == KP_E_NOT_FOUND) {
		return KP_DELIVERY_REFUSAL_CHECKSUM_UNLISTED;
	}
	if (status != KP_OK) {
		return KP_DELIVERY_REFUSAL_CHECKSUM_UNREADABLE;
	}
	return memcmp(listed, digest, sizeof(listed)) == 0
		? KP_DELIVERY_REFUSAL_NONE
		: KP_DELIVERY_REFUSAL_CHECKSUM_DIFFERS;
}

/* The first number of a text; false when there is none. */
static bool
first_number(struct kp_slice text, uint64_t *ret_number)
{
	size_t at = 0;
	size_t digits = 0;
	uint64_t number = 0;
	while (at < text.len && (text.data[at] < '0' || text.data[at] > '9')) {
		at++;
	}
	while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9' &&
		digits < COUNT_DIGITS_MAX) {
		number = number * 10 + (uint64_t)(text.data[at++] - '0');
		digits++;
	}
	*ret_number = number;
	return digits > 0 &&
		(at == text.len || text.data[at] < '0' || text.data[at] > '9');
}

/* The day of the delivery as yyyymmdd by a comment; 0 when it says none. */
static uint32_t
day_of(const struct kp_manifest_export *file, struct kp_slice list)
{
	char day[KP_VALUE_DATE_BYTES];
	size_t len = 0;
	uint64_t parts[3] = {0};
	if (!kp_slice_is(file->dated_by, "checksums") ||
		kp_value_date(file->date_pattern,
			kp_checksum_list_comment(list, file->date_name), day,
			&len) != KP_VALUE_MADE ||
		len != sizeof("\"yyyy-mm-dd\"") - 1) {
		return 0;
	}
	(void)first_number((struct kp_slice){day + 1, 4}, &parts[0]);
	(void)first_number((struct kp_slice){day + 6, 2}, &parts[1]);
	(void)first_number((struct kp_slice){day + 9, 2}, &parts[2]);
	return (uint32_t)(parts[0] * 10000 + parts[1] * 100 + parts[2]);
}

/* The signature first: of a list that nobody signed nothing is believed. */
static enum kp_status
check_list(const struct kp_source_private *private, struct kp_arena *arena,
	const char *path, const unsigned char *digest, int64_t now_s, uint32_t *ret_day,
	enum kp_delivery_refusal *ret_refusal)
{
	const struct kp_manifest_verify *verify = &private->manifest->file.verify;
	unsigned char own[KP_SHA256_BYTES];
	struct kp_slice list = {0};
	enum kp_status status = read_beside(
		arena, path, verify->checksums, KP_CHECKSUM_LIST_BYTES_MAX, &list);
	if (status != KP_OK) {
		*ret_refusal = status == KP_E_NOT_FOUND
			? KP_DELIVERY_REFUSAL_CHECKSUM_ABSENT
			: KP_DELIVERY_REFUSAL_CHECKSUM_UNREADABLE;
		return status == KP_E_MEMORY ? status : KP_OK;
	}
	if (verify->signature.len > 0) {
		kp_sha256(&list, 1, own);
		status = check_signature(private, arena, path, own, now_s, ret_refusal);
	}
	if (status == KP_OK && *ret_refusal == KP_DELIVERY_REFUSAL_NONE) {
		*ret_refusal = check_listed(list, path, digest);
		*ret_day = day_of(&private->manifest->file, list);
	}
	return status;
}

enum kp_status
kp_delivery_verify(const struct kp_source_private *private, const char *path,
	const unsigned char digest[KP_SHA256_BYTES], int64_t now_s, uint32_t *ret_day,
	enum kp_delivery_refusal *ret_refusal)
{
	struct kp_arena arena;
	*ret_day = 0;
	*ret_refusal = KP_DELIVERY_REFUSAL_NONE;
	if (!kp_delivery_verified(private)) {
		return KP_OK;
	}
	kp_arena_init(&arena, BESIDE_BYTES_MAX, NULL);
	enum kp_status status = private->manifest->file.verify.checksums.len > 0
		? check_list(private, &arena, path, digest, now_s, ret_day, ret_refusal)
		: check_signature(private, &arena, path, digest, now_s, ret_refusal);
	kp_arena_deinit(&arena);
	return status;
}

enum kp_status
kp_delivery_check_count(const struct kp_source_private *private, const char *path,
	uint64_t rows, enum kp_delivery_refusal *ret_refusal)
{
	struct kp_slice template = private->manifest->file.count_file;
	struct kp_arena arena;
	struct kp_slice text = {0};
	uint64_t told = 0;
	*ret_refusal = KP_DELIVERY_REFUSAL_NONE;
	if (template.len == 0) {
		return KP_OK;
	}
	kp_arena_init(&arena, BESIDE_BYTES_MAX, NULL);
	enum kp_status status =
		read_beside(&arena, path, template, COUNT_BYTES_MAX, &text);
	if (status != KP_E_MEMORY) {
		*ret_refusal = status != KP_OK || !first_number(text, &told)
			? KP_DELIVERY_REFUSAL_COUNT_ABSENT
			: told == rows ? KP_DELIVERY_REFUSAL_NONE
				       : KP_DELIVERY_REFUSAL_COUNT_DIFFERS;
		status = KP_OK;
	}
	kp_arena_deinit(&arena);
	return status;
}
