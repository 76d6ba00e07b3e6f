/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_doctor_postgres: a partner's PostgreSQL over libpq: login, rights, and what
 * each statement gives. */
#include <string.h>

#include "commands/connector_doctor_sql.h"
#include "source/source_private.h"

struct opened {
	struct kp_doctor *doctor;
	struct kp_probe_postgres *probe;
};

/* Login. */

static const struct {
	const char *words;
	const char *remedy;
} login_faults[] = {
	{"password authentication failed",
		"compare user and password in the secret with what the partner gave out"},
	{"pg_hba.conf",
		"ask the partner to let this user in from this machine's address over "
		"TLS "
		"(pg_hba.conf)"},
	{"does not exist", "compare database and user with what the partner gave out"},
	{"certificate verify failed",
		"put the certificate of the authority that issued the database's in "
		"'access.anchor_file'"},
	{"does not match host name",
		"put the name the database's certificate is for in 'endpoint'"},
	{"does not support SSL", "ask the partner to turn TLS on (ssl = on)"},
	{"too many",
		"ask the partner how many connections this user may have, and lower "
		"'limits.concurrent'"},
};

static bool
log_in(struct opened *opened)
{
	struct kp_doctor *doctor = opened->doctor;
	struct kp_error err = {0};
	const char *remedy = "show the partner these words of its database";
	if (kp_probe_postgres_open(
		    &doctor->source->private->sql, NULL, &opened->probe, &err) == KP_OK) {
		int version = kp_probe_postgres_version(opened->probe);
		kp_doctor_say(doctor, KP_DOCTOR_OK, "sql.login", NULL,
			"PostgreSQL %d.%d, %s, as '%.*s'", version / 10000,
			version % 10000, kp_probe_postgres_tls_version(opened->probe),
			KP_SLICE_ARG(doctor->source->private->sql.user));
		return true;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(login_faults); i++) {
		if (strstr(err.message, login_faults[i].words) != NULL) {
			remedy = login_faults[i].remedy;
			break;
		}
	}
	kp_doctor_say(
		doctor, KP_DOCTOR_FAIL, "sql.login", remedy, "no login: %s", err.message);
	return false;
}

/* Rights. */

static void
judge_rights(struct opened *opened)
{
	static const char super[] =
		"select case when rolsuper then 'superuser' end from pg_roles where "
		"rolname = current_user";
	static const char writable[] =
		"select string_agg(case when place <= 5 then name else format('and %s "
		"more', total - 5) end, ', ' order by place) from (select "
		"row_number() over (order by n.nspname, c.relname) as place, count(*) "
		"over () as total, format('%I.%I', n.nspname, c.relname) as "
		"name " KP_DOCTOR_FROM_WRITABLE " order by 1 limit 6) as t";
	struct kp_doctor *doctor = opened->doctor;
	struct kp_slice names = {0};
	struct kp_error err = {0};
	enum kp_status status = kp_probe_postgres_ask(
		opened->probe, super, &doctor->load.arena, &names, &err);
	if (status == KP_OK && names.len == 0) {
		status = kp_probe_postgres_ask(
			opened->probe, writable, &doctor->load.arena, &names, &err);
	} else if (status == KP_OK) {
		names = KP_SLICE("everything: it is a superuser");
	}
	if (status != KP_OK) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "sql.rights", NULL,
			"what this user may do could not be seen: %s", err.message);
		return;
	}
	if (names.len > 0) {
		kp_doctor_warn_writable(
			doctor, names, "the gateway's transactions are read-only");
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "sql.rights", NULL,
			"this user may write nowhere");
	}
}

void
kp_doctor_look_postgres(struct kp_doctor_looking *looking)
{
	struct kp_doctor *doctor = looking->doctor;
	struct opened opened = {.doctor = doctor};
	if (log_in(&opened)) {
		judge_rights(&opened);
		for (size_t i = 0; i < looking->count; i++) {
			struct kp_doctor_statement *one = &looking->statements[i];
			struct kp_error err = {0};
			one->good =
				kp_probe_postgres_describe(opened.probe, one->text,
					one->parameter_count, &doctor->load.arena,
					&one->columns, &one->column_count, &err) == KP_OK;
			kp_doctor_say_statement(doctor, one, err.message);
		}
	}
	kp_probe_postgres_close(&opened.probe);
}
