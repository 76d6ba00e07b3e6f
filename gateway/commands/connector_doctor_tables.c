/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_doctor_tables: can the code tables be had that the source fetches? Nothing is
 * asked about anybody. */
#include <inttypes.h>

#include "commands/connector_ask.h"
#include "commands/connector_doctor.h"
#include "commands/connector_tables.h"

static void
judge_table(struct kp_doctor *doctor, const struct kp_table_view *view)
{
	if (!view->there) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "table",
			"compare 'from', 'items', 'key' and 'value' of it in "
			"'fetched_tables' with the partner's description, and ask "
			"whether our credential may read it",
			"code table '%.*s' cannot be fetched: %s",
			KP_SLICE_ARG(view->name), view->trouble);
		return;
	}
	kp_doctor_say(doctor, KP_DOCTOR_OK, "table", NULL,
		"code table '%.*s' has %" PRIu64 " rows; %s", KP_SLICE_ARG(view->name),
		view->rows,
		view->etag               ? "its ETag saves sending it again unchanged"
			: view->modified ? "without an ETag; its Last-Modified saves "
					   "sending it again unchanged"
					 : "without an ETag or Last-Modified it is sent "
					   "whole each time");
	if (view->next_absent) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "table", NULL,
			"/fetched_tables/%.*s/next: %s", KP_SLICE_ARG(view->name),
			KP_CONNECTOR_NEXT_DOUBT);
	}
}

void
kp_doctor_tables(struct kp_doctor *doctor)
{
	struct kp_connector_ask ask = {.source = doctor->source,
		.arena = &doctor->load.arena,
		.tables_only = true};
	if (kp_source_table_count(doctor->source) == 0) {
		return;
	}
	kp_connector_ask_live(&ask);
	if (!ask.done) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "table",
			"free memory on this machine and run it again",
			"the code tables were not asked for: %s", ask.fault.message);
		return;
	}
	for (size_t i = 0; i < kp_source_table_count(doctor->source); i++) {
		struct kp_table_view view;
		kp_source_table_view(doctor->source, i, &view);
		judge_table(doctor, &view);
	}
}
