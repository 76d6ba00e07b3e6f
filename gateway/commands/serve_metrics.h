/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* serve_metrics: the part of /metrics that no loop counts: journal, rules, snapshot. */
#ifndef KP_SERVE_METRICS_H
#define KP_SERVE_METRICS_H

#include "audit/journal.h"
#include "metrics.h"
#include "snapshot.h"

/* Before the first scrape: outcomes of calls get their names in answers. */
void kp_serve_metrics_names(struct kp_metrics *metrics);
/* On the loop of the view. */
void kp_serve_metrics_write(const struct kp_journal *journal,
	const struct kp_snapshot_view *view, struct kp_buffer *buffer);
/* Purposes and grants whose review date has passed do not work any more; their owners
 * should hear of it before the caseworkers do. */
void kp_serve_warn_of_overdue(const struct kp_bundle *bundle, const struct kp_log *log);
/* Certificates, anchors and lists that have ended or will within KP_TLS_TERM_WARN_S. */
void kp_serve_warn_of_terms(const struct kp_snapshot *snapshot, const struct kp_log *log);

#endif
