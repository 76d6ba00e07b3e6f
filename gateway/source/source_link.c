/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source_link: a source on one loop. See source.h. */
#include "core/heap.h"
#include "source/source_token.h"

#define RETRY_TOKENS_FIRST 100

enum kp_status
kp_source_link_open(const struct kp_source *source, struct kp_loop *loop,
	struct kp_upstream *upstream, struct kp_workers *workers,
	struct kp_source_link **ret_link, struct kp_error *err)
{
	struct kp_source_link *link = kp_heap_calloc(1, sizeof(*link));
	if (link == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for source '%.*s'",
			KP_SLICE_ARG(source->name));
	}
	link->source = source;
	link->loop = loop;
	link->workers = workers;
	link->active = 1; /* the owner's */
	link->retry_tokens_tenth = RETRY_TOKENS_FIRST;
	link->rate_tokens_milli =
		(uint64_t)source->private->manifest->limits.rate_per_second * 1000;
	link->rate_filled_us = kp_loop_now_us(loop);
	kp_source_set_ref(source->private->set);
	enum kp_status status = kp_source_consult_open(link, upstream, err);
	if (status == KP_OK) {
		status = source->private->transport->open(link, upstream, err);
	}
	if (status != KP_OK) {
		kp_source_consult_close(link);
		kp_heap_free(link);
		kp_source_set_unref(source->private->set);
		return status;
	}
	*ret_link = link;
	return KP_OK;
}

bool
kp_source_link_take_rate(struct kp_source_link *link)
{
	uint64_t rate = link->source->private->manifest->limits.rate_per_second;
	if (rate == 0) {
		return true;
	}
	uint64_t now = kp_loop_now_us(link->loop);
	uint64_t earned = (now - link->rate_filled_us) * rate / 1000;
	if (earned > 0) {
		link->rate_filled_us = now;
		link->rate_tokens_milli += earned;
		if (link->rate_tokens_milli > rate * 1000) {
			link->rate_tokens_milli = rate * 1000;
		}
	}
	if (link->rate_tokens_milli < 1000) {
		return false;
	}
	link->rate_tokens_milli -= 1000;
	return true;
}

void
kp_source_link_leave(struct kp_source_link *link)
{
	KP_REQUIRE(link->active > 0);
	if (--link->active > 0) {
		return;
	}
	struct kp_source_set *set = link->source->private->set;
	if (link->source->private->transport->close != NULL) {
		link->source->private->transport->close(link);
	}
	kp_source_consult_close(link);
	kp_heap_free(link);
	kp_source_set_unref(set);
}

void
kp_source_link_close(struct kp_source_link **link)
{
	if (*link == NULL) {
		return;
	}
	KP_REQUIRE(!(*link)->closing);
	(*link)->closing = true;
	kp_source_health_close(*link);
	kp_source_tables_stop(*link);
	kp_source_token_stop((*link)->token);
	kp_source_link_leave(*link);
	*link = NULL;
}
