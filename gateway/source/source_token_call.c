/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source_token_call: calls over HTTP whose partner wants a token: waiting for it within
 * the call's own time, and once more when the partner refused it. */
#include "source/source_token.h"
#include "token/zgw.h"

#define AUTHORIZATION "Authorization"
/* A second try must have this much time. */
#define AGAIN_LEFT_MS_MIN 20u

bool
kp_source_wants_zgw(const struct kp_source_link *link)
{
	return link->source->private->manifest->access.kind == KP_ACCESS_ZGW;
}

enum kp_status
kp_source_zgw_write(const struct kp_source_link *link, struct kp_slice employee,
	struct kp_buffer *out)
{
	const struct kp_source_private *private = link->source->private;
	const struct kp_manifest_jwt *jwt = &private->manifest->access.jwt;
	const struct kp_zgw_token token = {
		.client = jwt->client,
		.secret = private->access.secret,
		.user = jwt->employee ? employee : (struct kp_slice){0},
		.now_s = kp_loop_wall_ms(link->loop) / 1000,
	};
	KP_BUFFER_ADD(out, "Bearer ");
	return kp_zgw_token_write(&token, out);
}

static const char *
words(enum kp_status status)
{
	if (status == KP_E_TIMEOUT) {
		return "het inlogpunt van de bron antwoordde niet binnen de tijd";
	}
	if (status == KP_E_DENIED) {
		return "het inlogpunt van de bron geeft ons geen toegangsbewijs";
	}
	if (status == KP_E_SOURCE || status == KP_E_BODY_LIMIT || status == KP_E_LIMIT) {
		return "het inlogpunt van de bron gaf geen bruikbaar antwoord";
	}
	if (status == KP_E_MEMORY) {
		return "de gateway heeft geen geheugen meer voor deze vraag";
	}
	return "het inlogpunt van de bron is niet bereikt";
}

static void
stop(struct kp_source_call *call, enum kp_status status)
{
	/* A refusal there is no refusal of this question by the source. */
	kp_source_call_stop(call, KP_NOT_REACHED,
		status == KP_E_DENIED ? KP_E_SOURCE_UNREACHABLE : status, words(status));
	kp_source_call_conclude_later(call);
}

static void
on_late(struct kp_timer *timer)
{
	struct kp_source_call *call =
		KP_CONTAINER_OF(timer, struct kp_source_call, timer);
	kp_source_token_leave(&call->token_wait);
	stop(call, KP_E_TIMEOUT);
}

static void
on_asked(struct kp_source_token_wait *wait)
{
	struct kp_source_call *call =
		KP_CONTAINER_OF(wait, struct kp_source_call, token_wait);
	kp_timer_stop(call->link->loop, &call->timer);
	kp_source_call_defer(call, call->token_send);
}

static void
wait_for(struct kp_source_call *call, void (*send)(struct kp_source_call *call))
{
	call->token_final = true;
	call->token_send = send;
	call->timer.fire = on_late;
	kp_timer_start(call->link->loop, &call->timer,
		(uint64_t)kp_source_call_left_ms(call) * 1000);
}

/* A JWT for this question alone, since it may say who asks. */
static bool
put_zgw(struct kp_source_call *call)
{
	struct kp_buffer value;
	kp_buffer_init(&value, call->options.arena, KP_SOURCE_TOKEN_VALUE_MAX);
	enum kp_status status = kp_source_zgw_write(call->link,
		(struct kp_slice){call->need.employee.data, call->need.employee.len},
		&value);
	if (status != KP_OK ||
		!kp_source_request_own(
			call, KP_SLICE(AUTHORIZATION), kp_buffer_slice(&value))) {
		kp_source_call_stop(call, KP_ERROR, KP_E_MEMORY,
			"de vraag aan de bron kon niet worden gesteld");
		kp_source_call_conclude_later(call);
		return false;
	}
	return true;
}

bool
kp_source_token_put(
	struct kp_source_call *call, void (*send)(struct kp_source_call *call))
{
	struct kp_source_token *token = call->link->token;
	struct kp_slice value;
	if (token == NULL) {
		return !kp_source_wants_zgw(call->link) || put_zgw(call);
	}
	call->token_wait.on_asked = on_asked;
	enum kp_source_token_state state = kp_source_token_take(
		token, &call->token_wait, &value, &call->token_serial);
	if (state == KP_SOURCE_TOKEN_WAIT) {
		wait_for(call, send);
	} else if (state == KP_SOURCE_TOKEN_FULL) {
		kp_source_call_stop(call, KP_NOT_REACHED, KP_E_BUSY,
			"er staan te veel vragen aan deze bron open");
		kp_source_call_conclude_later(call);
	} else if (state == KP_SOURCE_TOKEN_NONE) {
		stop(call,
			kp_source_token_trouble(
				token, call->fault.message, sizeof(call->fault.message)));
	} else if (!kp_source_request_own(call, KP_SLICE(AUTHORIZATION), value)) {
		stop(call, KP_E_MEMORY);
	} else {
		return true;
	}
	return false;
}

static void
show(struct kp_source_credential *credential, struct kp_slice value)
{
	memcpy(credential->value, value.data, value.len);
	credential->header = (struct kp_upstream_header){
		KP_SLICE(AUTHORIZATION), {credential->value, value.len}};
}

static enum kp_source_token_state
show_zgw(struct kp_source_credential *credential)
{
	struct kp_arena arena;
	struct kp_buffer value;
	kp_arena_init(&arena, 4 * KP_SOURCE_TOKEN_VALUE_MAX, NULL);
	kp_buffer_init(&value, &arena, KP_SOURCE_TOKEN_VALUE_MAX);
	enum kp_status status =
		kp_source_zgw_write(credential->link, (struct kp_slice){0}, &value);
	if (status == KP_OK) {
		show(credential, kp_buffer_slice(&value));
	}
	kp_arena_deinit(&arena);
	return status == KP_OK ? KP_SOURCE_TOKEN_READY : KP_SOURCE_TOKEN_NONE;
}

enum kp_source_token_state
kp_source_credential_take(struct kp_source_credential *credential)
{
	struct kp_source_link *link = credential->link;
	struct kp_slice value;
	if (link->token == NULL) {
		return kp_source_wants_zgw(link) ? show_zgw(credential)
						 : KP_SOURCE_TOKEN_READY;
	}
	enum kp_source_token_state state = kp_source_token_take(
		link->token, &credential->wait, &value, &credential->serial);
	if (state == KP_SOURCE_TOKEN_READY) {
		show(credential, value);
	}
	return state;
}

void
kp_source_credential_refused(
	struct kp_source_credential *credential, uint32_t http_status)
{
	/* Asked again when it is due: by then with another one. */
	bool dropped = http_status == 401 && credential->link->token != NULL &&
		kp_source_token_refused(credential->link->token, credential->serial);
	(void)dropped;
}

bool
kp_source_token_again(struct kp_source_call *call)
{
	/* With a token that was got for this very question the refusal is about us. */
	bool again = call->link->token != NULL && !call->token_final &&
		!call->cancelled && kp_source_call_left_ms(call) >= AGAIN_LEFT_MS_MIN &&
		kp_source_token_refused(call->link->token, call->token_serial);
	call->token_again = again;
	call->token_final = again || call->token_final;
	return again;
}
