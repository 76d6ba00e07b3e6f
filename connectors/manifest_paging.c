/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_paging: answers in pages. */
#include "connectors/manifest_reader.h"

/* What of the object says that there is another page; each is a way of its own. */
static const struct {
	const char *name;
	enum kp_manifest_paging_kind kind;
} kinds[] = {
	{"next", KP_PAGING_LINK},
	{"link_header", KP_PAGING_HEADER},
	{"pages", KP_PAGING_PAGES},
	{"cursor", KP_PAGING_CURSOR},
	{"size", KP_PAGING_SIZE},
};

static bool
says(const struct kp_json_node *object, size_t index)
{
	return kinds[index].kind == KP_PAGING_HEADER
		? boolean_at(object, kinds[index].name)
		: kp_json_member(object, kinds[index].name) != NULL;
}

static void
read_kind(struct reader *reader, const struct kp_json_node *object,
	struct kp_manifest_paging *paging)
{
	size_t count = 0;
	for (size_t i = 0; i < KP_ARRAY_LEN(kinds); i++) {
		if (says(object, i)) {
			count++;
			paging->kind = kinds[i].kind;
			paging->path = text_at(object, kinds[i].name);
			paging->path_place =
				place_of(reader, kp_json_member(object, kinds[i].name));
		}
	}
	if (count != 1) {
		kp_json_finding(&reader->document, object,
			count == 0
				? "needs next, link_header, pages, cursor or size: what "
				  "says that there is another page"
				: "next, link_header, pages, cursor and size exclude "
				  "each other");
	}
}

static void
check_company(struct reader *reader, const struct kp_json_node *object,
	const struct kp_manifest_paging *paging)
{
	bool links = paging->kind == KP_PAGING_LINK || paging->kind == KP_PAGING_HEADER;
	bool counts = paging->kind == KP_PAGING_SIZE || paging->total.len > 0;
	if (counts != (paging->rows.len > 0)) {
		kp_json_finding(&reader->document, object,
			"size and total need rows, and rows one of them");
	}
	if (!links && paging->links_from.len > 0) {
		kp_json_finding(&reader->document, object,
			"links_from is for next and link_header");
	}
	if (links && paging->target.len > 0) {
		kp_json_finding(&reader->document, object,
			"a link says itself where it leads; leave target out");
	}
	if (paging->target.len > 0 && paging->target.data[0] != '/' &&
		paging->target.data[0] != '?') {
		kp_json_finding(&reader->document, kp_json_member(object, "target"),
			"must start with / or ?");
	}
}

void
kp_manifest_read_paging(struct reader *reader, const struct kp_json_node *object)
{
	struct kp_manifest_paging *paging = &reader->manifest->response.paging;
	if (object == NULL) {
		return;
	}
	paging->place = place_of(reader, object);
	paging->links_from = text_at(object, "links_from");
	paging->rows = text_at(object, "rows");
	paging->total = text_at(object, "total");
	paging->size = (uint32_t)integer_at(object, "size", 0);
	paging->first = (uint32_t)integer_at(object, "first", 1);
	paging->target = text_at(object, "target");
	read_kind(reader, object, paging);
	check_company(reader, object, paging);
}
