/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* request_known: what sources of earlier waves found, for those of a later one: a single
 * value, or one item of a list after another. */
#include "request.h"

#include "core/attr.h"
#include "core/hash.h"

static void
note_failure(const struct kp_request_call *asking)
{
	struct kp_request *request = asking->request;
	for (uint32_t i = 0; i < request->call_count; i++) {
		if (&request->calls[i] == asking) {
			request->calls[i].known_failed = true;
		}
	}
}

static struct kp_text
text_of(const struct kp_request_call *asking, const struct kp_found *found)
{
	struct kp_slice text = {0};
	if (found != NULL &&
		kp_found_text(found, &asking->request->arena, &text) != KP_OK) {
		note_failure(asking);
		return (struct kp_text){NULL, 0};
	}
	return (struct kp_text){text.data, text.len};
}

static uint32_t
field_of(const struct kp_request *request, struct kp_text path)
{
	return kp_catalogue_find_field(request->view->snapshot->catalogue,
		(struct kp_slice){path.data, path.len});
}

static bool
gives(const struct kp_request_call *call, uint32_t wave)
{
	return call->projected && call->need.wave < wave;
}

const struct kp_found *
kp_request_find_known(const struct kp_request *request, uint32_t field, uint32_t wave)
{
	const struct kp_found *best = NULL;
	for (uint32_t i = 0; i < request->call_count; i++) {
		const struct kp_request_call *call = &request->calls[i];
		const struct kp_found *found =
			gives(call, wave) ? kp_collect_find(&call->collect, field) : NULL;
		if (found != NULL && (best == NULL || found->cell < best->cell)) {
			best = found;
		}
	}
	return best;
}

/* The most authoritative value; kp_need.known. */
static struct kp_text
find_known(const struct kp_need *need, struct kp_text path)
{
	const struct kp_request_call *asking = need->known_context;
	const struct kp_request *request = asking->request;
	return text_of(asking,
		kp_request_find_known(request, field_of(request, path), need->wave));
}

/* Items. */

/* Items under way, and a table of their keys: open addressing, an index + 1 in `items`, a
 * power of two of slots of which at most half are taken. */
struct gathering {
	const struct kp_catalogue *catalogue;
	struct kp_arena *arena;
	struct kp_request_known *known;
	struct kp_slice *keys; /* of each item; NULL data: it has none */
	uint32_t *slots;
	size_t mask;
};

/* Is it the first item with that key? Takes its place then. */
static bool
take_slot(struct gathering *gathering, struct kp_slice key)
{
	size_t at = kp_hash(key.data, key.len) & gathering->mask;
	while (gathering->slots[at] != 0) {
		if (kp_slice_equal(gathering->keys[gathering->slots[at] - 1], key)) {
			return false;
		}
		at = (at + 1) & gathering->mask;
	}
	gathering->slots[at] = gathering->known->count + 1;
	return true;
}

static enum kp_status
add_item(struct gathering *gathering, const struct kp_found_item *item)
{
	struct kp_request_known *known = gathering->known;
	uint32_t key_field = gathering->catalogue->sections[known->section].key_field;
	const struct kp_found *found = key_field == KP_NO_ID
		? NULL
		: kp_found_in(gathering->catalogue, item, key_field);
	struct kp_slice key = {0};
	if (found != NULL && kp_found_text(found, gathering->arena, &key) != KP_OK) {
		return KP_E_MEMORY;
	}
	if (found == NULL || take_slot(gathering, key)) {
		gathering->keys[known->count] = key;
		known->items[known->count++] = item;
	}
	return KP_OK;
}

/* Every item of the section that calls of earlier waves found. */
static enum kp_status
add_items(struct gathering *gathering, const struct kp_request *request)
{
	const struct kp_request_known *known = gathering->known;
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; i < request->call_count; i++) {
		const struct kp_request_call *call = &request->calls[i];
		uint32_t count = gives(call, known->wave) ? call->collect.item_count : 0;
		for (uint32_t j = 0; j < count && status == KP_OK; j++) {
			if (call->collect.items[j].section == known->section) {
				status = add_item(gathering, &call->collect.items[j]);
			}
		}
	}
	return status;
}

static size_t
count_items(const struct kp_request *request, uint32_t wave)
{
	size_t count = 0;
	for (uint32_t i = 0; i < request->call_count; i++) {
		const struct kp_request_call *call = &request->calls[i];
		count += gives(call, wave) ? call->collect.item_count : 0;
	}
	return count;
}

/* NULL without memory. */
static const struct kp_request_known *
gather(struct kp_request *request, uint32_t section, uint32_t wave)
{
	size_t count = count_items(request, wave);
	size_t slots = 2;
	while (slots < count * 2) {
		slots *= 2;
	}
	struct gathering gathering = {.catalogue = request->view->snapshot->catalogue,
		.arena = &request->arena,
		.known = KP_ARENA_NEW(&request->arena, struct kp_request_known),
		.keys = KP_ARENA_ARRAY(&request->arena, struct kp_slice, count + 1),
		.slots = KP_ARENA_ARRAY(&request->arena, uint32_t, slots),
		.mask = slots - 1};
	struct kp_request_known *known = gathering.known;
	if (known == NULL || gathering.keys == NULL || gathering.slots == NULL) {
		return NULL;
	}
	known->section = section;
	known->wave = wave;
	known->items =
		KP_ARENA_ARRAY(&request->arena, const struct kp_found_item *, count + 1);
	if (known->items == NULL || add_items(&gathering, request) != KP_OK) {
		return NULL;
	}
	known->next = request->known;
	request->known = known;
	return known;
}

/* The items of a list section; NULL when it is none, or without memory. Gathered once for
 * each wave: earlier ones add no more. */
static const struct kp_request_known *
known_of(const struct kp_need *need, uint32_t section)
{
	const struct kp_request_call *asking = need->known_context;
	struct kp_request *request = asking->request;
	const struct kp_catalogue *catalogue = request->view->snapshot->catalogue;
	if (section == KP_NO_ID || !catalogue->sections[section].list ||
		asking->known_failed) {
		return NULL;
	}
	for (const struct kp_request_known *at = request->known; at != NULL;
		at = at->next) {
		if (at->section == section && at->wave == asking->need.wave) {
			return at;
		}
	}
	const struct kp_request_known *known =
		gather(request, section, asking->need.wave);
	if (known == NULL) {
		note_failure(asking);
	}
	return known;
}

static uint32_t
known_items(const struct kp_need *need, struct kp_text section)
{
	const struct kp_request_call *asking = need->known_context;
	const struct kp_request_known *known = known_of(need,
		kp_catalogue_find_section(asking->request->view->snapshot->catalogue,
			(struct kp_slice){section.data, section.len}));
	return known == NULL ? 0 : known->count;
}

static struct kp_text
known_in(const struct kp_need *need, struct kp_text path, uint32_t index)
{
	const struct kp_request_call *asking = need->known_context;
	const struct kp_request *request = asking->request;
	const struct kp_catalogue *catalogue = request->view->snapshot->catalogue;
	uint32_t field = field_of(request, path);
	const struct kp_request_known *known = known_of(
		need, field == KP_NO_ID ? KP_NO_ID : catalogue->fields[field].section);
	if (known == NULL || index >= known->count) {
		return (struct kp_text){NULL, 0};
	}
	return text_of(asking, kp_found_in(catalogue, known->items[index], field));
}

void
kp_request_offer_known(struct kp_request_call *call)
{
	call->need.known = find_known;
	call->need.known_items = known_items;
	call->need.known_in = known_in;
	call->need.known_context = call;
}
