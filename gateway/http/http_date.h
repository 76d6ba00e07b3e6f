/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http_date: a moment as HTTP writes it (RFC 9110, section 5.6.7). Pure. */
#ifndef KP_HTTP_HTTP_DATE_H
#define KP_HTTP_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/slice.h"

/* Seconds since 1970, of the form that is written today or of the two before it, which a
 * recipient reads as well. False when it is none of them. */
bool kp_http_date_parse(struct kp_slice text, int64_t *ret_s) KP_MUST_USE;

#endif
