/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* What the file connector finds in an export, and in change files; and what of the rows
 * that come back is about the person. */
#include "answer_rig.h"

#include "connectors/file/changes.h"

#define MANIFEST(file)                                                                   \
	"{\"source\":\"proef\",\"organisation\":{\"oin\":\"00000000000000000001\","      \
	"\"name\":\"P\"},\"connector\":\"file\",\"file\":{\"key\":\"BSN\"," file         \
	"},\"response\":{\"subject\":\"BSN\",\"fields\":{\"persoon.naam\":\"Naam\"}}}"

#define PLAIN MANIFEST("\"path\":\"a.csv\"")
#define TRAILER                                                                          \
	MANIFEST("\"path\":\"a.csv\",\"dated_by\":\"trailer\",\"trailer\":{\"mark\":"    \
		 "\"EINDE\",\"count\":2,\"date\":3}")
#define COLUMN                                                                           \
	MANIFEST("\"path\":\"a.csv\",\"dated_by\":\"column\",\"date_name\":\"Dag\"")
#define SERIES                                                                           \
	MANIFEST("\"path\":\"a-yyyymmdd.csv\",\"dated_by\":\"name\",\"series\":{"        \
		 "\"path\":"                                                             \
		 "\"m-yyyymmdd.csv\",\"key\":[\"Deel\",\"Nummer\"],\"operation\":\"M\"," \
		 "\"operations\":{\"T\":\"toevoegen\",\"V\":\"verwijderen\"}}")
#define LINES MANIFEST("\"path\":\"a.ndjson\",\"form\":\"ndjson\"")

struct row {
	const char *text;
	const char *told;
};

static void
expect(const char *manifest, const struct row *rows, size_t count, bool changes)
{
	rig_open("file", manifest);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(rig_scan(rows[i].text, changes), rows[i].told);
	}
	rig_close();
}

static void
rows_about_clients(void **state)
{
	(void)state;
	static const char nobody[] =
		"fout: row 2: no row has a number of a client in column 'BSN'";
	static const struct row rows[] = {
		{"BSN;Naam\n" RIG_BSN ";J\n12345672;K\n;L\n",
			"-@0+9 " RIG_BSN "@9+12 012345672@21+11 3"},
		{"BSN;Naam\n", "-@0+9 0"},
		{"", "fout: row 1: the file is empty"},
		{"BSN;Naam\n;L\nx;M\n", nobody},
		{"Nummer;Naam\n1;J\n", "fout: row 1: there is no column 'BSN'"},
		{"BSN;Achternaam\n1;J\n", "fout: row 1: there is no column 'Naam'"},
	};
	expect(PLAIN, rows, KP_ARRAY_LEN(rows), false);
}

static void
a_trailer_says_that_it_is_whole(void **state)
{
	(void)state;
	static const char number[] =
		"fout: row 3: the trailer says another number of rows than there are";
	static const char day[] = "fout: row 3: the day of the delivery is not one";
#define WITH(last) "BSN;Naam;Op\n" RIG_BSN ";J;\n" last "\n"
	static const struct row rows[] = {
		{WITH("EINDE;1;20260131"), "-@0+12 " RIG_BSN "@12+13 1 of  2026-01-31"},
		{WITH(RIG_BSN ";K;"),
			"fout: row 3: the file ends without its trailer: it is not "
			"whole"},
		{"BSN;Naam;Op\n",
			"fout: row 1: the file ends without its trailer: it "
			"is not whole"},
		{WITH("EINDE;1;20260131\n" RIG_BSN ";K;"),
			"fout: row 4: a row follows the trailer"},
		{WITH("EINDE;2;20260131"), number},
		{WITH("EINDE;0;20260131"), number},
		{WITH("EINDE;;20260131"), number},
		{WITH("EINDE;+1;20260131"), number},
		{WITH("EINDE;0000000000000000001;20260131"), number},
		{WITH("EINDE;1;"), day},
		{WITH("EINDE;1;20260100"), day},
		{WITH("EINDE;1;20260230"), day},
	};
	expect(TRAILER, rows, KP_ARRAY_LEN(rows), false);
}

static void
each_row_is_of_the_same_day(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"BSN;Naam;Dag\n" RIG_BSN ";J;20260131\n" RIG_BSN ";J;20260131\n",
			"-@0+13 " RIG_BSN "@13+21 " RIG_BSN "@34+21 2 of  2026-01-31"},
		{"BSN;Naam;Dag\n" RIG_BSN ";J;20260131\n" RIG_BSN ";J;20260130\n",
			"fout: row 3: the row is of another day than those before it"},
		{"BSN;Naam;Dag\n" RIG_BSN ";J;20260000\n",
			"fout: row 2: the day of the delivery is not one"},
		{"BSN;Naam;Dag\n" RIG_BSN ";J;\n",
			"fout: row 2: the day of the delivery is not one"},
		{"BSN;Naam\n" RIG_BSN ";J\n", "fout: row 1: there is no column 'Dag'"},
	};
	expect(COLUMN, rows, KP_ARRAY_LEN(rows), false);
}

static void
changes_say_of_which_row(void **state)
{
	(void)state;
	static const char which[] = "fout: row 2: a change does not say of which row";
	static const char operation[] =
		"fout: row 2: the operation is not one that is agreed";
#define CHANGE(deel, nummer, code)                                                       \
	"BSN;Naam;Deel;Nummer;M\n" RIG_BSN ";J;" deel ";" nummer ";" code "\n"
	static const struct row whole[] = {
		{"BSN;Naam;Deel;Nummer\n" RIG_BSN ";J;1;23\n;K;12;3\n" RIG_BSN ";L;;\n",
			"-@0+21 " RIG_BSN "#1:1,2:23, -#2:12,1:3, " RIG_BSN "# 3"},
	};
	static const struct row changes[] = {
		{CHANGE("1", "23", "T"), "-@0+23 " RIG_BSN "#1:1,2:23, 1"},
		{CHANGE("12", "3", "V"), "-@0+23 x" RIG_BSN "#2:12,1:3, 1"},
		{CHANGE("", "3", "T"), "-@0+23 " RIG_BSN "#0:,1:3, 1"},
		{CHANGE("", "", "T"), which},
		{CHANGE("1", "2", "X"), operation},
		{CHANGE("1", "2", ""), operation},
		{CHANGE("1", "2", "t"), operation},
		/* About nobody all of them: the file before may be. */
		{"BSN;Naam;Deel;Nummer;M\n;;1;2;V\n", "-@0+23 x-#1:1,1:2, 1"},
		{"BSN;Naam;Deel;Nummer\n", "fout: row 1: there is no column 'M'"},
	};
	expect(SERIES, whole, KP_ARRAY_LEN(whole), false);
	expect(SERIES, changes, KP_ARRAY_LEN(changes), true);
}

/* All that says which row it is has so much room. */
static void
keys_of_rows_are_so_long(void **state)
{
	(void)state;
	char text[2048];
	char number[1024];
	const size_t room = sizeof(((struct kp_change *)0)->identity);
	rig_open("file", SERIES);
	/* "1:1," and "dddd:", and the comma behind. */
	for (size_t len = room - 10; len <= room - 9; len++) {
		memset(number, 'n', sizeof(number));
		number[len] = '\0';
		(void)snprintf(text, sizeof(text),
			"BSN;Naam;Deel;Nummer;M\n" RIG_BSN ";J;1;%s;T\n", number);
		bool fits = strncmp(rig_scan(text, true), "fout", 4) != 0;
		assert_int_equal(fits, len == room - 10);
	}
	assert_string_equal(rig.text, "fout: row 2: the key of the row is too long");
	rig_close();
}

static void
lines_of_json(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"{\"BSN\":999993653,\"Naam\":\"J\"}\n\n{\"Naam\":1,\"BSN\":null}",
			RIG_BSN "@0+29 2"},
		{"{\"BSN\":1,\"BSN\":2}\n",
			"fout: line 1: the object has this name twice, at byte 9"},
		{"{\"BSN\":999993653}\n{\"Naam\":1}\n",
			"fout: line 2: the member 'BSN' is not there"},
		{"{\"BSN\":[1]}\n", "fout: line 1: the member 'BSN' holds an array"},
		{"{\"BSN\":{}}\n", "fout: line 1: the member 'BSN' holds an object"},
		{"[]\n", "fout: line 1: the line holds no object"},
	};
	expect(LINES, rows, KP_ARRAY_LEN(rows), false);
}

static void
only_the_persons_rows(void **state)
{
	(void)state;
	rig_open("file", PLAIN);
	assert_string_equal(
		rig_read(200, "",
			"BSN;Naam\n999990019;X\n" RIG_BSN ";J\n;Y\n" RIG_BSN ";K\n"),
		RIG_BSN " persoon.naam=J " RIG_BSN " gevonden");
	assert_string_equal(
		rig_read(200, "", "BSN;Naam\n999990019;X\n"), "nietsGevonden");
	assert_string_equal(rig_read(200, "", "BSN;Achternaam\n" RIG_BSN ";X\n"),
		"fout: there is no column 'Naam'");
	rig_close();
	rig_open("file", TRAILER);
	assert_string_equal(
		rig_read(200, "", "BSN;Naam;Op\n" RIG_BSN ";J;\nEINDE;1;20260131\n"),
		RIG_BSN " persoon.naam=J gevonden");
	rig_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_about_clients),
		cmocka_unit_test(a_trailer_says_that_it_is_whole),
		cmocka_unit_test(each_row_is_of_the_same_day),
		cmocka_unit_test(changes_say_of_which_row),
		cmocka_unit_test(keys_of_rows_are_so_long),
		cmocka_unit_test(lines_of_json),
		cmocka_unit_test(only_the_persons_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
