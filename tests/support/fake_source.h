/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * fake_source: source/source.h with partners that are a table: what each offers, what it
 * delivers, after how long and how it ends. It delivers what the table says, also what
 * nobody asked for: that is the point.
 */
#ifndef KP_TESTS_FAKE_SOURCE_H
#define KP_TESTS_FAKE_SOURCE_H

#include "source/source.h"

struct kp_fake_value {
	const char *field; /* path; NULL ends the table; "+section" begins an item */
	const char *value;
	bool text; /* KP_VALUE_TEXT; else the value is JSON as written */
	const char *valid_on;
	bool in_investigation;
};

struct kp_fake_partner {
	const char *source; /* name in the catalogue; NULL: only a caseload */
	const char *organisation;
	const char *oin;
	const char *const *offers; /* paths, NULL at the end; NULL: all its cells */
	const char *needs;         /* a field path; NULL: none */
	const char *caseload_oin;  /* whose caseload; NULL: none */

	uint64_t delay_us;
	enum kp_outcome outcome;
	enum kp_status status;
	const char *reason;
	const char *subject; /* NULL: the person asked for */
	bool no_subject;
	const struct kp_fake_value *values;
	const char *note;            /* text of a melding */
	enum kp_status start_status; /* not KP_OK: the call is refused at once */
	unsigned repeat;             /* deliver the values so many more times */
	bool hang;                   /* ends only when cancelled */

	/* What came of it. */
	unsigned asked;
	unsigned cancelled;
	unsigned running;
	bool sink_stopped;
	char known[128];  /* what kp_need.known said about `needs` */
	char cells[2048]; /* paths that were asked for, comma-separated */
};

enum kp_status kp_fake_source_set_create(const struct kp_catalogue *catalogue,
	struct kp_fake_partner *partners, size_t count, struct kp_source_set **ret_set);

#endif
