/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* What the sql connector makes of rows: those that are not of its queries, not of the
 * person, or not as many as the columns, are no answer. */
#include "answer_rig.h"

#include "connectors/sql/answer.h"

static const char manifest[] =
	"{\"source\":\"proef\",\"organisation\":{\"oin\":\"00000000000000000001\","
	"\"name\":\"P\"},\"connector\":\"sql\",\"endpoint\":\"postgresql://127.0.0.1:1/"
	"d\",\"sql\":{\"user\":\"u\",\"known_by\":\"p\",\"queries\":{\"p\":\"select "
	":bsn\",\"u\":\"select :doel, "
	":bsn\"}},\"response\":{\"subject\":\"bsn\",\"valid_on\":"
	"\"p.op\",\"fields\":{\"persoon.naam\":\"p.naam\"},\"lists\":{\"uitkeringen\":{"
	"\"items\":\"u\",\"fields\":{\"uitkeringen.wet\":\"wet\"}}}}}";

#define HEAD_P "{\"query\":\"p\",\"columns\":[\"bsn\",\"naam\",\"op\"]}"
#define HEAD_U "{\"query\":\"u\",\"columns\":[\"bsn\",\"wet\"]}"
#define ROW_P "[\"" RIG_BSN "\",\"J\",\"2026-01-31\"]"
#define ROW_U "[\"" RIG_BSN "\",\"PW\"]"

static const char *
read_rows(const char *answer)
{
	return rig_read(200, "application/json", answer);
}

struct row {
	const char *answer;
	const char *told;
};

static void
expect(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(read_rows(rows[i].answer), rows[i].told);
	}
}

static void
rows_become_fields(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"[" HEAD_P "," ROW_P "," HEAD_U "," ROW_U "," ROW_U "]",
			RIG_BSN " @2026-01-31 persoon.naam=J " RIG_BSN
				" [0] uitkeringen.wet=PW " RIG_BSN
				" [1] uitkeringen.wet=PW gevonden"},
		/* Of a single section the first row counts, and its day. */
		{"[" HEAD_P "," ROW_P ",[\"" RIG_BSN "\",\"K\",\"2026-02-01\"]," HEAD_U
		 "]",
			RIG_BSN " @2026-01-31 persoon.naam=J " RIG_BSN " gevonden"},
		{"[" HEAD_U "," HEAD_P "]", "nietsGevonden"},
		/* Rows of the other query do not say that the person is known. */
		{"[" HEAD_P "," HEAD_U "," ROW_U "]",
			RIG_BSN " [0] uitkeringen.wet=PW nietsGevonden"},
		/* Null is no value. */
		{"[" HEAD_P ",[\"" RIG_BSN "\",null,null]," HEAD_U "]",
			RIG_BSN " gevonden"},
	};
	expect(rows, KP_ARRAY_LEN(rows));
}

static void
rows_of_nobody_are_no_answer(void **state)
{
	(void)state;
	static const char nobody[] = "fout: the subject column holds no bsn";
	static const char stopped[] = "fout: the gateway stopped reading";
	static const struct row rows[] = {
		{"[" HEAD_P ",[\"\",\"J\",null]", nobody},
		{"[" HEAD_P ",[null,\"J\",null]", nobody},
		{"[" HEAD_P ",[\"1234567890\",\"J\",null]", nobody},
		{"[" HEAD_P ",[\"999990019\",\"J\",null]", stopped},
		{"[" HEAD_P "," ROW_P ",[\"999990019\",\"J\",null]", stopped},
		{"[{\"query\":\"p\",\"columns\":[\"naam\",\"op\"]},[\"J\",null]",
			"fout: there is no column 'bsn'"},
	};
	expect(rows, KP_ARRAY_LEN(rows));
}

static void
only_queries_that_were_asked(void **state)
{
	(void)state;
	static const char form[] = "fout: the answer is an array of queries and rows";
	static const char head[] = "fout: a query has query and columns";
	static const struct row rows[] = {
		{"[" HEAD_P "," ROW_P "]", "fout: a query was not answered"},
		{"[" HEAD_U "," ROW_U "]", "fout: a query was not answered"},
		{"[]", "fout: a query was not answered"},
		{"[{\"query\":\"x\",\"columns\":[\"bsn\"]}]",
			"fout: rows of a query that the manifest does not have"},
		{"[{\"columns\":[\"bsn\"]}]",
			"fout: rows of a query that the manifest does not have"},
		{"[" ROW_P "]", "fout: a row before its query"},
		{"[" HEAD_P ",[\"" RIG_BSN "\",\"J\"]]",
			"fout: a row with more or fewer values than columns"},
		{"[" HEAD_P ",[\"" RIG_BSN "\",\"J\",null,null]]",
			"fout: a row with more or fewer values than columns"},
		{"[" HEAD_P ",[[\"" RIG_BSN "\"],\"J\",null]]",
			"fout: values are texts or null"},
		{"{}", form},
		{"[1]", form},
		{"[{\"other\":1}]", head},
		{"[{\"query\":[\"p\"]}]", head},
		{"[{\"columns\":\"bsn\"}]", head},
		{"[{\"columns\":[1]}]", "fout: names of columns are texts"},
	};
	expect(rows, KP_ARRAY_LEN(rows));
}

/* A head with so many columns, and a row with so many values. */
static const char *
wide(unsigned columns, unsigned values)
{
	static char text[16 * 1024];
	size_t len = (size_t)snprintf(text, sizeof(text),
		"[{\"query\":\"p\",\"columns\":[\"bsn\",\"naam\",\"op\"");
	for (unsigned i = 3; i < columns; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, ",\"c%u\"", i);
	}
	len += (size_t)snprintf(
		text + len, sizeof(text) - len, "]},[\"" RIG_BSN "\",\"J\"");
	for (unsigned i = 2; i < values; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, ",null");
	}
	(void)snprintf(text + len, sizeof(text) - len, "]," HEAD_U "]");
	return text;
}

static void
so_many_columns(void **state)
{
	(void)state;
	assert_string_equal(read_rows(wide(KP_SQL_COLUMNS_MAX, KP_SQL_COLUMNS_MAX)),
		RIG_BSN " persoon.naam=J gevonden");
	assert_string_equal(read_rows(wide(KP_SQL_COLUMNS_MAX + 1, 3)),
		"fout: more columns than allowed");
	assert_string_equal(read_rows(wide(3, KP_SQL_COLUMNS_MAX + 1)),
		"fout: more columns than allowed");
}

static void
no_rows_without_their_status(void **state)
{
	(void)state;
	assert_string_equal(rig_read(500, "application/json", "[]"),
		"fout: the database gave no rows");
}

static int
set_up(void **state)
{
	(void)state;
	rig_open("sql", manifest);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	rig_close();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_become_fields),
		cmocka_unit_test(rows_of_nobody_are_no_answer),
		cmocka_unit_test(only_queries_that_were_asked),
		cmocka_unit_test(so_many_columns),
		cmocka_unit_test(no_rows_without_their_status),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
