/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* stage_virtual: plays a script against the whole gateway in this process, on the virtual
 * world. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "script/http2_client.h"
#include "script/script.h"
#include "script/stage.h"
#include "player/world.h"

#define CLIENTS_MAX 64
#define FOLDER "flow"
#define PORT "8080"

static struct client clients[CLIENTS_MAX];
static size_t client_count;
static struct bytes log_text;
static FILE *log_file;
static bool has_stopped;
static struct answer *kept_answers;
static struct question *kept_questions;

static const char *
value(const char *name)
{
	static char endpoint[64];
	if (strcmp(name, "dir") == 0) {
		return FOLDER;
	}
	if (strcmp(name, "port") == 0) {
		return PORT;
	}
	struct partner *partner = world_find_partner(name);
	return partner == NULL
		? NULL
		: (snprintf(endpoint, sizeof(endpoint), "%s", partner->endpoint),
			  endpoint);
}

static void
write_file(const char *path, struct kp_slice text)
{
	char full[512];
	(void)snprintf(full, sizeof(full), FOLDER "/%s", path);
	world_write_file(full, text);
}

static void
add_partner(const char *name)
{
	static unsigned count;
	char endpoint[64];
	(void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", 7001 + count++);
	(void)world_add_partner(name, endpoint);
}

static struct kp_slice
log_slice(void)
{
	char chunk[4096];
	(void)fflush(stderr);
	size_t got;
	while ((got = fread(chunk, 1, sizeof(chunk), log_file)) > 0) {
		bytes_add(&log_text, chunk, got);
	}
	clearerr(log_file);
	bytes_add(&log_text, "", 1);
	log_text.len--;
	return bytes_slice(&log_text);
}

static bool
start(const char *config, void (*rest)(void *context), void *context)
{
	char path[512];
	char command[] = "serve";
	(void)snprintf(path, sizeof(path), FOLDER "/%s", config);
	char *argv[] = {command, path, NULL};
	world_set_script(rest, context);
	int code = kp_command_serve(2, argv);
	has_stopped = true;
	return code == 0;
}

static void
advance(uint64_t ms)
{
	world_advance(ms * 1000);
}

/* Connects with its first bytes, so that what it shows can be said before. */
static struct client *
name_client(const char *name)
{
	for (size_t i = 0; i < client_count; i++) {
		if (strcmp(clients[i].name, name) == 0) {
			return &clients[i];
		}
	}
	KP_REQUIRE(client_count < CLIENTS_MAX);
	struct client *client = &clients[client_count++];
	(void)snprintf(client->name, sizeof(client->name), "%s", name);
	return client;
}

static int64_t
now_s(void)
{
	return kp_loop_wall_ms(NULL) / 1000;
}

static struct client *
find_client(const char *name)
{
	struct client *client = name_client(name);
	if (!client->connected) {
		client->connected = true;
		(void)client_connect(client, (uint16_t)strtoul(PORT, NULL, 10));
	}
	return client;
}

static bool
show_certificate(const char *name, const char *oin, const char *organisation)
{
	struct client *client = name_client(name);
	(void)snprintf(client->oin, sizeof(client->oin), "%s", oin);
	(void)snprintf(
		client->organisation, sizeof(client->organisation), "%s", organisation);
	client->certified = true;
	client->certificate.oin = kp_slice_from(client->oin);
	client->certificate.organisation = kp_slice_from(client->organisation);
	/* Stands for the digest: the same for the same OIN, another for another. */
	memset(client->certificate.sha256, 0, sizeof(client->certificate.sha256));
	for (size_t i = 0; client->oin[i] != '\0'; i++) {
		client->certificate.sha256[i % 32] ^= (unsigned char)client->oin[i];
	}
	return true;
}

static bool
speak(const char *name, const char *protocol)
{
	struct client *client = name_client(name);
	(void)snprintf(client->protocol, sizeof(client->protocol), "%s", protocol);
	return true;
}

static void
send_bytes(const char *name, struct kp_slice bytes)
{
	client_send(find_client(name), bytes);
	world_settle();
}

static void
hang_up(const char *name)
{
	client_hang_up(find_client(name));
	world_settle();
}

static void
read_on(const char *name, bool on)
{
	client_read(find_client(name), on);
	world_settle();
}

static struct kp_slice
received(const char *name)
{
	world_settle();
	return bytes_slice(&find_client(name)->received);
}

/* Time stands still here: what has not come will not come until the script moves the
 * clock. */
static bool
wait_for_more(const char *name, size_t seen)
{
	(void)name;
	(void)seen;
	return false;
}

static void
take(const char *name, size_t len)
{
	bytes_drop(&find_client(name)->received, len);
}

static bool
is_closed(const char *name)
{
	world_settle();
	return find_client(name)->closed;
}

static struct kp_slice
copy(struct kp_slice slice)
{
	char *text = malloc(slice.len + 1);
	KP_REQUIRE(text != NULL);
	if (slice.len > 0) {
		memcpy(text, slice.data, slice.len);
	}
	text[slice.len] = '\0';
	return (struct kp_slice){text, slice.len};
}

static void
split_headers(struct kp_slice headers, struct answer *ret_answer)
{
	if (headers.len == 0) {
		return;
	}
	char *at = (char *)(uintptr_t)copy(headers).data;
	char *rest = NULL;
	for (char *line = strtok_r(at, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		char *colon = strchr(line, ':');
		if (colon == NULL || ret_answer->header_count == HEADERS_MAX) {
			continue;
		}
		size_t i = ret_answer->header_count++;
		ret_answer->header_names[i] =
			(struct kp_slice){line, (size_t)(colon - line)};
		ret_answer->header_values[i] =
			kp_slice_from(colon + 1 + strspn(colon + 1, " "));
	}
}

static enum answer_kind
kind_of(const struct stage_answer *given)
{
	switch (given->kind) {
	case PARTNER_BREAKS:
		return ANSWER_RESET;
	case PARTNER_REFUSES:
		return ANSWER_REFUSED;
	case PARTNER_SILENT:
		return ANSWER_SILENT;
	case PARTNER_ANSWERS:
		break;
	}
	return ANSWER_NORMAL;
}

static void
put_answer(const char *name, const struct stage_answer *given)
{
	struct partner *partner = world_find_partner(name);
	struct answer *answer = calloc(1, sizeof(*answer));
	KP_REQUIRE(partner != NULL && answer != NULL);
	answer->kept = kept_answers;
	kept_answers = answer;
	answer->kind = kind_of(given);
	answer->status = given->status;
	answer->body = copy(given->body);
	answer->piece = given->piece;
	answer->cut_at = given->cut_at;
	answer->delay_us = given->after_ms * 1000;
	split_headers(given->headers, answer);
	if (given->always) {
		partner->always = answer;
	} else {
		struct answer **at = &partner->answers;
		while (*at != NULL) {
			at = &(*at)->next;
		}
		*at = answer;
	}
	world_answer_waiting(partner);
	if (world_running()) {
		world_settle();
	}
}

static bool
take_question(const char *name, bool expected, struct stage_question *ret_question)
{
	(void)expected;
	struct partner *partner = world_find_partner(name);
	struct question *question = partner == NULL ? NULL : partner->questions;
	if (question == NULL) {
		return false;
	}
	partner->questions = question->next;
	question->kept = kept_questions;
	kept_questions = question;
	ret_question->method = bytes_slice(&question->method);
	ret_question->target = bytes_slice(&question->target);
	ret_question->headers = bytes_slice(&question->headers);
	ret_question->body = bytes_slice(&question->body);
	return true;
}

static bool
no_pause(void)
{
	return false;
}

static bool
set_disk(const char *state)
{
	world_set_disk(strcmp(state, "full") == 0      ? DISK_FULL
			: strcmp(state, "broken") == 0 ? DISK_BROKEN
						       : DISK_GOOD);
	return true;
}

static bool
send_signal(const char *signal)
{
	bool stop = strcmp(signal, "stop") == 0;
	if (!stop && strcmp(signal, "reload") != 0) {
		return false;
	}
	world_signal(stop ? KP_SIGNAL_STOP : KP_SIGNAL_RELOAD);
	world_settle();
	return true;
}

static bool
stopped(void)
{
	world_settle();
	return has_stopped || world_all_stopped();
}

static const char *
journal(void)
{
	return FOLDER "/journaal.kpj";
}

const struct stage stage = {
	.name = "virtual",
	.value = value,
	.write_file = write_file,
	.add_partner = add_partner,
	.start = start,
	.log = log_slice,
	.advance = advance,
	.now_s = now_s,
	.certificate = show_certificate,
	.protocol = speak,
	.send = send_bytes,
	.hang_up = hang_up,
	.read = read_on,
	.received = received,
	.wait_for_more = wait_for_more,
	.take = take,
	.closed = is_closed,
	.answer = put_answer,
	.question = take_question,
	.pause = no_pause,
	.disk = set_disk,
	.fail_allocation = world_fail_allocation,
	.mend_allocation = world_mend_allocation,
	.signal = send_signal,
	.stopped = stopped,
	.journal = journal,
};

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[3], "http2") == 0) {
		http2_clients_all();
		argc--;
	}
	if (argc != 3) {
		fprintf(stderr, "usage: flow SCRIPT PROJECT-FOLDER [http2]\n");
		return 2;
	}
	char name[] = "/tmp/flow-log-XXXXXX";
	int fd = mkstemp(name);
	log_file = fopen(name, "rb");
	if (fd < 0 || log_file == NULL || dup2(fd, STDERR_FILENO) < 0) {
		return 2;
	}
	(void)unlink(name);
	return script_play(argv[1], argv[2]) ? 0 : 1;
}
