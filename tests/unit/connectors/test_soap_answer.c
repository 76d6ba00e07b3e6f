/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* What the soap connector makes of answers that say less, more or something else than was
 * agreed. */
#include "answer_rig.h"

#include "connectors/soap/names.h"
#include "connectors/soap/verifying.h"

#define MANIFEST(soap)                                                                   \
	"{\"source\":\"proef\",\"organisation\":{\"oin\":\"00000000000000000001\","      \
	"\"name\":\"P\"},\"connector\":\"soap\",\"endpoint\":\"http://127.0.0.1:1/a\","  \
	"\"soap\":{\"action\":\"urn:vraag\",\"namespaces\":[\"urn:v\"]" soap             \
	"},\"request\":{"                                                                \
	"\"body\":\"<v:Vraag xmlns:v='urn:v'>{bsn}</v:Vraag>\"},\"response\":{\"root\":" \
	"\"Antwoord/"                                                                    \
	"Client\",\"subject\":\"Bsn\",\"status\":{\"404\":\"nietsGevonden\"},"           \
	"\"present\":{\"Antwoord/Niets\":\"nietsGevonden\"},\"faults\":{\"Weg\":"        \
	"\"nietBereikt\",\"Mag niet\":\"nietGerechtigd\"},\"fields\":{\"persoon.naam\":" \
	"\"Naam\"}}}"

#define XML "text/xml; charset=utf-8"
#define IN(space, inside)                                                                \
	"<e:Envelope xmlns:e=\"" space "\" xmlns:a=\"urn:a\" xmlns:s=\"urn:s\" "         \
	"xmlns:v=\"urn:v\" xmlns:x=\"" KP_NAMES_XSI "\">" inside "</e:Envelope>"
#define BODY(inside) IN(KP_NAMES_SOAP11, "<e:Body>" inside "</e:Body>")
#define ANSWER(inside) "<v:Antwoord>" inside "</v:Antwoord>"
#define CLIENT(inside) ANSWER("<v:Client>" inside "</v:Client>")
#define BSN_TAG "<v:Bsn>" RIG_BSN "</v:Bsn>"
#define NAME "<v:Naam>J</v:Naam>"
#define GOOD CLIENT(BSN_TAG NAME)
#define FAULT(code, text)                                                                \
	"<e:Fault><faultcode>" code "</faultcode><faultstring>" text                     \
	"</faultstring></e:Fault>"
#define FOUND RIG_BSN " persoon.naam=\"J\" gevonden"

struct row {
	const char *answer;
	const char *told;
};

static void
expect(uint32_t status, const char *type, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(rig_read(status, type, rows[i].answer), rows[i].told);
	}
}

static void
one_body_in_its_envelope(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{BODY(GOOD), FOUND},
		{IN(KP_NAMES_SOAP12, "<e:Header/><e:Body>" GOOD "</e:Body>"), FOUND},
		{IN(KP_NAMES_SOAP11, "<a:Body>" GOOD "</a:Body>"),
			"fout: the answer holds neither data nor a reason why there are "
			"none"},
		{IN(KP_NAMES_SOAP11,
			 "<a:Body>" GOOD "</a:Body><e:Body>" GOOD "</e:Body>"),
			FOUND},
		{IN(KP_NAMES_SOAP11,
			 "<b:Body xmlns:b=\"" KP_NAMES_SOAP12 "\">" GOOD "</b:Body>"),
			"fout: the answer holds neither data nor a reason why there are "
			"none"},
		{IN(KP_NAMES_SOAP11, "<e:Body>" GOOD "</e:Body><e:Body/>"),
			"fout: the envelope holds more than one body"},
		{IN("urn:other", "<e:Body>" GOOD "</e:Body>"),
			"fout: the answer is not a SOAP envelope"},
		{GOOD, "fout: the answer is not well-formed XML"},
	};
	expect(200, XML, rows, KP_ARRAY_LEN(rows));
}

static void
one_answer_in_its_body(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{BODY(GOOD GOOD), "fout: the body holds more than one element"},
		{BODY("<v:Anders>" NAME "</v:Anders>"),
			"fout: the body holds another element than the manifest reads"},
		{BODY("<a:Antwoord/>"),
			"fout: the answer is in another namespace than the manifest "
			"says"},
		{BODY(""),
			"fout: the answer holds neither data nor a reason why there "
			"are none"},
		{BODY(ANSWER("")),
			"fout: the answer holds neither data nor a reason why "
			"there are none"},
		{BODY(ANSWER("<v:Niets/>")), "nietsGevonden"},
		{BODY(ANSWER("<v:Niets/><v:Client>" BSN_TAG NAME "</v:Client>")), FOUND},
		{BODY(CLIENT("")),
			"fout: the answer holds neither data nor a reason why "
			"there are none"},
		{BODY(CLIENT(BSN_TAG)), RIG_BSN " gevonden"},
		{BODY(CLIENT(NAME)),
			"fout: the answer does not say whom it is about: nothing came at "
			"'response.subject'"},
		{BODY(CLIENT(BSN_TAG NAME "<v:Naam>K</v:Naam>")),
			RIG_BSN " !meerWaarden persoon.naam=\"J\" gevonden"},
		{BODY(CLIENT("<v:Bsn>999990019</v:Bsn>" NAME)),
			"fout: the gateway stopped reading"},
	};
	expect(200, XML, rows, KP_ARRAY_LEN(rows));
}

static void
values_that_are_not_given(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{BODY(CLIENT(BSN_TAG "<v:Naam x:nil=\"true\">J</v:Naam>")),
			RIG_BSN " gevonden"},
		{BODY(CLIENT(BSN_TAG "<v:Naam x:nil=\"1\">J</v:Naam>")),
			RIG_BSN " gevonden"},
		{BODY(CLIENT(BSN_TAG "<v:Naam x:nil=\"false\">J</v:Naam>")), FOUND},
		{BODY(CLIENT(BSN_TAG "<v:Naam nil=\"true\">J</v:Naam>")), FOUND},
		{BODY(CLIENT(BSN_TAG "<v:Naam s:noValue=\"geenWaarde\"/>")),
			RIG_BSN " gevonden"},
		{BODY(CLIENT(BSN_TAG "<v:Naam s:noValue=\"nietGeautoriseerd\"/>")),
			RIG_BSN " !nietGeautoriseerd gevonden"},
	};
	expect(200, XML, rows, KP_ARRAY_LEN(rows));
}

static void
faults_say_what_the_manifest_says(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{BODY(FAULT("e:Server", "Weg")), "nietBereikt"},
		{BODY(FAULT("e:Weg.nu", "x")), "nietBereikt"},
		{BODY(FAULT("e:Server", "Mag niet: x")), "nietGerechtigd"},
		{BODY(FAULT("e:Server", "wat anders")), "fout"},
		{BODY(FAULT("e:Server", "Policy Falsified")), "nietBereikt"},
		/* And then the data are none. */
		{BODY(FAULT("e:Server", "Weg") GOOD),
			RIG_BSN " persoon.naam=\"J\" nietBereikt"},
		/* Another's Fault is another element. */
		{BODY("<a:Fault/>"),
			"fout: the body holds another element than the manifest reads"},
	};
	static const struct row errors[] = {
		{BODY(FAULT("e:Server", "Mag niet")), "nietGerechtigd"},
		{BODY(FAULT("e:Server", "wat anders")), "nietBereikt"},
		{BODY(GOOD), "nietBereikt"},
		{"<html>", "nietBereikt"},
		{"weg", "nietBereikt"},
	};
	expect(200, XML, rows, KP_ARRAY_LEN(rows));
	expect(503, XML, errors, KP_ARRAY_LEN(errors));
}

static void
other_kinds_of_content(void **state)
{
	(void)state;
	static const char wrong[] = "fout: the answer is not XML by its content type";
	assert_string_equal(rig_read(200, "application/soap+xml", BODY(GOOD)), FOUND);
	assert_string_equal(rig_read(200, "application/xml", BODY(GOOD)), FOUND);
	assert_string_equal(rig_read(200, "text/html", BODY(GOOD)), wrong);
	assert_string_equal(rig_read(200, "", BODY(GOOD)), wrong);
	assert_string_equal(rig_read(404, "text/html", "<html>"), "nietsGevonden");
}

/* Not a byte of it is told before its end, when its signature is looked at. */
static void
what_must_be_signed_is_held(void **state)
{
	(void)state;
	static char text[KP_VERIFYING_BYTES_MAX + 2];
	rig_close();
	rig_open("soap", MANIFEST(",\"verify\":{\"anchor_file\":\"a.pem\"}"));
	assert_string_equal(rig_read(200, XML, BODY(GOOD)),
		"fout: the gateway cannot verify signatures");
	assert_false(rig.told);
	memset(text, ' ', sizeof(text) - 1);
	memcpy(text, BODY(GOOD), sizeof(BODY(GOOD)) - 1);
	assert_string_equal(rig_read(200, XML, text),
		"fout: the answer is longer than one that is verified may be");
	assert_false(rig.told);
	text[KP_VERIFYING_BYTES_MAX] = '\0';
	assert_string_equal(
		rig_read(200, XML, text), "fout: the gateway cannot verify signatures");
	/* An error says enough, and no more than that. */
	assert_string_equal(rig_read(503, XML, BODY(FAULT("e:Server", "Mag niet"))),
		"nietGerechtigd");
	assert_string_equal(rig_read(503, XML, BODY(GOOD)), "nietBereikt");
}

static int
set_up(void **state)
{
	(void)state;
	rig_open("soap", MANIFEST(""));
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
		cmocka_unit_test(one_body_in_its_envelope),
		cmocka_unit_test(one_answer_in_its_body),
		cmocka_unit_test(values_that_are_not_given),
		cmocka_unit_test(faults_say_what_the_manifest_says),
		cmocka_unit_test(other_kinds_of_content),
		cmocka_unit_test(what_must_be_signed_is_held),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
