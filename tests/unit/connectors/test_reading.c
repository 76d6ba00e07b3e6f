/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* What of an answer waits for what comes later in it, and keeps its text meanwhile. */
#include "answer_rig.h"

static const char manifest[] =
	"{\"source\":\"proef\",\"organisation\":{\"oin\":\"00000000000000000001\","
	"\"name\":\"P\"},\"connector\":\"soap\",\"endpoint\":\"http://127.0.0.1:1/a\","
	"\"soap\":{\"action\":\"urn:vraag\",\"namespaces\":[\"urn:v\"]},\"request\":{"
	"\"body\":\"<v:Vraag xmlns:v='urn:v'>{bsn}</v:Vraag>\"},\"response\":{\"root\":"
	"\"Antwoord/Client\",\"subject\":\"Bsn\",\"lists\":{\"uitkeringen\":{\"items\":"
	"\"Geval\",\"valid_on\":\"Groep/"
	"Datum\",\"fields\":{\"uitkeringen.wet\":\"Wet\"}},"
	"\"regelingen\":{\"items\":\"Geval/Groep/Regeling\",\"fields\":{"
	"\"regelingen.code\":\"../Code\",\"regelingen.naam\":\"Naam\"}}}}}";

#define ANSWER(inside)                                                                   \
	"<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" "             \
	"xmlns=\"urn:v\"><e:Body><Antwoord><Client><Bsn>" RIG_BSN "</Bsn>" inside        \
	"</Client></Antwoord></e:Body></e:Envelope>"

/* Inner items leave before the date of the outer one has gone with its values. */
static void
a_date_outlives_inner_items(void **state)
{
	(void)state;
	assert_string_equal(
		rig_read(200, "text/xml; charset=utf-8",
			ANSWER("<Geval><Groep><Code>C</Code><Datum>2026-01-31</Datum>"
			       "<Regeling><Naam>N</Naam></Regeling></Groep>"
			       "<Wet>Participatiewet</Wet></Geval>")),
		RIG_BSN " [0] regelingen.code=\"C\" regelingen.naam=\"N\" [1] "
			"uitkeringen.wet=\"Participatiewet\"@2026-01-31 gevonden");
}

static int
set_up(void **state)
{
	(void)state;
	rig_open("soap", manifest);
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
		cmocka_unit_test(a_date_outlives_inner_items),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
