/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * check: the indented lines under an expectation, held against a text.
 *
 *     header Content-Type: application/problem+json
 *     json /bronnen/0/status = "gevonden"       the value, as JSON
 *     json /afwijkingen has 2                   members of a list or object
 *     json /dossier/persoon missing
 *     json /detail contains "doel"
 *     has "text"        no "text"
 */
#ifndef KP_FLOW_CHECK_H
#define KP_FLOW_CHECK_H

#include <stdbool.h>

#include "core/slice.h"

struct check_subject {
	struct kp_slice headers; /* "Name: value" lines, any line ending */
	struct kp_slice body;
};

/* False, with the reason in `reason`, when the line does not hold or is no check. */
bool check_line(const struct check_subject *subject, const char *line, char *reason,
	size_t reason_size);

#endif
