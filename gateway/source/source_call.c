/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_call: drives the connector of one call: prepare, head, consume, finish, end, in
 * that order and `end` exactly once. Stands between the connector and the dossier: what
 * is not about the person, not permitted or too much stops here.
 */
#include <string.h>

#include "core/bits.h"
#include "core/hash.h"
#include "core/json_read.h"
#include "core/json_write.h"
#include "source/source_private.h"

#define BSN_DIGITS 9

static struct kp_source_private *
private_of(const struct kp_source_call *call)
{
	return call->link->source->private;
}

void
kp_source_call_stop(struct kp_source_call *call, enum kp_outcome outcome,
	enum kp_status status, const char *reason)
{
	if (!call->stopped) {
		call->stopped = true;
		call->stop_outcome = outcome;
		call->stop_status = status;
		call->stop_reason = reason;
	}
}

uint32_t
kp_source_call_left_ms(const struct kp_source_call *call)
{
	uint64_t now = kp_loop_now_us(call->link->loop);
	uint64_t end = call->started_us + (uint64_t)call->link->source->timeout_ms * 1000;
	if (call->options.deadline_us < end) {
		end = call->options.deadline_us;
	}
	return end <= now ? 0 : (uint32_t)((end - now) / 1000);
}

/* The sink the connector sees. */

/* A bsn without its leading zeros is met in practice: eight digits are one. */
static bool
same_person(struct kp_text said, struct kp_text asked)
{
	while (said.len > 0 && said.data[0] == '0') {
		said.data++;
		said.len--;
	}
	while (asked.len > 0 && asked.data[0] == '0') {
		asked.data++;
		asked.len--;
	}
	return said.len == asked.len && said.len <= BSN_DIGITS && said.len > 0 &&
		memcmp(said.data, asked.data, said.len) == 0;
}

static bool
goes_on(const struct kp_source_call *call)
{
	return !call->stopped && !call->cancelled;
}

/* The dossier refused more: its memory is used up. */
static bool
pass(struct kp_source_call *call, bool taken)
{
	if (!taken) {
		kp_source_call_stop(call, KP_ERROR, KP_E_LIMIT,
			"het antwoord is groter dan de gateway mag verwerken");
	}
	return taken;
}

static bool
sink_subject(void *context, struct kp_text bsn)
{
	struct kp_source_call *call = context;
	if (!goes_on(call)) {
		return false;
	}
	if (!same_person(bsn, call->need.bsn)) {
		kp_source_call_stop(call, KP_ERROR, KP_E_OTHER_PERSON,
			"het antwoord gaat over een andere persoon");
		return false;
	}
	call->subject_seen = true;
	/* Passed on as it was asked: the source may have lost the leading zeroes. */
	return pass(call,
		call->options.sink->subject == NULL ||
			call->options.sink->subject(
				call->options.sink->context, call->need.bsn));
}

static bool
sink_item(void *context, uint32_t section, uint32_t *ret_item)
{
	struct kp_source_call *call = context;
	if (!goes_on(call)) {
		return false;
	}
	if (call->items == private_of(call)->manifest->limits.items) {
		kp_source_call_stop(call, KP_ERROR, KP_E_LIMIT,
			"het antwoord heeft meer regels dan is toegestaan");
		return false;
	}
	call->items++;
	return pass(call,
		call->options.sink->item(call->options.sink->context, section, ret_item));
}

/* What else would break the dossier it is written into. */
static bool
value_valid(const struct kp_value *value)
{
	struct kp_slice bytes = {value->bytes.data, value->bytes.len};
	return value->form == KP_VALUE_JSON ? kp_json_scalar_valid(bytes)
					    : kp_utf8_valid(bytes);
}

/* A value of a list section comes after an item was begun. Which numbers are items is the
 * sink's to know. */
static bool
item_valid(const struct kp_source_call *call, const struct kp_value *value)
{
	const struct kp_catalogue *catalogue = private_of(call)->catalogue;
	const struct kp_field *field =
		&catalogue->fields[catalogue->cells[value->cell].field];
	return !catalogue->sections[field->section].list || call->items > 0;
}

static bool
sink_value(void *context, const struct kp_value *value)
{
	struct kp_source_call *call = context;
	if (!goes_on(call)) {
		return false;
	}
	if (private_of(call)->subject_required && !call->subject_seen) {
		kp_source_call_stop(call, KP_ERROR, KP_E_SOURCE,
			"het antwoord zegt niet over wie het gaat");
		return false;
	}
	if (value->cell / 64 >= call->need.cell_words ||
		!kp_bits_has(call->need.cells, value->cell)) {
		return true;
	}
	if (!value_valid(value) || !item_valid(call, value)) {
		kp_source_call_stop(call, KP_ERROR, KP_E_SOURCE,
			"het antwoord van de bron is niet te lezen");
		return false;
	}
	return pass(call, call->options.sink->value(call->options.sink->context, value));
}

/* A list says the same of each of its rows: that is one remark, and leaves room for
 * others. */
static bool
is_new_note(struct kp_source_call *call, struct kp_text code, struct kp_text text)
{
	uint64_t parts[2] = {kp_hash(code.data, code.len), kp_hash(text.data, text.len)};
	uint64_t hash = kp_hash(parts, sizeof(parts));
	for (uint32_t i = 0; i < call->notes; i++) {
		if (call->note_hashes[i] == hash) {
			return false;
		}
	}
	if (call->notes == KP_SOURCE_NOTES_MAX) {
		return false;
	}
	call->note_hashes[call->notes++] = hash;
	return true;
}

static bool
sink_note(void *context, struct kp_text code, struct kp_text text)
{
	struct kp_source_call *call = context;
	if (!goes_on(call)) {
		return false;
	}
	if (call->options.sink->note == NULL || !is_new_note(call, code, text)) {
		return true;
	}
	return pass(
		call, call->options.sink->note(call->options.sink->context, code, text));
}

static bool
sink_unmapped(void *context, struct kp_text path)
{
	struct kp_source_call *call = context;
	return goes_on(call) &&
		call->options.sink->unmapped(call->options.sink->context, path);
}

static bool
sink_doubt(void *context, const struct kp_fault *doubt)
{
	struct kp_source_call *call = context;
	return goes_on(call) &&
		call->options.sink->doubt(call->options.sink->context, doubt);
}

static bool
sink_valid_on(void *context, struct kp_text date)
{
	struct kp_source_call *call = context;
	if (!goes_on(call)) {
		return false;
	}
	return pass(call,
		call->options.sink->valid_on == NULL ||
			call->options.sink->valid_on(call->options.sink->context, date));
}

/* Ending. */

void
kp_source_call_conclude(struct kp_source_call *call, enum kp_outcome outcome)
{
	struct kp_source_link *link = call->link;
	struct kp_source_result result = {
		.outcome = outcome,
		.fault = call->fault,
		.duration_us = kp_loop_clock_us(link->loop) - call->started_us,
		.bytes = call->bytes,
		.http_status = call->http_status,
		.pages = call->pages,
	};
	if (call->cancelled) {
		kp_source_call_stop(call, KP_NOT_REACHED, KP_E_CANCELLED,
			"de vraag is afgebroken voordat de bron antwoordde");
	}
	if (call->stopped) {
		result.outcome = call->stop_outcome;
		result.status = call->stop_status;
		result.reason = kp_slice_from(call->stop_reason);
	}
	kp_timer_stop(link->loop, &call->timer);
	kp_loop_undefer(link->loop, &call->task);
	if (call->end_due) {
		call->end_due = false;
		private_of(call)->connector->end(
			private_of(call)->instance, call->memory);
	}
	kp_source_tables_release(&call->services, link->workers);
	/* The owner may let go of the call's memory in on_done. */
	call->options.on_done(call->options.owner, &result);
	link->calls--;
	kp_source_link_leave(link);
}

static void
conclude_now(struct kp_source_call *call)
{
	kp_source_call_conclude(call, KP_ERROR);
}

static void
on_task(struct kp_task *task)
{
	struct kp_source_call *call = KP_CONTAINER_OF(task, struct kp_source_call, task);
	if (call->cancelled) {
		conclude_now(call);
		return;
	}
	call->later(call);
}

void
kp_source_call_defer(
	struct kp_source_call *call, void (*later)(struct kp_source_call *call))
{
	call->later = later;
	kp_loop_defer(call->link->loop, &call->task);
}

void
kp_source_call_conclude_later(struct kp_source_call *call)
{
	kp_source_call_defer(call, conclude_now);
}

/* Driving the connector. */

static void
stop_by_connector(struct kp_source_call *call, const char *reason)
{
	kp_source_call_stop(call, KP_ERROR, KP_E_SOURCE, reason);
}

bool
kp_source_call_prepare(struct kp_source_call *call)
{
	const struct kp_source_private *private = private_of(call);
	struct kp_request_writer writer = kp_source_request_writer(call);
	call->end_due = true;
	call->subject_seen = false;
	int verdict = private->connector->prepare(private->instance, call->memory,
		&call->host, &call->need, &writer, &call->fault);
	/* Something was asked and read already: without the rest it is no answer. */
	if (call->need.page > 0 && (verdict == KP_SKIP || verdict == KP_UNMAPPED)) {
		stop_by_connector(call,
			"het vervolg kon niet worden gevraagd, dus het antwoord is niet "
			"heel");
	} else if (verdict == KP_SKIP) {
		kp_source_call_stop(call, KP_NOT_APPLICABLE, KP_OK,
			"een gegeven dat deze bron nodig heeft is niet bekend");
	} else if (verdict == KP_UNMAPPED) {
		kp_source_call_stop(call, KP_NOT_ASKED, KP_OK,
			"voor dit doel of deze vraag is met de bron geen code "
			"afgesproken");
	} else if (verdict != KP_DONE) {
		stop_by_connector(call, "de vraag aan de bron kon niet worden gesteld");
	}
	return !call->stopped;
}

bool
kp_source_call_head(struct kp_source_call *call, const struct kp_head *head)
{
	const struct kp_source_private *private = private_of(call);
	call->http_status = head->status;
	call->pages++;
	if (call->options.on_head != NULL) {
		call->options.on_head(call->options.owner, head);
	}
	if (private->connector->head(private->instance, call->memory, head, &call->sink,
		    &call->fault) != KP_DONE) {
		stop_by_connector(
			call, "de bron gaf een antwoord dat niet is afgesproken");
	}
	return !call->stopped;
}

bool
kp_source_call_consume(struct kp_source_call *call, struct kp_slice bytes)
{
	const struct kp_source_private *private = private_of(call);
	call->bytes += bytes.len;
	if (call->options.on_bytes != NULL) {
		call->options.on_bytes(call->options.owner, bytes);
	}
	if (call->bytes > call->link->source->answer_bytes_max) {
		kp_source_call_stop(call, KP_ERROR, KP_E_LIMIT,
			"het antwoord is groter dan is toegestaan");
		return false;
	}
	int verdict = private->connector->consume(private->instance, call->memory,
		(struct kp_text){bytes.data, bytes.len}, &call->sink, &call->fault);
	if (verdict != KP_DONE) {
		stop_by_connector(call, "het antwoord van de bron is niet te lezen");
	}
	return !call->stopped;
}

static void
send(struct kp_source_call *call)
{
	if (!kp_source_call_prepare(call)) {
		kp_source_call_conclude_later(call);
	} else {
		private_of(call)->transport->send(call);
	}
}

/* Without it the answer could not be read as was agreed. */
static void
begin(struct kp_source_call *call)
{
	if (kp_source_tables_missing(private_of(call))) {
		kp_source_call_stop(call, KP_NOT_REACHED, KP_E_SOURCE_UNREACHABLE,
			"een codetabel van de bron kon nog niet worden opgehaald");
		kp_source_call_conclude_later(call);
	} else {
		send(call);
	}
}

static const char *
reason_of(enum kp_outcome outcome)
{
	switch (outcome) {
	case KP_FOUND:
	case KP_NOTHING_FOUND:
		return "";
	case KP_NOT_ENTITLED:
		return "de bron geeft ons geen toegang";
	case KP_NOT_APPLICABLE:
		return "de bron zegt dat de vraag niet van toepassing is";
	case KP_ERROR:
		return "de bron meldt een fout";
	case KP_NOT_REACHED:
		return "de bron meldt dat zij nu niet beschikbaar is";
	case KP_NOT_ASKED:
		break;
	}
	return "";
}

void
kp_source_call_finish(struct kp_source_call *call)
{
	const struct kp_source_private *private = private_of(call);
	enum kp_outcome outcome = KP_ERROR;
	int verdict = private->connector->finish(
		private->instance, call->memory, &call->sink, &outcome, &call->fault);
	if (verdict == KP_NEXT && !call->stopped &&
		call->pages < private->manifest->limits.pages) {
		call->need.page++;
		kp_source_call_defer(call, send);
		return;
	}
	if (verdict == KP_NEXT) {
		kp_source_call_stop(call, KP_ERROR, KP_E_LIMIT,
			"het antwoord heeft meer bladzijden dan is toegestaan");
	} else if (verdict != KP_DONE || (unsigned)outcome > KP_NOT_REACHED) {
		stop_by_connector(call, "het antwoord van de bron is niet te lezen");
	}
	if (!call->stopped && outcome != KP_FOUND && outcome != KP_NOTHING_FOUND) {
		kp_source_call_stop(call, outcome,
			outcome == KP_NOT_REACHED     ? KP_E_SOURCE_UNREACHABLE
				: outcome == KP_ERROR ? KP_E_SOURCE
						      : KP_OK,
			reason_of(outcome));
	}
	kp_source_call_conclude(call, outcome);
}

enum kp_status
kp_source_call_start(struct kp_source_link *link,
	const struct kp_source_call_options *options, struct kp_source_call **ret_call)
{
	if (link->closing) {
		return KP_E_STOPPING;
	}
	const struct kp_source_private *private = link->source->private;
	struct kp_source_call *call = KP_ARENA_NEW(options->arena, struct kp_source_call);
	if (call == NULL) {
		return KP_E_MEMORY;
	}
	call->memory = kp_arena_alloc(options->arena, private->connector->call_size + 1);
	if (call->memory == NULL ||
		kp_source_services_begin(private, options->arena, &call->services) !=
			KP_OK) {
		return KP_E_MEMORY;
	}
	call->link = link;
	call->options = *options;
	call->need = *options->need;
	call->task.run = on_task;
	call->started_us = kp_loop_now_us(link->loop);
	call->host = kp_source_services_host(&call->services);
	call->sink = (struct kp_sink){
		.size = sizeof(call->sink),
		.context = call,
		.subject = sink_subject,
		.item = sink_item,
		.value = sink_value,
		.note = sink_note,
		.unmapped = options->sink->unmapped == NULL ? NULL : sink_unmapped,
		.doubt = options->sink->doubt == NULL ? NULL : sink_doubt,
		.valid_on = sink_valid_on,
	};
	link->active++;
	link->calls++;
	*ret_call = call;
	begin(call);
	return KP_OK;
}

void
kp_source_call_cancel(struct kp_source_call *call)
{
	if (call->cancelled) {
		return;
	}
	call->cancelled = true;
	if (!call->task.queued && !private_of(call)->transport->cancel(call)) {
		kp_source_call_conclude_later(call);
	}
}
