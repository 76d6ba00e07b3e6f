/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bench_upstream: processor time per partner call at rising numbers of calls in flight,
 * for gateway/io/upstream and, in the same run, for the pattern of curl's multi-uv
 * example. The partner is nginx with a 1 kB answer, on another core.
 *
 * bench_upstream [calls per round]
 */
#include <curl/curl.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "io/runtime.h"
#include "io/upstream.h"

#define PORT 18780
#define ANSWER_BYTES 1024
#define TARGETS 5

static void
die(const char *what)
{
	fprintf(stderr, "bench_upstream: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
pin(size_t core)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

/* The partner. */

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
		die(path);
	}
}

static pid_t
start_nginx(char *folder)
{
	char path[256];
	char config[2048];
	char body[ANSWER_BYTES + 1];
	if (mkdtemp(folder) == NULL) {
		die("mkdtemp");
	}
	memset(body, 'x', ANSWER_BYTES);
	body[ANSWER_BYTES] = '\0';
	(void)snprintf(path, sizeof(path), "%s/answer", folder);
	write_file(path, body);
	(void)snprintf(config, sizeof(config),
		"user root;\ndaemon off;\nmaster_process off;\npid %s/pid;\nerror_log "
		"%s/error.log;\n"
		"events { worker_connections 30000; }\n"
		"http { access_log off; keepalive_requests 1000000000; keepalive_timeout "
		"600;\n"
		"open_file_cache max=10; root %s;\n"
		"server { listen 127.0.0.1:%d reuseport backlog=16000; } }\n",
		folder, folder, folder, PORT);
	(void)snprintf(path, sizeof(path), "%s/conf", folder);
	write_file(path, config);
	pid_t pid = fork();
	if (pid == 0) {
		pin(1);
		(void)execlp("nginx", "nginx", "-p", folder, "-c", path, (char *)NULL);
		die("nginx");
	}
	(void)usleep(400000);
	return pid;
}

/* Figures. */

struct usage {
	double user_us;
	double system_us;
	double wall_us;
};

static struct usage
read_usage(void)
{
	struct rusage ru;
	struct timespec ts;
	(void)getrusage(RUSAGE_SELF, &ru);
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct usage){
		(double)ru.ru_utime.tv_sec * 1e6 + (double)ru.ru_utime.tv_usec,
		(double)ru.ru_stime.tv_sec * 1e6 + (double)ru.ru_stime.tv_usec,
		(double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3,
	};
}

static void
report(const char *what, unsigned in_flight, unsigned calls, struct usage from,
	unsigned failed)
{
	struct usage to = read_usage();
	double user = (to.user_us - from.user_us) / calls;
	double system = (to.system_us - from.system_us) / calls;
	printf("%-10s %6u in flight  %6.1f us CPU per call (user %5.1f, system %5.1f)"
	       "  %8.0f calls/s  failed %u\n",
		what, in_flight, user + system, user, system,
		(double)calls * 1e6 / (to.wall_us - from.wall_us), failed);
	(void)fflush(stdout);
}

/* Ours. */

struct run {
	struct kp_loop *loop;
	struct kp_upstream *upstream;
	struct kp_upstream_target *targets[TARGETS];
	struct kp_upstream_request request;
	unsigned left_to_start;
	unsigned left_to_end;
	unsigned failed;
	unsigned next;
	struct kp_task stop;
};

static enum kp_status
on_head(void *owner, uint32_t status, const struct kp_upstream_header *headers,
	size_t count)
{
	(void)owner;
	(void)headers;
	(void)count;
	return status == 200 ? KP_OK : KP_E_SOURCE;
}

static enum kp_status
on_body(void *owner, struct kp_slice bytes)
{
	(void)owner;
	(void)bytes;
	return KP_OK;
}

static void start_one(struct run *run);

static void
on_done(void *owner, enum kp_status status, const struct kp_upstream_timing *timing,
	const struct kp_error *err)
{
	struct run *run = owner;
	if (status != KP_OK) {
		if (run->failed++ == 0) {
			fprintf(stderr, "first failure: %s\n", err->message);
		}
	}
	(void)timing;
	if (run->left_to_start > 0) {
		start_one(run);
	}
	if (--run->left_to_end == 0) {
		kp_loop_defer(run->loop, &run->stop);
	}
}

static const struct kp_upstream_handler handler = {on_head, on_body, on_done};

static void
start_one(struct run *run)
{
	struct kp_upstream_call *call = NULL;
	struct kp_upstream_target *target = run->targets[run->next++ % TARGETS];
	run->left_to_start--;
	if (kp_upstream_start(target, &run->request, &handler, run, &call) != KP_OK) {
		die("start");
	}
}

static void
on_stop(struct kp_task *task)
{
	struct run *run = KP_CONTAINER_OF(task, struct run, stop);
	kp_upstream_destroy(&run->upstream);
	kp_loop_stop(run->loop);
}

static void
open_targets(struct run *run, unsigned connections_max)
{
	char endpoint[64];
	(void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d", PORT);
	struct kp_upstream_target_options options = {
		.name = KP_SLICE("nginx"),
		.endpoint = kp_slice_from(endpoint),
		.connections_max = connections_max,
		.waiting_max = 20000,
		.connect_timeout_ms = 30000,
		.idle_ms = 60000,
		.head_bytes_max = 16384,
	};
	struct kp_error err;
	for (int i = 0; i < TARGETS; i++) {
		if (kp_upstream_target_open(
			    run->upstream, &options, &run->targets[i], &err) != KP_OK) {
			die(err.message);
		}
	}
}

static void
run_ours(unsigned in_flight, unsigned connections_max, unsigned calls)
{
	struct kp_error err;
	struct run run = {.stop.run = on_stop};
	static const struct kp_upstream_header headers[] = {
		{{"Accept", 6}, {"application/json", 16}},
		{{"X-Request-Id", 12}, {"0af7651916cd43dd8448eb211c80319c", 32}},
	};
	run.request = (struct kp_upstream_request){
		.method = KP_SLICE("GET"),
		.target = KP_SLICE("/answer"),
		.headers = headers,
		.header_count = 2,
		.timeout_ms = 60000,
		.body_bytes_max = 1 << 20,
	};
	if (kp_loop_create(0, &run.loop, &err) != KP_OK ||
		kp_upstream_create(run.loop, &run.upstream, &err) != KP_OK) {
		die(err.message);
	}
	open_targets(&run, connections_max);
	unsigned warm = in_flight * 2;
	run.left_to_start = warm + calls;
	run.left_to_end = warm + calls;
	struct usage from = read_usage();
	for (unsigned i = 0; i < in_flight; i++) {
		start_one(&run);
	}
	kp_loop_run(run.loop);
	report("ours", in_flight, warm + calls, from, run.failed);
	kp_loop_destroy(&run.loop);
}

/* The pattern of curl's docs/examples/multi-uv.c, with prepared handles and NOSIGNAL. */

struct plain {
	uv_loop_t loop;
	uv_timer_t timer;
	CURLM *multi;
	unsigned left_to_start;
	struct curl_slist *headers;
	unsigned left_to_end;
	unsigned failed;
};

struct plain_socket {
	uv_poll_t poll;
	curl_socket_t fd;
	struct plain *plain;
};

static void
plain_reap(struct plain *plain)
{
	CURLMsg *message = NULL;
	int left = 0;
	while ((message = curl_multi_info_read(plain->multi, &left)) != NULL) {
		CURL *easy = message->easy_handle;
		plain->failed += message->data.result != CURLE_OK;
		plain->left_to_end--;
		(void)curl_multi_remove_handle(plain->multi, easy);
		if (plain->left_to_start > 0) {
			plain->left_to_start--;
			(void)curl_multi_add_handle(plain->multi, easy);
		} else {
			curl_easy_cleanup(easy);
		}
	}
	if (plain->left_to_end == 0) {
		uv_stop(&plain->loop);
	}
}

static void
plain_poll(uv_poll_t *poll, int code, int events)
{
	struct plain_socket *entry = poll->data;
	struct plain *plain = entry->plain;
	int running = 0;
	int mask = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
		(events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
	(void)code;
	(void)curl_multi_socket_action(plain->multi, entry->fd, mask, &running);
	plain_reap(plain);
}

static void
plain_free(uv_handle_t *handle)
{
	free(handle->data);
}

static int
plain_socket_event(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data)
{
	struct plain *plain = data;
	struct plain_socket *entry = socket_data;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (entry != NULL) {
			(void)uv_poll_stop(&entry->poll);
			uv_close((uv_handle_t *)&entry->poll, plain_free);
			(void)curl_multi_assign(plain->multi, fd, NULL);
		}
		return 0;
	}
	if (entry == NULL) {
		entry = calloc(1, sizeof(*entry));
		entry->fd = fd;
		entry->plain = plain;
		(void)uv_poll_init_socket(&plain->loop, &entry->poll, fd);
		entry->poll.data = entry;
		(void)curl_multi_assign(plain->multi, fd, entry);
	}
	int events = (what != CURL_POLL_IN ? UV_WRITABLE : 0) |
		(what != CURL_POLL_OUT ? UV_READABLE : 0);
	(void)uv_poll_start(&entry->poll, events, plain_poll);
	return 0;
}

static void
plain_timeout(uv_timer_t *timer)
{
	struct plain *plain = timer->data;
	int running = 0;
	(void)curl_multi_socket_action(plain->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	plain_reap(plain);
}

static int
plain_timer(CURLM *multi, long delay_ms, void *data)
{
	struct plain *plain = data;
	(void)multi;
	if (delay_ms < 0) {
		(void)uv_timer_stop(&plain->timer);
	} else {
		(void)uv_timer_start(&plain->timer, plain_timeout, (uint64_t)delay_ms, 0);
	}
	return 0;
}

static size_t
plain_body(char *bytes, size_t size, size_t count, void *data)
{
	(void)bytes;
	(void)data;
	return size * count;
}

static void
plain_add(struct plain *plain)
{
	char url[64];
	CURL *easy = curl_easy_init();
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/answer", PORT);
	(void)curl_easy_setopt(easy, CURLOPT_URL, url);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 60000L);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, plain_body);
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, plain->headers);
	plain->left_to_start--;
	(void)curl_multi_add_handle(plain->multi, easy);
}

static void
run_plain(unsigned in_flight, unsigned calls)
{
	struct plain plain = {0};
	unsigned warm = in_flight * 2;
	plain.left_to_start = warm + calls;
	plain.left_to_end = warm + calls;
	plain.headers = curl_slist_append(NULL, "Accept: application/json");
	plain.headers = curl_slist_append(
		plain.headers, "X-Request-Id: 0af7651916cd43dd8448eb211c80319c");
	plain.multi = curl_multi_init();
	(void)uv_loop_init(&plain.loop);
	(void)uv_timer_init(&plain.loop, &plain.timer);
	plain.timer.data = &plain;
	(void)curl_multi_setopt(plain.multi, CURLMOPT_SOCKETFUNCTION, plain_socket_event);
	(void)curl_multi_setopt(plain.multi, CURLMOPT_SOCKETDATA, &plain);
	(void)curl_multi_setopt(plain.multi, CURLMOPT_TIMERFUNCTION, plain_timer);
	(void)curl_multi_setopt(plain.multi, CURLMOPT_TIMERDATA, &plain);
	(void)curl_multi_setopt(plain.multi, CURLMOPT_MAXCONNECTS, (long)in_flight + 10);
	struct usage from = read_usage();
	for (unsigned i = 0; i < in_flight; i++) {
		plain_add(&plain);
	}
	(void)uv_run(&plain.loop, UV_RUN_DEFAULT);
	report("multi-uv", in_flight, warm + calls, from, plain.failed);
	(void)curl_multi_cleanup(plain.multi);
	curl_slist_free_all(plain.headers);
	uv_close((uv_handle_t *)&plain.timer, NULL);
	(void)uv_run(&plain.loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&plain.loop);
}

int
main(int argc, char **argv)
{
	char folder[] = "/tmp/bench_upstream.XXXXXX";
	unsigned calls = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 40000;
	static const unsigned in_flight[] = {1, 10, 100, 1000, 10000};
	struct rlimit files = {65536, 65536};
	(void)setrlimit(RLIMIT_NOFILE, &files);
	struct kp_error err;
	if (kp_runtime_prepare(&err) != KP_OK) {
		die(err.message);
	}
	pid_t nginx = start_nginx(folder);
	pin(0);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < KP_ARRAY_LEN(in_flight); i++) {
			run_ours(in_flight[i], 64, calls);
			if (in_flight[i] > 320) {
				run_ours(in_flight[i], in_flight[i] / TARGETS, calls);
			}
			if (in_flight[i] <= 1000 || argc > 2) {
				run_plain(in_flight[i], calls);
			}
		}
	}
	(void)kill(nginx, SIGTERM);
	(void)waitpid(nginx, NULL, 0);
	return 0;
}
