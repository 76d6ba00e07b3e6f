/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* hostile: answers that are wrong, changed, too deep or too large are no finding. */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void
wrong_type_and_status_are_no_finding(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	uint32_t statuses[] = {204, 301, 302, 304, 400, 401, 403, 404, 418, 429, 500, 502,
		503, 504, 599};
	struct feeding feeding = plain;
	if (bench->connector->transport != KP_TRANSPORT_HTTP) {
		return;
	}
	feeding.bytes = bench->good;
	feeding.type = "text/html";
	run_call(bench, &feeding, &trial);
	assert_int_equal(trial.verdict, KP_FAIL);
	feeding.type = "";
	run_call(bench, &feeding, &trial);
	assert_int_equal(trial.verdict, KP_FAIL);
	feeding.type = NULL;
	for (size_t i = 0; i < KP_ARRAY_LEN(statuses); i++) {
		feeding.status = statuses[i];
		run_call(bench, &feeding, &trial);
		assert_false(was_found(&trial));
		bool nothing = trial.ended && trial.outcome == KP_NOTHING_FOUND;
		assert_true(!nothing || statuses[i] == 204);
		assert_int_equal(trial.values.len, 0);
	}
}

/* Each byte of a good answer replaced, one at a time: nothing may crash, and the checks
 * in the sink hold. */
void
changed_bytes_do_no_harm(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	static const unsigned char bytes[] = {
		0x00, 0xff, 0xc3, '"', '{', '[', ']', '}', '\\', '9', '\n', ';', '-'};
	char *copy = kp_arena_bytes(&bench->arena, bench->good.len);
	assert_non_null(copy);
	struct feeding feeding = plain;
	feeding.bytes = (struct kp_slice){copy, bench->good.len};
	for (size_t i = 0; i < bench->good.len; i++) {
		for (size_t j = 0; j < sizeof(bytes); j++) {
			memcpy(copy, bench->good.data, bench->good.len);
			copy[i] = (char)bytes[j];
			run_call(bench, &feeding, &trial);
		}
	}
}

#define SOAP(body)                                                                       \
	"<s:Envelope "                                                                   \
	"xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>" body            \
	"</s:Body></s:Envelope>"
#define PERSON(inside)                                                                   \
	SOAP("<d:PersoonInfoResponse xmlns:d=\"urn:proef:dienst\">" inside               \
	     "</d:PersoonInfoResponse>")
#define OURS "<Client><Burgerservicenr>999993653</Burgerservicenr></Client>"

/* Text that every connector for JSON or XML must refuse; for the others it is just
 * rubbish. */
void
hostile_answers_are_no_finding(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	static const char *const answers[] = {
		"{\"personen\":[{\"bsn\":\"999993653\",\"bsn\":\"999993653\"}]}",
		"{\"personen\":[{\"bsn\":\"999993653\",\"naam\":{\"voluit\":\"\xc3\x28\"}"
		"}]}",
		"{\"personen\":[{\"bsn\":\"999993653\",\"naam\":\"\\ud800\"}]}",
		"{\"personen\":{\"bsn\":\"999993653\"}}",
		"{\"personen\":\"999993653\"}",
		"{\"personen\":[\"999993653\"]}",
		"{\"personen\":[[{\"bsn\":\"999993653\"}]]}",
		"{\"personen\":[{\"bsn\":{\"nummer\":\"999993653\"}}]}",
		"{\"personen\":[{\"bsn\":[\"999993653\"]}]}",
		"{\"personen\":[{\"bsn\":null}]}",
		"{\"personen\":[{\"bsn\":true}]}",
		"{\"personen\":[{\"bsn\":\"999993653\",\"uitkeringen\":{}}]}",
		"{\"personen\":[{\"bsn\":\"999993653\",\"uitkeringen\":[1]}]}",
		"{\"personen\":[{\"bsn\":\"999993653\"},{\"bsn\":\"999990019\"}]}",
		"{\"personen\":[{\"naam\":{\"voluit\":\"Zonder Nummer\"}}]}",
		"{\"personen\":[{\"bsn\":\"999993653\"}]} {}",
		"[{\"bsn\":\"999993653\"}]",
		"\"999993653\"",
		"<html><body>Inloggen</body></html>",
		"\xef\xbb\xbf{\"personen\":[]}",
		"<!DOCTYPE a [<!ENTITY e \"999993653\">]>" PERSON(
			"<Client><Burgerservicenr>&e;</Burgerservicenr></Client>"),
		"<?xml version=\"1.0\"?><!DOCTYPE a SYSTEM "
		"\"file:///etc/passwd\">" PERSON(OURS),
		"<?xml version=\"1.0\"?><?php echo 1?>" PERSON(OURS),
		"\xff\xfe<\0?\0",
		PERSON("<Client><Burgerservicenr>&e;</Burgerservicenr></Client>"),
		PERSON("<Client><Naam>Zonder Nummer</Naam></Client>"),
		PERSON("<Client><Burgerservicenr><n>999993653</n></Burgerservicenr></"
		       "Client>"),
		PERSON(OURS
			"<Client><Burgerservicenr>999990019</Burgerservicenr></Client>"),
		PERSON("<Client/>"),
		PERSON("<Ander>" OURS "</Ander>"),
		PERSON(OURS) "<a/>",
		PERSON(OURS "\xc3\x28"),
		SOAP(PERSON(OURS)),
		SOAP(OURS),
		SOAP(""),
		OURS,
		SOAP("<PersoonInfoResponse xmlns=\"urn:ander\">" OURS
		     "</PersoonInfoResponse>"),
		PERSON("<Client><Burgerservicenr xmlns:x=\"http://www.w3.org/2001/"
		       "XMLSchema-instance\" x:nil=\"true\">999993653</Burgerservicenr>"
		       "</Client>"),
		SOAP("<s:Fault><faultcode>s:Server</faultcode><faultstring>Policy "
		     "Falsified</faultstring></s:Fault>"),
	};
	struct feeding feeding = plain;
	for (size_t i = 0; i < KP_ARRAY_LEN(answers); i++) {
		feeding.bytes = kp_slice_from(answers[i]);
		for (feeding.piece = 0; feeding.piece < 3; feeding.piece++) {
			run_call(bench, &feeding, &trial);
			assert_false(was_found(&trial));
		}
	}
}

static struct kp_slice
repeated(struct bench *bench, const char *head, const char *part, size_t count,
	const char *tail)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &bench->arena, TEXT_BYTES_MAX);
	kp_buffer_add(&buffer, head, strlen(head));
	for (size_t i = 0; i < count; i++) {
		kp_buffer_add(&buffer, part, strlen(part));
	}
	kp_buffer_add(&buffer, tail, strlen(tail));
	assert_false(buffer.failed);
	return kp_buffer_slice(&buffer);
}

void
deep_and_huge_answers_end(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	feeding.piece = 16384;
	feeding.bytes = repeated(bench, "", "[", 100000, "");
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	feeding.bytes = repeated(bench, "{\"x\":", "{\"x\":", 100000, "1");
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	feeding.bytes = repeated(bench, "{\"personen\":[{\"bsn\":\"999993653\",\"x\":\"",
		"aaaaaaaaaa", 400000, "\"}]}");
	run_call(bench, &feeding, &trial);
	feeding.bytes = repeated(bench,
		"{\"personen\":[{\"bsn\":\"999993653\",\"uitkeringen\":[{}",
		",{\"wet\":\"PW\"}", 100000, "]}]}");
	run_call(bench, &feeding, &trial);
	feeding.bytes = repeated(bench, "", "<a>", 100000, "");
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	feeding.bytes = repeated(bench, "<a x=\"", "aaaaaaaaaa", 400000, "\"/>");
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	feeding.bytes = repeated(bench, "<!--", "aaaaaaaaaa", 400000, "-->" PERSON(OURS));
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	feeding.bytes = repeated(bench,
		"<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/"
		"envelope/\"><s:Body><d:PersoonInfoResponse "
		"xmlns:d=\"urn:proef:dienst\"><Client>"
		"<Naam>",
		"aaaaaaaaaa", 400000,
		"</Naam></Client></d:PersoonInfoResponse></s:Body>"
		"</s:Envelope>");
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	feeding.bytes = repeated(bench, "", "999993653;", 100000, "\n");
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
}
