/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_rig: the source host on a real loop, and a partner that is a thread of this
 * process. Every start completes exactly once and never inside start.
 */
#ifndef SOURCE_RIG_H
#define SOURCE_RIG_H

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/bits.h"
#include "io/runtime.h"
#include "source/source.h"

#define BSN "999993653"
#define CALLS_MAX 64

/* The partner: answers each request after a while, in two pieces. */
struct partner {
	int listener;
	uint16_t port;
	pthread_t thread;
	atomic_int delay_ms;
	atomic_int asked;
	atomic_int running;      /* answers under way */
	atomic_bool keeps;       /* a connection, after an answer */
	atomic_int whole;        /* so many answers, before */
	atomic_int breaks;       /* so many connections */
	atomic_bool breaks_late; /* in the answer, and not before it */
	atomic_bool stop;
};

static const char answer_body[] =
	"{\"personen\":[{\"bsn\":\"" BSN
	"\",\"naam\":{\"voluit\":\"J. de Vries\"},\"geslacht\":\"V\",\"uitkeringen\":[{"
	"\"wet\":\"PW\"},{\"wet\":\"AOW\"}]}]}";

/* False: it breaks. */
static bool
answer_one(struct partner *partner, int client)
{
	char head[256];
	bool keeps = atomic_load(&partner->keeps);
	bool breaks = atomic_fetch_sub(&partner->whole, 1) <= 0 &&
		atomic_fetch_sub(&partner->breaks, 1) > 0;
	usleep((useconds_t)atomic_load(&partner->delay_ms) * 1000);
	int len = snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%s"
		"Content-Length: %zu\r\n\r\n",
		keeps ? "" : "Connection: close\r\n", sizeof(answer_body) - 1);
	if (!breaks || atomic_load(&partner->breaks_late)) {
		(void)!send(client, head, (size_t)len, MSG_NOSIGNAL);
		(void)!send(client, answer_body, 40, MSG_NOSIGNAL);
	}
	usleep(2000); /* so that the rest comes by itself */
	if (!breaks) {
		(void)!send(
			client, answer_body + 40, sizeof(answer_body) - 41, MSG_NOSIGNAL);
	}
	return !breaks;
}

static void *
serve_one(void *argument)
{
	struct partner *partner = ((void **)argument)[0];
	int client = (int)(intptr_t)((void **)argument)[1];
	char request[8192];
	bool more = true;
	free(argument);
	while (more) {
		more = recv(client, request, sizeof(request), 0) > 0 ||
			!atomic_load(&partner->keeps);
		if (more) {
			atomic_fetch_add(&partner->asked, 1);
			more = answer_one(partner, client) &&
				atomic_load(&partner->keeps);
		}
	}
	(void)close(client);
	atomic_fetch_sub(&partner->running, 1);
	return NULL;
}

static void *
serve(void *argument)
{
	struct partner *partner = argument;
	while (!atomic_load(&partner->stop)) {
		int client = accept(partner->listener, NULL, NULL);
		void **pair = calloc(2, sizeof(*pair));
		pthread_t thread;
		if (client < 0 || pair == NULL) {
			free(pair);
			break;
		}
		pair[0] = partner;
		pair[1] = (void *)(intptr_t)client;
		atomic_fetch_add(&partner->running, 1);
		if (pthread_create(&thread, NULL, serve_one, pair) == 0) {
			(void)pthread_detach(thread);
		}
	}
	return NULL;
}

static void
start_partner(struct partner *partner)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	memset(partner, 0, sizeof(*partner));
	partner->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(
		bind(partner->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(partner->listener, 128), 0);
	assert_int_equal(
		getsockname(partner->listener, (struct sockaddr *)&address, &len), 0);
	partner->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&partner->thread, NULL, serve, partner), 0);
}

static void
stop_partner(struct partner *partner)
{
	atomic_store(&partner->stop, true);
	(void)shutdown(partner->listener, SHUT_RDWR);
	(void)pthread_join(partner->thread, NULL);
	(void)close(partner->listener);
	while (atomic_load(&partner->running) > 0) {
		usleep(1000);
	}
}

struct asker {
	struct stage *stage;
	struct kp_arena arena;
	struct kp_need need;
	struct kp_sink sink;
	struct kp_source_call *call;
	char bsn[10];
	bool started;
	bool inside_start;
	unsigned done;
	unsigned values;
	unsigned items;
	unsigned notes;
	bool other;        /* a value that is not this client's */
	bool unknown_code; /* a code that is in no table, it was said */
	enum kp_outcome outcome;
	enum kp_status status;
	char reason[128];
};

struct stage {
	struct partner partner;
	struct kp_arena arena;
	struct kp_findings findings;
	struct kp_catalogue *catalogue;
	struct kp_source_set *set;
	struct kp_loop *loop;
	struct kp_workers *workers;
	struct kp_upstream *upstream;
	struct kp_source_link *link;
	struct asker askers[CALLS_MAX];
	size_t asker_count;
	size_t open;
	struct kp_task task;
	struct kp_timer timer;
	void (*script)(struct stage *stage);
	void (*on_timer)(struct stage *stage);
	void (*on_each)(struct stage *stage, struct asker *asker);
	char folder[64];
};

static struct kp_slice
read_file(struct kp_arena *arena, const char *path)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	char *bytes = kp_arena_bytes(arena, 1 << 18);
	assert_non_null(bytes);
	size_t len = fread(bytes, 1, 1 << 18, file);
	(void)fclose(file);
	return (struct kp_slice){bytes, len};
}

static void
open_stage(struct stage *stage, const char *manifest)
{
	struct kp_error err;
	memset(stage, 0, sizeof(*stage));
	kp_arena_init(&stage->arena, (size_t)64 << 20, NULL);
	kp_findings_init(&stage->findings, 20);
	start_partner(&stage->partner);
	(void)snprintf(stage->folder, sizeof(stage->folder), "/tmp/kp-source-XXXXXX");
	assert_non_null(mkdtemp(stage->folder));
	assert_int_equal(
		kp_catalogue_load(&stage->arena, "catalogus.json",
			read_file(&stage->arena,
				KP_SOURCE_DIR "/tests/conformance/catalogus.json"),
			&stage->findings, &stage->catalogue),
		KP_OK);
	const char *port = strstr(manifest, "PORT");
	size_t before = port == NULL ? strlen(manifest) : (size_t)(port - manifest);
	char *text = port == NULL
		? kp_arena_strdup(&stage->arena, manifest)
		: kp_arena_printf(&stage->arena, "%.*s%u%s", (int)before, manifest,
			  stage->partner.port, port + 4);
	struct kp_manifest_file file = {"manifest.json", kp_slice_from(text)};
	struct kp_source_set_options options = {
		.catalogue = stage->catalogue,
		.files = &file,
		.file_count = 1,
		.folder = stage->folder,
	};
	enum kp_status status =
		kp_source_set_create(&options, &stage->findings, &stage->set);
	for (size_t i = 0; i < stage->findings.count; i++) {
		print_message("%s\n", stage->findings.items[i].message);
	}
	assert_int_equal(status, KP_OK);
	assert_int_equal(kp_loop_create(0, &stage->loop, &err), KP_OK);
	assert_int_equal(kp_workers_create(2, &stage->workers, &err), KP_OK);
	assert_int_equal(kp_upstream_create(stage->loop, &stage->upstream, &err), KP_OK);
}

static void
end_script(struct stage *stage)
{
	kp_timer_stop(stage->loop, &stage->timer);
	kp_source_link_close(&stage->link);
	kp_loop_stop(stage->loop);
}

static void
run_task(struct kp_task *task)
{
	struct stage *stage = KP_CONTAINER_OF(task, struct stage, task);
	struct kp_error err;
	assert_int_equal(
		kp_source_link_open(kp_source_set_get(stage->set, 0), stage->loop,
			stage->upstream, stage->workers, &stage->link, &err),
		KP_OK);
	stage->script(stage);
}

static void
run_timer(struct kp_timer *timer)
{
	struct stage *stage = KP_CONTAINER_OF(timer, struct stage, timer);
	stage->on_timer(stage);
}

static void
run_stage(struct stage *stage, void (*script)(struct stage *stage))
{
	stage->script = script;
	stage->task.run = run_task;
	stage->timer.fire = run_timer;
	kp_loop_post(stage->loop, &stage->task);
	kp_loop_run(stage->loop);
	for (size_t i = 0; i < stage->asker_count; i++) {
		struct asker *asker = &stage->askers[i];
		assert_int_equal(asker->done, asker->started ? 1 : 0);
		assert_false(asker->inside_start);
		assert_false(asker->other);
		kp_arena_deinit(&asker->arena);
	}
	kp_upstream_destroy(&stage->upstream);
	kp_source_set_destroy(&stage->set);
	kp_workers_destroy(&stage->workers);
	kp_loop_destroy(&stage->loop);
	stop_partner(&stage->partner);
	kp_findings_deinit(&stage->findings);
	kp_arena_deinit(&stage->arena);
	char command[128];
	(void)snprintf(command, sizeof(command), "rm -r %s", stage->folder);
	assert_int_equal(system(command), 0);
}

static bool
on_subject(void *context, struct kp_text bsn)
{
	struct asker *asker = context;
	assert_int_equal(asker->done, 0);
	asker->other = asker->other || memcmp(bsn.data, asker->bsn, 9) != 0;
	return true;
}

static bool
on_item(void *context, uint32_t section, uint32_t *ret_item)
{
	struct asker *asker = context;
	(void)section;
	*ret_item = asker->items++;
	return true;
}

static bool
on_value(void *context, const struct kp_value *value)
{
	struct asker *asker = context;
	assert_int_equal(asker->done, 0);
	asker->values++;
	/* In the exports of these tests every value ends in the client's number. */
	if (value->bytes.len > 9 && value->form == KP_VALUE_TEXT) {
		const char *tail = value->bytes.data + value->bytes.len - 9;
		asker->other = asker->other || memcmp(tail, asker->bsn, 9) != 0;
	}
	return true;
}

static bool
on_note(void *context, struct kp_text code, struct kp_text text)
{
	struct asker *asker = context;
	(void)text;
	asker->notes++;
	asker->unknown_code = asker->unknown_code ||
		kp_slice_is((struct kp_slice){code.data, code.len}, "onbekendeCode");
	return true;
}

static void
on_done(void *owner, const struct kp_source_result *result)
{
	struct asker *asker = owner;
	struct stage *stage = asker->stage;
	asker->done++;
	asker->inside_start = asker->inside_start || asker->call == NULL;
	asker->outcome = result->outcome;
	asker->status = result->status;
	(void)snprintf(asker->reason, sizeof(asker->reason), "%.*s",
		KP_SLICE_ARG(result->reason));
	stage->open--;
	if (stage->on_each != NULL) {
		stage->on_each(stage, asker);
	} else if (stage->open == 0) {
		end_script(stage);
	}
}

static enum kp_status
ask_within(struct stage *stage, const char *bsn, uint64_t within_us, size_t arena_bytes)
{
	struct asker *asker = &stage->askers[stage->asker_count++];
	memset(asker, 0, sizeof(*asker));
	asker->stage = stage;
	memcpy(asker->bsn, bsn, 9);
	kp_arena_init(&asker->arena, arena_bytes, NULL);
	asker->sink = (struct kp_sink){.size = sizeof(asker->sink),
		.context = asker,
		.subject = on_subject,
		.item = on_item,
		.value = on_value,
		.note = on_note};
	asker->need = (struct kp_need){
		.size = sizeof(asker->need),
		.bsn = {asker->bsn, 9},
		.purpose = {"doel", 4},
		.now = {"2026-01-01T00:00:00Z", 20},
		.cells = kp_source_set_get(stage->set, 0)->offers,
		.cell_words = stage->catalogue->cell_words,
	};
	struct kp_source_call_options options = {
		.need = &asker->need,
		.sink = &asker->sink,
		.deadline_us = kp_loop_now_us(stage->loop) + within_us,
		.on_done = on_done,
		.owner = asker,
		.arena = &asker->arena,
	};
	stage->open++;
	enum kp_status status = kp_source_call_start(stage->link, &options, &asker->call);
	asker->started = status == KP_OK;
	if (!asker->started) {
		stage->open--;
	}
	return status;
}

static void
ask(struct stage *stage)
{
	assert_int_equal(ask_within(stage, BSN, 5000000, (size_t)16 << 20), KP_OK);
}

KP_UNUSED static void
cancel_all(struct stage *stage)
{
	for (size_t i = 0; i < stage->asker_count; i++) {
		if (stage->askers[i].done == 0) {
			kp_source_call_cancel(stage->askers[i].call);
			kp_source_call_cancel(stage->askers[i].call);
		}
	}
}

KP_UNUSED static unsigned cancel_after_us;

#endif
