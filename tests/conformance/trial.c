/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* trial: see bench.h; one call: what it asks, what it is told, and what it delivers. */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bits.h"
#include "core/json_write.h"

static bool
goes_on(struct trial *trial)
{
	trial->after_stop = trial->after_stop || trial->stopped;
	if (trial->calls_left == 0) {
		trial->stopped = true;
		return false;
	}
	trial->calls_left -= trial->calls_left > 0 ? 1 : 0;
	return !trial->stopped;
}

static bool
on_subject(void *context, struct kp_text bsn)
{
	struct trial *trial = context;
	trial->subject_said = true;
	trial->subject_right = bsn.len == 9 && memcmp(bsn.data, BSN, 9) == 0;
	bool more = goes_on(trial);
	trial->stopped = trial->stopped || !trial->subject_right;
	return more && trial->subject_right;
}

static bool
on_item(void *context, uint32_t section, uint32_t *ret_item)
{
	struct trial *trial = context;
	assert_true(section < trial->bench->catalogue->section_count);
	assert_true(trial->bench->catalogue->sections[section].list);
	*ret_item = trial->items++;
	return goes_on(trial);
}

static bool
on_value(void *context, const struct kp_value *value)
{
	struct trial *trial = context;
	const struct kp_catalogue *catalogue = trial->bench->catalogue;
	/* Whatever the answer: about the person, in a cell of this source, well formed.
	 */
	assert_true(trial->subject_right);
	assert_true(value->cell < catalogue->cell_count);
	assert_int_equal(catalogue->cells[value->cell].source, 0);
	const struct kp_field *field =
		&catalogue->fields[catalogue->cells[value->cell].field];
	bool list = catalogue->sections[field->section].list;
	assert_true(!list || value->item < trial->items);
	struct kp_slice bytes = {value->bytes.data, value->bytes.len};
	if (!kp_utf8_valid(bytes)) {
		/* As the real host does. */
		trial->stopped = true;
		return false;
	}
	if (!kp_bits_has(trial->need.cells, value->cell)) {
		return goes_on(trial);
	}
	kp_buffer_printf(&trial->values, "%.*s", KP_SLICE_ARG(field->path));
	if (list) {
		kp_buffer_printf(&trial->values, "[%u]", value->item);
	}
	kp_buffer_add_char(&trial->values, '=');
	struct kp_json_writer writer;
	kp_json_writer_init(&writer, &trial->values);
	if (value->form == KP_VALUE_JSON) {
		kp_json_write_raw(&writer, bytes);
	} else {
		kp_json_write_string(&writer, bytes);
	}
	kp_buffer_printf(
		&trial->values, "%s\n", value->in_investigation ? " (in onderzoek)" : "");
	return goes_on(trial);
}

static bool
on_note(void *context, struct kp_text code, struct kp_text text)
{
	assert_true(code.len > 0 && text.len > 0);
	return goes_on(context);
}

static bool
on_text(void *context, struct kp_text text)
{
	(void)text;
	return goes_on(context);
}

static bool
on_doubt(void *context, const struct kp_fault *doubt)
{
	assert_true(doubt->place[0] == '/' && doubt->message[0] != '\0');
	return goes_on(context);
}

static bool
on_header(void *context, struct kp_text name, struct kp_text value)
{
	(void)context;
	for (size_t i = 0; i < value.len; i++) {
		assert_true((unsigned char)value.data[i] >= 0x20);
	}
	return name.len > 0;
}

static bool
on_target(void *context, struct kp_text target)
{
	(void)context;
	assert_null(memmem(target.data, target.len, BSN, 9));
	return true;
}

static bool
on_piece(void *context, struct kp_text text)
{
	(void)context;
	(void)text;
	return true;
}

static bool
on_query(void *context, struct kp_text name, struct kp_text statement,
	const struct kp_text *parameters, uint32_t count)
{
	(void)context;
	assert_true(name.len > 0 && statement.data[statement.len] == '\0');
	/* Bound, never spliced. */
	assert_null(memmem(statement.data, statement.len, BSN, 9));
	return count == 0 || parameters != NULL;
}

static const struct kp_request_writer writer_of_suite = {
	.size = sizeof(writer_of_suite),
	.method = on_piece,
	.target = on_target,
	.header = on_header,
	.body = on_piece,
	.key = on_piece,
	.query = on_query,
};

static struct kp_text
no_header(const struct kp_head *head, struct kp_text name)
{
	(void)head;
	(void)name;
	return (struct kp_text){0};
}

const struct feeding plain = {.sink_calls = -1};

bool
is_file(const struct bench *bench)
{
	return bench->connector->transport == KP_TRANSPORT_FILE;
}

static const char *
good_type(const struct bench *bench)
{
	if (strcmp(bench->connector->name, "soap") == 0) {
		return "text/xml; charset=utf-8";
	}
	return strcmp(bench->connector->name, "example") == 0
		? "text/plain; charset=utf-8"
		: "application/json";
}

static struct kp_sink
make_sink(struct trial *trial)
{
	return (struct kp_sink){
		.size = sizeof(struct kp_sink),
		.context = trial,
		.subject = on_subject,
		.item = on_item,
		.value = on_value,
		.note = on_note,
		.unmapped = on_text,
		.valid_on = on_text,
		.doubt = on_doubt,
	};
}

static bool
step(struct trial *trial, unsigned *left)
{
	if (trial->verdict != KP_DONE || *left == 1) {
		return false;
	}
	*left -= *left > 0 ? 1 : 0;
	return true;
}

static void
feed_bytes(struct trial *trial, const struct feeding *feeding, void *memory,
	const struct kp_sink *sink, unsigned *left)
{
	const struct bench *bench = trial->bench;
	size_t piece = feeding->piece == 0 ? feeding->bytes.len : feeding->piece;
	size_t at = 0;
	while (at < feeding->bytes.len && step(trial, left)) {
		size_t len =
			feeding->bytes.len - at < piece ? feeding->bytes.len - at : piece;
		/* A copy of its own, so that reading past it is seen. */
		char *copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, feeding->bytes.data + at, len);
		trial->verdict = bench->connector->consume(bench->instance, memory,
			(struct kp_text){copy, len}, sink, &trial->fault);
		memset(copy, 'X', len);
		free(copy);
		at += len;
	}
}

/* A whole call, or as much of it as `feeding` says. `end` comes always. */
void
run_call(struct bench *bench, const struct feeding *feeding, struct trial *trial)
{
	memset(trial, 0, sizeof(*trial));
	trial->bench = bench;
	trial->calls_left = feeding->sink_calls;
	kp_buffer_init(&trial->values, &bench->arena, TEXT_BYTES_MAX);
	const char *type = feeding->type == NULL ? good_type(bench) : feeding->type;
	struct kp_sink sink = make_sink(trial);
	struct kp_call_host host = {
		.size = sizeof(host), .context = bench, .alloc = bench_alloc};
	struct kp_head head = {
		.size = sizeof(head),
		.status = feeding->status == 0 ? 200 : feeding->status,
		.content_type = {type, strlen(type)},
		.header = no_header,
	};
	trial->need = (struct kp_need){
		.size = sizeof(trial->need),
		.bsn = {BSN, 9},
		.purpose = {"een\"doel", 8},
		.now = {"2026-01-01T00:00:00Z", 20},
		.cells = feeding->cells == NULL ? bench->cells : feeding->cells,
		.cell_words = bench->catalogue->cell_words,
	};
	void *memory = calloc(1, bench->connector->call_size + 1);
	assert_non_null(memory);
	unsigned left = feeding->steps;
	trial->verdict = bench->connector->prepare(bench->instance, memory, &host,
		&trial->need, &writer_of_suite, &trial->fault);
	if (step(trial, &left)) {
		trial->verdict = bench->connector->head(
			bench->instance, memory, &head, &sink, &trial->fault);
	}
	feed_bytes(trial, feeding, memory, &sink, &left);
	trial->outcome = KP_ERROR;
	if (step(trial, &left)) {
		trial->verdict = bench->connector->finish(
			bench->instance, memory, &sink, &trial->outcome, &trial->fault);
		trial->ended = trial->verdict != KP_FAIL;
	}
	bench->connector->end(bench->instance, memory);
	free(memory);
	assert_false(trial->after_stop);
	if (trial->verdict == KP_FAIL) {
		assert_true(trial->fault.message[0] != '\0');
		assert_null(strstr(trial->fault.message, BSN));
	}
}

bool
was_found(const struct trial *trial)
{
	return trial->ended && trial->outcome == KP_FOUND;
}
