/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* verifying: see verifying.h. */
#include "connectors/soap/verifying.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <string.h>

#include "connectors/soap/guard.h"
#include "connectors/soap/names.h"
#include "connectors/soap/signing.h"
#include "core/encode.h"

#define NAMES_MAX 32
#define DECODED_BYTES_MAX ((size_t)16384)
/* Clocks differ. */
#define CLOCK_S 60
#define DEPTH_MAX 64

struct check {
	const struct kp_manifest_soap *soap;
	const struct kp_call_host *host;
	const struct kp_need *need;
	struct kp_arena *arena;
	xmlNodePtr body;
	xmlNodePtr header;
	xmlNodePtr security;
	xmlNodePtr timestamp;
	xmlNodePtr signature;
	xmlNodePtr signed_info;
	struct kp_slice ids[KP_VERIFYING_IDS_MAX];
	xmlNodePtr owners[KP_VERIFYING_IDS_MAX];
	size_t id_count;
	bool body_signed;
	bool timestamp_signed;
};

static bool
is_named(const xmlNode *node, const char *name, const char *space)
{
	return node->type == XML_ELEMENT_NODE && node->ns != NULL &&
		strcmp((const char *)node->name, name) == 0 &&
		strcmp((const char *)node->ns->href, space) == 0;
}

/* The one child of that name; NULL when there is none, or when there are more. */
static xmlNodePtr
only_child(const xmlNode *parent, const char *name, const char *space)
{
	xmlNodePtr found = NULL;
	for (xmlNodePtr child = parent == NULL ? NULL : parent->children; child != NULL;
		child = child->next) {
		if (is_named(child, name, space)) {
			if (found != NULL) {
				return NULL;
			}
			found = child;
		}
	}
	return found;
}

/* The one text in a node; empty when there is none, or more than text. */
static struct kp_slice
text_in(const xmlNode *node)
{
	const xmlNode *text = node == NULL ? NULL : node->children;
	bool one = text != NULL && text->type == XML_TEXT_NODE && text->next == NULL &&
		text->content != NULL;
	return one ? kp_slice_from((const char *)text->content) : (struct kp_slice){0};
}

static struct kp_slice
attribute_of(const xmlNode *node, const char *name)
{
	for (const xmlAttr *at = node == NULL ? NULL : node->properties; at != NULL;
		at = at->next) {
		if (at->ns == NULL && strcmp((const char *)at->name, name) == 0) {
			return text_in((const xmlNode *)at);
		}
	}
	return (struct kp_slice){0};
}

/* Ids. */

static bool
is_id(const xmlAttr *attribute)
{
	const char *name = (const char *)attribute->name;
	return strcmp(name, "Id") == 0 || strcmp(name, "ID") == 0 ||
		strcmp(name, "id") == 0;
}

static const char *
add_id(struct check *check, xmlNodePtr owner, struct kp_slice id)
{
	if (check->id_count == KP_VERIFYING_IDS_MAX) {
		return "the answer holds more ids than allowed";
	}
	for (size_t i = 0; i < check->id_count; i++) {
		if (kp_slice_equal(check->ids[i], id)) {
			return "the answer holds an id twice";
		}
	}
	check->owners[check->id_count] = owner;
	check->ids[check->id_count++] = id;
	return NULL;
}

/* Every id of the header, and that of the body; ids deeper in the body are the partner's
 * own and cannot be referred to. */
static const char *
gather_ids(struct check *check, xmlNodePtr node, unsigned depth)
{
	const char *fault =
		depth > DEPTH_MAX ? "elements are nested deeper than allowed" : NULL;
	for (const xmlAttr *at = node->properties; fault == NULL && at != NULL;
		at = at->next) {
		if (is_id(at)) {
			fault = add_id(check, node, text_in((const xmlNode *)at));
		}
	}
	for (xmlNodePtr child = node == check->body ? NULL : node->children;
		fault == NULL && child != NULL; child = child->next) {
		if (child->type == XML_ELEMENT_NODE) {
			fault = gather_ids(check, child, depth + 1);
		}
	}
	return fault;
}

static xmlNodePtr
find_id(const struct check *check, struct kp_slice id)
{
	for (size_t i = 0; i < check->id_count; i++) {
		if (kp_slice_equal(check->ids[i], id)) {
			return check->owners[i];
		}
	}
	return NULL;
}

/* Canonical form. */

static int
is_below(void *context, xmlNodePtr node, xmlNodePtr parent)
{
	const xmlNode *apex = context;
	bool own = node->type != XML_NAMESPACE_DECL && node->type != XML_ATTRIBUTE_NODE;
	for (const xmlNode *at = own ? node : parent; at != NULL; at = at->parent) {
		if (at == apex) {
			return 1;
		}
	}
	return 0;
}

/* The prefixes of an InclusiveNamespaces below a transform, as libxml2 wants them. */
static bool
read_prefixes(
	struct check *check, const xmlNode *transform, xmlChar *ret_prefixes[NAMES_MAX])
{
	const xmlNode *inclusive =
		only_child(transform, "InclusiveNamespaces", KP_NAMES_EXCLUSIVE);
	struct kp_slice list = attribute_of(inclusive, "PrefixList");
	size_t count = 0;
	char *text = list.len == 0
		? NULL
		: (char *)(uintptr_t)kp_arena_copy(check->arena, list).data;
	char *rest = NULL;
	for (char *name = text == NULL ? NULL : strtok_r(text, " \t\r\n", &rest);
		name != NULL; name = strtok_r(NULL, " \t\r\n", &rest)) {
		if (count + 1 == NAMES_MAX) {
			return false;
		}
		ret_prefixes[count++] = (xmlChar *)name;
	}
	ret_prefixes[count] = NULL;
	return list.len == 0 || text != NULL;
}

static bool
canonical(struct check *check, xmlNodePtr node, const xmlNode *transform,
	struct kp_slice *ret_text)
{
	xmlChar *prefixes[NAMES_MAX];
	if (!read_prefixes(check, transform, prefixes)) {
		return false;
	}
	xmlOutputBufferPtr out = xmlAllocOutputBuffer(NULL);
	if (out == NULL) {
		return false;
	}
	bool made = xmlC14NExecute(node->doc, is_below, node, XML_C14N_EXCLUSIVE_1_0,
			    prefixes, 0, out) >= 0;
	struct kp_slice text = {(const char *)xmlOutputBufferGetContent(out),
		xmlOutputBufferGetSize(out)};
	*ret_text = made ? kp_arena_copy(check->arena, text) : (struct kp_slice){0};
	(void)xmlOutputBufferClose(out);
	return ret_text->data != NULL;
}

/* Digests. */

static bool
decode(struct check *check, struct kp_slice text, struct kp_slice *ret_bytes)
{
	unsigned char *bytes =
		(unsigned char *)kp_arena_bytes(check->arena, text.len + 1);
	size_t len = 0;
	if (bytes == NULL || text.len > DECODED_BYTES_MAX * 2 ||
		!kp_base64_read(text, bytes, text.len, &len)) {
		return false;
	}
	*ret_bytes = (struct kp_slice){(const char *)bytes, len};
	return len > 0;
}

static const char *
check_digest(struct check *check, const xmlNode *reference, struct kp_slice text)
{
	unsigned char digest[32];
	struct kp_slice expected;
	struct kp_text bytes = {text.data, text.len};
	struct kp_slice method = attribute_of(
		only_child(reference, "DigestMethod", KP_NAMES_DS), "Algorithm");
	size_t len = 32;
	bool made = false;
	if (kp_slice_is(method, KP_NAMES_SHA256)) {
		made = check->host->sha256(check->host->context, bytes, digest);
	} else if (kp_slice_is(method, KP_NAMES_SHA1) && check->soap->verify_sha1) {
		len = 20;
		made = check->host->sha1(check->host->context, bytes, digest);
	} else {
		return "the signature uses a digest that is not allowed";
	}
	struct kp_slice value =
		text_in(only_child(reference, "DigestValue", KP_NAMES_DS));
	bool equal = made && decode(check, value, &expected) && expected.len == len &&
		memcmp(expected.data, digest, len) == 0;
	return equal ? NULL : "what was signed was changed";
}

/* Where may what is signed stand? */
static const char *
check_place(struct check *check, const xmlNode *node)
{
	if (node == NULL) {
		return "the signature refers to what is not there";
	}
	if (node == check->body) {
		check->body_signed = true;
	} else if (node == check->timestamp) {
		check->timestamp_signed = true;
	} else if (node->parent != check->header && node->parent != check->security) {
		return "the signature is over something that is not at its place";
	}
	return NULL;
}

static const char *
check_reference(struct check *check, const xmlNode *reference)
{
	struct kp_slice uri = attribute_of(reference, "URI");
	struct kp_slice text;
	const xmlNode *transforms = only_child(reference, "Transforms", KP_NAMES_DS);
	const xmlNode *transform = only_child(transforms, "Transform", KP_NAMES_DS);
	if (transform == NULL ||
		!kp_slice_is(attribute_of(transform, "Algorithm"), KP_NAMES_EXCLUSIVE)) {
		return "the signature uses a transform that is not allowed";
	}
	if (uri.len < 2 || uri.data[0] != '#') {
		return "the signature refers to something outside the answer";
	}
	xmlNodePtr node = find_id(check, (struct kp_slice){uri.data + 1, uri.len - 1});
	const char *fault = check_place(check, node);
	if (fault != NULL) {
		return fault;
	}
	if (!canonical(check, node, transform, &text)) {
		return "what was signed has no canonical form";
	}
	return check_digest(check, reference, text);
}

static const char *
check_references(struct check *check)
{
	const char *fault = NULL;
	unsigned count = 0;
	for (const xmlNode *at = check->signed_info->children;
		fault == NULL && at != NULL; at = at->next) {
		if (is_named(at, "Reference", KP_NAMES_DS)) {
			fault = ++count > KP_VERIFYING_REFERENCES_MAX
				? "the signature refers to more than allowed"
				: check_reference(check, at);
		}
	}
	if (fault == NULL && (!check->body_signed || !check->timestamp_signed)) {
		return "the signature does not cover the body and the timestamp";
	}
	return fault;
}

/* The certificate that the signature refers to, beside it. */
static bool
find_certificate(struct check *check, struct kp_slice *ret_der)
{
	const xmlNode *key = only_child(check->signature, "KeyInfo", KP_NAMES_DS);
	const xmlNode *token = only_child(key, "SecurityTokenReference", KP_NAMES_WSSE);
	struct kp_slice uri =
		attribute_of(only_child(token, "Reference", KP_NAMES_WSSE), "URI");
	if (uri.len < 2 || uri.data[0] != '#') {
		return false;
	}
	const xmlNode *node =
		find_id(check, (struct kp_slice){uri.data + 1, uri.len - 1});
	return node != NULL && node->parent == check->security &&
		is_named(node, "BinarySecurityToken", KP_NAMES_WSSE) &&
		decode(check, text_in(node), ret_der);
}

static const char *
check_signature(struct check *check)
{
	struct kp_slice bytes;
	struct kp_slice value;
	struct kp_slice certificate;
	const xmlNode *canonicalisation =
		only_child(check->signed_info, "CanonicalizationMethod", KP_NAMES_DS);
	struct kp_slice method = attribute_of(
		only_child(check->signed_info, "SignatureMethod", KP_NAMES_DS),
		"Algorithm");
	enum kp_signing kind = kp_slice_is(method, KP_NAMES_RSA_SHA256) ? KP_SIGNING_RSA
		: kp_slice_is(method, KP_NAMES_ECDSA_SHA256)            ? KP_SIGNING_ECDSA
		: kp_slice_is(method, KP_NAMES_RSA_SHA1) ? KP_SIGNING_RSA_SHA1
							 : KP_SIGNING_NONE;
	if (kind == KP_SIGNING_NONE ||
		(kind == KP_SIGNING_RSA_SHA1 && !check->soap->verify_sha1)) {
		return "the answer is signed in a way that is not allowed";
	}
	if (canonicalisation == NULL ||
		!kp_slice_is(attribute_of(canonicalisation, "Algorithm"),
			KP_NAMES_EXCLUSIVE) ||
		!canonical(check, check->signed_info, canonicalisation, &bytes)) {
		return "the signature is not in exclusive canonical form";
	}
	if (!decode(check,
		    text_in(only_child(check->signature, "SignatureValue", KP_NAMES_DS)),
		    &value) ||
		!find_certificate(check, &certificate)) {
		return "the signature or its certificate is not where it should be";
	}
	struct kp_signature signature = {.size = sizeof(signature),
		.kind = kind,
		.bytes = {bytes.data, bytes.len},
		.signature = {value.data, value.len},
		.certificate = {certificate.data, certificate.len}};
	return check->host->verify(check->host->context, &signature);
}

static const char *
check_time(const struct check *check)
{
	int64_t now;
	int64_t created;
	int64_t expires;
	struct kp_slice moment = {check->need->now.data, check->need->now.len};
	if (!kp_signing_time(moment, &now) ||
		!kp_signing_time(
			text_in(only_child(check->timestamp, "Created", KP_NAMES_WSU)),
			&created) ||
		!kp_signing_time(
			text_in(only_child(check->timestamp, "Expires", KP_NAMES_WSU)),
			&expires)) {
		return "the timestamp of the answer cannot be read";
	}
	return created > now + CLOCK_S || expires < now - CLOCK_S
		? "the timestamp of the answer is not of now"
		: NULL;
}

static const char *
find_parts(struct check *check, xmlDocPtr document)
{
	xmlNodePtr root = xmlDocGetRootElement(document);
	const char *space =
		root == NULL || root->ns == NULL ? "" : (const char *)root->ns->href;
	bool soap = strcmp(space, KP_NAMES_SOAP11) == 0 ||
		strcmp(space, KP_NAMES_SOAP12) == 0;
	if (!soap || !is_named(root, "Envelope", space)) {
		return "the answer is not a SOAP envelope";
	}
	check->header = only_child(root, "Header", space);
	check->body = only_child(root, "Body", space);
	check->security = only_child(check->header, "Security", KP_NAMES_WSSE);
	check->timestamp = only_child(check->security, "Timestamp", KP_NAMES_WSU);
	check->signature = only_child(check->security, "Signature", KP_NAMES_DS);
	check->signed_info = only_child(check->signature, "SignedInfo", KP_NAMES_DS);
	if (check->body == NULL || check->timestamp == NULL ||
		check->signed_info == NULL) {
		return "the answer is not signed";
	}
	return gather_ids(check, root, 0);
}

static const char *
check_document(struct check *check, xmlDocPtr document)
{
	/* The guard lets none through; this is the second lock on the same door. */
	if (document->intSubset != NULL) {
		return "a document type declaration is not allowed";
	}
	const char *fault = find_parts(check, document);
	if (fault == NULL) {
		fault = check_signature(check);
	}
	if (fault == NULL) {
		fault = check_references(check);
	}
	return fault == NULL ? check_time(check) : fault;
}

static void
ignore_error(void *context, xmlErrorPtr error)
{
	(void)context;
	(void)error;
}

const char *
kp_verifying_check(const struct kp_manifest_soap *soap, const struct kp_call_host *host,
	const struct kp_need *need, struct kp_slice answer, struct kp_arena *arena)
{
	struct kp_guard guard = {0};
	struct check *check = KP_ARENA_NEW(arena, struct check);
	const char *fault = kp_guard_push(&guard, answer);
	if (fault != NULL) {
		return fault;
	}
	if (!KP_HOST_HAS(host, verify) || !KP_HOST_HAS(host, sha256) ||
		!KP_HOST_HAS(host, sha1)) {
		return "the gateway cannot verify signatures";
	}
	xmlParserCtxtPtr parser = xmlNewParserCtxt();
	if (parser == NULL || check == NULL) {
		xmlFreeParserCtxt(parser);
		return "no memory is left for this answer";
	}
	*check = (struct check){.soap = soap, .host = host, .need = need, .arena = arena};
	parser->sax->serror = (xmlStructuredErrorFunc)ignore_error;
	/* Long texts become one node each only with this. */
	xmlDocPtr document = xmlCtxtReadMemory(
		parser, answer.data, (int)answer.len, NULL, NULL, XML_PARSE_NONET);
	fault = document == NULL ? "the answer is not well-formed XML"
				 : check_document(check, document);
	xmlFreeDoc(document);
	xmlFreeParserCtxt(parser);
	return fault;
}
