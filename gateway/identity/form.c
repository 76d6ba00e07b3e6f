/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* form: see form.h. */
#include "identity/form.h"

void
kp_form_add_coded(struct kp_buffer *out, struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.data[i];
		bool plain = (byte >= 'a' && byte <= 'z') ||
			(byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
			byte == '-' || byte == '.' || byte == '_';
		if (plain) {
			kp_buffer_add_char(out, byte);
		} else {
			kp_buffer_printf(out, "%%%02X", (unsigned)(unsigned char)byte);
		}
	}
}

void
kp_form_add(struct kp_buffer *out, struct kp_slice name, struct kp_slice value)
{
	if (value.len == 0) {
		return;
	}
	if (out->len > 0) {
		kp_buffer_add_char(out, '&');
	}
	kp_buffer_add_slice(out, name);
	kp_buffer_add_char(out, '=');
	kp_form_add_coded(out, value);
}

void
kp_form_add_credential(
	struct kp_buffer *out, struct kp_slice client, struct kp_slice secret)
{
	kp_form_add_coded(out, client);
	kp_buffer_add_char(out, ':');
	kp_form_add_coded(out, secret);
}
