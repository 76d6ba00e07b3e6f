/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_identify: who asks? Each way of finding out is one function that either fills the
 * identity, says it has nothing to go on, or fails; the first that knows decides.
 *
 * In:       the message's header fields, the configuration
 * Out:      identity
 * Waits:    no
 * Owns:     nothing
 * Fails as: KP_E_UNAUTHENTICATED, KP_E_MEMORY
 */
#include "request.h"

#define OIN_LEN 20u

enum finding {
	FOUND,
	NOTHING_TO_GO_ON,
	REFUSED,
	HEADER_TOO_LONG,
	TOO_MANY_ROLES,
	NO_MEMORY,
};

static bool
all_digits(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			return false;
		}
	}
	return true;
}

static bool
is_oin(struct kp_slice text)
{
	return text.len == OIN_LEN && all_digits(text);
}

static struct kp_slice
trim(struct kp_slice text)
{
	while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
		text = (struct kp_slice){text.data + 1, text.len - 1};
	}
	while (text.len > 0 &&
		(text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
		text.len--;
	}
	return text;
}

/* "role, role": false when there are more than roles_max. */
static bool
split_roles(struct kp_slice value, struct kp_slice *roles, size_t max, size_t *ret_count)
{
	size_t count = 0;
	while (value.len > 0) {
		const char *comma = memchr(value.data, ',', value.len);
		size_t len = comma == NULL ? value.len : (size_t)(comma - value.data);
		struct kp_slice role = trim((struct kp_slice){value.data, len});
		size_t used = comma == NULL ? len : len + 1;
		value = (struct kp_slice){value.data + used, value.len - used};
		if (role.len == 0) {
			continue;
		}
		if (count == max) {
			return false;
		}
		roles[count++] = role;
	}
	*ret_count = count;
	return true;
}

/*
 * Development and demonstration: what the protocol headers say is believed. Only when the
 * configuration says so in as many words; the answer says so too.
 */
static enum finding
identify_for_development(struct kp_request *request)
{
	const struct kp_path_config *config = kp_request_config(request);
	const struct kp_http_request *head = kp_request_head(request);
	if (!config->development_identity) {
		return NOTHING_TO_GO_ON;
	}
	struct kp_slice oin;
	struct kp_slice employee;
	struct kp_slice roles;
	struct kp_slice mandator;
	if (!kp_http_header_once(head, config->header_organisation, &oin) ||
		!kp_http_header_once(head, config->header_employee, &employee) ||
		!kp_http_header_once(head, config->header_mandator, &mandator) ||
		!kp_http_header_once(head, config->header_roles, &roles)) {
		return REFUSED;
	}
	if (oin.len == 0) {
		return NOTHING_TO_GO_ON;
	}
	if (!is_oin(oin) || (mandator.len > 0 && !is_oin(mandator))) {
		return REFUSED;
	}
	if (employee.len > config->header_bytes_max) {
		return HEADER_TOO_LONG;
	}
	struct kp_identity *identity = &request->identity;
	struct kp_slice *list =
		KP_ARENA_ARRAY(&request->arena, struct kp_slice, config->roles_max);
	if (list == NULL) {
		return NO_MEMORY;
	}
	if (!split_roles(roles, list, config->roles_max, &identity->role_count)) {
		return TOO_MANY_ROLES;
	}
	identity->organisation = oin;
	identity->on_behalf_of = mandator;
	identity->employee = employee;
	identity->roles = list;
	identity->development = true;
	return FOUND;
}

/* For the client. */
static struct kp_slice
words(enum finding finding)
{
	switch (finding) {
	case FOUND:
	case NO_MEMORY:
		break;
	case NOTHING_TO_GO_ON:
		return KP_SLICE("Niet is vastgesteld wie vraagt.");
	case REFUSED:
		return KP_SLICE("De gegevens over wie vraagt zijn niet geldig.");
	case HEADER_TOO_LONG:
		return KP_SLICE("Een kop over wie vraagt is langer dan header_bytes_max "
				"toestaat.");
	case TOO_MANY_ROLES:
		return KP_SLICE("Er zijn meer rollen genoemd dan roles_max toestaat.");
	}
	KP_UNREACHABLE();
}

enum kp_stage_result
kp_stage_identify(struct kp_request *request)
{
	static enum finding (*const ways[])(struct kp_request *) = {
		identify_for_development,
	};
	enum finding finding = NOTHING_TO_GO_ON;
	for (size_t i = 0; i < KP_ARRAY_LEN(ways) && finding == NOTHING_TO_GO_ON; i++) {
		finding = ways[i](request);
	}
	if (finding == FOUND) {
		return KP_STAGE_NEXT;
	}
	if (finding == NO_MEMORY) {
		return kp_request_fail(request, KP_E_MEMORY, "no memory for the identity",
			(struct kp_slice){NULL, 0});
	}
	return kp_request_fail(request, KP_E_UNAUTHENTICATED, "identity not established",
		words(finding));
}
