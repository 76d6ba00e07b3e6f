/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_try_print: what was gathered, as lines or as one JSON object. */
#include <stdio.h>

#include "commands/connector_try_show.h"
#include "commands/terminal_text.h"
#include "connectors/outcome.h"

static void
print_part(const char *title, const struct kp_buffer *part)
{
	if (part->len > 0) {
		printf("%s\n%.*s", title, (int)part->len, part->data);
	}
}

static void
print_lines(const struct kp_try_showing *showing)
{
	print_part("request", &showing->request);
	printf("outcome\n  %.*s", KP_SLICE_ARG(kp_outcome_name(showing->outcome)));
	if (showing->http_status != 0) {
		printf(" (status %u)", showing->http_status);
	}
	if (showing->reason.len > 0) {
		fputs(": ", stdout);
		(void)kp_terminal_print(stdout, showing->reason);
	}
	putchar('\n');
	if (showing->fault.message[0] != '\0') {
		fputs("  ", stdout);
		(void)kp_terminal_print(stdout, kp_slice_from(showing->fault.place));
		fputs(showing->fault.place[0] != '\0' ? ": " : "", stdout);
		(void)kp_terminal_print(stdout, kp_slice_from(showing->fault.message));
		if (showing->fault.line > 0) {
			printf(" (line %u, column %u)", showing->fault.line,
				showing->fault.column);
		}
		putchar('\n');
	}
	print_part("mapped", &showing->fields);
	print_part("dropped (not permitted)", &showing->dropped);
	print_part("unmapped (no path names it)", &showing->unmapped);
	print_part("notes", &showing->notes);
	print_part("doubts (look again at the manifest)", &showing->doubts);
	print_part("code tables", &showing->tables);
}

static void
write_outcome(struct kp_try_showing *showing, struct kp_buffer *buffer)
{
	const struct kp_fault *fault = &showing->fault;
	struct kp_json_writer writer;
	kp_json_writer_init(&writer, buffer);
	KP_JSON_WRITE_NAME(&writer, "outcome");
	kp_json_write_string(&writer, kp_outcome_name(showing->outcome));
	KP_JSON_WRITE_NAME(&writer, "status");
	kp_json_write_uint(&writer, showing->http_status);
	KP_JSON_WRITE_NAME(&writer, "reason");
	kp_json_write_string(&writer, showing->reason);
	KP_JSON_WRITE_NAME(&writer, "fault");
	kp_json_write_string(&writer, kp_slice_from(fault->message));
	if (fault->place[0] != '\0') {
		KP_JSON_WRITE_NAME(&writer, "faultPlace");
		kp_json_write_string(&writer, kp_slice_from(fault->place));
	}
	if (fault->line > 0) {
		KP_JSON_WRITE_NAME(&writer, "faultLine");
		kp_json_write_uint(&writer, fault->line);
		KP_JSON_WRITE_NAME(&writer, "faultColumn");
		kp_json_write_uint(&writer, fault->column);
	}
}

static void
print_json(const struct kp_try_showing *showing, const struct kp_buffer *outcome)
{
	static const char *const names[] = {
		"fields", "dropped", "unmapped", "notes", "doubts", "tables"};
	const struct kp_buffer *const arrays[] = {&showing->fields, &showing->dropped,
		&showing->unmapped, &showing->notes, &showing->doubts, &showing->tables};
	printf("{\"request\":{%.*s},%.*s", (int)showing->request.len,
		showing->request.data == NULL ? "" : showing->request.data,
		(int)outcome->len, outcome->data);
	for (size_t i = 0; i < KP_ARRAY_LEN(arrays); i++) {
		printf(",\"%s\":[%.*s]", names[i], (int)arrays[i]->len,
			arrays[i]->data == NULL ? "" : arrays[i]->data);
	}
	printf("}\n");
}

bool
kp_try_print(struct kp_try_showing *showing)
{
	struct kp_buffer outcome;
	kp_buffer_init(&outcome, &showing->arena, KP_TRY_OUT_BYTES_MAX);
	write_outcome(showing, &outcome);
	if (showing->cut || showing->arena.failed || outcome.failed ||
		showing->request.failed || showing->fields.failed ||
		showing->dropped.failed || showing->unmapped.failed ||
		showing->notes.failed || showing->doubts.failed ||
		showing->tables.failed) {
		fprintf(stderr,
			"ketenpoort connector try: memory ran out, so what came is not "
			"shown\n");
		return false;
	}
	if (showing->attempt->json) {
		print_json(showing, &outcome);
	} else {
		print_lines(showing);
	}
	return true;
}
