/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * table_fetch: asks a partner for its code tables when they are due, on the first loop,
 * one after the other and page by page; conditionally where it gave validators (RFC 9110,
 * sections 13.1.2 and 13.1.3). With the source's own credential, over connections of its
 * own, so that no question waits for it; and what has come in is sorted, and what is no
 * longer needed freed, on a worker, so that the loop does not stand still for a large
 * one.
 */
#include <strings.h>

#include "connectors/http.h"
#include "core/heap.h"
#include "source/freshness.h"
#include "source/retry.h"
#include "source/source_tables.h"
#include "source/source_token.h"

#define HEADERS_MAX 3
#define SECOND_US ((uint64_t)1000000)

struct kp_source_fetcher {
	struct kp_source_link *link;
	struct kp_upstream_target *target;
	struct kp_timer
		timer;       /* until a table is due, or may be asked (rate_per_second) */
	struct kp_task next; /* the next page */
	struct kp_source_credential credential;
	struct kp_task *awaiting; /* runs when each was asked for; NULL: nobody waits */

	/* The table under way. */
	struct kp_source_table *table; /* NULL: none */
	struct kp_code_table *before;
	struct kp_code_table_build *build;
	struct kp_arena arena;
	uint64_t deadline_us;
	struct kp_freshness freshness;
	uint32_t stay_away_s; /* as the partner asks; 0: it does not */

	/* Its page under way. */
	struct kp_slice page; /* its target, behind the path of `from` */
	const struct kp_code_page *old;
	struct kp_upstream_header headers[HEADERS_MAX];
	struct kp_upstream_request request;
	struct kp_upstream_call *call;
	uint32_t status;
	bool refused; /* `err` is about what came */
	struct kp_error err;

	/* The end of it, on a worker. */
	struct kp_work work;
	bool working;
	enum kp_status status_read; /* of all pages */
	struct kp_code_table *made; /* NULL: `err` says why */
	bool same;                  /* as the one before */
};

static const struct kp_source_private *
private_of(const struct kp_source_fetcher *fetcher)
{
	return fetcher->link->source->private;
}

/* When. */

static uint64_t
due_us(struct kp_source_table *table)
{
	(void)pthread_mutex_lock(&table->lock);
	uint64_t due = table->due_us;
	(void)pthread_mutex_unlock(&table->lock);
	return due;
}

static struct kp_source_table *
first_due(const struct kp_source_fetcher *fetcher, uint64_t *ret_due_us)
{
	const struct kp_source_private *private = private_of(fetcher);
	struct kp_source_table *first = &private->tables[0];
	*ret_due_us = due_us(first);
	for (size_t i = 1; i < private->table_count; i++) {
		uint64_t due = due_us(&private->tables[i]);
		if (due < *ret_due_us) {
			*ret_due_us = due;
			first = &private->tables[i];
		}
	}
	return first;
}

static void
arm(struct kp_source_fetcher *fetcher)
{
	uint64_t now = kp_loop_now_us(fetcher->link->loop);
	uint64_t due = 0;
	(void)first_due(fetcher, &due);
	kp_timer_start(fetcher->link->loop, &fetcher->timer, due > now ? due - now : 0);
}

/* Ending. */

static void
tell(const struct kp_source_fetcher *fetcher, const struct kp_source_table_end *end)
{
	const struct kp_source_set *set = private_of(fetcher)->set;
	const struct kp_code_table *current =
		end->taken != NULL ? end->taken : fetcher->before;
	struct kp_table_event event = {.source = fetcher->link->source->name,
		.table = fetcher->table->manifest->name,
		.outcome = end->outcome,
		.trouble = end->trouble == NULL ? "" : end->trouble,
		.rows = current == NULL ? 0 : kp_code_table_rows(current)};
	if (set->tell_table != NULL && end->outcome != KP_TABLE_UNCHANGED) {
		set->tell_table(set->tell_context, &event);
	}
}

/* Was each asked for at least once? */
static bool
all_tried(const struct kp_source_fetcher *fetcher)
{
	const struct kp_source *source = fetcher->link->source;
	for (size_t i = 0; i < kp_source_table_count(source); i++) {
		struct kp_table_view view;
		uint64_t attempts = 0;
		kp_source_table_view(source, i, &view);
		for (size_t j = 0; j < KP_TABLE_OUTCOME_COUNT; j++) {
			attempts += view.outcomes[j];
		}
		if (attempts == 0) {
			return false;
		}
	}
	return true;
}

static void
wake(struct kp_source_fetcher *fetcher)
{
	if (fetcher->awaiting != NULL && all_tried(fetcher)) {
		kp_loop_defer(fetcher->link->loop, fetcher->awaiting);
		fetcher->awaiting = NULL;
	}
}

static void leave(struct kp_source_fetcher *fetcher);

static void
conclude(struct kp_source_fetcher *fetcher, enum kp_table_outcome outcome)
{
	const struct kp_manifest_fetch *manifest = fetcher->table->manifest->fetch;
	struct kp_source_table_end end = {
		.outcome = outcome,
		.taken = fetcher->made,
		.now_ms = kp_loop_wall_ms(fetcher->link->loop),
		.now_us = kp_loop_now_us(fetcher->link->loop),
		.fresh_s = kp_freshness_s(&fetcher->freshness, manifest->refresh_s,
			manifest->refresh_min_s, manifest->refresh_max_s),
		.stay_away_s = fetcher->stay_away_s,
		.trouble = fetcher->made == NULL ? fetcher->err.message : NULL,
	};
	kp_loop_random(
		fetcher->link->loop, (unsigned char *)&end.random, sizeof(end.random));
	fetcher->made = NULL;
	tell(fetcher, &end);
	kp_source_table_end(fetcher->table, &end);
}

/* On a worker: what was read becomes a table, and what was read goes. */
static void
run_making(struct kp_work *work)
{
	struct kp_source_fetcher *fetcher =
		KP_CONTAINER_OF(work, struct kp_source_fetcher, work);
	if (fetcher->status_read == KP_OK) {
		fetcher->status_read = kp_code_table_build_finish(
			fetcher->build, &fetcher->made, &fetcher->err);
	}
	fetcher->same = fetcher->made != NULL && fetcher->before != NULL &&
		kp_code_table_same(fetcher->made, fetcher->before);
	kp_code_table_build_destroy(&fetcher->build);
}

static void
on_made(struct kp_work *work)
{
	struct kp_source_fetcher *fetcher =
		KP_CONTAINER_OF(work, struct kp_source_fetcher, work);
	struct kp_source_link *link = fetcher->link;
	fetcher->working = false;
	if (!link->closing) {
		bool taken = fetcher->made != NULL;
		bool refused = fetcher->status_read == KP_E_SOURCE;
		conclude(fetcher,
			fetcher->same     ? KP_TABLE_UNCHANGED
				: taken   ? KP_TABLE_TAKEN
				: refused ? KP_TABLE_REFUSED
					  : KP_TABLE_FAILED);
	}
	kp_source_table_leave(link->workers, &fetcher->made);
	kp_source_table_leave(link->workers, &fetcher->before);
	kp_arena_deinit(&fetcher->arena);
	fetcher->table = NULL;
	if (link->closing) {
		leave(fetcher);
		return;
	}
	wake(fetcher);
	arm(fetcher);
}

/* The one way out of an attempt, with how the pages were read; `err` says why when that
 * did not go well. In the short lane: the limits of a table keep it within a part of a
 * second, and no source should wait for its table behind the reading of an export. */
static void
end_reading(struct kp_source_fetcher *fetcher, enum kp_status status)
{
	fetcher->status_read = status;
	fetcher->working = true;
	fetcher->work =
		(struct kp_work){.run = run_making, .done = on_made, .impersonal = true};
	kp_work_start(fetcher->link->workers, fetcher->link->loop, KP_LANE_SHORT,
		&fetcher->work);
}

static void
fail(struct kp_source_fetcher *fetcher, const char *trouble)
{
	end_reading(fetcher,
		kp_error_set(&fetcher->err, KP_E_SOURCE_UNREACHABLE, "%s", trouble));
}

/* The answer to one page. */

static struct kp_slice
find_field(const struct kp_upstream_header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (headers[i].name.len == strlen(name) &&
			strncasecmp(headers[i].name.data, name, headers[i].name.len) ==
				0) {
			return headers[i].value;
		}
	}
	return (struct kp_slice){0};
}

static void
take_freshness(struct kp_source_fetcher *fetcher,
	const struct kp_upstream_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct kp_slice control = find_field(&headers[i], 1, "cache-control");
		kp_freshness_take(&fetcher->freshness, control);
	}
	kp_freshness_age(&fetcher->freshness, find_field(headers, count, "age"));
}

static enum kp_status
begin_page(struct kp_source_fetcher *fetcher, const struct kp_upstream_header *headers,
	size_t count)
{
	struct kp_slice type = find_field(headers, count, "content-type");
	const struct kp_code_page page = {.target = fetcher->page,
		.etag = find_field(headers, count, "etag"),
		.modified = find_field(headers, count, "last-modified")};
	if (!kp_http_media_is(
		    (struct kp_text){type.data, type.len}, "application/json", "+json")) {
		return kp_error_set(
			&fetcher->err, KP_E_SOURCE, "it is not JSON by its content type");
	}
	struct kp_slice coding = find_field(headers, count, "content-encoding");
	if (kp_http_is_coded((struct kp_text){coding.data, coding.len})) {
		return kp_error_set(&fetcher->err, KP_E_SOURCE,
			"it is compressed, which was not asked for (Content-Encoding)");
	}
	return kp_code_table_page_begin(fetcher->build, &page, &fetcher->err);
}

/* Too much was asked, or it is away: both may say until when (RFC 6585, section 4; RFC
 * 9110, section 15.6.4). */
static enum kp_status
refuse(struct kp_source_fetcher *fetcher, uint32_t status,
	const struct kp_upstream_header *headers, size_t count)
{
	int64_t now_s = kp_loop_wall_ms(fetcher->link->loop) / 1000;
	struct kp_slice after = find_field(headers, count, "retry-after");
	kp_source_credential_refused(&fetcher->credential, status);
	if ((status == 429 || status == 503) &&
		kp_retry_after_s(after, now_s, &fetcher->stay_away_s)) {
		return kp_error_set(&fetcher->err, KP_E_SOURCE_UNREACHABLE,
			"the partner answered with status %u and asks to be left alone "
			"for %u s",
			status, fetcher->stay_away_s);
	}
	return kp_error_set(&fetcher->err, KP_E_SOURCE_UNREACHABLE,
		"the partner answered with status %u", status);
}

static enum kp_status
on_head(void *owner, uint32_t status, const struct kp_upstream_header *headers,
	size_t header_count)
{
	struct kp_source_fetcher *fetcher = owner;
	enum kp_status result = KP_OK;
	fetcher->status = status;
	take_freshness(fetcher, headers, header_count);
	if (status == 200) {
		result = begin_page(fetcher, headers, header_count);
	} else if (status != 304 || fetcher->old == NULL) {
		result = refuse(fetcher, status, headers, header_count);
	}
	fetcher->refused = result != KP_OK;
	return result;
}

static enum kp_status
on_body(void *owner, struct kp_slice bytes)
{
	struct kp_source_fetcher *fetcher = owner;
	enum kp_status result = fetcher->status != 200
		? KP_OK
		: kp_code_table_page_push(fetcher->build, bytes, &fetcher->err);
	fetcher->refused = result != KP_OK;
	return result;
}

static void
end_page(struct kp_source_fetcher *fetcher)
{
	struct kp_slice next = {0};
	enum kp_status status = fetcher->status == 304
		? kp_code_table_page_keep(
			  fetcher->build, fetcher->old, &next, &fetcher->err)
		: kp_code_table_page_end(fetcher->build, &next, &fetcher->err);
	if (status != KP_OK || next.data == NULL) {
		end_reading(fetcher, status);
	} else {
		fetcher->page = next;
		kp_loop_defer(fetcher->link->loop, &fetcher->next);
	}
}

static void
on_done(void *owner, enum kp_status status, const struct kp_upstream_timing *timing,
	const struct kp_error *err)
{
	struct kp_source_fetcher *fetcher = owner;
	(void)timing;
	fetcher->call = NULL;
	if (fetcher->link->closing) {
		end_reading(fetcher, KP_E_CANCELLED);
	} else if (status == KP_OK) {
		end_page(fetcher);
	} else if (fetcher->refused) {
		end_reading(fetcher, fetcher->err.status);
	} else if (status == KP_E_SOURCE && err != NULL && err->cause == 0) {
		/* Upstream itself would not take it: too large. */
		end_reading(
			fetcher, kp_error_set(&fetcher->err, status, "%s", err->message));
	} else {
		fail(fetcher, err == NULL ? "the partner was not reached" : err->message);
	}
}

static const struct kp_upstream_handler handler = {
	.on_head = on_head,
	.on_body = on_body,
	.on_done = on_done,
};

/* Asking for one page. */

static void
add_header(struct kp_source_fetcher *fetcher, struct kp_slice name, struct kp_slice value)
{
	KP_REQUIRE(fetcher->request.header_count < HEADERS_MAX);
	fetcher->headers[fetcher->request.header_count++] =
		(struct kp_upstream_header){name, value};
}

static void
send(struct kp_source_fetcher *fetcher)
{
	const struct kp_source_table *table = fetcher->table;
	uint64_t now = kp_loop_now_us(fetcher->link->loop);
	struct kp_slice path = {table->endpoint.data + table->origin.len,
		table->endpoint.len - table->origin.len};
	const char *target = kp_arena_printf(&fetcher->arena, "%.*s%.*s",
		KP_SLICE_ARG(path), KP_SLICE_ARG(fetcher->page));
	if (target == NULL || now >= fetcher->deadline_us) {
		fail(fetcher,
			target == NULL ? "no memory" : "it took too long (time_ms)");
		return;
	}
	uint64_t left_ms = (fetcher->deadline_us - now) / 1000;
	fetcher->request = (struct kp_upstream_request){
		.method = KP_SLICE("GET"),
		.target = kp_slice_from(target),
		.headers = fetcher->headers,
		.timeout_ms = left_ms == 0 ? 1 : (uint32_t)left_ms,
		.body_bytes_max = UINT32_MAX, /* the build counts all pages */
	};
	add_header(fetcher, KP_SLICE("Accept"), KP_SLICE("application/json"));
	if (fetcher->credential.header.name.len > 0) {
		add_header(fetcher, fetcher->credential.header.name,
			fetcher->credential.header.value);
	}
	/* An ETag is worth more than a date (RFC 9110, section 13.1.3). */
	if (fetcher->old != NULL && fetcher->old->etag.len > 0) {
		add_header(fetcher, KP_SLICE("If-None-Match"), fetcher->old->etag);
	} else if (fetcher->old != NULL) {
		add_header(
			fetcher, KP_SLICE("If-Modified-Since"), fetcher->old->modified);
	}
	fetcher->status = 0;
	fetcher->refused = false;
	if (kp_upstream_start(fetcher->target, &fetcher->request, &handler, fetcher,
		    &fetcher->call) != KP_OK) {
		fetcher->call = NULL;
		fail(fetcher, "the question could not be put");
	}
}

static void
sign_in(struct kp_source_fetcher *fetcher)
{
	enum kp_source_token_state state =
		kp_source_credential_take(&fetcher->credential);
	if (state == KP_SOURCE_TOKEN_READY) {
		send(fetcher);
	} else if (state != KP_SOURCE_TOKEN_WAIT) {
		fail(fetcher, "there is no token for the partner");
	}
}

/* Within the rate that was agreed with the partner, which questions share. */
static void
ask(struct kp_source_fetcher *fetcher)
{
	const struct kp_code_page *old =
		kp_code_table_page(fetcher->before, fetcher->page);
	bool conditional = old != NULL && (old->etag.len > 0 || old->modified.len > 0);
	fetcher->old = conditional ? old : NULL;
	if (kp_source_link_take_rate(fetcher->link)) {
		sign_in(fetcher);
	} else {
		kp_timer_start(fetcher->link->loop, &fetcher->timer,
			SECOND_US /
				private_of(fetcher)->manifest->limits.rate_per_second);
	}
}

static void
on_next(struct kp_task *task)
{
	ask(KP_CONTAINER_OF(task, struct kp_source_fetcher, next));
}

static void
on_asked(struct kp_source_token_wait *wait)
{
	sign_in(KP_CONTAINER_OF(wait, struct kp_source_fetcher, credential.wait));
}

static void
begin(struct kp_source_fetcher *fetcher, struct kp_source_table *table)
{
	const struct kp_manifest_fetch *manifest = table->manifest->fetch;
	const char *query = memchr(manifest->from.data, '?', manifest->from.len);
	size_t path = query == NULL ? manifest->from.len
				    : (size_t)(query - manifest->from.data);
	fetcher->table = table;
	fetcher->before = kp_source_table_get(table);
	fetcher->page =
		(struct kp_slice){manifest->from.data + path, manifest->from.len - path};
	fetcher->deadline_us =
		kp_loop_now_us(fetcher->link->loop) + (uint64_t)manifest->time_ms * 1000;
	fetcher->freshness = (struct kp_freshness){0};
	fetcher->stay_away_s = 0;
	fetcher->err = (struct kp_error){0};
	kp_arena_init(&fetcher->arena, (size_t)16 << 20, NULL);
	if (kp_code_table_build_create(manifest, table->endpoint, fetcher->before,
		    &fetcher->build) != KP_OK) {
		fail(fetcher, "no memory");
		return;
	}
	ask(fetcher);
}

static void
on_timer(struct kp_timer *timer)
{
	struct kp_source_fetcher *fetcher =
		KP_CONTAINER_OF(timer, struct kp_source_fetcher, timer);
	uint64_t due = 0;
	if (fetcher->table != NULL) {
		ask(fetcher);
		return;
	}
	struct kp_source_table *table = first_due(fetcher, &due);
	if (due > kp_loop_now_us(fetcher->link->loop)) {
		arm(fetcher);
	} else {
		begin(fetcher, table);
	}
}

/* Opening and closing. */

enum kp_status
kp_source_tables_open(
	struct kp_source_link *link, struct kp_upstream *upstream, struct kp_error *err)
{
	const struct kp_source_private *private = link->source->private;
	if (private->table_count == 0 || kp_loop_index(link->loop) != 0) {
		return KP_OK;
	}
	struct kp_source_fetcher *fetcher = kp_heap_calloc(1, sizeof(*fetcher));
	if (fetcher == NULL) {
		return kp_error_set(err, KP_E_MEMORY,
			"no memory for the tables of source '%.*s'",
			KP_SLICE_ARG(link->source->name));
	}
	struct kp_upstream_target_options options =
		kp_source_http_target(link->source, private->tables[0].origin);
	options.connections_max = 1;
	options.waiting_max = 1;
	enum kp_status status =
		kp_upstream_target_open(upstream, &options, &fetcher->target, err);
	if (status != KP_OK) {
		kp_heap_free(fetcher);
		return status;
	}
	fetcher->link = link;
	fetcher->timer.fire = on_timer;
	fetcher->next.run = on_next;
	fetcher->credential.link = link;
	fetcher->credential.wait.on_asked = on_asked;
	link->fetcher = fetcher;
	link->active++;
	arm(fetcher);
	return KP_OK;
}

bool
kp_source_tables_await(struct kp_source_link *link, struct kp_task *task)
{
	struct kp_source_fetcher *fetcher = link->fetcher;
	if (fetcher == NULL || all_tried(fetcher)) {
		return false;
	}
	fetcher->awaiting = task;
	return true;
}

static void
leave(struct kp_source_fetcher *fetcher)
{
	struct kp_source_link *link = fetcher->link;
	kp_upstream_target_close(&fetcher->target);
	kp_heap_free(fetcher);
	kp_source_link_leave(link);
}

void
kp_source_tables_stop(struct kp_source_link *link)
{
	struct kp_source_fetcher *fetcher = link->fetcher;
	if (fetcher == NULL) {
		return;
	}
	link->fetcher = NULL;
	kp_timer_stop(link->loop, &fetcher->timer);
	kp_loop_undefer(link->loop, &fetcher->next);
	kp_source_token_leave(&fetcher->credential.wait);
	if (fetcher->call != NULL) {
		kp_upstream_cancel(fetcher->call); /* on_done follows */
	} else if (fetcher->table == NULL) {
		leave(fetcher);
	} else if (!fetcher->working) {
		end_reading(fetcher, KP_E_CANCELLED);
	} /* else on_made follows */
}
