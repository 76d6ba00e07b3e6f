/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_identify: who asks? A token or a certificate says so (identity/identity.h); while
 * an issuer is asked for it, the request waits. Without either, in development only,
 * plain headers are believed.
 *
 * In:       the message's header fields, the connection's certificate, the configuration
 * Out:      identity, or identity_fault
 * Waits:    for an issuer's keys or its word, when they are not at hand
 * Owns:     identity_wait, a place in a queue
 * Fails as: KP_E_UNAUTHENTICATED, KP_E_IDENTITY, KP_E_MEMORY
 * Never:    tells the client which check a token failed
 */
#include "core/oin.h"
#include "request.h"

enum finding {
	FOUND,
	NOTHING_TO_GO_ON,
	REFUSED,
	HEADER_TOO_LONG,
	TOO_MANY_ROLES,
	NO_MEMORY,
	NOT_SHOWN_WELL, /* identity_fault says why */
	WAITS,
};

/* "role, role": false when there are more than roles_max. */
static bool
split_roles(struct kp_slice value, struct kp_slice *roles, size_t max, size_t *ret_count)
{
	size_t count = 0;
	while (value.len > 0) {
		struct kp_slice role = kp_slice_trim(kp_slice_cut(&value, ','));
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
	if (!kp_is_oin(oin) || (mandator.len > 0 && !kp_is_oin(mandator))) {
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

static void
on_wake(struct kp_identity_wait *wait)
{
	struct kp_request *request =
		KP_CONTAINER_OF(wait, struct kp_request, identity_wait);
	KP_REQUIRE(request->magic == KP_REQUEST_MAGIC);
	kp_once_complete(&request->identity_once);
	request->outstanding--;
	kp_request_wake(request);
}

void
kp_request_identity_cancel(struct kp_request *request)
{
	if (request->identity_once == KP_ONCE_RUNNING) {
		kp_identity_wait_cancel(&request->identity_wait);
		kp_once_complete(&request->identity_once);
		request->outstanding--;
	}
}

/* In whose name, when the token leaves that open: the rules hold it against the mandates
 * (kp_identity.on_behalf_of). */
static bool
take_mandator(struct kp_request *request, struct kp_identified *who)
{
	struct kp_slice mandator;
	if (!kp_http_header_once(kp_request_head(request),
		    kp_request_config(request)->header_mandator, &mandator)) {
		return false;
	}
	if (mandator.len == 0) {
		return true;
	}
	if (who->on_behalf_of.len == 0) {
		who->on_behalf_of = mandator;
	}
	return kp_is_oin(mandator) && kp_slice_equal(mandator, who->on_behalf_of);
}

static enum finding
take_who(struct kp_request *request, struct kp_identified *who)
{
	if (!take_mandator(request, who)) {
		return REFUSED;
	}
	request->identity = (struct kp_identity){.organisation = who->organisation,
		.on_behalf_of = who->on_behalf_of,
		.employee = who->employee,
		.roles = who->roles,
		.role_count = who->role_count};
	return FOUND;
}

/* A UUID (RFC 9562) in its text form? */
static bool
is_uuid(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text.data[i] != '-'
			 : strchr("0123456789abcdefABCDEF", text.data[i]) == NULL) {
			return false;
		}
	}
	return text.len == 36;
}

/* The same transaction goes on to the partners (FSC core, transaction id), when an Inway
 * that is believed gave it. */
static void
take_transaction(struct kp_request *request, const struct kp_identity_question *question)
{
	struct kp_slice id;
	if (question->fsc.data != NULL &&
		kp_http_header_once(
			kp_request_head(request), KP_SLICE("fsc-transaction-id"), &id) &&
		is_uuid(id)) {
		request->transaction = id;
	}
}

/* In development headers come before a certificate, so that a tool can be tried over TLS;
 * never before a token. */
static bool
headers_come_first(
	const struct kp_request *request, const struct kp_identity_question *question)
{
	const struct kp_path_config *config = kp_request_config(request);
	return config->development_identity && question->authorization.data == NULL &&
		question->fsc.data == NULL &&
		kp_http_header(kp_request_head(request), config->header_organisation)
			.data != NULL;
}

/* What is shown decides; nothing else is looked at beside it. */
static enum finding
identify_by_what_is_shown(struct kp_request *request)
{
	const struct kp_http_request *head = kp_request_head(request);
	struct kp_identifier *identifier = request->view->identifier;
	struct kp_identified who = {.issuer = NULL};
	struct kp_identity_question question = {
		.authorization = kp_http_known(head, KP_HTTP_AUTHORIZATION),
		.proof = kp_http_known(head, KP_HTTP_DPOP),
		.method = head->method_text,
		.path = head->path,
		.certificate = kp_exchange_certificate(request->exchange),
		.peer = kp_exchange_peer(request->exchange),
		.now_ms = kp_loop_wall_ms(request->view->loop),
	};
	if (!kp_http_header_once(head, KP_SLICE("fsc-authorization"), &question.fsc)) {
		return REFUSED;
	}
	if (identifier == NULL || headers_come_first(request, &question)) {
		return NOTHING_TO_GO_ON;
	}
	request->identity_wait.wake = on_wake;
	kp_once_begin(&request->identity_once);
	bool decided = kp_identify(identifier, &question, &request->arena,
		&request->identity_wait, &request->identity_fault, &who);
	kp_once_begun(&request->identity_once, !decided);
	request->outstanding += decided ? 0 : 1;
	if (!decided) {
		return WAITS;
	}
	if (request->identity_fault == KP_TOKEN_GOOD) {
		take_transaction(request, &question);
		return take_who(request, &who);
	}
	return request->identity_fault == KP_TOKEN_ABSENT ? NOTHING_TO_GO_ON
							  : NOT_SHOWN_WELL;
}

/* For the client. */
static struct kp_slice
words(enum finding finding)
{
	switch (finding) {
	case FOUND:
	case NO_MEMORY:
	case WAITS:
		break;
	case NOTHING_TO_GO_ON:
	case NOT_SHOWN_WELL:
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

static enum kp_stage_result
fail(struct kp_request *request, enum finding finding)
{
	enum kp_token_fault fault = request->identity_fault;
	bool away = finding == NO_MEMORY ||
		kp_token_fault_challenge(fault) == KP_CHALLENGE_WAIT;
	kp_metrics_add(request->view->metrics,
		away ? KP_METRIC_IDENTITY_UNKNOWN : KP_METRIC_IDENTITY_UNCLEAR, 1);
	if (finding == NO_MEMORY || fault == KP_TOKEN_MEMORY) {
		return kp_request_fail(request, KP_E_MEMORY, "no memory for the identity",
			(struct kp_slice){NULL, 0});
	}
	if (finding == NOT_SHOWN_WELL &&
		kp_token_fault_challenge(fault) == KP_CHALLENGE_WAIT) {
		return kp_request_fail(request, KP_E_IDENTITY,
			kp_token_fault_reason(fault),
			KP_SLICE(
				"Wie het toegangsbewijs uitgaf is nu niet te raadplegen. "
				"Probeer het later opnieuw."));
	}
	const char *reason = finding == NOT_SHOWN_WELL ? kp_token_fault_reason(fault)
						       : "identity not established";
	return kp_request_fail(request, KP_E_UNAUTHENTICATED, reason, words(finding));
}

enum kp_stage_result
kp_stage_identify(struct kp_request *request)
{
	static enum finding (*const ways[])(struct kp_request *) = {
		identify_by_what_is_shown,
		identify_for_development,
	};
	if (request->identity_once == KP_ONCE_RUNNING) {
		return KP_STAGE_WAIT;
	}
	if (request->expired) {
		request->identity_fault = KP_TOKEN_NO_KEYS;
		return fail(request, NOT_SHOWN_WELL);
	}
	enum finding finding = NOTHING_TO_GO_ON;
	for (size_t i = 0; i < KP_ARRAY_LEN(ways) && finding == NOTHING_TO_GO_ON; i++) {
		finding = ways[i](request);
	}
	if (finding == FOUND) {
		request->identity_fault = KP_TOKEN_GOOD;
		kp_metrics_add(request->view->metrics, KP_METRIC_IDENTITY_CLEAR, 1);
		return KP_STAGE_NEXT;
	}
	return finding == WAITS ? KP_STAGE_WAIT : fail(request, finding);
}
