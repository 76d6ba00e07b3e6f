/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_log: what happens to partners' deliveries, as lines of the log. From any
 * worker: every line has a context of its own. */
#include "delivery_log.h"

void
kp_delivery_log(void *context, const struct kp_delivery_event *event)
{
	struct kp_log log;
	kp_log_init(&log, context);
	kp_log_bind(&log, kp_log_text(KP_LOG_SOURCE, event->source));
	kp_log_bind(&log, kp_log_text(KP_LOG_FILE, event->file));
	switch (event->kind) {
	case KP_DELIVERY_TAKEN:
		KP_LOG(&log, INFO, SOURCE, "a delivery is in force",
			kp_log_number(KP_LOG_ROWS, (int64_t)event->rows),
			kp_log_number(KP_LOG_BYTES, (int64_t)event->bytes),
			kp_log_number(KP_LOG_CHANGE_FILES, (int64_t)event->change_files),
			kp_log_number(KP_LOG_CHANGES, (int64_t)event->change_rows));
		break;
	case KP_DELIVERY_REFUSED:
		KP_LOG(&log, WARN, SOURCE, "a delivery is refused",
			kp_log_cstr(
				KP_LOG_REASON, kp_delivery_refusal_name(event->refusal)),
			kp_log_cstr(KP_LOG_ERROR, event->fault));
		break;
	case KP_DELIVERY_DROPPED:
		KP_LOG(&log, ERROR, SOURCE,
			"a delivery was altered while it was in force",
			kp_log_number(KP_LOG_BYTES, (int64_t)event->bytes));
		break;
	case KP_DELIVERY_PROGRESS:
		KP_LOG(&log, INFO, SOURCE, "a delivery is being read",
			kp_log_number(KP_LOG_ROWS, (int64_t)event->rows),
			kp_log_number(KP_LOG_BYTES, (int64_t)event->bytes),
			kp_log_number(KP_LOG_PERCENT, event->percent));
		break;
	}
}
