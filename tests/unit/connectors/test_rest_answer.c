/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* What the rest connector makes of answers about more than one person, or about nobody.
 */
#include "answer_rig.h"

static const char manifest[] =
	"{\"source\":\"proef\",\"organisation\":{\"oin\":\"00000000000000000001\","
	"\"name\":\"P\"},\"connector\":\"rest\",\"endpoint\":\"http://127.0.0.1:1/a\","
	"\"request\":{\"method\":\"POST\",\"target\":\"/v\",\"body\":{\"bsn\":\"{bsn}\"}"
	"},\"response\":{\"root\":\"personen[]\",\"subject\":\"bsn\",\"status\":{\"404\":"
	"\"nietsGevonden\"},\"fields\":{\"persoon.naam\":\"naam\"},\"lists\":{"
	"\"uitkeringen\":{\"items\":\"uitkeringen[]\",\"fields\":{\"uitkeringen.wet\":"
	"\"wet\"}}}}}";

#define JSON "application/json"
#define OF_NOBODY                                                                        \
	"fout: the answer does not say whom it is about: nothing came at "               \
	"'response.subject'"

struct row {
	const char *answer;
	const char *told;
};

static void
expect(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(rig_read(200, JSON, rows[i].answer), rows[i].told);
	}
}

#define PERSONS(inside) "{\"personen\":[" inside "]}"
#define BSN_MEMBER "\"bsn\":\"" RIG_BSN "\""

static void
every_person_is_named(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{PERSONS("{" BSN_MEMBER ",\"naam\":\"J\"}"),
			RIG_BSN " persoon.naam=\"J\" gevonden"},
		/* Behind the values, too. */
		{PERSONS("{\"naam\":\"J\",\"uitkeringen\":[{\"wet\":\"PW\"}]," BSN_MEMBER
			 "}"),
			RIG_BSN
			" persoon.naam=\"J\" [0] uitkeringen.wet=\"PW\" gevonden"},
		{PERSONS("{\"naam\":\"J\",\"uitkeringen\":[{\"wet\":\"PW\"}]}"),
			OF_NOBODY},
		{PERSONS("{" BSN_MEMBER ",\"naam\":\"J\"},{\"naam\":\"K\"}"), OF_NOBODY},
		{PERSONS("{" BSN_MEMBER ",\"naam\":\"J\"},{\"uitkeringen\":[{\"wet\":"
			 "\"PW\"}]}"),
			OF_NOBODY},
		{PERSONS("{" BSN_MEMBER "},{\"bsn\":\"999990019\",\"naam\":\"K\"}"),
			"fout: the gateway stopped reading"},
		{PERSONS("{\"bsn\":null,\"naam\":\"J\"}"), OF_NOBODY},
		{PERSONS(""), "nietsGevonden"},
	};
	expect(rows, KP_ARRAY_LEN(rows));
}

/* What comes of the first when the second has no name. */
static void
values_wait_for_whom_they_are_about(void **state)
{
	(void)state;
	assert_string_equal(rig_read(200, JSON,
				    PERSONS("{\"naam\":\"J\",\"uitkeringen\":[{\"wet\":"
					    "\"PW\"}]}")),
		OF_NOBODY);
	assert_false(rig.told);
}

static void
other_kinds_of_content(void **state)
{
	(void)state;
	static const char wrong[] = "fout: the answer is not JSON by its content type";
	assert_string_equal(rig_read(200, "application/hal+json; charset=utf-8",
				    PERSONS("{" BSN_MEMBER ",\"naam\":\"J\"}")),
		RIG_BSN " persoon.naam=\"J\" gevonden");
	assert_string_equal(rig_read(200, "text/html", PERSONS("")), wrong);
	assert_string_equal(rig_read(200, "", PERSONS("")), wrong);
	assert_string_equal(rig_read(404, "text/html", "<html>"), "nietsGevonden");
	assert_string_equal(rig_read(503, "text/html", "<html>"), "nietBereikt");
}

/* HAL's links, where nothing is said of pages. */
static void
links_that_lead_nowhere(void **state)
{
	(void)state;
#define LINKED(links) "{\"_links\":" links ",\"personen\":[{" BSN_MEMBER "}]}"
	static const char further[] = "fout: there is a next page, and "
				      "'response.paging' does not say how it is asked";
	static const char *const good[] = {"{}", "[]", "\"\"", "null", "[{\"a\":1}]",
		"{\"self\":{\"href\":\"/v\"}}", "{\"next\":null}",
		"{\"next\":{\"href\":\"\"}}"};
	for (size_t i = 0; i < KP_ARRAY_LEN(good); i++) {
		char answer[256];
		(void)snprintf(answer, sizeof(answer), LINKED("%s"), good[i]);
		assert_string_equal(rig_read(200, JSON, answer), RIG_BSN " gevonden");
	}
	assert_string_equal(
		rig_read(200, JSON, LINKED("{\"next\":{\"href\":\"/v?2\"}}")), further);
	assert_string_equal(rig_read(200, JSON, LINKED("{\"next\":\"/v?2\"}")),
		"fout: a value where an object was agreed");
	assert_string_equal(rig_read(200, JSON, LINKED("{\"next\":[]}")),
		"fout: an array where none was agreed");
}

static int
set_up(void **state)
{
	(void)state;
	rig_open("rest", manifest);
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
		cmocka_unit_test(every_person_is_named),
		cmocka_unit_test(values_wait_for_whom_they_are_about),
		cmocka_unit_test(other_kinds_of_content),
		cmocka_unit_test(links_that_lead_nowhere),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
