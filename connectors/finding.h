/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* finding: how a connector says what is wrong with a manifest, and what a manifest and
 * the catalogue must agree on. */
#ifndef KP_CONNECTORS_FINDING_H
#define KP_CONNECTORS_FINDING_H

#include "connectors/manifest.h"

/* Reports one thing wrong at a place. */
void kp_finding(const struct kp_host *host, const struct kp_manifest_place *place,
	const char *format, ...) KP_PRINTF(3, 4);

/* The cell of a mapped field; UINT32_MAX after reporting that there is none. */
uint32_t kp_finding_cell(
	const struct kp_host *host, const struct kp_manifest_field *field) KP_MUST_USE;

/* The section a field is in, by the first name of its path; UINT32_MAX when there is none
 * (kp_finding_cell says so). */
uint32_t kp_finding_section(
	const struct kp_host *host, const struct kp_manifest_field *field) KP_MUST_USE;

/* The section of a mapped list; UINT32_MAX after reporting what is wrong. */
uint32_t kp_finding_list(
	const struct kp_host *host, const struct kp_manifest_list *list) KP_MUST_USE;

#endif
