/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* access_who: which claims say who asks; see access.h. */
#include "core/oin.h"
#include "token/access_private.h"

/* A claim that must be a text when it is there. False when it is something else. */
static bool
text_at(const struct kp_claim *claims, struct kp_slice path, struct kp_slice *ret_text)
{
	const struct kp_claim *claim = path.len == 0 ? NULL : kp_claim_at(claims, path);
	*ret_text = (struct kp_slice){NULL, 0};
	if (claim == NULL) {
		return true;
	}
	*ret_text = claim->text;
	return claim->kind == KP_CLAIM_TEXT && claim->text.len > 0;
}

static bool
may_speak_for(const struct kp_issuer *issuer, struct kp_slice organisation)
{
	for (size_t i = 0; i < issuer->organisations.count; i++) {
		if (kp_slice_is(issuer->organisations.items[i], "*") ||
			kp_slice_equal(issuer->organisations.items[i], organisation)) {
			return kp_is_oin(organisation);
		}
	}
	return false;
}

static enum kp_token_fault
read_organisation(const struct kp_claim *claims, const struct kp_issuer *issuer,
	struct kp_access *access)
{
	struct kp_slice organisation = {NULL, 0};
	if (issuer->organisation_claim.len == 0 && issuer->organisations.count == 1) {
		organisation = issuer->organisations.items[0];
	} else if (!text_at(claims, issuer->organisation_claim, &organisation)) {
		return KP_TOKEN_CLAIM_KIND;
	}
	if (!may_speak_for(issuer, organisation)) {
		return KP_TOKEN_ORGANISATION;
	}
	access->organisation = organisation;
	if (!text_at(claims, issuer->on_behalf_of_claim, &access->on_behalf_of) ||
		(access->on_behalf_of.len > 0 && !kp_is_oin(access->on_behalf_of))) {
		return KP_TOKEN_CLAIM_KIND;
	}
	return KP_TOKEN_GOOD;
}

/* A client that asks for itself is named as the subject too (RFC 9068, 2.2): no employee
 * stands behind it. */
static bool
read_employee(const struct kp_claim *claims, const struct kp_issuer *issuer,
	struct kp_access *access)
{
	if (!text_at(claims, issuer->employee_claim, &access->employee)) {
		return false;
	}
	if (kp_slice_equal(access->employee, access->client)) {
		access->employee = (struct kp_slice){NULL, 0};
	}
	return true;
}

/* Lifetime: one reading. */
struct role_list {
	const struct kp_issuer *issuer;
	struct kp_slice *items;
	size_t count;
	size_t max;
};

static bool
add_role(struct role_list *list, struct kp_slice role)
{
	const struct kp_issuer *issuer = list->issuer;
	bool mapped = issuer->roles == NULL;
	for (size_t i = 0; i < issuer->role_count && !mapped; i++) {
		if (kp_slice_equal(issuer->roles[i].theirs, role)) {
			role = issuer->roles[i].ours;
			mapped = true;
		}
	}
	if (!mapped) {
		return true; /* a role of theirs that means nothing here */
	}
	for (size_t i = 0; i < list->count; i++) {
		if (kp_slice_equal(list->items[i], role)) {
			return true;
		}
	}
	if (list->count == list->max) {
		return false;
	}
	list->items[list->count++] = role;
	return true;
}

/* "role role", as scopes are written (RFC 6749, 3.3). */
static bool
add_words(struct role_list *list, struct kp_slice words)
{
	while (words.len > 0) {
		struct kp_slice word = kp_slice_cut(&words, ' ');
		if (word.len > 0 && !add_role(list, word)) {
			return false;
		}
	}
	return true;
}

static enum kp_token_fault
add_items(struct role_list *list, const struct kp_claim *array)
{
	for (const struct kp_claim *item = array->first; item != NULL;
		item = item->next) {
		if (item->kind != KP_CLAIM_TEXT) {
			return KP_TOKEN_CLAIM_KIND;
		}
		if (item->text.len > 0 && !add_role(list, item->text)) {
			return KP_TOKEN_ROLES;
		}
	}
	return KP_TOKEN_GOOD;
}

static enum kp_token_fault
read_roles(const struct kp_claim *claims, const struct kp_issuer *issuer,
	const struct kp_access_reading *reading, struct kp_access *access)
{
	const struct kp_claim *claim = issuer->roles_claim.len == 0
		? NULL
		: kp_claim_at(claims, issuer->roles_claim);
	struct role_list list = {.issuer = issuer, .max = reading->roles_max};
	list.items = KP_ARENA_ARRAY(reading->arena, struct kp_slice, list.max + 1);
	if (list.items == NULL) {
		return KP_TOKEN_MEMORY;
	}
	enum kp_token_fault fault = KP_TOKEN_GOOD;
	if (claim != NULL && claim->kind == KP_CLAIM_TEXT) {
		fault = add_words(&list, claim->text) ? KP_TOKEN_GOOD : KP_TOKEN_ROLES;
	} else if (claim != NULL && claim->kind == KP_CLAIM_ARRAY) {
		fault = add_items(&list, claim);
	} else if (claim != NULL) {
		fault = KP_TOKEN_CLAIM_KIND;
	}
	access->roles = list.items;
	access->role_count = list.count;
	return fault;
}

enum kp_token_fault
kp_access_read_who(const struct kp_claim *claims, const struct kp_issuer *issuer,
	const struct kp_access_reading *reading, struct kp_access *access)
{
	enum kp_token_fault fault = read_organisation(claims, issuer, access);
	if (fault == KP_TOKEN_GOOD && !read_employee(claims, issuer, access)) {
		fault = KP_TOKEN_CLAIM_KIND;
	}
	return fault == KP_TOKEN_GOOD ? read_roles(claims, issuer, reading, access)
				      : fault;
}
