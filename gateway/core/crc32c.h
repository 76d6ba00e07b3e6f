/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* crc32c: the Castagnoli checksum (RFC 3720, appendix B.4), with the processor's
 * instruction where it has one. Finds damage, not forgery. Any thread. */
#ifndef KP_CORE_CRC32C_H
#define KP_CORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from `crc` (0 to begin): the checksum of a and b is that of b from that of a.
 */
uint32_t kp_crc32c(uint32_t crc, const void *bytes, size_t len);
/* The same by table, whatever the processor has: for the tests. */
uint32_t kp_crc32c_table(uint32_t crc, const void *bytes, size_t len);

#endif
