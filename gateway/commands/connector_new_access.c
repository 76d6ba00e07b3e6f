/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new_access: the security schemes of an OpenAPI document (3.0 and 3.1,
 * Security Scheme Object and Security Requirement Object) as the access of a manifest. Of
 * what the operation takes, the first that the gateway can show is written; everything
 * else is said as something to do, never guessed.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "commands/connector_new_openapi.h"

#define SCHEMES_MAX 16u

enum proof { NOTHING_WE_HAVE, HEADER, BASIC, BEARER, TOKEN, CERTIFICATE };

/* One scheme that the operation takes. */
struct scheme {
	const char *name;
	json_t *object;
	json_t *scopes;       /* that the operation wants */
	unsigned requirement; /* schemes of one are shown together */
	enum proof proof;
};

struct choosing {
	struct kp_new *new;
	struct scheme schemes[SCHEMES_MAX];
	size_t count;
	bool dropped; /* there were more */
};

static const char *
text_at(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text == NULL ? "" : text;
}

static json_t *
client_credentials(json_t *scheme)
{
	return json_object_get(json_object_get(scheme, "flows"), "clientCredentials");
}

/* Names of HTTP schemes know no case (RFC 9110, 11.1). */
static enum proof
proof_of(json_t *scheme)
{
	const char *type = text_at(scheme, "type");
	const char *how = text_at(scheme, "scheme");
	if (strcmp(type, "apiKey") == 0) {
		return strcmp(text_at(scheme, "in"), "header") == 0 &&
				text_at(scheme, "name")[0] != '\0'
			? HEADER
			: NOTHING_WE_HAVE;
	}
	if (strcmp(type, "http") == 0) {
		return strcasecmp(how, "basic") == 0     ? BASIC
			: strcasecmp(how, "bearer") == 0 ? BEARER
							 : NOTHING_WE_HAVE;
	}
	if (strcmp(type, "oauth2") == 0) {
		return client_credentials(scheme) != NULL ? TOKEN : NOTHING_WE_HAVE;
	}
	return strcmp(type, "openIdConnect") == 0 ? TOKEN
		: strcmp(type, "mutualTLS") == 0  ? CERTIFICATE
						  : NOTHING_WE_HAVE;
}

/* Which the operation takes. */

static void
add_scheme(struct choosing *choosing, const struct kp_new_operation *operation,
	const char *name, json_t *scopes, unsigned requirement)
{
	json_t *all = json_object_get(
		json_object_get(operation->document, "components"), "securitySchemes");
	json_t *object =
		kp_new_schema_follow(operation->document, json_object_get(all, name));
	for (size_t i = 0; i < choosing->count; i++) {
		if (strcmp(choosing->schemes[i].name, name) == 0) {
			return;
		}
	}
	if (choosing->count == SCHEMES_MAX) {
		choosing->dropped = true;
	} else {
		choosing->schemes[choosing->count++] = (struct scheme){.name = name,
			.object = object,
			.scopes = scopes,
			.requirement = requirement,
			.proof = proof_of(object)};
	}
}

/* Where neither the operation nor the document says so, any of the document's. */
static void
find_schemes(struct choosing *choosing, const struct kp_new_operation *operation)
{
	json_t *own = json_object_get(operation->object, "security");
	json_t *wanted =
		own != NULL ? own : json_object_get(operation->document, "security");
	json_t *all = json_object_get(
		json_object_get(operation->document, "components"), "securitySchemes");
	unsigned requirement = 0;
	size_t i;
	json_t *one;
	const char *name;
	json_t *scopes;
	json_array_foreach(wanted, i, one)
	{
		json_object_foreach(one, name, scopes)
		{
			add_scheme(choosing, operation, name, scopes, (unsigned)i);
		}
	}
	if (wanted == NULL) {
		json_object_foreach(all, name, one)
		{
			add_scheme(choosing, operation, name, NULL, requirement++);
		}
	}
}

/* A secret first: a certificate can stand beside it. */
static const struct scheme *
choose(const struct choosing *choosing)
{
	const struct scheme *chosen = NULL;
	for (size_t i = 0; i < choosing->count; i++) {
		const struct scheme *one = &choosing->schemes[i];
		bool better = chosen == NULL ||
			(chosen->proof == CERTIFICATE && one->proof != CERTIFICATE);
		if (one->proof != NOTHING_WE_HAVE && better) {
			chosen = one;
		}
	}
	return chosen;
}

/* Writing. */

static const char *
scopes_of(struct kp_new *new, const struct scheme *scheme)
{
	const char *text = "";
	size_t i;
	json_t *one;
	json_array_foreach(scheme->scopes, i, one)
	{
		const char *scope = json_string_value(one);
		if (scope != NULL && text != NULL) {
			text = kp_arena_printf(new->arena, "%s%s%s", text,
				text[0] == '\0' ? "" : " ", scope);
		}
	}
	return text == NULL ? "" : text;
}

static void
write_token(struct kp_new *new, const struct scheme *scheme, json_t *access)
{
	json_t *flow = client_credentials(scheme->object);
	const char *url = json_string_value(json_object_get(flow, "tokenUrl"));
	const char *scopes = scopes_of(new, scheme);
	json_t *token = json_object();
	kp_new_set(new, token, "endpoint", kp_new_here(url));
	kp_new_set(new, token, "client_id",
		json_string("TO"
			    "DO"));
	kp_new_set(new, token, "authentication", json_string("client_secret_basic"));
	if (scopes[0] != '\0') {
		kp_new_set(new, token, "scope", json_string(scopes));
	}
	kp_new_set(new, access, "token", token);
	if (flow == NULL) {
		kp_new_todo(new,
			"access.token.endpoint: the token_endpoint that '%s' names; the "
			"gateway asks with client credentials, and nobody signs in",
			text_at(scheme->object, "openIdConnectUrl"));
	} else {
		kp_new_todo(new,
			"access.token.endpoint: the issuer's own address, https with "
			"'anchor_file'; the description says %s",
			url == NULL ? "nothing of it" : url);
	}
	kp_new_todo(new,
		"access.token: our client_id there, and how we prove it "
		"(authentication): a secret, a key of ours or our certificate");
}

static const char *
header_of(struct kp_new *new, const char *name)
{
	if (kp_new_is_header(name)) {
		return name;
	}
	kp_new_todo(new,
		"access.header: '%s' is no name of a header that a question can bear",
		name);
	return "TO"
	       "DO";
}

static void
write_secret(struct kp_new *new, const struct scheme *scheme)
{
	static const char *const kinds[] = {[HEADER] = "header",
		[BASIC] = "basic",
		[BEARER] = "bearer",
		[TOKEN] = "oauth2"};
	json_t *access = json_object();
	kp_new_set(new, access, "kind", json_string(kinds[scheme->proof]));
	if (scheme->proof == HEADER) {
		kp_new_set(new, access, "header",
			json_string(header_of(new, text_at(scheme->object, "name"))));
	}
	kp_new_set(new, access, "secret",
		kp_new_text(new->catalogue->sources[new->source].name));
	if (scheme->proof == TOKEN) {
		write_token(new, scheme, access);
	}
	kp_new_set(new, new->manifest, "access", access);
	kp_new_todo(new, "access.secret: the secret for '%s' (%s)", scheme->name,
		text_at(scheme->object, "type"));
	if (strcasecmp(text_at(scheme->object, "bearerFormat"), "jwt") == 0) {
		kp_new_todo(new,
			"access.kind: '%s' is a JWT; zgw makes one for each question "
			"with a shared secret, oauth2 gets one from an issuer",
			scheme->name);
	}
}

/* What it is, in the words of the description. */
static void
describe(const struct scheme *scheme, char out[96])
{
	const char *type = text_at(scheme->object, "type");
	const char *more = strcmp(type, "apiKey") == 0 ? text_at(scheme->object, "in")
		: strcmp(type, "http") == 0            ? text_at(scheme->object, "scheme")
						       : "";
	(void)snprintf(out, 96, "%s%s%s%s", type[0] == '\0' ? "not described" : type,
		more[0] == '\0' ? "" : " ", more,
		strcmp(type, "oauth2") == 0 && scheme->proof == NOTHING_WE_HAVE
			? " without client credentials"
			: "");
}

static void
say_others(const struct choosing *choosing, const struct scheme *chosen)
{
	for (size_t i = 0; i < choosing->count; i++) {
		const struct scheme *one = &choosing->schemes[i];
		char text[96];
		describe(one, text);
		if (one == chosen) {
			continue;
		}
		if (one->proof == CERTIFICATE) {
			kp_new_todo(choosing->new,
				"access.certificate_file and key_file: '%s' wants our "
				"client certificate",
				one->name);
		} else if (chosen != NULL && one->requirement == chosen->requirement) {
			kp_new_todo(choosing->new,
				"access: '%s' (%s) is wanted together with '%s'; the "
				"gateway shows one secret, so ask the partner",
				one->name, text, chosen->name);
		} else {
			kp_new_todo(choosing->new,
				one->proof == NOTHING_WE_HAVE
					? "access: '%s' (%s) is a way in that the "
					  "gateway does not have"
					: "access: '%s' (%s) would do too",
				one->name, text);
		}
	}
}

void
kp_new_openapi_access(struct kp_new *new, const struct kp_new_operation *operation)
{
	struct choosing choosing = {.new = new};
	find_schemes(&choosing, operation);
	const struct scheme *chosen = choose(&choosing);
	if (chosen != NULL && chosen->proof != CERTIFICATE) {
		write_secret(new, chosen);
	} else {
		if (choosing.count > 0 && chosen == NULL) {
			kp_new_todo(new,
				"access: nothing of what the description wants is known "
				"here; nothing is shown to the partner");
		}
		chosen = NULL;
	}
	say_others(&choosing, chosen);
	if (choosing.dropped) {
		kp_new_todo(new,
			"access: the description has more security schemes than the %u "
			"that were looked at",
			SCHEMES_MAX);
	}
}
