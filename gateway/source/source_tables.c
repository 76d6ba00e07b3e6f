/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source_tables: what is in force, and who looks into it. See source_tables.h. */
#include "source/source_tables.h"

#include <stdio.h>

#include "source/retry.h"

#define SECOND_US ((uint64_t)1000000)
#define RETRY_FIRST_US (5 * SECOND_US)

const char *
kp_table_outcome_name(enum kp_table_outcome outcome)
{
	static const char *const names[] = {
		[KP_TABLE_TAKEN] = "taken",
		[KP_TABLE_UNCHANGED] = "unchanged",
		[KP_TABLE_REFUSED] = "refused",
		[KP_TABLE_FAILED] = "failed",
	};
	return names[outcome];
}

/* Opening. */

/* "https://host:port" of "https://host:port/path". */
static struct kp_slice
origin_of(struct kp_slice endpoint)
{
	const char *host = memmem(endpoint.data, endpoint.len, "://", 3);
	size_t start = host == NULL ? 0 : (size_t)(host - endpoint.data) + 3;
	const char *slash = memchr(endpoint.data + start, '/', endpoint.len - start);
	if (slash != NULL) {
		endpoint.len = (size_t)(slash - endpoint.data);
	}
	return endpoint;
}

static enum kp_status
open_table(struct kp_source_opening *opening, const struct kp_manifest_table *manifest,
	struct kp_source_table *table)
{
	struct kp_slice from = manifest->fetch->from;
	const char *query = from.len == 0 ? NULL : memchr(from.data, '?', from.len);
	struct kp_slice address = opening->private->manifest->endpoint;
	from.len = query == NULL ? from.len : (size_t)(query - from.data);
	table->manifest = manifest;
	table->view.name = manifest->name;
	table->view.required = manifest->fetch->required;
	table->origin =
		address.len > 0 ? origin_of(address) : KP_SLICE("http://127.0.0.1");
	table->endpoint = kp_slice_from(kp_arena_printf(&opening->set->arena, "%.*s%.*s",
		KP_SLICE_ARG(table->origin), KP_SLICE_ARG(from)));
	return table->endpoint.data == NULL || pthread_mutex_init(&table->lock, NULL) != 0
		? KP_E_MEMORY
		: KP_OK;
}

enum kp_status
kp_source_tables_check(struct kp_source_opening *opening)
{
	struct kp_source_private *private = opening->private;
	const struct kp_manifest *manifest = private->manifest;
	private->tables = KP_ARENA_ARRAY(
		&opening->set->arena, struct kp_source_table, manifest->table_count + 1);
	enum kp_status status = private->tables == NULL ? KP_E_MEMORY : KP_OK;
	for (size_t i = 0; i < manifest->table_count && status == KP_OK; i++) {
		if (manifest->tables[i].fetch != NULL) {
			status = open_table(opening, &manifest->tables[i],
				&private->tables[private->table_count]);
			private->table_count += status == KP_OK ? 1 : 0;
		}
	}
	return status;
}

void
kp_source_tables_close(struct kp_source_private *private)
{
	for (size_t i = 0; i < private->table_count; i++) {
		kp_code_table_unref(&private->tables[i].current);
		(void)pthread_mutex_destroy(&private->tables[i].lock);
	}
}

/* What is in force. */

struct kp_code_table *
kp_source_table_get(struct kp_source_table *table)
{
	(void)pthread_mutex_lock(&table->lock);
	struct kp_code_table *current = kp_code_table_ref(table->current);
	(void)pthread_mutex_unlock(&table->lock);
	return current;
}

void
kp_source_table_leave(struct kp_workers *workers, struct kp_code_table **table)
{
	struct kp_work *freeing = kp_code_table_leave(table);
	if (freeing != NULL && workers != NULL) {
		kp_work_start(workers, NULL, KP_LANE_SHORT, freeing);
	} else if (freeing != NULL) {
		freeing->run(freeing);
	}
}

/* Soon, each time later, no rarer than when all is well unless the partner asks for that;
 * and, like every retry, up to a quarter more. */
static uint64_t
retry_us(const struct kp_source_table *table, const struct kp_source_table_end *end)
{
	const struct kp_manifest_fetch *manifest = table->manifest->fetch;
	const struct kp_retry retry = {
		.first_us = RETRY_FIRST_US, .most_us = manifest->refresh_s * SECOND_US};
	uint32_t away_s = end->stay_away_s < manifest->refresh_max_s
		? end->stay_away_s
		: manifest->refresh_max_s;
	uint64_t pause_us = kp_retry_pause_us(&retry, table->failures);
	if (pause_us < away_s * SECOND_US) {
		pause_us = away_s * SECOND_US;
	}
	return pause_us + kp_retry_part_us(pause_us / 4, end->random);
}

/* In place of the old one, whose reference is given back. */
static struct kp_code_table *
swap(struct kp_source_table *table, const struct kp_source_table_end *end)
{
	struct kp_code_table *old = table->current;
	struct kp_code_page first = {0};
	kp_code_table_first_page(end->taken, &first);
	table->current = end->taken;
	table->view.there = true;
	table->view.rows = kp_code_table_rows(end->taken);
	table->view.etag = first.etag.len > 0;
	table->view.modified = first.modified.len > 0;
	table->view.next_absent = kp_code_table_next_absent(end->taken);
	table->view.checked_ms = end->now_ms;
	if (end->outcome == KP_TABLE_TAKEN) {
		table->view.taken_ms = end->now_ms;
	}
	return old;
}

void
kp_source_table_end(struct kp_source_table *table, const struct kp_source_table_end *end)
{
	struct kp_code_table *old = NULL;
	(void)pthread_mutex_lock(&table->lock);
	table->view.outcomes[end->outcome]++;
	(void)snprintf(table->view.trouble, sizeof(table->view.trouble), "%s",
		end->trouble == NULL ? "" : end->trouble);
	if (end->taken != NULL) {
		old = swap(table, end);
		table->failures = 0;
		table->due_us = end->now_us + end->fresh_s * SECOND_US;
	} else {
		table->due_us = end->now_us + retry_us(table, end);
		table->failures++;
	}
	(void)pthread_mutex_unlock(&table->lock);
	kp_code_table_unref(&old);
}

bool
kp_source_tables_missing(const struct kp_source_private *private)
{
	bool missing = false;
	for (size_t i = 0; i < private->table_count && !missing; i++) {
		struct kp_source_table *table = &private->tables[i];
		(void)pthread_mutex_lock(&table->lock);
		missing = table->manifest->fetch->required && table->current == NULL;
		(void)pthread_mutex_unlock(&table->lock);
	}
	return missing;
}

/* A call looks something up. */

static size_t
find(const struct kp_source_private *private, struct kp_slice name)
{
	size_t at = 0;
	while (at < private->table_count &&
		!kp_slice_equal(private->tables[at].manifest->name, name)) {
		at++;
	}
	return at;
}

static struct kp_code_table *
pin(struct kp_source_services *services, size_t index)
{
	if (services->tables[index] == NULL) {
		services->tables[index] =
			kp_source_table_get(&services->private->tables[index]);
	}
	return services->tables[index];
}

bool
kp_source_tables_find(
	void *context, struct kp_text name, struct kp_text key, struct kp_text *ret_value)
{
	struct kp_source_services *services = context;
	struct kp_slice value;
	size_t index = find(services->private, (struct kp_slice){name.data, name.len});
	struct kp_code_table *table =
		index == services->private->table_count ? NULL : pin(services, index);
	if (table == NULL ||
		!kp_code_table_find(
			table, (struct kp_slice){key.data, key.len}, &value)) {
		return false;
	}
	*ret_value = (struct kp_text){value.data, value.len};
	return true;
}

void
kp_source_tables_release(struct kp_source_services *services, struct kp_workers *workers)
{
	for (size_t i = 0; i < services->private->table_count; i++) {
		kp_source_table_leave(workers, &services->tables[i]);
	}
	services->tables = NULL;
}

/* A reload. */

static bool
same_table(const struct kp_source_table *a, const struct kp_source_table *b)
{
	const struct kp_manifest_fetch *own = a->manifest->fetch;
	const struct kp_manifest_fetch *old = b->manifest->fetch;
	return kp_slice_equal(a->manifest->name, b->manifest->name) &&
		kp_slice_equal(a->origin, b->origin) &&
		kp_slice_equal(own->from, old->from) &&
		kp_slice_equal(own->items, old->items) &&
		kp_slice_equal(own->key, old->key) &&
		kp_slice_equal(own->value, old->value) &&
		kp_slice_equal(own->next, old->next) && own->rows == old->rows;
}

static void
inherit_table(struct kp_source_table *table, struct kp_source_table *before)
{
	(void)pthread_mutex_lock(&before->lock);
	struct kp_code_table *current = kp_code_table_ref(before->current);
	struct kp_table_view view = before->view;
	uint64_t due_us = before->due_us;
	(void)pthread_mutex_unlock(&before->lock);
	(void)pthread_mutex_lock(&table->lock);
	if (table->current == NULL && current != NULL) {
		view.name = table->manifest->name;
		view.required = table->manifest->fetch->required;
		table->view = view;
		table->current = current;
		table->due_us = due_us;
		current = NULL;
	}
	(void)pthread_mutex_unlock(&table->lock);
	kp_code_table_unref(&current);
}

void
kp_source_tables_inherit(
	struct kp_source_private *private, const struct kp_source_private *before)
{
	for (size_t i = 0; i < private->table_count; i++) {
		for (size_t j = 0; j < before->table_count; j++) {
			if (same_table(&private->tables[i], &before->tables[j])) {
				inherit_table(&private->tables[i], &before->tables[j]);
			}
		}
	}
}

/* For the operator. */

size_t
kp_source_table_count(const struct kp_source *source)
{
	return source->private->table_count;
}

void
kp_source_table_view(
	const struct kp_source *source, size_t index, struct kp_table_view *ret_view)
{
	KP_REQUIRE(index < source->private->table_count);
	struct kp_source_table *table = &source->private->tables[index];
	(void)pthread_mutex_lock(&table->lock);
	*ret_view = table->view;
	(void)pthread_mutex_unlock(&table->lock);
}

enum kp_status
kp_source_table_record(const struct kp_source *source, struct kp_slice name,
	struct kp_slice text, struct kp_error *err)
{
	struct kp_code_table_build *build = NULL;
	struct kp_code_page page = {.target = KP_SLICE("")};
	struct kp_slice next;
	/* And it is never due. */
	struct kp_source_table_end end = {
		.outcome = KP_TABLE_TAKEN, .now_us = UINT64_MAX / 2};
	size_t index = find(source->private, name);
	if (index == source->private->table_count) {
		return kp_error_set(err, KP_E_CONFIG,
			"fetched_tables of the manifest has no '%.*s'",
			KP_SLICE_ARG(name));
	}
	struct kp_source_table *table = &source->private->tables[index];
	enum kp_status status = kp_code_table_build_create(
		table->manifest->fetch, table->endpoint, NULL, &build);
	if (status != KP_OK) {
		return kp_error_set(err, status, "no memory for a code table");
	}
	status = kp_code_table_page_begin(build, &page, err);
	status = status == KP_OK ? kp_code_table_page_push(build, text, err) : status;
	status = status == KP_OK ? kp_code_table_page_end(build, &next, err) : status;
	status = status == KP_OK ? kp_code_table_build_finish(build, &end.taken, err)
				 : status;
	kp_code_table_build_destroy(&build);
	if (status == KP_OK) {
		kp_source_table_end(table, &end);
	}
	return status;
}
