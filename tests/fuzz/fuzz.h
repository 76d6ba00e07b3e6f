/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * fuzz: what every fuzz target shares. CMake includes it in each target. A target feeds
 * `bytes` to one parser and returns 0; what must hold is written as FUZZ_CHECK, so that a
 * broken promise ends the run like a memory error does.
 */
#ifndef KP_TESTS_FUZZ_H
#define KP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define FUZZ_CHECK(fact) ((fact) ? (void)0 : __builtin_trap())

#endif
