/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* probe_postgres: looks into a PostgreSQL as the gateway would log in there: may we in,
 * what may we do, what do statements give. Blocking: for commands, never on a loop. */
#ifndef KP_IO_PROBE_POSTGRES_H
#define KP_IO_PROBE_POSTGRES_H

#include "core/arena.h"
#include "io/sql.h"

struct kp_probe_postgres; /* one connection */

/* A column of a result or of a table; in the arena. */
struct kp_probe_column {
	struct kp_slice name;
	struct kp_slice type;    /* "integer", "character varying(40)" */
	struct kp_slice comment; /* of a table's column; may be empty */
};

/* `conninfo` (libpq's), or as `options` say, as the gateway connects; read-only, and no
 * statement may take longer than connecting may, or three seconds.
 * KP_E_SOURCE_UNREACHABLE with the words of libpq or of the server. */
enum kp_status kp_probe_postgres_open(const struct kp_sql_target_options *options,
	const char *conninfo, struct kp_probe_postgres **ret_probe,
	struct kp_error *err) KP_MUST_USE;
void kp_probe_postgres_close(struct kp_probe_postgres **probe); /* accepts NULL */

/* "PostgreSQL 15.9", and what of TLS; static or of the connection. */
const char *kp_probe_postgres_tls_version(struct kp_probe_postgres *probe);
int kp_probe_postgres_version(struct kp_probe_postgres *probe); /* 150009 */

/* One text from a query without parameters; empty for NULL and for no row. */
enum kp_status kp_probe_postgres_ask(struct kp_probe_postgres *probe, const char *query,
	struct kp_arena *arena, struct kp_slice *ret_text,
	struct kp_error *err) KP_MUST_USE;

/* Prepares a statement, tells its columns, and has the server plan it for nobody, which
 * shows what the plan may not touch. KP_E_SOURCE with SQLSTATE and the server's words. */
enum kp_status kp_probe_postgres_describe(struct kp_probe_postgres *probe,
	const char *statement, uint32_t parameter_count, struct kp_arena *arena,
	struct kp_probe_column **ret_columns, size_t *ret_count,
	struct kp_error *err) KP_MUST_USE;

/* The columns of a table or view, by information_schema. KP_E_NOT_FOUND. */
enum kp_status kp_probe_postgres_table(struct kp_probe_postgres *probe,
	const char *schema, const char *table, struct kp_arena *arena,
	struct kp_probe_column **ret_columns, size_t *ret_count,
	struct kp_error *err) KP_MUST_USE;

#endif
