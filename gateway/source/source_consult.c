/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_consult: a partner's own decision point, asked about its data before the partner
 * itself is. One evaluations request holds every field of one dossier. It can only say
 * no, and everything but a clear answer in time is a no to all: another status, another
 * content type, the answer to another request, too much, too little, too late.
 */
#include <strings.h>

#include "source/source_private.h"

#define HEAD_BYTES_MAX 16384u
#define IDLE_MS 30000u
#define CONNECT_MS_MAX 1000u
#define REQUEST_ID "x-request-id"

struct kp_source_consult {
	struct kp_source_link *link;
	struct kp_source_consult_options options;
	struct kp_authzen_verdicts verdicts;
	struct kp_buffer body;
	struct kp_upstream_header headers[3];
	struct kp_upstream_request request;
	struct kp_upstream_call *upstream;
	struct kp_task task; /* for what ends before it began */
	uint64_t started_us;
	uint64_t bytes;
	uint32_t http_status;
	bool cancelled;
	enum kp_status status; /* what went wrong first */
};

enum kp_status
kp_source_consult_check(struct kp_source_opening *opening)
{
	const struct kp_manifest_decision_point *point =
		&opening->private->manifest->decision_point;
	if (point->endpoint.len == 0) {
		return KP_OK;
	}
	kp_source_check_endpoint(
		opening, point->endpoint, &point->endpoint_place, &point->access);
	if (point->access.kind > KP_ACCESS_BASIC) {
		kp_source_finding(opening, &point->access.place,
			"of a decision point is none, header, bearer or basic");
	}
	kp_source_check_access(
		opening, &point->access, &opening->private->decision_access);
	return kp_source_read_tls(opening, point->endpoint, &point->access,
		&opening->private->decision_access);
}

enum kp_status
kp_source_consult_open(
	struct kp_source_link *link, struct kp_upstream *upstream, struct kp_error *err)
{
	const struct kp_source_private *private = link->source->private;
	const struct kp_manifest_decision_point *point =
		&private->manifest->decision_point;
	if (point->endpoint.len == 0) {
		return KP_OK;
	}
	struct kp_upstream_target_options options = kp_source_target(link->source->name,
		point->endpoint, &point->access, &private->decision_access);
	options.connections_max = point->concurrent;
	options.waiting_max = point->waiting;
	options.connect_timeout_ms =
		point->time_ms < CONNECT_MS_MAX ? point->time_ms : CONNECT_MS_MAX;
	options.idle_ms = IDLE_MS;
	options.head_bytes_max = HEAD_BYTES_MAX;
	return kp_upstream_target_open(upstream, &options, &link->decision_target, err);
}

void
kp_source_consult_close(struct kp_source_link *link)
{
	if (link->decision_target != NULL) {
		kp_upstream_target_close(&link->decision_target);
	}
}

/* Why there is no decision, for the reader. */
static struct kp_slice
words(enum kp_status status)
{
	if (status == KP_E_TIMEOUT) {
		return KP_SLICE("het beslispunt van de bron antwoordde niet binnen de "
				"tijd");
	}
	if (status == KP_E_SOURCE_UNREACHABLE || status == KP_E_STOPPING) {
		return KP_SLICE("het beslispunt van de bron is niet bereikt");
	}
	if (status == KP_E_BUSY) {
		return KP_SLICE("er staan te veel vragen aan het beslispunt van de bron "
				"open");
	}
	if (status == KP_E_MEMORY) {
		return KP_SLICE("de gateway heeft geen geheugen meer voor deze vraag");
	}
	if (status == KP_E_CANCELLED) {
		return KP_SLICE("de vraag is afgebroken voordat het beslispunt van de "
				"bron antwoordde");
	}
	return KP_SLICE("het beslispunt van de bron gaf geen bruikbaar antwoord");
}

static void
conclude(struct kp_source_consult *consult)
{
	struct kp_source_link *link = consult->link;
	struct kp_authzen_verdicts *verdicts = &consult->verdicts;
	enum kp_status status = consult->cancelled ? KP_E_CANCELLED : consult->status;
	if (status == KP_OK) {
		status = kp_authzen_verdicts_finish(verdicts);
	}
	const struct kp_source_consult_result result = {
		.status = status,
		.reason = status == KP_OK ? (struct kp_slice){NULL, 0} : words(status),
		.granted = verdicts->granted,
		.asked = verdicts->asked,
		.permitted = status == KP_OK ? verdicts->permitted : 0,
		.duration_us = kp_loop_clock_us(link->loop) - consult->started_us,
		.bytes = consult->bytes,
		.http_status = consult->http_status,
	};
	kp_loop_undefer(link->loop, &consult->task);
	consult->options.on_done(consult->options.owner, &result);
	kp_source_link_leave(link);
}

static void
on_task(struct kp_task *task)
{
	conclude(KP_CONTAINER_OF(task, struct kp_source_consult, task));
}

static bool
is_named(struct kp_slice name, const char *wanted)
{
	return name.len == strlen(wanted) &&
		strncasecmp(name.data, wanted, name.len) == 0;
}

/* JSON, and when it says to what it answers, to this. */
static bool
head_fits(const struct kp_source_consult *consult,
	const struct kp_upstream_header *headers, size_t count)
{
	static const char json[] = "application/json";
	bool typed = false;
	for (size_t i = 0; i < count; i++) {
		struct kp_slice value = headers[i].value;
		if (is_named(headers[i].name, "content-type")) {
			size_t len = sizeof(json) - 1;
			typed = value.len >= len &&
				strncasecmp(value.data, json, len) == 0 &&
				(value.len == len || value.data[len] == ';' ||
					value.data[len] == ' ');
		} else if (is_named(headers[i].name, REQUEST_ID) &&
			!kp_slice_equal(value, consult->options.request_id)) {
			return false;
		}
	}
	return typed;
}

static enum kp_status
on_head(void *owner, uint32_t status, const struct kp_upstream_header *headers,
	size_t header_count)
{
	struct kp_source_consult *consult = owner;
	consult->http_status = status;
	bool fits = status == 200 && head_fits(consult, headers, header_count);
	consult->status = fits ? KP_OK : KP_E_SOURCE;
	return consult->status;
}

static enum kp_status
on_body(void *owner, struct kp_slice bytes)
{
	struct kp_source_consult *consult = owner;
	consult->bytes += bytes.len;
	consult->status = kp_authzen_verdicts_push(&consult->verdicts, bytes);
	return consult->status;
}

static void
on_done(void *owner, enum kp_status status, const struct kp_upstream_timing *timing,
	const struct kp_error *err)
{
	struct kp_source_consult *consult = owner;
	(void)timing;
	(void)err;
	consult->upstream = NULL;
	if (consult->status == KP_OK) {
		consult->status = status;
	}
	conclude(consult);
}

static const struct kp_upstream_handler handler = {
	.on_head = on_head,
	.on_body = on_body,
	.on_done = on_done,
};

static uint32_t
left_ms(const struct kp_source_consult *consult)
{
	const struct kp_source *source = consult->link->source;
	uint64_t end = consult->started_us +
		(uint64_t)source->private->manifest->decision_point.time_ms * 1000;
	if (consult->options.deadline_us < end) {
		end = consult->options.deadline_us;
	}
	return end <= consult->started_us
		? 0
		: (uint32_t)((end - consult->started_us) / 1000);
}

static enum kp_status
send(struct kp_source_consult *consult)
{
	const struct kp_manifest_decision_point *point =
		&consult->link->source->private->manifest->decision_point;
	consult->headers[0] = (struct kp_upstream_header){
		KP_SLICE("content-type"), KP_SLICE("application/json")};
	consult->headers[1] = (struct kp_upstream_header){
		KP_SLICE("accept"), KP_SLICE("application/json")};
	consult->headers[2] = (struct kp_upstream_header){
		KP_SLICE(REQUEST_ID), consult->options.request_id};
	consult->request = (struct kp_upstream_request){
		.method = KP_SLICE("POST"),
		.target = KP_SLICE(KP_AUTHZEN_ASK_TARGET),
		.headers = consult->headers,
		.header_count = KP_ARRAY_LEN(consult->headers),
		.body = kp_buffer_slice(&consult->body),
		.timeout_ms = left_ms(consult),
		.body_bytes_max = point->answer_bytes,
	};
	if (consult->request.timeout_ms == 0) {
		return KP_E_TIMEOUT;
	}
	return kp_upstream_start(consult->link->decision_target, &consult->request,
		&handler, consult, &consult->upstream);
}

enum kp_status
kp_source_consult_start(struct kp_source_link *link,
	const struct kp_source_consult_options *options,
	struct kp_source_consult **ret_consult)
{
	KP_REQUIRE(link->source->decision_point);
	if (link->closing) {
		return KP_E_STOPPING;
	}
	const struct kp_manifest_decision_point *point =
		&link->source->private->manifest->decision_point;
	struct kp_source_consult *consult =
		KP_ARENA_NEW(options->arena, struct kp_source_consult);
	if (consult == NULL ||
		kp_authzen_verdicts_init(&consult->verdicts, options->arena,
			options->ask->cells, options->ask->catalogue->cell_words,
			point->answer_bytes) != KP_OK) {
		return KP_E_MEMORY;
	}
	consult->link = link;
	consult->options = *options;
	consult->task.run = on_task;
	consult->started_us = kp_loop_now_us(link->loop);
	kp_buffer_init(&consult->body, options->arena, KP_AUTHZEN_ASK_BYTES_MAX);
	kp_authzen_ask_write(&consult->body, options->ask);
	if (consult->body.failed) {
		return KP_E_MEMORY;
	}
	link->active++;
	*ret_consult = consult;
	consult->status = send(consult);
	if (consult->status != KP_OK) {
		kp_loop_defer(link->loop, &consult->task);
	}
	return KP_OK;
}

void
kp_source_consult_cancel(struct kp_source_consult *consult)
{
	if (consult->cancelled) {
		return;
	}
	consult->cancelled = true;
	if (consult->upstream != NULL) {
		kp_upstream_cancel(consult->upstream);
	}
}
