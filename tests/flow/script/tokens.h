/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* tokens: the keys of issuers and the tokens they sign, made while a script plays, so
 * that they are good at the stage's own time. */
#ifndef KP_FLOW_TOKENS_H
#define KP_FLOW_TOKENS_H

#include <stdbool.h>

/* A new key of that name (its kid): ES256. */
bool tokens_make_key(const char *name);
/* Signs the claims; in the script it is {token NAME}. False when there is no such key. */
bool tokens_sign(const char *name, const char *key, const char *type, const char *claims);
/* "token NAME", "jwk KEY", "pem KEY", "now+600", "now-5"; NULL when it is none of these.
 */
const char *tokens_value(const char *name);

#endif
