/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* authzen_ask: see authzen_ask.h. */
#include "policies/authzen_ask.h"

#include <string.h>

#include "core/bits.h"
#include "core/json_write.h"

#define ANSWER_DEPTH_MAX 32u

/* --- the question --- */

static void
write_text(struct kp_json_writer *json, struct kp_slice name, struct kp_slice text)
{
	if (text.len > 0) {
		kp_json_write_name_raw(json, name);
		kp_json_write_string(json, text);
	}
}

static void
write_subject(struct kp_json_writer *json, const struct kp_authzen_ask *ask)
{
	bool person = ask->employee.len > 0;
	KP_JSON_WRITE_NAME(json, "subject");
	kp_json_write_object_begin(json);
	write_text(json, KP_SLICE("type"),
		person ? KP_SLICE("medewerker") : KP_SLICE("organisatie"));
	write_text(json, KP_SLICE("id"), person ? ask->employee : ask->organisation);
	KP_JSON_WRITE_NAME(json, "properties");
	kp_json_write_object_begin(json);
	write_text(json, KP_SLICE("organisatie"), ask->organisation);
	write_text(json, KP_SLICE("uitvoerder"), ask->processor);
	KP_JSON_WRITE_NAME(json, "rollen");
	kp_json_write_array_begin(json);
	for (size_t i = 0; i < ask->role_count; i++) {
		kp_json_write_string(json, ask->roles[i]);
	}
	kp_json_write_array_end(json);
	kp_json_write_object_end(json);
	kp_json_write_object_end(json);
}

static void
write_context(struct kp_json_writer *json, const struct kp_authzen_ask *ask)
{
	KP_JSON_WRITE_NAME(json, "context");
	kp_json_write_object_begin(json);
	write_text(json, KP_SLICE("doel"), ask->purpose);
	write_text(json, KP_SLICE("zaak"), ask->case_id);
	KP_JSON_WRITE_NAME(json, "inWerkvoorraad");
	kp_json_write_bool(json, ask->in_caseload);
	KP_JSON_WRITE_NAME(json, "redenGegeven");
	kp_json_write_bool(json, ask->reason_given);
	if (ask->client.len > 0) {
		KP_JSON_WRITE_NAME(json, "client");
		kp_json_write_object_begin(json);
		write_text(json, KP_SLICE("type"), ask->client_type);
		write_text(json, KP_SLICE("id"), ask->client);
		kp_json_write_object_end(json);
	}
	write_text(json, KP_SLICE("time"), ask->time);
	write_text(json, KP_SLICE("traceparent"), ask->traceparent);
	kp_json_write_object_end(json);
}

static void
write_item(struct kp_json_writer *json, const struct kp_catalogue *catalogue,
	const struct kp_cell *cell)
{
	kp_json_write_object_begin(json);
	KP_JSON_WRITE_NAME(json, "resource");
	kp_json_write_object_begin(json);
	write_text(json, KP_SLICE("type"), KP_SLICE("veld"));
	write_text(json, KP_SLICE("id"), catalogue->fields[cell->field].path);
	KP_JSON_WRITE_NAME(json, "properties");
	kp_json_write_object_begin(json);
	write_text(json, KP_SLICE("bron"), catalogue->sources[cell->source].name);
	kp_json_write_object_end(json);
	kp_json_write_object_end(json);
	kp_json_write_object_end(json);
}

void
kp_authzen_ask_write(struct kp_buffer *out, const struct kp_authzen_ask *ask)
{
	const struct kp_catalogue *catalogue = ask->catalogue;
	struct kp_json_writer json;
	kp_json_writer_init(&json, out);
	kp_json_write_object_begin(&json);
	write_subject(&json, ask);
	KP_JSON_WRITE_NAME(&json, "action");
	kp_json_write_object_begin(&json);
	write_text(&json, KP_SLICE("name"), ask->action);
	kp_json_write_object_end(&json);
	write_context(&json, ask);
	KP_JSON_WRITE_NAME(&json, "evaluations");
	kp_json_write_array_begin(&json);
	for (uint32_t i = 0; i < catalogue->cell_count; i++) {
		if (kp_bits_has(ask->cells, i)) {
			write_item(&json, catalogue, &catalogue->cells[i]);
		}
	}
	kp_json_write_array_end(&json);
	KP_JSON_WRITE_NAME(&json, "options");
	kp_json_write_object_begin(&json);
	write_text(&json, KP_SLICE("evaluations_semantic"), KP_SLICE("execute_all"));
	kp_json_write_object_end(&json);
	kp_json_write_object_end(&json);
}

/* --- the answer --- */

/* What the next event is about. */
enum place {
	AT_TOP,      /* the answer itself */
	IN_TOP,      /* its members */
	AT_LIST,     /* the value of "evaluations" */
	IN_LIST,     /* its items */
	IN_ITEM,     /* members of one */
	AT_DECISION, /* the value of "decision" */
};

static enum kp_json_verdict
refuse(struct kp_authzen_verdicts *verdicts)
{
	verdicts->wrong = true;
	return KP_JSON_STOP;
}

/* Names of members that mean nothing here are passed over (AuthZEN: unknown fields are
 * ignored). */
static enum kp_json_verdict
enter(struct kp_authzen_verdicts *verdicts, const struct kp_json_token *token,
	const char *name, enum place place)
{
	if (!kp_json_text_equal(token->raw, kp_slice_from(name))) {
		return KP_JSON_SKIP;
	}
	verdicts->place = place;
	return KP_JSON_GO;
}

/* The next cell asked about, from `cell` on; one past the last when there is none. */
static uint32_t
find_cell(const struct kp_authzen_verdicts *verdicts, uint32_t cell)
{
	while (cell < verdicts->cell_words * 64 && !kp_bits_has(verdicts->cells, cell)) {
		cell++;
	}
	return cell;
}

static enum kp_json_verdict
take_item(struct kp_authzen_verdicts *verdicts)
{
	if (!verdicts->item_decided || verdicts->decided == verdicts->asked) {
		return refuse(verdicts);
	}
	verdicts->cell = find_cell(verdicts, verdicts->cell);
	if (verdicts->item_permit) {
		kp_bits_set(verdicts->granted, verdicts->cell);
		verdicts->permitted++;
	}
	verdicts->cell++;
	verdicts->decided++;
	verdicts->place = IN_LIST;
	return KP_JSON_GO;
}

static enum kp_json_verdict
on_event(void *ctx, const struct kp_json_token *token)
{
	struct kp_authzen_verdicts *verdicts = ctx;
	enum kp_json_event event = token->event;
	switch ((enum place)verdicts->place) {
	case AT_TOP:
		verdicts->place = IN_TOP;
		return event == KP_JSON_OBJECT_BEGIN ? KP_JSON_GO : refuse(verdicts);
	case IN_TOP:
		return event == KP_JSON_NAME
			? enter(verdicts, token, "evaluations", AT_LIST)
			: KP_JSON_GO;
	case AT_LIST:
		verdicts->seen = true;
		verdicts->place = IN_LIST;
		return event == KP_JSON_ARRAY_BEGIN ? KP_JSON_GO : refuse(verdicts);
	case IN_LIST:
		if (event == KP_JSON_ARRAY_END) {
			verdicts->place = IN_TOP;
			return KP_JSON_GO;
		}
		verdicts->place = IN_ITEM;
		verdicts->item_decided = false;
		verdicts->item_permit = false;
		return event == KP_JSON_OBJECT_BEGIN ? KP_JSON_GO : refuse(verdicts);
	case IN_ITEM:
		return event == KP_JSON_OBJECT_END
			? take_item(verdicts)
			: enter(verdicts, token, "decision", AT_DECISION);
	case AT_DECISION:
		verdicts->item_decided = true;
		verdicts->item_permit = event == KP_JSON_TRUE;
		verdicts->place = IN_ITEM;
		return event == KP_JSON_TRUE || event == KP_JSON_FALSE ? KP_JSON_GO
								       : refuse(verdicts);
	}
	KP_UNREACHABLE();
}

enum kp_status
kp_authzen_verdicts_init(struct kp_authzen_verdicts *verdicts, struct kp_arena *arena,
	const uint64_t *cells, uint32_t cell_words, uint64_t bytes_max)
{
	const struct kp_json_limits limits = {
		.depth_max = ANSWER_DEPTH_MAX,
		.document_bytes_max = bytes_max,
	};
	*verdicts = (struct kp_authzen_verdicts){
		.cells = cells,
		.cell_words = cell_words,
		.asked = (uint32_t)kp_bits_count(cells, cell_words),
		.granted = KP_ARENA_ARRAY(arena, uint64_t, cell_words),
	};
	kp_json_reader_init(&verdicts->reader, &limits, arena, on_event, verdicts);
	return verdicts->granted == NULL ? KP_E_MEMORY : KP_OK;
}

/* An answer that is wrong anywhere grants nothing. */
static enum kp_status
conclude(struct kp_authzen_verdicts *verdicts, enum kp_status status)
{
	if (status == KP_E_CANCELLED || (status == KP_OK && verdicts->wrong)) {
		status = KP_E_INVALID;
	}
	if (status != KP_OK) {
		verdicts->wrong = true;
		verdicts->permitted = 0;
		memset(verdicts->granted, 0, verdicts->cell_words * sizeof(uint64_t));
	}
	return status;
}

enum kp_status
kp_authzen_verdicts_push(struct kp_authzen_verdicts *verdicts, struct kp_slice bytes)
{
	struct kp_error err;
	return conclude(verdicts, kp_json_reader_push(&verdicts->reader, bytes, &err));
}

enum kp_status
kp_authzen_verdicts_finish(struct kp_authzen_verdicts *verdicts)
{
	struct kp_error err;
	enum kp_status status = kp_json_reader_finish(&verdicts->reader, &err);
	if (status == KP_OK &&
		(!verdicts->seen || verdicts->decided != verdicts->asked)) {
		status = KP_E_INVALID;
	}
	return conclude(verdicts, status);
}
