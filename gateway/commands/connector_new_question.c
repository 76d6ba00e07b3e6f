/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new_question: how an operation of OpenAPI is asked, as endpoint, access and
 * request of a manifest. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "commands/connector_new_openapi.h"
#include "core/buffer.h"
#include "http/http_parse.h"
#include "source/source_private.h"

#define TARGET_BYTES ((size_t)8192)
#define UNKNOWN                                                                          \
	"TO"                                                                             \
	"DO"

static const char unreserved[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

struct asking {
	struct kp_new *new;
	const struct kp_new_operation *operation;
	json_t *request;
	json_t *headers;
	json_t *query;
	bool encoded;            /* the target has parameters too */
	struct kp_buffer target; /* fails when the path is longer than TARGET_BYTES */
};

static bool
called(struct asking *asking, const char *name, const char *word)
{
	struct kp_new_words words = {0};
	kp_new_split(asking->new->arena, kp_slice_from(name), &words);
	return kp_new_has_word(&words, word);
}

/* Where and as whom. */

static void
write_endpoint(struct asking *asking)
{
	json_t *server = json_array_get(
		json_object_get(asking->operation->document, "servers"), 0);
	const char *url = json_string_value(json_object_get(server, "url"));
	kp_new_set(asking->new, asking->new->manifest, "endpoint", kp_new_here(url));
	kp_new_todo(asking->new,
		"endpoint: the partner's own address, https with 'access.anchor_file'; "
		"the description says %s",
		url == NULL ? "nothing of it" : url);
}

/* Parameters. */

/* What a parameter is by its name, as a template; NULL: not known. */
static const char *
template_of(struct asking *asking, const char *name)
{
	static const struct {
		const char *part;
		const char *value;
	} rows[] = {{"doel", "{doel}"}, {"purpose", "{doel}"}, {"verwerking", "{doel}"},
		{"gebruiker", "{medewerker}"}, {"user", "{medewerker}"},
		{"oin", "{organisatie}"}, {"organisat", "{organisatie}"},
		{"trace", "{trace}"}, {"correlation", "{trace}"}, {"zaak", "{zaak}"}};
	char lower[128];
	size_t len = strlen(name);
	if (called(asking, name, "burgerservicenummer")) {
		return "{bsn}";
	}
	if (len >= sizeof(lower)) {
		return NULL;
	}
	for (size_t i = 0; i <= len; i++) {
		lower[i] =
			name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		if (strstr(lower, rows[i].part) != NULL) {
			return rows[i].value;
		}
	}
	return NULL;
}

/* A value that an earlier source has found: "{bekend:ondernemingen.kvkNummer}". */
static const char *
known_value(struct asking *asking, const char *name)
{
	const struct kp_catalogue *catalogue = asking->new->catalogue;
	struct kp_new_words words = {0};
	kp_new_split(asking->new->arena, kp_slice_from(name), &words);
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		struct kp_slice path = catalogue->fields[i].path;
		const char *dot = memrchr(path.data, '.', path.len);
		struct kp_new_words own = {0};
		if (dot != NULL) {
			kp_new_split(asking->new->arena,
				(struct kp_slice){dot + 1,
					path.len - (size_t)(dot + 1 - path.data)},
				&own);
		}
		bool same = dot != NULL &&
			path.len - (size_t)(dot + 1 - path.data) == strlen(name) &&
			strncasecmp(dot + 1, name, strlen(name)) == 0;
		if (same || (words.count > 1 && kp_new_alike(&words, &own) == 100)) {
			return kp_arena_printf(
				asking->new->arena, "{bekend:%.*s}", KP_SLICE_ARG(path));
		}
	}
	return NULL;
}

/* What stands for a parameter in the target, where no client number may be. */
static const char *
in_target(struct asking *asking, const char *place, const char *name)
{
	const char *value = template_of(asking, name);
	if (value != NULL && strcmp(value, "{bsn}") == 0) {
		kp_new_todo(asking->new,
			"%s: the partner wants the client number in '%s' of the "
			"address, where its logs hold it; ask for a POST first. If it "
			"knows no other way: {bsn} here, \"bsn_in_url\": true in request "
			"and sources.bsn_in_url in gateway.json, both",
			place, name);
		return UNKNOWN;
	}
	if (value == NULL) {
		value = known_value(asking, name);
	}
	if (value == NULL) {
		kp_new_todo(asking->new, "%s: what belongs in '%s'?", place, name);
		return UNKNOWN;
	}
	return value;
}

/* OpenAPI leaves these to other parts of a description. */
static bool
is_said_elsewhere(const char *name)
{
	static const char *const others[] = {"accept", "content-type", "authorization"};
	for (size_t i = 0; i < KP_ARRAY_LEN(others); i++) {
		if (strcasecmp(name, others[i]) == 0) {
			return true;
		}
	}
	return false;
}

bool
kp_new_is_header(const char *name)
{
	struct kp_slice text = kp_slice_from(name);
	return kp_http_token_valid(text) &&
		!kp_source_header_is_ours((struct kp_text){text.data, text.len});
}

static void
add_header(struct asking *asking, const char *name)
{
	if (is_said_elsewhere(name)) {
		return;
	}
	if (!kp_new_is_header(name)) {
		kp_new_todo(asking->new,
			"request.headers: '%s' is no name of a header that a question "
			"can bear",
			name);
		return;
	}
	const char *value = template_of(asking, name);
	if (value == NULL || strcmp(value, "{bsn}") == 0) {
		kp_new_todo(asking->new, "request.headers: what belongs in '%s'?", name);
		value = UNKNOWN;
	}
	kp_new_set(asking->new, asking->headers, name, json_string(value));
}

static void
write_path(struct asking *asking)
{
	const char *at = asking->operation->path;
	while (*at != '\0') {
		size_t len = strcspn(at, "{");
		kp_buffer_add(&asking->target, at, len);
		at += len;
		if (*at == '{') {
			size_t own = strcspn(at + 1, "}");
			const char *name = kp_arena_printf(
				asking->new->arena, "%.*s", (int)own, at + 1);
			const char *value = in_target(
				asking, "request.target", name == NULL ? "" : name);
			kp_buffer_add(&asking->target, value, strlen(value));
			at += own + 1 + (at[own + 1] == '}' ? 1 : 0);
		}
	}
}

/* A name that a manifest does not take as one (filter[x]) stands in the target, encoded
 * (RFC 3986, 2.1). */
static void
add_to_query(struct asking *asking, const char *name)
{
	struct kp_buffer *target = &asking->target;
	const char *value = in_target(asking, "request.query", name);
	if (name[0] != '\0' && strspn(name, unreserved) == strlen(name)) {
		kp_new_set(asking->new, asking->query, name, json_string(value));
		return;
	}
	kp_buffer_add(target, asking->encoded ? "&" : "?", 1);
	for (const char *at = name; *at != '\0'; at++) {
		if (strchr(unreserved, *at) != NULL) {
			kp_buffer_add(target, at, 1);
		} else {
			kp_buffer_printf(target, "%%%02X", (unsigned char)*at);
		}
	}
	kp_buffer_printf(target, "=%s", value);
	asking->encoded = true;
}

static bool
asks_page(const char *name)
{
	static const char *const names[] = {
		"page", "pagina", "pageNumber", "paginanummer", "offset", "cursor"};
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void
take_query(struct asking *asking, const char *name, bool required)
{
	if (asks_page(name)) {
		asking->new->asked_page = kp_arena_strdup(asking->new->arena, name);
	}
	if (required || called(asking, name, "burgerservicenummer")) {
		add_to_query(asking, name);
	}
}

static void
take_parameters(struct asking *asking, json_t *parameters)
{
	size_t i;
	json_t *one;
	json_array_foreach(parameters, i, one)
	{
		one = kp_new_schema_follow(asking->operation->document, one);
		const char *name = json_string_value(json_object_get(one, "name"));
		const char *in = json_string_value(json_object_get(one, "in"));
		bool required = json_is_true(json_object_get(one, "required"));
		if (name == NULL || in == NULL) {
			continue;
		}
		if (strcmp(in, "header") == 0 &&
			(required || template_of(asking, name) != NULL)) {
			add_header(asking, name);
		} else if (strcmp(in, "query") == 0) {
			take_query(asking, name, required);
		}
	}
}

/* Body. */

/* All properties that `schema` and what it is made of have, into `out`. */
static void
gather(struct asking *asking, json_t *schema, json_t *out, json_t *required,
	unsigned depth)
{
	size_t i;
	json_t *one;
	const char *name;
	schema = kp_new_schema_follow(asking->operation->document, schema);
	if (schema == NULL || depth == KP_NEW_DEPTH_MAX) {
		return;
	}
	json_array_foreach(json_object_get(schema, "allOf"), i, one)
	{
		gather(asking, one, out, required, depth + 1);
	}
	json_object_foreach(json_object_get(schema, "properties"), name, one)
	{
		kp_new_set(asking->new, out, name, json_incref(one));
	}
	json_array_foreach(json_object_get(schema, "required"), i, one)
	{
		if (json_is_string(one)) {
			kp_new_set(asking->new, required, json_string_value(one),
				json_incref(one));
		}
	}
}

static bool
has_person(struct asking *asking, json_t *properties)
{
	const char *name;
	json_t *one;
	json_object_foreach(properties, name, one)
	{
		if (called(asking, name, "burgerservicenummer")) {
			return true;
		}
	}
	return false;
}

/* Of the kinds of question, the one that has a client number and asks least beside it. */
static json_t *
choose_kind(struct asking *asking, json_t *schema, const char **ret_kind)
{
	json_t *document = asking->operation->document;
	json_t *best = schema;
	size_t best_size = SIZE_MAX;
	const char *name;
	json_t *target;
	json_object_foreach(
		json_object_get(json_object_get(schema, "discriminator"), "mapping"),
		name, target)
	{
		json_t *kind = kp_new_schema_mapped(document, json_string_value(target));
		json_t *properties = json_object();
		json_t *required = json_object();
		gather(asking, kind, properties, required, 0);
		if (has_person(asking, properties) &&
			json_object_size(required) < best_size) {
			best = kind;
			best_size = json_object_size(required);
			*ret_kind = name;
		}
		json_decref(properties);
		json_decref(required);
	}
	return best;
}

/* In a template a brace comes twice. */
static json_t *
literal(struct asking *asking, json_t *value)
{
	const char *text = json_string_value(value);
	struct kp_buffer out;
	if (text == NULL || strchr(text, '{') == NULL) {
		return json_incref(value);
	}
	kp_buffer_init(&out, asking->new->arena, 2 * strlen(text) + 1);
	for (; *text != '\0'; text++) {
		kp_buffer_add(&out, *text == '{' ? "{{" : text, *text == '{' ? 2 : 1);
	}
	return kp_new_text(kp_buffer_slice(&out));
}

static json_t *
value_of(struct asking *asking, const char *name, json_t *schema, bool required)
{
	schema = kp_new_schema_follow(asking->operation->document, schema);
	bool array = kp_new_schema_is(schema, "array");
	json_t *only = json_object_get(schema, "const");
	json_t *kinds = json_object_get(schema, "enum");
	const char *value = template_of(asking, name);
	if (only != NULL || json_array_size(kinds) == 1) {
		return literal(asking, only != NULL ? only : json_array_get(kinds, 0));
	}
	if (strcmp(name, "fields") == 0) {
		return json_string("{velden}");
	}
	if (value == NULL && required) {
		kp_new_todo(asking->new, "request.body: what belongs in '%s'?", name);
		value = UNKNOWN;
	}
	if (value == NULL) {
		return NULL;
	}
	return array ? json_pack("[s]", value) : json_string(value);
}

static json_t *
make_body(struct asking *asking, json_t *schema)
{
	json_t *document = asking->operation->document;
	const char *kind = NULL;
	json_t *body = json_object();
	json_t *properties = json_object();
	json_t *required = json_object();
	const char *name;
	json_t *one;
	schema = kp_new_schema_follow(document, schema);
	json_t *own = choose_kind(asking, schema, &kind);
	gather(asking, own, properties, required, 0);
	const char *selector = json_string_value(json_object_get(
		json_object_get(schema, "discriminator"), "propertyName"));
	json_object_foreach(properties, name, one)
	{
		json_t *value =
			kind != NULL && selector != NULL && strcmp(name, selector) == 0
			? json_string(kind)
			: value_of(asking, name, one,
				  json_object_get(required, name) != NULL);
		if (value != NULL) {
			kp_new_set(asking->new, body, name, value);
		}
	}
	json_decref(properties);
	json_decref(required);
	return body;
}

static json_t *
body_schema(const struct kp_new_operation *operation)
{
	const char *type;
	json_t *media;
	json_t *holder = kp_new_schema_follow(
		operation->document, json_object_get(operation->object, "requestBody"));
	json_object_foreach(json_object_get(holder, "content"), type, media)
	{
		if (strstr(type, "json") != NULL) {
			return json_object_get(media, "schema");
		}
	}
	return NULL;
}

static void
note_unknown_person(struct asking *asking)
{
	json_t *responses = json_object_get(asking->operation->object, "responses");
	if (json_object_get(responses, "404") != NULL) {
		kp_new_todo(asking->new,
			"response.status: when 404 is their word for nobody, add "
			"\"404\": \"nietsGevonden\"; a wrong address gives 404 too");
	}
}

/* All but the body. */
static void
write_request(struct asking *asking, bool post)
{
	struct kp_new *new = asking->new;
	const struct kp_new_operation *operation = asking->operation;
	kp_new_set(new, asking->request, "//",
		json_sprintf(
			"%s %s of the description", operation->method, operation->path));
	kp_new_set(new, asking->request, "method", json_string(post ? "POST" : "GET"));
	write_path(asking);
	if (post) {
		kp_new_set(new, asking->headers, "Content-Type",
			json_string("application/json"));
	}
	take_parameters(asking, json_object_get(operation->item, "parameters"));
	take_parameters(asking, json_object_get(operation->object, "parameters"));
	kp_new_set(new, asking->request, "target",
		kp_new_text(kp_buffer_slice(&asking->target)));
	if (json_object_size(asking->query) > 0) {
		kp_new_set(new, asking->request, "query", json_incref(asking->query));
	}
	kp_new_set(new, asking->request, "headers", asking->headers);
}

enum kp_status
kp_new_openapi_question(struct kp_new *new, const struct kp_new_operation *operation,
	struct kp_error *err)
{
	struct asking asking = {.new = new,
		.operation = operation,
		.request = json_object(),
		.headers = json_object(),
		.query = json_object()};
	json_t *schema = body_schema(operation);
	bool post = strcmp(operation->method, "post") == 0;
	kp_buffer_init(&asking.target, new->arena, TARGET_BYTES);
	kp_new_set(new, new->manifest, "connector", json_string("rest"));
	write_endpoint(&asking);
	kp_new_openapi_access(new, operation);
	kp_new_set(new, new->manifest, "idempotent", json_true());
	write_request(&asking, post);
	if (post && schema != NULL) {
		kp_new_set(new, asking.request, "body", make_body(&asking, schema));
	}
	kp_new_set(new, new->manifest, "request", asking.request);
	note_unknown_person(&asking);
	json_decref(asking.query);
	return asking.target.failed
		? kp_error_set(err, KP_E_LIMIT, "has a path of more than %zu bytes",
			  TARGET_BYTES)
		: KP_OK;
}
