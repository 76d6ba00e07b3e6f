/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* player_sql: no scenario has a database; whoever asks one finds nobody there (io/sql.h).
 */
#include "core/heap.h"
#include "io/sql.h"
#include "player/world.h"

struct kp_sql_target {
	struct kp_loop *loop;
};

enum kp_status
kp_sql_target_open(struct kp_loop *loop, const struct kp_sql_target_options *options,
	struct kp_sql_target **ret_target, struct kp_error *err)
{
	(void)options;
	struct kp_sql_target *target = kp_heap_calloc(1, sizeof(*target));
	if (target == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a database");
	}
	target->loop = loop;
	*ret_target = target;
	return KP_OK;
}

void
kp_sql_target_close(struct kp_sql_target **target)
{
	kp_heap_free(*target);
	*target = NULL;
}

enum kp_status
kp_sql_start(struct kp_sql_target *target, const struct kp_sql_request *request,
	const struct kp_sql_handler *handler, void *owner, struct kp_sql_call **ret_call)
{
	(void)target;
	(void)request;
	(void)handler;
	(void)owner;
	(void)ret_call;
	return KP_E_SOURCE_UNREACHABLE;
}

void
kp_sql_cancel(struct kp_sql_call *call)
{
	(void)call;
}
