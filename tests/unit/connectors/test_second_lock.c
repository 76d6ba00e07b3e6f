/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * What stands behind the guard of the soap connector: a document type that the guard did
 * not see is refused by what reads the answer, too. The guard is one that sees nothing
 * here (--wrap in CMakeLists.txt).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "connectors/soap/names.h"
#include "connectors/soap/verifying.h"
#include "connectors/soap/xml.h"

#define DOCUMENT_TYPE "<!DOCTYPE e [<!ENTITY x 'twee'>]>"
#define REST "<e:Envelope xmlns:e=\"" KP_NAMES_SOAP11 "\">een&x;</e:Envelope>"
#define REFUSED "a document type declaration is not allowed"

const char *__wrap_kp_guard_push(struct kp_guard *guard, struct kp_slice bytes);

const char *
__wrap_kp_guard_push(struct kp_guard *guard, struct kp_slice bytes)
{
	(void)guard;
	(void)bytes;
	return NULL;
}

static unsigned told;

static bool
on_open(void *context, struct kp_slice name, struct kp_slice space,
	const struct kp_xml_attribute *attributes, unsigned attribute_count)
{
	(void)context;
	(void)name;
	(void)space;
	(void)attributes;
	(void)attribute_count;
	told++;
	return true;
}

static bool
on_text(void *context, struct kp_slice text)
{
	(void)context;
	(void)text;
	told++;
	return true;
}

static bool
on_close(void *context)
{
	(void)context;
	told++;
	return true;
}

static const char *
read_xml(struct kp_slice answer)
{
	static const struct kp_xml_events events = {on_open, on_text, on_close};
	struct kp_xml xml;
	told = 0;
	assert_true(kp_xml_init(&xml, &events, NULL));
	const char *fault = kp_xml_push(&xml, answer);
	fault = fault == NULL ? kp_xml_finish(&xml) : fault;
	kp_xml_deinit(&xml);
	return fault;
}

static void
the_reader_takes_no_document_type(void **state)
{
	(void)state;
	const char *fault = read_xml(KP_SLICE(DOCUMENT_TYPE REST));
	assert_non_null(fault);
	assert_string_equal(fault, REFUSED);
	assert_int_equal(told, 0);
	/* Not for its first element, which it knows. */
	fault = read_xml(KP_SLICE("<e:Envelope xmlns:e=\"" KP_NAMES_SOAP11 "\"/>"));
	assert_null(fault);
	assert_int_equal(told, 2);
}

static bool
no_digest(void *context, struct kp_text bytes, unsigned char *ret_digest)
{
	(void)context;
	(void)bytes;
	(void)ret_digest;
	return false;
}

static const char *
no_signature(void *context, const struct kp_signature *signature)
{
	(void)context;
	(void)signature;
	return "no signature is looked at here";
}

static void
nor_does_what_verifies(void **state)
{
	(void)state;
	struct kp_arena arena;
	const struct kp_manifest_soap soap = {.verify = true};
	const struct kp_need need = {.size = sizeof(need)};
	const struct kp_call_host host = {.size = sizeof(host),
		.sha256 = no_digest,
		.sha1 = no_digest,
		.verify = no_signature};
	kp_arena_init(&arena, (size_t)1 << 20, NULL);
	const char *fault = kp_verifying_check(
		&soap, &host, &need, KP_SLICE(DOCUMENT_TYPE REST), &arena);
	kp_arena_deinit(&arena);
	assert_non_null(fault);
	assert_string_equal(fault, REFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reader_takes_no_document_type),
		cmocka_unit_test(nor_does_what_verifies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
