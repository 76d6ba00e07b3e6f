/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The request path with bounds on how much may be asked: each refuses, says until when,
 * is recorded, asks nobody, and leaves others alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "support/path_rig.h"

#define FREE "{\"burgerservicenummer\":\"" KP_RIG_BSN "\",\"doel\":\"vrij\"}"
#define INTAKE "{\"burgerservicenummer\":\"" KP_RIG_BSN "\",\"doel\":\"intake\"}"
#define OTHER_OIN "00000000000000000009"
#define STEP_US ((uint64_t)100000)
#define HOUR_US ((uint64_t)3600 * 1000000)

static const struct kp_fake_grant grants[] = {
	{"vrij", "consulent", KP_ACTION_READ, "persoon.naam,uitkeringen", false},
	{"intake", "consulent", KP_ACTION_READ, "persoon.naam", false},
};

static void
begin(struct kp_rig *rig)
{
	kp_rig_init(rig, grants, KP_ARRAY_LEN(grants));
	assert_int_equal(kp_quota_create(1024, &rig->quota, NULL), KP_OK);
}

static void
end(struct kp_rig *rig)
{
	kp_rig_close(rig);
	assert_int_equal(kp_quota_used(rig->quota, UINT64_MAX / 2000), 0);
	kp_quota_destroy(&rig->quota);
}

/* Asks, lets a moment pass, and forgets all but the status. */
static unsigned
ask(struct kp_rig *rig, const char *body)
{
	kp_rig_send(rig, body);
	kp_fake_loop_advance(rig->loop, STEP_US);
	unsigned status = rig->client.status;
	kp_rig_next(rig);
	rig->journal.count = 0;
	return status;
}

/* The question is refused by this bound; the record says so, and nobody was asked. */
static void
refused(struct kp_rig *rig, const char *body, const char *code, const char *policy,
	const char *stage)
{
	char wanted[200];
	unsigned asked = 0;
	unsigned asked_after = 0;
	for (unsigned i = KP_RIG_BRP; i < KP_RIG_PARTNERS; i++) {
		asked += rig->partners[i].asked;
	}
	kp_rig_send(rig, body);
	kp_fake_loop_advance(rig->loop, STEP_US);
	for (unsigned i = KP_RIG_BRP; i < KP_RIG_PARTNERS; i++) {
		asked_after += rig->partners[i].asked;
	}
	assert_int_equal(asked, asked_after);
	assert_int_equal(rig->client.status, 429);
	assert_non_null(strstr(rig->client.headers_seen, "Retry-After: "));
	(void)snprintf(wanted, sizeof(wanted), "\"code\":\"%s\"", code);
	assert_non_null(strstr(rig->client.body_seen, wanted));
	assert_int_equal(rig->journal.count, 1);
	const struct kp_fake_record *record = &rig->journal.records[0];
	assert_int_equal(record->type, KP_RECORD_REFUSAL);
	(void)snprintf(wanted, sizeof(wanted), "\"refusal\":\"%s\"", policy);
	assert_non_null(strstr(record->payload, wanted));
	(void)snprintf(wanted, sizeof(wanted), "\"stage\":\"%s\"", stage);
	assert_non_null(strstr(record->payload, wanted));
	kp_rig_next(rig);
	rig->journal.count = 0;
}

static void
an_employee_has_a_rate(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.config.quota.employee_per_minute = 60;
	rig.config.quota.employee_burst = 2;
	rig.config.quota.organisation_per_minute = 600;
	rig.config.quota.organisation_burst = 100;
	kp_rig_open(&rig);
	kp_rig_send(&rig, FREE);
	kp_fake_loop_advance(rig.loop, STEP_US);
	assert_int_equal(rig.client.status, 200);
	assert_non_null(strstr(rig.client.headers_seen,
		"RateLimit-Policy: \"medewerker\";q=60;w=60, "
		"\"organisatie\";q=600;w=60"));
	assert_non_null(strstr(rig.client.headers_seen,
		"RateLimit: \"medewerker\";r=1;t=1, \"organisatie\";r=99;t=1"));
	kp_rig_next(&rig);
	assert_int_equal(ask(&rig, FREE), 200);
	refused(&rig, FREE, "rate", "medewerker", "ration");
	/* What is not a question counts as one. */
	kp_fake_loop_advance(rig.loop, 1000000);
	assert_int_equal(ask(&rig, "{"), 400);
	refused(&rig, "{", "rate", "medewerker", "ration");
	/* A colleague is another. */
	kp_rig_header(&rig, "X-Gebruiker", "p.devries");
	assert_int_equal(ask(&rig, FREE), 200);
	end(&rig);
}

static void
an_organisation_has_a_rate(void **state)
{
	(void)state;
	struct kp_rig rig;
	const struct kp_quota_override override = {
		.organisation = KP_SLICE(OTHER_OIN),
		.limits = {.organisation_per_minute = 6, .organisation_burst = 3},
	};
	begin(&rig);
	rig.config.quota.organisation_per_minute = 6;
	rig.config.quota.organisation_burst = 2;
	rig.config.quota.employee_per_minute = 600;
	rig.config.quota.employee_burst = 3;
	rig.config.quota_overrides = &override;
	rig.config.quota_override_count = 1;
	kp_rig_open(&rig);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(ask(&rig, FREE), 200);
	}
	kp_rig_header(&rig, "X-Gebruiker", "p.devries");
	for (unsigned i = 0; i < 5; i++) {
		refused(&rig, FREE, "rate", "organisatie", "ration");
	}
	/* Those refusals cost the employee nothing. */
	kp_fake_loop_advance(rig.loop, 20 * (uint64_t)1000000);
	assert_int_equal(ask(&rig, FREE), 200);
	/* Another organisation has bounds of its own. */
	kp_rig_header(&rig, "X-Origin-OIN", OTHER_OIN);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ask(&rig, FREE), 200);
	}
	refused(&rig, FREE, "rate", "organisatie", "ration");
	end(&rig);
}

static void
a_purpose_has_a_rate(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.config.quota.purpose_per_minute = 1;
	rig.config.quota.purpose_burst = 1;
	kp_rig_open(&rig);
	assert_int_equal(ask(&rig, FREE), 200);
	refused(&rig, FREE, "rate", "doel", "budget");
	assert_int_equal(ask(&rig, INTAKE), 200);
	end(&rig);
}

static void
an_employee_sees_so_many_dossiers(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.config.quota.dossiers_per_hour = 2;
	rig.config.quota.dossiers_per_day = 3;
	kp_rig_open(&rig);
	assert_int_equal(ask(&rig, FREE), 200);
	assert_int_equal(ask(&rig, INTAKE), 200);
	refused(&rig, FREE, "budget", "dossiers-per-uur", "budget");
	kp_fake_loop_advance(rig.loop, HOUR_US);
	assert_int_equal(ask(&rig, FREE), 200);
	refused(&rig, FREE, "budget", "dossiers-per-dag", "budget");
	/* Asking what could be seen shows nothing, and is free. */
	kp_rig_header(&rig, "Prefer", "handling=dry-run");
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(ask(&rig, FREE), 200);
	}
	kp_rig_header(&rig, "Prefer", "");
	kp_rig_header(&rig, "X-Gebruiker", "p.devries");
	assert_int_equal(ask(&rig, FREE), 200);
	end(&rig);
}

/* persoon.naam are two fields, of sensitivity 1; two of uitkeringen beside them. */
static void
an_employee_opens_so_many_fields(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.config.quota.sensitive_fields_per_day = 5;
	rig.config.quota_sensitive_from = 1;
	kp_rig_open(&rig);
	assert_int_equal(ask(&rig, INTAKE), 200);
	assert_int_equal(ask(&rig, INTAKE), 200);
	refused(&rig, INTAKE, "budget", "velden-per-dag", "budget");
	end(&rig);
	begin(&rig);
	rig.config.quota.sensitive_fields_per_day = 1;
	rig.config.quota_sensitive_from = 3;
	kp_rig_open(&rig);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(ask(&rig, INTAKE), 200);
	}
	end(&rig);
}

static void
an_organisation_has_so_many_in_work(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.config.quota.concurrent_max = 1;
	kp_rig_open(&rig);
	for (unsigned i = 0; i < 3; i++) {
		struct kp_fake_client second = {
			.headers = rig.headers, .body = KP_SLICE(FREE)};
		kp_rig_send(&rig, FREE); /* waits for its partners */
		kp_request_accept(kp_fake_exchange_open(&second, rig.loop), rig.view);
		kp_fake_loop_settle(rig.loop);
		kp_fake_loop_advance(rig.loop, STEP_US);
		assert_int_equal(rig.client.status, 200);
		assert_int_equal(second.status, 429);
		assert_non_null(strstr(second.body_seen, "\"code\":\"concurrent\""));
		assert_non_null(strstr(second.headers_seen, "Retry-After: 1"));
		kp_fake_client_deinit(&second);
		kp_rig_next(&rig);
	}
	end(&rig);
}

static void
an_address_that_never_says_who_asks_is_slowed_down(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.config.quota.refused_per_minute = 3;
	kp_rig_open(&rig);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(ask(&rig, FREE), 200);
	}
	kp_rig_header(&rig, "X-Origin-OIN", "geen");
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ask(&rig, FREE), 401);
	}
	refused(&rig, FREE, "rate", "adres", "admit");
	kp_rig_header(&rig, "X-Origin-OIN", KP_RIG_OIN);
	refused(&rig, FREE, "rate", "adres", "admit");
	kp_fake_loop_advance(rig.loop, (uint64_t)30 * 1000000);
	assert_int_equal(ask(&rig, FREE), 200);
	end(&rig);
}

static void
without_bounds_nothing_is_counted(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	kp_rig_open(&rig);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(ask(&rig, FREE), 200);
	}
	assert_int_equal(kp_quota_used(rig.quota, 0), 0);
	end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_employee_has_a_rate),
		cmocka_unit_test(an_organisation_has_a_rate),
		cmocka_unit_test(a_purpose_has_a_rate),
		cmocka_unit_test(an_employee_sees_so_many_dossiers),
		cmocka_unit_test(an_employee_opens_so_many_fields),
		cmocka_unit_test(an_organisation_has_so_many_in_work),
		cmocka_unit_test(an_address_that_never_says_who_asks_is_slowed_down),
		cmocka_unit_test(without_bounds_nothing_is_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
