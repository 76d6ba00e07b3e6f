/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Two pages of a code table, with a field Cache-Control in the first line: whole and in
 * pieces they give the same table, and what it says can be found in it. */
#include <string.h>

#include "core/json_read.h"
#include "source/code_table.h"
#include "source/freshness.h"

static const struct kp_manifest_fetch fetch = {
	.from = KP_SLICE_INIT("/tabellen/wetten"),
	.items = KP_SLICE_INIT("a.rijen[]"),
	.key = KP_SLICE_INIT("code"),
	.value = KP_SLICE_INIT("naam.kort"),
	.next = KP_SLICE_INIT("a.volgende"),
	.rows = 64,
	.pages = 4,
	.bytes = 65536,
};

static enum kp_status
read_page(struct kp_code_table_build *build, struct kp_slice target, struct kp_slice text,
	size_t piece, struct kp_slice *ret_next, struct kp_error *err)
{
	const struct kp_code_page page = {.target = target, .etag = KP_SLICE("\"e\"")};
	enum kp_status status = kp_code_table_page_begin(build, &page, err);
	for (size_t at = 0; at < text.len && status == KP_OK; at += piece) {
		size_t left = text.len - at;
		struct kp_slice bytes = {text.data + at, left < piece ? left : piece};
		status = kp_code_table_page_push(build, bytes, err);
	}
	return status == KP_OK ? kp_code_table_page_end(build, ret_next, err) : status;
}

/* NULL when it is none. */
static struct kp_code_table *
read_table(struct kp_slice text, size_t piece, struct kp_code_table *before)
{
	struct kp_code_table_build *build = NULL;
	struct kp_code_table *table = NULL;
	struct kp_error err = {0};
	struct kp_slice next = {0};
	if (kp_code_table_build_create(&fetch,
		    KP_SLICE("https://bron.example/tabellen/wetten"), before,
		    &build) != KP_OK) {
		return NULL;
	}
	enum kp_status status = read_page(build, KP_SLICE(""), text, piece, &next, &err);
	while (status == KP_OK && next.data != NULL) {
		const struct kp_code_page *old = kp_code_table_page(before, next);
		if (old != NULL) {
			status = kp_code_table_page_keep(build, old, &next, &err);
		} else {
			struct kp_slice target = next;
			next = (struct kp_slice){0};
			status = read_page(build, target, text, piece, &next, &err);
		}
	}
	if (status == KP_OK) {
		status = kp_code_table_build_finish(build, &table, &err);
	}
	FUZZ_CHECK(status == KP_OK || err.message[0] != '\0');
	kp_code_table_build_destroy(&build);
	return status == KP_OK ? table : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kp_slice text = {(const char *)bytes, len};
	const char *end = len == 0 ? NULL : memchr(bytes, '\n', len);
	struct kp_freshness freshness = {0};
	if (end == NULL) {
		return 0;
	}
	struct kp_slice line = {text.data, (size_t)(end - text.data)};
	kp_freshness_take(&freshness, line);
	kp_freshness_age(&freshness, line);
	uint32_t seconds = kp_freshness_s(&freshness, 60, 10, 600);
	FUZZ_CHECK(seconds >= 10 && seconds <= 600);
	text = (struct kp_slice){end + 1, len - line.len - 1};
	struct kp_code_table *whole = read_table(text, text.len + 1, NULL);
	struct kp_code_table *pieces = read_table(text, 3, NULL);
	FUZZ_CHECK((whole == NULL) == (pieces == NULL));
	if (whole != NULL) {
		struct kp_slice value;
		struct kp_code_table *again = read_table(text, text.len + 1, whole);
		FUZZ_CHECK(kp_code_table_rows(whole) > 0);
		FUZZ_CHECK(kp_code_table_same(whole, pieces));
		FUZZ_CHECK(again != NULL && kp_code_table_same(whole, again));
		FUZZ_CHECK(!kp_code_table_find(whole, KP_SLICE(""), &value));
		if (kp_code_table_find(whole, KP_SLICE("1"), &value)) {
			FUZZ_CHECK(kp_json_scalar_valid(value));
		}
		kp_code_table_unref(&again);
	}
	kp_code_table_unref(&whole);
	kp_code_table_unref(&pieces);
	return 0;
}
