/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_health: asks a partner now and then whether it is well, as its manifest says
 * how. For the operator's eyes only: a partner that looks unwell is asked its questions
 * all the same, since a probe may be wrong and nobody may be told "nothing known" for it.
 * The first loop probes, and every loop's /metrics shows what it found. A probe carries
 * the source's credential and nothing of a client.
 */
#include "core/heap.h"
#include "source/source_token.h"

/* Nobody reads the body; a partner that sends more than this is unwell. */
#define BODY_BYTES_MAX ((uint64_t)64 * 1024)
#define TIMEOUT_MS_MAX 10000u

struct kp_source_probe {
	struct kp_source_link *link;
	struct kp_timer timer;
	struct kp_source_credential credential;
	struct kp_upstream_request request;
	struct kp_upstream_call *call; /* NULL when none is under way */
	uint32_t status;
};

static const struct kp_source *
source_of(const struct kp_source_probe *probe)
{
	return probe->link->source;
}

static void
wait_for_next(struct kp_source_probe *probe)
{
	kp_timer_start(probe->link->loop, &probe->timer,
		(uint64_t)source_of(probe)->health_every_s * 1000000);
}

static enum kp_status
on_head(void *owner, uint32_t status, const struct kp_upstream_header *headers,
	size_t header_count)
{
	struct kp_source_probe *probe = owner;
	(void)headers;
	(void)header_count;
	probe->status = status;
	return KP_OK;
}

static enum kp_status
on_body(void *owner, struct kp_slice bytes)
{
	(void)owner;
	(void)bytes;
	return KP_OK;
}

static void
on_done(void *owner, enum kp_status status, const struct kp_upstream_timing *timing,
	const struct kp_error *err)
{
	struct kp_source_probe *probe = owner;
	(void)timing;
	(void)err;
	probe->call = NULL;
	if (probe->link->closing) {
		struct kp_source_link *link = probe->link;
		kp_heap_free(probe);
		kp_source_link_leave(link);
		return;
	}
	bool well = status == KP_OK && probe->status == source_of(probe)->health_status;
	atomic_store(&source_of(probe)->private->health,
		well ? KP_SOURCE_WELL : KP_SOURCE_UNWELL);
	wait_for_next(probe);
}

static const struct kp_upstream_handler handler = {
	.on_head = on_head,
	.on_body = on_body,
	.on_done = on_done,
};

/* False: it waits for a token, or there is none now. */
static bool
take_token(struct kp_source_probe *probe)
{
	enum kp_source_token_state state = kp_source_credential_take(&probe->credential);
	if (state == KP_SOURCE_TOKEN_READY) {
		probe->request.headers = &probe->credential.header;
		probe->request.header_count =
			probe->credential.header.name.len > 0 ? 1 : 0;
	} else if (state != KP_SOURCE_TOKEN_WAIT) {
		atomic_store(&source_of(probe)->private->health, KP_SOURCE_UNWELL);
		wait_for_next(probe);
	}
	return state == KP_SOURCE_TOKEN_READY;
}

static void
start(struct kp_source_probe *probe)
{
	probe->status = 0;
	if (!take_token(probe)) {
		return;
	}
	enum kp_status status = kp_upstream_start(
		probe->link->target, &probe->request, &handler, probe, &probe->call);
	if (status != KP_OK) {
		/* All its connections are busy, or memory is short: that says nothing
		 * about the partner. */
		probe->call = NULL;
		wait_for_next(probe);
	}
}

static void
on_timer(struct kp_timer *timer)
{
	start(KP_CONTAINER_OF(timer, struct kp_source_probe, timer));
}

static void
on_asked(struct kp_source_token_wait *wait)
{
	start(KP_CONTAINER_OF(wait, struct kp_source_probe, credential.wait));
}

enum kp_status
kp_source_health_open(struct kp_source_link *link, struct kp_error *err)
{
	const struct kp_source *source = link->source;
	if (source->health_target.len == 0 || kp_loop_index(link->loop) != 0) {
		return KP_OK;
	}
	struct kp_source_probe *probe = kp_heap_calloc(1, sizeof(*probe));
	if (probe == NULL) {
		return kp_error_set(err, KP_E_MEMORY,
			"no memory for the probe of source '%.*s'",
			KP_SLICE_ARG(source->name));
	}
	probe->link = link;
	probe->timer.fire = on_timer;
	probe->credential.link = link;
	probe->credential.wait.on_asked = on_asked;
	probe->request = (struct kp_upstream_request){
		.method = KP_SLICE("GET"),
		.target = source->health_target,
		.timeout_ms = source->timeout_ms < TIMEOUT_MS_MAX ? source->timeout_ms
								  : TIMEOUT_MS_MAX,
		.body_bytes_max = BODY_BYTES_MAX,
	};
	link->probe = probe;
	link->active++;
	kp_timer_start(link->loop, &probe->timer, 0);
	return KP_OK;
}

void
kp_source_health_close(struct kp_source_link *link)
{
	struct kp_source_probe *probe = link->probe;
	if (probe == NULL) {
		return;
	}
	link->probe = NULL;
	kp_timer_stop(link->loop, &probe->timer);
	kp_source_token_leave(&probe->credential.wait);
	if (probe->call != NULL) {
		kp_upstream_cancel(probe->call);
		return; /* on_done follows */
	}
	kp_heap_free(probe);
	kp_source_link_leave(link);
}

enum kp_source_health
kp_source_health(const struct kp_source *source)
{
	return (enum kp_source_health)atomic_load(&source->private->health);
}
