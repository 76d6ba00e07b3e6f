/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * command_audit: `ketenpoort audit show FILE` prints the records of a journal as a table
 * or as JSON lines, `ketenpoort audit verify FILE` checks every frame and says what is
 * wrong. Both only read, also beside a running gateway.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "audit/journal.h"
#include "commands.h"
#include "commands/terminal_text.h"

enum exit_code {
	EXIT_WHOLE = 0,
	EXIT_DAMAGED = 1,
	EXIT_WRONG_USE = 2,
};

static const char usage[] =
	"usage: ketenpoort audit show [--json] [--type TYPE] [--pseudonym TEXT] FILE\n"
	"       ketenpoort audit verify [--json] FILE\n"
	"\n"
	"FILE is a journal (journal.file of gateway.json).\n"
	"\n"
	"  show          prints the records, one a line\n"
	"  verify        checks every record; exit code 1 when one is damaged\n"
	"  --json        one JSON object a line\n"
	"  --type        only start, intent, outcome or refusal\n"
	"  --pseudonym   only what was asked about this client\n";

static const char *const type_names[] = {
	[KP_RECORD_START] = "start",
	[KP_RECORD_INTENT] = "intent",
	[KP_RECORD_OUTCOME] = "outcome",
	[KP_RECORD_REFUSAL] = "refusal",
	[KP_RECORD_DECISION] = "decision",
};

/* Lifetime: one run. */
struct audit {
	const char *path;
	const char *type;      /* NULL: all */
	const char *pseudonym; /* NULL: all */
	bool verify;
	bool json;
	uint64_t unreadable; /* records whose payload is not JSON */
	uint64_t counts[KP_ARRAY_LEN(type_names)];
};

static const char *
text_of(const json_t *value)
{
	const char *text = json_string_value(value);
	return text == NULL ? "" : text;
}

/* A member of a member as text; empty when there is none. */
static const char *
text_at(const json_t *record, const char *object, const char *name)
{
	return text_of(json_object_get(json_object_get(record, object), name));
}

static json_int_t
number_at(const json_t *record, const char *object, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(record, object), name));
}

/* What is too wide for its cell is cut between two characters. */
static void
print_cell(const char *text, int width)
{
	int count = kp_terminal_print(
		stdout, kp_slice_head(kp_slice_from(text), (size_t)width));
	(void)printf("%*s ", count < width ? width - count : 0, "");
}

static void
print_outcome(const json_t *record)
{
	const json_t *result = json_object_get(record, "result");
	(void)printf("of %" JSON_INTEGER_FORMAT ": %" JSON_INTEGER_FORMAT
		     ", %zu calls, %" JSON_INTEGER_FORMAT " values%s",
		json_integer_value(json_object_get(record, "intent")),
		number_at(record, "result", "httpStatus"),
		json_array_size(json_object_get(result, "calls")),
		number_at(record, "result", "values"),
		json_is_true(json_object_get(result, "complete")) ? ""
								  : ", not complete");
}

static void
print_result(const json_t *record, enum kp_record_type type)
{
	const json_t *plan = json_object_get(record, "plan");
	switch (type) {
	case KP_RECORD_START:
		print_cell(text_of(json_object_get(record, "event")), 14);
		print_cell(text_of(json_object_get(record, "policyVersion")), 23);
		break;
	case KP_RECORD_INTENT:
		(void)printf("%zu calls planned",
			json_array_size(json_object_get(plan, "calls")));
		break;
	case KP_RECORD_OUTCOME:
		print_outcome(record);
		break;
	case KP_RECORD_REFUSAL:
		(void)printf("%" JSON_INTEGER_FORMAT " ",
			number_at(record, "result", "httpStatus"));
		print_cell(text_at(record, "result", "code"), 22);
		print_cell(text_at(record, "result", "refusal"), 24);
		break;
	case KP_RECORD_DECISION:
		(void)printf("%" JSON_INTEGER_FORMAT " ",
			number_at(record, "result", "httpStatus"));
		print_cell(text_at(record, "result", "api"), 16);
		print_cell(text_at(record, "result", "decisions"), 16);
		break;
	}
}

static void
print_row(const json_t *record, uint64_t index, enum kp_record_type type)
{
	(void)printf("%8" PRIu64 " ", index);
	print_cell(text_at(record, "origin", "time"), 24);
	print_cell(type_names[type], 8);
	print_cell(text_at(record, "actor", "organisation"), 20);
	print_cell(text_at(record, "actor", "employee"), 12);
	print_cell(text_at(record, "question", "purpose"), 24);
	print_cell(text_at(record, "question", "case"), 14);
	print_cell(text_at(record, "question", "pseudonym"), 10);
	print_result(record, type);
	(void)putchar('\n');
}

static bool
is_wanted(const struct audit *audit, const json_t *record, enum kp_record_type type)
{
	if (audit->verify ||
		(audit->type != NULL && strcmp(audit->type, type_names[type]) != 0)) {
		return false;
	}
	return audit->pseudonym == NULL ||
		strcmp(audit->pseudonym, text_at(record, "question", "pseudonym")) == 0;
}

static bool
visit(void *context, uint64_t index, enum kp_record_type type, struct kp_slice payload)
{
	struct audit *audit = context;
	audit->counts[type]++;
	json_error_t error;
	json_t *record =
		json_loadb(payload.data, payload.len, JSON_REJECT_DUPLICATES, &error);
	if (record == NULL) {
		audit->unreadable++;
		(void)fprintf(
			stderr, "record %" PRIu64 " is whole but holds no JSON\n", index);
		return true;
	}
	if (is_wanted(audit, record, type) && audit->json) {
		(void)printf("{\"index\":%" PRIu64 ",\"record\":%.*s}\n", index,
			KP_SLICE_ARG(payload));
	} else if (is_wanted(audit, record, type)) {
		print_row(record, index, type);
	}
	json_decref(record);
	return true;
}

static void
print_verdict(const struct audit *audit, const struct kp_journal_recovery *found)
{
	const uint64_t *counts = audit->counts;
	if (audit->json) {
		(void)printf("{\"whole\":%s,\"records\":%" PRIu64
			     ",\"tornBytes\":%" PRIu64 ",\"starts\":%" PRIu64
			     ",\"intents\":%" PRIu64 ",\"outcomes\":%" PRIu64
			     ",\"refusals\":%" PRIu64 ",\"decisions\":%" PRIu64 "}\n",
			audit->unreadable == 0 ? "true" : "false", found->records,
			found->torn_bytes, counts[KP_RECORD_START],
			counts[KP_RECORD_INTENT], counts[KP_RECORD_OUTCOME],
			counts[KP_RECORD_REFUSAL], counts[KP_RECORD_DECISION]);
		return;
	}
	(void)printf("%" PRIu64 " records, every checksum right, no gap: %" PRIu64
		     " starts, %" PRIu64 " intents, %" PRIu64 " outcomes, %" PRIu64
		     " refusals, %" PRIu64 " decisions\n",
		found->records, counts[KP_RECORD_START], counts[KP_RECORD_INTENT],
		counts[KP_RECORD_OUTCOME], counts[KP_RECORD_REFUSAL],
		counts[KP_RECORD_DECISION]);
	if (found->torn_bytes > 0) {
		(void)printf("%" PRIu64 " bytes behind the last record were broken off; "
			     "nobody was told they were safe\n",
			found->torn_bytes);
	}
}

static enum exit_code
run(struct audit *audit)
{
	struct kp_journal_recovery found = {0};
	struct kp_error err = {0};
	if (!audit->verify && !audit->json) {
		(void)printf("%8s %-24s %-7s %-20s %-12s %-24s %-14s %-10s %s\n", "index",
			"time", "type", "organisation", "employee", "purpose", "case",
			"pseudonym", "result");
	}
	enum kp_status status = kp_journal_check(audit->path, visit, audit, &found, &err);
	if (status != KP_OK) {
		char text[700];
		(void)fflush(stdout);
		(void)fprintf(stderr, "%s\n", kp_error_text(&err, text, sizeof(text)));
		if (audit->json && audit->verify) {
			(void)puts("{\"whole\":false}");
		}
		return EXIT_DAMAGED;
	}
	if (audit->verify) {
		print_verdict(audit, &found);
	}
	return audit->unreadable == 0 ? EXIT_WHOLE : EXIT_DAMAGED;
}

static bool
is_type(const char *text)
{
	for (size_t i = KP_RECORD_START; i < KP_ARRAY_LEN(type_names); i++) {
		if (strcmp(type_names[i], text) == 0) {
			return true;
		}
	}
	return false;
}

static bool
read_arguments(struct audit *audit, int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		bool has_value = !audit->verify && i + 1 < argc;
		if (strcmp(argv[i], "--json") == 0) {
			audit->json = true;
		} else if (strcmp(argv[i], "--type") == 0 && has_value &&
			is_type(argv[i + 1])) {
			audit->type = argv[++i];
		} else if (strcmp(argv[i], "--pseudonym") == 0 && has_value) {
			audit->pseudonym = argv[++i];
		} else if (argv[i][0] == '-' || audit->path != NULL) {
			return false;
		} else {
			audit->path = argv[i];
		}
	}
	return audit->path != NULL;
}

int
kp_command_audit(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct audit audit = {.verify = strcmp(verb, "verify") == 0};
	if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0) {
		(void)fputs(usage, stdout);
		return EXIT_WHOLE;
	}
	if ((!audit.verify && strcmp(verb, "show") != 0) ||
		!read_arguments(&audit, argc, argv)) {
		(void)fputs(usage, stderr);
		return EXIT_WRONG_USE;
	}
	return (int)run(&audit);
}
