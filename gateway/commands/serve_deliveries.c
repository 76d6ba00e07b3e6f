/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* serve_deliveries: see serve_deliveries.h. */
#include "serve_deliveries.h"

#include <inttypes.h>

enum number {
	IN_FORCE,
	SWAPPED,
	AGE,
	ROWS,
	BYTES,
	CHANGE_FILES,
	READING,
	READING_ROWS,
	READING_BYTES,
	READING_TOTAL,
	NUMBER_COUNT,
};

static const struct {
	const char *name;
	const char *help;
} numbers[NUMBER_COUNT] = {
	[IN_FORCE] = {"in_force", "1 when a delivery of the partner's is read from"},
	[SWAPPED] = {"swapped_timestamp_seconds",
		"when it came in force; 0: there is none"},
	[AGE] = {"age_seconds", "since the day it is of, or else since it came in force"},
	[ROWS] = {"rows", "rows in it"},
	[BYTES] = {"bytes", "its size"},
	[CHANGE_FILES] = {"change_files", "change files that follow it"},
	[READING] = {"reading", "1 while a file is being read"},
	[READING_ROWS] = {"reading_rows", "rows indexed of the file read now, or last"},
	[READING_BYTES] = {"reading_bytes", "bytes of it that were read"},
	[READING_TOTAL] = {"reading_bytes_total", "and its size"},
};

static void
get_numbers(const struct kp_delivery_view *view, int64_t now_ms,
	uint64_t ret_numbers[NUMBER_COUNT])
{
	int64_t since = view->dated_ms > 0 ? view->dated_ms : view->swapped_ms;
	bool aged = view->in_force && now_ms > since;
	ret_numbers[IN_FORCE] = view->in_force ? 1 : 0;
	ret_numbers[SWAPPED] = (uint64_t)view->swapped_ms / 1000;
	ret_numbers[AGE] = aged ? (uint64_t)(now_ms - since) / 1000 : 0;
	ret_numbers[ROWS] = view->rows;
	ret_numbers[BYTES] = view->bytes;
	ret_numbers[CHANGE_FILES] = view->change_files;
	ret_numbers[READING] = view->reading ? 1 : 0;
	ret_numbers[READING_ROWS] = view->reading_rows;
	ret_numbers[READING_BYTES] = view->reading_bytes;
	ret_numbers[READING_TOTAL] = view->reading_bytes_total;
}

static void
write_number(const struct kp_source_set *sources, int64_t now_ms, enum number number,
	struct kp_buffer *buffer)
{
	bool described = false;
	for (size_t i = 0; i < kp_source_set_count(sources); i++) {
		struct kp_delivery_view view;
		uint64_t values[NUMBER_COUNT];
		const struct kp_source *source = kp_source_set_get(sources, i);
		if (!kp_source_delivery(source, &view)) {
			continue;
		}
		if (!described) {
			kp_buffer_printf(buffer,
				"# HELP ketenpoort_delivery_%s %s\n"
				"# TYPE ketenpoort_delivery_%s gauge\n",
				numbers[number].name, numbers[number].help,
				numbers[number].name);
			described = true;
		}
		get_numbers(&view, now_ms, values);
		kp_buffer_printf(buffer,
			"ketenpoort_delivery_%s{source=\"%.*s\"} %" PRIu64 "\n",
			numbers[number].name, KP_SLICE_ARG(source->name), values[number]);
	}
}

static void
write_refused(const struct kp_source_set *sources, enum kp_delivery_refusal refusal,
	bool *described, struct kp_buffer *buffer)
{
	for (size_t i = 0; i < kp_source_set_count(sources); i++) {
		struct kp_delivery_view view;
		const struct kp_source *source = kp_source_set_get(sources, i);
		if (!kp_source_delivery(source, &view) || view.refused[refusal] == 0) {
			continue;
		}
		if (!*described) {
			KP_BUFFER_ADD(buffer,
				"# HELP ketenpoort_delivery_refused_total deliveries "
				"that "
				"were not taken, by why\n"
				"# TYPE ketenpoort_delivery_refused_total counter\n");
			*described = true;
		}
		kp_buffer_printf(buffer,
			"ketenpoort_delivery_refused_total{source=\"%.*s\",reason=\"%s\"}"
			" "
			"%" PRIu64 "\n",
			KP_SLICE_ARG(source->name), kp_delivery_refusal_name(refusal),
			view.refused[refusal]);
	}
}

void
kp_serve_deliveries_write(
	const struct kp_source_set *sources, int64_t now_ms, struct kp_buffer *buffer)
{
	bool described = false;
	for (int i = 0; i < NUMBER_COUNT; i++) {
		write_number(sources, now_ms, (enum number)i, buffer);
	}
	for (int i = KP_DELIVERY_REFUSAL_NONE + 1; i < KP_DELIVERY_REFUSAL_COUNT; i++) {
		write_refused(sources, (enum kp_delivery_refusal)i, &described, buffer);
	}
}
