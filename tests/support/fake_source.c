/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fake_source: see fake_source.h. */
#include "support/fake_source.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/bits.h"

struct kp_source_private {
	struct kp_fake_partner *partner;
	const struct kp_catalogue *catalogue;
	uint64_t *offers;
	uint32_t needs[1];
};

struct kp_source_set {
	struct kp_source *sources;
	struct kp_source_private *privates;
	size_t count;
};

struct kp_source_link {
	const struct kp_source *source;
	struct kp_loop *loop;
	unsigned running;
};

struct kp_source_call {
	struct kp_source_link *link;
	struct kp_source_call_options options;
	struct kp_timer timer;
	struct kp_task task;
	uint64_t started_us;
	bool cancelled;
	bool late;
};

static struct kp_text
text_of(const char *text)
{
	return (struct kp_text){text, text == NULL ? 0 : strlen(text)};
}

static void
fill_offers(struct kp_source_private *private, uint32_t source)
{
	const struct kp_catalogue *catalogue = private->catalogue;
	const char *const *paths = private->partner->offers;
	for (uint32_t i = 0; i < catalogue->cell_count; i++) {
		if (catalogue->cells[i].source != source) {
			continue;
		}
		struct kp_slice path = catalogue->fields[catalogue->cells[i].field].path;
		bool offered = paths == NULL;
		for (size_t j = 0; paths != NULL && paths[j] != NULL; j++) {
			offered = offered || kp_slice_is(path, paths[j]);
		}
		if (offered) {
			kp_bits_set(private->offers, i);
		}
	}
}

static void
fill_source(struct kp_source *source, struct kp_source_private *private)
{
	struct kp_fake_partner *partner = private->partner;
	source->id = partner->source == NULL
		? KP_NO_ID
		: kp_catalogue_find_source(
			  private->catalogue, kp_slice_from(partner->source));
	KP_REQUIRE(partner->source == NULL || source->id != KP_NO_ID);
	source->name = kp_slice_from(partner->source);
	source->organisation = kp_slice_from(partner->organisation);
	source->oin = kp_slice_from(partner->oin);
	source->offers = private->offers;
	source->caseload = partner->caseload_oin != NULL;
	source->caseload_oin = kp_slice_from(partner->caseload_oin);
	source->private = private;
	if (partner->needs != NULL) {
		private->needs[0] = kp_catalogue_find_field(
			private->catalogue, kp_slice_from(partner->needs));
		KP_REQUIRE(private->needs[0] != KP_NO_ID);
		source->needs = private->needs;
		source->need_count = 1;
	}
	fill_offers(private, source->id);
}

enum kp_status
kp_fake_source_set_create(const struct kp_catalogue *catalogue,
	struct kp_fake_partner *partners, size_t count, struct kp_source_set **ret_set)
{
	struct kp_source_set *set = calloc(1, sizeof(*set));
	KP_REQUIRE(set != NULL);
	set->sources = calloc(count + 1, sizeof(*set->sources));
	set->privates = calloc(count + 1, sizeof(*set->privates));
	KP_REQUIRE(set->sources != NULL && set->privates != NULL);
	set->count = count;
	for (size_t i = 0; i < count; i++) {
		struct kp_source_private *private = &set->privates[i];
		private->partner = &partners[i];
		private->catalogue = catalogue;
		private->offers = calloc(catalogue->cell_words, sizeof(uint64_t));
		KP_REQUIRE(private->offers != NULL);
		fill_source(&set->sources[i], private);
	}
	*ret_set = set;
	return KP_OK;
}

void
kp_source_set_destroy(struct kp_source_set **set)
{
	struct kp_source_set *old = *set;
	*set = NULL;
	for (size_t i = 0; old != NULL && i < old->count; i++) {
		free(old->privates[i].offers);
	}
	if (old != NULL) {
		free(old->privates);
		free(old->sources);
		free(old);
	}
}

size_t
kp_source_set_count(const struct kp_source_set *set)
{
	return set->count;
}

const struct kp_source *
kp_source_set_get(const struct kp_source_set *set, size_t index)
{
	return &set->sources[index];
}

enum kp_status
kp_source_link_open(const struct kp_source *source, struct kp_loop *loop,
	struct kp_upstream *upstream, struct kp_workers *workers,
	struct kp_source_link **ret_link, struct kp_error *err)
{
	(void)upstream;
	(void)workers;
	struct kp_source_link *link = calloc(1, sizeof(*link));
	if (link == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a link");
	}
	link->source = source;
	link->loop = loop;
	*ret_link = link;
	return KP_OK;
}

void
kp_source_link_close(struct kp_source_link **link)
{
	KP_REQUIRE((*link)->running == 0);
	free(*link);
	*link = NULL;
}

static bool
deliver_one(const struct kp_source_call *call, const struct kp_fake_value *given,
	uint32_t *item)
{
	const struct kp_source *source = call->link->source;
	const struct kp_catalogue *catalogue = source->private->catalogue;
	const struct kp_sink *sink = call->options.sink;
	if (given->field[0] == '+') {
		uint32_t section = kp_catalogue_find_section(
			catalogue, kp_slice_from(given->field + 1));
		return sink->item(sink->context, section, item);
	}
	uint32_t field = kp_catalogue_find_field(catalogue, kp_slice_from(given->field));
	KP_REQUIRE(field != KP_NO_ID);
	const struct kp_value value = {
		.size = sizeof(value),
		.cell = kp_catalogue_find_cell(catalogue, field, source->id),
		.item = *item,
		.form = given->text ? KP_VALUE_TEXT : KP_VALUE_JSON,
		.bytes = text_of(given->value),
		.valid_on = text_of(given->valid_on),
		.in_investigation = given->in_investigation,
	};
	return sink->value(sink->context, &value);
}

static bool
deliver(const struct kp_source_call *call)
{
	struct kp_fake_partner *partner = call->link->source->private->partner;
	const struct kp_sink *sink = call->options.sink;
	struct kp_text subject = partner->subject == NULL ? call->options.need->bsn
							  : text_of(partner->subject);
	if (!partner->no_subject && !sink->subject(sink->context, subject)) {
		return false;
	}
	if (partner->note != NULL &&
		!sink->note(sink->context, text_of("let-op"), text_of(partner->note))) {
		return false;
	}
	for (unsigned round = 0; round <= partner->repeat; round++) {
		uint32_t item = 0;
		for (const struct kp_fake_value *value = partner->values;
			value != NULL && value->field != NULL; value++) {
			if (!deliver_one(call, value, &item)) {
				return false;
			}
		}
	}
	return true;
}

static void
finish(struct kp_source_call *call, struct kp_source_result *result)
{
	struct kp_fake_partner *partner = call->link->source->private->partner;
	result->duration_us = kp_loop_now_us(call->link->loop) - call->started_us;
	partner->running--;
	call->link->running--;
	call->options.on_done(call->options.owner, result);
}

static void
on_task(struct kp_task *task)
{
	struct kp_source_call *call = KP_CONTAINER_OF(task, struct kp_source_call, task);
	struct kp_source_result result = {
		.outcome = call->late ? KP_NOT_REACHED : KP_ERROR,
		.status = call->late ? KP_E_TIMEOUT : KP_E_CANCELLED,
		.reason = call->late ? KP_SLICE("de bron antwoordde niet op tijd")
				     : KP_SLICE("de vraag is afgebroken"),
	};
	finish(call, &result);
}

static void
on_timer(struct kp_timer *timer)
{
	struct kp_source_call *call =
		KP_CONTAINER_OF(timer, struct kp_source_call, timer);
	struct kp_fake_partner *partner = call->link->source->private->partner;
	if (call->late) {
		on_task(&call->task);
		return;
	}
	struct kp_source_result result = {
		.outcome = partner->outcome,
		.status = partner->status,
		.reason = kp_slice_from(partner->reason),
		.http_status = 200,
	};
	if (!deliver(call)) {
		partner->sink_stopped = true;
		result.outcome = KP_ERROR;
		result.status = KP_E_SOURCE;
	}
	finish(call, &result);
}

static void
note_need(struct kp_source_call *call)
{
	const struct kp_source *source = call->link->source;
	struct kp_fake_partner *partner = source->private->partner;
	const struct kp_catalogue *catalogue = source->private->catalogue;
	const struct kp_need *need = call->options.need;
	size_t used = 0;
	for (uint32_t i = 0; i < catalogue->cell_count; i++) {
		if (!kp_bits_has(need->cells, i)) {
			continue;
		}
		struct kp_slice path = catalogue->fields[catalogue->cells[i].field].path;
		int len = snprintf(partner->cells + used, sizeof(partner->cells) - used,
			"%s%.*s", used == 0 ? "" : ",", KP_SLICE_ARG(path));
		used += (size_t)len;
		KP_REQUIRE(used < sizeof(partner->cells));
	}
	if (partner->needs != NULL) {
		struct kp_text known = need->known(need, text_of(partner->needs));
		(void)snprintf(partner->known, sizeof(partner->known), "%.*s",
			(int)known.len, known.data == NULL ? "" : known.data);
	}
}

enum kp_status
kp_source_call_start(struct kp_source_link *link,
	const struct kp_source_call_options *options, struct kp_source_call **ret_call)
{
	struct kp_fake_partner *partner = link->source->private->partner;
	partner->asked++;
	if (partner->start_status != KP_OK) {
		return partner->start_status;
	}
	struct kp_source_call *call = KP_ARENA_NEW(options->arena, struct kp_source_call);
	if (call == NULL) {
		return KP_E_MEMORY;
	}
	uint64_t now_us = kp_loop_now_us(link->loop);
	uint64_t left_us =
		options->deadline_us > now_us ? options->deadline_us - now_us : 0;
	call->link = link;
	call->options = *options;
	call->started_us = now_us;
	call->task.run = on_task;
	call->timer.fire = on_timer;
	call->late = !partner->hang && partner->delay_us > left_us;
	partner->running++;
	link->running++;
	note_need(call);
	if (!partner->hang) {
		kp_timer_start(link->loop, &call->timer,
			call->late ? left_us : partner->delay_us);
	}
	*ret_call = call;
	return KP_OK;
}

void
kp_source_call_cancel(struct kp_source_call *call)
{
	if (call->cancelled) {
		return;
	}
	call->cancelled = true;
	call->late = call->link->source->private->partner->hang;
	call->link->source->private->partner->cancelled++;
	kp_timer_stop(call->link->loop, &call->timer);
	kp_loop_defer(call->link->loop, &call->task);
}

/* No partner here has a decision point; tests/flow has them. */
enum kp_status
kp_source_consult_start(struct kp_source_link *link,
	const struct kp_source_consult_options *options,
	struct kp_source_consult **ret_consult)
{
	(void)link;
	(void)options;
	(void)ret_consult;
	return KP_E_STOPPING;
}

void
kp_source_consult_cancel(struct kp_source_consult *consult)
{
	(void)consult;
}
