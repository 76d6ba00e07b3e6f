/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * metrics: numbers for the operator, in the text format of Prometheus. Each loop counts
 * in memory of its own, without locks; a scrape reads all of them and adds up. Nothing
 * about a client is ever a value or a label.
 */
#ifndef KP_METRICS_H
#define KP_METRICS_H

#include <stdint.h>

#include "core/buffer.h"
#include "core/error.h"
#include "core/slice.h"

enum kp_metric {
#define KP_METRIC(code, name, labels, help) code,
#define KP_GAUGE(code, name, labels, help)
#define KP_HISTOGRAM(code, name, help)
#include "metrics.def"
	KP_METRIC_COUNT
};

enum kp_gauge {
#define KP_METRIC(code, name, labels, help)
#define KP_GAUGE(code, name, labels, help) code,
#define KP_HISTOGRAM(code, name, help)
#include "metrics.def"
	KP_GAUGE_COUNT
};

enum kp_histogram {
#define KP_METRIC(code, name, labels, help)
#define KP_GAUGE(code, name, labels, help)
#define KP_HISTOGRAM(code, name, help) code,
#include "metrics.def"
	KP_HISTOGRAM_COUNT
};

#define KP_METRICS_SOURCES_MAX 256u
#define KP_METRICS_OUTCOMES_MAX 16u

struct kp_metrics;      /* one per process */
struct kp_metrics_loop; /* one per loop in it */

/* All zero; lives as long as any loop counts. KP_E_MEMORY. */
enum kp_status kp_metrics_create(unsigned loops, struct kp_metrics **ret_metrics,
	struct kp_error *err) KP_MUST_USE;
/* Accepts NULL. */
void kp_metrics_destroy(struct kp_metrics **metrics);
struct kp_metrics_loop *kp_metrics_of_loop(struct kp_metrics *metrics, unsigned index);

/* By the owner of the loop's part only. A NULL part counts nothing. */
void kp_metrics_add(struct kp_metrics_loop *part, enum kp_metric metric, uint64_t count);
void kp_metrics_move(struct kp_metrics_loop *part, enum kp_gauge gauge, int64_t by);
void kp_metrics_observe(
	struct kp_metrics_loop *part, enum kp_histogram histogram, uint64_t duration_us);

/* A question ended with this status. */
void kp_metrics_query_status(struct kp_metrics_loop *part, enum kp_status status);

/*
 * The number under which calls to this source are counted; the same for the same name,
 * also after a reload. Any thread. KP_METRICS_SOURCES_MAX when there are too many: such
 * calls are not counted.
 */
unsigned kp_metrics_source(struct kp_metrics *metrics, struct kp_slice name);
/* One call to it ended. `outcome` is below KP_METRICS_OUTCOMES_MAX. */
void kp_metrics_source_done(struct kp_metrics_loop *part, unsigned source,
	unsigned outcome, uint64_t duration_us);
/* Its own decision point was asked: did it answer, how many fields it permitted and
 * refused (without an answer all of them). */
void kp_metrics_source_consulted(struct kp_metrics_loop *part, unsigned source,
	bool answered, uint32_t permitted, uint32_t refused, uint64_t duration_us);
/* Text of an outcome, a static string; before the first scrape. */
void kp_metrics_name_outcome(
	struct kp_metrics *metrics, unsigned outcome, const char *name);

/* For numbers that others keep: "# HELP", "# TYPE" (gauge, counter) and one line. */
void kp_metrics_write_number(struct kp_buffer *buffer, const char *name, const char *type,
	const char *help, uint64_t value);

/* Prometheus text format 0.0.4. Any thread. */
void kp_metrics_write(struct kp_metrics *metrics, struct kp_buffer *buffer);

#endif
