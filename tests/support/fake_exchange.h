/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * fake_exchange: exchange.h without a connection. The test says what the client sent and
 * reads what it would have got; it can hold back the reading and let the client go away.
 * It checks the rules of exchange.h: one send at a time, one finish, borrowed bytes whole
 * until on_sent.
 */
#ifndef KP_TESTS_FAKE_EXCHANGE_H
#define KP_TESTS_FAKE_EXCHANGE_H

#include "exchange.h"

struct kp_fake_client {
	/* Set by the test, all before kp_fake_exchange_open. */
	const char *method;         /* default POST */
	const char *const *headers; /* name, value, name, value, NULL */
	struct kp_slice body;
	size_t arena_bytes_max; /* default 1 MiB */
	bool hold;              /* nothing is read until kp_fake_client_read */

	/* What came of it. */
	unsigned status; /* 0 while there is no answer */
	char headers_seen[2048];
	char *body_seen; /* NUL-terminated; the test frees it by kp_fake_client_deinit */
	size_t body_len;
	unsigned pieces;              /* sends, the head not counted */
	bool complete;                /* the last byte has come */
	bool finished;                /* kp_exchange_finish was called */
	struct kp_exchange *exchange; /* NULL after finish */
};

struct kp_exchange *kp_fake_exchange_open(
	struct kp_fake_client *client, struct kp_loop *loop);
/* Takes what was held back; the next send is held back again. */
void kp_fake_client_read(struct kp_fake_client *client);
/* The client closes its connection. */
void kp_fake_client_leave(struct kp_fake_client *client);
void kp_fake_client_deinit(struct kp_fake_client *client);

#endif
