/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * verifying: every way in which a signed answer may not be what its signature is over,
 * one at a time. Digests are all alike here and signatures right as far as their host
 * says, so that what is refused is refused for its shape. With real keys:
 * tests/conformance/test_signatures.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/parser.h>

#include "connectors/soap/names.h"
#include "connectors/soap/verifying.h"

#define ROOM ((size_t)1 << 17)
/* As often 'D' as the digests have bytes, and once more. */
#define D30 "RERERERERERERERERERERERERERERERERERERERE"
#define DIGEST D30 "REQ="
#define DIGEST_SHA1                                                                      \
	"RERERERERERERERERERERERE"                                                       \
	"REQ="
#define TRANSFORM "<ds:Transform Algorithm=\"" KP_NAMES_EXCLUSIVE "\"/>"
#define CANONICALISATION                                                                 \
	"<ds:CanonicalizationMethod Algorithm=\"" KP_NAMES_EXCLUSIVE "\"/>"
#define REFERENCE(id)                                                                    \
	"<ds:Reference URI=\"#" id "\"><ds:Transforms>" TRANSFORM                        \
	"</ds:Transforms><ds:DigestMethod Algorithm=\"" KP_NAMES_SHA256                  \
	"\"/><ds:DigestValue>" DIGEST "</ds:DigestValue></ds:Reference>"
#define TOKEN "<wsse:BinarySecurityToken wsu:Id=\"c\">Y2VydA==</wsse:BinarySecurityToken>"
#define BODY                                                                             \
	"<e:Body wsu:Id=\"b\"><v:x xmlns:v=\"urn:v\" wsu:Id=\"i\">waarde</v:x></e:Body>"

static const char good[] =
	"<e:Envelope xmlns:e=\"" KP_NAMES_SOAP11 "\" xmlns:wsse=\"" KP_NAMES_WSSE
	"\" xmlns:wsu=\"" KP_NAMES_WSU "\" xmlns:ds=\"" KP_NAMES_DS
	"\"><e:Header><wsse:Security><wsu:Timestamp wsu:Id=\"t\">"
	"<wsu:Created>2026-01-01T12:00:00Z</wsu:Created>"
	"<wsu:Expires>2026-01-01T12:00:00Z</wsu:Expires></wsu:Timestamp>" TOKEN
	"<ds:Signature><ds:SignedInfo>" CANONICALISATION
	"<ds:SignatureMethod Algorithm=\"" KP_NAMES_RSA_SHA256
	"\"/>" REFERENCE("b") REFERENCE("t")
		REFERENCE("o") "</ds:SignedInfo><ds:SignatureValue>aGFuZA==</"
			       "ds:SignatureValue><ds:KeyInfo>"
			       "<wsse:SecurityTokenReference><wsse:Reference URI=\"#c\"/>"
			       "</wsse:SecurityTokenReference></ds:KeyInfo></"
			       "ds:Signature></wsse:Security>"
			       "<h:Andere xmlns:h=\"urn:h\" "
			       "wsu:Id=\"o\"><h:in/></h:Andere></e:Header>" BODY
			       "</e:Envelope>";

/* What the host was asked. */
static struct {
	unsigned digests;
	bool body_digested; /* with its value in it */
	enum kp_signing kind;
	const char *refusal; /* what it says of the signature */
} asked;

static bool
digest_of(void *context, struct kp_text bytes, unsigned char ret_digest[32])
{
	(void)context;
	memset(ret_digest, 'D', 32);
	asked.digests++;
	asked.body_digested = asked.body_digested ||
		memmem(bytes.data, bytes.len, ">waarde</v:x>", 13) != NULL;
	return true;
}

static bool
sha1_of(void *context, struct kp_text bytes, unsigned char ret_digest[20])
{
	(void)context;
	(void)bytes;
	memset(ret_digest, 'D', 20);
	return true;
}

static const char *
verify(void *context, const struct kp_signature *signature)
{
	(void)context;
	assert_memory_equal(signature->certificate.data, "cert", 4);
	assert_memory_equal(signature->signature.data, "hand", 4);
	asked.kind = signature->kind;
	return asked.refusal;
}

static struct kp_manifest_soap soap;
static struct kp_call_host host;
static const char *now;

static int
set_up(void **state)
{
	(void)state;
	memset(&asked, 0, sizeof(asked));
	soap = (struct kp_manifest_soap){.verify = true};
	host = (struct kp_call_host){.size = sizeof(host),
		.sha256 = digest_of,
		.sha1 = sha1_of,
		.verify = verify};
	now = "2026-01-01T12:00:00Z";
	return 0;
}

static void
expect(const char *answer, const char *fault)
{
	struct kp_arena arena;
	struct kp_need need = {.size = sizeof(need), .now = {now, strlen(now)}};
	kp_arena_init(&arena, (size_t)16 << 20, NULL);
	const char *found =
		kp_verifying_check(&soap, &host, &need, kp_slice_from(answer), &arena);
	kp_arena_deinit(&arena);
	assert_string_equal(found == NULL ? "" : found, fault);
}

/* The good one with another text in place of the first `old`. */
static const char *
with(const char *old, const char *new)
{
	static char text[ROOM];
	const char *at = strstr(good, old);
	assert_non_null(at);
	int len = snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, new,
		at + strlen(old));
	assert_true(len > 0 && (size_t)len < sizeof(text));
	return text;
}

static void
a_good_one_is_believed(void **state)
{
	(void)state;
	expect(good, "");
	assert_int_equal(asked.digests, 3);
	assert_true(asked.body_digested);
	assert_int_equal(asked.kind, KP_SIGNING_RSA);
	expect(with(KP_NAMES_RSA_SHA256, KP_NAMES_ECDSA_SHA256), "");
	assert_int_equal(asked.kind, KP_SIGNING_ECDSA);
	/* Other ids than those that are signed are nobody's business. */
	expect(with("<h:in/>", "<h:in wsu:Id=\"d\"/>"), "");
	expect(with("wsu:Id=\"i\"", "wsu:Id=\"o\""), "");
	asked.refusal = "the certificate is not trusted";
	expect(good, asked.refusal);
}

struct replaced {
	const char *old;
	const char *new;
};

static void
expect_all(const char *fault, const struct replaced *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		expect(with(cases[i].old, cases[i].new), fault);
	}
}

static void
one_of_everything(void **state)
{
	(void)state;
	static const struct replaced parts[] = {
		{BODY, BODY BODY},
		{BODY, ""},
		{"<wsse:Security>", "<wsse:Security/><wsse:Security>"},
		{"<wsu:Timestamp", "<wsu:Timestamp/><wsu:Timestamp"},
		{"<ds:Signature>", "<ds:Signature/><ds:Signature>"},
		{"<ds:SignedInfo>", "<ds:SignedInfo/><ds:SignedInfo>"},
	};
	static const struct replaced ids[] = {
		{"wsu:Id=\"o\"", "wsu:Id=\"b\""},
		{"wsu:Id=\"o\"", "ID=\"b\""},
		{"<h:in/>", "<h:in id=\"b\"/>"},
	};
	static const struct replaced transforms[] = {
		{TRANSFORM, ""},
		{TRANSFORM, TRANSFORM TRANSFORM},
		{TRANSFORM, "<ds:Transform Algorithm=\"urn:other\"/>"},
	};
	static const struct replaced canonicalisations[] = {
		{CANONICALISATION, ""},
		{CANONICALISATION, CANONICALISATION CANONICALISATION},
		{KP_NAMES_EXCLUSIVE, "urn:other"},
	};
	expect(with(KP_NAMES_SOAP11, "urn:other"), "the answer is not a SOAP envelope");
	expect_all("the answer is not signed", parts, KP_ARRAY_LEN(parts));
	expect_all("the answer holds an id twice", ids, KP_ARRAY_LEN(ids));
	expect_all("the signature uses a transform that is not allowed", transforms,
		KP_ARRAY_LEN(transforms));
	expect_all("the signature is not in exclusive canonical form", canonicalisations,
		KP_ARRAY_LEN(canonicalisations));
}

static void
what_is_signed_stands_where_it_is_read(void **state)
{
	(void)state;
	static const struct replaced absent[] = {
		{"\"#b\"", "\"#none\""},
		{"\"#o\"", "\"#i\""}, /* what is in the body is the partner's own */
		{BODY, "<e:Body wsu:Id=\"other\"/>"},
	};
	static const struct replaced outside[] = {
		{"\"#b\"", "\"b\""}, {"\"#b\"", "\"#\""}, {"\"#b\"", "\"\""}};
	static const struct replaced uncovered[] = {
		{REFERENCE("b"), ""}, {REFERENCE("t"), ""}};
	expect_all("the signature refers to what is not there", absent,
		KP_ARRAY_LEN(absent));
	expect_all("the signature refers to something outside the answer", outside,
		KP_ARRAY_LEN(outside));
	expect_all("the signature does not cover the body and the timestamp", uncovered,
		KP_ARRAY_LEN(uncovered));
	/* The signed body is in the header, and another stands at its place. */
	expect(with("wsu:Id=\"o\"><h:in/></h:Andere></e:Header>" BODY,
		       "wsu:Id=\"o\">" BODY "</h:Andere></e:Header><e:Body/>"),
		"the signature is over something that is not at its place");
}

static void
what_was_signed_was_not_changed(void **state)
{
	(void)state;
	static const struct replaced changed[] = {
		{DIGEST, ""},
		{DIGEST, "."},
		{DIGEST, D30},
		{DIGEST, DIGEST_SHA1},
		{DIGEST, D30 "RERE"},
		{DIGEST, D30 "REU="},
		{DIGEST, "S" D30},
	};
	static const struct replaced certificates[] = {
		{"aGFuZA==", ""},
		{"aGFuZA==", "a.b"},
		{"\"#c\"", "\"c\""},
		{"\"#c\"", "\"#o\""},
		{"\"#c\"", "\"#none\""},
		{"Y2VydA==", ""},
		{"wsse:BinarySecurityToken wsu:Id=\"c\">Y2VydA==</wsse:"
		 "BinarySecurityToken",
			"wsse:Other wsu:Id=\"c\">Y2VydA==</wsse:Other"},
		{TOKEN, "<wsse:In>" TOKEN "</wsse:In>"},
	};
	expect_all("what was signed was changed", changed, KP_ARRAY_LEN(changed));
	expect_all("the signature or its certificate is not where it should be",
		certificates, KP_ARRAY_LEN(certificates));
}

static void
sha1_when_the_manifest_says_so(void **state)
{
	(void)state;
	static const char digest[] =
		KP_NAMES_SHA256 "\"/><ds:DigestValue>" DIGEST "</ds:DigestValue>";
	static const char with_sha1[] =
		KP_NAMES_SHA1 "\"/><ds:DigestValue>" DIGEST_SHA1 "</ds:DigestValue>";
	expect(with(digest, with_sha1),
		"the signature uses a digest that is not allowed");
	expect(with(KP_NAMES_SHA256, "urn:other"),
		"the signature uses a digest that is not allowed");
	expect(with(KP_NAMES_RSA_SHA256, KP_NAMES_RSA_SHA1),
		"the answer is signed in a way that is not allowed");
	expect(with(KP_NAMES_RSA_SHA256, "urn:other"),
		"the answer is signed in a way that is not allowed");
	soap.verify_sha1 = true;
	expect(with(digest, with_sha1), "");
	expect(with(KP_NAMES_SHA256, KP_NAMES_SHA1), "what was signed was changed");
	expect(with(KP_NAMES_RSA_SHA256, KP_NAMES_RSA_SHA1), "");
	assert_int_equal(asked.kind, KP_SIGNING_RSA_SHA1);
}

static void
a_minute_before_and_after(void **state)
{
	(void)state;
	static const char not_now[] = "the timestamp of the answer is not of now";
	static const struct replaced unreadable[] = {
		{"12:00:00Z</wsu:Created>", "12:00Z</wsu:Created>"},
		{"12:00:00Z</wsu:Expires>", "12:00:00</wsu:Expires>"},
		{"<wsu:Created>2026-01-01T12:00:00Z</wsu:Created>", ""},
	};
	now = "2026-01-01T11:59:00Z";
	expect(good, "");
	now = "2026-01-01T11:58:59Z";
	expect(good, not_now);
	now = "2026-01-01T12:01:00Z";
	expect(good, "");
	now = "2026-01-01T12:01:01Z";
	expect(good, not_now);
	expect_all("the timestamp of the answer cannot be read", unreadable,
		KP_ARRAY_LEN(unreadable));
}

/* `count` times a text with a number in it. */
static const char *
many(const char *before, const char *after, unsigned count)
{
	static char text[ROOM];
	size_t len = 0;
	for (unsigned i = 0; i < count; i++) {
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s%u%s", before, i, after);
		assert_true(len < sizeof(text));
	}
	return text;
}

static void
limits_hold(void **state)
{
	(void)state;
	/* Four ids are there, and three references. */
	expect(with("<h:in/>", many("<h:in id=\"n", "\"/>", KP_VERIFYING_IDS_MAX - 4)),
		"");
	expect(with("<h:in/>", many("<h:in id=\"n", "\"/>", KP_VERIFYING_IDS_MAX - 3)),
		"the answer holds more ids than allowed");
	static const char another[] = "</ds:SignedInfo>";
	const char *references = many("<!--", "-->" REFERENCE("o"), 29);
	static char text[ROOM];
	(void)snprintf(text, sizeof(text), "%s%s", references, another);
	expect(with(another, text), "");
	(void)snprintf(text, sizeof(text), "%s%s%s", references, REFERENCE("o"), another);
	expect(with(another, text), "the signature refers to more than allowed");
	static const char list[] =
		"<ds:Transform Algorithm=\"" KP_NAMES_EXCLUSIVE
		"\"><p:InclusiveNamespaces xmlns:p=\"" KP_NAMES_EXCLUSIVE
		"\" PrefixList=\"%s\"/></ds:Transform>";
	(void)snprintf(text, sizeof(text), list, many("n", " ", 31));
	expect(with(TRANSFORM, text), "");
	(void)snprintf(text, sizeof(text), list, many("n", " ", 32));
	expect(with(TRANSFORM, text), "what was signed has no canonical form");
}

static void
elements_are_nested_so_deep(void **state)
{
	(void)state;
	/* The envelope is at 0, h:Andere at 2. */
	for (unsigned depth = 62; depth <= 63; depth++) {
		char text[ROOM / 4];
		size_t len = 0;
		for (unsigned i = 0; i < depth; i++) {
			len += (size_t)snprintf(text + len, sizeof(text) - len, "<h:in>");
		}
		for (unsigned i = 0; i < depth; i++) {
			len += (size_t)snprintf(
				text + len, sizeof(text) - len, "</h:in>");
		}
		expect(with("<h:in/>", text),
			depth == 62 ? "" : "elements are nested deeper than allowed");
	}
}

static void
a_host_that_cannot(void **state)
{
	(void)state;
	static const char cannot[] = "the gateway cannot verify signatures";
	host.verify = NULL;
	expect(good, cannot);
	(void)set_up(state);
	host.sha256 = NULL;
	expect(good, cannot);
	(void)set_up(state);
	host.sha1 = NULL;
	expect(good, cannot);
	(void)set_up(state);
	host.size = offsetof(struct kp_call_host, verify);
	expect(good, cannot);
}

int
main(void)
{
	xmlInitParser();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_good_one_is_believed, set_up),
		cmocka_unit_test_setup(one_of_everything, set_up),
		cmocka_unit_test_setup(what_is_signed_stands_where_it_is_read, set_up),
		cmocka_unit_test_setup(what_was_signed_was_not_changed, set_up),
		cmocka_unit_test_setup(sha1_when_the_manifest_says_so, set_up),
		cmocka_unit_test_setup(a_minute_before_and_after, set_up),
		cmocka_unit_test_setup(limits_hold, set_up),
		cmocka_unit_test_setup(elements_are_nested_so_deep, set_up),
		cmocka_unit_test_setup(a_host_that_cannot, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
