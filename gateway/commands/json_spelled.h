/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_spelled: a JSON document as a jansson tree in which every number is the text that
 * was written. jansson itself would show 2765.40 as 2765.4000000000001; a reader of a
 * dossier must see what the source said. For showing only: strings and numbers cannot be
 * told apart any more.
 */
#ifndef KP_COMMANDS_JSON_SPELLED_H
#define KP_COMMANDS_JSON_SPELLED_H

#include <jansson.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"

/* The caller owns the tree (json_decref). Errors as kp_json_read. */
enum kp_status kp_json_spelled(struct kp_slice document, struct kp_arena *arena,
	json_t **ret_root, struct kp_error *err) KP_MUST_USE;

#endif
