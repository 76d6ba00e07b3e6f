/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * metrics: see metrics.h. Every number has one writer, so adding is a plain load and a
 * plain store; they are atomic only so that a scrape on another thread may read them.
 */
#include "metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/heap.h"

#define SOURCE_NAME_BYTES ((size_t)64)
#define BUCKETS 14u

/* Upper bounds in microseconds; the last bucket has none. */
static const uint64_t bucket_us[BUCKETS] = {500, 1000, 2500, 5000, 10000, 25000, 50000,
	100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

struct histogram {
	_Atomic uint64_t buckets[BUCKETS + 1];
	_Atomic uint64_t sum_us;
};

/* Of a partner's decision point; [1] is yes. */
struct consult_part {
	_Atomic uint64_t requests[2];
	_Atomic uint64_t decisions[2];
	struct histogram duration;
};

struct source_part {
	_Atomic uint64_t outcomes[KP_METRICS_OUTCOMES_MAX];
	struct histogram duration;
	struct consult_part consult;
};

struct kp_metrics_loop {
	_Alignas(64) _Atomic uint64_t counters[KP_METRIC_COUNT];
	_Atomic int64_t gauges[KP_GAUGE_COUNT];
	struct histogram histograms[KP_HISTOGRAM_COUNT];
	_Atomic uint64_t statuses[KP_STATUS_COUNT];
	struct source_part sources[KP_METRICS_SOURCES_MAX];
};

struct kp_metrics {
	unsigned loops;
	struct kp_metrics_loop *parts;
	pthread_mutex_t naming;        /* for who adds a source */
	_Atomic unsigned source_count; /* names below it do not change any more */
	char source_names[KP_METRICS_SOURCES_MAX][SOURCE_NAME_BYTES];
	const char *outcome_names[KP_METRICS_OUTCOMES_MAX];
};

struct row {
	const char *name;
	const char *labels;
	const char *help;
};

static const struct row counter_rows[] = {
#define KP_METRIC(code, name, labels, help) {name, labels, help},
#define KP_GAUGE(code, name, labels, help)
#define KP_HISTOGRAM(code, name, help)
#include "metrics.def"
};

static const struct row gauge_rows[] = {
#define KP_METRIC(code, name, labels, help)
#define KP_GAUGE(code, name, labels, help) {name, labels, help},
#define KP_HISTOGRAM(code, name, help)
#include "metrics.def"
};

static const struct row histogram_rows[] = {
#define KP_METRIC(code, name, labels, help)
#define KP_GAUGE(code, name, labels, help)
#define KP_HISTOGRAM(code, name, help) {name, "", help},
#include "metrics.def"
};

/* Counting. */

static void
add(_Atomic uint64_t *number, uint64_t count)
{
	uint64_t old = atomic_load_explicit(number, memory_order_relaxed);
	atomic_store_explicit(number, old + count, memory_order_relaxed);
}

static uint64_t
get(const _Atomic uint64_t *number)
{
	return atomic_load_explicit(number, memory_order_relaxed);
}

static void
observe(struct histogram *histogram, uint64_t duration_us)
{
	unsigned bucket = 0;
	while (bucket < BUCKETS && duration_us > bucket_us[bucket]) {
		bucket++;
	}
	add(&histogram->buckets[bucket], 1);
	add(&histogram->sum_us, duration_us);
}

void
kp_metrics_add(struct kp_metrics_loop *part, enum kp_metric metric, uint64_t count)
{
	if (part != NULL) {
		add(&part->counters[metric], count);
	}
}

void
kp_metrics_move(struct kp_metrics_loop *part, enum kp_gauge gauge, int64_t by)
{
	if (part != NULL) {
		_Atomic int64_t *number = &part->gauges[gauge];
		int64_t old = atomic_load_explicit(number, memory_order_relaxed);
		atomic_store_explicit(number, old + by, memory_order_relaxed);
	}
}

void
kp_metrics_observe(
	struct kp_metrics_loop *part, enum kp_histogram histogram, uint64_t duration_us)
{
	if (part != NULL) {
		observe(&part->histograms[histogram], duration_us);
	}
}

void
kp_metrics_query_status(struct kp_metrics_loop *part, enum kp_status status)
{
	if (part != NULL) {
		add(&part->statuses[status], 1);
	}
}

void
kp_metrics_source_done(struct kp_metrics_loop *part, unsigned source, unsigned outcome,
	uint64_t duration_us)
{
	if (part != NULL && source < KP_METRICS_SOURCES_MAX &&
		outcome < KP_METRICS_OUTCOMES_MAX) {
		add(&part->sources[source].outcomes[outcome], 1);
		observe(&part->sources[source].duration, duration_us);
	}
}

void
kp_metrics_source_consulted(struct kp_metrics_loop *part, unsigned source, bool answered,
	uint32_t permitted, uint32_t refused, uint64_t duration_us)
{
	if (part == NULL || source >= KP_METRICS_SOURCES_MAX) {
		return;
	}
	struct consult_part *consult = &part->sources[source].consult;
	add(&consult->requests[answered ? 1 : 0], 1);
	add(&consult->decisions[1], permitted);
	add(&consult->decisions[0], refused);
	observe(&consult->duration, duration_us);
}

/* Names. */

static unsigned
find_source(const struct kp_metrics *metrics, const char *name)
{
	unsigned at = 0;
	unsigned count =
		atomic_load_explicit(&metrics->source_count, memory_order_acquire);
	while (at < count && strcmp(metrics->source_names[at], name) != 0) {
		at++;
	}
	return at;
}

unsigned
kp_metrics_source(struct kp_metrics *metrics, struct kp_slice name)
{
	char text[SOURCE_NAME_BYTES] = {0};
	size_t len = name.len < sizeof(text) - 1 ? name.len : sizeof(text) - 1;
	for (size_t i = 0; i < len; i++) {
		/* It becomes a label between quotes. */
		bool plain = name.data[i] > ' ' && name.data[i] < 0x7f &&
			name.data[i] != '"' && name.data[i] != '\\';
		text[i] = plain ? name.data[i] : '_';
	}
	(void)pthread_mutex_lock(&metrics->naming);
	unsigned at = find_source(metrics, text);
	unsigned count =
		atomic_load_explicit(&metrics->source_count, memory_order_relaxed);
	if (at == count && at < KP_METRICS_SOURCES_MAX) {
		memcpy(metrics->source_names[at], text, sizeof(text));
		atomic_store_explicit(
			&metrics->source_count, at + 1, memory_order_release);
	}
	(void)pthread_mutex_unlock(&metrics->naming);
	return at;
}

void
kp_metrics_name_outcome(struct kp_metrics *metrics, unsigned outcome, const char *name)
{
	KP_REQUIRE(outcome < KP_METRICS_OUTCOMES_MAX);
	metrics->outcome_names[outcome] = name;
}

/* Writing. */

static void
write_header(
	struct kp_buffer *buffer, const char *name, const char *help, const char *type)
{
	kp_buffer_printf(buffer, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void
kp_metrics_write_number(struct kp_buffer *buffer, const char *name, const char *type,
	const char *help, uint64_t value)
{
	write_header(buffer, name, help, type);
	kp_buffer_printf(buffer, "%s %llu\n", name, (unsigned long long)value);
}

/* The help text stands with the first row of a name. */
static void
write_row(struct kp_buffer *buffer, const struct row *row, const char *type)
{
	if (row->help[0] != '\0') {
		write_header(buffer, row->name, row->help, type);
	}
	if (row->labels[0] == '\0') {
		kp_buffer_printf(buffer, "%s ", row->name);
	} else {
		kp_buffer_printf(buffer, "%s{%s} ", row->name, row->labels);
	}
}

static void
write_counters(const struct kp_metrics *metrics, struct kp_buffer *buffer)
{
	for (unsigned i = 0; i < KP_METRIC_COUNT; i++) {
		uint64_t sum = 0;
		for (unsigned loop = 0; loop < metrics->loops; loop++) {
			sum += get(&metrics->parts[loop].counters[i]);
		}
		write_row(buffer, &counter_rows[i], "counter");
		kp_buffer_printf(buffer, "%llu\n", (unsigned long long)sum);
	}
}

static void
write_gauges(const struct kp_metrics *metrics, struct kp_buffer *buffer)
{
	for (unsigned i = 0; i < KP_GAUGE_COUNT; i++) {
		int64_t sum = 0;
		for (unsigned loop = 0; loop < metrics->loops; loop++) {
			sum += atomic_load_explicit(
				&metrics->parts[loop].gauges[i], memory_order_relaxed);
		}
		write_row(buffer, &gauge_rows[i], "gauge");
		kp_buffer_printf(buffer, "%lld\n", (long long)sum);
	}
}

struct sums {
	uint64_t buckets[BUCKETS + 1];
	uint64_t sum_us;
};

static void
sum_histogram(struct sums *sums, const struct histogram *histogram)
{
	for (unsigned i = 0; i <= BUCKETS; i++) {
		sums->buckets[i] += get(&histogram->buckets[i]);
	}
	sums->sum_us += get(&histogram->sum_us);
}

static void
write_histogram(struct kp_buffer *buffer, const char *name, const char *label,
	const struct sums *sums)
{
	uint64_t count = 0;
	const char *comma = label[0] == '\0' ? "" : ",";
	for (unsigned i = 0; i < BUCKETS; i++) {
		count += sums->buckets[i];
		kp_buffer_printf(buffer, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, label,
			comma, (double)bucket_us[i] / 1e6, (unsigned long long)count);
	}
	count += sums->buckets[BUCKETS];
	kp_buffer_printf(buffer, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, label, comma,
		(unsigned long long)count);
	const char *open = label[0] == '\0' ? "" : "{";
	const char *close = label[0] == '\0' ? "" : "}";
	kp_buffer_printf(buffer, "%s_sum%s%s%s %.6f\n%s_count%s%s%s %llu\n", name, open,
		label, close, (double)sums->sum_us / 1e6, name, open, label, close,
		(unsigned long long)count);
}

static void
write_histograms(const struct kp_metrics *metrics, struct kp_buffer *buffer)
{
	for (unsigned i = 0; i < KP_HISTOGRAM_COUNT; i++) {
		struct sums sums = {0};
		for (unsigned loop = 0; loop < metrics->loops; loop++) {
			sum_histogram(&sums, &metrics->parts[loop].histograms[i]);
		}
		write_header(buffer, histogram_rows[i].name, histogram_rows[i].help,
			"histogram");
		write_histogram(buffer, histogram_rows[i].name, "", &sums);
	}
}

static void
write_outcomes(
	const struct kp_metrics *metrics, struct kp_buffer *buffer, unsigned source)
{
	for (unsigned i = 0; i < KP_METRICS_OUTCOMES_MAX; i++) {
		uint64_t sum = 0;
		for (unsigned loop = 0; loop < metrics->loops; loop++) {
			sum += get(&metrics->parts[loop].sources[source].outcomes[i]);
		}
		if (metrics->outcome_names[i] != NULL) {
			kp_buffer_printf(buffer,
				"ketenpoort_source_calls_total{source=\"%s\",outcome=\"%"
				"s\"}"
				" %llu\n",
				metrics->source_names[source], metrics->outcome_names[i],
				(unsigned long long)sum);
		}
	}
}

#define LABEL_BYTES (SOURCE_NAME_BYTES + 16)

static void
label_source(const struct kp_metrics *metrics, unsigned source, char label[LABEL_BYTES])
{
	size_t len = strlen(metrics->source_names[source]);
	memcpy(label, "source=\"", 8);
	memcpy(label + 8, metrics->source_names[source], len);
	memcpy(label + 8 + len, "\"", 2);
}

static void
write_durations(
	const struct kp_metrics *metrics, struct kp_buffer *buffer, unsigned source)
{
	struct sums sums = {0};
	char label[LABEL_BYTES];
	label_source(metrics, source, label);
	for (unsigned loop = 0; loop < metrics->loops; loop++) {
		sum_histogram(&sums, &metrics->parts[loop].sources[source].duration);
	}
	write_histogram(buffer, "ketenpoort_source_seconds", label, &sums);
}

/* Decision points of partners: only those that were ever asked. */

static uint64_t
sum_consult(const struct kp_metrics *metrics, unsigned source, bool decisions, bool yes)
{
	uint64_t sum = 0;
	for (unsigned loop = 0; loop < metrics->loops; loop++) {
		const struct consult_part *part =
			&metrics->parts[loop].sources[source].consult;
		sum += get(decisions ? &part->decisions[yes ? 1 : 0]
				     : &part->requests[yes ? 1 : 0]);
	}
	return sum;
}

static bool
was_consulted(const struct kp_metrics *metrics, unsigned source)
{
	return sum_consult(metrics, source, false, true) > 0 ||
		sum_consult(metrics, source, false, false) > 0;
}

static void
write_consult_counts(const struct kp_metrics *metrics, struct kp_buffer *buffer,
	unsigned count, bool decisions)
{
	const char *name = decisions ? "ketenpoort_decision_point_decisions_total"
				     : "ketenpoort_decision_point_requests_total";
	write_header(buffer, name,
		decisions ? "fields that partners' decision points permitted and refused"
			  : "requests to partners' decision points",
		"counter");
	for (unsigned i = 0; i < count; i++) {
		for (unsigned yes = 0; yes < 2 && was_consulted(metrics, i); yes++) {
			const char *word = decisions
				? (yes == 1 ? "decision=\"permit\"" : "decision=\"deny\"")
				: (yes == 1 ? "outcome=\"answered\""
					    : "outcome=\"failed\"");
			kp_buffer_printf(buffer, "%s{source=\"%s\",%s} %llu\n", name,
				metrics->source_names[i], word,
				(unsigned long long)sum_consult(
					metrics, i, decisions, yes == 1));
		}
	}
}

static void
write_consults(const struct kp_metrics *metrics, struct kp_buffer *buffer, unsigned count)
{
	write_consult_counts(metrics, buffer, count, false);
	write_consult_counts(metrics, buffer, count, true);
	write_header(buffer, "ketenpoort_decision_point_seconds",
		"duration of requests to partners' decision points", "histogram");
	for (unsigned i = 0; i < count; i++) {
		struct sums sums = {0};
		char label[LABEL_BYTES];
		if (!was_consulted(metrics, i)) {
			continue;
		}
		label_source(metrics, i, label);
		for (unsigned loop = 0; loop < metrics->loops; loop++) {
			sum_histogram(
				&sums, &metrics->parts[loop].sources[i].consult.duration);
		}
		write_histogram(
			buffer, "ketenpoort_decision_point_seconds", label, &sums);
	}
}

static void
write_sources(struct kp_metrics *metrics, struct kp_buffer *buffer)
{
	unsigned count =
		atomic_load_explicit(&metrics->source_count, memory_order_acquire);
	if (count == 0) {
		return;
	}
	write_header(buffer, "ketenpoort_source_calls_total",
		"calls to a source by outcome", "counter");
	for (unsigned i = 0; i < count; i++) {
		write_outcomes(metrics, buffer, i);
	}
	write_header(buffer, "ketenpoort_source_seconds", "duration of calls to a source",
		"histogram");
	for (unsigned i = 0; i < count; i++) {
		write_durations(metrics, buffer, i);
	}
	write_consults(metrics, buffer, count);
}

/* Only those that came: the table of errors is long, and most are not for a question. */
static void
write_statuses(const struct kp_metrics *metrics, struct kp_buffer *buffer)
{
	write_header(buffer, "ketenpoort_query_errors_total",
		"questions that were refused or failed, by code", "counter");
	for (unsigned i = KP_OK + 1; i < KP_STATUS_COUNT; i++) {
		uint64_t sum = 0;
		for (unsigned loop = 0; loop < metrics->loops; loop++) {
			sum += get(&metrics->parts[loop].statuses[i]);
		}
		if (sum > 0) {
			kp_buffer_printf(buffer,
				"ketenpoort_query_errors_total{code=\"%s\"} %llu\n",
				kp_status_info((enum kp_status)i)->name,
				(unsigned long long)sum);
		}
	}
}

void
kp_metrics_write(struct kp_metrics *metrics, struct kp_buffer *buffer)
{
	write_counters(metrics, buffer);
	write_gauges(metrics, buffer);
	write_histograms(metrics, buffer);
	write_statuses(metrics, buffer);
	write_sources(metrics, buffer);
}

/* Life. */

enum kp_status
kp_metrics_create(unsigned loops, struct kp_metrics **ret_metrics, struct kp_error *err)
{
	struct kp_metrics *metrics = kp_heap_calloc(1, sizeof(*metrics));
	size_t size = loops * sizeof(*metrics->parts);
	if (metrics != NULL) {
		metrics->parts = aligned_alloc(64, size);
	}
	if (metrics == NULL || metrics->parts == NULL) {
		kp_heap_free(metrics);
		return kp_error_set(err, KP_E_MEMORY, "no memory for metrics");
	}
	memset(metrics->parts, 0, size);
	metrics->loops = loops;
	(void)pthread_mutex_init(&metrics->naming, NULL);
	*ret_metrics = metrics;
	return KP_OK;
}

void
kp_metrics_destroy(struct kp_metrics **metrics_at)
{
	struct kp_metrics *metrics = *metrics_at;
	if (metrics != NULL) {
		*metrics_at = NULL;
		(void)pthread_mutex_destroy(&metrics->naming);
		free(metrics->parts);
		kp_heap_free(metrics);
	}
}

struct kp_metrics_loop *
kp_metrics_of_loop(struct kp_metrics *metrics, unsigned index)
{
	KP_REQUIRE(index < metrics->loops);
	return &metrics->parts[index];
}
