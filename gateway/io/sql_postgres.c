/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sql_postgres: the life of connections to PostgreSQL with libpq, all on the loop:
 * look-up (io/resolve.h), connecting, use, idling, closing.
 *
 * A call that is cancelled or late closes its connection. The server stops a query whose
 * client has gone (client_connection_check_interval, PostgreSQL 14) and has the call's
 * deadline as its statement_timeout anyway; PQcancel would block the loop and send its
 * key in the clear.
 *
 * libpq keeps what it read and wrote in its buffers. A connection without work is
 * therefore scrubbed after a quarter of a second: a question that holds nothing, as large
 * as the largest answer was, goes through it.
 *
 * TLS is verified in full (libpq's verify-full) against the manifest's anchor. libpq
 * reads that file itself, when a connection is made; nothing else is read on the loop.
 */
#include "io/sql_postgres.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/heap.h"
#include "io/address.h"

#define RESOLVED_FOR_US ((uint64_t)60000000)
#define SCRUB_AFTER_US ((uint64_t)250000)
#define SCRUB_BYTES_MAX ((uint64_t)256 * 1024)
/* For what has no call: setting up, scrubbing, rolling back. */
#define CHORE_US ((uint64_t)2000000)

static void on_timer(struct kp_timer *timer);
static void connect_now(struct kp_sql_connection *connection);

/* Closing. */

static void
on_closed(uv_handle_t *handle)
{
	struct kp_sql_connection *connection = handle->data;
	struct kp_sql_target *target = connection->target;
	if (connection->fd >= 0) {
		(void)close(connection->fd);
	}
	kp_heap_free(connection);
	kp_sql_target_leave(target);
}

static void
close_connection(struct kp_sql_connection *connection)
{
	struct kp_sql_target *target = connection->target;
	KP_REQUIRE(connection->call == NULL);
	kp_timer_stop(target->loop, &connection->timer);
	kp_resolve_cancel(&connection->resolve);
	*(connection->prev == NULL ? &target->connections : &connection->prev->next) =
		connection->next;
	if (connection->next != NULL) {
		connection->next->prev = connection->prev;
	}
	target->connection_count--;
	if (connection->pg != NULL) {
		PQfinish(connection->pg);
		connection->pg = NULL;
	}
	if (connection->poll_open) {
		connection->poll.data = connection;
		(void)uv_poll_stop(&connection->poll);
		uv_close((uv_handle_t *)&connection->poll, on_closed);
	} else {
		kp_heap_free(connection);
		kp_sql_target_leave(target);
	}
	kp_sql_target_serve(target);
}

/* At once, or when our own callback has left the stack. */
static void
doom(struct kp_sql_connection *connection)
{
	connection->call = NULL;
	connection->doomed = true;
	if (!connection->inside) {
		close_connection(connection);
	}
}

void
kp_pg_broken(struct kp_sql_connection *connection)
{
	struct kp_sql_call *call = connection->call;
	struct kp_sql_target *target = connection->target;
	bool again = connection->used;
	doom(connection);
	if (call == NULL) {
		return;
	}
	call->connection = NULL;
	if (again && !call->answered && !call->retried && !target->closing) {
		call->retried = true;
		if (target->engine->run(target, call)) {
			return;
		}
	}
	kp_sql_call_failed(call, NULL, KP_OK);
}

/* Connecting. */

/* An address is its own answer; "localhost" is not worth a look-up. */
static bool
literal_address(const char *host, char *out, size_t size)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	if (strcmp(host, "localhost") == 0) {
		host = "127.0.0.1";
	}
	if (inet_pton(AF_INET, host, bytes) != 1 &&
		inet_pton(AF_INET6, host, bytes) != 1) {
		return false;
	}
	(void)snprintf(out, size, "%s", host);
	return true;
}

static PGconn *
start_pg(const struct kp_sql_target *target, const char *address)
{
	const struct kp_sql_texts *texts = &target->texts;
	bool tls = texts->anchor_file[0] != '\0';
	char port[8];
	(void)snprintf(port, sizeof(port), "%u", target->options.port);
	const char *const names[] = {"host", "hostaddr", "port", "dbname", "user",
		"password", "sslmode", "sslrootcert", "sslcert", "sslkey", "gssencmode",
		"passfile", "client_encoding", "application_name", "options",
		"target_session_attrs", NULL};
	const char *const values[] = {texts->host, address, port, texts->database,
		texts->user, texts->password, tls ? "verify-full" : "disable",
		texts->anchor_file, texts->certificate_file, texts->key_file, "disable",
		"/dev/null", "UTF8", "ketenpoort",
		"-c default_transaction_read_only=on -c datestyle=ISO,YMD "
		"-c intervalstyle=iso_8601 -c extra_float_digits=1 -c bytea_output=hex "
		"-c client_min_messages=error",
		"any", NULL};
	return PQconnectStartParams(names, values, 0);
}

static void
ignore_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static bool
watch(struct kp_sql_connection *connection, int events)
{
	if (connection->events == events) {
		return true;
	}
	connection->events = events;
	return uv_poll_start(&connection->poll, events, on_poll) == 0;
}

static bool
open_poll(struct kp_sql_connection *connection)
{
	connection->fd = fcntl(PQsocket(connection->pg), F_DUPFD_CLOEXEC, 0);
	if (connection->fd < 0 ||
		uv_poll_init(kp_loop_uv(connection->target->loop), &connection->poll,
			connection->fd) != 0) {
		return false;
	}
	connection->poll.data = connection;
	connection->poll_open = true;
	return watch(connection, UV_WRITABLE);
}

/* TLS keeps no bytes of an answer between records. */
static void
ready(struct kp_sql_connection *connection)
{
	SSL *ssl = PQsslStruct(connection->pg, "OpenSSL");
	if (ssl != NULL) {
		(void)SSL_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	}
	kp_timer_start(connection->target->loop, &connection->timer, CHORE_US);
	if (PQsetnonblocking(connection->pg, 1) != 0 ||
		PQenterPipelineMode(connection->pg) != 1 || !kp_pg_set_up(connection)) {
		kp_pg_broken(connection);
	}
}

/* Refused at the door: by the SQLSTATE class that its text names, since libpq has no
 * other word for it. */
static void
refused(struct kp_sql_connection *connection)
{
	struct kp_sql_call *call = connection->call;
	const char *text = PQerrorMessage(connection->pg);
	bool access = PQconnectionNeedsPassword(connection->pg) != 0 ||
		strstr(text, "authentication failed") != NULL ||
		strstr(text, "pg_hba.conf") != NULL;
	connection->target->address_turn++;
	doom(connection);
	if (call != NULL) {
		kp_sql_call_failed(call, access ? "28000" : "08001", KP_OK);
	}
}

static void
go_on_connecting(struct kp_sql_connection *connection)
{
	bool fine = true;
	switch (PQconnectPoll(connection->pg)) {
	case PGRES_POLLING_READING:
		fine = !kp_pg_is_flooded(connection) && watch(connection, UV_READABLE);
		break;
	case PGRES_POLLING_WRITING:
		fine = watch(connection, UV_WRITABLE);
		break;
	case PGRES_POLLING_OK:
		ready(connection);
		return;
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE:
		fine = false;
		break;
	}
	if (!fine) {
		refused(connection);
	}
}

static void
connect_now(struct kp_sql_connection *connection)
{
	char address[INET6_ADDRSTRLEN];
	struct kp_sql_target *target = connection->target;
	connection->state = KP_PG_CONNECTING;
	if (!literal_address(target->texts.host, address, sizeof(address)) &&
		!kp_address_choose(target->addresses, &target->address_turn, address,
			sizeof(address))) {
		kp_pg_broken(connection);
		return;
	}
	connection->pg = start_pg(target, address);
	if (connection->pg == NULL || PQstatus(connection->pg) == CONNECTION_BAD ||
		PQsocket(connection->pg) < 0 || !open_poll(connection)) {
		kp_pg_broken(connection);
		return;
	}
	(void)PQsetNoticeReceiver(connection->pg, ignore_notice, NULL);
}

static void
on_resolved(void *owner, const char *addresses)
{
	struct kp_sql_connection *connection = owner;
	struct kp_sql_target *target = connection->target;
	connection->resolve = NULL;
	(void)snprintf(target->addresses, sizeof(target->addresses), "%s", addresses);
	target->resolved_us = kp_loop_now_us(target->loop);
	connection->inside = true;
	connect_now(connection);
	connection->inside = false;
	if (connection->doomed) {
		close_connection(connection);
	}
}

/* Never inside the call that started it: the first step is a look-up or a timer. */
static bool
find_address(struct kp_sql_connection *connection)
{
	struct kp_sql_target *target = connection->target;
	char address[INET6_ADDRSTRLEN];
	uint64_t now = kp_loop_now_us(target->loop);
	connection->state = KP_PG_RESOLVING;
	bool known = literal_address(target->texts.host, address, sizeof(address)) ||
		(target->addresses[0] != '\0' &&
			now - target->resolved_us < RESOLVED_FOR_US);
	kp_timer_start(target->loop, &connection->timer,
		known ? 0 : (uint64_t)target->options.connect_timeout_ms * 1000);
	return known ||
		kp_resolve_start(target->loop, target->texts.host, on_resolved,
			connection, &connection->resolve) == KP_OK;
}

static struct kp_sql_connection *
new_connection(struct kp_sql_target *target)
{
	struct kp_sql_connection *connection = kp_heap_calloc(1, sizeof(*connection));
	if (connection == NULL) {
		return NULL;
	}
	connection->target = target;
	connection->fd = -1;
	connection->timer.fire = on_timer;
	connection->next = target->connections;
	if (connection->next != NULL) {
		connection->next->prev = connection;
	}
	target->connections = connection;
	target->connection_count++;
	target->refs++;
	return connection;
}

/* Using. */

static void
leave_callback(struct kp_sql_connection *connection)
{
	connection->inside = false;
	if (connection->doomed) {
		close_connection(connection);
		return;
	}
	bool wants_write = false;
	if (connection->state > KP_PG_CONNECTING &&
		(!kp_pg_flush(connection, &wants_write) ||
			!watch(connection,
				UV_READABLE | (wants_write ? UV_WRITABLE : 0)))) {
		kp_pg_broken(connection);
	}
}

/* False when the connection is broken. What speaks unasked has nothing to say to us but
 * that it goes. */
static bool
take_input(struct kp_sql_connection *connection)
{
	return connection->state != KP_PG_IDLE && PQconsumeInput(connection->pg) == 1;
}

/* To ask again would only bring the same. */
static void
end_flood(struct kp_sql_connection *connection)
{
	struct kp_sql_call *call = connection->call;
	if (connection->state != KP_PG_BUSY || call == NULL) {
		kp_pg_broken(connection);
		return;
	}
	doom(connection);
	kp_sql_call_done(call,
		kp_error_set(&call->err, KP_E_LIMIT,
			"the database says more than the answer may hold"));
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct kp_sql_connection *connection = poll->data;
	connection->inside = true;
	if (connection->state == KP_PG_CONNECTING) {
		go_on_connecting(connection);
	} else if (status != 0 ||
		((events & UV_READABLE) != 0 && !take_input(connection))) {
		/* What came before the end may still say why. */
		if (connection->state != KP_PG_BUSY || !kp_pg_pump(connection) ||
			!connection->doomed) {
			kp_pg_broken(connection);
		}
	} else if (!kp_pg_pump(connection)) {
		kp_pg_broken(connection);
	} else if (!connection->doomed && kp_pg_is_flooded(connection)) {
		end_flood(connection);
	}
	leave_callback(connection);
}

void
kp_pg_free(struct kp_sql_connection *connection)
{
	struct kp_sql_target *target = connection->target;
	connection->state = KP_PG_IDLE;
	struct kp_sql_call *call = connection->call;
	if (target->closing || (call == NULL && kp_pg_is_spent(connection))) {
		doom(connection);
		return;
	}
	if (call == NULL) {
		call = kp_sql_target_next(target);
	}
	if (call != NULL) {
		kp_timer_stop(target->loop, &connection->timer);
		if (!kp_pg_begin_call(connection, call)) {
			kp_pg_broken(connection);
		}
		return;
	}
	kp_timer_start(target->loop, &connection->timer,
		connection->most_bytes > 0 ? SCRUB_AFTER_US
					   : (uint64_t)target->options.idle_ms * 1000);
}

static void
on_timer(struct kp_timer *timer)
{
	struct kp_sql_connection *connection =
		KP_CONTAINER_OF(timer, struct kp_sql_connection, timer);
	bool known = connection->state == KP_PG_RESOLVING && connection->resolve == NULL;
	connection->inside = true;
	if (known) {
		kp_timer_start(connection->target->loop, timer,
			(uint64_t)connection->target->options.connect_timeout_ms * 1000);
		connect_now(connection);
	} else if (connection->state == KP_PG_IDLE && connection->most_bytes > 0 &&
		connection->most_bytes <= SCRUB_BYTES_MAX) {
		kp_timer_start(connection->target->loop, timer, CHORE_US);
		if (!kp_pg_scrub(connection)) {
			kp_pg_broken(connection);
		}
	} else {
		if (connection->state == KP_PG_CONNECTING) {
			connection->target->address_turn++;
		}
		kp_pg_broken(connection);
	}
	leave_callback(connection);
}

/* The engine. */

static bool
run(struct kp_sql_target *target, struct kp_sql_call *call)
{
	struct kp_sql_connection *connection = target->connections;
	while (connection != NULL && connection->state != KP_PG_IDLE) {
		connection = connection->next;
	}
	if (connection != NULL) {
		kp_timer_stop(target->loop, &connection->timer);
		bool outer = connection->inside;
		connection->inside = true;
		connection->call = call;
		call->connection = connection;
		if (!kp_pg_begin_call(connection, call)) {
			kp_pg_broken(connection);
		}
		if (!outer) {
			leave_callback(connection);
		}
		return true;
	}
	if (target->connection_count >= target->options.connections_max) {
		return false;
	}
	connection = new_connection(target);
	if (connection == NULL) {
		return false;
	}
	if (!find_address(connection)) {
		close_connection(connection);
		return false;
	}
	connection->call = call;
	call->connection = connection;
	return true;
}

static void
abandon(struct kp_sql_call *call)
{
	struct kp_sql_connection *connection = call->connection;
	call->connection = NULL;
	doom(connection);
}

static void
close_all(struct kp_sql_target *target)
{
	struct kp_sql_connection *connection = target->connections;
	while (connection != NULL) {
		struct kp_sql_connection *next = connection->next;
		struct kp_sql_call *call = connection->call;
		doom(connection);
		if (call != NULL) {
			kp_sql_call_done(call, KP_E_STOPPING);
		}
		connection = next;
	}
}

const struct kp_sql_engine kp_sql_postgres = {
	.run = run,
	.abandon = abandon,
	.close = close_all,
};
