/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * paging: is there another page, and how is it asked. All pages of a list or none: what
 * cannot be followed is a fault, never the end of the list.
 */
#ifndef KP_REST_PAGING_H
#define KP_REST_PAGING_H

#include "connectors/link.h"
#include "connectors/reading.h"

/* A page that was asked: its target or its cursor. */
struct kp_paging_seen {
	struct kp_paging_seen *next;
	struct kp_slice text;
};

/* Of one call, over all its pages; zeroed at first. Texts in memory of the host. */
struct kp_paging {
	struct kp_slice target; /* of the page that comes, when a link gave it */
	struct kp_slice cursor; /* {vervolg} of the page that comes */
	struct kp_paging_seen *seen;
	uint64_t rows;  /* so far, where the mapping counts them */
	uint64_t total; /* as the last page that said so; 0: none did */
	bool found;     /* some page had something */
};

/* One page, when it has been read. */
struct kp_paging_page {
	const struct kp_manifest *manifest;
	const struct kp_need *need;
	const struct kp_reading *reading;
	struct kp_slice target;      /* what was asked */
	struct kp_slice header_link; /* of the header field Link; empty: none */
	const struct kp_call_host *host;
	struct kp_arena *arena; /* of the page */
};

/* Reports what of the manifest does not go together. */
struct kp_paging_uses {
	bool number; /* {pagina} or {vanaf} is asked */
	bool cursor; /* {vervolg} is */
};
void kp_paging_check(const struct kp_manifest *manifest, const struct kp_host *host,
	const struct kp_paging_uses *uses);

/* The member of an answer with which the path to a link or cursor begins; NULL: there is
 * no such path. */
const struct kp_node *kp_paging_way(const struct kp_mapping *mapping);

/* What was read counts as the last page, and no page had that member: so it is with
 * partners that leave it out there, and so with a path that is mistyped. False when the
 * sink wants no more. */
bool kp_paging_doubt(
	const struct kp_manifest *manifest, const struct kp_sink *sink) KP_MUST_USE;

/* Looks for the link in a head: sets *ret_link, in `arena`. KP_DONE, or KP_FAIL when the
 * field cannot be read. */
int kp_paging_header(const struct kp_head *head, struct kp_arena *arena,
	struct kp_slice *ret_link, struct kp_fault *fault);

/* KP_DONE: that was the last; KP_NEXT: `paging` says how the next one is asked; KP_FAIL:
 * there is another one that cannot be asked, with the fault. */
int kp_paging_next(struct kp_paging *paging, const struct kp_paging_page *page,
	struct kp_fault *fault);

/* Pages before this one said that it has something. */
bool kp_paging_promised(
	const struct kp_paging *paging, const struct kp_manifest_paging *how);

#endif
