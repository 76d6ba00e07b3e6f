/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* real_partner: the partners of the real stage: HTTP/1.1 over real sockets, answers as
 * the script planned them, questions as they came. They live on the stage's poll loop. */
#ifndef KP_FLOW_REAL_PARTNER_H
#define KP_FLOW_REAL_PARTNER_H

#include <poll.h>
#include <stdbool.h>

#include "script/stage.h"

#define REAL_PARTNERS_MAX 16
#define REAL_PARTNER_CONNECTIONS_MAX 256
#define REAL_PARTNER_POLLS_MAX (REAL_PARTNERS_MAX + REAL_PARTNER_CONNECTIONS_MAX)

void real_partner_add(const char *name);
/* NULL: there is no such partner. */
const char *real_partner_endpoint(const char *name);
/* For its next question, or for all; or it stops listening. */
void real_partner_answer(const char *name, const struct stage_answer *given);
/* A question came that was not taken. */
bool real_partner_asked(const char *name);
/* Takes the oldest; it lives as long as the program. False: it is no request. */
bool real_partner_take(const char *name, struct stage_question *ret_question);

/* What to wait for; returns how many of `polls` that are. */
nfds_t real_partners_watch(struct pollfd *polls, bool *ret_answering);
/* After the wait, with the same `polls`: reads what came, and sends what is due. */
void real_partners_serve(const struct pollfd *polls, nfds_t count);

#endif
