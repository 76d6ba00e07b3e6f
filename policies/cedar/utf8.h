/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* utf8: the little of RFC 3629 that Cedar text needs. */
#ifndef KP_CEDAR_UTF8_H
#define KP_CEDAR_UTF8_H

#include <stdint.h>

#include "core/slice.h"

/* Bytes of the sequence that starts at text[at] and its code point; 0 when it is not
 * UTF-8. */
size_t kp_cedar_utf8_next(struct kp_slice text, size_t at, uint32_t *ret_code);
/* Writes one code point (not a surrogate, at most 0x10ffff); returns its 1 to 4 bytes. */
size_t kp_cedar_utf8_put(uint32_t code, char out[4]);
/* Offset of the first byte that is not part of UTF-8; text.len when all is well. */
size_t kp_cedar_utf8_check(struct kp_slice text);

#endif
