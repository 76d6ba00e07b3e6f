/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * model: the registers as Cedar sees them. The static part (roles, organisations,
 * purposes, the catalogue's tree, sources, cells) is a closed entity store of the bundle;
 * a request adds only its principal and context. The names here are the ones that
 * schema.cedarschema declares and that rules are written with.
 */
#ifndef KP_POLICIES_MODEL_H
#define KP_POLICIES_MODEL_H

#include "policies/cedar/entities.h"
#include "policies/cedar/eval.h"
#include "policies/cedar/schema.h"
#include "policies/catalogue.h"
#include "policies/policy.h"
#include "policies/registers.h"

/* The true-or-false facts of a request, one bit each: what most conditions are about. */
enum kp_fact {
	KP_FACT_IN_CASELOAD,  /* inWerkvoorraad */
	KP_FACT_HAS_CASE,     /* heeftZaak */
	KP_FACT_CASE_NAMED,   /* zaakGenoemd */
	KP_FACT_REASON_GIVEN, /* redenGegeven */
	KP_FACT_OPTED_OUT,    /* bezwaar */
	KP_FACT_SELF,         /* zelf */
	KP_FACT_COUNT
};
/* Every combination of facts has a number; a truth table over them is one word. */
#define KP_FACT_COMBINATIONS 64u

/* Lifetime: the bundle. Immutable after kp_model_create. */
/* Members of a request's context: the facts, the purpose, the moment. */
#define KP_CONTEXT_COUNT ((unsigned)KP_FACT_COUNT + 2)

struct kp_model {
	struct kp_arena *arena;
	const struct kp_catalogue *catalogue;
	const struct kp_registers *registers;
	struct kp_cedar_names names;
	struct kp_cedar_entities entities;
	const struct kp_cedar_uid *actions[KP_ACTION_COUNT];
	const struct kp_cedar_uid **cells;          /* Veld::"persoon.naam@brp" */
	const struct kp_cedar_uid **purposes;       /* Doel::"…" */
	const struct kp_cedar_uid **organisations;  /* Organisatie::"OIN" */
	const struct kp_cedar_uid **roles;          /* Rol::"…" */
	const struct kp_cedar_name *principal_type; /* Medewerker */
	const struct kp_cedar_name *attr_organisation;
	const struct kp_cedar_name *attr_purpose;
	const struct kp_cedar_name *attr_now;
	const struct kp_cedar_name *attr_facts[KP_FACT_COUNT];
	/* A context in a record's order, and where in it each fact, the purpose and the
	 * moment stand. */
	struct kp_cedar_attr context[KP_CONTEXT_COUNT];
	uint8_t context_at[KP_CONTEXT_COUNT];
};

/* Makes the table of names, with which the schema is read. */
void kp_model_begin(struct kp_arena *arena, const struct kp_catalogue *catalogue,
	const struct kp_registers *registers, struct kp_model *model);
/*
 * Fills `model`; names and entities are in its arena. KP_E_MEMORY; KP_E_CONFIG with
 * findings when the schema does not declare what the registers hold and a request brings,
 * exactly as it is: then validated rules could still fail. Rules may still add names
 * afterwards; once requests are decided nobody may.
 */
enum kp_status kp_model_create(struct kp_model *model,
	const struct kp_cedar_schema *schema, struct kp_findings *findings) KP_MUST_USE;

/*
 * Adds the principal of a request to `entities`, which stands on the model's. `roles` are
 * indexes. The uid is in `names`, which stands on the model's. KP_E_MEMORY.
 */
enum kp_status kp_model_add_principal(const struct kp_model *model,
	struct kp_cedar_names *names, struct kp_cedar_entities *entities,
	struct kp_slice employee, uint32_t organisation, const uint32_t *roles,
	size_t role_count, const struct kp_cedar_uid **ret_uid) KP_MUST_USE;

/* The context of a request; `facts` has one bit for each enum kp_fact. KP_E_MEMORY. */
enum kp_status kp_model_context(const struct kp_model *model, struct kp_arena *arena,
	uint32_t purpose, unsigned facts, int64_t now_ms,
	const struct kp_cedar_record **ret_context) KP_MUST_USE;

/* The facts of the request as bits. */
unsigned kp_model_facts(const struct kp_facts *facts);

/* "raadplegen" … as rules name the action. */
const char *kp_action_name(enum kp_action action);

#endif
