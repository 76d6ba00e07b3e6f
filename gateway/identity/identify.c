/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * identify: the verdict about one question, from what it shows: a token of an employee or
 * a system (Authorization), a token of another gateway (Fsc-Authorization), a
 * certificate. Each is looked at by itself; then all that were shown must fit together. A
 * proof of possession comes last, when nothing is waited for any more: it is taken once.
 */
#include "core/oin.h"
#include "identity/identity_private.h"

/* For one issuer's keys, and for those of another gateway's. */
#define WAITS_MAX 2u

/* Lifetime: one call of kp_identify. */
struct verdict {
	struct kp_identifier *identifier;
	const struct kp_identity_question *question;
	struct kp_arena *arena;
	struct kp_identity_wait *wait;
	int64_t now_s;
	bool waits;
};

/* A token on its way through. */
struct shown {
	struct kp_slice token;
	unsigned char digest[KP_SHA256_BYTES];
	bool proven; /* with the DPoP scheme */
	struct kp_access access;
};

/* --- what was shown --- */

/* The scheme's name in any case, one or more spaces, one token of RFC 6750's characters.
 */
static bool
take_scheme(struct kp_slice field, struct kp_slice scheme, struct kp_slice *ret_token)
{
	if (field.len <= scheme.len || field.data[scheme.len] != ' ' ||
		!kp_http_name_equal((struct kp_slice){field.data, scheme.len}, scheme)) {
		return false;
	}
	size_t at = scheme.len;
	while (at < field.len && field.data[at] == ' ') {
		at++;
	}
	*ret_token = (struct kp_slice){field.data + at, field.len - at};
	return true;
}

static bool
is_token_text(struct kp_slice text)
{
	static const char others[] = "-._~+/=";
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.data[i];
		bool plain = (byte >= 'a' && byte <= 'z') ||
			(byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
		if (!plain && (byte == '\0' || strchr(others, byte) == NULL)) {
			return false;
		}
	}
	return text.len > 0;
}

static enum kp_token_fault
read_field(const struct verdict *verdict, struct kp_slice field, bool may_be_proven,
	struct shown *ret_shown)
{
	ret_shown->proven =
		may_be_proven && take_scheme(field, KP_SLICE("DPoP"), &ret_shown->token);
	if (!ret_shown->proven &&
		!take_scheme(field, KP_SLICE("Bearer"), &ret_shown->token)) {
		return KP_TOKEN_SCHEME;
	}
	if (ret_shown->token.len > verdict->identifier->settings->token_bytes_max) {
		return KP_TOKEN_SIZE;
	}
	kp_sha256(&ret_shown->token, 1, ret_shown->digest);
	return is_token_text(ret_shown->token) ? KP_TOKEN_GOOD : KP_TOKEN_FORM;
}

/* --- the token --- */

static struct kp_identity_issuer *
issuer_at(const struct verdict *verdict, const struct kp_issuer *issuer)
{
	size_t at = (size_t)(issuer - verdict->identifier->settings->issuers);
	return &verdict->identifier->issuers[at];
}

/* Waits in the queue, unless this question did so before and it did not help. */
static enum kp_token_fault
wait_or(struct verdict *verdict, struct kp_identity_wait **queue,
	enum kp_token_fault fault)
{
	if (verdict->wait->tries >= WAITS_MAX) {
		return fault;
	}
	kp_identity_wait_in(verdict->wait, queue);
	verdict->waits = true;
	return fault;
}

static enum kp_token_fault
ask_issuer(struct verdict *verdict, struct kp_identity_issuer *issuer,
	const struct shown *shown, const unsigned char *digest)
{
	if (verdict->wait->issuer_asked ||
		!kp_introspect(issuer, shown->token, digest, verdict->wait)) {
		return KP_TOKEN_NO_ANSWER;
	}
	verdict->wait->issuer_asked = true;
	verdict->waits = true;
	return KP_TOKEN_NO_ANSWER;
}

/* A token that says nothing itself: the issuer that answers for such tokens is asked. */
static enum kp_token_fault
look_up_opaque(struct verdict *verdict, const struct shown *shown)
{
	const struct kp_identity_settings *settings = verdict->identifier->settings;
	for (size_t i = 0; i < settings->issuer_count; i++) {
		const struct kp_issuer *issuer = &settings->issuers[i];
		if (issuer->introspection_url.len > 0 &&
			issuer->introspection == KP_INTROSPECT_OPAQUE) {
			return ask_issuer(verdict, &verdict->identifier->issuers[i],
				shown, shown->digest);
		}
	}
	return KP_TOKEN_FORM;
}

/* The issuer's word about a token that is right in all else. */
static enum kp_token_fault
ask_whether_active(struct verdict *verdict, struct kp_identity_issuer *issuer,
	const struct shown *shown)
{
	unsigned char digest[KP_SHA256_BYTES];
	if (issuer->issuer->introspection_url.len == 0 ||
		issuer->issuer->introspection != KP_INTROSPECT_SIGNED) {
		return KP_TOKEN_GOOD;
	}
	kp_introspect_digest(shown->digest, digest);
	const struct kp_token_entry *known =
		kp_tokens_find(verdict->identifier->tokens, digest, verdict->now_s);
	return known != NULL ? known->fault : ask_issuer(verdict, issuer, shown, digest);
}

static enum kp_token_fault
verify(struct verdict *verdict, const struct kp_access_token *token,
	struct kp_identity_issuer *issuer)
{
	const struct kp_key_set *keys = kp_issuer_keys_now(issuer);
	if (keys == NULL) {
		return kp_issuer_keys_come(issuer)
			? wait_or(verdict, &issuer->waits, KP_TOKEN_NO_KEYS)
			: KP_TOKEN_NO_KEYS;
	}
	enum kp_token_fault fault = kp_access_verify(token, issuer->issuer, keys);
	verdict->identifier->counts.verified +=
		fault == KP_TOKEN_GOOD || fault == KP_TOKEN_SIGNATURE ? 1 : 0;
	if (fault == KP_TOKEN_KEY && kp_issuer_keys_come(issuer)) {
		fault = wait_or(verdict, &issuer->waits, KP_TOKEN_KEY);
	}
	return fault;
}

static void
remember(struct verdict *verdict, const struct shown *shown,
	const struct kp_identity_issuer *issuer)
{
	const struct kp_token_entry entry = {.fault = KP_TOKEN_GOOD,
		.access = shown->access,
		.until_s = shown->access.expires_s + issuer->issuer->skew_s,
		.generation = issuer->generation};
	kp_tokens_put(verdict->identifier->tokens, shown->digest, &entry);
}

static enum kp_token_fault
look_at(struct verdict *verdict, enum kp_issuer_kind kind, struct shown *shown)
{
	const struct kp_identity_settings *settings = verdict->identifier->settings;
	struct kp_access_token token;
	enum kp_token_fault fault = kp_access_open(shown->token, verdict->arena, &token);
	if (fault == KP_TOKEN_FORM && kind == KP_ISSUER_OAUTH) {
		return look_up_opaque(verdict, shown);
	}
	if (fault != KP_TOKEN_GOOD) {
		return fault;
	}
	const struct kp_issuer *found = kp_issuers_find(
		settings->issuers, settings->issuer_count, token.issuer, kind);
	if (found == NULL) {
		return KP_TOKEN_ISSUER;
	}
	struct kp_identity_issuer *issuer = issuer_at(verdict, found);
	shown->access.issuer = found;
	fault = verify(verdict, &token, issuer);
	if (fault != KP_TOKEN_GOOD) {
		return fault;
	}
	const struct kp_access_reading reading = {.arena = verdict->arena,
		.now_s = verdict->now_s,
		.roles_max = settings->roles_max};
	fault = kp_access_read(&token, found, &reading, &shown->access);
	if (fault == KP_TOKEN_GOOD) {
		remember(verdict, shown, issuer);
	}
	return fault;
}

static bool
keep(struct kp_arena *arena, struct kp_slice *text)
{
	*text = text->len == 0 ? (struct kp_slice){NULL, 0} : kp_arena_copy(arena, *text);
	return text->len == 0 || text->data != NULL;
}

/* What the store knows may leave it before the question ends. */
static enum kp_token_fault
copy_access(
	const struct kp_access *from, struct kp_arena *arena, struct kp_access *access)
{
	*access = *from;
	struct kp_slice *roles =
		KP_ARENA_ARRAY(arena, struct kp_slice, from->role_count + 1);
	bool kept = roles != NULL && keep(arena, &access->subject) &&
		keep(arena, &access->client) && keep(arena, &access->id) &&
		keep(arena, &access->organisation) && keep(arena, &access->employee) &&
		keep(arena, &access->on_behalf_of);
	for (size_t i = 0; kept && i < from->role_count; i++) {
		roles[i] = from->roles[i];
		kept = keep(arena, &roles[i]);
	}
	access->roles = roles;
	return kept ? KP_TOKEN_GOOD : KP_TOKEN_MEMORY;
}

/* Known from before, unless the issuer's keys changed or grew too old meanwhile. */
static bool
recall(struct verdict *verdict, struct shown *shown, enum kp_token_fault *ret_fault)
{
	struct kp_identifier *identifier = verdict->identifier;
	const struct kp_token_entry *known =
		kp_tokens_find(identifier->tokens, shown->digest, verdict->now_s);
	if (known == NULL) {
		return false;
	}
	if (known->fault != KP_TOKEN_GOOD) {
		*ret_fault = known->fault;
		return true;
	}
	struct kp_identity_issuer *issuer = issuer_at(verdict, known->access.issuer);
	if (!known->introspected &&
		(known->generation != issuer->generation ||
			kp_issuer_keys_now(issuer) == NULL)) {
		kp_tokens_drop(identifier->tokens, shown->digest);
		return false;
	}
	identifier->counts.remembered++;
	*ret_fault = copy_access(&known->access, verdict->arena, &shown->access);
	return true;
}

static enum kp_token_fault
find_out(struct verdict *verdict, enum kp_issuer_kind kind, struct shown *shown)
{
	enum kp_token_fault fault = KP_TOKEN_GOOD;
	if (!recall(verdict, shown, &fault)) {
		fault = look_at(verdict, kind, shown);
	}
	if (fault == KP_TOKEN_GOOD) {
		fault = ask_whether_active(
			verdict, issuer_at(verdict, shown->access.issuer), shown);
	}
	if (fault == KP_TOKEN_GOOD &&
		kp_revoked_has(kp_watch_list(verdict->identifier), &shown->access)) {
		fault = KP_TOKEN_REVOKED;
	}
	return fault;
}

/* --- what a token is bound to --- */

static bool
is_own_certificate(const struct verdict *verdict, const struct kp_access *access)
{
	const struct kp_peer_certificate *certificate = verdict->question->certificate;
	return certificate != NULL &&
		kp_equal_secret((struct kp_slice){(const char *)certificate->sha256,
					KP_SHA256_BYTES},
			(struct kp_slice){
				(const char *)access->certificate, KP_SHA256_BYTES});
}

static enum kp_token_fault
check_proof(const struct verdict *verdict, const struct shown *shown)
{
	const struct kp_identity_settings *settings = verdict->identifier->settings;
	const struct kp_identity_question *question = verdict->question;
	int64_t window_s = settings->proof_window_ms / 1000;
	char nonce[KP_NONCE_LEN];
	char before[KP_NONCE_LEN];
	struct kp_dpop_request request = {.method = question->method,
		.base = settings->public_url,
		.path = question->path,
		.token = shown->token,
		.key = shown->access.proof_key,
		.now_s = verdict->now_s,
		.window_s = (uint32_t)window_s};
	if (settings->public_url.len == 0 || question->proof.data == NULL ||
		question->proof.len > settings->token_bytes_max) {
		return KP_TOKEN_PROOF_FORM;
	}
	if (settings->proof_nonce) {
		struct kp_proofs *proofs = verdict->identifier->proofs;
		kp_proofs_nonce(proofs, verdict->now_s, window_s, nonce);
		kp_proofs_nonce(proofs, verdict->now_s - window_s, window_s, before);
		request.nonce = (struct kp_slice){nonce, sizeof(nonce)};
		request.nonce_before = (struct kp_slice){before, sizeof(before)};
	}
	struct kp_dpop_proof proof;
	enum kp_token_fault fault =
		kp_dpop_check(question->proof, &request, verdict->arena, &proof);
	verdict->identifier->counts.verified++;
	/* Fresh until its iat is a window away; iat may be that far in the future. */
	return fault == KP_TOKEN_GOOD
		? kp_proofs_take(verdict->identifier->proofs, proof.id, verdict->now_s,
			  2 * window_s + 1)
		: fault;
}

static enum kp_token_fault
check_binding(const struct verdict *verdict, const struct shown *shown)
{
	const struct kp_access *access = &shown->access;
	enum kp_issuer_binding binding = access->issuer->binding;
	bool lacks_certificate =
		binding == KP_BINDING_CERTIFICATE && !access->has_certificate;
	bool lacks_key = binding == KP_BINDING_DPOP && !access->has_proof_key;
	bool lacks_both = binding == KP_BINDING_REQUIRED && !access->has_certificate &&
		!access->has_proof_key;
	if (lacks_certificate || lacks_key || lacks_both) {
		return KP_TOKEN_UNBOUND;
	}
	if (access->has_certificate && !is_own_certificate(verdict, access)) {
		return KP_TOKEN_CERTIFICATE;
	}
	/* Such a token is shown with its proof, and only such a token (RFC 9449, 7.1). */
	if (access->has_proof_key != shown->proven) {
		return KP_TOKEN_PROOF_FORM;
	}
	return access->has_proof_key ? check_proof(verdict, shown) : KP_TOKEN_GOOD;
}

/* The Inway checked the token against its peer's certificate; here it is the Inway that
 * must be at the other end. */
static bool
came_through_inway(const struct verdict *verdict, const struct kp_issuer *issuer)
{
	const struct kp_identity_question *question = verdict->question;
	if (kp_slice_is(issuer->inway, "loopback")) {
		struct kp_slice peer = kp_slice_from(question->peer);
		return kp_slice_starts(peer, KP_SLICE("127.")) ||
			kp_slice_starts(peer, KP_SLICE("::1")) ||
			kp_slice_starts(peer, KP_SLICE("[::1]"));
	}
	return question->certificate != NULL &&
		kp_slice_equal(question->certificate->oin, issuer->inway);
}

/* --- all together --- */

/* The organisation at the other end of the connection and the one of the employee's token
 * differ: the first asks in the name of the second, if the rules know of a mandate. */
static enum kp_token_fault
carry(struct kp_identified *who, struct kp_slice carrier, struct kp_slice carrier_for)
{
	if (carrier.len == 0 || kp_slice_equal(carrier, who->organisation)) {
		bool other = carrier_for.len > 0 && who->on_behalf_of.len > 0 &&
			!kp_slice_equal(carrier_for, who->on_behalf_of);
		if (who->on_behalf_of.len == 0) {
			who->on_behalf_of = carrier_for;
		}
		return other ? KP_TOKEN_MISMATCH : KP_TOKEN_GOOD;
	}
	bool third = who->on_behalf_of.len > 0 &&
		!kp_slice_equal(who->on_behalf_of, who->organisation);
	bool fourth =
		carrier_for.len > 0 && !kp_slice_equal(carrier_for, who->organisation);
	if (third || fourth) {
		return KP_TOKEN_MISMATCH;
	}
	who->on_behalf_of = who->organisation;
	who->organisation = carrier;
	return KP_TOKEN_GOOD;
}

static void
take_access(struct kp_identified *who, const struct kp_access *access)
{
	who->organisation = access->organisation;
	who->on_behalf_of = access->on_behalf_of;
	who->employee = access->employee;
	who->roles = access->roles;
	who->role_count = access->role_count;
}

static enum kp_token_fault
by_token(struct verdict *verdict, struct kp_identified *who)
{
	struct shown shown = {.proven = false};
	enum kp_token_fault fault =
		read_field(verdict, verdict->question->authorization, true, &shown);
	if (fault == KP_TOKEN_GOOD) {
		fault = find_out(verdict, KP_ISSUER_OAUTH, &shown);
	}
	who->issuer = shown.access.issuer;
	if (fault == KP_TOKEN_GOOD) {
		fault = check_binding(verdict, &shown);
	}
	if (fault == KP_TOKEN_GOOD) {
		take_access(who, &shown.access);
	}
	return fault;
}

static enum kp_token_fault
by_fsc(struct verdict *verdict, struct kp_access *access)
{
	struct shown shown = {.proven = false};
	enum kp_token_fault fault =
		read_field(verdict, verdict->question->fsc, false, &shown);
	if (fault == KP_TOKEN_GOOD) {
		fault = find_out(verdict, KP_ISSUER_FSC, &shown);
	}
	if (fault == KP_TOKEN_GOOD && !came_through_inway(verdict, shown.access.issuer)) {
		fault = KP_TOKEN_INWAY;
	}
	*access = shown.access;
	return fault;
}

static bool
expects_fsc(const struct kp_identity_settings *settings)
{
	for (size_t i = 0; i < settings->issuer_count; i++) {
		if (settings->issuers[i].kind == KP_ISSUER_FSC) {
			return true;
		}
	}
	return false;
}

/* A system that shows its certificate and nothing else. */
static enum kp_token_fault
by_certificate(const struct verdict *verdict, struct kp_identified *who)
{
	const struct kp_peer_certificate *certificate = verdict->question->certificate;
	if (certificate == NULL || !kp_is_oin(certificate->oin)) {
		return KP_TOKEN_ABSENT;
	}
	const struct kp_machine *machine = kp_machines_find(
		&verdict->identifier->settings->machines, certificate->oin);
	who->organisation = certificate->oin;
	who->roles = machine == NULL ? NULL : machine->roles;
	who->role_count = machine == NULL ? 0 : machine->role_count;
	return KP_TOKEN_GOOD;
}

static enum kp_token_fault
decide(struct verdict *verdict, struct kp_identified *who)
{
	const struct kp_identity_question *question = verdict->question;
	const struct kp_identity_settings *settings = verdict->identifier->settings;
	bool fsc = question->fsc.data != NULL && expects_fsc(settings);
	bool token = question->authorization.data != NULL;
	struct kp_access through = {.issuer = NULL};
	enum kp_token_fault fault = KP_TOKEN_GOOD;
	if (token && settings->issuer_count == 0) {
		return KP_TOKEN_ISSUER;
	}
	if (fsc) {
		fault = by_fsc(verdict, &through);
		who->issuer = through.issuer;
	}
	if (fault != KP_TOKEN_GOOD) {
		return fault;
	}
	if (!token && fsc) {
		take_access(who, &through);
		return KP_TOKEN_GOOD;
	}
	if (!token) {
		return by_certificate(verdict, who);
	}
	fault = by_token(verdict, who);
	if (fault != KP_TOKEN_GOOD) {
		return fault;
	}
	if (fsc) {
		return carry(who, through.organisation, through.on_behalf_of);
	}
	const struct kp_slice nobody = {NULL, 0};
	return question->certificate == NULL
		? KP_TOKEN_GOOD
		: carry(who, question->certificate->oin, nobody);
}

bool
kp_identify(struct kp_identifier *identifier, const struct kp_identity_question *question,
	struct kp_arena *arena, struct kp_identity_wait *wait,
	enum kp_token_fault *ret_fault, struct kp_identified *ret_who)
{
	struct verdict verdict = {.identifier = identifier,
		.question = question,
		.arena = arena,
		.wait = wait,
		.now_s = question->now_ms / 1000};
	struct kp_identified who = {.issuer = NULL};
	enum kp_token_fault fault = decide(&verdict, &who);
	if (verdict.waits) {
		return false;
	}
	*ret_fault = fault;
	*ret_who = who;
	return true;
}

void
kp_identifier_nonce(const struct kp_identifier *identifier, int64_t now_ms,
	char ret_nonce[KP_NONCE_LEN])
{
	kp_proofs_nonce(identifier->proofs, now_ms / 1000,
		identifier->settings->proof_window_ms / 1000, ret_nonce);
}
