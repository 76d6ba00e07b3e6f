/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * tls_set: what the listeners of one configuration speak TLS with. Part of a snapshot, so
 * that certificates, keys and revocation lists are replaced by a reload like everything
 * else: all of them or none.
 */
#ifndef KP_TLS_SET_H
#define KP_TLS_SET_H

#include "config/config.h"
#include "io/tls.h"

/* What ends sooner than this is warned of: 30 days. */
#define KP_TLS_TERM_WARN_S ((int64_t)30 * 86400)

struct kp_tls_set;
struct kp_assemble_means;
struct kp_snapshot;

/* Reads and checks the files of every listener; all faults go to `findings`. Blocking. */
enum kp_status kp_tls_set_create(const struct kp_config *config,
	const struct kp_tls_token *token, const struct kp_assemble_means *means,
	struct kp_findings *findings, struct kp_tls_set **ret_set) KP_MUST_USE;
void kp_tls_set_destroy(struct kp_tls_set **set); /* accepts NULL */

/* Where keys are that are no files. A secret that is named and missing is a finding. */
enum kp_status kp_tls_token_of(const struct kp_config *config,
	struct kp_findings *findings, struct kp_tls_token *ret_token) KP_MUST_USE;

/* Of the listener with this number; NULL when it is plain. */
struct kp_tls_server *kp_tls_set_get(const struct kp_tls_set *set, size_t listener);

/* Everything of a snapshot that ends by itself, with whose it is ("listener 1", the name
 * of a source), for warnings and /metrics. */
void kp_tls_visit_terms(const struct kp_snapshot *snapshot,
	void (*visit)(void *context, const char *of, const struct kp_tls_term *term),
	void *context);

#endif
