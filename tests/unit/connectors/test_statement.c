/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* statement: what of a query reaches a database, and what is refused before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "connectors/sql/statement.h"

/* The statement, or why there is none; parameters are counted. */
static const char *
make(const char *query, bool numbered, uint32_t *ret_count)
{
	static char text[70000];
	static struct kp_sql_statement statement;
	struct kp_arena arena;
	struct kp_error err = {0};
	kp_arena_init(&arena, (size_t)1 << 20, NULL);
	enum kp_status status = kp_sql_statement_make(
		&arena, kp_slice_from(query), numbered, &statement, &err);
	*ret_count = statement.parameter_count;
	if (status == KP_OK) {
		assert_int_equal(statement.text.data[statement.text.len], '\0');
		(void)snprintf(text, sizeof(text), "%.*s", KP_SLICE_ARG(statement.text));
	} else {
		(void)snprintf(text, sizeof(text), "%s", err.message);
	}
	kp_arena_deinit(&arena);
	return text;
}

struct row {
	const char *query;
	const char *made;
	uint32_t count;
};

static void
expect(const struct row *rows, size_t count, bool numbered)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t parameters = 0;
		assert_string_equal(
			make(rows[i].query, numbered, &parameters), rows[i].made);
		assert_int_equal(parameters, rows[i].count);
	}
}

static void
parameters_are_bound(void **state)
{
	(void)state;
	static const struct row numbered[] = {
		{"select a where b = :bsn", "select a where b = $1", 1},
		{"select :bsn, :doel, :bsn", "select $1, $2, $1", 2},
		{"select :bekend.a.b, :bekend.a.c", "select $1, $2", 2},
		{"select a::date where b = :nu", "select a::date where b = $1", 1},
		/* Not in quotes, and not in what is left out. */
		{"select ':bsn', \":bsn\", 'a''b' -- :bsn\n, 1",
			"select ':bsn', \":bsn\", 'a''b'  , 1", 0},
		{"select 1 /* :bsn */ + 1", "select 1   + 1", 0},
		{"select 1 -- einde", "select 1  ", 0},
	};
	static const struct row others[] = {
		{"select :bsn, :doel, :bsn", "select ?, ?, ?", 3},
	};
	expect(numbered, KP_ARRAY_LEN(numbered), true);
	expect(others, KP_ARRAY_LEN(others), false);
}

static void
what_reads_is_taken(void **state)
{
	(void)state;
	static const char no[] = "must begin with select, with or values";
	static const struct row rows[] = {
		{"\n\tSELECT 1", "\n\tSELECT 1", 0},
		{"with a as (select 1) select 1", "with a as (select 1) select 1", 0},
		{"values(1)", "values(1)", 0},
		{"update a set b = 1", no, 0},
		{"selection", no, 0},
		{"select", no, 0},
		{"", no, 0},
		{"-- select\ndelete from a", no, 0},
	};
	expect(rows, KP_ARRAY_LEN(rows), true);
}

static void
what_could_mean_something_else_is_refused(void **state)
{
	(void)state;
	static const char outside[] =
		"'$', '?' and '\\' are not allowed outside quotes, at byte 8";
	static const struct row rows[] = {
		{"select 1; delete from a", "one statement, and no ';', at byte 9", 0},
		{"select 1;", "one statement, and no ';', at byte 9", 0},
		{"select $1", outside, 0},
		{"select $$a$$", outside, 0},
		{"select ?", outside, 0},
		{"select \\", outside, 0},
		{"select ';$?'", "select ';$?'", 0},
		{"select 'a", "a text in quotes does not end, at byte 8", 0},
		{"select \"a", "a name in quotes does not end, at byte 8", 0},
		{"select /* a", "a comment does not end, at byte 8", 0},
		{"select /*/ 1", "a comment does not end, at byte 8", 0},
		{"select /* /* */ 1", "a comment in a comment, at byte 8", 0},
		{"select :wie",
			"':wie' is not a parameter; there are :bsn, :doel, :activiteit, "
			":zaak, :medewerker, :organisatie, :trace, :nu and "
			":bekend.<field>",
			0},
		{"select :bekend",
			"':bekend' is not a parameter; there are :bsn, :doel, "
			":activiteit, "
			":zaak, :medewerker, :organisatie, :trace, :nu and "
			":bekend.<field>",
			0},
	};
	expect(rows, KP_ARRAY_LEN(rows), true);
}

static void
limits_hold(void **state)
{
	(void)state;
	char query[1024] = "select 1";
	uint32_t count = 0;
	size_t len = strlen(query);
	for (unsigned i = 0; i < KP_SQL_PARAMETERS_MAX; i++) {
		len += (size_t)snprintf(query + len, sizeof(query) - len, ", :bsn");
	}
	(void)make(query, false, &count);
	assert_int_equal(count, KP_SQL_PARAMETERS_MAX);
	(void)snprintf(query + len, sizeof(query) - len, ", :bsn");
	assert_non_null(strstr(make(query, false, &count), "more than 32 parameters"));
	/* Of PostgreSQL it is one. */
	assert_null(strstr(make(query, true, &count), "parameters"));
	static char text[65600];
	memset(text, ' ', sizeof(text) - 1);
	memcpy(text, "select 1", 8);
	text[65535] = '\0';
	assert_int_equal(strlen(make(text, true, &count)), 65535);
	text[65535] = ' ';
	text[65536] = '\0';
	assert_string_equal(make(text, true, &count), "the query does not fit");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_bound),
		cmocka_unit_test(what_reads_is_taken),
		cmocka_unit_test(what_could_mean_something_else_is_refused),
		cmocka_unit_test(limits_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
