/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_tls: who is let in over TLS, what is known of them, and under which terms. */
#include "tls_rig.h"

static struct kp_tls_tickets *tickets;

static void
start(struct rig *rig, enum kp_tls_clients clients)
{
	struct rig_tls tls;
	rig_tls_defaults(&tls, clients);
	tls.options.tickets = tickets;
	rig_start(rig, rig_server(&tls));
	rig_listen(rig);
}

static void
a_good_client_is_known(void **state)
{
	struct rig rig;
	(void)state;
	start(&rig, KP_TLS_CLIENTS_REQUIRED);
	struct rig_client client = rig_client(&rig, "client");
	assert_true(rig_hello(&client));
	unsigned char digest[32];
	unsigned len = 0;
	assert_int_equal(
		X509_digest(SSL_get_certificate(client.ssl), EVP_sha256(), digest, &len),
		1);
	assert_true(rig.seen.certified);
	assert_string_equal(rig.seen.oin, OIN);
	assert_string_equal(rig.seen.organisation, ORGANISATION);
	assert_memory_equal(rig.seen.sha256, digest, sizeof(digest));
	assert_string_equal(rig.seen.protocol, "");
	assert_int_equal(SSL_version(client.ssl), TLS1_3_VERSION);
	rig_client_close(&client);
	rig_stop(&rig);
}

/* Each is refused, each for its own reason, and none of them can tell which. */
static void
bad_clients_all_see_the_same(void **state)
{
	static const char *const reasons[] = {"expired", "not yet valid", "revoked",
		"purpose", "issuer", "self-signed"};
	struct rig rig;
	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		for (int required = 0; required < 2; required++) {
			start(&rig,
				required ? KP_TLS_CLIENTS_REQUIRED
					 : KP_TLS_CLIENTS_OPTIONAL);
			for (unsigned i = 0; i < KP_ARRAY_LEN(rig_bad_names); i++) {
				struct rig_client client =
					rig_client(&rig, rig_bad_names[i]);
				(void)SSL_set_max_proto_version(client.ssl, version);
				assert_false(rig_hello(&client));
				assert_int_equal(ERR_GET_REASON(ERR_peek_error()),
					SSL_R_SSLV3_ALERT_BAD_CERTIFICATE);
				RIG_AWAIT(&rig, rig.seen.refused == i + 1);
				assert_non_null(strstr(rig.seen.reason, reasons[i]));
				assert_string_equal(rig.seen.claimed, OIN);
				rig_client_close(&client);
			}
			assert_int_equal(rig.seen.accepted, 0);
			rig_stop(&rig);
		}
	}
}

static void
no_certificate_is_for_listeners_that_allow_it(void **state)
{
	static const enum kp_tls_clients modes[] = {
		KP_TLS_CLIENTS_NONE, KP_TLS_CLIENTS_OPTIONAL, KP_TLS_CLIENTS_REQUIRED};
	struct rig rig;
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(modes); i++) {
		start(&rig, modes[i]);
		struct rig_client client = rig_client(&rig, NULL);
		assert_int_equal(rig_hello(&client), modes[i] != KP_TLS_CLIENTS_REQUIRED);
		assert_false(rig.seen.certified);
		rig_client_close(&client);
		/* Where none is asked for, one that is there is not believed either. */
		client = rig_client(&rig, "client");
		assert_true(rig_hello(&client));
		assert_int_equal(rig.seen.certified, modes[i] != KP_TLS_CLIENTS_NONE);
		rig_client_close(&client);
		rig_stop(&rig);
	}
}

static SSL_SESSION *
session_of(const struct rig *rig, const char *name, int version)
{
	struct rig_client client = rig_client(rig, name);
	(void)SSL_set_max_proto_version(client.ssl, version);
	assert_true(rig_hello(&client)); /* a ticket came with it */
	assert_false(SSL_session_reused(client.ssl));
	SSL_SESSION *session = SSL_get1_session(client.ssl);
	(void)SSL_shutdown(client.ssl);
	rig_client_close(&client);
	return session;
}

static bool
resumes(struct rig *rig, const char *name, SSL_SESSION *session)
{
	struct rig_client client = rig_client(rig, name);
	(void)SSL_set_max_proto_version(
		client.ssl, SSL_SESSION_get_protocol_version(session));
	assert_int_equal(SSL_set_session(client.ssl, session), 1);
	assert_true(rig_hello(&client));
	bool resumed = SSL_session_reused(client.ssl) == 1;
	/* Each ticket serves once: another came. */
	if (resumed && SSL_version(client.ssl) == TLS1_3_VERSION) {
		assert_ptr_not_equal(SSL_get_session(client.ssl), session);
	}
	rig_client_close(&client);
	return resumed;
}

/* Nobody shows a certificate here, and it is known all the same. */
static void
resumption_keeps_the_identity(void **state)
{
	struct rig rig;
	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		start(&rig, KP_TLS_CLIENTS_REQUIRED);
		SSL_SESSION *session = session_of(&rig, "client", version);
		memset(rig.seen.oin, 0, sizeof(rig.seen.oin));
		assert_true(resumes(&rig, NULL, session));
		assert_true(rig.seen.certified);
		assert_string_equal(rig.seen.oin, OIN);
		SSL_SESSION_free(session);
		rig_stop(&rig);
	}
}

/* A session is worth nothing where its certificate was not judged by the same rules. */
static void
other_rules_end_sessions(void **state)
{
	struct rig rig;
	struct rig_tls tls;
	(void)state;
	start(&rig, KP_TLS_CLIENTS_REQUIRED);
	SSL_SESSION *session = session_of(&rig, "client", TLS1_3_VERSION);
	rig_stop(&rig);
	start(&rig, KP_TLS_CLIENTS_REQUIRED);
	assert_true(resumes(&rig, "client", session)); /* another listener, same rules */
	rig_stop(&rig);
	for (int i = 0; i < 4; i++) {
		rig_tls_defaults(&tls, KP_TLS_CLIENTS_REQUIRED);
		tls.options.tickets = tickets;
		tls.options.depth_max += i == 0 ? 1 : 0;
		tls.options.crl_count -= i == 1 ? 1 : 0;
		tls.options.session_ms = i == 2 ? 0 : tls.options.session_ms;
		tls.options.tickets = i == 3 ? NULL : tickets;
		rig_start(&rig, rig_server(&tls));
		rig_listen(&rig);
		assert_false(resumes(&rig, "client", session));
		rig_stop(&rig);
	}
	SSL_SESSION_free(session);
}

/* Its end is that of the first thing to end: here the certificate of the client. */
static void
sessions_end(void **state)
{
	struct rig rig;
	struct rig_tls tls;
	(void)state;
	rig_tls_defaults(&tls, KP_TLS_CLIENTS_REQUIRED);
	tls.options.tickets = tickets;
	tls.options.session_ms = 1000; /* the least that is not never */
	rig_start(&rig, rig_server(&tls));
	rig_listen(&rig);
	SSL_SESSION *session = session_of(&rig, "client", TLS1_3_VERSION);
	assert_true(SSL_SESSION_get_ticket_lifetime_hint(session) <= 1);
	struct timespec later = {.tv_sec = 2, .tv_nsec = 100000000};
	(void)nanosleep(&later, NULL); /* what is waited for is the clock itself */
	/* The client thinks longer of it. */
	(void)SSL_SESSION_set_timeout(session, 1000);
	assert_false(resumes(&rig, "client", session));
	SSL_SESSION_free(session);
	rig_stop(&rig);
	rig_tls_defaults(&tls, KP_TLS_CLIENTS_REQUIRED);
	tls.options.tickets = tickets;
	tls.options.session_ms = 100u * 86400u * 1000u / 10u;
	rig_start(&rig, rig_server(&tls));
	rig_listen(&rig);
	session = session_of(&rig, "client", TLS1_3_VERSION);
	/* The revocation lists end in a day. */
	assert_true(
		SSL_SESSION_get_ticket_lifetime_hint(session) <= (unsigned long)DAY_S);
	SSL_SESSION_free(session);
	rig_stop(&rig);
}

static void
shows(struct rig *rig, const char *name, const char *signatures, int version, int key)
{
	struct rig_client client = rig_client(rig, "client");
	char subject[64] = "";
	(void)SSL_set_min_proto_version(client.ssl, version);
	(void)SSL_set_max_proto_version(client.ssl, version);
	if (name != NULL) {
		(void)SSL_set_tlsext_host_name(client.ssl, name);
		assert_int_equal(SSL_set1_host(client.ssl, name), 1);
	}
	if (signatures != NULL) {
		assert_int_equal(SSL_set1_sigalgs_list(client.ssl, signatures), 1);
	}
	assert_true(rig_hello(&client));
	X509 *shown = SSL_get0_peer_certificate(client.ssl);
	assert_int_equal(EVP_PKEY_get_base_id(X509_get0_pubkey(shown)), key);
	(void)X509_NAME_get_text_by_NID(
		X509_get_subject_name(shown), NID_commonName, subject, sizeof(subject));
	assert_string_equal(subject, "server");
	rig_client_close(&client);
}

static void
names_and_kinds_of_key_choose_the_certificate(void **state)
{
	struct rig rig;
	(void)state;
	start(&rig, KP_TLS_CLIENTS_OPTIONAL);
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		shows(&rig, NULL, NULL, version, EVP_PKEY_EC);
		shows(&rig, "localhost", NULL, version, EVP_PKEY_EC);
		shows(&rig, "andere.example", NULL, version, EVP_PKEY_EC);
		shows(&rig, "a.poort.example", NULL, version, EVP_PKEY_EC);
		shows(&rig, "localhost", "RSA-PSS+SHA256:RSA+SHA256", version,
			EVP_PKEY_RSA);
	}
	rig_stop(&rig);
}

static bool
protocols(struct rig *rig, const char *offered, size_t len)
{
	struct rig_client client = rig_client(rig, "client");
	assert_int_equal(SSL_set_alpn_protos(client.ssl, (const unsigned char *)offered,
				 (unsigned)len),
		0);
	bool good = rig_hello(&client);
	rig_client_close(&client);
	return good;
}

static void
protocols_are_agreed_upon(void **state)
{
	struct rig rig;
	struct rig_tls tls;
	(void)state;
	start(&rig, KP_TLS_CLIENTS_OPTIONAL);
	assert_true(protocols(&rig, "\x02h2\x08http/1.1", 12));
	assert_string_equal(rig.seen.protocol, "http/1.1");
	assert_false(protocols(&rig, "\x02h2", 3));
	assert_false(protocols(&rig, "\x08http/1.0", 9));
	rig_stop(&rig);
	rig_tls_defaults(&tls, KP_TLS_CLIENTS_OPTIONAL);
	tls.options.http2 = true;
	rig_start(&rig, rig_server(&tls));
	rig_listen(&rig);
	assert_true(protocols(&rig, "\x08http/1.1\x02h2", 12));
	assert_string_equal(rig.seen.protocol, "h2");
	assert_true(protocols(&rig, "\x08http/1.1", 9));
	assert_string_equal(rig.seen.protocol, "http/1.1");
	rig_stop(&rig);
}

static void
old_and_weak_is_refused(void **state)
{
	static const char *const suites[] = {"AES128-GCM-SHA256",
		"ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES128-SHA",
		"DHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-CCM8"};
	struct rig rig;
	(void)state;
	start(&rig, KP_TLS_CLIENTS_OPTIONAL);
	for (size_t i = 0; i <= KP_ARRAY_LEN(suites); i++) {
		struct rig_client client = rig_client(&rig, "client");
		SSL_set_security_level(client.ssl, 0);
		(void)SSL_set_max_proto_version(client.ssl, TLS1_2_VERSION);
		if (i < KP_ARRAY_LEN(suites)) {
			assert_int_equal(SSL_set_cipher_list(client.ssl, suites[i]), 1);
		} else {
			(void)SSL_set_min_proto_version(client.ssl, TLS1_VERSION);
			(void)SSL_set_max_proto_version(client.ssl, TLS1_1_VERSION);
		}
		assert_false(rig_hello(&client));
		rig_client_close(&client);
	}
	rig_stop(&rig);
}

/* At the bound: one issuer between the client and the anchor. Above it: two. */
static void
chains_have_a_longest(void **state)
{
	struct rig rig;
	struct rig_tls tls;
	(void)state;
	for (uint32_t depth = 1; depth <= 2; depth++) {
		rig_tls_defaults(&tls, KP_TLS_CLIENTS_REQUIRED);
		tls.options.depth_max = depth;
		tls.options.crl_count = 0;
		rig_start(&rig, rig_server(&tls));
		rig_listen(&rig);
		struct rig_client client = rig_client(&rig, "client");
		assert_true(rig_hello(&client));
		rig_client_close(&client);
		client = rig_client(&rig, "client-deep");
		FILE *file = fopen(rig_path("issuing.pem"), "r");
		X509 *issuing = PEM_read_X509(file, NULL, NULL, NULL);
		(void)fclose(file);
		assert_int_equal(SSL_add0_chain_cert(client.ssl, issuing), 1);
		assert_int_equal(rig_hello(&client), depth == 2);
		rig_client_close(&client);
		rig_stop(&rig);
	}
}

static void
chains_have_a_largest(void **state)
{
	struct rig rig;
	struct rig_tls tls;
	(void)state;
	for (int too_small = 0; too_small < 2; too_small++) {
		rig_tls_defaults(&tls, KP_TLS_CLIENTS_REQUIRED);
		tls.options.chain_bytes_max = too_small ? 512 : 4096;
		rig_start(&rig, rig_server(&tls));
		rig_listen(&rig);
		struct rig_client client = rig_client(&rig, "client");
		assert_int_equal(rig_hello(&client), !too_small);
		rig_client_close(&client);
		rig_stop(&rig);
	}
}

static void
set_other_certificate(struct kp_task *task)
{
	struct rig *rig = KP_CONTAINER_OF(task, struct rig, task);
	struct rig_tls tls;
	rig_tls_defaults(&tls, KP_TLS_CLIENTS_OPTIONAL);
	tls.options.certificates = &tls.certificates[1];
	tls.options.certificate_count = 1;
	struct kp_tls_server *server = rig_server(&tls);
	kp_listener_set_tls(rig->listener, server);
	kp_tls_server_unref(&server);
	RIG_NOTE(rig, rig->task_done = true);
}

static void
a_reload_drops_nobody(void **state)
{
	struct rig rig;
	(void)state;
	start(&rig, KP_TLS_CLIENTS_REQUIRED);
	struct rig_client before = rig_client(&rig, "client");
	struct rig_client during = rig_client(&rig, "client");
	assert_true(rig_hello(&before));
	rig_on_loop(&rig, set_other_certificate);
	assert_true(rig_hello(&during)); /* connected before, shook hands after */
	assert_true(rig_echo(&before, "still here"));
	struct rig_client after = rig_client(&rig, NULL);
	assert_true(rig_hello(&after));
	X509 *shown = SSL_get0_peer_certificate(after.ssl);
	assert_int_equal(EVP_PKEY_get_base_id(X509_get0_pubkey(shown)), EVP_PKEY_RSA);
	rig_client_close(&before);
	rig_client_close(&during);
	rig_client_close(&after);
	rig_stop(&rig);
}

static int
set_up(void **state)
{
	struct kp_error err;
	assert_int_equal(kp_tls_tickets_create(&tickets, &err), KP_OK);
	return rig_make_authority(state);
}

static int
tear_down(void **state)
{
	kp_tls_tickets_destroy(&tickets);
	return rig_remove_authority(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_client_is_known),
		cmocka_unit_test(bad_clients_all_see_the_same),
		cmocka_unit_test(no_certificate_is_for_listeners_that_allow_it),
		cmocka_unit_test(resumption_keeps_the_identity),
		cmocka_unit_test(other_rules_end_sessions),
		cmocka_unit_test(sessions_end),
		cmocka_unit_test(names_and_kinds_of_key_choose_the_certificate),
		cmocka_unit_test(protocols_are_agreed_upon),
		cmocka_unit_test(old_and_weak_is_refused),
		cmocka_unit_test(chains_have_a_longest),
		cmocka_unit_test(chains_have_a_largest),
		cmocka_unit_test(a_reload_drops_nobody),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
