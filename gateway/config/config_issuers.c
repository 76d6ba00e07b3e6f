/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* config_issuers: who may say who asks; see config_issuers.h and token/issuer.h. */
#include "config/config_issuers.h"

#include <inttypes.h>

#include "core/oin.h"
#include "crypto/verify_key.h"
#include "token/key_set.h"

/* Lifetime: one reading. */
struct reader {
	const struct kp_json_document *document;
	struct kp_config *config;
	const struct kp_json_node *node; /* the issuer under way */
	struct kp_issuer *issuer;
	bool out_of_memory;
};

/* Members that are one text. */
static const struct {
	const char *name;
	size_t offset;
	const char *value; /* default; NULL: required */
	enum kp_issuer_kind kind;
	bool both; /* kinds have it */
} texts[] = {
#define TEXT(name, member, value, kind, both)                                            \
	{                                                                                \
		name, offsetof(struct kp_issuer, member), value, kind, both              \
	}
	TEXT("issuer", issuer, NULL, KP_ISSUER_OAUTH, true),
	TEXT("organisation_claim", organisation_claim, "", KP_ISSUER_OAUTH, true),
	TEXT("employee_claim", employee_claim, "sub", KP_ISSUER_OAUTH, false),
	TEXT("roles_claim", roles_claim, "roles", KP_ISSUER_OAUTH, false),
	TEXT("on_behalf_of_claim", on_behalf_of_claim, "", KP_ISSUER_OAUTH, true),
	TEXT("group", group, NULL, KP_ISSUER_FSC, false),
	TEXT("service", service, NULL, KP_ISSUER_FSC, false),
	TEXT("inway", inway, NULL, KP_ISSUER_FSC, false),
#undef TEXT
};

static const struct {
	const char *name;
	size_t offset;
	uint32_t min;
	uint32_t max;
	uint32_t value;
} numbers[] = {
#define NUMBER(name, min, max, value)                                                    \
	{                                                                                \
#name, offsetof(struct kp_issuer, name), min, max, value                 \
	}
	NUMBER(rsa_bits_min, KP_RSA_BITS_MIN, KP_RSA_BITS_MAX, KP_RSA_BITS_MIN),
	NUMBER(skew_s, 0, 300, 60),
	NUMBER(lifetime_max_s, 0, 31536000, 21600),
	NUMBER(refresh_s, 1, 86400, 300),
	NUMBER(refetch_s, 1, 3600, 60),
	NUMBER(keys_age_max_s, 1, 604800, 3600),
	NUMBER(timeout_ms, 10, 30000, 3000),
#undef NUMBER
};

/* What else an issuer may hold. */
static const char *const others[] = {"kind", "keys", "audiences", "types", "algorithms",
	"binding", "organisations", "roles", "trust_anchor", "certificate", "key",
	"introspection"};

static struct kp_slice
keep(struct reader *reader, struct kp_slice text)
{
	struct kp_slice kept = kp_arena_copy(&reader->config->arena, text);
	reader->out_of_memory = reader->out_of_memory || kept.data == NULL;
	return kept.data == NULL ? (struct kp_slice){"", 0} : kept;
}

/* A path from the configuration's folder; empty when it is not given. */
static struct kp_slice
read_path(struct reader *reader, const struct kp_json_node *object, const char *name)
{
	struct kp_slice text = {"", 0};
	if (!kp_json_get_text(reader->document, object, name, KP_JSON_OPTIONAL, &text) ||
		text.data[0] == '/') {
		return keep(reader, text);
	}
	const char *path = kp_arena_printf(&reader->config->arena, "%s/%.*s",
		reader->config->folder, KP_SLICE_ARG(text));
	reader->out_of_memory = reader->out_of_memory || path == NULL;
	return kp_slice_from(path == NULL ? "" : path);
}

/* Names at most one line long in a log, and an address for who fetches. */
static void
check_address(struct reader *reader, const struct kp_json_node *object, const char *name,
	struct kp_slice url)
{
	struct kp_slice endpoint;
	struct kp_slice target;
	bool plain = kp_slice_starts(url, KP_SLICE("http://"));
	bool loopback = kp_slice_starts(url, KP_SLICE("http://127.")) ||
		kp_slice_starts(url, KP_SLICE("http://[::1]"));
	if (!kp_url_split(url, &endpoint, &target) || endpoint.len > 500 ||
		(plain && !loopback)) {
		kp_json_finding(reader->document, kp_json_member(object, name),
			"an https address is needed (http only to loopback), without "
			"user and fragment");
	} else if (!plain && reader->issuer->anchor_file.len == 0) {
		kp_json_finding(reader->document, reader->node,
			"trust_anchor is needed to reach the issuer over https");
	}
}

static void
read_texts(struct reader *reader)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		struct kp_slice *member =
			(struct kp_slice *)(void *)((char *)reader->issuer +
				texts[i].offset);
		bool own = texts[i].both || texts[i].kind == reader->issuer->kind;
		struct kp_slice text = kp_slice_from(
			texts[i].value == NULL || !own ? "" : texts[i].value);
		if (own) {
			(void)kp_json_get_text(reader->document, reader->node,
				texts[i].name,
				texts[i].value == NULL ? KP_JSON_REQUIRED
						       : KP_JSON_OPTIONAL,
				&text);
		}
		*member = keep(reader, text);
	}
}

static void
read_numbers(struct reader *reader)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(numbers); i++) {
		int64_t number = numbers[i].value;
		(void)kp_json_get_integer(reader->document, reader->node, numbers[i].name,
			KP_JSON_OPTIONAL, numbers[i].min, numbers[i].max, &number);
		*(uint32_t *)(void *)((char *)reader->issuer + numbers[i].offset) =
			(uint32_t)number;
	}
}

static void
read_list(struct reader *reader, const char *name, enum kp_json_use use,
	struct kp_issuer_texts *ret_texts)
{
	struct kp_slice *items = NULL;
	size_t count = 0;
	if (!kp_json_get_texts(
		    reader->document, reader->node, name, use, &items, &count)) {
		return;
	}
	const struct kp_json_node *array = kp_json_member(reader->node, name);
	if (count == 0 || count > KP_ISSUER_TEXTS_MAX) {
		kp_json_finding(reader->document, array,
			"%zu texts are given, and 1 to %zu are allowed", count,
			KP_ISSUER_TEXTS_MAX);
		return;
	}
	struct kp_slice *kept =
		KP_ARENA_ARRAY(&reader->config->arena, struct kp_slice, count);
	reader->out_of_memory = reader->out_of_memory || kept == NULL;
	for (size_t i = 0; kept != NULL && i < count; i++) {
		kept[i] = keep(reader, items[i]);
	}
	*ret_texts = (struct kp_issuer_texts){kept, kept == NULL ? 0 : count};
}

static void
read_algorithms(struct reader *reader)
{
	struct kp_issuer_texts names = {.count = 0};
	reader->issuer->algorithms =
		1u << KP_ALG_PS256 | 1u << KP_ALG_ES256 | 1u << KP_ALG_EDDSA;
	read_list(reader, "algorithms", KP_JSON_OPTIONAL, &names);
	if (names.count > 0) {
		reader->issuer->algorithms = 0;
	}
	for (size_t i = 0; i < names.count; i++) {
		enum kp_signature_alg alg;
		if (kp_signature_alg_find(names.items[i], &alg)) {
			reader->issuer->algorithms |= 1u << alg;
		} else {
			kp_json_finding(reader->document,
				kp_json_member(reader->node, "algorithms"),
				"'%.*s' is none of RS256, RS384, RS512, PS256, PS384, "
				"PS512, ES256, ES384, ES512 and EdDSA",
				KP_SLICE_ARG(names.items[i]));
		}
	}
}

static void
read_organisations(struct reader *reader)
{
	struct kp_issuer *issuer = reader->issuer;
	read_list(reader, "organisations", KP_JSON_REQUIRED, &issuer->organisations);
	const struct kp_json_node *array = kp_json_member(reader->node, "organisations");
	for (size_t i = 0; i < issuer->organisations.count; i++) {
		struct kp_slice text = issuer->organisations.items[i];
		if (!kp_is_oin(text) && !kp_slice_is(text, "*")) {
			kp_json_finding(reader->document, array,
				"an organisation is an OIN of 20 digits, or * for any");
		}
	}
	bool one = issuer->organisations.count == 1 &&
		!kp_slice_is(issuer->organisations.items[0], "*");
	if (issuer->organisations.count > 0 && !one &&
		issuer->organisation_claim.len == 0) {
		kp_json_finding(reader->document, array,
			"organisation_claim is needed to tell which of these it is");
	}
}

static void
read_roles(struct reader *reader)
{
	const struct kp_json_node *object = kp_json_get_object(
		reader->document, reader->node, "roles", KP_JSON_OPTIONAL);
	if (object == NULL) {
		return;
	}
	if (object->count > KP_ISSUER_ROLES_MAX) {
		kp_json_finding(reader->document, object,
			"%" PRIu32 " roles are given, and at most %zu are allowed",
			object->count, KP_ISSUER_ROLES_MAX);
		return;
	}
	struct kp_issuer_role *roles = KP_ARENA_ARRAY(
		&reader->config->arena, struct kp_issuer_role, object->count + 1);
	reader->out_of_memory = reader->out_of_memory || roles == NULL;
	size_t count = 0;
	for (const struct kp_json_node *node = object->first;
		node != NULL && roles != NULL; node = node->next) {
		if (!kp_json_is_comment(node) &&
			kp_json_expect(reader->document, node, KP_JSON_KIND_STRING)) {
			roles[count++] = (struct kp_issuer_role){
				keep(reader, node->name), keep(reader, node->text)};
		}
	}
	reader->issuer->roles = roles;
	reader->issuer->role_count = count;
}

static void
read_keys(struct reader *reader)
{
	static const char *const known[] = {"discovery", "url", "file"};
	static const char *const words[] = {"oauth", "oidc"};
	struct kp_issuer *issuer = reader->issuer;
	size_t word = 0;
	const struct kp_json_node *object = kp_json_get_object(
		reader->document, reader->node, "keys", KP_JSON_REQUIRED);
	issuer->keys_url = issuer->keys_file = KP_SLICE("");
	if (object == NULL ||
		!kp_json_expect_members(
			reader->document, object, known, KP_ARRAY_LEN(known))) {
		return;
	}
	bool by_discovery = kp_json_get_choice(reader->document, object, "discovery",
		KP_JSON_OPTIONAL, words, KP_ARRAY_LEN(words), &word);
	bool by_url = kp_json_get_text(
		reader->document, object, "url", KP_JSON_OPTIONAL, &issuer->keys_url);
	bool by_file = kp_json_member(object, "file") != NULL;
	if (by_discovery + by_url + by_file != 1) {
		kp_json_finding(reader->document, object,
			"keys come from one of discovery, url and file");
		return;
	}
	issuer->keys = by_discovery ? (word == 0 ? KP_KEYS_OAUTH : KP_KEYS_OIDC)
		: by_url            ? KP_KEYS_URL
				    : KP_KEYS_FILE;
	if (by_url) {
		issuer->keys_url = keep(reader, issuer->keys_url);
		check_address(reader, object, "url", issuer->keys_url);
	} else if (by_discovery) {
		check_address(reader, reader->node, "issuer", issuer->issuer);
	} else {
		issuer->keys_file = read_path(reader, object, "file");
	}
}

/* The secret is named here, and put in its place when secrets are read. */
static void
read_introspection(struct reader *reader)
{
	static const char *const known[] = {
		"url", "client_id", "secret", "tokens", "cache_s"};
	static const char *const words[] = {"opaque", "signed"};
	struct kp_issuer *issuer = reader->issuer;
	int64_t cache_s = 60;
	size_t word = 0;
	struct kp_slice url = {"", 0};
	struct kp_slice client = {"", 0};
	struct kp_slice secret = {"", 0};
	const struct kp_json_node *object = kp_json_get_object(
		reader->document, reader->node, "introspection", KP_JSON_OPTIONAL);
	if (object != NULL) {
		(void)kp_json_expect_members(
			reader->document, object, known, KP_ARRAY_LEN(known));
		(void)kp_json_get_text(
			reader->document, object, "url", KP_JSON_REQUIRED, &url);
		(void)kp_json_get_text(
			reader->document, object, "client_id", KP_JSON_REQUIRED, &client);
		(void)kp_json_get_text(
			reader->document, object, "secret", KP_JSON_OPTIONAL, &secret);
		(void)kp_json_get_choice(reader->document, object, "tokens",
			KP_JSON_OPTIONAL, words, KP_ARRAY_LEN(words), &word);
		(void)kp_json_get_integer(reader->document, object, "cache_s",
			KP_JSON_OPTIONAL, 1, 3600, &cache_s);
		check_address(reader, object, "url", url);
		if (secret.len == 0 && issuer->certificate_file.len == 0) {
			kp_json_finding(reader->document, object,
				"introspection needs a secret, or a certificate and key "
				"of the issuer's");
		}
	}
	issuer->introspection_url = keep(reader, url);
	issuer->introspection_client = keep(reader, client);
	issuer->introspection_secret = keep(reader, secret);
	issuer->introspection = (enum kp_issuer_introspection)word;
	issuer->introspection_cache_s = (uint32_t)cache_s;
}

static void
read_files(struct reader *reader)
{
	struct kp_issuer *issuer = reader->issuer;
	issuer->anchor_file = read_path(reader, reader->node, "trust_anchor");
	issuer->certificate_file = read_path(reader, reader->node, "certificate");
	issuer->key_file = read_path(reader, reader->node, "key");
	if ((issuer->certificate_file.len == 0) != (issuer->key_file.len == 0)) {
		kp_json_finding(reader->document, reader->node,
			"certificate and key come together");
	}
}

static void
check_members(struct reader *reader)
{
	const char *
		known[KP_ARRAY_LEN(texts) + KP_ARRAY_LEN(numbers) + KP_ARRAY_LEN(others)];
	size_t count = 0;
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		if (texts[i].both || texts[i].kind == reader->issuer->kind) {
			known[count++] = texts[i].name;
		}
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(numbers); i++) {
		known[count++] = numbers[i].name;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(others); i++) {
		known[count++] = others[i];
	}
	(void)kp_json_expect_members(reader->document, reader->node, known, count);
}

/* What differs for tokens of another gateway: they name organisations and no employees,
 * and the Inway looks at what they are bound to. */
static void
settle_fsc(struct reader *reader)
{
	struct kp_issuer *issuer = reader->issuer;
	if (issuer->kind != KP_ISSUER_FSC) {
		return;
	}
	if (issuer->organisation_claim.len == 0) {
		issuer->organisation_claim = KP_SLICE("sub");
	}
	if (issuer->on_behalf_of_claim.len == 0) {
		issuer->on_behalf_of_claim = KP_SLICE("act.sub");
	}
	if (issuer->inway.len > 0 && !kp_is_oin(issuer->inway) &&
		!kp_slice_is(issuer->inway, "loopback")) {
		kp_json_finding(reader->document, kp_json_member(reader->node, "inway"),
			"the OIN in the Inway's certificate is needed, or 'loopback' for "
			"one on this machine");
	}
}

static void
read_issuer(struct reader *reader)
{
	static const char *const kinds[] = {"oauth", "fsc"};
	static const char *const bindings[] = {
		"required", "certificate", "dpop", "optional"};
	static const struct kp_slice access_token[] = {KP_SLICE_INIT("at+jwt")};
	struct kp_issuer *issuer = reader->issuer;
	size_t kind = KP_ISSUER_OAUTH;
	size_t binding = KP_BINDING_REQUIRED;
	if (!kp_json_expect(reader->document, reader->node, KP_JSON_KIND_OBJECT)) {
		return;
	}
	(void)kp_json_get_choice(reader->document, reader->node, "kind", KP_JSON_OPTIONAL,
		kinds, KP_ARRAY_LEN(kinds), &kind);
	(void)kp_json_get_choice(reader->document, reader->node, "binding",
		KP_JSON_OPTIONAL, bindings, KP_ARRAY_LEN(bindings), &binding);
	issuer->kind = (enum kp_issuer_kind)kind;
	issuer->binding = (enum kp_issuer_binding)binding;
	if (issuer->kind == KP_ISSUER_OAUTH) {
		issuer->types = (struct kp_issuer_texts){access_token, 1};
	}
	check_members(reader);
	read_texts(reader);
	read_numbers(reader);
	read_files(reader);
	read_algorithms(reader);
	read_list(reader, "audiences", KP_JSON_REQUIRED, &issuer->audiences);
	read_list(reader, "types", KP_JSON_OPTIONAL, &issuer->types);
	settle_fsc(reader);
	read_organisations(reader);
	read_roles(reader);
	read_keys(reader);
	read_introspection(reader);
}

/* What single issuers cannot say. */
static void
check_together(struct reader *reader, const struct kp_json_node *array)
{
	const struct kp_config *config = reader->config;
	size_t opaque = 0;
	for (size_t i = 0; i < config->issuer_count; i++) {
		const struct kp_issuer *issuer = &config->issuers[i];
		opaque += issuer->introspection_url.len > 0 &&
			issuer->introspection == KP_INTROSPECT_OPAQUE;
		if (kp_issuers_find(config->issuers, i, issuer->issuer, issuer->kind) !=
			NULL) {
			kp_json_finding(reader->document, array,
				"issuer %zu has the same name as one before it", i + 1);
		}
		if (issuer->refresh_s > issuer->keys_age_max_s) {
			kp_json_finding(reader->document, array,
				"issuer %zu: refresh_s is %" PRIu32
				", above keys_age_max_s, which is %" PRIu32,
				i + 1, issuer->refresh_s, issuer->keys_age_max_s);
		}
		if (issuer->binding == KP_BINDING_DPOP &&
			config->identity_public_url.len == 0) {
			kp_json_finding(reader->document, array,
				"issuer %zu binds to DPoP keys: identity.public_url is "
				"needed, which proofs must name",
				i + 1);
		}
	}
	if (opaque > 1) {
		kp_json_finding(reader->document, array,
			"%zu issuers answer for opaque tokens, which do not say whose "
			"they are: at most one may",
			opaque);
	}
}

enum kp_status
kp_config_read_issuers(const struct kp_json_document *document, struct kp_config *config)
{
	struct reader reader = {.document = document, .config = config};
	const struct kp_json_node *array =
		kp_json_get_array(document, document->root, "issuers", KP_JSON_OPTIONAL);
	if (array == NULL || array->count == 0) {
		return KP_OK;
	}
	if (array->count > KP_ISSUERS_MAX) {
		kp_json_finding(document, array,
			"%" PRIu32 " issuers are given, and at most %zu are allowed",
			array->count, KP_ISSUERS_MAX);
		return KP_OK;
	}
	config->issuers = KP_ARENA_ARRAY(&config->arena, struct kp_issuer, array->count);
	if (config->issuers == NULL) {
		return KP_E_MEMORY;
	}
	for (const struct kp_json_node *node = array->first; node != NULL;
		node = node->next) {
		reader.node = node;
		reader.issuer = &config->issuers[config->issuer_count++];
		read_issuer(&reader);
	}
	check_together(&reader, array);
	return reader.out_of_memory ? KP_E_MEMORY : KP_OK;
}
