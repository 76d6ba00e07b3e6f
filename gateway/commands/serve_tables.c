/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* serve_tables: see serve_tables.h. */
#include "serve_tables.h"

#include <inttypes.h>

/* Writes the lines of one metric for one table. */
typedef void (*write_fn)(const struct kp_source *source, const struct kp_table_view *view,
	int64_t now_ms, struct kp_buffer *buffer);

static void
write_age(const struct kp_source *source, const struct kp_table_view *view,
	int64_t now_ms, struct kp_buffer *buffer)
{
	int64_t age_ms = now_ms > view->checked_ms ? now_ms - view->checked_ms : 0;
	if (view->there) {
		kp_buffer_printf(buffer,
			"ketenpoort_table_age_seconds{source=\"%.*s\",table=\"%.*s\"} "
			"%" PRId64 "\n",
			KP_SLICE_ARG(source->name), KP_SLICE_ARG(view->name),
			age_ms / 1000);
	}
}

static void
write_rows(const struct kp_source *source, const struct kp_table_view *view,
	int64_t now_ms, struct kp_buffer *buffer)
{
	(void)now_ms;
	kp_buffer_printf(buffer,
		"ketenpoort_table_rows{source=\"%.*s\",table=\"%.*s\"} %" PRIu64 "\n",
		KP_SLICE_ARG(source->name), KP_SLICE_ARG(view->name), view->rows);
}

static void
write_fetches(const struct kp_source *source, const struct kp_table_view *view,
	int64_t now_ms, struct kp_buffer *buffer)
{
	(void)now_ms;
	for (unsigned i = 0; i < KP_TABLE_OUTCOME_COUNT; i++) {
		kp_buffer_printf(buffer,
			"ketenpoort_table_fetches_total{source=\"%.*s\",table=\"%.*s\","
			"outcome=\"%s\"} %" PRIu64 "\n",
			KP_SLICE_ARG(source->name), KP_SLICE_ARG(view->name),
			kp_table_outcome_name((enum kp_table_outcome)i),
			view->outcomes[i]);
	}
}

static const struct {
	const char *head;
	write_fn write;
} metrics[] = {
	{"# HELP ketenpoort_table_age_seconds since a code table was last found to be "
	 "current\n"
	 "# TYPE ketenpoort_table_age_seconds gauge\n",
		write_age},
	{"# HELP ketenpoort_table_rows rows of a code table in force; 0: there is none\n"
	 "# TYPE ketenpoort_table_rows gauge\n",
		write_rows},
	{"# HELP ketenpoort_table_fetches_total attempts to fetch a code table, by how "
	 "they ended\n"
	 "# TYPE ketenpoort_table_fetches_total counter\n",
		write_fetches},
};

static void
write_metric(const struct kp_source_set *sources, int64_t now_ms, size_t metric,
	struct kp_buffer *buffer)
{
	bool described = false;
	for (size_t i = 0; i < kp_source_set_count(sources); i++) {
		const struct kp_source *source = kp_source_set_get(sources, i);
		for (size_t j = 0; j < kp_source_table_count(source); j++) {
			struct kp_table_view view;
			kp_source_table_view(source, j, &view);
			if (!described) {
				kp_buffer_add_slice(
					buffer, kp_slice_from(metrics[metric].head));
				described = true;
			}
			metrics[metric].write(source, &view, now_ms, buffer);
		}
	}
}

void
kp_serve_tables_write(
	const struct kp_source_set *sources, int64_t now_ms, struct kp_buffer *buffer)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(metrics); i++) {
		write_metric(sources, now_ms, i, buffer);
	}
}
