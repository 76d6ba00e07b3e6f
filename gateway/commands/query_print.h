/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * query_print: a dossier as a person reads it: sections, the source of every value beside
 * it, differences where they are, what was withheld and why, and which source did not
 * answer.
 */
#ifndef KP_COMMANDS_QUERY_PRINT_H
#define KP_COMMANDS_QUERY_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct query_print_options {
	FILE *out;
	bool colour;
	bool english; /* headings; the data stays as it is */
};

/* Both take trees of kp_json_spelled. */

/* An answer of POST /v1/dossiers/_zoek. Members that are missing are left out. */
void kp_query_print_dossier(
	const json_t *answer, const struct query_print_options *options);
/* An application/problem+json document. */
void kp_query_print_problem(
	const json_t *problem, const struct query_print_options *options);

#endif
