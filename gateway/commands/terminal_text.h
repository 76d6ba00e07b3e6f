/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * terminal_text: what partners and clients wrote, as a terminal may show it: nothing in
 * it steers the terminal or begins a line of its own. A newline becomes " / "; every
 * other control character (C0, DEL, C1) and every byte that is no UTF-8 becomes "?".
 */
#ifndef KP_COMMANDS_TERMINAL_TEXT_H
#define KP_COMMANDS_TERMINAL_TEXT_H

#include <stdio.h>

#include "core/buffer.h"

/* Gives how many characters it wrote; wide and combining ones are not looked at. */
int kp_terminal_print(FILE *out, struct kp_slice text);
void kp_terminal_add(struct kp_buffer *buffer, struct kp_slice text);

#endif
