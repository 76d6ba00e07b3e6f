/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* outcome: the names of what a source can say, as answers, manifests and records use
 * them. */
#ifndef KP_CONNECTORS_OUTCOME_H
#define KP_CONNECTORS_OUTCOME_H

#include "connectors/connector.h"
#include "core/slice.h"

/* A literal: `data` is NUL-terminated. */
static inline struct kp_slice
kp_outcome_name(enum kp_outcome outcome)
{
	switch (outcome) {
	case KP_FOUND:
		return KP_SLICE("gevonden");
	case KP_NOTHING_FOUND:
		return KP_SLICE("nietsGevonden");
	case KP_NOT_ENTITLED:
		return KP_SLICE("nietGerechtigd");
	case KP_NOT_APPLICABLE:
		return KP_SLICE("nietVanToepassing");
	case KP_ERROR:
		break;
	case KP_NOT_REACHED:
		return KP_SLICE("nietBereikt");
	case KP_NOT_ASKED:
		return KP_SLICE("nietBevraagd");
	}
	return KP_SLICE("fout");
}

#endif
