/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_query_print: an answer as a person reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "commands/query_print.h"

static char *
printed(const char *answer)
{
	char *text = NULL;
	size_t len = 0;
	json_t *tree = json_loads(answer, 0, NULL);
	assert_non_null(tree);
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	struct query_print_options options = {.out = out};
	kp_query_print_dossier(tree, &options);
	assert_int_equal(fclose(out), 0);
	json_decref(tree);
	return text;
}

static void
a_name_longer_than_its_column_stands_apart(void **state)
{
	(void)state;
	char *text =
		printed("{\"bronnen\":[{\"bron\":\"svb\",\"status\":\"nietBereikt\"},"
			"{\"bron\":\"inlichtingenbureau-re-integratie\",\"status\":"
			"\"nietBevraagd\"}]}");
	assert_non_null(strstr(text, "  svb                   nietBereikt "));
	assert_non_null(strstr(text, "  inlichtingenbureau-re-integratie nietBevraagd "));
	free(text);
}

/* What a partner wrote cannot steer the terminal. */
static void
control_bytes_are_not_printed(void **state)
{
	(void)state;
	char *text = printed("{\"bronnen\":[{\"bron\":\"svb\",\"status\":\"fout\","
			     "\"reden\":\"a\\u001b[2Jb\"}]}");
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "a"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_longer_than_its_column_stands_apart),
		cmocka_unit_test(control_bytes_are_not_printed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
