/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fake_bundle: see fake_bundle.h. */
#include "support/fake_bundle.h"

#include <stdio.h>
#include <stdlib.h>

static const char catalogue_text[] =
	"{ \"versie\": \"test-1\","
	" \"bronnen\": ["
	"  { \"naam\": \"brp\", \"titel\": \"Personen\", \"titelEn\": \"Personen\", "
	"\"oin\": "
	"\"00000000000000000001\" },"
	"  { \"naam\": \"uwv\", \"titel\": \"Werknemers\", \"titelEn\": \"Werknemers\", "
	"\"oin\": "
	"\"00000000000000000002\" },"
	"  { \"naam\": \"gemeente\", \"titel\": \"Klantvolg\", \"titelEn\": "
	"\"Klantvolg\", \"oin\": "
	"\"00000000000000000003\" },"
	"  { \"naam\": \"rdw\", \"titel\": \"Voertuigen\", \"titelEn\": \"Voertuigen\", "
	"\"oin\": "
	"\"00000000000000000004\" },"
	"  { \"naam\": \"svb\", \"titel\": \"Verzekeringen\", \"titelEn\": "
	"\"Verzekeringen\", \"oin\": "
	"\"00000000000000000005\" } ],"
	" \"rubrieken\": ["
	"  { \"naam\": \"persoon\", \"label\": \"Persoon\", \"labelEn\": \"Persoon\", "
	"\"bronnen\": [\"brp\"], "
	"\"velden\": ["
	"   { \"pad\": \"naam.voornamen\", \"soort\": \"tekst\", \"label\": "
	"\"Voornamen\", \"labelEn\": \"Voornamen\", \"bronnen\": "
	"[\"brp\", \"gemeente\"] },"
	"   { \"pad\": \"geboorte.datum\", \"label\": \"Geboren\", \"labelEn\": "
	"\"Geboren\", \"soort\": \"datum\", "
	"\"bronnen\": [\"brp\", \"gemeente\", \"uwv\"] },"
	"   { \"pad\": \"naam.geslachtsnaam\", \"soort\": \"tekst\", \"label\": "
	"\"Naam\", \"labelEn\": \"Naam\", \"bronnen\": "
	"[\"brp\", \"gemeente\"] },"
	"   { \"pad\": \"adres.straat\", \"soort\": \"tekst\", \"label\": \"Straat\", "
	"\"labelEn\": \"Straat\" },"
	"   { \"pad\": \"adres.plaats\", \"soort\": \"tekst\", \"label\": \"Plaats\", "
	"\"labelEn\": \"Plaats\" },"
	"   { \"pad\": \"kindertal\", \"label\": \"Kinderen\", \"labelEn\": "
	"\"Kinderen\", \"soort\": \"getal\", "
	"\"bronnen\": [\"gemeente\"] } ] },"
	"  { \"naam\": \"partner\", \"label\": \"Partner\", \"labelEn\": \"Partner\", "
	"\"derde\": true, "
	"\"bronnen\": [\"brp\"], \"velden\": ["
	"   { \"pad\": \"naam\", \"soort\": \"tekst\", \"label\": \"Naam\", \"labelEn\": "
	"\"Naam\" } ] },"
	"  { \"naam\": \"uitkeringen\", \"label\": \"Uitkeringen\", \"labelEn\": "
	"\"Uitkeringen\", \"meervoudig\": "
	"true, \"sleutel\": \"wet\","
	"    \"bronnen\": [\"uwv\", \"gemeente\"], \"velden\": ["
	"   { \"pad\": \"wet\", \"label\": \"Wet\", \"labelEn\": \"Wet\", \"soort\": "
	"\"code\" },"
	"   { \"pad\": \"bedrag\", \"label\": \"Bedrag\", \"labelEn\": \"Bedrag\", "
	"\"soort\": \"bedrag\" },"
	"   { \"pad\": \"periode.begin\", \"label\": \"Vanaf\", \"labelEn\": \"Vanaf\", "
	"\"soort\": \"datum\" } ] "
	"},"
	"  { \"naam\": \"voertuigen\", \"label\": \"Voertuigen\", \"labelEn\": "
	"\"Voertuigen\", \"meervoudig\": true, "
	"\"bronnen\": [\"rdw\"], \"velden\": ["
	"   { \"pad\": \"kenteken\", \"soort\": \"tekst\", \"label\": \"Kenteken\", "
	"\"labelEn\": \"Kenteken\" },"
	"   { \"pad\": \"merk\", \"soort\": \"tekst\", \"label\": \"Merk\", \"labelEn\": "
	"\"Merk\" } ] },"
	"  { \"naam\": \"pensioen\", \"label\": \"Pensioen\", \"labelEn\": \"Pensioen\", "
	"\"bronnen\": [\"svb\"], "
	"\"velden\": ["
	"   { \"pad\": \"aow\", \"label\": \"AOW\", \"labelEn\": \"AOW\", \"soort\": "
	"\"bedrag\" } ] } ] }";

struct kp_bundle {
	unsigned refs;
	struct kp_arena arena;
	struct kp_catalogue *catalogue;
	const struct kp_fake_grant *grants;
	size_t grant_count;
	uint64_t *profile;
	struct kp_purpose purposes[2];
};

static void
fail_loudly(const struct kp_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		char line[600];
		fprintf(stderr, "%s\n",
			kp_error_text(&findings->items[i], line, sizeof(line)));
	}
	abort();
}

struct kp_bundle *
kp_fake_bundle_create(const struct kp_fake_grant *grants, size_t count)
{
	struct kp_bundle *bundle = calloc(1, sizeof(*bundle));
	KP_REQUIRE(bundle != NULL);
	struct kp_findings findings;
	kp_findings_init(&findings, 20);
	kp_arena_init(&bundle->arena, (size_t)1 << 22, NULL);
	if (kp_catalogue_load(&bundle->arena, "catalogus.json",
		    kp_slice_from(catalogue_text), &findings,
		    &bundle->catalogue) != KP_OK) {
		fail_loudly(&findings);
	}
	kp_findings_deinit(&findings);
	bundle->refs = 1;
	bundle->grants = grants;
	bundle->grant_count = count;
	bundle->profile =
		KP_ARENA_ARRAY(&bundle->arena, uint64_t, bundle->catalogue->field_words);
	KP_REQUIRE(bundle->profile != NULL);
	KP_REQUIRE(kp_catalogue_select(
		bundle->catalogue, KP_SLICE("persoon.naam"), bundle->profile));
	bundle->purposes[0] = (struct kp_purpose){.id = KP_SLICE("intake"),
		.activity_uri = KP_SLICE("https://register.example/intake"),
		.caseload_required = true};
	bundle->purposes[1] = (struct kp_purpose){.id = KP_SLICE("vrij"),
		.activity_uri = KP_SLICE("https://register.example/vrij")};
	return bundle;
}

struct kp_bundle *
kp_bundle_ref(struct kp_bundle *bundle)
{
	bundle->refs++;
	return bundle;
}

void
kp_bundle_unref(struct kp_bundle **bundle)
{
	struct kp_bundle *old = *bundle;
	*bundle = NULL;
	if (old != NULL && --old->refs == 0) {
		kp_arena_deinit(&old->arena);
		free(old);
	}
}

const struct kp_catalogue *
kp_bundle_catalogue(const struct kp_bundle *bundle)
{
	return bundle->catalogue;
}

struct kp_slice
kp_bundle_version(const struct kp_bundle *bundle)
{
	(void)bundle;
	return KP_SLICE("sha256:test");
}

const struct kp_purpose *
kp_bundle_find_purpose(const struct kp_bundle *bundle, struct kp_slice id)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(bundle->purposes); i++) {
		if (kp_slice_equal(bundle->purposes[i].id, id)) {
			return &bundle->purposes[i];
		}
	}
	return NULL;
}

bool
kp_bundle_find_profile(
	const struct kp_bundle *bundle, struct kp_slice id, const uint64_t **ret_fields)
{
	*ret_fields = bundle->profile;
	return kp_slice_is(id, "kort");
}

bool
kp_bundle_has_mandate(const struct kp_bundle *bundle, struct kp_slice organisation,
	struct kp_slice on_behalf_of)
{
	(void)bundle;
	return on_behalf_of.len == 0 || kp_slice_equal(organisation, on_behalf_of);
}

static bool
grant_holds(const struct kp_fake_grant *grant, const struct kp_facts *facts)
{
	bool role = false;
	for (size_t i = 0; i < facts->role_count; i++) {
		role = role || kp_slice_is(facts->roles[i], grant->role);
	}
	return role && kp_slice_is(facts->purpose, grant->purpose) &&
		facts->action == grant->action &&
		(!grant->needs_reason || facts->reason_given);
}

static void
add_paths(const struct kp_catalogue *catalogue, const char *paths, uint64_t *fields)
{
	struct kp_slice left = kp_slice_from(paths);
	while (left.len > 0) {
		const char *comma = memchr(left.data, ',', left.len);
		size_t len = comma == NULL ? left.len : (size_t)(comma - left.data);
		KP_REQUIRE(kp_catalogue_select(
			catalogue, (struct kp_slice){left.data, len}, fields));
		size_t used = comma == NULL ? len : len + 1;
		left = (struct kp_slice){left.data + used, left.len - used};
	}
}

enum kp_status
kp_bundle_decide(const struct kp_bundle *bundle, const struct kp_facts *facts,
	struct kp_arena *arena, struct kp_decision *ret_decision)
{
	const struct kp_catalogue *catalogue = bundle->catalogue;
	uint64_t *cells = KP_ARENA_ARRAY(arena, uint64_t, catalogue->cell_words);
	uint64_t *fields = KP_ARENA_ARRAY(arena, uint64_t, catalogue->field_words);
	if (cells == NULL || fields == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < bundle->grant_count; i++) {
		if (grant_holds(&bundle->grants[i], facts)) {
			add_paths(catalogue, bundle->grants[i].paths, fields);
		}
	}
	for (uint32_t i = 0; i < catalogue->cell_count; i++) {
		if (kp_bits_has(fields, catalogue->cells[i].field)) {
			kp_bits_set(cells, i);
		}
	}
	*ret_decision = (struct kp_decision){
		.cells = cells,
		.any = kp_bits_any(cells, catalogue->cell_words),
	};
	if (kp_bundle_find_purpose(bundle, facts->purpose) == NULL) {
		ret_decision->refusal = KP_REFUSAL_PURPOSE_UNKNOWN;
	}
	return KP_OK;
}

void
kp_bundle_reason(const struct kp_bundle *bundle, const struct kp_decision *decision,
	uint32_t cell, struct kp_reason *ret_reason)
{
	const struct kp_catalogue *catalogue = bundle->catalogue;
	const struct kp_field *field = &catalogue->fields[catalogue->cells[cell].field];
	*ret_reason = (struct kp_reason){
		.code = KP_REFUSAL_NO_RULE, .text = KP_SLICE("doel staat dit niet toe")};
	if (decision->refusal == KP_REFUSAL_PURPOSE_UNKNOWN) {
		*ret_reason = (struct kp_reason){.code = KP_REFUSAL_PURPOSE_UNKNOWN,
			.text = KP_SLICE("dit doel bestaat niet")};
	} else if (field->third_person) {
		*ret_reason = (struct kp_reason){.code = KP_REFUSAL_FORBIDDEN,
			.text = KP_SLICE("gegevens over een ander"),
			.rule = KP_SLICE("geen-derden")};
	}
}

enum kp_status
kp_bundle_reasons(const struct kp_bundle *bundle, const struct kp_decision *decision,
	const uint64_t *cells, struct kp_arena *arena, struct kp_reasons *ret_reasons)
{
	uint32_t count = bundle->catalogue->cell_count;
	struct kp_reasons reasons = {.of_cell = KP_ARENA_ARRAY(arena, uint8_t, count)};
	enum kp_status status = reasons.of_cell == NULL ? KP_E_MEMORY : KP_OK;
	for (uint32_t i = 0; i < count && status == KP_OK; i++) {
		struct kp_reason reason;
		if (kp_bits_has(cells, i)) {
			kp_bundle_reason(bundle, decision, i, &reason);
			status = kp_reasons_number(
				&reasons, &reason, arena, &reasons.of_cell[i]);
		}
	}
	*ret_reasons = reasons;
	return status;
}
