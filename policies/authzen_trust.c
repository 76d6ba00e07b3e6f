/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* authzen_trust: see authzen_trust.h. */
#include "policies/authzen_trust.h"

static const struct kp_slice parts[KP_AUTHZEN_PART_COUNT] = {
	KP_SLICE_INIT("subject"),
	KP_SLICE_INIT("action"),
	KP_SLICE_INIT("resource"),
	KP_SLICE_INIT("context"),
};

static struct kp_slice
star_is_empty(struct kp_slice text)
{
	return kp_slice_is(text, "*") ? (struct kp_slice){NULL, 0} : text;
}

/* "resource.eigenaar": one row. */
static enum kp_status
read_row(struct kp_slice word, struct kp_slice client, struct kp_authzen_trust_row *row,
	struct kp_error *err)
{
	struct kp_slice name = word;
	struct kp_slice part = kp_slice_cut(&name, '.');
	for (unsigned i = 0; i < KP_AUTHZEN_PART_COUNT; i++) {
		if (kp_slice_equal(part, parts[i]) && name.len > 0) {
			*row = (struct kp_authzen_trust_row){
				client, (enum kp_authzen_part)i, star_is_empty(name)};
			return KP_OK;
		}
	}
	return kp_error_set(err, KP_E_CONFIG,
		"'%.*s' is not subject, action, resource or context, a dot, and a name "
		"or *",
		(int)(word.len > 80 ? 80 : word.len), word.data);
}

static enum kp_status
read_entry(struct kp_slice entry, struct kp_authzen_trust_row *rows, size_t *count,
	struct kp_error *err)
{
	struct kp_slice words = entry;
	struct kp_slice client = kp_slice_trim(kp_slice_cut(&words, ':'));
	if (client.len == 0 || words.data == NULL) {
		return kp_error_set(err, KP_E_CONFIG,
			"an entry is an organisation or *, a colon, and properties");
	}
	while (words.len > 0) {
		struct kp_slice word = kp_slice_cut(&words, ' ');
		if (word.len == 0) {
			continue;
		}
		enum kp_status status =
			read_row(word, star_is_empty(client), &rows[*count], err);
		if (status != KP_OK) {
			return status;
		}
		(*count)++;
	}
	return KP_OK;
}

enum kp_status
kp_authzen_trust_parse(struct kp_arena *arena, struct kp_slice text,
	struct kp_authzen_trust *ret_trust, struct kp_error *err)
{
	if (text.len > KP_AUTHZEN_TRUST_BYTES_MAX) {
		return kp_error_set(err, KP_E_CONFIG, "longer than %zu bytes",
			KP_AUTHZEN_TRUST_BYTES_MAX);
	}
	struct kp_slice rest = kp_arena_copy(arena, text);
	/* No row is shorter than two bytes with what parts it from the next. */
	struct kp_authzen_trust_row *rows =
		KP_ARENA_ARRAY(arena, struct kp_authzen_trust_row, text.len / 2 + 1);
	if (rest.data == NULL || rows == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for what is believed");
	}
	size_t count = 0;
	while (rest.len > 0) {
		struct kp_slice entry = kp_slice_trim(kp_slice_cut(&rest, ';'));
		enum kp_status status =
			entry.len == 0 ? KP_OK : read_entry(entry, rows, &count, err);
		if (status != KP_OK) {
			return status;
		}
	}
	*ret_trust = (struct kp_authzen_trust){.rows = rows, .count = count};
	return KP_OK;
}

bool
kp_authzen_trusts(const struct kp_authzen_trust *trust, struct kp_slice client,
	enum kp_authzen_part part, struct kp_slice name)
{
	if (trust->override) {
		return true;
	}
	for (size_t i = 0; i < trust->count; i++) {
		const struct kp_authzen_trust_row *row = &trust->rows[i];
		if (row->part == part &&
			(row->client.len == 0 || kp_slice_equal(row->client, client)) &&
			(row->name.len == 0 || kp_slice_equal(row->name, name))) {
			return true;
		}
	}
	return false;
}
