/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* serve_metrics: see serve_metrics.h. */
#include "serve_metrics.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "commands/serve_deliveries.h"
#include "commands/serve_tables.h"
#include "connectors/connector.h"
#include "tls_set.h"

void
kp_serve_metrics_names(struct kp_metrics *metrics)
{
	static const struct {
		enum kp_outcome outcome;
		const char *name;
	} rows[] = {
		{KP_FOUND, "gevonden"},
		{KP_NOTHING_FOUND, "nietsGevonden"},
		{KP_NOT_ENTITLED, "nietGerechtigd"},
		{KP_NOT_APPLICABLE, "nietVanToepassing"},
		{KP_ERROR, "fout"},
		{KP_NOT_REACHED, "nietBereikt"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		kp_metrics_name_outcome(metrics, rows[i].outcome, rows[i].name);
	}
}

static void
write_journal(const struct kp_journal *journal, struct kp_buffer *buffer)
{
	struct kp_journal_counts counts;
	kp_journal_counts(journal, &counts);
	kp_metrics_write_number(buffer, "ketenpoort_journal_records_total", "counter",
		"records made durable", counts.records);
	kp_metrics_write_number(buffer, "ketenpoort_journal_batches_total", "counter",
		"writes to the disk that held them", counts.batches);
	kp_metrics_write_number(buffer, "ketenpoort_journal_failures_total", "counter",
		"failed writes; after one every question is refused", counts.failures);
	kp_metrics_write_number(buffer, "ketenpoort_journal_bytes", "gauge",
		"size of the journal on disk", kp_journal_size(journal));
	kp_metrics_write_number(buffer, "ketenpoort_journal_healthy", "gauge",
		"1 while records are taken", kp_journal_healthy(journal) ? 1 : 0);
}

static void
write_rules(const struct kp_bundle *bundle, int64_t now_ms, struct kp_buffer *buffer)
{
	uint64_t checked = 0;
	uint64_t different = 0;
	struct kp_slice version = kp_bundle_version(bundle);
	kp_bundle_shadow_counts(bundle, &checked, &different);
	kp_buffer_printf(buffer,
		"# HELP ketenpoort_policy_info the rules in force\n"
		"# TYPE ketenpoort_policy_info gauge\n"
		"ketenpoort_policy_info{version=\"%.*s\"} 1\n",
		KP_SLICE_ARG(version));
	kp_metrics_write_number(buffer, "ketenpoort_policy_overdue", "gauge",
		"purposes and grants whose review date has passed",
		kp_bundle_overdue(bundle, now_ms, NULL, NULL));
	kp_metrics_write_number(buffer, "ketenpoort_policy_shadow_checks_total",
		"counter", "decisions made a second time by the general evaluator",
		checked);
	kp_metrics_write_number(buffer, "ketenpoort_policy_shadow_differences_total",
		"counter", "decisions on which the two did not agree; must be 0",
		different);
}

static void
write_starts(const struct kp_source_set *sources, struct kp_buffer *buffer)
{
	bool described = false;
	for (size_t i = 0; i < kp_source_set_count(sources); i++) {
		const struct kp_source *source = kp_source_set_get(sources, i);
		uint64_t starts = kp_source_program_starts(source);
		if (starts == 0) {
			continue;
		}
		if (!described) {
			kp_buffer_printf(buffer,
				"# HELP ketenpoort_source_program_starts_total times the "
				"partner's own program was started\n"
				"# TYPE ketenpoort_source_program_starts_total "
				"counter\n");
			described = true;
		}
		kp_buffer_printf(buffer,
			"ketenpoort_source_program_starts_total{source=\"%.*s\"} %llu\n",
			KP_SLICE_ARG(source->name), (unsigned long long)starts);
	}
}

static void
write_sources(const struct kp_source_set *sources, struct kp_buffer *buffer)
{
	size_t count = kp_source_set_count(sources);
	bool described = false;
	kp_metrics_write_number(
		buffer, "ketenpoort_sources", "gauge", "partners configured", count);
	for (size_t i = 0; i < count; i++) {
		const struct kp_source *source = kp_source_set_get(sources, i);
		enum kp_source_health health = kp_source_health(source);
		if (health == KP_SOURCE_UNPROBED) {
			continue;
		}
		if (!described) {
			kp_buffer_printf(buffer,
				"# HELP ketenpoort_source_healthy 1 when the partner's "
				"last health probe went well\n"
				"# TYPE ketenpoort_source_healthy gauge\n");
			described = true;
		}
		kp_buffer_printf(buffer,
			"ketenpoort_source_healthy{source=\"%.*s\"} %d\n",
			KP_SLICE_ARG(source->name), health == KP_SOURCE_WELL ? 1 : 0);
	}
}

/* Only of sources that want a token of their issuer. */
static void
write_tokens(const struct kp_source_set *sources, struct kp_buffer *buffer)
{
	bool described = false;
	for (size_t i = 0; i < kp_source_set_count(sources); i++) {
		const struct kp_source *source = kp_source_set_get(sources, i);
		struct kp_source_token_counts counts;
		kp_source_token_counts(source, &counts);
		if (!counts.used) {
			continue;
		}
		if (!described) {
			kp_buffer_printf(buffer,
				"# HELP ketenpoort_source_tokens_total tokens for a "
				"source: given by its issuer, asked for in vain, refused "
				"by the source\n"
				"# TYPE ketenpoort_source_tokens_total counter\n");
			described = true;
		}
		const struct {
			const char *outcome;
			uint64_t count;
		} rows[] = {{"given", counts.given}, {"failed", counts.failed},
			{"refused", counts.refused}};
		for (size_t row = 0; row < KP_ARRAY_LEN(rows); row++) {
			kp_buffer_printf(buffer,
				"ketenpoort_source_tokens_total{source=\"%.*s\","
				"outcome=\"%s\"} %" PRIu64 "\n",
				KP_SLICE_ARG(source->name), rows[row].outcome,
				rows[row].count);
		}
	}
}

static void
write_term(void *context, const char *of, const struct kp_tls_term *term)
{
	struct kp_buffer *buffer = context;
	const char *name = strrchr(term->path, '/');
	kp_buffer_printf(buffer,
		"ketenpoort_certificate_expiry_timestamp_seconds{of=\"%s\",kind=\"%s\","
		"file=\"",
		of, term->what);
	for (const char *at = name == NULL ? term->path : name + 1; *at != '\0'; at++) {
		if (*at == '"' || *at == '\\') {
			KP_BUFFER_ADD(buffer, "\\");
		}
		kp_buffer_add(buffer, *at == '\n' ? " " : at, 1);
	}
	kp_buffer_printf(buffer, "\"} %" PRId64 "\n", term->not_after_s);
}

static void
write_terms(const struct kp_snapshot *snapshot, struct kp_buffer *buffer)
{
	KP_BUFFER_ADD(buffer,
		"# HELP ketenpoort_certificate_expiry_timestamp_seconds when a "
		"certificate ends, or a revocation list or OCSP response is out of date\n"
		"# TYPE ketenpoort_certificate_expiry_timestamp_seconds gauge\n");
	kp_tls_visit_terms(snapshot, write_term, buffer);
}

void
kp_serve_metrics_write(const struct kp_journal *journal,
	const struct kp_snapshot_view *view, struct kp_buffer *buffer)
{
	const struct kp_snapshot *snapshot = view->snapshot;
	int64_t now_ms = kp_loop_wall_ms(view->loop);
	int64_t age_ms = now_ms - snapshot->created_ms;
	write_journal(journal, buffer);
	write_rules(snapshot->bundle, now_ms, buffer);
	kp_metrics_write_number(buffer, "ketenpoort_snapshot_age_seconds", "gauge",
		"since the configuration in force was read",
		age_ms > 0 ? (uint64_t)age_ms / 1000 : 0);
	write_sources(snapshot->sources, buffer);
	write_terms(snapshot, buffer);
	write_starts(snapshot->sources, buffer);
	write_tokens(snapshot->sources, buffer);
	kp_serve_deliveries_write(snapshot->sources, now_ms, buffer);
	kp_serve_tables_write(snapshot->sources, now_ms, buffer);
}

static void
warn_of_one(void *context, const struct kp_overdue *overdue)
{
	const struct kp_log *log = context;
	KP_LOG(log, WARN, POLICY, "review date has passed, it does not work any more",
		kp_log_text(overdue->purpose ? KP_LOG_PURPOSE : KP_LOG_RULE, overdue->id),
		kp_log_text(KP_LOG_OWNER, overdue->owner));
}

void
kp_serve_warn_of_overdue(const struct kp_bundle *bundle, const struct kp_log *log)
{
	struct timespec now;
	struct kp_log copy = *log;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)kp_bundle_overdue(bundle, (int64_t)now.tv_sec * 1000, warn_of_one, &copy);
}

/* Lifetime: one walk. */
struct term_watch {
	const struct kp_log *log;
	int64_t now_s;
};

static void
warn_of_term(void *context, const char *of, const struct kp_tls_term *term)
{
	const struct term_watch *watch = context;
	if (term->not_after_s >= watch->now_s + KP_TLS_TERM_WARN_S) {
		return;
	}
	KP_LOG(watch->log, WARN, CONFIG, "a certificate or a list has ended or soon will",
		kp_log_cstr(KP_LOG_OWNER, of), kp_log_cstr(KP_LOG_STATE, term->what),
		kp_log_cstr(KP_LOG_FILE, term->path),
		kp_log_number(KP_LOG_COUNT, (term->not_after_s - watch->now_s) / 86400));
}

void
kp_serve_warn_of_terms(const struct kp_snapshot *snapshot, const struct kp_log *log)
{
	struct term_watch watch = {.log = log, .now_s = (int64_t)time(NULL)};
	kp_tls_visit_terms(snapshot, warn_of_term, &watch);
}
