/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_keys_parts: the tables of manifest_keys.h that the top one refers to. */
#ifndef KP_CONNECTORS_MANIFEST_KEYS_PARTS_H
#define KP_CONNECTORS_MANIFEST_KEYS_PARTS_H

#include "connectors/manifest_keys.h"

/* The row behind the last. */
#define KP_KEYS_END                                                                      \
	{                                                                                \
		0                                                                        \
	}

/* Of manifest_keys_partner.c. */
extern const struct kp_key kp_manifest_organisation_keys[];
extern const struct kp_key kp_manifest_limit_keys[];
extern const struct kp_key kp_manifest_health_keys[];
extern const struct kp_key kp_manifest_program_keys[];
extern const struct kp_key kp_manifest_caseload_keys[];
extern const struct kp_key kp_manifest_opt_out_keys[];
extern const struct kp_key kp_manifest_decision_point_keys[];

/* Of manifest_keys_access.c. */
extern const struct kp_key kp_manifest_access_keys[];

/* Of manifest_keys_answer.c. */
extern const struct kp_key kp_manifest_response_keys[];
extern const struct kp_key kp_manifest_table_map[];
extern const struct kp_key kp_manifest_fetched_map[];

#endif
