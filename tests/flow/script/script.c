/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* script: see script.h. A script is lines; the indented lines under a command are its
 * block. */
#include "script/script.h"

#include <ctype.h>
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/journal.h"
#include "script/check.h"
#include "script/stage.h"
#include "script/tokens.h"

#define LINES_MAX 8192
#define NAME_SIZE 32
#define REPEATS_MAX 8000000ul

struct script {
	const char *path;
	const char *root;
	char *text;
	char *lines[LINES_MAX]; /* without line ends */
	size_t count;
	size_t at;   /* of the command being played */
	size_t next; /* of the first line after its block */
	unsigned failures;
	bool ended; /* a failure that makes going on pointless */
	uint64_t records_seen;
	size_t included; /* lines of "use" before the script's own */
};

/* --- reading --- */

static char *
read_whole(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		return NULL;
	}
	char *text = NULL;
	size_t len = 0;
	size_t got = 1;
	while (got > 0) {
		char *more = realloc(text, len + 65537);
		KP_REQUIRE(more != NULL);
		text = more;
		got = fread(text + len, 1, 65536, file);
		len += got;
	}
	(void)fclose(file);
	text[len] = '\0';
	*ret_len = len;
	return text;
}

static void
split_lines(struct script *script)
{
	char *at = script->text;
	while (*at != '\0' && script->count < LINES_MAX) {
		script->lines[script->count++] = at;
		char *end = strchr(at, '\n');
		if (end == NULL) {
			return;
		}
		*end = '\0';
		at = end + 1;
	}
}

static bool
indented(const char *line)
{
	return line[0] == '\t' || line[0] == '\0';
}

static void
report(struct script *script, size_t line, const char *what, const char *detail)
{
	bool own = line >= script->included;
	printf("%s%s:%zu: %s%s%s\n", script->path, own ? "" : " (what it uses)",
		own ? line - script->included + 1 : line + 1, what,
		detail[0] != '\0' ? ": " : "", detail);
	script->failures++;
}

/* Gives up: what follows would only repeat the failure. */
static void
give_up(struct script *script, const char *what, const char *detail)
{
	report(script, script->at, what, detail);
	script->ended = true;
}

/* --- text building --- */

struct text {
	char *data;
	size_t len;
};

static void
add(struct text *text, const char *data, size_t len)
{
	char *more = realloc(text->data, text->len + len + 1);
	KP_REQUIRE(more != NULL);
	text->data = more;
	memcpy(more + text->len, data, len);
	text->len += len;
	more[text->len] = '\0';
}

/* "{70000*x}": so many times that character. */
static bool
add_repeated(struct text *text, const char *name)
{
	char *end;
	unsigned long count = strtoul(name, &end, 10);
	if (end == name || end[0] != '*' || end[1] == '\0' || end[2] != '\0' ||
		count > REPEATS_MAX) {
		return false;
	}
	char *copies = malloc(count + 1);
	KP_REQUIRE(copies != NULL);
	memset(copies, end[1], count);
	add(text, copies, count);
	free(copies);
	return true;
}

/* "{port}" and its like become what the stage says. */
static void
add_filled(struct text *text, const char *line)
{
	while (*line != '\0') {
		char name[NAME_SIZE];
		size_t len = line[0] == '{' ? strcspn(line + 1, "{}\"") : 0;
		const char *value = NULL;
		if (len > 0 && len < sizeof(name) && line[1 + len] == '}') {
			(void)snprintf(name, sizeof(name), "%.*s", (int)len, line + 1);
			value = stage.value(name);
			value = value == NULL ? tokens_value(name) : value;
		}
		if (value != NULL) {
			add(text, value, strlen(value));
			line += len + 2;
		} else if (len > 0 && line[1 + len] == '}' && len < sizeof(name) &&
			add_repeated(text, name)) {
			line += len + 2;
		} else {
			add(text, line++, 1);
		}
	}
}

/* The block's lines from `from` on, without their indentation; `ending` closes each. */
static struct text
block_text(const struct script *script, size_t from, const char *ending)
{
	struct text text = {0};
	add(&text, "", 0);
	size_t end = script->next;
	while (end > from && script->lines[end - 1][0] == '\0') {
		end--;
	}
	for (size_t i = from; i < end; i++) {
		const char *line = script->lines[i];
		add_filled(&text, line[0] == '\t' ? line + 1 : line);
		add(&text, ending, strlen(ending));
	}
	return text;
}

/* A message in a block: header lines, an empty line, the body. */
struct message {
	struct text headers; /* "Name: value\n" each */
	struct text body;
};

static struct message
block_message(const struct script *script)
{
	struct message message = {0};
	size_t i = script->at + 1;
	while (i < script->next && script->lines[i][0] == '\t' &&
		script->lines[i][1] != '\0') {
		add_filled(&message.headers, script->lines[i] + 1);
		add(&message.headers, "\n", 1);
		i++;
	}
	add(&message.headers, "", 0);
	message.body = block_text(script, i < script->next ? i + 1 : i, "\n");
	if (message.body.len > 0) {
		message.body.len--; /* no line end behind the last line */
		message.body.data[message.body.len] = '\0';
	}
	return message;
}

static void
message_free(struct message *message)
{
	free(message->headers.data);
	free(message->body.data);
}

/* --- expectations --- */

static void
check_block(struct script *script, const struct check_subject *subject)
{
	for (size_t i = script->at + 1; i < script->next; i++) {
		if (script->lines[i][0] == '\0') {
			continue;
		}
		struct text line = {0};
		char reason[1024];
		add(&line, "", 0);
		add_filled(&line, script->lines[i] + 1);
		if (!check_line(subject, line.data, reason, sizeof(reason))) {
			report(script, i, script->lines[i] + 1, reason);
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
	add(&joined, "", 0);
	const char *at = body.data;
	const char *end = body.data + body.len;
	while (at < end) {
		char *data;
		size_t len = strtoul(at, &data, 16);
		data = memchr(data, '\n', (size_t)(end - data));
		if (data == NULL || len == 0 || len > (size_t)(end - data - 1)) {
			break;
		}
		add(&joined, data + 1, len);
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

static void
expect_response(struct script *script, const char *client, const char *status)
{
	struct kp_slice bytes;
	size_t head = 0;
	size_t len;
	do {
		bytes = stage.received(client);
		len = response_length(bytes, &head, stage.closed(client));
	} while (len == 0 && stage.wait_for_more(client, bytes.len));
	if (len == 0 && strstr(status, " or closed") != NULL && stage.closed(client)) {
		return;
	}
	if (len == 0) {
		char have[512];
		(void)snprintf(have, sizeof(have), "%zu bytes so far: %.400s", bytes.len,
			bytes.len > 0 ? bytes.data : "");
		give_up(script, "there is no complete answer", have);
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
		report(script, script->at, "the status is", have);
	}
	if (strncmp(bytes.data + 9, status, 3) == 0) {
		check_block(script, &subject);
	}
	stage.take(client, len);
	free(joined.data);
}

/* One line of a streamed answer: takes it from the chunks as they arrive. */
static void
expect_piece(struct script *script, const char *client)
{
	struct kp_slice bytes = {NULL, 0};
	const char *line = NULL;
	const char *line_end = NULL;
	do {
		bytes = stage.received(client);
		line = bytes.len == 0 ? NULL : memmem(bytes.data, bytes.len, "\n{", 2);
		line_end = line == NULL
			? NULL
			: memchr(line + 1, '\n',
				  bytes.len - (size_t)(line + 1 - bytes.data));
	} while (line_end == NULL && stage.wait_for_more(client, bytes.len));
	if (line_end == NULL) {
		char have[512];
		(void)snprintf(have, sizeof(have), "%.*s",
			(int)(bytes.len < 500 ? bytes.len : 500),
			bytes.len > 0 ? bytes.data : "");
		give_up(script, "there is no further piece", have);
		return;
	}
	struct check_subject subject = {
		.headers = {bytes.data, (size_t)(line - bytes.data)},
		.body = {line + 1, (size_t)(line_end - line - 1)}};
	check_block(script, &subject);
	stage.take(client, (size_t)(line_end - bytes.data));
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
	add(&search->payload, payload.data, payload.len);
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
static void
expect_record(struct script *script, const char *name)
{
	struct record_search search = {.seen = script->records_seen};
	struct kp_error err = {0};
	if (!record_type(name, &search.type)) {
		give_up(script, "no such record type", name);
		return;
	}
	enum kp_status status;
	unsigned tries = 0;
	do {
		status = kp_journal_read(stage.journal(), visit_record, &search, &err);
	} while (search.payload.data == NULL && tries++ < 100 && stage.pause());
	if (status != KP_OK || search.payload.data == NULL) {
		report(script, script->at, "there is no further record of this type",
			err.message);
		return;
	}
	script->records_seen = search.count;
	struct check_subject subject = {
		.body = {search.payload.data, search.payload.len}};
	check_block(script, &subject);
	free(search.payload.data);
}

static void
expect_no_records(struct script *script)
{
	struct record_search search = {.type = (enum kp_record_type)0};
	struct kp_error err = {0};
	(void)!kp_journal_read(stage.journal(), visit_record, &search, &err);
	if (search.count > script->records_seen) {
		report(script, script->at, "there are more records", "");
	}
}

static void
expect_question(struct script *script, const char *partner, const char *line)
{
	struct stage_question question;
	if (!stage.question(partner, true, &question)) {
		report(script, script->at, "the partner was not asked", partner);
		return;
	}
	char have[1024];
	(void)snprintf(have, sizeof(have), "%.*s %.*s", KP_SLICE_ARG(question.method),
		KP_SLICE_ARG(question.target));
	if (line[0] != '\0' && strcmp(have, line) != 0) {
		report(script, script->at, "the question is", have);
	}
	struct check_subject subject = {
		.headers = question.headers, .body = question.body};
	check_block(script, &subject);
}

/* --- commands --- */

/* A request as it goes over the wire; Host and Content-Length are added. */
static void
add_request(struct text *wire, const char *what, const struct message *message)
{
	char head[512];
	struct text lines = {0};
	(void)snprintf(head, sizeof(head), "%s HTTP/1.1\nHost: gateway\n", what);
	add(&lines, head, strlen(head));
	add(&lines, message->headers.data, message->headers.len);
	if (message->body.len > 0) {
		(void)snprintf(
			head, sizeof(head), "Content-Length: %zu\n", message->body.len);
		add(&lines, head, strlen(head));
	}
	for (const char *at = lines.data; *at != '\0'; at++) {
		add(wire, *at == '\n' ? "\r\n" : at, *at == '\n' ? 2 : 1);
	}
	add(wire, "\r\n", 2);
	add(wire, message->body.data, message->body.len);
	free(lines.data);
}

static void
client_sends(struct script *script, const char *client, const char *what)
{
	struct text wire = {0};
	if (strncmp(what, "bytes ", 6) == 0) {
		struct text filled = {0};
		add_filled(&filled, what + 6);
		json_t *text =
			json_loads(filled.data, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		free(filled.data);
		if (!json_is_string(text)) {
			give_up(script, "bytes need a quoted text", what);
		} else {
			add(&wire, json_string_value(text), json_string_length(text));
		}
		json_decref(text);
	} else {
		struct message message = block_message(script);
		add_request(&wire, what, &message);
		message_free(&message);
	}
	stage.send(client, (struct kp_slice){wire.data, wire.len});
	free(wire.data);
}

/* The block's header lines take the place of the usual ones of that name; one without a
 * value takes the usual one away. */
static void
add_asking_headers(struct text *headers, struct kp_slice own)
{
	static const char *const usual[] = {"Content-Type: application/json",
		"x-origin-oin: 00000001830000001000", "x-gebruiker: m.jansen",
		"x-rollen: klantmanager"};
	for (size_t i = 0; i < KP_ARRAY_LEN(usual); i++) {
		char name[NAME_SIZE];
		size_t len = strcspn(usual[i], ":") + 1;
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, usual[i]);
		if (strstr(own.data, name) == NULL) {
			add(headers, usual[i], strlen(usual[i]));
			add(headers, "\n", 1);
		}
	}
	while (own.len > 0) {
		size_t len = strcspn(own.data, "\n") + 1;
		if (own.data[len - 2] != ':') {
			add(headers, own.data, len);
		}
		own = (struct kp_slice){own.data + len, own.len - len};
	}
}

/* "client A asks { … }": the usual question of the usual employee. */
static void
client_asks(struct script *script, const char *client, const char *body)
{
	struct message block = block_message(script);
	struct message message = {0};
	struct text wire = {0};
	add(&message.headers, "", 0);
	add_asking_headers(&message.headers,
		(struct kp_slice){block.headers.data, block.headers.len});
	add_filled(&message.body, body);
	add_request(&wire, "POST /v1/dossiers/_zoek", &message);
	stage.send(client, (struct kp_slice){wire.data, wire.len});
	free(wire.data);
	message_free(&message);
	message_free(&block);
}

/* "certificate OIN [NAME]", "protocol h2": what comes with the connection. */
static void
client_shows(struct script *script, const char *client, const char *what)
{
	char oin[64];
	int used = 0;
	bool done;
	if (sscanf(what, "certificate %63s %n", oin, &used) == 1) {
		done = stage.certificate != NULL &&
			stage.certificate(client, oin, what + used);
	} else {
		done = stage.protocol != NULL && stage.protocol(client, what + 9);
	}
	if (!done) {
		printf("SKIPPED: %s:%zu: the %s stage has no such connection\n",
			script->path, script->at - script->included + 1, stage.name);
		script->ended = true;
	}
}

static void
play_client(struct script *script, const char *client, const char *what)
{
	if (strncmp(what, "certificate ", 12) == 0 ||
		strncmp(what, "protocol ", 9) == 0) {
		client_shows(script, client, what);
	} else if (strncmp(what, "sends ", 6) == 0) {
		client_sends(script, client, what + 6);
	} else if (strncmp(what, "asks ", 5) == 0) {
		client_asks(script, client, what + 5);
	} else if (strcmp(what, "gets nothing") == 0) {
		if (stage.received(client).len > 0) {
			report(script, script->at, "there is an answer", "");
		}
	} else if (strcmp(what, "gets piece") == 0) {
		expect_piece(script, client);
	} else if (strncmp(what, "gets ", 5) == 0) {
		expect_response(script, client, what + 5);
	} else if (strcmp(what, "hangs up") == 0) {
		stage.hang_up(client);
	} else if (strcmp(what, "stops reading") == 0) {
		stage.read(client, false);
	} else if (strcmp(what, "reads") == 0) {
		stage.read(client, true);
	} else if (strcmp(what, "is closed") == 0) {
		size_t seen;
		do {
			seen = stage.received(client).len;
		} while (!stage.closed(client) && stage.wait_for_more(client, seen));
		if (!stage.closed(client)) {
			report(script, script->at, "the connection is open", "");
		}
	} else {
		give_up(script, "a client cannot", what);
	}
}

/* "after 300 ms", "in pieces of 7": what may follow an answer's first words. */
static void
read_manner(const char *words, struct stage_answer *answer)
{
	const char *after = strstr(words, "after ");
	const char *pieces = strstr(words, "in pieces of ");
	if (after != NULL) {
		uint64_t number = strtoul(after + 6, NULL, 10);
		if (strstr(after, " bytes") != NULL) {
			answer->cut_at = number;
		} else {
			answer->after_ms = number;
		}
	}
	if (pieces != NULL) {
		answer->piece = strtoul(pieces + 13, NULL, 10);
	}
}

static void
play_partner(struct script *script, const char *partner, const char *what)
{
	struct stage_answer answer = {.kind = PARTNER_ANSWERS, .status = 200};
	if (strncmp(what, "was asked", 9) == 0) {
		expect_question(script, partner, what + 9 + strspn(what + 9, " "));
		return;
	}
	if (strcmp(what, "was not asked") == 0) {
		struct stage_question question;
		if (stage.question(partner, false, &question)) {
			report(script, script->at, "the partner was asked", "");
		}
		return;
	}
	if (strncmp(what, "always ", 7) == 0) {
		answer.always = true;
		what += 7;
	}
	if (strncmp(what, "answers ", 8) == 0) {
		answer.status = (unsigned)strtoul(what + 8, NULL, 10);
	} else if (strncmp(what, "breaks ", 7) == 0) {
		answer.kind = PARTNER_BREAKS;
	} else if (strcmp(what, "refuses") == 0) {
		answer.kind = PARTNER_REFUSES;
	} else if (strcmp(what, "is silent") == 0) {
		answer.kind = PARTNER_SILENT;
	} else {
		give_up(script, "a partner cannot", what);
		return;
	}
	read_manner(what, &answer);
	struct message message = block_message(script);
	answer.headers = (struct kp_slice){message.headers.data, message.headers.len};
	answer.body = (struct kp_slice){message.body.data, message.body.len};
	stage.answer(partner, &answer);
	message_free(&message);
}

static void
put_file(struct script *script, const char *name)
{
	struct text text = block_text(script, script->at + 1, "\n");
	stage.write_file(name, (struct kp_slice){text.data, text.len});
	free(text.data);
}

static void
put_folder(struct script *script, const char *to, const char *from)
{
	char folder[512];
	(void)snprintf(folder, sizeof(folder), "%s/%s", script->root, from);
	DIR *dir = opendir(folder);
	if (dir == NULL) {
		give_up(script, "no such folder", folder);
		return;
	}
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		char source[1024];
		char target[1024];
		struct stat info;
		(void)snprintf(source, sizeof(source), "%s/%s", folder, entry->d_name);
		(void)snprintf(target, sizeof(target), "%s/%s", to, entry->d_name);
		if (entry->d_name[0] == '.' || stat(source, &info) != 0) {
			continue;
		}
		if (S_ISDIR(info.st_mode)) {
			char below[1024];
			(void)snprintf(
				below, sizeof(below), "%s/%s", from, entry->d_name);
			put_folder(script, target, below);
			continue;
		}
		size_t len;
		char *raw = read_whole(source, &len);
		if (raw != NULL) {
			struct text text = {0};
			add(&text, "", 0);
			add_filled(&text, raw);
			stage.write_file(target, (struct kp_slice){text.data, text.len});
			free(text.data);
		}
		free(raw);
	}
	(void)closedir(dir);
}

static void play_on(void *context);

static void
play_start(struct script *script, const char *config)
{
	size_t started_at = script->at;
	script->at = script->next; /* play_on continues behind this command */
	bool started = stage.start(config, play_on, script);
	if (!started) {
		script->at = started_at;
		struct kp_slice log = stage.log();
		give_up(script, "the gateway did not start", log.len > 0 ? log.data : "");
	}
	script->ended = true; /* the rest was played while it ran */
}

/* "token NAME by KEY [as TYPE]", with the claims in its block. */
static void
play_token(struct script *script, const char *line)
{
	char name[NAME_SIZE];
	char key[NAME_SIZE];
	char type[NAME_SIZE] = "at+jwt";
	struct text claims = block_text(script, script->at + 1, "\n");
	if (sscanf(line, "token %31s by %31s as %31s", name, key, type) < 2 ||
		!tokens_sign(name, key, type, claims.data)) {
		give_up(script, "no such token can be made", line);
	}
	free(claims.data);
}

/* Commands that name no client and no partner. */
static bool
play_world(struct script *script, char *line)
{
	char first[128];
	char second[256];
	unsigned long number;
	if (sscanf(line, "folder %127s from %255s", first, second) == 2) {
		put_folder(script, first, second);
	} else if (sscanf(line, "file %127s", first) == 1) {
		put_file(script, first);
	} else if (sscanf(line, "key %127s", first) == 1) {
		if (!tokens_make_key(first)) {
			give_up(script, "no key could be made", first);
		}
	} else if (strncmp(line, "token ", 6) == 0) {
		play_token(script, line);
	} else if (sscanf(line, "start %127s", first) == 1) {
		play_start(script, first);
	} else if (sscanf(line, "advance %lu ms", &number) == 1) {
		stage.advance(number);
	} else if (sscanf(line, "record %127s", first) == 1) {
		expect_record(script, first);
	} else if (strcmp(line, "no more records") == 0) {
		expect_no_records(script);
	} else if (strcmp(line, "log") == 0) {
		struct check_subject subject = {.body = stage.log()};
		check_block(script, &subject);
	} else if (sscanf(line, "disk %127s", first) == 1) {
		if (!stage.disk(first)) {
			printf("SKIPPED: %s:%zu: the %s stage has no such disk\n",
				script->path, script->at - script->included + 1,
				stage.name);
			script->ended = true;
		}
	} else if (strcmp(line, "allocation fails") == 0) {
		if (stage.fail_allocation == NULL) {
			printf("SKIPPED: the %s stage cannot fail allocations\n",
				stage.name);
			script->ended = true;
		} else {
			stage.fail_allocation();
		}
	} else if (strcmp(line, "allocations succeed") == 0) {
		stage.mend_allocation();
	} else if (sscanf(line, "signal %127s", first) == 1) {
		if (!stage.signal(first)) {
			give_up(script, "no such signal", first);
		}
	} else if (strcmp(line, "the gateway has stopped") == 0) {
		if (!stage.stopped()) {
			report(script, script->at, "it still runs", "");
		}
	} else {
		return false;
	}
	return true;
}

static void
play_command(struct script *script, char *line)
{
	char name[NAME_SIZE];
	int used = 0;
	if (sscanf(line, "client %31s %n", name, &used) == 1 && used > 0) {
		play_client(script, name, line + used);
	} else if (sscanf(line, "partner %31s %n", name, &used) == 1 && used > 0) {
		if (line[used] == '\0') {
			stage.add_partner(name);
		} else {
			play_partner(script, name, line + used);
		}
	} else if (!play_world(script, line)) {
		give_up(script, "unknown command", line);
	}
}

static void
play_on(void *context)
{
	struct script *script = context;
	while (script->at < script->count && !script->ended) {
		char *line = script->lines[script->at];
		script->next = script->at + 1;
		while (script->next < script->count &&
			indented(script->lines[script->next])) {
			script->next++;
		}
		if (line[0] != '\0' && line[0] != '#') {
			play_command(script, line);
		}
		script->at = script->next;
	}
}

/* "use FILE": the lines of another script stand here. Only at the top of a script. */
static bool
include(struct script *script, const char *folder)
{
	char first[NAME_SIZE * 2];
	while (sscanf(script->text, "use %63s", first) == 1) {
		char path[1024];
		size_t len = 0;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, first);
		char *shared = read_whole(path, &len);
		if (shared == NULL) {
			printf("%s:1: cannot read '%s'\n", script->path, path);
			return false;
		}
		struct text whole = {0};
		add(&whole, shared, len);
		for (const char *at = shared; *at != '\0'; at++) {
			script->included += *at == '\n' ? 1 : 0;
		}
		add(&whole, "#", 1); /* the "use" line becomes a comment */
		add(&whole, script->text, strlen(script->text));
		free(shared);
		free(script->text);
		script->text = whole.data;
	}
	return true;
}

bool
script_play(const char *path, const char *root)
{
	static struct script script;
	size_t len = 0;
	script = (struct script){
		.path = path, .root = root, .text = read_whole(path, &len)};
	if (script.text == NULL) {
		printf("cannot read '%s'\n", path);
		return false;
	}
	char folder[1024];
	(void)snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash != NULL) {
		*slash = '\0';
	}
	if (!include(&script, slash == NULL ? "." : folder)) {
		return false;
	}
	split_lines(&script);
	play_on(&script);
	if (script.failures > 0) {
		struct kp_slice log = stage.log();
		printf("--- log of the gateway\n%.*s\n", KP_SLICE_ARG(log));
	}
	free(script.text);
	return script.failures == 0;
}
