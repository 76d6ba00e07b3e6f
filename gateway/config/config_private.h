/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* config_private: what config.c (the file) and config_listeners.c (its listeners)
 * share. */
#ifndef KP_CONFIG_CONFIG_PRIVATE_H
#define KP_CONFIG_CONFIG_PRIVATE_H

#include "config/config.h"
#include "core/json_document.h"

/* Lifetime: one parse. */
struct kp_config_reader {
	struct kp_json_document document;
	struct kp_config *config;
};

/* An absolute path as it is, another one from the configuration's folder; NULL without
 * memory. */
const char *kp_config_resolve(struct kp_config_reader *reader, struct kp_slice path);

/* "listeners", after the sections: their limits go into what a listener says of TLS. */
enum kp_status kp_config_read_listeners(struct kp_config_reader *reader) KP_MUST_USE;

#endif
