/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * hash: a keyed 64-bit hash (SipHash-1-3), and uthash set up with it. The key is drawn
 * once per process, so that nobody outside can choose names that collide. Include this,
 * never <uthash.h>.
 */
#ifndef KP_CORE_HASH_H
#define KP_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Thread-safe: the key is drawn from the kernel before main() and never changes. */
uint64_t kp_hash(const void *bytes, size_t len);

/* KP_HASH_WORDS words drawn from that key, for a hash of another kind. */
#define KP_HASH_WORDS 4u
const uint64_t *kp_hash_words(void);

/* The same under a key of the caller's. */
uint64_t kp_hash_keyed(const unsigned char key[16], const void *bytes, size_t len);

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, key_len, value) ((value) = (unsigned)kp_hash((key), (key_len)))
#include <uthash.h>

#endif
