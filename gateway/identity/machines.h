/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * machines: the roles of systems that show nothing but their certificate, by the OIN in
 * it: "OIN: role role; OIN: role". No employee stands behind them, so the rules let them
 * ask for what is marked as for machines only. Pure; read-only after the parse.
 */
#ifndef KP_IDENTITY_MACHINES_H
#define KP_IDENTITY_MACHINES_H

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_MACHINES_MAX ((size_t)256)
#define KP_MACHINE_ROLES_MAX ((size_t)16)

struct kp_machine {
	struct kp_slice organisation;
	struct kp_slice roles[KP_MACHINE_ROLES_MAX];
	size_t role_count;
};

struct kp_machines {
	const struct kp_machine *items;
	size_t count;
};

/* `text` stays borrowed. KP_E_CONFIG, KP_E_MEMORY. */
enum kp_status kp_machines_parse(struct kp_arena *arena, struct kp_slice text,
	struct kp_machines *ret_machines, struct kp_error *err) KP_MUST_USE;
/* NULL when there is none. */
const struct kp_machine *kp_machines_find(
	const struct kp_machines *machines, struct kp_slice organisation);

#endif
