/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* request_known: what sources of earlier waves found, for those of a later one: a single
 * value, or one item of a list after another. */
#include "request.h"

#include "core/attr.h"

static struct kp_text
text_of(struct kp_request *request, const struct kp_found *found)
{
	struct kp_slice text = {0};
	if (found == NULL || kp_found_text(found, &request->arena, &text) != KP_OK) {
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
	struct kp_request *request = asking->request;
	return text_of(request,
		kp_request_find_known(request, field_of(request, path), need->wave));
}

/* Items. */

static bool
has_key(const struct kp_request_known *known, const struct kp_catalogue *catalogue,
	const struct kp_found *key, uint32_t key_field)
{
	for (uint32_t i = 0; key != NULL && i < known->count; i++) {
		const struct kp_found *other =
			kp_found_in(catalogue, known->items[i], key_field);
		if (other != NULL && kp_found_equal(other, key)) {
			return true;
		}
	}
	return false;
}

static void
add_items(struct kp_request_known *known, const struct kp_collect *collect)
{
	const struct kp_catalogue *catalogue = collect->options.catalogue;
	uint32_t key_field = catalogue->sections[known->section].key_field;
	for (uint32_t i = 0; i < collect->item_count; i++) {
		const struct kp_found_item *item = &collect->items[i];
		if (item->section != known->section ||
			known->count == KP_REQUEST_KNOWN_MAX) {
			continue;
		}
		const struct kp_found *key = key_field == KP_NO_ID
			? NULL
			: kp_found_in(catalogue, item, key_field);
		if (!has_key(known, catalogue, key, key_field)) {
			known->items[known->count++] = item;
		}
	}
}

static uint32_t
count_items(const struct kp_request *request, uint32_t wave)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < request->call_count; i++) {
		const struct kp_request_call *call = &request->calls[i];
		count += gives(call, wave) ? call->collect.item_count : 0;
	}
	return count < KP_REQUEST_KNOWN_MAX ? count : KP_REQUEST_KNOWN_MAX;
}

/* Gathers the items of a section once: earlier waves add no more. */
static void
gather(struct kp_request_call *asking, uint32_t section)
{
	struct kp_request *request = asking->request;
	struct kp_request_known *known = &asking->known;
	uint32_t wave = asking->need.wave;
	if (known->items != NULL && known->section == section) {
		return;
	}
	*known = (struct kp_request_known){.section = section};
	known->items = KP_ARENA_ARRAY(&request->arena, const struct kp_found_item *,
		count_items(request, wave) + 1);
	for (uint32_t i = 0; known->items != NULL && i < request->call_count; i++) {
		if (gives(&request->calls[i], wave)) {
			add_items(known, &request->calls[i].collect);
		}
	}
}

/* The items of a list section; NULL when it is none, or for a call of no wave. */
static const struct kp_request_known *
known_of(const struct kp_need *need, uint32_t section)
{
	const struct kp_request_call *asking = need->known_context;
	struct kp_request *request = asking->request;
	const struct kp_catalogue *catalogue = request->view->snapshot->catalogue;
	if (section == KP_NO_ID || !catalogue->sections[section].list) {
		return NULL;
	}
	for (uint32_t i = 0; i < request->call_count; i++) {
		if (&request->calls[i] == asking) {
			gather(&request->calls[i], section);
			return &request->calls[i].known;
		}
	}
	return NULL;
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
	struct kp_request *request = asking->request;
	const struct kp_catalogue *catalogue = request->view->snapshot->catalogue;
	uint32_t field = field_of(request, path);
	const struct kp_request_known *known = known_of(
		need, field == KP_NO_ID ? KP_NO_ID : catalogue->fields[field].section);
	if (known == NULL || index >= known->count) {
		return (struct kp_text){NULL, 0};
	}
	return text_of(request, kp_found_in(catalogue, known->items[index], field));
}

void
kp_request_offer_known(struct kp_request_call *call)
{
	call->need.known = find_known;
	call->need.known_items = known_items;
	call->need.known_in = known_in;
	call->need.known_context = call;
}
