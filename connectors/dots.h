/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * dots: dot segments (RFC 3986, section 5.2.4) in what follows an endpoint. Whoever
 * resolves them asks for something else than was written, with our credentials.
 */
#ifndef KP_CONNECTORS_DOTS_H
#define KP_CONNECTORS_DOTS_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/slice.h"

/* Is a segment of the path "." or ".."? Dots, slashes and backslashes count as they are
 * and percent-encoded, since servers decode before they resolve; and what stands behind a
 * semicolon in a segment does not, since servers of Java take that off first. What is
 * behind '?' is no path. */
bool kp_dots_found(struct kp_slice target) KP_MUST_USE;

#endif
