/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_partner: who the partner is, where, how secured and how much it may cost. */
#include <string.h>
#include <strings.h>

#include "connectors/manifest_keys.h"
#include "connectors/manifest_reader.h"
#include "core/oin.h"

static struct kp_slice
read_oin(struct reader *reader, const struct kp_json_node *object)
{
	struct kp_slice oin = text_at(object, "oin");
	if (oin.len > 0 && !kp_is_oin(oin)) {
		kp_json_finding(&reader->document, kp_json_member(object, "oin"),
			"an OIN has exactly %zu digits", KP_OIN_LEN);
	}
	return oin;
}

static bool
is_token(struct kp_slice text)
{
	static const char allowed[] = "!#$%&'*+-.^_`|~";
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.data[i];
		bool letter = (byte >= 'a' && byte <= 'z') ||
			(byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
		if (!letter && memchr(allowed, byte, sizeof(allowed) - 1) == NULL) {
			return false;
		}
	}
	return text.len > 0;
}

void
kp_manifest_check_header_name(
	struct reader *reader, const struct kp_json_node *node, struct kp_slice name)
{
	static const char *const ours[] = {"host", "content-length", "transfer-encoding",
		"connection", "te", "trailer", "upgrade", "keep-alive", "expect",
		"accept-encoding"};
	static const char *const conditions[] = {"if-match", "if-none-match",
		"if-modified-since", "if-unmodified-since", "if-range", "range"};
	if (!is_token(name)) {
		kp_json_finding(&reader->document, node, "is not a header name");
		return;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(ours); i++) {
		if (strlen(ours[i]) == name.len &&
			strncasecmp(ours[i], name.data, name.len) == 0) {
			kp_json_finding(&reader->document, node,
				"header '%s' is set by the gateway itself", ours[i]);
		}
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(conditions); i++) {
		if (strlen(conditions[i]) == name.len &&
			strncasecmp(conditions[i], name.data, name.len) == 0) {
			kp_json_finding(&reader->document, node,
				"header '%s' asks for less than the whole answer, and "
				"the gateway keeps none to complete it with",
				conditions[i]);
		}
	}
}

void
kp_manifest_check_address(
	struct reader *reader, const struct kp_json_node *node, struct kp_slice url)
{
	if (memchr(url.data, '?', url.len) != NULL ||
		memchr(url.data, '#', url.len) != NULL ||
		memchr(url.data, '@', url.len) != NULL) {
		kp_json_finding(&reader->document, node,
			"has a query, a fragment or a user name; put the query in "
			"request/target and credentials in access");
	}
	for (size_t i = 0; i < url.len; i++) {
		if ((unsigned char)url.data[i] <= 0x20 ||
			(unsigned char)url.data[i] >= 0x7f) {
			kp_json_finding(&reader->document, node,
				"holds white space or a letter that is not allowed in an "
				"address");
			return;
		}
	}
}

/* The address of a service; the empty slice when it has none or a wrong one. */
static struct kp_slice
read_endpoint(struct reader *reader, const struct kp_json_node *object,
	struct kp_manifest_place *ret_place)
{
	const struct kp_json_node *node =
		object == NULL ? NULL : kp_json_member(object, "endpoint");
	struct kp_slice url = text_at(object, "endpoint");
	*ret_place = place_of(reader, node == NULL ? object : node);
	if (url.len == 0) {
		return url;
	}
	bool sql = kp_slice_is(reader->manifest->connector, "sql") &&
		ret_place == &reader->manifest->endpoint_place;
	if (sql && kp_slice_is(url, "odbc:")) {
		return url;
	}
	size_t scheme = sql && kp_slice_starts(url, KP_SLICE("postgresql://")) ? 13
		: !sql && kp_slice_starts(url, KP_SLICE("https://"))           ? 8
		: !sql && kp_slice_starts(url, KP_SLICE("http://"))            ? 7
									       : 0;
	if (scheme == 0 || url.len == scheme) {
		kp_json_finding(&reader->document, node,
			sql ? "must be postgresql://host:port/database, or odbc:"
			    : "must be https://host… (or http://… on this machine)");
		return url;
	}
	kp_manifest_check_address(reader, node, url);
	url.len -= url.data[url.len - 1] == '/' ? 1 : 0;
	return url;
}

static void
read_program(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_json_node *object = object_at(root, "program");
	struct kp_manifest_program *program = &reader->manifest->program;
	program->place = place_of(reader, object);
	if (object == NULL) {
		return;
	}
	program->command = read_texts(reader, object, "command", &program->command_count);
	program->folder = text_at(object, "folder");
	program->memory_bytes = (uint64_t)integer_at(object, "memory_mib",
					kp_manifest_fallback("program", "memory_mib"))
		<< 20;
	program->files = (uint32_t)integer_at(
		object, "files", kp_manifest_fallback("program", "files"));
	program->network = boolean_at(object, "network");
	if (program->command_count == 0 ||
		program->command_count > KP_MANIFEST_COMMAND_MAX) {
		kp_json_finding(&reader->document, object,
			"needs a command of 1 to %zu texts", KP_MANIFEST_COMMAND_MAX);
	}
	if (kp_json_member(root, "endpoint") != NULL) {
		kp_json_finding(&reader->document, object,
			"and an endpoint exclude each other: the gateway asks the "
			"program on the socket that it hands over");
	}
}

static uint32_t
decision_limit(const struct kp_json_node *object, const char *name)
{
	return (uint32_t)integer_at(
		object, name, kp_manifest_fallback("decision_point", name));
}

static void
read_decision_point(struct reader *reader, const struct kp_json_node *root)
{
	static const char *const clients[] = {"none", "pseudonym", "bsn"};
	struct kp_manifest_decision_point *point = &reader->manifest->decision_point;
	const struct kp_json_node *object = object_at(root, "decision_point");
	if (object == NULL) {
		return;
	}
	point->endpoint = read_endpoint(reader, object, &point->endpoint_place);
	kp_manifest_read_access(reader, object_at(object, "access"), &point->access);
	for (size_t i = 0; i < KP_ARRAY_LEN(clients); i++) {
		if (kp_slice_is(text_at(object, "client"), clients[i])) {
			point->client = (enum kp_manifest_client)i;
		}
	}
	point->time_ms = decision_limit(object, "time_ms");
	point->answer_bytes = decision_limit(object, "answer_bytes");
	point->concurrent = decision_limit(object, "concurrent");
	point->waiting = decision_limit(object, "waiting");
}

static void
read_limits(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_json_node *object = object_at(root, "limits");
	struct kp_manifest_limits *limits = &reader->manifest->limits;
	struct {
		const char *name;
		uint32_t *ret;
	} rows[] = {
		{"time_ms", &limits->time_ms},
		{"connect_ms", &limits->connect_ms},
		{"idle_ms", &limits->idle_ms},
		{"head_bytes", &limits->head_bytes},
		{"concurrent", &limits->concurrent},
		{"waiting", &limits->waiting},
		{"rate_per_second", &limits->rate_per_second},
		{"pages", &limits->pages},
		{"items", &limits->items},
		{"rows", &limits->rows},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		*rows[i].ret = (uint32_t)integer_at(object, rows[i].name,
			kp_manifest_fallback("limits", rows[i].name));
	}
	limits->answer_bytes = (uint64_t)integer_at(
		object, "answer_bytes", kp_manifest_fallback("limits", "answer_bytes"));
}

static void
read_who(struct reader *reader, const struct kp_json_node *root)
{
	struct kp_manifest *manifest = reader->manifest;
	const struct kp_json_node *organisation = object_at(root, "organisation");
	manifest->source = text_at(root, "source");
	manifest->source_place = place_of(reader, kp_json_member(root, "source"));
	manifest->title = text_at(root, "title");
	if (manifest->title.len == 0) {
		manifest->title = manifest->source;
	}
	if (organisation != NULL) {
		manifest->organisation_name = text_at(organisation, "name");
		manifest->organisation_oin = read_oin(reader, organisation);
		manifest->oin_place =
			place_of(reader, kp_json_member(organisation, "oin"));
	}
	manifest->connector = text_at(root, "connector");
	manifest->connector_place = place_of(reader, kp_json_member(root, "connector"));
}

void
kp_manifest_read_partner(struct reader *reader, const struct kp_json_node *root)
{
	struct kp_manifest *manifest = reader->manifest;
	read_who(reader, root);
	manifest->endpoint = read_endpoint(reader, root, &manifest->endpoint_place);
	read_program(reader, root);
	kp_manifest_read_access(reader, object_at(root, "access"), &manifest->access);
	read_decision_point(reader, root);
	read_limits(reader, root);
	manifest->idempotent = boolean_at(root, "idempotent");
	const struct kp_json_node *caseload = object_at(root, "caseload");
	manifest->caseload = caseload != NULL;
	if (caseload != NULL) {
		manifest->caseload_oin = read_oin(reader, caseload);
	}
	const struct kp_json_node *opt_out = object_at(root, "opt_out");
	manifest->opt_out = opt_out != NULL;
	manifest->opt_out_place = place_of(reader, opt_out);
	manifest->opt_out_purposes =
		read_texts(reader, opt_out, "purposes", &manifest->opt_out_purpose_count);
	manifest->needs = read_texts(reader, root, "needs", &manifest->need_count);
	const struct kp_json_node *health = object_at(root, "health");
	manifest->health_target = text_at(health, "target");
	manifest->health_status = (uint32_t)integer_at(
		health, "status", kp_manifest_fallback("health", "status"));
	manifest->health_every_s = (uint32_t)integer_at(
		health, "every_s", kp_manifest_fallback("health", "every_s"));
	manifest->conditions_file = text_at(root, "conditions_file");
}
