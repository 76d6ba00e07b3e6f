/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * form: what an export is written in. Bytes go in as they come, rows come out with their
 * place in the bytes, whatever the form. Pure; one thread.
 */
#ifndef KP_CONNECTORS_FILE_FORM_H
#define KP_CONNECTORS_FILE_FORM_H

#include "connectors/file/form_row.h"
#include "connectors/file/ndjson.h"
#include "core/csv_read.h"

/* A field of an unpacked sheet that has no value: what no text there can hold. */
#define KP_FORM_UNREADABLE "\x1a"

/* How to read the exports of one manifest. Lifetime: the instance. */
struct kp_form {
	enum kp_export_form form;
	uint32_t first_row; /* number of the row with the names, as people count */
	struct kp_csv_options csv;
	struct kp_ndjson_columns columns;
};

/* False without memory. */
bool kp_form_build(struct kp_arena *arena, const struct kp_manifest *manifest,
	const struct kp_row_groups *groups, struct kp_form *form) KP_MUST_USE;

/* Lifetime: the caller's, not longer than its arena and its form. All members private. */
struct kp_form_reader {
	const struct kp_form *form;
	struct kp_arena *arena;
	struct kp_form_handler handler;
	struct kp_row_value *values; /* of the row under way */
	size_t value_capacity;
	bool no_memory;
	struct kp_csv_reader csv;
	struct kp_ndjson_reader ndjson;
};

/* Errors: KP_E_MEMORY, KP_E_CONFIG. */
enum kp_status kp_form_reader_init(struct kp_form_reader *reader,
	const struct kp_form *form, struct kp_arena *arena,
	const struct kp_form_handler *handler, struct kp_error *err) KP_MUST_USE;
/* Errors as those of the readers below; `place` begins with "row N" or "line N". After an
 * error every call gives it again. */
enum kp_status kp_form_reader_push(struct kp_form_reader *reader, struct kp_slice chunk,
	struct kp_error *err) KP_MUST_USE;
enum kp_status kp_form_reader_finish(
	struct kp_form_reader *reader, struct kp_error *err) KP_MUST_USE;
/* Lets go of what is not in the arena; a zeroed reader has nothing. */
void kp_form_reader_deinit(struct kp_form_reader *reader);

#endif
