/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* text: the contract's struct kp_text and our struct kp_slice are the same thing under
 * two names, since connector.h includes nothing of ours. Both borrow. */
#ifndef KP_CONNECTORS_TEXT_H
#define KP_CONNECTORS_TEXT_H

#include "connectors/connector.h"
#include "core/slice.h"

static inline struct kp_slice
kp_text_slice(struct kp_text text)
{
	return (struct kp_slice){text.data, text.len};
}

static inline struct kp_text
kp_text_from(struct kp_slice slice)
{
	return (struct kp_text){slice.data, slice.len};
}

#endif
