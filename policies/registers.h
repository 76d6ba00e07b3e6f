/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * registers: who exists and for what may be asked, as the policy administrator writes it
 * down: doelen.json, organisaties.json, rollen.json, profielen.json. Filled at load,
 * immutable afterwards; lives with the bundle. Everything is found by name or by index.
 */
#ifndef KP_POLICIES_REGISTERS_H
#define KP_POLICIES_REGISTERS_H

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"
#include "policies/catalogue.h"
#include "policies/name_index.h"
#include "policies/policy.h"

#define KP_PURPOSES_MAX 512u
#define KP_LAWS_MAX 128u
#define KP_ORGANISATIONS_MAX 4096u
#define KP_ORGANISATION_KINDS_MAX 64u
#define KP_ROLES_MAX 128u
#define KP_PROFILES_MAX 256u
#define KP_RETENTION_DAYS_MAX 36500

struct kp_law {
	struct kp_slice id; /* "participatiewet" */
	struct kp_slice name;
	struct kp_slice name_en;
};

struct kp_organisation_kind {
	struct kp_slice id; /* "gemeente" */
	struct kp_slice name;
	struct kp_slice name_en;
};

struct kp_organisation {
	struct kp_slice oin;
	struct kp_slice name;
	uint32_t kind;
	uint32_t parent; /* index; KP_NO_ID when there is none */
	/* Organisations in whose name it may ask. */
	const uint32_t *mandates;
	uint32_t mandate_count;
};

struct kp_role {
	struct kp_slice id; /* "klantmanager" */
	struct kp_slice label;
	struct kp_slice label_en;
	bool stackable; /* may be held together with other roles */
	uint64_t kinds; /* kinds of organisation that may give it, one bit each */
};

struct kp_profile {
	struct kp_slice id; /* "intake-bijstand" */
	struct kp_slice label;
	struct kp_slice label_en;
	const uint64_t *fields; /* field_words words */
};

struct kp_registers {
	struct kp_law *laws;
	uint32_t law_count;
	struct kp_purpose *purposes;
	struct kp_slice *purpose_owners; /* beside purposes */
	uint32_t purpose_count;
	struct kp_organisation_kind *kinds;
	uint32_t kind_count;
	struct kp_organisation *organisations;
	uint32_t organisation_count;
	struct kp_role *roles;
	uint32_t role_count;
	struct kp_profile *profiles;
	uint32_t profile_count;
	struct kp_name_index law_index;
	struct kp_name_index purpose_index;
	struct kp_name_index kind_index;
	struct kp_name_index organisation_index; /* by OIN */
	struct kp_name_index role_index;
	struct kp_name_index profile_index;
};

/*
 * Each reads one file into `registers`; all memory is from `arena`, and `text` may go
 * afterwards. KP_E_CONFIG when it added findings, KP_E_MEMORY. Roles need organisations,
 * profiles need the catalogue; the rest in any order.
 */
enum kp_status kp_registers_load_purposes(struct kp_arena *arena, const char *file,
	struct kp_slice text, struct kp_findings *findings,
	struct kp_registers *registers) KP_MUST_USE;
enum kp_status kp_registers_load_organisations(struct kp_arena *arena, const char *file,
	struct kp_slice text, struct kp_findings *findings,
	struct kp_registers *registers) KP_MUST_USE;
enum kp_status kp_registers_load_roles(struct kp_arena *arena, const char *file,
	struct kp_slice text, struct kp_findings *findings,
	struct kp_registers *registers) KP_MUST_USE;
enum kp_status kp_registers_load_profiles(struct kp_arena *arena, const char *file,
	struct kp_slice text, const struct kp_catalogue *catalogue,
	struct kp_findings *findings, struct kp_registers *registers) KP_MUST_USE;

#endif
