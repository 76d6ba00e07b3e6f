/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * serve_confine: `serve` takes its addresses and then gives up what it does not need
 * (io/privilege.h), as the section process of the configuration says. In this order, the
 * first two before there are threads:
 *
 *   kp_serve_bind            the listening addresses, also those below 1024
 *   kp_serve_confine         the user, the capabilities, the files
 *   kp_serve_confine_calls   the system calls, when everything is open
 */
#ifndef KP_SERVE_CONFINE_H
#define KP_SERVE_CONFINE_H

#include "config/config.h"
#include "core/log.h"
#include "io/service.h"
#include "server.h"
#include "source/source.h"

/* Fills `listens` with every listener of the configuration and a socket for each of
 * `loops` loops: the service manager's, or its own. */
enum kp_status kp_serve_bind(struct kp_config *config, const struct kp_service *service,
	unsigned loops, struct kp_server_listen listens[KP_SERVER_LISTENS_MAX],
	struct kp_error *err) KP_MUST_USE;

/* The user that the configuration names. */
enum kp_status kp_serve_become_user(
	struct kp_config *config, struct kp_error *err) KP_MUST_USE;
/* *ret_landlock: see kp_privilege_confine_files. */
enum kp_status kp_serve_confine_files(struct kp_config *config, unsigned *ret_landlock,
	struct kp_error *err) KP_MUST_USE;

/* An export that the process will not see, once its files are confined, is found before
 * that: it would look like one that is not there. */
void kp_serve_find_unseen(const struct kp_config *config,
	const struct kp_source_set *sources, struct kp_findings *findings);

/* The same, told to the operator while it runs; `config` is the one that the process was
 * confined by, since a reload confines nothing anew. */
void kp_serve_warn_of_unseen(const struct kp_config *config,
	const struct kp_source_set *sources, const struct kp_log *log);

/* Also tells the operator how well the process is confined. */
enum kp_status kp_serve_confine_calls(const struct kp_config *config, unsigned landlock,
	const struct kp_log *log, struct kp_error *err) KP_MUST_USE;

#endif
