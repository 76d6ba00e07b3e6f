/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* challenge: see challenge.h. */
#include "challenge.h"

#define DPOP_ALGS "algs=\"PS256 ES256 EdDSA\""

static const struct {
	struct kp_slice bearer; /* empty: the error is none of this scheme */
	struct kp_slice dpop;
} texts[] = {
	[KP_CHALLENGE_NONE] = {KP_SLICE_INIT("Bearer realm=\"ketenpoort\""),
		KP_SLICE_INIT("DPoP realm=\"ketenpoort\", " DPOP_ALGS)},
	[KP_CHALLENGE_TOKEN] =
		{KP_SLICE_INIT("Bearer realm=\"ketenpoort\", error=\"invalid_token\""),
			KP_SLICE_INIT("DPoP realm=\"ketenpoort\", "
				      "error=\"invalid_token\", " DPOP_ALGS)},
	[KP_CHALLENGE_PROOF] = {KP_SLICE_INIT(""),
		KP_SLICE_INIT("DPoP realm=\"ketenpoort\", "
			      "error=\"invalid_dpop_proof\", " DPOP_ALGS)},
	[KP_CHALLENGE_NONCE] = {KP_SLICE_INIT(""),
		KP_SLICE_INIT("DPoP realm=\"ketenpoort\", "
			      "error=\"use_dpop_nonce\", " DPOP_ALGS)},
	[KP_CHALLENGE_WAIT] = {KP_SLICE_INIT(""), KP_SLICE_INIT("")},
};

static bool
takes_proofs(const struct kp_snapshot_view *view)
{
	const struct kp_identity_settings *settings = view->snapshot->config.identity;
	return settings != NULL && settings->issuer_count > 0 &&
		settings->public_url.len > 0;
}

size_t
kp_challenge_headers(const struct kp_snapshot_view *view, enum kp_token_fault fault,
	int64_t now_ms, char nonce[KP_NONCE_LEN],
	struct kp_exchange_header out[KP_CHALLENGE_HEADERS_MAX])
{
	enum kp_token_challenge challenge = kp_token_fault_challenge(fault);
	bool proofs = takes_proofs(view);
	size_t count = 0;
	if (texts[challenge].bearer.len > 0) {
		out[count++] = (struct kp_exchange_header){
			KP_SLICE("WWW-Authenticate"), texts[challenge].bearer};
	}
	if (texts[challenge].dpop.len > 0 && (proofs || count == 0)) {
		out[count++] = (struct kp_exchange_header){
			KP_SLICE("WWW-Authenticate"), texts[challenge].dpop};
	}
	if (challenge == KP_CHALLENGE_NONCE) {
		kp_identifier_nonce(view->identifier, now_ms, nonce);
		out[count++] = (struct kp_exchange_header){
			KP_SLICE("DPoP-Nonce"), {nonce, KP_NONCE_LEN}};
	}
	return count;
}
