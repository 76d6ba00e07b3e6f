/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * authzen_bundle: the gateway's own rules as the back end of a decision point.
 *
 *     subject   type "medewerker"; properties.rollen, properties.organisatie (when the
 *               caller may assert them; else the caller's own) and, when it asks by
 *               mandate, properties.uitvoerder; or type "organisatie" when no person
 *               asks
 *     action    "raadplegen", "raadplegenBuitenWerkvoorraad", "corrigeren", "document"
 *     resource  type "veld" (a field's path) or "rubriek" (a section or group);
 *               properties.bron: one source, else what holds for all of them
 *     context   doel, zaak, inWerkvoorraad, heeftZaak, redenGegeven, bezwaar, zelf, time
 *
 * A type may be a URI that ends in one of these names (NL GOV). Without context.doel the
 * purpose is the one whose activity is action.properties.processing_activity_id.
 * Questions that share subject, action and context are answered by one decision.
 */
#ifndef KP_POLICIES_AUTHZEN_BUNDLE_H
#define KP_POLICIES_AUTHZEN_BUNDLE_H

#include "policies/authzen.h"
#include "policies/policy.h"

#define KP_AUTHZEN_ROLES_MAX ((size_t)32)

/* The back end of one request. Lifetime: the caller's, with `arena`. */
struct kp_authzen_bundle_backend {
	struct kp_authzen_backend backend;
	const struct kp_bundle *bundle;
	const struct kp_authzen_caller *caller;
	struct kp_arena *arena;
	/* The newest decision, and what it was about. */
	bool decided;
	struct kp_authzen_question about;
	struct kp_decision decision;
	uint64_t *cells; /* permitted, now and at context.time */
	const struct kp_purpose *purpose;
	uint32_t decisions; /* made so far */
};

/* All is borrowed for the life of the back end: one request. */
void kp_authzen_bundle_backend_init(struct kp_authzen_bundle_backend *backend,
	const struct kp_bundle *bundle, const struct kp_authzen_caller *caller,
	struct kp_arena *arena);

#endif
