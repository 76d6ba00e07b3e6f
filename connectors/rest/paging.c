/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* paging: see paging.h. */
#include "connectors/rest/paging.h"

#include "connectors/fault.h"
#include "connectors/finding.h"
#include "connectors/http.h"

#define PLACE "response/paging"

void
kp_paging_check(const struct kp_manifest *manifest, const struct kp_host *host,
	const struct kp_paging_uses *uses)
{
	const struct kp_manifest_paging *paging = &manifest->response.paging;
	bool numbered = paging->kind == KP_PAGING_PAGES || paging->kind == KP_PAGING_SIZE;
	if (numbered && !uses->number) {
		kp_finding(host, &paging->place,
			"pages and size need {pagina} or {vanaf} in the request");
	}
	if ((paging->kind == KP_PAGING_CURSOR) != uses->cursor) {
		kp_finding(host, &paging->place,
			"cursor and {vervolg} in the request go together");
	}
}

/* A path that leads nowhere. */

static struct kp_slice
first_name(struct kp_slice path)
{
	size_t len = 0;
	while (len < path.len && path.data[len] != '.' && path.data[len] != '[') {
		len++;
	}
	return (struct kp_slice){path.data, len};
}

const struct kp_node *
kp_paging_way(const struct kp_mapping *mapping)
{
	const struct kp_manifest_paging *paging = &mapping->manifest->response.paging;
	bool led = paging->kind == KP_PAGING_LINK || paging->kind == KP_PAGING_CURSOR;
	return led ? kp_node_child(mapping->top, first_name(paging->path)) : NULL;
}

bool
kp_paging_doubt(const struct kp_manifest *manifest, const struct kp_sink *sink)
{
	const struct kp_manifest_paging *paging = &manifest->response.paging;
	struct kp_fault doubt = {0};
	/* Where the partner says how many rows there are, they were counted. */
	if (paging->total.len > 0 || !KP_SINK_HAS(sink, doubt)) {
		return true;
	}
	(void)kp_fault_set(&doubt, paging->path_place.pointer,
		"the answer has no '%.*s', so it counts as the last page; when the "
		"partner does not leave it out there, it has another name",
		KP_SLICE_ARG(first_name(paging->path)));
	doubt.line = paging->path_place.line;
	doubt.column = paging->path_place.column;
	return sink->doubt(sink->context, &doubt);
}

/* The head. */

#define LINK ((struct kp_text){"link", 4})

static struct kp_text
link_field(const struct kp_head *head, uint32_t index)
{
	if (KP_HEAD_HAS(head, header_at)) {
		return head->header_at(head, LINK, index);
	}
	return index == 0 ? head->header(head, LINK) : (struct kp_text){0};
}

int
kp_paging_header(const struct kp_head *head, struct kp_arena *arena,
	struct kp_slice *ret_link, struct kp_fault *fault)
{
	struct kp_slice target;
	for (uint32_t i = 0; ret_link->len == 0; i++) {
		struct kp_text field = link_field(head, i);
		if (field.data == NULL) {
			return KP_DONE;
		}
		switch (kp_link_next((struct kp_slice){field.data, field.len}, &target)) {
		case KP_LINK_NONE:
			break;
		case KP_LINK_WRONG:
			return kp_fault_set(
				fault, "Link", "the header field cannot be read");
		case KP_LINK_NEXT:
			/* An empty one leads to this page itself. */
			*ret_link = target.len == 0 ? KP_SLICE("#")
						    : kp_arena_copy(arena, target);
			if (ret_link->data == NULL) {
				return kp_fault_memory(fault);
			}
			break;
		}
	}
	return KP_DONE;
}

/* Following. */

static bool
copy(const struct kp_call_host *host, struct kp_slice text, struct kp_slice *ret_copy)
{
	char *bytes = host->alloc(host->context, text.len + 1);
	if (bytes == NULL) {
		return false;
	}
	if (text.len > 0) {
		memcpy(bytes, text.data, text.len);
	}
	*ret_copy = (struct kp_slice){bytes, text.len};
	return true;
}

static bool
was_seen(const struct kp_paging *paging, struct kp_slice text)
{
	for (const struct kp_paging_seen *at = paging->seen; at != NULL; at = at->next) {
		if (kp_slice_equal(at->text, text)) {
			return true;
		}
	}
	return false;
}

static int
remember(struct kp_paging *paging, const struct kp_call_host *host, struct kp_slice text,
	struct kp_fault *fault)
{
	struct kp_paging_seen *seen = host->alloc(host->context, sizeof(*seen));
	if (seen == NULL || !copy(host, text, &seen->text)) {
		return kp_fault_memory(fault);
	}
	seen->next = paging->seen;
	paging->seen = seen;
	return KP_DONE;
}

/* Goes on to `text`, which no page before may have been. */
static int
go_to(struct kp_paging *paging, const struct kp_paging_page *page, struct kp_slice text,
	struct kp_slice *ret_kept, struct kp_fault *fault)
{
	if (was_seen(paging, text)) {
		return kp_fault_set(
			fault, PLACE, "the next page is one that was read already");
	}
	if (remember(paging, page->host, text, fault) != KP_DONE) {
		return KP_FAIL;
	}
	*ret_kept = paging->seen->text;
	return KP_NEXT;
}

static int
follow(struct kp_paging *paging, const struct kp_paging_page *page, struct kp_slice link,
	struct kp_fault *fault)
{
	const struct kp_manifest *manifest = page->manifest;
	struct kp_link_base base = {
		.endpoint = manifest->endpoint.len > 0 ? manifest->endpoint
						       : KP_SLICE("http://127.0.0.1"),
		.alias = manifest->response.paging.links_from,
		.target = page->target,
	};
	struct kp_buffer target;
	kp_buffer_init(&target, page->arena, KP_HTTP_TARGET_BYTES_MAX);
	if (!kp_link_resolve(&base, link, &target)) {
		return kp_fault_set(fault, PLACE,
			"the link to the next page leads to another address");
	}
	if (paging->seen == NULL &&
		remember(paging, page->host, page->target, fault) != KP_DONE) {
		return KP_FAIL;
	}
	return go_to(paging, page, kp_buffer_slice(&target), &paging->target, fault);
}

static int
more_by_number(const struct kp_paging_page *page, bool *ret_more, struct kp_fault *fault)
{
	const struct kp_reading *reading = page->reading;
	*ret_more = page->need->page + 1 < reading->pages;
	if (reading->pages == 0 && kp_reading_found(reading)) {
		return kp_fault_set(
			fault, PLACE, "the answer does not say how many pages there are");
	}
	return KP_DONE;
}

static int
is_more(const struct kp_paging_page *page, bool *ret_more, struct kp_fault *fault)
{
	const struct kp_manifest_paging *paging = &page->manifest->response.paging;
	switch (paging->kind) {
	case KP_PAGING_NONE:
		break;
	case KP_PAGING_LINK:
	case KP_PAGING_CURSOR:
		*ret_more = page->reading->next.len > 0;
		break;
	case KP_PAGING_HEADER:
		*ret_more = page->header_link.len > 0;
		break;
	case KP_PAGING_PAGES:
		return more_by_number(page, ret_more, fault);
	case KP_PAGING_SIZE:
		*ret_more = page->reading->rows >= paging->size;
		break;
	}
	return KP_DONE;
}

/* Rows were counted as the manifest says; are they those that were read, and all? */
static int
check_rows(const struct kp_paging *paging, const struct kp_paging_page *page, bool more,
	struct kp_fault *fault)
{
	const struct kp_reading *reading = page->reading;
	const struct kp_manifest_paging *how = &page->manifest->response.paging;
	if (how->rows.len == 0) {
		return KP_DONE;
	}
	if (reading->rows == 0 && reading->items > 0) {
		return kp_fault_set(
			fault, PLACE, "there are no rows where they were agreed");
	}
	if (how->total.len > 0 && reading->rows > 0 && reading->total == 0) {
		return kp_fault_set(
			fault, PLACE, "the answer does not say how many rows there are");
	}
	if (!more && paging->rows < reading->total) {
		return kp_fault_set(
			fault, PLACE, "there are fewer rows than the answer says");
	}
	return KP_DONE;
}

int
kp_paging_next(struct kp_paging *paging, const struct kp_paging_page *page,
	struct kp_fault *fault)
{
	const struct kp_manifest *manifest = page->manifest;
	bool more = false;
	paging->rows += page->reading->rows;
	if (page->reading->total > 0) {
		paging->total = page->reading->total;
	}
	if (is_more(page, &more, fault) != KP_DONE ||
		check_rows(paging, page, more, fault) != KP_DONE) {
		return KP_FAIL;
	}
	if (more && page->need->page + 1 >= manifest->limits.pages) {
		return kp_fault_set(fault, "limits/pages",
			"the answer has more than the %u pages that are allowed",
			manifest->limits.pages);
	}
	if (!more) {
		return KP_DONE;
	}
	switch (manifest->response.paging.kind) {
	case KP_PAGING_LINK:
		return follow(paging, page, page->reading->next, fault);
	case KP_PAGING_HEADER:
		return follow(paging, page, page->header_link, fault);
	case KP_PAGING_CURSOR:
		return go_to(paging, page, page->reading->next, &paging->cursor, fault);
	case KP_PAGING_NONE:
	case KP_PAGING_PAGES:
	case KP_PAGING_SIZE:
		break;
	}
	return KP_NEXT;
}

bool
kp_paging_promised(const struct kp_paging *paging, const struct kp_manifest_paging *how)
{
	return how->kind == KP_PAGING_PAGES || paging->rows < paging->total;
}
