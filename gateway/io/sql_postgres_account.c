/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sql_postgres_account: what a server says beside its answers: notices, settings, rows
 * that nobody asked for. libpq keeps some of it for as long as the connection lives, and
 * has no bound of its own. The kernel counts the bytes, for each pipeline anew, so that
 * no honest answer earns credit for later; what a connection heard beside its answers in
 * all bounds its life.
 */
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "io/sql_postgres.h"

/* In one pipeline; and in all of them together, when the connection has to go. */
#define ASIDE_BYTES_MAX ((uint64_t)256 * 1024)
/* Until the connection is made: certificates and settings, and for each setting libpq
 * walks past all that came before it. */
#define CONNECTING_BYTES_MAX ((uint64_t)64 * 1024)

/* As the kernel has it in include/uapi/linux/tcp.h; libc's ends earlier. */
struct tcp_account {
	struct tcp_info begin;
	uint64_t pacing;
	uint64_t pacing_max;
	uint64_t acknowledged;
	uint64_t received;
};
_Static_assert(offsetof(struct tcp_account, received) == 128, "as in the kernel");

/* Since the pipeline began. What still waits in the kernel may be much, and nobody has
 * looked at it yet. */
static uint64_t
bytes_heard(const struct kp_sql_connection *connection)
{
	struct tcp_account account = {0};
	socklen_t size = sizeof(account);
	int waiting = 0;
	if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &account, &size) != 0 ||
		ioctl(connection->fd, FIONREAD, &waiting) != 0 || waiting < 0) {
		return 0;
	}
	uint64_t not_new = connection->begun_bytes + (uint64_t)waiting;
	return account.received > not_new ? account.received - not_new : 0;
}

static uint64_t
beside(const struct kp_sql_connection *connection, uint64_t heard)
{
	return heard > connection->call_bytes ? heard - connection->call_bytes : 0;
}

void
kp_pg_account_begin(struct kp_sql_connection *connection)
{
	uint64_t heard = bytes_heard(connection);
	connection->aside_bytes += beside(connection, heard);
	connection->begun_bytes += heard;
	connection->call_bytes = 0;
}

/* Twice what was accounted for, since what the protocol adds to a value is our estimate;
 * and a row of which the end has not come yet is not accounted for at all. */
bool
kp_pg_is_flooded(const struct kp_sql_connection *connection)
{
	uint64_t heard = bytes_heard(connection);
	if (connection->state == KP_PG_CONNECTING) {
		return heard > CONNECTING_BYTES_MAX;
	}
	bool answers = connection->state == KP_PG_BUSY && connection->call != NULL;
	uint64_t coming = answers ? connection->call->request.bytes_max : 0;
	return heard > 2 * connection->call_bytes + coming + ASIDE_BYTES_MAX;
}

bool
kp_pg_is_spent(const struct kp_sql_connection *connection)
{
	uint64_t heard = bytes_heard(connection);
	return connection->aside_bytes + beside(connection, heard) > ASIDE_BYTES_MAX;
}
