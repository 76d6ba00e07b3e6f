/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_tables: see connector_tables.h. */
#include "commands/connector_tables.h"

#include <inttypes.h>
#include <stdio.h>

#include "commands/terminal_text.h"
#include "core/json_write.h"

static bool
record_table(struct kp_connector_load *load, const struct kp_source *source,
	const char *name_and_file)
{
	char text[512];
	struct kp_error err = {0};
	struct kp_slice bytes;
	const char *equals = strchr(name_and_file, '=');
	if (equals == NULL) {
		fprintf(stderr, "ketenpoort connector: --tabel is NAME=FILE\n");
		return false;
	}
	struct kp_slice name = {name_and_file, (size_t)(equals - name_and_file)};
	if (!kp_connector_read_file(
		    load, equals + 1, KP_CONNECTOR_ANSWER_BYTES_MAX, &bytes)) {
		return false;
	}
	if (kp_source_table_record(source, name, bytes, &err) != KP_OK) {
		fprintf(stderr, "ketenpoort connector: %s: %s\n", equals + 1,
			kp_error_text(&err, text, sizeof(text)));
		return false;
	}
	return true;
}

bool
kp_connector_record_tables(struct kp_connector_load *load, const struct kp_source *source,
	const char *const *tables, size_t count)
{
	bool fine = true;
	for (size_t i = 0; i < count && fine; i++) {
		fine = record_table(load, source, tables[i]);
	}
	return fine;
}

static void
write_line(const struct kp_table_view *view, struct kp_buffer *buffer)
{
	kp_buffer_printf(buffer, "  %.*s: ", KP_SLICE_ARG(view->name));
	if (view->there) {
		kp_buffer_printf(buffer, "%" PRIu64 " rows\n", view->rows);
	} else {
		KP_BUFFER_ADD(buffer, "none, ");
		kp_terminal_add(buffer,
			view->trouble[0] == '\0' ? KP_SLICE("it was not fetched")
						 : kp_slice_from(view->trouble));
		kp_buffer_add_char(buffer, '\n');
	}
	if (view->next_absent) {
		kp_buffer_printf(buffer, "    /fetched_tables/%.*s/next: %s\n",
			KP_SLICE_ARG(view->name), KP_CONNECTOR_NEXT_DOUBT);
	}
}

static void
write_object(const struct kp_table_view *view, struct kp_json_writer *writer)
{
	kp_json_write_object_begin(writer);
	KP_JSON_WRITE_NAME(writer, "table");
	kp_json_write_string(writer, view->name);
	KP_JSON_WRITE_NAME(writer, "rows");
	kp_json_write_uint(writer, view->rows);
	KP_JSON_WRITE_NAME(writer, "trouble");
	kp_json_write_string(writer, kp_slice_from(view->trouble));
	if (view->next_absent) {
		KP_JSON_WRITE_NAME(writer, "doubt");
		kp_json_write_string(writer, KP_SLICE(KP_CONNECTOR_NEXT_DOUBT));
	}
	kp_json_write_object_end(writer);
}

void
kp_connector_write_tables(
	const struct kp_source *source, bool json, struct kp_buffer *buffer)
{
	struct kp_json_writer writer;
	kp_json_writer_init(&writer, buffer);
	for (size_t i = 0; i < kp_source_table_count(source); i++) {
		struct kp_table_view view;
		kp_source_table_view(source, i, &view);
		if (json) {
			write_object(&view, &writer);
		} else {
			write_line(&view, buffer);
		}
	}
}
