/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_answer: see connector_answer.h. */
#include "commands/connector_answer.h"

#include <stdio.h>

#include "source/source_rows.h"

static enum kp_status
read_rows(struct kp_connector_load *load, struct kp_file *rows, struct kp_slice *ret_text,
	struct kp_error *err)
{
	struct kp_file_stamp stamp;
	size_t len = 0;
	enum kp_status status = kp_file_stat(rows, &stamp);
	if (status != KP_OK || stamp.size > KP_CONNECTOR_ANSWER_BYTES_MAX) {
		return kp_error_set(
			err, KP_E_LIMIT, "the rows of the sheet are too many");
	}
	char *bytes = kp_arena_bytes(&load->arena, (size_t)stamp.size + 1);
	status = bytes == NULL
		? KP_E_MEMORY
		: kp_file_read_at(rows, 0, bytes, (size_t)stamp.size, &len);
	*ret_text = (struct kp_slice){bytes, len};
	return status == KP_OK ? KP_OK
			       : kp_error_set(err, status, "the rows cannot be read");
}

static enum kp_status
read_workbook(struct kp_connector_load *load, const struct kp_source_private *private,
	const char *path, struct kp_slice *ret_text, struct kp_error *err)
{
	struct kp_file *file = NULL;
	struct kp_file *rows = NULL;
	struct kp_fault fault = {0};
	enum kp_status status = kp_file_open(path, &file, err);
	if (status != KP_OK) {
		return status;
	}
	status = kp_source_rows_open(private, file, &rows, &fault);
	if (status == KP_OK) {
		status = read_rows(load, rows, ret_text, err);
	} else {
		(void)kp_error_set(err, status, "%s%s%s", fault.place,
			fault.place[0] == '\0' ? "" : ": ",
			fault.message[0] == '\0' ? "the workbook cannot be read"
						 : fault.message);
	}
	kp_file_close(&rows);
	kp_file_close(&file);
	return status;
}

bool
kp_connector_read_answer(struct kp_connector_load *load, const struct kp_source *source,
	const char *path, struct kp_slice *ret_answer)
{
	struct kp_error err = {0};
	char text[512];
	const struct kp_source_private *private = source->private;
	if (private->connector->transport != KP_TRANSPORT_FILE ||
		private->manifest->file.form != KP_EXPORT_XLSX) {
		return kp_connector_read_file(
			load, path, KP_CONNECTOR_ANSWER_BYTES_MAX, ret_answer);
	}
	if (read_workbook(load, private, path, ret_answer, &err) == KP_OK) {
		return true;
	}
	fprintf(stderr, "ketenpoort connector: %s: %s\n", path,
		kp_error_text(&err, text, sizeof(text)));
	return false;
}
