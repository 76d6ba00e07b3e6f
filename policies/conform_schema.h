/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* conform_schema: the part of a conformance host that reads the case's schema. */
#ifndef KP_POLICIES_CONFORM_SCHEMA_H
#define KP_POLICIES_CONFORM_SCHEMA_H

#include "conform.h"

/*
 * Sets the members of `host` that need a schema (in either syntax): entities, contexts
 * and requests are read and checked by it, actions come from it, and policies are
 * validated strictly. Severities are those of Cedar 4.10, to which the public corpus
 * belongs. They do not use host->ctx.
 */
void kp_conform_use_schema(struct kp_conform_host *host);

#endif
