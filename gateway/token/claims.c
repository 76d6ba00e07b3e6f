/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* claims: see claims.h. */
#include "token/claims.h"

#include "core/json_read.h"

#define INSTANT_MAX ((int64_t)253402300799) /* 9999-12-31T23:59:59Z */

/* Lifetime: one reading. */
struct builder {
	struct kp_arena *arena;
	const struct kp_claim *root;
	struct {
		const struct kp_claim **tail; /* where the next member or item goes */
	} open[KP_CLAIMS_DEPTH_MAX + 1];
	unsigned depth;
	struct kp_slice name; /* of the member under way */
	enum kp_status status;
};

static enum kp_json_verdict
stop(struct builder *builder, enum kp_status status)
{
	builder->status = status;
	return KP_JSON_STOP;
}

/* Names and texts without their escapes; a NUL could end one of them early elsewhere. */
static enum kp_status
unescape(struct builder *builder, struct kp_slice raw, struct kp_slice *ret_text)
{
	enum kp_status status = kp_json_unescape(raw, builder->arena, ret_text);
	if (status == KP_OK && ret_text->len > 0 &&
		memchr(ret_text->data, 0, ret_text->len) != NULL) {
		return KP_E_SYNTAX;
	}
	return status;
}

static enum kp_claim_kind
kind_of(enum kp_json_event event)
{
	if (event == KP_JSON_OBJECT_BEGIN) {
		return KP_CLAIM_OBJECT;
	}
	if (event == KP_JSON_ARRAY_BEGIN) {
		return KP_CLAIM_ARRAY;
	}
	if (event == KP_JSON_STRING) {
		return KP_CLAIM_TEXT;
	}
	if (event == KP_JSON_NUMBER) {
		return KP_CLAIM_NUMBER;
	}
	if (event == KP_JSON_TRUE) {
		return KP_CLAIM_TRUE;
	}
	return event == KP_JSON_FALSE ? KP_CLAIM_FALSE : KP_CLAIM_NULL;
}

static enum kp_json_verdict
add_value(struct builder *builder, const struct kp_json_token *token)
{
	struct kp_claim *claim = KP_ARENA_NEW(builder->arena, struct kp_claim);
	if (claim == NULL) {
		return stop(builder, KP_E_MEMORY);
	}
	claim->kind = kind_of(token->event);
	claim->name = builder->name;
	builder->name = (struct kp_slice){NULL, 0};
	claim->text = token->raw;
	if (claim->kind == KP_CLAIM_TEXT) {
		enum kp_status status = unescape(builder, token->raw, &claim->text);
		if (status != KP_OK) {
			return stop(builder, status);
		}
	}
	*builder->open[builder->depth].tail = claim;
	builder->open[builder->depth].tail = &claim->next;
	if (claim->kind == KP_CLAIM_OBJECT || claim->kind == KP_CLAIM_ARRAY) {
		claim->text = (struct kp_slice){NULL, 0};
		builder->open[++builder->depth].tail = &claim->first;
	}
	return KP_JSON_GO;
}

static enum kp_json_verdict
on_event(void *ctx, const struct kp_json_token *token)
{
	struct builder *builder = ctx;
	if (token->event == KP_JSON_NAME) {
		enum kp_status status = unescape(builder, token->raw, &builder->name);
		return status == KP_OK ? KP_JSON_GO : stop(builder, status);
	}
	if (token->event == KP_JSON_OBJECT_END || token->event == KP_JSON_ARRAY_END) {
		builder->depth--;
		return KP_JSON_GO;
	}
	return add_value(builder, token);
}

enum kp_status
kp_claims_read(
	struct kp_slice text, struct kp_arena *arena, const struct kp_claim **ret_object)
{
	static const struct kp_json_limits limits = {.depth_max = KP_CLAIMS_DEPTH_MAX,
		.document_bytes_max = KP_CLAIMS_BYTES_MAX,
		.names_per_object_max = 1024};
	struct builder builder = {.arena = arena};
	builder.open[0].tail = &builder.root;
	enum kp_status status =
		kp_json_read(text, &limits, arena, on_event, &builder, NULL);
	if (status == KP_E_CANCELLED) {
		return builder.status;
	}
	if (status == KP_OK && builder.root->kind != KP_CLAIM_OBJECT) {
		return KP_E_SYNTAX;
	}
	if (status == KP_OK) {
		*ret_object = builder.root;
	}
	return status;
}

const struct kp_claim *
kp_claim_member(const struct kp_claim *object, struct kp_slice name)
{
	if (object == NULL || object->kind != KP_CLAIM_OBJECT) {
		return NULL;
	}
	const struct kp_claim *member = object->first;
	while (member != NULL && !kp_slice_equal(member->name, name)) {
		member = member->next;
	}
	return member;
}

const struct kp_claim *
kp_claim_at(const struct kp_claim *object, struct kp_slice path)
{
	while (object != NULL) {
		const struct kp_claim *whole = kp_claim_member(object, path);
		struct kp_slice name = kp_slice_cut(&path, '.');
		if (whole != NULL || path.data == NULL) {
			return whole;
		}
		object = kp_claim_member(object, name);
	}
	return NULL;
}

enum kp_claim_found
kp_claim_text(
	const struct kp_claim *object, struct kp_slice name, struct kp_slice *ret_text)
{
	const struct kp_claim *claim = kp_claim_member(object, name);
	if (claim == NULL) {
		return KP_CLAIM_ABSENT;
	}
	if (claim->kind != KP_CLAIM_TEXT || claim->text.len == 0) {
		return KP_CLAIM_WRONG;
	}
	*ret_text = claim->text;
	return KP_CLAIM_GOOD;
}

/* Digits, then perhaps a fraction, which is cut off; the reader checked the grammar. */
static bool
read_seconds(struct kp_slice number, int64_t *ret_seconds)
{
	int64_t seconds = 0;
	size_t i = 0;
	for (; i < number.len && number.data[i] >= '0' && number.data[i] <= '9'; i++) {
		seconds = seconds * 10 + (number.data[i] - '0');
		if (seconds > INSTANT_MAX) {
			return false;
		}
	}
	if (i == 0 || (i < number.len && number.data[i] != '.')) {
		return false;
	}
	for (i++; i < number.len; i++) {
		if (number.data[i] < '0' || number.data[i] > '9') {
			return false;
		}
	}
	*ret_seconds = seconds;
	return true;
}

enum kp_claim_found
kp_claim_instant(
	const struct kp_claim *object, struct kp_slice name, int64_t *ret_seconds)
{
	const struct kp_claim *claim = kp_claim_member(object, name);
	if (claim == NULL) {
		return KP_CLAIM_ABSENT;
	}
	bool good =
		claim->kind == KP_CLAIM_NUMBER && read_seconds(claim->text, ret_seconds);
	return good ? KP_CLAIM_GOOD : KP_CLAIM_WRONG;
}

bool
kp_claim_holds(const struct kp_claim *claim, struct kp_slice text)
{
	if (claim == NULL || claim->kind != KP_CLAIM_ARRAY) {
		return claim != NULL && claim->kind == KP_CLAIM_TEXT &&
			kp_slice_equal(claim->text, text);
	}
	bool held = false;
	for (const struct kp_claim *item = claim->first; item != NULL;
		item = item->next) {
		if (item->kind != KP_CLAIM_TEXT) {
			return false;
		}
		held = held || kp_slice_equal(item->text, text);
	}
	return held;
}
