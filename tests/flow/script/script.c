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

#include "core/attr.h"
#include "script/http2_client.h"
#include "script/script_private.h"
#include "script/stage.h"
#include "script/tokens.h"
#include "script/workbook.h"

#define REPEATS_MAX 8000000ul

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

void
script_report(struct script *script, size_t line, const char *what, const char *detail)
{
	bool own = line >= script->included;
	printf("%s%s:%zu: %s%s%s\n", script->path, own ? "" : " (what it uses)",
		own ? line - script->included + 1 : line + 1, what,
		detail[0] != '\0' ? ": " : "", detail);
	script->failures++;
}

/* Gives up: what follows would only repeat the failure. */
void
script_give_up(struct script *script, const char *what, const char *detail)
{
	script_report(script, script->at, what, detail);
	script->ended = true;
}

/* --- text building --- */

void
script_add(struct text *text, const char *data, size_t len)
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
	script_add(text, copies, count);
	free(copies);
	return true;
}

/* "{port}" and its like become what the stage says. */
void
script_add_filled(struct text *text, const char *line)
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
			script_add(text, value, strlen(value));
			line += len + 2;
		} else if (len > 0 && line[1 + len] == '}' && len < sizeof(name) &&
			add_repeated(text, name)) {
			line += len + 2;
		} else {
			script_add(text, line++, 1);
		}
	}
}

/* The block's lines from `from` on, without their indentation; `ending` closes each. */
static struct text
block_text(const struct script *script, size_t from, const char *ending)
{
	struct text text = {0};
	script_add(&text, "", 0);
	size_t end = script->next;
	while (end > from && script->lines[end - 1][0] == '\0') {
		end--;
	}
	for (size_t i = from; i < end; i++) {
		const char *line = script->lines[i];
		script_add_filled(&text, line[0] == '\t' ? line + 1 : line);
		script_add(&text, ending, strlen(ending));
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
		script_add_filled(&message.headers, script->lines[i] + 1);
		script_add(&message.headers, "\n", 1);
		i++;
	}
	script_add(&message.headers, "", 0);
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

/* --- commands --- */

/* A request as it goes over the wire; Host and Content-Length are added. */
static void
add_request(struct text *wire, const char *what, const struct message *message)
{
	char head[512];
	struct text lines = {0};
	(void)snprintf(head, sizeof(head), "%s HTTP/1.1\nHost: gateway\n", what);
	script_add(&lines, head, strlen(head));
	script_add(&lines, message->headers.data, message->headers.len);
	if (message->body.len > 0) {
		(void)snprintf(
			head, sizeof(head), "Content-Length: %zu\n", message->body.len);
		script_add(&lines, head, strlen(head));
	}
	for (const char *at = lines.data; *at != '\0'; at++) {
		script_add(wire, *at == '\n' ? "\r\n" : at, *at == '\n' ? 2 : 1);
	}
	script_add(wire, "\r\n", 2);
	script_add(wire, message->body.data, message->body.len);
	free(lines.data);
}

static void
client_sends(struct script *script, const char *client, const char *what)
{
	struct text wire = {0};
	if (strncmp(what, "bytes ", 6) == 0) {
		struct text filled = {0};
		script_add_filled(&filled, what + 6);
		json_t *text =
			json_loads(filled.data, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		free(filled.data);
		if (!json_is_string(text)) {
			script_give_up(script, "bytes need a quoted text", what);
		} else {
			script_add(
				&wire, json_string_value(text), json_string_length(text));
		}
		json_decref(text);
	} else {
		struct message message = block_message(script);
		add_request(&wire, what, &message);
		message_free(&message);
	}
	link_send(client, (struct kp_slice){wire.data, wire.len});
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
			script_add(headers, usual[i], strlen(usual[i]));
			script_add(headers, "\n", 1);
		}
	}
	while (own.len > 0) {
		size_t len = strcspn(own.data, "\n") + 1;
		if (own.data[len - 2] != ':') {
			script_add(headers, own.data, len);
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
	script_add(&message.headers, "", 0);
	add_asking_headers(&message.headers,
		(struct kp_slice){block.headers.data, block.headers.len});
	script_add_filled(&message.body, body);
	add_request(&wire, "POST /v1/dossiers/_zoek", &message);
	link_send(client, (struct kp_slice){wire.data, wire.len});
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
		if (link_received(client).len > 0) {
			script_report(script, script->at, "there is an answer", "");
		}
	} else if (strcmp(what, "gets piece") == 0) {
		expect_piece(script, client);
	} else if (strncmp(what, "gets ", 5) == 0) {
		expect_response(script, client, what + 5);
	} else if (strcmp(what, "hangs up") == 0) {
		link_hang_up(client);
	} else if (strcmp(what, "stops reading") == 0) {
		link_read(client, false);
	} else if (strcmp(what, "reads") == 0) {
		link_read(client, true);
	} else if (strncmp(what, "speaks HTTP/2", 13) == 0) {
		const char *window = strstr(what, "window of ");
		http2_client_speaks(client,
			window == NULL ? 0 : (uint32_t)strtoul(window + 10, NULL, 10));
	} else if (strcmp(what, "cancels") == 0) {
		if (!http2_client_cancels(client)) {
			script_give_up(
				script, "only a client that speaks HTTP/2 cancels", "");
		}
	} else if (strcmp(what, "is reset") == 0) {
		if (!http2_client_was_reset(client)) {
			script_report(
				script, script->at, "no request was broken off", "");
		}
	} else if (strcmp(what, "is closed") == 0) {
		size_t seen;
		do {
			seen = link_received(client).len;
		} while (!link_closed(client) && link_wait_for_more(client, seen));
		if (!link_closed(client)) {
			script_report(script, script->at, "the connection is open", "");
		}
	} else {
		script_give_up(script, "a client cannot", what);
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
			script_report(script, script->at, "the partner was asked", "");
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
		script_give_up(script, "a partner cannot", what);
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
put_workbook(struct script *script, const char *name)
{
	size_t len = 0;
	struct text text = block_text(script, script->at + 1, "\n");
	char *bytes = workbook_make(text.data, &len);
	if (bytes == NULL) {
		script_give_up(script, "no such workbook can be made", name);
	} else {
		stage.write_file(name, (struct kp_slice){bytes, len});
	}
	free(bytes);
	free(text.data);
}

static void
put_folder(struct script *script, const char *to, const char *from)
{
	char folder[512];
	(void)snprintf(folder, sizeof(folder), "%s/%s", script->root, from);
	DIR *dir = opendir(folder);
	if (dir == NULL) {
		script_give_up(script, "no such folder", folder);
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
			script_add(&text, "", 0);
			script_add_filled(&text, raw);
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
		script_give_up(
			script, "the gateway did not start", log.len > 0 ? log.data : "");
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
		script_give_up(script, "no such token can be made", line);
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
	} else if (sscanf(line, "workbook %127s", first) == 1) {
		put_workbook(script, first);
	} else if (sscanf(line, "key %127s", first) == 1) {
		if (!tokens_make_key(first)) {
			script_give_up(script, "no key could be made", first);
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
		expect_text(script, stage.log());
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
			script_give_up(script, "no such signal", first);
		}
	} else if (strcmp(line, "the gateway has stopped") == 0) {
		if (!stage.stopped()) {
			script_report(script, script->at, "it still runs", "");
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
		script_give_up(script, "unknown command", line);
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
		script_add(&whole, shared, len);
		for (const char *at = shared; *at != '\0'; at++) {
			script->included += *at == '\n' ? 1 : 0;
		}
		script_add(&whole, "#", 1); /* the "use" line becomes a comment */
		script_add(&whole, script->text, strlen(script->text));
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
