/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_request: what is asked, as templates. */
#include "connectors/manifest_reader.h"
#include "core/json_write.h"
#include "core/oin.h"

#define BODY_BYTES_MAX ((size_t)64 * 1024)
#define SIGN_VALID_S 300

static void
read_header(struct reader *reader, const struct kp_json_node *node,
	struct kp_manifest_header *header)
{
	header->name = node->name;
	header->place = place_of(reader, node);
	kp_manifest_check_header_name(reader, node, node->name);
	if (node->kind == KP_JSON_KIND_STRING) {
		header->value = node->text;
	} else if (node->kind == KP_JSON_KIND_OBJECT) {
		header->value = text_at(node, "value");
		header->cut = (uint32_t)integer_at(node, "cut", 0);
		header->optional = boolean_at(node, "optional");
	}
	for (size_t i = 0; i < header->value.len; i++) {
		unsigned char byte = (unsigned char)header->value.data[i];
		if (byte < 0x20 || byte == 0x7f) {
			kp_json_finding(&reader->document, node,
				"holds a control character, which a header cannot");
			header->value = (struct kp_slice){0};
		}
	}
}

static void
read_headers(struct reader *reader, const struct kp_json_node *object)
{
	struct kp_manifest_request *request = &reader->manifest->request;
	struct kp_manifest_header *headers =
		array_of(reader, count_members(object), sizeof(*headers));
	request->headers = headers;
	if (object == NULL || headers == NULL) {
		return;
	}
	for (const struct kp_json_node *at = next_member(object->first); at != NULL;
		at = next_member(at->next)) {
		read_header(reader, at, &headers[request->header_count++]);
	}
}

/* Names go out as they are: RFC 3986, section 2.3. */
static bool
unreserved(struct kp_slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.data[i];
		bool fine = (byte >= 'a' && byte <= 'z') ||
			(byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
			byte == '-' || byte == '.' || byte == '_' || byte == '~';
		if (!fine) {
			return false;
		}
	}
	return name.len > 0;
}

static void
read_query(struct reader *reader, const struct kp_json_node *object)
{
	struct kp_manifest_request *request = &reader->manifest->request;
	struct kp_manifest_parameter *parameters =
		array_of(reader, count_members(object), sizeof(*parameters));
	request->query = parameters;
	if (object == NULL || parameters == NULL) {
		return;
	}
	for (const struct kp_json_node *at = next_member(object->first); at != NULL;
		at = next_member(at->next)) {
		if (!unreserved(at->name)) {
			kp_json_finding(&reader->document, at,
				"is not a name of letters, digits and - . _ ~");
		}
		parameters[request->query_count++] = (struct kp_manifest_parameter){
			.name = at->name,
			.value = at->kind == KP_JSON_KIND_STRING ? at->text
								 : (struct kp_slice){0},
			.place = place_of(reader, at)};
	}
}

/* The template as compact JSON, without comments. */
static void
write_body(struct kp_json_writer *writer, const struct kp_json_node *node)
{
	if (node->kind == KP_JSON_KIND_OBJECT) {
		kp_json_write_object_begin(writer);
		for (const struct kp_json_node *at = next_member(node->first); at != NULL;
			at = next_member(at->next)) {
			kp_json_write_name(writer, at->name);
			write_body(writer, at);
		}
		kp_json_write_object_end(writer);
	} else if (node->kind == KP_JSON_KIND_ARRAY) {
		kp_json_write_array_begin(writer);
		for (const struct kp_json_node *at = node->first; at != NULL;
			at = at->next) {
			write_body(writer, at);
		}
		kp_json_write_array_end(writer);
	} else {
		kp_json_write_raw(writer, node->raw);
	}
}

static bool
speaks_soap(const struct reader *reader)
{
	return kp_slice_is(reader->manifest->connector, "soap");
}

/* XML in several texts, so that it can be read in the manifest too. */
static void
join_body(struct reader *reader, const struct kp_json_node *array)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, reader->arena, BODY_BYTES_MAX);
	for (const struct kp_json_node *at = array->first; at != NULL; at = at->next) {
		if (kp_json_expect(&reader->document, at, KP_JSON_KIND_STRING)) {
			kp_buffer_add_slice(&buffer, at->text);
		}
	}
	if (buffer.failed) {
		kp_json_finding(&reader->document, array, "is larger than %zu bytes",
			BODY_BYTES_MAX);
		return;
	}
	reader->manifest->request.body = kp_buffer_slice(&buffer);
	reader->manifest->request.body_text = true;
}

static void
read_body(struct reader *reader, const struct kp_json_node *node)
{
	struct kp_manifest_request *request = &reader->manifest->request;
	request->body_place = place_of(reader, node);
	if (node->kind == KP_JSON_KIND_ARRAY && speaks_soap(reader)) {
		join_body(reader, node);
		return;
	}
	if (node->kind == KP_JSON_KIND_STRING) {
		request->body = node->text;
		request->body_text = true;
		return;
	}
	if (node->kind != KP_JSON_KIND_OBJECT && node->kind != KP_JSON_KIND_ARRAY) {
		kp_json_finding(&reader->document, node,
			"is a %s; allowed is an object, an array or a text",
			kp_json_kind_name(node->kind));
		return;
	}
	struct kp_buffer buffer;
	struct kp_json_writer writer;
	kp_buffer_init(&buffer, reader->arena, BODY_BYTES_MAX);
	kp_json_writer_init(&writer, &buffer);
	write_body(&writer, node);
	if (buffer.failed) {
		kp_json_finding(&reader->document, node, "is larger than %zu bytes",
			BODY_BYTES_MAX);
		return;
	}
	request->body = kp_buffer_slice(&buffer);
}

void
kp_manifest_read_request(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_json_node *object = object_at(root, "request");
	struct kp_manifest_request *request = &reader->manifest->request;
	request->method = speaks_soap(reader) ? KP_SLICE("POST") : KP_SLICE("GET");
	if (object == NULL) {
		request->target_place = place_of(reader, root);
		request->body_place = request->target_place;
		return;
	}
	const struct kp_json_node *target = kp_json_member(object, "target");
	request->target = text_at(object, "target");
	request->target_place = place_of(reader, target == NULL ? object : target);
	if (request->target.len > 0 && request->target.data[0] != '/' &&
		request->target.data[0] != '?') {
		kp_json_finding(&reader->document, target, "must start with / or ?");
	}
	if (text_at(object, "method").len > 0) {
		request->method = text_at(object, "method");
	}
	read_query(reader, object_at(object, "query"));
	request->each = text_at(object, "each");
	request->bsn_in_url = boolean_at(object, "bsn_in_url");
	request->idempotency_key = boolean_at(object, "idempotency_key");
	read_headers(reader, object_at(object, "headers"));
	const struct kp_json_node *body = kp_json_member(object, "body");
	if (body == NULL) {
		request->body_place = place_of(reader, object);
		return;
	}
	if (kp_slice_is(request->method, "GET")) {
		kp_json_finding(&reader->document, body, "GET has no body; use POST");
	}
	read_body(reader, body);
}

static void
read_soap_verify(struct reader *reader, const struct kp_json_node *verify,
	struct kp_manifest_soap *soap)
{
	if (verify == NULL) {
		return;
	}
	soap->verify = true;
	soap->verify_anchor_file = text_at(verify, "anchor_file");
	soap->verify_sha1 = boolean_at(verify, "sha1");
	soap->verify_oin = text_at(verify, "oin");
	if (soap->verify_oin.len > 0 && !kp_is_oin(soap->verify_oin)) {
		kp_json_finding(&reader->document, kp_json_member(verify, "oin"),
			"an OIN has 20 digits");
	}
}

void
kp_manifest_read_soap(struct reader *reader, const struct kp_json_node *root)
{
	static const char *const words[] = {"quoted", "bare", "empty", "none"};
	const struct kp_json_node *object = object_at(root, "soap");
	struct kp_manifest_soap *soap = &reader->manifest->soap;
	soap->place = place_of(reader, object);
	if (object == NULL) {
		return;
	}
	soap->version_1_2 = kp_slice_is(text_at(object, "version"), "1.2");
	soap->action = text_at(object, "action");
	soap->scope = text_at(object, "scope");
	soap->action_header = (enum kp_manifest_soap_action)word_at(
		object, "action_header", words, KP_ARRAY_LEN(words));
	const struct kp_json_node *addressing = object_at(object, "addressing");
	soap->addressing = addressing != NULL;
	soap->from = text_at(addressing, "from");
	soap->to = text_at(addressing, "to");
	soap->reply_to = addressing != NULL && boolean_at(addressing, "reply_to");
	soap->headers = read_texts(reader, object, "headers", &soap->header_count);
	soap->namespaces =
		read_texts(reader, object, "namespaces", &soap->namespace_count);
	const struct kp_json_node *sign = object_at(object, "sign");
	soap->sign = sign != NULL;
	soap->sign_certificate_file = text_at(sign, "certificate_file");
	soap->sign_key_file = text_at(sign, "key_file");
	soap->sign_valid_s = (uint32_t)integer_at(sign, "valid_s", SIGN_VALID_S);
	read_soap_verify(reader, object_at(object, "verify"), soap);
}
