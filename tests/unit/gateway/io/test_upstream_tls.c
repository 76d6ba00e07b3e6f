/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * test_upstream_tls: calls over TLS with client certificates, against openssl s_server.
 * Certificates are made anew for each run.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/runtime.h"
#include "io/tls.h"
#include "io/upstream.h"

static char folder[] = "/tmp/kp_test_tls.XXXXXX";
static pid_t server;
static char port_text[8];

static const char make_certificates[] =
	"cd \"$1\" && exec 2>openssl.log && k='-newkey ec -pkeyopt "
	"ec_paramgen_curve:P-256' &&"
	"for ca in ca other; do openssl req -x509 $k -nodes -keyout $ca.key -out $ca.pem "
	"-subj /CN=$ca -days 2 || exit 1; done &&"
	"for name in server client; do openssl req $k -nodes -keyout $name.key -out "
	"$name.csr "
	"-subj /CN=$name || exit 1; done &&"
	"echo subjectAltName=IP:127.0.0.1 > san &&"
	"openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days "
	"2 "
	"-extfile san -out server.pem &&"
	"openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days "
	"2 "
	"-out client.pem";

struct result {
	struct kp_loop *loop;
	uint32_t http_status;
	size_t bytes;
	enum kp_status status;
	int dones;
};

static enum kp_status
on_head(void *owner, uint32_t status, const struct kp_upstream_header *headers,
	size_t count)
{
	(void)headers;
	(void)count;
	((struct result *)owner)->http_status = status;
	return KP_OK;
}

static enum kp_status
on_body(void *owner, struct kp_slice bytes)
{
	((struct result *)owner)->bytes += bytes.len;
	return KP_OK;
}

static void
on_done(void *owner, enum kp_status status, const struct kp_upstream_timing *timing,
	const struct kp_error *err)
{
	struct result *result = owner;
	(void)timing;
	(void)err;
	result->status = status;
	result->dones++;
	kp_loop_stop(result->loop);
}

static const struct kp_upstream_handler handler = {on_head, on_body, on_done};

struct paths {
	char anchor[64];
	char certificate[64];
	char key[64];
};

/* An empty name leaves the option out. */
static struct kp_slice
path_of(char *out, size_t size, const char *name)
{
	if (name[0] == '\0') {
		return (struct kp_slice){NULL, 0};
	}
	(void)snprintf(out, size, "%s/%s", folder, name);
	return kp_slice_from(out);
}

/* What a pinned partner is reached with; NULL: the files of each call say it. */
static struct kp_tls_client *shared;

static enum kp_status
open_target(struct kp_upstream *upstream, const char *host, const char *anchor,
	const char *certificate, const char *key, struct kp_upstream_target **ret_target)
{
	struct paths paths;
	struct kp_error err = {0};
	char endpoint[64];
	(void)snprintf(endpoint, sizeof(endpoint), "https://%s:%s", host, port_text);
	struct kp_upstream_target_options options = {
		.name = KP_SLICE("partner"),
		.endpoint = kp_slice_from(endpoint),
		.client = shared,
		.anchor_file = path_of(paths.anchor, sizeof(paths.anchor), anchor),
		.certificate_file = path_of(
			paths.certificate, sizeof(paths.certificate), certificate),
		.key_file = path_of(paths.key, sizeof(paths.key), key),
		.connections_max = 2,
		.connect_timeout_ms = 5000,
		.idle_ms = 5000,
		.head_bytes_max = 4096,
	};
	return kp_upstream_target_open(upstream, &options, ret_target, &err);
}

static struct result
ask(const char *host, const char *anchor, const char *certificate, const char *key)
{
	struct kp_upstream *upstream = NULL;
	struct kp_upstream_target *target = NULL;
	struct kp_upstream_call *call = NULL;
	struct kp_error err = {0};
	struct result result = {0};
	struct kp_upstream_request request = {.method = KP_SLICE("GET"),
		.target = KP_SLICE("/"),
		.timeout_ms = 5000,
		.body_bytes_max = 1 << 20};
	assert_int_equal(kp_loop_create(0, &result.loop, &err), KP_OK);
	assert_int_equal(kp_upstream_create(result.loop, &upstream, &err), KP_OK);
	assert_int_equal(
		open_target(upstream, host, anchor, certificate, key, &target), KP_OK);
	assert_int_equal(
		kp_upstream_start(target, &request, &handler, &result, &call), KP_OK);
	kp_loop_run(result.loop);
	assert_int_equal(result.dones, 1);
	kp_upstream_target_close(&target);
	kp_upstream_destroy(&upstream);
	kp_loop_destroy(&result.loop);
	return result;
}

static void
with_client_certificate(void **state)
{
	(void)state;
	struct result result = ask("127.0.0.1", "ca.pem", "client.pem", "client.key");
	assert_int_equal(result.status, KP_OK);
	assert_int_equal(result.http_status, 200);
	assert_true(result.bytes > 0);
}

static void
without_client_certificate(void **state)
{
	(void)state;
	struct result result = ask("127.0.0.1", "ca.pem", "", "");
	assert_true(
		result.status == KP_E_SOURCE || result.status == KP_E_SOURCE_UNREACHABLE);
	assert_int_equal(result.http_status, 0);
}

static void
with_another_anchor(void **state)
{
	(void)state;
	struct result result = ask("127.0.0.1", "other.pem", "client.pem", "client.key");
	assert_int_equal(result.status, KP_E_SOURCE_UNREACHABLE);
}

/* The certificate is for the address, not for the name. */
static void
with_another_name(void **state)
{
	(void)state;
	struct result result = ask("localhost", "ca.pem", "client.pem", "client.key");
	assert_int_equal(result.status, KP_E_SOURCE_UNREACHABLE);
}

/* The digest of the public key, as openssl says it. */
static void
read_pin(const char *name, char pin[64])
{
	char command[256];
	(void)snprintf(command, sizeof(command),
		"openssl x509 -in '%s/%s' -noout -pubkey | openssl pkey -pubin -outform "
		"DER "
		"| openssl dgst -sha256 -binary | base64",
		folder, name);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	(void)snprintf(pin, 64, "sha256//");
	assert_non_null(fgets(pin + 8, 56, pipe));
	pin[strcspn(pin, "\n")] = '\0';
	assert_int_equal(pclose(pipe), 0);
}

/* The partner's certificate leads to the anchor both times; its key is the pinned one
 * once. */
static void
with_a_pinned_key(void **state)
{
	(void)state;
	static const char *const names[] = {"server.pem", "client.pem"};
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		struct paths paths;
		struct kp_findings findings;
		char pin[64];
		read_pin(names[i], pin);
		(void)path_of(paths.anchor, sizeof(paths.anchor), "ca.pem");
		(void)path_of(paths.certificate, sizeof(paths.certificate), "client.pem");
		(void)path_of(paths.key, sizeof(paths.key), "client.key");
		struct kp_tls_client_options options = {
			.certificate = {.path = paths.certificate},
			.key = {.path = paths.key},
			.anchors = {.path = paths.anchor},
			.pin = kp_slice_from(pin)};
		kp_findings_init(&findings, 4);
		assert_int_equal(
			kp_tls_client_create(&options, &findings, &shared), KP_OK);
		kp_findings_deinit(&findings);
		struct result result = ask("127.0.0.1", "", "", "");
		assert_int_equal(result.status, i == 0 ? KP_OK : KP_E_SOURCE_UNREACHABLE);
		kp_tls_client_unref(&shared);
	}
}

static void
wrong_files_are_refused_at_open(void **state)
{
	(void)state;
	static const char *const sets[][3] = {
		{"", "client.pem", "client.key"},
		{"absent.pem", "client.pem", "client.key"},
		{"ca.key", "client.pem", "client.key"},
		{"ca.pem", "absent.pem", "client.key"},
		{"ca.pem", "client.pem", "absent.key"},
		{"ca.pem", "client.pem", "server.key"},
		{"ca.pem", "client.pem", ""},
	};
	struct kp_loop *loop = NULL;
	struct kp_upstream *upstream = NULL;
	struct kp_error err = {0};
	assert_int_equal(kp_loop_create(0, &loop, &err), KP_OK);
	assert_int_equal(kp_upstream_create(loop, &upstream, &err), KP_OK);
	for (size_t i = 0; i < KP_ARRAY_LEN(sets); i++) {
		struct kp_upstream_target *target = NULL;
		assert_int_equal(open_target(upstream, "127.0.0.1", sets[i][0],
					 sets[i][1], sets[i][2], &target),
			KP_E_CONFIG);
	}
	kp_upstream_destroy(&upstream);
	kp_loop_stop(loop);
	kp_loop_run(loop);
	kp_loop_destroy(&loop);
}

/* A port for a server beside us, ours until the test ends: bound and never listened on
 * (tests/support/ports.py says why). */
static int
hold_port(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&in, len) != 0 ||
		getsockname(fd, (struct sockaddr *)&in, &len) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
		return -1;
	}
	return ntohs(in.sin_port);
}

static int
run_and_wait(char *const *argv)
{
	int code = 1;
	pid_t pid = fork();
	if (pid == 0) {
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	(void)waitpid(pid, &code, 0);
	return code;
}

static bool
server_listens(int port)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < 200; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		bool open = connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0;
		struct timespec nap = {0, 50 * 1000000};
		(void)close(fd);
		if (open) {
			return true;
		}
		(void)nanosleep(&nap, NULL);
	}
	return false;
}

static int
set_up(void **state)
{
	(void)state;
	struct kp_error err = {0};
	int port = hold_port();
	if (mkdtemp(folder) == NULL || port < 0 || kp_runtime_prepare(&err) != KP_OK) {
		return 1;
	}
	(void)snprintf(port_text, sizeof(port_text), "%d", port);
	char script[sizeof(make_certificates)];
	memcpy(script, make_certificates, sizeof(script));
	char shell[] = "sh";
	char flag[] = "-c";
	char *const make[] = {shell, flag, script, shell, folder, NULL};
	if (run_and_wait(make) != 0) {
		return 1;
	}
	server = fork();
	if (server == 0) {
		if (chdir(folder) != 0 || freopen("server.log", "w", stderr) == NULL ||
			freopen("/dev/null", "w", stdout) == NULL) {
			_exit(1);
		}
		(void)execlp("openssl", "openssl", "s_server", "-accept", port_text,
			"-cert", "server.pem", "-key", "server.key", "-CAfile", "ca.pem",
			"-Verify", "1", "-verify_return_error", "-www", "-quiet",
			(char *)NULL);
		_exit(127);
	}
	return !server_listens(port);
}

static int
tear_down(void **state)
{
	(void)state;
	char command[64];
	if (server > 0) {
		(void)kill(server, SIGTERM);
		(void)waitpid(server, NULL, 0);
	}
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_client_certificate),
		cmocka_unit_test(without_client_certificate),
		cmocka_unit_test(with_another_anchor),
		cmocka_unit_test(with_another_name),
		cmocka_unit_test(with_a_pinned_key),
		cmocka_unit_test(wrong_files_are_refused_at_open),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
