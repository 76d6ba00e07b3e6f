/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new_yaml: YAML as JSON, by the events of libyaml. Aliases are refused: they
 * make a small text a huge document. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "commands/connector_new_openapi.h"

#define DEPTH_MAX 64u
#define NODES_MAX 500000u

struct reading {
	yaml_parser_t parser;
	unsigned depth;
	unsigned nodes;
	const char *fault;
	yaml_mark_t mark;
};

static const char no_memory[] = "no memory is left";

static json_t *
give_up(struct reading *reading, const char *fault, const yaml_event_t *event)
{
	if (reading->fault == NULL) {
		reading->fault = fault;
		reading->mark = event->start_mark;
	}
	return NULL;
}

/* The core schema's plain scalars, as far as JSON has them. */
static json_t *
plain(const char *text, size_t len)
{
	char *end = NULL;
	if (len == 0 || strcmp(text, "null") == 0 || strcmp(text, "~") == 0) {
		return json_null();
	}
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		return json_boolean(text[0] == 't');
	}
	bool number = strchr("-0123456789", text[0]) != NULL &&
		strspn(text, "+-.0123456789eE") == len;
	if (number && strpbrk(text, ".eE") == NULL) {
		long long integer = strtoll(text, &end, 10);
		if (*end == '\0') {
			return json_integer(integer);
		}
	} else if (number) {
		double real = strtod(text, &end);
		if (*end == '\0' && isfinite(real)) {
			return json_real(real);
		}
	}
	return json_stringn(text, len);
}

static bool
next(struct reading *reading, yaml_event_t *event)
{
	if (yaml_parser_parse(&reading->parser, event) == 0) {
		if (reading->fault == NULL) {
			reading->fault = reading->parser.problem == NULL
				? "it does not read"
				: reading->parser.problem;
			reading->mark = reading->parser.problem_mark;
		}
		memset(event, 0, sizeof(*event));
		return false;
	}
	return true;
}

static json_t *read_value(struct reading *reading, const yaml_event_t *event);

static json_t *
read_sequence(struct reading *reading)
{
	json_t *array = json_array();
	yaml_event_t event;
	bool more = array != NULL;
	while (more && next(reading, &event)) {
		more = event.type != YAML_SEQUENCE_END_EVENT;
		json_t *one = more ? read_value(reading, &event) : NULL;
		bool ended = !more;
		more = more && one != NULL && json_array_append_new(array, one) == 0;
		yaml_event_delete(&event);
		if (ended) {
			return array;
		}
	}
	json_decref(array);
	return NULL;
}

static json_t *
read_mapping(struct reading *reading)
{
	json_t *object = json_object();
	yaml_event_t key;
	yaml_event_t event;
	while (object != NULL && next(reading, &key)) {
		if (key.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&key);
			return object;
		}
		json_t *value = NULL;
		const char *name = key.type == YAML_SCALAR_EVENT
			? (const char *)key.data.scalar.value
			: NULL;
		if (name == NULL || strlen(name) != key.data.scalar.length ||
			json_object_get(object, name) != NULL) {
			(void)give_up(reading,
				name != NULL && json_object_get(object, name) != NULL
					? "a name comes twice"
					: "a name must be a text without NUL",
				&key);
		} else if (next(reading, &event)) {
			value = read_value(reading, &event);
			yaml_event_delete(&event);
		}
		bool kept =
			value != NULL && json_object_set_new(object, name, value) == 0;
		if (value != NULL && !kept) {
			(void)give_up(reading, no_memory, &key);
		}
		yaml_event_delete(&key);
		if (!kept) {
			break;
		}
	}
	json_decref(object);
	return NULL;
}

static json_t *
read_value(struct reading *reading, const yaml_event_t *event)
{
	json_t *value = NULL;
	if (reading->depth == DEPTH_MAX || ++reading->nodes > NODES_MAX) {
		return give_up(reading, "it is too deep or too large", event);
	}
	reading->depth++;
	if (event->type == YAML_SCALAR_EVENT) {
		const char *text = (const char *)event->data.scalar.value;
		size_t len = event->data.scalar.length;
		value = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
			? plain(text, len)
			: json_stringn(text, len);
		if (value == NULL) { /* libyaml has checked that it is UTF-8 */
			(void)give_up(reading, no_memory, event);
		}
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		value = read_sequence(reading);
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		value = read_mapping(reading);
	} else {
		(void)give_up(reading, "aliases are not taken", event);
	}
	reading->depth--;
	return value;
}

enum kp_status
kp_new_yaml_read(const char *path, struct kp_slice text, json_t **ret_document,
	struct kp_error *err)
{
	struct reading reading = {0};
	yaml_event_t event;
	json_t *document = NULL;
	if (yaml_parser_initialize(&reading.parser) == 0) {
		return kp_error_set(err, KP_E_MEMORY, "no memory is left");
	}
	yaml_parser_set_input_string(
		&reading.parser, (const unsigned char *)text.data, text.len);
	bool more = true;
	while (more && document == NULL && next(&reading, &event)) {
		bool before = event.type == YAML_STREAM_START_EVENT ||
			event.type == YAML_DOCUMENT_START_EVENT;
		more = before;
		if (!before && event.type != YAML_STREAM_END_EVENT) {
			document = read_value(&reading, &event);
		}
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&reading.parser);
	if (document == NULL) {
		enum kp_status status = kp_error_set(err, KP_E_INVALID, "no YAML: %s",
			reading.fault != NULL       ? reading.fault
				: reading.nodes > 0 ? no_memory
						    : "there is nothing in it");
		kp_error_at(err, path, (unsigned)reading.mark.line + 1,
			(unsigned)reading.mark.column + 1, NULL);
		return status;
	}
	*ret_document = document;
	return KP_OK;
}
