/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* cedar_room: one arena with names and findings, for tests of the checking half of Cedar.
 */
#ifndef KP_TESTS_CEDAR_ROOM_H
#define KP_TESTS_CEDAR_ROOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policies/cedar/parse.h"
#include "policies/cedar/schema.h"

struct room {
	struct kp_arena arena;
	struct kp_cedar_names names;
	struct kp_findings errors;
	struct kp_findings warnings;
	struct kp_cedar_schema_source source;
	const struct kp_cedar_schema *schema;
};

static inline void
room_open(struct room *room)
{
	*room = (struct room){0};
	kp_arena_init(&room->arena, (size_t)256 << 20, NULL);
	kp_cedar_names_init(&room->names, &room->arena, NULL);
	kp_findings_init(&room->errors, 100);
	kp_findings_init(&room->warnings, 100);
	kp_cedar_schema_source_init(&room->source, &room->arena, &room->names);
}

static inline void
room_close(struct room *room)
{
	kp_findings_deinit(&room->errors);
	kp_findings_deinit(&room->warnings);
	kp_arena_deinit(&room->arena);
}

static inline enum kp_status
room_schema(struct room *room, const char *text)
{
	enum kp_status status = kp_cedar_schema_read_text(
		&room->source, "s", kp_slice_from(text), &room->errors);
	if (status == KP_OK) {
		status = kp_cedar_schema_make(
			&room->source, &room->errors, &room->warnings, &room->schema);
	}
	return status;
}

static inline enum kp_status
room_schema_json(struct room *room, struct kp_slice text)
{
	enum kp_status status =
		kp_cedar_schema_read_json(&room->source, "s", text, &room->errors);
	if (status == KP_OK) {
		status = kp_cedar_schema_make(
			&room->source, &room->errors, &room->warnings, &room->schema);
	}
	return status;
}

/* Finding `at` as text; "" when there are not so many. */
static inline const char *
room_finding(const struct kp_findings *findings, size_t at)
{
	static char text[640];
	if (at >= findings->count) {
		return "";
	}
	return kp_error_text(&findings->items[at], text, sizeof(text));
}

/* The bytes of a file in the heap, NUL behind them; NULL when it is not there. */
static inline char *
room_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		return NULL;
	}
	char *bytes = NULL;
	if (fseek(file, 0, SEEK_END) == 0) {
		long size = ftell(file);
		rewind(file);
		bytes = size < 0 ? NULL : malloc((size_t)size + 1);
		if (bytes != NULL) {
			*ret_len = fread(bytes, 1, (size_t)size, file);
			bytes[*ret_len] = '\0';
		}
	}
	(void)fclose(file);
	return bytes;
}

#endif
