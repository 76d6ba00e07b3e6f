/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * query: see query.h. The reader's events fill a draft; what needs the whole body (what
 * is missing, what contradicts a header) is checked after its end.
 */
#include "query/query.h"

#include <string.h>

#include "core/attr.h"
#include "core/bits.h"
#include "core/json_read.h"
#include "core/mask.h"
#include "core/nearest.h"

#define NAME_BYTES_SHOWN 64u
#define BUDGET_DIGITS_MAX 9u

enum member {
	BSN,
	PURPOSE,
	CASE_ID,
	PROFILE,
	FIELDS,
	BUDGET_MS,
	REASON,
	MEMBER_COUNT,
};

static const char *const member_names[MEMBER_COUNT] = {
	[BSN] = "burgerservicenummer",
	[PURPOSE] = "doel",
	[CASE_ID] = "zaakkenmerk",
	[PROFILE] = "profiel",
	[FIELDS] = "velden",
	[BUDGET_MS] = "budgetMs",
	[REASON] = "reden",
};

struct draft {
	const struct kp_catalogue *catalogue;
	const struct kp_query_limits *limits;
	struct kp_arena *arena;
	struct kp_query_faults *faults;
	enum kp_status status; /* KP_OK while memory lasts */

	enum member at; /* the member whose value comes next */
	bool in_fields; /* inside the array of velden */
	bool given[MEMBER_COUNT];
	struct kp_slice texts[MEMBER_COUNT];
	uint64_t budget_ms;
	uint64_t *fields; /* of velden; NULL until the first */
	uint32_t field_count;
};

void
kp_query_fault_add(struct kp_query_faults *faults, struct kp_slice name,
	struct kp_slice code, struct kp_slice reason, struct kp_slice pointer)
{
	if (faults->count == KP_QUERY_FAULTS_MAX) {
		faults->dropped++;
		return;
	}
	faults->items[faults->count++] =
		(struct kp_query_fault){name, code, reason, pointer};
}

/* A fault of a known member; its pointer is its name. */
static void
fault(struct draft *draft, enum member member, const char *code, const char *reason)
{
	struct kp_slice name = kp_slice_from(member_names[member]);
	const char *pointer = kp_arena_printf(draft->arena, "/%s", member_names[member]);
	if (pointer == NULL || reason == NULL) {
		draft->status = KP_E_MEMORY;
		return;
	}
	kp_query_fault_add(draft->faults, name, kp_slice_from(code),
		kp_slice_from(reason), kp_slice_from(pointer));
}

/* The name of an unknown member in a JSON pointer (RFC 6901), cut when it is long. */
static const char *
point_at(struct draft *draft, struct kp_slice name)
{
	char escaped[2 * NAME_BYTES_SHOWN + 1];
	size_t len = 0;
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.data[i];
		if (byte == '~' || byte == '/') {
			escaped[len++] = '~';
			byte = byte == '~' ? '0' : '1';
		}
		escaped[len++] = byte;
	}
	return kp_arena_printf(draft->arena, "/%.*s", (int)len, escaped);
}

static void
fault_unknown(struct draft *draft, struct kp_slice name)
{
	struct kp_slice known = kp_nearest_of(name, member_names, MEMBER_COUNT);
	/* A client number in the place of a name is not said back either; masked before
	 * it is cut, so that the edge cannot hide half a number. */
	char *masked = kp_arena_bytes(draft->arena, name.len + 1);
	if (masked == NULL) {
		draft->status = KP_E_MEMORY;
		return;
	}
	if (name.len > 0) {
		memcpy(masked, name.data, name.len);
	}
	(void)kp_mask_bsn(masked, name.len);
	struct kp_slice shown =
		kp_slice_head((struct kp_slice){masked, name.len}, NAME_BYTES_SHOWN);
	const char *pointer = point_at(draft, shown);
	const char *reason = known.data == NULL
		? "dit onderdeel kent de vraag niet"
		: kp_arena_printf(draft->arena,
			  "dit onderdeel kent de vraag niet; bedoeld is misschien '%.*s'",
			  KP_SLICE_ARG(known));
	if (pointer == NULL || reason == NULL) {
		draft->status = KP_E_MEMORY;
		return;
	}
	kp_query_fault_add(draft->faults, shown, KP_SLICE("unknown"),
		kp_slice_from(reason), kp_slice_from(pointer));
}

static struct kp_slice
unescape(struct draft *draft, const struct kp_json_token *token)
{
	struct kp_slice text = {NULL, 0};
	if (token->escaped) {
		if (kp_json_unescape(token->raw, draft->arena, &text) != KP_OK) {
			draft->status = KP_E_MEMORY;
		}
		return text;
	}
	/* The body lives as long as the exchange, the query as long as the request. */
	text = kp_arena_copy(draft->arena, token->raw);
	if (text.data == NULL) {
		draft->status = KP_E_MEMORY;
	}
	return text;
}

static enum kp_json_verdict
take_name(struct draft *draft, const struct kp_json_token *token)
{
	struct kp_slice name = unescape(draft, token);
	if (draft->status != KP_OK) {
		return KP_JSON_STOP;
	}
	for (unsigned i = 0; i < MEMBER_COUNT; i++) {
		if (kp_slice_is(name, member_names[i])) {
			draft->at = (enum member)i;
			draft->given[i] = true;
			return KP_JSON_GO;
		}
	}
	fault_unknown(draft, name);
	return KP_JSON_SKIP;
}

static bool
has_control(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f) {
			return true;
		}
	}
	return false;
}

static void
take_text(struct draft *draft, const struct kp_json_token *token)
{
	enum member member = draft->at;
	size_t max =
		member == REASON ? KP_QUERY_REASON_BYTES_MAX : KP_QUERY_TEXT_BYTES_MAX;
	struct kp_slice text = unescape(draft, token);
	if (draft->status != KP_OK) {
		return;
	}
	if (member == BSN) {
		if (text.len != 9 || !kp_bsn_valid(text)) {
			fault(draft, member, "bsn",
				"dit is geen geldig burgerservicenummer (negen cijfers, "
				"elfproef)");
		}
	} else if (text.len == 0) {
		fault(draft, member, "empty", "dit onderdeel is leeg");
	} else if (text.len > max) {
		fault(draft, member, "maxLength",
			kp_arena_printf(draft->arena,
				"dit onderdeel is langer dan %zu bytes", max));
	} else if (has_control(text)) {
		fault(draft, member, "pattern", "dit onderdeel bevat stuurtekens");
	}
	draft->texts[member] = text;
}

/* A path of the catalogue in velden. */
static void
take_field(struct draft *draft, const struct kp_json_token *token)
{
	struct kp_slice path = unescape(draft, token);
	if (draft->status != KP_OK) {
		return;
	}
	uint32_t index = draft->field_count++;
	if (index >= draft->limits->fields_max) {
		if (index == draft->limits->fields_max) {
			fault(draft, FIELDS, "maxItems",
				kp_arena_printf(draft->arena,
					"er mogen ten hoogste %u velden worden genoemd",
					draft->limits->fields_max));
		}
		return;
	}
	if (path.len <= KP_QUERY_TEXT_BYTES_MAX &&
		kp_catalogue_select(draft->catalogue, path, draft->fields)) {
		return;
	}
	/* What is only counted needs no word of help, which is dear. */
	if (draft->faults->count == KP_QUERY_FAULTS_MAX) {
		draft->faults->dropped++;
		return;
	}
	struct kp_slice nearest = {NULL, 0};
	if (path.len <= KP_QUERY_TEXT_BYTES_MAX) {
		nearest = kp_catalogue_nearest(draft->catalogue, path);
	}
	const char *pointer = kp_arena_printf(draft->arena, "/velden/%u", index);
	const char *reason = nearest.len == 0
		? "dit veld staat niet in de catalogus"
		: kp_arena_printf(draft->arena,
			  "dit veld staat niet in de catalogus; bedoeld is misschien "
			  "'%.*s'",
			  KP_SLICE_ARG(nearest));
	if (pointer == NULL || reason == NULL) {
		draft->status = KP_E_MEMORY;
		return;
	}
	kp_query_fault_add(draft->faults, KP_SLICE("velden"), KP_SLICE("unknown"),
		kp_slice_from(reason), kp_slice_from(pointer));
}

/* Digits only: 4000, not 4e3 and not -0. */
static void
take_number(struct draft *draft, const struct kp_json_token *token)
{
	struct kp_slice digits = token->raw;
	uint64_t number = 0;
	bool whole = digits.len <= BUDGET_DIGITS_MAX;
	for (size_t i = 0; whole && i < digits.len; i++) {
		whole = digits.data[i] >= '0' && digits.data[i] <= '9';
		number = number * 10 + (uint64_t)(digits.data[i] - '0');
	}
	if (!whole || number < draft->limits->budget_ms_min ||
		number > draft->limits->budget_ms_max) {
		fault(draft, BUDGET_MS, "range",
			kp_arena_printf(draft->arena,
				"dit is een geheel getal van %u tot en met %u",
				draft->limits->budget_ms_min,
				draft->limits->budget_ms_max));
		return;
	}
	draft->budget_ms = number;
}

/* The value of a known member has another form than it should. */
static enum kp_json_verdict
refuse_form(struct draft *draft)
{
	const char *reason = "dit onderdeel is een tekst";
	if (draft->at == FIELDS) {
		reason = "dit onderdeel is een lijst van teksten";
	} else if (draft->at == BUDGET_MS) {
		reason = "dit onderdeel is een geheel getal";
	}
	fault(draft, draft->at, "type", reason);
	return KP_JSON_SKIP;
}

static enum kp_json_verdict
take_in_fields(struct draft *draft, const struct kp_json_token *token)
{
	if (token->event == KP_JSON_STRING) {
		take_field(draft, token);
	} else if (token->event == KP_JSON_ARRAY_END) {
		draft->in_fields = false;
		if (draft->field_count == 0) {
			fault(draft, FIELDS, "minItems", "deze lijst is leeg");
		}
	} else {
		draft->field_count++;
		return refuse_form(draft);
	}
	return KP_JSON_GO;
}

static enum kp_json_verdict
take_value(struct draft *draft, const struct kp_json_token *token)
{
	if (draft->at == FIELDS) {
		if (token->event != KP_JSON_ARRAY_BEGIN) {
			return refuse_form(draft);
		}
		draft->in_fields = true;
		draft->fields = KP_ARENA_ARRAY(
			draft->arena, uint64_t, draft->catalogue->field_words);
		if (draft->fields == NULL) {
			draft->status = KP_E_MEMORY;
		}
		return KP_JSON_GO;
	}
	if (draft->at == BUDGET_MS && token->event == KP_JSON_NUMBER) {
		take_number(draft, token);
		return KP_JSON_GO;
	}
	if (draft->at != BUDGET_MS && token->event == KP_JSON_STRING) {
		take_text(draft, token);
		return KP_JSON_GO;
	}
	return refuse_form(draft);
}

static enum kp_json_verdict
on_event(void *ctx, const struct kp_json_token *token)
{
	struct draft *draft = ctx;
	enum kp_json_verdict verdict = KP_JSON_GO;
	if (draft->in_fields) {
		verdict = take_in_fields(draft, token);
	} else if (token->event == KP_JSON_NAME) {
		verdict = take_name(draft, token);
	} else if (token->depth == 0 && token->event == KP_JSON_OBJECT_END) {
		verdict = KP_JSON_GO;
	} else if (token->depth == 0 && token->event != KP_JSON_OBJECT_BEGIN) {
		kp_query_fault_add(draft->faults, KP_SLICE("body"), KP_SLICE("type"),
			KP_SLICE("de vraag is een JSON-object"), KP_SLICE(""));
		verdict = KP_JSON_SKIP;
	} else if (token->depth > 0) {
		verdict = take_value(draft, token);
	}
	return draft->status == KP_OK ? verdict : KP_JSON_STOP;
}

/* A header that stands in for a member, or contradicts it. */
static void
stand_in(struct draft *draft, enum member member, struct kp_slice header_name,
	struct kp_slice value)
{
	if (value.len == 0) {
		return;
	}
	if (value.len > draft->limits->header_bytes_max || has_control(value)) {
		const char *reason = kp_arena_printf(draft->arena,
			"dit kopveld is langer dan %u bytes of bevat stuurtekens",
			draft->limits->header_bytes_max);
		if (reason == NULL) {
			draft->status = KP_E_MEMORY;
			return;
		}
		kp_query_fault_add(draft->faults, header_name, KP_SLICE("maxLength"),
			kp_slice_from(reason), KP_SLICE(""));
		return;
	}
	if (!draft->given[member]) {
		draft->given[member] = true;
		draft->texts[member] = value;
	} else if (!kp_slice_equal(draft->texts[member], value)) {
		fault(draft, member, "conflict",
			"dit onderdeel zegt iets anders dan het kopveld");
	}
}

static void
require(struct draft *draft, enum member member)
{
	if (!draft->given[member]) {
		fault(draft, member, "required", "dit onderdeel is verplicht");
	}
}

/* velden ∩ profiel; everything when neither is given. */
static void
narrow(struct draft *draft, const struct kp_bundle *bundle, struct kp_query *query)
{
	const struct kp_catalogue *catalogue = draft->catalogue;
	const uint64_t *profile = NULL;
	uint64_t *asked = KP_ARENA_ARRAY(draft->arena, uint64_t, catalogue->field_words);
	if (asked == NULL) {
		draft->status = KP_E_MEMORY;
		return;
	}
	if (query->profile.len > 0 &&
		!kp_bundle_find_profile(bundle, query->profile, &profile)) {
		fault(draft, PROFILE, "unknown", "dit profiel bestaat niet");
	}
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		if ((draft->fields == NULL || kp_bits_has(draft->fields, i)) &&
			(profile == NULL || kp_bits_has(profile, i))) {
			kp_bits_set(asked, i);
		}
	}
	query->asked = asked;
	query->narrowed = draft->fields != NULL || profile != NULL;
	if (draft->faults->count == 0 && !kp_bits_any(asked, catalogue->field_words)) {
		fault(draft, FIELDS, "empty",
			"velden en profiel hebben geen enkel veld gemeen");
	}
}

static enum kp_status
read_body(struct draft *draft, struct kp_slice body, struct kp_error *err)
{
	const struct kp_json_limits limits = {
		.depth_max = 8,
		.token_bytes_max = draft->limits->body_bytes_max,
		.document_bytes_max = draft->limits->body_bytes_max,
		.names_per_object_max = 64,
	};
	if (body.len > draft->limits->body_bytes_max) {
		return kp_error_set(err, KP_E_BODY_LIMIT,
			"body of %zu bytes is above the limit body_bytes_max of %zu",
			body.len, draft->limits->body_bytes_max);
	}
	struct kp_error own = {0};
	enum kp_status status =
		kp_json_read(body, &limits, draft->arena, on_event, draft, &own);
	if (draft->status != KP_OK) {
		return draft->status;
	}
	if (status == KP_E_INVALID) {
		struct kp_slice pointer =
			kp_arena_copy(draft->arena, kp_slice_from(own.place));
		if (pointer.data == NULL) {
			return KP_E_MEMORY;
		}
		kp_query_fault_add(draft->faults, KP_SLICE("body"), KP_SLICE("unique"),
			KP_SLICE("een onderdeel komt twee keer voor"), pointer);
		return KP_OK;
	}
	if (status != KP_OK && err != NULL) {
		*err = own;
	}
	/* A limit of the reader is a fault of who sent it. */
	return status == KP_E_LIMIT ? KP_E_SYNTAX : status;
}

static void
fill(struct draft *draft, const struct kp_bundle *bundle, struct kp_query *query)
{
	*query = (struct kp_query){
		.bsn = draft->texts[BSN],
		.purpose = draft->texts[PURPOSE],
		.case_id = draft->texts[CASE_ID],
		.reason = draft->texts[REASON],
		.profile = draft->texts[PROFILE],
		.budget_ms = draft->given[BUDGET_MS] ? (uint32_t)draft->budget_ms
						     : draft->limits->budget_ms_default,
	};
	narrow(draft, bundle, query);
}

enum kp_status
kp_query_parse(struct kp_slice body, const struct kp_bundle *bundle,
	const struct kp_query_limits *limits, const struct kp_query_standins *standins,
	struct kp_arena *arena, struct kp_query *ret_query,
	struct kp_query_faults *ret_faults, struct kp_error *err)
{
	struct draft draft = {
		.catalogue = kp_bundle_catalogue(bundle),
		.limits = limits,
		.arena = arena,
		.faults = ret_faults,
	};
	struct kp_query query;
	enum kp_status status = read_body(&draft, body, err);
	if (status != KP_OK) {
		return status;
	}
	stand_in(&draft, PURPOSE, standins->purpose_name, standins->purpose);
	stand_in(&draft, CASE_ID, standins->case_name, standins->case_id);
	require(&draft, BSN);
	require(&draft, PURPOSE);
	fill(&draft, bundle, &query);
	if (draft.status != KP_OK) {
		return draft.status;
	}
	if (ret_faults->count > 0) {
		return kp_error_set(err, KP_E_INVALID, "%u members are not valid",
			ret_faults->count + ret_faults->dropped);
	}
	*ret_query = query;
	return KP_OK;
}
