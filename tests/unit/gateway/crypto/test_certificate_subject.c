/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_certificate_subject: names as an authority writes them, and as somebody does who
 * wants to be taken for another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509.h>

#include "crypto/certificate_subject.h"

#define OIN "00000001830000001000"
#define UTF8 "\x0c"
#define PRINTABLE "\x13"

/* An attribute 2.5.4.`type` in a set of its own. */
struct part {
	unsigned char type;
	const char *tag;
	const char *text;
};

static size_t
put(unsigned char *to, const struct part *part)
{
	size_t len = strlen(part->text);
	unsigned char head[] = {0x31, (unsigned char)(len + 9), 0x30,
		(unsigned char)(len + 7), 0x06, 3, 0x55, 4, part->type,
		(unsigned char)part->tag[0], (unsigned char)len};
	memcpy(to, head, sizeof(head));
	memcpy(to + sizeof(head), part->text, len);
	return sizeof(head) + len;
}

static enum kp_status
parse(const struct part *parts, size_t count, struct kp_certificate_subject *ret_subject)
{
	static unsigned char der[1024];
	size_t len = 2;
	for (size_t i = 0; i < count; i++) {
		len += put(der + len, &parts[i]);
	}
	assert_true(len - 2 < 0x80);
	der[0] = 0x30;
	der[1] = (unsigned char)(len - 2);
	return kp_certificate_subject_parse(
		(struct kp_slice){(const char *)der, len}, ret_subject);
}

static void
an_ordinary_subject(void **state)
{
	(void)state;
	const struct part parts[] = {{6, PRINTABLE, "NL"},
		{10, UTF8,
			"Gemeente S\xc3\xba"
			"dermar"},
		{3, UTF8, "poort"}, {5, PRINTABLE, OIN}};
	struct kp_certificate_subject subject;
	assert_int_equal(parse(parts, 4, &subject), KP_OK);
	assert_true(kp_slice_is(subject.oin, OIN));
	assert_true(kp_slice_is(subject.organisation,
		"Gemeente S\xc3\xba"
		"dermar"));
	assert_true(kp_slice_is(subject.common_name, "poort"));
}

static void
a_serial_number_may_be_something_else(void **state)
{
	(void)state;
	static const char *const others[] = {"0000000183000000100",
		"000000018300000010000", "0000000183000000100X", "1"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct part part = {5, PRINTABLE, others[i]};
		struct kp_certificate_subject subject;
		assert_int_equal(parse(&part, 1, &subject), KP_OK);
		assert_int_equal(subject.oin.len, 0);
	}
}

static void
what_can_be_read_in_two_ways_is_refused(void **state)
{
	(void)state;
	static const struct part wrong[][2] = {
		{{5, PRINTABLE, OIN}, {5, PRINTABLE, "00000001830000002000"}},
		{{5, PRINTABLE, OIN}, {5, PRINTABLE, OIN}},
		{{5, PRINTABLE, "1"}, {5, PRINTABLE, OIN}},
		{{10, UTF8, "een"}, {10, UTF8, "ander"}},
		{{5, UTF8, " " OIN}, {6, UTF8, "NL"}},
		{{10, UTF8, "een\nander"}, {6, UTF8, "NL"}},
		{{10, UTF8, "\xc3\x28"}, {6, UTF8, "NL"}},
		{{10, UTF8, ""}, {6, UTF8, "NL"}},
		{{10, "\x14", "T61"}, {6, UTF8, "NL"}},
		{{10, "\x1e", "BMP"}, {6, UTF8, "NL"}},
		{{10, PRINTABLE, "a@b"}, {6, UTF8, "NL"}},
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct kp_certificate_subject subject = {0};
		assert_int_equal(parse(wrong[i], 2, &subject), KP_E_INVALID);
		assert_null(subject.oin.data);
	}
}

/* Two attributes in one set are two attributes. */
static void
hiding_in_a_set_does_not_help(void **state)
{
	(void)state;
	static const char der[] = "\x30\x28\x31\x26"
				  "\x30\x08\x06\x03\x55\x04\x05\x13\x01"
				  "1"
				  "\x30\x1a\x06\x03\x55\x04\x05\x13\x13"
				  "0000000183000000100";
	struct kp_certificate_subject subject;
	assert_int_equal(kp_certificate_subject_parse(
				 (struct kp_slice){der, sizeof(der) - 1}, &subject),
		KP_E_INVALID);
}

static void
lengths_have_one_form(void **state)
{
	(void)state;
	static const struct {
		const char *der;
		size_t len;
	} wrong[] = {
		{"", 0},
		{"\x30", 1},
		{"\x30\x80\x00\x00", 4},     /* indefinite */
		{"\x30\x81\x00", 3},         /* long form of a short length */
		{"\x30\x82\x00\x00", 4},     /* the same */
		{"\x30\x83\x00\x00\x00", 5}, /* longer than any subject */
		{"\x30\x02\x31\x00", 4},     /* an empty set */
		{"\x30\x01", 2},             /* cut */
		{"\x30\x00\x00", 3},         /* more behind it */
		{"\x3f\x00", 2},             /* a long tag */
		{"\x31\x00", 2},             /* no sequence */
		{"\x30\x06\x31\x04\x30\x02\x06\x00", 8},
	};
	struct kp_certificate_subject subject;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(
			kp_certificate_subject_parse(
				(struct kp_slice){wrong[i].der, wrong[i].len}, &subject),
			KP_E_INVALID);
	}
	assert_int_equal(
		kp_certificate_subject_parse((struct kp_slice){"\x30\x00", 2}, &subject),
		KP_OK);
	assert_int_equal(subject.oin.len + subject.organisation.len, 0);
}

/* libcrypto writes it, we read it: every length of a name up to the bound and past it. */
static void
libcrypto_writes_what_we_read(void **state)
{
	(void)state;
	for (int len = 1; len <= 300; len++) {
		unsigned char text[300];
		unsigned char *der = NULL;
		X509_NAME *name = X509_NAME_new();
		struct kp_certificate_subject subject = {0};
		memset(text, 'o', sizeof(text));
		X509_NAME_ENTRY *entry = X509_NAME_ENTRY_create_by_NID(
			NULL, NID_organizationName, V_ASN1_UTF8STRING, text, len);
		assert_int_equal(X509_NAME_add_entry(name, entry, -1, 0), 1);
		int size = i2d_X509_NAME(name, &der);
		assert_true(size > 0);
		enum kp_status status = kp_certificate_subject_parse(
			(struct kp_slice){(const char *)der, (size_t)size}, &subject);
		assert_int_equal(status,
			(size_t)len <= KP_SUBJECT_TEXT_BYTES_MAX ? KP_OK : KP_E_INVALID);
		assert_int_equal(subject.organisation.len, status == KP_OK ? len : 0);
		OPENSSL_free(der);
		X509_NAME_ENTRY_free(entry);
		X509_NAME_free(name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ordinary_subject),
		cmocka_unit_test(a_serial_number_may_be_something_else),
		cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
		cmocka_unit_test(hiding_in_a_set_does_not_help),
		cmocka_unit_test(lengths_have_one_form),
		cmocka_unit_test(libcrypto_writes_what_we_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
