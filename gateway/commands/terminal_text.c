/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* terminal_text: see terminal_text.h. */
#include "commands/terminal_text.h"

#include "core/json_write.h"

static bool
is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f;
}

/* Bytes of the character that begins with a byte of 0x80 or over; 0: it is none. */
static size_t
wide_length(struct kp_slice text)
{
	unsigned char lead = (unsigned char)text.data[0];
	size_t len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	return len <= text.len && kp_utf8_valid((struct kp_slice){text.data, len}) ? len
										   : 0;
}

/* Takes a run of ASCII or one other character off a text that is not empty, and gives
 * what is shown of it. */
static struct kp_slice
next_shown(struct kp_slice *rest)
{
	const unsigned char *at = (const unsigned char *)rest->data;
	size_t len = 0;
	while (len < rest->len && is_plain(at[len])) {
		len++;
	}
	if (len == 0 && at[0] >= 0x80) {
		len = wide_length(*rest);
	}
	struct kp_slice shown = {rest->data, len};
	bool c1 = len == 2 && at[0] == 0xc2 && at[1] < 0xa0;
	if (len == 0 || c1) {
		shown = at[0] == '\n' ? KP_SLICE(" / ") : KP_SLICE("?");
	}
	len = len == 0 ? 1 : len;
	*rest = (struct kp_slice){rest->data + len, rest->len - len};
	return shown;
}

int
kp_terminal_print(FILE *out, struct kp_slice text)
{
	int count = 0;
	while (text.len > 0) {
		struct kp_slice shown = next_shown(&text);
		(void)fwrite(shown.data, 1, shown.len, out);
		count += (unsigned char)shown.data[0] < 0x80 ? (int)shown.len : 1;
	}
	return count;
}

void
kp_terminal_add(struct kp_buffer *buffer, struct kp_slice text)
{
	while (text.len > 0) {
		kp_buffer_add_slice(buffer, next_shown(&text));
	}
}
