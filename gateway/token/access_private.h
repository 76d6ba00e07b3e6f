/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* access_private: between the files of access; see access.h. */
#ifndef KP_TOKEN_ACCESS_PRIVATE_H
#define KP_TOKEN_ACCESS_PRIVATE_H

#include "token/access.h"

/* What must be there differs between RFC 9068, FSC and RFC 7662. */
struct access_rules {
	const struct kp_issuer *issuer;
	bool needs_iat;
	bool needs_nbf;
	bool needs_subject;
	bool needs_id;
	bool needs_client;
};

/* Organisation, employee, roles and on whose behalf. `access` has subject and client. */
enum kp_token_fault kp_access_read_who(const struct kp_claim *claims,
	const struct kp_issuer *issuer, const struct kp_access_reading *reading,
	struct kp_access *access) KP_MUST_USE;

#endif
