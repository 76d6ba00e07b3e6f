/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * statement: a query of the manifest with its named parameters (:bsn) as the statement a
 * database takes ($1, or ? for ODBC) and the list of what is bound where. What stands in
 * quotes, for ODBC also in backticks, is left alone, and so is a cast (::date). Pure.
 */
#ifndef KP_CONNECTORS_SQL_STATEMENT_H
#define KP_CONNECTORS_SQL_STATEMENT_H

#include "connectors/manifest.h"

#define KP_SQL_PARAMETERS_MAX 32

enum kp_sql_parameter_kind {
	KP_SQL_BSN,
	KP_SQL_PURPOSE,
	KP_SQL_ACTIVITY,
	KP_SQL_CASE,
	KP_SQL_EMPLOYEE,
	KP_SQL_ORGANISATION,
	KP_SQL_TRACE,
	KP_SQL_NOW,
	KP_SQL_KNOWN, /* :bekend.<field of the catalogue> */
};

struct kp_sql_parameter {
	enum kp_sql_parameter_kind kind;
	struct kp_slice field; /* with KP_SQL_KNOWN */
};

struct kp_sql_statement {
	struct kp_slice text; /* in the arena */
	struct kp_sql_parameter parameters[KP_SQL_PARAMETERS_MAX];
	uint32_t parameter_count;
};

/*
 * KP_OK; KP_E_INVALID with what is wrong in `err` (an unknown name, a quote that does not
 * end, too many parameters, more than one statement, none that reads); KP_E_MEMORY.
 * `numbered`: placeholders are $1, $2 … and a name that comes twice is bound once; else
 * each is a '?'.
 */
enum kp_status kp_sql_statement_make(struct kp_arena *arena, struct kp_slice query,
	bool numbered, struct kp_sql_statement *ret_statement,
	struct kp_error *err) KP_MUST_USE;

#endif
