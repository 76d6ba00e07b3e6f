/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* config_issuers: the member "issuers" of gateway.json. For config.c. */
#ifndef KP_CONFIG_CONFIG_ISSUERS_H
#define KP_CONFIG_CONFIG_ISSUERS_H

#include "config/config.h"
#include "core/json_document.h"

/* After the section identity was read. Faults go to the document's findings.
 * KP_E_MEMORY. */
enum kp_status kp_config_read_issuers(
	const struct kp_json_document *document, struct kp_config *config) KP_MUST_USE;

#endif
