/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * fake_outside: the path between fakes has no issuers, so nothing is fetched, no file is
 * watched and no worker works for who asks. What an issuer does is told in tests/flow.
 */
#include "io/file.h"
#include "io/tls.h"
#include "io/upstream.h"
#include "io/worker.h"

enum kp_status
kp_upstream_target_open(struct kp_upstream *upstream,
	const struct kp_upstream_target_options *options,
	struct kp_upstream_target **ret_target, struct kp_error *err)
{
	(void)upstream;
	(void)options;
	(void)ret_target;
	(void)err;
	KP_UNREACHABLE();
}

void
kp_upstream_target_close(struct kp_upstream_target **target)
{
	(void)target;
	KP_UNREACHABLE();
}

enum kp_status
kp_upstream_start(struct kp_upstream_target *target,
	const struct kp_upstream_request *request,
	const struct kp_upstream_handler *handler, void *owner,
	struct kp_upstream_call **ret_call)
{
	(void)target;
	(void)request;
	(void)handler;
	(void)owner;
	(void)ret_call;
	KP_UNREACHABLE();
}

void
kp_upstream_cancel(struct kp_upstream_call *call)
{
	(void)call;
	KP_UNREACHABLE();
}

enum kp_status
kp_file_stamp_of(const char *path, struct kp_file_stamp *ret_stamp)
{
	(void)path;
	(void)ret_stamp;
	KP_UNREACHABLE();
}

enum kp_status
kp_file_read_all(const char *path, struct kp_arena *arena, size_t bytes_max,
	struct kp_slice *ret_text, struct kp_error *err)
{
	(void)path;
	(void)arena;
	(void)bytes_max;
	(void)ret_text;
	(void)err;
	KP_UNREACHABLE();
}

void
kp_work_start(struct kp_workers *workers, struct kp_loop *loop, enum kp_lane lane,
	struct kp_work *work)
{
	(void)workers;
	(void)loop;
	(void)lane;
	(void)work;
	KP_UNREACHABLE();
}

/* There are none. */
void
kp_tls_client_unref(struct kp_tls_client **client)
{
	*client = NULL;
}
