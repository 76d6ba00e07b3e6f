/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* table_log: see table_log.h. */
#include "table_log.h"

void
kp_table_log(void *context, const struct kp_table_event *event)
{
	struct kp_log log;
	kp_log_init(&log, context);
	kp_log_bind(&log, kp_log_text(KP_LOG_SOURCE, event->source));
	kp_log_bind(&log, kp_log_text(KP_LOG_TABLE, event->table));
	if (event->outcome == KP_TABLE_TAKEN) {
		KP_LOG(&log, INFO, SOURCE, "a code table is in force",
			kp_log_number(KP_LOG_ROWS, (int64_t)event->rows));
		return;
	}
	/* Rows of the old one, which stays. */
	KP_LOG(&log, WARN, SOURCE, "a code table could not be renewed",
		kp_log_cstr(KP_LOG_OUTCOME, kp_table_outcome_name(event->outcome)),
		kp_log_cstr(KP_LOG_ERROR, event->trouble),
		kp_log_number(KP_LOG_ROWS, (int64_t)event->rows));
}
