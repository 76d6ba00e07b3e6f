/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* form: what is written to an issuer's endpoints: application/x-www-form-urlencoded (RFC
 * 6749, appendix B), and a client's name and secret. */
#ifndef KP_IDENTITY_FORM_H
#define KP_IDENTITY_FORM_H

#include "core/buffer.h"

/* Percent-coded, but for letters, digits, '-', '.' and '_'. */
void kp_form_add_coded(struct kp_buffer *out, struct kp_slice text);
/* "name=value", behind '&' when it is not the first; nothing when `value` is empty. */
void kp_form_add(struct kp_buffer *out, struct kp_slice name, struct kp_slice value);
/* "client:secret" for basic authentication, both coded (RFC 6749, section 2.3.1). */
void kp_form_add_credential(
	struct kp_buffer *out, struct kp_slice client, struct kp_slice secret);

#endif
