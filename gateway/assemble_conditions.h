/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * assemble_conditions: a partner's own conditions, named by its manifest
 * (conditions_file), join the rules as partners/BRON.cedar. They can only forbid, and
 * only its own data, which loading the rules checks; so they need no signature of ours.
 * The version in the records is that of all of it together.
 */
#ifndef KP_ASSEMBLE_CONDITIONS_H
#define KP_ASSEMBLE_CONDITIONS_H

#include "config/config.h"
#include "core/error.h"
#include "policies/policy.h"

#define KP_CONDITIONS_BYTES_MAX ((size_t)1 << 20)

/*
 * The files of a policy set, and behind them one for each manifest that names one. A
 * manifest that does not check adds none here; reading the sources says what is wrong
 * with it. KP_E_CONFIG when a file cannot be read, KP_E_MEMORY.
 */
enum kp_status kp_assemble_conditions(const struct kp_config *config,
	struct kp_arena *arena, struct kp_findings *findings,
	const struct kp_policy_file *rules, size_t rule_count,
	const struct kp_policy_file **ret_files, size_t *ret_count) KP_MUST_USE;

#endif
