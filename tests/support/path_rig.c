/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* path_rig: see path_rig.h. */
#include "support/path_rig.h"

static const struct kp_fake_value brp_values[] = {
	{.field = "persoon.naam.voornamen", .value = "\"Jos\\u00e9\""},
	{.field = "persoon.naam.geslachtsnaam", .value = "Vrij \"de\"", .text = true},
	{.field = "persoon.geboorte.datum",
		.value = "\"1970-05\"",
		.valid_on = "2026-01-01",
		.in_investigation = true},
	{.field = "persoon.adres.straat", .value = "\"Kerkstraat\""},
	{.field = "partner.naam", .value = "\"Derde Persoon\""},
	{.field = NULL},
};
static const struct kp_fake_value uwv_values[] = {
	{.field = "persoon.geboorte.datum", .value = "\"1970-06-01\""},
	{.field = "+uitkeringen"},
	{.field = "uitkeringen.wet", .value = "\"WW\""},
	{.field = "uitkeringen.bedrag", .value = "1.10"},
	{.field = "uitkeringen.periode.begin", .value = "\"2026-01-01\""},
	{.field = NULL},
};
static const struct kp_fake_value gemeente_values[] = {
	{.field = "persoon.naam.voornamen", .value = "José", .text = true},
	{.field = "persoon.kindertal", .value = "123456789012345678901234567890"},
	{.field = "+uitkeringen"},
	{.field = "uitkeringen.wet", .value = "PW", .text = true},
	{.field = "uitkeringen.bedrag", .value = "1024.76"},
	{.field = "+uitkeringen"},
	{.field = "uitkeringen.wet", .value = "WW", .text = true},
	{.field = "uitkeringen.bedrag", .value = "2.20"},
	{.field = NULL},
};
static const struct kp_fake_value rdw_values[] = {
	{.field = "+voertuigen"},
	{.field = "voertuigen.kenteken", .value = "\"AB-12-CD\""},
	{.field = NULL},
};

static void
init_partners(struct kp_fake_partner *partners)
{
	partners[KP_RIG_CASELOAD] = (struct kp_fake_partner){
		.organisation = "Gemeente",
		.oin = KP_RIG_OIN,
		.caseload_oin = KP_RIG_OIN,
		.delay_us = 1000,
	};
	partners[KP_RIG_BRP] = (struct kp_fake_partner){
		.source = "brp",
		.organisation = "RvIG",
		.oin = "00000000000000000001",
		.delay_us = 10000,
		.values = brp_values,
	};
	partners[KP_RIG_UWV] = (struct kp_fake_partner){
		.source = "uwv",
		.organisation = "UWV",
		.oin = "00000000000000000002",
		.delay_us = 30000,
		.values = uwv_values,
	};
	partners[KP_RIG_GEMEENTE] = (struct kp_fake_partner){
		.source = "gemeente",
		.organisation = "Gemeente",
		.oin = KP_RIG_OIN,
		.delay_us = 20000,
		.values = gemeente_values,
		.note = "Let op",
	};
	partners[KP_RIG_RDW] = (struct kp_fake_partner){
		.source = "rdw",
		.organisation = "RDW",
		.oin = "00000000000000000004",
		.delay_us = 5000,
		.values = rdw_values,
		.needs = "persoon.adres.straat",
	};
}

void
kp_rig_init(struct kp_rig *rig, const struct kp_fake_grant *grants, size_t count)
{
	memset(rig, 0, sizeof(*rig));
	KP_REQUIRE(kp_loop_create(0, &rig->loop, NULL) == KP_OK);
	rig->bundle = kp_fake_bundle_create(grants, count);
	kp_fake_journal_init(&rig->journal, rig->loop);
	kp_path_config_defaults(&rig->config);
	rig->config.development_identity = true;
	rig->key = (struct kp_pseudonym_key){.id = KP_SLICE("test-1"), .key = {7}};
	rig->config.pseudonym_keys = &rig->key;
	rig->config.pseudonym_key_count = 1;
	init_partners(rig->partners);
	kp_rig_header(rig, "Content-Type", "application/json");
	kp_rig_header(rig, "X-Origin-OIN", KP_RIG_OIN);
	kp_rig_header(rig, "X-Gebruiker", "m.jansen");
	kp_rig_header(rig, "X-Rollen", "consulent, kijker");
}

void
kp_rig_open(struct kp_rig *rig)
{
	struct kp_source_set *set;
	KP_REQUIRE(kp_fake_source_set_create(kp_bundle_catalogue(rig->bundle),
			   rig->partners, KP_RIG_PARTNERS, &set) == KP_OK);
	const struct kp_snapshot_options options = {
		.config = &rig->config,
		.bundle = rig->bundle,
		.sources = set,
		.journal = &rig->journal,
		.quota = rig->quota,
	};
	KP_REQUIRE(kp_snapshot_create(&options, &rig->snapshot, NULL) == KP_OK);
	KP_REQUIRE(kp_snapshot_view_open(rig->snapshot, rig->loop, NULL, NULL, &rig->view,
			   NULL) == KP_OK);
	KP_REQUIRE(kp_metrics_create(1, &rig->metrics, NULL) == KP_OK);
	KP_REQUIRE(kp_snapshot_view_count_in(rig->view, rig->metrics,
			   kp_metrics_of_loop(rig->metrics, 0)) == KP_OK);
}

void
kp_rig_header(struct kp_rig *rig, const char *name, const char *value)
{
	size_t at = 0;
	while (rig->headers[at] != NULL && strcmp(rig->headers[at], name) != 0) {
		at += 2;
	}
	KP_REQUIRE(at + 2 < KP_ARRAY_LEN(rig->headers));
	rig->headers[at] = name;
	rig->headers[at + 1] = value;
}

void
kp_rig_send(struct kp_rig *rig, const char *body)
{
	rig->client.headers = rig->headers;
	rig->client.body = kp_slice_from(body);
	kp_request_accept(kp_fake_exchange_open(&rig->client, rig->loop), rig->view);
	kp_fake_loop_settle(rig->loop);
}

void
kp_rig_ask(struct kp_rig *rig, const char *body)
{
	kp_rig_send(rig, body);
	kp_fake_loop_advance(rig->loop, (uint64_t)60 * 1000000);
}

void
kp_rig_next(struct kp_rig *rig)
{
	kp_fake_client_deinit(&rig->client);
	rig->client = (struct kp_fake_client){0};
}

void
kp_rig_close(struct kp_rig *rig)
{
	KP_REQUIRE(rig->client.exchange == NULL);
	kp_fake_client_deinit(&rig->client);
	KP_REQUIRE(rig->view->refs == 1 && rig->view->active == 0);
	kp_snapshot_view_unref(&rig->view);
	kp_snapshot_unref(&rig->snapshot);
	kp_metrics_destroy(&rig->metrics);
	kp_bundle_unref(&rig->bundle);
	KP_REQUIRE(kp_fake_loop_timers(rig->loop) == 0);
	kp_loop_destroy(&rig->loop);
}
