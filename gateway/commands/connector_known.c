/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_known: see connector_known.h. */
#include "commands/connector_known.h"

#include <stdio.h>

#include "connectors/text.h"
#include "connectors/value.h"

#define FILE_BYTES_MAX ((size_t)65536)

/* The line itself is not shown: it may be about a client. */
static bool
add_line(const struct kp_connector_load *load, struct kp_slice line, const char *place,
	struct kp_connector_known *known)
{
	struct kp_slice field = kp_value_trim(kp_slice_cut(&line, '='));
	if (line.data == NULL) {
		fprintf(stderr, "%s: is not field=value\n", place);
		return false;
	}
	if (kp_catalogue_find_field(load->cells, field) == KP_NO_ID) {
		struct kp_slice near = kp_catalogue_nearest(load->cells, field);
		fprintf(stderr,
			"%s: its field is not one of the catalogue; nearest is '%.*s'\n",
			place, KP_SLICE_ARG(near));
		return false;
	}
	if (known->count == KP_CONNECTOR_KNOWN_MAX) {
		fprintf(stderr, "%s: is one more than the %d values there may be\n",
			place, KP_CONNECTOR_KNOWN_MAX);
		return false;
	}
	known->lines[known->count++] =
		(struct kp_connector_known_line){field, kp_value_trim(line)};
	return true;
}

bool
kp_connector_read_known(struct kp_connector_load *load, const char *path,
	struct kp_connector_known *ret_known)
{
	struct kp_slice text = {0};
	*ret_known = (struct kp_connector_known){0};
	if (path == NULL) {
		return true;
	}
	bool fine = kp_connector_read_file(load, path, FILE_BYTES_MAX, &text);
	for (unsigned number = 1; fine && text.len > 0; number++) {
		char place[512];
		struct kp_slice line = kp_value_trim(kp_slice_cut(&text, '\n'));
		(void)snprintf(place, sizeof(place), "%s:%u", path, number);
		fine = line.len == 0 || line.data[0] == '#' ||
			add_line(load, line, place, ret_known);
	}
	return fine;
}

/* The value of a field that came as number `index`. */
static struct kp_text
known_in(const struct kp_need *need, struct kp_text path, uint32_t index)
{
	const struct kp_connector_known *known = need->known_context;
	for (size_t i = 0; i < known->count; i++) {
		if (kp_slice_equal(known->lines[i].field, kp_text_slice(path)) &&
			index-- == 0) {
			return kp_text_from(known->lines[i].value);
		}
	}
	return (struct kp_text){0};
}

static struct kp_text
known_first(const struct kp_need *need, struct kp_text path)
{
	return known_in(need, path, 0);
}

static uint32_t
known_items(const struct kp_need *need, struct kp_text section)
{
	const struct kp_connector_known *known = need->known_context;
	uint32_t most = 0;
	for (size_t i = 0; i < known->count; i++) {
		struct kp_slice field = known->lines[i].field;
		bool inside = field.len > section.len && field.data[section.len] == '.' &&
			kp_slice_starts(field, kp_text_slice(section));
		uint32_t count = 0;
		for (size_t j = 0; inside && j < known->count; j++) {
			count += kp_slice_equal(known->lines[j].field, field) ? 1 : 0;
		}
		most = count > most ? count : most;
	}
	return most;
}

void
kp_connector_offer_known(const struct kp_connector_known *known, struct kp_need *need)
{
	need->known = known_first;
	need->known_items = known_items;
	need->known_in = known_in;
	need->known_context = known;
}
