/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * path_rig: the whole request path in one process without a socket, a disk or a clock:
 * the real steps between the fakes of this folder. A test sets the partners' table and
 * the client, runs, and looks at the answer and the records.
 */
#ifndef KP_TESTS_PATH_RIG_H
#define KP_TESTS_PATH_RIG_H

#include "request.h"
#include "support/fake_bundle.h"
#include "support/fake_exchange.h"
#include "support/fake_journal.h"
#include "support/fake_loop.h"
#include "support/fake_source.h"

#define KP_RIG_BSN "999993653"
#define KP_RIG_OTHER_BSN "999991723"
#define KP_RIG_OIN "00000000000000000003"

/* Places in partners[]; the caseload is the asking organisation's own. */
enum kp_rig_partner {
	KP_RIG_CASELOAD,
	KP_RIG_BRP,
	KP_RIG_UWV,
	KP_RIG_GEMEENTE,
	KP_RIG_RDW,
	KP_RIG_PARTNERS
};

struct kp_rig {
	struct kp_loop *loop;
	struct kp_bundle *bundle;
	struct kp_journal journal;
	struct kp_quota *quota; /* set before open; the test's own */
	struct kp_path_config config;
	struct kp_pseudonym_key key;
	struct kp_fake_partner partners[KP_RIG_PARTNERS];
	struct kp_snapshot *snapshot;
	struct kp_snapshot_view *view;
	struct kp_metrics *metrics; /* of one loop */
	struct kp_fake_client client;
	const char *headers[24];
};

/* Partners that all answer, config of development; change what a test needs, then open.
 */
void kp_rig_init(struct kp_rig *rig, const struct kp_fake_grant *grants, size_t count);
void kp_rig_open(struct kp_rig *rig);
/* One more header of the client's. */
void kp_rig_header(struct kp_rig *rig, const char *name, const char *value);
/* The client sends this body; runs what can run without the clock moving. */
void kp_rig_send(struct kp_rig *rig, const char *body);
/* Send, then a minute passes. */
void kp_rig_ask(struct kp_rig *rig, const char *body);
/* Forgets the client's answer, for another question. */
void kp_rig_next(struct kp_rig *rig);
void kp_rig_close(struct kp_rig *rig);

#endif
