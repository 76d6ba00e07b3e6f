/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_tls_stream: bytes through TLS: large answers, slow readers, endings, and clients
 * that only want to keep us busy. */
#include <openssl/bio.h>

#include "tls_rig.h"

static void
start(struct rig *rig)
{
	struct rig_tls tls;
	rig_tls_defaults(&tls, KP_TLS_CLIENTS_OPTIONAL);
	rig_start(rig, rig_server(&tls));
}

static size_t
read_big(struct rig_client *client, size_t piece)
{
	static char buffer[65536];
	size_t got = 0;
	while (got < BIG_BYTES) {
		int n = SSL_read(client->ssl, buffer, (int)piece);
		if (n <= 0) {
			break;
		}
		got += (size_t)n;
	}
	return got;
}

static void
large_answers_arrive_whole(void **state)
{
	struct rig rig;
	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		start(&rig);
		rig_listen(&rig);
		struct rig_client client = rig_client(&rig, "client");
		(void)SSL_set_max_proto_version(client.ssl, version);
		assert_true(rig_hello(&client));
		assert_int_equal(SSL_write(client.ssl, "B", 1), 1);
		/* The kernel takes some; the rest waits as it was, not encrypted. */
		RIG_AWAIT(&rig, rig.seen.unsent_max > BIG_BYTES / 4);
		assert_int_equal(read_big(&client, 65536), BIG_BYTES);
		assert_true(rig_echo(&client, "and on it goes"));
		rig_client_close(&client);
		rig_stop(&rig);
	}
}

/* Many small records in one go, answered one after the other. */
static void
small_records_are_all_heard(void **state)
{
	struct rig rig;
	char back[4096];
	size_t got = 0;
	(void)state;
	start(&rig);
	rig_listen(&rig);
	struct rig_client client = rig_client(&rig, "client");
	assert_true(rig_hello(&client));
	BIO *buffered = BIO_push(BIO_new(BIO_f_buffer()), BIO_new_socket(client.fd, 0));
	assert_int_equal(BIO_set_write_buffer_size(buffered, 262144), 1);
	SSL_set0_wbio(client.ssl, buffered);
	for (unsigned i = 0; i < 2000; i++) {
		assert_int_equal(SSL_write(client.ssl, "x", 1), 1);
	}
	assert_int_equal(BIO_flush(buffered), 1);
	while (got < 2000) {
		int n = SSL_read(client.ssl, back, sizeof(back));
		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_int_equal(got, 2000);
	rig_client_close(&client);
	rig_stop(&rig);
}

static void
a_goodbye_is_not_a_cut(void **state)
{
	struct rig rig;
	char last[32] = "";
	(void)state;
	start(&rig);
	rig_listen(&rig);
	struct rig_client client = rig_client(&rig, "client");
	assert_true(rig_hello(&client));
	assert_true(SSL_shutdown(client.ssl) >= 0);
	RIG_AWAIT(&rig, rig.seen.ends == 1);
	assert_int_equal(rig.seen.end_status, KP_OK);
	/* Only its own side is closed. */
	assert_int_equal(SSL_read(client.ssl, last, sizeof(last) - 1), 9);
	assert_string_equal(last, "last word");
	/* And ours says goodbye too. */
	assert_int_equal(SSL_read(client.ssl, last, sizeof(last)), 0);
	assert_int_equal(SSL_get_error(client.ssl, 0), SSL_ERROR_ZERO_RETURN);
	rig_client_close(&client);
	client = rig_client(&rig, "client");
	assert_true(rig_hello(&client));
	rig_client_close(&client);
	RIG_AWAIT(&rig, rig.seen.ends == 2);
	assert_int_equal(rig.seen.end_status, KP_E_IO);
	rig_stop(&rig);
}

static void
nonsense_ends_the_connection(void **state)
{
	struct rig rig;
	(void)state;
	start(&rig);
	rig_listen(&rig);
	struct rig_client client = rig_client(&rig, "client");
	assert_true(rig_hello(&client));
	assert_int_equal(write(client.fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	RIG_AWAIT(&rig, rig.seen.closed == 1);
	assert_int_equal(rig.seen.end_status, KP_E_IO);
	rig_client_close(&client);
	/* And before a handshake: an alert at most, and nothing of HTTP. */
	char back[64];
	int fd = rig_connect_plain(&rig);
	assert_int_equal(write(fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	ssize_t got = recv(fd, back, sizeof(back), MSG_WAITALL);
	assert_true(got == 0 || (got == 7 && back[0] == SSL3_RT_ALERT));
	RIG_AWAIT(&rig, rig.seen.refused == 1);
	(void)close(fd);
	rig_stop(&rig);
}

/* At the bound the connection goes on; one more, and it is over. */
static void
key_updates_are_counted(void **state)
{
	struct rig rig;
	(void)state;
	start(&rig); /* messages_max is 8 */
	rig_listen(&rig);
	struct rig_client client = rig_client(&rig, "client");
	assert_true(rig_hello(&client));
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_true(rig_echo(&client, "with new keys"));
	}
	assert_int_equal(SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
	assert_false(rig_echo(&client, "once too often"));
	RIG_AWAIT(&rig, rig.seen.closed == 1);
	assert_int_equal(rig.seen.end_status, KP_E_LIMIT);
	rig_client_close(&client);
	rig_stop(&rig);
}

static void
renegotiation_is_refused(void **state)
{
	struct rig rig;
	(void)state;
	start(&rig);
	rig_listen(&rig);
	struct rig_client client = rig_client(&rig, "client");
	(void)SSL_set_max_proto_version(client.ssl, TLS1_2_VERSION);
	assert_true(rig_hello(&client));
	assert_int_equal(SSL_renegotiate(client.ssl), 1);
	assert_int_not_equal(SSL_do_handshake(client.ssl), 1);
	rig_client_close(&client);
	RIG_AWAIT(&rig, rig.seen.closed == 1);
	rig_stop(&rig);
}

static void
handshakes_have_a_number(void **state)
{
	struct rig rig;
	char byte;
	int fds[4];
	(void)state;
	start(&rig);
	rig.options.handshakes_max = 3;
	rig_listen(&rig);
	for (size_t i = 0; i < 3; i++) {
		fds[i] = rig_connect_plain(&rig);
	}
	/* One that is in counts no more. */
	struct rig_client client = rig_client(&rig, "client");
	assert_int_equal(read(fds[0], &byte, 1), 0); /* the oldest made room for it */
	assert_true(rig_hello(&client));
	fds[3] = rig_connect_plain(&rig);
	struct rig_client other = rig_client(&rig, "client");
	assert_true(rig_hello(&other));
	assert_int_equal(read(fds[1], &byte, 1), 0);
	assert_true(rig_echo(&client, "still here"));
	for (size_t i = 0; i < 4; i++) {
		(void)close(fds[i]);
	}
	rig_client_close(&client);
	rig_client_close(&other);
	rig_stop(&rig);
}

static void
handshakes_have_a_time(void **state)
{
	struct rig rig;
	char byte;
	(void)state;
	start(&rig);
	rig.options.handshake_timeout_ms = 50;
	rig_listen(&rig);
	int fd = rig_connect_plain(&rig);
	/* The start of a record that never gets its end. */
	assert_int_equal(write(fd, "\x16\x03\x01\x02\x00", 5), 5);
	assert_int_equal(read(fd, &byte, 1), 0);
	assert_int_equal(rig.seen.accepted, 0);
	(void)close(fd);
	rig_stop(&rig);
}

static void *
hello_in_thread(void *context)
{
	struct rig_client *client = context;
	return rig_hello(client) ? context : NULL;
}

/* One step at a time: they wait for each other, and all of them get in. */
static void
handshakes_take_turns(void **state)
{
	struct rig rig;
	struct rig_client clients[8];
	pthread_t threads[8];
	(void)state;
	start(&rig);
	rig.options.handshake_steps_max = 1;
	rig_listen(&rig);
	for (size_t i = 0; i < 8; i++) {
		clients[i] = rig_client(&rig, "client");
		assert_int_equal(
			pthread_create(&threads[i], NULL, hello_in_thread, &clients[i]),
			0);
	}
	for (size_t i = 0; i < 8; i++) {
		void *good = NULL;
		assert_int_equal(pthread_join(threads[i], &good), 0);
		assert_non_null(good);
	}
	for (size_t i = 0; i < 8; i++) {
		rig_client_close(&clients[i]);
	}
	rig_stop(&rig);
}

/* Whoever stops in the middle of a handshake, at any byte of it, leaves nothing behind.
 */
static void
handshakes_may_break_anywhere(void **state)
{
	struct rig rig;
	char hello[2048];
	(void)state;
	start(&rig);
	rig_listen(&rig);
	struct rig_client client = rig_client(&rig, "client");
	BIO *memory = BIO_new(BIO_s_mem());
	SSL_set_bio(client.ssl, BIO_new(BIO_s_mem()), memory);
	assert_int_equal(SSL_connect(client.ssl), -1);
	int len = BIO_read(memory, hello, sizeof(hello));
	assert_true(len > 100);
	for (int at = 1; at <= len; at += 13) {
		int fd = rig_connect_plain(&rig);
		assert_int_equal(write(fd, hello, (size_t)at), at);
		(void)close(fd);
	}
	rig_client_close(&client);
	rig_stop(&rig);
}

/* A loop that stops in the middle of everything. */
static void
a_stop_closes_handshakes(void **state)
{
	struct rig rig;
	char byte;
	(void)state;
	start(&rig);
	rig_listen(&rig);
	int fd = rig_connect_plain(&rig);
	struct rig_client client = rig_client(&rig, "client");
	assert_true(rig_hello(&client)); /* so the other one was accepted too */
	rig_client_close(&client);
	rig_stop(&rig);
	assert_int_equal(read(fd, &byte, 1), 0);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_answers_arrive_whole),
		cmocka_unit_test(small_records_are_all_heard),
		cmocka_unit_test(a_goodbye_is_not_a_cut),
		cmocka_unit_test(nonsense_ends_the_connection),
		cmocka_unit_test(key_updates_are_counted),
		cmocka_unit_test(renegotiation_is_refused),
		cmocka_unit_test(handshakes_have_a_number),
		cmocka_unit_test(handshakes_have_a_time),
		cmocka_unit_test(handshakes_take_turns),
		cmocka_unit_test(handshakes_may_break_anywhere),
		cmocka_unit_test(a_stop_closes_handshakes),
	};
	return cmocka_run_group_tests(tests, rig_make_authority, rig_remove_authority);
}
