/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* config_quotas: the member "quotas" of gateway.json. For config.c. */
#ifndef KP_CONFIG_CONFIG_QUOTAS_H
#define KP_CONFIG_CONFIG_QUOTAS_H

#include "config/config.h"
#include "core/json_document.h"

/* After the section quota was read: what an organisation does not say is as there. Faults
 * go to the document's findings. KP_E_MEMORY. */
enum kp_status kp_config_read_quotas(
	const struct kp_json_document *document, struct kp_config *config) KP_MUST_USE;

#endif
