/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * link: where a partner's link to a next page leads. A partner is not trusted with the
 * address we call: of a link only what stays below the endpoint of the manifest is taken.
 */
#ifndef KP_CONNECTORS_LINK_H
#define KP_CONNECTORS_LINK_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/buffer.h"
#include "core/slice.h"

/* What a link is resolved against. */
struct kp_link_base {
	struct kp_slice endpoint; /* of the manifest; "http://127.0.0.1" for a program */
	struct kp_slice alias;  /* address that the partner's links begin with in place of
				   the endpoint; empty: none */
	struct kp_slice target; /* what followed the endpoint in the page under way */
};

/*
 * Resolves a URI reference (RFC 3986, section 5.2: absolute, with a path, a query alone,
 * or relative to the page) and adds what follows the endpoint to `out`: starts with / or
 * ?. False, with a part in `out` perhaps, when it leads outside the endpoint, holds dot
 * segments, user information, or bytes that no URI has, or when `out` has failed. A
 * fragment is dropped.
 */
bool kp_link_resolve(const struct kp_link_base *base, struct kp_slice link,
	struct kp_buffer *out) KP_MUST_USE;

enum kp_link_found {
	KP_LINK_NONE,
	KP_LINK_NEXT,
	KP_LINK_WRONG, /* the field cannot be read, so there may be a next page */
};

/*
 * The target of the first link with relation "next" in the value of a Link header field
 * (RFC 8288, section 3 and appendix B.2): names of relations without regard to case,
 * several in one `rel`, only the first `rel` of a link counts; links with an `anchor` are
 * about something else. *ret_target is a borrowed part of `field`.
 */
enum kp_link_found kp_link_next(
	struct kp_slice field, struct kp_slice *ret_target) KP_MUST_USE;

#endif
