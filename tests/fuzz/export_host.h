/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* export_host: an export of the file connector: scanned in pieces, and then every row
 * that scan found read as a look-up would. */
#ifndef KP_TESTS_FUZZ_EXPORT_HOST_H
#define KP_TESTS_FUZZ_EXPORT_HOST_H

#include <stddef.h>

#include "core/slice.h"

/* A manifest whose `file` is the first argument, with one single field and one list. */
#define FUZZ_EXPORT_MANIFEST(file)                                                       \
	"{\"source\":\"s\",\"organisation\":{\"oin\":\"00000000000000000001\","          \
	"\"name\":\"n\"},\"connector\":\"file\",\"file\":{\"path\":\"x\"," file          \
	",\"key\":\"BSN\"},\"response\":{\"subject\":\"BSN\",\"fields\":"                \
	"{\"persoon.naam\":\"Naam\"},\"lists\":{\"uitkeringen\":{\"fields\":{"           \
	"\"uitkeringen.d\":{\"path\":\"Begin\",\"date\":\"d-m-yyyy\"}}}}}}"

void fuzz_export(const char *manifest, struct kp_slice export, size_t piece);
/* The same of a change file. */
void fuzz_change_file(const char *manifest, struct kp_slice file, size_t piece);

#endif
