/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* signing: see signing.h. */
#include "connectors/soap/signing.h"

#include <string.h>
#include <time.h>

#include "connectors/fault.h"
#include "connectors/soap/names.h"
#include "connectors/template_escape.h"
#include "connectors/text.h"
#include "connectors/value.h"
#include "core/encode.h"

#define TIMESTAMP_ID "timestamp"
#define TOKEN_ID "token"
#define USERNAME_ID "username"
#define SIGNATURE_BYTES_MAX ((size_t)1024)
#define SHA256_BYTES ((size_t)32)
#define NONCE_BYTES ((size_t)16)

static bool
take_number(struct kp_slice *text, size_t digits, char behind, int *ret_number)
{
	unsigned number = 0;
	if (text->len < digits + 1 ||
		!kp_value_digits((struct kp_slice){text->data, digits}, &number) ||
		(behind != 0 && text->data[digits] != behind)) {
		return false;
	}
	*ret_number = (int)number;
	size_t taken = digits + (behind != 0 ? 1 : 0);
	text->data += taken;
	text->len -= taken;
	return true;
}

bool
kp_signing_time(struct kp_slice text, int64_t *ret_seconds)
{
	struct tm parts = {0};
	text = kp_value_trim(text);
	if (!take_number(&text, 4, '-', &parts.tm_year) ||
		!take_number(&text, 2, '-', &parts.tm_mon) ||
		!take_number(&text, 2, 'T', &parts.tm_mday) ||
		!take_number(&text, 2, ':', &parts.tm_hour) ||
		!take_number(&text, 2, ':', &parts.tm_min) ||
		!take_number(&text, 2, 0, &parts.tm_sec)) {
		return false;
	}
	if (text.data[0] == '.') {
		do {
			text.data++;
			text.len--;
		} while (text.len > 0 && text.data[0] >= '0' && text.data[0] <= '9');
	}
	if (!kp_slice_is(text, "Z") || parts.tm_mon < 1 || parts.tm_mon > 12 ||
		parts.tm_mday < 1 || parts.tm_mday > 31 || parts.tm_hour > 23 ||
		parts.tm_min > 59 || parts.tm_sec > 60) {
		return false;
	}
	parts.tm_year -= 1900;
	parts.tm_mon -= 1;
	*ret_seconds = (int64_t)timegm(&parts);
	return true;
}

static void
add_time(struct kp_buffer *out, int64_t seconds)
{
	char text[32];
	struct tm parts;
	time_t moment = (time_t)seconds;
	(void)gmtime_r(&moment, &parts);
	size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	kp_buffer_add(out, text, len);
}

static void
add_base64(struct kp_buffer *out, const unsigned char *bytes, size_t len)
{
	if (kp_buffer_reserve(out, KP_BASE64_LEN(len))) {
		kp_base64_write(bytes, len, out->data + out->len);
		out->len += KP_BASE64_LEN(len);
	}
}

/* The bytes of `out` from `from` on. */
static struct kp_slice
since(const struct kp_buffer *out, size_t from)
{
	return (struct kp_slice){out->data + from, out->len - from};
}

static void
write_timestamp(struct kp_buffer *out, int64_t now, uint32_t valid_s)
{
	KP_BUFFER_ADD(out,
		"<wsu:Timestamp xmlns:wsu=\"" KP_NAMES_WSU "\" wsu:Id=\"" TIMESTAMP_ID
		"\"><wsu:Created>");
	add_time(out, now);
	KP_BUFFER_ADD(out, "</wsu:Created><wsu:Expires>");
	add_time(out, now + valid_s);
	KP_BUFFER_ADD(out, "</wsu:Expires></wsu:Timestamp>");
}

static void
write_token(struct kp_buffer *out, struct kp_text certificate)
{
	KP_BUFFER_ADD(out,
		"<wsse:BinarySecurityToken xmlns:wsse=\"" KP_NAMES_WSSE
		"\" xmlns:wsu=\"" KP_NAMES_WSU "\" EncodingType=\"" KP_NAMES_BASE64
		"\" ValueType=\"" KP_NAMES_X509 "\" wsu:Id=\"" TOKEN_ID "\">");
	add_base64(out, (const unsigned char *)certificate.data, certificate.len);
	KP_BUFFER_ADD(out, "</wsse:BinarySecurityToken>");
}

static bool
write_reference(struct kp_buffer *out, const struct kp_call_host *host,
	const struct kp_signing_part *part)
{
	unsigned char digest[SHA256_BYTES];
	if (!host->sha256(host->context, kp_text_from(part->text), digest)) {
		return false;
	}
	kp_buffer_printf(out, "<ds:Reference URI=\"#%s\">", part->id);
	KP_BUFFER_ADD(out,
		"<ds:Transforms><ds:Transform Algorithm=\"" KP_NAMES_EXCLUSIVE
		"\"></ds:Transform></ds:Transforms><ds:DigestMethod "
		"Algorithm=\"" KP_NAMES_SHA256 "\"></ds:DigestMethod><ds:DigestValue>");
	add_base64(out, digest, sizeof(digest));
	KP_BUFFER_ADD(out, "</ds:DigestValue></ds:Reference>");
	return true;
}

/* Canonical, as the top of what is signed. */
static bool
write_signed_info(struct kp_buffer *out, const struct kp_call_host *host,
	enum kp_signing kind, const struct kp_signing_part *parts, size_t part_count)
{
	KP_BUFFER_ADD(out,
		"<ds:SignedInfo xmlns:ds=\"" KP_NAMES_DS
		"\"><ds:CanonicalizationMethod Algorithm=\"" KP_NAMES_EXCLUSIVE
		"\"></ds:CanonicalizationMethod>");
	kp_buffer_printf(out,
		"<ds:SignatureMethod Algorithm=\"%s\"></ds:SignatureMethod>",
		kind == KP_SIGNING_RSA ? KP_NAMES_RSA_SHA256 : KP_NAMES_ECDSA_SHA256);
	for (size_t i = 0; i < part_count; i++) {
		if (!write_reference(out, host, &parts[i])) {
			return false;
		}
	}
	KP_BUFFER_ADD(out, "</ds:SignedInfo>");
	return !out->failed;
}

static bool
write_signature(struct kp_buffer *out, const struct kp_call_host *host,
	enum kp_signing kind, const struct kp_signing_part *parts, size_t part_count)
{
	unsigned char signature[SIGNATURE_BYTES_MAX];
	size_t len = 0;
	KP_BUFFER_ADD(out, "<ds:Signature xmlns:ds=\"" KP_NAMES_DS "\">");
	size_t from = out->len;
	if (!write_signed_info(out, host, kind, parts, part_count) ||
		!host->sign(host->context, kp_text_from(since(out, from)), signature,
			sizeof(signature), &len)) {
		return false;
	}
	KP_BUFFER_ADD(out, "<ds:SignatureValue>");
	add_base64(out, signature, len);
	KP_BUFFER_ADD(out,
		"</ds:SignatureValue><ds:KeyInfo>"
		"<wsse:SecurityTokenReference><wsse:Reference URI=\"#" TOKEN_ID
		"\" ValueType=\"" KP_NAMES_X509
		"\"></wsse:Reference></wsse:SecurityTokenReference></ds:KeyInfo>"
		"</ds:Signature>");
	return true;
}

/* Name and password; a digest with what it was made of. */
static bool
write_username(struct kp_buffer *out, const struct kp_call_host *host,
	const struct kp_need *need)
{
	unsigned char nonce[NONCE_BYTES];
	struct kp_username_token token = {0};
	if (!KP_HOST_HAS(host, random) || !KP_HOST_HAS(host, username_token) ||
		!host->random(host->context, nonce, sizeof(nonce)) ||
		!host->username_token(host->context,
			(struct kp_text){(const char *)nonce, sizeof(nonce)}, need->now,
			&token)) {
		return false;
	}
	KP_BUFFER_ADD(out,
		"<wsse:UsernameToken xmlns:wsse=\"" KP_NAMES_WSSE
		"\" xmlns:wsu=\"" KP_NAMES_WSU "\" wsu:Id=\"" USERNAME_ID
		"\"><wsse:Username>");
	bool fine = kp_template_escape_xml(out, kp_text_slice(token.user), false);
	kp_buffer_printf(out, "</wsse:Username><wsse:Password Type=\"%s%s\">",
		KP_NAMES_PASSWORD, token.digest ? "Digest" : "Text");
	fine = fine && kp_template_escape_xml(out, kp_text_slice(token.password), false);
	KP_BUFFER_ADD(out, "</wsse:Password>");
	if (token.digest) {
		KP_BUFFER_ADD(out, "<wsse:Nonce EncodingType=\"" KP_NAMES_BASE64 "\">");
		add_base64(out, nonce, sizeof(nonce));
		KP_BUFFER_ADD(out, "</wsse:Nonce><wsu:Created>");
		kp_buffer_add_slice(out, kp_text_slice(need->now));
		KP_BUFFER_ADD(out, "</wsu:Created>");
	}
	KP_BUFFER_ADD(out, "</wsse:UsernameToken>");
	return fine;
}

/* The certificate, and a signature over it, `parts` and what stands from each of the
 * marks to the next. */
static bool
write_signed(const struct kp_call_host *host, const struct kp_signing_part *parts,
	size_t part_count, const size_t marks[3], struct kp_buffer *out)
{
	struct kp_signing_part all[KP_SIGNING_PARTS_MAX];
	enum kp_signing kind = KP_SIGNING_NONE;
	struct kp_text certificate = {0};
	if (KP_HOST_HAS(host, sha256) && KP_HOST_HAS(host, sign) &&
		KP_HOST_HAS(host, signing_certificate)) {
		certificate = host->signing_certificate(host->context, &kind);
	}
	if (kind == KP_SIGNING_NONE || part_count + 3 > KP_SIGNING_PARTS_MAX) {
		return false;
	}
	write_token(out, certificate);
	size_t token_len = out->len - marks[2];
	/* Room first: what is signed may not move while it is read. */
	if (out->failed || !kp_buffer_reserve(out, (part_count + 3) * 512 + 4096)) {
		return false;
	}
	memcpy(all, parts, part_count * sizeof(*parts));
	all[part_count++] = (struct kp_signing_part){
		TIMESTAMP_ID, {out->data + marks[0], marks[1] - marks[0]}};
	if (marks[2] > marks[1]) {
		all[part_count++] = (struct kp_signing_part){
			USERNAME_ID, {out->data + marks[1], marks[2] - marks[1]}};
	}
	all[part_count++] =
		(struct kp_signing_part){TOKEN_ID, {out->data + marks[2], token_len}};
	return write_signature(out, host, kind, all, part_count);
}

int
kp_signing_write(const struct kp_manifest_soap *soap, const struct kp_call_host *host,
	const struct kp_need *need, const struct kp_signing_part *parts,
	size_t part_count, struct kp_buffer *out, struct kp_fault *fault)
{
	size_t marks[3];
	int64_t now = 0;
	if (!soap->sign && !soap->username_token) {
		return KP_DONE;
	}
	if (!kp_signing_time(kp_text_slice(need->now), &now)) {
		return kp_fault_set(fault, "soap", "the gateway has no time to write");
	}
	KP_BUFFER_ADD(out,
		"<wsse:Security xmlns:wsse=\"" KP_NAMES_WSSE
		"\" soapenv:mustUnderstand=\"1\">");
	marks[0] = out->len;
	write_timestamp(out, now, soap->sign_valid_s);
	marks[1] = out->len;
	if (soap->username_token && !write_username(out, host, need)) {
		return kp_fault_set(fault, "access", "the gateway has no name to give");
	}
	marks[2] = out->len;
	if (soap->sign && !write_signed(host, parts, part_count, marks, out)) {
		return kp_fault_set(
			fault, "soap/sign", "the message could not be signed");
	}
	KP_BUFFER_ADD(out, "</wsse:Security>");
	return out->failed ? kp_fault_memory(fault) : KP_DONE;
}
