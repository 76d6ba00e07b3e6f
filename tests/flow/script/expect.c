/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* expect: what must have come of the commands of a script: answers, questions to
 * partners, records. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/journal.h"
#include "script/check.h"
#include "core/attr.h"
#include "script/http2_client.h"
#include "script/script_private.h"
#include "script/stage.h"

static void
check_block(struct script *script, const struct check_subject *subject)
{
	for (size_t i = script->at + 1; i < script->next; i++) {
		if (script->lines[i][0] == '\0') {
			continue;
		}
		struct text line = {0};
		char reason[1024];
		script_add(&line, "", 0);
		script_add_filled(&line, script->lines[i] + 1);
		if (!check_line(subject, line.data, reason, sizeof(reason))) {
			script_report(script, i, script->lines[i] + 1, reason);
		}
		free(line.data);
	}
}

/* Length of the complete HTTP response at the start of `bytes`, 0 when it is not
 * complete. */
static size_t
response_length(struct kp_slice bytes, size_t *ret_head, bool closed)
{
	char *head_end =
		bytes.len == 0 ? NULL : memmem(bytes.data, bytes.len, "\r\n\r\n", 4);
	if (head_end == NULL) {
		return 0;
	}
	size_t head = (size_t)(head_end - bytes.data) + 4;
	*ret_head = head;
	char *length = memmem(bytes.data, head, "Content-Length: ", 16);
	if (length != NULL) {
		size_t total = head + strtoul(length + 16, NULL, 10);
		return bytes.len >= total ? total : 0;
	}
	if (memmem(bytes.data, head, "chunked", 7) != NULL) {
		char *end = memmem(
			bytes.data + head - 2, bytes.len - head + 2, "\r\n0\r\n\r\n", 7);
		return end == NULL ? 0 : (size_t)(end - bytes.data) + 7;
	}
	bool bodiless = strncmp(bytes.data + 9, "204", 3) == 0 ||
		strncmp(bytes.data + 9, "1", 1) == 0;
	return bodiless ? head : (closed ? bytes.len : 0);
}

static struct text
join_chunks(struct kp_slice body)
{
	struct text joined = {0};
	script_add(&joined, "", 0);
	const char *at = body.data;
	const char *end = body.data + body.len;
	while (at < end) {
		char *data;
		size_t len = strtoul(at, &data, 16);
		data = memchr(data, '\n', (size_t)(end - data));
		if (data == NULL || len == 0 || len > (size_t)(end - data - 1)) {
			break;
		}
		script_add(&joined, data + 1, len);
		at = data + 1 + len + 2;
	}
	return joined;
}

/* "200", "200 or 503", "200 or 503 or closed". */
static bool
is_one_of(const char *wanted, const char *status)
{
	char number[4];
	(void)snprintf(number, sizeof(number), "%.3s", status);
	return strstr(wanted, number) != NULL;
}

void
expect_response(struct script *script, const char *client, const char *status)
{
	struct kp_slice bytes;
	size_t head = 0;
	size_t len;
	do {
		bytes = link_received(client);
		len = response_length(bytes, &head, link_closed(client));
	} while (len == 0 && link_wait_for_more(client, bytes.len));
	if (len == 0 && strstr(status, " or closed") != NULL &&
		(link_closed(client) || http2_client_was_reset(client))) {
		return;
	}
	if (len == 0) {
		char have[512];
		(void)snprintf(have, sizeof(have), "%zu bytes so far: %.400s", bytes.len,
			bytes.len > 0 ? bytes.data : "");
		script_give_up(script, "there is no complete answer", have);
		return;
	}
	struct check_subject subject = {
		.headers = {bytes.data, head}, .body = {bytes.data + head, len - head}};
	struct text joined = {0};
	if (memmem(bytes.data, head, "Transfer-Encoding: chunked", 26) != NULL) {
		joined = join_chunks(subject.body);
		subject.body = (struct kp_slice){joined.data, joined.len};
	}
	if (!is_one_of(status, bytes.data + 9)) {
		char have[700];
		(void)snprintf(have, sizeof(have), "%.3s %.*s", bytes.data + 9,
			(int)(subject.body.len < 600 ? subject.body.len : 600),
			subject.body.data);
		script_report(script, script->at, "the status is", have);
	}
	if (strncmp(bytes.data + 9, status, 3) == 0) {
		check_block(script, &subject);
	}
	link_take(client, len);
	free(joined.data);
}

/* One line of a streamed answer: takes it from the chunks as they arrive. */
void
expect_piece(struct script *script, const char *client)
{
	struct kp_slice bytes = {NULL, 0};
	const char *line = NULL;
	const char *line_end = NULL;
	do {
		bytes = link_received(client);
		line = bytes.len == 0 ? NULL : memmem(bytes.data, bytes.len, "\n{", 2);
		line_end = line == NULL
			? NULL
			: memchr(line + 1, '\n',
				  bytes.len - (size_t)(line + 1 - bytes.data));
	} while (line_end == NULL && link_wait_for_more(client, bytes.len));
	if (line_end == NULL) {
		char have[512];
		(void)snprintf(have, sizeof(have), "%.*s",
			(int)(bytes.len < 500 ? bytes.len : 500),
			bytes.len > 0 ? bytes.data : "");
		script_give_up(script, "there is no further piece", have);
		return;
	}
	struct check_subject subject = {
		.headers = {bytes.data, (size_t)(line - bytes.data)},
		.body = {line + 1, (size_t)(line_end - line - 1)}};
	check_block(script, &subject);
	link_take(client, (size_t)(line_end - bytes.data));
}

struct record_search {
	enum kp_record_type type;
	uint64_t seen;
	uint64_t count;
	struct text payload;
};

static bool
visit_record(
	void *context, uint64_t index, enum kp_record_type type, struct kp_slice payload)
{
	struct record_search *search = context;
	search->count = index + 1;
	if (index < search->seen || type != search->type) {
		return true;
	}
	script_add(&search->payload, payload.data, payload.len);
	return false;
}

static bool
record_type(const char *name, enum kp_record_type *ret_type)
{
	static const struct {
		const char *name;
		enum kp_record_type type;
	} types[] = {{"start", KP_RECORD_START}, {"intent", KP_RECORD_INTENT},
		{"outcome", KP_RECORD_OUTCOME}, {"refusal", KP_RECORD_REFUSAL}};
	for (size_t i = 0; i < KP_ARRAY_LEN(types); i++) {
		if (strcmp(types[i].name, name) == 0) {
			*ret_type = types[i].type;
			return true;
		}
	}
	return false;
}

/* The next record of a type, after the ones already seen. */
void
expect_record(struct script *script, const char *name)
{
	struct record_search search = {.seen = script->records_seen};
	struct kp_error err = {0};
	if (!record_type(name, &search.type)) {
		script_give_up(script, "no such record type", name);
		return;
	}
	enum kp_status status;
	unsigned tries = 0;
	do {
		status = kp_journal_read(stage.journal(), visit_record, &search, &err);
	} while (search.payload.data == NULL && tries++ < 100 && stage.pause());
	if (status != KP_OK || search.payload.data == NULL) {
		script_report(script, script->at,
			"there is no further record of this type", err.message);
		return;
	}
	script->records_seen = search.count;
	struct check_subject subject = {
		.body = {search.payload.data, search.payload.len}};
	check_block(script, &subject);
	free(search.payload.data);
}

void
expect_no_records(struct script *script)
{
	struct record_search search = {.type = (enum kp_record_type)0};
	struct kp_error err = {0};
	(void)!kp_journal_read(stage.journal(), visit_record, &search, &err);
	if (search.count > script->records_seen) {
		script_report(script, script->at, "there are more records", "");
	}
}

void
expect_question(struct script *script, const char *partner, const char *line)
{
	struct stage_question question;
	if (!stage.question(partner, true, &question)) {
		script_report(script, script->at, "the partner was not asked", partner);
		return;
	}
	char have[1024];
	(void)snprintf(have, sizeof(have), "%.*s %.*s", KP_SLICE_ARG(question.method),
		KP_SLICE_ARG(question.target));
	if (line[0] != '\0' && strcmp(have, line) != 0) {
		script_report(script, script->at, "the question is", have);
	}
	struct check_subject subject = {
		.headers = question.headers, .body = question.body};
	check_block(script, &subject);
}

void
expect_text(struct script *script, struct kp_slice text)
{
	struct check_subject subject = {.body = text};
	check_block(script, &subject);
}
