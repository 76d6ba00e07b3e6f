/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_schema: the table of keys as a JSON schema (draft 2020-12), for editors. */
#include <inttypes.h>
#include <string.h>

#include "connectors/manifest.h"
#include "connectors/manifest_keys.h"
#include "core/json_write.h"

static void write_object(
	struct kp_buffer *buffer, const struct kp_key *keys, unsigned indent);

static void
new_line(struct kp_buffer *buffer, unsigned indent)
{
	kp_buffer_add_char(buffer, '\n');
	for (unsigned i = 0; i < indent; i++) {
		KP_BUFFER_ADD(buffer, "  ");
	}
}

static void
write_string(struct kp_buffer *buffer, const char *text)
{
	struct kp_json_writer writer;
	kp_json_writer_init(&writer, buffer);
	kp_json_write_string(&writer, kp_slice_from(text));
}

static void
write_words(struct kp_buffer *buffer, const char *const *words)
{
	KP_BUFFER_ADD(buffer, "\"enum\": [");
	for (size_t i = 0; words[i] != NULL; i++) {
		kp_buffer_printf(buffer, "%s", i == 0 ? "" : ", ");
		write_string(buffer, words[i]);
	}
	KP_BUFFER_ADD(buffer, "]");
}

static void
write_kind(struct kp_buffer *buffer, const struct kp_key *key, unsigned indent)
{
	switch (key->kind) {
	case KP_KEY_TEXT:
		KP_BUFFER_ADD(buffer, "\"type\": \"string\", \"minLength\": 1");
		break;
	case KP_KEY_TEXT_OR_NULL:
		KP_BUFFER_ADD(
			buffer, "\"type\": [\"string\", \"null\"], \"minLength\": 1");
		break;
	case KP_KEY_TEXT_OR_FALSE:
		KP_BUFFER_ADD(buffer,
			"\"anyOf\": [{\"type\": \"string\", \"minLength\": "
			"1}, {\"const\": false}]");
		break;
	case KP_KEY_INTEGER:
		kp_buffer_printf(buffer,
			"\"type\": \"integer\", \"minimum\": %" PRId64
			", \"maximum\": %" PRId64 ", \"default\": %" PRId64,
			key->min, key->max, key->fallback);
		break;
	case KP_KEY_BOOLEAN:
		KP_BUFFER_ADD(buffer, "\"type\": \"boolean\"");
		break;
	case KP_KEY_CHOICE:
		write_words(buffer, key->words);
		break;
	case KP_KEY_TEXTS:
		KP_BUFFER_ADD(buffer,
			"\"type\": \"array\", \"items\": {\"type\": "
			"\"string\", \"minLength\": 1}");
		break;
	case KP_KEY_SCALAR:
		KP_BUFFER_ADD(buffer, "\"type\": [\"string\", \"number\", \"boolean\"]");
		break;
	case KP_KEY_ANY:
		KP_BUFFER_ADD(buffer, "\"type\": [\"object\", \"array\", \"string\"]");
		break;
	case KP_KEY_OBJECT:
		write_object(buffer, key->keys, indent);
		break;
	case KP_KEY_TEXT_OR_OBJECT:
		KP_BUFFER_ADD(buffer,
			"\"anyOf\": [{\"type\": \"string\", \"minLength\": 1}, {");
		write_object(buffer, key->keys, indent + 1);
		KP_BUFFER_ADD(buffer, "}]");
		break;
	}
}

static void
write_key(struct kp_buffer *buffer, const struct kp_key *key, unsigned indent)
{
	KP_BUFFER_ADD(buffer, "{\"description\": ");
	write_string(buffer, key->help);
	KP_BUFFER_ADD(buffer, ", ");
	write_kind(buffer, key, indent);
	KP_BUFFER_ADD(buffer, "}");
}

static void
write_required(struct kp_buffer *buffer, const struct kp_key *keys, unsigned indent)
{
	bool first = true;
	for (const struct kp_key *key = keys; key->help != NULL; key++) {
		if (!key->required) {
			continue;
		}
		if (first) {
			KP_BUFFER_ADD(buffer, ",");
			new_line(buffer, indent);
			KP_BUFFER_ADD(buffer, "\"required\": [");
		} else {
			KP_BUFFER_ADD(buffer, ", ");
		}
		write_string(buffer, key->name);
		first = false;
	}
	if (!first) {
		KP_BUFFER_ADD(buffer, "]");
	}
}

/* The members of an object's schema, without the braces around them. */
static void
write_object(struct kp_buffer *buffer, const struct kp_key *keys, unsigned indent)
{
	KP_BUFFER_ADD(buffer, "\"type\": \"object\",");
	new_line(buffer, indent + 1);
	KP_BUFFER_ADD(buffer, "\"properties\": {");
	new_line(buffer, indent + 2);
	KP_BUFFER_ADD(buffer, "\"//\": {\"description\": \"comment\"}");
	if (keys->name == NULL) {
		KP_BUFFER_ADD(buffer, "},");
		new_line(buffer, indent + 1);
		KP_BUFFER_ADD(buffer, "\"additionalProperties\": ");
		write_key(buffer, keys, indent + 1);
		return;
	}
	for (const struct kp_key *key = keys; key->help != NULL; key++) {
		KP_BUFFER_ADD(buffer, ",");
		new_line(buffer, indent + 2);
		write_string(buffer, key->name);
		KP_BUFFER_ADD(buffer, ": ");
		write_key(buffer, key, indent + 2);
	}
	KP_BUFFER_ADD(buffer, "},");
	new_line(buffer, indent + 1);
	KP_BUFFER_ADD(buffer, "\"additionalProperties\": false");
	write_required(buffer, keys, indent + 1);
}

void
kp_manifest_schema_write(struct kp_buffer *buffer)
{
	KP_BUFFER_ADD(buffer,
		"{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
		"  \"title\": \"Ketenpoort connector manifest\",\n"
		"  \"$comment\": \"Written from connectors/manifest_keys.c by ketenpoort "
		"connector schema\",\n  ");
	write_object(buffer, kp_manifest_keys(), 0);
	KP_BUFFER_ADD(buffer, "\n}\n");
}
