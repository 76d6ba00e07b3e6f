/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_access: what a partner is shown of who we are, in words: names of secrets and
 * files, never a secret. */
#ifndef KP_COMMANDS_CONNECTOR_ACCESS_H
#define KP_COMMANDS_CONNECTOR_ACCESS_H

#include "connectors/manifest.h"

/* "a bearer token", "nothing", …: what the kind shows. */
const char *kp_connector_access_word(enum kp_manifest_access kind);
/* One line about all of it, but for the client certificate; in the arena, or "" when it
 * does not fit. Empty with KP_ACCESS_NONE. */
struct kp_slice kp_connector_access_text(
	struct kp_arena *arena, const struct kp_manifest_credentials *access);

#endif
