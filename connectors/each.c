/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* each: see each.h. */
#include "connectors/each.h"

#include <string.h>

#include "connectors/finding.h"
#include "connectors/text.h"

/* Compiling. */

static bool
in_section(struct kp_slice path, struct kp_slice section)
{
	return path.len > section.len + 1 && kp_slice_starts(path, section) &&
		path.data[section.len] == '.';
}

static void
add_path(struct kp_each_plan *plan, struct kp_slice path)
{
	for (size_t i = 0; i < plan->path_count; i++) {
		if (kp_slice_equal(plan->paths[i], path)) {
			return;
		}
	}
	if (plan->path_count < KP_EACH_PATHS_MAX) {
		plan->paths[plan->path_count++] = path;
	}
}

void
kp_each_compile(const struct kp_manifest *manifest, const struct kp_host *host,
	struct kp_each_plan *ret_plan)
{
	struct kp_slice name = manifest->request.each;
	*ret_plan = (struct kp_each_plan){0};
	if (name.len == 0) {
		return;
	}
	uint32_t section = host->find_section(host->context, kp_text_from(name));
	if (section == UINT32_MAX || !host->section_is_list(host->context, section)) {
		kp_finding(host, &manifest->request.target_place,
			"each: '%.*s' is not a list section of the catalogue",
			KP_SLICE_ARG(name));
		return;
	}
	ret_plan->section = name;
}

void
kp_each_add(struct kp_each_plan *plan, const struct kp_template *compiled)
{
	for (size_t i = 0; plan->section.len > 0 && i < compiled->part_count; i++) {
		const struct kp_template_part *part = &compiled->parts[i];
		if (part->name == KP_TEMPLATE_KNOWN &&
			in_section(part->text, plan->section)) {
			add_path(plan, part->text);
		}
	}
}

void
kp_each_check(const struct kp_each_plan *plan, const struct kp_manifest *manifest,
	const struct kp_host *host)
{
	if (plan->section.len == 0) {
		return;
	}
	if (plan->path_count == KP_EACH_PATHS_MAX) {
		kp_finding(host, &manifest->request.target_place,
			"each: the request asks for %zu fields of an item or more",
			KP_EACH_PATHS_MAX);
	}
	if (plan->path_count == 0) {
		kp_finding(host, &manifest->request.target_place,
			"each: the request asks for no {bekend:%.*s.…}",
			KP_SLICE_ARG(plan->section));
	}
}

/* Asking. */

static bool
offers_items(const struct kp_need *outer)
{
	return KP_NEED_HAS(outer, known_items) && KP_NEED_HAS(outer, known_in);
}

static struct kp_text
known_of_item(const struct kp_need *need, struct kp_text path)
{
	const struct kp_each *each = need->known_context;
	const struct kp_need *outer = each->outer;
	if (in_section(kp_text_slice(path), each->plan->section)) {
		return offers_items(outer) ? outer->known_in(outer, path, each->item)
					   : (struct kp_text){0};
	}
	return outer->known == NULL ? (struct kp_text){0} : outer->known(outer, path);
}

/* Does the item have all that the request needs? */
static bool
can_ask(const struct kp_each *each, uint32_t item)
{
	for (size_t i = 0; i < each->plan->path_count; i++) {
		struct kp_text value = each->outer->known_in(
			each->outer, kp_text_from(each->plan->paths[i]), item);
		if (value.len == 0) {
			return false;
		}
	}
	return true;
}

/* The first item from `item` on that can be asked for; false when there is none. */
static bool
find_item(const struct kp_each *each, uint32_t item, uint32_t *ret_item)
{
	if (!offers_items(each->outer)) {
		return false;
	}
	uint32_t count =
		each->outer->known_items(each->outer, kp_text_from(each->plan->section));
	while (item < count && !can_ask(each, item)) {
		item++;
	}
	*ret_item = item;
	return item < count;
}

int
kp_each_begin(struct kp_each **each, const struct kp_each_plan *plan,
	const struct kp_call_host *host, const struct kp_need **need)
{
	const struct kp_need *outer = *need;
	size_t size = outer->size < sizeof(*outer) ? outer->size : sizeof(*outer);
	if (plan->section.len == 0) {
		return KP_DONE;
	}
	if (*each == NULL) {
		*each = host->alloc(host->context, sizeof(**each));
		if (*each == NULL) {
			return KP_FAIL;
		}
		**each = (struct kp_each){.plan = plan};
	}
	struct kp_each *own = *each;
	memcpy(&own->need, outer, size);
	own->outer = outer;
	own->need.page = outer->page - own->first_page;
	own->need.known = known_of_item;
	own->need.known_items = NULL;
	own->need.known_in = NULL;
	own->need.known_context = own;
	*need = &own->need;
	return find_item(own, own->item, &own->item) ? KP_DONE : KP_SKIP;
}

int
kp_each_end(struct kp_each *each, enum kp_outcome *outcome)
{
	uint32_t item = 0;
	if (each == NULL ||
		(*outcome != KP_FOUND && *outcome != KP_NOTHING_FOUND &&
			*outcome != KP_NOT_APPLICABLE)) {
		return KP_DONE;
	}
	each->found = each->found || *outcome == KP_FOUND;
	each->nothing = each->nothing || *outcome == KP_NOTHING_FOUND;
	*outcome = each->found  ? KP_FOUND
		: each->nothing ? KP_NOTHING_FOUND
				: KP_NOT_APPLICABLE;
	if (!find_item(each, each->item + 1, &item)) {
		return KP_DONE;
	}
	each->item = item;
	each->first_page = each->outer->page + 1;
	return KP_NEXT;
}
