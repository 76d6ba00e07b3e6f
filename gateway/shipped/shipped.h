/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* shipped: the files `ketenpoort init` writes, inside the program so that it works
 * wherever it is installed. The table is made at build time by embed.cmake. */
#ifndef KP_SHIPPED_SHIPPED_H
#define KP_SHIPPED_SHIPPED_H

#include <stddef.h>

struct kp_shipped_file {
	const char *path; /* relative, '/' between parts, folders not apart */
	const unsigned char *bytes;
	size_t len;
};

extern const struct kp_shipped_file kp_shipped_files[];
extern const size_t kp_shipped_file_count;

/* The one file of the interface's description: gateway/openapi/openapi.json. */
extern const struct kp_shipped_file kp_openapi_files[];
extern const size_t kp_openapi_file_count;

#endif
