/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_known: what earlier sources would have found, from a file, for a source that
 * is asked with it. In a file and not in arguments: it may be about a client. */
#ifndef KP_COMMANDS_CONNECTOR_KNOWN_H
#define KP_COMMANDS_CONNECTOR_KNOWN_H

#include "commands/connector_load.h"

#define KP_CONNECTOR_KNOWN_MAX 64

/* One line: field=value. A field that comes again is of the next item of its list. */
struct kp_connector_known_line {
	struct kp_slice field;
	struct kp_slice value;
};

/* Lifetime: that of the load it was read for. */
struct kp_connector_known {
	struct kp_connector_known_line lines[KP_CONNECTOR_KNOWN_MAX];
	size_t count;
};

/* Reads the file; "#" begins a comment. Faults are said on standard error. NULL as path:
 * nothing is known. Needs the catalogue. */
bool kp_connector_read_known(struct kp_connector_load *load, const char *path,
	struct kp_connector_known *ret_known);

/* Lets a question know it. */
void kp_connector_offer_known(
	const struct kp_connector_known *known, struct kp_need *need);

#endif
